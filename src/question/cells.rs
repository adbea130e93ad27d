//! The cells of a table while they are being filled.

use super::axis::Axis;
use crate::disclosure::{PersonSet, RawCell};
use crate::snapshot::Snapshot;

/// The cells of every combination of codes: of the dimensions, the first slowest, and then of what the kernel adds.
pub(super) struct Cells {
    keys: Vec<Vec<String>>,
    tails: usize,
    /// Persons of each cell in ascending order, because the pass is.
    persons: Vec<Vec<u32>>,
}

impl Cells {
    /// Empty cells. `tails` are the codes of the columns after the dimensions, in the order in which they are shown.
    pub(super) fn new(axes: &[Axis], tails: &[Vec<String>]) -> Cells {
        let mut keys: Vec<Vec<String>> = vec![Vec::new()];
        for axis in axes {
            let longer = |key: &Vec<String>| {
                let key = key.clone();
                axis.codes
                    .iter()
                    .map(move |code| [&key[..], std::slice::from_ref(code)].concat())
                    .collect::<Vec<_>>()
            };
            keys = keys.iter().flat_map(longer).collect();
        }
        let keys = keys
            .iter()
            .flat_map(|key| tails.iter().map(|tail| [&key[..], tail].concat()))
            .collect::<Vec<_>>();
        Cells { persons: vec![Vec::new(); keys.len()], keys, tails: tails.len() }
    }

    /// Puts a person into the cell of a group (its place in the order of the dimensions) and a tail. Persons come in
    /// ascending order.
    pub(super) fn put(&mut self, group: usize, tail: usize, person: u32) {
        self.persons[group * self.tails + tail].push(person);
    }

    /// The cells, with the distinct families of each.
    pub(super) fn finish(self, snapshot: &Snapshot) -> Vec<RawCell> {
        let cells = self.keys.into_iter().zip(self.persons);
        cells
            .map(|(key, persons)| {
                let families = families(snapshot, &persons);
                RawCell { key, contributors: set(&persons), families, structural_zero: false }
            })
            .collect()
    }
}

/// The set of persons in ascending order.
pub(super) fn set(persons: &[u32]) -> PersonSet {
    PersonSet::from_sorted_iter(persons.iter().copied()).expect("the pass over persons is in ascending order")
}

/// Distinct families of some persons.
pub(super) fn families(snapshot: &Snapshot, persons: &[u32]) -> u64 {
    let mut families = persons.iter().map(|person| snapshot.families[*person as usize]).collect::<Vec<_>>();
    families.sort_unstable();
    families.dedup();
    families.len() as u64
}
