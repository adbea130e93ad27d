//! The demo, as a newcomer starts it: the real program, every check of its own, both programmes, status 0.

#![cfg(feature = "service")]

use std::process::Command;

fn played(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_koblingd"))
        .args(["demo", "--exit"])
        .args(arguments)
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{text}");
    assert!(text.contains("every check held"), "{text}");
    text
}

#[test]
fn the_demo_plays_both_programmes_to_the_end_and_every_check_holds() {
    let text = played(&["--persons", "1000", "--seed", "7"]);
    // Seven claims about the first programme and four about the second, each printed only after it held.
    assert_eq!(text.matches("✓").count(), 11, "{text}");
    assert!(text.contains("··") || text.contains("all of them hidden"), "{text}");
    // Every question of both, but for the two that are answered by statements.
    for questions in ["45 questions were answered", "32 questions were answered"] {
        assert!(text.contains(questions), "{text}");
    }
    assert_eq!(text.matches("counted again: the same").count(), 16, "{text}");
    assert!(text.contains("TO BE PAID") && text.contains("1 statement signed"), "{text}");
}

#[test]
fn one_programme_can_be_played_alone() {
    let text = played(&["--persons", "1000", "--programme", "effektinvestering"]);
    assert!(text.contains("effektinvestering") && !text.contains("interventionsmodel"), "{text}");
}

#[test]
fn the_demo_serves_on_loopback_alone() {
    let output = Command::new(env!("CARGO_BIN_EXE_koblingd"))
        .args(["demo", "--exit", "--listen", "0.0.0.0:0"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
}
