//! Staged rows on their way into columns: read and numbered, then sorted.

use std::io;
use std::path::Path;

use super::columns::Columns;
use crate::clock::Day;
use crate::intake::staged::{self, Layout, MISSING_CODE};
use crate::linkage::{Interner, Spine};
use crate::programme::{Dataset, Programme, Role};
use crate::token::Link;

/// Why a staged file cannot be sealed.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The disk's word.
    Io(io::Error),
    /// It is not the whole upload, as the manifest has it: torn, cut, or rows missing.
    Incomplete,
    /// It holds a value that intake would not have let in.
    Content(&'static str),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> ReadError {
        ReadError::Io(error)
    }
}

/// The rows of one upload in columns. Persons are as the spine has them, or provisional above its highest number.
pub(super) struct Rows {
    source: u8,
    person: Vec<u32>,
    day: Vec<i32>,
    related: Option<Vec<u32>>,
    case: Option<Vec<u32>>,
    staff: Vec<Option<Vec<u32>>>,
    categories: Vec<Option<Vec<u8>>>,
    measures: Vec<Option<Vec<i64>>>,
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
    fn person(&self, link: Option<Link>) -> u32 {
        link.map_or(0, |link| self.spine.allotted(&link).unwrap_or_else(|| self.persons.intern(&link)))
    }

    fn case(&self, link: Option<Link>) -> u32 {
        link.map_or(0, |link| self.cases.intern(&link))
    }
}

/// An empty column for each column of the role asked for.
fn empty<T>(dataset: &Dataset, role: impl Fn(&Role) -> bool, rows: usize) -> Vec<Option<Vec<T>>> {
    dataset.columns.iter().map(|column| role(&column.role).then(|| Vec::with_capacity(rows))).collect()
}

impl Rows {
    /// Reads a staged file that must hold exactly `expected` rows.
    pub(super) fn read(
        path: &Path,
        source: u8,
        expected: u64,
        (programme, dataset): (&Programme, &Dataset),
        numbering: &Numbering<'_>,
    ) -> Result<Rows, ReadError> {
        let layout = Layout::of(dataset);
        let length = std::fs::metadata(path)?.len();
        // Checked before room is made: a manifest may claim anything.
        if expected.checked_mul(layout.width() as u64).is_none_or(|bytes| bytes > length) {
            return Err(ReadError::Incomplete);
        }
        let room = usize::try_from(expected).map_err(|_| ReadError::Incomplete)?;
        let column = |role: Role| dataset.position(|r| *r == role);
        let mut rows = Rows {
            source,
            person: Vec::with_capacity(room),
            day: Vec::with_capacity(room),
            related: column(Role::RelatedPerson).map(|_| Vec::with_capacity(room)),
            case: column(Role::Case).map(|_| Vec::with_capacity(room)),
            staff: empty(dataset, |role| *role == Role::Staff, room),
            categories: empty(dataset, |role| matches!(role, Role::Category { .. }), room),
            measures: empty(dataset, |role| matches!(role, Role::Measure(_)), room),
        };
        let mut frames = 0;
        let whole = staged::read_frames(path, &layout, |frame, body| {
            if frame.index != frames || (rows.day.len() + frame.rows as usize) as u64 > expected {
                return Err(ReadError::Incomplete);
            }
            frames += 1;
            rows.take(body, &layout, (programme, dataset), numbering)
        })?;
        if whole != length || rows.day.len() as u64 != expected {
            return Err(ReadError::Incomplete);
        }
        Ok(rows)
    }

    /// Takes the rows of a frame, column by column.
    fn take(
        &mut self,
        body: &[u8],
        layout: &Layout,
        (programme, dataset): (&Programme, &Dataset),
        numbering: &Numbering<'_>,
    ) -> Result<(), ReadError> {
        let rows = || body.chunks_exact(layout.width());
        let place = "a column stands where the dataset has one";
        for (at, column) in dataset.columns.iter().enumerate() {
            match &column.role {
                Role::Person => {
                    self.person.extend(rows().map(|row| numbering.person(layout.link(row, at))));
                }
                Role::RelatedPerson => {
                    let related = self.related.as_mut().expect(place);
                    related.extend(rows().map(|row| numbering.person(layout.link(row, at))));
                }
                Role::Case => {
                    let case = self.case.as_mut().expect(place);
                    case.extend(rows().map(|row| numbering.case(layout.link(row, at))));
                }
                Role::Staff => {
                    let staff = self.staff[at].as_mut().expect(place);
                    let number = |link: Option<Link>| link.map_or(0, |link| numbering.staff.intern(&link));
                    staff.extend(rows().map(|row| number(layout.link(row, at))));
                }
                Role::Date => {
                    let from = self.day.len();
                    self.day.extend(rows().map(|row| layout.day(row, at).days()));
                    let days = Day::MIN.days()..=Day::MAX.days();
                    if !self.day[from..].iter().all(|day| days.contains(day)) {
                        return Err(ReadError::Content("a day outside 1850-2199"));
                    }
                }
                Role::Category { list } => {
                    let codes = self.categories[at].as_mut().expect(place);
                    let (from, known) = (codes.len(), programme.code_lists[*list].codes.len());
                    codes.extend(rows().map(|row| layout.code(row, at)));
                    if !codes[from..].iter().all(|code| usize::from(*code) < known || *code == MISSING_CODE) {
                        return Err(ReadError::Content("a code that the programme does not have"));
                    }
                }
                Role::Measure(_) => {
                    let measures = self.measures[at].as_mut().expect(place);
                    measures.extend(rows().map(|row| layout.measure(row, at)));
                }
            }
        }
        Ok(())
    }

