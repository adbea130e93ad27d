//! What a quality report says of an extract: counts and lines, never a value.
//!
//! [`Report`] is what one pass over an extract found. A [`Paper`] is the report with what it is a report of, to be read,
//! filed or processed: text, JSON, one HTML page, in Danish and English. Must never: hold a field, a header or a sheet's
//! name of the file; be in a package (a manifest has counts alone, never lines).

mod columns;
mod file_name;
mod html;
mod json;
mod matter;
mod notes;
mod paper;
mod places;
mod reason;
mod remark;
mod text;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::columns::{ColumnReport, MonthRows};
pub use self::matter::Matter;
pub(super) use self::notes::{Notes, Spot};
pub use self::paper::{Options, Paper};
pub use self::places::Places;
pub use self::reason::{REASON_CODES, Reason};
pub use self::remark::{KINDS, Remark, kind_code};
use super::columns::Columns;
use super::manifest::RowCounts;
use crate::clock::Period;
use crate::language::Language;
use crate::name::ColumnId;

/// Version of the report as JSON.
pub const REPORT_FORMAT: u32 = 1;

/// One thing found at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line in the file, from 1; the row of its sheet in a workbook.
    pub line: u64,
    /// The dataset's column; absent when the whole row is meant.
    pub column: Option<ColumnId>,
    /// Name of the reason or remark.
    pub code: &'static str,
    /// Whether the row is left out for it.
    pub rejected: bool,
}

/// What was found of one reason or remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The reason or remark.
    pub matter: Matter,
    /// Rows it was found in, each once. A row with several reasons counts under each.
    pub places: Places,
    /// The same by column; a row may have it in several.
    pub columns: Vec<InColumn>,
}

/// What was found of one reason or remark in one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InColumn {
    /// The dataset's column; absent when the whole row is meant.
    pub column: Option<ColumnId>,
    /// Rows it was found in.
    pub places: Places,
    /// How many different texts were no code, of unknown codes;
    /// [`MAX_UNKNOWN_TEXTS`](crate::limits::MAX_UNKNOWN_TEXTS) stands for that many or more.
    pub different: Option<u64>,
}

impl Found {
    /// How often it was found: once a row and column.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.columns.iter().map(|of| of.places.rows).sum()
    }
}

/// The quality report of one extract. The same for the same extract, whatever the order in which threads finish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows by fate.
    pub rows: RowCounts,
    /// Rows left out, by the row's first reason.
    pub rejected: BTreeMap<String, u64>,
    /// Rows remarked on, by remark; kinds of replacement numbers are in [`Report::identifiers`].
    pub warnings: BTreeMap<String, u64>,
    /// Identifiers in the person column of rows sent, by kind.
    pub identifiers: BTreeMap<String, u64>,
    /// Every reason and remark that was found: reasons first, most rows first; then remarks as [`Remark::ALL`] has them.
    pub found: Vec<Found>,
    /// The dataset's columns.
    pub columns: Vec<ColumnReport>,
    /// Columns of the file that the dataset does not name, by position from 1: they stay at home.
    pub dropped_columns: Vec<usize>,
    /// Rows that are not rejected, by month of the event; every month of the period. Nothing where there is no date.
    pub months: Vec<MonthRows>,
}

impl Report {
    pub(super) fn add(counts: &mut BTreeMap<String, u64>, code: &str, n: u64) {
        if n > 0 {
            *counts.entry(code.to_owned()).or_default() += n;
        }
    }

    /// Takes over what was found in the whole file.
    pub(super) fn take(&mut self, notes: &Notes, columns: &Columns, period: Period) {
        let id = |at: usize| columns.list[at].id.clone();
        self.found = notes
            .matters()
            .map(|noted| {
                let unknown = noted.matter == Matter::Reason(Reason::UnknownCode);
                let mut of_columns = noted.columns.clone();
                of_columns.retain(|(_, places)| places.rows > 0);
                of_columns.sort_by_key(|(column, _)| *column);
                let in_column = |(column, places): (Option<usize>, Places)| InColumn {
                    column: column.map(id),
                    places,
                    different: column.filter(|_| unknown).map(|column| notes.different(column)),
                };
                let columns = of_columns.into_iter().map(in_column).collect();
                Found { matter: noted.matter, places: noted.places.clone(), columns }
            })
            .collect();
        self.found.sort_by_key(|found| match found.matter {
            Matter::Reason(reason) => (None, u64::MAX - found.places.rows, reason.code()),
            Matter::Remark(remark) => (Some(remark), 0, ""),
        });
        for found in &self.found {
            if let Matter::Remark(remark) = found.matter
                && !remark.is_kind()
            {
                self.warnings.insert(remark.code().to_owned(), found.places.rows);
            }
        }
        self.columns = columns::of(columns, notes);
        self.dropped_columns = columns.dropped.clone();
        self.months = columns::months(columns, notes, period);
    }

    /// What was found of a reason or remark, by its name.
    #[must_use]
    pub fn found(&self, code: &str) -> Option<&Found> {
        self.found.iter().find(|found| found.matter.code() == code)
    }

    /// The report as people read it, without what it is a report of.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        text::body(self, None, language)
    }
}
