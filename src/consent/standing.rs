//! Whether a row may come in, and whether it may stay, whatever it is used for.
//!
//! A question asks about one purpose and one recipient ([`super::fold`]). A row that rests on consent alone may be handed over
//! while any purpose for any recipient permits it, and may be kept as long as any of them does, or did a while ago. The
//! two validities are apart: handing over is limited by `disclosure_days` of the basis, use by its `use_days`
//! (`docs/CONSENT.md`).

use super::event::GivenBy;
use super::fold::{AsOf, Known, Use, fold, kept};
use crate::clock::{Day, Timestamp};
use crate::name::OrganisationId;
use crate::programme::{BasisKind, Dataset};

/// Days of rows, as stretches: in order, disjoint, both days included. Empty: no row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days(Vec<(Day, Day)>);

impl Days {
    /// Whether a row of this day is among them.
    #[must_use]
    pub fn holds(&self, day: Day) -> bool {
        super::fold::covered(&self.0, day)
    }

    /// Whether no day is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stretches.
    #[must_use]
    pub fn stretches(&self) -> &[(Day, Day)] {
        &self.0
    }

    /// The days of any of some stretches.
    #[must_use]
    pub fn of(mut stretches: Vec<(Day, Day)>) -> Days {
        stretches.retain(|(from, to)| from <= to);
        stretches.sort_unstable();
        let mut united: Vec<(Day, Day)> = Vec::with_capacity(stretches.len());
        for (from, to) in stretches {
            match united.last_mut() {
                Some(last) if from <= last.1.plus(1) => last.1 = last.1.max(to),
                _ => united.push((from, to)),
            }
        }
        Days(united)
    }
}

/// The days of rows that `source` may hand over of a dataset that rests on consent alone. `events` are those of one person,
/// as [`fold`] takes them.
#[must_use]
pub fn disclosable(events: &[Known], source: u8, dataset: &Dataset, as_of: AsOf) -> Days {
    over_uses(events, source, dataset, |asked, basis| {
        let permission =
            fold(events, &Use { longest: dataset.bases[basis].disclosure_days, ..*asked }, as_of);
        permission.windows().to_vec()
    })
}

/// The days of rows of the same that may be kept; `grace` is the programme's [`crate::programme::ConsentPolicy::lapsed_days`].
#[must_use]
pub fn keepable(events: &[Known], source: u8, dataset: &Dataset, as_of: AsOf, grace: u32) -> Days {
    over_uses(events, source, dataset, |asked, basis| {
        kept(events, &Use { longest: dataset.bases[basis].use_days, ..*asked }, as_of, grace)
    })
}

/// The latest no to anything in a dataset of the source, and by whom: what a tombstone keeps of it.
#[must_use]
pub fn denied(events: &[Known], source: u8, dataset: &Dataset, as_of: AsOf) -> Option<(Timestamp, GivenBy)> {
    let denies = events.iter().filter(|e| e.source() == source && as_of.sees(e) && e.kind().is_deny());
    let denies = denies.filter(|e| e.is_about(&dataset.id));
    let by = |custodian: bool| if custodian { GivenBy::Custodian } else { GivenBy::Person };
    let custodian = denies.clone().any(|e| e.given_by() == GivenBy::Custodian);
    denies.map(Known::at).max().map(|at| (at, by(custodian)))
}

/// The days of every use that a yes of the source may be to.
fn over_uses(
    events: &[Known],
    source: u8,
    dataset: &Dataset,
    mut of: impl FnMut(&Use<'_>, usize) -> Vec<(Day, Day)>,
) -> Days {
    let said = events.iter().filter(|e| e.source() == source && e.kind().is_permit());
    let mut recipients: Vec<&OrganisationId> = said.flat_map(Known::recipients).collect();
    recipients.sort_unstable();
    recipients.dedup();
    let mut days = Vec::new();
    for (at, basis) in dataset.bases.iter().enumerate().filter(|(_, b)| b.kind == BasisKind::Consent) {
        for recipient in &recipients {
            let asked =
                Use { source, purpose: &basis.purpose, recipient, dataset: &dataset.id, longest: None };
            days.extend(of(&asked, at));
        }
    }
    Days::of(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_united() {
        let days = |pairs: &[(i32, i32)]| {
            Days::of(pairs.iter().map(|(a, b)| (Day::from_days(*a), Day::from_days(*b))).collect())
        };
        let united = days(&[(10, 12), (1, 3), (4, 5), (11, 20), (30, 29)]);
        assert_eq!(united, days(&[(1, 5), (10, 20)]));
        let inside: Vec<i32> = (0..25).filter(|d| united.holds(Day::from_days(*d))).collect();
        assert_eq!(inside, (1..=5).chain(10..=20).collect::<Vec<_>>());
        assert!(days(&[]).is_empty());
        assert_eq!(united.stretches().len(), 2);
    }
}
