//! What a quality report says of an extract: counts and places, never a value.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::manifest::RowCounts;
use crate::id::{IdKind, IdRejection};
use crate::limits;
use crate::name::ColumnId;
use crate::token::LocalIdError;

/// Why a row is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The identifier of a person.
    Identifier(IdRejection),
    /// A case or staff number.
    LocalNumber(LocalIdError),
    /// Nothing in a required column.
    Missing,
    /// Not a date in one of the forms read.
    Date,
    /// A date outside the period of the package.
    OutsidePeriod,
    /// A date after the day of the check.
    FutureDate,
    /// A text that is none of the column's codes.
    UnknownCode,
    /// Not a number in the declared form.
    Number,
    /// A number outside the column's bounds.
    OutOfRange,
    /// Fewer columns than the header.
    TooFewColumns,
    /// Something in a column that the header does not have.
    TooManyColumns,
    /// What a spreadsheet made of a field: an error (`#N/A`), `####`, or a date or a rounded number where a case or staff
    /// number belongs.
    CellError,
}

/// The name of every reason, in the order of the alphabet: what a report lists, found or not.
pub const REASON_CODES: [&str; 19] = [
    "cell-error",
    "cpr-in-another-column",
    "date",
    "future-birth-date",
    "future-date",
    "identifier-character",
    "identifier-length",
    "invalid-birth-date",
    "missing",
    "nine-digits",
    "number",
    "number-character",
    "number-too-long",
    "out-of-range",
    "outside-period",
    "scientific-notation",
    "too-few-columns",
    "too-many-columns",
    "unknown-code",
];

impl Reason {
    /// The reason's name in manifests and scripts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Reason::Identifier(IdRejection::Missing)
            | Reason::LocalNumber(LocalIdError::Missing)
            | Reason::Missing => "missing",
            Reason::Identifier(IdRejection::NineDigits) => "nine-digits",
            Reason::Identifier(IdRejection::Scientific) => "scientific-notation",
            Reason::Identifier(IdRejection::Length) => "identifier-length",
            Reason::Identifier(IdRejection::Character) => "identifier-character",
            Reason::Identifier(IdRejection::InvalidDate) => "invalid-birth-date",
            Reason::Identifier(IdRejection::FutureDate) => "future-birth-date",
            Reason::LocalNumber(LocalIdError::Long) => "number-too-long",
            Reason::LocalNumber(LocalIdError::Character) => "number-character",
            Reason::LocalNumber(LocalIdError::LooksLikeCpr) => "cpr-in-another-column",
            Reason::Date => "date",
            Reason::OutsidePeriod => "outside-period",
            Reason::FutureDate => "future-date",
            Reason::UnknownCode => "unknown-code",
            Reason::Number => "number",
            Reason::OutOfRange => "out-of-range",
            Reason::TooFewColumns => "too-few-columns",
            Reason::TooManyColumns => "too-many-columns",
            Reason::CellError => "cell-error",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Reason::Identifier(IdRejection::NineDigits) => {
                "export the column as text, or run again with --repair-leading-zero"
            }
            Reason::Identifier(IdRejection::Scientific) => {
                "export the column as text; the number cannot be recovered"
            }
            Reason::Identifier(_) => "look the number up in the case system and correct it there",
            Reason::LocalNumber(LocalIdError::LooksLikeCpr) => {
                "put your own case number in this column, never a CPR number"
            }
            Reason::LocalNumber(_) | Reason::Missing => "fill the field in the case system",
            Reason::Date => "use dd-mm-yyyy or yyyy-mm-dd",
            Reason::OutsidePeriod => "narrow the export to the period, or give another --period",
            Reason::FutureDate => "correct the date in the case system",
            Reason::UnknownCode => {
                "use one of the column's codes, or ask the steward to register this way of writing it"
            }
            Reason::Number => "use digits with the decimal sign given by --decimal",
            Reason::OutOfRange => "check the number and its unit",
            Reason::TooFewColumns => "export the file again; a line break inside a field is a common cause",
            Reason::TooManyColumns => "export the file again; a separator inside a field is a common cause",
            Reason::CellError => {
                "correct the cell in the spreadsheet: it is an error, or too narrow, or no longer the number that was typed"
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Identifier(reason) => reason.fmt(f),
            Reason::LocalNumber(reason) => reason.fmt(f),
            Reason::Missing => f.write_str("missing"),
            Reason::Date => f.write_str("not a date"),
            Reason::OutsidePeriod => f.write_str("date outside the period"),
            Reason::FutureDate => f.write_str("date in the future"),
            Reason::UnknownCode => f.write_str("unknown code"),
            Reason::Number => f.write_str("not a number"),
            Reason::OutOfRange => f.write_str("number out of range"),
            Reason::TooFewColumns => f.write_str("fewer columns than the header"),
            Reason::TooManyColumns => f.write_str("more columns than the header"),
            Reason::CellError => f.write_str("changed or not worked out by the spreadsheet"),
        }
    }
}

