//! Rows by case or by pair, for questions whose unit is not the person.
//!
//! A snapshot stands in the order of persons. A grouping gives each unit a dense number from 1 and, for each dataset
//! asked for, the rows of each unit in the order of days. It is built in passes over columns: counting sorts, and no
//! hash.

use std::convert::Infallible;

use super::columns::{Columns, Snapshot};
use crate::linkage::work::in_parallel;

/// The rows of chosen datasets, by unit. No `Debug`: it is everybody's rows.
pub struct Grouping {
    units: u32,
    /// The persons of each pair, the lower number first, from unit 1 on; empty where units are cases.
    pairs: Vec<(u32, u32)>,
    /// By dataset of the programme; `None` for those not asked for.
    parts: Vec<Option<Part>>,
}

/// The rows of one dataset.
struct Part {
    /// The rows of unit `u` stand at `offsets[u]..offsets[u + 1]` of `rows`; its length is the number of units plus 2.
    offsets: Vec<u32>,
    /// Positions of rows in the dataset's columns.
    rows: Vec<u32>,
    /// Person of each row, in the order of the dataset's columns.
    persons: Vec<u32>,
}

impl Grouping {
    /// Rows by case. Units are the case numbers of the snapshot, so that groupings over other datasets agree, up to
    /// the highest in these datasets; a unit may be without rows. A row without a case is in none.
    ///
    /// `datasets` are positions in [`Snapshot::datasets`], each once.
    #[must_use]
    pub fn by_case(snapshot: &Snapshot, datasets: &[usize]) -> Grouping {
        let cases = datasets.iter().filter_map(|at| snapshot.datasets.get(*at)?.case.as_deref());
        let units = cases.flatten().copied().max().unwrap_or(0);
        let parts = parts(snapshot, datasets, units, |columns, _| columns.case.clone().unwrap_or_default());
        Grouping { units, pairs: Vec::new(), parts }
    }

    /// Rows by case, and with each case the rows of its persons elsewhere: those of other partners, and those without a
    /// case number. A partner's case number keeps a family together at that partner alone; what becomes of the family at
    /// others is known by its persons. Such a row is in every case of its person but for those of its own partner. Whose
    /// rows stand in a case is read from these datasets.
    ///
    /// Units and the order of their rows are as in [`Grouping::by_case`]; a row can be in several.
    #[must_use]
    pub fn by_case_with_persons(snapshot: &Snapshot, datasets: &[usize]) -> Grouping {
        let own = Grouping::by_case(snapshot, datasets);
        let cases = Cases::of(snapshot, datasets, own.units);
        let jobs = datasets.iter().filter_map(|at| Some((*at, snapshot.datasets.get(*at)?.as_ref())));
        let jobs = jobs.map(|(at, columns)| (columns.len() as u64, (at, columns))).collect();
        let made = in_parallel(jobs, |(at, columns): (usize, &Columns)| {
            let (offsets, rows) = cases.rows(columns);
            Ok::<_, Infallible>((at, Part { offsets, rows, persons: columns.persons().collect() }))
        });
        let Ok(made) = made;
        let mut parts: Vec<Option<Part>> = snapshot.datasets.iter().map(|_| None).collect();
        for (at, part) in made {
            parts[at] = Some(part);
        }
        Grouping { parts, ..own }
    }

    /// Rows by pair: person and related person, whichever of them is which. A row that lacks one of them, or names
    /// one person twice, is in none. Units are numbered in ascending order of (lower person, higher person), over
    /// these datasets.
    ///
    /// `datasets` are positions in [`Snapshot::datasets`], each once.
    #[must_use]
    pub fn by_pair(snapshot: &Snapshot, datasets: &[usize]) -> Grouping {
        let pairs = Pairs::of(snapshot, datasets);
        let parts = parts(snapshot, datasets, pairs.units(), |columns, persons| {
            let related = columns.related.as_deref().unwrap_or_default();
            persons.iter().zip(related).map(|(person, related)| pairs.unit(*person, *related)).collect()
        });
        Grouping { units: pairs.units(), pairs: pairs.list(), parts }
    }

    /// Units: their numbers are `1..=units`.
    #[must_use]
    pub const fn units(&self) -> u32 {
        self.units
    }

