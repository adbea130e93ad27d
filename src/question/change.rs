//! Change: a rating or a scale at several moments; all who started, and beside them those who completed.
//!
//! Index is the first event of the index stage in the period. An assessment is a row of the dataset, on any day read,
//! that has one of the moments and a value. Of several of one person at one moment the latest counts; of several on that
//! day, the one that the rule of the index row names, and then the one with the least value. A unit of several persons
//! has the highest of their values.

use std::cmp::Ordering;

use super::count::CountError;
use super::events::Events;
use super::index;
use super::kernel::{Chart, Column, Found, Kernel, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::sources::Sources;
use super::tally::Tally;
use super::timeline::Timeline;
use crate::disclosure::{Extra, ExtraHead, Figure, Head, Moments, Shape, Table};
use crate::intake::staged::{MISSING_CODE, MISSING_MEASURE};
use crate::programme::{Change as Asked, ChangeView, Measure, Role, Text, Unit};
use crate::snapshot::Columns;

const INDEX: usize = 0;
const COMPLETED: usize = 1;

/// A change over some moments.
#[derive(Debug)]
pub(super) struct Change {
    asked: Asked,
    /// Place of the dataset of assessments in the plan.
    set: usize,
    moments: Vec<(String, Text)>,
    value: Value,
    events: Events,
    /// First and last day for the index.
    first: i32,
    last: i32,
    unit: Unit,
    /// Whose rows are assessments, and whose say that a unit completed.
    assessed: Sources,
    completed: Sources,
    /// The ledger's name for means.
    measure: String,
}

/// What is assessed.
#[derive(Debug)]
enum Value {
    /// Codes in ascending order.
    Rating(Vec<(String, Text)>),
    /// A measure, in the smallest unit.
    Scale(Measure),
}

impl Change {
    /// A change.
    pub(super) fn new(frame: &Frame<'_>, asked: &Asked) -> Change {
        let programme = frame.programme;
        let columns = &programme.datasets[asked.dataset].columns;
        let codes = |column: usize| {
            let codes = programme.codes(&columns[column]).unwrap_or_default();
            codes.iter().map(|code| (code.id.to_string(), code.title.clone())).collect::<Vec<_>>()
        };
        let of_moments = codes(asked.moment);
        let stages = [asked.index, asked.completed.unwrap_or(asked.index)];
        Change {
            set: frame.set(asked.dataset),
            moments: asked.moments.iter().map(|code| of_moments[usize::from(*code)].clone()).collect(),
            value: match &columns[asked.value].role {
                Role::Measure(measure) => Value::Scale(measure.clone()),
                _ => Value::Rating(codes(asked.value)),
            },
            events: frame.events(&stages),
            first: frame.first,
            last: frame.last,
            unit: frame.question.unit,
            assessed: frame.sources_of([asked.dataset]),
            completed: asked.completed.map_or(Sources::default(), |stage| frame.sources(&[stage])),
            measure: frame.measure("change"),
            asked: asked.clone(),
        }
    }

    /// The codes of the tails of one moment (status), or of one analysis.
    fn states(&self) -> Vec<(String, Text)> {
        let state = |id: &str, da: &str, en: &str| (id.to_owned(), text(da, en));
        let mut states = vec![state("base", "Alle", "All")];
        match self.asked.view {
            ChangeView::Status => {
                states.push(state("answered", "Vurderet", "Assessed"));
                match &self.value {
                    Value::Rating(codes) => states.extend(codes.iter().cloned()),
                    Value::Scale(measure) => states.extend(bands(measure, &self.asked.bands)),
                }
            }
            ChangeView::Direction => states.extend([
                state("both", "Vurderet ved begyndelse og slutning", "Assessed at baseline and end"),
                state("lower", "Lavere", "Lower"),
                state("same", "Uændret", "Same"),
                state("higher", "Højere", "Higher"),
            ]),
            ChangeView::Mean => states.extend([
                state("baseline", "Ved begyndelsen", "At baseline"),
                state("end", "Ved slutningen", "At the end"),
                state("change", "Ændring", "Change"),
            ]),
        }
        states
    }

    /// Groups of states within an analysis.
    const fn blocks(&self) -> usize {
        match self.asked.view {
            ChangeView::Status => self.asked.moments.len(),
            ChangeView::Direction | ChangeView::Mean => 1,
        }
    }

    /// The state of a value, counted from the first code or band; none where there are no bands.
    fn state_of(&self, value: i64) -> Result<Option<usize>, CountError> {
        match &self.value {
            Value::Rating(codes) => {
                let at = usize::try_from(value).ok().filter(|at| *at < codes.len());
                at.map(Some).ok_or(CountError::OtherProgramme)
            }
            Value::Scale(_) if self.asked.bands.is_empty() => Ok(None),
            Value::Scale(_) => Ok(Some(self.asked.bands.partition_point(|limit| *limit < value))),
        }
    }

    /// How the end lies to the baseline.
    fn direction(&self, baseline: i64, end: i64) -> Ordering {
        let least = match self.value {
            Value::Rating(_) => 1,
            Value::Scale(_) => self.asked.least_change.max(1),
        };
        let difference = end.saturating_sub(baseline);
        if difference >= least {
            Ordering::Greater
        } else if difference <= -least {
            Ordering::Less
        } else {
            Ordering::Equal
        }
    }
}

/// A value of a measure in whole units, as it is written in English.
fn number(measure: &Measure, value: i64) -> String {
    let scale = 10u64.pow(u32::from(measure.decimals));
    let (whole, part) = (value.unsigned_abs() / scale, value.unsigned_abs() % scale);
    let sign = if value < 0 { "-" } else { "" };
    match usize::from(measure.decimals) {
        0 => format!("{sign}{whole}"),
        decimals => format!("{sign}{whole}.{part:0decimals$}"),
    }
}

/// The bands of a measure: up to and including each limit, and above the last. Their codes are `..35`, `36..50`, `51..`.
fn bands(measure: &Measure, limits: &[i64]) -> Vec<(String, Text)> {
    let english = |value: i64| number(measure, value);
    let danish = |value: i64| english(value).replace('.', ",");
    let mut bands = Vec::new();
    let mut from: Option<i64> = None;
    for limit in limits {
        let start = from.map(english).unwrap_or_default();
        let title = match from {
            None => text(&format!("højst {}", danish(*limit)), &format!("at most {}", english(*limit))),
            Some(from) => text(
                &format!("{} til {}", danish(from), danish(*limit)),
                &format!("{start} to {}", english(*limit)),
            ),
        };
        bands.push((format!("{start}..{}", english(*limit)), title));
        from = Some(limit.saturating_add(1));
    }
    bands.extend(from.map(|from| {
        let title = text(&format!("{} eller mere", danish(from)), &format!("{} or more", english(from)));
        (format!("{}..", english(from)), title)
    }));
    bands
}

impl Kernel for Change {
    fn columns(&self) -> Vec<Column> {
        let mut analyses = vec![("all".to_owned(), text("Alle der begyndte", "All who started"))];
        if self.asked.completed.is_some() {
            analyses.push(("completers".to_owned(), text("Dem der gennemførte", "Those who completed")));
        }
        let mut columns =
            vec![Column { id: "analysis", title: text("Opgørelse", "Analysis"), codes: analyses }];
        if self.asked.view == ChangeView::Status {
            let title = text("Tidspunkt", "Moment");
            columns.push(Column { id: "moment", title, codes: self.moments.clone() });
        }
        columns.push(Column { id: "state", title: text("Tilstand", "State"), codes: self.states() });
        columns
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let mut tails = vec![Vec::new()];
        for column in self.columns() {
            let longer = |tail: &Vec<String>| {
                let tail = tail.clone();
                column.codes.iter().map(move |(code, _)| [&tail[..], std::slice::from_ref(code)].concat())
            };
            tails = tails.iter().flat_map(longer).collect();
        }
        tails
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Parts
    }

    fn of(&self, tail: usize) -> Option<usize> {
        let states = self.states().len();
        let (block, state) = (tail / states * states, tail % states);
        match (self.asked.view, state) {
            (_, 0) => None,
            (ChangeView::Mean, _) | (_, 1) => Some(block),
            _ => Some(block + 1),
        }
    }

    fn follows(&self) -> Vec<Sources> {
        let states = self.states().len();
        let of = |tail: usize| {
            let everybody = if tail < self.blocks() * states { Sources::default() } else { self.completed };
            if tail.is_multiple_of(states) { everybody } else { everybody.and(self.assessed) }
        };
        (0..self.tails().len()).map(of).collect()
    }

    fn complete(&self) -> Vec<(usize, Vec<usize>)> {
        let (states, tails) = (self.states().len(), self.tails().len());
        let parted = match self.asked.view {
            // A measure without bands has no states.
            ChangeView::Status => states > 2,
            ChangeView::Direction => true,
            ChangeView::Mean => false,
        };
        let blocks = (0..tails).step_by(states).filter(|_| parted);
        blocks.map(|block| (block + 1, (block + 2..block + states).collect())).collect()
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Assessing {
            of: self,
            states: self.states().len(),
            timeline: Timeline::default(),
            latest: Vec::new(),
            values: Vec::new(),
        })
    }

    fn extra_head(&self) -> Option<ExtraHead> {
        let Value::Scale(measure) = &self.value else { return None };
        (self.asked.view == ChangeView::Mean).then(|| ExtraHead {
            measure: self.measure.clone(),
            unit: Some(text(&measure.unit, &measure.unit)),
            decimals: measure.decimals,
            bands: Vec::new(),
        })
    }

    fn extra(&self, group: &[Tally], tail: usize) -> Option<Extra> {
        self.extra_head()?;
        self.of(tail)?;
        Some(Extra::Mean(Moments::of(group[tail].values.iter().map(|kept| kept.value))))
    }

    fn measure(&self, tail: usize) -> Option<String> {
        // Baseline, end and change are of the very same units: one name would show one mean for all three.
        let (what, _) = self.states().swap_remove(tail % self.states().len());
        (self.asked.view == ChangeView::Mean).then(|| format!("{}/{what}", self.measure))
    }

    /// Adds the standardised change: the shown mean of the change over the shown standard deviation at baseline.
    fn derive(&self, _axes: usize, mut table: Table) -> Table {
        if self.asked.view != ChangeView::Mean {
            return table;
        }
        let states = self.states();
        let place = |id: &str| states.iter().position(|(state, _)| state == id).unwrap_or(0);
        let (baseline, change) = (place("baseline"), place("change"));
        let figures: Vec<Option<Figure>> = (0..table.rows.len())
            .map(|row| {
                if row % states.len() != change {
                    return None;
                }
                let spread = table.figure(row - change + baseline, "spread");
                Some(match (table.figure(row, "mean"), spread) {
                    (Some(Figure::Number(mean)), Some(Figure::Number(spread))) if spread > 0.0 => {
                        Figure::Number((mean / spread * 100.0).round() / 100.0)
                    }
                    _ => Figure::Hidden,
                })
            })
            .collect();
        table.figures.push(Head::of("standardised").in_unit(None, 2));
        table.rows.iter_mut().zip(figures).for_each(|(row, figure)| row.figures.push(figure));
        table
    }

    fn response(&self) -> Option<(Vec<usize>, Vec<usize>)> {
        let base = (self.blocks() - 1) * self.states().len();
        Some((vec![base + 1], vec![base]))
    }

    fn notes(&self) -> Vec<Text> {
        let mut notes = vec![text(
            "En vurdering kan ligge på enhver dag fra periodens første til opgørelsesdagen. Af flere ved samme tidspunkt gælder den seneste. En række uden værdi er ingen vurdering.",
            "An assessment may lie on any day from the first of the period to that of the snapshot. Of several at one moment the latest counts. A row without a value is no assessment.",
        )];
        if let Value::Scale(measure) = &self.value
            && self.asked.view == ChangeView::Direction
        {
            let least = number(measure, self.asked.least_change.max(1));
            let (danish, unit) = (least.replace('.', ","), &measure.unit);
            notes.push(text(
                &format!("Lavere og højere er en forskel på mindst {danish} {unit}."),
                &format!("Lower and higher are a difference of at least {least} {unit}."),
            ));
        }
        if self.asked.completed.is_some() {
            notes.push(text(
                "Gennemført: hændelsen ligger på indeksdagen eller senere.",
                "Completed: the event lies on the index day or later.",
            ));
        }
        if self.unit != Unit::Person {
            notes.push(text(
                "Har flere af enhedens personer en vurdering, gælder den højeste.",
                "Where several persons of the unit are assessed, the highest value counts.",
            ));
        }
        notes
    }

    fn chart(&self) -> Option<Chart> {
        matches!(self.asked.view, ChangeView::Status | ChangeView::Mean).then_some(Chart::BeforeAfter)
    }
}

