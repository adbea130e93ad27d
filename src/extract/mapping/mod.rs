//! Which column of a partner's file is which column of a dataset: said once, kept in a file, used without questions.
//!
//! A mapping holds headers, forms and codes: nothing of a person. It rules alone where it is given; no header is guessed
//! beside it. It is held against the programme before it is used (`check`), says what a newer definition asks for that
//! it does not know (`diff`), and is proposed from what the columns of a file look like (`shape`, `propose`).
//!
//! Must never: show a field of the file, or anything computed from one that is not a class of its form or a count.

mod check;
mod diff;
mod error;
mod forms;
mod propose;
mod shape;
mod survey;
mod words;
mod write;

pub use check::asks_the_file;
pub use diff::{Asked, Change, Difference};
pub use error::{MappingError, MappingProblem};
pub use propose::{Certainty, Choice, Fit, Proposed, propose};
pub use shape::Shape;
pub use survey::{Known, SAMPLE_ROWS, Seen, Survey, SurveyError};

use std::collections::BTreeMap;
use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use self::error::Places;
use super::columns::Decimal;
use super::read::{Declared, ReadError, parse_encoding};
use crate::id::LeadingZero;
use crate::limits;
use crate::name::{CodeId, ColumnId, DatasetId, PartnerId, ProgrammeId};
use crate::programme::Programme;

/// The form of mapping files that is written.
pub const MAPPING_FORMAT: u32 = 1;

/// A mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// [`MAPPING_FORMAT`].
    pub format: u32,
    /// Counted up by the partner with every change.
    pub version: u32,
    /// The programme.
    pub programme: ProgrammeId,
    /// The partner whose file it is.
    pub partner: PartnerId,
    /// The dataset that the file becomes.
    pub dataset: DatasetId,
    /// Digest of the dataset's definition that it was made for; absent when written by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// How the file is written; what is not said is found out.
    #[serde(default)]
    pub file: FileForm,
    /// By column of the dataset. A column that is not named here is not in the file.
    #[serde(rename = "column", default)]
    pub columns: BTreeMap<ColumnId, ColumnMapping>,
    /// What the dataset asked for when the mapping was made, to tell what a newer definition changed; empty when
    /// written by hand. [`Mapping::definition`] is its digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asked: BTreeMap<ColumnId, Asked>,
}

impl Mapping {
    /// Reads a mapping. What it says is not yet held against a programme.
    ///
    /// # Errors
    /// [`MappingError`]: too large, of another format, or no mapping, by line and field.
    pub fn parse(text: &str) -> Result<Mapping, MappingError> {
        if text.len() > limits::MAX_MAPPING_BYTES {
            return Err(MappingError::TooLarge);
        }
        let table: toml::Table = toml::from_str(text).map_err(|error| MappingError::of_toml(text, &error))?;
        match table.get("format") {
            Some(toml::Value::Integer(found)) if *found == i64::from(MAPPING_FORMAT) => {}
            Some(toml::Value::Integer(found)) => return Err(MappingError::Format(*found)),
            _ => return Err(MappingError::NoFormat),
        }
        toml::from_str(text).map_err(|error| MappingError::of_toml(text, &error))
    }

    /// Reads a mapping and holds it against a programme: what a command does before it uses one.
    ///
    /// # Errors
    /// [`MappingError`], with every finding by line and field.
    pub fn parse_for(text: &str, programme: &Programme) -> Result<Mapping, MappingError> {
        let mapping = Mapping::parse(text)?;
        let found = check::problems(&mapping, programme);
        if found.is_empty() {
            return Ok(mapping);
        }
        let places = Places::of(text);
        Err(MappingError::Problems(found.into_iter().map(|found| found.at(&places)).collect()))
    }

    /// Holds the mapping against a programme.
    ///
    /// # Errors
    /// [`MappingError::Problems`] with every finding, by field.
    pub fn check(&self, programme: &Programme) -> Result<(), MappingError> {
        let found = check::problems(self, programme);
        if found.is_empty() {
            return Ok(());
        }
        let nowhere = Places::default();
        Err(MappingError::Problems(found.into_iter().map(|found| found.at(&nowhere)).collect()))
    }

    /// What it says about the form of the file, for [`super::Job::declared`].
    ///
    /// # Errors
    /// [`ReadError::UnknownEncoding`], which [`Mapping::check`] finds too.
    pub fn declared(&self) -> Result<Declared<'_>, ReadError> {
        let file = &self.file;
        Ok(Declared {
            encoding: file.encoding.as_deref().map(parse_encoding).transpose()?,
            separator: file.separator.and_then(|sign| u8::try_from(sign).ok()),
            sheet: file.sheet.as_deref(),
            header_row: file.header_row,
        })
    }

    /// The decimal sign that it gives, for [`super::Job::decimal`].
    #[must_use]
    pub fn decimal(&self) -> Option<Decimal> {
        self.file.decimal.map(|sign| if sign == '.' { Decimal::Point } else { Decimal::Comma })
    }

    /// What nine digits mean, for [`super::Job::zero`].
    #[must_use]
    pub const fn zero(&self) -> LeadingZero {
        if self.file.repair_leading_zero { LeadingZero::Repair } else { LeadingZero::Refuse }
    }
}

/// How a file is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileForm {
    /// Encoding of a text: `utf-8`, `windows-1252` or `utf-16le`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Separator of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// Decimal sign of numbers written as text: `,` or `.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// Sheet of a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Row of the headers, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u32>,
    /// Whether nine digits are ten whose leading zero a spreadsheet took.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repair_leading_zero: bool,
}

/// Where a column of the dataset is in the file, and how it is written there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMapping {
    /// Its header in the file, compared without regard to case.
    pub header: String,
    /// Which of several columns with that header, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<NonZeroU8>,
    /// Texts that mean "missing", besides those of the dataset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// How dates are written.
    #[serde(default, skip_serializing_if = "DateForm::is_danish")]
    pub dates: DateForm,
    /// The file's own ways of writing codes: text to code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, CodeId>,
}

/// How dates are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateForm {
    /// `dd-mm-yyyy`, also with `.` or `/`, or `yyyy-mm-dd`.
    #[default]
    Danish,
    /// `dd-mm-yy`, of this century.
    ShortYear,
    /// `mm/dd/yyyy`.
    MonthFirst,
    /// `yyyymmdd`.
    Compact,
    /// A spreadsheet's serial number, days from 30 December 1899.
    Serial,
}

impl DateForm {
    /// Every form, in the order in which they are offered.
    pub const ALL: [DateForm; 5] =
        [DateForm::Danish, DateForm::ShortYear, DateForm::MonthFirst, DateForm::Compact, DateForm::Serial];

    /// Its word in a mapping.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            DateForm::Danish => "danish",
            DateForm::ShortYear => "short-year",
            DateForm::MonthFirst => "month-first",
            DateForm::Compact => "compact",
            DateForm::Serial => "serial",
        }
    }

    /// A made-up date in this form.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            DateForm::Danish => "31-12-2020",
            DateForm::ShortYear => "31-12-20",
            DateForm::MonthFirst => "12/31/2020",
            DateForm::Compact => "20201231",
            DateForm::Serial => "44196",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_danish(&self) -> bool {
        *self == DateForm::Danish
    }
}

#[cfg(test)]
mod tests;
