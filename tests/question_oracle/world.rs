//! Random worlds: raw rows, aliases and consents under a random programme, and the snapshot that is sealed of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kobling::clock::{Day, Period};
use kobling::intake::staged::{MISSING_CODE, MISSING_MEASURE};
use kobling::programme::{Column, Dataset, Programme, Role};
use kobling::secret::SeededRandom;
use kobling::snapshot::{Columns, Snapshot, Withheld};

use crate::consents::{Basis, bases, withheld};
use crate::definition::definition;
use crate::random::{below, once_in, pick};

/// A row as a partner sends it: numbers before aliases, 0 where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub dataset: usize,
    pub source: u8,
    pub person: u32,
    pub related: u32,
    /// A number of the partner's own.
    pub case: u32,
    pub day: i32,
    /// A number of whoever issues staff numbers.
    pub staff: u32,
    /// Aligned with [`World::categories`]; `None` where the row says nothing or the dataset has no such column.
    pub codes: Vec<Option<u8>>,
    /// Aligned with [`World::measures`].
    pub measures: Vec<Option<i64>>,
}

#[derive(Clone)]
pub(crate) struct World {
    pub programme: Programme,
    pub period: Period,
    pub sealed: Day,
    /// Category columns and measure columns of all datasets, by name.
    pub categories: Vec<String>,
    pub measures: Vec<String>,
    /// Days on which something begins or ends: rows stand on them.
    pub days: Vec<i32>,
    /// Numbers before aliases: `1..=numbers`.
    pub numbers: u32,
    pub aliases: Vec<(u32, u32)>,
    pub rows: Vec<Row>,
    /// By (dataset, source); persons after aliases.
    pub bases: BTreeMap<(usize, u8), Basis>,
    /// Persons of whom a row was refused on arrival, by dataset and source.
    pub withheld: BTreeMap<(usize, u8), BTreeSet<u32>>,
}

/// Whether a dataset has a column of a role.
pub(crate) fn has(dataset: &Dataset, role: &Role) -> bool {
    dataset.columns.iter().any(|column| column.role == *role)
}

/// Whose staff numbers a row has: the partner that the dataset names, or the sender.
pub(crate) fn issuer(programme: &Programme, row: &Row) -> u8 {
    let issuer = programme.datasets[row.dataset].staff_issuer.as_ref();
    issuer.map_or(row.source, |issuer| programme.source(issuer).expect("a partner"))
}

impl World {
    /// The world of a seed, under a random programme.
    pub(crate) fn generate(seed: u64) -> World {
        let mut random = SeededRandom::from_number(seed);
        let programme = definition(&mut random);
        World::under(programme, &mut random)
    }

    /// A world under a programme.
    pub(crate) fn under(programme: Programme, random: &mut SeededRandom) -> World {
        let period: Period = pick(random, &["2022-Q1", "2022-Q2..2022-Q3", "2022-Q1..2022-Q4", "2023-Q1"])
            .parse()
            .expect("a period");
        let (first, last) = (period.first_day().days(), period.last_day().days());
        let most = pick(random, &[100, 100, 900]);
        let sealed = last + 1 + i32::from(programme.closing_days) + below(random, most) as i32;
        let begin = programme.period.first_day().days();
        // Few days, most of them where something begins or ends, so that many rows share one. No row is older than the
        // programme: intake would have refused it.
        let mut days =
            vec![first, first, first, first + 1, first + 2, first + 9, first + 40, (first + last) / 2];
        days.extend([last - 1, last, last + 1, last + 7, sealed - 7, sealed, sealed, sealed + 1]);
        days.extend([first + 182, first + 365, last + 182].iter().filter(|day| **day <= sealed));
        days.extend([first - 1, first - 2, first - 30, first - 91].iter().filter(|day| **day >= begin));
        let numbers = 1 + below(random, 10) as u32;
        let rows = if once_in(random, 25) {
            0
        } else {
            3 + below(random, numbers as usize * 20.max(12 * programme.datasets.len()))
        };
        let mut aliases = Vec::new();
        for _ in 0..pick(random, &[0, 0, 0, 1, 2, 3]) {
            let mut number = || 1 + below(random, numbers as usize) as u32;
            aliases.push((number(), number()));
        }
        let named = |is: fn(&Role) -> bool| {
            let columns = programme.datasets.iter().flat_map(|dataset| &dataset.columns);
            let names = columns.filter(|column| is(&column.role)).map(|column| column.id.to_string());
            names.collect::<BTreeSet<_>>().into_iter().collect()
        };
        let mut world = World {
            categories: named(|role| matches!(role, Role::Category { .. })),
            measures: named(|role| matches!(role, Role::Measure(_))),
            programme,
            period,
            sealed: Day::from_days(sealed),
            days,
            numbers,
            aliases,
            rows: Vec::new(),
            bases: BTreeMap::new(),
            withheld: BTreeMap::new(),
        };
        world.rows = (0..rows).map(|_| world.row(random)).collect();
        world.bases = bases(random, &world);
        world.withheld = withheld(random, &world);
        world
    }

