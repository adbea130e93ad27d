//! Q24 linkage quality, the part about persons: per dataset and partner, how many persons have rows in the period, and
//! how many of those have rows of another partner too, in any dataset.
//!
//! What manifests say of rows (received, rejected, anonymous) is no count of persons, and not counted here.

use super::count::Found;
use super::index::Earliest;
use super::walk::Walk;

/// Persons at all, and those known elsewhere: a chain of two.
const PERSONS: [&str; 2] = ["all", "known-elsewhere"];

/// Counts linkage quality.
pub(super) struct Kernel<'a> {
    parts: &'a [(String, Vec<(u8, String)>)],
    /// (dataset of the plan, source) of the current person's rows.
    known: Vec<(usize, u8)>,
}

impl<'a> Kernel<'a> {
    /// A kernel for datasets, each with its partners.
    pub(super) const fn new(parts: &'a [(String, Vec<(u8, String)>)]) -> Kernel<'a> {
        Kernel { parts, known: Vec::new() }
    }

    /// Codes of the columns after the dimensions.
    pub(super) fn codes(&self) -> Vec<Vec<String>> {
        let parts = self.parts.iter().flat_map(|(dataset, partners)| {
            partners.iter().flat_map(move |(_, partner)| {
                PERSONS.map(|persons| vec![dataset.clone(), partner.clone(), persons.to_owned()])
            })
        });
        parts.collect()
    }

    /// One person.
    pub(super) fn person(&mut self, walk: &Walk<'_>, person: u32, tails: &mut Vec<usize>) -> Found {
        let mut earliest = Earliest::default();
        self.known.clear();
        let standing = walk.person(person, |columns, at| {
            earliest.see(columns, at);
            let part = (at.set, columns.source[at.row]);
            if !self.known.contains(&part) {
                self.known.push(part);
            }
        });
        let several = self.known.iter().any(|(_, source)| *source != self.known[0].1);
        let mut tail = 0;
        for (set, (_, partners)) in self.parts.iter().enumerate() {
            for (source, _) in partners {
                if self.known.contains(&(set, *source)) {
                    tails.push(tail);
                    if several {
                        tails.push(tail + 1);
                    }
                }
                tail += PERSONS.len();
            }
        }
        Found { index: earliest.get().map(|(_, at)| at), standing }
    }
}
