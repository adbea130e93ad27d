//! `koblingd doctor --statement` as an operator runs it.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use machine::Machine;

#[test]
fn a_statement_is_printed_or_written_and_replaces_nothing() {
    let machine = Machine::new();
    let before = machine.sound(&["doctor", "--statement", "--language", "da"]);
    assert!(before.starts_with("# Pseudonymiseringsdomæne: "), "{before}");
    // Asking for it changes nothing that it tells of.
    assert_eq!(machine.sound(&["doctor", "--statement", "--language", "da"]), before);
    let english = machine.sound(&["doctor", "--statement"]);
    assert!(english.starts_with("# Pseudonymisation domain: "), "{english}");
    assert_eq!(before.lines().count(), english.lines().count());
    for secret in [machine.bearer("lokk-it"), machine.dir.path().display().to_string()] {
        assert!(!before.contains(&secret) && !english.contains(&secret));
    }
    let head = machine.sound(&["audit", "verify"]);
    let head = head.lines().find_map(|line| line.strip_prefix("head: ")).expect("a head");
    assert!(english.contains(&format!("- Head: `{head}`\n")), "{english}");

    let path = machine.path("statement.md");
    let out = path.to_str().expect("UTF-8");
    machine.sound(&["doctor", "--statement", "--out", out]);
    assert_eq!(std::fs::read_to_string(&path).expect("written"), english);
    assert_eq!(machine.run(&["doctor", "--statement", "-o", out]).status.code(), Some(3));
    assert_eq!(std::fs::read_to_string(&path).expect("kept"), english);
    assert_eq!(machine.run(&["doctor", "--language", "da"]).status.code(), Some(2));
}
