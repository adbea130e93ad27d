//! `kobling receipt verify`, as a partner runs it against a real service.

#![cfg(feature = "service")]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kit::Running;
use kobling::client::upload;

struct Kept {
    running: Running,
    first: PathBuf,
    second: PathBuf,
    token: PathBuf,
}

/// Two packages of one partner, with another partner's package in between, and the receipts kept.
fn kept() -> Kept {
    let running = Running::new();
    let client = running.partner("lokk");
    let other = running.partner("mandecentret");
    let send =
        |client: &kobling::client::Client, partner: &str, name: &str, persons: std::ops::Range<u64>| {
            let folder = running.packages().join(name);
            std::fs::create_dir_all(&folder).expect("made");
            let package = kit::package(&folder, partner, persons, 1);
            let signature = package.signature().unwrap_or_else(|error| panic!("{error}"));
            let outcome =
                upload(client, &package, &signature, |_| {}).unwrap_or_else(|error| panic!("{error}"));
            let path = running.packages().join(format!("{name}.receipt.json"));
            std::fs::write(&path, &outcome.receipt).expect("written");
            path
        };
    let first = send(&client, "lokk", "a", 0..20);
    send(&other, "mandecentret", "b", 0..20);
    let second = send(&client, "lokk", "c", 0..25);
    let token = running.dir.path().join("lokk.token");
    let again = running.bearer("lokk-again", kobling::auth::Role::Partner, "lokk");
    kit::write_private(&token, again + "\n");
    Kept { running, first, second, token }
}

impl Kept {
    fn verify(&self, receipt: &Path, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kobling"))
            .env("KOBLING_LANG", "en")
            .args(["receipt", "verify"])
            .arg(receipt)
            .args(["--service-public", &self.running.service.verifying_key().to_string()])
            .args(more)
            .output()
            .expect("the program runs")
    }

    fn online(&self) -> [&str; 4] {
        ["--service", &self.running.address, "--token-file", self.token.to_str().expect("text")]
    }
}

#[test]
fn a_receipt_proves_itself_and_the_later_one_extends_it() {
    let kept = kept();
    assert!(kept.verify(&kept.first, &[]).status.success());
    let later = kept.second.to_str().expect("text");
    let output = kept.verify(&kept.first, &[&["--later", later][..], &kept.online()].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}{text}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("extension  proved"), "{text}");
    // The other partner's package in between has left no trace in the positions.
    let first = kept.running.receipt(&std::fs::read(&kept.first).expect("there"));
    let second = kept.running.receipt(&std::fs::read(&kept.second).expect("there"));
    assert!(text.contains(&format!("by {} entries", second.head.position - first.head.position)));
    // What the service shows today extends it too.
    assert!(kept.verify(&kept.first, &kept.online()).status.success());
}

#[test]
fn a_changed_receipt_another_key_and_a_head_that_goes_back_are_refused() {
    let kept = kept();
    let text = std::fs::read_to_string(&kept.first).expect("there");
    let changed = kept.first.with_file_name("changed.json");
    std::fs::write(&changed, text.replacen("lokk", "lokl", 1)).expect("written");
    assert_eq!(kept.verify(&changed, &[]).status.code(), Some(4));
    std::fs::write(&changed, "{}").expect("written");
    assert_eq!(kept.verify(&changed, &[]).status.code(), Some(3));
    let other = kit::signing_key("other").verifying_key().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_kobling"))
        .env("KOBLING_LANG", "en")
        .args(["receipt", "verify"])
        .arg(&kept.first)
        .args(["--service-public", &other])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(4));
    let earlier = kept.first.to_str().expect("text");
    let output = kept.verify(&kept.second, &[&["--later", earlier][..], &kept.online()].concat());
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(kept.verify(&kept.second, &["--later", earlier]).status.code(), Some(2));
}

#[test]
fn a_partner_lists_its_own_packages_and_takes_one_back() {
    let kept = kept();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_kobling"))
            .env("KOBLING_LANG", "en")
            .arg("packages")
            .args(arguments)
            .args(kept.online())
            .output()
            .expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (status, list) = run(&["list"]);
    assert_eq!(status, Some(0));
    assert!(list.contains("2 package(s)") && !list.contains("mandecentret"), "{list}");
    let id = kept.running.receipt(&std::fs::read(&kept.second).expect("there")).id;
    let receipt = kept.first.with_file_name("withdrawn.json");
    let receipt = receipt.to_str().expect("text");
    assert_eq!(run(&["withdraw", &id, "--receipt", receipt]).0, Some(0));
    assert!(kept.verify(Path::new(receipt), &[]).status.success());
    assert!(run(&["list"]).1.contains("withdrawn"));
    // What is not one's own, or not there, is not there.
    assert_eq!(run(&["withdraw", &"0".repeat(32), "--receipt", receipt]).0, Some(5));
    assert_eq!(run(&["withdraw", "../seals", "--receipt", receipt]).0, Some(2));
}
