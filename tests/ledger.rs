//! The release ledger of a real data folder: what the operator's commands say of it, sound and damaged; after erasure; and
//! with many asking at a time.
#![cfg(feature = "service")]

#[path = "kit/desk.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod desk;
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;

use std::ops::Range;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use desk::{Desk, Row, vive};
use kobling::clock::{Clock as _, SystemClock};
use kobling::question::Ask;
use kobling::service::{Erase, check_ledger};
use kobling::store::Store;

fn rows_of(persons: Range<u64>) -> Vec<Row> {
    persons.map(|n| (n, i32::try_from(n * 7 % 350).expect("small"))).collect()
}

fn asked(question: &str, by: &[&str]) -> Ask {
    let ask = serde_json::json!({ "question": question, "by": by, "period": "2022-Q1..2022-Q4" });
    serde_json::from_value(ask).expect("a question")
}

/// Two partners, sealed, and asked about.
fn released() -> Desk {
    let mut desk = Desk::new();
    desk.say("lokk", 0..60, "given");
    desk.say("mandecentret", 40..90, "given");
    desk.send("lokk", &rows_of(0..60));
    desk.send("mandecentret", &rows_of(40..90));
    desk.seal();
    for (question, by) in [("reach", &[][..]), ("reach", &["partner"]), ("overlap", &[]), ("funnel", &[])] {
        desk.ask(question, by);
    }
    desk
}

/// The folder as it is now, elsewhere: the service goes on with its own.
fn copy(desk: &Desk) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for (path, content) in kit::files(&desk.data()) {
        let to = copy.path().join("data").join(path.strip_prefix(desk.data()).expect("inside"));
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::write(to, content).expect("written");
    }
    copy
}

