//! The questions of the comparison, as ours are asked, and what of an answer is held against the other engines.
//!
//! A kind that the engine does not have yet has no `asked`: the other engines are then timed alone. To add one: register
//! it in `programme.toml`, say here what is asked, and give [`Question::figures`] a function that turns the tabulation
//! into the figures that `common.py` describes for the question.

use kobling::consent::Permits;
use kobling::disclosure::{Rules, Tabulation};
use kobling::programme::Programme;
use kobling::question::{Ask, Plan};
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
    // Kind `repeat`: [persons with complete follow-up, of them repeated, persons followed too briefly] by area.
    Question { name: "repeat", asked: None, figures: persons },
    // Kind `time_to`, view `curve`: [at risk, events so far, survival] by day.
    Question { name: "curve", asked: None, figures: persons },
    // Kind `amount`, unit `case`: [cases, of them with an amount, sum] by quarter.
    Question { name: "amount", asked: None, figures: persons },
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

pub(crate) fn count(plan: &Plan, snapshot: &Snapshot, permits: &[Permits]) -> Tabulation {
    kobling::question::count(plan, snapshot, permits).unwrap_or_else(|error| panic!("{error}"))
}

/// Persons by key, cells that nobody is in left out; and the persons left out. The rows are made up, so that nothing is
/// told that disclosure control would have to hold back.
fn persons(counted: &Tabulation) -> Value {
    let cells = counted.cells.iter().filter(|cell| !cell.contributors.is_empty());
    let cells: Map<String, Value> =
        cells.map(|cell| (cell.key.join("|"), json!([cell.contributors.len()]))).collect();
    json!({ "cells": cells, "left_out": counted.left_out.len() })
}
