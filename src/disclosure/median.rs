//! R13: a median is shown as a registered band, with enough units on each side of it.

use super::rules::Rules;
use super::switches::Rule;

/// The band that the median lies in, by position, given the units in each band from the lowest.
pub(super) fn band(units: &[u64], rules: &Rules) -> Option<usize> {
    let all: u64 = units.iter().sum();
    if rules.applies(Rule::R13) && all < 2 * rules.mean_units() {
        return None;
    }
    let mut below = 0;
    units.iter().position(|band| {
        below += band;
        2 * below >= all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_on_each_side_or_none() {
        let rules = Rules::standard();
        assert_eq!(band(&[10, 9, 0], &rules), None);
        assert_eq!(band(&[10, 10, 0], &rules), Some(0));
        assert_eq!(band(&[9, 11, 0], &rules), Some(1));
        assert_eq!(band(&[0, 0, 30], &rules), Some(2));
        assert_eq!(band(&[], &rules), None);
    }
}
