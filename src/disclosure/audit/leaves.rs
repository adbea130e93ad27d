//! The cells that are free, and every other one as a sum of them.
//!
//! A table with all its margins has many cells and few free ones. Over the free ones all sums hold by themselves, and
//! what is left to keep are bounds.

use super::system::{OPEN, System, merge};
use crate::limits::{MAX_AUDIT_TERMS, MAX_AUDIT_WEIGHT};

/// What stands for a cell.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// It is free: a position among the leaves.
    Leaf(usize),
    /// It is a sum of leaves: a position among the lines.
    Line(usize),
}

/// A weighted sum of leaves that is kept within bounds.
pub(super) struct Line {
    /// By leaf.
    pub terms: Vec<(usize, i64)>,
    pub held: Held,
}

/// What a line is kept within.
#[derive(Clone, Copy)]
pub(super) enum Held {
    /// The bounds of the cell that it stands for.
    Cell(usize),
    /// These; the upper one may be [`OPEN`].
    Within(i64, i64),
}

/// A system over its leaves.
pub(super) struct Leaves {
    /// The cells that are free.
    pub cells: Vec<usize>,
    /// By cell.
    pub places: Vec<Place>,
    pub lines: Vec<Line>,
}

impl Leaves {
    pub fn new(system: &System) -> Self {
        let mut definition: Vec<Option<usize>> = vec![None; system.cells()];
        for (at, row) in system.rows().iter().enumerate() {
            if let Some(whole) = row.whole {
                definition[whole] = definition[whole].or(Some(at));
            }
        }
        let order = drop_circles(system, &mut definition);
        // Cells in terms of free cells. One that would become too long stays free, and its row a row.
        let mut expanded: Vec<Option<Vec<(usize, i64)>>> = vec![None; system.cells()];
        let mut room = MAX_AUDIT_TERMS;
        for cell in order {
            let Some(row) = definition[cell] else { continue };
            let terms = &system.rows()[row].terms;
            let parts: Vec<_> = terms.iter().copied().filter(|(at, _)| *at != cell).collect();
            expanded[cell] = expand(&parts, &expanded, room);
            match &expanded[cell] {
                Some(terms) => room -= terms.len(),
                None => definition[cell] = None,
            }
        }
        let mut leaves = Self { cells: Vec::new(), places: Vec::new(), lines: Vec::new() };
        let mut place = vec![0; system.cells()];
        for (cell, expanded) in expanded.iter().enumerate() {
            if expanded.is_none() {
                place[cell] = leaves.cells.len();
                leaves.cells.push(cell);
            }
        }
        let over_leaves =
            |terms: &[(usize, i64)]| terms.iter().map(|(cell, by)| (place[*cell], *by)).collect();
        for (cell, expanded) in expanded.iter().enumerate() {
            leaves.places.push(match expanded {
                None => Place::Leaf(place[cell]),
                Some(terms) => {
                    leaves.lines.push(Line { terms: over_leaves(terms), held: Held::Cell(cell) });
                    Place::Line(leaves.lines.len() - 1)
                }
            });
        }
        for (at, row) in system.rows().iter().enumerate() {
            if row.whole.is_some_and(|whole| definition[whole] == Some(at)) {
                continue;
            }
            // Too long over leaves: over the cells that it names, it cannot be told; exhibits are checked by all rows.
            let Some(terms) = expand(&row.terms, &expanded, room) else { continue };
            room -= terms.len();
            if terms.is_empty() && row.low <= 0 && row.high >= 0 {
                continue;
            }
            leaves.lines.push(Line { terms: over_leaves(&terms), held: Held::Within(row.low, row.high) });
        }
        leaves
    }

    /// Every cell's value from the leaves' values and the lines' sums; `None` when one is no count.
    pub fn cells_from(&self, leaves: &[i64], lines: &[i64]) -> Option<Vec<u64>> {
        let value = |place: &Place| match place {
            Place::Leaf(at) => u64::try_from(leaves[*at]).ok(),
            Place::Line(at) => u64::try_from(lines[*at]).ok(),
        };
        self.places.iter().map(value).collect()
    }
}

impl Held {
    /// The bounds, by those of the cells.
    pub fn bounds(self, of_cell: impl Fn(usize) -> (i64, i64)) -> (i64, i64) {
        match self {
            Self::Cell(cell) => of_cell(cell),
            Self::Within(low, high) => (low, if high == OPEN { OPEN } else { high }),
        }
    }
}

/// Removes definitions that go round in circles; gives the cells in an order in which parts stand before wholes.
fn drop_circles(system: &System, definition: &mut [Option<usize>]) -> Vec<usize> {
    let mut missing = vec![0_usize; definition.len()];
    let mut wholes: Vec<Vec<usize>> = vec![Vec::new(); definition.len()];
    for (cell, row) in definition.iter().enumerate() {
        let Some(row) = row else { continue };
        for (part, _) in system.rows()[*row].terms.iter().filter(|(part, _)| *part != cell) {
            missing[cell] += 1;
            wholes[*part].push(cell);
        }
    }
    let mut order: Vec<usize> = (0..definition.len()).filter(|cell| missing[*cell] == 0).collect();
    let mut at = 0;
    while let Some(cell) = order.get(at).copied() {
        at += 1;
        for whole in &wholes[cell] {
            missing[*whole] -= 1;
            if missing[*whole] == 0 {
                order.push(*whole);
            }
        }
    }
    for (cell, missing) in missing.iter().enumerate() {
        if *missing > 0 {
            definition[cell] = None;
        }
    }
    order
}

/// Terms with every cell that is a sum replaced by it; `None` when that is longer or heavier than is reckoned with.
fn expand(
    terms: &[(usize, i64)],
    expanded: &[Option<Vec<(usize, i64)>>],
    room: usize,
) -> Option<Vec<(usize, i64)>> {
    let mut sum: Vec<(usize, i64)> = Vec::new();
    let mut weight = 0_usize;
    for (cell, by) in terms {
        let one = [(*cell, 1)];
        let of_cell = expanded[*cell].as_deref().unwrap_or(&one);
        for (leaf, times) in of_cell {
            let product = by.checked_mul(*times)?;
            weight = weight.checked_add(usize::try_from(product.unsigned_abs()).ok()?)?;
            if weight > MAX_AUDIT_WEIGHT || sum.len() >= room {
                return None;
            }
            sum.push((*leaf, product));
        }
    }
    merge(&mut sum);
    Some(sum)
}
