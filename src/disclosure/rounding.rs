//! R3: every shown count is rounded to the nearest multiple of the base, halves upwards.

/// `count` to the nearest multiple of `base` (at least 1).
pub(super) const fn rounded(count: u64, base: u64) -> u64 {
    (count + base / 2) / base * base
}

/// The largest distance between a count and its rounded form.
pub(super) const fn largest_error(base: u64) -> u64 {
    base / 2
}

/// `value` to so many significant digits, halves away from zero.
pub(super) fn significant(value: i128, digits: u32) -> i128 {
    let over = value.unsigned_abs().checked_ilog10().map_or(0, |log| (log + 1).saturating_sub(digits));
    nearest(value, 10i128.pow(over))
}

/// `value` to the nearest multiple of `base` (at least 1), halves away from zero.
pub(super) const fn nearest(value: i128, base: i128) -> i128 {
    let up = if value < 0 { -base / 2 } else { base / 2 };
    (value + up) / base * base
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_of_the_rules() {
        for (range, to) in [(8..=12, 10), (13..=17, 15), (18..=22, 20)] {
            for count in range {
                assert_eq!(rounded(count, 5), to, "{count}");
            }
        }
    }

    #[test]
    fn three_significant_digits() {
        for (value, shown) in
            [(0, 0), (7, 7), (999, 999), (1234, 1230), (1235, 1240), (99_950, 100_000), (-1235, -1240)]
        {
            assert_eq!(significant(value, 3), shown, "{value}");
        }
        assert_eq!((nearest(-12, 5), nearest(-13, 5), nearest(12, 5)), (-10, -15, 10));
    }

    proptest! {
        #[test]
        fn significant_digits_lose_at_most_half_a_unit_of_the_last(value in -1_000_000_000_000_i128..1_000_000_000_000) {
            let shown = significant(value, 3);
            prop_assert!((shown - value).abs() * 200 <= value.abs().max(1));
            prop_assert_eq!(significant(shown, 3), shown);
        }

        #[test]
        fn the_nearest_multiple_within_the_largest_error(count in 0_u64..1_000_000, base in 1_u64..50) {
            let shown = rounded(count, base);
            prop_assert_eq!(shown % base, 0);
            prop_assert!(shown.abs_diff(count) <= largest_error(base));
        }
    }
}
