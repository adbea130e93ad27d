//! Random histories of yeses, noes, uploads, seals and upkeep, held against what may be kept.
#![cfg(feature = "service")]

#[path = "kit/desk.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod desk;
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;

use std::collections::BTreeSet;
use std::path::Path;

use desk::{Desk, Row, day};
use kobling::clock::{Clock as _, Timestamp};
use kobling::consent::{AsOf, ConsentEvent, Known, keepable};
use kobling::service::Erase;
use proptest::prelude::*;

/// What happens at one of two partners.
#[derive(Clone, Debug)]
enum Step {
    /// A yes for rows of these days, valid for so many days from now.
    Yes(usize, u64, (i32, i32), i64),
    /// A no.
    No(usize, u64),
    /// Rows of a package in place of the one before.
    Send(usize, Vec<Row>),
    Days(i64),
    Seal,
    LookAfter(bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let window = (0i32..100, 0i32..100).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![
        4 => (0usize..2, 0u64..5, window, prop_oneof![Just(5i64), Just(2000)]).prop_map(|(p, n, w, d)| Step::Yes(p, n, w, d)),
        2 => (0usize..2, 0u64..5).prop_map(|(p, n)| Step::No(p, n)),
        3 => (0usize..2, prop::collection::vec((0u64..5, 0i32..100), 1..12)).prop_map(|(p, rows)| Step::Send(p, rows)),
        2 => (1i64..60).prop_map(Step::Days),
        2 => Just(Step::Seal),
        3 => any::<bool>().prop_map(Step::LookAfter),
        1 => Just(Step::Restart),
    ]
}

const PARTNERS: [&str; 2] = ["lokk", "mandecentret"];

/// A row in a snapshot, as the test knows it.
type Sealed = (usize, u64, i32);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(14))]
    #[test]
    fn after_any_history_snapshots_hold_what_may_be_kept_and_nothing_else(
        steps in prop::collection::vec(step(), 10..40),
    ) {
        let mut desk = Desk::new();
        let programme = kit::programme();
        let (at, dataset) = programme.dataset(&"forloeb".parse().expect("a name")).expect("a dataset");
        let source = |partner: usize| programme.source(&PARTNERS[partner].parse().expect("a name")).expect("a partner");
        let mut known: Vec<(usize, u64, Known)> = Vec::new();
        let mut expected: Vec<BTreeSet<Sealed>> = Vec::new();
        let mut numbers: Vec<Vec<Option<u32>>> = Vec::new();
        let keeps = |known: &[(usize, u64, Known)], now: Timestamp, (partner, person, on): Sealed| {
            let events: Vec<Known> = known.iter().filter(|of| (of.0, of.1) == (partner, person))
                .map(|of| of.2.clone()).collect();
            keepable(&events, source(partner), dataset, AsOf::known_then(now), 90).holds(day(on))
        };
        let read = |desk: &Desk, id: u32, numbers: &[Option<u32>]| -> BTreeSet<Sealed> {
            let snapshot = desk.snapshot(id);
            let columns = &snapshot.datasets[at];
            let mut rows = BTreeSet::new();
            for (person, number) in (0u64..).zip(numbers) {
                for row in number.map_or(0..0, |number| columns.rows(number)) {
                    let partner = (0..2).find(|p| source(*p) == columns.source[row]).expect("one of two");
                    rows.insert((partner, person, columns.day[row] - day(0).days()));
                }
            }
            rows
        };
        for step in steps.into_iter().chain([Step::Seal, Step::Days(1), Step::LookAfter(true)]) {
            desk.advance(0);
            desk.clock.set(desk.clock.now().plus_millis(1000));
            let now = desk.clock.now();
            match step {
                Step::Yes(p, n, (from, to), days) => {
                    let mut event = desk.event(PARTNERS[p], n, "given");
                    event["event"]["valid_from"] = now.day().to_string().into();
                    event["event"]["valid_to"] = now.day().plus(i32::try_from(days).expect("small")).to_string().into();
                    event["event"]["rows"] = serde_json::json!({ "from": day(from).to_string(), "to": day(to).to_string() });
                    let said: ConsentEvent = serde_json::from_value(event["event"].clone()).expect("an event");
                    known.push((p, n, Known::new(source(p), &said, now)));
                    desk.record(PARTNERS[p], vec![event]);
                }
                Step::No(p, n) => {
                    let event = desk.event(PARTNERS[p], n, "withdrawn");
                    let said: ConsentEvent = serde_json::from_value(event["event"].clone()).expect("an event");
                    known.push((p, n, Known::new(source(p), &said, now)));
                    desk.record(PARTNERS[p], vec![event]);
                    for rows in &mut expected {
                        rows.retain(|row| (row.0, row.1) != (p, n) || keeps(&known, now, *row));
                    }
                }
                Step::Send(p, rows) => {
                    let rows: BTreeSet<Row> = rows.into_iter().collect();
                    desk.send(PARTNERS[p], &rows.into_iter().collect::<Vec<_>>());
                }
                Step::Days(days) => desk.advance(days),
                Step::Seal => {
                    let id = desk.seal();
                    let spine = desk.it().store().spine().expect("read");
                    let number = |person: u64| {
                        let link = desk.link("lokk", person).expect("a link");
                        spine.iter().find(|row| row.link.as_stored()[..] == link[..]).map(|row| row.number)
                    };
                    numbers.push((0..5).map(number).collect());
                    let rows = read(&desk, id, &numbers[numbers.len() - 1]);
                    expected.push(rows);
                }
                Step::LookAfter(all) => {
                    let erase = if all { Erase::All } else { Erase::Ripe };
                    desk.look_after(erase);
                    for rows in &mut expected {
                        rows.retain(|row| keeps(&known, now, *row));
                    }
                    if all {
                        for (at, rows) in expected.iter().enumerate() {
                            let id = u32::try_from(at + 1).expect("few");
                            prop_assert_eq!(&read(&desk, id, &numbers[at]), rows, "snapshot {}", id);
                        }
                    }
                }
                Step::Restart => desk.start(),
            }
        }
        prop_assert!(desk.it().open_erasures().expect("listed").is_empty());
        prop_assert!(desk.it().store().verify_chain().expect("read").is_ok());
        // The spine knows those alone of whom a row is left.
        let named: BTreeSet<u64> = expected.iter().flatten().map(|row| row.1).collect();
        for person in 0..5 {
            let left = desk.where_is(&desk.link("lokk", person).expect("a link"));
            prop_assert!(named.contains(&person) || !left.contains("table spine") || staged(&desk.data()), "{:?}", left);
            prop_assert!(!left.contains("table erasure_orders") && !left.contains("snapshots"));
        }
    }
}

/// Whether rows are staged: a person can be known by them alone.
fn staged(data: &Path) -> bool {
    std::fs::read_dir(data.join("staged")).is_ok_and(|mut files| files.next().is_some())
}
