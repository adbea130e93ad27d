//! R5's audit: a table, its margins, and the other tables of the question that the snapshot has shown, in one system.
//!
//! Two tables that share a margin can each be safe and not together. What the ledger knows of the question in this
//! snapshot is put in by the names of its cells: cells add up along a dimension where all of its codes are there.

use std::collections::{BTreeMap, HashMap, HashSet};

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
pub(super) struct Others(Vec<Other>);

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
            return Others(Vec::new());
        }
        let mut measures: Vec<&str> = lattice.nodes.iter().map(|node| node.measure.as_str()).collect();
        measures.sort_unstable();
        measures.dedup();
        let here: HashSet<&str> = lattice.nodes.iter().map(|node| node.key.as_str()).collect();
        let known = measures.into_iter().flat_map(|measure| draft.known(question, measure));
        let others =
            known.filter(|known| known.snapshot == snapshot && !here.contains(known.cell_key.as_str()));
        let other = |known: super::ledger::Known| {
            let (codes, tail) = codes_of(&known.cell_key)?;
            let value = known.value.count(0).count();
            let (low, high) = bounds(value, known.own, rules);
            Some(Other { codes, tail, low, high, hidden: value.is_none() })
        };
        Others(others.filter_map(other).collect())
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
    for other in others.0.iter().filter(|other| other.tail == lattice.tails[tail]) {
        let cell = system.cell(other.low, other.high);
        if other.hidden {
            hidden.push(cell);
        }
        cells.insert(other.codes.clone(), cell);
    }
    let mut codes_of_dimension: HashMap<&str, Vec<&str>> = HashMap::new();
    for (dimension, code) in cells.keys().flatten() {
        let codes = codes_of_dimension.entry(dimension).or_default();
        if !codes.contains(&code.as_str()) {
            codes.push(code);
        }
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
        // A slice that was asked for by a population is no whole line.
        let whole = cells.get(above).filter(|_| parts.len() == codes_of_dimension[dimension].len());
        if let Some(whole) = whole {
            system.sum(*whole, parts);
        }
    }
    audit(&system, &hidden, rules.values(), &mut |_, _| {}) == Verdict::Safe
}
