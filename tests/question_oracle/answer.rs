//! What a tabulation says, in a form that can be compared and shown: these persons are made up.

use std::collections::{BTreeMap, BTreeSet};

use kobling::disclosure::{Contribution, Counted, Crossing, Extra, Tabulation};
use kobling::programme::Question;

use crate::sql;

/// Codes of the dimensions, then of the kind's own columns.
pub(crate) type Key = Vec<String>;
/// Amounts by family and source.
pub(crate) type Parts = BTreeMap<(u32, u8), i128>;

/// Who is in which cell. Cells that nobody is in, and of which nothing is told, are left out.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Answer {
    pub cells: BTreeMap<Key, Cell>,
    pub left_out: BTreeSet<u32>,
    pub left_out_families: u64,
}

impl Answer {
    /// Keeps who supplied a cell where the other one says it: of those that cross partners.
    pub(crate) fn supplied_as(&mut self, other: &Answer) {
        for (key, cell) in &mut self.cells {
            if other.cells.get(key).is_none_or(|cell| cell.supplied.is_none()) {
                cell.supplied = None;
            }
        }
    }
}

#[derive(Debug, PartialEq, Default)]
pub(crate) struct Cell {
    pub units: u64,
    pub persons: BTreeSet<u32>,
    pub families: u64,
    pub extra: Option<Told>,
    /// Units by the partner of their index row, where the kernel says that the cell crosses partners.
    pub supplied: Option<BTreeMap<u8, u64>>,
}

/// What is told of a cell besides its count.
#[derive(Debug)]
pub(crate) enum Told {
    Sum(Parts),
    /// Units, sum, sum of squares.
    Mean(u64, i128, i128),
    Incidence(Point),
    /// Events, and days.
    Rate(Parts, Parts),
    Median(Vec<u64>),
}

/// A point of a Kaplan-Meier curve.
#[derive(Debug)]
pub(crate) struct Point {
    pub units: u64,
    pub at_risk: u64,
    pub events: u64,
    pub share: f64,
}

impl Told {
    /// Whether it is of nobody.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Told::Sum(parts) => nonzero(parts).next().is_none(),
            Told::Mean(units, ..) => *units == 0,
            Told::Incidence(point) => point.units == 0,
            Told::Rate(events, days) => nonzero(events).chain(nonzero(days)).next().is_none(),
            Told::Median(bands) => bands.iter().all(|units| *units == 0),
        }
    }
}

/// Nothing is no part of a sum.
fn nonzero(parts: &Parts) -> impl Iterator<Item = (&(u32, u8), &i128)> {
    parts.iter().filter(|(_, amount)| **amount != 0)
}

impl PartialEq for Told {
    fn eq(&self, other: &Told) -> bool {
        let near = |one: f64, other: f64| (one - other).abs() < 1e-9;
        match (self, other) {
            (Told::Sum(one), Told::Sum(two)) => nonzero(one).eq(nonzero(two)),
            (Told::Rate(one, time), Told::Rate(two, other)) => {
                nonzero(one).eq(nonzero(two)) && nonzero(time).eq(nonzero(other))
            }
            (Told::Mean(a, b, c), Told::Mean(x, y, z)) => (a, b, c) == (x, y, z),
            (Told::Median(one), Told::Median(two)) => one == two,
            (Told::Incidence(one), Told::Incidence(two)) => {
                (one.units, one.at_risk, one.events) == (two.units, two.at_risk, two.events)
                    && near(one.share, two.share)
            }
            _ => false,
        }
    }
}

fn parts(contributions: &[Contribution]) -> Parts {
    let mut parts = Parts::new();
    for part in contributions {
        *parts.entry((part.family, part.source)).or_default() += i128::from(part.amount);
    }
    parts
}

fn told(extra: &Extra) -> Told {
    match extra {
        Extra::Sum(sum) => Told::Sum(parts(sum)),
        Extra::Mean(moments) => Told::Mean(moments.units, moments.sum, moments.squares),
        Extra::Incidence(point) => Told::Incidence(Point {
            units: point.units,
            at_risk: point.at_risk,
            events: point.events,
            share: point.share,
        }),
        Extra::Rate { events, days } => Told::Rate(parts(events), parts(days)),
        Extra::Median(bands) => Told::Median(bands.clone()),
    }
}

