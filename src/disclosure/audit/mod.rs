//! R5's audit: whether every hidden cell keeps enough possible values for somebody who reckons with everything shown.
//!
//! In goes a [`System`]: cells with the bounds that a reader knows, and the sums that they keep. Out comes a [`Verdict`].
//! Outer bounds are proved by interval arithmetic (`bounds`). A value counts as possible only when a whole-number
//! assignment of all cells has been found that has it, and that was held against every bound and row (`exhibit`): by a
//! walk (`walk`), else by a search that leaves nothing out (`search`). What neither decides within a fixed number of
//! steps (`work`) counts as not possible. See decision 7.
//!
//! Must never: see a true count, ask the time or for randomness, decide by a clock. Callers: `disclosure` alone, and its
//! benchmark.

mod bounds;
mod exhibit;
mod leaves;
mod search;
mod system;
mod walk;
mod work;

pub use system::System;

use exhibit::{Exhibits, Without};
use leaves::Leaves;

/// What an audit came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every hidden cell can have so many different values as were asked for, 0 among them.
    Safe,
    /// These hidden cells, by position and ascending, cannot, or it could not be shown.
    Narrow(Vec<usize>),
    /// No assignment fits: that is proved.
    Contradiction,
}

impl Verdict {
    fn narrow(cells: Vec<usize>) -> Self {
        if cells.is_empty() { Self::Safe } else { Self::Narrow(cells) }
    }
}

/// Audits `system`: each cell of `hidden` must be able to have at least `least` different whole-number values, 0 among
/// them, in assignments of all cells that keep every bound and row.
///
/// `progress` is told, after each hidden cell, how many are done and how many there are. The verdict depends on
/// `system`, `hidden` and `least` alone: work is counted in steps.
pub fn audit(
    system: &System,
    hidden: &[usize],
    least: u64,
    progress: &mut dyn FnMut(usize, usize),
) -> Verdict {
    let mut hidden = hidden.to_vec();
    hidden.sort_unstable();
    hidden.dedup();
    if system.unreadable() {
        return Verdict::narrow(hidden);
    }
    let mut narrow: Vec<usize> = hidden.iter().copied().filter(|cell| *cell >= system.cells()).collect();
    let parts = system.parts();
    let leaves: Vec<Leaves> = parts.iter().map(|(part, _)| Leaves::new(part)).collect();
    let mut exhibits = Vec::new();
    let mut undecided = false;
    for ((part, cells), leaves) in parts.iter().zip(&leaves) {
        let inside = (0..cells.len()).filter(|at| hidden.binary_search(&cells[*at]).is_ok()).collect();
        match Exhibits::new(part, leaves, inside, least) {
            Ok(one) => exhibits.push((one, cells)),
            Err(Without::Contradiction) => return Verdict::Contradiction,
            Err(Without::Undecided) => undecided = true,
        }
    }
    // An assignment is one of all cells: without an exhibit of one part there is none of any.
    if undecided {
        return Verdict::narrow(hidden);
    }
    let mut done = narrow.len();
    for (mut part, cells) in exhibits {
        for at in 0..part.hidden().len() {
            if !part.wide(at) {
                narrow.push(cells[part.hidden()[at]]);
            }
            done += 1;
            progress(done, hidden.len());
        }
    }
    narrow.sort_unstable();
    Verdict::narrow(narrow)
}

#[cfg(test)]
mod tests;
