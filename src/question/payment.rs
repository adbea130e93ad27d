//! Payment: units enrolled in the period, and how many of them have each indicator's verified success. What it is worth
//! is settled by `disclosure`, from what may be known of these counts.

use super::events::Events;
use super::kernel::{Column, Found, Kernel, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::timeline::Timeline;
use crate::disclosure::Shape;
use crate::programme::{Payment as Asked, Text};

/// The code of everybody enrolled; no indicator may have it.
const ENROLLED: &str = "enrolled";

/// Counts what is paid for.
#[derive(Debug)]
pub(super) struct Payment {
    indicators: Vec<(String, Text)>,
    windows: Vec<(i32, i32)>,
    /// Enrolment, and then the success of each indicator.
    events: Events,
    first: i32,
    last: i32,
}

impl Payment {
    /// Of an effect contract.
    pub(super) fn new(frame: &Frame<'_>, asked: &Asked) -> Payment {
        let successes = asked.indicators.iter().map(|indicator| indicator.success);
        let stages: Vec<usize> = std::iter::once(asked.index).chain(successes).collect();
        Payment {
            indicators: asked.indicators.iter().map(|i| (i.id.clone(), i.title.clone())).collect(),
            windows: asked.indicators.iter().map(|indicator| indicator.window).collect(),
            events: frame.events(&stages),
            first: frame.first,
            last: frame.last,
        }
    }
}

impl Kernel for Payment {
    fn columns(&self) -> Vec<Column> {
        let mut codes = vec![(ENROLLED.to_owned(), text("Indskrevet", "Enrolled"))];
        codes.extend(self.indicators.iter().cloned());
        vec![Column { id: "indicator", title: text("Indikator", "Indicator"), codes }]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let enrolled = std::iter::once(vec![ENROLLED.to_owned()]);
        enrolled.chain(self.indicators.iter().map(|(id, _)| vec![id.clone()])).collect()
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Parts
    }

    fn of(&self, tail: usize) -> Option<usize> {
        (tail > 0).then_some(0)
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Succeeding { payment: self, timeline: Timeline::default() })
    }

    fn notes(&self) -> Vec<Text> {
        vec![text(
            "Uden verificeret resultat er der intet resultat. Den samme familie betales én gang for hver indikator.",
            "Without a verified success there is none. The same family is paid once for each indicator.",
        )]
    }
}

struct Succeeding<'a> {
    payment: &'a Payment,
    timeline: Timeline,
}

impl Worker for Succeeding<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let payment = self.payment;
        self.timeline.read(rows, &payment.events);
        let Some((index, at)) = self.timeline.index(rows, 0, payment.first, payment.last) else { return };
        found.index = Some(at);
        found.put(0);
        for (at, (from, to)) in payment.windows.iter().enumerate() {
            let window = index.saturating_add(*from)..=index.saturating_add(*to);
            if self.timeline.of(1 + at).any(|event| window.contains(&event.day)) {
                found.put(1 + at);
            }
        }
    }
}
