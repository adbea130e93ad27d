//! One pass over persons, whatever the question.

use super::cells::{Cells, families, set};
use super::index::RowAt;
use super::plan::Kind;
use super::walk::{Standing, Walk};
use super::{Plan, funnel, overlap, quality, reach};
use crate::consent::Permits;
use crate::disclosure::{Shape, Tabulation};
use crate::snapshot::Snapshot;

/// Why a plan cannot be counted: a fault of the service, never of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountError {
    /// The plan was made for another snapshot.
    #[error("the plan was made for another snapshot; plan the question again")]
    OtherSnapshot,
    /// The snapshot holds columns, codes or partners that the programme does not give it.
    #[error("the snapshot was sealed under another programme definition; seal again")]
    OtherProgramme,
    /// One permit per dataset of the plan is needed.
    #[error("{given} permits are given for the {datasets} datasets of the plan")]
    Permits {
        /// Permits given.
        given: usize,
        /// Datasets of the plan.
        datasets: usize,
    },
}

/// What a kernel says of one person: the index row, and the cells of its group by their tails.
pub(super) struct Found {
    pub(super) index: Option<RowAt>,
    pub(super) standing: Standing,
}

/// Counts a plan. `permits` stand in the order of [`Plan::datasets`], each compiled for [`Plan::span`] and the purpose
/// of the plan, with all partners of its dataset; a row of a partner that is not among them is permitted nothing.
///
/// Every combination of codes is a cell, whether anybody is in it or not. Left out are the persons who have, at some
/// source of some dataset of the plan, rows in its span and none that is permitted; whether they would have been in the
/// population, or counted at all, is not looked at, because that would read what they forbid.
///
/// # Errors
/// [`CountError`].
pub fn count(plan: &Plan, snapshot: &Snapshot, permits: &[Permits]) -> Result<Tabulation, CountError> {
    let walk = Walk::new(plan, snapshot, permits)?;
    let of = |tails: &[Vec<String>]| Cells::new(&plan.axes, tails);
    let (shape, columns, cells, left_out) = match &plan.kind {
        Kind::Reach => {
            let (cells, left_out) = pass(plan, snapshot, &walk, of(&[Vec::new()]), reach::person)?;
            (Shape::Partition, vec![], cells, left_out)
        }
        Kind::Funnel(steps) => {
            let mut kernel = funnel::Kernel::new(steps);
            let cells = of(&steps.ids().iter().map(|id| vec![id.clone()]).collect::<Vec<_>>());
            let (cells, left_out) =
                pass(plan, snapshot, &walk, cells, |walk, person, tails| kernel.person(walk, person, tails))?;
            (Shape::Chain { step_column: plan.axes.len() }, vec!["stage"], cells, left_out)
        }
        Kind::Overlap(combinations) => {
            let cells = of(&combinations.codes().map(|code| vec![code]).collect::<Vec<_>>());
            let mut kernel = overlap::Kernel::new(combinations);
            let (cells, left_out) =
                pass(plan, snapshot, &walk, cells, |walk, person, tails| kernel.person(walk, person, tails))?;
            (Shape::Overlap, vec!["partners"], cells, left_out)
        }
        Kind::Quality(parts) => {
            let mut kernel = quality::Kernel::new(parts);
            let cells = of(&kernel.codes());
            let (cells, left_out) =
                pass(plan, snapshot, &walk, cells, |walk, person, tails| kernel.person(walk, person, tails))?;
            (
                Shape::Chain { step_column: plan.axes.len() + 2 },
                vec!["dataset", "source", "known"],
                cells,
                left_out,
            )
        }
    };
    let dimensions = plan.axes.iter().map(|axis| axis.id.clone());
    Ok(Tabulation {
        shape,
        columns: dimensions.chain(columns.into_iter().map(str::to_owned)).collect(),
        cells: cells.finish(snapshot),
        left_out_families: families(snapshot, &left_out),
        left_out: set(&left_out),
    })
}

/// Asks the kernel about each person, and puts the person into its cells.
fn pass<'a>(
    plan: &Plan,
    snapshot: &Snapshot,
    walk: &Walk<'a>,
    mut cells: Cells,
    mut kernel: impl FnMut(&Walk<'a>, u32, &mut Vec<usize>) -> Found,
) -> Result<(Cells, Vec<u32>), CountError> {
    let mut left_out = Vec::new();
    let mut tails = Vec::new();
    for person in 1..=snapshot.persons {
        tails.clear();
        let found = kernel(walk, person, &mut tails);
        if found.standing == Standing::LeftOut {
            left_out.push(person);
            continue;
        }
        let Some(at) = found.index else { continue };
        let columns = walk.columns(at);
        if let Some(population) = &plan.population
            && !population.admits(columns, at)?
        {
            continue;
        }
        let mut group = 0;
        for axis in &plan.axes {
            group = group * axis.codes.len() + axis.place(columns, at)?;
        }
        for tail in &tails {
            cells.put(group, *tail, person);
        }
    }
    Ok((cells, left_out))
}
