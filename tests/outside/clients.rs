//! The clients in `clients/`: what is generated is current, types hold, and their own tests pass against a real service.

use std::process::Command;

use crate::schemathesis::python;
use crate::world::World;

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");

fn passes(command: &mut Command) -> String {
    let output =
        command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap_or_else(|error| panic!("{error}"));
    let said =
        format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

fn against<'a>(command: &'a mut Command, world: &World) -> &'a mut Command {
    command
        .env("KOBLING_SERVICE", &world.serving.address)
        .env("KOBLING_TOKENS", world.machine.dir.path())
        .env("KOBLING_PROGRAM", env!("CARGO_BIN_EXE_kobling"))
        .env("KOBLING_ANSWERS", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/answers"))
        .env("KOBLING_LANG", "en")
}

#[test]
fn what_is_generated_is_current() {
    passes(Command::new(python()).arg(format!("{CLIENTS}/generate.py")).arg("--check"));
}

#[test]
fn the_python_client() {
    let folder = format!("{CLIENTS}/python");
    let cache = tempfile::tempdir().expect("a folder");
    let typed = passes(
        Command::new(python()).args(["-m", "mypy", "--cache-dir"]).arg(cache.path()).current_dir(&folder),
    );
    assert!(typed.contains("Success: no issues found"), "{typed}");
    let world = World::new();
    let mut tests = Command::new(python());
    tests.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]).current_dir(&folder);
    let said = passes(against(tests.env("PYTHONPATH", format!("{folder}/src")), &world));
    assert!(said.contains(" passed") && !said.contains("skipped"), "{said}");
}

#[test]
fn the_r_client() {
    let library = tempfile::tempdir().expect("a folder");
    let folder = format!("{CLIENTS}/r");
    passes(
        Command::new("R")
            .args(["CMD", "INSTALL", "--no-docs", "--library"])
            .arg(library.path())
            .arg(&folder)
            .env("R_LIBS", library.path()),
    );
    let world = World::new();
    let mut tests = Command::new("Rscript");
    let run = "library(koblingclient); testthat::test_dir('tests/testthat', package = 'koblingclient', \
               load_package = 'installed', reporter = 'summary', stop_on_failure = TRUE)";
    tests.args(["--vanilla", "-e", run]).current_dir(&folder).env("R_LIBS", library.path());
    tests.env("LC_ALL", "C.UTF-8");
    let said = passes(against(&mut tests, &world));
    assert!(said.contains("DONE") && !said.contains("Skipped"), "{said}");
}
