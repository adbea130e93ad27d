//! The fold: what the events of one person at one source permit, at a moment.
//!
//! `docs/CONSENT.md` states the rules and works them through case by case. All of them compare event times and ids and
//! none the place of an event in the slice, so the order of arrival cannot matter.

use super::barrier::{Barrier, Said};
use super::event::{ConsentEvent, EventKind, GivenBy, RecordId};
use crate::clock::{Day, Timestamp};
use crate::name::{DatasetId, OrganisationId, PurposeId};

/// A recorded event, with no more of it than the fold reads. `Debug` shows its kind alone.
#[derive(Clone)]
pub struct Known {
    source: u8,
    recorded_at: Timestamp,
    at: Timestamp,
    kind: EventKind,
    given_by: GivenBy,
    record: RecordId,
    names: Option<RecordId>,
    purposes: Box<[PurposeId]>,
    recipients: Box<[OrganisationId]>,
    datasets: Box<[DatasetId]>,
    valid: (Day, Day),
    rows: (Day, Day),
}

impl Known {
    /// An event that the partner with index `source` sent and the service recorded at `recorded_at`.
    #[must_use]
    pub fn new(source: u8, event: &ConsentEvent, recorded_at: Timestamp) -> Known {
        Known {
            source,
            recorded_at,
            at: event.at,
            kind: event.kind,
            given_by: event.given_by,
            record: event.record.clone(),
            names: event.names.clone(),
            purposes: event.purposes.as_slice().into(),
            recipients: event.recipients.as_slice().into(),
            datasets: event.datasets.as_slice().into(),
            valid: (event.valid_from, event.valid_to.unwrap_or(Day::MAX)),
            rows: (event.rows.from.unwrap_or(event.valid_from), event.rows.to.unwrap_or(Day::MAX)),
        }
    }

    /// An event that was kept in another form: source; recorded and happened; kind and who said it; its record and the
    /// one that it names; scope; validity and rows.
    pub(super) fn of_parts(
        source: u8,
        (recorded_at, at): (Timestamp, Timestamp),
        (kind, given_by): (EventKind, GivenBy),
        (record, names): (RecordId, Option<RecordId>),
        (purposes, recipients, datasets): (&[PurposeId], &[OrganisationId], &[DatasetId]),
        (valid, rows): ((Day, Day), (Day, Day)),
    ) -> Known {
        Known {
            source,
            recorded_at,
            at,
            kind,
            given_by,
            record,
            names,
            purposes: purposes.into(),
            recipients: recipients.into(),
            datasets: datasets.into(),
            valid,
            rows,
        }
    }

    /// What erasure and retention leave behind when they take an event that denies away with the rest: everything that
    /// was permitted at `source` in `dataset` up to the moment `denied_at` stays denied, and no older yes comes back. A
    /// custodian's no stays a custodian's.
    #[must_use]
    pub fn tombstone(source: u8, dataset: DatasetId, denied_at: Timestamp, by: GivenBy) -> Known {
        Known {
            source,
            recorded_at: denied_at,
            at: denied_at,
            kind: EventKind::Withdrawn,
            given_by: by,
            record: RecordId::of_tombstone(),
            names: None,
            purposes: Box::default(),
            recipients: Box::default(),
            datasets: Box::new([dataset]),
            valid: (denied_at.day(), Day::MAX),
            rows: (denied_at.day(), Day::MAX),
        }
    }

    /// When it was recorded.
    pub(super) const fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    /// Datasets; none is all.
    pub(super) fn datasets(&self) -> &[DatasetId] {
        &self.datasets
    }

    /// First and last day of the rows that a yes covers.
    pub(super) const fn rows(&self) -> (Day, Day) {
        self.rows
    }

    /// Whether it stands for events that are gone, and is none itself.
    pub(crate) fn is_tombstone(&self) -> bool {
        self.record.is_of_tombstone()
    }

    /// Who said it.
    pub(crate) const fn given_by(&self) -> GivenBy {
        self.given_by
    }