    fn row(&self, random: &mut SeededRandom) -> Row {
        let dataset = below(random, self.programme.datasets.len());
        let definition = &self.programme.datasets[dataset];
        // A value below a bound, from 0, where the row says something.
        let said = |column: Option<&Column>, random: &mut SeededRandom, bound: usize| {
            let missing = !column?.required && once_in(random, 5);
            (!missing).then(|| below(random, bound))
        };
        let one = |role: &Role, random: &mut SeededRandom, bound: usize| {
            let column = definition.columns.iter().find(|column| column.role == *role);
            said(column, random, bound).map_or(0, |n| n as u32 + 1)
        };
        let named = |id: &String| definition.columns.iter().find(|column| column.id.as_str() == id);
        let numbers = self.numbers as usize;
        Row {
            dataset,
            source: pick(random, &definition.partners),
            person: one(&Role::Person, random, numbers),
            related: one(&Role::RelatedPerson, random, numbers),
            case: one(&Role::Case, random, 3),
            staff: one(&Role::Staff, random, 3),
            day: pick(random, &self.days),
            codes: self
                .categories
                .iter()
                .map(|id| {
                    let codes =
                        named(id).and_then(|column| self.programme.codes(column)).map_or(0, <[_]>::len);
                    said(named(id), random, codes).map(|code| code as u8)
                })
                .collect(),
            measures: self
                .measures
                .iter()
                .map(|id| {
                    let Role::Measure(measure) = &named(id)?.role else { return None };
                    let value = said(named(id), random, 12)? as i64;
                    Some((measure.min + 5 * value).min(measure.max))
                })
                .collect(),
        }
    }

    /// By number: the person, the least of the numbers that hang together.
    pub(crate) fn persons(&self) -> Vec<u32> {
        let mut person: Vec<u32> = (0..=self.numbers).collect();
        joined(&mut person, self.aliases.iter().copied());
        person
    }

    /// By person: the family, the least person number in it.
    fn families(&self) -> Vec<u32> {
        let person = self.persons();
        let mut joins = Vec::new();
        let mut cases = BTreeMap::new();
        for row in &self.rows {
            let members = [person[row.person as usize], person[row.related as usize]];
            for member in members.into_iter().filter(|member| *member > 0) {
                joins.extend(members.iter().filter(|other| **other > 0).map(|other| (member, *other)));
                if row.case > 0 {
                    joins.push((member, *cases.entry((row.source, row.case)).or_insert(member)));
                }
            }
        }
        let mut family: Vec<u32> = (0..=self.numbers).collect();
        joined(&mut family, joins.into_iter());
        family
    }

    /// What is sealed of the rows.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let person = self.persons();
        let number = |key: (u8, u32), known: &mut BTreeMap<(u8, u32), u32>| {
            let next = known.len() as u32 + 1;
            if key.1 == 0 { 0 } else { *known.entry(key).or_insert(next) }
        };
        let (mut cases, mut staff) = (BTreeMap::new(), BTreeMap::new());
        let mut datasets = Vec::new();
        for (at, dataset) in self.programme.datasets.iter().enumerate() {
            let mut rows = self.rows.iter().filter(|row| row.dataset == at).collect::<Vec<_>>();
            rows.sort_by_key(|row| (person[row.person as usize], row.day));
            let until = |until| rows.partition_point(|row| person[row.person as usize] < until) as u32;
            let of = |ids: &[String], id: &str| ids.iter().position(|known| known == id);
            datasets.push(Arc::new(Columns {
                offsets: (0..=self.numbers + 1).map(until).collect(),
                day: rows.iter().map(|row| row.day).collect(),
                source: rows.iter().map(|row| row.source).collect(),
                related: has(dataset, &Role::RelatedPerson)
                    .then(|| rows.iter().map(|row| person[row.related as usize]).collect()),
                case: has(dataset, &Role::Case)
                    .then(|| rows.iter().map(|row| number((row.source, row.case), &mut cases)).collect()),
                staff: dataset
                    .columns
                    .iter()
                    .map(|column| {
                        let numbers = rows
                            .iter()
                            .map(|row| number((issuer(&self.programme, row), row.staff), &mut staff));
                        (column.role == Role::Staff).then(|| numbers.collect())
                    })
                    .collect(),
                categories: dataset
                    .columns
                    .iter()
                    .map(|column| {
                        let at = of(&self.categories, column.id.as_str())?;
                        Some(rows.iter().map(|row| row.codes[at].unwrap_or(MISSING_CODE)).collect())
                    })
                    .collect(),
                measures: dataset
                    .columns
                    .iter()
                    .map(|column| {
                        let at = of(&self.measures, column.id.as_str())?;
                        Some(rows.iter().map(|row| row.measures[at].unwrap_or(MISSING_MEASURE)).collect())
                    })
                    .collect(),
            }));
        }
        Snapshot {
            id: 1,
            day: self.sealed,
            persons: self.numbers,
            families: self.families().into(),
            withheld: self.sets_withheld(),
            datasets,
        }
    }

    /// Who is withheld and named by some row: of the others nothing is sealed.
    pub(crate) fn withheld(&self) -> BTreeMap<(usize, u8), BTreeSet<u32>> {
        let person = self.persons();
        let named = self.rows.iter().flat_map(|row| [row.person, row.related]).filter(|number| *number > 0);
        let named: BTreeSet<u32> = named.map(|number| person[number as usize]).collect();
        self.withheld.iter().map(|(of, persons)| (*of, persons & &named)).collect()
    }

    /// The same, as it is sealed.
    fn sets_withheld(&self) -> Withheld {
        let sets = self.withheld().into_iter().map(|(of, persons)| (of, persons.into_iter().collect()));
        Withheld::from_sets(sets.collect())
    }

    /// The same world with other rows.
    pub(crate) fn with_rows(&self, rows: Vec<Row>) -> World {
        World { rows, ..self.clone() }
    }
}

/// Gives all that hang together their least number.
fn joined(least: &mut [u32], pairs: impl Iterator<Item = (u32, u32)>) {
    let pairs = pairs.collect::<Vec<_>>();
    for _ in 0..least.len() {
        for (one, other) in &pairs {
            let both = least[*one as usize].min(least[*other as usize]);
            for number in [*one, *other] {
                least[number as usize] = both;
            }
        }
    }
}
