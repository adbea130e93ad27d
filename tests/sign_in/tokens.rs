//! Tokens: their end, their renewal, and who sat at the desk.

use kobling::auth::Role;
use kobling::client::{Client, ClientError, Way, parse};
use kobling::clock::{Clock as _, Timestamp};
use kobling::name::PrincipalId;
use serde_json::{Value, json};

use crate::kit::{Running, connect, write_private};
use crate::machine::Machine;

const HOUR: i64 = 3_600_000;

fn code<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> String {
    match answer.expect_err("refused") {
        ClientError::Refused { code, .. } => code,
        other => panic!("{other}"),
    }
}

fn later(running: &Running, hours: i64) {
    running.clock.set(running.clock.now().plus_millis(hours * HOUR));
}

#[test]
fn a_token_ends_and_is_told_before_it_does() {
    let running = Running::new();
    let client = running.client("lokk-it", Role::Partner, "lokk");
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let bearer = std::fs::read_to_string(running.dir.path().join("lokk-it.token")).expect("readable");
    let told = || {
        let call = agent.get(format!("{}/v1/packages", running.address));
        let answer =
            call.header("Authorization", format!("Bearer {}", bearer.trim())).call().expect("answered");
        answer.headers().get("kobling-token-ends").map(|value| value.to_str().expect("ASCII").to_owned())
    };
    later(&running, 369 * 24);
    assert_eq!(told(), None);
    later(&running, 24);
    let end: Timestamp = "2025-06-01T08:00:00Z".parse().expect("an instant");
    let end = end.plus_millis(400 * 24 * HOUR);
    assert_eq!(told(), Some(end.to_string()));
    let ending = running.service.tokens_ending(30).expect("readable");
    assert_eq!(ending, [("lokk-it".parse::<PrincipalId>().expect("a name"), end.day())]);
    assert!(running.service.tokens_ending(29).expect("readable").is_empty());
    running.clock.set(end.plus_millis(-1));
    assert!(client.fetch("/v1/packages").is_ok());
    running.clock.set(end);
    assert_eq!(code(client.fetch("/v1/packages")), "unauthenticated");
}

#[test]
fn everybody_renews_their_own_token_and_the_old_one_lives_for_a_while() {
    let running = Running::new();
    let old = running.client("rigsrevisionen-1", Role::Auditor, "rigsrevisionen");
    let new = old.rotate_token(None).expect("a new token");
    assert_eq!(new.old_until, running.clock.now().plus_millis(24 * HOUR));
    let new = connect(running.dir.path(), &running.address, "new", &new.token);
    assert!(old.fetch("/v1/audit").is_ok() && new.fetch("/v1/audit").is_ok());
    later(&running, 24);
    assert_eq!(code(old.fetch("/v1/audit")), "unauthenticated");
    assert_eq!(code(old.rotate_token(None)), "unauthenticated", "what has ended renews nothing");
    assert!(new.fetch("/v1/audit").is_ok());
    // Without an overlap the old one is out at once: what one does with a token that others know.
    let newer = new.rotate_token(Some(0)).expect("a new token");
    assert_eq!(code(new.fetch("/v1/audit")), "unauthenticated");
    let newer = connect(running.dir.path(), &running.address, "newer", &newer.token);
    // Tokens do not pile up.
    for _ in 1..5 {
        newer.rotate_token(Some(2160)).expect("a new token");
    }
    assert_eq!(code(newer.rotate_token(Some(2160))), "conflict");
    assert_eq!(code(newer.rotate_token(Some(2161))), "body");
    assert_eq!(code(newer.post("/v1/token/rotate", b"{\"hours\":1}", None)), "body");
    let chain: Value = parse(&newer.fetch("/v1/audit").expect("the chain")).expect("JSON");
    let deeds: Vec<&str> =
        chain["entries"].as_array().expect("entries").iter().filter_map(|e| e[1]["deed"].as_str()).collect();
    assert_eq!(deeds.iter().filter(|deed| **deed == "token-rotated").count(), 6);
    assert_eq!(chain["sound"], json!(true), "{}", chain["problem"]);
    assert!(!chain.to_string().contains("kobling-token"), "{chain}");
}

#[test]
fn one_token_is_revoked_and_the_others_stay() {
    let running = Running::new();
    let first = running.client("lokk-it", Role::Partner, "lokk");
    let second = first.rotate_token(Some(48)).expect("a new token");
    let second = connect(running.dir.path(), &running.address, "second", &second.token);
    let id: PrincipalId = "lokk-it".parse().expect("a name");
    running.service.revoke_token(&id, 2).expect("revoked");
    assert_eq!(code(second.fetch("/v1/packages")), "unauthenticated");
    assert!(first.fetch("/v1/packages").is_ok());
    assert!(running.service.revoke_token(&id, 2).is_err() && running.service.revoke_token(&id, 9).is_err());
    running.service.revoke_principal(&id).expect("revoked");
    assert_eq!(code(first.fetch("/v1/packages")), "unauthenticated");
}

