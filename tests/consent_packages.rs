//! Packages of consents over HTTP: stored as the JSON form is, recorded whole or not at all, also when the program is killed.
#![cfg(all(unix, feature = "service"))]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use kit::{Running, consent, cpr, linkage_key, programme, signing_key};
use kobling::client::{Client, ClientError, UploadError, UploadOutcome, upload};
use kobling::clock::{Clock, Timestamp};
use kobling::consent::{ConsentRecord, GivenBy, LegalBasis};
use kobling::extract::consents::{Form, notice, read_consents};
use kobling::extract::{ConsentJob, Package, Source, package_consents};
use kobling::secret::{Random as _, SeededRandom, SystemRandom};
use kobling::service::Service;
use kobling::token::Tokeniser;
use machine::Machine;
use zeroize::Zeroizing;

fn form() -> Form {
    Form {
        purposes: vec!["evaluation".parse().expect("a name")],
        recipients: vec!["vive".parse().expect("a name")],
        datasets: vec!["forloeb".parse().expect("a name")],
        notice: notice(programme(), &"samtykke".parse().expect("a name"), "da").expect("a notice"),
        given_by: GivenBy::Person,
        recorded_by: "skranke æ".to_owned(),
        legal_basis: LegalBasis::ExplicitConsent,
    }
}

fn now() -> Timestamp {
    "2025-06-01T08:00:00Z".parse().expect("an instant")
}

/// A list in which persons say yes, some take it back, some renew it, with windows and days of all kinds.
fn list(persons: std::ops::Range<u64>) -> Source {
    let mut text =
        "cpr,record,event,time,valid_from,valid_to,window_from,window_to,method,names\n".to_owned();
    for n in persons {
        let number = cpr(n);
        let _ = match n % 5 {
            0 => writeln!(
                text,
                "{number},y-{n},given,2022-01-10T09:00:00+01:00,,2026-12-31,2021-01-01,,written,"
            ),
            1 => writeln!(text, "{number},y-{n},given,2022-01-10,2022-02-01,,,2023-12-31,oral-documented,"),
            2 => writeln!(
                text,
                "{number},y-{n},given,2022-01-10,,,,,,\n{number},w-{n},withdrawn,2022-05-05T10:11:12.345Z,,,,,,y-{n}"
            ),
            3 => writeln!(
                text,
                "{number},n-{n},renewed,2023-01-10,,2029-12-31,2020-01-01,,,y-{n}\n{number},y-{n},given,2022-01-10,,,,,,"
            ),
            _ => writeln!(text, "{number},y-{n},refused,2022-01-10,,,,,,"),
        };
    }
    Source::Memory(Zeroizing::new(text))
}

fn packed(folder: &Path, source: &Source) -> Package {
    let partner = "lokk".parse().expect("a name");
    let (form, programme) = (form(), programme());
    let job = ConsentJob { source, form: &form, programme, partner: &partner, now: now() };
    let (key, random) = (linkage_key(), &mut SystemRandom::new());
    package_consents(&job, &key, Some(&signing_key("lokk")), folder, random)
        .unwrap_or_else(|e| panic!("{e}"));
    Package::open(folder).unwrap_or_else(|error| panic!("{error}"))
}

fn send(client: &Client, package: &Package) -> Result<UploadOutcome, UploadError> {
    upload(client, package, &package.signature().expect("signed"), |_| ())
}

/// What the service has stored, in the order of the events' bytes.
fn stored(service: &Service) -> Vec<(String, [u8; 16], String)> {
    let mut all = Vec::new();
    let each = |row: kobling::store::StoredConsent| {
        all.push((row.event, *row.link.as_stored(), row.source.to_string()));
        Ok(())
    };
    service.store().for_each_consent(each).expect("readable");
    all.sort();
    all
}

fn events(service: &Service) -> u64 {
    service.store().consent_state().expect("a state").events
}

fn code(error: UploadError) -> String {
    match error {
        UploadError::Client(ClientError::Refused { code, .. }) => code,
        error => panic!("{error}"),
    }
}

