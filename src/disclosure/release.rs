//! The one function that turns unprotected cells into an answer, and the one type that may leave.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use serde::{Serialize, Serializer};

use super::dimensions::Dimensions;
use super::entry::Entry as LedgerEntry;
use super::figure::{Figure, Head};
use super::ledger::{Draft, Ledger, LedgerError, Settled};
use super::period::EndedPeriod;
use super::rate::rate;
use super::rules::{RULES_VERSION, Rules};
use super::shown::{Shown, Value};
use super::switches::Rule;
use super::table::{Row, Table};
use super::tabulation::{Counted, Extra, PersonSet, RawCell, Shape, Tabulation};
use super::{explanation, extra, interval, rounding, threshold, total};

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

impl Released<Table> {
    /// Another table made of this one: arithmetic on shown values, which tells no more than they do. For plans alone,
    /// whose functions get nothing but the shown table; the ledger's entries remain those of this one.
    pub(crate) fn derive(self, derive: impl FnOnce(Table) -> Table) -> Released<Table> {
        Released(derive(self.0))
    }
}

impl<T> Released<T> {
    /// For the rules of this room alone: something made of what may leave.
    pub(super) const fn of(value: T) -> Released<T> {
        Released(value)
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

/// A protected answer that may not leave yet: [`Ledger::commit`] makes its entries durable first. It shows nothing.
#[must_use = "an answer leaves by `Ledger::commit`"]
pub struct Pending {
    base: u64,
    entries: Vec<LedgerEntry>,
    table: Table,
}

impl Pending {
    /// The ledger entries that must be durable before the answer leaves; none when all of it was shown before.
    #[must_use]
    pub fn entries(&self) -> &[LedgerEntry] {
        &self.entries
    }

    /// The ledger's next number when the answer was made.
    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    /// For [`Ledger::commit`] alone: the entries, and the answer as released.
    pub(super) fn into_parts(self) -> (Vec<LedgerEntry>, Released<Table>) {
        (self.entries, Released(self.table))
    }
}

/// Puts a tabulation under the rules, in this order:
///
/// 1. R6, R7: checked before, by the evidence in the context.
/// 2. A structural zero is shown as 0, whatever stands in it.
/// 3. R1, R2: few persons or few families hide both counts. R3: else both are rounded.
/// 4. R8, R9: each cell against everything released before, the cells before it in this answer included; it keeps the
///    earlier value where there is one.
/// 5. R11 to R14: sums, means, medians and curves, each hidden or rounded, then held like a count (step 4), under a
///    measure of their own. The persons left out are settled last, as a cell.
/// 6. R5: totals of what is now shown. R4: rates of what is now shown, and intervals that hold for every true count
///    within the largest error of the shown ones.
/// 7. R15: reasons, largest error, coarser questions, from the shape and the rules.
///
/// From step 6 on nothing but shown values is read.
///
/// # Errors
/// [`ReleaseError`] when the tabulation is malformed or the ledger unreadable; never for what is counted.
pub fn release(
    tabulation: Tabulation,
    context: &ReleaseContext,
    rules: &Rules,
    ledger: &Ledger,
) -> Result<Pending, ReleaseError> {
    check_form(&tabulation)?;
    let Tabulation {
        shape, columns, cells, extra, differences, response, left_out, left_out_families, ..
    } = tabulation;

    let mut draft = Draft::new(ledger, rules.held(), &context.question_key, context.snapshot);
    if !rules.applies(Rule::R9) {
        draft.forget_other_snapshots();
    }
    let mut settled = Vec::with_capacity(cells.len());
    for cell in &cells {
        settled.push((!cell.structural_zero).then(|| {
            let own = own_value(cell.contributors.len(), cell.units, cell.families, rules);
            // Beside figures a name is theirs: a count under it would be held against no other count.
            let measure = match (&cell.measure, &extra) {
                (Some(name), None) => name,
                _ => cell.counted.word(),
            };
            draft.settle(measure, cell_text(&cell.key), cell.contributors.clone(), own)
        }));
    }
    let mut extras = Vec::with_capacity(cells.len());
    for cell in &cells {
        extras.push(match (&cell.extra, &extra) {
            (Some(of), Some(head)) => {
                let own = extra::own(of, cell, head, rules);
                let set = cell.contributors.clone();
                let measure = cell.measure.as_ref().unwrap_or(&head.measure);
                Some(draft.settle(measure, cell_text(&cell.key), set, own).value)
            }
            _ => None,
        });
    }
    let own = own_value(left_out.len(), left_out.len(), left_out_families, rules);
    let left_out = draft.settle(Counted::Person.word(), LEFT_OUT.to_owned(), left_out, own).value.count(0);
    if !rules.applies(Rule::R2) {
        show_empty_cells(&cells, &mut settled);
    }

    // From here on nothing but shown values is read.
    let max_error = explanation::max_error(rules);
    let shown: Vec<Shown> = settled
        .iter()
        .map(|cell| cell.as_ref().map_or(Shown::Count(0), |settled| settled.value.count(0)))
        .collect();
    let mut heads = vec![Head::of("count"), Head::of("families")];
    let mut rows: Vec<Row> = cells.iter().zip(&settled).map(|(cell, settled)| row(cell, settled)).collect();
    let totals = match shape {
        Shape::Partition => {
            let values: Vec<Value> = settled
                .iter()
                .map(|cell| {
                    cell.as_ref().map_or_else(|| Value::counts(0, 0), |settled| settled.value.clone())
                })
                .collect();
            let totals = total::totals(values.iter(), max_error);
            let of_total = |at: usize| Some(Figure::Rate(rate(shown[at], totals.count, rules)));
            add(&mut heads, &mut rows, Head::of("share"), of_total);
            Some(totals)
        }
        Shape::Chain { step_column } => {
            let (before, first) = chains(&cells, step_column);
            let of = |whole: &[Option<usize>], at: usize| {
                whole[at].map(|whole| Figure::Rate(rate(shown[at], shown[whole], rules)))
            };
            add(&mut heads, &mut rows, Head::of("step_rate"), |at| of(&before, at));
            add(&mut heads, &mut rows, Head::of("cumulative_rate"), |at| of(&first, at));
            None
        }
        // A curve has its own rate and interval.
        Shape::Parts if !matches!(extra_of(&cells), Some(Extra::Incidence(_) | Extra::Rate { .. })) => {
            let part = |at: usize| cells[at].of.map(|whole| (shown[at], shown[whole]));
            let share = |at| part(at).map(|(part, whole)| Figure::Rate(rate(part, whole, rules)));
            add(&mut heads, &mut rows, Head::of("rate"), share);
            let interval = |at| part(at).map(|(part, whole)| interval::share(part, whole, max_error));
            add(&mut heads, &mut rows, Head::of("interval"), interval);
            if !differences.is_empty() {
                let difference = |at| {
                    let (_, other) = differences.iter().find(|(one, _)| *one == at)?;
                    Some(interval::difference(part(at)?, part(*other)?, max_error))
                };
                add(&mut heads, &mut rows, Head::of("difference"), difference);
            }
            None
        }
        Shape::Parts | Shape::Overlap => None,
    };
    if let (Some(kind), Some(head)) = (extra_of(&cells), &extra) {
        heads.extend(extra::heads(kind, head));
        for (at, (row, cell)) in rows.iter_mut().zip(&cells).enumerate() {
            let whole = cell.of.map_or(Shown::Hidden, |whole| shown[whole]);
            match (&cell.extra, &extras[at]) {
                (Some(of), Some(value)) => {
                    let figures = extra::figures(of, value, (shown[at], whole), head, rules);
                    row.figures.extend(figures.into_iter().map(Some));
                }
                _ => row.figures.resize(heads.len(), None),
            }
        }
    }
    let sum = |cells: &[usize]| total::sum(cells.iter().map(|at| shown[*at]));
    let response = response.map(|(answered, asked)| rate(sum(&answered), sum(&asked), rules));

    let table = Table {
        reasons: explanation::reasons(shape, extra_of(&cells)),
        columns,
        figures: heads,
        rows,
        totals,
        left_out,
        response,
        max_error,
        rules: RULES_VERSION,
        snapshot: context.snapshot,
        coarser: explanation::coarser(&context.dimensions),
    };
    Ok(Pending { base: ledger.next_seq(), entries: draft.into_entries()?, table })
}

/// The ledger's name for the persons left out: no cell has it, because those are written as JSON lists.
const LEFT_OUT: &str = "left out";

/// The ledger's name for a cell: its codes as a JSON list, so that no two keys have one name.
fn cell_text(key: &[String]) -> String {
    serde_json::to_string(key).expect("a list of texts is JSON")
}

/// What a cell shows by itself: R1 and R2, then R3. Where other units than persons are counted, they too must be enough.
fn own_value(persons: u64, units: u64, families: u64, rules: &Rules) -> Value {
    if !threshold::may_be_shown(persons.min(units), families, rules) {
        return Value::Hidden;
    }
    Value::counts(rounding::rounded(units, rules.rounding()), rounding::rounded(families, rules.rounding()))
}

/// R2 switched off: a hidden cell that nobody is in reads 0, and the others do not.
fn show_empty_cells(cells: &[RawCell], settled: &mut [Option<Settled>]) {
    for (cell, settled) in cells.iter().zip(settled) {
        if let Some(settled) = settled.as_mut().filter(|settled| settled.value.is_hidden())
            && cell.contributors.is_empty()
        {
            settled.value = Value::counts(0, 0);
        }
    }
}

/// The kind of the extras of some cells, by the first that has one.
fn extra_of(cells: &[RawCell]) -> Option<&Extra> {
    cells.iter().find_map(|cell| cell.extra.as_ref())
}

/// The row of a settled cell; of a structural zero when there is none.
fn row(cell: &RawCell, settled: &Option<Settled>) -> Row {
    let (count, families, snapshot) = match settled {
        None => (Shown::Count(0), Shown::Count(0), None),
        Some(Settled { value: Value::Hidden, .. }) => (Shown::Hidden, Shown::Hidden, None),
        Some(Settled { value, snapshot, .. }) => (value.count(0), value.count(1), Some(*snapshot)),
    };
    let figures = vec![Some(Figure::Count(count)), Some(Figure::Count(families))];
    Row { key: cell.key.clone(), figures, snapshot }
}

/// Adds a column of figures.
fn add(heads: &mut Vec<Head>, rows: &mut [Row], head: Head, figure: impl Fn(usize) -> Option<Figure>) {
    heads.push(head);
    for (at, row) in rows.iter_mut().enumerate() {
        row.figures.push(figure(at));
    }
}

/// For each cell of a chain from its second step on: the step before, and the first one.
fn chains(cells: &[RawCell], step_column: usize) -> (Vec<Option<usize>>, Vec<Option<usize>>) {
    let mut chains: HashMap<Vec<&String>, (usize, usize)> = HashMap::new();
    let (mut before, mut first) = (vec![None; cells.len()], vec![None; cells.len()]);
    for (at, cell) in cells.iter().enumerate() {
        let codes = cell.key.iter().enumerate().filter(|(column, _)| *column != step_column);
        match chains.entry(codes.map(|(_, code)| code).collect()) {
            Entry::Vacant(new) => {
                new.insert((at, at));
            }
            Entry::Occupied(mut chain) => {
                let (of_first, of_before) = *chain.get();
                (before[at], first[at]) = (Some(of_before), Some(of_first));
                chain.insert((of_first, at));
            }
        }
    }
    (before, first)
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

#[cfg(test)]
#[path = "release_tests.rs"]
pub(super) mod tests;
