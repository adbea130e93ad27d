//! One pass over units, whatever the question, on all cores.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::Plan;
use super::bits;
use super::crossing::Crossings;
use super::families::families;
use super::kernel::Found;
use super::meets::Members;
use super::prepared::{Prepared, fits};
use super::rows::Walk;
use super::table;
use super::tally::{Kept, Tally};
use crate::consent::Permits;
use crate::disclosure::{Contribution, FamilyOf, Tabulation};
use crate::linkage::work::{cores, in_parallel_on};
use crate::programme::Unit;
use crate::snapshot::Snapshot;

/// Units that a thread takes at a time; between two such parts it looks whether the question is still wanted.
const PART: u32 = 1 << 14;

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
    /// What was prepared is for a plan of other datasets, days or units.
    #[error("what was prepared is for another plan; prepare it for this one")]
    OtherPlan,
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
    let prepared = Prepared::new(plan, snapshot, permits)?;
    count_prepared(plan, &prepared, &Progress::default())
}

/// The same from what was prepared for a plan of the same datasets, span, purpose and unit; with progress, and to be
/// given up. The answer does not depend on the number of cores.
///
/// # Errors
/// [`CountError`].
pub fn count_prepared(
    plan: &Plan,
    prepared: &Prepared,
    progress: &Progress,
) -> Result<Tabulation, CountError> {
    count_on(cores(), plan, prepared, progress)
}

/// The same on so many threads.
pub(super) fn count_on(
    threads: usize,
    plan: &Plan,
    prepared: &Prepared,
    progress: &Progress,
) -> Result<Tabulation, CountError> {
    fits(plan, &prepared.snapshot)?;
    if !prepared.is_for(plan) {
        return Err(CountError::OtherPlan);
    }
    progress.all.store(prepared.units(), Ordering::Relaxed);
    let crossings = Crossings::of(plan);
    let filled = pass(threads, plan, prepared, progress, &crossings)?;
    let kernel = &plan.kernel;
    let cells = table::cells(threads, plan, &prepared.snapshot.families, filled, &crossings);
    let tails = plan.tails.len();
    let groups = cells.len() / tails.max(1);
    let everywhere = |tails_of: Vec<usize>| {
        (0..groups)
            .flat_map(|group| tails_of.iter().map(move |tail| group * tails + tail))
            .collect::<Vec<_>>()
    };
    let (differences, complete) = (kernel.differences(), kernel.complete());
    let of_group = |group: usize| {
        let place = move |tail: &usize| group * tails + tail;
        complete.iter().map(move |(whole, parts)| (place(whole), parts.iter().map(place).collect()))
    };
    let left_out: Vec<u32> = bits::numbers(prepared.leaving()).collect();
    Ok(Tabulation {
        shape: kernel.shape(plan.axes.len()),
        columns: plan.table_columns(),
        extra: kernel.extra_head(),
        differences: (0..groups)
            .flat_map(|group| differences.iter().map(move |(a, b)| (group * tails + a, group * tails + b)))
            .collect(),
        complete: (0..groups).flat_map(of_group).collect(),
        response: kernel.response().map(|(answered, asked)| (everywhere(answered), everywhere(asked))),
        additive: true,
        family_of: Some(FamilyOf::new(Arc::clone(&prepared.snapshot.families))),
        left_out_families: families(&prepared.snapshot.families, &left_out),
        left_out: bits::set(prepared.leaving()),
        cells,
    })
}

/// What some units were put into, in the order of units.
pub(super) struct Filled {
    /// By cell.
    pub(super) tallies: Vec<Tally>,
    /// By group, where the tails are meets and units are persons; empty elsewhere.
    pub(super) members: Vec<Members>,
}

impl Filled {
    fn new(plan: &Plan) -> Filled {
        let cells = plan.cell_count();
        Filled {
            tallies: vec![Tally::default(); cells],
            members: vec![Members::default(); cells / plan.tails.len().max(1)],
        }
    }
}

