//! Q1 reach: persons with a row in the period, in the cell of their index row.

use super::count::Found;
use super::index::Earliest;
use super::walk::Walk;

/// One person.
pub(super) fn person(walk: &Walk<'_>, person: u32, tails: &mut Vec<usize>) -> Found {
    let mut earliest = Earliest::default();
    let standing = walk.person(person, |columns, at| earliest.see(columns, at));
    tails.push(0);
    Found { index: earliest.get().map(|(_, at)| at), standing }
}
