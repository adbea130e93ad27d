//! R3: every shown count is rounded to the nearest multiple of the base, halves upwards.

/// `count` to the nearest multiple of `base` (at least 1).
pub(super) const fn rounded(count: u64, base: u64) -> u64 {
    (count + base / 2) / base * base
}

/// The largest distance between a count and its rounded form.
pub(super) const fn largest_error(base: u64) -> u64 {
    base / 2
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

    proptest! {
        #[test]
        fn the_nearest_multiple_within_the_largest_error(count in 0_u64..1_000_000, base in 1_u64..50) {
            let shown = rounded(count, base);
            prop_assert_eq!(shown % base, 0);
            prop_assert!(shown.abs_diff(count) <= largest_error(base));
        }
    }
}
