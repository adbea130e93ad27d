//! Intervals of shown counts, for every true count that a shown one can stand for.

use super::figure::Figure;
use super::rules::Rules;
use super::shown::Shown;
use crate::stats::rate::UncertainRate;
use crate::stats::share::{UncertainShare, uncertain_newcombe};
use crate::stats::{Confidence, Uncertain};

/// The 95 % interval of a share in whole per cent, outwards: the envelope of Wilson's interval over all counts within
/// `error` of the shown ones. It reads nothing but what the reader has, and contains the interval of the true counts.
pub(super) fn share(part: Shown, whole: Shown, error: u64) -> Figure {
    let interval = uncertain((part, whole), error).map(|share| share.wilson(Confidence::ninety_five()));
    interval.map_or(Figure::Hidden, |interval| range(interval.lower, interval.upper))
}

/// The same of the difference of two independent shares, after Newcombe, in percentage points.
pub(super) fn difference(one: (Shown, Shown), other: (Shown, Shown), error: u64) -> Figure {
    let shares = uncertain(one, error).zip(uncertain(other, error));
    let interval = shares.map(|(one, other)| uncertain_newcombe(one, other, Confidence::ninety_five()));
    interval.map_or(Figure::Hidden, |interval| range(interval.lower, interval.upper))
}

/// The 95 % interval of events per 100 person-years, to a tenth, outwards: the envelope of Garwood's exact interval over
/// all events and days that are rounded to the shown ones.
pub(super) fn rate(events: u64, days: u64, rules: &Rules) -> Figure {
    // Days have three significant digits: they are off by half a unit of the third, at most one in 200.
    let events = Uncertain { value: events, error: rules.rounding() / 2 };
    let interval =
        UncertainRate::new(events, days, 1.0 / 200.0).map(|rate| rate.garwood(Confidence::ninety_five()));
    interval.map_or(Figure::Hidden, |interval| {
        Figure::Range((interval.lower * 10.0).floor() / 10.0, (interval.upper * 10.0).ceil() / 10.0)
    })
}

fn uncertain((part, whole): (Shown, Shown), error: u64) -> Option<UncertainShare> {
    let (part, whole) = (part.count()?, whole.count()?);
    let count = |value| Uncertain { value, error };
    UncertainShare::new(count(part), count(whole)).ok()
}

fn range(low: f64, high: f64) -> Figure {
    Figure::Range((low * 100.0).floor(), (high * 100.0).ceil())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::rate::EventRate;
    use crate::stats::share::{Share, newcombe};

    const fn shown(count: u64) -> Shown {
        Shown::Count((count + 2) / 5 * 5)
    }

    fn holds(figure: Figure, lower: f64, upper: f64) -> bool {
        matches!(figure, Figure::Range(low, high) if low <= lower + 1e-9 && high >= upper - 1e-9)
    }

    proptest! {
        /// The interval that is released contains the one of the true counts, which is never released.
        #[test]
        fn intervals_contain_those_of_the_true_counts(
            whole in 8_u64..400, part in 0_u64..400, other_whole in 8_u64..400, other in 0_u64..400,
        ) {
            let (part, other) = (part.min(whole), other.min(other_whole));
            prop_assume!(part >= 8 && other >= 8);
            let confidence = Confidence::ninety_five();
            let one = Share::new(part, whole).expect("a share");
            let two = Share::new(other, other_whole).expect("a share");
            let wilson = one.wilson(confidence);
            prop_assert!(holds(share(shown(part), shown(whole), 9), 100.0 * wilson.lower, 100.0 * wilson.upper));
            let apart = newcombe(one, two, confidence);
            let released = difference((shown(part), shown(whole)), (shown(other), shown(other_whole)), 9);
            prop_assert!(holds(released, 100.0 * apart.lower, 100.0 * apart.upper));
        }

        #[test]
        fn a_rate_contains_that_of_the_true_events_and_days(events in 8_u64..500, days in 1_000_u64..10_000_000) {
            let exact = EventRate::new(events, days).expect("a rate").garwood(Confidence::ninety_five());
            let rounded = super::super::rounding::significant(i128::from(days), 3);
            let released = rate((events + 2) / 5 * 5, u64::try_from(rounded).expect("positive"), &Rules::standard());
            prop_assert!(holds(released, exact.lower, exact.upper));
        }
    }

    #[test]
    fn nothing_hidden_has_an_interval() {
        assert_eq!(share(Shown::Hidden, Shown::Count(50), 9), Figure::Hidden);
        assert_eq!(share(Shown::Count(10), Shown::Hidden, 9), Figure::Hidden);
        let one = (Shown::Count(10), Shown::Count(50));
        assert_eq!(difference(one, (Shown::Hidden, Shown::Count(50)), 9), Figure::Hidden);
    }
}
