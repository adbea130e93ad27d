//! Backup and restore as the operator does them, with the real program: while the service runs, of an older state, of what was
//! changed, cut or put together by somebody else.
#![cfg(all(feature = "service", unix))]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kit::{consent, linkage_key, package, raw, signing_key};
use kobling::client::{Client, upload};
use kobling::clock::Timestamp;
use kobling::key::Identities;
use machine::Machine;

fn identity(machine: &Machine, name: &str) -> (PathBuf, String) {
    let path = machine.path(name);
    let made = Identities::generate(&path, Timestamp::from_millis(0)).expect("made");
    (path, made.recipients().remove(0))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn back_up(machine: &Machine, to: &str, name: &str) -> PathBuf {
    let out = machine.path(name);
    let told = machine.sound(&["backup", "--to", to, "--out", text(&out)]);
    assert!(told.contains("the service key is not in it"), "{told}");
    out
}

/// Runs the program on another folder with the machine's service key.
fn on(machine: &Machine, data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koblingd"));
    command.args(arguments).arg("--data").arg(data).arg("--service-key").arg(machine.path("service.key"));
    command.output().expect("run")
}

fn restore(machine: &Machine, archive: &Path, identity: &Path, data: &Path) -> Output {
    on(machine, data, &["restore", "--archive", text(archive), "--identity", text(identity)])
}

fn check(archive: &Path, identity: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koblingd"));
    command.args(["backup", "--check", text(archive), "--identity", text(identity)]);
    command.env_remove("KOBLINGD_CONFIG").output().expect("run")
}

fn send(lokk: &Client, machine: &Machine, persons: std::ops::Range<u64>) -> String {
    let package = package(&machine.path("packages"), "lokk", persons, 1);
    let sent = upload(lokk, &package, &package.signature().expect("signed"), |_| ());
    sent.unwrap_or_else(|error| panic!("{error}")).id
}

fn record(lokk: &Client, persons: std::ops::Range<u64>, kind: &str, at: &str) -> Vec<u8> {
    let batch: Vec<_> = persons.map(|n| consent("lokk", n, kind, at)).collect();
    lokk.record_consents(linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded")
}

const ASK: &[u8] = br#"{"period":"2022-Q1..2022-Q4","by":["role"]}"#;

/// The machine's data folder gives way to another.
fn put_in_place(machine: &Machine, data: &Path) {
    std::fs::rename(machine.path("data"), machine.path("lost")).expect("moved");
    std::fs::rename(data, machine.path("data")).expect("moved");
}

#[test]
fn a_backup_is_made_while_the_service_runs_and_restores_to_the_same_answers() {
    let machine = Machine::new();
    machine.principal("vive", "evaluator", "vive");
    let (identity, to) = identity(&machine, "identity.age");
    let (_, second) = self::identity(&machine, "second.age");
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    record(&lokk, 0..60, "given", "2022-01-01T08:00:00Z");
    send(&lokk, &machine, 0..60);
    machine.sound(&["seal"]);
    let bearer = machine.bearer("vive");
    let ask = |address: &str| raw(address, "POST", "/v1/questions/reach", Some(&bearer), &[], ASK);
    let before = ask(&serving.address);
    assert_eq!(before.status, 200, "{}", before.body);
    // While it is asked and sent to.
    let archive = std::thread::scope(|scope| {
        let working = scope.spawn(|| {
            for n in 60..80 {
                record(&lokk, n..n + 1, "given", "2022-01-01T08:00:00Z");
            }
            send(&lokk, &machine, 60..80);
        });
        let archive = back_up(&machine, &to, "first.age");
        working.join().expect("worked");
        archive
    });
    assert!(std::fs::metadata(&archive).expect("there").len() > 1000);
    let mut left: Vec<_> = std::fs::read_dir(machine.path("data"))
        .expect("read")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    left.sort();
    assert!(!left.iter().any(|name| name.starts_with('.')), "nothing is left in the folder: {left:?}");
    let several = machine.path("several.age");
    let told = machine.sound(&["backup", "--to", &to, "--to", &second, "--out", text(&several)]);
    assert!(told.contains("2 recipients"), "{told}");
    // Anybody with the identity can look whether it is whole.
    let looked = check(&archive, &identity);
    assert!(looked.status.success() && said(&looked).contains("whole"), "{}", said(&looked));
    // Into an empty folder, and nowhere else.
    let full = machine.path("full");
    std::fs::create_dir(&full).expect("made");
    std::fs::write(full.join("x"), "x").expect("written");
    assert_eq!(restore(&machine, &archive, &identity, &full).status.code(), Some(5));
    let new = machine.path("new");
    let restored = restore(&machine, &archive, &identity, &new);
    assert!(restored.status.success(), "{}", said(&restored));
    assert!(said(&restored).contains("audit chain: whole"), "{}", said(&restored));
    drop(serving);
    put_in_place(&machine, &new);
    // It answers nothing before the steward decides; then the same.
    let serving = machine.serve();
    let held = ask(&serving.address);
    assert_eq!((held.status, held.code().as_str()), (503, "restored"));
    let status = machine.sound(&["restore", "status"]);
    assert!(status.contains("held") && status.contains("lokk: unknown"), "{status}");
    let early = machine.run(&["restore", "release"]);
    assert_eq!(early.status.code(), Some(5), "{}", said(&early));
    let all: Vec<String> = status
        .lines()
        .filter_map(|line| line.split_once(": unknown"))
        .map(|(name, _)| name.to_owned())
        .collect();
    machine.sound(&["restore", "release", "--without", &all.join(",")]);
    let after = ask(&serving.address);
    assert_eq!(after.status, 200, "{}", after.body);
    assert_eq!(table(&after.body), table(&before.body));
    drop(serving);
    machine.is_sound();
}

/// The figures of an answer.
fn table(body: &str) -> serde_json::Value {
    let answer: serde_json::Value = serde_json::from_str(body).expect("JSON");
    answer["table"].clone()
}

#[test]
fn what_was_acknowledged_since_is_named_done_again_or_sent_again() {
    let machine = Machine::new();
    machine.principal("vive", "evaluator", "vive");
    let (identity, to) = identity(&machine, "identity.age");
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    let receipts = machine.path("receipts");
    std::fs::create_dir(&receipts).expect("made");
    let keep = |name: &str, body: &[u8]| {
        std::fs::write(receipts.join(format!("{name}.receipt.json")), body).expect("written");
    };
    keep("given", &record(&lokk, 0..60, "given", "2022-01-01T08:00:00Z"));
    let first = send(&lokk, &machine, 0..60);
    machine.sound(&["seal"]);
    let archive = back_up(&machine, &to, "old.age");
    // After the backup: withdrawals of consent, a package withdrawn, one more sent.
    let withdrawn = record(&lokk, 0..20, "withdrawn", "2022-06-01T08:00:00Z");
    keep("withdrawn", &withdrawn);
    let taken = lokk.post(&format!("/v1/packages/{first}/withdraw"), b"", None).expect("withdrawn");
    keep("taken", &taken);
    let second = package(&machine.path("packages"), "lokk", 0..40, 1);
    let sent = upload(&lokk, &second, &second.signature().expect("signed"), |_| ())
        .unwrap_or_else(|error| panic!("{error}"));
    keep("second", &sent.receipt);
    drop(serving);
    // The machine is lost; the old backup is what there is.
    let new = machine.path("new");
    let restored = restore(&machine, &archive, &identity, &new);
    assert!(restored.status.success(), "{}", said(&restored));
    put_in_place(&machine, &new);
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    let bearer = machine.bearer("lokk-it");
    let mine =
        |method: &str, path: &str, body: &[u8]| raw(&serving.address, method, path, Some(&bearer), &[], body);
    let own = mine("GET", "/v1/restoration", b"");
    assert_eq!(own.status, 200, "{}", own.body);
    assert!(own.body.contains("\"state\":\"unknown\"") && own.body.contains("\"held\":true"), "{}", own.body);
    let told = machine.sound(&["restore", "receipts", "--dir", text(&receipts)]);
    assert!(told.contains("receipts found: 4") && told.contains("1 packages withdrawn again"), "{told}");
    let status = machine.sound(&["restore", "status"]);
    assert!(status.contains("lokk: missing"), "{status}");
    assert_eq!(status.matches("  consents ").count(), 1, "{status}");
    assert_eq!(status.matches("  package ").count(), 1, "{status}");
    // What it was told of another partner is nothing.
    let own = mine("GET", "/v1/restoration", b"");
    assert!(!own.body.contains("mandecentret"), "{}", own.body);
    // The partner sends again what is named.
    record(&lokk, 0..20, "withdrawn", "2022-06-01T08:00:00Z");
    upload(&lokk, &second, &second.signature().expect("signed"), |_| ())
        .unwrap_or_else(|error| panic!("{error}"));
    let status = machine.sound(&["restore", "status"]);
    assert!(status.contains("lokk: complete"), "{status}");
    let others: Vec<String> = status
        .lines()
        .filter_map(|line| line.split_once(": unknown"))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(machine.run(&["restore", "release"]).status.code(), Some(5), "the others are not known");
    machine.sound(&["restore", "release", "--without", &others.join(",")]);
    machine.sound(&["seal"]);
    let ask = raw(&serving.address, "POST", "/v1/questions/reach", Some(&machine.bearer("vive")), &[], ASK);
    assert_eq!(ask.status, 200, "{}", ask.body);
    assert!(ask.body.contains("20"), "those who withdrew are not counted: {}", ask.body);
    // The chain says what was decided.
    let audit = raw(&serving.address, "GET", "/v1/audit", Some(&machine.bearer("auditor")), &[], b"");
    for deed in ["\"restored\"", "\"receipts-handed-in\"", "\"restoration-released\""] {
        assert!(audit.body.contains(deed), "{deed}");
    }
    drop(serving);
    machine.is_sound();
}

#[test]
fn an_archive_that_was_cut_changed_or_is_for_others_restores_nothing() {
    let machine = Machine::new();
    let (identity, to) = identity(&machine, "identity.age");
    let (stranger, _) = self::identity(&machine, "stranger.age");
    let archive = back_up(&machine, &to, "a.age");
    let whole = std::fs::read(&archive).expect("read");
    let new = machine.path("new");
    let attempt = |bytes: &[u8], with: &Path| {
        let path = machine.path("attempt.age");
        std::fs::write(&path, bytes).expect("written");
        let (looked, restored) = (check(&path, with), restore(&machine, &path, with, &new));
        assert!(!looked.status.success() && !restored.status.success(), "{}", said(&restored));
        assert!(!new.exists() && !machine.path(".new.restoring").exists(), "nothing is left");
        restored.status.code()
    };
    assert_eq!(attempt(&whole, &stranger), Some(4));
    for cut in [0, 100, whole.len() / 2, whole.len() - 1] {
        attempt(&whole[..cut], &identity);
    }
    for at in [40, whole.len() / 3, whole.len() / 2, whole.len() - 10] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        attempt(&changed, &identity);
    }
    // Another service's key.
    let other = Machine::new();
    let refused = restore(&other, &archive, &identity, &new);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("not signed by this service") && !new.exists());
    // One that is full writes none, and leaves none.
    assert_eq!(machine.run(&["backup", "--to", &to, "--out", text(&archive)]).status.code(), Some(3));
    assert_eq!(std::fs::read(&archive).expect("read"), whole, "and is not written over");
    assert_eq!(machine.run(&["backup", "--to", "age1nonsense", "--out", "x"]).status.code(), Some(4));
    // It needs the service key to be read: nothing in it lies in clear but what it says of itself.
    assert!(restore(&machine, &archive, &identity, &new).status.success());
    let database = std::fs::read(new.join("kobling.sqlite")).expect("read");
    assert!(!database.starts_with(b"SQLite format 3"));
}

