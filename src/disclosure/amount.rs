//! R11: a sum is shown when nobody stands out in it: neither a family, nor a partner, nor a family among those that one
//! partner does not know.

use std::collections::HashMap;
use std::hash::Hash;

use super::rounding::{nearest, significant};
use super::rules::Rules;
use super::switches::Rule;
use super::tabulation::Contribution;

/// Significant digits of a shown sum.
const DIGITS: u32 = 3;

/// A sum as it is shown, or none when it is hidden, in the smallest unit, of which a whole one has `decimals`. `units`
/// are those that it is a sum over, the ones without any amount included.
///
/// Hidden where [`sum_of`] hides it, and where nothing is left of it on R3's grid of whole units: a sum of one
/// row each is a count.
pub(super) fn sum(contributions: &[Contribution], units: u64, decimals: u8, rules: &Rules) -> Option<i64> {
    let total = sum_of(contributions, units, rules)?;
    let grid = i128::from(rules.rounding()) * 10i128.pow(u32::from(decimals));
    let total = nearest(significant(total, DIGITS), grid);
    i64::try_from(total).ok().filter(|total| *total > 0)
}

/// A sum of something that is no count, to three significant digits.
pub(super) fn span(contributions: &[Contribution], units: u64, rules: &Rules) -> Option<i64> {
    i64::try_from(significant(sum_of(contributions, units, rules)?, DIGITS)).ok()
}

/// The sum itself, where nobody stands out in it.
///
/// Hidden when there are few units; when few families have a part in it (R1); when an amount is negative; when, over
/// families, or over the partners where at least three have a part in it, the p % rule or the (2, k) dominance rule
/// fails; and when they fail over the families of all partners but one, which is what that one would be left with.
fn sum_of(contributions: &[Contribution], units: u64, rules: &Rules) -> Option<i128> {
    if !rules.applies(Rule::R11) {
        return Some(contributions.iter().map(|part| i128::from(part.amount)).sum());
    }
    if units < rules.amount_units() || contributions.iter().any(|part| part.amount < 0) {
        return None;
    }
    let parts = || contributions.iter().filter(|part| part.amount > 0);
    let families = by(parts(), |part| part.family);
    let partners = by(parts(), |part| part.source);
    if (families.len() as u64) < rules.families() || !spread(families.values(), rules) {
        return None;
    }
    if partners.len() >= 3 && !spread(partners.values(), rules) {
        return None;
    }
    for partner in partners.keys() {
        let others = by(parts().filter(|part| part.source != *partner), |part| part.family);
        if !others.is_empty() && !spread(others.values(), rules) {
            return None;
        }
    }
    Some(families.values().sum())
}

/// Amounts by who has them.
fn by<'a, K: Eq + Hash>(
    parts: impl Iterator<Item = &'a Contribution>,
    of: impl Fn(&Contribution) -> K,
) -> HashMap<K, i128> {
    let mut amounts = HashMap::new();
    for part in parts {
        *amounts.entry(of(part)).or_insert(0) += i128::from(part.amount);
    }
    amounts
}

/// Whether the second largest cannot come within p % of the largest, and the two largest have no more than k % of the
/// whole. At least three are needed for that, so an empty sum and one of zeros are hidden.
fn spread<'a>(amounts: impl Iterator<Item = &'a i128>, rules: &Rules) -> bool {
    let (mut first, mut second, mut total) = (0, 0, 0);
    for amount in amounts {
        total += amount;
        if *amount > first {
            second = std::mem::replace(&mut first, *amount);
        } else if *amount > second {
            second = *amount;
        }
    }
    let rest = total - first - second;
    let (p, k) = (i128::from(rules.p_percent()), i128::from(rules.dominance()));
    first > 0 && 100 * rest >= p * first && 100 * (first + second) <= k * total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(amounts: &[(u32, u8, i64)]) -> Vec<Contribution> {
        amounts
            .iter()
            .map(|(family, source, amount)| Contribution {
                family: *family,
                source: *source,
                amount: *amount,
            })
            .collect()
    }

    fn shown(amounts: &[(u32, u8, i64)], units: u64) -> Option<i64> {
        sum(&parts(amounts), units, 0, &Rules::standard())
    }

    fn even(families: u32, source: impl Fn(u32) -> u8) -> Vec<(u32, u8, i64)> {
        (1..=families).map(|family| (family, source(family), 1000 + i64::from(family))).collect()
    }

    #[test]
    fn an_even_sum_is_shown_to_three_digits() {
        assert_eq!(shown(&even(12, |_| 0), 12), Some(12_100));
        assert_eq!(shown(&even(12, |_| 0), 9), None, "few units");
        assert_eq!(shown(&[], 50), None, "nobody has any");
        assert_eq!(shown(&[(1, 0, 5), (2, 0, -1), (3, 0, 5)], 50), None, "negative");
        assert_eq!(shown(&even(4, |_| 0), 50), None, "few families have any");
    }

    /// Attack: a sum of one row each is the exact count, if three digits of it are shown.
    #[test]
    fn a_small_sum_is_on_the_grid_of_counts() {
        let rows = |families: u32| (0..families).map(|family| (family, 0, 1)).collect::<Vec<_>>();
        assert_eq!((shown(&rows(58), 58), shown(&rows(62), 62)), (Some(60), Some(60)));
        let tenths = parts(&rows(12));
        assert_eq!(sum(&tenths, 12, 1, &Rules::standard()), None, "1.2 is nothing on a grid of 5.0");
        assert_eq!(span(&tenths, 12, &Rules::standard()), Some(12));
    }

    /// Attack: the runner-up takes its own amount off the sum and guesses the largest.
    #[test]
    fn a_runner_up_cannot_guess_the_dominant_family() {
        let mut amounts = even(12, |_| 0);
        amounts.push((99, 0, 200_000));
        assert_eq!(shown(&amounts, 13), None);
        // Two rows of one family are one contributor.
        let twice = [(1, 0, 500), (1, 0, 500), (2, 0, 1000), (3, 0, 20), (4, 0, 20)];
        assert_eq!(shown(&twice, 20), None);
    }

    /// Attack: a partner takes its own clients off the sum.
    #[test]
    fn a_partner_cannot_take_its_own_clients_off() {
        let one_elsewhere = even(12, |family| u8::from(family == 1));
        assert_eq!(shown(&one_elsewhere, 12), None);
        let even_apart = even(24, |family| u8::from(family % 2 == 0));
        assert!(shown(&even_apart, 24).is_some());
        let all_at_one = even(12, |_| 3);
        assert!(shown(&all_at_one, 12).is_some(), "what one partner alone knows is no other's");
    }

    proptest! {
        #[test]
        fn with_any_two_families_known_the_largest_other_stays_uncertain(
            amounts in prop::collection::vec((1_u32..9, 0_u8..3, 0_i64..10_000), 0..40),
            units in 10_u64..60,
        ) {
            if shown(&amounts, units).is_some() {
                let families = by(parts(&amounts).iter(), |part| part.family);
                let total: i128 = families.values().sum();
                let mut sorted: Vec<i128> = families.values().copied().collect();
                sorted.sort_unstable_by(|a, b| b.cmp(a));
                prop_assert!(sorted.len() >= 3);
                let guess = total - sorted[1];
                prop_assert!((guess - sorted[0]) * 10 >= sorted[0], "within p % of the truth");
            }
        }
    }
}
