//! Attacks on the service by those who have a way in: a partner, an evaluator, somebody at the port.

#![cfg(feature = "service")]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use kit::{PROGRAMME, Running, consent, linkage_key, package, raw, signing_key};
use kobling::auth::{Principal, Role};
use kobling::clock::{Clock, FixedClock, SystemClock, Timestamp};
use kobling::consent::ConsentRecord;
use kobling::extract::Package;
use kobling::key::{Example, LinkageKey, ServiceKey};
use kobling::limits;
use kobling::programme::Programme;
use kobling::question::Ask;
use kobling::secret::SeededRandom;
use kobling::service::{Service, ServiceError, UploadRequest};

fn principal(id: &str, role: Role, organisation: &str) -> Principal {
    Principal {
        id: id.parse().expect("a name"),
        name: id.to_owned(),
        role,
        organisation: organisation.parse().expect("a name"),
        person: None,
    }
}

/// A service without its port, on a clock of the test's choosing.
struct Bare {
    service: Arc<Service>,
    dir: tempfile::TempDir,
}

impl Bare {
    fn new(text: &str, clock: Arc<dyn Clock>) -> Bare {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("data");
        let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        Service::initialise(&data, &programme, text, linkage_key().id(), &key, clock.now())
            .unwrap_or_else(|error| panic!("{error}"));
        let service = kit::open(&data, &clock);
        Bare { service: Arc::new(service), dir }
    }

    /// A partner whose key is enrolled.
    fn enrolled(&self, partner: &str) -> Principal {
        let (actor, id) = (self.service.operator(), partner.parse().expect("a name"));
        self.service.enrol_key(&actor, &id, &signing_key(partner).verifying_key()).expect("enrolled");
        principal(&format!("{partner}-it"), Role::Partner, partner)
    }

    /// A partner whose key is enrolled, with a package of persons who said nothing.
    fn partner(&self, partner: &str, persons: Range<u64>) -> Principal {
        let caller = self.enrolled(partner);
        self.upload(&caller, persons);
        caller
    }

    /// The same, of persons who said yes first, for one recipient.
    fn partner_with_consents(&self, partner: &str, persons: Range<u64>, recipient: &str) -> Principal {
        let caller = self.enrolled(partner);
        self.record(&caller, &events(persons.clone(), "given", YES, recipient));
        self.upload(&caller, persons);
        caller
    }

    fn upload(&self, caller: &Principal, persons: Range<u64>) {
        let partner = caller.organisation.as_str();
        let package = package(self.dir.path(), partner, persons, 1);
        let manifest = String::from_utf8(package.manifest_bytes.clone()).expect("UTF-8");
        let signature = package.signature().expect("signed").to_string();
        let request = UploadRequest { manifest: &manifest, signature: &signature };
        let opened = self.service.open_upload(caller, request).unwrap_or_else(|error| panic!("{error}"));
        let mut data = Some(std::fs::read(package.data_path()).expect("readable"));
        let standing = self.service.append(caller, &opened.id, 0, || data.take());
        assert!(standing.unwrap_or_else(|error| panic!("{error}")).complete);
    }

    fn record(&self, partner: &Principal, batch: &[ConsentRecord]) {
        record(&self.service, partner, batch);
    }

    /// Persons shown for everybody.
    fn reach(&self, caller: &Principal) -> u64 {
        let ask: Ask = serde_json::from_value(serde_json::json!({
            "question": "reach", "by": [], "period": "2022-Q1..2022-Q4", "population": null
        }))
        .expect("a question");
        let answer = self.service.ask(caller, &ask).unwrap_or_else(|error| panic!("{error}"));
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        answer["table"]["rows"][0]["figures"][0]["count"].as_u64().unwrap_or_else(|| panic!("{answer}"))
    }
}

fn record(service: &Service, partner: &Principal, batch: &[ConsentRecord]) {
    sent(service, partner, batch).unwrap_or_else(|error| panic!("{error}"));
}

fn sent(service: &Service, partner: &Principal, batch: &[ConsentRecord]) -> Result<(), ServiceError> {
    let batch = kobling::consent::ConsentBatch { key_id: kit::linkage_key().id(), records: batch.to_vec() };
    let body = serde_json::to_vec(&batch).expect("JSON");
    let key = signing_key(partner.organisation.as_str());
    let signature = key.sign("kobling/v1/consents", &body).to_string();
    service.record_consents(partner, &body, &signature).map(|_| ())
}

