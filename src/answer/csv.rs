//! Comma-separated values, international or Danish. The columns are those of `columns.rs`.
//!
//! A text that a spreadsheet could take for a formula gets an apostrophe before it, in both forms: see
//! `escape::csv`.

use super::columns::{Field, columns};
use super::escape;
use super::model::Answer;
use crate::language::Language;

/// How values are separated and numbers written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvForm {
    /// Comma, decimal point, UTF-8, lines end with LF.
    International,
    /// Semicolon, decimal comma, UTF-8 with a byte order mark, lines end with CR LF: what Excel opens in Denmark.
    Danish,
}

impl Answer {
    /// The rows as CSV, with the labels of one language beside the codes where they are wanted. A hidden figure is an
    /// empty field, and `true` in its column of marks.
    #[must_use]
    pub fn to_csv(&self, form: CsvForm, labels: Option<Language>) -> String {
        let danish = form == CsvForm::Danish;
        let mut builder = ::csv::WriterBuilder::new();
        if danish {
            builder.delimiter(b';').terminator(::csv::Terminator::CRLF);
        }
        let mut writer = builder.from_writer(Vec::new());
        let columns = columns(self, labels);
        let mut write = |fields: Vec<String>| {
            writer.write_record(fields).expect("writing into memory cannot fail");
        };
        write(columns.iter().map(|column| escape::csv(&column.name).into_owned()).collect());
        for row in 0..self.table.rows.len() {
            write(columns.iter().map(|column| text(&column.fields[row], danish)).collect());
        }
        let bytes = writer.into_inner().expect("writing into memory cannot fail");
        let text = String::from_utf8(bytes).expect("every field is text");
        if danish { format!("\u{feff}{text}") } else { text }
    }
}

fn text(field: &Field, danish: bool) -> String {
    match field {
        Field::Empty => String::new(),
        Field::Text(text) => escape::csv(text).into_owned(),
        Field::Whole(value) => value.to_string(),
        Field::Number(value) if danish => value.to_string().replace('.', ","),
        Field::Number(value) => value.to_string(),
        Field::Flag(flag) => flag.to_string(),
    }
}
