//! What is written, held against public definitions by Python. `tests/run` installs what that needs and says where it
//! is; without it the check says that it did not run.

use std::path::{Path, PathBuf};
use std::process::Command;

use kobling::exchange::{Format, Statement};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::events::{any_history, history, numbered, tokened};
use super::written;

/// Histories of which files are checked.
const HISTORIES: usize = 60;

fn check(folder: &Path, bundle: &Value, records: &Value) -> Option<(bool, String)> {
    let Some(python) = std::env::var_os("KOBLING_EXCHANGE_PYTHON") else {
        eprintln!(
            "KOBLING_EXCHANGE_PYTHON is not set: tests/exchange/check.py was NOT run; tests/run installs what it needs"
        );
        return None;
    };
    let files = [("bundle.json", bundle), ("records.jsonld", records)].map(|(name, document)| {
        let path = folder.join(name);
        std::fs::write(&path, document.to_string()).expect("written");
        path
    });
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/exchange/check.py");
    let output = Command::new(python).arg(script).args(files).output().expect("Python runs");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Some((output.status.success(), said))
}

/// Events of many histories in one file; record ids are made different.
fn many(runner: &mut TestRunner) -> Vec<Statement> {
    let mut all = Vec::new();
    for n in 0..HISTORIES {
        let mut history = any_history().new_tree(runner).expect("a history").current();
        for event in &mut history.events {
            let other =
                |id: &kobling::consent::RecordId| format!("h{n}-{}", id.as_str()).parse().expect("an id");
            event.names = event.names.as_ref().map(other);
            event.record = other(&event.record);
        }
        // More than a few events of one person in a file are too many.
        if all.len() + history.events.len() <= kobling::limits::MAX_EXCHANGE_EVENTS {
            all.extend(numbered(&history));
        }
    }
    all
}

#[test]
fn public_definitions_take_what_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = many(&mut TestRunner::deterministic());
    assert!(made.len() > 150, "{}", made.len());
    let (bundle, records) = (written(Format::Fhir, &made), written(Format::Iso27560, &made));
    let Some((passed, said)) = check(folder.path(), &bundle, &records) else { return };
    assert!(passed, "{said}");
    assert!(said.starts_with(&format!("{0} consents, {0} records, 0 wrong", made.len())), "{said}");
    let made = tokened(&history(&["given a 10"]));
    let (bundle, records) = (written(Format::Fhir, &made), written(Format::Iso27560, &made));
    let Some((passed, said)) = check(folder.path(), &bundle, &records) else { return };
    assert!(passed && said.starts_with("1 consents, 1 records, 0 wrong"), "{said}");
}

#[test]
fn the_check_finds_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = tokened(&history(&["given a 10"]));
    let (bundle, records) = (written(Format::Fhir, &made), written(Format::Iso27560, &made));
    let resource = "/entry/0/resource";
    for (at, field, value) in [
        (resource, "status", json!("over")),
        (resource, "patient", json!("lone")),
        (resource, "dateTime", json!("10 March")),
        (resource, "comment", json!("x")),
        ("/entry/0/resource/provision", "type", json!("permit")),
        ("/entry/0/resource/provision/provision/0", "type", json!("allow")),
    ] {
        let mut planted = bundle.clone();
        planted.pointer_mut(at).expect("an object")[field] = value;
        let Some((passed, said)) = check(folder.path(), &planted, &records) else { return };
        assert!(!passed && said.contains("1 consents"), "{at}/{field}: {said}");
    }
    let record = "/dct:hasPart/0";
    for (at, field, value) in [
        (record, "dpv:hasMoonPhase", json!("x")),
        (record, "unknown", json!("x")),
        (record, "@type", json!("dpv:Record")),
        ("/dct:hasPart/0/dpv:hasJurisdiction", "@id", json!("loc:XX")),
        ("/dct:hasPart/0/dpv:hasConsentStatus/0", "@type", json!(["dpv:ConsentMaybe"])),
    ] {
        let mut planted = records.clone();
        planted.pointer_mut(at).expect("an object")[field] = value;
        let Some((passed, said)) = check(folder.path(), &bundle, &planted) else { return };
        assert!(!passed, "{at}/{field}: {said}");
    }
}
