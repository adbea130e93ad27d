//! Withdrawal and erasure over the whole service: what goes, when, what is left of it, and what says so.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use kit::{linkage_key, package_of, signing_key};
use kobling::audit::{Item, Receipt, ReceiptKind, SignedReceipt};
use kobling::auth::{Principal, Role};
use kobling::clock::{Clock, Day, FixedClock, Timestamp};
use kobling::consent::{AsOf, ConsentBatch, ConsentEvent, ConsentRecord, Known, keepable};
use kobling::key::ServiceKey;
use kobling::programme::Programme;
use kobling::question::Ask;
use kobling::secret::SeededRandom;
use kobling::service::{Erase, Service, UploadRequest};
use kobling::snapshot::Snapshot;
use kobling::store::ErasureState;
use proptest::prelude::*;
use rusqlite::Connection;

const START: &str = "2025-06-01T08:00:00Z";

/// A row of a course of help: person, day of 2022, from 0.
type Row = (u64, i32);

/// A service on a clock that the test moves.
struct Desk {
    service: Option<Service>,
    clock: Arc<FixedClock>,
    dir: tempfile::TempDir,
    records: u32,
}

fn instant(at: &str) -> Timestamp {
    at.parse().expect("an instant")
}

fn day(n: i32) -> Day {
    Day::from_ymd(2022, 1, 1).expect("a day").plus(n)
}

fn partner(name: &str) -> Principal {
    Principal {
        id: format!("{name}-it").parse().expect("a name"),
        name: name.to_owned(),
        role: Role::Partner,
        organisation: name.parse().expect("a name"),
    }
}

fn vive() -> Principal {
    let organisation = "vive".parse().expect("a name");
    Principal {
        id: "vive-1".parse().expect("a name"),
        name: "v".to_owned(),
        role: Role::Evaluator,
        organisation,
    }
}

impl Desk {
    fn new() -> Desk {
        Desk::of(kit::PROGRAMME)
    }

    fn of(text: &str) -> Desk {
        let dir = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(FixedClock::new(instant(START)));
        let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let data = dir.path().join("data");
        Service::initialise(&data, &programme, text, linkage_key().id(), &key, clock.now())
            .unwrap_or_else(|error| panic!("{error}"));
        let mut desk = Desk { service: None, clock, dir, records: 0 };
        desk.start();
        for partner in ["lokk", "mandecentret"] {
            let (actor, id) = (desk.it().operator(), partner.parse().expect("a name"));
            desk.it().enrol_key(&actor, &id, &signing_key(partner).verifying_key()).expect("enrolled");
        }
        desk
    }

    fn it(&self) -> &Service {
        self.service.as_ref().expect("started")
    }

