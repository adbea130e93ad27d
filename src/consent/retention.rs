//! Which recorded events may go when their date is past, and what has to stay in their place.
//!
//! An event is the proof of what was said, and not only that: a deny holds off an older yes, a renewal replaces one, an
//! expiry ends one, a narrow yes narrows a wide one. So while any yes is left whose own date is not past, nothing goes but
//! a yes that has run out and does nothing any more. When none is left, everything past its date goes, and the latest no
//! leaves a tombstone, so that an older yes that comes in late, or comes back, stays beaten.

use super::event::{EventKind, GivenBy};
use super::fold::{AsOf, Known};
use super::standing::denied;
use crate::clock::{Day, Timestamp};
use crate::name::DatasetId;
use crate::programme::Dataset;

/// What retention does to the events of one person at one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Positions of the events that may go, ascending.
    pub events: Vec<usize>,
    /// What takes their place, one for each dataset that a no among them is about: [`Known::tombstone`].
    pub tombstones: Vec<Tombstone>,
}

/// The latest no to anything in a dataset, kept without the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The dataset.
    pub dataset: DatasetId,
    /// When the latest no was said.
    pub denied_at: Timestamp,
    /// A custodian, where any of them was a custodian's.
    pub by: GivenBy,
}

/// Which events may go on a day. `events` are all of one person at `source`, under whatever token (over an alias: of
/// both), each with the last day on which it is to be kept; `datasets` are those that the source hands over. A tombstone
/// among them stays.
///
/// From `today` on, what the rest and the tombstones permit, whatever for, is never more than what the events did; while a
/// yes is left that is within its date, it is the same.
pub fn due<'a>(
    events: &[(Known, Day)],
    source: u8,
    datasets: impl IntoIterator<Item = &'a Dataset>,
    today: Day,
) -> Due {
    let past = |until: Day| until < today;
    let left = events.iter().any(|(event, until)| event.kind().is_permit() && !past(*until));
    let custodian =
        events.iter().any(|(event, _)| event.kind().is_deny() && event.given_by() == GivenBy::Custodian);
    let does_nothing = |event: &Known| {
        let over = event.kind() == EventKind::Given && event.valid().1 < today;
        // The person's own yes, run out or not, lifts a custodian's no.
        over && !(custodian && event.given_by() == GivenBy::Person)
    };
    let goes =
        |event: &Known, until: Day| past(until) && !event.is_tombstone() && (!left || does_nothing(event));
    let mut due = Due::default();
    let mut gone = Vec::new();
    for (at, (event, _)) in events.iter().enumerate().filter(|(_, (event, until))| goes(event, *until)) {
        due.events.push(at);
        gone.push(event.clone());
    }
    let ever = AsOf::known_then(Timestamp::from_millis(i64::MAX));
    for dataset in datasets {
        if let Some((denied_at, by)) = denied(&gone, source, dataset, ever) {
            due.tombstones.push(Tombstone { dataset: dataset.id.clone(), denied_at, by });
        }
    }
    due
}
