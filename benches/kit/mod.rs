//! What benchmarks of questions have in common: made-up rows, and the best of five.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kobling::clock::Day;
use kobling::programme::{Programme, Role};
use kobling::snapshot::{Columns, Snapshot};

const EVENTS_PER_PERSON: u64 = 10;

/// SplitMix64: pseudo-random, and fast enough not to be what is measured.
pub struct Numbers(pub u64);

impl Numbers {
    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// The best of five.
pub fn best<T>(mut work: impl FnMut() -> T) -> Duration {
    let once = |_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed()
    };
    (0..5).map(once).min().expect("five")
}

/// So many rows, ten a person, of every dataset of a programme.
pub fn snapshot(programme: &Programme, events: u64) -> Snapshot {
    let persons = u32::try_from(events / EVENTS_PER_PERSON).expect("fewer than four thousand million").max(1);
    let mut numbers = Numbers(1);
    let mut rows: Vec<Vec<(u32, i32, u8)>> = vec![Vec::new(); programme.datasets.len()];
    for _ in 0..events {
        let dataset = numbers.below(rows.len() as u64) as usize;
        let partners = &programme.datasets[dataset].partners;
        // A person is mostly known at one or two partners of a dataset.
        let person = 1 + numbers.below(u64::from(persons)) as u32;
        let home = u64::from(person) * 7 + numbers.below(2);
        let source = partners[(home % partners.len() as u64) as usize];
        rows[dataset].push((person, 18_628 + numbers.below(1_200) as i32, source));
    }
    let datasets = rows.iter_mut().zip(&programme.datasets).map(|(rows, dataset)| {
        rows.sort_unstable();
        let until = |person| rows.partition_point(|row| row.0 < person) as u32;
        let mut numbers = Numbers(2);
        let categories = dataset.columns.iter().map(|column| {
            let Role::Category { list } = column.role else { return None };
            let codes = programme.code_lists[list].codes.len() as u64;
            Some(rows.iter().map(|_| numbers.below(codes) as u8).collect())
        });
        Arc::new(Columns {
            offsets: (0..=persons + 1).map(until).collect(),
            day: rows.iter().map(|row| row.1).collect(),
            source: rows.iter().map(|row| row.2).collect(),
            related: None,
            case: None,
            staff: dataset.columns.iter().map(|_| None).collect(),
            categories: categories.collect(),
            measures: dataset.columns.iter().map(|_| None).collect(),
        })
    });
    Snapshot {
        id: 1,
        day: Day::from_ymd(2024, 4, 30).expect("a day"),
        persons,
        families: (0..=persons).map(|person| person - person % 2).collect(),
        withheld: kobling::snapshot::Withheld::default(),
        datasets: datasets.collect(),
    }
}
