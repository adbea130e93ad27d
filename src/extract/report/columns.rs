//! The columns of a dataset in the file, and the months of a period in its rows.

use serde::Serialize;

use super::Notes;
use crate::clock::{Day, Period};
use crate::extract::columns::{Columns, Reads};
use crate::language::Language;
use crate::name::ColumnId;

/// A column of the dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnReport {
    /// The dataset's column.
    pub column: ColumnId,
    /// What it is, by its word in the programme's definition.
    pub role: &'static str,
    /// Whether a row without it is rejected.
    pub required: bool,
    /// Which column of the file it is, from 1; absent when it is not in the file.
    pub position: Option<usize>,
    /// Whether it is worked out from others, and so in no file.
    pub worked_out: bool,
    /// Rows with nothing in it.
    pub missing: u64,
}

/// The rows of one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonthRows {
    /// The month, `2022-03`.
    pub month: String,
    /// Rows that are not rejected.
    pub rows: u64,
}

impl ColumnReport {
    /// Which column of the file it is, in words where it is none.
    pub(super) fn place(&self, language: Language) -> String {
        match self.position {
            Some(position) => position.to_string(),
            None if self.worked_out => language.choose("udregnes", "worked out").to_owned(),
            None => language.choose("ikke med", "not there").to_owned(),
        }
    }
}

pub(super) fn of(columns: &Columns, notes: &Notes) -> Vec<ColumnReport> {
    let of = columns.list.iter().enumerate().map(|(at, column)| ColumnReport {
        column: column.id.clone(),
        role: column.reads.role(),
        required: column.required,
        position: column.at.map(|at| at + 1),
        worked_out: matches!(column.reads, Reads::Derived(_)),
        missing: notes.missing_in(at),
    });
    of.collect()
}

pub(super) fn months(columns: &Columns, notes: &Notes, period: Period) -> Vec<MonthRows> {
    if !columns.list.iter().any(|column| matches!(column.reads, Reads::Date)) {
        return Vec::new();
    }
    let number = |day: Day| {
        let (year, month, _) = day.ymd();
        i32::from(year) * 12 + i32::from(month) - 1
    };
    let months = (number(period.first_day())..=number(period.last_day())).enumerate();
    let months = months.map(|(at, month)| MonthRows {
        month: format!("{:04}-{:02}", month / 12, month % 12 + 1),
        rows: notes.rows_in_month(at),
    });
    months.collect()
}
