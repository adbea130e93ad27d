//! The one function that turns unprotected cells into an answer, and the one type that may leave.

use std::collections::HashSet;

use serde::{Serialize, Serializer};

use super::dimensions::Dimensions;
use super::entry::Entry as LedgerEntry;
pub use super::form::ReleaseError;
use super::form::check_form;
use super::joint::Others;
use super::lattice::{Lattice, Node};
use super::layout::{self, Cells};
use super::ledger::{Draft, Ledger, Settled};
use super::period::EndedPeriod;
use super::protect::{protect, protect_figures};
use super::rules::Rules;
use super::settling::{self, Nodes};
use super::shown::Value;
use super::switches::Rule;
use super::table::Table;
use super::tabulation::Tabulation;

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
    /// One text for all tables of one question: its id, period and recipient, and the population where that is not
    /// `within`; neither the dimensions, nor the snapshot, nor the moment. A cell that two of its tables have, or their
    /// margins, is one cell to R8.
    pub question_key: String,
    /// The snapshot that was counted.
    pub snapshot: u32,
    /// R6, checked.
    pub dimensions: Dimensions,
    /// R7, checked.
    pub period: EndedPeriod,
    /// The dimension, and its one code, that the whole table is narrowed to and that is none of its dimensions.
    pub within: Option<(String, String)>,
    /// The codes besides the dimensions of those cells that are hidden for that code in the table by that dimension: what
    /// is hidden there is hidden here.
    pub hidden_above: HashSet<Vec<String>>,
}

impl ReleaseContext {
    /// The context of a question that is narrowed to nothing.
    #[must_use]
    pub fn new(
        question_key: String,
        snapshot: u32,
        dimensions: Dimensions,
        period: EndedPeriod,
    ) -> ReleaseContext {
        let hidden_above = HashSet::new();
        ReleaseContext { question_key, snapshot, dimensions, period, within: None, hidden_above }
    }
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
/// 1. R7, and R6's ceiling: checked before, by the evidence in the context.
/// 2. The table is put together with all its margins; each of their cells is settled, the total first (steps 3 to 5).
/// 3. A structural zero is shown as 0, whatever stands in it.
/// 4. R1, R2: few persons or few families hide both counts, and so does R6 (a margin of one or two persons). R3: else both
///    are rounded.
/// 5. R8, R9: each cell against everything released before, the cells before it in this answer included; it keeps the
///    earlier value where there is one. Whether R10 hides a cell that crosses partners is held in the same way.
/// 6. R11 to R14: sums, means, medians and curves, each hidden or rounded, then held like a count (step 5), under a
///    measure of their own. The persons left out are settled last, as a cell.
/// 7. R5: parts of hidden cells are hidden, lines are covered, tables audited with their margins.
/// 8. R5: totals of what is now shown. R4: rates of what is now shown, and intervals that hold for every true count
///    within the largest error of the shown ones.
/// 9. R15: reasons, largest error, coarser questions, from the shape and the rules.
///
/// From step 7 on nothing is read of a count but what it would show and how far that can lie from it; from step 8 on
/// nothing but shown values.
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
    let lattice = Lattice::of(&tabulation, context.dimensions.ids(), context.within.as_ref());
    let mut draft = Draft::new(ledger, rules.held(), &context.question_key, context.snapshot);
    if !rules.applies(Rule::R9) {
        draft.forget_other_snapshots();
    }
    let hidden_above = |node: &Node| context.hidden_above.contains(&lattice.tails[node.tail]);
    let Nodes { mut settled, standings } = settling::settle(&lattice, &mut draft, hidden_above, rules);
    let mut extras = settling::settle_extras(&tabulation, &lattice, &mut draft, rules);
    let left_out = settling::settle_left_out(&tabulation, &mut draft, rules);

    // From here on nothing is decided from a count, but from what it would show.
    let others = Others::of(&draft, &lattice, (&context.question_key, context.snapshot), rules);
    let shown = protect(&lattice, &standings, &others, rules);
    for (at, node) in lattice.nodes.iter().enumerate() {
        let Some(settled) = &mut settled[at] else { continue };
        if standings[at].value.is_some() {
            draft.cover(&node.measure, &node.key, settled, !shown[at]);
        }
        if !shown[at] {
            settled.value = Value::Hidden;
        }
    }
    let may = shown
        .iter()
        .zip(&extras)
        .map(|(shown, extra)| *shown && extra.as_ref().is_none_or(|value| !value.is_hidden()));
    let figures = protect_figures(&lattice, &standings, may.collect(), rules);
    for (extra, shown) in extras.iter_mut().zip(figures) {
        if let Some(value) = extra.as_mut().filter(|_| !shown) {
            *value = Value::Hidden;
        }
    }
    if !rules.applies(Rule::R2) {
        show_empty(&lattice, &mut settled);
    }
    let of_cell = |cell: &usize| (settled[*cell].clone(), extras[*cell].clone());
    let (counts, extras) = lattice.of_cell.iter().map(of_cell).unzip();
    let table = layout::table(tabulation, &Cells { counts, extras, left_out }, context, rules);
    Ok(Pending { base: ledger.next_seq(), entries: draft.into_entries()?, table })
}

/// R2 switched off: a hidden cell that nobody is in reads 0, and the others do not.
fn show_empty(lattice: &Lattice, settled: &mut [Option<Settled>]) {
    for (node, settled) in lattice.nodes.iter().zip(settled) {
        if let Some(settled) = settled.as_mut().filter(|settled| settled.value.is_hidden())
            && node.contributors.is_empty()
        {
            settled.value = Value::counts(0, 0);
        }
    }
}

#[cfg(test)]
#[path = "release_tests.rs"]
pub(super) mod tests;
