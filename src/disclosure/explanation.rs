//! R15: what every answer says about itself. All of it follows from the question and the rules, none from a count.

use serde::Serialize;

use super::dimensions::Dimensions;
use super::rounding::largest_error;
use super::rules::Rules;
use super::tabulation::{Extra, Shape};
use crate::clock::Period;
use crate::programme::Text;

/// A rule that may have worked on a table. Given per table and always the same for its shape: which cells a rule
/// touched, or whether it touched any, is not said. Written with its words in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "ReasonWords")]
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
    /// R5: cells are covered so that no hidden one follows from those beside it.
    CoveredToProtectOthers,
    /// R5: what is shown is held against everything that was shown before, and hidden whole where it tells too much.
    HeldAgainstEverythingShown,
    /// R6: a cell's parts are hidden where a margin of theirs is of few persons.
    FewInMargin,
    /// R10: what one partner knows of another's clients is held to a higher count.
    AcrossPartners,
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

/// A reason as an answer carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Reason)]
pub struct ReasonWords {
    /// Its code: stays the same over versions.
    pub code: &'static str,
    /// Danish.
    pub da: &'static str,
    /// English.
    pub en: &'static str,
}

impl From<Reason> for ReasonWords {
    fn from(reason: Reason) -> ReasonWords {
        let (code, da, en) = match reason {
            Reason::FewPersonsOrFamilies => (
                "few_persons_or_families",
                "få personer eller familier skjules",
                "few persons or families are hidden",
            ),
            Reason::Rounded => {
                ("rounded", "antal er afrundet til nærmeste 5", "counts are rounded to the nearest 5")
            }
            Reason::HeldAtEarlierValue => (
                "held_at_earlier_value",
                "et antal kan være holdt på en tidligere vist værdi",
                "a count may be held at a value shown earlier",
            ),
            Reason::RatesFromShownCounts => (
                "rates_from_shown_counts",
                "andele er regnet af viste antal",
                "rates are made of shown counts",
            ),
            Reason::TotalsOfShownCells => {
                ("totals_of_shown_cells", "summer er af viste celler", "totals are sums of shown cells")
            }
            Reason::CoveredToProtectOthers => (
                "covered_to_protect_others",
                "celler kan være skjult for at beskytte andre",
                "cells may be hidden to protect others",
            ),
            Reason::HeldAgainstEverythingShown => (
                "held_against_everything_shown",
                "tabellen er holdt op mod alt der er vist før, og kan være skjult helt",
                "the table is held against everything shown before, and may be hidden whole",
            ),
            Reason::FewInMargin => (
                "few_in_margin",
                "celler under en margin med få personer skjules",
                "cells below a margin of few persons are hidden",
            ),
            Reason::AcrossPartners => (
                "across_partners",
                "tal på tværs af partnere skal være større for at blive vist",
                "figures across partners must be larger to be shown",
            ),
            Reason::IntervalsOfShownCounts => (
                "intervals_of_shown_counts",
                "intervaller gælder for ethvert sandt antal inden for den største fejl",
                "intervals hold for every true count within the largest error",
            ),
            Reason::SumsWithoutDominance => (
                "sums_without_dominance",
                "summer hvor nogen kan træde frem skjules, andre har tre betydende cifre",
                "sums in which somebody could stand out are hidden, others have three significant digits",
            ),
            Reason::MeansOfEnough => (
                "means_of_enough",
                "gennemsnit af få skjules, andre er en afrundet sum over et afrundet antal",
                "means of few are hidden, others are a rounded sum over a rounded count",
            ),
            Reason::MedianAsBand => ("median_as_band", "en median er et interval", "a median is a band"),
            Reason::CurveOnGrid => (
                "curve_on_grid",
                "en kurve begynder og slutter hvor nok har haft hændelsen og stadig følges",
                "a curve begins and ends where enough had the event and are still followed",
            ),
        };
        ReasonWords { code, da, en }
    }
}