    /// Recipients; none is all in a deny, none in a yes.
    pub(crate) fn recipients(&self) -> &[OrganisationId] {
        &self.recipients
    }

    /// Whether it is about a dataset of the source.
    pub(crate) fn is_about(&self, dataset: &DatasetId) -> bool {
        self.datasets.is_empty() || self.datasets.contains(dataset)
    }

    /// The partner that sent it, as an index.
    pub(crate) const fn source(&self) -> u8 {
        self.source
    }

    /// When it happened.
    pub(crate) const fn at(&self) -> Timestamp {
        self.at
    }

    /// What happened.
    pub(crate) const fn kind(&self) -> EventKind {
        self.kind
    }

    /// The record that it is.
    pub(crate) const fn record(&self) -> &RecordId {
        &self.record
    }

    /// The record that it is about.
    pub(crate) const fn names(&self) -> Option<&RecordId> {
        self.names.as_ref()
    }

    /// Purposes; none is all in a deny, none in a yes.
    pub(crate) fn purposes(&self) -> &[PurposeId] {
        &self.purposes
    }

    /// First and last day on which a yes permits use.
    pub(crate) const fn valid(&self) -> (Day, Day) {
        self.valid
    }

    /// Whether the scope covers the use. An empty list of purposes or recipients covers all in a deny, none in a yes.
    fn covers(&self, asked: &Use<'_>) -> bool {
        let all = self.kind.is_deny();
        let within = |empty_is_all: bool, empty: bool, named: bool| if empty { empty_is_all } else { named };
        within(all, self.purposes.is_empty(), self.purposes.contains(asked.purpose))
            && within(all, self.recipients.is_empty(), self.recipients.contains(asked.recipient))
            && within(true, self.datasets.is_empty(), self.datasets.contains(asked.dataset))
    }
}

impl<'a> Said for &'a Known {
    type Name = &'a RecordId;

    fn at(self) -> Timestamp {
        self.at
    }

    fn kind(self) -> EventKind {
        self.kind
    }

    fn given_by(self) -> GivenBy {
        self.given_by
    }

    fn record(self) -> &'a RecordId {
        &self.record
    }

    fn names(self) -> Option<&'a RecordId> {
        self.names.as_ref()
    }

    fn valid(self) -> (Day, Day) {
        self.valid
    }

    fn rows(self) -> (Day, Day) {
        self.rows
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Known({}, rest hidden)", self.kind.as_str())
    }
}

/// What is asked: may rows that `source` holds in `dataset` be used for `purpose`, for `recipient`?
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// Index of the partner whose rows they are.
    pub source: u8,
    /// What for.
    pub purpose: &'a PurposeId,
    /// For whom.
    pub recipient: &'a OrganisationId,
    /// Which dataset: the data category.
    pub dataset: &'a DatasetId,
    /// Longest time that a yes holds, in days from the day on which it was given, whatever it says itself: the policy's
    /// limit on handing rows over, or on using them. A yes of day d with limit n holds on d to d + n.
    pub longest: Option<u32>,
}

/// The moment that is asked about, and the moment whose knowledge is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    moment: Timestamp,
    known_at: Timestamp,
}

impl AsOf {
    /// "As known then": events recorded up to the moment itself. What a question asks, with `moment` = now.
    #[must_use]
    pub const fn known_then(moment: Timestamp) -> AsOf {
        AsOf { moment, known_at: moment }
    }

    /// "As known now": with what has been recorded since, up to `now`.
    #[must_use]
    pub const fn known_now(moment: Timestamp, now: Timestamp) -> AsOf {
        AsOf { moment, known_at: now }
    }

    /// The day that is asked about.
    pub(crate) fn day(self) -> Day {
        self.moment.day()
    }

    pub(super) fn sees(self, event: &Known) -> bool {
        event.at <= self.moment && event.recorded_at <= self.known_at
    }
}

/// What the events permit: the gate, and the days that rows may carry. Only [`fold`] can open one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    gate: bool,
    windows: Vec<(Day, Day)>,
}