#[test]
fn a_backup_killed_at_any_moment_leaves_nothing() {
    let machine = Machine::new();
    let (_, to) = identity(&machine, "identity.age");
    for millis in [5, 20, 40, 80, 150] {
        let out = machine.path("killed.age");
        let mut child =
            machine.command(&["backup", "--to", &to, "--out", text(&out)]).spawn().expect("started");
        std::thread::sleep(std::time::Duration::from_millis(millis));
        child.kill().ok();
        child.wait().expect("ended");
        if out.exists() {
            std::fs::remove_file(&out).expect("removed");
        }
        let names: Vec<String> = std::fs::read_dir(machine.dir.path())
            .expect("read")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with("killed"))
            .collect();
        assert!(names.is_empty(), "{names:?}");
        machine.is_sound();
        assert!(!machine.path("data/.backup").exists(), "what a kill left is gone at the next start");
    }
}

#[test]
fn a_receipt_of_a_history_that_the_backup_does_not_have_is_told_apart() {
    let machine = Machine::new();
    let (identity, to) = identity(&machine, "identity.age");
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    let known = record(&lokk, 0..3, "given", "2022-01-01T08:00:00Z");
    let archive = back_up(&machine, &to, "a.age");
    drop(serving);
    let new = machine.path("new");
    assert!(restore(&machine, &archive, &identity, &new).status.success());
    put_in_place(&machine, &new);
    let serving = machine.serve();
    let bearer = machine.bearer("lokk-it");
    let hand_in = |receipts: &[serde_json::Value]| {
        let body = serde_json::json!({ "receipts": receipts }).to_string();
        raw(&serving.address, "POST", "/v1/restoration/receipts", Some(&bearer), &[], body.as_bytes())
    };
    let known: serde_json::Value = serde_json::from_slice(&known).expect("JSON");
    let taken = hand_in(std::slice::from_ref(&known));
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert!(
        taken.body.contains("\"later\":0") && taken.body.contains("\"state\":\"complete\""),
        "{}",
        taken.body
    );
    // Changed, it is nobody's.
    let mut changed = known.clone();
    let receipt = changed["receipt"].as_str().expect("text").replace("consents", "aliases");
    changed["receipt"] = receipt.into();
    assert_eq!(hand_in(&[changed]).code(), "receipt-other");
    // Signed by the service, at a place where the backup has another entry.
    let key = kobling::key::ServiceKey::load(&machine.path("service.key"), kobling::key::Example::Refuse);
    let mut receipt: kobling::audit::Receipt =
        serde_json::from_str(known["receipt"].as_str().expect("text")).expect("a receipt");
    receipt.head.hash = kobling::digest::Sha256Hex::of(b"another history");
    let forked = receipt.sign(&key.expect("loaded").signing_key());
    let forked = serde_json::to_value(&forked).expect("JSON");
    assert_eq!(hand_in(&[forked]).code(), "receipt-fork");
    // The steward alone releases, and a partner's list is its own.
    let refused =
        raw(&serving.address, "POST", "/v1/restoration/release", Some(&bearer), &[], br#"{"incomplete":[]}"#);
    assert_eq!(refused.status, 403);
}