#[test]
fn the_same_list_both_ways_is_stored_as_the_same_bytes() {
    let (by_batch, by_package) = (Running::new(), Running::new());
    let (source, key) = (list(0..400), linkage_key());
    let lokk = by_batch.partner("lokk");
    let partner = "lokk".parse().expect("a name");
    let tokeniser = Tokeniser::new(&key, &partner, &partner);
    let in_one = |records: Vec<ConsentRecord>| {
        lokk.record_consents(key.id(), &records, &signing_key("lokk"))?;
        Ok(())
    };
    read_consents(&source, &form(), &tokeniser, now(), 10_000, in_one).unwrap_or_else(|e| panic!("{e}"));
    let package = packed(&by_package.packages().join("p"), &source);
    let sent = send(&by_package.partner("lokk"), &package).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(stored(&by_batch.service).len(), 560);
    assert_eq!(stored(&by_batch.service), stored(&by_package.service));
    let receipt = by_package.receipt(&sent.receipt);
    let said = serde_json::to_value(&receipt).expect("JSON");
    assert_eq!(
        (&said["kind"], &said["subject"]["events"], &said["subject"]["new"]),
        (&"consents".into(), &560.into(), &560.into())
    );
    assert_eq!(said["id"], sent.id);
    // Again, and over the other way: nothing is new.
    assert_eq!(
        send(&by_package.client("again", kobling::auth::Role::Partner, "lokk"), &package).expect("again"),
        sent
    );
    let over = send(&lokk, &package).unwrap_or_else(|error| panic!("{error}"));
    let said = serde_json::to_value(by_batch.receipt(&over.receipt)).expect("JSON");
    assert_eq!((&said["subject"]["events"], &said["subject"]["new"]), (&560.into(), &0.into()));
    assert_eq!(events(&by_batch.service), 560);
    // Nothing of a package stays but its events, and a seal does not take it for rows.
    for running in [&by_batch, &by_package] {
        assert_eq!(std::fs::read_dir(running.data().join("staged")).expect("readable").count(), 0);
        assert_eq!(running.service.seal(&running.service.operator()).expect("sealed").packages, 0);
        assert!(running.service.store().verify_chain().expect("readable").is_ok());
    }
    // It is listed as what it is, and is not taken back as a package.
    let listed = String::from_utf8(lokk.fetch("/v1/packages").expect("a list")).expect("text");
    assert!(listed.contains("\"recorded\"") && listed.contains("\"consents\""), "{listed}");
    let back = lokk.post(&format!("/v1/packages/{}/withdraw", over.id), b"{}", None).expect_err("it stays");
    assert!(matches!(&back, ClientError::Refused { code, .. } if code == "conflict"), "{back}");
}

#[test]
fn a_package_is_recorded_whole_or_not_at_all() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    let number = |n: u64| cpr(n);
    let many = (100..160).map(|n| format!("{},m-{n},given,2022-01-10,\n", number(n))).collect::<String>();
    let of =
        |rows: String| Source::Memory(Zeroizing::new(format!("cpr,record,event,time,names\n{many}{rows}")));
    let folder = running.packages();
    let lonely = packed(&folder.join("lonely"), &of(format!("{},n-1,renewed,2022-01-10,y-1\n", number(1))));
    assert_eq!(code(send(&lokk, &lonely).expect_err("nothing is renewed")), "consent-names-unknown");
    assert_eq!(events(&running.service), 0);
    let twice = of(format!("{},same,given,2022-01-10,\n{},same,given,2022-01-10,\n", number(1), number(2)));
    let twice = packed(&folder.join("twice"), &twice);
    let refused = send(&lokk, &twice).expect_err("one name, two persons");
    let UploadError::Client(ClientError::Refused { title, .. }) = &refused else { panic!("{refused}") };
    assert!(title.starts_with("line ") && title.contains(" of data.csv, column record:"), "{title}");
    assert_eq!((code(refused), events(&running.service)), ("consent-record-used".to_owned(), 0));
    // A deny is taken whatever it names.
    let deny = packed(&folder.join("deny"), &of(format!("{},w-1,withdrawn,2022-01-10,y-9\n", number(1))));
    send(&lokk, &deny).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(events(&running.service), 61);
    // The other waits whole: once what it renews is there, it is recorded as soon as the service begins again.
    let mut yes = consent("lokk", 1, "given", "2022-01-01T08:00:00Z");
    yes.event.record = "y-1".parse().expect("an id");
    lokk.record_consents(linkage_key().id(), &[yes], &signing_key("lokk")).expect("recorded");
    assert_eq!(events(&running.service), 62);
    let receipt = format!("/v1/uploads/{}/receipt", {
        let listed: Vec<serde_json::Value> =
            serde_json::from_slice(&lokk.fetch("/v1/packages").expect("a list")).expect("JSON");
        let open = listed.iter().find(|p| p["state"] == "open" && p["rows"] == 61).expect("it is open");
        open["id"].as_str().expect("an id").to_owned()
    });
    assert!(lokk.fetch(&receipt).is_ok(), "asking for it is enough");
    assert_eq!(events(&running.service), 63, "sixty of its events were there");
}