impl Permission {
    /// No permission: what no event gives.
    #[must_use]
    pub const fn none() -> Permission {
        Permission { gate: false, windows: Vec::new() }
    }

    /// Whether use is permitted at the moment. Rows need a window besides.
    #[must_use]
    pub const fn gate(&self) -> bool {
        self.gate
    }

    /// The days that rows may carry: first and last day of each stretch, in order, with days between them. Empty when
    /// the gate is shut, and when windows contradict each other.
    #[must_use]
    pub fn windows(&self) -> &[(Day, Day)] {
        &self.windows
    }

    /// Whether a row of this day may be used: gate and window.
    #[must_use]
    pub fn allows(&self, day: Day) -> bool {
        self.gate && covered(&self.windows, day)
    }
}

/// Whether a day lies in one of the windows, which are in order and disjoint.
pub(super) fn covered(windows: &[(Day, Day)], day: Day) -> bool {
    let after = windows.partition_point(|(from, _)| *from <= day);
    after > 0 && day <= windows[after - 1].1
}

/// Folds the events of one person into the permission for one use at one moment.
///
/// `events` are those of every token of the person (over an alias: of both, chained), in any order; those of other
/// sources than the one asked about have no say.
pub fn fold<'a, E>(events: E, asked: &Use<'_>, as_of: AsOf) -> Permission
where
    E: IntoIterator<Item = &'a Known>,
    E::IntoIter: Clone,
{
    let events = events.into_iter();
    let seen = events.filter(move |e| e.source == asked.source && as_of.sees(e));
    let mut windows = Vec::new();
    let gate = standing(seen, &|e: &Known| e.covers(asked), asked.longest, as_of.day(), &mut windows);
    Permission { gate, windows }
}

/// The fold of events that are seen already, in whatever form they are kept: puts the windows into an empty `windows`
/// and says whether the gate is open. `covers` says whether the scope of an event covers the use.
pub(super) fn standing<S: Said>(
    seen: impl Iterator<Item = S> + Clone,
    covers: &impl Fn(S) -> bool,
    longest: Option<u32>,
    today: Day,
    windows: &mut Vec<(Day, Day)>,
) -> bool {
    let Some(barrier) = Barrier::of(seen.clone(), covers) else { return false };
    let yes = seen.filter(|e| e.kind().is_permit() && covers(*e) && barrier.lets_through(*e));
    windows.extend(yes.filter(|e| e.valid().0 <= today && today <= e.holds_to(longest)).map(Said::rows));
    let gate = !windows.is_empty();
    narrow(windows);
    gate
}

/// The days of rows that may be kept for a use: those of every yes that no deny beats and that has not run out, or did so by
/// itself no more than `grace` days ago. Windows do not narrow each other here: who is asked again and says yes to less is
/// read less of, and loses nothing by it; a `renewed` that names the wide yes replaces it. Nothing may be used for that reason.
pub(super) fn kept<'a, E>(events: E, asked: &Use<'_>, as_of: AsOf, grace: u32) -> Vec<(Day, Day)>
where
    E: IntoIterator<Item = &'a Known>,
    E::IntoIter: Clone,
{
    let seen = events.into_iter().filter(move |e| e.source == asked.source && as_of.sees(e));
    let covers = |e: &Known| e.covers(asked);
    let Some(barrier) = Barrier::of(seen.clone(), &covers) else { return Vec::new() };
    let (today, grace) = (as_of.day(), i32::try_from(grace).unwrap_or(i32::MAX));
    let yes = seen.filter(|e| e.kind.is_permit() && covers(e) && barrier.lets_through(*e));
    yes.filter(|e| today <= e.holds_to(asked.longest).plus(grace)).map(|e| e.rows).collect()
}

