//! The page is what its sources make: built anew, byte for byte.

use std::path::Path;
use std::process::Command;

use kobling::digest::Sha256Hex;

use super::PAGE;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/tokeniser");

#[test]
fn its_digest_stands_beside_it() {
    let digest = std::fs::read_to_string(Path::new(FOLDER).join("tokeniser.html.sha256")).expect("there");
    let found = Sha256Hex::of(&std::fs::read(PAGE).expect("there"));
    assert_eq!(digest, format!("{found}  tokeniser.html\n"));
}

/// With the same Rust. Where that or its target is missing the test says so: another compiler makes other bytes.
#[test]
fn built_anew_it_is_the_same_bytes() {
    let said = |program: &str, arguments: &[&str]| {
        let done = Command::new(program).args(arguments).output().ok().filter(|done| done.status.success());
        done.map_or_else(String::new, |done| String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let wanted = std::fs::read_to_string(Path::new(FOLDER).join("rust-version")).expect("there");
    let found = said("rustc", &["--version"]);
    if found.trim() != wanted.trim() {
        eprintln!("NOT TRIED: the page was built with {}, and this is {}", wanted.trim(), found.trim());
        return;
    }
    let installed =
        Path::new(said("rustc", &["--print", "sysroot"]).trim()).join("lib/rustlib/wasm32-wasip1/lib");
    if !installed.is_dir() {
        eprintln!("NOT TRIED: the target wasm32-wasip1 is missing: rustup target add wasm32-wasip1");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let built = Command::new("python3")
        .arg(Path::new(FOLDER).join("build"))
        .arg(dir.path())
        .env("CARGO_TARGET_DIR", dir.path().join("target"))
        .output()
        .expect("python3");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let anew = std::fs::read(dir.path().join("tokeniser.html")).expect("built");
    assert_eq!(Sha256Hex::of(&anew), Sha256Hex::of(&std::fs::read(PAGE).expect("there")));
}