/// Events of persons for one recipient.
fn events(persons: Range<u64>, kind: &str, at: &str, recipient: &str) -> Vec<ConsentRecord> {
    let one = |n| {
        let mut event = serde_json::to_value(consent("lokk", n, kind, at)).expect("JSON");
        event["event"]["recipients"] = serde_json::json!([recipient]);
        event["event"]["record"] = format!("{kind}-{recipient}-{n}").into();
        serde_json::from_value(event).expect("a record")
    };
    persons.map(one).collect()
}

const YES: &str = "2022-01-01T08:00:00Z";
const NO: &str = "2025-06-01T12:00:00Z";

fn fixed(at: &str) -> Arc<FixedClock> {
    Arc::new(FixedClock::new(at.parse().expect("an instant")))
}

/// What happens the next time that somebody looks at the clock.
type Meanwhile = Box<dyn FnOnce(&Service) + Send>;

/// A clock at which something can happen between a look and the next step of who looked.
struct Interrupting {
    clock: FixedClock,
    service: Mutex<Weak<Service>>,
    meanwhile: Mutex<Option<Meanwhile>>,
}

impl Clock for Interrupting {
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        let meanwhile = self.meanwhile.lock().expect("unpoisoned").take();
        if let Some(meanwhile) = meanwhile {
            self.clock.set(now.plus_millis(1));
            let service = self.service.lock().expect("unpoisoned").upgrade().expect("running");
            meanwhile(&service);
        }
        now
    }
}

#[test]
fn attack_an_answer_begun_before_a_withdrawal_is_kept_and_served_after_it() {
    let clock = Arc::new(Interrupting {
        clock: FixedClock::new("2025-06-02T08:00:00Z".parse().expect("an instant")),
        service: Mutex::new(Weak::new()),
        meanwhile: Mutex::new(None),
    });
    let bare = Bare::new(PROGRAMME, Arc::clone(&clock) as Arc<dyn Clock>);
    *clock.service.lock().expect("unpoisoned") = Arc::downgrade(&bare.service);
    let lokk = bare.partner_with_consents("lokk", 0..60, "vive");
    bare.service.seal(&bare.service.operator()).expect("sealed");
    let vive = principal("vive-1", Role::Evaluator, "vive");

    let withdrawn = lokk.clone();
    *clock.meanwhile.lock().expect("unpoisoned") = Some(Box::new(move |service| {
        record(service, &withdrawn, &events(0..20, "withdrawn", NO, "vive"));
    }));
    let _begun_before = bare.reach(&vive);
    assert!(clock.meanwhile.lock().expect("unpoisoned").is_none(), "the withdrawal came in between");
    assert_eq!(bare.reach(&vive), 40, "twenty have withdrawn, and their receipt is out");
}

