//! Packages of aliases: made by the program, sent over HTTP, entered whole or not at all, decided on by the steward.
#![cfg(all(unix, feature = "service"))]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use kit::{Running, consent, cpr, linkage_key, programme, signing_key, token};
use kobling::audit::Item;
use kobling::auth::Role;
use kobling::client::{Client, ClientError, UploadError, UploadOutcome, upload};
use kobling::clock::Timestamp;
use kobling::extract::manifest::{Block, Sha256Hex};
use kobling::extract::{AliasJob, Package, Source, package_aliases};
use kobling::key::Example;
use kobling::name::PartnerId;
use kobling::secret::{Random as _, SeededRandom, SystemRandom};
use kobling::service::ServiceError;
use kobling::store::{Proposals, Verdict};
use machine::Machine;
use zeroize::Zeroizing;

fn now() -> Timestamp {
    "2025-06-01T08:00:00Z".parse().expect("an instant")
}

fn packed_of(folder: &Path, from: &str, rows: &str) -> Package {
    let partner: PartnerId = from.parse().expect("a name");
    let source = Source::Memory(Zeroizing::new(format!("old,new,date\n{rows}")));
    let job = AliasJob { source: &source, programme: programme(), partner: &partner, now: now() };
    let (key, random) = (linkage_key(), &mut SystemRandom::new());
    package_aliases(&job, &key, Some(&signing_key(from)), folder, random).unwrap_or_else(|e| panic!("{e}"));
    Package::open(folder).unwrap_or_else(|error| panic!("{error}"))
}

/// Persons with a new number each, which is that of the person `by` further on.
fn packed(folder: &Path, from: &str, persons: Range<u64>, by: u64) -> Package {
    // Among very many made-up numbers some are the same.
    let mut met = std::collections::HashSet::new();
    let pairs = persons.map(|n| (cpr(n), cpr(n + by)));
    let new = pairs.filter(|(old, new)| met.insert(old.clone()) && met.insert(new.clone()));
    let rows: String = new.map(|(old, new)| format!("{old},{new},01-03-2024\n")).collect();
    packed_of(folder, from, &rows)
}

fn send(client: &Client, package: &Package) -> Result<UploadOutcome, UploadError> {
    upload(client, package, &package.signature().expect("signed"), |_| ())
}

fn code(error: UploadError) -> String {
    match error {
        UploadError::Client(ClientError::Refused { code, .. }) => code,
        error => panic!("{error}"),
    }
}

fn waiting(running: &Running) -> Vec<(String, u64, u64)> {
    let packages = running.service.alias_packages().expect("listed").into_iter();
    packages.map(|row| (row.partner.to_string(), row.proposals, row.waiting)).collect()
}

/// A package whose rows somebody else wrote, with a manifest that fits them.
fn forged(like: &Package, text: &str, rows: u64) -> Package {
    let mut package = like.clone();
    let data = format!("old,new\n{text}").into_bytes();
    let head = &mut package.manifest.kobling;
    head.rows.read = rows;
    head.rows.sent = rows;
    head.rows.duplicates = 0;
    head.identifiers = std::iter::once(("cpr".to_owned(), rows)).collect();
    let resource = &mut package.manifest.resources[0];
    resource.bytes = data.len() as u64;
    resource.hash = format!("sha256:{}", Sha256Hex::of(&data));
    let (bytes, rows) = (u32::try_from(data.len()).expect("small"), u32::try_from(rows).expect("small"));
    resource.blocks = vec![Block { bytes, rows, sha256: Sha256Hex::of(&data) }];
    package.manifest_bytes = package.manifest.to_json();
    let folder = like.data_path().parent().expect("a folder").with_extension(format!("forged-{bytes}"));
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("data.csv"), data).expect("written");
    std::fs::write(folder.join("datapackage.json"), &package.manifest_bytes).expect("written");
    let package = Package::open(&folder).unwrap_or_else(|error| panic!("{error}"));
    package.sign(&signing_key(package.manifest.kobling.partner.as_str())).expect("signed");
    package
}

