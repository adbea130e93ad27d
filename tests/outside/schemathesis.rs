//! `schemathesis`, which reads the served description and tries everything that it allows and much that it does not, as a
//! principal of each role: it finds nothing.

use std::process::Command;

use crate::world::{PRINCIPALS, World};

/// Python of the folder that tests/run makes.
pub fn python() -> std::path::PathBuf {
    let python = std::env::var_os("KOBLING_OUTSIDE_PYTHON");
    python.expect("tests/run installs what this needs and says where, as KOBLING_OUTSIDE_PYTHON").into()
}

/// Examples for each operation and role: `KOBLING_SCHEMATHESIS=N` tries more.
fn examples() -> String {
    std::env::var("KOBLING_SCHEMATHESIS").unwrap_or_else(|_| "12".to_owned())
}

#[test]
fn a_stranger_with_the_description_alone_finds_nothing() {
    let world = World::new();
    let known = world.machine.path("world.json");
    std::fs::write(&known, world.known.to_string()).expect("written");
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside");
    let mut failed = Vec::new();
    for (id, role, _) in PRINCIPALS {
        let output = Command::new(python())
            .args(["-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", "--no-color"])
            .arg(format!("{}/v1/openapi.json", world.serving.address))
            .args(["--max-examples", &examples(), "--workers", "1", "--mode", "all"])
            .current_dir(here)
            .env("KOBLING_BEARER", world.machine.bearer(id))
            .env("KOBLING_WORLD", &known)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("schemathesis runs");
        let said = String::from_utf8_lossy(&output.stdout);
        println!("== {id}, {role}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("Test cases:") || said.contains("generated"), "{id}: nothing was tried");
        if !output.status.success() {
            failed.push(id);
        }
    }
    assert!(failed.is_empty(), "schemathesis found something as {failed:?}; see above");
    world.machine.sound(&["audit", "verify"]);
}