#[test]
fn attack_another_evaluators_question_loosens_what_was_shown_to_one() {
    let several = PROGRAMME.replace(
        r#"evaluators = [{ id = "vive", name = "VIVE" }]"#,
        r#"evaluators = [{ id = "vive", name = "VIVE" }, { id = "other", name = "Other" }, { id = "third", name = "Third" }]"#,
    );
    let several = several.replace(r#"recipients = ["vive"]"#, r#"recipients = ["vive", "other", "third"]"#);
    assert_ne!(several, PROGRAMME);
    let bare = Bare::new(&several, fixed("2025-06-02T08:00:00Z"));
    let lokk = bare.partner_with_consents("lokk", 0..80, "third");
    bare.service.seal(&bare.service.operator()).expect("sealed");
    let vive = principal("vive-1", Role::Evaluator, "vive");
    let other = principal("other-1", Role::Evaluator, "other");
    bare.record(&lokk, &events(0..58, "given", YES, "vive"));
    assert_eq!(bare.reach(&vive), 60);
    bare.record(&lokk, &events(58..66, "given", YES, "vive"));
    assert_eq!(bare.reach(&vive), 65);
    bare.record(&lokk, &events(0..40, "given", YES, "other"));
    assert_eq!(bare.reach(&other), 40);
    bare.record(&lokk, &events(63..66, "withdrawn", NO, "vive"));
    assert_eq!(bare.reach(&vive), 65, "three withdrawals change nothing that was shown (R8)");
}

#[test]
fn attack_an_evaluator_asks_for_a_purpose_that_is_for_somebody_else() {
    let two = PROGRAMME.replace(
        r#"evaluators = [{ id = "vive", name = "VIVE" }]"#,
        r#"evaluators = [{ id = "vive", name = "VIVE" }, { id = "other", name = "Other" }]"#,
    );
    let bare = Bare::new(&two, fixed("2025-06-02T08:00:00Z"));
    // A yes to it is refused on recording (tests/access.rs); others' yes makes it no recipient.
    bare.partner_with_consents("lokk", 0..60, "vive");
    bare.service.seal(&bare.service.operator()).expect("sealed");
    let asked = |question: &str| Ask {
        question: question.parse().expect("a name"),
        by: Vec::new(),
        period: "2022-Q1..2022-Q4".parse().expect("a period"),
        population: None,
    };
    let other = principal("other-1", Role::Evaluator, "other");
    let refused = |question: &str| {
        bare.service.ask(&other, &asked(question)).expect_err("not for it").to_string().replace(question, "…")
    };
    assert_eq!(refused("reach"), refused("no-such-question"), "as if it were not there");
    let vive = principal("vive-1", Role::Evaluator, "vive");
    assert!(bare.service.ask(&vive, &asked("reach")).is_ok());
}

/// The manifest of a package with one member changed, signed anew.
fn changed(package: &Package, partner: &str, pointer: &str, value: serde_json::Value) -> (String, String) {
    let mut manifest: serde_json::Value = serde_json::from_slice(&package.manifest_bytes).expect("JSON");
    *manifest.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    let text = serde_json::to_string_pretty(&manifest).expect("JSON");
    let signature = signing_key(partner).sign("kobling/v1/package", text.as_bytes()).to_string();
    (text, signature)
}

#[test]
fn attack_free_text_in_the_manifest_carries_identities_to_the_disk_and_the_evaluator() {
    let bare = Bare::new(PROGRAMME, fixed("2025-06-02T08:00:00Z"));
    let lokk = bare.partner("lokk", 0..20);
    let package = package(bare.dir.path(), "lokk", 0..30, 1);
    let number = kit::cpr(3);
    let with = |key: &str, n: u64| serde_json::json!({ key: n });
    for (pointer, value) in [
        ("/name", number.clone().into()),
        ("/kobling/tool", number.clone().into()),
        ("/kobling/tool", format!("kobling {number}").into()),
        ("/kobling/tool", format!("{} {}", &number[..6], &number[6..]).into()),
        ("/kobling/tool", "x".repeat(4096).into()),
        ("/kobling/rejected", with(&number, 0)),
        ("/kobling/rejected", with("Jens Hansen", 0)),
        ("/kobling/warnings", with(&number, 9)),
        ("/kobling/identifiers", with(&number, 30)),
        ("/resources/0/name", number.clone().into()),
        ("/resources/0/format", number.clone().into()),
        ("/resources/0/mediatype", number.clone().into()),
        ("/resources/0/encoding", number.clone().into()),
        ("/resources/0/hash", format!("sha256:{number}").into()),
    ] {
        let (manifest, signature) = changed(&package, "lokk", pointer, value);
        let request = UploadRequest { manifest: &manifest, signature: &signature };
        let refused = bare.service.open_upload(&lokk, request).err();
        let code = refused.as_ref().map(kobling::service::ServiceError::code);
        assert_eq!(code, Some("manifest-contradiction"), "{pointer}");
        assert!(!refused.expect("refused").public_message().contains(&number));
    }
}

/// A request whose head is sent and whose body is not.
fn begun(running: &Running, head: &str) -> TcpStream {
    let address = running.address.strip_prefix("http://").expect("in the clear");
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.write_all(head.as_bytes()).expect("sent");
    stream
}

#[test]
fn attack_one_slow_upload_takes_every_thread_of_the_service() {
    let running = Running::new();
    let dir = running.packages();
    let (actor, id) = (running.service.operator(), "lokk".parse().expect("a name"));
    running.service.enrol_key(&actor, &id, &signing_key("lokk").verifying_key()).expect("enrolled");
    let bearer = running.bearer("lokk-raw", Role::Partner, "lokk");
    let other = running.bearer("other-raw", Role::Partner, "mandecentret");
    let package = package(&dir, "lokk", 0..30, 1);
    let body = serde_json::json!({
        "manifest": std::str::from_utf8(&package.manifest_bytes).expect("UTF-8"),
        "signature": package.signature().expect("signed").to_string(),
    });
    let opened =
        raw(&running.address, "POST", "/v1/uploads", Some(&bearer), &[], body.to_string().as_bytes());
    let opened: serde_json::Value = serde_json::from_str(&opened.body).expect("JSON");
    let path = format!("/v1/uploads/{}", opened["id"].as_str().expect("an id"));
    let common = format!("Host: x\r\nAuthorization: Bearer {bearer}\r\nTus-Resumable: 1.0.0\r\n");
    let slow = begun(
        &running,
        &format!(
            "PATCH {path} HTTP/1.1\r\n{common}Upload-Offset: 0\r\n\
             Content-Type: application/offset+octet-stream\r\nContent-Length: 1000\r\n\r\n"
        ),
    );
    std::thread::sleep(Duration::from_millis(200));
    // More than the threads that wait for disks and locks: 512, as tokio has it.
    let waiting: Vec<TcpStream> =
        (0..600).map(|_| begun(&running, &format!("HEAD {path} HTTP/1.1\r\n{common}\r\n"))).collect();
    std::thread::sleep(Duration::from_millis(500));
    let mut asked = begun(
        &running,
        &format!(
            "GET /v1/packages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {other}\r\nConnection: close\r\n\r\n"
        ),
    );
    asked.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
    let mut answer = String::new();
    let read = asked.read_to_string(&mut answer);
    drop((slow, waiting));
    assert!(read.is_ok() && answer.starts_with("HTTP/1.1 200"), "another partner waits: {read:?} {answer}");
}

#[test]
fn attack_connections_that_say_nothing_stay_for_ever() {
    let running = Running::new();
    let start = Instant::now();
    let heads = ["", "GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: "];
    let streams = heads.map(|head| begun(&running, head));
    for (mut stream, head) in streams.into_iter().zip(heads) {
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        assert!(ended.is_ok(), "still open after {:?}: {head:?}", start.elapsed());
    }
}

/// Everything under a folder, itself included, that others than its owner may read or enter.
#[cfg(unix)]
fn open_to_others(path: &std::path::Path) -> Vec<std::path::PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).expect("there").permissions().mode();
    let mut found = if mode & 0o077 == 0 { Vec::new() } else { vec![path.to_owned()] };
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("readable") {
            found.extend(open_to_others(&entry.expect("readable").path()));
        }
    }
    found
}

