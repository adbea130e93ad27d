//! Q3 funnel: how far persons come along stages in order.
//!
//! Index is the first event of the first stage in the period. Each further step is the earliest event of its stage on
//! the day of the step before or later, up to the day of the snapshot; a person without one comes no further. Events
//! before the step before do not count, and of several on one day each can be a step.

use super::count::Found;
use super::events::Events;
use super::index::Earliest;
use super::walk::Walk;
use crate::clock::Day;
use crate::programme::Programme;

/// The stages of a funnel, ready to be looked up.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    ids: Vec<String>,
    events: Events,
    /// Last day for the index.
    last: i32,
    /// Days from the index within which the other steps lie.
    within: i32,
}

impl Steps {
    /// The steps of stages in order, over the datasets of a plan. `last` is the last day of the period.
    pub(super) fn new(
        programme: &Programme,
        (stages, within): (&[usize], Option<u32>),
        datasets: &[usize],
        last: Day,
    ) -> Steps {
        Steps {
            ids: stages.iter().map(|stage| programme.stages[*stage].id.to_string()).collect(),
            events: Events::new(programme, stages, datasets),
            last: last.days(),
            within: within.and_then(|days| i32::try_from(days).ok()).unwrap_or(i32::MAX),
        }
    }

    /// Ids of the stages in order.
    pub(super) fn ids(&self) -> &[String] {
        &self.ids
    }
}

/// Counts a funnel, with room for the events of one person.
pub(super) struct Kernel<'a> {
    steps: &'a Steps,
    /// (day, steps) of the current person's events.
    events: Vec<(i32, u64)>,
}

impl<'a> Kernel<'a> {
    /// A kernel for these steps.
    pub(super) const fn new(steps: &'a Steps) -> Kernel<'a> {
        Kernel { steps, events: Vec::new() }
    }

    /// One person.
    pub(super) fn person(&mut self, walk: &Walk<'_>, person: u32, tails: &mut Vec<usize>) -> Found {
        self.events.clear();
        let mut earliest = Earliest::default();
        let standing = walk.person(person, |columns, at| {
            let day = columns.day[at.row];
            let stages = self.steps.events.of(at.set, columns, at.row);
            if stages & 1 != 0 && day <= self.steps.last {
                earliest.see(columns, at);
            }
            if stages > 1 {
                self.events.push((day, stages));
            }
        });
        let Some((mut day, at)) = earliest.get() else { return Found { index: None, standing } };
        let end = day.saturating_add(self.steps.within);
        tails.push(0);
        for step in 1..self.steps.ids.len() {
            let reached =
                self.events.iter().filter(|(of, steps)| steps >> step & 1 != 0 && (day..=end).contains(of));
            let reached = reached.map(|(of, _)| *of).min();
            match reached {
                Some(reached) => day = reached,
                None => break,
            }
            tails.push(step);
        }
        Found { index: Some(at), standing }
    }
}