fn koblingd(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koblingd"));
    let key = folder.join("service.key");
    if !key.exists() {
        // That of the desk.
        let made = kit::service_key();
        made.save(&key, SystemClock.now()).expect("written");
    }
    command
        .args(arguments)
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--service-key")
        .arg(key)
        .output()
        .expect("run")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What is wrong with the ledger as it is now, in words.
fn findings(desk: &Desk) -> Vec<String> {
    let copy = copy(desk);
    let store = Arc::new(
        Store::open(&copy.path().join("data"), &kit::vault()).unwrap_or_else(|error| panic!("{error}")),
    );
    let checked = check_ledger(&store).unwrap_or_else(|error| panic!("{error}"));
    assert!(checked.sets > 0 && checked.lines >= checked.sets as u64);
    checked.findings.iter().map(ToString::to_string).collect()
}

#[test]
fn show_tells_of_every_cell_and_of_no_person() {
    let folder = copy(&released());
    let output = koblingd(&["ledger", "show"], folder.path());
    assert!(output.status.success() && said(&output).contains("reach"), "{output:?}");
    let output = koblingd(&["ledger", "show", "--json"], folder.path());
    let questions: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    for question in &questions {
        let count = |name: &str| question[name].as_u64().expect("a count");
        assert_eq!(count("cells"), count("shown") + count("hidden"));
        assert_eq!(count("cells"), count("own") + count("equal") + count("held"));
        assert_eq!(count("first_snapshot"), 1);
    }
    let of =
        |output: &Output| -> Vec<serde_json::Value> { serde_json::from_slice(&output.stdout).expect("JSON") };
    let cells = of(&koblingd(&["ledger", "show", "--cells", "--json"], folder.path()));
    let db = kit::database(&folder.path().join("data"), &kit::service_key());
    let stored: i64 = db
        .query_row(
            "SELECT count(*) FROM (SELECT DISTINCT question_key, cell_key, measure FROM ledger)",
            [],
            |row| row.get(0),
        )
        .expect("counted");
    assert_eq!(i64::try_from(cells.len()), Ok(stored));
    let mut names: Vec<&String> =
        cells.iter().flat_map(|cell| cell.as_object().expect("a cell").keys()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["cell", "measure", "question", "shown", "snapshot", "whose"]);
    assert!(cells.iter().any(|cell| cell["whose"] == "equal"), "overlap asks again what reach asked");
    let some =
        of(&koblingd(&["ledger", "show", "--question", "overlap", "--cells", "--json"], folder.path()));
    assert!(!some.is_empty() && some.len() < cells.len());
    assert!(some.iter().all(|cell| cell["question"].as_str().is_some_and(|key| key.contains("overlap"))));
}

#[test]
fn check_finds_what_is_damaged_says_where_and_ends_with_status_1() {
    let desk = released();
    let sound = copy(&desk);
    let output = koblingd(&["ledger", "check"], sound.path());
    assert!(output.status.success() && said(&output).contains("nothing is wrong"), "{output:?}");

    // A large set, shown; a line that is tied.
    let large =
        "(SELECT min(seq) FROM ledger WHERE persons > 32 AND figures IS NOT NULL AND measure = 'person')";
    let tied = "(SELECT max(seq) FROM ledger WHERE tied_to IS NOT NULL)";
    let damage = [
        (format!("DELETE FROM ledger WHERE seq = {large}"), "belongs here", ""),
        (format!("UPDATE ledger SET tied_to = seq WHERE seq = {tied}"), "which is no earlier set", ""),
        (format!("UPDATE ledger SET figures = '1 x' WHERE seq = {large}"), "contradict each other", ""),
        (
            format!("UPDATE ledger_sets SET contributors = X'00' WHERE seq = {large}"),
            "set cannot be read",
            "",
        ),
        (format!("DELETE FROM ledger_sets WHERE seq = {large}"), "contradict each other", ""),
        (
            format!("UPDATE ledger SET sketch = X'0700000000000000{}' WHERE seq = {large}", "00".repeat(64)),
            "its sketch is not of its set",
            "",
        ),
        (
            format!("UPDATE ledger SET persons = persons + 1 WHERE seq = {large}"),
            "its sketch is not of its set",
            "",
        ),
        (format!("UPDATE ledger SET figures = '21 20' WHERE seq = {large}"), "not on the rounding grid", ""),
        (format!("UPDATE ledger SET figures = '5 5' WHERE seq = {large}"), "below what rule R1", ""),
        (
            format!(
                "INSERT INTO ledger SELECT (SELECT max(seq) + 1 FROM ledger), question_key, 'again', measure, snapshot, \
                 persons, sketch, tied_to, exact, figures, covered FROM ledger WHERE seq = {large}"
            ),
            "too near to the set of entry",
            "INSERT INTO ledger_sets SELECT (SELECT max(seq) FROM ledger), contributors FROM ledger_sets \
             WHERE seq = (SELECT min(seq) FROM ledger_sets WHERE seq IN \
             (SELECT seq FROM ledger WHERE persons > 32 AND figures IS NOT NULL AND measure = 'person'))",
        ),
    ];
    for (first, message, second) in damage {
        let folder = copy(&desk);
        let db = kit::database(&folder.path().join("data"), &kit::service_key());
        db.pragma_update(None, "foreign_keys", false).expect("set");
        db.pragma_update(None, "ignore_check_constraints", true).expect("set");
        assert_eq!(db.execute(&first, []).unwrap_or_else(|error| panic!("{first}: {error}")), 1, "{first}");
        if !second.is_empty() {
            assert_eq!(db.execute(second, []).expect("damaged"), 1);
        }
        drop(db);
        let output = koblingd(&["ledger", "check"], folder.path());
        assert_eq!(output.status.code(), Some(1), "{first}: {output:?}");
        assert!(said(&output).contains(message), "{first}: {}", said(&output));
        assert!(said(&output).contains("entry ") && said(&output).contains("restore"), "{}", said(&output));
    }
}

/// A person who is erased and comes back is a new number, so that sets move by two for each of them: values stay held, and
/// the ledger sound.
#[test]
fn erased_persons_who_come_back_are_new_numbers_and_change_nothing_that_was_shown() {
    let mut desk = released();
    let table = |desk: &Desk| {
        let body: serde_json::Value = serde_json::from_str(&desk.ask("reach", &[])).expect("JSON");
        body["table"]["rows"].clone()
    };
    let before = table(&desk);
    let highest: i64 = desk.query("SELECT max(number) FROM spine");
    desk.advance(1);
    desk.say("lokk", 0..3, "withdrawn");
    assert_eq!(table(&desk), before, "held without them");
    desk.look_after(Erase::All);
    let gone: i64 = desk.query("SELECT count(*) FROM spine");
    assert_eq!(gone, 87, "their numbers are gone");
    assert_eq!(table(&desk), before);
    assert!(findings(&desk).is_empty(), "{:?}", findings(&desk));

    desk.advance(1);
    desk.say("lokk", 0..3, "given");
    desk.send("lokk", &rows_of(0..60));
    desk.seal();
    let new: i64 = desk.query(&format!("SELECT count(*) FROM spine WHERE number > {highest}"));
    assert_eq!(new, 3, "no number is used again");
    assert_eq!(table(&desk), before, "six numbers away, and the same persons");
    desk.start();
    assert_eq!(table(&desk), before, "after a restart too");
    assert!(findings(&desk).is_empty(), "{:?}", findings(&desk));
}

/// Questions, and withdrawals one by one, from many threads: whatever came first, no two sets are entered that should have
/// shared a value, and every number of the ledger is there once.
#[test]
fn questions_at_the_same_time_as_withdrawals_enter_no_two_near_sets() {
    let mut desk = Desk::new();
    desk.say("lokk", 0..60, "given");
    desk.say("mandecentret", 40..90, "given");
    desk.send("lokk", &rows_of(0..60));
    desk.send("mandecentret", &rows_of(40..90));
    desk.seal();
    desk.advance(1);
    let withdrawals: Vec<_> = (0..12).map(|person| desk.event("lokk", person, "withdrawn")).collect();
    let (desk, questions) = (
        &desk,
        [
            ("reach", &[][..]),
            ("reach", &["partner"]),
            ("overlap", &[]),
            ("funnel", &[]),
            ("reach", &["role"]),
        ],
    );
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for turn in 0..10 {
                    let (question, by) = questions[(thread + turn) % questions.len()];
                    let answer = desk.it().ask(&vive(), &asked(question, by));
                    answer.unwrap_or_else(|error| panic!("{question}: {error}"));
                }
            });
        }
        scope.spawn(move || {
            for event in withdrawals {
                desk.record("lokk", vec![event]);
            }
        });
    });
    let ledger = desk.it().store().ledger().expect("readable");
    assert!(ledger.iter().enumerate().all(|(at, row)| row.seq == at as u64 + 1));
    assert!(findings(desk).is_empty(), "{:?}", findings(desk));
}

