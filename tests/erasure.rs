//! Withdrawal and erasure over the whole service: what goes, when, what is left of it, and what says so.
#![cfg(feature = "service")]

#[path = "kit/desk.rs"]
mod desk;
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;

use std::collections::BTreeSet;
use std::ops::Range;

use desk::{Desk, Row, instant, partner, vive};
use kobling::audit::{Item, Receipt, ReceiptKind};
use kobling::clock::{Clock as _, Day};
use kobling::question::Ask;
use kobling::service::Erase;
use kobling::store::ErasureState;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn rows_of(persons: Range<u64>) -> Vec<Row> {
    persons.map(|n| (n, i32::try_from(n * 7 % 350).expect("small"))).collect()
}

/// Two partners with yeses and rows, of whom some are known to both, sealed.
fn sealed() -> Desk {
    let mut desk = Desk::new();
    desk.say("lokk", 0..60, "given");
    desk.say("mandecentret", 40..90, "given");
    desk.send("lokk", &rows_of(0..60));
    desk.send("mandecentret", &rows_of(40..90));
    assert_eq!(desk.seal(), 1);
    desk
}

#[test]
fn a_withdrawal_reaches_packages_at_once_and_snapshots_in_time_and_no_answer_tells_which() {
    let mut desk = sealed();
    desk.ask("reach", &[]);
    desk.advance(1);
    let receipt = desk.say("lokk", 0..20, "withdrawn");
    assert_eq!(receipt.kind, ReceiptKind::Consents);
    assert_eq!(receipt.subject.item("erase-by"), Some(&Item::Text("2025-07-02".to_owned())));
    assert_eq!(receipt.subject.item("snapshots"), Some(&Item::List(vec!["1".to_owned()])));
    // What was asked, and what was reported by itself; nothing that reads none of this partner's datasets.
    let Some(Item::List(released)) = receipt.subject.item("released") else { panic!("no list") };
    assert!(released.contains(&"reach/2022-Q1..2022-Q4/-/-/vive".to_owned()), "{released:?}");
    let questions: BTreeSet<&str> = released.iter().filter_map(|name| name.split('/').next()).collect();
    let programme = desk.it().programme();
    let own = programme.source(&"lokk".parse().expect("a name")).expect("a partner");
    for id in questions {
        let question = programme.question(&id.parse().expect("a name")).expect("registered");
        let mut read = programme.datasets_of(question).into_iter().map(|at| &programme.datasets[at]);
        assert!(id == "consents" || read.any(|dataset| dataset.partners.contains(&own)), "{id}");
    }
    // Off the packages, before the receipt was given.
    assert_eq!(desk.query::<i64>("SELECT stored FROM uploads WHERE partner = 'lokk'"), 40);
    let (row, by) = desk.it().erasures(&partner("lokk")).expect("listed").pop().expect("one");
    assert_eq!(
        (row.state, row.packages, row.rows, by),
        (ErasureState::Staged, 1, 20, "2025-07-02".parse().expect("a day"))
    );
    assert!(desk.it().erasures(&partner("mandecentret")).expect("listed").is_empty());

    // Not yet off the snapshot, and in no answer.
    assert_eq!(desk.snapshot(1).datasets.iter().map(|set| set.len()).sum::<usize>(), 110);
    let questions =
        [("reach", &[][..]), ("reach", &["partner"]), ("overlap", &[]), ("funnel", &[]), ("quality", &[])];
    let before: Vec<String> = questions.iter().map(|(question, by)| desk.ask(question, by)).collect();
    assert_eq!(desk.look_after(Erase::Ripe).erased.snapshots, 0, "several are done in one rewriting");
    desk.advance(15);
    let at = desk.clock.now();
    desk.clock.set(instant("2025-06-02T08:00:00Z"));
    let again: Vec<String> = questions.iter().map(|(question, by)| desk.ask(question, by)).collect();
    assert_eq!(before, again);
    desk.clock.set(at);
    let done = desk.look_after(Erase::Ripe);
    assert_eq!((done.erased.snapshots, done.erased.erasures), (1, 1));
    assert_eq!(desk.snapshot(1).datasets.iter().map(|set| set.len()).sum::<usize>(), 90);
    assert_eq!(kit::files(&desk.data().join("snapshots/1-1")).len(), kit::programme().datasets.len() + 3);
    assert!(!desk.data().join("snapshots/1").exists());
    let after: Vec<String> = questions.iter().map(|(question, by)| desk.ask(question, by)).collect();
    assert_eq!(before, after);

    // The partner gets it signed.
    let (row, _) = desk.it().erasures(&partner("lokk")).expect("listed").pop().expect("one");
    assert_eq!(row.state, ErasureState::Done);
    let receipt = desk.receipt(&row.receipt.expect("a receipt"));
    assert_eq!((receipt.kind, &receipt.id), (ReceiptKind::Erasure, &row.id));
    assert_eq!(receipt.subject.item("rows"), Some(&Item::Count(20)));
    // A seal brings nothing back, a restart neither.
    desk.start();
    desk.seal();
    assert_eq!(desk.snapshot(2).datasets.iter().map(|set| set.len()).sum::<usize>(), 90);
    assert!(desk.it().store().verify_chain().expect("read").is_ok());
    desk.it().store().check_integrity().expect("sound");
}

