//! Follow-up, view `within`, the plain way: one person's permitted rows in order, read from the front.

use std::collections::BTreeSet;

use super::count::is_of;
use super::{Plain, Row};
use crate::clock::Day;
use crate::programme::FollowUp;

/// Persons by number of days and state, in the order of the cells: those followed so long, and those
/// of them with the event.
pub(super) fn within(
    plain: &Plain<'_>,
    follow: &FollowUp,
    counted: &[(u32, &[&Row], usize)],
    snapshot: Day,
) -> Vec<(String, BTreeSet<u32>)> {
    let is = |stage: usize, row: &Row| is_of(&plain.programme.stages[stage].events, row);
    let mut cells = Vec::new();
    for days in &follow.days {
        let reach = i32::try_from(*days).unwrap_or(i32::MAX);
        let (mut followed, mut had) = (BTreeSet::new(), BTreeSet::new());
        for (person, rows, at) in counted {
            let index = rows[*at].day;
            let ends = |row: &&&Row| row.day >= index && follow.ends.iter().any(|stage| is(*stage, row));
            let end = rows.iter().find(ends).map_or(snapshot, |row| row.day);
            let mut earliest = index.plus(i32::try_from(follow.from_day).unwrap_or(0));
            if let Some(via) = follow.via {
                match rows.iter().find(|row| row.day >= index && is(via, row)) {
                    Some(between) => earliest = earliest.max(between.day),
                    None => earliest = end.plus(1),
                }
            }
            let outcome = rows.iter().find(|row| row.day >= earliest && is(follow.outcome, row));
            let event = outcome.is_some_and(|row| row.day <= end && row.day <= index.plus(reach));
            if end >= index.plus(reach) {
                followed.insert(*person);
                if event {
                    had.insert(*person);
                }
            }
        }
        cells.push((days.to_string(), "followed", followed));
        cells.push((days.to_string(), "event", had));
    }
    cells.into_iter().map(|(days, state, set)| (format!("{days} {state}"), set)).collect()
}
