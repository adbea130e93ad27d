//! R5, in lines: which further cells are hidden, so that a hidden one cannot be worked out from its siblings and the
//! cell that they add up to.
//!
//! Everything here is decided from what cells would show by R1 to R3 and R8, and from how far that can lie from the
//! truth; never from a count behind it. `tests/attacks_cover.rs` enumerates small worlds and shows for each line what an
//! attacker who knows all of this is left with.

use super::rounding::rounded;
use super::rules::Rules;

/// What a node would show, and what that says of its count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// What it would show; none where R1, R6 or R10 hides it.
    pub(super) value: Option<u64>,
    /// The fewest and the most that it can hold, given that.
    pub(super) low: u64,
    /// None where there is no most.
    pub(super) high: Option<u64>,
    /// Hidden for its few units: what must stay possible is 0 and so many more values.
    pub(super) small: bool,
    /// The programme says that nobody can be in it.
    pub(super) structural_zero: bool,
    /// It was shown before, and stands as it did.
    pub(super) public: bool,
    /// It was covered before, and stands as it did.
    pub(super) covered: bool,
}

impl Standing {
    /// That of a structural zero.
    pub(super) const fn zero() -> Standing {
        Standing {
            value: None,
            low: 0,
            high: Some(0),
            small: false,
            structural_zero: true,
            public: false,
            covered: false,
        }
    }
}

/// Covers a line: `whole` is what is shown of the sum, and `shown` says which parts are shown so far. Returns whether more
/// are hidden now.
///
/// 1. A group that reads so few that two of its parts could each lie within R8's reach of it shows no parts.
/// 2. Of three parts or more, one alone is not shown.
/// 3. While a small hidden part is left with too few values, or a large one alone is hidden, the smallest shown part is
///    hidden too; one that was shown before goes last.
pub(super) fn cover(whole: &Standing, parts: &[&Standing], shown: &mut [bool], rules: &Rules) -> bool {
    let free: Vec<usize> = (0..parts.len()).filter(|part| !parts[*part].structural_zero).collect();
    let close = free.len() > 1 && is_small(whole, rules);
    if !close && free.iter().all(|part| shown[*part]) {
        return false;
    }
    let before = shown.iter().filter(|shown| **shown).count();
    let with_value = free.iter().filter(|part| parts[**part].value.is_some()).count();
    let alone = free.len() > 2 && with_value == 1;
    if close || alone {
        free.iter().for_each(|part| shown[*part] = false);
    }
    while is_open(whole, parts, shown, rules) {
        let next = free.iter().filter(|part| shown[**part]);
        let Some(next) = next.min_by_key(|part| (parts[**part].public, parts[**part].value, **part)) else {
            break;
        };
        shown[*next] = false;
    }
    shown.iter().filter(|shown| **shown).count() < before
}

/// Which figures of a line are shown, beside that of the whole: none or at least two are hidden. `shown` says of each part
/// whether its figure could be, `counts` what its count reads. Returns whether more are hidden now.
pub(super) fn cover_figures(counts: &[Option<u64>], zero: &[bool], shown: &mut [bool]) -> bool {
    let free: Vec<usize> = (0..shown.len()).filter(|part| !zero[*part]).collect();
    if free.iter().filter(|part| !shown[**part]).count() != 1 {
        return false;
    }
    let smallest = free.into_iter().filter(|part| shown[*part]).min_by_key(|part| (counts[*part], *part));
    smallest.inspect(|part| shown[*part] = false).is_some()
}

/// Whether two parts can both lie within R8's reach of the whole: then what they read tells of the others.
fn is_small(whole: &Standing, rules: &Rules) -> bool {
    whole.value.is_none_or(|value| value <= rounded(2 * rules.held(), rules.rounding()))
}

/// The same of a table by two dimensions or more, whose cells lie within reach of one margin each: a table of so few shows
/// all of its cells or none.
pub(super) fn is_small_table(total: &Standing, rules: &Rules) -> bool {
    total.value.is_none_or(|value| value <= rounded(4 * rules.held(), rules.rounding()))
}

