//! Encryption at rest over the whole service: no file of a data folder shows what is in it, another service key opens nothing, and a
//! folder that a version before left in clear is taken over.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "this binary uses a part of it")]
#[path = "kit/desk.rs"]
mod desk;
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use desk::{Desk, Row};
use kobling::auth::BearerToken;
use kobling::clock::{Clock, FixedClock};
use kobling::key::{Example, ServiceKey};
use kobling::question::Ask;
use kobling::secret::{SeededRandom, SystemRandom};
use kobling::service::{Erase, Service, ServiceError, TakenOver, encrypt_folder};
use kobling::store::StoreError;

/// Forms in which bytes may stand in a file.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()]
}

/// The top of the data folder under which some bytes stand.
fn found(files: &[(PathBuf, Vec<u8>)], data: &Path, needles: &[Vec<u8>]) -> BTreeSet<String> {
    let holding = files
        .iter()
        .filter(|(_, bytes)| needles.iter().any(|needle| memchr::memmem::find(bytes, needle).is_some()));
    let top = |path: &Path| {
        let inside = path.strip_prefix(data).expect("inside").components().next().expect("a name");
        inside.as_os_str().to_string_lossy().into_owned()
    };
    holding.map(|(path, _)| top(path)).collect()
}

/// What would be seen in clear: a person's link; a code of the programme; the beginnings of frames and Parquet files, the words of a
/// manifest and of a database.
fn needles(desk: &Desk) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    vec![
        ("a link", forms(&desk.link("lokk", 45).expect("a link"))),
        ("a partner's name", vec![b"mandecentret".to_vec()]),
        ("a day", vec![b"2021-01-01".to_vec()]),
        ("frames", vec![b"KBS2".to_vec()]),
        ("columns", vec![b"PAR1".to_vec()]),
        ("a manifest", vec![b"structure_sha256".to_vec()]),
        ("a database", vec![b"SQLite format 3".to_vec(), b"CREATE TABLE".to_vec()]),
    ]
}

fn rows_of(persons: std::ops::Range<u64>) -> Vec<Row> {
    persons.map(|n| (n, i32::try_from(n * 7 % 350).expect("small"))).collect()
}

#[test]
fn no_file_of_a_data_folder_shows_what_is_in_it() {
    let mut desk = Desk::new();
    let searched = |desk: &Desk, when: &str| {
        for (what, needles) in needles(desk) {
            let hits = found(&kit::files(&desk.data()), &desk.data(), &needles);
            assert!(hits.is_empty(), "{what}, {when}: {hits:?}");
        }
    };
    desk.say("lokk", 0..60, "given");
    desk.say("mandecentret", 40..90, "given");
    searched(&desk, "after consents, with the log");
    desk.send("lokk", &rows_of(0..60));
    desk.send("mandecentret", &rows_of(40..90));
    searched(&desk, "after packages");
    desk.seal();
    desk.ask("reach", &["partner"]);
    searched(&desk, "after a seal and an answer");
    // The search finds what is there: opened with the service key, each stands somewhere.
    let clear = kit::clear_files(&desk.data());
    for (what, needles) in needles(&desk) {
        assert!(!found(&clear, &desk.data(), &needles).is_empty(), "{what}");
    }
    let link = &needles(&desk)[0].1;
    let all = ["kobling.sqlite".to_owned(), "staged".to_owned()];
    assert!(found(&clear, &desk.data(), link).is_superset(&BTreeSet::from(all)));
    desk.advance(1);
    desk.say("lokk", 0..20, "withdrawn");
    desk.look_after(Erase::All);
    desk.start();
    searched(&desk, "after an erasure and a restart");
}

#[test]
fn attack_a_stolen_folder_is_opened_by_no_other_service_key() {
    let mut desk = Desk::new();
    desk.say("lokk", 0..20, "given");
    desk.send("lokk", &rows_of(0..20));
    desk.seal();
    let copy = tempfile::tempdir().expect("a folder");
    for (path, bytes) in kit::files(&desk.data()) {
        let to = copy.path().join(path.strip_prefix(desk.data()).expect("inside"));
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::write(to, bytes).expect("written");
    }
    let before = kit::files(copy.path());
    let key = ServiceKey::generate(&mut SeededRandom::from_number(12));
    let clock = Arc::clone(&desk.clock) as Arc<dyn Clock>;
    let opened = Service::open(copy.path(), key, clock, Box::new(SystemRandom::new()));
    let error = opened.expect_err("refused");
    assert_eq!(error.code(), "service-key", "{error}");
    // And it is as it was, for who comes with the right one.
    let same = |(path, _): &&(PathBuf, Vec<u8>)| {
        path.extension().is_none_or(|end| !end.to_string_lossy().contains('-'))
    };
    let after = kit::files(copy.path());
    assert_eq!(before.iter().filter(same).collect::<Vec<_>>(), after.iter().filter(same).collect::<Vec<_>>());
}

/// The folder that version 0.1.0 left (tests/fixtures/store/README.md).
fn left_by_0_1_0() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/store/0.1.0.tar.gz");
    let done = Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(dir.path()).status();
    assert!(done.expect("tar runs").success());
    dir
}

