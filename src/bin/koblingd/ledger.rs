//! `koblingd ledger show` and `check`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use clap::Subcommand;
use comfy_table::{Table, presets};
use kobling::service::{LedgerCell, Whose, check_ledger, ledger_cells};
use kobling::store::Store;
use serde::Serialize;

use crate::control::{Answer, On, OnFolder};
use crate::exit::Failure;
use crate::folder::Folder;

/// The release ledger.
#[derive(Subcommand)]
pub(crate) enum Ledger {
    /// Show what was released: questions and cells, never a set or a person.
    Show {
        #[command(flatten)]
        folder: Folder,
        /// Only questions whose key contains this.
        #[arg(long, value_name = "TEXT")]
        question: Option<String>,
        /// Each cell, with whose value it shows.
        #[arg(long)]
        cells: bool,
        /// JSON in place of a table.
        #[arg(long)]
        json: bool,
    },
    /// Read all of it and say what is wrong: status 1 when something is.
    Check {
        #[command(flatten)]
        folder: Folder,
    },
}

/// A question in one measure.
#[derive(Serialize)]
struct Released<'a> {
    question: &'a str,
    measure: &'a str,
    cells: usize,
    shown: usize,
    hidden: usize,
    own: usize,
    equal: usize,
    held: usize,
    first_snapshot: u32,
}

impl OnFolder for Ledger {
    fn folder(&self) -> &Folder {
        match self {
            Ledger::Show { folder, .. } | Ledger::Check { folder } => folder,
        }
    }

    fn store_alone(&self) -> bool {
        true
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        match self {
            Ledger::Show { question, cells, json, .. } => {
                let mut all = ledger_cells(on.store())?;
                all.retain(|cell| question.as_ref().is_none_or(|part| cell.question.contains(part)));
                Ok(show(&all, *cells, *json, answer)?)
            }
            Ledger::Check { .. } => check(on.store(), answer),
        }
    }
}

fn check(store: &Arc<Store>, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let checked = check_ledger(store)?;
    writeln!(
        answer,
        "release ledger: {} lines, {} sets, {} compared with all",
        checked.lines, checked.sets, checked.sample
    )?;
    if checked.findings.is_empty() {
        writeln!(answer, "nothing is wrong with it")?;
        return Ok(());
    }
    for finding in &checked.findings {
        writeln!(answer, "{finding}")?;
    }
    let count = checked.findings.len() as u64 + checked.more;
    Err(Failure::Found(format!(
        "release ledger: {count} findings; the first {} are listed",
        checked.findings.len()
    )))
}

fn show(all: &[LedgerCell], cells: bool, json: bool, answer: &mut Answer<'_>) -> std::io::Result<()> {
    let text = |value: Result<String, serde_json::Error>| value.expect("plain data is JSON");
    match (cells, json) {
        (true, true) => writeln!(answer, "{}", text(serde_json::to_string_pretty(all))),
        (false, true) => writeln!(answer, "{}", text(serde_json::to_string_pretty(&questions(all)))),
        (true, false) => {
            let head = ["question", "measure", "cell", "shown", "first released", "whose value"];
            let row = |cell: &LedgerCell| {
                let shown = if cell.shown { "shown" } else { "hidden" };
                let whose = match cell.whose {
                    Whose::Own => "own",
                    Whose::Equal => "equal set's",
                    Whose::Held => "held",
                };
                let snapshot = cell.snapshot.to_string();
                [
                    cell.question.clone(),
                    cell.measure.clone(),
                    cell.cell.clone(),
                    shown.into(),
                    snapshot,
                    whose.into(),
                ]
            };
            writeln!(answer, "{}", table(head, all.iter().map(row)))
        }
        (false, false) => {
            let head =
                ["question", "measure", "cells", "shown", "hidden", "own", "equal", "held", "first released"];
            let row = |of: &Released<'_>| {
                let counts =
                    [of.cells, of.shown, of.hidden, of.own, of.equal, of.held].map(|n| n.to_string());
                let [cells, shown, hidden, own, equal, held] = counts;
                let (question, measure) = (of.question.to_owned(), of.measure.to_owned());
                [question, measure, cells, shown, hidden, own, equal, held, of.first_snapshot.to_string()]
            };
            writeln!(answer, "{}", table(head, questions(all).iter().map(row)))
        }
    }
}

/// A table of words that stand in the programme and in questions.
fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(head);
    rows.for_each(|row| {
        table.add_row(row);
    });
    table
}

/// The cells of each question in each measure, counted.
fn questions(all: &[LedgerCell]) -> Vec<Released<'_>> {
    let mut questions: BTreeMap<(&str, &str), Vec<&LedgerCell>> = BTreeMap::new();
    for cell in all {
        questions.entry((&cell.question, &cell.measure)).or_default().push(cell);
    }
    let released = |((question, measure), of): (_, Vec<&LedgerCell>)| {
        let whose = |whose: Whose| of.iter().filter(|cell| cell.whose == whose).count();
        let shown = of.iter().filter(|cell| cell.shown).count();
        Released {
            question,
            measure,
            cells: of.len(),
            shown,
            hidden: of.len() - shown,
            own: whose(Whose::Own),
            equal: whose(Whose::Equal),
            held: whose(Whose::Held),
            first_snapshot: of.iter().map(|cell| cell.snapshot).min().unwrap_or(0),
        }
    };
    questions.into_iter().map(released).collect()
}
