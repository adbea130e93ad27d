//! The report as one page to file: no script, no outside address, its style allowed by its digest.

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::{Found, Paper, words};
use crate::escape::html as safe;
use crate::language::Language;
use crate::limits::MAX_LISTED_LINES;

const STYLE: &str = include_str!("page.css");

/// The page. Every text is escaped; the policy in its head forbids scripts and every address.
pub(super) fn paper(paper: &Paper<'_>, language: Language) -> String {
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    let title = language.choose("Kvalitetsrapport", "Quality report");
    let of = paper.programme.datasets.iter().find(|dataset| dataset.id == *paper.dataset);
    let dataset = of.map_or(paper.dataset.as_str(), |dataset| language.of(&dataset.title));
    let heading = format!("{title}: {}", safe(dataset));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{heading}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{heading}</h1>\n",
        language.tag()
    );
    page += &verdict(paper, language);
    page += "</header>\n<main>\n<dl>\n";
    for (title, value) in words::facts(paper, language) {
        page += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", safe(title), safe(&value));
    }
    page += "</dl>\n";
    page += &rows(paper, language);
    for rejects in [true, false] {
        page += &findings(paper, rejects, language);
    }
    page += &identifiers(paper, language);
    page += &columns(paper, language);
    page += &months(paper, language);
    page += "</main>\n<footer>";
    page += language.choose(
        "Rapporten rummer antal og linjenumre, ingen værdi fra filen. Den bliver hos jer: linjenumre er aldrig med i en pakke.",
        "The report holds counts and line numbers, no value of the file. It stays with you: line numbers are never in a package.",
    );
    page + "</footer>\n</body>\n</html>\n"
}

/// What came of it, in one sentence.
fn verdict(paper: &Paper<'_>, language: Language) -> String {
    if let Some(unusual) = words::unusual(paper, language) {
        return format!("<p class=\"lead stop\">{}</p>\n", safe(&unusual));
    }
    let count = |n| language.count(n);
    let rows = &paper.report.rows;
    let held = match (paper.exceeded(), paper.limit) {
        (true, Some(_)) => language.choose(
            " Det er flere end grænsen: der laves ingen pakke.",
            " That is more than the limit: no package is made.",
        ),
        (true, None) => language.choose(
            " De er ikke med i en pakke, før de er rettet.",
            " They are in no package until they are corrected.",
        ),
        (false, _) => "",
    };
    let text = match language {
        Language::Da => format!("{} af {} rækker er afvist.", count(rows.rejected), count(rows.read)),
        Language::En => format!("{} of {} rows are rejected.", count(rows.rejected), count(rows.read)),
    };
    let class = if paper.exceeded() { "stop" } else { "fine" };
    format!("<p class=\"lead {class}\">{text}{held}</p>\n")
}

fn head(id: &str, title: &str) -> String {
    format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{}</h2>\n", safe(title))
}

/// A table's beginning: its caption, and its headers with whether they stand over numbers.
fn table(class: &str, caption: &str, headers: &[(&str, bool)]) -> String {
    let caption = safe(caption);
    let mut text = format!(
        "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table{class}>\n<caption>{caption}</caption>\n<thead><tr>"
    );
    for (header, number) in headers {
        let class = if *number { " class=\"n\"" } else { "" };
        text += &format!("<th scope=\"col\"{class}>{}</th>", safe(header));
    }
    text + "</tr></thead>\n<tbody>\n"
}

const TABLE_END: &str = "</tbody>\n</table></div>\n";
const NARROW: &str = " class=\"narrow\"";

fn rows(paper: &Paper<'_>, language: Language) -> String {
    let title = language.choose("Rækker", "Rows");
    let mut text = head("rows", title);
    let counts = language.choose("antal", "count");
    text += &table(
        NARROW,
        title,
        &[(title, false), (counts, true), (language.choose("bemærkning", "note"), false)],
    );
    for (title, count, word) in words::rows(paper.report, language) {
        text += &format!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td>{}</td></tr>\n",
            safe(title.trim_start()),
            language.count(count),
            safe(word)
        );
    }
    text + TABLE_END + "</section>\n"
}

fn findings(paper: &Paper<'_>, rejects: bool, language: Language) -> String {
    let found = words::found(paper.report, rejects);
    if found.is_empty() {
        return String::new();
    }
    let id = if rejects { "rejected" } else { "remarks" };
    let title = words::title(rejects, language);
    let mut text = head(id, title);
    if rejects {
        text += &format!(
            "<p class=\"note\">{}</p>\n",
            language.choose(
                "En række tæller under hver årsag, den har. Linjenummeret er linjen i filen, i et regneark rækken i arket.",
                "A row counts under every reason that it has. A line is a line of the file, in a workbook a row of the sheet.",
            )
        );
    }
    for found in found {
        text += &one(found, language);
    }
    text + "</section>\n"
}

