//! A report with what it is a report of: what is read, filed and processed.

use serde::Serialize;

use super::{Report, file_name, html, json, text};
use crate::clock::Timestamp;
use crate::extract::{Decimal, Job, MaxRejected, Source, Unusual};
use crate::id::LeadingZero;
use crate::language::Language;
use crate::name::{DatasetId, PartnerId};
use crate::programme::Programme;

/// A quality report as a whole. It stays at the partner.
#[derive(Clone, Debug)]
pub struct Paper<'a> {
    /// The file's name; absent for standard input, and where the name could hold a number of a person.
    pub file: Option<String>,
    /// Whether there is a name that is not shown.
    pub name_held_back: bool,
    /// The file's size in bytes, where it is known.
    pub bytes: Option<u64>,
    /// When the extract was checked.
    pub made: Timestamp,
    /// The programme.
    pub programme: &'a Programme,
    /// The partner.
    pub partner: &'a PartnerId,
    /// The dataset.
    pub dataset: &'a DatasetId,
    /// The quarters.
    pub period: crate::clock::Period,
    /// What was said of the file.
    pub options: Options,
    /// Most rows that may be rejected, where that was said; without it no row may be.
    pub limit: Option<MaxRejected>,
    /// What is unusual about the numbers together, if anything is.
    pub unusual: Option<Unusual>,
    /// What was found.
    pub report: &'a Report,
}

/// What was said of a file, as far as it changes what is found. `None` where it is found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    /// Encoding of a text.
    pub encoding: Option<&'static str>,
    /// Separator of a text.
    pub separator: Option<char>,
    /// Whether a sheet of the workbook was named.
    pub sheet_named: bool,
    /// Row of the headers, from 1.
    pub header_row: Option<u32>,
    /// Decimal sign of numbers written as text.
    pub decimal: char,
    /// Whether nine digits are ten whose leading zero was lost.
    pub repair_leading_zero: bool,
    /// Version of the mapping.
    pub mapping_version: Option<u32>,
}

impl Options {
    fn of(job: &Job<'_>) -> Options {
        Options {
            encoding: job.declared.encoding.map(|encoding| encoding.name()),
            separator: job.declared.separator.map(char::from),
            sheet_named: job.declared.sheet.is_some(),
            header_row: job.declared.header_row,
            decimal: match job.decimal {
                Decimal::Comma => ',',
                Decimal::Point => '.',
            },
            repair_leading_zero: job.zero == LeadingZero::Repair,
            mapping_version: job.mapping.map(|mapping| mapping.version),
        }
    }
}

impl<'a> Paper<'a> {
    /// The report of a job, made at a moment.
    #[must_use]
    pub fn of(job: &Job<'a>, report: &'a Report, made: Timestamp, limit: Option<MaxRejected>) -> Paper<'a> {
        let path = match job.source {
            Source::File(path) => Some(path.as_path()),
            Source::Stdin | Source::Memory(_) => None,
        };
        let file = path.and_then(file_name::shown);
        Paper {
            name_held_back: path.is_some() && file.is_none(),
            file,
            bytes: job.source.size(),
            made,
            programme: job.programme,
            partner: job.partner,
            dataset: job.dataset,
            period: job.period.unwrap_or(job.programme.period),
            options: Options::of(job),
            limit,
            unusual: None,
            report,
        }
    }

    /// The program that made it, and its version.
    #[must_use]
    pub const fn tool(&self) -> &'static str {
        concat!("kobling ", env!("CARGO_PKG_VERSION"))
    }

    /// Whether more rows are rejected than may be: the limit given, and without one, none.
    #[must_use]
    pub fn exceeded(&self) -> bool {
        self.limit.unwrap_or(MaxRejected::Count(0)).exceeded(self.report)
    }

    /// As people read it on a terminal.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        text::paper(self, language)
    }

    /// As programs read it: JSON of version [`REPORT_FORMAT`](super::REPORT_FORMAT), with a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::paper(self)
    }

    /// As it is filed: one page that needs nothing else.
    #[must_use]
    pub fn to_html(&self, language: Language) -> String {
        html::paper(self, language)
    }
}
