//! An answer as it comes from the service, and how people read it: as a table or as CSV.

use serde::Deserialize;

use crate::clock::Day;
use crate::programme::Text;

/// An answer. Fields that a newer service adds are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// Number in the catalogue of questions.
    pub number: String,
    /// Title.
    pub title: Text,
    /// Definition and rules of counting.
    pub notes: Vec<Text>,
    /// Day of the snapshot.
    pub sealed: Day,
    /// The table.
    pub table: Table,
}

/// A released table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Table {
    /// Key columns.
    pub columns: Vec<String>,
    /// Cells in declared order.
    pub rows: Vec<Row>,
    /// Sums of shown cells, for partitions.
    pub totals: Option<Totals>,
    /// Persons left out because consent forbids a source of the question.
    pub left_out: Shown,
    /// Largest distance of a shown count of persons from the true one.
    pub max_error: u64,
    /// Profile and version of the rules.
    pub rules: String,
    /// The snapshot that was asked.
    pub snapshot: u32,
    /// Rules that may have hidden or changed a cell of this table.
    pub reasons: Vec<String>,
    /// Coarser questions.
    pub coarser: Vec<String>,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// Codes, aligned with the key columns.
    pub key: Vec<String>,
    /// Persons.
    pub persons: Shown,
    /// Families.
    pub families: Shown,
    /// Share of the shown total.
    pub share: Option<Rate>,
    /// Rate of the step before.
    pub step_rate: Option<Rate>,
    /// Rate of the first step.
    pub cumulative_rate: Option<Rate>,
}

/// Sums of shown cells.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Totals {
    /// Persons.
    pub persons: Shown,
    /// Families.
    pub families: Shown,
    /// Largest distance of the sum from the true sum of the same cells.
    pub max_error: u64,
}

/// A count, or the mark of a hidden one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Rounded.
    Count(u64),
    /// Hidden; always `true`.
    Hidden(bool),
}

/// A rate in whole per cent, a band, or the mark of a hidden one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// Exactly so, of the shown parts.
    Percent(u8),
    /// At most.
    AtMost(u8),
    /// At least.
    AtLeast(u8),
    /// Hidden; always `true`.
    Hidden(bool),
}

/// The mark of a hidden cell.
pub const HIDDEN_MARK: &str = "··";

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Shown::Count(count) => count.fmt(f),
            Shown::Hidden(_) => HIDDEN_MARK.fmt(f),
        }
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            Rate::Percent(percent) => format!("{percent} %"),
            Rate::AtMost(percent) => format!("≤ {percent} %"),
            Rate::AtLeast(percent) => format!("≥ {percent} %"),
            Rate::Hidden(_) => HIDDEN_MARK.to_owned(),
        };
        text.fmt(f)
    }
}

/// One of a row's rates.
type RateOf = fn(&Row) -> Option<Rate>;

impl Answer {
    /// Headers and lines of text: what both forms show.
    fn lines(&self) -> (Vec<&str>, Vec<Vec<String>>) {
        let rows = &self.table.rows;
        let mut headers = self.table.columns.iter().map(String::as_str).collect::<Vec<_>>();
        headers.extend(["persons", "families"]);
        let rates: [(&str, RateOf); 3] = [
            ("share", |r| r.share),
            ("of step before", |r| r.step_rate),
            ("of first step", |r| r.cumulative_rate),
        ];
        let rates = rates
            .into_iter()
            .filter(|(_, rate)| rows.iter().any(|row| rate(row).is_some()))
            .collect::<Vec<_>>();
        headers.extend(rates.iter().map(|(name, _)| name));
        let line = |row: &Row| {
            let mut line = row.key.clone();
            line.push(row.persons.to_string());
            line.push(row.families.to_string());
            line.extend(
                rates.iter().map(|(_, rate)| rate(row).map_or_else(String::new, |rate| rate.to_string())),
            );
            line
        };
        (headers, rows.iter().map(line).collect())
    }

    /// A table for a terminal, with title, notes and what the rules did.
    #[must_use]
    pub fn to_table(&self) -> String {
        let (headers, lines) = self.lines();
        let keys = self.table.columns.len();
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        table.set_header(headers);
        for line in lines {
            table.add_row(line.into_iter().enumerate().map(|(at, text)| {
                let cell = comfy_table::Cell::new(text);
                let side = if at < keys {
                    comfy_table::CellAlignment::Left
                } else {
                    comfy_table::CellAlignment::Right
                };
                cell.set_alignment(side)
            }));
        }
        let shown = &self.table;
        let mut text = format!("{} {} / {}\n{table}\n", self.number, self.title.en, self.title.da);
        if let Some(totals) = &shown.totals {
            text += &format!(
                "sum of shown cells: {} persons (± {}), {} families\n",
                totals.persons, totals.max_error, totals.families
            );
        }
        text += &format!("left out by consent: {} persons\n", shown.left_out);
        text += &format!(
            "snapshot {} of {}; rules {}; a shown count is within {} of the true one; {HIDDEN_MARK} is hidden: {}\n",
            shown.snapshot,
            self.sealed,
            shown.rules,
            shown.max_error,
            shown.reasons.join(", ")
        );
        for note in &self.notes {
            text += &format!("{}\n", note.en);
        }
        if !shown.coarser.is_empty() {
            text += &format!("coarser questions may show more: {}\n", shown.coarser.join("; "));
        }
        text
    }

    /// Comma-separated values with a header; a hidden cell is empty in its number columns and `true` in `hidden`.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let (headers, lines) = self.lines();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let written = writer.write_record(headers.into_iter().chain(["hidden"]));
        let written = lines.into_iter().zip(&self.table.rows).fold(written, |written, (line, row)| {
            let hidden = matches!(row.persons, Shown::Hidden(_));
            let fields =
                line.into_iter().map(|field| if field == HIDDEN_MARK { String::new() } else { field });
            written.and(writer.write_record(fields.chain([hidden.to_string()])))
        });
        written.expect("writing into memory cannot fail");
        let bytes = writer.into_inner().expect("writing into memory cannot fail");
        String::from_utf8(bytes).expect("every field is text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"number":"Q3","title":{"da":"d","en":"e"},"notes":[{"da":"n","en":"note"}],"sealed":"2025-01-01",
        "question":{},"table":{"columns":["stage"],"rows":[
        {"key":["traced"],"persons":{"count":20},"families":{"count":15},"snapshot":1},
        {"key":["offered"],"persons":{"hidden":true},"families":{"hidden":true},"snapshot":null,
         "step_rate":{"hidden":true},"cumulative_rate":{"at_most":40}}],
        "left_out":{"hidden":true},"max_error":9,"rules":"dk-standard/1","snapshot":1,"reasons":["rounded"],"coarser":[]}}"#;

    #[test]
    fn both_forms_mark_what_is_hidden() {
        let answer: Answer = serde_json::from_str(ANSWER).expect("an answer");
        let table = answer.to_table();
        assert!(table.contains("··") && table.contains("≤ 40 %") && table.contains("within 9"), "{table}");
        let csv = answer.to_csv();
        assert_eq!(
            csv,
            "stage,persons,families,of step before,of first step,hidden\ntraced,20,15,,,false\noffered,,,,≤ 40 %,true\n"
        );
    }
}
