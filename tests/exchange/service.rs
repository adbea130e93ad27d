//! Against a running service: what is exported and imported is the same record as the list gives, to the last field.

use std::path::Path;
use std::process::Command;

use kobling::auth::Role;
use kobling::clock::{Clock as _, SystemClock, Timestamp};
use kobling::key::Example;

use super::kit::{self, PROGRAMME, Running, linkage_key, signing_key};

#[test]
fn an_imported_file_records_what_the_list_records() {
    let running = Running::new();
    let (actor, partner) = (running.service.operator(), "lokk".parse().expect("a name"));
    running.service.enrol_key(&actor, &partner, &signing_key("lokk").verifying_key()).expect("enrolled");
    running.clock.set(SystemClock.now().plus_millis(60_000));
    let dir = running.dir.path();
    let file = |name: &str| dir.join(name).to_str().expect("text").to_owned();
    let list = |persons: std::ops::Range<u64>| {
        let rows = persons.map(|n| {
            let cpr = kit::cpr(n);
            format!("{cpr},y-{n},given,2022-03-01,\n{cpr},n-{n},withdrawn,2022-06-01T10:00:00.5Z,y-{n}\n")
        });
        format!("cpr,record,event,time,names\n{}", rows.collect::<String>())
    };
    kit::write_private(file("token"), running.bearer("lokk-raw", Role::Partner, "lokk"));
    std::fs::write(file("programme.toml"), PROGRAMME).expect("written");
    let now = Timestamp::from_millis(1_748_764_800_000);
    linkage_key().save(Path::new(&file("key")), now, Example::Refuse).expect("saved");
    signing_key("lokk").save(Path::new(&file("sign.key")), "lokk", now, Example::Refuse).expect("saved");
    let own = ["--programme", &file("programme.toml"), "--partner", "lokk", "--key", &file("key")]
        .map(str::to_owned);
    let notice = kit::programme().notices[0].id.as_str();
    let said =
        ["--purpose", "evaluation", "--recipient", "vive", "--notice", notice, "--recorded-by", "desk 3"];
    let sent =
        ["--service", &running.address, "--token-file", &file("token"), "--signing-key", &file("sign.key")]
            .map(str::to_owned);
    let consent = |words: &[&str], rest: &[&[String]]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
        command.env("KOBLING_LANG", "en");
        command.arg("consent").args(words).args(rest.concat());
        let output = command.output().expect("kobling runs");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let recorded = || running.service.store().consent_state().expect("counted").events;
    let said = said.map(str::to_owned);
    std::fs::write(file("list.csv"), list(0..4)).expect("written");
    consent(&["record", &file("list.csv")], &[&own, &said, &sent]);
    assert_eq!(recorded(), 8);
    // The same events by another way are the same records: the service takes them, and there are no more of them.
    for (format, more) in [
        ("fhir", vec![]),
        ("fhir", vec!["--with-cpr"]),
        ("iso27560", vec![]),
        ("iso27560", vec!["--with-cpr"]),
    ] {
        let name = file(&format!("{format}{}", more.len()));
        let export = ["export", "--list", &file("list.csv"), "-o", &name, "--format", format];
        consent(&[&export[..], &more].concat(), &[&own, &said]);
        let receipt = format!("{name}.receipt");
        let out = consent(&["import", &name, "--format", format, "--receipt", &receipt], &[&own, &sent]);
        assert!(out.starts_with("recorded 8 event(s) in 1 batch(es)"), "{out}");
        running.receipt(&std::fs::read(&receipt).expect("a receipt"));
        assert_eq!(recorded(), 8, "{format}");
    }
    // New ones are new.
    std::fs::write(file("more.csv"), list(4..6)).expect("written");
    consent(
        &["export", "--list", &file("more.csv"), "-o", &file("more"), "--format", "fhir"],
        &[&own, &said],
    );
    consent(&["import", &file("more"), "--format", "fhir"], &[&own, &sent]);
    assert_eq!(recorded(), 12);
}
