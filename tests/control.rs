//! Commands at the machine while the service runs: the same as without it, word for word and by exit status.
#![cfg(all(feature = "service", unix))]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::Output;

use kit::{consent, linkage_key, package, raw, signing_key};
use kobling::client::upload;
use machine::Machine;

fn parts(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Commands that change nothing, or are refused.
const HARMLESS: &[&[&str]] = &[
    &["doctor"],
    &["doctor", "--statement", "--language", "da"],
    &["audit", "verify"],
    &["principal", "list"],
    &["principal", "revoke", "--id", "nobody"],
    &["principal", "add", "--id", "x", "--role", "evaluator", "--organisation", "lokk"],
    &["partner", "list", "--partner", "lokk"],
    &["partner", "list", "--partner", "nobody"],
    &["partner", "revoke", "--partner", "lokk", "--fingerprint", "none"],
    &["ledger", "show"],
    &["ledger", "show", "--cells", "--json"],
    &["ledger", "check"],
];

#[test]
fn every_command_says_the_same_with_the_service_and_without() {
    let machine = Machine::new();
    let without: Vec<_> = HARMLESS.iter().map(|command| parts(machine.run(command))).collect();
    assert!(without.iter().any(|(code, ..)| *code == Some(0)), "{without:?}");
    assert!(without.iter().any(|(code, ..)| *code == Some(2)), "{without:?}");
    assert!(without.iter().any(|(code, ..)| *code == Some(5)), "{without:?}");
    let serving = machine.serve();
    for (command, expected) in HARMLESS.iter().zip(&without) {
        assert_eq!(&parts(machine.run(command)), expected, "{command:?}");
    }
    drop(serving);
    // Killed, it leaves its socket, which is in nobody's way.
    assert!(machine.path("data/control").exists());
    for (command, expected) in HARMLESS.iter().zip(&without) {
        assert_eq!(&parts(machine.run(command)), expected, "{command:?} after it was killed");
    }
    let serving = machine.serve();
    assert_eq!(parts(machine.run(HARMLESS[0])), without[0], "and the next service listens at one of its own");
    drop(serving);
}

#[test]
fn what_is_done_at_the_machine_holds_in_the_running_service_at_once() {
    let machine = Machine::new();
    let serving = machine.serve();
    // A principal: its token's file is written by the command.
    machine.principal("later", "evaluator", "vive");
    let file = machine.path("later.token");
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    let bearer = machine.bearer("later");
    let ask = |bearer: &str| raw(&serving.address, "GET", "/v1/questions", Some(bearer), &[], b"").status;
    assert_eq!(ask(&bearer), 200);
    let (code, _, said) = parts(machine.run(&[
        "principal",
        "add",
        "--id",
        "other",
        "--role",
        "evaluator",
        "--organisation",
        "vive",
        "--out",
        file.to_str().expect("UTF-8"),
    ]));
    assert_eq!(code, Some(3), "a file is not written over: {said}");
    assert!(!machine.sound(&["principal", "list"]).contains("other"), "and nobody was added for it");
    machine.sound(&["principal", "revoke", "--id", "later"]);
    assert_eq!(ask(&bearer), 401);
    // A key, a package under it, a seal, an erasure.
    let public = signing_key("mandecentret").verifying_key();
    machine.sound(&["partner", "enrol", "--partner", "mandecentret", &format!("--public={public}")]);
    assert!(machine.sound(&["partner", "list", "--partner", "mandecentret"]).contains("enrolled"));
    let lokk = machine.client(&serving, "lokk-it");
    let given: Vec<_> = (0..20).map(|n| consent("lokk", n, "given", "2022-01-01T08:00:00Z")).collect();
    lokk.record_consents(linkage_key().id(), &given, &signing_key("lokk")).expect("recorded");
    let package = package(&machine.path("packages"), "lokk", 0..20, 1);
    upload(&lokk, &package, &package.signature().expect("signed"), |_| ()).expect("sent");
    assert!(machine.sound(&["seal"]).contains("snapshot 1 sealed"));
    let steward = machine.bearer("steward");
    let sealed = raw(&serving.address, "GET", "/v1/snapshots", Some(&steward), &[], b"");
    assert!(sealed.body.contains("\"id\":1"), "{}", sealed.body);
    let withdrawn = [consent("lokk", 3, "withdrawn", "2022-06-01T08:00:00Z")];
    lokk.record_consents(linkage_key().id(), &withdrawn, &signing_key("lokk")).expect("recorded");
    assert!(machine.sound(&["erase", "--all-now"]).contains("erasures done: 1"));
    drop(serving);
    machine.is_sound();
}

#[test]
fn the_socket_is_the_owners_and_takes_nothing_but_commands() {
    let machine = Machine::new();
    let serving = machine.serve();
    let path = machine.path("data/control");
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let send = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(&path).expect("connected");
        stream.write_all(bytes).expect("written");
        stream.shutdown(std::net::Shutdown::Write).expect("shut");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let version = env!("CARGO_PKG_VERSION");
    let wanted = |version: &str, arguments: &str| {
        format!("{{\"version\":\"{version}\",\"arguments\":[{arguments}],\"file\":false}}\n")
    };
    assert!(send(b"GET / HTTP/1.1\r\n\r\n").is_empty());
    assert!(send(&[0xFF; 70_000]).is_empty());
    // A service that runs on after its program was exchanged says so.
    let said = send(wanted("9.9.9", "\"doctor\"").as_bytes());
    assert!(said.contains("restart the service") && said.contains("9.9.9"), "{said}");
    for arguments in ["\"serve\"", "\"demo\"", "\"init\"", "\"programme\",\"check\",\"x\"", "\"no\"", ""] {
        let said = send(wanted(version, arguments).as_bytes());
        assert!(said.contains("\"status\":2") || said.contains("\"status\":5"), "{arguments}: {said}");
    }
    assert!(send(wanted(version, "\"audit\",\"verify\"").as_bytes()).contains("the audit chain is whole"));
    // Those that say nothing take no place for ever, and stop nobody.
    let silent: Vec<_> = (0..5).map(|_| UnixStream::connect(&path).expect("connected")).collect();
    machine.sound(&["audit", "verify"]);
    drop(silent);
    drop(serving);
}

#[test]
fn a_running_service_needs_no_key_from_whoever_gives_the_command() {
    let machine = Machine::new();
    let serving = machine.serve();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_koblingd"));
    command.args(["audit", "verify", "--data"]).arg(machine.path("data"));
    command.env_remove("KOBLINGD_CONFIG").env_remove("CREDENTIALS_DIRECTORY");
    let (code, said, _) = parts(command.output().expect("run"));
    assert_eq!(code, Some(0), "{said}");
    drop(serving);
    assert_eq!(command.output().expect("run").status.code(), Some(2), "without it the key has to be named");
}
