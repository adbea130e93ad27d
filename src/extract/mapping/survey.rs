//! The columns of a file: headers, and the shapes of what stands below them in the first rows.

use std::num::NonZeroU8;

use super::Mapping;
use super::forms::looks_like_data;
use super::propose::is_word_for;
use super::shape::{Shape, Tally};
use crate::extract::read::{Chunk, Declared, ReadError, Rows, Source};
use crate::language::Spoken;
use crate::programme::{Dataset, Programme};

/// Rows that are looked at.
pub const SAMPLE_ROWS: u64 = 10_000;
/// Bytes that are looked at, whole chunks of them.
const SAMPLE_BYTES: u64 = 16 << 20;
/// Rows at the head of a file among which the headers are looked for.
const TITLES: u32 = 12;

/// Why the columns of a file cannot be shown. Never carries any of its content.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The file as a whole.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A field that is larger than any.
    #[error("line {0}: a field is damaged beyond reading; export the file again")]
    Damaged(u64),
    /// The row that should hold the headers holds data.
    #[error(
        "row {0} should hold the headers but looks like data, and is not shown: say with --header-row which row holds them, or export with headers"
    )]
    Data(u32),
    /// The row that should hold the headers has none.
    #[error("row {0} holds no header; say with --header-row which row does")]
    NoHeader(u32),
}

impl Spoken for SurveyError {
    fn danish(&self) -> String {
        match self {
            SurveyError::Read(error) => error.to_string(),
            SurveyError::Damaged(line) => {
                format!("linje {line}: et felt er for beskadiget til at læses; eksportér filen igen")
            }
            SurveyError::Data(row) => format!(
                "række {row} skulle indeholde overskrifterne, men ligner data og vises ikke: angiv med --header-row, hvilken række de står i, eller eksportér med overskrifter"
            ),
            SurveyError::NoHeader(row) => {
                format!(
                    "række {row} indeholder ingen overskrifter; angiv med --header-row, hvilken række der gør"
                )
            }
        }
    }
}

/// A column of a file.
#[derive(Clone)]
pub struct Seen {
    header: Option<String>,
    /// Whether its header can be somebody's field as well: a code, or one way of writing it.
    is_code: bool,
    nth: Option<NonZeroU8>,
    pub(super) tally: Tally,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("header", &self.shown()).field("shape", &self.shape()).finish()
    }
}

impl Seen {
    /// Its header as it goes into a mapping; `None` where there is none, it looks like data, or nobody knows whether the row
    /// holds headers: such a column can be neither shown nor mapped.
    #[must_use]
    pub fn header(&self) -> Option<&str> {
        self.header.as_deref()
    }

    /// Its header as it may be shown; `None` where it is a code as well, too.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.header().filter(|_| !self.is_code)
    }

    /// Which of several columns with this header it is, from 1; `None` when it is the only one.
    #[must_use]
    pub const fn nth(&self) -> Option<NonZeroU8> {
        self.nth
    }

    /// What its fields look like.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.tally.shape()
    }

    /// Whether fields have nine digits where others have ten: leading zeros were lost.
    #[must_use]
    pub const fn lost_zeros(&self) -> bool {
        self.tally.nine_digits() > 0
    }
}

/// What a file looks like.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Columns in the order of the file.
    pub columns: Vec<Seen>,
    /// Rows that were looked at, at most [`SAMPLE_ROWS`].
    pub rows: u64,
    /// Row of the headers, from 1, where it is not the first.
    pub header_row: Option<u32>,
    /// Whether the row is known to hold headers: it was said, or one of them is known. Else no header is given out, for
    /// the row may be a person's.
    pub certain: bool,
}

/// Who knows headers: the dataset, its programme, and the mapping that was in use until now.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The dataset that the file becomes.
    pub dataset: &'a Dataset,
    /// The programme that it is of.
    pub programme: &'a Programme,
    /// A mapping whose headers somebody said before.
    pub mapping: Option<&'a Mapping>,
}

impl Known<'_> {
    /// Whether a text is a code of the programme or a way of writing one.
    fn is_code(&self, text: &str) -> bool {
        let text = text.trim().to_lowercase();
        let mut codes = self.programme.code_lists.iter().flat_map(|list| &list.codes);
        codes.any(|code| {
            code.id.as_str() == text
                || code
                    .also
                    .iter()
                    .chain([&code.title.da, &code.title.en])
                    .any(|also| also.trim().to_lowercase() == text)
        })
    }

    /// Whether a text is a header that is known, or a common word for one, and not a code.
    fn is_header(&self, text: &str) -> bool {
        let own = |mapping: &Mapping| {
            mapping
                .columns
                .values()
                .any(|column| column.header.trim().to_lowercase() == text.trim().to_lowercase())
        };
        !text.trim().is_empty()
            && !self.is_code(text)
            && (self.mapping.is_some_and(own)
                || self.dataset.columns.iter().any(|column| is_word_for(text, column)))
    }
}

