//! Criteria: which conditions the units of an index stage meet; kinds `criteria`, `share` and `fidelity`.
//!
//! For each condition two cells: the units of which it can be told (`of`), and those of them that meet it (`met`). It
//! can be told of a unit that has an event of the condition's own stage on any day read, where it names one; and, for
//! an event in a window, when all days of the window are days of the programme up to the snapshot: what has not been
//! followed is never taken as "none". That holds for units with the event too: were they counted and the others not,
//! everybody would seem to meet a condition that looks back beyond the first day of the data.
//!
//! An event without a window may lie on any day read. Whoever was trained stands, on the day of the event or earlier, in
//! the list of those trained: its permitted rows, with a person or without. Rows without a person rest on another basis
//! than consent, or are not permitted.

use super::events::{self, Events};
use super::kernel::{Column, Found, Kernel, Worker, text};
use super::plan::{self, Frame};
use super::rows::UnitRows;
use super::sources::Sources;
use super::timeline::Timeline;
use crate::clock::Day;
use crate::disclosure::Shape;
use crate::intake::staged::MISSING_MEASURE;
use crate::programme::{Criteria as Asked, Text, Unit};

/// What is told of a condition.
const STATES: [(&str, &str, &str); 2] =
    [("of", "Dem det kan siges om", "Those of whom it can be told"), ("met", "Opfylder", "Meet it")];

/// Conditions, ready to be held against units.
#[derive(Debug)]
pub(super) struct Criteria {
    conditions: Vec<Condition>,
    /// Bit 0 is the index.
    events: Events,
    /// Lists of those trained: dataset of the plan, and staff column.
    lists: Vec<(usize, usize)>,
    /// First and last day for the index, and the day of the snapshot.
    first: i32,
    last: i32,
    sealed: i32,
    /// First day of the programme's data, and first day read.
    begin: i32,
    read_from: Day,
    unit: Unit,
}

#[derive(Debug)]
struct Condition {
    name: (String, Text),
    of: Option<usize>,
    test: Test,
    /// Whose rows say of whom it can be told, and whose say who meets it.
    told: Sources,
    met: Sources,
}

/// What must hold; stages by bit, datasets by place in the plan.
#[derive(Debug)]
enum Test {
    Stage {
        stage: usize,
        window: Option<(i32, i32)>,
        persons: usize,
    },
    /// By dataset of the plan, the staff column; and which list.
    Trained {
        stage: usize,
        staff: Vec<Option<usize>>,
        list: usize,
    },
    Sum {
        set: usize,
        done: usize,
        planned: usize,
        percent: u32,
    },
    All(Vec<usize>),
}

/// What is known of a condition of a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It cannot be told: the unit has no event of the condition's own stage.
    Outside,
    /// It cannot be told: days of the window were not followed.
    Open,
    /// It does not meet it.
    Not,
    /// It does.
    Met,
}

impl Criteria {
    /// The conditions of a question.
    pub(super) fn new(frame: &Frame<'_>, asked: &Asked) -> Criteria {
        use crate::programme::Test as Wanted;
        let mut stages = vec![asked.index];
        let mut lists: Vec<(usize, usize)> = Vec::new();
        let mut bit = |stage: usize| place(&mut stages, stage);
        let conditions = asked.conditions.iter().map(|condition| Condition {
            name: (condition.id.clone(), condition.title.clone()),
            of: condition.of.map(&mut bit),
            told: Sources::default(),
            met: Sources::default(),
            test: match &condition.test {
                Wanted::Stage { stage, window, persons } => Test::Stage {
                    stage: bit(*stage),
                    window: *window,
                    persons: usize::try_from(*persons).unwrap_or(usize::MAX).max(1),
                },
                Wanted::Trained { stage, staff, trained: (dataset, column) } => Test::Trained {
                    stage: bit(*stage),
                    staff: frame
                        .datasets
                        .iter()
                        .map(|at| staff.iter().find(|(dataset, _)| dataset == at).map(|(_, column)| *column))
                        .collect(),
                    list: place(&mut lists, (frame.set(*dataset), *column)),
                },
                Wanted::Sum { dataset, done, planned, percent } => {
                    Test::Sum { set: frame.set(*dataset), done: *done, planned: *planned, percent: *percent }
                }
                Wanted::All(parts) => Test::All(parts.clone()),
            },
        });
        let mut conditions: Vec<Condition> = conditions.collect();
        for (at, wanted) in asked.conditions.iter().enumerate() {
            let told = wanted.of.map_or(Sources::default(), |stage| frame.sources(&[stage]));
            let tested = match &wanted.test {
                Wanted::Stage { stage, .. } => frame.sources(&[*stage]),
                // A list may be of staff alone, without any person.
                Wanted::Trained { stage, trained: (dataset, _), .. } => {
                    let list = frame.programme.datasets[*dataset].partners.iter().copied();
                    frame.sources(&[*stage]).and(list.collect())
                }
                Wanted::Sum { dataset, .. } => frame.sources_of([*dataset]),
                Wanted::All(parts) => {
                    parts.iter().fold(Sources::default(), |all, part| all.and(conditions[*part].met))
                }
            };
            (conditions[at].told, conditions[at].met) = (told, told.and(tested));
        }
        debug_assert!(stages.len() <= events::MOST, "the check allows no more stages");
        Criteria {
            conditions,
            events: frame.events(&stages),
            lists,
            first: frame.first,
            last: frame.last,
            sealed: frame.sealed,
            begin: frame.begin,
            read_from: *plan::span(frame).start(),
            unit: frame.question.unit,
        }
    }
}

