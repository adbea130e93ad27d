//! R5 in its simple form: a total is the sum of the cells that are shown, and says so.

use serde::Serialize;

use super::shown::{Shown, Value};

/// What stands beside every total.
const NOTE: &str = "sum of the shown cells; a family counts in every cell that it is part of";

/// Totals of a partition. They are made of shown values alone, so they tell nothing that the cells do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Totals {
    /// Sum of the shown counts; hidden when no cell is shown.
    pub count: Shown,
    /// Sum of the shown families, so a family with members in several cells counts in each; hidden when no cell is.
    pub families: Shown,
    /// How far the sum can lie from the true sum of the same cells: the largest error of a cell times the cells.
    pub max_error: u64,
    /// Always the same words: what the total is.
    pub note: &'static str,
}

/// Sums the shown cells.
pub(super) fn totals<'a>(values: impl Iterator<Item = &'a Value>, cell_error: u64) -> Totals {
    let (mut count, mut families, mut shown) = (0, 0, 0);
    for value in values {
        if let (Shown::Count(units), Shown::Count(of)) = (value.count(0), value.count(1)) {
            count += units;
            families += of;
            shown += 1;
        }
    }
    let sum = |sum| if shown == 0 { Shown::Hidden } else { Shown::Count(sum) };
    Totals { count: sum(count), families: sum(families), max_error: cell_error * shown, note: NOTE }
}

/// The sum of shown counts; hidden when one of them is.
pub(super) fn sum(counts: impl Iterator<Item = Shown>) -> Shown {
    counts.map(Shown::count).sum::<Option<u64>>().map_or(Shown::Hidden, Shown::Count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_cells_are_not_in_the_sum() {
        let cells = [Value::counts(20, 10), Value::Hidden, Value::counts(15, 5)];
        let totals = totals(cells.iter(), 9);
        assert_eq!((totals.count, totals.families), (Shown::Count(35), Shown::Count(15)));
        assert_eq!(totals.max_error, 18);
    }

    #[test]
    fn nothing_shown_is_a_hidden_total_and_not_zero() {
        assert_eq!(totals([Value::Hidden, Value::Hidden].iter(), 9).count, Shown::Hidden);
        assert_eq!(totals(std::iter::empty(), 9).count, Shown::Hidden);
    }
}
