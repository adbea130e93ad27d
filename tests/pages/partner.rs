//! A partner's way: packages and their receipts, consents, follow-up, the trail; and nothing in it from anybody else.

use std::io::{Read as _, Write as _};

use kobling::audit::{Entry, Head, Strand};
use kobling::auth::Role;
use kobling::client::upload;
use kobling::clock::Clock as _;
use kobling::extract::Package;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::kit::{Running, consent, cpr, linkage_key, package, package_of, signing_key};

const LOKK: &str = "lokk";
const POLICE: &str = "koebenhavns-politi";

/// The pages that are a partner's alone.
const PAGES: [&str; 5] = ["/packages", "/send", "/consents", "/followups", "/trail"];

pub fn send(client: &kobling::client::Client, package: &Package) -> String {
    let done = upload(client, package, &package.signature().expect("signed"), |_| ());
    done.unwrap_or_else(|error| panic!("{error}")).id
}

/// A minute passes.
fn later(running: &Running) {
    running.clock.set(running.clock.now().plus_millis(60_000));
}

/// A package of which two rows were rejected and one came twice.
fn with_rejected(running: &Running) -> Package {
    let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
    for n in 0..20 {
        text.push_str(&format!("{};S-{n};0{}-02-2022;Kontakt;Voldsudsat;147\r\n", cpr(n), n % 8 + 1));
    }
    text.push_str(&format!("{};S-1;31-02-2022;Kontakt;Voldsudsat;147\r\n", cpr(1)));
    text.push_str("123456789;S-2;01-02-2022;Kontakt;Voldsudsat;147\r\n");
    text.push_str(&format!("{};S-0;01-02-2022;Kontakt;Voldsudsat;147\r\n", cpr(0)));
    package_of(&running.packages(), LOKK, &text, &linkage_key())
}

fn record(running: &Running, partner: &str, events: &[(u64, &str, &str)]) {
    let events = events.iter();
    let events =
        events.map(|(n, kind, at)| serde_json::to_value(consent(partner, *n, kind, at)).expect("JSON"));
    record_all(running, partner, &events.collect::<Vec<_>>());
}