fn one(found: &Found, language: Language) -> String {
    use crate::language::Spoken as _;
    let title = found.matter.say(language);
    let rows = found.places.rows;
    let count = match (rows, language) {
        (1, Language::Da) => "1 række".to_owned(),
        (1, Language::En) => "1 row".to_owned(),
        (_, Language::Da) => format!("{} rækker", language.count(rows)),
        (_, Language::En) => format!("{} rows", language.count(rows)),
    };
    let mut text = format!(
        "<div class=\"one\">\n<h3>{} <code>{}</code></h3>\n<p>{count}: {}.</p>\n",
        safe(&words::capital(&title)),
        found.matter.code(),
        safe(found.matter.advice(language))
    );
    let headers = [
        (language.choose("kolonne", "column"), false),
        (language.choose("rækker", "rows"), true),
        (language.choose("hvor", "where"), false),
    ];
    text += &table("", &title, &headers);
    for of in &found.columns {
        let different = words::different(of, language)
            .map_or_else(String::new, |words| format!("{}. ", words::capital(&words)));
        let lines = words::capital(&words::lines(&of.places, MAX_LISTED_LINES, language));
        text += &format!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"lines\">{}</td></tr>\n",
            safe(&words::column(of, language)),
            language.count(of.places.rows),
            safe(&(different + &lines))
        );
    }
    text + TABLE_END + "</div>\n"
}

fn identifiers(paper: &Paper<'_>, language: Language) -> String {
    if paper.report.identifiers.is_empty() {
        return String::new();
    }
    let title = language.choose("Numre, der sendes, efter art", "Numbers sent, by kind");
    let mut text = head("identifiers", title);
    text += &table(
        NARROW,
        title,
        &[(language.choose("art", "kind"), false), (language.choose("rækker", "rows"), true)],
    );
    for (kind, count) in &paper.report.identifiers {
        text += &format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td class=\"n\">{}</td></tr>\n",
            safe(kind),
            language.count(*count)
        );
    }
    text + TABLE_END + "</section>\n"
}

fn columns(paper: &Paper<'_>, language: Language) -> String {
    let title = language.choose("Kolonner", "Columns");
    let mut text = head("columns", title);
    let headers = [
        (language.choose("datasættets kolonne", "column of the dataset"), false),
        (language.choose("rolle", "role"), false),
        (language.choose("kolonne i filen (nr.)", "column of the file"), true),
        (language.choose("tomme felter", "empty fields"), true),
        (language.choose("andel", "share"), true),
    ];
    text += &table("", title, &headers);
    let read = paper.report.rows.read;
    for column in &paper.report.columns {
        let position = column.place(language);
        let share = match read {
            0 => "–".to_owned(),
            _ => language.grouped(&format!("{:.1}", column.missing as f64 * 100.0 / read as f64)) + "%",
        };
        text += &format!(
            "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td class=\"n\">{position}</td><td class=\"n\">{}</td><td class=\"n\">{share}</td></tr>\n",
            safe(column.column.as_str()),
            column.role,
            language.count(column.missing)
        );
    }
    text += TABLE_END;
    if !paper.report.dropped_columns.is_empty() {
        let positions =
            paper.report.dropped_columns.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let stay =
            language.choose("Kolonner i filen, der bliver hjemme", "Columns of the file that stay at home");
        text += &format!("<p>{stay}: {positions}.</p>\n");
    }
    text + "</section>\n"
}

fn months(paper: &Paper<'_>, language: Language) -> String {
    let most = paper.report.months.iter().map(|month| month.rows).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let title =
        language.choose("Rækker efter måned, uden de afviste", "Rows by month, without those rejected");
    let mut text = head("months", title);
    let headers = [
        (language.choose("måned", "month"), false),
        (language.choose("rækker", "rows"), true),
        (language.choose("søjle", "bar"), false),
    ];
    text += &table("", title, &headers);
    for (name, rows) in words::months(paper.report) {
        let width = (rows * 200).div_ceil(most);
        text += &format!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"bar\"><svg viewBox=\"0 0 200 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"{width}\" height=\"8\"/></svg></td></tr>\n",
            safe(&name),
            language.count(rows)
        );
    }
    text + TABLE_END + "</section>\n"
}
