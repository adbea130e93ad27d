//! What is found while rows are read: noted on many threads, put together on one, the same whatever the order.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rustc_hash::FxHashSet;

use super::places::Places;
use super::{Matter, Reason, Remark};
use crate::limits::MAX_UNKNOWN_TEXTS;

/// What was found in a run of rows.
#[derive(Default)]
pub(in crate::extract) struct Notes {
    /// Rows that were begun.
    row: u64,
    matters: Vec<Noted>,
    /// Fields without anything in them, by column of the dataset.
    missing: Vec<u64>,
    /// Rows that are not rejected, by month of the event from the first of the period.
    months: Vec<u64>,
    /// Digests of different texts that are no code, by column: equal texts are one, no text is kept.
    unknown: Vec<FxHashSet<u64>>,
    /// One by one, in the order of the file, where somebody writes them down.
    pub spots: Option<Vec<Spot>>,
}

/// What was found of one matter.
pub(in crate::extract) struct Noted {
    pub matter: Matter,
    /// Rows, each once.
    pub places: Places,
    /// By column of the dataset; `None` is the row as a whole.
    pub columns: Vec<(Option<usize>, Places)>,
    last_row: u64,
}

/// One thing found at one place.
#[derive(Clone, Copy)]
pub(in crate::extract) struct Spot {
    pub line: u64,
    pub column: Option<usize>,
    pub matter: Matter,
}

impl Notes {
    /// Notes on a file whose dataset has so many columns; with `one_by_one`, [`Notes::spots`] fill.
    pub fn new(columns: usize, one_by_one: bool) -> Notes {
        Notes { missing: vec![0; columns], spots: one_by_one.then(Vec::new), ..Notes::default() }
    }

    /// Begins a row.
    pub const fn next_row(&mut self) {
        self.row += 1;
    }

    /// Notes why the row at hand is left out.
    pub fn reason(&mut self, reason: Reason, line: u64, column: Option<usize>) {
        self.note(Matter::Reason(reason.plain()), line, column);
    }

    /// Notes what is worth saying of the row at hand.
    pub fn remark(&mut self, remark: Remark, line: u64, column: Option<usize>) {
        self.note(Matter::Remark(remark), line, column);
    }

    fn note(&mut self, matter: Matter, line: u64, column: Option<usize>) {
        let row = self.row;
        let noted = of(&mut self.matters, matter);
        if noted.last_row != row {
            noted.last_row = row;
            noted.places.add(line);
        }
        in_column(&mut noted.columns, column).add(line);
        if let (Some(spots), false) = (&mut self.spots, matches!(matter, Matter::Remark(r) if r.is_habit())) {
            spots.push(Spot { line, column, matter });
        }
    }

    /// Counts an empty field.
    pub fn missing(&mut self, column: usize) {
        if let Some(count) = self.missing.get_mut(column) {
            *count += 1;
        }
    }

    /// Counts a row that is not rejected under the month of its event, counted from the first of the period.
    pub fn month(&mut self, month: usize) {
        if self.months.len() <= month {
            self.months.resize(month + 1, 0);
        }
        self.months[month] += 1;
    }

    /// Remembers that a text of a column is no code, and not the text.
    pub fn unknown(&mut self, column: usize, text: &[u8]) {
        let mut hasher = DefaultHasher::new();
        match std::str::from_utf8(text) {
            Ok(text) => text.to_lowercase().hash(&mut hasher),
            Err(_) => text.hash(&mut hasher),
        }
        if self.unknown.len() <= column {
            self.unknown.resize_with(column + 1, FxHashSet::default);
        }
        bounded(&mut self.unknown[column], hasher.finish());
    }

    /// Adds what was found in another part of the file.
    pub fn merge(&mut self, other: &Notes) {
        self.row += other.row;
        for theirs in &other.matters {
            let noted = of(&mut self.matters, theirs.matter);
            noted.places.merge(&theirs.places);
            for (column, places) in &theirs.columns {
                in_column(&mut noted.columns, *column).merge(places);
            }
        }
        add(&mut self.missing, &other.missing);
        add(&mut self.months, &other.months);
        if self.unknown.len() < other.unknown.len() {
            self.unknown.resize_with(other.unknown.len(), FxHashSet::default);
        }
        for (ours, theirs) in self.unknown.iter_mut().zip(&other.unknown) {
            theirs.iter().for_each(|digest| bounded(ours, *digest));
        }
    }