fn record_all(running: &Running, partner: &str, records: &[Value]) {
    let body = json!({ "key_id": running.service.key_id().to_string(), "records": records }).to_string();
    let signature = signing_key(partner).sign("kobling/v1/consents", body.as_bytes()).to_string();
    let bearer =
        std::fs::read_to_string(running.dir.path().join(format!("{partner}-it.token"))).expect("there");
    let headers = [("kobling-signature", signature.as_str()), ("content-type", "application/json")];
    let answer = crate::kit::raw(
        &running.address,
        "POST",
        "/v1/consents",
        Some(bearer.trim()),
        &headers,
        body.as_bytes(),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// No page is wider than a narrow screen.
pub fn fits_narrow(browser: &Browser) {
    browser.size(380, 800);
    let wide = browser.script("return document.documentElement.scrollWidth", vec![]);
    assert!(wide.as_u64().expect("a width") <= 380, "{}: {wide} px", browser.address());
    browser.size(320, 800);
    let wide = browser.script("return document.documentElement.scrollWidth", vec![]);
    assert!(wide.as_u64().expect("a width") <= 320, "{}: {wide} px", browser.address());
    browser.size(1280, 1000);
}

#[test]
fn a_package_is_looked_at_its_receipt_saved_and_it_is_taken_back() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let browser = Browser::start();
    let id = send(&client, &with_rejected(&running));
    later(&running);
    let newer = send(&client, &package(&running.packages(), LOKK, 30..40, 1));
    browser.sign_in(&running, "da", "lone", Role::Partner, LOKK);
    browser.click(".kb-menu a[href='/da/packages']");
    // Both are of one dataset and period: the one sent last counts.
    let tags = browser.texts(".kb-tag");
    assert_eq!(tags, ["Modtaget", "Afløst"], "{tags:?}");
    browser.axe();
    fits_narrow(&browser);
    browser.screenshot("partner-packages.da");
    browser.click(&format!("a[href='/da/packages/{newer}']"));
    browser.click("a[href$='/withdraw']");
    browser.axe();
    browser.click("main form button");
    assert_eq!(browser.text(".kb-tag"), "Taget tilbage");
    assert!(browser.address().ends_with(&newer));
    browser.axe();
    browser.click("a[href$='/withdrawal']");
    let file = browser.downloaded(&format!("lokk-forloeb-{}.withdrawn.json", &newer[..8]));
    let withdrawn = running.receipt(&std::fs::read(file).expect("read"));
    assert_eq!((withdrawn.kind, withdrawn.id), (kobling::audit::ReceiptKind::Withdrawal, newer));
    // The other one counts again, and is sealed.
    let operator = running.service.operator();
    running.service.seal(&operator).unwrap_or_else(|error| panic!("{error}"));
    browser.open(&format!("{}/en/packages", running.address));
    assert_eq!(browser.texts(".kb-tag").iter().filter(|tag| *tag == "Sealed").count(), 1);
    browser.axe();
    browser.click(&format!("a[href='/en/packages/{id}']"));
    assert!(browser.text("main").contains("In snapshot 1 of 2025-06-01"), "{}", browser.text("main"));
    let figures = browser.text("main");
    for words in ["nine digits", "Not a date", "CPR number", "23", "Rejected at your house"] {
        assert!(figures.to_lowercase().contains(&words.to_lowercase()), "{words}: {figures}");
    }
    browser.axe();
    fits_narrow(&browser);
    browser.screenshot("partner-package.en");
    browser.click("a[href$='/receipt']");
    let file = browser.downloaded(&format!("lokk-forloeb-{}.receipt.json", &id[..8]));
    let receipt = running.receipt(&std::fs::read(file).expect("read"));
    assert_eq!(receipt.id, id);
    let hash = receipt.head.hash.to_string();
    assert!(browser.texts("#receipt code").contains(&hash), "the page shows the receipt's head");
    browser.quiet();
}

#[test]
fn consents_are_counted_by_purpose_and_state_and_nobody_elses() {
    let running = Running::new();
    running.partner(LOKK);
    running.partner(POLICE);
    let events = [
        (0, "given", "2022-03-01T10:00:00Z"),
        (1, "given", "2022-03-01T10:00:00Z"),
        (1, "withdrawn", "2022-04-01T10:00:00Z"),
        (2, "refused", "2022-03-01T10:00:00Z"),
        (3, "requested", "2022-03-01T10:00:00Z"),
        (4, "withdrawn", "2022-03-01T10:00:00Z"),
        (4, "given", "2022-04-01T10:00:00Z"),
    ];
    record(&running, LOKK, &events);
    let browser = Browser::start();
    browser.sign_in(&running, "da", "lone", Role::Partner, LOKK);
    browser.open(&format!("{}/da/consents", running.address));
    browser.axe();
    fits_narrow(&browser);
    let numbers = browser.texts("#numbers tbody tr:first-child td");
    assert_eq!(numbers, ["2", "0", "0", "1", "1", "0", "1"], "in force, withdrawn, refused, asked");
    let before = browser.texts("main");
    assert!(before[0].contains("5 numre, 7 hændelser"), "{before:?}");
    // Another partner's events about the same persons.
    record(
        &running,
        POLICE,
        &[(0, "withdrawn", "2022-05-01T10:00:00Z"), (2, "given", "2022-05-01T10:00:00Z")],
    );
    browser.reload();
    assert_eq!(browser.texts("main"), before);
    browser.open(&format!("{}/en/consents", running.address));
    browser.axe();
    assert!(browser.text("main").contains("5 numbers, 7 events"));
    browser.quiet();
}

/// Each person once under what holds for it today, by hand.
#[test]
fn a_yes_is_counted_by_its_days_and_by_who_said_no() {
    let running = Running::new();
    running.partner(LOKK);
    let given = |n: u64, kind: &str, at: &str, change: Value| -> Value {
        let mut record = serde_json::to_value(consent(LOKK, n, kind, at)).expect("JSON");
        for (name, value) in change.as_object().expect("an object") {
            record["event"][name] = value.clone();
        }
        record
    };
    let at = "2022-03-01T10:00:00Z";
    record_all(
        &running,
        LOKK,
        &[
            given(0, "given", at, json!({ "valid_to": "2025-05-31" })),
            given(1, "given", at, json!({ "valid_to": "2025-06-01" })),
            given(2, "given", at, json!({ "valid_from": "2025-06-02" })),
            given(3, "given", at, json!({})),
            given(3, "invalidated", "2022-04-01T10:00:00Z", json!({})),
            given(4, "given", at, json!({})),
            given(4, "expired", "2022-04-01T10:00:00Z", json!({ "names": "given-4" })),
            // A yes and a no of one moment: the no.
            given(5, "given", at, json!({})),
            given(5, "withdrawn", at, json!({})),
            // One custodian's yes does not lift another's no.
            given(6, "refused", at, json!({ "given_by": "custodian" })),
            given(6, "given", "2022-05-01T10:00:00Z", json!({ "given_by": "custodian" })),
            // A no to another purpose is none to this one.
            given(7, "given", at, json!({})),
            given(7, "withdrawn", "2022-05-01T10:00:00Z", json!({ "purposes": ["follow-up"] })),
            given(8, "requested", "2022-05-01T10:00:00Z", json!({})),
            // Everything taken back: of each purpose.
            given(9, "given", at, json!({})),
            given(9, "withdrawn", "2022-05-01T10:00:00Z", json!({ "purposes": [], "recipients": [] })),
        ],
    );
    let lone = kobling::auth::Principal {
        id: "lone".parse().expect("a name"),
        name: "lone".to_owned(),
        role: Role::Partner,
        organisation: LOKK.parse().expect("a name"),
        person: None,
    };
    let numbers = running.service.consent_numbers(&lone).expect("counted");
    let of = |purpose: &str| {
        let found = numbers.purposes.iter().find(|of| of.purpose.as_str() == purpose);
        found.map(|of| of.persons)
    };
    // Holds, begins later, run out, withdrawn, refused, invalid, asked.
    assert_eq!(of("evaluation"), Some([2, 1, 2, 2, 1, 1, 1]));
    assert_eq!(of("follow-up"), Some([0, 0, 0, 2, 0, 0, 0]), "{numbers:?}");
    assert_eq!((numbers.persons, numbers.events), (10, 16));
}

#[test]
fn follow_up_is_shown_in_number_with_the_commands_for_names() {
    let running = Running::new();
    let police = running.partner(POLICE);
    send(&police, &package(&running.packages(), POLICE, 0..20, 1));
    let browser = Browser::start();
    browser.sign_in(&running, "da", "pia", Role::Partner, POLICE);
    browser.open(&format!("{}/da/followups", running.address));
    browser.axe();
    fits_narrow(&browser);
    let offered = running.service.programme().followups.iter();
    let partner = running.service.programme().source(&POLICE.parse().expect("a name")).expect("a partner");
    let mine: Vec<_> =
        offered.filter(|f| kobling::followup::may_ask(running.service.programme(), f, partner)).collect();
    assert_eq!(browser.count("main section"), mine.len());
    assert!(!mine.is_empty());
    for followup in mine {
        let shown = browser.text(&format!("section[aria-labelledby='f-{}']", followup.id));
        let left = format!("{} af {}; 0 er brugt", followup.lookups_per_day, followup.lookups_per_day);
        assert!(shown.replace('.', "").contains(&left), "{shown}");
        assert!(shown.contains("kobling followup resolve"), "{shown}");
    }
    browser.open(&format!("{}/en/followups", running.address));
    browser.axe();
    browser.quiet();
}

#[test]
fn the_trail_is_read_and_proved_to_extend_a_receipt() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let package = package(&running.packages(), LOKK, 0..20, 1);
    let receipt =
        upload(&client, &package, &package.signature().expect("signed"), |_| ()).expect("sent").receipt;
    let receipt = running.receipt(&receipt);
    let browser = Browser::start();
    browser.sign_in(&running, "da", "lone", Role::Partner, LOKK);
    browser.open(&format!("{}/da/trail", running.address));
    browser.axe();
    fits_narrow(&browser);
    assert!(browser.text("#entries").contains("En pakke blev modtaget hel"));
    browser.click("a[download]");
    let file = std::fs::read(browser.downloaded("kobling-entries.json")).expect("read");
    let file: Value = serde_json::from_slice(&file).expect("JSON");
    let entries: Vec<Entry> = serde_json::from_value(file["entries"].clone()).expect("entries");
    let mut head = Head::empty(Strand::Partner(LOKK.parse().expect("a name")));
    let mut met = false;
    for entry in &entries {
        head = head.extended(&entry.canonical());
        met |= head == receipt.head;
    }
    assert!(met, "the receipt's head is one of the trail's");
    assert_eq!(browser.text("main > dl code"), head.hash.to_string());
    browser.open(&format!("{}/en/trail", running.address));
    browser.axe();
    // A long one comes in pages, and nothing is missed or shown twice.
    for n in 0..60 {
        record(&running, LOKK, &[(n, "given", "2022-03-01T10:00:00Z")]);
    }
    browser.reload();
    let mut places = browser.texts(".kb-place");
    assert_eq!(places.len(), 50);
    browser.click(".kb-pages a");
    browser.until_text("A signing key was enrolled");
    places.extend(browser.texts(".kb-place"));
    let all: Vec<String> = (1..=places.len()).rev().map(|place| place.to_string()).collect();
    assert_eq!(places, all);
    browser.quiet();
}

