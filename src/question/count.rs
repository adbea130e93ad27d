//! One pass over units, whatever the question, on all cores.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use super::Plan;
use super::kernel::Found;
use super::rows::Walk;
use super::tally::{Kept, Tally, families, keys, set};
use crate::consent::Permits;
use crate::disclosure::{Contribution, Counted, RawCell, Tabulation};
use crate::snapshot::Snapshot;

/// Most threads of one question: it shares the machine.
pub(super) const MAX_THREADS: usize = 8;
/// Units between two looks at whether the question is still wanted.
const STRIDE: u32 = 1 << 14;

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
    /// Nobody waits for the answer any more.
    #[error("the question was given up")]
    GivenUp,
}

/// How far a count has come, and whether it is still wanted. Shared between who waits and who counts.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU32,
    all: AtomicU32,
    given_up: AtomicBool,
}

impl Progress {
    /// Gives the question up: the count ends with [`CountError::GivenUp`] within a moment.
    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// Units counted, and units in all; both 0 before the count begins. For the operator's eyes alone: how many units
    /// there are is no released figure.
    #[must_use]
    pub fn units(&self) -> (u32, u32) {
        (self.done.load(Ordering::Relaxed), self.all.load(Ordering::Relaxed))
    }

    /// Whether it was given up.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        !self.wanted()
    }

    fn wanted(&self) -> bool {
        !self.given_up.load(Ordering::Relaxed)
    }
}

/// Counts a plan. `permits` stand in the order of [`Plan::datasets`], each compiled for [`Plan::span`] and the purpose
/// of the plan, with all partners of its dataset; a row of a partner that is not among them is permitted nothing.
///
/// Every combination of codes is a cell, whether anybody is in it or not. Left out are the persons who have, at some
/// source of some dataset of the plan, rows in its span and none that is permitted, and the units that they are part
/// of; whether they would have been in the population, or counted at all, is not looked at, because that would read
/// what they forbid.
///
/// # Errors
/// [`CountError`].
pub fn count(plan: &Plan, snapshot: &Snapshot, permits: &[Permits]) -> Result<Tabulation, CountError> {
    count_with(plan, snapshot, permits, &Progress::default())
}

/// The same, with progress, and to be given up.
///
/// # Errors
/// [`CountError`].
pub fn count_with(
    plan: &Plan,
    snapshot: &Snapshot,
    permits: &[Permits],
    progress: &Progress,
) -> Result<Tabulation, CountError> {
    let walk = Walk::new(plan, snapshot, permits)?;
    progress.all.store(walk.units(), Ordering::Relaxed);
    let tallies = pass(plan, snapshot, &walk, progress)?;
    let cells = cells(plan, snapshot, tallies);
    let left_out = walk.left_out();
    let kernel = &plan.kernel;
    let tails = plan.tails.len();
    let groups = cells.len() / tails.max(1);
    let everywhere = |tails_of: Vec<usize>| {
        (0..groups)
            .flat_map(|group| tails_of.iter().map(move |tail| group * tails + tail))
            .collect::<Vec<_>>()
    };
    let differences = kernel.differences();
    Ok(Tabulation {
        shape: kernel.shape(plan.axes.len()),
        columns: plan.table_columns(),
        extra: kernel.extra_head(),
        differences: (0..groups)
            .flat_map(|group| differences.iter().map(move |(a, b)| (group * tails + a, group * tails + b)))
            .collect(),
        response: kernel.response().map(|(answered, asked)| (everywhere(answered), everywhere(asked))),
        left_out_families: families(snapshot, &left_out),
        left_out: set(&left_out),
        cells,
    })
}