/// A dataset with a row a person tells by its rows who came: as R9, the figure stays until eight have.
#[test]
fn row_counts_of_the_quality_report_stay_until_eight_rows_came() {
    let mut desk = Desk::new();
    desk.say("lokk", 0..60, "given");
    let sent = |desk: &Desk| {
        let report = desk.it().quality(&vive()).unwrap_or_else(|error| panic!("{error}"));
        let lokk = |part: &&kobling::service::QualityPart| {
            part.partner.as_str() == "lokk" && part.dataset.as_str() == "forloeb"
        };
        report.parts.iter().find(lokk).expect("a part").sent
    };
    let mut shown = Vec::new();
    for (round, rows) in [30_u64, 33, 37, 38, 31, 30].into_iter().enumerate() {
        desk.send("lokk", &rows_of(0..rows));
        desk.seal();
        if round == 2 {
            desk.start();
        }
        shown.push(sent(&desk));
        assert_eq!(sent(&desk), *shown.last().expect("one"), "read again");
        desk.advance(1);
    }
    // 33 and 37 by themselves would read 35; eight away it changes, and then it stays again.
    assert_eq!(shown, [30, 30, 30, 40, 40, 30].map(Some));
    // A hidden one likewise.
    for (rows, expected) in [(5, None), (12, None), (13, Some(15))] {
        desk.send("lokk", &rows_of(0..rows));
        desk.seal();
        assert_eq!(sent(&desk), expected, "{rows}");
        desk.advance(1);
    }
}
