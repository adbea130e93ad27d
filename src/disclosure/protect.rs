//! R5: which of the cells that could be shown are shown, for a table and all its margins.
//!
//! Top down, from the total: a part of a hidden cell is hidden, each line is covered (`cover`), and every table by two
//! dimensions or more is audited together with its margins and the question's other tables (`joint`). A table that fails shows no cell; that is how a
//! refusal looks here, so that it tells as little as it can.

use super::cover::{self, Standing};
use super::joint::{self, Others};
use super::lattice::{Lattice, Line};
use super::rules::Rules;
use super::switches::Rule;

/// Whether each node is shown. `standings` are those of the nodes, `others` what the question's other tables show.
pub(super) fn protect(
    lattice: &Lattice,
    standings: &[Standing],
    others: &Others,
    rules: &Rules,
) -> Vec<bool> {
    if !rules.applies(Rule::R5) {
        return standings.iter().map(|it| it.structural_zero || it.value.is_some()).collect();
    }
    let may = |it: &Standing| it.structural_zero || (it.value.is_some() && !it.covered);
    let mut shown: Vec<bool> = standings.iter().map(may).collect();
    let mut tables: Vec<(u32, usize)> = lattice.nodes.iter().map(|node| (node.mask, node.tail)).collect();
    tables.sort_by_key(|(mask, tail)| (mask.count_ones(), *mask, *tail));
    tables.dedup();
    for table in tables {
        below_hidden(lattice, standings, table, &mut shown);
        in_lines(lattice, standings, table, rules, &mut shown);
        if table.0.count_ones() > 1
            && (is_close(lattice, standings, table, &shown, rules)
                || !joint::passes(lattice, standings, table, &shown, (others, rules)))
        {
            let all = lattice.nodes.iter().enumerate().filter(|(_, node)| (node.mask, node.tail) == table);
            all.for_each(|(node, _)| shown[node] = standings[node].structural_zero);
        }
    }
    shown
}

/// Hides the parts of hidden cells.
fn below_hidden(lattice: &Lattice, standings: &[Standing], table: (u32, usize), shown: &mut [bool]) {
    let nodes = lattice.nodes.iter().enumerate().filter(|(_, node)| (node.mask, node.tail) == table);
    for (at, node) in nodes.filter(|(at, _)| !standings[*at].structural_zero) {
        if node.above.iter().any(|above| !shown[*above]) {
            shown[at] = false;
        }
    }
}

/// Covers the lines of a table until none asks for more.
fn in_lines(
    lattice: &Lattice,
    standings: &[Standing],
    table: (u32, usize),
    rules: &Rules,
    shown: &mut [bool],
) {
    let lines = lines_of(lattice, table);
    loop {
        let mut more = false;
        for line in lines.iter().filter(|line| line.parts.len() > 1 && shown[line.whole]).collect::<Vec<_>>()
        {
            let parts: Vec<&Standing> = line.parts.iter().map(|part| &standings[*part]).collect();
            let mut now: Vec<bool> = line.parts.iter().map(|part| shown[*part]).collect();
            if cover::cover(&standings[line.whole], &parts, &mut now, rules) {
                line.parts.iter().zip(now).for_each(|(part, now)| shown[*part] = now);
                more = true;
            }
        }
        if !more {
            return;
        }
    }
}

/// The lines of a table.
fn lines_of(lattice: &Lattice, table: (u32, usize)) -> Vec<&Line> {
    let first = |line: &&Line| &lattice.nodes[line.parts[0]];
    lattice.lines.iter().filter(|line| (first(line).mask, first(line).tail) == table).collect()
}

/// Which nodes show their figures, where those add up along lines: `may` says which could. A part of a hidden figure is
/// hidden, and a line hides none or at least two.
pub(super) fn protect_figures(
    lattice: &Lattice,
    standings: &[Standing],
    may: Vec<bool>,
    rules: &Rules,
) -> Vec<bool> {
    let mut shown = may;
    if !rules.applies(Rule::R5) {
        return shown;
    }
    let mut masks: Vec<u32> = lattice.nodes.iter().map(|node| node.mask).collect();
    masks.sort_by_key(|mask| (mask.count_ones(), *mask));
    masks.dedup();
    for mask in masks {
        for at in (0..lattice.nodes.len()).filter(|at| lattice.nodes[*at].mask == mask) {
            shown[at] &= lattice.nodes[at].above.iter().all(|above| shown[*above]);
        }
        let lines = || lattice.lines.iter().filter(|line| line.mask == mask && line.parts.len() > 1);
        let mut more = true;
        while more {
            more = false;
            for line in lines() {
                let of = |part: &usize| &standings[*part];
                let counts: Vec<Option<u64>> = line.parts.iter().map(|part| of(part).value).collect();
                let zero: Vec<bool> = line.parts.iter().map(|part| of(part).structural_zero).collect();
                let mut now: Vec<bool> = line.parts.iter().map(|part| shown[*part]).collect();
                if cover::cover_figures(&counts, &zero, &mut now) {
                    line.parts.iter().zip(now).for_each(|(part, now)| shown[*part] = now);
                    more = true;
                }
            }
        }
    }
    shown
}

/// Whether a table of few persons hides a cell.
fn is_close(
    lattice: &Lattice,
    standings: &[Standing],
    table: (u32, usize),
    shown: &[bool],
    rules: &Rules,
) -> bool {
    let nodes = || lattice.nodes.iter().enumerate();
    let total = nodes().find(|(_, node)| (node.mask, node.tail) == (0, table.1));
    total.is_some_and(|(total, _)| cover::is_small_table(&standings[total], rules))
        && nodes().any(|(at, node)| (node.mask, node.tail) == table && !shown[at])
}