/// The place of something in a list, where it is put when it is new.
fn place<T: PartialEq>(list: &mut Vec<T>, what: T) -> usize {
    list.iter().position(|known| *known == what).unwrap_or_else(|| {
        list.push(what);
        list.len() - 1
    })
}

impl Kernel for Criteria {
    fn columns(&self) -> Vec<Column> {
        let conditions = self.conditions.iter().map(|condition| condition.name.clone());
        let states = STATES.iter().map(|(id, da, en)| ((*id).to_owned(), text(da, en)));
        vec![
            Column { id: "condition", title: text("Betingelse", "Condition"), codes: conditions.collect() },
            Column { id: "state", title: text("Tilstand", "State"), codes: states.collect() },
        ]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let conditions = self.conditions.iter();
        conditions
            .flat_map(|condition| STATES.map(|(state, ..)| vec![condition.name.0.clone(), state.to_owned()]))
            .collect()
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Parts
    }

    fn of(&self, tail: usize) -> Option<usize> {
        (tail % STATES.len() == 1).then(|| tail - 1)
    }

    fn follows(&self) -> Vec<Sources> {
        self.conditions.iter().flat_map(|condition| [condition.told, condition.met]).collect()
    }

    fn staff_lists(&self) -> Vec<(usize, usize)> {
        self.lists.clone()
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Meeting {
            of: self,
            timeline: Timeline::default(),
            standings: Vec::with_capacity(self.conditions.len()),
            persons: Vec::new(),
        })
    }

    fn notes(&self) -> Vec<Text> {
        let any = |is: fn(&Test) -> bool| self.conditions.iter().any(|condition| is(&condition.test));
        let mut notes = Vec::new();
        if any(|test| matches!(test, Test::Stage { window: Some(_), .. })) {
            notes.push(text(
                "Et vindue regnes i dage fra indeksdagen. En enhed, for hvilken dets dage ikke alle ligger mellem programmets første dag og opgørelsesdagen, tælles ikke med.",
                "A window is in days from the index day. A unit for which its days do not all lie between the first day of the programme and that of the snapshot is not counted.",
            ));
        }
        let anywhere = |test: &Test| matches!(test, Test::Stage { window: None, .. });
        if self.conditions.iter().any(|condition| condition.of.is_some() || anywhere(&condition.test)) {
            let from = self.read_from;
            notes.push(text(
                &format!("Hvor intet vindue er nævnt, læses hændelser fra {from} til opgørelsesdagen."),
                &format!("Where no window is named, events are read from {from} to the day of the snapshot."),
            ));
        }
        if self.unit != Unit::Person && any(|test| matches!(test, Test::Stage { persons: 2.., .. })) {
            notes.push(text(
                "Flere personer: hver har selv hændelsen.",
                "Several persons: each has the event themselves.",
            ));
        }
        if any(|test| matches!(test, Test::Trained { .. })) {
            notes.push(text(
                "Uddannet: hver af hændelserne på indeksdagen eller senere er udført af en, der står på listen samme dag eller før. Uden hændelser, eller uden medarbejdernummer, er betingelsen ikke opfyldt.",
                "Trained: each of the events on the index day or later was done by somebody who stands in the list on that day or earlier. Without events, or without a staff number, the condition is not met.",
            ));
        }
        if any(|test| matches!(test, Test::Sum { .. })) {
            notes.push(text(
                "Gennemført og planlagt lægges sammen over alle rækker fra indeksdagen; en manglende værdi lægger intet til. Er intet planlagt, er betingelsen ikke opfyldt.",
                "Done and planned are added up over all rows from the index day on; a missing value adds nothing. Where nothing is planned, the condition is not met.",
            ));
        }
        if any(|test| matches!(test, Test::All(_))) {
            notes.push(text(
                "Flere betingelser på én gang: den der ikke kan opfylde en af dem, opfylder dem ikke alle.",
                "Several conditions at once: a unit of which one of them cannot be told does not meet them all.",
            ));
        }
        notes
    }
}

