//! R10: a cell that says of units known at one partner what another partner knows.
//!
//! A partner knows its own clients. So such a cell needs 13 persons; where it is a part of a group by membership alone,
//! 13 others in the group, so that it does not say of everybody there what it counts; and where several partners can
//! supply it, at least three units that the largest of them did not supply.

use super::rules::Rules;

/// Fewest units that the largest partner did not supply. Default and floor.
const LEAST_OTHERS: u64 = 3;

/// Whether a crossing cell may be shown: its persons and units, the units by supplying partner, whether several partners
/// can supply it, and the persons in each of the groups that it is a part of.
pub(super) fn may_be_shown(
    (persons, units): (u64, u64),
    (supplied, several): (&[u64], bool),
    mut among: impl Iterator<Item = u64>,
    rules: &Rules,
) -> bool {
    let largest = supplied.iter().copied().max().unwrap_or(0);
    persons.min(units) >= rules.crossing()
        && among.all(|group| group.saturating_sub(persons) >= rules.crossing())
        && (!several || units.saturating_sub(largest) >= LEAST_OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirteen_are_needed_and_three_from_others() {
        let shown = |persons, supplied: &[u64]| {
            may_be_shown((persons, persons), (supplied, true), std::iter::empty(), &Rules::standard())
        };
        assert!(shown(13, &[10, 3]));
        assert!(!shown(12, &[6, 6]));
        assert!(!shown(13, &[11, 2]), "the largest partner could take its own off");
        assert!(!shown(40, &[40, 0]), "one partner supplied all of it");
    }

    #[test]
    fn where_one_partner_alone_can_supply_it_always_does() {
        assert!(may_be_shown((13, 13), (&[13], false), std::iter::empty(), &Rules::standard()));
    }

    #[test]
    fn the_others_of_the_group_must_be_thirteen_too() {
        let shown =
            |group| may_be_shown((20, 20), (&[10, 10], true), [200, group].into_iter(), &Rules::standard());
        assert!(shown(33));
        assert!(!shown(32));
        assert!(!shown(20), "everybody in the group is in it");
    }
}