/// Asks the kernel about each unit, and puts the unit into its cells.
fn pass(
    plan: &Plan,
    snapshot: &Snapshot,
    walk: &Walk<'_>,
    progress: &Progress,
) -> Result<Vec<Tally>, CountError> {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let shares = u32::try_from(cores).unwrap_or(1);
    let share = (walk.units() / shares).max(STRIDE);
    let ranges: Vec<_> = (0..shares)
        .map(|at| {
            let from = at.saturating_mul(share).saturating_add(1);
            let to = if at + 1 == shares { walk.units() } else { (from - 1).saturating_add(share) };
            from..=to.min(walk.units())
        })
        .filter(|range| !range.is_empty())
        .collect();
    let parts: Vec<Result<Vec<Tally>, CountError>> = thread::scope(|scope| {
        let workers: Vec<_> = ranges
            .into_iter()
            .map(|range| scope.spawn(|| part(plan, snapshot, walk, range, progress)))
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("a kernel does not panic")).collect()
    });
    let mut whole = vec![Tally::default(); plan.cell_count()];
    for part in parts {
        whole.iter_mut().zip(part?).for_each(|(whole, part)| whole.append(part));
    }
    Ok(whole)
}

/// One thread's units.
fn part(
    plan: &Plan,
    snapshot: &Snapshot,
    walk: &Walk<'_>,
    units: std::ops::RangeInclusive<u32>,
    progress: &Progress,
) -> Result<Vec<Tally>, CountError> {
    let mut tallies = vec![Tally::default(); plan.cell_count()];
    let mut worker = plan.kernel.worker();
    let keeps = plan.kernel.keeps();
    let (mut found, mut persons) = (Found::default(), Vec::new());
    for unit in units {
        if unit % STRIDE == 0 {
            progress.done.fetch_add(STRIDE, Ordering::Relaxed);
            if !progress.wanted() {
                return Err(CountError::GivenUp);
            }
        }
        let Some(rows) = walk.unit(unit) else { continue };
        found.clear();
        worker.unit(&rows, &mut found);
        if let Some(fault) = found.fault {
            return Err(fault);
        }
        let Some(at) = found.index else { continue };
        let columns = rows.columns(at);
        if let Some(population) = &plan.population
            && !population.admits(columns, at)?
        {
            continue;
        }
        let mut group = 0;
        for axis in &plan.axes {
            group = group * axis.codes.len() + axis.place(columns, at)?;
        }
        rows.persons(&mut persons);
        let family = snapshot.families[rows.person(at) as usize];
        for part in &found.parts {
            let tally = &mut tallies[group * plan.tails.len() + part.tail];
            tally.parts.push(Contribution { family, source: part.source, amount: part.amount });
        }
        for member in &found.members {
            let tally = &mut tallies[group * plan.tails.len() + member.tail];
            tally.members.insert(member.number);
            tally.persons.push(member.person);
        }
        for put in &found.puts {
            let tally = &mut tallies[group * plan.tails.len() + put.tail];
            tally.units += 1;
            tally.persons.extend_from_slice(&persons);
            if keeps {
                let source = columns.source[at.row];
                tally.values.push(Kept { family, source, value: put.value, more: put.more });
            }
        }
    }
    Ok(tallies)
}

/// The cells, with the distinct families of each and what is told of them besides.
fn cells(plan: &Plan, snapshot: &Snapshot, mut tallies: Vec<Tally>) -> Vec<RawCell> {
    let axes: Vec<&[String]> = plan.axes.iter().map(|axis| &axis.codes[..]).collect();
    let keys = keys(&axes, &plan.tails);
    let tails = plan.tails.len();
    let sets: Vec<_> = tallies.iter_mut().map(Tally::set).collect();
    let mut cells = Vec::with_capacity(keys.len());
    for (at, (key, contributors)) in keys.into_iter().zip(sets).enumerate() {
        let (group, tail) = (at / tails * tails, at % tails);
        cells.push(RawCell {
            key,
            contributors,
            counted: plan.kernel.counted(tail).unwrap_or(Counted::from(plan.unit)),
            units: tallies[at].counted(),
            families: families(snapshot, &tallies[at].persons),
            structural_zero: false,
            of: plan.kernel.of(tail).map(|of| group + of),
            extra: plan.kernel.extra(&tallies[group..group + tails], tail),
            measure: plan.kernel.measure(tail),
        });
    }
    cells
}

#[cfg(test)]
#[path = "count_tests.rs"]
mod tests;