/// What of a part is there at all: cells or groups, and what is in them.
struct Part {
    tallies: Vec<(usize, Tally)>,
    members: Vec<(usize, Members)>,
}

/// Asks the kernel about each unit, and puts the unit into its cells.
fn pass(
    threads: usize,
    plan: &Plan,
    prepared: &Prepared,
    progress: &Progress,
    crossings: &Crossings,
) -> Result<Filled, CountError> {
    let walk = Walk::new(plan, prepared);
    let meets = plan.kernel.meets();
    // A part is no smaller than the table: an empty one has to be made for each.
    let cells = u32::try_from(plan.cell_count()).unwrap_or(u32::MAX);
    let size = PART.max(cells.saturating_mul(8));
    let end = prepared.units().saturating_add(1);
    let starts = (1..end).step_by(size as usize);
    let jobs = starts.map(|from| (0, from..from.saturating_add(size).min(end))).collect();
    let parts = in_parallel_on(threads, jobs, |units: Range<u32>| {
        if !progress.wanted() {
            return Err(CountError::GivenUp);
        }
        let number = units.end - units.start;
        let part = part(plan, &walk, meets.as_deref(), crossings, units)?;
        progress.done.fetch_add(number, Ordering::Relaxed);
        Ok(part)
    })?;
    let mut whole = Filled::new(plan);
    for part in parts {
        part.tallies.into_iter().for_each(|(cell, tally)| whole.tallies[cell].append(tally));
        part.members.into_iter().for_each(|(group, members)| whole.members[group].append(members));
    }
    Ok(whole)
}

/// Some units, one after the other.
fn part(
    plan: &Plan,
    walk: &Walk<'_>,
    meets: Option<&[u64]>,
    crossings: &Crossings,
    units: Range<u32>,
) -> Result<Part, CountError> {
    let mut filled = Filled::new(plan);
    let mut worker = plan.kernel.worker();
    let keeps = plan.kernel.keeps();
    let families = walk.families();
    let tails = plan.tails.len();
    let (mut found, mut persons) = (Found::default(), Vec::new());
    for unit in units {
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
        if let Some(meets) = meets {
            if plan.unit == Unit::Person {
                filled.members[group].push(unit, found.sets, columns.source[at.row]);
                continue;
            }
            let met = meets.iter().enumerate().filter(|(_, meet)| found.sets & **meet == **meet);
            let met: Vec<usize> = met.map(|(tail, _)| tail).collect();
            met.into_iter().for_each(|tail| found.put(tail));
        }
        rows.persons(&mut persons);
        let family = families[rows.person(at) as usize];
        for part in &found.parts {
            let tally = &mut filled.tallies[group * tails + part.tail];
            tally.parts.push(Contribution { family, source: part.source, amount: part.amount });
        }
        for member in &found.members {
            let tally = &mut filled.tallies[group * tails + member.tail];
            tally.members.insert(member.number);
            tally.persons.push(member.person);
        }
        for put in &found.puts {
            let cell = group * tails + put.tail;
            let tally = &mut filled.tallies[cell];
            tally.units += 1;
            if crossings.tells(cell) {
                tally.supply(columns.source[at.row]);
            }
            match persons[..] {
                [person] => tally.persons.push(person),
                _ => tally.persons.extend_from_slice(&persons),
            }
            if keeps {
                let source = columns.source[at.row];
                tally.values.push(Kept { family, source, value: put.value, more: put.more });
            }
        }
    }
    let tallies = filled.tallies.into_iter().enumerate().filter(|(_, tally)| !tally.is_empty());
    let members = filled.members.into_iter().enumerate().filter(|(_, members)| !members.is_empty());
    Ok(Part { tallies: tallies.collect(), members: members.collect() })
}

#[cfg(test)]
#[path = "count_tests.rs"]
mod tests;
#[cfg(test)]
#[path = "count_threads.rs"]
mod threads;
