//! The cells of a table while they are being filled.

use crate::disclosure::{Contribution, PersonSet};

/// One cell, filled by one thread; put together in the order of units.
#[derive(Clone, Default)]
pub(super) struct Tally {
    /// Units.
    pub(super) units: u64,
    /// Their persons, in no order when the unit is not a person.
    pub(super) persons: Vec<u32>,
    /// What the kernel keeps of each unit; empty when it keeps nothing.
    pub(super) values: Vec<Kept>,
    /// Parts of amounts, by unit and partner.
    pub(super) parts: Vec<Contribution>,
    /// Others than units, each once.
    pub(super) members: PersonSet,
    /// Units by position of the partner of their index row, in cells that cross partners.
    pub(super) supplied: Vec<u64>,
}

/// What a kernel keeps of a unit in a cell.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    /// The unit's family: that of the person of the index row.
    pub(super) family: u32,
    /// Position of the partner of the index row, or of the one that the kernel names.
    pub(super) source: u8,
    /// The value.
    pub(super) value: i64,
    /// The second value.
    pub(super) more: i64,
}

impl Tally {
    /// Takes in the units of another thread, which come after.
    pub(super) fn append(&mut self, mut later: Tally) {
        self.units += later.units;
        self.persons.append(&mut later.persons);
        self.values.append(&mut later.values);
        self.parts.append(&mut later.parts);
        self.members |= later.members;
        add(&mut self.supplied, &later.supplied);
    }

    /// Tells one unit by the partner of its index row.
    #[inline]
    pub(super) fn supply(&mut self, source: u8) {
        let at = usize::from(source);
        if self.supplied.len() <= at {
            self.supplied.resize(at + 1, 0);
        }
        self.supplied[at] += 1;
    }

    /// The persons, each once.
    pub(super) fn set(&self) -> PersonSet {
        // One after the other, as they come where the unit is the person.
        if self.persons.is_sorted_by(|one, next| one < next) {
            return PersonSet::from_sorted_iter(self.persons.iter().copied()).expect("it was looked at");
        }
        let mut persons = self.persons.clone();
        persons.sort_unstable();
        persons.dedup();
        PersonSet::from_sorted_iter(persons).expect("they were sorted")
    }

    /// Whether nothing was put into the cell.
    pub(super) fn is_empty(&self) -> bool {
        self.units == 0 && self.persons.is_empty() && self.parts.is_empty()
    }

    /// The first values, as contributions to a sum.
    pub(super) fn contributions(&self) -> Vec<Contribution> {
        let part =
            |kept: &Kept| Contribution { family: kept.family, source: kept.source, amount: kept.value };
        self.values.iter().map(part).collect()
    }
}

/// Adds numbers by partner.
pub(super) fn add(all: &mut Vec<u64>, more: &[u64]) {
    all.resize(all.len().max(more.len()), 0);
    all.iter_mut().zip(more).for_each(|(all, more)| *all += more);
}

/// The codes of every combination: of the dimensions, the first slowest, and then of the kernel's tails.
pub(super) fn keys(axes: &[&[String]], tails: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut keys: Vec<Vec<String>> = vec![Vec::new()];
    for codes in axes {
        let longer = |key: &Vec<String>| {
            let key = key.clone();
            codes.iter().map(move |code| [&key[..], std::slice::from_ref(code)].concat()).collect::<Vec<_>>()
        };
        keys = keys.iter().flat_map(longer).collect();
    }
    keys.iter().flat_map(|key| tails.iter().map(|tail| [&key[..], tail].concat())).collect()
}
