//! Attrition: how far units came, and why they left.
//!
//! Index is the first event of the first stage in the period. A unit has left with its first event of leaving on the
//! index day or later; of several on that day, the one that the rule of the index row names says why. Steps are reached
//! as in a funnel, up to the day of leaving, that day included. Each unit is in one cell: the furthest step, and the
//! reason. Who has not left by the day of the snapshot is still under way or through: their furthest step says which.

use super::axis::{self, Axis};
use super::events::Events;
use super::kernel::{Column, Found, Kernel, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::sources::Sources;
use super::timeline::Timeline;
use crate::disclosure::Shape;
use crate::programme::Text;

/// The code of those who have not left.
const STAYED: &str = "not-left";

/// The stages on the way and the one of leaving, ready to be looked up.
#[derive(Debug)]
pub(super) struct Attrition {
    steps: Vec<(String, Text)>,
    /// Title, and codes in order; [`STAYED`] is the last.
    reason: (Text, Vec<(String, Text)>),
    /// Where the reason is read; without, leaving is one reason.
    axis: Option<Axis>,
    /// Bits `0..steps` are the steps, the next is leaving.
    events: Events,
    /// By furthest step: whose rows say that it is, and why the unit left.
    follows: Vec<Sources>,
    /// First and last day for the index.
    first: i32,
    last: i32,
}

impl Attrition {
    /// Attrition over stages and a stage of leaving, by position, with the dimension that says why.
    pub(super) fn new(frame: &Frame<'_>, stages: &[usize], exit: usize, reason: Option<usize>) -> Attrition {
        let events = frame.events(&[stages, &[exit]].concat());
        let of_exit = frame.events(&[exit]);
        let axis = reason.map(|dimension| {
            let leaves: Vec<bool> = (0..frame.datasets.len()).map(|set| of_exit.reads(set)).collect();
            Axis::new(frame.programme, dimension, frame.datasets, &leaves, frame.period)
        });
        let (title, mut codes) = match axis.as_ref().zip(reason) {
            Some((axis, dimension)) => {
                let label = axis::label(frame.programme, dimension, axis);
                (label.title, label.codes.into_iter().map(|code| (code.code, code.title)).collect())
            }
            None => {
                let (_, title) = frame.stage(exit);
                (text("Forladt", "Left"), vec![("left".to_owned(), title)])
            }
        };
        codes.push((STAYED.to_owned(), text("Ikke forladt", "Not left")));
        Attrition {
            steps: stages.iter().map(|stage| frame.stage(*stage)).collect(),
            reason: (title, codes),
            axis,
            events,
            // Of those who came no further, the next step's rows say so.
            follows: (0..stages.len())
                .map(|step| {
                    let steps = &stages[1..stages.len().min(step + 2)];
                    frame.sources(&[steps, &[exit]].concat())
                })
                .collect(),
            first: frame.first,
            last: frame.last,
        }
    }
}

impl Kernel for Attrition {
    fn columns(&self) -> Vec<Column> {
        let (title, codes) = &self.reason;
        vec![
            Column { id: "stage", title: text("Nåede til", "Came as far as"), codes: self.steps.clone() },
            Column { id: "reason", title: title.clone(), codes: codes.clone() },
        ]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let reasons = || self.reason.1.iter().map(|(id, _)| id.clone());
        let steps = self.steps.iter();
        steps.flat_map(|(step, _)| reasons().map(move |reason| vec![step.clone(), reason])).collect()
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Partition
    }

    fn follows(&self) -> Vec<Sources> {
        let reasons = self.reason.1.len();
        self.follows.iter().flat_map(|step| std::iter::repeat_n(*step, reasons)).collect()
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Leaving { of: self, timeline: Timeline::default() })
    }

    fn notes(&self) -> Vec<Text> {
        vec![text(
            "Hver tælles ét sted: ved det fjerneste trin til og med dagen for at forlade forløbet, og med årsagen i den første række derom på indeksdagen eller senere. Den der ikke har forladt det på opgørelsesdagen, er stadig i gang eller er færdig.",
            "Each is counted once: at the furthest step up to and including the day of leaving, with the reason in the first row of leaving on the index day or later. Who has not left by the day of the snapshot is under way or through.",
        )]
    }
}

struct Leaving<'a> {
    of: &'a Attrition,
    timeline: Timeline,
}

impl Worker for Leaving<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let of = self.of;
        self.timeline.read(rows, &of.events);
        let Some((index, at)) = self.timeline.index(rows, 0, of.first, of.last) else { return };
        found.index = Some(at);
        let stayed = of.reason.1.len() - 1;
        let exit = self.timeline.first_row(rows, of.steps.len(), index);
        let (end, reason) = match (exit, &of.axis) {
            (None, _) => (i32::MAX, stayed),
            (Some((day, _)), None) => (day, 0),
            (Some((day, at)), Some(axis)) => match axis.place(rows.columns(at), at) {
                Ok(place) => (day, place),
                Err(fault) => {
                    found.fault = Some(fault);
                    return;
                }
            },
        };
        let (mut furthest, mut day) = (0, index);
        for step in 1..of.steps.len() {
            match self.timeline.first(step, day).filter(|event| event.day <= end) {
                Some(reached) => (furthest, day) = (step, reached.day),
                None => break,
            }
        }
        found.put(furthest * of.reason.1.len() + reason);
    }
}

#[cfg(test)]
#[path = "attrition_tests.rs"]
mod tests;
