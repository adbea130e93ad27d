//! The answer as it leaves: rows in declared order, totals, and what the answer says about itself.

use serde::Serialize;

use super::explanation::Reason;
use super::rate::Rate;
use super::shown::Shown;
use super::total::Totals;

/// A protected table. It is plain data; what may leave is `Released<Table>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Table {
    /// Ids of the key columns.
    pub columns: Vec<String>,
    /// Rows in the order in which the programme declares their codes; never by size.
    pub rows: Vec<Row>,
    /// Partitions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<Totals>,
    /// Persons who are in no row because consent forbids a source of the question; under the same rules as a cell.
    pub left_out: Shown,
    /// The largest distance between a shown count of persons and the true one in the snapshot asked: rounding, and
    /// what R8 may hold. For families it is that of the row's own snapshot.
    pub max_error: u64,
    /// Profile and version of the rules.
    pub rules: &'static str,
    /// The snapshot that was asked.
    pub snapshot: u32,
    /// The rules that may have worked on a table of this shape.
    pub reasons: Vec<Reason>,
    /// Questions with one dimension less, by structure alone.
    pub coarser: Vec<String>,
}

/// One cell of the table. Every hidden row is the same but for its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Row {
    /// Codes, aligned with [`Table::columns`].
    pub key: Vec<String>,
    /// Distinct persons.
    pub persons: Shown,
    /// Distinct families.
    pub families: Shown,
    /// The snapshot of first release of the value. None for a hidden cell, where it would tell when the set behind it
    /// changed, and for a structural zero.
    pub snapshot: Option<u32>,
    /// Partitions: persons as a share of the shown total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<Rate>,
    /// Chains, from the second step on: persons as a rate of the step before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_rate: Option<Rate>,
    /// Chains, from the second step on: persons as a rate of the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cumulative_rate: Option<Rate>,
}
