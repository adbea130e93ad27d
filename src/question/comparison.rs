//! The same outcome in two cohorts, and the difference.
//!
//! Index is the first event in the period of the cohort's index stage. A unit with an index of both cohorts is in the
//! first alone. Follow-up ends as in `follow_up`: its last day counts, and who was followed for fewer days than asked
//! is not counted, with the event or without. What the cohorts differ in besides is not adjusted for.

use super::events::Events;
use super::kernel::{Column, Found, Kernel, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::sources::Sources;
use super::timeline::Timeline;
use crate::disclosure::Shape;
use crate::programme::{Comparison as Asked, Outcome, Text};

/// Compares two cohorts.
#[derive(Debug)]
pub(super) struct Comparison {
    cohorts: Vec<(String, Text)>,
    outcome: Outcome,
    events: Events,
    /// By cohort and dataset of the plan: whether its index row can come from there.
    begins: [Vec<bool>; 2],
    /// By tail: whose rows it follows.
    follows: Vec<Sources>,
    first: i32,
    last: i32,
    sealed: i32,
}

/// Places of the stages among the kernel's: both indexes, the outcome, and then those that end follow-up.
const OUTCOME: usize = 2;
const ENDS: usize = 3;
/// Cells of a cohort.
const STATES: usize = 2;

impl Comparison {
    /// A comparison.
    pub(super) fn new(frame: &Frame<'_>, asked: &Asked) -> Comparison {
        let (Outcome::Within { stage, .. } | Outcome::AtIndex { stage }) = asked.outcome;
        let mut stages = vec![asked.cohorts[0].index, asked.cohorts[1].index, stage];
        stages.extend(&asked.ends);
        let begins = |cohort: usize| {
            let has = |dataset: &usize| frame.happens(asked.cohorts[cohort].index, *dataset);
            frame.datasets.iter().map(has).collect()
        };
        let (followed, happened) = match asked.outcome {
            Outcome::AtIndex { .. } => (Sources::default(), Sources::default()),
            Outcome::Within { .. } => (frame.sources(&asked.ends), frame.sources(&[stage])),
        };
        // Who is in the second cohort has no index of the first.
        let outside = [Sources::default(), frame.sources(&[asked.cohorts[0].index])];
        let follows = outside.iter().flat_map(|outside| {
            let followed = outside.and(followed);
            [followed, followed.and(happened)]
        });
        Comparison {
            begins: [begins(0), begins(1)],
            follows: follows.collect(),
            cohorts: asked.cohorts.iter().map(|cohort| (cohort.id.clone(), cohort.title.clone())).collect(),
            outcome: asked.outcome,
            events: frame.events(&stages),
            first: frame.first,
            last: frame.last,
            sealed: frame.sealed,
        }
    }

    fn states(&self) -> [(String, Text); STATES] {
        let followed = match self.outcome {
            Outcome::Within { .. } => text("Fulgt så længe", "Followed so long"),
            Outcome::AtIndex { .. } => text("Alle", "All"),
        };
        [("followed".to_owned(), followed), ("event".to_owned(), text("Haft hændelsen", "Had the event"))]
    }
}

impl Kernel for Comparison {
    fn columns(&self) -> Vec<Column> {
        vec![
            Column { id: "cohort", title: text("Gruppe", "Cohort"), codes: self.cohorts.clone() },
            Column { id: "state", title: text("Tilstand", "State"), codes: self.states().to_vec() },
        ]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let states = self.states();
        let cohorts = self.cohorts.iter();
        cohorts
            .flat_map(|(cohort, _)| states.iter().map(move |(state, _)| vec![cohort.clone(), state.clone()]))
            .collect()
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Parts
    }

    fn of(&self, tail: usize) -> Option<usize> {
        (!tail.is_multiple_of(STATES)).then_some(tail / STATES * STATES)
    }

    fn follows(&self) -> Vec<Sources> {
        self.follows.clone()
    }

    fn begins(&self) -> Option<Vec<Vec<bool>>> {
        let cohorts = self.begins.iter();
        Some(cohorts.flat_map(|begins| std::iter::repeat_n(begins.clone(), STATES)).collect())
    }

    fn differences(&self) -> Vec<(usize, usize)> {
        vec![(1, STATES + 1)]
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Comparing { comparison: self, timeline: Timeline::default() })
    }

    fn notes(&self) -> Vec<Text> {
        let mut notes = vec![text(
            "Den, der hører til begge grupper, tælles kun i den første. Der er ikke taget højde for, hvad grupperne ellers er forskellige i.",
            "Whoever belongs to both cohorts is counted in the first alone. What else the cohorts differ in is not adjusted for.",
        )];
        if let Outcome::Within { from_day, days, .. } = self.outcome {
            notes.push(text(
                &format!(
                    "Hændelsen tæller fra dag {from_day} til dag {days} efter indeksdagen. Den, der ikke er fulgt så længe, tælles ikke med, heller ikke med en hændelse."
                ),
                &format!(
                    "The event counts from day {from_day} to day {days} after the index day. Whoever is not followed so long is not counted, nor is an event of theirs."
                ),
            ));
        }
        notes
    }
}

struct Comparing<'a> {
    comparison: &'a Comparison,
    timeline: Timeline,
}

impl Worker for Comparing<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let of = self.comparison;
        self.timeline.read(rows, &of.events);
        let index = |cohort| self.timeline.index(rows, cohort, of.first, of.last).map(|at| (cohort, at));
        let Some((cohort, (index, at))) = index(0).or_else(|| index(1)) else { return };
        found.index = Some(at);
        let (followed, event) = match of.outcome {
            Outcome::AtIndex { .. } => {
                let row = self.timeline.all().iter().find(|row| (row.at.set, row.at.row) == (at.set, at.row));
                (true, row.is_some_and(|row| row.is(OUTCOME)))
            }
            Outcome::Within { from_day, days, .. } => {
                let ended =
                    self.timeline.all().iter().find(|event| event.day >= index && event.stages >> ENDS != 0);
                let end = ended.map_or(of.sealed, |event| event.day.min(of.sealed));
                let whole = index.saturating_add_unsigned(days);
                let outcome = self.timeline.first(OUTCOME, index.saturating_add_unsigned(from_day));
                let event = outcome.is_some_and(|event| event.day <= end.min(whole));
                (end >= whole, event && end >= whole)
            }
        };
        if followed {
            found.put(STATES * cohort);
        }
        if event {
            found.put(STATES * cohort + 1);
        }
    }
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