#[test]
fn every_byte_that_names_the_erased_is_gone_but_for_what_is_meant_to_stay() {
    let mut desk = sealed();
    let one = desk.link("lokk", 3).expect("a link");
    let both = desk.link("lokk", 45).expect("a link");
    let token = kit::token("lokk", 3).into_bytes();
    assert!(desk.where_is(&one).contains("table spine"), "the search finds what is there");
    assert!(desk.where_is(&one).contains("staged"));
    desk.advance(1);
    desk.say("lokk", 3..4, "withdrawn");
    desk.say("lokk", 45..46, "withdrawn");
    desk.look_after(Erase::All);
    // The record of what was said, the tombstone, and that the package had a row of that person.
    let stays = set(&["kobling.sqlite", "staged", "table consent_events", "table tombstones"]);
    assert_eq!(desk.where_is(&one), stays);
    assert!(desk.where_is(&both).contains("table spine"), "the other partner has rows of that person");
    assert!(desk.where_is(&token).is_empty());
    // The package is replaced by one without that person, and the record is past its time.
    desk.send("lokk", &rows_of(10..60));
    desk.seal();
    assert_eq!(desk.where_is(&one), set(&["kobling.sqlite", "table consent_events", "table tombstones"]));
    desk.clock.set(instant("2035-01-02T08:00:00Z"));
    assert!(desk.look_after(Erase::All).events > 0);
    assert_eq!(desk.where_is(&one), set(&["kobling.sqlite", "table tombstones"]));
    // In the database's pages the link stands as often as there are tombstones of it, and nowhere else.
    let files = kit::clear_files(&desk.data());
    let (_, pages) = files.iter().find(|(path, _)| path.ends_with("kobling.sqlite")).expect("there");
    let log = std::fs::metadata(desk.data().join("kobling.sqlite-wal")).expect("there").len();
    assert_eq!(log, 0, "nor in the log");
    let places = pages.windows(one.len()).filter(|window| *window == one).count();
    let stones: i64 = desk.query("SELECT count(*) FROM tombstones");
    let links: i64 = desk.query("SELECT count(DISTINCT link) FROM tombstones");
    assert_eq!(i64::try_from(places).expect("few"), stones / links);
    assert!(desk.it().store().verify_chain().expect("read").is_ok());
}

#[test]
fn a_withdrawal_is_not_undone_by_uploading_again_and_is_by_a_later_yes() {
    let mut desk = sealed();
    desk.advance(1);
    desk.say("lokk", 0..30, "withdrawn");
    desk.look_after(Erase::All);
    assert!(desk.query::<i64>("SELECT count(*) FROM tombstones") >= 30);
    let rows = |desk: &Desk| -> i64 {
        desk.query("SELECT stored FROM uploads WHERE partner = 'lokk' AND state = 'complete' ORDER BY completed_sequence DESC")
    };
    let again: Vec<Row> = (0..60).map(|n| (n, i32::try_from(n).expect("small"))).collect();
    desk.send("lokk", &again);
    assert_eq!(rows(&desk), 30, "rows of those who withdrew are not kept");
    desk.advance(1);
    desk.say("lokk", 0..10, "given");
    let left: i64 = desk.query("SELECT count(DISTINCT link) FROM tombstones");
    assert_eq!(left, 20, "a later yes lifts what was left of the no");
    let more: Vec<Row> = (0..60).map(|n| (n, i32::try_from(n + 1).expect("small"))).collect();
    desk.send("lokk", &more);
    assert_eq!(rows(&desk), 40);
    let id = desk.seal();
    assert_eq!(desk.snapshot(id).datasets.iter().map(|set| set.len()).sum::<usize>(), 40 + 50);
    // What was erased before the later yes stays erased, and what came after it is not touched by the old erasure.
    desk.look_after(Erase::All);
    assert_eq!(desk.snapshot(id).datasets.iter().map(|set| set.len()).sum::<usize>(), 90);
    assert_eq!(desk.snapshot(1).datasets.iter().map(|set| set.len()).sum::<usize>(), 80);
}

