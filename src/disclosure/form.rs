//! What a tabulation must be like before any rule looks at it.

use std::collections::{HashMap, HashSet};

use super::ledger::LedgerError;
use super::tabulation::{Counted, PersonSet, Shape, Tabulation};

/// Why a tabulation is refused: it is malformed in a way that its counts have no part in (a fault of the kernel), or
/// the ledger cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// A key with another number of codes than there are columns.
    #[error("cell {cell} of the tabulation has {codes} codes for {columns} columns")]
    Key {
        /// Position of the cell, from 0.
        cell: usize,
        /// Codes in its key.
        codes: usize,
        /// Key columns.
        columns: usize,
    },
    /// Two cells with the same key.
    #[error("cell {cell} of the tabulation has the key of an earlier cell")]
    Repeated {
        /// Position of the second one, from 0.
        cell: usize,
    },
    /// A cell is a part of one that does not exist, or has an extra that the tabulation does not describe, or a
    /// difference or response names a cell that does not exist.
    #[error("cell {cell} of the tabulation names a cell or a measure that is not there")]
    Reference {
        /// Position of the cell, from 0.
        cell: usize,
    },
    /// The step column does not exist.
    #[error("the tabulation is a chain over column {step_column}, which does not exist")]
    StepColumn {
        /// The index given.
        step_column: usize,
    },
    /// The release ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The form of a tabulation. What its shape says of its sets is held in debug builds: there it is a fault of the
/// kernel that a test must find; a refusal in service would be decided by hidden sets.
pub(super) fn check_form(tabulation: &Tabulation) -> Result<(), ReleaseError> {
    let columns = tabulation.columns.len();
    if let Shape::Chain { step_column } = tabulation.shape
        && step_column >= columns
    {
        return Err(ReleaseError::StepColumn { step_column });
    }
    let mut seen = HashSet::new();
    for (cell, raw) in tabulation.cells.iter().enumerate() {
        if raw.key.len() != columns {
            return Err(ReleaseError::Key { cell, codes: raw.key.len(), columns });
        }
        if !seen.insert(&raw.key) {
            return Err(ReleaseError::Repeated { cell });
        }
        let astray = raw.of.is_some_and(|whole| whole >= tabulation.cells.len());
        if astray || (raw.extra.is_some() && tabulation.extra.is_none()) {
            return Err(ReleaseError::Reference { cell });
        }
    }
    let named = tabulation.differences.iter().flat_map(|(one, other)| [one, other]);
    let of_response = tabulation.response.iter().flat_map(|(answered, asked)| answered.iter().chain(asked));
    if let Some(cell) = named.chain(of_response).find(|cell| **cell >= tabulation.cells.len()) {
        return Err(ReleaseError::Reference { cell: *cell });
    }
    debug_assert!(sets_fit_shape(tabulation), "the kernel's sets do not fit the shape it gives");
    Ok(())
}

/// Whether partition cells are disjoint and chain steps nested.
fn sets_fit_shape(tabulation: &Tabulation) -> bool {
    let cells = &tabulation.cells;
    match tabulation.shape {
        Shape::Overlap => true,
        Shape::Parts => cells
            .iter()
            .all(|cell| cell.of.is_none_or(|whole| cell.contributors.is_subset(&cells[whole].contributors))),
        Shape::Partition => {
            // Other units than persons may share persons.
            let mut all = PersonSet::new();
            cells.iter().filter(|cell| cell.counted == Counted::Person).all(|cell| {
                let apart = all.is_disjoint(&cell.contributors);
                all |= &cell.contributors;
                apart
            })
        }
        Shape::Chain { step_column } => {
            let mut before: HashMap<Vec<&String>, &PersonSet> = HashMap::new();
            cells.iter().all(|cell| {
                let group = cell
                    .key
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| *at != step_column)
                    .map(|(_, k)| k)
                    .collect();
                before.insert(group, &cell.contributors).is_none_or(|step| cell.contributors.is_subset(step))
            })
        }
    }
}
