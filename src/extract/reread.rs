//! One's own extract once more, row by row as it stands, beside what each row is about: to put answers beside it.

use super::columns::Columns;
use super::read::{ReadError, Rows};
use super::row::{RowReader, Tally};
use super::run::{ExtractError, Job};
use crate::clock::Day;
use crate::key::LinkageKey;
use crate::programme::{Dataset, Event, Programme, Role};
use crate::token::{Token, Tokeniser};

/// What a row is about. No `Debug`: it is a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct About {
    /// Whom; `None` for an anonymous row.
    pub person: Option<Token>,
    /// Day of the event.
    pub day: Day,
    /// By column of the dataset: the position of its code.
    codes: Vec<Option<u8>>,
}

impl About {
    /// Whether the row has the codes of an event of its dataset.
    #[must_use]
    pub fn fits(&self, event: &Event) -> bool {
        event.filters.iter().all(|filter| {
            self.codes.get(filter.column).copied().flatten().is_some_and(|code| filter.codes.contains(&code))
        })
    }

    /// Reads a tokenised line. It was written a moment ago and has no quotes.
    fn of(line: &[u8], dataset: &Dataset, programme: &Programme) -> Option<About> {
        let (mut person, mut day, mut codes) = (None, None, vec![None; dataset.columns.len()]);
        for ((field, column), code) in line.split(|byte| *byte == b',').zip(&dataset.columns).zip(&mut codes)
        {
            match &column.role {
                Role::Person if !field.is_empty() => person = Some(Token::parse(field).ok()?),
                Role::Date => day = Some(Day::parse_iso(field).ok()?),
                Role::Category { .. } => {
                    let at = programme.codes(column)?.iter().position(|c| c.id.as_str().as_bytes() == field);
                    *code = at.and_then(|at| u8::try_from(at).ok());
                }
                _ => {}
            }
        }
        Some(About { person, day: day?, codes })
    }
}

/// How many rows were read, and how many of them nothing can be said about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// Rows that are not empty.
    pub rows: u64,
    /// Rows that `kobling check` rejects.
    pub rejected: u64,
}

/// Reads an extract again. `head` hears its header and its separator, then `row` each row as it stands, with what it is
/// about unless it is rejected. Nothing is kept here.
///
/// # Errors
/// [`ExtractError`], and whatever `head` and `row` return.
pub fn reread<E: From<ExtractError>>(
    job: &Job<'_>,
    key: &LinkageKey,
    head: impl FnOnce(&[String], u8) -> Result<(), E>,
    mut row: impl FnMut(&[&[u8]], Option<About>) -> Result<(), E>,
) -> Result<Reread, E> {
    let target = job.target()?;
    let read = |error: ReadError| ExtractError::from(error);
    let mut rows = Rows::open(job.source, job.declared).map_err(read)?;
    let columns =
        Columns::map(&rows.header, target.dataset, job.programme, job.mapping).map_err(ExtractError::from)?;
    rows.need(columns.list.iter().filter_map(|column| column.at)).map_err(read)?;
    let issuer = target.dataset.staff_issuer.as_ref().unwrap_or(job.partner);
    let tokeniser = Tokeniser::new(key, job.partner, issuer);
    let mut reader = RowReader::new(&columns, &tokeniser, job.terms(target.period));
    head(&rows.header, rows.separator)?;
    let mut counts = Reread::default();
    // Whether the last row so far looks like one of totals.
    let mut total = false;
    while let Some(chunk) = rows.next_chunk().map_err(read)? {
        chunk.each(
            |line| ExtractError::Damaged(line).into(),
            |line, fields| {
                let mut tally = Tally::default();
                let about = reader.tokenised(fields, line, &mut tally);
                let about = about.and_then(|(line, _)| About::of(line, target.dataset, job.programme));
                if tally.any {
                    total = tally.total.is_some();
                }
                if tally.read == 0 && tally.total.is_none() {
                    return Ok(());
                }
                counts.rows += 1;
                counts.rejected += u64::from(about.is_none());
                row(&fields.fields().collect::<Vec<_>>(), about)
            },
        )?;
    }
    // As the last row it was none.
    counts.rows -= u64::from(total);
    counts.rejected -= u64::from(total);
    Ok(counts)
}
