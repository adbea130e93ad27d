//! The one function that turns unprotected cells into an answer, and the one type that may leave.

use std::collections::{HashMap, HashSet};

use serde::{Serialize, Serializer};

use super::dimensions::Dimensions;
use super::entry::Entry;
use super::ledger::{Draft, Ledger, Settled};
use super::period::EndedPeriod;
use super::rate::rate;
use super::rules::{RULES_VERSION, Rules};
use super::shown::{Shown, Value};
use super::table::{Row, Table};
use super::tabulation::{PersonSet, Shape, Tabulation};
use super::{explanation, rounding, threshold, total};

/// A value that went through the rules and whose ledger entries are durable. Only this room can build one:
///
/// ```compile_fail
/// let forged = kobling::disclosure::Released(17);
/// ```
///
/// and a tabulation cannot be printed on the way:
///
/// ```compile_fail
/// fn log(tabulation: &kobling::disclosure::Tabulation) -> String {
///     format!("{tabulation:?}")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released<T>(T);

impl<T> Released<T> {
    /// What was released.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.0
    }

    /// What was released, by value.
    #[must_use]
    pub fn into_value(self) -> T {
        self.0
    }
}

impl<T: Serialize> Serialize for Released<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// What the rules need to know of a question besides its cells.
#[derive(Clone, Debug)]
pub struct ReleaseContext {
    /// One text for one question: its id, population, dimensions, filters and period; neither the snapshot nor the
    /// moment. Two askings with the same key are the same question to R8.
    pub question_key: String,
    /// The snapshot that was counted.
    pub snapshot: u32,
    /// R6, checked.
    pub dimensions: Dimensions,
    /// R7, checked.
    pub period: EndedPeriod,
}

/// Why a tabulation is refused: it is malformed in a way that its counts have no part in. A fault of the kernel.
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
    /// The step column does not exist.
    #[error("the tabulation is a chain over column {step_column}, which does not exist")]
    StepColumn {
        /// The index given.
        step_column: usize,
    },
}

/// A protected answer that may not leave yet: [`Ledger::commit`] makes its entries durable first. It shows nothing.
#[must_use = "an answer leaves by `Ledger::commit`"]
pub struct Pending {
    base: u64,
    entries: Vec<Entry>,
    table: Table,
}

impl Pending {
    /// The ledger entries that must be durable before the answer leaves; none when all of it was shown before.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The ledger's next number when the answer was made.
    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    /// For [`Ledger::commit`] alone: the entries, and the answer as released.
    pub(super) fn into_parts(self) -> (Vec<Entry>, Released<Table>) {
        (self.entries, Released(self.table))
    }
}

/// Puts a tabulation under the rules, in this order:
///
/// 1. R6, R7: checked before, by the evidence in the context.
/// 2. A structural zero is shown as 0, whatever stands in it.
/// 3. R1, R2: few persons or few families hide both counts. R3: else both are rounded.
/// 4. R8, R9: each cell against everything released before, the cells before it in this answer included; it keeps the
///    earlier value where there is one. The persons left out are settled last, as a cell.
/// 5. R5: totals of what is now shown. R4: rates of what is now shown.
/// 6. R15: reasons, largest error, coarser questions, from the shape and the rules.
///
/// From step 5 on nothing but shown values is read.
///
/// # Errors
/// [`ReleaseError`] when the tabulation is malformed; never for what it counts.
pub fn release(
    tabulation: Tabulation,
    context: &ReleaseContext,
    rules: &Rules,
    ledger: &Ledger,
) -> Result<Pending, ReleaseError> {
    check_form(&tabulation)?;
    let Tabulation { shape, columns, cells, left_out, left_out_families } = tabulation;

    let mut draft = Draft::new(ledger, rules.held(), &context.question_key, context.snapshot);
    let mut settle = |cell_key: String, persons: PersonSet, families: u64| {
        let own = own_value(&persons, families, rules);
        draft.settle(cell_key, persons, own)
    };
    let mut keys = Vec::with_capacity(cells.len());
    let mut settled = Vec::with_capacity(cells.len());
    for cell in cells {
        settled.push(if cell.structural_zero {
            None
        } else {
            Some(settle(cell_text(&cell.key), cell.contributors, cell.families))
        });
        keys.push(cell.key);
    }
    let left_out = settle(LEFT_OUT.to_owned(), left_out, left_out_families).value.persons();

    let mut rows: Vec<Row> = keys.into_iter().zip(settled).map(|(key, cell)| row(key, cell)).collect();
    let max_error = explanation::max_error(rules);
    let totals = match shape {
        Shape::Partition => {
            let totals = total::totals(rows.iter().map(value), max_error);
            for row in &mut rows {
                row.share = Some(rate(row.persons, totals.persons, rules));
            }
            Some(totals)
        }
        Shape::Chain { step_column } => {
            chain_rates(&mut rows, step_column, rules);
            None
        }
        Shape::Overlap => None,
    };

    let table = Table {
        columns,
        rows,
        totals,
        left_out,
        max_error,
        rules: RULES_VERSION,
        snapshot: context.snapshot,
        reasons: explanation::reasons(shape),
        coarser: explanation::coarser(&context.dimensions),
    };
    Ok(Pending { base: ledger.next_seq(), entries: draft.into_entries(), table })
}

