//! R14: a point of a Kaplan-Meier curve, on R3's grid.

use super::rounding::nearest;
use super::rules::Rules;
use super::tabulation::Incidence;

/// Units with an event by the day, as many as the curve says there would be had all been followed, on R3's grid, or -1
/// where that is the count of the cell itself because nobody was censored before; and the interval in whole per cent,
/// outwards. None when it is hidden: few events, or few still at risk.
pub(super) fn point(point: &Incidence, rules: &Rules) -> Option<(i64, i64, i64)> {
    if point.events < rules.persons() || point.at_risk < rules.persons() {
        return None;
    }
    let expected = point.share * point.units as f64;
    let uncensored = (expected - point.events as f64).abs() < 1e-6;
    let grid = i128::from(rules.rounding());
    let events = if uncensored { -1 } else { nearest(expected.round() as i128, grid) as i64 };
    let (low, high) = point.interval;
    Some((events, percent(low, f64::floor), percent(high, f64::ceil)))
}

fn percent(share: f64, outwards: fn(f64) -> f64) -> i64 {
    // A per cent that is whole but for the last bits stays where it is.
    let percent = share * 100.0;
    let whole = percent.round();
    let percent = if (percent - whole).abs() < 1e-9 { whole } else { outwards(percent) };
    percent.clamp(0.0, 100.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(events: u64, at_risk: u64, share: f64) -> Option<(i64, i64, i64)> {
        let incidence =
            Incidence { units: 100, at_risk, events, share, interval: (share - 0.051, share + 0.06) };
        point(&incidence, &Rules::standard())
    }

    #[test]
    fn the_curve_begins_at_eight_events_and_stops_when_few_are_at_risk() {
        assert_eq!(of(7, 90, 0.07), None);
        assert_eq!(of(8, 7, 0.08), None);
        assert_eq!(of(20, 60, 0.2), Some((-1, 14, 26)), "nobody was censored: the count itself");
        assert_eq!(of(20, 60, 0.238), Some((25, 18, 30)));
    }
}
