//! What a yes has to get past to count: denies, custodians' denies that nobody lifted, and the ends of records.
//!
//! Written for events in whatever form they are kept, so that the fold of one person and the fold of everybody are the
//! same code.

use super::event::{EventKind, GivenBy};
use crate::clock::{Day, Timestamp};

/// An event, with what the fold reads of it but for its scope.
pub(super) trait Said: Copy {
    /// A record's name. Only names of one person at one source are compared.
    type Name: Ord + Copy;

    /// When it happened.
    fn at(self) -> Timestamp;
    /// What happened.
    fn kind(self) -> EventKind;
    /// Who said it.
    fn given_by(self) -> GivenBy;
    /// The record that it is.
    fn record(self) -> Self::Name;
    /// The record that it is about.
    fn names(self) -> Option<Self::Name>;
    /// First and last day on which a yes permits use.
    fn valid(self) -> (Day, Day);
    /// First and last day of the rows that a yes covers.
    fn rows(self) -> (Day, Day);

    /// Last day on which a yes holds where none may hold longer than so many days from the day on which it was given.
    fn holds_to(self, longest: Option<u32>) -> Day {
        let days = longest.map(|days| i32::try_from(days).unwrap_or(i32::MAX));
        days.map_or(self.valid().1, |days| self.valid().1.min(self.at().day().plus(days)))
    }
}

/// What a yes has to get past.
pub(super) struct Barrier<N> {
    /// The latest deny: only a later yes counts.
    denied_at: Option<Timestamp>,
    /// When the last custodian's no was lifted: a yes from then on counts.
    lifted_at: Option<Timestamp>,
    /// Records that are over: expired, renewed, or named by a deny. Sorted.
    over: Vec<N>,
}

impl<N: Ord + Copy> Barrier<N> {
    /// `None` when nothing gets past: a custodian's no stands, or there is no yes at all.
    pub(super) fn of<S: Said<Name = N>>(
        seen: impl Iterator<Item = S> + Clone,
        covers: &impl Fn(S) -> bool,
    ) -> Option<Barrier<N>> {
        if !seen.clone().any(|e| e.kind().is_permit()) {
            return None;
        }
        let denies = seen.clone().filter(|e| e.kind().is_deny() && covers(*e));
        let mut denied: Vec<N> = denies.clone().filter_map(Said::names).collect();
        denied.sort_unstable();
        let lifted_at = Barrier::lifted(seen.clone(), denies.clone(), &denied, covers)?;
        let ended = seen.filter(|e| matches!(e.kind(), EventKind::Expired | EventKind::Renewed));
        let mut over = denied;
        over.extend(ended.filter_map(Said::names));
        over.sort_unstable();
        Some(Barrier { denied_at: denies.map(Said::at).max(), lifted_at, over })
    }

    /// When the last custodian's no was lifted: by a later yes of the person, or by a later one that answers it. `None`
    /// when one was not. Sorted and searched: a partner may send as many events about one person as it likes.
    fn lifted<S: Said<Name = N>>(
        seen: impl Iterator<Item = S>,
        denies: impl Iterator<Item = S> + Clone,
        denied: &[N],
        covers: &impl Fn(S) -> bool,
    ) -> Option<Option<Timestamp>> {
        // Another custodian's yes does not lift it.
        let custodians = denies.filter(|e| {
            e.given_by() == GivenBy::Custodian
                && matches!(e.kind(), EventKind::Refused | EventKind::Withdrawn)
        });
        if custodians.clone().next().is_none() {
            return Some(None);
        }
        let (mut own, mut answers) = (Vec::new(), Vec::new());
        let sound = |e: &S| e.kind().is_permit() && covers(*e) && denied.binary_search(&e.record()).is_err();
        for yes in seen.filter(sound) {
            if yes.given_by() == GivenBy::Person {
                own.push(yes.at());
            }
            if let Some(named) = yes.names().filter(|_| yes.kind() == EventKind::Renewed) {
                answers.push((named, yes.at()));
            }
        }
        own.sort_unstable();
        answers.sort_unstable();
        let mut lifted_at = None;
        for deny in custodians {
            let own = own.get(own.partition_point(|at| *at <= deny.at())).copied();
            let answer = answers.get(answers.partition_point(|answer| *answer <= (deny.record(), deny.at())));
            let answer = answer.filter(|(named, _)| *named == deny.record()).map(|(_, at)| *at);
            lifted_at = lifted_at.max(Some(own.into_iter().chain(answer).min()?));
        }
        Some(lifted_at)
    }

    pub(super) fn lets_through<S: Said<Name = N>>(&self, yes: S) -> bool {
        self.denied_at.is_none_or(|denied| yes.at() > denied)
            && self.lifted_at.is_none_or(|lifted| yes.at() >= lifted)
            && self.over.binary_search(&yes.record()).is_err()
    }
}
