//! Which rows of a dataset a question may read, as a bit a row, and who leaves it.
//!
//! A [`Reading`] is of one dataset, one span of days and one set of permits, and of no question: it can be kept for the
//! next one of the same span, purpose and recipient, for as long as no consent and no day comes in between.

use std::convert::Infallible;
use std::ops::{Range, RangeInclusive};

use super::bits::{self, CHUNK};
use crate::clock::Day;
use crate::consent::{Permits, PersonsOfSource};
use crate::linkage::work::in_parallel;
use crate::snapshot::{Columns, Snapshot};

/// What of a dataset may be read. No `Debug`: it says who permits what.
#[derive(PartialEq, Eq)]
pub struct Reading {
    /// A bit a row, with a person or without: permitted, and in the span.
    pub(super) rows: Vec<u64>,
    /// A bit a person: at some source rows in the span, or rows that were not kept, and none that is permitted.
    pub(super) leaving: Vec<u64>,
    /// First and last day of the span.
    pub(super) span: (i32, i32),
}

/// The part of a dataset that one thread compiles at a time.
struct Part {
    /// The first word of `rows`.
    word: usize,
    rows: Vec<u64>,
    leaving: Vec<u64>,
}

impl Reading {
    /// Compiles the permits of a dataset of a snapshot, in one pass over its days and sources.
    #[must_use]
    pub fn compile(
        snapshot: &Snapshot,
        dataset: usize,
        span: &RangeInclusive<Day>,
        permits: &Permits,
    ) -> Reading {
        let (columns, persons) = (&*snapshot.datasets[dataset], snapshot.persons);
        let chunks = (persons as usize + 1).div_ceil(CHUNK);
        let empty = Reading {
            rows: vec![0; columns.len().div_ceil(64)],
            leaving: vec![0; chunks * (CHUNK / 64)],
            span: (span.start().days(), span.end().days()),
        };
        empty.with((0..chunks).map(|chunk| chunk * CHUNK).collect(), (snapshot, dataset), permits)
    }

    /// Compiles again the parts in which the permissions of `changed` persons, in ascending order, are others than they
    /// were; the dataset of the snapshot and the span must be the same as before.
    #[must_use]
    pub fn compile_again(
        &self,
        snapshot: &Snapshot,
        dataset: usize,
        span: &RangeInclusive<Day>,
        permits: &Permits,
        changed: &[u32],
    ) -> Reading {
        if self.span != (span.start().days(), span.end().days()) {
            return Reading::compile(snapshot, dataset, span, permits);
        }
        let (columns, persons) = (&*snapshot.datasets[dataset], snapshot.persons);
        let known = changed.iter().filter(|person| **person <= persons);
        let mut firsts: Vec<usize> = known.map(|person| *person as usize / CHUNK * CHUNK).collect();
        firsts.dedup();
        let mut rows = self.rows.clone();
        for first in &firsts {
            bits::clear(&mut rows, part_of(columns, *first));
        }
        Reading { rows, leaving: self.leaving.clone(), span: self.span }.with(
            firsts,
            (snapshot, dataset),
            permits,
        )
    }

    /// The same with the parts that begin at some persons compiled anew; their rows must be clear.
    fn with(
        mut self,
        firsts: Vec<usize>,
        (snapshot, dataset): (&Snapshot, usize),
        permits: &Permits,
    ) -> Reading {
        let columns = &*snapshot.datasets[dataset];
        let compiled = firsts.clone();
        let sources: Vec<PersonsOfSource<'_>> = (0..=u8::MAX).map(|source| permits.source(source)).collect();
        let jobs = firsts.iter().map(|first| (0, *first)).collect();
        let span = self.span;
        let made = in_parallel(jobs, |first| Ok::<_, Infallible>(part(columns, &sources, span, first)));
        let Ok(parts) = made;
        for (first, part) in firsts.into_iter().zip(parts) {
            // The last word of one part is the first one of the next.
            self.rows[part.word..].iter_mut().zip(part.rows).for_each(|(word, part)| *word |= part);
            self.leaving[first / 64..first / 64 + part.leaving.len()].copy_from_slice(&part.leaving);
        }
        // A part's persons of whom rows were not kept leave with it, unless a row of theirs may be read.
        for (source, withheld) in snapshot.withheld.of_dataset(dataset) {
            let PersonsOfSource::Those(_) = sources[usize::from(source)] else { continue };
            for first in &compiled {
                let range = u32::try_from(*first).unwrap_or(u32::MAX);
                let last = u32::try_from(*first + CHUNK - 1).unwrap_or(u32::MAX);
                for person in withheld.range(range..=last) {
                    let read = |row: usize| columns.source[row] == source && bits::holds(&self.rows, row);
                    if !columns.rows(person).any(read) {
                        self.leaving[person as usize / 64] |= 1 << (person % 64);
                    }
                }
            }
        }
        self
    }

    /// Bytes that it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (size_of_val(&*self.rows) + size_of_val(&*self.leaving)) as u64
    }
}

/// The rows of the part that begins at a person.
fn part_of(columns: &Columns, first: usize) -> Range<usize> {
    let place =
        |person: usize| columns.offsets.get(person).or(columns.offsets.last()).map_or(0, |at| *at as usize);
    place(first)..place(first + CHUNK)
}

