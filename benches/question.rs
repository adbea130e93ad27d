//! Rate of the counting kernels, beside a bare pass over the same columns and beside the same count with hash tables.
//!
//! `cargo bench --bench question [-- EVENTS]`; five million events unless told, ten a person, on all cores; the bare
//! pass and the hash table on one. The
//! programme is `programmes/interventionsmodel.toml`; of every twenty persons one permits nothing at the partners whose
//! basis is consent, and one a window. The figures to keep are the ratios: they are made in one run.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod kit;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kit::{best, snapshot};
use kobling::clock::{Day, Timestamp};
use kobling::consent::{AsOf, ConsentEvent, Known, Permission, Permits, Use, fold};
use kobling::disclosure::Rules;
use kobling::programme::{BasisKind, Programme};
use kobling::question::{Ask, Plan, Prepared, Progress, count_prepared, plan};
use kobling::snapshot::Snapshot;

const EVENTS: u64 = 5_000_000;

fn main() {
    let events = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(EVENTS);
    let text = include_str!("../programmes/interventionsmodel.toml");
    let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let snapshot = snapshot(&programme, events);
    let rows = snapshot.datasets.iter().map(|columns| columns.len()).sum::<usize>();
    println!("{rows} events of {} persons", snapshot.persons);

    let bare = best(|| bare(&snapshot));
    println!("{:24} {:>8.3} s  {:>7.1} M events/s", "bare pass", bare.as_secs_f64(), rate(rows, bare));
    let hashed = best(|| hashed(&snapshot));
    println!(
        "{:24} {:>8.3} s  {:>7.1} M events/s",
        "first row by hash table",
        hashed.as_secs_f64(),
        rate(rows, hashed)
    );
    for (question, by) in [
        ("reach", &[][..]),
        ("reach", &["municipality", "quarter", "role"]),
        ("funnel", &[]),
        ("funnel", &["municipality", "role"]),
        ("overlap", &[]),
    ] {
        let ask = Ask {
            question: question.parse().expect("a name"),
            by: by.iter().map(|name| name.parse().expect("a name")).collect(),
            period: "2021-Q1..2023-Q4".parse().expect("a period"),
            population: None,
        };
        let plan = plan(&programme, &ask, snapshot.day, snapshot.day, &Rules::standard()).expect("a plan");
        let permits = permits(&programme, &plan, snapshot.persons);
        let prepare = || Prepared::new(&plan, &snapshot, &permits).unwrap_or_else(|error| panic!("{error}"));
        let (preparing, prepared) = (best(prepare), prepare());
        let took = best(|| {
            count_prepared(&plan, &prepared, &Progress::default()).unwrap_or_else(|error| panic!("{error}"))
        });
        println!(
            "{:24} {:>8.3} s  {:>7.1} M events/s  {:>5.1} x bare pass  {:>5.2} x hash table, prepared {:.3} s",
            format!("{question} by {}", by.len()),
            took.as_secs_f64(),
            rate(rows, took),
            took.as_secs_f64() / bare.as_secs_f64(),
            took.as_secs_f64() / hashed.as_secs_f64(),
            preparing.as_secs_f64(),
        );
    }
}

fn rate(rows: usize, took: Duration) -> f64 {
    rows as f64 / took.as_secs_f64() / 1e6
}

/// What memory and counters allow: every row's person, day, source and first category are read.
fn bare(snapshot: &Snapshot) -> u64 {
    let mut sum = 0;
    for person in 1..=snapshot.persons {
        for columns in &snapshot.datasets {
            let codes = columns.categories.iter().flatten().next().expect("a category");
            for row in columns.rows(person) {
                sum += columns.day[row] as u64 + u64::from(columns.source[row]) + u64::from(codes[row]);
            }
        }
    }
    sum
}

/// The first day of each person without the order of rows, consent, dimensions or families.
fn hashed(snapshot: &Snapshot) -> HashMap<u32, i32> {
    let mut first = HashMap::new();
    for columns in &snapshot.datasets {
        for person in 1..=snapshot.persons {
            for row in columns.rows(person) {
                let day = columns.day[row];
                first.entry(person).and_modify(|first: &mut i32| *first = day.min(*first)).or_insert(day);
            }
        }
    }
    first
}

fn permission(source: u8, dataset: &kobling::name::DatasetId, first: &str) -> Permission {
    let event: ConsentEvent = serde_json::from_value(serde_json::json!({
        "record": "c-1", "schema": 1, "kind": "given", "purposes": ["evaluation"], "recipients": ["vive"],
        "at": "2022-03-01T10:00:00Z", "valid_from": "2022-03-01", "rows": { "from": first },
        "notice": { "id": "samtykke", "version": "1", "sha256": "0f".repeat(32), "language": "da" },
        "method": "written", "given_by": "self", "recorded_by": "bench", "legal_basis": "explicit-consent",
        "withdrawal_method": "digital", "retention_until": "2030-12-31"
    }))
    .expect("an event");
    let (purpose, recipient) = ("evaluation".parse().expect("a name"), "vive".parse().expect("a name"));
    let asked = Use { source, purpose: &purpose, recipient: &recipient, dataset, longest: None };
    let now = AsOf::known_then(Timestamp::at_start_of(Day::from_ymd(2024, 4, 30).expect("a day")));
    fold(&[Known::new(source, &event, event.at)], &asked, now)
}

fn permits(programme: &Programme, plan: &Plan, persons: u32) -> Vec<Permits> {
    let of = |dataset: &usize| {
        let dataset = &programme.datasets[*dataset];
        let consent = dataset.basis(plan.purpose()).expect("a basis").kind == BasisKind::Consent;
        let mut builder = Permits::builder(plan.span());
        for source in &dataset.partners {
            if !consent {
                builder = builder.open(*source);
                continue;
            }
            let (whole, late) = (
                permission(*source, &dataset.id, "2021-01-01"),
                permission(*source, &dataset.id, "2021-07-01"),
            );
            let of = |person: u32| match person % 20 {
                0 => None,
                1 => Some((person, late.clone())),
                _ => Some((person, whole.clone())),
            };
            builder = builder.consent(*source, &(1..=persons).filter_map(of).collect::<BTreeMap<_, _>>());
        }
        builder.build()
    };
    plan.datasets().iter().map(of).collect()
}