impl Survey {
    /// Looks at the beginning of a file. Where the headers' row is not declared and the first row holds few headers or
    /// none that the dataset knows, the next rows are tried for it.
    ///
    /// # Errors
    /// [`SurveyError`].
    pub fn of(source: &Source, declared: Declared<'_>, by: Known<'_>) -> Result<Survey, SurveyError> {
        let dataset = by.dataset;
        let mut rows = Rows::open(source, declared)?;
        let mut first = rows.next_chunk()?;
        let mut header_row = declared.header_row;
        if header_row.is_none() && matches!(source, Source::File(_)) {
            let found = known(rows.header.iter().map(String::as_str), dataset);
            let wanted = dataset.columns.iter().filter(|column| column.required).count().clamp(1, 2);
            if found < wanted && (found == 0 || filled(&rows.header) < wanted) {
                header_row = first.as_ref().and_then(|chunk| headers_below(chunk, wanted, dataset));
            }
            if header_row.is_some() {
                rows = Rows::open(source, Declared { header_row, ..declared })?;
                first = rows.next_chunk()?;
            }
        }
        let certain = declared.header_row.is_some() || rows.header.iter().any(|header| by.is_header(header));
        let mut survey = Survey::read(rows, first, header_row, dataset)?;
        survey.certain = certain;
        for seen in &mut survey.columns {
            seen.is_code = seen.header.as_ref().is_some_and(|header| by.is_code(header));
            if !certain {
                seen.header = None;
            }
        }
        Ok(survey)
    }

    fn read(
        mut rows: Rows,
        mut chunk: Option<Chunk>,
        header_row: Option<u32>,
        dataset: &Dataset,
    ) -> Result<Survey, SurveyError> {
        let row = header_row.unwrap_or(1);
        if filled(&rows.header) == 0 {
            return Err(SurveyError::NoHeader(row));
        }
        let data = rows.header.iter().any(|header| looks_like_data(header));
        // A row with two headers that the dataset knows holds headers; one of them alone that looks like data is hidden.
        let known = known(rows.header.iter().map(String::as_str), dataset);
        if data && known < 2 {
            return Err(SurveyError::Data(row));
        }
        let header = std::mem::take(&mut rows.header);
        let mut survey = Survey { columns: columns(&header), rows: 0, header_row, certain: false };
        let mut echoed = vec![false; header.len()];
        while let Some(rest) = chunk {
            let result = rest.each(Stop::Damaged, |_, row| {
                if row.is_empty() {
                    return Ok(());
                }
                let repeated = row.fields().zip(&header).filter(|(field, name)| *field == name.as_bytes());
                let repeated = repeated.filter(|(_, name)| !name.is_empty()).count();
                if repeated * 2 > filled(&header) {
                    // The headers again, as exports in pages have them.
                    return Ok(());
                }
                survey.rows += 1;
                for (at, seen) in survey.columns.iter_mut().enumerate() {
                    let Some((field, written)) = row.field(at) else { break };
                    seen.tally.add(field, written);
                    echoed[at] |= !field.is_empty() && field == header[at].as_bytes();
                }
                if survey.rows < SAMPLE_ROWS { Ok(()) } else { Err(Stop::Enough) }
            });
            match result {
                Err(Stop::Damaged(line)) => return Err(SurveyError::Damaged(line)),
                Err(Stop::Enough) => break,
                Ok(()) if rest.read > SAMPLE_BYTES => break,
                Ok(()) => chunk = rows.next_chunk()?,
            }
        }
        // Texts of the row that stand below it again, in two columns or more, are fields of a file without headers.
        if known < 2 && echoed.into_iter().filter(|echoed| *echoed).count() >= 2 {
            return Err(SurveyError::Data(row));
        }
        Ok(survey)
    }
}

enum Stop {
    Enough,
    Damaged(u64),
}

fn filled(header: &[String]) -> usize {
    header.iter().filter(|name| !name.trim().is_empty()).count()
}

/// Headers that the dataset knows, letter for letter.
fn known<'a>(header: impl Iterator<Item = &'a str>, dataset: &Dataset) -> usize {
    let names = |name: &str| {
        dataset.columns.iter().any(|column| {
            column.id.as_str() == name || column.headers.iter().any(|known| known.to_lowercase() == name)
        })
    };
    header.filter(|name| names(&name.trim().to_lowercase())).count()
}

/// The row below titles that holds headers. A title may have told the wrong separator: a row that is one field is tried
/// with each.
fn headers_below(chunk: &Chunk, wanted: usize, dataset: &Dataset) -> Option<u32> {
    let mut tried = 0;
    let found = chunk.each(
        |_| None,
        |line, row| {
            tried += 1;
            let fields = row.fields().map(String::from_utf8_lossy).collect::<Vec<_>>();
            let fits = match fields.as_slice() {
                [one] => [';', ',', '\t', '|']
                    .into_iter()
                    .any(|sign| known(one.split(sign).map(|part| part.trim_matches('"')), dataset) >= wanted),
                _ => known(fields.iter().map(AsRef::as_ref), dataset) >= wanted,
            };
            match u32::try_from(line) {
                Ok(line) if fits => Err(Some(line)),
                _ if tried >= TITLES => Err(None),
                _ => Ok(()),
            }
        },
    );
    found.err().flatten()
}

fn columns(header: &[String]) -> Vec<Seen> {
    let folded = header.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
    let column = |(at, name): (usize, &String)| {
        let same = |names: &[String]| names.iter().filter(|other| **other == folded[at]).count();
        let nth = u8::try_from(same(&folded[..=at])).ok().and_then(NonZeroU8::new);
        let shown =
            !name.trim().is_empty() && !looks_like_data(name) && (same(&folded) == 1 || nth.is_some());
        Seen {
            header: shown.then(|| name.clone()),
            is_code: false,
            nth: nth.filter(|_| same(&folded) > 1),
            tally: Tally::default(),
        }
    };
    header.iter().enumerate().map(column).collect()
}