    /// Adds what was found of rows that come next in the same part of the file.
    pub fn append(&mut self, other: Notes) {
        self.merge(&other);
        if let (Some(spots), Some(theirs)) = (&mut self.spots, other.spots) {
            spots.extend(theirs);
        }
    }

    /// Notes rows that are known by their lines alone.
    pub fn rows(&mut self, remark: Remark, lines: &[u64]) {
        let noted = of(&mut self.matters, Matter::Remark(remark));
        let columns = in_column(&mut noted.columns, None);
        for line in lines {
            noted.places.add(*line);
            columns.add(*line);
        }
    }

    /// What was found, matter by matter.
    pub fn matters(&self) -> impl Iterator<Item = &Noted> {
        self.matters.iter().filter(|noted| noted.places.rows > 0)
    }

    /// Empty fields of a column.
    pub fn missing_in(&self, column: usize) -> u64 {
        self.missing.get(column).copied().unwrap_or(0)
    }

    /// Rows of a month of the period.
    pub fn rows_in_month(&self, month: usize) -> u64 {
        self.months.get(month).copied().unwrap_or(0)
    }

    /// How many different texts of a column are no code; [`MAX_UNKNOWN_TEXTS`] stands for that many or more.
    pub fn different(&self, column: usize) -> u64 {
        self.unknown.get(column).map_or(0, |digests| digests.len() as u64)
    }
}

fn bounded(digests: &mut FxHashSet<u64>, digest: u64) {
    if digests.len() < MAX_UNKNOWN_TEXTS {
        digests.insert(digest);
    }
}

fn of(matters: &mut Vec<Noted>, matter: Matter) -> &mut Noted {
    let at = matters.iter().position(|noted| noted.matter == matter).unwrap_or_else(|| {
        matters.push(Noted { matter, places: Places::default(), columns: Vec::new(), last_row: 0 });
        matters.len() - 1
    });
    &mut matters[at]
}

fn in_column(columns: &mut Vec<(Option<usize>, Places)>, column: Option<usize>) -> &mut Places {
    let at = columns.iter().position(|(known, _)| *known == column).unwrap_or_else(|| {
        columns.push((column, Places::default()));
        columns.len() - 1
    });
    &mut columns[at].1
}

fn add(sums: &mut Vec<u64>, counts: &[u64]) {
    if sums.len() < counts.len() {
        sums.resize(counts.len(), 0);
    }
    sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_once_for_a_reason_and_once_in_each_column() {
        let mut notes = Notes::new(3, true);
        notes.next_row();
        notes.reason(Reason::Missing, 2, Some(0));
        notes.reason(Reason::LocalNumber(crate::token::LocalIdError::Missing), 2, Some(2));
        notes.remark(Remark::Hyphenated, 2, Some(0));
        notes.next_row();
        notes.reason(Reason::Missing, 3, Some(0));
        let mut whole = Notes::default();
        whole.merge(&notes);
        let noted: Vec<_> =
            whole.matters().map(|n| (n.matter.code(), n.places.rows, n.columns.len())).collect();
        assert_eq!(noted, [("missing", 2, 2), ("hyphenated", 1, 1)]);
        assert_eq!(notes.spots.map(|spots| spots.len()), Some(3), "a habit is no finding");
    }

    #[test]
    fn unknown_texts_are_told_apart_up_to_a_bound_without_being_kept() {
        let mut notes = Notes::new(2, false);
        for text in ["Kaffe", "kaffe", "Te", "KAFFE"] {
            notes.unknown(0, text.as_bytes());
        }
        notes.unknown(1, b"\xff");
        assert_eq!((notes.different(0), notes.different(1)), (2, 1));
        let mut whole = Notes::default();
        for part in 0..3 {
            let mut notes = Notes::new(2, false);
            (0..600).for_each(|n| notes.unknown(0, format!("{part} {n}").as_bytes()));
            whole.merge(&notes);
        }
        whole.merge(&notes);
        assert_eq!((whole.different(0), whole.different(1)), (MAX_UNKNOWN_TEXTS as u64, 1));
    }
}
