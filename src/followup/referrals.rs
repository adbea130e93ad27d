//! Since when each referral counts, and which wait for the steward.

use std::collections::BTreeMap;

use crate::clock::{Day, Timestamp};
use crate::programme::Followup;

const DAY_MILLIS: i64 = 86_400_000;
/// Days over which new referrals are counted.
pub const VOLUME_DAYS: i64 = 30;

/// A person whom a partner has referred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referral {
    /// Day of the first referral in force.
    pub first_day: Day,
    /// The first seal in which it was.
    pub first_sealed_at: Timestamp,
    /// Whether it waits for the steward.
    pub held: bool,
}

impl Referral {
    /// Whether it may be asked about.
    #[must_use]
    pub fn counts(&self, followup: &Followup, now: Timestamp) -> bool {
        let delay = i64::from(followup.delay_days) * DAY_MILLIS;
        !self.held && self.first_sealed_at.plus_millis(delay) <= now
    }
}

/// Referrals by partner and person.
pub type Referrals = BTreeMap<(u8, u32), Referral>;

/// The referrals of a follow-up after a seal, and how many of each partner are new. `before` are those of the seal before,
/// `in_force` the first day of each in this one, `recent` what each partner newly referred in the 30 days before and the
/// steward has not approved, `person` the number that a number stands for now.
///
/// A referral that was there keeps its first seal; one that begins on an earlier day than before is new: a day put back
/// would show what came before. When a partner's new referrals, with its recent ones, are more than the programme
/// expects, all that are new in this seal are held.
#[must_use]
pub fn settle(
    followup: &Followup,
    before: &Referrals,
    in_force: &BTreeMap<(u8, u32), Day>,
    sealed_at: Timestamp,
    recent: &BTreeMap<u8, u64>,
    person: impl Fn(u32) -> u32,
) -> (Referrals, BTreeMap<u8, u64>) {
    let mut known = Referrals::new();
    for ((source, number), referral) in before {
        known
            .entry((*source, person(*number)))
            .and_modify(|other| {
                let first_day = other.first_day.min(referral.first_day);
                // Of two that an alias has made one, the older one decides.
                let older =
                    *if referral.first_sealed_at < other.first_sealed_at { referral } else { &*other };
                *other = Referral { first_day, ..older };
            })
            .or_insert(*referral);
    }
    let kept = |of: &(u8, u32), day: Day| known.get(of).filter(|known| known.first_day <= day);
    let mut new: BTreeMap<u8, u64> = BTreeMap::new();
    for (of, day) in in_force {
        if kept(of, *day).is_none() {
            *new.entry(of.0).or_default() += 1;
        }
    }
    let held = |source: u8| {
        let of = |counts: &BTreeMap<u8, u64>| counts.get(&source).copied().unwrap_or(0);
        of(&new).saturating_add(of(recent)) > u64::from(followup.new_per_30_days)
    };
    let after = in_force.iter().map(|(of, day)| {
        let referral = match kept(of, *day) {
            Some(known) => Referral { first_day: *day, ..*known },
            None => Referral { first_day: *day, first_sealed_at: sealed_at, held: held(of.0) },
        };
        (*of, referral)
    });
    (after.collect(), new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::Programme;

    fn followup() -> Followup {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        Followup { new_per_30_days: 3, ..programme.followups[0].clone() }
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(day * DAY_MILLIS)
    }

    fn seal(before: &Referrals, persons: &[(u32, i32)], day: i64, recent: u64) -> (Referrals, u64) {
        let in_force = persons.iter().map(|(n, day)| ((4, *n), Day::from_days(*day))).collect();
        let recent = BTreeMap::from([(4, recent)]);
        let (after, new) = settle(&followup(), before, &in_force, at(day), &recent, |n| n);
        (after, new.get(&4).copied().unwrap_or(0))
    }

    #[test]
    fn a_referral_counts_a_week_after_its_first_seal() {
        let (first, new) = seal(&Referrals::new(), &[(1, 10), (2, 11)], 100, 0);
        assert_eq!(new, 2);
        let (second, new) = seal(&first, &[(1, 10), (3, 12)], 101, 2);
        assert_eq!((new, second.len()), (1, 2), "the second is gone");
        let counts = |n: u32, now: i64| second[&(4, n)].counts(&followup(), at(now));
        assert!(!counts(1, 106) && counts(1, 107) && !counts(3, 107) && counts(3, 108));
        assert_eq!(
            seal(&second, &[(2, 11)], 102, 0).0[&(4, 2)].first_sealed_at,
            at(102),
            "gone and back: new"
        );
    }

    /// Attack: the day of a referral that counts is put back, to be told what came before it.
    #[test]
    fn attack_a_day_put_back_is_a_new_referral() {
        let (first, _) = seal(&Referrals::new(), &[(1, 10)], 100, 0);
        let (later, new) = seal(&first, &[(1, 12)], 101, 0);
        assert_eq!((later[&(4, 1)].first_sealed_at, new), (at(100), 0));
        let (back, new) = seal(&later, &[(1, 9)], 120, 0);
        assert_eq!((back[&(4, 1)].first_sealed_at, new), (at(120), 1));
    }

    /// Attack: many are referred at once, or a few at a time.
    #[test]
    fn attack_a_flood_is_held() {
        let many: Vec<(u32, i32)> = (1..=4).map(|n| (n, 10)).collect();
        let (held, _) = seal(&Referrals::new(), &many, 100, 0);
        assert!(held.values().all(|referral| referral.held));
        let (few, _) = seal(&Referrals::new(), &many[..3], 100, 0);
        assert!(few.values().all(|referral| !referral.held));
        let (more, _) = seal(&few, &many, 101, 3);
        assert_eq!(more.iter().filter(|(_, r)| r.held).map(|((_, n), _)| *n).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn an_alias_keeps_the_older_one() {
        let referral = |day, sealed, held| Referral {
            first_day: Day::from_days(day),
            first_sealed_at: at(sealed),
            held,
        };
        let before = Referrals::from([((4, 1), referral(20, 90, false)), ((4, 7), referral(10, 100, true))]);
        let in_force = BTreeMap::from([((4, 1), Day::from_days(10))]);
        let (after, new) =
            settle(
                &followup(),
                &before,
                &in_force,
                at(110),
                &BTreeMap::new(),
                |n| if n == 7 { 1 } else { n },
            );
        assert_eq!(after, Referrals::from([((4, 1), referral(10, 90, false))]));
        assert!(new.is_empty());
    }
}