/// The assessment of a person at a moment.
#[derive(Clone, Copy)]
struct Assessment {
    person: u32,
    moment: usize,
    row: usize,
    value: i64,
}

impl Assessment {
    /// Whether it counts rather than another one of the same person and moment.
    fn supersedes(&self, other: &Assessment, columns: &Columns) -> bool {
        let later = columns.day[self.row].cmp(&columns.day[other.row]).reverse();
        let codes = || index::order(columns, self.row).cmp(index::order(columns, other.row));
        later.then_with(codes).then(self.value.cmp(&other.value)).is_lt()
    }
}

struct Assessing<'a> {
    of: &'a Change,
    states: usize,
    timeline: Timeline,
    latest: Vec<Assessment>,
    /// By moment.
    values: Vec<Option<i64>>,
}

impl Worker for Assessing<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let of = self.of;
        self.timeline.read(rows, &of.events);
        let Some((index, at)) = self.timeline.index(rows, INDEX, of.first, of.last) else { return };
        found.index = Some(at);
        self.assess(rows);
        self.put(found, 0);
        if of.asked.completed.is_some() && self.timeline.first(COMPLETED, index).is_some() {
            self.put(found, of.blocks() * self.states);
        }
    }
}

impl Assessing<'_> {
    /// The unit's value at each moment.
    fn assess(&mut self, rows: &UnitRows<'_>) {
        let asked = &self.of.asked;
        let latest = &mut self.latest;
        latest.clear();
        rows.each(|columns, at| {
            if at.set != self.of.set {
                return;
            }
            let code =
                |column: usize| columns.categories[column].as_ref().expect("the walk has checked it")[at.row];
            let moment = code(asked.moment);
            let Some(moment) = asked.moments.iter().position(|known| *known == moment) else { return };
            let value = match &self.of.value {
                Value::Rating(_) => {
                    Some(code(asked.value)).filter(|code| *code != MISSING_CODE).map(i64::from)
                }
                Value::Scale(_) => {
                    let values = columns.measures[asked.value].as_ref().expect("the walk has checked it");
                    Some(values[at.row]).filter(|value| *value != MISSING_MEASURE)
                }
            };
            let Some(value) = value else { return };
            let new = Assessment { person: rows.person(at), moment, row: at.row, value };
            match latest.iter_mut().find(|known| (known.person, known.moment) == (new.person, moment)) {
                Some(known) if new.supersedes(known, columns) => *known = new,
                Some(_) => {}
                None => latest.push(new),
            }
        });
        self.values.clear();
        self.values.resize(asked.moments.len(), None);
        for assessment in &self.latest {
            let value = &mut self.values[assessment.moment];
            *value = (*value).max(Some(assessment.value));
        }
    }

    /// Puts the unit into the tails of an analysis, which begin at `first`.
    fn put(&self, found: &mut Found, first: usize) {
        let of = self.of;
        if of.asked.view == ChangeView::Status {
            for (moment, value) in self.values.iter().enumerate() {
                let block = first + moment * self.states;
                found.put(block);
                if let Some(value) = value {
                    found.put(block + 1);
                    match of.state_of(*value) {
                        Ok(Some(state)) => found.put(block + 2 + state),
                        Ok(None) => {}
                        Err(fault) => found.fault = Some(fault),
                    }
                }
            }
            return;
        }
        found.put(first);
        let (Some(Some(baseline)), Some(Some(end))) = (self.values.first(), self.values.last()) else {
            return;
        };
        if of.asked.view == ChangeView::Mean {
            found.put_value(first + 1, *baseline, 0);
            found.put_value(first + 2, *end, 0);
            found.put_value(first + 3, end.saturating_sub(*baseline), 0);
            return;
        }
        found.put(first + 1);
        found.put(match of.direction(*baseline, *end) {
            Ordering::Less => first + 2,
            Ordering::Equal => first + 3,
            Ordering::Greater => first + 4,
        });
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
