//! What happens after an index: kinds `time_to` and `repeat`.
//!
//! Follow-up runs from the index to the day of the snapshot, or to the first event that ends it. Its last day counts: an
//! event on it is seen. Whoever is followed for fewer days than asked is not counted in the view `within`, with an
//! event or without: to count those with one alone would raise every share. In a curve they are censored.

use super::events::Events;
use super::kernel::{Chart, Column, Found, Kernel, Put, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::sources::Sources;
use super::tally::Tally;
use super::timeline::Timeline;
use crate::disclosure::{Extra, ExtraHead, Incidence, Shape};
use crate::programme::{FollowUp as Asked, Since, Text, View};
use crate::stats::survival::Curve;

/// Counts a follow-up.
#[derive(Debug)]
pub(super) struct FollowUp {
    asked: Asked,
    events: Events,
    /// First and last day for the index, and the day of the snapshot.
    first: i32,
    last: i32,
    sealed: i32,
    /// First day of the programme's data.
    begin: i32,
    /// Whose rows say how long a unit is followed, and whose say that too and whether it had the outcome.
    followed: Sources,
    happened: Sources,
    /// The ledger's name for figures besides counts.
    measure: String,
}

/// Places of the stages among the kernel's: index, outcome, the one between, and then those that end follow-up.
const INDEX: usize = 0;
const OUTCOME: usize = 1;
const VIA: usize = 2;
const ENDS: usize = 3;

impl FollowUp {
    /// A follow-up.
    pub(super) fn new(frame: &Frame<'_>, asked: &Asked) -> FollowUp {
        let mut stages = vec![asked.index, asked.outcome, asked.via.unwrap_or(asked.outcome)];
        stages.extend(&asked.ends);
        let mut followed = frame.sources(&asked.ends);
        if asked.view == View::Within && asked.since == Since::Previous {
            followed = followed.and(frame.sources(&[asked.index]));
        }
        let via = asked.via.filter(|_| asked.view != View::BeforeAfter);
        let outcome: Vec<usize> = via.into_iter().chain([asked.outcome]).collect();
        FollowUp {
            followed,
            happened: followed.and(frame.sources(&outcome)),
            events: frame.events(&stages),
            first: frame.first,
            last: frame.last,
            sealed: frame.sealed,
            begin: frame.begin,
            measure: frame.measure("follow-up"),
            asked: asked.clone(),
        }
    }

    /// Tails of one number of days.
    const fn states(&self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self.asked.view {
            View::Within => &[
                ("followed", "Fulgt så længe", "Followed so long"),
                ("event", "Haft hændelsen", "Had the event"),
            ],
            View::Rate => &[("followed", "Fulgt", "Followed"), ("event", "Haft hændelsen", "Had the event")],
            View::BeforeAfter => &[
                ("followed", "Fulgt så længe begge veje", "Followed so long both ways"),
                ("before", "Haft hændelsen før", "Had the event before"),
                ("after", "Haft hændelsen efter", "Had the event after"),
            ],
            View::Curve => &[],
        }
    }
}

impl Kernel for FollowUp {
    fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        let days = self.asked.days.iter();
        match self.asked.view {
            View::Rate => {}
            View::Within | View::BeforeAfter => {
                let codes = days.map(|days| (days.to_string(), text(&within(*days).0, &within(*days).1)));
                columns.push(Column { id: "days", title: text("Dage", "Days"), codes: codes.collect() });
            }
            View::Curve => {
                let mut codes = vec![("0".to_owned(), text("Ved begyndelsen", "At the beginning"))];
                codes.extend(days.map(|days| (days.to_string(), text(&within(*days).0, &within(*days).1))));
                columns.push(Column { id: "days", title: text("Dage", "Days"), codes });
            }
        }
        if !self.states().is_empty() {
            let codes = self.states().iter().map(|(id, da, en)| ((*id).to_owned(), text(da, en)));
            columns.push(Column { id: "state", title: text("Tilstand", "State"), codes: codes.collect() });
        }
        columns
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let states = || self.states().iter().map(|(id, _, _)| (*id).to_owned());
        let days = self.asked.days.iter().map(ToString::to_string);
        match self.asked.view {
            View::Rate => states().map(|state| vec![state]).collect(),
            View::Within | View::BeforeAfter => {
                days.flat_map(|days| states().map(move |state| vec![days.clone(), state])).collect()
            }
            View::Curve => std::iter::once("0".to_owned()).chain(days).map(|days| vec![days]).collect(),
        }
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Parts
    }

    fn of(&self, tail: usize) -> Option<usize> {
        match self.asked.view {
            View::Curve => (tail > 0).then_some(0),
            _ => {
                let states = self.states().len();
                (!tail.is_multiple_of(states)).then_some(tail / states * states)
            }
        }
    }

    fn follows(&self) -> Vec<Sources> {
        let of = |tail: usize| match self.asked.view {
            View::Curve if tail == 0 => Sources::default(),
            // The rate stands beside everybody followed.
            View::Curve | View::Rate => self.happened,
            View::Within | View::BeforeAfter if self.of(tail).is_none() => self.followed,
            View::Within | View::BeforeAfter => self.happened,
        };
        (0..self.tails().len()).map(of).collect()
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Following { asked: self, timeline: Timeline::default() })
    }

    fn extra_head(&self) -> Option<ExtraHead> {
        matches!(self.asked.view, View::Curve | View::Rate).then(|| ExtraHead {
            measure: self.measure.clone(),
            unit: None,
            decimals: 0,
            bands: Vec::new(),
        })
    }

    fn extra(&self, group: &[Tally], tail: usize) -> Option<Extra> {
        (self.asked.view == View::Rate && tail == 0).then(|| {
            let events = group[0].contributions();
            let days = group[0].values.iter().zip(&events);
            let days =
                days.map(|(kept, part)| crate::disclosure::Contribution { amount: kept.more, ..*part });
            Extra::Rate { days: days.collect(), events }
        })
    }

    fn extras(&self, group: &[Tally]) -> Vec<Option<Extra>> {
        if self.asked.view != View::Curve {
            return (0..group.len()).map(|tail| self.extra(group, tail)).collect();
        }
        // Times in days are few; units are many.
        let mut days: Vec<(u64, u64)> = Vec::new();
        for kept in &group[0].values {
            let day = usize::try_from(kept.value).unwrap_or(0);
            if days.len() <= day {
                days.resize(day + 1, (0, 0));
            }
            let (events, censored) = &mut days[day];
            *(if kept.more != 0 { events } else { censored }) += 1;
        }
        let days = (0u32..).zip(days).filter(|(_, of_day)| *of_day != (0, 0)).collect();
        let curve = Curve::of_days(&days).ok();
        let at = |days: &u32| Some(Extra::Incidence(incidence(curve.as_ref(), *days, group[0].units)));
        std::iter::once(None).chain(self.asked.days.iter().map(at)).collect()
    }

    fn also(&self, tail: usize) -> Option<usize> {
        // Whoever had the event by some day had it by every later one.
        (self.asked.view == View::Curve && (1..self.asked.days.len()).contains(&tail)).then_some(tail + 1)
    }

    fn response(&self) -> Option<(Vec<usize>, Vec<usize>)> {
        None
    }

    fn chart(&self) -> Option<Chart> {
        match self.asked.view {
            View::Curve => Some(Chart::Survival),
            View::BeforeAfter => Some(Chart::BeforeAfter),
            View::Within | View::Rate => None,
        }
    }

    fn notes(&self) -> Vec<Text> {
        let mut notes = vec![text(
            "Opfølgningen løber fra indeksdagen til opgørelsesdagen, eller til en hændelse der afslutter den.",
            "Follow-up runs from the index day to the day of the snapshot, or to an event that ends it.",
        )];
        notes.push(match self.asked.view {
            View::Within => text(
                "Den der ikke er fulgt så længe, tælles ikke med, heller ikke med en hændelse.",
                "Whoever is not followed so long is not counted, nor is an event of theirs.",
            ),
            View::Curve => text(
                "Kaplan-Meier: den der ikke er fulgt længere, tæller med så længe.",
                "Kaplan-Meier: whoever is followed no longer counts for as long as that.",
            ),
            View::Rate => text(
                "Hændelser pr. 100 personår; flere på én dag er én.",
                "Events per 100 person-years; several on one day are one.",
            ),
            View::BeforeAfter => text(
                "De samme, lige mange dage før og efter indeksdagen, som selv ikke tælles.",
                "The same ones, as many days before and after the index day, which itself is not counted.",
            ),
        });
        notes
    }
}