/// Whether some hidden part is left with too few values.
fn is_open(whole: &Standing, parts: &[&Standing], shown: &[bool], rules: &Rules) -> bool {
    let hidden: Vec<usize> =
        (0..parts.len()).filter(|part| !shown[*part] && !parts[*part].structural_zero).collect();
    if let [only] = hidden[..]
        && !parts[only].small
    {
        return true;
    }
    let lows: u64 = parts.iter().map(|part| part.low).sum();
    let highs: Option<u64> = parts.iter().map(|part| part.high).sum();
    hidden.into_iter().filter(|part| parts[*part].small).any(|part| {
        let (low, high) = (parts[part].low, parts[part].high.unwrap_or(u64::MAX));
        let most_others = highs.map(|highs| highs - high);
        let least = most_others.map_or(0, |others| whole.low.saturating_sub(others)).max(low);
        let most = whole.high.map_or(high, |all| all.saturating_sub(lows - low)).min(high);
        least > 0 || most + 1 < rules.values()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(value: u64) -> Standing {
        Standing {
            value: Some(value),
            low: (value - 2).max(8),
            high: Some(value + 2),
            small: false,
            structural_zero: false,
            public: false,
            covered: false,
        }
    }

    fn small() -> Standing {
        Standing {
            value: None,
            low: 0,
            high: Some(7),
            small: true,
            structural_zero: false,
            public: false,
            covered: false,
        }
    }

    fn covered(whole: &Standing, parts: &[Standing]) -> Vec<bool> {
        let mut shown: Vec<bool> =
            parts.iter().map(|part| part.structural_zero || part.value.is_some()).collect();
        cover(whole, &parts.iter().collect::<Vec<_>>(), &mut shown, &Rules::standard());
        shown
    }

    #[test]
    fn a_hidden_part_that_can_be_nobody_needs_no_cover() {
        assert_eq!(covered(&shows(90), &[shows(60), shows(30), small()]), [true, true, false]);
    }

    #[test]
    fn a_line_whose_hidden_part_cannot_be_nobody_is_hidden_whole() {
        assert_eq!(covered(&shows(100), &[shows(60), shows(30), small()]), [false; 3]);
        assert_eq!(covered(&shows(125), &[shows(60), shows(30), shows(25), small()]), [false; 4]);
    }

    #[test]
    fn a_large_part_hidden_by_another_line_is_covered_by_the_smallest_not_shown_before() {
        let whole = shows(125);
        let of = |parts: [Standing; 4]| {
            let mut shown = [true, true, true, false];
            cover(&whole, &parts.iter().collect::<Vec<_>>(), &mut shown, &Rules::standard());
            shown
        };
        assert_eq!(of([shows(60), shows(30), shows(25), shows(10)]), [true, true, false, false]);
        let before = Standing { public: true, ..shows(25) };
        assert_eq!(of([shows(60), shows(30), before, shows(10)]), [true, false, true, false]);
    }

    #[test]
    fn one_shown_part_of_three_is_not_shown() {
        assert_eq!(covered(&shows(100), &[shows(95), small(), small()]), [false; 3]);
        assert_eq!(covered(&shows(95), &[shows(95), small()]), [true, false], "of two it may be");
    }

    #[test]
    fn a_group_of_fifteen_shows_no_parts() {
        assert_eq!(covered(&shows(15), &[shows(10), shows(10), small()]), [false; 3]);
        assert_eq!(covered(&shows(15), &[shows(15), small()]), [false; 2]);
        assert_eq!(covered(&shows(15), &[shows(10), shows(10)]), [false; 2]);
        assert_eq!(covered(&shows(15), &[shows(15)]), [true], "one part is the group itself");
    }

    #[test]
    fn a_structural_zero_neither_covers_nor_needs_it() {
        let none = Standing::zero();
        let parts = [shows(60), none, small()];
        assert_eq!(covered(&shows(60), &parts), [true, true, false]);
        assert_eq!(covered(&shows(65), &parts), [false, true, false]);
    }

    #[test]
    fn without_hidden_parts_nothing_is_covered() {
        assert_eq!(covered(&shows(20), &[shows(10), shows(10)]), [true, true]);
    }
}