/// The rules that can work on a table, always in this order: by its shape, whether it has dimensions, and whether it
/// crosses partners.
pub(super) fn reasons(
    shape: Shape,
    extra: Option<&Extra>,
    dimensions: &Dimensions,
    crosses_partners: bool,
) -> Vec<Reason> {
    let by = !dimensions.ids().is_empty();
    let sums = matches!(shape, Shape::Partition);
    let mut reasons = vec![Reason::FewPersonsOrFamilies, Reason::Rounded, Reason::HeldAtEarlierValue];
    if !matches!(shape, Shape::Overlap) {
        reasons.push(Reason::RatesFromShownCounts);
    }
    if sums {
        reasons.push(Reason::TotalsOfShownCells);
    }
    if sums || by {
        reasons.push(Reason::CoveredToProtectOthers);
    }
    reasons.push(Reason::HeldAgainstEverythingShown);
    if by {
        reasons.push(Reason::FewInMargin);
    }
    if crosses_partners {
        reasons.push(Reason::AcrossPartners);
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

/// A coarser question: `by`, `population` and `period` are what is asked in its place, in one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Coarser {
    /// Dimensions.
    pub by: Vec<String>,
    /// Id of the population; none for all.
    pub population: Option<String>,
    /// Whole quarters. None until the plan, which knows what was asked, fills it in.
    #[schema(value_type = Option<String>)]
    pub period: Option<Period>,
    /// What it is, in Danish and English.
    #[schema(value_type = Object)]
    pub title: Text,
}

/// The questions with one dimension less, whether or not they would show more. Population, period and the titles of
/// dimensions are the plan's to add: they are no matter of the rules.
pub(super) fn coarser(dimensions: &Dimensions) -> Vec<Coarser> {
    let ids = dimensions.ids();
    let without = |left_out: usize| {
        let kept = ids.iter().enumerate().filter(|(at, _)| *at != left_out);
        let by: Vec<String> = kept.map(|(_, id)| id.clone()).collect();
        let title = by_words(&by.iter().map(|id| (id.as_str(), id.as_str())).collect::<Vec<_>>());
        Coarser { by, population: None, period: None, title }
    };
    (0..ids.len()).map(without).collect()
}

/// What a question is broken down by, in words, from the Danish and English titles of its dimensions.
pub(crate) fn by_words(titles: &[(&str, &str)]) -> Text {
    if titles.is_empty() {
        return Text { da: "uden fordeling".to_owned(), en: "without dimensions".to_owned() };
    }
    let list = |of: fn(&(&str, &str)) -> String| titles.iter().map(of).collect::<Vec<_>>().join(", ");
    Text {
        da: format!("fordelt på {}", list(|(da, _)| (*da).to_owned())),
        en: format!("by {}", list(|(_, en)| (*en).to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dimension_is_dropped_once() {
        let rules = Rules::standard();
        let coarser_of = |ids: &[&str]| {
            let ids = ids.iter().map(ToString::to_string).collect();
            let coarser = coarser(&Dimensions::check(ids, &rules).expect("few"));
            coarser.into_iter().map(|coarser| coarser.title.en).collect::<Vec<_>>()
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

    fn by(ids: &[&str]) -> Dimensions {
        let ids = ids.iter().map(ToString::to_string).collect();
        Dimensions::check(ids, &Rules::standard()).expect("few")
    }

    #[test]
    fn reasons_name_what_the_shape_allows() {
        let (none, role) = (by(&[]), by(&["role"]));
        let of = |shape, dimensions| reasons(shape, None, dimensions, false);
        assert!(of(Shape::Partition, &none).contains(&Reason::TotalsOfShownCells));
        assert!(of(Shape::Partition, &none).contains(&Reason::CoveredToProtectOthers));
        let chain = Shape::Chain { step_column: 0 };
        assert!(!of(chain, &none).contains(&Reason::TotalsOfShownCells));
        assert!(!of(chain, &none).contains(&Reason::CoveredToProtectOthers));
        assert!(of(chain, &role).contains(&Reason::CoveredToProtectOthers));
        assert!(
            of(chain, &role).contains(&Reason::FewInMargin)
                && !of(chain, &none).contains(&Reason::FewInMargin)
        );
        assert_eq!(of(Shape::Overlap, &none).len(), 4);
        assert!(reasons(Shape::Overlap, None, &none, true).contains(&Reason::AcrossPartners));
    }

    #[test]
    fn a_reason_carries_its_words_in_both_languages() {
        let written = serde_json::to_string(&Reason::Rounded).expect("JSON");
        assert_eq!(
            written,
            r#"{"code":"rounded","da":"antal er afrundet til nærmeste 5","en":"counts are rounded to the nearest 5"}"#
        );
    }
}