fn key_of(dir: &Path) -> ServiceKey {
    ServiceKey::load(&dir.join("service.key"), Example::Refuse).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_folder_that_0_1_0_left_in_clear_is_taken_over_and_answers_as_before() {
    let dir = left_by_0_1_0();
    let data = dir.path().join("data");
    let clock: Arc<dyn Clock> =
        Arc::new(FixedClock::new("2026-11-22T18:00:00Z".parse().expect("an instant")));
    let open = || Service::open(&data, key_of(dir.path()), Arc::clone(&clock), Box::new(SystemRandom::new()));
    // Links of persons, as they stand in its spine.
    let links: Vec<Vec<u8>> = {
        let db = rusqlite::Connection::open(data.join("kobling.sqlite")).expect("in clear");
        let mut query = db.prepare("SELECT link FROM spine ORDER BY link LIMIT 20").expect("a query");
        let rows = query.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("links")
    };
    let mut seen: Vec<Vec<u8>> = links.iter().flat_map(|link| forms(link)).collect();
    seen.extend([&b"PAR1"[..], b"KBS2", b"SQLite format 3", b"structure_sha256"].map(<[u8]>::to_vec));
    let in_clear = found(&kit::files(&data), &data, &seen);
    assert_eq!(in_clear, ["kobling.sqlite", "snapshots", "staged"].map(str::to_owned).into());
    assert!(matches!(open(), Err(ServiceError::Store(StoreError::Plain(_)))));
    // Another service key: nothing is encrypted under it.
    let before = kit::files(&data);
    let other = ServiceKey::generate(&mut SeededRandom::from_number(3));
    let refused = encrypt_folder(&data, &other);
    assert!(matches!(refused, Err(ServiceError::Store(StoreError::OtherKey(_)))));
    assert!(before == kit::files(&data));

    let staged = std::fs::read_dir(data.join("staged")).expect("read").count();
    let sealed = std::fs::read_dir(data.join("snapshots/1")).expect("read").count();
    let done = encrypt_folder(&data, &key_of(dir.path())).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(done, TakenOver { database: true, staged, torn: 0, sealed });
    let again = encrypt_folder(&data, &key_of(dir.path())).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again, TakenOver::default());
    assert!(found(&kit::files(&data), &data, &seen).is_empty());

    let service = open().unwrap_or_else(|error| panic!("{error}"));
    assert!(service.store().verify_chain().expect("read").is_ok());
    service.store().check_integrity().expect("whole");
    let token = std::fs::read_to_string(dir.path().join("tokens/vive.token")).expect("a token");
    let token = BearerToken::parse(token.trim()).unwrap_or_else(|error| panic!("{error}"));
    let evaluator = service.authenticate(&token).expect("read").expect("known");
    let ask = serde_json::json!({ "question": "reach", "by": ["role"], "period": "2022-Q1..2022-Q4" });
    let ask: Ask = serde_json::from_value(ask).expect("a question");
    let given = std::fs::read_to_string(dir.path().join("reach.json")).expect("an answer");
    assert_eq!(service.ask(&evaluator, &ask).unwrap_or_else(|error| panic!("{error}")), given.trim_end());
    // One that was never asked is counted from the rows, and a seal reads every staged file.
    let ask = serde_json::json!({ "question": "reach", "by": ["partner"], "period": "2022-Q1..2022-Q4" });
    let ask: Ask = serde_json::from_value(ask).expect("a question");
    service.ask(&evaluator, &ask).unwrap_or_else(|error| panic!("{error}"));
    let sealed = service.seal(&service.operator()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(sealed.snapshot.id, 2);
}

#[test]
fn a_taking_over_that_is_cut_anywhere_is_carried_on() {
    let dir = left_by_0_1_0();
    let data = dir.path().join("data");
    let key = key_of(dir.path());
    let plain = kit::files(&data);
    encrypt_folder(&data, &key).unwrap_or_else(|error| panic!("{error}"));
    let whole = kit::files(&data);
    // As it stood after so many files, with the next one half made.
    let names: Vec<&PathBuf> =
        plain.iter().map(|(path, _)| path).filter(|path| !path.ends_with("lock")).collect();
    for cut in (0..names.len()).step_by(9) {
        for (at, name) in names.iter().enumerate().filter(|(_, name)| !name.ends_with("kobling.sqlite")) {
            let from = if at < cut { &whole } else { &plain };
            let (_, bytes) = from.iter().find(|(path, _)| path == *name).expect("there");
            std::fs::write(name, bytes).expect("written");
            if at == cut {
                let mut half = name.as_os_str().to_owned();
                half.push(".sealing");
                std::fs::write(half, &bytes[..bytes.len() / 2]).expect("written");
            }
        }
        encrypt_folder(&data, &key).unwrap_or_else(|error| panic!("{error}"));
        let left: Vec<PathBuf> = kit::files(&data).into_iter().map(|(path, _)| path).collect();
        assert!(!left.iter().any(|path| path.to_string_lossy().ends_with(".sealing")), "{left:?}");
    }
    let clock: Arc<dyn Clock> =
        Arc::new(FixedClock::new("2026-11-22T18:00:00Z".parse().expect("an instant")));
    let service = Service::open(&data, key, clock, Box::new(SystemRandom::new()));
    let service = service.unwrap_or_else(|error| panic!("{error}"));
    service.seal(&service.operator()).unwrap_or_else(|error| panic!("{error}"));
}