    /// The rows of a unit in a dataset, as positions in its columns, by (day, person, row). Empty for a unit or a
    /// dataset that the grouping does not have.
    #[must_use]
    pub fn rows(&self, dataset: usize, unit: u32) -> &[u32] {
        let Some(part) = self.part(dataset) else { return &[] };
        let at = unit as usize;
        match (part.offsets.get(at), part.offsets.get(at + 1)) {
            (Some(from), Some(to)) => &part.rows[*from as usize..*to as usize],
            _ => &[],
        }
    }

    /// Where each unit's rows stand in [`Grouping::order`]: unit `u` at `offsets[u]..offsets[u + 1]`; as long as the
    /// units plus 2. Unit 0 is empty. Nothing at all for a dataset that the grouping does not have.
    #[must_use]
    pub fn offsets(&self, dataset: usize) -> &[u32] {
        self.part(dataset).map_or(&[], |part| &part.offsets)
    }

    /// The rows of a dataset that are in a unit, as positions in its columns, by (unit, day, person, row).
    #[must_use]
    pub fn order(&self, dataset: usize) -> &[u32] {
        self.part(dataset).map_or(&[], |part| &part.rows)
    }

    /// The person of each row of a dataset, in the order of its columns; 0 for an anonymous row.
    #[must_use]
    pub fn person_of_row(&self, dataset: usize) -> &[u32] {
        self.part(dataset).map_or(&[], |part| &part.persons)
    }

    /// The two persons of a pair, the lower number first; `None` where units are cases, or there is no such unit.
    #[must_use]
    pub fn pair(&self, unit: u32) -> Option<(u32, u32)> {
        self.pairs.get((unit as usize).checked_sub(1)?).copied()
    }

    fn part(&self, dataset: usize) -> Option<&Part> {
        self.parts.get(dataset)?.as_ref()
    }
}

/// Sorts the rows of each dataset; `unit_of` gives the unit of each row, 0 for none, from the columns and the persons
/// of the rows, or nothing where no row has one.
fn parts(
    snapshot: &Snapshot,
    datasets: &[usize],
    units: u32,
    unit_of: impl Fn(&Columns, &[u32]) -> Vec<u32> + Sync,
) -> Vec<Option<Part>> {
    let known = datasets.iter().filter_map(|at| Some((*at, snapshot.datasets.get(*at)?.as_ref())));
    let jobs = known.map(|(at, columns)| (columns.len() as u64, (at, columns))).collect();
    let made = in_parallel(jobs, |(at, columns): (usize, &Columns)| {
        let persons: Vec<u32> = columns.persons().collect();
        let unit = unit_of(columns, &persons);
        let (offsets, rows) = sort(&unit, &columns.day, units);
        Ok::<_, Infallible>((at, Part { offsets, rows, persons }))
    });
    let Ok(made) = made;
    let mut parts: Vec<Option<Part>> = snapshot.datasets.iter().map(|_| None).collect();
    for (at, part) in made {
        parts[at] = Some(part);
    }
    parts
}

/// A counting sort by unit, then each unit's rows by (day, row). Rows stand in the order of persons, so that is the
/// order of (day, person, row) too. Rows of unit 0 are left out.
fn sort(unit: &[u32], day: &[i32], units: u32) -> (Vec<u32>, Vec<u32>) {
    let mut offsets = vec![0u32; units as usize + 2];
    for unit in unit.iter().filter(|unit| **unit != 0) {
        offsets[*unit as usize + 1] += 1;
    }
    for at in 1..offsets.len() {
        offsets[at] += offsets[at - 1];
    }
    let mut next = offsets.clone();
    let mut rows = vec![0u32; offsets[units as usize + 1] as usize];
    for (row, unit) in (0u32..).zip(unit).filter(|(_, unit)| **unit != 0) {
        let place = &mut next[*unit as usize];
        rows[*place as usize] = row;
        *place += 1;
    }
    for run in offsets.windows(2) {
        rows[run[0] as usize..run[1] as usize].sort_unstable_by_key(|row| (day[*row as usize], *row));
    }
    (offsets, rows)
}

/// The cases of each person, and the partner of each case.
struct Cases {
    /// The cases of person `p` stand at `first[p]..first[p + 1]` of `cases`, ascending.
    first: Vec<usize>,
    cases: Vec<u32>,
    /// By case: position of the partner whose number it is.
    source: Vec<u8>,
    units: u32,
}