/// What is worth saying of a row that is sent all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remark {
    /// The CPR number is written with a hyphen or spaces.
    Hyphenated,
    /// A lost leading zero was put back.
    ZeroRepaired,
    /// Fails modulus 11 on a birth date that has such numbers.
    ModulusListed,
    /// Fails modulus 11 elsewhere: more likely a typing error.
    ModulusElsewhere,
    /// A made-up number in a programme of made-up numbers.
    MadeUp,
    /// The same row came before; it is sent once.
    Repeated,
    /// The header once more, between the rows: no row, left out.
    RepeatedHeader,
    /// A row of totals at the end: no row, left out.
    TotalRow,
    /// A row that the spreadsheet hides, as a filter does: read like any other.
    HiddenRow,
    /// A column that the spreadsheet hides: read like any other.
    HiddenColumn,
}

impl Remark {
    pub(super) const ALL: [Remark; 10] = [
        Remark::Hyphenated,
        Remark::ZeroRepaired,
        Remark::ModulusListed,
        Remark::ModulusElsewhere,
        Remark::MadeUp,
        Remark::Repeated,
        Remark::RepeatedHeader,
        Remark::TotalRow,
        Remark::HiddenRow,
        Remark::HiddenColumn,
    ];

    /// A finding of this remark about a whole line.
    pub(super) const fn of_line(self, line: u64) -> Finding {
        Finding { line, column: None, code: self.code(), rejected: false }
    }

    /// The remark's name in manifests and scripts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Remark::Hyphenated => "hyphenated",
            Remark::ZeroRepaired => "leading-zero-repaired",
            Remark::ModulusListed => "modulus-11-listed-date",
            Remark::ModulusElsewhere => "modulus-11-elsewhere",
            Remark::MadeUp => "made-up-number",
            Remark::Repeated => "repeated-row",
            Remark::RepeatedHeader => "repeated-header",
            Remark::TotalRow => "total-row",
            Remark::HiddenRow => "hidden-row",
            Remark::HiddenColumn => "hidden-column",
        }
    }
}

/// The name of an identifier's kind in manifests.
#[must_use]
pub const fn kind_code(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Cpr => "cpr",
        IdKind::XeCpr => "xecpr",
        IdKind::LocalDayPlus60 => "local-day-plus-60",
        IdKind::DeCpr => "d-ecpr",
        IdKind::Fictive => "fictive",
    }
}

/// Every kind of identifier.
pub const KINDS: [IdKind; 5] =
    [IdKind::Cpr, IdKind::XeCpr, IdKind::LocalDayPlus60, IdKind::DeCpr, IdKind::Fictive];

/// One thing found at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line in the file, from 1.
    pub line: u64,
    /// The dataset's column; absent when the whole row is meant.
    pub column: Option<ColumnId>,
    /// Name of the reason or remark.
    pub code: &'static str,
    /// Whether the row is left out for it.
    pub rejected: bool,
}

