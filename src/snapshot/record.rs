//! A staged row on its way into columns: numbers and codes of fixed width, and no link.

use std::io;
use std::path::Path;

use crate::clock::Day;
use crate::intake::staged::{self, Layout, MISSING_CODE};
use crate::linkage::{Batch, Interner, Spine};
use crate::programme::{Dataset, Programme, Role};
use crate::token::Link;
use crate::vault::{Unsealed, Vault};

/// Why a staged file cannot be sealed.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The disk's word.
    Io(io::Error),
    /// It is not the whole upload, as the manifest has it: torn, cut, or rows missing.
    Incomplete,
    /// It holds a value that intake would not have let in.
    Content(&'static str),
    /// The rows read cannot be put down.
    Put(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> ReadError {
        if Unsealed::of(&error).is_some() { ReadError::Incomplete } else { ReadError::Io(error) }
    }
}

/// Whom a link stands for, while reading.
pub(super) struct Numbering<'a> {
    /// Numbers of earlier seals.
    pub(super) spine: &'a Spine,
    /// Provisional numbers of persons met for the first time.
    pub(super) persons: Interner,
    /// Provisional numbers of cases.
    pub(super) cases: Interner,
    /// Provisional numbers of staff.
    pub(super) staff: Interner,
}

impl Numbering<'_> {
    /// Puts the numbers of a token column's links at an offset of the records.
    fn put(
        &self,
        role: &Role,
        links: impl Iterator<Item = Option<Link>>,
        batch: &mut Batch,
        (records, record, to): (&mut [u8], &Record, usize),
    ) {
        batch.fill(links);
        match role {
            Role::Case => self.cases.intern(batch),
            Role::Staff => self.staff.intern(batch),
            _ => {
                self.spine.find(batch);
                self.persons.intern(batch);
            }
        }
        for (record, number) in records.chunks_exact_mut(record.width).zip(batch.numbers()) {
            put(record, to, *number);
        }
    }
}

/// Where the parts of a dataset's row stand in its record: person, day and source in front, then each column of the
/// dataset that is none of them, in its order. Everything is little-endian.
pub(super) struct Record {
    width: usize,
    /// Where the other columns stand, by column of the dataset; 0 for those that have no place of their own.
    at: Vec<usize>,
    /// Offset of the related person.
    pub(super) related: Option<usize>,
    /// Offset of the case.
    pub(super) case: Option<usize>,
    /// Offsets of staff, in the order of the columns.
    pub(super) staff: Vec<usize>,
}

const DAY: usize = 4;
const SOURCE: usize = 8;
const REST: usize = 9;

impl Record {
    /// The record of a dataset's rows.
    pub(super) fn of(dataset: &Dataset) -> Record {
        let mut record = Record { width: REST, at: Vec::new(), related: None, case: None, staff: Vec::new() };
        for column in &dataset.columns {
            let at = record.width;
            let width = match column.role {
                Role::Person | Role::Date => 0,
                Role::RelatedPerson | Role::Case | Role::Staff => 4,
                Role::Category { .. } => 1,
                Role::Measure(_) => 8,
            };
            match column.role {
                Role::RelatedPerson => record.related = Some(at),
                Role::Case => record.case = Some(at),
                Role::Staff => record.staff.push(at),
                _ => {}
            }
            record.at.push(if width == 0 { 0 } else { at });
            record.width += width;
        }
        record
    }

    /// Bytes of a record.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// Where a column of the dataset stands.
    pub(super) fn column(&self, at: usize) -> usize {
        self.at[at]
    }
}

/// A number at an offset.
pub(super) fn number(record: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(record[at..at + 4].try_into().expect("four bytes"))
}

