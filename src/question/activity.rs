//! Work done and waiting, quarter by quarter.
//!
//! - New: the unit's first event of the stage, from the programme's first day on, lies in the quarter.
//! - Active: it has an event of the stage in the quarter.
//! - Waiting: its last event of the stage by the end of the quarter comes after its last event that ends a wait; one of
//!   the same day ends it.
//! - Staff: distinct staff with a permitted row about a person in the quarter. A row about nobody has nobody behind it
//!   whom a rule could protect, and is not counted.
//!
//! The index row, for dimensions and population, is the unit's first event of a stage that a series counts, from the
//! programme's first day on; of a unit without any it is the first row with a staff number.

use super::events::Events;
use super::index::Earliest;
use super::kernel::{Chart, Column, Found, Kernel, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::sources::Sources;
use super::timeline::Timeline;
use crate::disclosure::{Counted, Shape};
use crate::programme::{Series, SeriesKind, Text};

/// Counts activity.
#[derive(Debug)]
pub(super) struct Activity {
    quarters: Vec<Quarter>,
    series: Vec<(String, Text)>,
    kinds: Vec<Kind>,
    /// By series: of waits, whose rows begin and end them.
    follows: Vec<Sources>,
    events: Events,
    /// Stages, as a mask, that a series counts.
    counted: u64,
    /// The ledger's name for counts of staff, before quarter and series.
    measure: String,
    /// Staff columns: series, dataset by its place in the plan, column.
    staff: Vec<(usize, usize, usize)>,
}

#[derive(Debug)]
struct Quarter {
    code: String,
    first: i32,
    last: i32,
}

/// What a series counts; stages by their places among the kernel's.
#[derive(Debug)]
enum Kind {
    New(usize),
    Active(usize),
    /// The stage, and those that end the wait, as a mask.
    Waiting(usize, u64),
    Staff,
}

/// The stage that a series counts.
pub(super) fn stage(series: &Series) -> Option<usize> {
    match series.what {
        SeriesKind::New { stage } | SeriesKind::Active { stage } | SeriesKind::Waiting { stage, .. } => {
            Some(stage)
        }
        SeriesKind::Staff { .. } => None,
    }
}

/// Every staff column of some series: dataset and column.
pub(super) fn staff(series: &[Series]) -> Vec<(usize, usize)> {
    let columns = series.iter().filter_map(|series| match &series.what {
        SeriesKind::Staff { columns } => Some(columns),
        _ => None,
    });
    columns.flatten().copied().collect()
}

impl Activity {
    /// Series over the quarters of the period.
    pub(super) fn new(frame: &Frame<'_>, series: &[Series]) -> Activity {
        let mut stages = Vec::new();
        let mut place = |stage: usize| match stages.iter().position(|known| *known == stage) {
            Some(at) => at,
            None => {
                stages.push(stage);
                stages.len() - 1
            }
        };
        let (mut kinds, mut counted, mut staff) = (Vec::new(), 0u64, Vec::new());
        for (at, series) in series.iter().enumerate() {
            kinds.push(match &series.what {
                SeriesKind::New { stage } => Kind::New(place(*stage)),
                SeriesKind::Active { stage } => Kind::Active(place(*stage)),
                SeriesKind::Waiting { stage, until } => {
                    let ends = until.iter().fold(0u64, |mask, stage| mask | 1 << place(*stage));
                    Kind::Waiting(place(*stage), ends)
                }
                SeriesKind::Staff { columns } => {
                    staff.extend(columns.iter().map(|(dataset, column)| (at, frame.set(*dataset), *column)));
                    Kind::Staff
                }
            });
            if let Some(stage) = stage(series) {
                counted |= 1 << place(stage);
            }
        }
        let quarters = frame.period.quarters().map(|quarter| Quarter {
            code: quarter.to_string(),
            first: quarter.first().days(),
            last: quarter.last().days(),
        });
        let follows = series.iter().map(|series| match &series.what {
            SeriesKind::Waiting { stage, until } => frame.sources(&[&[*stage], &until[..]].concat()),
            SeriesKind::New { .. } | SeriesKind::Active { .. } | SeriesKind::Staff { .. } => {
                Sources::default()
            }
        });
        Activity {
            follows: follows.collect(),
            quarters: quarters.collect(),
            series: series.iter().map(|series| (series.id.clone(), series.title.clone())).collect(),
            kinds,
            events: frame.events(&stages),
            counted,
            measure: frame.measure("staff"),
            staff,
        }
    }

    /// The quarter of the period that a day lies in.
    fn quarter(&self, day: i32) -> Option<usize> {
        let at = self.quarters.partition_point(|quarter| quarter.last < day);
        self.quarters.get(at).is_some_and(|quarter| quarter.first <= day).then_some(at)
    }

    const fn tail(&self, quarter: usize, series: usize) -> usize {
        quarter * self.kinds.len() + series
    }
}

impl Kernel for Activity {
    fn columns(&self) -> Vec<Column> {
        let quarters = self.quarters.iter();
        let codes = quarters.map(|quarter| (quarter.code.clone(), text(&quarter.code, &quarter.code)));
        vec![
            Column { id: "quarter", title: text("Kvartal", "Quarter"), codes: codes.collect() },
            Column { id: "series", title: text("Opgørelse", "Series"), codes: self.series.clone() },
        ]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let quarters = self.quarters.iter();
        quarters
            .flat_map(|quarter| self.series.iter().map(|(id, _)| vec![quarter.code.clone(), id.clone()]))
            .collect()
    }

    fn count(&self) -> u64 {
        (self.quarters.len() as u64).saturating_mul(self.series.len() as u64)
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Overlap
    }

    /// Series but those of waits say when units came, and of nobody what another partner knows.
    fn follows(&self) -> Vec<Sources> {
        self.quarters.iter().flat_map(|_| self.follows.iter().copied()).collect()
    }

    fn counted(&self, tail: usize) -> Option<Counted> {
        matches!(self.kinds[tail % self.kinds.len()], Kind::Staff).then_some(Counted::Staff)
    }

    fn measure(&self, tail: usize) -> Option<String> {
        let (quarter, series) = (tail / self.kinds.len(), tail % self.kinds.len());
        let name = || format!("{}/{}/{}", self.measure, self.quarters[quarter].code, self.series[series].0);
        matches!(self.kinds[series], Kind::Staff).then(name)
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Working { activity: self, timeline: Timeline::default() })
    }

    fn chart(&self) -> Option<Chart> {
        Some(Chart::Series)
    }

    fn notes(&self) -> Vec<Text> {
        let of = |kind: fn(&Kind) -> bool| self.kinds.iter().any(kind);
        let mut notes = vec![text(
            "Kategorierne er dem, der står i den første hændelse fra programmets begyndelse.",
            "The categories are those of the first event since the programme began.",
        )];
        if of(|kind| matches!(kind, Kind::New(_))) {
            notes.push(text(
                "Ny: den første hændelse siden programmets begyndelse ligger i kvartalet.",
                "New: the first event since the programme began lies in the quarter.",
            ));
        }
        if of(|kind| matches!(kind, Kind::Waiting(..))) {
            notes.push(text(
                "Venter: ved kvartalets udgang er ventetiden begyndt og ikke afsluttet samme dag eller senere.",
                "Waiting: by the end of the quarter the wait has begun, and has not ended on the same day or later.",
            ));
        }
        if of(|kind| matches!(kind, Kind::Staff)) {
            notes.push(text(
                "Medarbejdere: hver én gang, med mindst én række om en person i kvartalet.",
                "Staff: each once, with at least one row about a person in the quarter.",
            ));
        }
        notes
    }
}