/// The rows of the persons from `first` on.
fn part(columns: &Columns, sources: &[PersonsOfSource<'_>], span: (i32, i32), first: usize) -> Part {
    let Range { start, end } = part_of(columns, first);
    let (days, of) = (&columns.day[start..end], &columns.source[start..end]);
    let word = start / 64;
    let mut part =
        Part { word, rows: vec![0; end.div_ceil(64).saturating_sub(word)], leaving: vec![0; CHUNK / 64] };
    let inside = |day: i32| (span.0..=span.1).contains(&day);
    if of.iter().all(|source| matches!(sources[usize::from(*source)], PersonsOfSource::Everybody)) {
        for (at, day) in days.iter().enumerate() {
            let row = start + at;
            part.rows[row / 64 - word] |= u64::from(inside(*day)) << (row % 64);
        }
        return part;
    }
    // Whom a source permits every row of the span, by person of the chunk.
    let mut whole: Vec<Vec<u64>> = vec![Vec::new(); sources.len()];
    for (whole, source) in whole.iter_mut().zip(sources) {
        *whole = match source {
            PersonsOfSource::Nobody => Vec::new(),
            PersonsOfSource::Everybody => vec![u64::MAX; CHUNK / 64],
            PersonsOfSource::Those(those) => bits::of_range(those.whole(), first),
        };
    }
    let offsets = columns.offsets.get(first..).unwrap_or_default();
    for (person, run) in offsets.windows(2).take(CHUNK).enumerate() {
        let mut narrowed = false;
        for row in run[0] as usize..run[1] as usize {
            let held = bits::holds(&whole[usize::from(columns.source[row])], person);
            let inside = inside(columns.day[row]);
            narrowed |= inside & !held;
            part.rows[row / 64 - word] |= u64::from(inside & held) << (row % 64);
        }
        // Person 0 is nobody: an anonymous row has nobody to permit it, and nobody to leave.
        if narrowed && first + person != 0 {
            let rows = run[0] as usize..run[1] as usize;
            let leaves = windows(columns, sources, rows, first + person, inside, &whole, &mut part);
            part.leaving[person / 64] |= u64::from(leaves) << (person % 64);
        }
    }
    part
}

/// The rows of one person who does not permit all of them; whether the person leaves.
fn windows(
    columns: &Columns,
    sources: &[PersonsOfSource<'_>],
    rows: Range<usize>,
    person: usize,
    inside: impl Fn(i32) -> bool,
    whole: &[Vec<u64>],
    part: &mut Part,
) -> bool {
    let (mut present, mut kept) = ([0u64; 4], [0u64; 4]);
    let mut current: Option<(u8, &[(Day, Day)])> = None;
    for row in rows.filter(|row| inside(columns.day[*row])) {
        let source = columns.source[row];
        if bits::holds(&whole[usize::from(source)], person % CHUNK) {
            continue;
        }
        let (word, mask) = (usize::from(source / 64), 1 << (source % 64));
        present[word] |= mask;
        let (_, windows) = match current {
            Some(same) if same.0 == source => same,
            _ => {
                let windows = match &sources[usize::from(source)] {
                    PersonsOfSource::Those(those) => {
                        u32::try_from(person).map_or(&[][..], |person| those.windows(person))
                    }
                    PersonsOfSource::Nobody | PersonsOfSource::Everybody => &[],
                };
                *current.insert((source, windows))
            }
        };
        let day = Day::from_days(columns.day[row]);
        if windows.iter().any(|(from, to)| (*from..=*to).contains(&day)) {
            kept[word] |= mask;
            part.rows[row / 64 - part.word] |= 1 << (row % 64);
        }
    }
    present != kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_compiled_again_is_the_part_compiled_anew() {
        // Three parts, the rows of which begin and end within words.
        let persons = 150_000u32;
        let rows = persons as usize;
        let columns = Columns {
            offsets: std::iter::once(0).chain(0..=persons).collect(),
            day: (0..persons).map(|person| 100 + (person % 3) as i32).collect(),
            source: vec![0; rows],
            related: None,
            case: None,
            staff: Vec::new(),
            categories: Vec::new(),
            measures: Vec::new(),
        };
        let span = Day::from_days(100)..=Day::from_days(101);
        let all = [(Day::from_days(100), Day::from_days(101))];
        let without = |gone: &[u32]| {
            let permits = Permits::builder(span.clone()).in_order(0, |each| {
                (1..=persons).filter(|person| !gone.contains(person)).for_each(|person| each(person, &all));
            });
            permits.build()
        };
        // Of these a row was not kept: the first two have rows that may be read, the others have none in the span.
        let withheld = [(0, 0)].map(|of| (of, [1, 70_000, 6, 65_538, 150_000].into_iter().collect()));
        let snapshot = Snapshot {
            id: 1,
            day: Day::from_days(200),
            persons,
            families: Vec::new().into(),
            withheld: crate::snapshot::Withheld::from_sets(withheld.into()),
            datasets: vec![std::sync::Arc::new(columns)],
        };
        let first = Reading::compile(&snapshot, 0, &span, &without(&[]));
        let leaves = |person: usize| bits::holds(&first.leaving, person);
        assert!([6, 65_538, 150_000].into_iter().all(leaves) && ![1, 70_000, 2, 8].into_iter().any(leaves));
        for changed in [
            &[][..],
            &[1],
            &[65_535, 65_536],
            &[3, 70_000, 140_000],
            &[131_072, 150_000],
            // Persons that came after the snapshot have no rows in it.
            &[150_001, 4_000_000],
        ] {
            let permits = without(changed);
            let anew = Reading::compile(&snapshot, 0, &span, &permits);
            let again = first.compile_again(&snapshot, 0, &span, &permits, changed);
            assert!(again == anew, "{changed:?}");
            assert_eq!(anew == first, changed.iter().all(|person| *person > persons), "{changed:?}");
            let back = again.compile_again(&snapshot, 0, &span, &without(&[]), changed);
            assert!(back == first, "{changed:?}");
        }
    }
}
