//! Rows in the order of units, where the unit is not the person: copied once, and then read as fast as persons' rows.

use std::convert::Infallible;
use std::sync::Arc;

use super::bits;
use super::reading::Reading;
use crate::linkage::work::in_parallel;
use crate::programme::Unit;
use crate::snapshot::{Columns, Grouping, Snapshot};

/// Some datasets of a snapshot in the order of its cases or pairs. No `Debug`: it is everybody's rows.
pub struct Grouped {
    /// How rows are grouped, and where each row of a unit stands in the dataset.
    grouping: Grouping,
    /// By dataset of the plan.
    pub(super) sets: Vec<GroupedSet>,
    bytes: u64,
}

/// One dataset in the order of units.
pub(super) struct GroupedSet {
    /// Position of the dataset.
    dataset: usize,
    /// Its rows by (unit, day, person, row); unit `u` at `offsets[u]..offsets[u + 1]`.
    pub(super) columns: Arc<Columns>,
    /// The person of each of these rows; 0 for an anonymous row.
    pub(super) persons: Arc<[u32]>,
}

impl Grouped {
    /// Groups datasets; none where the unit is the person, in whose order a snapshot stands. A case can have the rows of
    /// its persons elsewhere with it.
    #[must_use]
    pub fn of(
        (unit, with_persons): (Unit, bool),
        snapshot: &Snapshot,
        datasets: &[usize],
    ) -> Option<Grouped> {
        let grouping = match unit {
            Unit::Person => return None,
            Unit::Case if with_persons => Grouping::by_case_with_persons(snapshot, datasets),
            Unit::Case => Grouping::by_case(snapshot, datasets),
            Unit::Pair => Grouping::by_pair(snapshot, datasets),
        };
        let jobs = datasets.iter().map(|at| (snapshot.datasets[*at].len() as u64, *at)).collect();
        let made = in_parallel(jobs, |dataset| {
            Ok::<_, Infallible>(GroupedSet {
                dataset,
                columns: Arc::new(columns(&snapshot.datasets[dataset], &grouping, dataset)),
                persons: take(grouping.person_of_row(dataset), grouping.order(dataset)).into(),
            })
        });
        let Ok(sets) = made;
        let own = |set: &GroupedSet| {
            // Twice the rows' numbers: those of the grouping, and the persons here.
            let grouping =
                grouping.order(set.dataset).len() * 8 + grouping.person_of_row(set.dataset).len() * 4;
            bytes_of(&set.columns) + grouping as u64
        };
        let bytes = sets.iter().map(own).sum::<u64>() + u64::from(grouping.units()) * 8;
        Some(Grouped { grouping, sets, bytes })
    }

    /// Units: their numbers are `1..=units`.
    pub(super) const fn units(&self) -> u32 {
        self.grouping.units()
    }

    /// The two persons of a pair.
    pub(super) fn pair(&self, unit: u32) -> Option<(u32, u32)> {
        self.grouping.pair(unit)
    }

    /// Bytes that it takes in memory.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The rows of persons in a set that may be read, in the order of units.
    pub(super) fn rows(&self, set: usize, reading: &Reading) -> Vec<u64> {
        let GroupedSet { dataset, persons, .. } = &self.sets[set];
        let word = |(rows, persons): (&[u32], &[u32])| {
            let read = rows.iter().zip(persons);
            let read = read.map(|(row, person)| *person != 0 && bits::holds(&reading.rows, *row as usize));
            read.enumerate().fold(0, |word, (at, read)| word | u64::from(read) << at)
        };
        self.grouping.order(*dataset).chunks(64).zip(persons.chunks(64)).map(word).collect()
    }

    /// The units that leave, as bits: those with a row in the span of somebody who leaves, and pairs of whom one does.
    pub(super) fn leaving(&self, persons: &[u64], (first, last): (i32, i32)) -> Vec<u64> {
        let mut leaving = vec![0; self.units() as usize / 64 + 1];
        for set in &self.sets {
            let units = set.columns.offsets.windows(2).enumerate();
            for (unit, run) in units {
                let rows = run[0] as usize..run[1] as usize;
                let days = &set.columns.day[rows.clone()];
                let leaves = days.iter().zip(&set.persons[rows]).any(|(day, person)| {
                    (first..=last).contains(day) && *person != 0 && bits::holds(persons, *person as usize)
                });
                leaving[unit / 64] |= u64::from(leaves) << (unit % 64);
            }
        }
        for unit in 1..=self.units() {
            if let Some((one, other)) = self.pair(unit)
                && (bits::holds(persons, one as usize) || bits::holds(persons, other as usize))
            {
                leaving[unit as usize / 64] |= 1 << (unit % 64);
            }
        }
        leaving
    }
}

/// The columns of a dataset in the order of a grouping.
fn columns(columns: &Columns, grouping: &Grouping, dataset: usize) -> Columns {
    let order = grouping.order(dataset);
    let all = |column: &Option<Vec<u32>>| column.as_ref().map(|values| take(values, order));
    Columns {
        offsets: grouping.offsets(dataset).to_vec(),
        day: take(&columns.day, order),
        source: take(&columns.source, order),
        related: all(&columns.related),
        case: all(&columns.case),
        staff: columns.staff.iter().map(all).collect(),
        categories: columns.categories.iter().map(|of| of.as_ref().map(|codes| take(codes, order))).collect(),
        measures: columns.measures.iter().map(|of| of.as_ref().map(|values| take(values, order))).collect(),
    }
}

fn take<T: Copy>(values: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|row| values[*row as usize]).collect()
}

fn bytes_of(columns: &Columns) -> u64 {
    let rows = columns.len();
    let wide = columns.staff.iter().chain([&columns.related, &columns.case]).flatten().count();
    let codes = columns.categories.iter().flatten().count();
    let measures = columns.measures.iter().flatten().count();
    (rows * (4 + 1 + 4 * wide + codes + 8 * measures) + 4 * columns.offsets.len()) as u64
}
