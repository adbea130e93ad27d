//! Rounding of what is shown: amounts to three significant digits, bounds outwards to whole numbers.

use super::interval::Interval;

/// A bound this close to a whole number is that number, so that the last bit of a computation decides nothing.
const SAME: f64 = 1e-9;

/// The largest bound that is rounded to a whole number, 2⁵³: whole numbers are exact as `f64` up to there.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// To three significant digits, half away from zero: 1,235 gives 1,240 and −1,235 gives −1,240; 999 stays.
#[must_use]
pub fn three_significant(value: i64) -> i64 {
    i64::try_from(three_significant_wide(i128::from(value)))
        .expect("the ends of the 64-bit range, 9.22e18 either way, round inwards")
}

/// [`three_significant`] for amounts of 128 bits.
#[must_use]
pub fn three_significant_wide(value: i128) -> i128 {
    let size = value.unsigned_abs();
    let digits = size.checked_ilog10().map_or(1, |log| log + 1);
    let unit = 10_u128.pow(digits.saturating_sub(3));
    // Half of an even unit; a unit of 1 rounds nothing. The ends of the range, 1.70e38 either way, round inwards.
    let rounded = i128::try_from((size + unit / 2) / unit * unit).expect("rounded within the 128-bit range");
    if value < 0 { -rounded } else { rounded }
}

/// Whole bounds that contain an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeInterval {
    /// The lower bound, rounded down.
    pub lower: i64,
    /// The upper bound, rounded up.
    pub upper: i64,
}

/// The least whole bounds around an interval: of a rate, a mean. A bound within 1e-9 of a whole number is that number.
/// `None` when a bound is no number or beyond 2⁵³.
#[must_use]
pub fn whole_outwards(interval: Interval) -> Option<WholeInterval> {
    Some(WholeInterval {
        lower: whole(interval.lower, f64::floor)?,
        upper: whole(interval.upper, f64::ceil)?,
    })
}

/// The least whole bounds in per cent around an interval of shares (0 to 1) or of their difference (−1 to 1):
/// 0.2553 to 0.3662 gives 25 to 37. As [`whole_outwards`] else.
#[must_use]
pub fn whole_percent_outwards(interval: Interval) -> Option<WholeInterval> {
    whole_outwards(interval.times(100.0))
}

/// A number to a whole one, by rounding towards one side unless it is one already.
fn whole(value: f64, to: fn(f64) -> f64) -> Option<i64> {
    // A number that is none lies in no range.
    if !(-LARGEST..=LARGEST).contains(&value) {
        return None;
    }
    let nearest = value.round();
    let whole = if (value - nearest).abs() <= SAME { nearest } else { to(value) };
    // Exact: whole, and at most 2⁵³.
    Some(whole as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_digits_and_half_away_from_zero() {
        for (value, rounded) in [
            (0, 0),
            (7, 7),
            (999, 999),
            (1_000, 1_000),
            (1_234, 1_230),
            (1_235, 1_240),
            (1_245, 1_250),
            (9_994, 9_990),
            (9_995, 10_000),
            (123_456_789, 123_000_000),
            (99_950_000, 100_000_000),
            (i64::MAX, 9_220_000_000_000_000_000),
        ] {
            assert_eq!(three_significant(value), rounded);
            assert_eq!(three_significant(-value), -rounded);
        }
        assert_eq!(three_significant(i64::MIN), -9_220_000_000_000_000_000);
        assert_eq!(three_significant_wide(i128::MAX), 170 * 10_i128.pow(36));
        assert_eq!(three_significant_wide(i128::MIN), -170 * 10_i128.pow(36));
    }

    #[test]
    fn outwards() {
        let percent =
            |lower, upper| whole_percent_outwards(Interval { lower, upper }).map(|w| (w.lower, w.upper));
        assert_eq!(percent(0.2553, 0.3662), Some((25, 37)));
        assert_eq!(percent(-0.0381, 0.1926), Some((-4, 20)));
        // 0.29 × 100 is just below 29 and 0.07 × 100 just above 7.
        assert_eq!(percent(0.29, 0.29), Some((29, 29)));
        assert_eq!(percent(0.07, 0.07), Some((7, 7)));
        assert_eq!(percent(0.0, 1.0), Some((0, 100)));
        assert_eq!(percent(0.0, f64::NAN), None);
        assert_eq!(percent(f64::NEG_INFINITY, 0.0), None);
        assert_eq!(percent(0.0, 1e300), None);
        let rate = whole_outwards(Interval { lower: 4.795, upper: 18.39 });
        assert_eq!(rate, Some(WholeInterval { lower: 4, upper: 19 }));
    }

    proptest! {
        #[test]
        fn three_digits_are_the_nearest_such_number(value in any::<i64>()) {
            let rounded = three_significant(value);
            let digits = rounded.unsigned_abs().to_string();
            prop_assert!(digits.trim_end_matches('0').len() <= 3, "{}", digits);
            let unit = 10_i128.pow(u32::try_from(value.unsigned_abs().to_string().len()).unwrap().saturating_sub(3));
            prop_assert!((i128::from(rounded) - i128::from(value)).abs() * 2 <= unit);
            prop_assert_eq!(three_significant(rounded), rounded);
        }

        #[test]
        fn whole_bounds_contain_and_are_the_least(lower in -1e6..1e6_f64, width in 0.0..1e6_f64) {
            let interval = Interval { lower, upper: lower + width };
            let whole = whole_outwards(interval).expect("bounds");
            prop_assert!(whole.lower as f64 <= interval.lower + SAME && interval.upper - SAME <= whole.upper as f64);
            prop_assert!(whole.lower as f64 + 1.0 > interval.lower && interval.upper > whole.upper as f64 - 1.0);
        }
    }
}
