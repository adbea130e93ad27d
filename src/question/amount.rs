//! Sums of a measure, or of rows, in a window around the index.
//!
//! A unit is counted when its whole window lies between the programme's first day and the day of the snapshot: a sum
//! over half a window would pass for a small one. Both ends of the window count. Every counted unit is in every cell of
//! its group, because a mean is over all of them. An amount is kept by unit and partner, and money is rounded to whole
//! øre there, half away from zero: R11 sees who has how much, and from whom.

use super::axis::MISSING;
use super::events::Events;
use super::index::RowAt;
use super::item::{Summed, Sums};
use super::kernel::{Chart, Column, Found, Kernel, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::sources::Sources;
use super::tally::Tally;
use super::timeline::Timeline;
use crate::disclosure::{Extra, ExtraHead, Shape};
use crate::intake::staged::MISSING_CODE;
use crate::programme::{
    Amount as Asked, AmountView, Dimension, DimensionSource, Question, QuestionKind, Text,
};
use crate::snapshot::Columns;

/// Sums an amount.
#[derive(Debug)]
pub(super) struct Amount {
    view: AmountView,
    index: Events,
    item: Summed,
    /// Whose rows are summed.
    summed: Sources,
    by: Option<By>,
    /// First and last day for the index.
    first: i32,
    last: i32,
    /// First and last day that a window may reach.
    begin: i32,
    sealed: i32,
    window: (i32, i32),
    head: ExtraHead,
}

/// The column whose codes are cells of their own.
#[derive(Debug)]
struct By {
    /// Dataset, by its place in the plan, and column.
    set: usize,
    column: usize,
    title: Text,
    /// `all` first, then the codes in the order of their list.
    codes: Vec<(String, Text)>,
    /// Codes of the list.
    listed: usize,
    /// Tail of rows without a code, where there can be such.
    missing: Option<usize>,
}

/// The code of the sum over all.
const ALL: &str = "all";

impl Amount {
    /// An amount.
    pub(super) fn new(frame: &Frame<'_>, asked: &Asked) -> Amount {
        let by = asked.by.filter(|_| asked.view == AmountView::Sum);
        Amount {
            view: asked.view,
            index: frame.events(&[asked.index]),
            item: Summed::new(frame, &asked.item),
            summed: frame.sources_of(asked.item.events.iter().map(|event| event.dataset)),
            by: by.and_then(|column| By::new(frame, asked, column)),
            first: frame.first,
            last: frame.last,
            begin: frame.begin,
            sealed: frame.sealed,
            window: asked.window,
            head: ExtraHead {
                measure: measure(frame, asked),
                unit: Some(asked.item.unit.clone()),
                decimals: asked.item.decimals,
                bands: Vec::new(),
            },
        }
    }
}

/// The ledger's name for a sum: by the first question of the programme that tells it. Two questions that sum the same
/// over the same days tell one figure, and what one of them showed holds the other: else who asks both, before and after
/// somebody withdraws, takes one sum off the other.
fn measure(frame: &Frame<'_>, asked: &Asked) -> String {
    let same = |question: &&Question| match &question.kind {
        QuestionKind::Amount(other) => {
            (other.index, other.window, other.view) == (asked.index, asked.window, asked.view)
                && other.item == asked.item
                && (question.unit, &question.purpose) == (frame.question.unit, &frame.question.purpose)
        }
        _ => false,
    };
    let first = frame.programme.questions.iter().find(same).unwrap_or(frame.question);
    format!("amount/{}", first.id)
}

impl By {
    fn new(frame: &Frame<'_>, asked: &Asked, column: usize) -> Option<By> {
        let dataset = asked.item.events.first()?.dataset;
        let of = &frame.programme.datasets[dataset].columns[column];
        let listed = frame.programme.codes(of)?;
        let mut codes = vec![(ALL.to_owned(), text("I alt", "In all"))];
        codes.extend(listed.iter().map(|code| (code.id.to_string(), code.title.clone())));
        // A list may have a code of that name itself.
        if codes[1..].iter().any(|(code, _)| code == ALL) {
            codes[0].0 = format!("({ALL})");
        }
        // By structure, not by what the rows hold.
        let elsewhere = asked.item.events.iter().any(|event| event.dataset != dataset);
        let missing = (!of.required || elsewhere).then_some(codes.len());
        if missing.is_some() {
            codes.push((MISSING.to_owned(), text("(mangler)", "(missing)")));
        }
        // A dimension over the column says what it is called; else the header that partners know it by.
        let is_it = |dimension: &&Dimension| match &dimension.source {
            DimensionSource::Columns { columns, .. } => columns.contains(&(dataset, column)),
            DimensionSource::Partner | DimensionSource::Quarter => false,
        };
        let header = || of.headers.first().cloned().unwrap_or_else(|| of.id.to_string());
        let title = frame
            .programme
            .dimensions
            .iter()
            .find(is_it)
            .map_or_else(|| Text { da: header(), en: header() }, |dimension| dimension.title.clone());
        Some(By { set: frame.set(dataset), column, title, codes, listed: listed.len(), missing })
    }
}

impl Kernel for Amount {
    fn columns(&self) -> Vec<Column> {
        match (&self.by, self.view) {
            (_, AmountView::None) => {
                let codes = vec![
                    (ALL.to_owned(), text("Alle", "All")),
                    ("none".to_owned(), text("Uden", "Without any")),
                ];
                vec![Column { id: "state", title: text("Tilstand", "State"), codes }]
            }
            (Some(by), _) => {
                vec![Column { id: "part", title: by.title.clone(), codes: by.codes.clone() }]
            }
            (None, _) => Vec::new(),
        }
    }

    fn tails(&self) -> Vec<Vec<String>> {
        match self.columns().pop() {
            None => vec![Vec::new()],
            Some(column) => column.codes.into_iter().map(|(code, _)| vec![code]).collect(),
        }
    }

    fn shape(&self, _axes: usize) -> Shape {
        match self.view {
            AmountView::Sum => Shape::Overlap,
            AmountView::None => Shape::Parts,
        }
    }

    fn of(&self, tail: usize) -> Option<usize> {
        (self.view == AmountView::None && tail > 0).then_some(0)
    }

    /// The units of every cell of a sum are the same, and each cell tells an amount.
    fn follows(&self) -> Vec<Sources> {
        match self.view {
            AmountView::None => vec![Sources::default(), self.summed],
            AmountView::Sum => vec![self.summed; self.by.as_ref().map_or(1, |by| by.codes.len())],
        }
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Summing { amount: self, timeline: Timeline::default(), sums: Sums::default() })
    }

    fn extra_head(&self) -> Option<ExtraHead> {
        (self.view == AmountView::Sum).then(|| self.head.clone())
    }

    fn keeps(&self) -> bool {
        false
    }

    fn measure(&self, tail: usize) -> Option<String> {
        // The sum over all is the one that a question without codes tells.
        let by = self.by.as_ref().filter(|_| tail > 0)?;
        Some(format!("{}/{}", self.head.measure, by.codes[tail].0))
    }

    fn extra(&self, group: &[Tally], tail: usize) -> Option<Extra> {
        (self.view == AmountView::Sum).then(|| Extra::Sum(group[tail].parts.clone()))
    }

    fn chart(&self) -> Option<Chart> {
        self.by.as_ref().map(|_| Chart::Costs)
    }

    fn notes(&self) -> Vec<Text> {
        let (from, to) = self.window;
        let mut notes = vec![text(
            &format!(
                "Vinduet er dag {from} til dag {to} regnet fra indeksdagen, begge med. Den, hvis vindue ikke ligger helt inden for programmets dage og opgørelsesdagen, tælles ikke med."
            ),
            &format!(
                "The window is day {from} to day {to} counted from the index day, both included. Whoever's window does not lie wholly within the programme's days and the day of the snapshot is not counted."
            ),
        )];
        notes.push(match self.view {
            AmountView::Sum => text(
                "Gennemsnittet er over alle talte, også dem uden noget beløb.",
                "The mean is over all counted, those without any amount included.",
            ),
            AmountView::None => text(
                "Uden: ingen række i vinduet med andet end nul.",
                "Without any: no row in the window with anything but zero.",
            ),
        });
        notes
    }
}

