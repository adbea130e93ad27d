//! Several answers as one page that needs nothing else: no script, no outside address, its style allowed by its digest.

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::escape::html as safe;
use super::lines::{Lines, facts, hidden_words, sum_words};
use super::model::Answer;
use crate::language::Language;

const STYLE: &str = concat!(include_str!("page.css"), include_str!("chart.css"));

/// A page of answers.
#[derive(Clone, Debug)]
pub struct Report {
    /// Title of the page.
    pub title: String,
    /// Language of every fixed word, title and label.
    pub language: Language,
    /// Answers in their order.
    pub answers: Vec<Answer>,
}

impl Report {
    /// The page. Every text of an answer is escaped; the policy in its head forbids scripts and every address.
    #[must_use]
    pub fn to_html(&self) -> String {
        let language = self.language;
        let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
        let title = safe(&self.title);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header><h1>{title}</h1></header>\n",
            language.tag()
        );
        if self.answers.len() > 1 {
            page += &format!("<nav aria-label=\"{}\"><ol>\n", language.choose("Indhold", "Contents"));
            for (at, answer) in self.answers.iter().enumerate() {
                let heading = safe(&answer.heading(language));
                page += &format!("<li><a href=\"#a{}\">{heading}</a></li>\n", at + 1);
            }
            page += "</ol></nav>\n";
        }
        page += "<main>\n";
        for (at, answer) in self.answers.iter().enumerate() {
            page += &section(answer, &format!("a{}", at + 1), language);
        }
        page + "</main>\n</body>\n</html>\n"
    }
}

fn section(answer: &Answer, id: &str, language: Language) -> String {
    let heading = answer.heading(language);
    let mut text = format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\">{}</h2>\n<p class=\"definition\">{}</p>\n",
        safe(&heading),
        safe(language.of(&answer.definition))
    );
    text += &answer.chart_figure(language, id).unwrap_or_default();
    text += &table(answer, &heading, language);
    if answer.hidden_figures() > 0 {
        text += &format!("<p class=\"mark\">{}</p>\n", hidden_words(language));
    }
    if !answer.notes.is_empty() {
        text += &format!("<h3>{}</h3>\n<ul>\n", language.choose("Opgørelsesregler", "Rules of counting"));
        for note in &answer.notes {
            text += &format!("<li>{}</li>\n", safe(language.of(note)));
        }
        text += "</ul>\n";
    }
    text += "<dl>\n";
    for fact in facts(answer, language) {
        text += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", fact.title, safe(&fact.text));
    }
    text + "</dl>\n</section>\n"
}

fn table(answer: &Answer, heading: &str, language: Language) -> String {
    let lines = Lines::of(answer, language);
    let mut text = format!(
        "<div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"{0}\"><table>\n<caption>{0}</caption>\n<thead><tr>",
        safe(heading)
    );
    for (at, header) in lines.headers.iter().enumerate() {
        let class = if at < lines.keys { "" } else { " class=\"n\"" };
        text += &format!("<th scope=\"col\"{class}>{}</th>", safe(header));
    }
    text += "</tr></thead>\n<tbody>\n";
    let hidden = language.choose("skjult", "hidden");
    for (cells, row) in lines.rows.iter().zip(&answer.table.rows) {
        text += "<tr>";
        for key in &cells[..lines.keys] {
            text += &format!("<th scope=\"row\">{}</th>", safe(key));
        }
        for (cell, figure) in cells[lines.keys..].iter().zip(&row.figures) {
            if figure.is_some_and(super::Figure::is_hidden) {
                text += &format!("<td class=\"n\"><abbr title=\"{hidden}\">{}</abbr></td>", safe(cell));
            } else {
                text += &format!("<td class=\"n\">{}</td>", safe(cell));
            }
        }
        text += "</tr>\n";
    }
    text += "</tbody>\n";
    if let Some(sums) = &lines.sums {
        let span = lines.keys.max(1);
        text += &format!("<tfoot><tr><th scope=\"row\" colspan=\"{span}\">{}</th>", sum_words(language));
        for sum in sums {
            text += &format!("<td class=\"n\">{}</td>", safe(sum));
        }
        text += "</tr></tfoot>\n";
    }
    text + "</table></div>\n"
}