/// Attack: somebody else's token is renewed, or ended, by naming them.
#[test]
fn nobody_renews_anothers_token() {
    let running = Running::new();
    let lokk = running.client("lokk-it", Role::Partner, "lokk");
    let steward = running.client("steward", Role::Steward, "styregruppe");
    for body in [json!({ "id": "lokk-it" }), json!({ "principal": "lokk-it", "overlap_hours": 0 })] {
        assert_eq!(code(steward.post("/v1/token/rotate", body.to_string().as_bytes(), None)), "body");
    }
    steward.rotate_token(Some(0)).expect("its own");
    assert!(lokk.fetch("/v1/packages").is_ok());
}

#[test]
fn who_sat_at_the_desk_stands_in_the_partners_own_strand() {
    let running = Running::new();
    let bearer = running.bearer("lokk-it", Role::Partner, "lokk");
    let token = running.dir.path().join("t");
    write_private(&token, &bearer);
    let person = "sagsbehandler-17".parse().expect("a staff number");
    let way = Way { person: Some(&person), ..Way::new(&running.address, &token) };
    let client = Client::by(way).expect("a client");
    client.rotate_token(None).expect("a deed");
    let strand: Value = parse(&client.fetch("/v1/audit/strand").expect("the strand")).expect("JSON");
    let last = strand["entries"].as_array().expect("entries").last().expect("an entry").clone();
    assert_eq!(
        last["actor"],
        json!({ "organisation": "lokk", "person": "sagsbehandler-17", "principal": "lokk-it" })
    );
    assert!(running.service.store().verify_chain().expect("readable").is_ok());
    // A CPR number is no staff number, and never reaches the chain; nor does free text.
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    for wrong in ["0707701234", "070770-1234", "Karen Holm", "", "a/b", &"x".repeat(33)] {
        let call = agent.post(format!("{}/v1/token/rotate", running.address));
        let call = call.header("Authorization", format!("Bearer {bearer}")).header("Kobling-Person", wrong);
        assert_eq!(call.send(b"{}").expect("answered").status().as_u16(), 400, "{wrong}");
    }
    let after: Value = parse(&client.fetch("/v1/audit/strand").expect("the strand")).expect("JSON");
    assert_eq!(after, strand);
}

#[test]
fn the_operator_rotates_at_the_machine_and_the_partner_with_its_own_command() {
    let machine = Machine::new();
    let text = |name: &str| machine.path(name).to_str().expect("UTF-8").to_owned();
    let out = text("new.token");
    let said = machine.sound(&[
        "principal",
        "rotate",
        "--id",
        "lokk-it",
        "--overlap",
        "0",
        "--expires",
        "30",
        "--out",
        &out,
    ]);
    assert!(said.contains("lokk-it: token written to"), "{said}");
    let listed = machine.sound(&["principal", "list"]);
    assert!(listed.contains("\n  token 2 made "), "{listed}");
    assert!(
        !listed.contains("  token 1 made") || listed.matches("  token 1 made").count() == 2,
        "the old one is gone: {listed}"
    );
    let refused = machine.run(&["principal", "rotate", "--id", "nobody"]);
    assert_eq!(refused.status.code(), Some(5));
    for wrong in [["--expires", "0"], ["--expires", "1101"], ["--overlap", "2161"]] {
        let refused = machine.run(&["principal", "rotate", "--id", "lokk-it", wrong[0], wrong[1]]);
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
    }
    let serving = machine.serve();
    assert!(
        Client::new(&serving.address, &machine.path("lokk-it.token"), None)
            .expect("a client")
            .fetch("/v1/packages")
            .is_err()
    );
    let kobling = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kobling"));
        command.env("KOBLING_LANG", "en").current_dir(machine.dir.path()).args(arguments);
        let output = command.output().expect("run");
        (
            output.status.code(),
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        )
    };
    let before = std::fs::read_to_string(&out).expect("readable");
    let (status, said) = kobling(&["token", "rotate", "--service", &serving.address, "--token-file", &out]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("new token in") && !said.contains("kobling-token-1."), "{said}");
    assert!(said.contains("your token ends on"), "30 days are soon: {said}");
    let after = std::fs::read_to_string(&out).expect("readable");
    assert_ne!(before, after);
    let new = Client::new(&serving.address, &machine.path("new.token"), None).expect("private to its owner");
    assert!(new.fetch("/v1/packages").is_ok());
    let (status, said) = kobling(&[
        "packages",
        "list",
        "--service",
        &serving.address,
        "--token-file",
        &out,
        "--as",
        "070770-1234",
    ]);
    assert_eq!(status, Some(2), "{said}");
    assert!(!said.contains("070770"), "{said}");
    let (status, said) =
        kobling(&["packages", "list", "--service", &serving.address, "--token-file", &out, "--as", "17"]);
    assert_eq!(status, Some(0), "{said}");
    drop(serving);
    machine.sound(&["audit", "verify"]);
}
