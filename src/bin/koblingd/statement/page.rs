//! A page of Markdown in one of two languages: whatever is added is given in both, so that both have the same parts.

use kobling::language::Language;

/// A page in the making.
pub(super) struct Page {
    language: Language,
    text: String,
    section: u32,
}

impl Page {
    pub(super) const fn new(language: Language) -> Page {
        Page { language, text: String::new(), section: 0 }
    }

    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// The word of this page's language.
    pub(super) const fn word<'a>(&self, da: &'a str, en: &'a str) -> &'a str {
        self.language.choose(da, en)
    }

    pub(super) fn title(&mut self, da: &str, en: &str) {
        self.block(&format!("# {}", self.word(da, en)));
    }

    /// A numbered section.
    pub(super) fn section(&mut self, da: &str, en: &str) {
        self.section += 1;
        self.block(&format!("## {}. {}", self.section, self.word(da, en)));
    }

    /// A paragraph.
    pub(super) fn say(&mut self, da: &str, en: &str) {
        self.block(self.word(da, en));
    }

    /// Name and value, one a line.
    pub(super) fn facts(&mut self, facts: &[(&str, &str, String)]) {
        let lines: Vec<String> =
            facts.iter().map(|(da, en, value)| format!("- {}: {value}", self.word(da, en))).collect();
        self.block(&lines.join("\n"));
    }

    /// A table; a row of dashes in words where there is nothing.
    pub(super) fn table(&mut self, heads: &[(&str, &str)], rows: &[Vec<String>]) {
        let heads: Vec<&str> = heads.iter().map(|(da, en)| self.word(da, en)).collect();
        let mut lines = vec![line(&heads), line(&vec!["---"; heads.len()])];
        lines.extend(rows.iter().map(|row| line(row)));
        if rows.is_empty() {
            let mut row = vec!["–"; heads.len()];
            row[0] = self.word("ingen", "none");
            lines.push(line(&row));
        }
        self.block(&lines.join("\n"));
    }

    /// Days as a length; the other word where none is set.
    pub(super) fn days(&self, days: Option<u32>, da: &str, en: &str) -> String {
        days.map_or_else(
            || self.word(da, en).to_owned(),
            |days| format!("{days} {}", self.word("dage", "days")),
        )
    }

    /// A yes or no.
    pub(super) fn whether(&self, yes: bool) -> String {
        let word = if yes { self.word("ja", "yes") } else { self.word("nej", "no") };
        word.to_owned()
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn block(&mut self, block: &str) {
        let block = block.to_owned();
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&block);
        self.text.push('\n');
    }
}

fn line<T: AsRef<str>>(cells: &[T]) -> String {
    let mut text = String::from("|");
    for cell in cells {
        text.push(' ');
        text.push_str(cell.as_ref());
        text.push_str(" |");
    }
    text
}

/// A text of the programme, safe in a cell: what Markdown or HTML reads is escaped, and a line stays one.
pub(super) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' | '!' => {
                safe.push('\\');
                safe.push(c);
            }
            '\n' | '\r' | '\t' => safe.push(' '),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

/// An id, as code.
pub(super) fn code(id: impl std::fmt::Display) -> String {
    format!("`{id}`")
}

/// Several, with a comma between; a dash for nothing.
pub(super) fn list(all: impl IntoIterator<Item = String>) -> String {
    let all: Vec<String> = all.into_iter().collect();
    if all.is_empty() { "–".to_owned() } else { all.join(", ") }
}