#[test]
fn a_package_whose_last_block_came_just_before_a_crash_is_recorded_at_the_next_start() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    let source = Source::Memory(Zeroizing::new(format!(
        "cpr,record,event,time,names\n{},n-1,renewed,2022-01-10,y-1\n",
        cpr(1)
    )));
    let package = packed(&running.packages().join("p"), &source);
    assert_eq!(code(send(&lokk, &package).expect_err("nothing is renewed")), "consent-names-unknown");
    let mut yes = consent("lokk", 1, "given", "2022-01-01T08:00:00Z");
    yes.event.record = "y-1".parse().expect("an id");
    lokk.record_consents(linkage_key().id(), &[yes], &signing_key("lokk")).expect("recorded");
    let (data, clock) = (running.data(), std::sync::Arc::clone(&running.clock) as std::sync::Arc<dyn Clock>);
    let copy = running.dir.path().join("copy");
    copy_folder(&data, &copy);
    let again = kit::open(&copy, &clock);
    assert_eq!(events(&again), 2, "all its blocks were there");
    assert_eq!(std::fs::read_dir(copy.join("staged")).expect("readable").count(), 0);
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("made");
    for (path, bytes) in kit::files(from) {
        let target = to.join(path.strip_prefix(from).expect("inside"));
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("made");
        std::fs::write(target, bytes).expect("written");
    }
    for folder in ["staged", "snapshots"] {
        std::fs::create_dir_all(to.join(folder)).expect("made");
    }
}

#[test]
fn no_token_of_a_package_lies_on_disk() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    // One that is whole and waits, so that its frames are there.
    let rows = (0..40).map(|n| format!("{},n-{n},renewed,2022-01-10,y-{n}\n", cpr(n))).collect::<String>();
    let source = Source::Memory(Zeroizing::new(format!("cpr,record,event,time,names\n{rows}")));
    let package = packed(&running.packages().join("p"), &source);
    assert_eq!(code(send(&lokk, &package).expect_err("nothing is renewed")), "consent-names-unknown");
    let files = kit::clear_files(&running.data());
    assert!(
        files
            .iter()
            .any(|(path, bytes)| path.to_string_lossy().contains("staged") && bytes.starts_with(b"KBC1"))
    );
    for n in 0..40 {
        use base64::Engine as _;
        let token = kit::token("lokk", n);
        let text = token.split('.').nth(1).expect("a token");
        let raw = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url");
        for (path, bytes) in &files {
            let holds = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
            assert!(!holds(&text.as_bytes()[..20]) && !holds(&raw[..16]), "{}", path.display());
        }
    }
}

#[test]
fn killed_while_a_package_of_consents_is_sent_and_recorded() {
    let machine = Machine::new();
    let mut random = SeededRandom::from_number(4);
    let package = packed(&machine.path("packages").join("p"), &list(0..9000));
    assert!(package.manifest.resources[0].blocks.len() >= 3);
    let rows = package.manifest.kobling.rows.sent;
    let mut cut = 0;
    let mut done = None;
    for round in 0..12u64 {
        let serving = machine.serve();
        let lokk = machine.client(&serving, "lokk-it");
        let (said, heard) = std::sync::mpsc::channel();
        let sent = package.clone();
        // A sender that is cut off tries for a while, and nobody waits for it.
        std::thread::spawn(move || said.send(send(&lokk, &sent).ok()));
        std::thread::sleep(Duration::from_millis(10 + 40 * round + random.below(60)));
        serving.kill();
        match heard.recv_timeout(Duration::from_millis(100)) {
            Ok(Some(outcome)) => done = Some(outcome),
            _ => cut += 1,
        }
        let there = stored_in(&machine);
        assert!(there == 0 || there == rows, "round {round}: {there} of {rows}");
        if let Some(outcome) = &done {
            assert_eq!(there, rows, "a receipt was given");
            let serving = machine.serve();
            assert_eq!(&send(&machine.client(&serving, "lokk-it"), &package).expect("again"), outcome);
            serving.kill();
        }
    }
    assert!(cut > 0, "it was never cut");
    let serving = machine.serve();
    send(&machine.client(&serving, "lokk-it"), &package).unwrap_or_else(|error| panic!("{error}"));
    serving.kill();
    assert_eq!(stored_in(&machine), rows);
    machine.is_sound();
}

/// Events in the store of a machine that does not run.
fn stored_in(machine: &Machine) -> u64 {
    let db = machine.database();
    let count: i64 =
        db.query_row("SELECT count(*) FROM consent_events", [], |row| row.get(0)).expect("a count");
    u64::try_from(count).expect("a count")
}