/// What a curve says of a number of days.
fn incidence(curve: Option<&Curve>, days: u32, units: u64) -> Incidence {
    let Some(curve) = curve else {
        return Incidence { units: 0, at_risk: 0, events: 0, share: 0.0 };
    };
    let at = curve.at(days);
    Incidence { units, at_risk: at.at_risk_after, events: at.events, share: 1.0 - at.survival }
}

/// A number of days, in both languages.
fn within(days: u32) -> (String, String) {
    match days {
        1 => ("1 dag".to_owned(), "1 day".to_owned()),
        days => (format!("{days} dage"), format!("{days} days")),
    }
}

struct Following<'a> {
    asked: &'a FollowUp,
    timeline: Timeline,
}

impl Worker for Following<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let of = self.asked;
        self.timeline.read(rows, &of.events);
        let Some((index, at)) = self.timeline.index(rows, INDEX, of.first, of.last) else { return };
        found.index = Some(at);
        let end = self.end(index);
        match of.asked.view {
            View::Within => {
                let (time, followed) = match of.asked.since {
                    Since::Index => (self.time(index, end), days_between(index, end)),
                    Since::Previous => self.since_previous(index, end),
                };
                for (at, days) in of.asked.days.iter().enumerate() {
                    if followed < *days {
                        continue;
                    }
                    found.put(2 * at);
                    if time.is_some_and(|time| time <= *days) {
                        found.put(2 * at + 1);
                    }
                }
            }
            View::Curve => {
                let time = self.time(index, end);
                let followed = time.unwrap_or(days_between(index, end));
                found.put_value(0, i64::from(followed), i64::from(time.is_some()));
                let first = of.asked.days.iter().position(|days| time.is_some_and(|time| time <= *days));
                if let Some(first) = first {
                    found.put(1 + first);
                }
            }
            View::Rate => {
                let (mut events, mut before) = (0, None);
                let from = self.earliest(index).unwrap_or(i32::MAX);
                for event in self.timeline.of(OUTCOME).filter(|event| (from..=end).contains(&event.day)) {
                    events += i64::from(before != Some(event.day));
                    before = Some(event.day);
                }
                found.put_value(0, events, i64::from(days_between(index, end)));
                if events > 0 {
                    found.puts.push(Put { tail: 1, value: 0, more: 0 });
                }
            }
            View::BeforeAfter => {
                for (at, days) in of.asked.days.iter().enumerate() {
                    let (from, to) =
                        (index.saturating_sub_unsigned(*days), index.saturating_add_unsigned(*days));
                    if from < of.begin || to > end {
                        continue;
                    }
                    let any = |from: i32, to: i32| {
                        self.timeline.of(OUTCOME).any(|event| (from..=to).contains(&event.day))
                    };
                    found.put(3 * at);
                    if any(from, index - 1) {
                        found.put(3 * at + 1);
                    }
                    if any(index + 1, to) {
                        found.put(3 * at + 2);
                    }
                }
            }
        }
    }
}

