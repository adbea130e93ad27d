//! Which cells cross partners: they say of units known at one partner what another one knows (R10).
//!
//! Decided by structure alone, from the programme and the plan: the partners that can supply the index rows of a cell,
//! and those that can supply the rows its kernel follows besides. A cell crosses unless these are one single partner. In
//! questions without an index stage the index row says nothing of a cell unless a dimension or a population is taken
//! from it.
//!
//! Which of several partners has a unit's first row is not taken for such a thing: it decides about nothing but the group.

use std::collections::HashMap;

use super::Plan;
use super::sources::Sources;
use crate::disclosure::Crossing;

/// Where index rows can come from, whatever they hold.
#[derive(Clone, Debug)]
pub(super) struct Starts {
    /// Every dataset, by its place in the plan, with every partner that hands it over.
    pub(super) rows: Vec<(usize, u8)>,
    /// Whether being in a cell means to have an index row of a stage.
    pub(super) by_stage: bool,
    /// Partners of the programme.
    pub(super) partners: usize,
}

/// The cells of a plan that cross partners.
pub(super) struct Crossings {
    /// By cell; empty where none crosses.
    cells: Vec<Option<Crosses>>,
    /// By cell, whether it or one later in its line crosses: where units have to be told by partner. Empty likewise.
    told: Vec<bool>,
    /// Partners of the programme.
    pub(super) partners: usize,
}

/// A cell that crosses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crosses {
    /// The partners that index rows can come from.
    pub(super) suppliers: Sources,
    /// Cells that it is a part of.
    pub(super) among: Vec<usize>,
}

impl Crosses {
    /// What the rules are told of it, but for the units.
    pub(super) fn supply(&self) -> Crossing {
        let suppliers = (0..=u8::MAX).filter(|source| self.suppliers.has(*source)).collect();
        Crossing { supplied: Vec::new(), suppliers, among: self.among.clone() }
    }
}

impl Crossings {
    /// Those of a plan.
    pub(super) fn of(plan: &Plan) -> Crossings {
        let (kernel, tails, starts) = (&plan.kernel, plan.tails.len(), &plan.starts);
        let mut crossings = Crossings { cells: Vec::new(), told: Vec::new(), partners: starts.partners };
        let follows = kernel.follows();
        if follows.iter().all(|follows| follows.is_empty()) {
            return crossings;
        }
        let begins = kernel.begins();
        let says = starts.by_stage || !plan.axes.is_empty() || plan.population.is_some();
        let admitted = |row: &&(usize, u8)| plan.population.as_ref().is_none_or(|of| of.reads(row.0));
        let rows: Vec<(usize, u8)> = starts.rows.iter().filter(admitted).copied().collect();
        let mut among: HashMap<Option<u8>, Vec<Vec<usize>>> = HashMap::new();
        for group in 0..plan.cell_count() / tails.max(1) {
            // Places on the axes, the last one fastest.
            let (mut left, mut of_group) = (group, rows.clone());
            for axis in plan.axes.iter().rev() {
                let place = left % axis.codes.len();
                left /= axis.codes.len();
                of_group.retain(|(set, source)| axis.admits(place, *set, *source));
            }
            let all: Sources = of_group.iter().map(|(_, source)| *source).collect();
            let among = among.entry(all.only()).or_insert_with(|| kernel.among(all.only()));
            for (tail, follows) in follows.iter().enumerate() {
                let index = match &begins {
                    None => all,
                    Some(sets) => {
                        let of_tail = of_group.iter().filter(|(set, _)| sets[tail][*set]);
                        of_tail.map(|(_, source)| *source).collect()
                    }
                };
                let known = if says { index.and(*follows) } else { *follows };
                crossings.cells.push((!follows.is_empty() && known.are_several()).then(|| Crosses {
                    suppliers: index,
                    among: among[tail].iter().map(|of| group * tails + of).collect(),
                }));
            }
        }
        if crossings.cells.iter().all(Option::is_none) {
            crossings.cells.clear();
        }
        let line = |tail| std::iter::successors(Some(tail), |tail| kernel.also(*tail));
        let lines: Vec<Vec<usize>> = (0..tails).map(|tail| line(tail).collect()).collect();
        crossings.told = (0..crossings.cells.len())
            .map(|cell| {
                let (group, line) = (cell / tails * tails, &lines[cell % tails]);
                line.iter().any(|tail| crossings.cells[group + tail].is_some())
            })
            .collect();
        crossings
    }

    /// Whether units put into a cell have to be told by partner.
    #[inline]
    pub(super) fn tells(&self, cell: usize) -> bool {
        self.told.get(cell).is_some_and(|told| *told)
    }

    /// What makes a cell cross, where it does.
    pub(super) fn get(&self, cell: usize) -> Option<&Crosses> {
        self.cells.get(cell)?.as_ref()
    }
}

#[cfg(test)]
#[path = "crossing_tests.rs"]
mod tests;
