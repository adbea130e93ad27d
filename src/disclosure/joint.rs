//! R5's audit: a table, its margins, and the other tables of the question that the snapshot has shown, in one system.
//!
//! Two tables that share a margin can each be safe and not together. What the ledger knows of the question in this
//! snapshot is put in by the names of its cells: cells add up along a dimension where all of its codes are there.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::audit::{System, Verdict, audit};
use super::cover::Standing;
use super::lattice::{Lattice, Node, codes_of};
use super::ledger::Draft;
use super::rules::Rules;
use super::settling::bounds;

/// Codes by dimension.
type Codes = BTreeMap<String, String>;

/// A cell of another table of the question.
struct Other {
    codes: Codes,
    tail: Vec<String>,
    low: u64,
    high: Option<u64>,
    hidden: bool,
}

/// What the other tables of a question have shown in a snapshot.
pub(super) struct Others {
    cells: Vec<Other>,
    /// Every code of a dimension that a table of the question ever had, in any snapshot. A snapshot itself has lines of
    /// those cells alone that stand otherwise than before: of the codes of a dimension it may know one.
    codes: BTreeMap<String, BTreeSet<String>>,
}

impl Others {
    /// Of a draft in which the nodes of a lattice are settled already.
    pub(super) fn of(
        draft: &Draft<'_>,
        lattice: &Lattice,
        (question, snapshot): (&str, u32),
        rules: &Rules,
    ) -> Others {
        // Tables by one dimension are not audited: their lines have been looked at.
        if lattice.nodes.iter().all(|node| node.mask.count_ones() < 2) {
            return Others { cells: Vec::new(), codes: BTreeMap::new() };
        }
        let mut measures: Vec<&str> = lattice.nodes.iter().map(|node| node.measure.as_str()).collect();
        measures.sort_unstable();
        measures.dedup();
        let here: HashSet<&str> = lattice.nodes.iter().map(|node| node.key.as_str()).collect();
        let known = measures.into_iter().flat_map(|measure| draft.known(question, measure));
        let mut others = Others { cells: Vec::new(), codes: BTreeMap::new() };
        for known in known.filter(|known| !here.contains(known.cell_key.as_str())) {
            let Some((codes, tail)) = codes_of(&known.cell_key) else { continue };
            for (dimension, code) in &codes {
                others.codes.entry(dimension.clone()).or_default().insert(code.clone());
            }
            if known.snapshot == snapshot {
                let value = known.value.count(0).count();
                let (low, high) = bounds(value, known.own, rules);
                others.cells.push(Other { codes, tail, low, high, hidden: value.is_none() });
            }
        }
        others
    }
}

/// Whether a table passes: `mask` and `tail` say which of the lattice.
pub(super) fn passes(
    lattice: &Lattice,
    standings: &[Standing],
    (mask, tail): (u32, usize),
    shown: &[bool],
    (others, rules): (&Others, &Rules),
) -> bool {
    let mut system = System::new();
    let mut cells: BTreeMap<Codes, usize> = BTreeMap::new();
    let mut hidden = Vec::new();
    let part = |node: &Node| node.mask & !mask == 0 && node.tail == tail;
    for (at, node) in lattice.nodes.iter().enumerate().filter(|(_, node)| part(node)) {
        let Some((codes, _)) = codes_of(&node.key) else { continue };
        let cell = system.cell(standings[at].low, standings[at].high);
        if !shown[at] && standings[at].small {
            hidden.push(cell);
        }
        cells.insert(codes, cell);
    }
    if hidden.is_empty() {
        return true;
    }
    let mut codes_of_dimension: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (dimension, code) in cells.keys().flatten() {
        codes_of_dimension.entry(dimension.clone()).or_default().insert(code.clone());
    }
    // A table has all codes of its own dimensions, which its total has none of. Of other ones the ledger has them.
    for (dimension, all) in &others.codes {
        if cells.keys().all(|codes| codes.contains_key(dimension))
            || !codes_of_dimension.contains_key(dimension)
        {
            codes_of_dimension.entry(dimension.clone()).or_default().extend(all.iter().cloned());
        }
    }
    for other in others.cells.iter().filter(|other| other.tail == lattice.tails[tail]) {
        let cell = system.cell(other.low, other.high);
        if other.hidden {
            hidden.push(cell);
        }
        cells.insert(other.codes.clone(), cell);
    }
    let mut lines: BTreeMap<(Codes, &str), Vec<usize>> = BTreeMap::new();
    for (codes, cell) in &cells {
        for dimension in codes.keys() {
            let mut above = codes.clone();
            above.remove(dimension);
            lines.entry((above, dimension)).or_default().push(*cell);
        }
    }
    for ((above, dimension), parts) in &lines {
        // A slice that was asked for by a population is no whole line, nor is one of which this snapshot knows some parts.
        let whole = cells.get(above).filter(|_| parts.len() == codes_of_dimension[*dimension].len());
        if let Some(whole) = whole {
            system.sum(*whole, parts);
        }
    }
    audit(&system, &hidden, rules.values(), &mut |_, _| {}) == Verdict::Safe
}