#[test]
fn a_later_yes_before_the_snapshots_are_done_keeps_what_it_permits_and_brings_nothing_back() {
    let mut desk = sealed();
    desk.advance(1);
    desk.say("lokk", 0..30, "withdrawn");
    desk.advance(1);
    desk.say("lokk", 0..30, "given");
    let again: Vec<Row> = (0..60).map(|n| (n, i32::try_from(n + 2).expect("small"))).collect();
    desk.send("lokk", &again);
    let id = desk.seal();
    let total = |desk: &Desk, id| desk.snapshot(id).datasets.iter().map(|set| set.len()).sum::<usize>();
    assert_eq!(total(&desk, id), 110);
    let shown = desk.ask("reach", &[]);
    assert!(shown.contains("\"count\":90"), "{shown}");
    desk.look_after(Erase::All);
    assert_eq!((total(&desk, 1), total(&desk, id)), (80, 110));
    assert_eq!(
        desk.query::<i64>("SELECT count(*) FROM tombstones"),
        0,
        "the no was lifted before it was carried out"
    );
    assert_eq!(desk.ask("reach", &[]), shown);
}

#[test]
fn over_an_alias_a_no_under_one_number_erases_the_rows_under_both_whenever_it_is_approved() {
    let steward = kobling::auth::Principal {
        id: "steward".parse().expect("a name"),
        name: "s".to_owned(),
        role: kobling::auth::Role::Steward,
        organisation: "styregruppe".parse().expect("a name"),
        person: None,
    };
    for approved_first in [true, false] {
        let mut desk = sealed();
        let alias = |desk: &Desk| {
            // Another partner says so: what lokk is told must not show it.
            let (old, new) = (kit::token("mandecentret", 3), kit::token("mandecentret", 4));
            desk.it().propose_alias(&partner("mandecentret"), &old, &new).expect("proposed");
            let id = desk.it().store().aliases().expect("listed")[0].id;
            desk.it().approve_alias(&steward, id).expect("approved");
        };
        desk.advance(1);
        if approved_first {
            alias(&desk);
            desk.advance(1);
        }
        desk.say("lokk", 3..4, "withdrawn");
        desk.look_after(Erase::All);
        let (own, _) = desk.it().erasures(&partner("lokk")).expect("listed").swap_remove(0);
        assert_eq!((own.state, own.rows), (ErasureState::Done, 1), "{approved_first}");
        if !approved_first {
            assert_eq!(desk.query::<i64>("SELECT stored FROM uploads WHERE partner = 'lokk'"), 59);
            desk.advance(1);
            alias(&desk);
            desk.advance(1);
            assert_eq!(desk.look_after(Erase::All).ended, 1);
        }
        // What the other partner's alias did is not told.
        assert_eq!(desk.it().erasures(&partner("lokk")).expect("listed").len(), 1);
        assert!(desk.it().store().verify_chain().expect("read").is_ok());
        assert_eq!(desk.query::<i64>("SELECT stored FROM uploads WHERE partner = 'lokk'"), 58);
        assert_eq!(desk.snapshot(1).datasets.iter().map(|set| set.len()).sum::<usize>(), 108);
        for person in [3, 4] {
            let left = desk.where_is(&desk.link("lokk", person).expect("a link"));
            assert!(left.contains("table tombstones") && !left.contains("table spine"), "{left:?}");
            assert!(!left.contains("table aliases"), "{left:?}");
        }
    }
}

#[test]
fn ten_erasures_of_two_partners_are_one_rewriting_of_every_snapshot() {
    let mut desk = sealed();
    desk.seal();
    for n in 0..5 {
        desk.advance(1);
        desk.say("lokk", n..n + 1, "withdrawn");
        desk.say("mandecentret", n + 60..n + 61, "withdrawn");
    }
    assert_eq!(desk.it().open_erasures().expect("listed").len(), 10);
    desk.advance(15);
    let done = desk.look_after(Erase::Ripe);
    assert_eq!((done.erased.erasures, done.erased.snapshots), (10, 2));
    for id in [1, 2] {
        assert_eq!(desk.snapshot(id).datasets.iter().map(|set| set.len()).sum::<usize>(), 100);
        assert!(desk.data().join(format!("snapshots/{id}-1")).exists());
    }
    assert!(desk.it().open_erasures().expect("listed").is_empty());
    assert_eq!(desk.look_after(Erase::All).erased.snapshots, 0, "nothing is left to do");
}