    fn start(&mut self) {
        self.service = None;
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        self.service = Some(kit::open(&self.dir.path().join("data"), &clock));
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn advance(&self, days: i64) {
        self.clock.set(self.clock.now().plus_millis(days * 86_400_000));
    }

    /// Sends rows as a package; returns its id.
    fn send(&self, from: &str, rows: &[Row]) -> String {
        let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
        for (person, at) in rows {
            let (y, m, d) = day(*at).ymd();
            let cpr = kit::cpr(*person);
            text.push_str(&format!("{cpr};S-{person};{d:02}-{m:02}-{y};Kontakt;Voldsudsat;147\r\n"));
        }
        let folder = tempfile::tempdir_in(self.dir.path()).expect("a folder");
        let package = package_of(folder.path(), from, &text, &linkage_key());
        let manifest = String::from_utf8(package.manifest_bytes.clone()).expect("UTF-8");
        let signature = package.signature().expect("signed").to_string();
        let request = UploadRequest { manifest: &manifest, signature: &signature };
        let caller = partner(from);
        let opened = self.it().open_upload(&caller, request).unwrap_or_else(|error| panic!("{error}"));
        let mut bytes = Some(std::fs::read(package.data_path()).expect("readable"));
        let standing = self.it().append(&caller, &opened.id, opened.offset, || bytes.take());
        assert!(standing.unwrap_or_else(|error| panic!("{error}")).complete);
        opened.id
    }

    /// An event that happens now, of a record of its own.
    fn event(&mut self, from: &str, person: u64, kind: &str) -> serde_json::Value {
        self.records += 1;
        let at = self.clock.now().to_string();
        let mut record = serde_json::to_value(kit::consent(from, person, kind, &at)).expect("JSON");
        record["event"]["record"] = format!("r-{}", self.records).into();
        record["event"]["rows"] = serde_json::json!({ "from": "2021-01-01" });
        record
    }

    fn record(&self, from: &str, events: Vec<serde_json::Value>) -> Receipt {
        let records: Vec<ConsentRecord> =
            events.into_iter().map(|event| serde_json::from_value(event).expect("a record")).collect();
        let body = serde_json::to_vec(&ConsentBatch { key_id: linkage_key().id(), records }).expect("JSON");
        let signature = signing_key(from).sign("kobling/v1/consents", &body).to_string();
        let receipt = self.it().record_consents(&partner(from), &body, &signature);
        self.receipt(&receipt.unwrap_or_else(|error| panic!("{error}")))
    }

    fn say(&mut self, from: &str, persons: Range<u64>, kind: &str) -> Receipt {
        let events = persons.map(|person| self.event(from, person, kind)).collect();
        self.record(from, events)
    }

    fn receipt(&self, signed: &SignedReceipt) -> Receipt {
        signed.verify(&self.it().verifying_key()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn seal(&self) -> u32 {
        self.it().seal(&self.it().operator()).unwrap_or_else(|error| panic!("{error}")).snapshot.id
    }

    fn look_after(&self, erase: Erase) -> kobling::service::Upkeep {
        self.it().look_after(&self.it().operator(), erase).unwrap_or_else(|error| panic!("{error}"))
    }

    fn ask(&self, question: &str, by: &[&str]) -> String {
        let ask: Ask = serde_json::from_value(serde_json::json!({
            "question": question, "by": by, "period": "2022-Q1..2022-Q4"
        }))
        .expect("a question");
        self.it().ask(&vive(), &ask).unwrap_or_else(|error| panic!("{question}: {error}"))
    }

    /// Rows of a snapshot of one partner's courses of help, by person number.
    fn snapshot(&self, id: u32) -> Snapshot {
        let row =
            self.it().snapshots().expect("listed").into_iter().find(|row| row.id == id).expect("sealed");
        let manifest: serde_json::Value = serde_json::from_str(&row.manifest).expect("JSON");
        let sha256 = serde_json::from_value(manifest["sha256"].clone()).expect("a digest");
        let dir = self.data().join("snapshots").join(&row.folder);
        Snapshot::load(&dir, self.it().programme(), &sha256).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Link and person number of those who recorded something at a partner, by the order in which they did.
    fn link(&self, from: &str, person: u64) -> Option<Vec<u8>> {
        let db = Connection::open(self.data().join("kobling.sqlite")).expect("open");
        let token = kit::token(from, person);
        let token = kobling::token::Token::parse(token.as_bytes()).unwrap_or_else(|_| panic!("a token"));
        let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
        let partner: kobling::name::PartnerId = from.parse().expect("a name");
        drop(db);
        let link = kobling::token::Linker::new(&key, &partner, &partner).link(&token);
        Some(link.as_stored().to_vec())
    }

    fn query<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let db = Connection::open(self.data().join("kobling.sqlite")).expect("open");
        db.query_row(sql, [], |row| row.get(0)).expect("a row")
    }

    /// Files of the data folder, and tables of the database, in which some bytes stand: raw, in hexadecimal or base64.
    fn where_is(&self, bytes: &[u8]) -> BTreeSet<String> {
        use base64::Engine as _;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
        for engine in [
            base64::engine::general_purpose::STANDARD_NO_PAD,
            base64::engine::general_purpose::URL_SAFE_NO_PAD,
        ] {
            forms.push(engine.encode(bytes).into_bytes());
        }
        let holds = |content: &[u8]| {
            forms.iter().any(|form| content.windows(form.len()).any(|window| window == form))
        };
        let mut found = BTreeSet::new();
        for (path, content) in kit::files(&self.data()) {
            if holds(&content) {
                let inside = path.strip_prefix(self.data()).expect("inside");
                found.insert(
                    inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned(),
                );
            }
        }
        let db = Connection::open(self.data().join("kobling.sqlite")).expect("open");
        for table in ["consent_events", "tombstones", "spine", "aliases", "erasure_links", "erasure_orders"] {
            let columns = if table == "aliases" { "first || second" } else { "link" };
            let count: i64 = db
                .query_row(
                    &format!("SELECT count(*) FROM {table} WHERE instr({columns}, ?1)"),
                    [bytes],
                    |row| row.get(0),
                )
                .expect("counted");
            if count != 0 {
                found.insert(format!("table {table}"));
            }
        }
        found
    }
}

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
    let pages = std::fs::read(desk.data().join("kobling.sqlite")).expect("readable");
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
