//! The table as it leaves: rows, totals, rates and figures. Nothing but shown values is read here.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::figure::{Figure, Head};
use super::ledger::Settled;
use super::rate::rate;
use super::release::ReleaseContext;
use super::rules::{RULES_VERSION, Rules};
use super::shown::{Shown, Value};
use super::table::{Row, Table};
use super::tabulation::{Extra, RawCell, Shape, Tabulation};
use super::{explanation, extra, interval, total};

/// What is shown of a cell: by cell of the table.
pub(super) struct Cells {
    /// The counts; none for a structural zero.
    pub(super) counts: Vec<Option<Settled>>,
    /// What is told besides.
    pub(super) extras: Vec<Option<Value>>,
    /// The persons left out.
    pub(super) left_out: Shown,
}

/// Lays the table out. Of the tabulation's cells only keys, and what is a part of what, are read.
pub(super) fn table(tabulation: Tabulation, shows: &Cells, context: &ReleaseContext, rules: &Rules) -> Table {
    let Tabulation { shape, columns, cells, extra, differences, response, .. } = tabulation;
    let Cells { counts: settled, extras, left_out } = shows;
    let max_error = explanation::max_error(rules);
    let shown: Vec<Shown> = settled
        .iter()
        .map(|cell| cell.as_ref().map_or(Shown::Count(0), |settled| settled.value.count(0)))
        .collect();
    let mut heads = vec![Head::of("count"), Head::of("families")];
    let mut rows: Vec<Row> = cells.iter().zip(settled).map(|(cell, settled)| row(cell, settled)).collect();
    let totals = match shape {
        Shape::Partition => {
            // A structural zero adds nothing, and is no cell that is shown.
            let values = settled.iter().flatten().map(|settled| &settled.value);
            let totals = total::totals(values, max_error);
            let of_total = |at: usize| Some(Figure::Rate(rate(shown[at], totals.count, rules)));
            add(&mut heads, &mut rows, Head::of("share"), of_total);
            Some(totals)
        }
        Shape::Chain { step_column } => {
            let (before, first) = chains(&cells, step_column);
            let of = |whole: &[Option<usize>], at: usize| {
                whole[at].map(|whole| Figure::Rate(rate(shown[at], shown[whole], rules)))
            };
            add(&mut heads, &mut rows, Head::of("step_rate"), |at| of(&before, at));
            add(&mut heads, &mut rows, Head::of("cumulative_rate"), |at| of(&first, at));
            None
        }
        // A curve has its own rate and interval.
        Shape::Parts if !matches!(extra_of(&cells), Some(Extra::Incidence(_) | Extra::Rate { .. })) => {
            let part = |at: usize| cells[at].of.map(|whole| (shown[at], shown[whole]));
            let share = |at| part(at).map(|(part, whole)| Figure::Rate(rate(part, whole, rules)));
            add(&mut heads, &mut rows, Head::of("rate"), share);
            let interval = |at| part(at).map(|(part, whole)| interval::share(part, whole, max_error));
            add(&mut heads, &mut rows, Head::of("interval"), interval);
            if !differences.is_empty() {
                let difference = |at| {
                    let (_, other) = differences.iter().find(|(one, _)| *one == at)?;
                    Some(interval::difference(part(at)?, part(*other)?, max_error))
                };
                add(&mut heads, &mut rows, Head::of("difference"), difference);
            }
            None
        }
        Shape::Parts | Shape::Overlap => None,
    };
    if let (Some(kind), Some(head)) = (extra_of(&cells), &extra) {
        heads.extend(extra::heads(kind, head));
        for (at, (row, cell)) in rows.iter_mut().zip(&cells).enumerate() {
            let whole = cell.of.map_or(Shown::Hidden, |whole| shown[whole]);
            match (&cell.extra, &extras[at]) {
                (Some(of), Some(value)) => {
                    let figures = extra::figures(of, value, (shown[at], whole), head, rules);
                    row.figures.extend(figures.into_iter().map(Some));
                }
                _ => row.figures.resize(heads.len(), None),
            }
        }
    }
    let sum = |cells: &[usize]| total::sum(cells.iter().map(|at| shown[*at]));
    let response = response.map(|(answered, asked)| rate(sum(&answered), sum(&asked), rules));

    let crosses_partners = cells.iter().any(|cell| cell.crossing.is_some());
    Table {
        reasons: explanation::reasons(shape, extra_of(&cells), &context.dimensions, crosses_partners),
        columns,
        figures: heads,
        rows,
        totals,
        left_out: *left_out,
        response,
        max_error,
        rules: RULES_VERSION,
        snapshot: context.snapshot,
        coarser: explanation::coarser(&context.dimensions),
    }
}

/// The kind of the extras of some cells, by the first that has one.
fn extra_of(cells: &[RawCell]) -> Option<&Extra> {
    cells.iter().find_map(|cell| cell.extra.as_ref())
}

/// The row of a settled cell; of a structural zero when there is none.
fn row(cell: &RawCell, settled: &Option<Settled>) -> Row {
    let (count, families, snapshot) = match settled {
        None => (Shown::Count(0), Shown::Count(0), None),
        Some(Settled { value: Value::Hidden, .. }) => (Shown::Hidden, Shown::Hidden, None),
        Some(Settled { value, snapshot, .. }) => (value.count(0), value.count(1), Some(*snapshot)),
    };
    let figures = vec![Some(Figure::Count(count)), Some(Figure::Count(families))];
    Row { key: cell.key.clone(), figures, snapshot }
}

/// Adds a column of figures.
fn add(heads: &mut Vec<Head>, rows: &mut [Row], head: Head, figure: impl Fn(usize) -> Option<Figure>) {
    heads.push(head);
    for (at, row) in rows.iter_mut().enumerate() {
        row.figures.push(figure(at));
    }
}

/// For each cell of a chain from its second step on: the step before, and the first one.
fn chains(cells: &[RawCell], step_column: usize) -> (Vec<Option<usize>>, Vec<Option<usize>>) {
    let mut chains: HashMap<Vec<&String>, (usize, usize)> = HashMap::new();
    let (mut before, mut first) = (vec![None; cells.len()], vec![None; cells.len()]);
    for (at, cell) in cells.iter().enumerate() {
        let codes = cell.key.iter().enumerate().filter(|(column, _)| *column != step_column);
        match chains.entry(codes.map(|(_, code)| code).collect()) {
            Entry::Vacant(new) => {
                new.insert((at, at));
            }
            Entry::Occupied(mut chain) => {
                let (of_first, of_before) = *chain.get();
                (before[at], first[at]) = (Some(of_before), Some(of_first));
                chain.insert((of_first, at));
            }
        }
    }
    (before, first)
}
