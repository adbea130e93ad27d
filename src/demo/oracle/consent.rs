//! What a yes permits, for the three kinds of event that the demo's files hold.

use std::path::Path;

use super::super::DemoError;
use super::super::consents::HEADER;
use super::read::identifier;
use crate::clock::{Day, Timestamp};

/// An event of a consent file.
#[derive(Clone, Copy)]
pub(super) struct Event {
    yes: bool,
    at: Timestamp,
    from: Day,
    to: Day,
    rows_from: Day,
    rows_to: Day,
}

/// The events of a partner's file, by person.
pub(super) fn read(partner: &str, path: &Path) -> Result<Vec<(String, Event)>, DemoError> {
    let wrong = |what| DemoError::File { path: path.to_owned(), what };
    let text = std::fs::read_to_string(path).map_err(DemoError::io(path, "read"))?;
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(wrong("is no consent file"));
    }
    let mut events = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [number, _, event, at, days @ ..] = cells.as_slice() else {
            return Err(wrong("has a line with too few columns"));
        };
        let at: Timestamp = at.parse().map_err(|_| wrong("has an event without a time"))?;
        let day = |at: usize, otherwise| match days.get(at) {
            None | Some(&"") => Ok(otherwise),
            Some(text) => text.parse().map_err(|_| wrong("has a day that is none")),
        };
        let yes = match *event {
            "given" => true,
            "refused" | "withdrawn" => false,
            _ => return Err(wrong("has an event that the oracle does not know")),
        };
        let from = day(0, at.day())?;
        let event = Event {
            yes,
            at,
            from,
            to: day(1, Day::MAX)?,
            rows_from: day(2, from)?,
            rows_to: day(3, Day::MAX)?,
        };
        let person = identifier(number, partner, at.day(), false).ok_or_else(|| wrong("has a bad number"))?;
        events.push((person, event));
    }
    Ok(events)
}

impl Event {
    const fn holds(&self, day: Day) -> bool {
        self.rows_from.days() <= day.days() && day.days() <= self.rows_to.days()
    }

    const fn meets(&self, other: &Event) -> bool {
        self.rows_from.days() <= other.rows_to.days() && other.rows_from.days() <= self.rows_to.days()
    }
}

/// Whether a row of a day may be used at a moment, by the events of one person at one source.
///
/// `longest` is the longest time that a yes holds, in days from the day it was said. Nothing said is a no. A no beats every yes up to its instant and never runs out. Where two yeses share days, both must hold the row's day.
pub(super) fn allows(events: &[Event], moment: Timestamp, day: Day, longest: Option<u32>) -> bool {
    let known = || events.iter().filter(|event| event.at <= moment);
    let denied = known().filter(|event| !event.yes).map(|event| event.at).max();
    let today = moment.day();
    let standing: Vec<&Event> = known()
        .filter(|event| event.yes && denied.is_none_or(|no| event.at > no))
        .filter(|event| event.from <= today && today <= event.to && event.rows_from <= event.rows_to)
        .filter(|event| {
            let old = i64::from(today.days()) - i64::from(event.at.day().days());
            longest.is_none_or(|longest| old <= i64::from(longest))
        })
        .collect();
    let holding: Vec<&&Event> = standing.iter().filter(|event| event.holds(day)).collect();
    let contradicted =
        holding.iter().any(|yes| standing.iter().any(|other| yes.meets(other) && !other.holds(day)));
    !holding.is_empty() && !contradicted
}