/// A visitor without a browser: the cookie of a session.
pub struct Visit<'a> {
    running: &'a Running,
    cookie: String,
}

impl<'a> Visit<'a> {
    pub fn new(running: &'a Running, bearer: &str) -> Visit<'a> {
        let mut visit = Visit { running, cookie: String::new() };
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let (status, answer) =
            visit.ask("POST", "/da/sign-in", &form, format!("token={bearer}&next=/").as_bytes());
        assert_eq!(status, 303, "{answer}");
        let line = answer.lines().find(|line| line.starts_with("set-cookie: ")).expect("a cookie");
        visit.cookie = line["set-cookie: ".len()..].split(';').next().expect("a pair").to_owned();
        visit
    }

    /// Status, and headers and body as text.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let host = self.running.address.strip_prefix("http://").expect("http");
        let mut stream = std::net::TcpStream::connect(host).expect("connected");
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        head.push_str(&format!("Sec-Fetch-Site: same-origin\r\nCookie: {}\r\n", self.cookie));
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(body).expect("sent");
        let mut text = Vec::new();
        stream.read_to_end(&mut text).expect("an answer");
        let text = String::from_utf8_lossy(&text).into_owned();
        (text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), text)
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        self.ask("GET", path, &[], b"")
    }

    /// What the session's forms say.
    pub fn csrf(&self) -> String {
        let (_, page) = self.get("/da/send");
        let after = page.split("name=\"csrf\" value=\"").nth(1).expect("a form");
        after.split('"').next().expect("a value").to_owned()
    }
}