/// The quality report of one extract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows by fate.
    pub rows: RowCounts,
    /// Rows left out, by the row's first reason.
    pub rejected: BTreeMap<String, u64>,
    /// Rows remarked on, by remark.
    pub warnings: BTreeMap<String, u64>,
    /// Identifiers in the person column of rows sent, by kind.
    pub identifiers: BTreeMap<String, u64>,
    /// Columns of the file that the dataset does not name, by position from 1: they are dropped.
    pub dropped_columns: Vec<usize>,
    /// The first findings by line; the counts above cover all.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn add(counts: &mut BTreeMap<String, u64>, code: &str, n: u64) {
        if n > 0 {
            *counts.entry(code.to_owned()).or_default() += n;
        }
    }

    /// Keeps the first findings by line within the limit.
    pub(super) fn list(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        if self.findings.len() > 2 * limits::MAX_LISTED_FINDINGS {
            self.trim();
        }
    }

    pub(super) fn trim(&mut self) {
        self.findings.sort_by(|a, b| (a.line, &a.column, a.code).cmp(&(b.line, &b.column, b.code)));
        self.findings.truncate(limits::MAX_LISTED_FINDINGS);
    }

    /// The report as people read it. `listed` is the most findings to list one by one.
    #[must_use]
    pub fn to_text(&self, listed: usize) -> String {
        use fmt::Write as _;
        let mut text = String::new();
        let rows = &self.rows;
        let _ = writeln!(text, "rows read        {:>12}", rows.read);
        let _ = writeln!(text, "rows to send     {:>12}", rows.sent);
        let _ = writeln!(text, "  of them without an identifier (contacts) {}", rows.anonymous);
        let _ = writeln!(text, "rows repeated    {:>12}  (sent once)", rows.duplicates);
        let _ = writeln!(text, "rows rejected    {:>12}", rows.rejected);
        for (title, counts) in [
            ("rejected, by first reason", &self.rejected),
            ("remarks", &self.warnings),
            ("identifiers sent", &self.identifiers),
        ] {
            if !counts.is_empty() {
                let _ = writeln!(text, "{title}:");
                for (code, n) in counts {
                    let _ = writeln!(text, "  {code:<28}{n:>12}");
                }
            }
        }
        if !self.dropped_columns.is_empty() {
            let positions = self.dropped_columns.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "columns of the file that stay at home (by position): {positions}");
        }
        let bad = self.findings.iter().filter(|finding| finding.rejected).collect::<Vec<_>>();
        for finding in bad.iter().take(listed) {
            let column =
                finding.column.as_ref().map_or_else(String::new, |column| format!(", column {column}"));
            let _ = writeln!(text, "line {}{column}: {}", finding.line, finding.code);
        }
        if bad.len() > listed {
            let _ = writeln!(text, "… and more: list them all with --findings FILE");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_listed_once_in_order() {
        let identifiers = [
            IdRejection::Missing,
            IdRejection::NineDigits,
            IdRejection::Scientific,
            IdRejection::Length,
            IdRejection::Character,
            IdRejection::InvalidDate,
            IdRejection::FutureDate,
        ];
        let numbers =
            [LocalIdError::Missing, LocalIdError::Long, LocalIdError::Character, LocalIdError::LooksLikeCpr];
        let others = [
            Reason::Missing,
            Reason::Date,
            Reason::OutsidePeriod,
            Reason::FutureDate,
            Reason::UnknownCode,
            Reason::Number,
            Reason::OutOfRange,
            Reason::TooFewColumns,
            Reason::TooManyColumns,
            Reason::CellError,
        ];
        let all = identifiers
            .map(Reason::Identifier)
            .into_iter()
            .chain(numbers.map(Reason::LocalNumber))
            .chain(others);
        let codes = all.map(Reason::code).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(codes.into_iter().collect::<Vec<_>>(), REASON_CODES);
    }
}
