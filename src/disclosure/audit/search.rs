//! The search that leaves nothing out: tries every value of every leaf, narrowing bounds after each choice. What it
//! finishes without finding is proved not to be there.

use super::bounds::{Bounds, Conflict};
use super::leaves::{Leaves, Place};
use super::system::System;
use super::work::Work;

/// What a search came to.
pub(super) enum Outcome {
    Found(Vec<u64>),
    /// Nothing fits within the bounds it started from.
    Nothing,
    /// The work was used up first.
    Undecided,
}

/// A choice that was made, and the ranges of its leaf that have not been tried.
struct Choice {
    mark: usize,
    cell: usize,
    rest: Vec<(i64, i64)>,
}

/// Searches within `bounds`, near the value that `near` gives a leaf first. Bounds are as before when it ends.
pub(super) fn search(
    system: &System,
    leaves: &Leaves,
    bounds: &mut Bounds,
    near: &dyn Fn(usize) -> i64,
    work: &mut Work,
) -> Outcome {
    let start = bounds.mark();
    let outcome = run(system, leaves, bounds, near, work);
    bounds.undo(start);
    outcome
}

fn run(
    system: &System,
    leaves: &Leaves,
    bounds: &mut Bounds,
    near: &dyn Fn(usize) -> i64,
    work: &mut Work,
) -> Outcome {
    let mut choices: Vec<Choice> = Vec::new();
    let mut doubtful = false;
    let mut state = bounds.settle(work);
    loop {
        if !work.is_left() {
            return Outcome::Undecided;
        }
        if matches!(state, Ok(())) {
            if let Some((cell, value)) = open_leaf(leaves, bounds, near, work) {
                let (low, high) = bounds.of(cell);
                let mut rest = vec![(value.saturating_add(1), high), (low, value - 1)];
                rest.retain(|(low, high)| low <= high);
                choices.push(Choice { mark: bounds.mark(), cell, rest });
                state = choose(bounds, cell, (value, value), work);
                continue;
            }
            let found = values(leaves, bounds);
            if let Some(found) = found.filter(|found| system.fits(found)) {
                return Outcome::Found(found);
            }
            // Bounds that were not narrowed to the end, or values beyond the largest: this is no proof.
            doubtful = true;
        }
        // Back to the last choice that has something left.
        loop {
            let Some(choice) = choices.last_mut() else {
                return if doubtful { Outcome::Undecided } else { Outcome::Nothing };
            };
            bounds.undo(choice.mark);
            if let Some(range) = choice.rest.pop() {
                let cell = choice.cell;
                state = choose(bounds, cell, range, work);
                break;
            }
            choices.pop();
        }
    }
}

fn choose(bounds: &mut Bounds, cell: usize, range: (i64, i64), work: &mut Work) -> Result<(), Conflict> {
    bounds.narrow(cell, range.0, range.1)?;
    bounds.settle(work)
}

/// The leaf with the fewest values of those with more than one, and the value of it to try.
fn open_leaf(
    leaves: &Leaves,
    bounds: &Bounds,
    near: &dyn Fn(usize) -> i64,
    work: &mut Work,
) -> Option<(usize, i64)> {
    work.spend(leaves.cells.len() / 4 + 1);
    let open = leaves.cells.iter().enumerate().filter_map(|(leaf, cell)| {
        let (low, high) = bounds.of(*cell);
        (low < high).then_some((high - low, leaf))
    });
    let (_, leaf) = open.min()?;
    let cell = leaves.cells[leaf];
    let (low, high) = bounds.of(cell);
    Some((cell, near(leaf).clamp(low, high)))
}

/// Every cell's value when all leaves have one.
fn values(leaves: &Leaves, bounds: &Bounds) -> Option<Vec<u64>> {
    let of_leaves: Vec<i64> = leaves.cells.iter().map(|cell| bounds.of(*cell).0).collect();
    let sum = |line: &super::leaves::Line| line.terms.iter().map(|(leaf, by)| by * of_leaves[*leaf]).sum();
    let of_lines: Vec<i64> = leaves.lines.iter().map(sum).collect();
    debug_assert!(
        leaves.places.iter().all(|place| !matches!(place, Place::Line(at) if *at >= of_lines.len()))
    );
    leaves.cells_from(&of_leaves, &of_lines)
}