/// Puts a number at an offset.
pub(super) fn put(record: &mut [u8], at: usize, number: u32) {
    record[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

/// The person of a record.
pub(super) fn person(record: &[u8]) -> u32 {
    number(record, 0)
}

/// The day of a record, counted from the first that data may carry, so that days sort as unsigned.
pub(super) fn sortable_day(record: &[u8]) -> u32 {
    number(record, DAY)
}

/// The day of a record, since 1970.
pub(super) fn day(record: &[u8]) -> i32 {
    sortable_day(record).wrapping_add(Day::MIN.days().cast_unsigned()).cast_signed()
}

/// The source of a record.
pub(super) fn source(record: &[u8]) -> u8 {
    record[SOURCE]
}

/// Reads a staged file that must hold exactly `expected` rows, and gives their records to `put`, frame by frame, in
/// order, and the links that it withholds to `withheld`. Persons are as the spine has them, or provisional above its highest number; cases and staff are provisional.
pub(super) fn read(
    (vault, path): (&Vault, &Path),
    (source, expected): (u8, u64),
    (programme, dataset): (&Programme, &Dataset),
    numbering: &Numbering<'_>,
    withheld: &mut Vec<Link>,
    mut put: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), ReadError> {
    let (layout, record) = (Layout::of(dataset), Record::of(dataset));
    let (mut frames, mut rows) = (0, 0u64);
    let (mut records, mut batch) = (Vec::new(), Batch::default());
    let whole = staged::read_frames(vault, path, &layout, |frame, body| {
        if frame.index != frames || rows + u64::from(frame.rows) > expected {
            return Err(ReadError::Incomplete);
        }
        frames += 1;
        rows += u64::from(frame.rows);
        records.clear();
        records.resize(frame.rows as usize * record.width, 0);
        withheld.extend(body.withheld());
        take(body.rows, &mut records, (&layout, &record), (programme, dataset), (numbering, &mut batch))?;
        records.chunks_exact_mut(record.width).for_each(|record| record[SOURCE] = source);
        put(&records).map_err(ReadError::Put)
    })?;
    if !whole || rows != expected { Err(ReadError::Incomplete) } else { Ok(()) }
}

/// Whether a file can hold the rows that are expected of it. Asked before room is made: a manifest may claim anything.
pub(super) fn can_hold(path: &Path, dataset: &Dataset, expected: u64) -> io::Result<bool> {
    let length = std::fs::metadata(path)?.len();
    let width = Layout::of(dataset).width() as u64;
    Ok(expected.checked_mul(width).is_some_and(|bytes| bytes <= length))
}

/// Takes the rows of a frame, column by column.
fn take(
    body: &[u8],
    records: &mut [u8],
    (layout, record): (&Layout, &Record),
    (programme, dataset): (&Programme, &Dataset),
    (numbering, batch): (&Numbering<'_>, &mut Batch),
) -> Result<(), ReadError> {
    for (at, column) in dataset.columns.iter().enumerate() {
        let rows = body.chunks_exact(layout.width()).zip(records.chunks_exact_mut(record.width));
        let to = record.at[at];
        match &column.role {
            // A record's person stands at its front, where `at` says 0.
            role @ (Role::Person | Role::RelatedPerson | Role::Case | Role::Staff) => {
                let links = body.chunks_exact(layout.width()).map(|row| layout.link(row, at));
                numbering.put(role, links, batch, (records, record, to));
            }
            Role::Date => {
                let days = Day::MIN.days()..=Day::MAX.days();
                let mut known = true;
                rows.for_each(|(row, record)| {
                    let day = layout.day(row, at).days();
                    known &= days.contains(&day);
                    put(record, DAY, day.wrapping_sub(Day::MIN.days()).cast_unsigned());
                });
                if !known {
                    return Err(ReadError::Content("a day outside 1850-2199"));
                }
            }
            Role::Category { list } => {
                let codes = programme.code_lists[*list].codes.len();
                let mut known = true;
                rows.for_each(|(row, record)| {
                    let code = layout.code(row, at);
                    known &= usize::from(code) < codes || code == MISSING_CODE;
                    record[to] = code;
                });
                if !known {
                    return Err(ReadError::Content("a code that the programme does not have"));
                }
            }
            Role::Measure(_) => rows.for_each(|(row, record)| {
                record[to..to + 8].copy_from_slice(&layout.measure(row, at).to_le_bytes());
            }),
        }
    }
    Ok(())
}
