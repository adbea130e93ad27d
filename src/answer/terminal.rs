//! An answer in a terminal.

use comfy_table::{Cell, CellAlignment, presets};

use super::escape;
use super::lines::{Lines, facts, hidden_words, sum_words};
use super::model::Answer;
use crate::language::Language;

impl Answer {
    /// A table for a terminal, with title, definition, what is said about it, and the rules of counting.
    #[must_use]
    pub fn to_table(&self, language: Language) -> String {
        let lines = Lines::of(self, language);
        let mut table = new_table(&lines.headers);
        let row = |cells: &[String]| {
            let cell = |(at, text): (usize, &String)| {
                let side = if at < lines.keys { CellAlignment::Left } else { CellAlignment::Right };
                Cell::new(escape::terminal(text)).set_alignment(side)
            };
            cells.iter().enumerate().map(cell).collect::<Vec<_>>()
        };
        for cells in &lines.rows {
            table.add_row(row(cells));
        }
        let mut text = escape::terminal(&self.heading(language));
        text += &format!("\n{}\n{table}\n", escape::terminal(language.of(&self.definition)));
        if let Some(sums) = &lines.sums {
            let shown = sums.iter().zip(&lines.headers[lines.keys..]).filter(|(sum, _)| !sum.is_empty());
            let sums = shown.map(|(sum, title)| format!("{title} {sum}")).collect::<Vec<_>>().join(", ");
            text += &format!("{}: {}\n", sum_words(language), escape::terminal(&sums));
        }
        for fact in facts(self, language) {
            text += &format!("{}: {}\n", fact.title, escape::terminal(&fact.text));
        }
        if self.hidden_figures() > 0 {
            text += &format!("{}\n", hidden_words(language));
        }
        for note in &self.notes {
            text += &format!("- {}\n", escape::terminal(language.of(note)));
        }
        text
    }
}

/// A table with a header, in the form in which all of them are shown.
pub(super) fn new_table(headers: &[String]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(headers.iter().map(|header| escape::terminal(header)));
    table
}
