//! What a new cell costs beside all that was ever released (rules R8 and R9).
//!
//! `cargo bench --bench ledger [-- SETS]`: so many entered sets, a million unless told, in a data folder of its own, and
//! cells by the thousand. Sets are of 1 to 5,000 of five million persons: six of ten are small, half of all overlap an
//! earlier one in most of their persons. The comparison with every set, one after the other, is made in memory, so that it
//! does not read; of the ledger's own time reading is a part.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "kit/mod.rs"]
#[expect(dead_code, reason = "this benchmark uses a part of the kit")]
mod kit;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kit::Numbers;
use kobling::audit::{Actor, Subject};
use kobling::clock::Timestamp;
use kobling::disclosure::{
    Dimensions, EndedPeriod, Ledger, PersonSet, RawCell, ReleaseContext, Rules, Sets, Shape, Tabulation,
    release,
};
use kobling::key::SigningKey;
use kobling::programme::Programme;
use kobling::store::{NewSnapshot, Store, StoreError, WithSets};
use kobling::vault::Vault;

const SETS: usize = 1_000_000;
const PERSONS: u64 = 5_000_000;
/// Cells of one answer while the ledger is filled.
const CELLS: usize = 5_000;
const PROBES: usize = 2_000;

/// The store, as the service reads sets from it.
struct Shelf(Arc<Store>);

impl Sets for Shelf {
    fn stored_set(&self, seq: u64) -> Option<Vec<u8>> {
        self.0.ledger_set(seq).ok().flatten()
    }
}

/// Random sets; the earlier ones that later ones overlap.
struct World {
    numbers: Numbers,
    earlier: Vec<PersonSet>,
}

impl World {
    fn set(&mut self) -> PersonSet {
        if !self.earlier.is_empty() && self.numbers.below(2) == 0 {
            let at = self.numbers.below(self.earlier.len() as u64) as usize;
            let changes = 1 + self.numbers.below(20);
            let mut set = self.earlier[at].clone();
            for _ in 0..changes {
                let some = self.numbers.below(set.len().max(1)) as u32;
                if let Some(person) = set.select(some) {
                    set.remove(person);
                }
                set.insert(1 + self.numbers.below(PERSONS) as u32);
            }
            return set;
        }
        let size = match self.numbers.below(10) {
            0..=5 => 1 + self.numbers.below(30),
            6..=8 => 30 + self.numbers.below(470),
            _ => 500 + self.numbers.below(4_500),
        };
        let set: PersonSet = (0..size).map(|_| 1 + self.numbers.below(PERSONS) as u32).collect();
        // Some are remembered.
        if self.earlier.len() < 20_000 {
            self.earlier.push(set.clone());
        } else {
            let at = self.numbers.below(20_000) as usize;
            self.earlier[at] = set.clone();
        }
        set
    }
}

fn context(question: String, rules: &Rules) -> ReleaseContext {
    let period = "2022-Q1..2022-Q4".parse().expect("a period");
    let ended = EndedPeriod::check(period, "2023-06-01".parse().expect("a day"), 30).expect("ended");
    ReleaseContext::new(question, 1, Dimensions::check(Vec::new(), rules).expect("none"), ended)
}

