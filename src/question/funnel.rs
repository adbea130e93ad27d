//! Funnel: how far units come along stages in order.
//!
//! Index is the first event of the first stage in the period. Each further step is the earliest event of its stage on
//! the day of the step before or later, up to the day of the snapshot, or within the days from the index that the
//! question names; a unit without one comes no further. Events before the step before do not count, and of several on
//! one day each can be a step.

use super::events::Events;
use super::kernel::{Chart, Column, Found, Kernel, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::sources::Sources;
use super::timeline::Timeline;
use crate::disclosure::Shape;
use crate::programme::Text;

/// The stages of a funnel, ready to be looked up.
#[derive(Debug)]
pub(super) struct Funnel {
    steps: Vec<(String, Text)>,
    events: Events,
    /// First and last day for the index.
    first: i32,
    last: i32,
    /// By step: whose rows lead to it from the first one.
    follows: Vec<Sources>,
    /// Days from the index within which the other steps lie.
    within: Option<u32>,
}

impl Funnel {
    /// A funnel over stages, by position.
    pub(super) fn new(frame: &Frame<'_>, stages: &[usize], within: Option<u32>) -> Funnel {
        Funnel {
            steps: stages.iter().map(|stage| frame.stage(*stage)).collect(),
            events: frame.events(stages),
            first: frame.first,
            last: frame.last,
            follows: (0..stages.len()).map(|step| frame.sources(&stages[step.min(1)..][..step])).collect(),
            within,
        }
    }
}

impl Kernel for Funnel {
    fn columns(&self) -> Vec<Column> {
        vec![Column { id: "stage", title: text("Trin", "Step"), codes: self.steps.clone() }]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        self.steps.iter().map(|(id, _)| vec![id.clone()]).collect()
    }

    fn shape(&self, axes: usize) -> Shape {
        Shape::Chain { step_column: axes }
    }

    fn also(&self, tail: usize) -> Option<usize> {
        tail.checked_sub(1)
    }

    fn follows(&self) -> Vec<Sources> {
        self.follows.clone()
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Steps { funnel: self, timeline: Timeline::default() })
    }

    fn chart(&self) -> Option<Chart> {
        Some(Chart::Funnel)
    }

    fn notes(&self) -> Vec<Text> {
        let Some(days) = self.within else { return Vec::new() };
        vec![text(
            &format!("Hvert trin skal ligge højst {days} dage efter det første."),
            &format!("Every step lies at most {days} days after the first."),
        )]
    }
}

struct Steps<'a> {
    funnel: &'a Funnel,
    timeline: Timeline,
}

impl Worker for Steps<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let funnel = self.funnel;
        self.timeline.read(rows, &funnel.events);
        let Some((index, at)) = self.timeline.index(rows, 0, funnel.first, funnel.last) else { return };
        found.index = Some(at);
        let end = funnel.within.map_or(i32::MAX, |days| index.saturating_add_unsigned(days));
        let (mut day, mut last) = (index, 0);
        for step in 1..funnel.steps.len() {
            match self.timeline.first(step, day).filter(|event| event.day <= end) {
                Some(reached) => (day, last) = (reached.day, step),
                None => break,
            }
        }
        found.put(last);
    }
}
