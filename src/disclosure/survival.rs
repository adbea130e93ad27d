//! R14: a point of a Kaplan-Meier curve, on R3's grid.

use super::figure::Figure;
use super::interval::share;
use super::rounding::{nearest, rounded};
use super::rules::Rules;
use super::shown::Shown;
use super::switches::Rule;
use super::tabulation::Incidence;

/// Units with an event by the day, as many as the curve says there would be had all been followed, on R3's grid, or -1
/// where that is the count of the cell itself because nobody was censored before; and those still at risk, on the same
/// grid. None when it is hidden: few events, or few still at risk.
pub(super) fn point(point: &Incidence, rules: &Rules) -> Option<(i64, i64)> {
    let few = point.events < rules.persons() || point.at_risk < rules.persons();
    if few && rules.applies(Rule::R14) {
        return None;
    }
    let expected = point.share * point.units as f64;
    if (expected - point.events as f64).abs() < 1e-6 {
        return Some((-1, -1));
    }
    let events = nearest(expected.round() as i128, i128::from(rules.rounding()));
    let at_risk = rounded(point.at_risk, rules.rounding());
    Some((i64::try_from(events).ok()?, i64::try_from(at_risk).ok()?))
}

/// The interval of a point after somebody was censored, of shown numbers alone. As Peto has it, those at risk say how
/// many units the curve is worth on the day: they are the share without an event of so many, which are never more than
/// there were. The interval is that of a share of those, with the same `error`. One of the true counts would give them
/// away: two whole per cents are enough to find both.
pub(super) fn interval(events: u64, whole: u64, at_risk: u64, error: u64) -> Figure {
    if events >= whole {
        return Figure::Hidden;
    }
    let worth = (at_risk.saturating_mul(whole) / (whole - events)).min(whole);
    let part = u128::from(events) * u128::from(worth) / u128::from(whole);
    let part = u64::try_from(part).expect("fewer than the events");
    share(Shown::Count(part), Shown::Count(worth), error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::Confidence;
    use crate::stats::survival::Curve;

    fn of(events: u64, at_risk: u64, share: f64) -> Option<(i64, i64)> {
        point(&Incidence { units: 100, at_risk, events, share }, &Rules::standard())
    }

    #[test]
    fn the_curve_begins_at_eight_events_and_stops_when_few_are_at_risk() {
        assert_eq!(of(7, 90, 0.07), None);
        assert_eq!(of(8, 7, 0.08), None);
        assert_eq!(of(20, 60, 0.2), Some((-1, -1)), "nobody was censored: the count itself");
        assert_eq!(of(20, 61, 0.238), Some((25, 60)));
    }

    #[test]
    fn few_at_risk_make_an_interval_wide() {
        let wide = |figure| match figure {
            Figure::Range(low, high) => high - low,
            _ => panic!("a range"),
        };
        assert!(wide(interval(50, 200, 40, 9)) > wide(interval(50, 200, 140, 9)));
        assert_eq!(
            interval(50, 200, 150, 9),
            share(Shown::Count(50), Shown::Count(200), 9),
            "nobody is gone"
        );
        assert_eq!(interval(50, 50, 10, 9), Figure::Hidden);
    }

    proptest! {
        /// Whoever was censored when: the interval of the true counts lies in the released one.
        #[test]
        fn the_interval_contains_that_of_the_true_counts(
            days in prop::collection::btree_map(0_u32..400, (0_u64..12, 0_u64..12), 1..60), day in 0_u32..400,
        ) {
            let units: u64 = days.values().map(|(events, censored)| events + censored).sum();
            let Ok(curve) = Curve::of_days(&days.into_iter().filter(|(_, of_day)| *of_day != (0, 0)).collect())
                else { return Ok(()) };
            let at = curve.at(day);
            let rules = Rules::standard();
            let incidence =
                Incidence { units, at_risk: at.at_risk_after, events: at.events, share: 1.0 - at.survival };
            let Some((events, at_risk)) = point(&incidence, &rules) else { return Ok(()) };
            let whole = rounded(units, 5);
            let released = match events {
                -1 => share(Shown::Count(rounded(at.events, 5)), Shown::Count(whole), 9),
                events => interval(events.unsigned_abs(), whole, at_risk.unsigned_abs(), 9),
            };
            let exact = at.log_log(Confidence::ninety_five()).expect("events and survivors").complement();
            let holds = matches!(released, Figure::Range(low, high)
                if low <= 100.0 * exact.lower + 1e-9 && high >= 100.0 * exact.upper - 1e-9);
            prop_assert!(holds || released == Figure::Hidden, "{released:?} {exact:?}");
        }
    }
}
