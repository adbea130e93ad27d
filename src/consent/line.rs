//! An event as it is kept in memory between questions: a fixed number of bytes.
//!
//! What many events share is kept once: purposes, recipients and datasets. A record's name is kept as 64 bits of its
//! SHA-256: only the names of one person at one partner are compared, the partner chooses them, and two of a person's
//! records meet by chance in one of 10^17 or so.

use std::collections::HashMap;

use super::barrier::Said;
use super::event::{EventKind, GivenBy, RecordId};
use super::fold::{Known, Use};
use crate::clock::{Day, Timestamp};
use crate::digest::Sha256Hex;
use crate::name::{DatasetId, OrganisationId, PurposeId};

const KINDS: [EventKind; 7] = [
    EventKind::Requested,
    EventKind::Given,
    EventKind::Refused,
    EventKind::Withdrawn,
    EventKind::Expired,
    EventKind::Invalidated,
    EventKind::Renewed,
];
/// Bits of [`Line::tag`] below the scope: three of the kind, one of who said it.
const TAG_BITS: u32 = 4;
const CUSTODIAN: u32 = 1 << 3;

/// An event of one person, of a source that whoever keeps it knows. `Debug` is not there: it is a person's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) person: u32,
    tag: u32,
    recorded_at: Timestamp,
    at: Timestamp,
    record: u64,
    /// 0 where it names none.
    names: u64,
    valid: (Day, Day),
    rows: (Day, Day),
}

const _: () = assert!(size_of::<Line>() == 56, "a line takes 56 bytes");

impl Line {
    /// Whether it is known and has happened at a moment.
    pub(super) fn is_seen(&self, now: Timestamp) -> bool {
        self.seen_from() <= now
    }

    /// From when on it is.
    pub(super) fn seen_from(&self) -> Timestamp {
        self.at.max(self.recorded_at)
    }

    /// The place of its scope.
    const fn scope(&self) -> usize {
        (self.tag >> TAG_BITS) as usize
    }
}

impl Said for &Line {
    type Name = u64;

    fn at(self) -> Timestamp {
        self.at
    }

    fn kind(self) -> EventKind {
        KINDS[(self.tag & 7) as usize]
    }

    fn given_by(self) -> GivenBy {
        if self.tag & CUSTODIAN == 0 { GivenBy::Person } else { GivenBy::Custodian }
    }

    fn record(self) -> u64 {
        self.record
    }

    fn names(self) -> Option<u64> {
        (self.names != 0).then_some(self.names)
    }

    fn valid(self) -> (Day, Day) {
        self.valid
    }

    fn rows(self) -> (Day, Day) {
        self.rows
    }
}

/// What an event is about. Lists are in order, without repeats.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Scope {
    purposes: Box<[PurposeId]>,
    recipients: Box<[OrganisationId]>,
    datasets: Box<[DatasetId]>,
}

/// The scopes of all events, each once.
#[derive(Default)]
pub(super) struct Scopes {
    all: Vec<Scope>,
    places: HashMap<Scope, u32>,
}

/// Which scopes cover a use, by place.
pub(super) struct Covers(Vec<u8>);

impl Covers {
    /// Whether the scope of a line covers the use.
    pub(super) fn holds(&self, line: &Line) -> bool {
        let mask = if line.kind().is_deny() { 2 } else { 1 };
        self.0[line.scope()] & mask != 0
    }
}

impl Scopes {
    /// A line of an event.
    pub(super) fn line(&mut self, person: u32, event: &Known) -> Line {
        let kind = KINDS.iter().position(|kind| *kind == event.kind()).expect("every kind is listed");
        let custodian = if event.given_by() == GivenBy::Custodian { CUSTODIAN } else { 0 };
        let scope = Scope {
            purposes: in_order(event.purposes()),
            recipients: in_order(event.recipients()),
            datasets: in_order(event.datasets()),
        };
        Line {
            person,
            tag: self.place(scope) << TAG_BITS | custodian | kind as u32,
            recorded_at: event.recorded_at(),
            at: event.at(),
            record: short(event.record()),
            names: event.names().map_or(0, short),
            valid: event.valid(),
            rows: event.rows(),
        }
    }

    fn place(&mut self, scope: Scope) -> u32 {
        if let Some(place) = self.places.get(&scope) {
            return *place;
        }
        let place = u32::try_from(self.all.len()).ok().filter(|place| place.leading_zeros() >= TAG_BITS);
        let place = place.expect("fewer scopes than would fit into memory");
        self.all.push(scope.clone());
        self.places.insert(scope, place);
        place
    }

    /// The event of a line again, but for the name of its record, which is another one that is as good.
    pub(super) fn event(&self, source: u8, line: &Line) -> Known {
        let scope = &self.all[line.scope()];
        Known::of_parts(
            source,
            (line.recorded_at, line.at),
            (line.kind(), line.given_by()),
            (RecordId::of_short(line.record), line.names().map(RecordId::of_short)),
            (&scope.purposes, &scope.recipients, &scope.datasets),
            (line.valid, line.rows),
        )
    }

    /// Which scopes cover a use. As [`Known::covers`] has it: an empty list covers all, but one of purposes or recipients
    /// none in a yes.
    pub(super) fn covering(&self, asked: &Use<'_>) -> Covers {
        let of = |scope: &Scope| {
            let within = |empty: bool, named: bool| if empty { 2 } else { 3 * u8::from(named) };
            let dataset = scope.datasets.is_empty() || scope.datasets.contains(asked.dataset);
            within(scope.purposes.is_empty(), scope.purposes.contains(asked.purpose))
                & within(scope.recipients.is_empty(), scope.recipients.contains(asked.recipient))
                & if dataset { 3 } else { 0 }
        };
        Covers(self.all.iter().map(of).collect())
    }

    /// Bytes that they take in memory, about.
    pub(super) fn bytes(&self) -> u64 {
        let of = |scope: &Scope| {
            let names = scope.purposes.len() + scope.recipients.len() + scope.datasets.len();
            2 * (size_of::<Scope>() + names * 40) + size_of::<u32>()
        };
        self.all.iter().map(of).sum::<usize>() as u64
    }
}

fn in_order<T: Ord + Clone>(names: &[T]) -> Box<[T]> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    names.into()
}

/// 64 bits of a record's name; 0 for a tombstone, which has none, and for no other.
fn short(record: &RecordId) -> u64 {
    if record.is_of_tombstone() {
        return 0;
    }
    let digest = Sha256Hex::of(record.as_str().as_bytes());
    let first = digest.as_bytes().first_chunk().expect("32 bytes");
    u64::from_le_bytes(*first).max(1)
}