#[test]
fn a_whole_list_is_entered_once_and_one_decision_makes_one_person_of_each_pair() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    let yes: Vec<_> = (0..120).map(|n| consent("lokk", n, "given", "2022-01-01T08:00:00Z")).collect();
    lokk.record_consents(linkage_key().id(), &yes, &signing_key("lokk")).expect("recorded");
    let rows = kit::package(&running.packages(), "lokk", 0..120, 1);
    send(&lokk, &rows).unwrap_or_else(|error| panic!("{error}"));
    let package = packed(&running.packages().join("a"), "lokk", 0..60, 60);
    let outcome = send(&lokk, &package).unwrap_or_else(|error| panic!("{error}"));
    let receipt = running.receipt(&outcome.receipt);
    let count = |name: &str| match receipt.subject.item(name) {
        Some(Item::Count(count)) => *count,
        _ => panic!("{name}"),
    };
    assert_eq!((count("aliases"), count("new")), (60, 60));
    assert_eq!(send(&lokk, &package).expect("again"), outcome);
    // The same pairs in another package, and turned round: nothing new.
    let again: String = (0..60).map(|n| format!("{},{},\n", cpr(n + 60), cpr(n))).collect();
    let again = packed_of(&running.packages().join("b"), "lokk", &again);
    let outcome = send(&lokk, &again).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(running.receipt(&outcome.receipt).subject.item("new"), Some(&Item::Count(0)));
    assert_eq!(waiting(&running), [("lokk".to_owned(), 60, 60)]);

    // Nothing is one person before the steward says so.
    let operator = running.service.operator();
    running.service.seal(&operator).expect("sealed");
    let persons = |running: &Running| {
        let (spine, aliases) =
            (running.service.store().spine().expect("read"), running.service.store().aliases());
        let approved: Vec<_> =
            aliases.expect("read").into_iter().filter(|a| a.approved_at.is_some()).collect();
        spine.len() - approved.len()
    };
    assert_eq!(persons(&running), 120);
    let steward = running.client("steward", Role::Steward, "styregruppe");
    let list = |path: &str| -> Vec<serde_json::Value> {
        serde_json::from_slice(&steward.fetch(path).expect("a list")).expect("JSON")
    };
    let packages = list("/v1/aliases/packages");
    assert_eq!(packages.len(), 1);
    let id = packages[0]["package"].as_str().expect("an id").to_owned();
    let proposals = list("/v1/aliases");
    assert!(proposals.len() == 60 && proposals.iter().all(|p| p["package"] == id.as_str()));
    // One is decided on by itself, the rest at once; again changes nothing.
    let first = proposals[0]["id"].as_i64().expect("a number");
    steward.post(&format!("/v1/aliases/{first}/approve"), b"", None).expect("approved");
    let decide = |verdict: &str| -> u64 {
        let body = steward.post(&format!("/v1/aliases/packages/{id}/{verdict}"), b"", None).expect("decided");
        serde_json::from_slice::<serde_json::Value>(&body).expect("JSON")["decided"]
            .as_u64()
            .expect("a count")
    };
    assert_eq!((decide("approve"), decide("approve"), decide("reject")), (59, 0, 0));
    assert!(waiting(&running).is_empty());
    let kept = steward.post(&format!("/v1/aliases/{first}/reject"), b"", None);
    assert!(matches!(kept, Err(ClientError::Refused { status: 409, .. })), "an approved one stays");
    running.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    running.service.seal(&operator).expect("sealed");
    assert_eq!(persons(&running), 60);
    assert!(running.service.store().verify_chain().expect("readable").is_ok());
}