struct Working<'a> {
    activity: &'a Activity,
    timeline: Timeline,
}

impl Worker for Working<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let of = self.activity;
        self.timeline.read(rows, &of.events);
        let (mut counted, mut staffed) = (Earliest::default(), Earliest::default());
        for event in self.timeline.all().iter().filter(|event| event.stages & of.counted != 0) {
            if counted.get().is_some_and(|(day, _)| day < event.day) {
                break;
            }
            counted.see(rows.columns(event.at), event.at);
        }
        for (at, kind) in of.kinds.iter().enumerate() {
            match kind {
                Kind::Staff => {}
                Kind::New(stage) => {
                    let first = self.timeline.of(*stage).next();
                    if let Some(quarter) = first.and_then(|event| of.quarter(event.day)) {
                        found.put(of.tail(quarter, at));
                    }
                }
                Kind::Active(stage) => {
                    let mut before = None;
                    for event in self.timeline.of(*stage) {
                        let quarter = of.quarter(event.day);
                        if let Some(quarter) = quarter.filter(|quarter| before != Some(*quarter)) {
                            found.put(of.tail(quarter, at));
                            before = Some(quarter);
                        }
                    }
                }
                Kind::Waiting(stage, ends) => {
                    let mut events = self.timeline.all().iter().peekable();
                    let (mut began, mut ended) = (None, None);
                    for (quarter, of_quarter) in of.quarters.iter().enumerate() {
                        while let Some(event) = events.next_if(|event| event.day <= of_quarter.last) {
                            began = if event.is(*stage) { Some(event.day) } else { began };
                            ended = if event.stages & ends != 0 { Some(event.day) } else { ended };
                        }
                        // No day is before every other.
                        if began > ended {
                            found.put(of.tail(quarter, at));
                        }
                    }
                }
            }
        }
        if !of.staff.is_empty() {
            rows.each(|columns, row| {
                for (series, _, column) in of.staff.iter().filter(|(_, set, _)| *set == row.set) {
                    let number = columns.staff.get(*column).and_then(Option::as_ref);
                    let number = number.map_or(0, |numbers| numbers[row.row]);
                    if number == 0 {
                        continue;
                    }
                    staffed.see(columns, row);
                    if let Some(quarter) = of.quarter(columns.day[row.row]) {
                        found.put_member(of.tail(quarter, *series), number, rows.person(row));
                    }
                }
            });
            found.members.sort_unstable();
            found.members.dedup();
        }
        found.index = counted.get().or(staffed.get()).map(|(_, at)| at);
    }
}

#[cfg(test)]
#[path = "activity_tests.rs"]
mod tests;
