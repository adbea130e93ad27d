//! R15: what every answer says about itself. All of it follows from the question and the rules, none from a count.

use serde::Serialize;

use super::dimensions::Dimensions;
use super::rounding::largest_error;
use super::rules::Rules;
use super::tabulation::{Extra, Shape};

/// A rule that may have worked on a table. Given per table and always the same for its shape: which cells a rule
/// touched, or whether it touched any, is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// R1, R2: cells of few persons or few families are hidden, and all hidden cells look alike.
    FewPersonsOrFamilies,
    /// R3: counts are rounded.
    Rounded,
    /// R8, R9: a cell close to one that was shown before reads as that one did, shown or hidden.
    HeldAtEarlierValue,
    /// R4: rates are made of the shown counts, and are bands where a part is small.
    RatesFromShownCounts,
    /// R5: totals are sums of the shown cells.
    TotalsOfShownCells,
    /// Intervals hold for every true count within the largest error of the shown one.
    IntervalsOfShownCounts,
    /// R11: sums in which somebody could stand out are hidden, and the others have three significant digits.
    SumsWithoutDominance,
    /// R12: means of few are hidden, and are a rounded sum over a rounded count.
    MeansOfEnough,
    /// R13: a median is a band.
    MedianAsBand,
    /// R14: a curve begins and ends where enough had the event and are still followed.
    CurveOnGrid,
}

/// The rules that can work on a shape, always in this order.
pub(super) fn reasons(shape: Shape, extra: Option<&Extra>) -> Vec<Reason> {
    let mut reasons = vec![Reason::FewPersonsOrFamilies, Reason::Rounded, Reason::HeldAtEarlierValue];
    if !matches!(shape, Shape::Overlap) {
        reasons.push(Reason::RatesFromShownCounts);
    }
    if matches!(shape, Shape::Partition) {
        reasons.push(Reason::TotalsOfShownCells);
    }
    if matches!(shape, Shape::Parts) {
        reasons.push(Reason::IntervalsOfShownCounts);
    }
    reasons.extend(extra.map(|extra| match extra {
        Extra::Sum(_) | Extra::Rate { .. } => Reason::SumsWithoutDominance,
        Extra::Mean(_) => Reason::MeansOfEnough,
        Extra::Median(_) => Reason::MedianAsBand,
        Extra::Incidence(_) => Reason::CurveOnGrid,
    }));
    reasons
}

/// The largest error of a shown count: rounding, and R8. Held and other cells look alike, so the larger is printed
/// for all.
pub(super) const fn max_error(rules: &Rules) -> u64 {
    largest_error(rules.rounding()) + rules.held()
}

/// The questions with one dimension less, whether or not they would show more. Each is written `by a, b`.
pub(super) fn coarser(dimensions: &Dimensions) -> Vec<String> {
    let ids = dimensions.ids();
    (0..ids.len())
        .map(|left_out| {
            let kept: Vec<&str> =
                ids.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, id)| id.as_str()).collect();
            if kept.is_empty() { "without dimensions".to_owned() } else { format!("by {}", kept.join(", ")) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dimension_is_dropped_once() {
        let rules = Rules::standard();
        let coarser_of = |ids: &[&str]| {
            let ids = ids.iter().map(ToString::to_string).collect();
            coarser(&Dimensions::check(ids, &rules).expect("few"))
        };
        assert_eq!(coarser_of(&["role", "partner"]), ["by role", "by partner"]);
        assert_eq!(coarser_of(&["role"]), ["without dimensions"]);
        assert_eq!(coarser_of(&["c", "a", "b"]), ["by b, c", "by a, c", "by a, b"]);
        assert!(coarser_of(&[]).is_empty());
    }

    #[test]
    fn the_largest_error_is_that_of_a_held_cell() {
        assert_eq!(max_error(&Rules::standard()), 9);
    }

    #[test]
    fn reasons_name_what_the_shape_allows() {
        assert!(reasons(Shape::Partition, None).contains(&Reason::TotalsOfShownCells));
        assert!(!reasons(Shape::Chain { step_column: 0 }, None).contains(&Reason::TotalsOfShownCells));
        assert_eq!(reasons(Shape::Overlap, None).len(), 3);
    }
}