/// The ledger's name for the persons left out: no cell has it, because those are written as JSON lists.
const LEFT_OUT: &str = "left out";

/// The ledger's name for a cell: its codes as a JSON list, so that no two keys have one name.
fn cell_text(key: &[String]) -> String {
    serde_json::to_string(key).expect("a list of texts is JSON")
}

/// What a cell shows by itself: R1 and R2, then R3.
fn own_value(contributors: &PersonSet, families: u64, rules: &Rules) -> Value {
    let persons = contributors.len();
    if !threshold::may_be_shown(persons, families, rules) {
        return Value::Hidden;
    }
    Value::Counts {
        persons: rounding::rounded(persons, rules.rounding()),
        families: rounding::rounded(families, rules.rounding()),
    }
}

/// The row of a settled cell; of a structural zero when there is none.
fn row(key: Vec<String>, settled: Option<Settled>) -> Row {
    let (value, snapshot) = match settled {
        None => (Value::Counts { persons: 0, families: 0 }, None),
        Some(Settled { value: Value::Hidden, .. }) => (Value::Hidden, None),
        Some(Settled { value, snapshot }) => (value, Some(snapshot)),
    };
    Row {
        key,
        persons: value.persons(),
        families: value.families(),
        snapshot,
        share: None,
        step_rate: None,
        cumulative_rate: None,
    }
}

/// What a row shows.
fn value(row: &Row) -> Value {
    match (row.persons, row.families) {
        (Shown::Count(persons), Shown::Count(families)) => Value::Counts { persons, families },
        _ => Value::Hidden,
    }
}

/// Rates of each step of each chain, from the second on.
fn chain_rates(rows: &mut [Row], step_column: usize, rules: &Rules) {
    let mut chains: HashMap<Vec<String>, (Shown, Shown)> = HashMap::new();
    for row in rows {
        let mut group = row.key.clone();
        group.remove(step_column);
        match chains.get_mut(&group) {
            None => {
                chains.insert(group, (row.persons, row.persons));
            }
            Some((first, before)) => {
                row.step_rate = Some(rate(row.persons, *before, rules));
                row.cumulative_rate = Some(rate(row.persons, *first, rules));
                *before = row.persons;
            }
        }
    }
}

/// The form of a tabulation. What its shape says of its sets is held in debug builds: there it is a fault of the
/// kernel that a test must find; a refusal in service would be decided by hidden sets.
fn check_form(tabulation: &Tabulation) -> Result<(), ReleaseError> {
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
    }
    debug_assert!(sets_fit_shape(tabulation), "the kernel's sets do not fit the shape it gives");
    Ok(())
}

/// Whether partition cells are disjoint and chain steps nested.
fn sets_fit_shape(tabulation: &Tabulation) -> bool {
    let cells = &tabulation.cells;
    match tabulation.shape {
        Shape::Overlap => true,
        Shape::Partition => {
            let mut all = PersonSet::new();
            cells.iter().all(|cell| {
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

#[cfg(test)]
#[path = "release_tests.rs"]
pub(super) mod tests;
