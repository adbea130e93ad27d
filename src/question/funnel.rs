//! Q3 funnel: how far persons come along stages in order.
//!
//! Index is the first event of the first stage in the period. Each further step is the earliest event of its stage on
//! the day of the step before or later, up to the day of the snapshot; a person without one comes no further. Events
//! before the step before do not count, and of several on one day each can be a step.

use super::count::Found;
use super::index::Earliest;
use super::walk::Walk;
use crate::clock::Day;
use crate::programme::Programme;

/// The stages of a funnel, ready to be looked up.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    ids: Vec<String>,
    /// By dataset of the plan: a column, and by code the stages that it is an event of.
    events: Vec<Vec<(usize, Vec<Vec<usize>>)>>,
    /// Last day for the index.
    last: i32,
}

impl Steps {
    /// The steps of stages in order, over the datasets of a plan. `last` is the last day of the period.
    pub(super) fn new(programme: &Programme, stages: &[usize], datasets: &[usize], last: Day) -> Steps {
        let mut events: Vec<Vec<(usize, Vec<Vec<usize>>)>> = vec![Vec::new(); datasets.len()];
        for (step, stage) in stages.iter().enumerate() {
            for event in &programme.stages[*stage].events {
                let Some(set) = datasets.iter().position(|dataset| *dataset == event.dataset) else {
                    continue;
                };
                let columns = &mut events[set];
                let at =
                    columns.iter().position(|(column, _)| *column == event.column).unwrap_or_else(|| {
                        columns.push((event.column, vec![Vec::new(); 256]));
                        columns.len() - 1
                    });
                for code in &event.codes {
                    let steps = &mut columns[at].1[usize::from(*code)];
                    if !steps.contains(&step) {
                        steps.push(step);
                    }
                }
            }
        }
        let ids = stages.iter().map(|stage| programme.stages[*stage].id.to_string()).collect();
        Steps { ids, events, last: last.days() }
    }

    /// Ids of the stages in order.
    pub(super) fn ids(&self) -> &[String] {
        &self.ids
    }
}

/// Counts a funnel, with room for the events of one person.
pub(super) struct Kernel<'a> {
    steps: &'a Steps,
    /// (day, step) of the current person's events.
    events: Vec<(i32, usize)>,
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
            for (column, steps_of) in &self.steps.events[at.set] {
                let code = columns.categories[*column].as_ref().expect("the walk has checked it")[at.row];
                for step in &steps_of[usize::from(code)] {
                    if *step > 0 {
                        self.events.push((day, *step));
                    } else if day <= self.steps.last {
                        earliest.see(columns, at);
                    }
                }
            }
        });
        let Some((mut day, at)) = earliest.get() else { return Found { index: None, standing } };
        tails.push(0);
        for step in 1..self.steps.ids.len() {
            let reached =
                self.events.iter().filter(|(of, s)| *s == step && *of >= day).map(|(of, _)| *of).min();
            match reached {
                Some(reached) => day = reached,
                None => break,
            }
            tails.push(step);
        }
        Found { index: Some(at), standing }
    }
}
