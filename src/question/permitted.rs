//! Which rows of a plan are permitted, as a bit a row, and who leaves the question.

use std::thread;

use super::Plan;
use super::count::CountError;
use crate::clock::Day;
use crate::consent::{Allowed, Permits};
use crate::snapshot::{Columns, Snapshot};

/// Permitted rows of one dataset of a plan.
pub(super) struct Rows {
    /// A bit a row; none where every row of the span is permitted.
    bits: Option<Vec<u64>>,
}

impl Rows {
    /// Whether a row of the span is permitted.
    #[inline]
    pub(super) fn holds(&self, row: usize) -> bool {
        self.bits.as_ref().is_none_or(|bits| bits[row / 64] >> (row % 64) & 1 != 0)
    }
}

/// Persons who leave the question: at some source of some dataset they have rows in the span, and none of them is
/// permitted. A bit a person.
pub(super) struct Leaving(Vec<u64>);

impl Leaving {
    /// Whether a person leaves.
    #[inline]
    pub(super) fn holds(&self, person: u32) -> bool {
        self.0.get(person as usize / 64).is_some_and(|word| word >> (person % 64) & 1 != 0)
    }

    /// Everybody who leaves, in ascending order.
    pub(super) fn persons(&self) -> Vec<u32> {
        let words = self.0.iter().zip(0u32..).filter(|(word, _)| **word != 0);
        words
            .flat_map(|(word, at)| {
                (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| at * 64 + bit)
            })
            .collect()
    }
}

/// Compiles the permits of a plan: one look-up a person and source, and from then on one bit a row.
pub(super) fn compile(
    plan: &Plan,
    snapshot: &Snapshot,
    permits: &[Permits],
) -> Result<(Vec<Rows>, Leaving), CountError> {
    if permits.len() != plan.datasets().len() {
        return Err(CountError::Permits { given: permits.len(), datasets: plan.datasets().len() });
    }
    let words = snapshot.persons as usize / 64 + 1;
    let mut leaving = vec![0; words];
    let mut rows = Vec::new();
    for (dataset, permits) in plan.datasets().iter().zip(permits) {
        let columns = &snapshot.datasets[*dataset];
        let closed: Vec<bool> = (0..=u8::MAX).map(|source| permits.permitted(source).is_some()).collect();
        if !columns.source.iter().any(|source| closed[usize::from(*source)]) {
            rows.push(Rows { bits: None });
            continue;
        }
        // Each thread has its own words of persons; the words of rows meet at one place, and are put together.
        let cores = thread::available_parallelism().map_or(1, usize::from).min(super::count::MAX_THREADS);
        let share = words.div_ceil(cores).max(1);
        let span = (plan.span().start().days(), plan.span().end().days());
        let parts: Vec<(usize, Vec<u64>)> = thread::scope(|scope| {
            let workers: Vec<_> = leaving
                .chunks_mut(share)
                .enumerate()
                .map(|(at, leaving)| {
                    let first = at * share * 64;
                    let closed = &closed;
                    scope.spawn(move || part(columns, permits, closed, span, first, leaving))
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("it does not panic")).collect()
        });
        let mut bits = vec![0; columns.len().div_ceil(64)];
        for (from, words) in parts {
            for (word, part) in bits[from..].iter_mut().zip(words) {
                *word |= part;
            }
        }
        rows.push(Rows { bits: Some(bits) });
    }
    // Rows without a person are nobody's: nobody leaves for them.
    leaving[0] &= !1;
    Ok((rows, Leaving(leaving)))
}

/// The rows of the persons from `first` on, as many as `leaving` has bits: the first word of rows, and the words.
fn part(
    columns: &Columns,
    permits: &Permits,
    closed: &[bool],
    (first_day, last_day): (i32, i32),
    first: usize,
    leaving: &mut [u64],
) -> (usize, Vec<u64>) {
    let place =
        |person: usize| columns.offsets.get(person).or(columns.offsets.last()).map_or(0, |at| *at as usize);
    let (start, end) = (place(first), place(first + leaving.len() * 64));
    let word = start / 64;
    let mut bits = vec![0u64; end.div_ceil(64).saturating_sub(word)];
    for (at, leaves) in leaving.iter_mut().enumerate() {
        for bit in 0..64 {
            let Ok(person) = u32::try_from(first + at * 64 + bit) else { break };
            let (mut present, mut kept) = ([0u64; 4], [0u64; 4]);
            let mut current: Option<(u8, Allowed<'_>)> = None;
            for row in columns.rows(person) {
                let day = columns.day[row];
                if day < first_day {
                    continue;
                }
                if day > last_day {
                    break;
                }
                let source = columns.source[row];
                if closed[usize::from(source)] {
                    let (word, mask) = (usize::from(source / 64), 1 << (source % 64));
                    present[word] |= mask;
                    let (_, allowed) = match &mut current {
                        Some(same) if same.0 == source => same,
                        other => other.insert((source, permits.person(source, person))),
                    };
                    if !allowed.allows(Day::from_days(day)) {
                        continue;
                    }
                    kept[word] |= mask;
                }
                bits[row / 64 - word] |= 1 << (row % 64);
            }
            // Anonymous rows are nobody's: no person leaves with them.
            if person != 0 && present != kept {
                *leaves |= 1 << bit;
            }
        }
    }
    (word, bits)
}
