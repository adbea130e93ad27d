//! The answer as it must be: true counts by the plain path, put through the rules, held against what the service said.

use std::collections::BTreeSet;
use std::convert::Infallible;

use serde_json::Value;

use super::super::oracle::{Answer, Asked, Plain};
use super::PlayError;
use crate::clock::{Day, Timestamp};
use crate::disclosure::{
    Crossing, Ledger, PersonSet, RawCell, ReleaseContext, Released, Rules, Shape, Table, Tabulation, release,
};
use crate::programme::{Programme, QuestionKind};
use crate::question::{Ask, plan};

/// A set of so many persons can be hidden by rule R8, when a large part of it was hidden before (`docs/DISCLOSURE.md`).
const LARGEST_HIDDEN: u64 = 14;

/// Judges answers in the order in which they are asked, with a release ledger of its own.
pub(super) struct Judge<'a> {
    programme: &'a Programme,
    rules: Rules,
    ledger: Ledger,
}

impl<'a> Judge<'a> {
    pub(super) fn new(programme: &'a Programme) -> Judge<'a> {
        let ledger =
            Ledger::from_entries(Vec::new()).unwrap_or_else(|_| unreachable!("nothing contradicts nothing"));
        Judge { programme, rules: Rules::standard(), ledger }
    }

    /// Holds an answer against the plain path and the rules, the whole table of it. Standing reports are released at a
    /// seal, before anybody asks, and the judge has not seen them: where a cell keeps the value of a set shown there
    /// (rule R8), it must lie within the error that the table states. Returns how many cells do.
    pub(super) fn agrees(
        &mut self,
        plain: &Plain<'_>,
        ask: &Ask,
        moment: Timestamp,
        sealed: Day,
        body: &[u8],
    ) -> Result<usize, PlayError> {
        let failed = |what: &str| PlayError::Check(format!("{}: {what}", ask.key()));
        let plan_of = |ask: &Ask| {
            plan(self.programme, ask, sealed, sealed, &self.rules)
                .map_err(|error| PlayError::Check(format!("{}: {error}", ask.key())))
        };
        let planned = plan_of(ask)?;
        let above = match planned.above() {
            None => None,
            Some(above) => {
                let plan = plan_of(above)?;
                let of = (&plan.release_context(1, None), plan.crossing());
                let counted = plain.ask(&asked(above, moment, sealed))?;
                Some(self.released(plain, above, counted, of)?.into_value())
            }
        };
        let counted = plain.ask(&asked(ask, moment, sealed))?;
        let persons: Vec<u64> = counted.cells.iter().map(|cell| cell.contributors.len() as u64).collect();
        let out = counted.left_out.len() as u64;
        let expected = self.released(
            plain,
            ask,
            counted,
            (&planned.release_context(1, above.as_ref()), planned.crossing()),
        )?;
        let expected = planned.derive(expected);
        let expected = serde_json::to_value(&expected).map_err(|_| failed("no JSON"))?;
        let answer: Value = serde_json::from_slice(body).map_err(|_| failed("no JSON"))?;
        let found = &answer["table"];
        if *found == expected {
            return Ok(0);
        }
        let rows = |table: &Value| table["rows"].as_array().cloned().unwrap_or_default();
        let (wanted, got) = (rows(&expected), rows(found));
        let max_error = found["max_error"].as_u64().unwrap_or(0);
        let keeps = |at: usize| {
            wanted[at]["key"] == got[at]["key"] && is_near(count(&got[at]), persons[at], max_error)
        };
        let others = |at: &usize| wanted[*at] != got[*at];
        let left_out = expected["left_out"] != found["left_out"];
        let tied = (0..wanted.len().min(got.len())).filter(others).count() + usize::from(left_out);
        if wanted.len() != got.len()
            || wanted.len() != persons.len()
            || tied == 0
            || expected["columns"] != found["columns"]
            || !(0..wanted.len()).filter(others).all(keeps)
            || (left_out && !is_near(found["left_out"]["count"].as_u64(), out, max_error))
        {
            return Err(failed(&difference(&expected, found)));
        }
        Ok(tied)
    }

    /// Puts what the plain path counted under the rules.
    fn released(
        &mut self,
        plain: &Plain<'_>,
        ask: &Ask,
        counted: Answer,
        (context, crossing): (&ReleaseContext, Vec<Option<Crossing>>),
    ) -> Result<Released<Table>, PlayError> {
        let failed = |what: &str| PlayError::Check(format!("{}: {what}", ask.key()));
        let shape = match self.programme.question(&ask.question).map(|question| &question.kind) {
            Some(QuestionKind::Funnel { .. }) => Shape::Chain { step_column: counted.columns.len() - 1 },
            Some(QuestionKind::Overlap { .. }) => Shape::Overlap,
            Some(QuestionKind::FollowUp(_)) => Shape::Parts,
            _ => Shape::Partition,
        };
        let sources = counted.sources.clone();
        let mut tabulation = Tabulation { family_of: Some(plain.family_of()), ..tabulation(counted, shape) };
        for (cell, crossing) in tabulation.cells.iter_mut().zip(crossing) {
            cell.crossing = crossing.map(|crossing| {
                let mut supplied = vec![0; self.programme.partners.len()];
                cell.contributors.iter().for_each(|person| supplied[usize::from(sources[&person])] += 1);
                Crossing { supplied, ..crossing }
            });
        }
        let pending = release(tabulation, context, &self.rules, &self.ledger)
            .map_err(|_| failed("the plain path's counts have no sound form"))?;
        let released = self.ledger.commit(pending, |_| Ok::<(), Infallible>(()));
        released.map_err(|_| failed("stale"))
    }

    /// Persons who are counted in every question that is asked.
    pub(super) fn counted(
        &self,
        asks: &[Ask],
        plain: &Plain<'_>,
        moment: Timestamp,
        sealed: Day,
    ) -> Result<BTreeSet<u32>, PlayError> {
        let mut everywhere: Option<BTreeSet<u32>> = None;
        for ask in asks {
            let answer = plain.ask(&asked(ask, moment, sealed))?;
            let here = answer.cells.into_iter().flat_map(|cell| cell.contributors).collect::<BTreeSet<_>>();
            everywhere = Some(match everywhere {
                Some(sofar) => &sofar & &here,
                None => here,
            });
        }
        Ok(everywhere.unwrap_or_default())
    }
}

fn asked(ask: &Ask, moment: Timestamp, snapshot: Day) -> Asked {
    Asked {
        question: ask.question.clone(),
        by: ask.by.clone(),
        period: ask.period,
        population: ask.population.clone(),
        moment,
        snapshot,
    }
}

fn tabulation(answer: Answer, shape: Shape) -> Tabulation {
    let set = |persons: &BTreeSet<u32>| persons.iter().copied().collect::<PersonSet>();
    let cells = answer
        .cells
        .iter()
        .map(|cell| RawCell::persons(cell.key.clone(), set(&cell.contributors), cell.families as u64));
    let mut cells: Vec<RawCell> = cells.collect();
    if shape == Shape::Parts {
        // Those with the event are a part of those followed, the cell before.
        for (at, cell) in cells.iter_mut().enumerate() {
            cell.of = (at % 2 == 1).then(|| at - 1);
        }
    }
    Tabulation {
        left_out: set(&answer.left_out),
        left_out_families: answer.left_out_families as u64,
        ..Tabulation::counts(shape, answer.columns.clone(), cells)
    }
}

/// A row's count, where it is shown.
fn count(row: &Value) -> Option<u64> {
    row["figures"].as_array().into_iter().flatten().find_map(|figure| figure["count"].as_u64())
}

/// Whether a count is as near to the true one as its table states, or hidden where so few may be.
fn is_near(count: Option<u64>, persons: u64, max_error: u64) -> bool {
    match count {
        Some(count) => count.abs_diff(persons) <= max_error,
        None => persons <= LARGEST_HIDDEN,
    }
}

/// Where two tables differ first, in words of released values alone.
fn difference(expected: &Value, found: &Value) -> String {
    let rows = |table: &Value| table["rows"].as_array().cloned().unwrap_or_default();
    let (wanted, got) = (rows(expected), rows(found));
    if wanted.len() != got.len() {
        return format!("{} cells were expected, {} came", wanted.len(), got.len());
    }
    match wanted.iter().zip(&got).find(|(wanted, got)| wanted != got) {
        Some((wanted, got)) => format!("expected {wanted}, came {got}"),
        None => format!(
            "left out or notes differ: expected {} {}, came {} {}",
            expected["left_out"], expected["totals"], found["left_out"], found["totals"]
        ),
    }
}
