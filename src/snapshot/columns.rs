//! A snapshot in memory: columns, and where each person's rows stand in them.

use std::ops::Range;
use std::sync::Arc;

use super::withheld::Withheld;
use crate::clock::Day;

/// A snapshot. No `Debug`: it is everybody's rows.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Number of the snapshot.
    pub id: u32,
    /// Day of the seal.
    pub day: Day,
    /// Highest person number.
    pub persons: u32,
    /// Family of each person number, `0..=persons`: the least person number in it, 0 for a number that no row names.
    /// A loner is a family.
    pub families: Arc<[u32]>,
    /// Persons of whom rows were not kept, by dataset and source.
    pub withheld: Withheld,
    /// One a dataset of the programme, in its order. A dataset that was not asked for is empty: it has no columns, and
    /// no rows of anybody ([`super::LazySnapshot`]).
    pub datasets: Vec<Arc<Columns>>,
}

/// The rows of a dataset, sorted by person, then day.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// The rows of person `p` are `offsets[p]..offsets[p + 1]`; person 0 (anonymous rows) comes first. Its length is
    /// the highest person number plus 2.
    pub offsets: Vec<u32>,
    /// Day of the event, in days since 1970-01-01.
    pub day: Vec<i32>,
    /// Position of the partner.
    pub source: Vec<u8>,
    /// The other one of a pair, as a person number; 0 where absent.
    pub related: Option<Vec<u32>>,
    /// Case, as a number within this snapshot; 0 where absent.
    pub case: Option<Vec<u32>>,
    /// By column of the dataset: staff, as numbers within this snapshot; 0 where absent. One link has one number in
    /// every dataset and column.
    pub staff: Vec<Option<Vec<u32>>>,
    /// By column of the dataset: positions of codes, [`crate::intake::staged::MISSING_CODE`] where absent.
    pub categories: Vec<Option<Vec<u8>>>,
    /// By column of the dataset: measures in the smallest unit, [`crate::intake::staged::MISSING_MEASURE`] where
    /// absent.
    pub measures: Vec<Option<Vec<i64>>>,
}

impl Columns {
    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.day.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.day.is_empty()
    }

    /// Where the rows of a person stand; empty for a number that the snapshot does not know.
    #[must_use]
    pub fn rows(&self, person: u32) -> Range<usize> {
        let at = person as usize;
        match (self.offsets.get(at), self.offsets.get(at + 1)) {
            (Some(from), Some(to)) => *from as usize..*to as usize,
            _ => 0..0,
        }
    }

    /// The person of each row, in the order of the rows.
    pub(super) fn persons(&self) -> impl Iterator<Item = u32> {
        let runs = self.offsets.windows(2).zip(0u32..);
        runs.flat_map(|(run, person)| std::iter::repeat_n(person, (run[1] - run[0]) as usize))
    }
}