/// Attack: other roles, other partners and nobody at all look at a partner's pages.
#[test]
fn a_partners_pages_are_not_there_for_anybody_else() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let id = send(&client, &package(&running.packages(), LOKK, 0..20, 1));
    let evaluator = running.service.programme().evaluators[0].id.to_string();
    let steward = running.service.programme().steward.to_string();
    for (id, role, organisation) in [
        ("eva", Role::Evaluator, evaluator),
        ("stina", Role::Steward, steward.clone()),
        ("rev", Role::Auditor, steward),
    ] {
        let visit = Visit::new(&running, &running.bearer(id, role, &organisation));
        for path in PAGES {
            for language in ["da", "en"] {
                let (status, answer) = visit.get(&format!("/{language}{path}"));
                assert_eq!(status, 404, "{role:?} {path}: {answer}");
            }
        }
    }
    let police = Visit::new(&running, &running.bearer("pia", Role::Partner, POLICE));
    let csrf = police.csrf();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for path in ["", "/receipt", "/withdraw", "/withdrawal"] {
        let (status, answer) = police.get(&format!("/da/packages/{id}{path}"));
        assert_eq!(status, 404, "{path}: {answer}");
        // It is refused as what never was.
        let never = police.get(&format!("/da/packages/{}{path}", "0".repeat(32)));
        assert_eq!(strip(&answer), strip(&never.1));
    }
    for path in ["withdraw", "abort"] {
        let body = format!("csrf={csrf}");
        let (status, answer) =
            police.ask("POST", &format!("/da/packages/{id}/{path}"), &form, body.as_bytes());
        assert_eq!(status, 404, "{path}: {answer}");
    }
    let tus = [("tus-resumable", "1.0.0")];
    let (status, _) = police.ask("HEAD", &format!("/da/send/uploads/{id}"), &tus, b"");
    assert_eq!(status, 404);
    // The partner itself, with what no form of its session says.
    let lokk = Visit::new(&running, &running.bearer("lone", Role::Partner, LOKK));
    let (status, _) =
        lokk.ask("POST", &format!("/da/packages/{id}/withdraw"), &form, format!("csrf={csrf}").as_bytes());
    assert_eq!(status, 403);
    let rows = [("content-type", "application/json"), ("kobling-csrf", csrf.as_str())];
    assert_eq!(lokk.ask("POST", "/da/send/uploads", &rows, b"{}").0, 403);
    assert_eq!(client.packages().expect("listed")[0].state, "complete");
}

