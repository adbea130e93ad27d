//! From what units were put into to the cells of a table: contributors, units, families, extras.

use std::convert::Infallible;

use super::Plan;
use super::count::Filled;
use super::crossing::Crossings;
use super::families::Families;
use super::tally::{Tally, add, keys};
use crate::disclosure::{Counted, Crossing, Extra, PersonSet, RawCell};
use crate::linkage::work::in_parallel_on;

/// Who and how many are in a cell.
#[derive(Default)]
struct Sum {
    contributors: PersonSet,
    units: u64,
    families: u64,
    /// Units by position of the partner of their index row, in a cell that crosses partners.
    supplied: Vec<u64>,
}

/// The cells, in the order of the plan.
pub(super) fn cells(
    threads: usize,
    plan: &Plan,
    families: &[u32],
    filled: Filled,
    crossings: &Crossings,
) -> Vec<RawCell> {
    let axes: Vec<&[String]> = plan.axes.iter().map(|axis| &axis.codes[..]).collect();
    let keys = keys(&axes, &plan.tails);
    let kernel = &plan.kernel;
    let tails = plan.tails.len();
    let Filled { mut tallies, members } = filled;
    let mut sums = lines(threads, plan, families, &tallies, crossings);
    if let Some(meets) = kernel.meets() {
        for (group, members) in members.iter().enumerate().filter(|(_, members)| !members.is_empty()) {
            let mut supplied = Vec::new();
            if (0..tails).any(|tail| crossings.tells(group * tails + tail)) {
                supplied = members.supplied(&meets, crossings.partners);
            }
            for (tail, (contributors, families)) in members.cells(&meets, families).into_iter().enumerate() {
                let (units, supplied) = (contributors.len(), supplied.get(tail).cloned().unwrap_or_default());
                sums[group * tails + tail] = Sum { contributors, units, families, supplied };
            }
        }
    }
    tallies.iter_mut().zip(&sums).for_each(|(tally, sum)| tally.units = sum.units);
    let extras: Vec<_> = tallies.chunks(tails.max(1)).flat_map(|group| kernel.extras(group)).collect();
    let cell = |at: usize, key: Vec<String>, sum: Sum, extra: Option<Extra>| {
        let (group, tail) = (at / tails * tails, at % tails);
        let Sum { contributors, units, families, mut supplied } = sum;
        let crossing = crossings.get(at).map(|crosses| {
            supplied.resize(supplied.len().max(crossings.partners), 0);
            Crossing { supplied, ..crosses.supply() }
        });
        RawCell {
            key,
            contributors,
            counted: kernel.counted(tail).unwrap_or(Counted::from(plan.unit)),
            // Units, or others that are counted in their place.
            units: units + tallies[at].members.len(),
            families,
            structural_zero: false,
            of: kernel.of(tail).map(|of| group + of),
            extra,
            crossing,
            measure: kernel.measure(tail),
        }
    };
    let all = keys.into_iter().zip(sums).zip(extras).enumerate();
    all.map(|(at, ((key, sum), extra))| cell(at, key, sum, extra)).collect()
}

/// The sums of all cells, line by line: those in a tail are in the next one of its line as well.
fn lines(
    threads: usize,
    plan: &Plan,
    families: &[u32],
    tallies: &[Tally],
    crossings: &Crossings,
) -> Vec<Sum> {
    let tails = plan.tails.len();
    let next: Vec<Option<usize>> = (0..tails).map(|tail| plan.kernel.also(tail)).collect();
    let first = (0..tails).filter(|tail| !next.contains(&Some(*tail)));
    let of_group: Vec<Vec<usize>> =
        first.map(|tail| std::iter::successors(Some(tail), |tail| next[*tail]).collect()).collect();
    let groups = tallies.len() / tails.max(1);
    let all = (0..groups).flat_map(|group| {
        of_group.iter().map(move |line| line.iter().map(|tail| group * tails + tail).collect::<Vec<_>>())
    });
    let weight = |line: &[usize]| line.iter().map(|cell| tallies[*cell].persons.len()).sum::<usize>();
    let jobs = all.map(|line| (weight(&line), line)).filter(|(weight, _)| *weight > 0);
    let jobs = jobs.map(|(weight, line)| (weight as u64, (weight, line))).collect();
    let made = in_parallel_on(threads, jobs, |(weight, line): (usize, Vec<usize>)| {
        let mut met = Families::new(families, weight);
        let (mut all, mut units, mut supplied) = (PersonSet::new(), 0, Vec::new());
        let mut sums = Vec::with_capacity(line.len());
        for (at, cell) in line.iter().enumerate() {
            let tally = &tallies[*cell];
            units += tally.units;
            add(&mut supplied, &tally.supplied);
            let families = met.add(&tally.persons);
            all |= tally.set();
            let contributors = if at + 1 == line.len() { std::mem::take(&mut all) } else { all.clone() };
            let supplied = crossings.get(*cell).map(|_| supplied.clone()).unwrap_or_default();
            sums.push((*cell, Sum { contributors, units, families, supplied }));
        }
        Ok::<_, Infallible>(sums)
    });
    let Ok(made) = made;
    let mut sums: Vec<Sum> = tallies.iter().map(|_| Sum::default()).collect();
    made.into_iter().flatten().for_each(|(cell, sum)| sums[cell] = sum);
    sums
}
