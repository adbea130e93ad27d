//! An answer as Markdown (GitHub's tables). Texts are escaped: none of them makes a heading, a link or an element.

use super::escape::markdown as safe;
use super::lines::{Lines, facts, hidden_words, sum_words};
use super::model::Answer;
use crate::language::Language;

impl Answer {
    /// A section of Markdown.
    #[must_use]
    pub fn to_markdown(&self, language: Language) -> String {
        let lines = Lines::of(self, language);
        let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let escaped = |cells: &[String]| row(&cells.iter().map(|cell| safe(cell)).collect::<Vec<_>>());
        let mut text =
            format!("## {}\n\n{}\n\n", safe(&self.heading(language)), safe(language.of(&self.definition)));
        text += &escaped(&lines.headers);
        let side = |at| if at < lines.keys { "---" } else { "---:" };
        text += &row(&(0..lines.headers.len()).map(|at| side(at).to_owned()).collect::<Vec<_>>());
        for cells in &lines.rows {
            text += &escaped(cells);
        }
        if let Some(sums) = &lines.sums {
            let mut cells = vec![String::new(); lines.keys];
            if let Some(first) = cells.first_mut() {
                *first = sum_words(language).to_owned();
            }
            cells.extend(sums.iter().cloned());
            text += &escaped(&cells);
        }
        text.push('\n');
        for fact in facts(self, language) {
            text += &format!("- **{}**: {}\n", fact.title, safe(&fact.text));
        }
        if self.hidden_figures() > 0 {
            text += &format!("- {}\n", hidden_words(language));
        }
        for note in &self.notes {
            text += &format!("- {}\n", safe(language.of(note)));
        }
        text
    }
}