/// A page without what differs from visit to visit: ids and digests, what forms say, the address asked for, the time of the answer.
fn strip(page: &str) -> String {
    let mut stripped = String::new();
    let is_id = |word: &str| {
        word.len() >= 8 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let body = page.split("\r\n\r\n").nth(1).unwrap_or_default();
    for part in body.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')) {
        let word = part.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        let hex = word.bytes().all(|b| b.is_ascii_hexdigit()) && matches!(word.len(), 8 | 32 | 64);
        let random = is_id(word) && word.len() >= 40;
        if hex || random {
            stripped.push('X');
            stripped.push_str(&part[word.len()..]);
        } else {
            stripped.push_str(part);
        }
    }
    stripped
}

/// Attack: a partner reads off its own pages what others have sent, recorded or proposed about the same persons.
#[test]
fn a_partners_pages_are_the_same_with_others_and_without() {
    let packages = tempfile::tempdir().expect("a folder");
    let (mine, more) = (package(packages.path(), LOKK, 0..20, 2), package(packages.path(), LOKK, 0..25, 2));
    let others = package(packages.path(), POLICE, 0..20, 1);
    let seen = |with_others: bool| -> Vec<String> {
        let running = Running::new();
        let lokk = running.partner(LOKK);
        let police = running.partner(POLICE);
        let visit = Visit::new(&running, &running.bearer("lone", Role::Partner, LOKK));
        if with_others {
            send(&police, &others);
            record(&running, POLICE, &[(0, "withdrawn", "2022-05-01T10:00:00Z")]);
            let caller = kobling::auth::Principal {
                id: "pia".parse().expect("a name"),
                name: "pia".to_owned(),
                role: Role::Partner,
                organisation: POLICE.parse().expect("a name"),
                person: None,
            };
            running.service.add_principal(&caller).expect("added");
            // Of persons of whom nothing was said: what an alias does to rows under consent is on record elsewhere.
            let tokens = [18, 19].map(|n| crate::kit::token(POLICE, n));
            running.service.propose_alias(&caller, &tokens[0], &tokens[1]).expect("proposed");
            let steward = kobling::auth::Principal {
                id: "stina".parse().expect("a name"),
                name: "stina".to_owned(),
                role: Role::Steward,
                organisation: running.service.programme().steward.clone(),
                person: None,
            };
            running.service.add_principal(&steward).expect("added");
            let open = running.service.open_proposals().expect("listed");
            let one = kobling::store::Proposals::One(open[0].id);
            running
                .service
                .decide_aliases(&steward, one, kobling::store::Verdict::Approve)
                .expect("approved");
        }
        let id = send(&lokk, &mine);
        let events = [(0, "given", "2022-03-01T10:00:00Z"), (1, "refused", "2022-03-01T10:00:00Z")];
        record(&running, LOKK, &events);
        running.service.seal(&running.service.operator()).unwrap_or_else(|error| panic!("{error}"));
        later(&running);
        let newer = send(&lokk, &more);
        let mut pages: Vec<String> =
            PAGES.iter().map(|path| strip(&visit.get(&format!("/da{path}")).1)).collect();
        for id in [id, newer] {
            pages.push(strip(&visit.get(&format!("/en/packages/{id}")).1));
            pages.push(strip(&visit.get(&format!("/en/packages/{id}/withdraw")).1));
        }
        assert!(pages.iter().all(|page| page.contains("<h1>")), "{pages:?}");
        pages
    };
    let (alone, among) = (seen(false), seen(true));
    for (alone, among) in alone.iter().zip(&among) {
        for (alone, among) in alone.lines().zip(among.lines()) {
            assert_eq!(alone, among);
        }
        assert_eq!(alone.len(), among.len());
    }
}
