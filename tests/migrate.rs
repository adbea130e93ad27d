//! A data folder of 0.1.0 taken forward with the real program: rehearsed, done, done again after any end, and asked the same.
#![cfg(all(feature = "service", unix))]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kit::{files, raw};
use machine::Serving;

struct Old {
    dir: tempfile::TempDir,
}

impl Old {
    /// The folder as 0.1.0 left it.
    fn new() -> Old {
        let dir = tempfile::tempdir().expect("a folder");
        let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/store/0.1.0.tar.gz");
        let done = Command::new("tar").arg("-xzf").arg(fixture).arg("-C").arg(dir.path()).status();
        assert!(done.expect("run").success());
        Old { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koblingd"));
        command.args(arguments).arg("--data").arg(self.path("data"));
        command.arg("--service-key").arg(self.path("service.key")).env_remove("KOBLINGD_CONFIG");
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().expect("run");
        (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
    }

    fn sound(&self, arguments: &[&str]) -> String {
        let (code, said) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        said
    }

    fn bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut all = files(&self.path("data"));
        all.retain(|(path, _)| !path.ends_with("lock") && !path.to_string_lossy().ends_with("-shm"));
        all.sort();
        all
    }

    /// It serves, and answers as it did before.
    fn answers_as_before(&self) {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.stderr(std::process::Stdio::null());
        let serving = Serving::start_logging(command);
        let bearer = std::fs::read_to_string(self.path("tokens/vive.token")).expect("readable");
        let ask = br#"{"period":"2022-Q1..2022-Q4","by":["role"]}"#;
        let answer = raw(&serving.address, "POST", "/v1/questions/reach", Some(bearer.trim()), &[], ask);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let before = std::fs::read_to_string(self.path("reach.json")).expect("readable");
        let table = |text: &str| {
            let answer: serde_json::Value = serde_json::from_str(text).expect("JSON");
            answer["table"].clone()
        };
        assert_eq!(table(&answer.body), table(&before));
    }
}

fn is_plain(path: &Path) -> bool {
    std::fs::read(path).expect("read").starts_with(b"SQLite format 3\0")
}

#[test]
fn a_folder_of_0_1_0_is_refused_rehearsed_taken_forward_and_answers_as_before() {
    let old = Old::new();
    for command in [&["doctor"][..], &["serve", "--listen", "127.0.0.1:0"], &["seal"]] {
        let (code, said) = old.run(command);
        assert_eq!(code, Some(3), "{command:?}: {said}");
        assert!(said.contains("koblingd migrate"), "{command:?}: {said}");
    }
    let before = old.bytes();
    let said = old.sound(&["migrate", "--dry-run"]);
    for part in ["would be taken from schema 1 to 2", "would be encrypted", "nothing was changed"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(old.bytes() == before, "a rehearsal changes nothing");
    let said = old.sound(&["migrate"]);
    assert!(said.contains("taken from schema 1 to 2") && said.contains("done; start"), "{said}");
    assert!(!is_plain(&old.path("data/kobling.sqlite")));
    for left in ["data/migrating", "data/kobling.sqlite.before", "data/.migrating"] {
        assert!(!old.path(left).exists(), "{left}");
    }
    assert!(old.sound(&["migrate"]).contains("nothing to do"));
    assert!(old.sound(&["migrate", "--dry-run"]).contains("nothing to do"));
    old.sound(&["audit", "verify"]);
    // Its tokens have no end, and doctor says so; nothing else is wrong with it.
    let said = old.sound(&["doctor"]);
    assert!(said.contains("KD-032"), "{said}");
    old.answers_as_before();
}

#[test]
fn a_migration_killed_at_any_moment_is_carried_on_and_nothing_serves_before() {
    for millis in [3, 10, 25, 50, 100, 200, 400] {
        let old = Old::new();
        let mut child = old.command(&["migrate"]).spawn().expect("started");
        std::thread::sleep(std::time::Duration::from_millis(millis));
        child.kill().ok();
        child.wait().expect("ended");
        let (code, said) = old.run(&["audit", "verify"]);
        if old.path("data/migrating").exists() {
            let (code, said) = old.run(&["doctor"]);
            assert_eq!(code, Some(3), "{said}");
            assert!(said.contains("koblingd migrate"), "{said}");
        } else {
            assert!(matches!(code, Some(0 | 3)), "{said}");
        }
        old.sound(&["migrate"]);
        old.sound(&["audit", "verify"]);
        assert!(!old.path("data/migrating").exists());
        old.answers_as_before();
    }
}

#[test]
fn another_service_key_or_an_unknown_schema_changes_nothing() {
    let old = Old::new();
    std::fs::rename(old.path("service.key"), old.path("right.key")).expect("moved");
    let key = kobling::key::ServiceKey::generate(&mut kobling::secret::SystemRandom::new());
    key.save(&old.path("service.key"), kobling::clock::Timestamp::from_millis(0)).expect("saved");
    let before = old.bytes();
    for command in [&["migrate", "--dry-run"][..], &["migrate"]] {
        let (code, said) = old.run(command);
        assert!(matches!(code, Some(3 | 4)), "{code:?} {said}");
    }
    let kept: Vec<_> = before.iter().map(|(path, _)| path.clone()).collect();
    let after: Vec<_> = old.bytes().into_iter().filter(|(path, _)| kept.contains(path)).collect();
    assert!(after == before, "under another key nothing is written anew");
}