struct Meeting<'a> {
    of: &'a Criteria,
    timeline: Timeline,
    standings: Vec<Standing>,
    persons: Vec<u32>,
}

impl Worker for Meeting<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let of = self.of;
        self.timeline.read(rows, &of.events);
        let Some((index, at)) = self.timeline.index(rows, 0, of.first, of.last) else { return };
        found.index = Some(at);
        self.standings.clear();
        for (at, condition) in of.conditions.iter().enumerate() {
            let standing = match condition.of {
                Some(stage) if self.timeline.of(stage).next().is_none() => Standing::Outside,
                _ => self.standing(&condition.test, rows, index),
            };
            self.standings.push(standing);
            if matches!(standing, Standing::Not | Standing::Met) {
                found.put(2 * at);
            }
            if standing == Standing::Met {
                found.put(2 * at + 1);
            }
        }
    }
}

impl Meeting<'_> {
    fn standing(&mut self, test: &Test, rows: &UnitRows<'_>, index: i32) -> Standing {
        let met = match test {
            Test::Stage { stage, window, persons } => {
                let (from, to) = window.map_or((i32::MIN, i32::MAX), |(from, to)| {
                    (index.saturating_add(from), index.saturating_add(to))
                });
                if window.is_some() && (from < self.of.begin || to > self.of.sealed) {
                    return Standing::Open;
                }
                self.happened(rows, *stage, (from, to)) >= *persons
            }
            Test::Trained { stage, staff, list } => {
                let mut events = self.timeline.of(*stage).filter(|event| event.day >= index).peekable();
                events.peek().is_some()
                    && events.all(|event| {
                        staff[event.at.set]
                            .is_some_and(|column| rows.listed(*list, rows.staff(event.at, column), event.day))
                    })
            }
            Test::Sum { set, done, planned, percent } => {
                let (mut of_done, mut of_planned) = (0i128, 0i128);
                rows.each(|columns, at| {
                    if at.set == *set && columns.day[at.row] >= index {
                        let value = |column: usize| {
                            let values = columns.measures[column].as_ref().expect("the walk has checked it");
                            let value = values[at.row];
                            if value == MISSING_MEASURE { 0 } else { i128::from(value) }
                        };
                        of_done += value(*done);
                        of_planned += value(*planned);
                    }
                });
                of_planned > 0 && of_done * 100 >= i128::from(*percent) * of_planned
            }
            Test::All(parts) => {
                let parts = || parts.iter().map(|part| self.standings[*part]);
                if parts().any(|part| part == Standing::Open) {
                    return Standing::Open;
                }
                parts().all(|part| part == Standing::Met)
            }
        };
        if met { Standing::Met } else { Standing::Not }
    }

    /// Persons of the unit with an event of a stage in a range of days.
    fn happened(&mut self, rows: &UnitRows<'_>, stage: usize, (from, to): (i32, i32)) -> usize {
        self.persons.clear();
        let events = self.timeline.of(stage).filter(|event| (from..=to).contains(&event.day));
        for event in events {
            let person = rows.person(event.at);
            if !self.persons.contains(&person) {
                self.persons.push(person);
            }
        }
        self.persons.len()
    }
}

#[cfg(test)]
#[path = "criteria_tests.rs"]
mod tests;
