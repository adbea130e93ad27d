//! R12: a mean is a rounded sum over a rounded count; a spread takes one unit more, and values that differ.

use super::rounding::{nearest, significant};
use super::rules::Rules;
use super::switches::Rule;
use super::tabulation::Moments;

/// Sum and spread as they are shown: the sum in the smallest unit, on R3's grid of whole units; the standard deviation
/// of the sample in tenths of the smallest unit, to two significant digits, or -1 when it is hidden. None when all is.
///
/// A small spread tells how many have another value than most, as a rate does (R4): it is hidden when they are few.
pub(super) fn mean(moments: &Moments, decimals: u8, rules: &Rules) -> Option<(i64, i64)> {
    let least = if rules.applies(Rule::R12) { rules.mean_units() } else { 1 };
    if moments.units < least {
        return None;
    }
    let grid = i128::from(rules.rounding()) * 10i128.pow(u32::from(decimals));
    let sum = i64::try_from(nearest(moments.sum, grid)).ok()?;
    if moments.units <= least || (rules.applies(Rule::R12) && moments.apart <= rules.rate_part()) {
        return Some((sum, -1));
    }
    let units = i128::from(moments.units);
    // units * squares - sum^2 is whole and never negative.
    let spread = (units * moments.squares - moments.sum * moments.sum) as f64;
    let deviation = (spread / (units * (units - 1)) as f64).max(0.0).sqrt();
    let tenths = (deviation * 10.0).round() as i128;
    Some((sum, i64::try_from(significant(tenths, 2)).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_have_a_mean_and_eleven_a_spread() {
        let of = |count| mean(&Moments::of((0..count).map(|value| value * 10)), 0, &Rules::standard());
        assert_eq!(of(9), None);
        assert_eq!(of(10), Some((450, -1)));
        // 0, 10, ..., 100: the sample's deviation is 33.166.
        assert_eq!(of(11), Some((550, 330)));
    }

    #[test]
    fn a_sum_is_on_the_grid_of_whole_units_whatever_its_sign() {
        let of = |value: i64, decimals| {
            mean(&Moments::of((0..12).map(|_| value)), decimals, &Rules::standard()).map(|(sum, _)| sum)
        };
        assert_eq!(of(-1, 0), Some(-10));
        assert_eq!(of(-13, 1), Some(-150), "-15.6 on a grid of 5.0");
    }

    #[test]
    fn a_spread_takes_eight_with_another_value_than_most() {
        let of = |apart: i64| {
            let values = (0..40).map(|unit| if unit < apart { 6 } else { 2 });
            mean(&Moments::of(values), 0, &Rules::standard()).map(|(_, spread)| spread)
        };
        assert_eq!((of(0), of(7)), (Some(-1), Some(-1)));
        // 8 of 40 are 4 above the others: the sample's deviation is 1.62.
        assert_eq!(of(8), Some(16));
    }
}