#[cfg(unix)]
#[test]
fn attack_another_user_of_the_machine_reads_a_data_folder_that_was_there_before() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    std::fs::create_dir_all(data.join("staged")).expect("made");
    for path in [data.join("staged"), data.clone()] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("allowed");
    }
    let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
    let clock = fixed("2025-06-02T08:00:00Z");
    let programme = Programme::parse(PROGRAMME).unwrap_or_else(|error| panic!("{error}"));
    Service::initialise(&data, &programme, PROGRAMME, linkage_key().id(), &key, clock.now())
        .unwrap_or_else(|error| panic!("{error}"));
    let service = kit::open(&data, &(clock as Arc<dyn Clock>));
    let bare = Bare { service: Arc::new(service), dir };
    bare.partner_with_consents("lokk", 0..60, "vive");
    bare.service.seal(&bare.service.operator()).expect("sealed");
    assert_eq!(open_to_others(&data), Vec::<std::path::PathBuf>::new());
}

#[cfg(unix)]
#[test]
fn attack_another_user_of_the_partners_machine_reads_its_packages() {
    let dir = tempfile::tempdir().expect("a folder");
    let package = package(dir.path(), "lokk", 0..20, 1);
    let folder = package.data_path().parent().expect("a folder").to_owned();
    assert_eq!(open_to_others(&folder), Vec::<std::path::PathBuf>::new());
}

