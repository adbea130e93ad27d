//! Which column of a partner's file is which column of a dataset: said once, kept in a file, used without questions.
//!
//! A mapping holds headers, forms and codes: nothing of a person. It rules alone where it is given; no header is guessed
//! beside it.

use std::collections::BTreeMap;
use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use crate::name::{CodeId, ColumnId, DatasetId, PartnerId, ProgrammeId};

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
    #[serde(rename = "column")]
    pub columns: BTreeMap<ColumnId, ColumnMapping>,
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
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_danish(&self) -> bool {
        *self == DateForm::Danish
    }
}