impl Following<'_> {
    /// The last day of follow-up.
    fn end(&self, index: i32) -> i32 {
        let ended = self.timeline.all().iter().find(|event| event.day >= index && event.stages >> ENDS != 0);
        ended.map_or(self.asked.sealed, |event| event.day.min(self.asked.sealed))
    }

    /// The earliest day of an outcome that counts from a day: none, where nothing comes between and something must.
    fn earliest(&self, from: i32) -> Option<i32> {
        let asked = &self.asked.asked;
        let earliest = from.saturating_add_unsigned(asked.from_day);
        match asked.via {
            None => Some(earliest),
            Some(_) => Some(earliest.max(self.timeline.first(VIA, from)?.day)),
        }
    }

    /// Days from a day to the first outcome that counts from it.
    fn time(&self, from: i32, end: i32) -> Option<u32> {
        let outcome = self.timeline.first(OUTCOME, self.earliest(from)?).filter(|event| event.day <= end)?;
        Some(days_between(from, outcome.day))
    }

    /// The shortest time from an event of the index stage in the period to the next outcome, and how long the last of
    /// them is followed.
    fn since_previous(&self, index: i32, end: i32) -> (Option<u32>, u32) {
        let (mut shortest, mut last) = (None, index);
        for event in
            self.timeline.of(INDEX).filter(|event| (index..=self.asked.last.min(end)).contains(&event.day))
        {
            last = event.day;
            let time = self.time(event.day, end);
            shortest = match (shortest, time) {
                (Some(known), Some(time)) => Some(time.min(known)),
                (known, time) => known.or(time),
            };
        }
        (shortest, days_between(last, end))
    }
}

fn days_between(from: i32, to: i32) -> u32 {
    u32::try_from(to - from).unwrap_or(0)
}