#[test]
fn attack_two_long_lists_about_one_person_hold_up_every_answer() {
    let bare = Bare::new(PROGRAMME, fixed("2025-06-02T08:00:00Z"));
    let lokk = bare.partner_with_consents("lokk", 0..60, "vive");
    bare.service.seal(&bare.service.operator()).expect("sealed");
    let vive = principal("vive-1", Role::Evaluator, "vive");
    // Yeses are taken up to a limit, and every no is.
    let most = limits::MAX_CONSENTS_OF_PERSON as u64;
    for (kind, at, count) in [("given", YES, most - 2), ("refused", "2022-02-01T08:00:00Z", 8000)] {
        let one = |n: u64| {
            let mut event = serde_json::to_value(consent("lokk", 70, kind, at)).expect("JSON");
            event["token"] = kit::token("lokk", 0).into();
            event["event"]["record"] = format!("{kind}-many-{n}").into();
            event["event"]["given_by"] = "custodian".into();
            serde_json::from_value::<ConsentRecord>(event).expect("a record")
        };
        if kind == "refused" {
            // The last word is a yes of the person's own, so that every refusal is looked at.
            let mut last = events(0..1, "given", "2022-03-01T08:00:00Z", "vive");
            last[0].event.record = "last-word".parse().expect("an id");
            bare.record(&lokk, &last);
            last[0].event.record = "one-more".parse().expect("an id");
            let more = sent(&bare.service, &lokk, &last).expect_err("beyond the limit");
            assert_eq!(more.code(), "consent-person-full");
        }
        bare.record(&lokk, &(0..count).map(one).collect::<Vec<_>>());
    }
    let start = Instant::now();
    assert_eq!(bare.reach(&vive), 60);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn attack_a_withdrawal_under_another_linkage_key_is_recorded_and_stops_nothing() {
    let running = Running::new();
    let (actor, id) = (running.service.operator(), "lokk".parse().expect("a name"));
    running.service.enrol_key(&actor, &id, &signing_key("lokk").verifying_key()).expect("enrolled");
    let dir = running.dir.path();
    let file = |name: &str| dir.join(name).to_str().expect("text").to_owned();
    std::fs::write(file("programme.toml"), PROGRAMME).expect("written");
    kit::write_private(file("cpr"), kit::cpr(3));
    let now = Timestamp::from_millis(1_748_764_800_000);
    let programme = kit::programme();
    running.clock.set(SystemClock.now().plus_millis(60_000));
    kit::write_private(file("token"), running.bearer("lokk-raw", Role::Partner, "lokk"));
    let other = LinkageKey::from_bytes(programme.id.clone(), &mut [8; 32]);
    signing_key("lokk").save(Path::new(&file("sign.key")), "lokk", now, Example::Refuse).expect("saved");
    let withdraw = |key: &LinkageKey, name: &str| {
        key.save(Path::new(&file(name)), now, Example::Refuse).expect("saved");
        let output = Command::new(env!("CARGO_BIN_EXE_kobling"))
            .env("KOBLING_LANG", "en")
            .args(["consent", "withdraw", "--partner", "lokk", "--purpose", "evaluation"])
            .args(["--recipient", "vive", "--notice", programme.notices[0].id.as_str()])
            .args(["--recorded-by", "staff 17", "--service", &running.address])
            .args(["--token-file", &file("token"), "--programme", &file("programme.toml")])
            .args(["--key", &file(name), "--signing-key", &file("sign.key"), "--cpr-file", &file("cpr")])
            .output()
            .expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, said) = withdraw(&linkage_key(), "right.key");
    assert_eq!(status, Some(0), "{said}");
    let recorded = running.service.store().consent_state().expect("counted").events;
    let (status, said) = withdraw(&other, "other.key");
    assert_eq!(status, Some(5), "{said}");
    assert!(
        said.contains(&other.id().to_string()) && said.contains(&linkage_key().id().to_string()),
        "{said}"
    );
    assert_eq!(running.service.store().consent_state().expect("counted").events, recorded);
}

#[test]
fn attack_a_partner_who_is_auditor_too_reads_what_others_handed_over() {
    let running = Running::new();
    for organisation in ["lokk", "vive"] {
        let auditor = principal("auditor", Role::Auditor, organisation);
        assert!(running.service.add_principal(&auditor).is_err(), "{organisation}");
    }
}

#[test]
fn attack_the_times_of_a_partners_own_entries_tell_when_another_was_there() {
    let entries = |with_other: bool| {
        let clock = fixed("2025-06-02T08:00:00Z");
        let bare = Bare::new(PROGRAMME, Arc::clone(&clock) as Arc<dyn Clock>);
        let lokk = bare.partner("lokk", 0..20);
        // The other thread reads the clock later, and gets its turn first.
        clock.set("2025-06-02T08:00:03Z".parse().expect("an instant"));
        if with_other {
            bare.partner("mandecentret", 0..20);
        }
        clock.set("2025-06-02T08:00:01Z".parse().expect("an instant"));
        bare.record(&lokk, &events(0..20, "given", YES, "vive"));
        assert!(bare.service.store().verify_chain().expect("readable").is_ok());
        let (entries, _) = bare.service.strand(&lokk, 0).expect("entries");
        entries.iter().map(|entry| entry.at).collect::<Vec<_>>()
    };
    assert_eq!(entries(true), entries(false));
}
