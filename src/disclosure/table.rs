//! The answer as it leaves: rows in declared order, totals, and what the answer says about itself.

use serde::Serialize;

use super::explanation::{Coarser, Reason, ReasonWords};
use super::figure::{Figure, Head};
use super::rate::Rate;
use super::shown::Shown;
use super::total::Totals;

/// A protected table. It is plain data; what may leave is `Released<Table>`.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Table {
    /// Ids of the key columns.
    pub columns: Vec<String>,
    /// Heads of the figures, in the order in which every row has them. Count and families come first.
    pub figures: Vec<Head>,
    /// Rows in the order in which the programme declares their codes; never by size.
    pub rows: Vec<Row>,
    /// Partitions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<Totals>,
    /// Persons who are in no row because consent forbids a source of the question; under the same rules as a cell.
    pub left_out: Shown,
    /// Of those who could have answered, or been followed, how many were: from shown counts. None where the question has
    /// no such rate.
    pub response: Option<Rate>,
    /// The largest distance between a shown count and the true one in the snapshot asked: rounding, and what R8 may
    /// hold. For families it is that of the row's own snapshot.
    pub max_error: u64,
    /// Profile and version of the rules.
    pub rules: &'static str,
    /// The snapshot that was asked.
    pub snapshot: u32,
    /// The rules that may have worked on a table of this shape.
    #[schema(value_type = Vec<ReasonWords>)]
    pub reasons: Vec<Reason>,
    /// Coarser questions, by structure alone.
    pub coarser: Vec<Coarser>,
}

/// One cell of the table. Every hidden row is the same but for its key.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Row {
    /// Codes, aligned with [`Table::columns`].
    pub key: Vec<String>,
    /// Figures, aligned with [`Table::figures`]; none where a figure does not apply to the row.
    pub figures: Vec<Option<Figure>>,
    /// The snapshot of first release of the count. None for a hidden cell, where it would tell when the set behind it
    /// changed, and for a structural zero.
    pub snapshot: Option<u32>,
}

impl Row {
    /// The count.
    #[must_use]
    pub fn count(&self) -> Shown {
        self.shown(0)
    }

    /// Distinct families.
    #[must_use]
    pub fn families(&self) -> Shown {
        self.shown(1)
    }

    fn shown(&self, at: usize) -> Shown {
        match self.figures.get(at) {
            Some(Some(Figure::Count(shown))) => *shown,
            _ => Shown::Hidden,
        }
    }
}

impl Table {
    /// A figure of a row, by the id of its column.
    #[must_use]
    pub fn figure(&self, row: usize, id: &str) -> Option<Figure> {
        let at = self.figures.iter().position(|head| head.id == id)?;
        self.rows.get(row)?.figures.get(at).copied().flatten()
    }

    /// A rate of a row, by the id of its column.
    #[must_use]
    pub fn rate(&self, row: usize, id: &str) -> Option<Rate> {
        match self.figure(row, id) {
            Some(Figure::Rate(rate)) => Some(rate),
            _ => None,
        }
    }
}