#[test]
fn what_is_rejected_is_forgotten_and_can_be_proposed_again() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    let package = packed(&running.packages().join("a"), "lokk", 0..30, 30);
    let id = send(&lokk, &package).expect("sent").id;
    let steward = running.client("steward", Role::Steward, "styregruppe");
    let rejected = steward.post(&format!("/v1/aliases/packages/{id}/reject"), b"", None).expect("rejected");
    assert_eq!(rejected, br#"{"decided":30}"#);
    assert!(running.service.store().aliases().expect("read").is_empty(), "no link is left");
    for (path, status) in [
        (format!("/v1/aliases/packages/{id}x/approve"), 404),
        ("/v1/aliases/1/reject".to_owned(), 404),
        ("/v1/aliases/nothing/reject".to_owned(), 404),
    ] {
        match steward.post(&path, b"", None) {
            Err(ClientError::Refused { status: found, .. }) => assert_eq!(found, status, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    // A package of rows is none of aliases, even by its own id.
    let rows = kit::package(&running.packages(), "lokk", 0..40, 1);
    let rows = send(&lokk, &rows).expect("sent").id;
    let which = Proposals::Package(&rows);
    let caller = kobling::auth::Principal {
        id: "steward".parse().expect("a name"),
        name: "s".to_owned(),
        role: Role::Steward,
        organisation: "styregruppe".parse().expect("a name"),
        person: None,
    };
    assert!(matches!(
        running.service.decide_aliases(&caller, which, Verdict::Approve),
        Err(ServiceError::Store(kobling::store::StoreError::NoSuch(_)))
    ));
    // Made anew, it has another manifest.
    let again = packed(&running.packages().join("b"), "lokk", 0..30, 30);
    send(&lokk, &again).expect("sent");
    assert_eq!(waiting(&running), [("lokk".to_owned(), 30, 30)]);
    let withdrawn = lokk.post(&format!("/v1/packages/{id}/withdraw"), b"", None);
    assert!(matches!(withdrawn, Err(ClientError::Refused { status: 409, .. })));
}

#[test]
fn what_the_partners_tool_would_not_write_is_refused_by_line_and_nothing_is_entered() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    let good = packed(&running.packages().join("a"), "lokk", 0..3, 10);
    let (a, b) = (token("lokk", 1), token("lokk", 2));
    let case = a.replace("cpr.", "case.");
    let first = format!("{},{}\n", token("lokk", 5), token("lokk", 6));
    for (row, wanted) in [
        (format!("{a},{a}\n"), "row-same-token"),
        (format!("{a},{case}\n"), "row-token-kind"),
        (format!("{case},{a}\n"), "row-token-kind"),
        (format!("{a},\n"), "row-missing"),
        (format!(",{a}\n"), "row-missing"),
        (format!("{a},{b},2024-03-01\n"), "row-columns"),
        (format!("{a}\n"), "row-columns"),
        (format!("{a},{}\n", cpr(4)), "row-looks-like-cpr"),
        (format!("{a},\"{b}\"\n"), "row-quote"),
        (format!("{a},{b}\r\n"), "row-carriage-return"),
    ] {
        let package = forged(&good, &format!("{first}{row}"), 2);
        let error = send(&lokk, &package).expect_err("it is refused");
        let text = error.to_string();
        assert!(text.contains("line 3 of data.csv") && !text.contains(&cpr(4)), "{text}");
        assert!(!text.contains(&a[4..24]), "{text}");
        assert_eq!(code(error), wanted, "{row}");
        for open in
            running.service.store().open_uploads_of(&"aliases".parse().expect("a name")).expect("read")
        {
            lokk_gives_up(&running, &open.id);
        }
    }
    assert!(running.service.store().aliases().expect("read").is_empty());
    // Counts that the rows do not have.
    let mut lying = forged(&good, &format!("{first}{a},{b}\n"), 2);
    lying.manifest.kobling.identifiers = std::iter::once(("x-ecpr".to_owned(), 2)).collect();
    lying.manifest_bytes = lying.manifest.to_json();
    let folder = lying.data_path().parent().expect("a folder").to_owned();
    std::fs::write(folder.join("datapackage.json"), &lying.manifest_bytes).expect("written");
    let lying = Package::open(&folder).expect("a package");
    let signature = signing_key("lokk").sign("kobling/v1/package", &lying.manifest_bytes);
    let refused = upload(&lokk, &lying, &signature, |_| ()).expect_err("refused");
    assert_eq!(code(refused), "counts");
    assert!(running.service.store().aliases().expect("read").is_empty());
}

fn lokk_gives_up(running: &Running, id: &str) {
    let caller = kobling::auth::Principal {
        id: "lokk-it".parse().expect("a name"),
        name: "l".to_owned(),
        role: Role::Partner,
        organisation: "lokk".parse().expect("a name"),
        person: None,
    };
    running.service.abort_upload(&caller, id).expect("given up");
}

/// Attack: a package tells its sender whether others know the persons, or that they proposed the same.
#[test]
fn attack_a_package_of_aliases_tells_nothing_of_what_others_know() {
    let dir = tempfile::tempdir().expect("a folder");
    let package = packed(&dir.path().join("a"), "lokk", 0..30, 30);
    let said = |others: bool| {
        let running = Running::new();
        if others {
            let other = running.partner("mandecentret");
            let rows = kit::package(&running.packages(), "mandecentret", 0..60, 1);
            send(&other, &rows).expect("sent");
            let same = packed(&running.packages().join("m"), "mandecentret", 0..30, 30);
            let id = send(&other, &same).expect("sent").id;
            let steward = running.client("s", Role::Steward, "styregruppe");
            steward.post(&format!("/v1/aliases/packages/{id}/approve"), b"", None).expect("approved");
            running.service.seal(&running.service.operator()).expect("sealed");
        }
        let lokk = running.partner("lokk");
        let outcome = send(&lokk, &package).expect("sent");
        let again = send(&lokk, &package).expect("again");
        assert_eq!(again, outcome);
        let mut receipt = running.receipt(&outcome.receipt);
        assert_eq!(receipt.subject.item("new"), Some(&Item::Count(30)));
        // Head and subject hold the id, which is drawn at random: what depends on it is left out.
        let position = receipt.head.position;
        receipt.id.clear();
        let items = receipt.subject.items().filter(|(name, _)| *name != "package");
        let subject: Vec<String> = items.map(|item| format!("{item:?}")).collect();
        let strand = String::from_utf8(lokk.fetch("/v1/audit/strand").expect("a strand")).expect("UTF-8");
        let packages = String::from_utf8(lokk.fetch("/v1/packages").expect("a list")).expect("UTF-8");
        let shape = |text: String| text.replace(&outcome.id, "ID").len();
        let one = serde_json::json!({ "old": token("lokk", 90), "new": token("lokk", 91) }).to_string();
        let alone = lokk.post("/v1/aliases", one.as_bytes(), None).expect("entered");
        (position, subject, receipt.at, shape(strand), packages.replace(&outcome.id, "ID"), alone)
    };
    assert_eq!(said(false), said(true));
}

/// Attack: a partner takes the text of another partner's local token and says that it is somebody's whom it knows.
#[test]
fn attack_a_token_of_another_partners_own_scope_becomes_nobody_of_theirs() {
    let running = Running::new();
    let (lokk, other) = (running.partner("lokk"), running.partner("mandecentret"));
    let good = packed(&running.packages().join("a"), "mandecentret", 0..1, 10);
    // Lokk's replacement number for somebody, as lokk tokenises it, sent by another partner with a number of its own.
    let partner: PartnerId = "lokk".parse().expect("a name");
    let local = "6705068888";
    let id = kobling::id::Identifier::parse(local.as_bytes(), now().day(), kobling::id::LeadingZero::Refuse);
    let id = id.unwrap_or_else(|reason| panic!("{reason}"));
    let mut stolen = Vec::new();
    kobling::token::Tokeniser::new(&linkage_key(), &partner, &partner).person(&id).write_to(&mut stolen);
    let stolen = String::from_utf8(stolen).expect("ASCII");
    let mut package = forged(&good, &format!("{stolen},{}\n", token("mandecentret", 3)), 1);
    package.manifest.kobling.identifiers = std::iter::once(("local-day-plus-60".to_owned(), 1)).collect();
    package.manifest_bytes = package.manifest.to_json();
    let folder = package.data_path().parent().expect("a folder").to_owned();
    std::fs::write(folder.join("datapackage.json"), &package.manifest_bytes).expect("written");
    let package = Package::open(&folder).expect("a package");
    let signature = signing_key("mandecentret").sign("kobling/v1/package", &package.manifest_bytes);
    let theirs = upload(&other, &package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}")).id;
    // Lokk's own alias of the same two.
    let own = packed_of(&running.packages().join("own"), "lokk", &format!("{local},{},\n", cpr(3)));
    let own = send(&lokk, &own).unwrap_or_else(|error| panic!("{error}")).id;
    let aliases = running.service.store().aliases().expect("read");
    let links = |of: &str| {
        let row = aliases.iter().find(|row| row.package.as_deref() == Some(of)).expect("entered");
        [*row.first.as_stored(), *row.second.as_stored()]
    };
    let (theirs, own) = (links(&theirs), links(&own));
    let shared = theirs.iter().filter(|link| own.contains(link)).count();
    assert_eq!(shared, 1, "the CPR number meets, the local number is another one");
    // And a signature of one partner opens no upload of another's.
    let mine = packed(&running.packages().join("mine"), "lokk", 0..2, 10);
    assert_eq!(code(send(&other, &mine).expect_err("refused")), "signature");
}

/// Attack: somebody reads the disk while a package waits for its last block, and after it is entered.
#[test]
fn attack_no_token_of_a_package_of_aliases_is_ever_on_disk() {
    let running = Running::new();
    running.partner("lokk");
    let package = packed(&running.packages().join("a"), "lokk", 0..12_000, 20_000);
    let blocks = &package.manifest.resources[0].blocks;
    assert!(blocks.len() >= 2);
    let caller = kobling::auth::Principal {
        id: "lokk-it".parse().expect("a name"),
        name: "l".to_owned(),
        role: Role::Partner,
        organisation: "lokk".parse().expect("a name"),
        person: None,
    };
    let manifest = String::from_utf8(package.manifest_bytes.clone()).expect("UTF-8");
    let signature = package.signature().expect("signed").to_string();
    let request = kobling::service::UploadRequest { manifest: &manifest, signature: &signature };
    let opened = running.service.open_upload(&caller, request).expect("opened");
    let data = std::fs::read(package.data_path()).expect("readable");
    let nowhere = |staged: bool| {
        let files = kit::clear_files(&running.data());
        let frames = files.iter().any(|(_, bytes)| bytes.starts_with(b"KBA1"));
        assert_eq!(frames, staged);
        for n in (0..12_000).step_by(400) {
            use base64::Engine as _;
            let token = token("lokk", n);
            let text = token.split('.').nth(1).expect("a token");
            let raw = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url");
            for (path, bytes) in &files {
                let holds = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
                assert!(!holds(&text.as_bytes()[..20]) && !holds(&raw[..16]), "{}", path.display());
            }
        }
    };
    let first = blocks[0].bytes as usize;
    let mut part = Some(&data[..first + 5000]);
    let standing = running.service.append(&caller, &opened.id, 0, || part.take()).expect("taken");
    assert_eq!((standing.offset, standing.complete), (first as u64, false));
    assert!(waiting(&running).is_empty(), "nothing of it is entered before all of it is there");
    nowhere(true);
    let mut rest = Some(&data[first..]);
    let standing = running.service.append(&caller, &opened.id, first as u64, || rest.take()).expect("taken");
    assert!(standing.complete);
    nowhere(false);
    let rows = package.manifest.kobling.rows.sent;
    assert!(rows > 11_000);
    assert_eq!(waiting(&running), [("lokk".to_owned(), rows, rows)]);
}

#[test]
fn killed_while_a_package_of_aliases_is_sent_and_entered() {
    let machine = Machine::new();
    let mut random = SeededRandom::from_number(4);
    let package = packed(&machine.path("packages").join("p"), "lokk", 0..30_000, 40_000);
    assert!(package.manifest.resources[0].blocks.len() >= 3);
    let rows = package.manifest.kobling.rows.sent;
    let (mut cut, mut done) = (0, None);
    for round in 0..12u64 {
        let serving = machine.serve();
        let lokk = machine.client(&serving, "lokk-it");
        let (said, heard) = std::sync::mpsc::channel();
        let sent = package.clone();
        // A sender that is cut off tries for a while, and nobody waits for it.
        std::thread::spawn(move || said.send(send(&lokk, &sent).ok()));
        std::thread::sleep(Duration::from_millis(10 + 60 * round + random.below(60)));
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

/// Proposals in the store of a machine that does not run.
fn stored_in(machine: &Machine) -> u64 {
    let db = machine.database();
    let count: i64 = db.query_row("SELECT count(*) FROM aliases", [], |row| row.get(0)).expect("a count");
    u64::try_from(count).expect("a count")
}

#[test]
fn the_partner_and_the_steward_do_it_all_with_the_program() {
    let running = Running::new();
    running.partner("lokk");
    let dir = running.dir.path();
    let file = |name: &str| dir.join(name).to_str().expect("text").to_owned();
    for (name, text) in [
        ("token", running.bearer("desk", Role::Partner, "lokk")),
        ("steward", running.bearer("st", Role::Steward, "styregruppe")),
    ] {
        kit::write_private(Path::new(&file(name)), &text);
    }
    std::fs::write(file("programme.toml"), kit::PROGRAMME).expect("written");
    signing_key("lokk").save(Path::new(&file("sign.key")), "lokk", now(), Example::Refuse).expect("saved");
    linkage_key().save(Path::new(&file("link.key")), now(), Example::Refuse).expect("saved");
    let run = |lang: &str, words: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_kobling")).env("KOBLING_LANG", lang).args(words).output();
        let output = output.expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        for n in 0..12 {
            assert!(!said.contains(&cpr(n)), "no number is said: {said}");
        }
        (output.status.code(), said)
    };
    let (programme, link, sign) = (file("programme.toml"), file("link.key"), file("sign.key"));
    let own = ["--programme", &*programme, "--partner", "lokk", "--key", &*link];
    let signed = [&own[..], &["--signing-key", &*sign]].concat();
    let (token, steward) = (file("token"), file("steward"));
    let service = ["--service", &*running.address, "--token-file", &*token];
    let as_steward = ["--service", &*running.address, "--token-file", &*steward];
    let list = file("nye-numre.csv");
    let (out, replaced) = (file("aliases"), "6705068888");
    // A list with faults: all of them at once, by line, and nothing is made.
    let wrong = format!(
        "old;new;date\n{0};{1};01-03-2024\n{0};{2};\n{3};{3};\n{4};{5};01-03-2999\n",
        cpr(0),
        cpr(1),
        cpr(2),
        cpr(3),
        cpr(4),
        cpr(5)
    );
    std::fs::write(&list, wrong).expect("written");
    let make = [&["alias", "package", &*list, "-o", &*out], &signed[..]].concat();
    let (status, said) = run("en", &make);
    assert_eq!(status, Some(3), "{said}");
    for part in [
        "3 faults",
        "line 3: the old number has another new number in line 2",
        "line 4: the old",
        "line 5, column date",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (_, said) = run("da", &make);
    for part in [
        "3 fejl i listen",
        "linje 3: det gamle nummer har et andet nyt nummer i linje 2",
        "linje 5, kolonne date",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!Path::new(&out).exists());
    let right = format!(
        "old;new;date\n{};{};01-03-2024\n{replaced};{};\n{};{replaced};\n",
        cpr(0),
        cpr(1),
        cpr(2),
        cpr(3)
    );
    std::fs::write(&list, right).expect("written");
    let (status, said) = run("en", &make);
    assert!(status == Some(0) && said.contains("3 sent, 0 repeated"), "{said}");
    assert!(
        said.contains("1 new numbers are themselves replacement numbers, which is unusual: line 4"),
        "{said}"
    );
    let data = std::fs::read_to_string(Path::new(&out).join("data.csv")).expect("readable");
    let manifest = std::fs::read_to_string(Path::new(&out).join("datapackage.json")).expect("readable");
    // No date, and no number: two tokens a row.
    assert!(
        data.lines()
            .skip(1)
            .all(|row| row.split(',').all(|field| field.split('.').nth(1).is_some_and(|t| t.len() == 43)))
    );
    assert!(!data.contains("2024-03") && !manifest.contains("2024-03") && !manifest.contains("01-03"));
    for text in [&data, &manifest] {
        assert!(!text.contains(replaced) && !text.contains(&cpr(0)), "{text}");
    }
    let (status, said) = run("en", &["inspect", &out]);
    assert!(status == Some(0) && said.contains("dataset    aliases"), "{said}");
    let (status, said) = run("en", &[&["upload", &*out], &service[..]].concat());
    assert_eq!(status, Some(0), "{said}");
    // One by one, from a file that others can read: refused; then as it should be.
    let pair = file("pair");
    std::fs::write(&pair, format!("{}\n{}\n", cpr(6), cpr(7))).expect("written");
    let mode = |mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&pair, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    let propose = [&["alias", "propose", "--numbers-file", &*pair], &own[..], &service[..]].concat();
    mode(0o644);
    let (status, said) = run("en", &propose);
    assert!(status == Some(3) && said.contains("0600"), "{said}");
    mode(0o600);
    let (status, said) = run("da", &propose);
    assert!(status == Some(0) && said.contains("meldt"), "{said}");
    std::fs::write(&pair, format!("{0}\n{0}\n", cpr(6))).expect("written");
    let (status, said) = run("en", &propose);
    assert!(status == Some(3) && said.contains("are the same"), "{said}");
    // The steward.
    let (status, said) = run("en", &[&["aliases", "list"], &as_steward[..]].concat());
    assert!(status == Some(0) && said.contains("1 package(s) with 3 proposal(s) that wait"), "{said}");
    assert!(said.contains("1 proposal(s) that came alone wait"), "{said}");
    let id =
        said.lines().find_map(|line| line.split("  lokk").next().filter(|id| id.len() == 32)).expect("an id");
    let (_, said) = run("da", &[&["aliases", "list", "--package", id], &as_steward[..]].concat());
    assert!(said.contains(&format!("3 forslag i pakken {id} venter")), "{said}");
    let (status, said) = run("en", &[&["aliases", "approve", "--package", id], &as_steward[..]].concat());
    assert!(status == Some(0) && said.contains("3 proposal(s)"), "{said}");
    let alone = running.service.open_proposals().expect("listed")[0].id.to_string();
    let (status, said) = run("en", &[&["aliases", "reject", &*alone], &as_steward[..]].concat());
    assert!(status == Some(0) && said.contains("rejected  1"), "{said}");
    assert_eq!(running.service.store().aliases().expect("read").len(), 3);
    // A partner decides nothing.
    let (status, _) = run("en", &[&["aliases", "approve", "--package", id], &service[..]].concat());
    assert_eq!(status, Some(5));
}
