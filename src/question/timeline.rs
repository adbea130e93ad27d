//! The events of one unit in the order of days.

use super::events::Events;
use super::index::{Earliest, RowAt};
use super::rows::UnitRows;

/// An event: a row that some stage names.
#[derive(Clone, Copy)]
pub(super) struct Happened {
    /// Day.
    pub(super) day: i32,
    /// The stages that it is an event of, as a mask.
    pub(super) stages: u64,
    /// The row.
    pub(super) at: RowAt,
}

impl Happened {
    /// Whether it is an event of the `n`th stage of the kernel.
    pub(super) const fn is(&self, stage: usize) -> bool {
        self.stages >> stage & 1 != 0
    }
}

/// The events of the unit at hand, with room that is used again.
#[derive(Default)]
pub(super) struct Timeline {
    /// The first `len` are of this unit.
    happened: Vec<Happened>,
    len: usize,
}

/// What stands where nothing happened yet.
const NOTHING: Happened = Happened { day: 0, stages: 0, at: RowAt { set: 0, row: 0 } };
/// Events up to which they are put in order by shifting each to its place.
const FEW: usize = 32;

impl Timeline {
    /// Reads the events of a unit, in the order of days; of one day in the order of datasets and rows.
    pub(super) fn read(&mut self, rows: &UnitRows<'_>, events: &Events) {
        self.len = 0;
        for set in (0..rows.sets()).filter(|set| events.reads(*set)) {
            let events = events.of_set(set, rows.columns_of(set));
            let room = self.len + rows.most_of(set);
            if self.happened.len() < room {
                self.happened.resize(room, NOTHING);
            }
            let (happened, mut len) = (&mut self.happened[..], self.len);
            rows.each_of(set, |columns, at| {
                // Every row is written, and stays when it is an event: which it is cannot be foreseen, and a wrong guess
                // costs more than a write.
                let stages = events.of(at.row);
                happened[len] = Happened { day: columns.day[at.row], stages, at };
                len += usize::from(stages != 0);
                true
            });
            self.len = len;
        }
        let happened = &mut self.happened[..self.len];
        if happened.len() > FEW {
            happened.sort_by_key(|event| event.day);
            return;
        }
        for at in 1..happened.len() {
            let event = happened[at];
            let mut place = at;
            while place > 0 && happened[place - 1].day > event.day {
                happened[place] = happened[place - 1];
                place -= 1;
            }
            happened[place] = event;
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Happened] {
        &self.happened[..self.len]
    }

    /// Those of a stage.
    pub(super) fn of(&self, stage: usize) -> impl Iterator<Item = &Happened> {
        self.all().iter().filter(move |event| event.is(stage))
    }

    /// The first of a stage on a day or later.
    pub(super) fn first(&self, stage: usize, from: i32) -> Option<&Happened> {
        self.of(stage).find(|event| event.day >= from)
    }

    /// The row of the first event of a stage on a day or later, with the rule of the index row between rows of one day.
    pub(super) fn first_row(&self, rows: &UnitRows<'_>, stage: usize, from: i32) -> Option<(i32, RowAt)> {
        Self::earliest(rows, self.of(stage).filter(|event| event.day >= from))
    }

    /// Index: the first event of a stage in a range of days among the unit's own rows, with the rule of the index row
    /// between rows of one day.
    pub(super) fn index(
        &self,
        rows: &UnitRows<'_>,
        stage: usize,
        first: i32,
        last: i32,
    ) -> Option<(i32, RowAt)> {
        let own = |event: &&Happened| (first..=last).contains(&event.day) && rows.is_own(event.at);
        Self::earliest(rows, self.of(stage).filter(own))
    }

    fn earliest<'b>(rows: &UnitRows<'_>, events: impl Iterator<Item = &'b Happened>) -> Option<(i32, RowAt)> {
        let mut earliest = Earliest::default();
        for event in events {
            if earliest.get().is_some_and(|(day, _)| day < event.day) {
                break;
            }
            earliest.see(rows.columns(event.at), event.at);
        }
        earliest.get()
    }
}
