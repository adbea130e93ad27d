//! The rows of one unit that a plan may read.

use super::Plan;
use super::bits;
use super::index::{Earliest, RowAt};
use super::prepared::Prepared;
use super::staff::FirstDays;
use crate::snapshot::Columns;

/// Reads what was prepared for a plan, unit by unit.
pub(super) struct Walk<'a> {
    prepared: &'a Prepared,
    /// The lists of staff that the kernel looks up, in its order.
    lists: Vec<FirstDays>,
}

impl<'a> Walk<'a> {
    /// Makes the lists that the plan's kernel looks up.
    pub(super) fn new(plan: &Plan, prepared: &'a Prepared) -> Walk<'a> {
        let snapshot = &prepared.snapshot;
        let lists = plan.kernel.staff_lists().into_iter().map(|(set, column)| {
            let columns = &snapshot.datasets[plan.datasets()[set]];
            let staff = columns.staff[column].as_ref().expect("it was checked beforehand");
            let mut list = FirstDays::default();
            // Anonymous rows first: such a list is about staff.
            let stays = |person: &u32| *person == 0 || !bits::holds(prepared.leaving(), *person as usize);
            for person in (0..=snapshot.persons).filter(stays) {
                bits::each_in(&prepared.sets[set].reading.rows, columns.rows(person), |row| {
                    list.see(staff[row], columns.day[row]);
                    true
                });
            }
            list
        });
        Walk { lists: lists.collect(), prepared }
    }

    /// Family of each person.
    pub(super) fn families(&self) -> &'a [u32] {
        &self.prepared.snapshot.families
    }

    /// The rows of a unit; none when it leaves the question, because one of its persons does.
    #[inline]
    pub(super) fn unit(&self, unit: u32) -> Option<UnitRows<'_>> {
        (!self.prepared.leaves(unit)).then_some(UnitRows { walk: self, prepared: self.prepared, unit })
    }
}

/// The permitted rows of one unit that stays in the question.
#[derive(Clone, Copy)]
pub(super) struct UnitRows<'a> {
    walk: &'a Walk<'a>,
    prepared: &'a Prepared,
    unit: u32,
}

impl<'a> UnitRows<'a> {
    /// Gives each permitted row in the span to `each`, dataset by dataset in the order of the plan, in the order of days
    /// within each. Rows without a person are not given.
    #[inline]
    pub(super) fn each(&self, mut each: impl FnMut(&'a Columns, RowAt)) {
        for set in 0..self.prepared.sets.len() {
            self.each_of(set, |columns, at| {
                each(columns, at);
                true
            });
        }
    }

    /// Gives the permitted rows of one dataset of the plan in the order of days, until `each` says that it has enough.
    #[inline]
    pub(super) fn each_of(&self, set: usize, mut each: impl FnMut(&'a Columns, RowAt) -> bool) {
        let of = &self.prepared.sets[set];
        let columns: &'a Columns = &of.columns;
        bits::each_in(of.rows(), columns.rows(self.unit), |row| each(columns, RowAt { set, row }));
    }

    /// The columns of a dataset of the plan.
    pub(super) fn columns_of(&self, set: usize) -> &'a Columns {
        &self.prepared.sets[set].columns
    }

    /// Rows of the unit in a dataset of the plan, permitted or not: no more are given.
    #[inline]
    pub(super) fn most_of(&self, set: usize) -> usize {
        self.prepared.sets[set].columns.rows(self.unit).len()
    }

    /// Datasets of the plan.
    pub(super) fn sets(&self) -> usize {
        self.prepared.sets.len()
    }

    /// The index row among all of them.
    #[inline]
    pub(super) fn index(&self) -> Option<RowAt> {
        let mut earliest = Earliest::default();
        for set in 0..self.prepared.sets.len() {
            self.each_of(set, |columns, at| earliest.see(columns, at));
        }
        earliest.get().map(|(_, at)| at)
    }

    /// Whether a row is the unit's own: of a case, one with its number. The rows of its persons elsewhere are not.
    #[inline]
    pub(super) fn is_own(&self, at: RowAt) -> bool {
        !self.prepared.with_persons || {
            let cases = &self.columns(at).case;
            cases.as_ref().is_some_and(|cases| cases[at.row] == self.unit)
        }
    }

    /// The columns that a row stands in.
    pub(super) fn columns(&self, at: RowAt) -> &'a Columns {
        &self.prepared.sets[at.set].columns
    }

    /// The person whom a row is about.
    pub(super) fn person(&self, at: RowAt) -> u32 {
        self.prepared.sets[at.set].persons.as_ref().map_or(self.unit, |persons| persons[at.row])
    }

    /// The member of staff in a column of a row; 0 where absent.
    pub(super) fn staff(&self, at: RowAt, column: usize) -> u32 {
        let staff = self.columns(at).staff[column].as_ref().expect("it was checked beforehand");
        staff[at.row]
    }

    /// Whether a member of staff stands in the `n`th list of the kernel on a day or earlier. Nobody known, nobody listed.
    pub(super) fn listed(&self, list: usize, staff: u32, day: i32) -> bool {
        self.walk.lists[list].by(staff, day)
    }

    /// The persons of the unit, as the permitted rows name them: each once, in ascending order.
    #[inline]
    pub(super) fn persons(&self, persons: &mut Vec<u32>) {
        persons.clear();
        match &self.prepared.grouped {
            None => persons.push(self.unit),
            Some(grouped) => match grouped.pair(self.unit) {
                Some((one, other)) => persons.extend([one, other]),
                None => {
                    for set in &self.prepared.sets {
                        let of = set.persons.as_deref().unwrap_or_default();
                        bits::each_in(set.rows(), set.columns.rows(self.unit), |row| {
                            persons.push(of[row]);
                            true
                        });
                    }
                    persons.sort_unstable();
                    persons.dedup();
                }
            },
        }
    }
}
