//! The drafts in `docs/da/`: the commands that they name exist with the options that they give, and their links lead
//! somewhere.
#![cfg(feature = "service")]

use std::path::Path;
use std::process::Command;

const PAGES: [&str; 3] = ["konsekvensanalyse.md", "databehandleraftale-bilag.md", "noeglelaek.md"];

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/da"))
}

fn page(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("readable")
}

/// What stands between single backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_command_exists_with_its_options() {
    let mut seen = 0;
    for name in PAGES {
        let text = page(name);
        for command in code(&text) {
            let mut words = command.split_whitespace();
            let program = match words.next() {
                Some("kobling") => env!("CARGO_BIN_EXE_kobling"),
                Some("koblingd") => env!("CARGO_BIN_EXE_koblingd"),
                _ => continue,
            };
            let rest: Vec<&str> = words.collect();
            let plain = |word: &&&str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            let names: Vec<&str> =
                rest.iter().take_while(|word| plain(word) && !word.starts_with('-')).copied().collect();
            let help = Command::new(program)
                .env("KOBLING_LANG", "en")
                .args(&names)
                .arg("--help")
                .output()
                .expect("run");
            assert!(help.status.success(), "{name}: {command}");
            let help = String::from_utf8(help.stdout).expect("UTF-8");
            // Of a group, `--help` is the group's: a command that is not in it would be taken as help's argument.
            let usage = help.lines().find(|line| line.starts_with("Usage:")).expect("a usage").to_owned();
            assert!(names.iter().all(|word| usage.contains(word)), "{name}: {command}: {usage}");
            for option in rest.iter().filter(|word| word.starts_with("--") && **word != "--help") {
                let option = option.split('=').next().unwrap_or_default();
                assert!(help.contains(option), "{name}: {command} has no {option}");
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} commands");
}

#[test]
fn every_route_is_served() {
    let served = include_str!("../docs/openapi.json");
    for name in PAGES {
        let text = page(name);
        for route in
            code(&text).filter_map(|code| code.split_once(' ')).filter(|(_, path)| path.starts_with("/v1"))
        {
            let (method, path) = route;
            let path = path.replace("PART", "{id}").replace("FINGERAFTRYK", "{fingerprint}");
            let at = served.find(&format!("\"{path}\": {{")).unwrap_or_else(|| panic!("{name}: {path}"));
            let end = served[at + 1..].find("\n    \"/v1").map_or(served.len(), |end| at + 1 + end);
            let method = format!("\"{}\": {{", method.to_lowercase());
            assert!(served[at..end].contains(&method), "{name}: {method} {path}");
        }
    }
}

#[test]
fn every_link_leads_to_a_page() {
    for name in PAGES {
        let text = page(name);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            assert!(folder().join(file).is_file(), "{name}: {link}");
        }
    }
}
