//! What people read of an answer, as text: the table's lines, and what is said about it. Terminal, Markdown, page and
//! workbook show the same.

use super::figure::HIDDEN_MARK;
use super::model::Answer;
use crate::language::Language;

/// The table as text.
pub(super) struct Lines {
    /// Titles of all columns, keys first.
    pub(super) headers: Vec<String>,
    /// How many of the columns are keys.
    pub(super) keys: usize,
    /// Cells.
    pub(super) rows: Vec<Vec<String>>,
    /// Sums of shown cells, aligned with the columns of figures.
    pub(super) sums: Option<Vec<String>>,
}

/// One thing that is said about an answer.
pub(super) struct Fact {
    pub(super) title: &'static str,
    pub(super) text: String,
}

impl Lines {
    pub(super) fn of(answer: &Answer, language: Language) -> Lines {
        let table = &answer.table;
        let mut headers: Vec<String> = answer.key_titles(language).into_iter().map(str::to_owned).collect();
        headers.extend(table.figures.iter().map(|figure| figure.heading(language)));
        let rows = table.rows.iter().map(|row| {
            let keys = answer.key_labels(row, language).into_iter().map(str::to_owned);
            let figures = row.figures.iter().zip(&table.figures);
            keys.chain(figures.map(|(figure, column)| {
                figure.map_or_else(String::new, |figure| figure.to_text(column, language))
            }))
            .collect()
        });
        let sums = table.totals.as_ref().map(|totals| {
            let sum = |id: &String| totals.figures.get(id).copied().flatten();
            let columns = table.figures.iter();
            columns
                .map(|c| sum(&c.id).map_or_else(String::new, |figure| figure.to_text(c, language)))
                .collect()
        });
        Lines { headers, keys: table.columns.len(), rows: rows.collect(), sums }
    }
}

impl Answer {
    /// What is said about the answer besides title, definition and notes, a title and a text each, in the order in which
    /// it is read; without the coarser questions, which are links where they are asked.
    #[must_use]
    pub fn facts(&self, language: Language) -> Vec<(&'static str, String)> {
        let facts = facts(self, language).into_iter();
        let facts = facts.filter(|fact| fact.title != coarser_words(language));
        facts.map(|fact| (fact.title, fact.text)).collect()
    }

    /// What the mark of a hidden figure means.
    #[must_use]
    pub fn hidden_words(language: Language) -> String {
        hidden_words(language)
    }

    /// The title of the row of sums.
    #[must_use]
    pub const fn sum_words(language: Language) -> &'static str {
        sum_words(language)
    }

    /// What stands before the coarser questions.
    #[must_use]
    pub const fn coarser_words(language: Language) -> &'static str {
        coarser_words(language)
    }
}

const fn coarser_words(language: Language) -> &'static str {
    language.choose("Grovere spørgsmål kan vise mere", "Coarser questions could show more")
}

/// What `··` means.
pub(super) fn hidden_words(language: Language) -> String {
    let words = language.choose(
        "er skjult: ingen, eller for få personer eller familier, eller noget der ikke må kunne skelnes fra det. Alle skjulte celler ser ens ud, også nuller.",
        "is hidden: nobody, or too few persons or families, or what must not be told apart from that. All hidden cells look alike, zeros too.",
    );
    format!("{HIDDEN_MARK} {words}")
}

/// The title of the row of sums.
pub(super) const fn sum_words(language: Language) -> &'static str {
    language.choose("Sum af viste celler", "Sum of shown cells")
}

/// What is said about an answer besides title, definition and notes, in the order in which it is read.
pub(super) fn facts(answer: &Answer, language: Language) -> Vec<Fact> {
    let table = &answer.table;
    let fact =
        |da: &'static str, en: &'static str, text: String| Fact { title: language.choose(da, en), text };
    let population = answer
        .population
        .as_ref()
        .map_or(language.choose("alle", "all"), |population| language.of(&population.title));
    let mut facts = vec![
        fact("Enhed", "Unit", language.unit(answer.unit).to_owned()),
        fact("Population", "Population", population.to_owned()),
        fact("Periode", "Period", answer.period.to_string()),
        fact(
            "Øjebliksbillede",
            "Snapshot",
            match language {
                Language::Da => format!("{} af {}", table.snapshot, answer.sealed),
                Language::En => format!("{} of {}", table.snapshot, answer.sealed),
            },
        ),
    ];
    if let Some(response) = table.response {
        facts.push(fact("Svarprocent", "Response rate", response.to_plain_text(language)));
    }
    facts.push(fact(
        "Udeladt, samtykke mangler",
        "Left out, no consent",
        table.left_out.to_plain_text(language),
    ));
    let error = language.grouped(&table.max_error.to_string());
    let mut error = match language {
        Language::Da => format!("et vist antal ligger højst {error} fra det sande"),
        Language::En => format!("a shown count is within {error} of the true one"),
    };
    if let Some(totals) = &table.totals {
        let sum = language.grouped(&totals.max_error.to_string());
        error += &match language {
            Language::Da => format!("; en sum højst {sum} fra summen af de samme cellers sande antal"),
            Language::En => format!("; a sum within {sum} of the same cells' true sum"),
        };
    }
    facts.push(fact("Største fejl", "Largest error", error));
    let reasons = table.reasons.iter().map(|reason| reason.words(language)).collect::<Vec<_>>();
    facts.push(fact("Regler", "Rules", format!("{}: {}", table.rules, reasons.join("; "))));
    if !table.coarser.is_empty() {
        let coarser: Vec<&str> = table.coarser.iter().map(|coarser| coarser.words(language)).collect();
        let coarser = coarser.join("; ");
        facts.push(Fact { title: coarser_words(language), text: coarser });
    }
    facts.push(fact("Spørgsmål", "Question", asked(answer, language)));
    facts.push(fact("SHA-256", "SHA-256", answer.sha256.to_string()));
    facts
}

/// What was asked, in ids.
fn asked(answer: &Answer, language: Language) -> String {
    let asked = &answer.question;
    let by = if asked.by.is_empty() { language.none().to_owned() } else { asked.by.join(", ") };
    let by_word = language.choose("fordelt på", "by");
    let population = asked.population.as_ref().map(|id| format!("; population: {id}")).unwrap_or_default();
    format!("{}; {by_word}: {by}; {}{population}", asked.question, asked.period)
}
