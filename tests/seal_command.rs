//! `kobling seal` against a service: what the steward is told, that a dry run seals nothing, and that it is the steward's alone.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

use std::process::{Command, Output};

use kit::{Running, consent, linkage_key, package, signing_key};
use kobling::auth::Role;
use kobling::client::upload;

fn seal(running: &Running, bearer: &str, more: &[&str]) -> Output {
    let file = running.dir.path().join("token");
    std::fs::remove_file(&file).ok();
    kit::write_private(&file, format!("{bearer}\n"));
    Command::new(env!("CARGO_BIN_EXE_kobling"))
        .env("KOBLING_LANG", "en")
        .args(["seal", "--service", &running.address, "--token-file"])
        .arg(&file)
        .args(more)
        .output()
        .expect("run")
}

#[test]
fn the_steward_seals_by_command_and_nobody_else() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    let yes: Vec<_> = (0..20).map(|n| consent("lokk", n, "given", "2022-01-01T08:00:00Z")).collect();
    lokk.record_consents(linkage_key().id(), &yes, &signing_key("lokk")).expect("recorded");
    let package = package(&running.packages(), "lokk", 0..20, 1);
    let signature = package.signature().expect("signed");
    upload(&lokk, &package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}"));
    let sealed = || running.service.snapshots().expect("listed").len();

    let evaluator = running.bearer("vive-1", Role::Evaluator, "vive");
    assert_eq!(seal(&running, &evaluator, &[]).status.code(), Some(5), "refused");
    let steward = running.bearer("steward", Role::Steward, "styregruppe");
    let tried = seal(&running, &steward, &["--dry-run"]);
    assert!(tried.status.success());
    assert!(String::from_utf8_lossy(&tried.stderr).contains("would seal"));
    assert_eq!(sealed(), 0, "neither of the two sealed");

    let done = seal(&running, &steward, &[]);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(
        said.starts_with("snapshot 1 sealed on ") && said.contains(": 1 package(s), 0 replaced"),
        "{said}"
    );
    assert_eq!(sealed(), 1);
}
