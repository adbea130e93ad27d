//! What a counting kernel hands in: unprotected, so without `Debug`, `Display` or serde.

/// A set of dense person numbers.
pub type PersonSet = roaring::RoaringBitmap;

/// How the cells of a tabulation lie to each other. It decides totals and rates, never what is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No person is in two cells: reach. The total is the sum of the shown cells, shares are of that total.
    Partition,
    /// Nested steps in order, one chain for each key outside `step_column`: a funnel. Each step is a subset of the
    /// step before.
    Chain {
        /// Index into [`Tabulation::columns`] of the column that names the step.
        step_column: usize,
    },
    /// Sets that may share persons in any way: overlap. Neither totals nor rates.
    Overlap,
}

/// One unprotected cell.
pub struct RawCell {
    /// Codes, aligned with [`Tabulation::columns`].
    pub key: Vec<String>,
    /// The distinct persons behind the cell, after aliases.
    pub contributors: PersonSet,
    /// Distinct families of the contributors: connected components over the case and pair rows of all partners.
    pub families: u64,
    /// Whether the programme declares that nobody can be in this cell. It is then shown as 0 by structure, whatever
    /// it holds: a decision by content would tell that it is not empty.
    pub structural_zero: bool,
}

/// The unprotected cells of one question, in the order in which the programme declares their codes (never by size).
/// Cells that nobody is in are given too: a missing row would tell them from small ones.
pub struct Tabulation {
    /// How the cells lie to each other.
    pub shape: Shape,
    /// Ids of the key columns.
    pub columns: Vec<String>,
    /// The cells. In a chain, the steps of one group stand in step order.
    pub cells: Vec<RawCell>,
    /// Persons who are in no cell because their consent forbids a source that the question reads.
    pub left_out: PersonSet,
    /// Distinct families of `left_out`.
    pub left_out_families: u64,
}