    /// Rows.
    pub(super) fn len(&self) -> usize {
        self.day.len()
    }
}

/// Puts the rows of a dataset's uploads in the order of persons and days, under their final person numbers; rows of
/// one person and day keep the order of the uploads and of the rows in them. Cases and staff stay
/// provisional.
///
/// `number` gives the final number of one read; `highest` is the highest of them. At most `u32::MAX` rows.
pub(super) fn sort(
    parts: Vec<Rows>,
    dataset: &Dataset,
    number: impl Fn(u32) -> u32,
    highest: u32,
) -> Columns {
    let total = parts.iter().map(Rows::len).sum();
    let mut sources = Vec::with_capacity(total);
    let mut whole = Rows {
        source: 0,
        person: Vec::with_capacity(total),
        day: Vec::with_capacity(total),
        related: dataset.position(|r| *r == Role::RelatedPerson).map(|_| Vec::with_capacity(total)),
        case: dataset.position(|r| *r == Role::Case).map(|_| Vec::with_capacity(total)),
        staff: empty(dataset, |role| *role == Role::Staff, total),
        categories: empty(dataset, |role| matches!(role, Role::Category { .. }), total),
        measures: empty(dataset, |role| matches!(role, Role::Measure(_)), total),
    };
    for part in parts {
        sources.resize(sources.len() + part.len(), part.source);
        whole.person.extend(part.person.iter().map(|person| number(*person)));
        whole.day.extend_from_slice(&part.day);
        append(&mut whole.related, part.related);
        append(&mut whole.case, part.case);
        whole.staff.iter_mut().zip(part.staff).for_each(|(whole, part)| append(whole, part));
        whole.categories.iter_mut().zip(part.categories).for_each(|(whole, part)| append(whole, part));
        whole.measures.iter_mut().zip(part.measures).for_each(|(whole, part)| append(whole, part));
    }
    if let Some(related) = &mut whole.related {
        related.iter_mut().for_each(|person| *person = number(*person));
    }

    let (offsets, keys) = order(&whole.person, &whole.day, highest);
    drop(whole.person);
    Columns {
        offsets,
        source: pick(&sources, &keys),
        related: whole.related.map(|column| pick(&column, &keys)),
        case: whole.case.map(|column| pick(&column, &keys)),
        staff: whole.staff.into_iter().map(|c| c.map(|column| pick(&column, &keys))).collect(),
        categories: whole.categories.into_iter().map(|c| c.map(|column| pick(&column, &keys))).collect(),
        measures: whole.measures.into_iter().map(|c| c.map(|column| pick(&column, &keys))).collect(),
        day: pick(&whole.day, &keys),
    }
}

fn append<T>(whole: &mut Option<Vec<T>>, part: Option<Vec<T>>) {
    if let (Some(whole), Some(mut part)) = (whole, part) {
        whole.append(&mut part);
    }
}

/// The values in the order of the keys, whose low half is the row.
fn pick<T: Copy>(column: &[T], keys: &[u64]) -> Vec<T> {
    keys.iter().map(|key| column[(*key & 0xFFFF_FFFF) as usize]).collect()
}

/// A counting sort by person, then each person's rows by (day, row). Returns the offset of each person and, for
/// each place, day and row as one key.
fn order(person: &[u32], day: &[i32], highest: u32) -> (Vec<u32>, Vec<u64>) {
    let mut offsets = vec![0u32; highest as usize + 2];
    for person in person {
        offsets[*person as usize + 1] += 1;
    }
    for at in 1..offsets.len() {
        offsets[at] += offsets[at - 1];
    }
    let mut next = offsets.clone();
    let mut keys = vec![0u64; person.len()];
    for (row, (person, day)) in person.iter().zip(day).enumerate() {
        let place = &mut next[*person as usize];
        // Days count from the first that data may carry, so that they sort as unsigned.
        let day = u64::from(day.wrapping_sub(Day::MIN.days()).cast_unsigned());
        keys[*place as usize] = day << 32 | row as u64;
        *place += 1;
    }
    for run in offsets.windows(2) {
        keys[run[0] as usize..run[1] as usize].sort_unstable();
    }
    (offsets, keys)
}