impl Cases {
    fn of(snapshot: &Snapshot, datasets: &[usize], units: u32) -> Cases {
        let mut source = vec![0; units as usize + 1];
        let mut members: Vec<u64> = Vec::new();
        for columns in datasets.iter().filter_map(|at| snapshot.datasets.get(*at)) {
            let Some(cases) = &columns.case else { continue };
            for ((person, case), from) in columns.persons().zip(cases).zip(&columns.source) {
                if *case != 0 {
                    source[*case as usize] = *from;
                    if person != 0 {
                        members.push(u64::from(person) << 32 | u64::from(*case));
                    }
                }
            }
            // Persons come in order, so that what repeats mostly stands together.
            members.dedup();
        }
        members.sort_unstable();
        members.dedup();
        let mut first = vec![0; snapshot.persons as usize + 2];
        for member in &members {
            first[(member >> 32) as usize + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let cases = members.iter().map(|member| (member & 0xFFFF_FFFF) as u32).collect();
        Cases { first, cases, source, units }
    }

    /// Gives each row of a dataset with each case that it is in, in the order of rows.
    fn each(&self, columns: &Columns, mut each: impl FnMut(u32, u32)) {
        for (row, person) in (0u32..).zip(columns.persons()) {
            let own = columns.case.as_ref().map_or(0, |cases| cases[row as usize]);
            if own != 0 {
                each(row, own);
            }
            let run = self.first[person as usize]..self.first[person as usize + 1];
            for case in &self.cases[run] {
                let elsewhere = own == 0 || columns.source[row as usize] != self.source[*case as usize];
                if person != 0 && elsewhere {
                    each(row, *case);
                }
            }
        }
    }

    /// The offsets of the cases and their rows, by (day, row).
    fn rows(&self, columns: &Columns) -> (Vec<u32>, Vec<u32>) {
        let mut offsets = vec![0u32; self.units as usize + 2];
        self.each(columns, |_, case| offsets[case as usize + 1] += 1);
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut next = offsets.clone();
        let mut rows = vec![0u32; offsets.last().map_or(0, |last| *last as usize)];
        self.each(columns, |row, case| {
            let place = &mut next[case as usize];
            rows[*place as usize] = row;
            *place += 1;
        });
        for run in offsets.windows(2) {
            let run = &mut rows[run[0] as usize..run[1] as usize];
            run.sort_unstable_by_key(|row| (columns.day[*row as usize], *row));
        }
        (offsets, rows)
    }
}

/// The distinct pairs of some datasets, by their lower person.
struct Pairs {
    /// The pairs with lower person `p` are units `first[p] + 1..=first[p + 1]`.
    first: Vec<u32>,
    /// The higher person of each, ascending within a lower one.
    higher: Vec<u32>,
}

impl Pairs {
    fn of(snapshot: &Snapshot, datasets: &[usize]) -> Pairs {
        let rows = || {
            let columns = datasets.iter().filter_map(|at| snapshot.datasets.get(*at));
            columns
                .flat_map(|columns| columns.persons().zip(columns.related.as_deref().unwrap_or_default()))
                .filter_map(|(person, related)| pair(person, *related))
        };
        // How often each lower person stands in a pair, then where the last of these stands.
        let mut end = vec![0usize; snapshot.persons as usize + 2];
        for (low, _) in rows() {
            end[low as usize + 1] += 1;
        }
        for at in 1..end.len() {
            end[at] += end[at - 1];
        }
        let mut next = end.clone();
        let mut met = vec![0u32; end.last().copied().unwrap_or(0)];
        for (low, high) in rows() {
            met[next[low as usize]] = high;
            next[low as usize] += 1;
        }
        drop(next);
        let (mut first, mut higher) = (Vec::with_capacity(end.len()), Vec::new());
        let number = |higher: &Vec<u32>| u32::try_from(higher.len()).unwrap_or(u32::MAX);
        for run in end.windows(2) {
            first.push(number(&higher));
            let run = &mut met[run[0]..run[1]];
            run.sort_unstable();
            higher.extend(run.chunk_by(|a, b| a == b).map(|same| same[0]));
        }
        first.push(number(&higher));
        Pairs { first, higher }
    }

    fn units(&self) -> u32 {
        self.first.last().copied().unwrap_or(0)
    }

    /// The unit of a row's persons; 0 for none.
    fn unit(&self, person: u32, related: u32) -> u32 {
        let Some((low, high)) = pair(person, related) else { return 0 };
        let (from, to) = (self.first[low as usize], self.first[low as usize + 1]);
        let run = &self.higher[from as usize..to as usize];
        let before = run.partition_point(|other| *other < high);
        from + 1 + u32::try_from(before).expect("a run is no longer than the units")
    }

    fn list(&self) -> Vec<(u32, u32)> {
        let runs = (0u32..).zip(self.first.windows(2));
        let low = runs.flat_map(|(low, run)| std::iter::repeat_n(low, (run[1] - run[0]) as usize));
        low.zip(self.higher.iter().copied()).collect()
    }
}

/// The pair of a row, the lower person first.
fn pair(person: u32, related: u32) -> Option<(u32, u32)> {
    (person != 0 && related != 0 && person != related).then(|| (person.min(related), person.max(related)))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::clock::Day;

    const PERSONS: u32 = 9;

    /// (person, day, related, case).
    type Row = (u32, i32, u32, u32);

    fn columns(mut rows: Vec<Row>, has: [bool; 2]) -> Columns {
        rows.sort_by_key(|row| (row.0, row.1));
        let below = |person: u32| rows.iter().filter(|row| row.0 < person).count() as u32;
        Columns {
            offsets: (0..=PERSONS + 1).map(below).collect(),
            day: rows.iter().map(|row| row.1).collect(),
            source: vec![0; rows.len()],
            related: has[0].then(|| rows.iter().map(|row| row.2).collect()),
            case: has[1].then(|| rows.iter().map(|row| row.3).collect()),
            staff: Vec::new(),
            categories: Vec::new(),
            measures: Vec::new(),
        }
    }

    /// Datasets of rows, with what columns each has, and the datasets asked for.
    type World = (Vec<(Vec<Row>, [bool; 2])>, Vec<usize>);

    fn world() -> impl Strategy<Value = World> {
        let row = (0..=PERSONS, -3i32..3, 0..=PERSONS, 0u32..12);
        let dataset = (prop::collection::vec(row, 0..40), any::<[bool; 2]>());
        prop::collection::vec(dataset, 0..4).prop_flat_map(|datasets| {
            let all: Vec<usize> = (0..datasets.len()).collect();
            let asked = prop::sample::subsequence(all.clone(), 0..=all.len()).prop_shuffle();
            (Just(datasets), asked)
        })
    }

    fn snapshot(datasets: Vec<(Vec<Row>, [bool; 2])>) -> Snapshot {
        let datasets = datasets.into_iter().map(|(rows, has)| Arc::new(columns(rows, has))).collect();
        Snapshot {
            id: 1,
            day: Day::from_days(0),
            persons: PERSONS,
            families: Arc::default(),
            withheld: crate::snapshot::Withheld::default(),
            datasets,
        }
    }

    /// Holds a grouping against sorting each dataset's rows under the oracle's unit.
    fn assert_is_sorted(
        grouping: &Grouping,
        snapshot: &Snapshot,
        asked: &[usize],
        unit: impl Fn(u32, u32, u32) -> u32,
    ) {
        for (at, columns) in snapshot.datasets.iter().enumerate() {
            if !asked.contains(&at) {
                assert!(grouping.order(at).is_empty() && grouping.offsets(at).is_empty());
                assert!(grouping.person_of_row(at).is_empty() && grouping.rows(at, 1).is_empty());
                continue;
            }
            let mut wanted: BTreeMap<u32, Vec<(i32, u32, u32)>> = BTreeMap::new();
            let mut persons = Vec::new();
            for person in 0..=PERSONS {
                for row in columns.rows(person) {
                    let value = |column: &Option<Vec<u32>>| column.as_ref().map_or(0, |column| column[row]);
                    persons.push(person);
                    match unit(person, value(&columns.related), value(&columns.case)) {
                        0 => {}
                        unit => wanted.entry(unit).or_default().push((columns.day[row], person, row as u32)),
                    }
                }
            }
            assert_eq!(grouping.person_of_row(at), persons);
            assert_eq!(grouping.offsets(at).len(), grouping.units() as usize + 2);
            let mut order = Vec::new();
            for unit in 0..=grouping.units() + 1 {
                let mut rows = wanted.remove(&unit).unwrap_or_default();
                rows.sort_unstable();
                let rows: Vec<u32> = rows.into_iter().map(|(.., row)| row).collect();
                assert_eq!(grouping.rows(at, unit), rows, "unit {unit}");
                order.extend(rows);
            }
            assert_eq!(grouping.order(at), order);
            assert!(wanted.is_empty(), "a unit beyond the last");
        }
    }

    proptest! {
        #[test]
        fn rows_by_case_are_those_of_the_plain_sort((datasets, asked) in world()) {
            let snapshot = snapshot(datasets);
            let grouping = Grouping::by_case(&snapshot, &asked);
            let cases = asked.iter().filter_map(|at| snapshot.datasets[*at].case.as_deref()).flatten();
            prop_assert_eq!(grouping.units(), cases.copied().max().unwrap_or(0));
            prop_assert_eq!(grouping.pair(1), None);
            assert_is_sorted(&grouping, &snapshot, &asked, |_, _, case| case);
        }

        /// Held against the definition, row by row and case by case.
        #[test]
        fn rows_by_case_with_persons_are_those_of_the_definition(
            (datasets, asked) in world(),
            partners in prop::collection::vec(0u8..3, 12),
        ) {
            let mut snapshot = snapshot(datasets);
            // A case number is one partner's; rows without one come from any.
            for (at, columns) in snapshot.datasets.iter_mut().enumerate() {
                let columns = Arc::make_mut(columns);
                for row in 0..columns.len() {
                    let case = columns.case.as_ref().map_or(0, |cases| cases[row]) as usize;
                    columns.source[row] = if case == 0 { ((row + at) % 3) as u8 } else { partners[case] };
                }
            }
            let grouping = Grouping::by_case_with_persons(&snapshot, &asked);
            let rows = |dataset: usize| {
                let columns = &snapshot.datasets[dataset];
                let case = |row: usize| columns.case.as_ref().map_or(0, |cases| cases[row]);
                columns.persons().enumerate().map(move |(row, person)| (row, person, case(row), columns.source[row]))
            };
            let member = |person: u32, case: u32| {
                asked.iter().any(|at| rows(*at).any(|(_, p, c, _)| p == person && c == case))
            };
            for at in &asked {
                for unit in 1..=grouping.units() {
                    let mut wanted: Vec<u32> = rows(*at)
                        .filter(|(_, person, case, source)| {
                            let elsewhere = *case == 0 || *source != partners[unit as usize];
                            *case == unit || (*person != 0 && elsewhere && member(*person, unit))
                        })
                        .map(|(row, ..)| row as u32)
                        .collect();
                    wanted.sort_by_key(|row| (snapshot.datasets[*at].day[*row as usize], *row));
                    prop_assert_eq!(grouping.rows(*at, unit), wanted);
                }
            }
        }

        #[test]
        fn rows_by_pair_are_those_of_the_plain_sort((datasets, asked) in world()) {
            let snapshot = snapshot(datasets);
            let grouping = Grouping::by_pair(&snapshot, &asked);
            let named = |a: u32, b: u32| (a != 0 && b != 0 && a != b).then(|| (a.min(b), a.max(b)));
            let mut pairs = BTreeSet::new();
            for columns in asked.iter().map(|at| &snapshot.datasets[*at]) {
                for (person, related) in columns.persons().zip(columns.related.iter().flatten()) {
                    pairs.extend(named(person, *related));
                }
            }
            let pairs: Vec<(u32, u32)> = pairs.into_iter().collect();
            prop_assert_eq!(grouping.units() as usize, pairs.len());
            for (unit, pair) in (1..).zip(&pairs) {
                prop_assert_eq!(grouping.pair(unit), Some(*pair));
            }
            prop_assert_eq!((grouping.pair(0), grouping.pair(grouping.units() + 1)), (None, None));
            assert_is_sorted(&grouping, &snapshot, &asked, |person, related, _| {
                let pair = named(person, related);
                pair.map_or(0, |pair| 1 + pairs.iter().position(|other| *other == pair).unwrap() as u32)
            });
        }
    }
}
