//! R12: a mean is a rounded sum over a rounded count; a spread takes one unit more.

use super::rounding::{nearest, significant};
use super::rules::Rules;
use super::tabulation::Moments;

/// Sum and spread as they are shown: the sum in the smallest unit, on R3's grid of whole units; the standard deviation
/// of the sample in tenths of the smallest unit, to two significant digits, or -1 when it is hidden. None when all is.
pub(super) fn mean(moments: &Moments, decimals: u8, rules: &Rules) -> Option<(i64, i64)> {
    if moments.units < rules.mean_units() {
        return None;
    }
    let grid = i128::from(rules.rounding()) * 10i128.pow(u32::from(decimals));
    let sum = i64::try_from(nearest(moments.sum, grid)).ok()?;
    if moments.units <= rules.mean_units() {
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

    fn moments(values: impl Iterator<Item = i128>) -> Moments {
        values.fold(Moments::default(), |sum, value| Moments {
            units: sum.units + 1,
            sum: sum.sum + value,
            squares: sum.squares + value * value,
        })
    }

    #[test]
    fn ten_have_a_mean_and_eleven_a_spread() {
        let of = |count| mean(&moments((0..count).map(|value| value * 10)), 0, &Rules::standard());
        assert_eq!(of(9), None);
        assert_eq!(of(10), Some((450, -1)));
        // 0, 10, ..., 100: the sample's deviation is 33.166.
        assert_eq!(of(11), Some((550, 330)));
    }

    #[test]
    fn a_sum_is_on_the_grid_of_whole_units_whatever_its_sign() {
        let of = |value: i128, decimals| mean(&moments((0..12).map(|_| value)), decimals, &Rules::standard());
        assert_eq!(of(-1, 0), Some((-10, 0)));
        assert_eq!(of(-13, 1), Some((-150, 0)), "-15.6 on a grid of 5.0");
    }
}
