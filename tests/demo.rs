//! The demo, as a newcomer starts it: the real program, every check of its own, status 0.

#![cfg(feature = "service")]

use std::process::Command;

#[test]
fn the_demo_plays_to_its_end_and_every_check_holds() {
    let output = Command::new(env!("CARGO_BIN_EXE_koblingd"))
        .args(["demo", "--exit", "--persons", "4000", "--seed", "7"])
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{text}");
    assert!(text.contains("every check held"), "{text}");
    // Five claims, each printed only after it held.
    assert_eq!(text.matches("✓").count(), 5, "{text}");
    assert!(text.contains("··") || text.contains("all of them hidden"), "{text}");
}

#[test]
fn the_demo_serves_on_loopback_alone() {
    let output = Command::new(env!("CARGO_BIN_EXE_koblingd"))
        .args(["demo", "--exit", "--listen", "0.0.0.0:0"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
}