/// The last day of those that follow on each other from today on which the gate stays open, if nothing more is said;
/// [`Day::MAX`] where it has no end, `None` where it is shut today.
pub fn last_day<'a, E>(events: E, asked: &Use<'_>, as_of: AsOf) -> Option<Day>
where
    E: IntoIterator<Item = &'a Known>,
    E::IntoIter: Clone,
{
    let events = events.into_iter();
    let seen = events.filter(move |e| e.source == asked.source && as_of.sees(e));
    let covers = |e: &Known| e.covers(asked);
    let barrier = Barrier::of(seen.clone(), &covers)?;
    let yes = seen.filter(|e| e.kind.is_permit() && covers(e) && barrier.lets_through(*e));
    let mut spans: Vec<(Day, Day)> = yes.map(|e| (e.valid.0, e.holds_to(asked.longest))).collect();
    spans.sort_unstable();
    let today = as_of.moment.day();
    let until =
        spans.iter().fold(
            today.plus(-1),
            |until, (from, to)| {
                if *from <= until.plus(1) { until.max(*to) } else { until }
            },
        );
    (until >= today).then(|| until.min(Day::MAX))
}

/// Windows that share days narrow each other: each group linked by shared days leaves what all of it covers. Groups
/// add up. (A day counts when every permit that shares a day with one that covers it covers it too; the permits that
/// cover such a day are then a whole group.)
fn narrow(windows: &mut Vec<(Day, Day)>) {
    if let [(from, to)] = windows[..] {
        windows.truncate(usize::from(from <= to));
        return;
    }
    windows.sort_unstable();
    let mut kept: Vec<(Day, Day)> = Vec::new();
    let mut group: Option<(Day, Day, Day)> = None;
    let mut close = |group: Option<(Day, Day, Day)>| {
        if let Some((from, to, _)) = group.filter(|(from, to, _)| from <= to) {
            match kept.last_mut() {
                Some(last) if last.1.plus(1) == from => last.1 = to,
                _ => kept.push((from, to)),
            }
        }
    };
    for &(from, to) in windows.iter().filter(|(from, to)| from <= to) {
        group = match group {
            // Sorted by first day, so the latest first day is this one's.
            Some((_, common_to, reach)) if from <= reach => Some((from, common_to.min(to), reach.max(to))),
            other => {
                close(other);
                Some((from, to, to))
            }
        };
    }
    close(group);
    *windows = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrowed(windows: &[(i32, i32)]) -> Vec<(i32, i32)> {
        let mut windows: Vec<_> =
            windows.iter().map(|(a, b)| (Day::from_days(*a), Day::from_days(*b))).collect();
        narrow(&mut windows);
        windows.into_iter().map(|(a, b)| (a.days(), b.days())).collect()
    }

    #[test]
    fn windows_narrow_each_other_or_add_up() {
        assert_eq!(narrowed(&[]), []);
        assert_eq!(narrowed(&[(1, 100), (10, 20)]), [(10, 20)]);
        assert_eq!(narrowed(&[(1, 10), (5, 15)]), [(5, 10)]);
        assert_eq!(narrowed(&[(1, 10), (10, 15)]), [(10, 10)]);
        assert_eq!(narrowed(&[(1, 10), (11, 15)]), [(1, 15)]);
        assert_eq!(narrowed(&[(20, 30), (1, 10)]), [(1, 10), (20, 30)]);
        // Two narrow windows inside a wide one have nothing in common.
        assert_eq!(narrowed(&[(1, 100), (10, 20), (30, 40)]), []);
        assert_eq!(narrowed(&[(1, 10), (5, 15), (12, 20), (40, 50)]), [(40, 50)]);
        assert_eq!(narrowed(&[(9, 3)]), []);
    }

    #[test]
    fn a_day_is_found_in_its_window() {
        let days = |a, b| (Day::from_days(a), Day::from_days(b));
        let windows = [days(1, 3), days(7, 7)];
        let inside: Vec<i32> = (0..10).filter(|d| covered(&windows, Day::from_days(*d))).collect();
        assert_eq!(inside, [1, 2, 3, 7]);
        assert!(!covered(&[], Day::from_days(0)));
    }
}