struct Summing<'a> {
    amount: &'a Amount,
    timeline: Timeline,
    sums: Sums,
}

impl Worker for Summing<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let of = self.amount;
        self.timeline.read(rows, &of.index);
        let Some((index, at)) = self.timeline.index(rows, 0, of.first, of.last) else { return };
        let (from, to) = (index.saturating_add(of.window.0), index.saturating_add(of.window.1));
        if from < of.begin || to > of.sealed {
            return;
        }
        found.index = Some(at);
        self.sums.clear();
        let (sums, mut any) = (&mut self.sums, false);
        let mut each = |columns: &Columns, row: RowAt| {
            if !(from..=to).contains(&columns.day[row.row]) {
                return;
            }
            let Some(quantity) = of.item.quantity(columns, row) else { return };
            any |= quantity != 0;
            let source = columns.source[row.row];
            sums.add(0, source, quantity);
            if let Some(by) = &of.by {
                let codes = columns.categories[by.column].as_ref().filter(|_| row.set == by.set);
                let code = codes.map_or(MISSING_CODE, |codes| codes[row.row]);
                let tail =
                    if usize::from(code) < by.listed { Some(1 + usize::from(code)) } else { by.missing };
                if let Some(tail) = tail {
                    sums.add(tail, source, quantity);
                }
            }
        };
        for set in (0..rows.sets()).filter(|set| of.item.reads(*set)) {
            rows.each_of(set, |columns, row| {
                each(columns, row);
                true
            });
        }
        match of.view {
            AmountView::None => {
                found.put(0);
                if !any {
                    found.put(1);
                }
            }
            AmountView::Sum => {
                for tail in 0..of.by.as_ref().map_or(1, |by| by.codes.len()) {
                    found.put(tail);
                }
                for (tail, source, quantity) in self.sums.all() {
                    found.put_part(tail, source, of.item.worth(quantity));
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "amount_tests.rs"]
mod tests;
