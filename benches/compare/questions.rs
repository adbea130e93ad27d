//! The questions of the comparison, as ours are asked, and what of an answer is held against the other engines.
//!
//! A kind that the engine does not have has no `asked`: the other engines are then timed alone. To add one: register it
//! in `programme.toml`, say here what is asked, and give [`Question::figures`] a function that turns the tabulation into
//! the figures that `common.py` describes for the question.

use kobling::consent::Permits;
use kobling::disclosure::{Extra, Rules, Tabulation};
use kobling::programme::Programme;
use kobling::question::{Ask, Plan, Prepared, Progress};
use kobling::snapshot::Snapshot;
use serde_json::{Map, Value, json};

/// The period of every question; `common.py` has the same.
const PERIOD: &str = "2021-Q1..2023-Q4";

/// A question of the comparison.
pub(crate) struct Question {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// The registered question and its dimensions, once the engine has the kind.
    asked: Option<(&'static str, &'static [&'static str])>,
    /// The figures of its answer.
    pub(crate) figures: fn(&Tabulation) -> Value,
}

/// All of them, in the order of the report.
pub(crate) const ALL: [Question; 6] = [
    Question { name: "reach", asked: Some(("reach", &["area", "quarter", "role"])), figures: persons },
    Question { name: "funnel", asked: Some(("funnel", &["area", "role"])), figures: persons },
    Question { name: "overlap", asked: Some(("overlap", &[])), figures: persons },
    Question { name: "repeat", asked: Some(("repeat", &["area"])), figures: states },
    Question { name: "curve", asked: Some(("curve", &[])), figures: survival },
    Question { name: "amount", asked: Some(("amount", &["quarter"])), figures: sums },
];

impl Question {
    /// What is asked; `None` where the engine has no such kind.
    pub(crate) fn ask(&self) -> Option<Ask> {
        let (question, by) = self.asked?;
        Some(Ask {
            question: question.parse().expect("a name"),
            by: by.iter().map(|name| name.parse().expect("a name")).collect(),
            period: PERIOD.parse().expect("a period"),
            population: None,
        })
    }
}

pub(crate) fn plan(programme: &Programme, ask: &Ask, snapshot: &Snapshot) -> Plan {
    kobling::question::plan(programme, ask, snapshot.day, snapshot.day, &Rules::standard())
        .unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// What questions of the same datasets, days and unit have in common: the service keeps it from one to the next.
pub(crate) fn prepare(plan: &Plan, snapshot: &Snapshot, permits: &[Permits]) -> Prepared {
    Prepared::new(plan, snapshot, permits).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn count(plan: &Plan, prepared: &Prepared) -> Tabulation {
    kobling::question::count_prepared(plan, prepared, &Progress::default())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Persons by key, cells that nobody is in left out; and the persons left out. The rows are made up, so that nothing is
/// told that disclosure control would have to hold back.
fn persons(counted: &Tabulation) -> Value {
    let cells = counted.cells.iter().filter(|cell| !cell.contributors.is_empty());
    let cells: Map<String, Value> =
        cells.map(|cell| (cell.key.join("|"), json!([cell.contributors.len()]))).collect();
    json!({ "cells": cells, "left_out": counted.left_out.len() })
}

fn cells(counted: &Tabulation, cells: Map<String, Value>) -> Value {
    json!({ "cells": cells, "left_out": counted.left_out.len() })
}

/// By area: persons followed so long or with the event, and those with it.
fn states(counted: &Tabulation) -> Value {
    let mut by: Map<String, Value> = Map::new();
    for pair in counted.cells.chunks(2).filter(|pair| pair[0].units > 0) {
        by.insert(pair[0].key[0].clone(), json!([pair[0].units, pair[1].units]));
    }
    cells(counted, by)
}

/// By day: at risk after it, events up to it, survival.
fn survival(counted: &Tabulation) -> Value {
    let of = |cell: &kobling::disclosure::RawCell| {
        let Some(Extra::Incidence(at)) = &cell.extra else { return None };
        let survival = ((1.0 - at.share) * 1e9).round() / 1e9;
        Some((cell.key[0].clone(), json!([at.at_risk, at.events, survival])))
    };
    cells(counted, counted.cells.iter().filter_map(of).collect())
}

/// By quarter: cases, and the sum.
fn sums(counted: &Tabulation) -> Value {
    let of = |cell: &kobling::disclosure::RawCell| {
        let Some(Extra::Sum(parts)) = &cell.extra else { return None };
        let sum: i64 = parts.iter().map(|part| part.amount).sum();
        (cell.units > 0).then(|| (cell.key[0].clone(), json!([cell.units, sum])))
    };
    cells(counted, counted.cells.iter().filter_map(of).collect())
}
