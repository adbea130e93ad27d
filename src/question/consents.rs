//! What persons said when asked, by purpose.
//!
//! Counted are recorded events, of every person whom the spine knows, and no row. Nobody is left out: the record of what
//! was said is what the controller must keep to show that consent was asked for and respected, and a count of refusals
//! without those who refused would be none. R1 and R8 protect it like every other.
//!
//! An event counts on the day when it happened, and for the purposes that it names; asking and saying no without a
//! purpose is of all of them, saying yes without one is of none, and the end of a record is of that record's purposes.
//!
//! - Asked: any event in the period.
//! - Given: a yes in it, renewed ones included. Refused, withdrawn: such an event in it.
//! - Expired: a yes in it that has run out by the day of the snapshot (its last day is past, or an event says so)
//!   without a later yes at the same partner, and without a no that came while it held.
//!
//! A person may be in several of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Plan;
use super::kernel::{Column, Found, Kernel, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::tally::keys;
use crate::clock::{Day, Timestamp};
use crate::consent::{EventKind, Known};
use crate::disclosure::{Counted, Extra, ExtraHead, FamilyOf, RawCell, Shape, Tabulation};
use crate::name::PurposeId;
use crate::programme::Text;
use crate::snapshot::Snapshot;

/// What is counted of a purpose.
const STATES: [(&str, &str, &str); 5] = [
    ("asked", "Spurgt", "Asked"),
    ("given", "Sagt ja", "Given"),
    ("refused", "Sagt nej", "Refused"),
    ("withdrawn", "Trukket tilbage", "Withdrawn"),
    ("expired", "Udløbet uden fornyelse", "Expired without renewal"),
];
const ASKED: usize = 0;
const GIVEN: usize = 1;
const REFUSED: usize = 2;
const WITHDRAWN: usize = 3;
const EXPIRED: usize = 4;
/// Limits of the bands of validity, in days, both days included: a quarter, half a year, a year and two years at their
/// longest.
const BANDS: [i64; 4] = [92, 184, 366, 731];

/// Counts what persons said.
#[derive(Debug)]
pub(super) struct Consents {
    purposes: Vec<(PurposeId, Text)>,
    first: Day,
    last: Day,
    sealed: Day,
    measure: String,
}

impl Consents {
    /// For every purpose of the programme.
    pub(super) fn new(frame: &Frame<'_>) -> Consents {
        let purposes = frame.programme.purposes.iter();
        Consents {
            purposes: purposes.map(|purpose| (purpose.id.clone(), purpose.title.clone())).collect(),
            first: Day::from_days(frame.first),
            last: Day::from_days(frame.last),
            sealed: Day::from_days(frame.sealed),
            measure: frame.measure("validity"),
        }
    }

    /// What one person said to one partner about a purpose in the period: a mask of states, and the last yes.
    fn said(&self, purpose: &PurposeId, events: &[Known]) -> (u8, Option<Yes>) {
        let (mut states, mut last) = (0, None);
        let of = |event: &&Known| covers(event, purpose, events);
        let seen = || events.iter().filter(|event| event.at().day() <= self.sealed && !event.is_tombstone());
        for event in seen().filter(of).filter(|event| self.in_period(event.at())) {
            states |= 1 << ASKED;
            match event.kind() {
                EventKind::Refused => states |= 1 << REFUSED,
                EventKind::Withdrawn => states |= 1 << WITHDRAWN,
                EventKind::Given | EventKind::Renewed => {
                    states |= 1 << GIVEN;
                    last = last.max(Some(Yes { at: event.at(), valid: event.valid() }));
                    let ended = self.ended(event, seen());
                    let after = |other: &&Known| other.at() >= event.at() && !std::ptr::eq(*other, event);
                    let again = |other: &Known| other.kind().is_permit() && other.at() > event.at();
                    let renewed = |other: &Known| {
                        other.kind() == EventKind::Renewed && other.names() == Some(event.record())
                    };
                    let denied = |other: &Known| {
                        other.kind().is_deny() && ended.is_some_and(|ended| other.at().day() <= ended)
                    };
                    let over = seen()
                        .filter(after)
                        .filter(of)
                        .any(|other| again(other) || renewed(other) || denied(other));
                    if ended.is_some() && !over {
                        states |= 1 << EXPIRED;
                    }
                }
                EventKind::Requested | EventKind::Expired | EventKind::Invalidated => {}
            }
        }
        (states, last)
    }

    /// The last day on which a yes held, when that is past on the day of the snapshot.
    fn ended<'a>(&self, yes: &Known, seen: impl Iterator<Item = &'a Known>) -> Option<Day> {
        let said = seen.filter(|event| event.kind() == EventKind::Expired);
        let said =
            said.filter(|event| event.names() == Some(yes.record())).map(|event| event.at().day()).min();
        let lapsed = Some(yes.valid().1).filter(|last| *last < self.sealed);
        said.into_iter().chain(lapsed).min()
    }

    fn in_period(&self, at: Timestamp) -> bool {
        (self.first..=self.last).contains(&at.day())
    }
}

