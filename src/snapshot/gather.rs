//! What a seal learns from all rows before it writes the first: families, who is known where, and the numbers of cases
//! and staff.

use super::record::{self, Record};
use super::sort;
use crate::linkage::family::Families;
use crate::linkage::quality::KnownAt;

/// Gathers from sorted runs, in any order of them: the outcome does not depend on it.
pub(super) struct Gather {
    families: Families,
    known: KnownAt,
    cases: FirstMet,
    staff: FirstMet,
}

/// What was gathered.
pub(super) struct Gathered {
    /// Family of each person number.
    pub(super) families: Vec<u32>,
    /// Which partner each person has rows of.
    pub(super) known: KnownAt,
    /// Number of each provisional case; 0 stays 0.
    pub(super) cases: Vec<u32>,
    /// Number of each provisional member of staff.
    pub(super) staff: Vec<u32>,
}

impl Gather {
    /// Nothing yet, of person numbers up to `persons` and so many provisional cases and staff.
    pub(super) fn new(persons: u32, cases: u32, staff: u32) -> Gather {
        Gather {
            families: Families::new(persons, cases),
            known: KnownAt::new(persons),
            cases: FirstMet::new(cases),
            staff: FirstMet::new(staff),
        }
    }

    /// Takes a run of the dataset at a position: its sorted records, and the keys that say where each of them stood
    /// behind `first`, the first of the run in the order of the uploads.
    pub(super) fn take(
        &mut self,
        (dataset, record): (usize, &Record),
        first: u32,
        sorted: &[u8],
        keys: &[u64],
    ) {
        for (row, key) in sorted.chunks_exact(record.width()).zip(keys) {
            let number = |at: Option<usize>| at.map_or(0, |at| record::number(row, at));
            let (person, case) = (record::person(row), number(record.case));
            self.families.row(person, number(record.related), case);
            self.known.row(person, record::source(row));
            let place = |column| Place {
                dataset,
                person,
                day: record::sortable_day(row),
                row: first + sort::position(*key),
                column,
            };
            if case != 0 {
                self.cases.meet(case, &place(0));
            }
            for (column, at) in record.staff.iter().enumerate() {
                match record::number(row, *at) {
                    0 => {}
                    staff => self.staff.meet(staff, &place(column)),
                }
            }
        }
    }

    /// When all runs are taken.
    pub(super) fn finish(self) -> Gathered {
        Gathered {
            families: self.families.finish(),
            known: self.known,
            cases: self.cases.numbers(),
            staff: self.staff.numbers(),
        }
    }
}

/// Where the sorted rows of all datasets meet a number: compared from the first part to the last.
struct Place {
    dataset: usize,
    person: u32,
    day: u32,
    row: u32,
    column: usize,
}

impl Place {
    /// As one number. A programme has far fewer datasets and columns than 65,536 (`limits`).
    const fn key(&self) -> u128 {
        let (dataset, column) = (self.dataset as u128, self.column as u128);
        dataset << 112
            | (self.person as u128) << 80
            | (self.day as u128) << 48
            | (self.row as u128) << 16
            | column
    }
}

/// Where each provisional number is met first.
struct FirstMet(Vec<u128>);

impl FirstMet {
    fn new(highest: u32) -> FirstMet {
        FirstMet(vec![u128::MAX; highest as usize + 1])
    }

    fn meet(&mut self, number: u32, place: &Place) {
        let first = &mut self.0[number as usize];
        *first = place.key().min(*first);
    }

    /// Dense numbers in the order in which the sorted rows meet them: by persons in random order, not by arrival.
    fn numbers(self) -> Vec<u32> {
        let mut order: Vec<(u128, u32)> = self.0.into_iter().zip(0..).skip(1).collect();
        order.sort_unstable();
        let mut numbers = vec![0; order.len() + 1];
        for ((_, provisional), number) in order.into_iter().zip(1..) {
            numbers[provisional as usize] = number;
        }
        numbers
    }
}