/// Who supplied some.
fn supplied(crossing: &Crossing) -> BTreeMap<u8, u64> {
    (0..=u8::MAX)
        .zip(&crossing.supplied)
        .filter(|(_, units)| **units > 0)
        .map(|(of, units)| (of, *units))
        .collect()
}

/// What a tabulation says.
pub(crate) fn answer(tabulation: &Tabulation) -> Answer {
    let mut answer = Answer {
        left_out: tabulation.left_out.iter().collect(),
        left_out_families: tabulation.left_out_families,
        ..Answer::default()
    };
    for cell in &tabulation.cells {
        let extra = cell.extra.as_ref().map(told).filter(|told| !told.is_nothing());
        if cell.units == 0 && cell.contributors.is_empty() && extra.is_none() {
            continue;
        }
        let persons = cell.contributors.iter().collect();
        let supplied = cell.crossing.as_ref().filter(|_| cell.units > 0).map(supplied);
        let cell_of = Cell { units: cell.units, persons, families: cell.families, extra, supplied };
        answer.cells.insert(cell.key.clone(), cell_of);
    }
    answer
}

/// How a table is put together, which no row decides: keys stand once, each part names its whole, and a cell counts what
/// the question counts.
pub(crate) fn form(tabulation: &Tabulation, question: &Question, dimensions: usize) -> Result<(), String> {
    let keys = tabulation.cells.iter().map(|cell| &cell.key).collect::<BTreeSet<_>>();
    if keys.len() != tabulation.cells.len() {
        return Err("a key stands twice".to_owned());
    }
    let keys = tabulation
        .differences
        .iter()
        .map(|(one, other)| (tabulation.cells[*one].key.clone(), tabulation.cells[*other].key.clone()));
    let keys = keys.collect::<BTreeSet<_>>();
    let held = tabulation.cells.iter().filter_map(|cell| {
        let (group, tail) = cell.key.split_at(dimensions);
        let other = sql::held_against(question, tail)?;
        Some((cell.key.clone(), [group, &other].concat()))
    });
    if keys != held.collect() {
        return Err(format!("other cells are held against each other: {keys:?}"));
    }
    for cell in &tabulation.cells {
        let (group, tail) = cell.key.split_at(dimensions);
        let whole = sql::part_of(question, tail).map(|whole| [group, &whole].concat());
        let given = cell.of.map(|of| tabulation.cells[of].key.clone());
        if given != whole {
            return Err(format!("{:?} is a part of {given:?}, not of {whole:?}", cell.key));
        }
        if cell.counted != sql::counted(question, tail) {
            return Err(format!("{:?} counts {}", cell.key, cell.counted.word()));
        }
        if cell.counted == Counted::Person && cell.units != cell.contributors.len() {
            return Err(format!("{:?} has {} units of one person each", cell.key, cell.units));
        }
        if cell.extra.is_some() != sql::tells(question, tail) {
            return Err(format!(
                "{:?} tells besides its count what it should not, or not what it should",
                cell.key
            ));
        }
        if let Some(crossing) = &cell.crossing {
            if crossing.supplied.iter().sum::<u64>() != cell.units {
                return Err(format!("{:?} has other units than partners supplied", cell.key));
            }
            if crossing.suppliers.len() < 2 && supplied(crossing).len() > 1 {
                return Err(format!("{:?} has index rows of several partners", cell.key));
            }
            let whole = |of: &usize| cell.contributors.is_subset(&tabulation.cells[*of].contributors);
            if !crossing.among.iter().all(whole) {
                return Err(format!("{:?} is no part of what it is among", cell.key));
            }
        }
        if cell.structural_zero {
            return Err(format!("{:?} is a structural zero, which no programme says", cell.key));
        }
    }
    Ok(())
}