/// A yes, in the order of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Yes {
    at: Timestamp,
    valid: (Day, Day),
}

impl Yes {
    /// The band of its validity.
    fn band(self) -> usize {
        let days = i64::from(self.valid.1.days()) - i64::from(self.valid.0.days()) + 1;
        BANDS.partition_point(|limit| *limit < days)
    }
}

/// Whether an event is about a purpose; `events` are all of the person at the partner.
fn covers(event: &Known, purpose: &PurposeId, events: &[Known]) -> bool {
    if event.kind() == EventKind::Expired {
        let of = |yes: &&Known| yes.kind().is_permit() && Some(yes.record()) == event.names();
        return events.iter().filter(of).any(|yes| yes.purposes().contains(purpose));
    }
    let all = event.purposes().is_empty() && !event.kind().is_permit();
    all || event.purposes().contains(purpose)
}

/// One cell of the persons, while it is filled.
#[derive(Clone, Default)]
struct Cell {
    persons: Vec<u32>,
    /// Last yes of each, where the cell is of those who gave one.
    given: BTreeMap<u32, Yes>,
}

/// Counts a plan about consent ([`Plan::is_of_consents`]). `known` are the recorded events by (source, person), as the
/// fold gets them: those over an alias under the person's one number. Persons may be younger than the snapshot, which
/// is asked for families alone.
#[must_use]
pub fn count_consents(
    plan: &Plan,
    snapshot: &Snapshot,
    known: &BTreeMap<(u8, u32), Vec<Known>>,
) -> Tabulation {
    count_consents_of(plan, snapshot, |each| {
        known.iter().for_each(|((source, person), events)| each(*source, *person, events));
    })
}

/// The same from `walk`, which gives the events of each source and person once.
#[must_use]
pub fn count_consents_of(
    plan: &Plan,
    snapshot: &Snapshot,
    walk: impl FnOnce(&mut dyn FnMut(u8, u32, &[Known])),
) -> Tabulation {
    let axes: Vec<&[String]> = plan.axes.iter().map(|axis| &axis.codes[..]).collect();
    let tails = plan.tails.len();
    let mut cells = vec![Cell::default(); plan.cell_count()];
    if let Some(consents) = plan.kernel.consents() {
        walk(&mut |source, person, events| {
            // The one dimension is the partner.
            let group = match plan.axes.first() {
                None => Some(0),
                Some(axis) => axis.of_source(source),
            };
            let Some(group) = group else { return };
            for (at, (purpose, _)) in consents.purposes.iter().enumerate() {
                let (states, last) = consents.said(purpose, events);
                for state in (0..STATES.len()).filter(|state| states >> state & 1 != 0) {
                    let cell = &mut cells[group * tails + at * STATES.len() + state];
                    cell.persons.push(person);
                    if let Some(last) = last.filter(|_| state == GIVEN) {
                        let of_person = cell.given.entry(person).or_insert(last);
                        *of_person = last.max(*of_person);
                    }
                }
            }
        });
    }
    let cells = keys(&axes, &plan.tails).into_iter().zip(cells).enumerate().map(|(at, (key, mut cell))| {
        let (group, tail) = (at / tails * tails, at % tails);
        cell.persons.sort_unstable();
        cell.persons.dedup();
        let mut bands = vec![0; BANDS.len() + 1];
        for yes in cell.given.values() {
            bands[yes.band()] += 1;
        }
        RawCell {
            key,
            contributors: cell.persons.iter().copied().collect(),
            counted: Counted::Person,
            units: cell.persons.len() as u64,
            families: families(snapshot, &cell.persons),
            structural_zero: false,
            of: plan.kernel.of(tail).map(|of| group + of),
            measure: plan.kernel.measure(tail),
            crossing: None,
            extra: (tail % STATES.len() == GIVEN).then_some(Extra::Median(bands)),
        }
    });
    Tabulation {
        extra: plan.kernel.extra_head(),
        // Somebody may have been asked by several partners.
        additive: false,
        family_of: Some(FamilyOf::new(Arc::clone(&snapshot.families))),
        ..Tabulation::counts(plan.kernel.shape(plan.axes.len()), plan.table_columns(), cells.collect())
    }
}