#[test]
fn what_a_partner_is_told_is_the_same_whoever_else_knows_the_person() {
    let told = |others: bool| {
        let mut desk = Desk::new();
        desk.say("lokk", 0..60, "given");
        desk.send("lokk", &rows_of(0..60));
        if others {
            desk.say("mandecentret", 0..60, "given");
            desk.send("mandecentret", &rows_of(0..60));
        }
        desk.seal();
        desk.ask("reach", &[]);
        desk.advance(1);
        desk.records = 1000;
        if others {
            // Others take something back too.
            let events = vec![desk.event("mandecentret", 5, "withdrawn")];
            desk.record("mandecentret", events);
        }
        desk.records = 1000;
        let receipt = desk.say("lokk", 0..20, "withdrawn");
        let waiting = format!("{:?}", desk.it().erasures(&partner("lokk")).expect("listed"));
        desk.advance(20);
        desk.look_after(Erase::Ripe);
        let (row, by) = desk.it().erasures(&partner("lokk")).expect("listed").pop().expect("one");
        let done = row.receipt.as_ref().expect("a receipt");
        let mut done: Receipt = serde_json::from_str(&done.receipt).expect("a receipt");
        // Ids of packages are random, and the head hashes them.
        let (mut receipt, head) = (receipt, kobling::audit::Head::empty(done.head.strand.clone()));
        assert_eq!(receipt.head.position + 1, done.head.position);
        (receipt.head, done.head) = (head.clone(), head);
        let row = (row.id, row.opened_at, row.packages, row.rows, row.done_at, by);
        format!("{receipt:?}\n{waiting}\n{done:?}\n{row:?}")
    };
    assert_eq!(told(false), told(true));
}

#[test]
fn permissions_that_run_out_are_noticed_and_their_rows_go_after_the_days_of_grace() {
    let mut desk = Desk::new();
    let mut events: Vec<serde_json::Value> = (0..40).map(|n| desk.event("lokk", n, "given")).collect();
    for event in &mut events[..15] {
        event["event"]["valid_to"] = "2025-07-31".into();
    }
    desk.record("lokk", events);
    desk.send("lokk", &rows_of(0..40));
    desk.seal();
    let rows = |desk: &Desk| desk.snapshot(1).datasets.iter().map(|set| set.len()).sum::<usize>();
    for _ in 0..4 {
        desk.look_after(Erase::All);
        desk.advance(35);
    }
    // Run out on 31 July, kept 90 days more: to 29 October.
    assert!(desk.clock.today() < "2025-10-29".parse().expect("a day"));
    desk.look_after(Erase::All);
    assert_eq!(rows(&desk), 40);
    desk.clock.set(instant("2025-10-30T08:00:00Z"));
    let done = desk.look_after(Erase::All);
    assert_eq!((done.ended, done.erased.snapshots), (1, 1));
    assert_eq!(rows(&desk), 25);
    let (row, _) = desk.it().erasures(&partner("lokk")).expect("listed").pop().expect("one");
    assert_eq!((row.cause.as_str(), row.rows), ("ended", 15));
    assert_eq!(desk.query::<i64>("SELECT count(*) FROM tombstones"), 0, "nobody said no");
    desk.advance(1);
    assert_eq!(desk.look_after(Erase::All).ended, 0);
}

#[test]
fn rows_past_their_days_go_and_questions_about_them_are_refused_by_rule() {
    let text = kit::PROGRAMME.replacen("id = \"forloeb\"\n", "id = \"forloeb\"\nretention_days = 1200\n", 1);
    assert_ne!(text, kit::PROGRAMME);
    let mut desk = Desk::of(&text);
    desk.say("lokk", 0..50, "given");
    desk.send("lokk", &rows_of(0..50));
    desk.seal();
    let ask = |desk: &Desk, period: &str| {
        let ask = serde_json::json!({ "question": "reach", "by": [], "period": period });
        let ask: Ask = serde_json::from_value(ask).expect("a question");
        desk.it().ask(&vive(), &ask).map_err(|error| (error.code(), error.to_string()))
    };
    // 1200 days before 1 June 2025: 17 February 2022.
    let (code, said) = ask(&desk, "2022-Q1..2022-Q4").expect_err("rows of January are past their days");
    assert_eq!(code, "period-not-kept");
    assert!(
        said.contains("forloeb from 2022-01-01 on, and rows of it are kept from 2022-02-17 on"),
        "{said}"
    );
    let before = ask(&desk, "2022-Q2..2022-Q4").expect("an answer");
    let oldest = |desk: &Desk| {
        let snapshot = desk.snapshot(1);
        snapshot.datasets.iter().flat_map(|set| set.day.iter().copied()).min().map(Day::from_days)
    };
    // The seal did it.
    assert!(oldest(&desk) >= Some("2022-02-17".parse().expect("a day")));
    let staged: i64 = desk.query("SELECT stored FROM uploads");
    assert_eq!(
        usize::try_from(staged).expect("few"),
        desk.snapshot(1).datasets.iter().map(|set| set.len()).sum::<usize>()
    );
    assert_eq!(ask(&desk, "2022-Q2..2022-Q4").expect("an answer"), before);
    desk.advance(1);
    assert_eq!(desk.look_after(Erase::Ripe).aged, 0, "not every day: a snapshot is written anew for it");
    desk.advance(20);
    assert_eq!(desk.look_after(Erase::Ripe).aged, 1);
}
