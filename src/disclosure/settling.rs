//! What each cell of a table and of its margins would show: R1 to R3, R6 and R10 by itself, then R8 and R9 by what was
//! shown before.

use super::cover::Standing;
use super::lattice::{Lattice, Node, Supply};
use super::ledger::{Cover, Draft, Settled};
use super::rules::Rules;
use super::shown::{Shown, Value};
use super::switches::Rule;
use super::tabulation::{Counted, Extra, Tabulation};
use super::{crossing, extra, margins, rounding, threshold};

/// Of every node: what it would show, and what that says of its count.
pub(super) struct Nodes {
    /// None for a structural zero.
    pub(super) settled: Vec<Option<Settled>>,
    pub(super) standings: Vec<Standing>,
}

/// The ledger's name for the persons left out: no cell has it, because those are written as JSON lists.
const LEFT_OUT: &str = "left out";

/// Settles the counts of all nodes, coarsest first. `hidden_above` says of a total whether the cell that it is, in the
/// table of a dimension that it is narrowed to, is hidden there.
pub(super) fn settle(
    lattice: &Lattice,
    draft: &mut Draft<'_>,
    hidden_above: impl Fn(&Node) -> bool,
    rules: &Rules,
) -> Nodes {
    let (mut settled, mut standings) = (Vec::new(), Vec::new());
    for node in &lattice.nodes {
        // A structural zero is shown as 0, whatever stands in it: a decision by content would tell that something does.
        let it = (!node.structural_zero).then(|| {
            let own = own(node, lattice, rules);
            draft.settle(&node.measure, node.key.clone(), node.contributors.clone(), own)
        });
        let across = it.as_ref().is_none_or(|_| settle_across(node, lattice, draft, rules));
        let mut standing = it.as_ref().map_or_else(Standing::zero, |it| standing(it, across, rules));
        standing.covered |= node.mask == 0 && hidden_above(node);
        standings.push(standing);
        settled.push(it);
    }
    Nodes { settled, standings }
}

/// Settles what nodes tell besides their counts: R11 to R14. Sums and rates add up, so the margins have them too.
pub(super) fn settle_extras(
    tabulation: &Tabulation,
    lattice: &Lattice,
    draft: &mut Draft<'_>,
    rules: &Rules,
) -> Vec<Option<Value>> {
    let settle = |node: &Node| {
        let head = tabulation.extra.as_ref()?;
        let cell = &tabulation.cells[node.cells[0]];
        let together = match &node.cells[..] {
            [_] => None,
            cells => Some(together(cells.iter().map(|at| tabulation.cells[*at].extra.as_ref()))?),
        };
        let of = together.as_ref().or(cell.extra.as_ref())?;
        let counts = (node.contributors.len(), node.units, node.families);
        let own = extra::own(of, counts, head, rules);
        let measure = cell.measure.as_ref().unwrap_or(&head.measure);
        Some(draft.settle(measure, node.key.clone(), node.contributors.clone(), own).value)
    };
    lattice.nodes.iter().map(settle).collect()
}

/// What several cells tell besides their counts, as one; none where that is not made of theirs.
fn together<'a>(extras: impl Iterator<Item = Option<&'a Extra>>) -> Option<Extra> {
    let mut all: Option<Extra> = None;
    for extra in extras {
        let (sum, extra) = (all.take(), extra?);
        all = Some(match (sum, extra) {
            (None, Extra::Sum(parts)) => Extra::Sum(parts.clone()),
            (Some(Extra::Sum(sum)), Extra::Sum(parts)) => Extra::Sum([&sum[..], parts].concat()),
            (None, Extra::Rate { events, days }) => {
                Extra::Rate { events: events.clone(), days: days.clone() }
            }
            (Some(Extra::Rate { events: e, days: d }), Extra::Rate { events, days }) => {
                Extra::Rate { events: [&e[..], events].concat(), days: [&d[..], days].concat() }
            }
            _ => return None,
        });
    }
    all
}

/// Settles the persons left out, as a cell.
pub(super) fn settle_left_out(tabulation: &Tabulation, draft: &mut Draft<'_>, rules: &Rules) -> Shown {
    let persons = tabulation.left_out.len();
    let own = match threshold::may_be_shown(persons, tabulation.left_out_families, rules) {
        true => counts(persons, tabulation.left_out_families, rules),
        false => Value::Hidden,
    };
    let set = tabulation.left_out.clone();
    draft.settle(Counted::Person.word(), LEFT_OUT.to_owned(), set, own).value.count(0)
}

/// Whether R10 lets a node be shown. That is held like a value, under a measure of its own: a set that crosses partners in
/// one question must not hide the same persons in another one, and one person more or less must not change it.
fn settle_across(node: &Node, lattice: &Lattice, draft: &mut Draft<'_>, rules: &Rules) -> bool {
    let Some(supply) = crossing_of(node, rules) else { return true };
    let of = (node.contributors.len(), node.units);
    let among = node.among.iter().map(|whole| lattice.nodes[*whole].contributors.len());
    let own = match crossing::may_be_shown(of, (&supply.units, supply.partners.len() > 1), among, rules) {
        true => Value::Shown(vec![1]),
        false => Value::Hidden,
    };
    let measure = format!("across {}", node.measure);
    !draft.settle(&measure, node.key.clone(), node.contributors.clone(), own).value.is_hidden()
}

/// What a node shows by itself: R1 and R6, then R3. Where other units than persons are counted, they too must be
/// enough.
fn own(node: &Node, lattice: &Lattice, rules: &Rules) -> Value {
    let persons = |node: &usize| lattice.nodes[*node].contributors.len();
    let of = (node.contributors.len(), node.units);
    let shown = threshold::may_be_shown(of.0.min(of.1), node.families, rules)
        && (!rules.applies(Rule::R6) || margins::may_be_shown(node.above.iter().map(persons)));
    if shown { counts(node.units, node.families, rules) } else { Value::Hidden }
}

/// What R10 looks at, where it applies.
fn crossing_of<'a>(node: &'a Node, rules: &Rules) -> Option<&'a Supply> {
    node.crossing.as_ref().filter(|_| rules.applies(Rule::R10))
}

fn counts(units: u64, families: u64, rules: &Rules) -> Value {
    Value::counts(rounding::rounded(units, rules.rounding()), rounding::rounded(families, rules.rounding()))
}

/// What settled says of a node's count, and whether R10 lets it be shown.
fn standing(settled: &Settled, across: bool, rules: &Rules) -> Standing {
    let value = settled.value.count(0).count();
    let (low, high) = bounds(value, settled.own, rules);
    Standing {
        value: value.filter(|_| across),
        low,
        high,
        small: value.is_none(),
        structural_zero: false,
        public: settled.before == Some(Cover::Shown),
        covered: settled.before == Some(Cover::Covered),
    }
}

/// How far what a node would show can lie from its count: for the value of its own set by the rounding, for another one's by
/// as many as R8 holds besides. A set that has moved a little since it was entered counts as it was: that it moved must
/// not decide anything.
pub(super) fn bounds(value: Option<u64>, own: bool, rules: &Rules) -> (u64, Option<u64>) {
    match value {
        Some(value) => {
            let held = if own { 0 } else { rules.held() };
            let error = rounding::largest_error(rules.rounding()) + held;
            // A small set that keeps a larger one's value is rarer than a reader would think: it counts on what is shown
            // being enough.
            (value.saturating_sub(error).max(rules.persons()), Some(value + error))
        }
        // Whatever hides it, and however many it holds by now: a reader takes it for small.
        None => (0, Some(rules.persons().saturating_sub(1))),
    }
}