/// Distinct families. A person whom no row of the snapshot names is one of its own.
fn families(snapshot: &Snapshot, persons: &[u32]) -> u64 {
    let family = |person: &u32| match snapshot.families.get(*person as usize) {
        None | Some(0) => *person,
        Some(family) => *family,
    };
    let mut families: Vec<u32> = persons.iter().map(family).collect();
    families.sort_unstable();
    families.dedup();
    families.len() as u64
}

impl Kernel for Consents {
    fn columns(&self) -> Vec<Column> {
        let purposes = self.purposes.iter().map(|(id, title)| (id.to_string(), title.clone()));
        let states = STATES.iter().map(|(id, da, en)| ((*id).to_owned(), text(da, en)));
        vec![
            Column { id: "purpose", title: text("Formål", "Purpose"), codes: purposes.collect() },
            Column { id: "state", title: text("Tilstand", "State"), codes: states.collect() },
        ]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let purposes = self.purposes.iter();
        purposes
            .flat_map(|(purpose, _)| {
                STATES.iter().map(move |(state, _, _)| vec![purpose.to_string(), (*state).to_owned()])
            })
            .collect()
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Parts
    }

    fn of(&self, tail: usize) -> Option<usize> {
        (!tail.is_multiple_of(STATES.len())).then_some(tail / STATES.len() * STATES.len())
    }

    fn counted(&self, _tail: usize) -> Option<Counted> {
        Some(Counted::Person)
    }

    fn extra_head(&self) -> Option<ExtraHead> {
        Some(ExtraHead {
            measure: self.measure.clone(),
            unit: Some(text("dage", "days")),
            decimals: 0,
            bands: BANDS.to_vec(),
        })
    }

    fn measure(&self, tail: usize) -> Option<String> {
        Some(format!("{}/{}", self.measure, self.purposes[tail / STATES.len()].0))
    }

    /// No row is read: [`count_consents`] counts.
    fn worker(&self) -> Box<dyn Worker + '_> {
        struct Nobody;
        impl Worker for Nobody {
            fn unit(&mut self, _rows: &UnitRows<'_>, _found: &mut Found) {}
        }
        Box::new(Nobody)
    }

    fn consents(&self) -> Option<&Consents> {
        Some(self)
    }

    fn notes(&self) -> Vec<Text> {
        vec![
            text(
                "Talt er det, personer har sagt i perioden, ikke rækker om dem; ingen er udeladt. Den samme kan stå flere steder.",
                "Counted is what persons said in the period, not rows about them; nobody is left out. The same person may stand in several places.",
            ),
            text(
                "Udløbet: et ja i perioden, der ikke gælder længere på opgørelsesdagen, uden et senere ja eller et nej, mens det gjaldt.",
                "Expired: a yes of the period that no longer holds on the day of the snapshot, without a later yes, and without a no while it held.",
            ),
            text(
                "Gyldigheden er den for personens seneste ja i perioden, i dage med første og sidste dag.",
                "Validity is that of the person's last yes in the period, in days, the first and the last included.",
            ),
        ]
    }
}

#[cfg(test)]
#[path = "consents_tests.rs"]
mod tests;