fn tabulation(sets: Vec<PersonSet>) -> Tabulation {
    let cell = |(at, set): (usize, PersonSet)| {
        let families = set.len();
        RawCell::persons(vec![at.to_string()], set, families)
    };
    let cells = sets.into_iter().enumerate().map(cell).collect();
    Tabulation::counts(Shape::Overlap, vec!["cell".to_owned()], cells)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn main() {
    let wanted = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(SETS);
    let dir = tempfile::tempdir().expect("a folder");
    let store = Arc::new(store(&dir.path().join("data")));
    let rules = Rules::standard();
    let actor = actor();
    let mut world = World { numbers: Numbers(1), earlier: Vec::new() };
    let mut all: Vec<PersonSet> = Vec::new();
    let open = |store: &Arc<Store>| {
        let mut opening = Ledger::opening(rules.held(), Arc::new(Shelf(Arc::clone(store))));
        let read = store.each_ledger_line(WithSets::Unless(opening.sketched()), |line| {
            opening.add(&line).map_err(|_| StoreError::Damaged("the ledger of the benchmark"))
        });
        read.unwrap_or_else(|error| panic!("{error}"));
        opening.finish()
    };

    let mut ledger = open(&store);
    let (start, mut question) = (Instant::now(), 0);
    while ledger.sets() < wanted {
        let sets: Vec<PersonSet> = (0..CELLS).map(|_| world.set()).collect();
        let context = context(question.to_string(), &rules);
        let pending = release(tabulation(sets.clone()), &context, &rules, &ledger)
            .unwrap_or_else(|error| panic!("{error}"));
        let done = ledger.commit(pending, |entries| {
            let rows: Vec<_> = entries.iter().map(|entry| entry.to_stored(rules.held())).collect();
            store
                .commit_release(now(), &actor, (&context.question_key, &rows), Subject::new(), None)
                .map(|_| ())
        });
        done.unwrap_or_else(|error| panic!("{error}"));
        // Near enough the entered ones: a few were held or equal.
        all.extend(sets);
        question += 1;
    }
    let took = start.elapsed();
    let (lines, sets) = (ledger.len(), ledger.sets());
    println!(
        "{lines} lines, {sets} sets, {} answers of {CELLS} cells: {:.1} s, {:.3} ms a cell, written",
        question,
        took.as_secs_f64(),
        ms(took) / lines as f64
    );
    println!("index and ties: {:.0} MB", ledger.bytes() as f64 / 1e6);
    drop(ledger);
    let before = resident();
    let start = Instant::now();
    let ledger = open(&store);
    println!(
        "opened in {:.2} s; resident memory grew by {:.0} MB",
        start.elapsed().as_secs_f64(),
        resident().saturating_sub(before) as f64 / 1e6
    );

    for (kind, least, most) in [
        ("of any size", 0, u64::MAX),
        ("of 1 to 14", 1, 14),
        ("of 15 to 40", 15, 40),
        ("of 500 and more", 500, u64::MAX),
    ] {
        let mut probes = Vec::new();
        while probes.len() < PROBES {
            let set = world.set();
            if (least..=most).contains(&set.len()) {
                probes.push(set);
            }
        }
        one_by_one(kind, &probes, &ledger, &rules, &all);
    }
    // A table of empty cells, and one of small ones: what most cells of a large table are.
    for (kind, size) in [("empty", 0), ("of 3", 3), ("of 300", 300)] {
        let mut set = || (0..size).map(|_| 1 + world.numbers.below(PERSONS) as u32).collect::<PersonSet>();
        let table = tabulation((0..10_000).map(|_| set()).collect());
        let start = Instant::now();
        let pending = release(table, &context("table".to_owned(), &rules), &rules, &ledger);
        black_box(pending.unwrap_or_else(|error| panic!("{error}")).entries().len());
        println!("a table of 10,000 cells {kind}: {:.0} ms", ms(start.elapsed()));
    }
}

/// Times new cells, one answer each, against the ledger and against every set in turn.
fn one_by_one(kind: &str, probes: &[PersonSet], ledger: &Ledger, rules: &Rules, all: &[PersonSet]) {
    let context = context("probe".to_owned(), rules);
    let mut times: Vec<Duration> = Vec::new();
    for probe in probes {
        let table = tabulation(vec![probe.clone()]);
        let start = Instant::now();
        let pending = release(table, &context, rules, ledger).unwrap_or_else(|error| panic!("{error}"));
        times.push(start.elapsed());
        black_box(pending.entries().len());
    }
    times.sort_unstable();
    let few = &probes[..20];
    let start = Instant::now();
    for probe in few {
        let near = all.iter().filter(|set| {
            set.len().abs_diff(probe.len()) <= rules.held()
                && set.symmetric_difference_len(probe) <= rules.held()
        });
        black_box(near.count());
    }
    let linear = start.elapsed() / 20;
    let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "a new cell {kind}: p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms; every set in turn, in memory: {:.1} ms, {:.0} times",
        ms(median),
        ms(times[times.len() * 99 / 100]),
        ms(most),
        ms(linear),
        linear.as_secs_f64() / median.as_secs_f64()
    );
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_748_800_000_000)
}

fn actor() -> Actor {
    Actor {
        organisation: "vive".parse().expect("a name"),
        principal: "bench".parse().expect("a name"),
        person: None,
    }
}

/// A store with one snapshot, of nothing.
fn store(data: &std::path::Path) -> Store {
    let text = include_str!("../programmes/interventionsmodel.toml");
    let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let store = Store::create(data, &Vault::throwaway()).unwrap_or_else(|error| panic!("{error}"));
    let fingerprint = SigningKey::from_seed(&mut [1; 32]).verifying_key().fingerprint();
    let key_id = "0011223344556677".parse().expect("a key id");
    let made = store.initialise(now(), &actor(), &programme, text, key_id, fingerprint);
    made.unwrap_or_else(|error| panic!("{error}"));
    let snapshot = NewSnapshot {
        id: 1,
        day: now().day(),
        sealed_at: now(),
        folder: "1",
        manifest: "{}",
        links: &[],
        packages: &[],
    };
    let sealed = store.commit_seal(now(), &actor(), &snapshot);
    sealed.unwrap_or_else(|error| panic!("{error}"));
    store
}

/// Resident memory of this process, in bytes; 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}
