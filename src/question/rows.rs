//! The rows of one unit that a plan may read.

use super::Plan;
use super::count::CountError;
use super::index::RowAt;
use super::permitted::{self, Leaving, Rows};
use super::staff::FirstDays;
use crate::consent::Permits;
use crate::programme::Unit;
use crate::snapshot::{Columns, Grouping, Snapshot};

/// Reads the rows of a plan, unit by unit.
pub(super) struct Walk<'a> {
    sets: Vec<Set<'a>>,
    first: i32,
    last: i32,
    leaving: Leaving,
    /// The lists of staff that the kernel looks up, in its order.
    lists: Vec<FirstDays>,
    grouping: Option<Grouping>,
    units: u32,
}

struct Set<'a> {
    dataset: usize,
    columns: &'a Columns,
    permitted: Rows,
}

impl<'a> Walk<'a> {
    /// Holds snapshot and permits against the plan.
    pub(super) fn new(
        plan: &Plan,
        snapshot: &'a Snapshot,
        permits: &[Permits],
    ) -> Result<Walk<'a>, CountError> {
        if snapshot.day != plan.sealed() || snapshot.datasets.len() != plan.datasets_of_programme {
            return Err(CountError::OtherSnapshot);
        }
        for (dataset, needed) in plan.datasets().iter().zip(&plan.columns) {
            let columns = &snapshot.datasets[*dataset];
            let category = |column: &usize| columns.categories.get(*column).is_some_and(Option::is_some);
            let measure = |column: &usize| columns.measures.get(*column).is_some_and(Option::is_some);
            let staff = |column: &usize| columns.staff.get(*column).is_some_and(Option::is_some);
            if !needed.categories.iter().all(category)
                || !needed.measures.iter().all(measure)
                || !needed.staff.iter().all(staff)
            {
                return Err(CountError::OtherProgramme);
            }
        }
        let (rows, leaving) = permitted::compile(plan, snapshot, permits)?;
        let sets = plan.datasets().iter().zip(rows).map(|(dataset, permitted)| Set {
            dataset: *dataset,
            columns: &snapshot.datasets[*dataset],
            permitted,
        });
        let sets: Vec<Set<'_>> = sets.collect();
        let grouping = match plan.unit {
            Unit::Person => None,
            Unit::Case => Some(Grouping::by_case(snapshot, plan.datasets())),
            Unit::Pair => Some(Grouping::by_pair(snapshot, plan.datasets())),
        };
        let span = plan.span();
        let (first, last) = (span.start().days(), span.end().days());
        let lists = plan.kernel.staff_lists().into_iter().map(|(set, column)| {
            let set = &sets[set];
            let staff = set.columns.staff[column].as_ref().expect("it was checked above");
            let mut list = FirstDays::default();
            // Anonymous rows first: such a list is about staff.
            for person in (0..=snapshot.persons).filter(|person| *person == 0 || !leaving.holds(*person)) {
                for row in set.columns.rows(person) {
                    let day = set.columns.day[row];
                    if (first..=last).contains(&day) && set.permitted.holds(row) {
                        list.see(staff[row], day);
                    }
                }
            }
            list
        });
        Ok(Walk {
            lists: lists.collect(),
            sets,
            first,
            last,
            leaving,
            units: grouping.as_ref().map_or(snapshot.persons, Grouping::units),
            grouping,
        })
    }

    /// Units: their numbers are `1..=units`.
    pub(super) const fn units(&self) -> u32 {
        self.units
    }

    /// Everybody who leaves the question.
    pub(super) fn left_out(&self) -> Vec<u32> {
        self.leaving.persons()
    }

    /// The rows of a unit; none when it leaves the question, because one of its persons does.
    pub(super) fn unit(&self, unit: u32) -> Option<UnitRows<'_>> {
        let rows = UnitRows { walk: self, unit };
        let stays = match &self.grouping {
            None => !self.leaving.holds(unit),
            Some(grouping) => {
                let pair = grouping.pair(unit);
                let of_pair =
                    pair.is_some_and(|(one, other)| self.leaving.holds(one) || self.leaving.holds(other));
                let member = |set: &Set<'_>| {
                    let persons = grouping.person_of_row(set.dataset);
                    let rows = grouping.rows(set.dataset, unit).iter();
                    rows.map(|row| *row as usize).any(|row| {
                        let day = set.columns.day[row];
                        (self.first..=self.last).contains(&day) && self.leaving.holds(persons[row])
                    })
                };
                !of_pair && !self.sets.iter().any(member)
            }
        };
        stays.then_some(rows)
    }
}

/// The permitted rows of one unit that stays in the question.
#[derive(Clone, Copy)]
pub(super) struct UnitRows<'a> {
    walk: &'a Walk<'a>,
    unit: u32,
}

impl<'a> UnitRows<'a> {
    /// Gives each permitted row in the span to `each`, dataset by dataset in the order of the plan, in the order of days
    /// within each. Rows without a person are not given.
    #[inline]
    pub(super) fn each(&self, mut each: impl FnMut(&'a Columns, RowAt)) {
        let walk = self.walk;
        for (at, set) in walk.sets.iter().enumerate() {
            let mut give = |row: usize| {
                let day = set.columns.day[row];
                if day > walk.last {
                    return false;
                }
                if day >= walk.first && set.permitted.holds(row) {
                    each(set.columns, RowAt { set: at, row });
                }
                true
            };
            match &walk.grouping {
                None => {
                    for row in set.columns.rows(self.unit) {
                        if !give(row) {
                            break;
                        }
                    }
                }
                Some(grouping) => {
                    let persons = grouping.person_of_row(set.dataset);
                    for row in grouping.rows(set.dataset, self.unit) {
                        let row = *row as usize;
                        if persons[row] != 0 && !give(row) {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// The columns that a row stands in.
    pub(super) fn columns(&self, at: RowAt) -> &'a Columns {
        self.walk.sets[at.set].columns
    }

    /// The person whom a row is about.
    pub(super) fn person(&self, at: RowAt) -> u32 {
        match &self.walk.grouping {
            None => self.unit,
            Some(grouping) => grouping.person_of_row(self.walk.sets[at.set].dataset)[at.row],
        }
    }

    /// The member of staff in a column of a row; 0 where absent.
    pub(super) fn staff(&self, at: RowAt, column: usize) -> u32 {
        let staff = self.columns(at).staff[column].as_ref().expect("the walk has checked it");
        staff[at.row]
    }

    /// Whether a member of staff stands in the `n`th list of the kernel on a day or earlier. Nobody known, nobody listed.
    pub(super) fn listed(&self, list: usize, staff: u32, day: i32) -> bool {
        self.walk.lists[list].by(staff, day)
    }

    /// The persons of the unit, as the permitted rows name them: each once, in ascending order.
    pub(super) fn persons(&self, persons: &mut Vec<u32>) {
        persons.clear();
        match &self.walk.grouping {
            None => persons.push(self.unit),
            Some(grouping) => match grouping.pair(self.unit) {
                Some((one, other)) => persons.extend([one, other]),
                None => {
                    self.each(|_, at| persons.push(self.person(at)));
                    persons.sort_unstable();
                    persons.dedup();
                }
            },
        }
    }
}
