//! The rules of `docs/ARCHITECTURE.md`, held against the source as text: imports run one way, a crate is used only in
//! the room that is there for it, no file grows too long, no page names a machine's folder or a page that is not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Longest source file, in lines.
const LONGEST: usize = 700;

/// A room of the table in `docs/ARCHITECTURE.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Room {
    name: String,
    /// Crates that only the rooms that name them use.
    alone: Vec<String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of the table under `## Rooms`: name in the first cell, crates in the last.
fn rooms() -> Vec<Room> {
    let page = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("docs/ARCHITECTURE.md");
    let section = page.split("\n## Rooms\n").nth(1).expect("a section `## Rooms`");
    let rows = section.split("\n## ").next().expect("a first part").lines();
    let rows = rows.filter(|line| line.starts_with("| `"));
    let rooms = rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let name = quoted(cells[0]).remove(0);
        Room { name, alone: quoted(cells.last().expect("cells")) }
    });
    rooms.collect()
}

/// A source file: its path below `src`, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

fn walk(folder: &Path, each: &mut dyn FnMut(&Path)) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { walk(&path, each) } else { each(&path) }
    }
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let src = root().join("src");
    walk(&src, &mut |path| {
        if path.extension().is_some_and(|e| e == "rs") {
            let below = path.strip_prefix(&src).expect("below src");
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            let text = std::fs::read_to_string(path).expect("UTF-8");
            sources.push(Source { path: parts.join("/"), text });
        }
    });
    sources
}

/// The text without comments and without what stands under `#[cfg(test)]`; the names of files that stand there.
///
/// An item ends where rustfmt ends it: at a line that is its own indentation and a closing brace.
fn code(text: &str) -> (String, Vec<String>) {
    let (mut code, mut test_files) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = format!("{indent}}}");
            for line in lines.by_ref() {
                if let Some(path) = line.trim().strip_prefix("#[path = \"") {
                    test_files.push(path.trim_end_matches("\"]").trim_end_matches(".rs").to_owned());
                }
                let module = line.trim().strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
                test_files.extend(module.map(str::to_owned));
                if line == end
                    || line.trim_end().ends_with(';') && line.starts_with(indent) && at(line, indent)
                {
                    break;
                }
            }
            continue;
        }
        let line = line.split(" // ").next().unwrap_or(line);
        if !line.trim_start().starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    (code, test_files)
}

/// Whether a line stands at an indentation, not deeper.
fn at(line: &str, indent: &str) -> bool {
    line[indent.len()..].starts_with(|c: char| !c.is_whitespace())
}

/// The module that a path such as `key/file.rs` is, as names from the crate's root.
fn module(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').filter(|part| *part != "lib").map(str::to_owned).collect()
}

/// Names that follow `prefix` in code: one, or the first of each in braces.
fn named_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut names = BTreeSet::new();
    for (start, _) in code.match_indices(prefix) {
        // Not the end of a longer word or path.
        if code[..start].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
            continue;
        }
        let rest = &code[start + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut first = true;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => first = true,
                    c if first && !c.is_whitespace() => {
                        names.insert(name(&group[at..]));
                        first = false;
                    }
                    _ => {}
                }
            }
        } else {
            names.insert(name(rest));
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Where the sources break the order of the rooms or use a crate that is another room's.
fn violations(rooms: &[Room], sources: &[Source]) -> Vec<String> {
    let place = |name: &str| rooms.iter().position(|room| room.name == name);
    let read: Vec<(&Source, String, Vec<String>)> = sources
        .iter()
        .map(|source| {
            let (code, tests) = code(&source.text);
            (source, code, tests)
        })
        .collect();
    // Modules that are there for tests alone, with what lies below them.
    let test_modules: Vec<Vec<String>> = read
        .iter()
        .flat_map(|(source, _, tests)| {
            tests.iter().flat_map(|test| {
                let mut below = module(&source.path);
                let mut beside = below[..below.len().saturating_sub(1)].to_vec();
                below.push(test.clone());
                beside.push(test.clone());
                [below, beside]
            })
        })
        .collect();
    let foreign: BTreeSet<&String> = rooms.iter().flat_map(|room| &room.alone).collect();
    let mut found = Vec::new();
    for (source, code, _) in &read {
        let module = module(&source.path);
        let Some(room) = module.first() else { continue };
        if test_modules.iter().any(|test| module.starts_with(test)) {
            continue;
        }
        let Some(own) = place(room) else {
            found.push(format!("{}: the room {room} is not in the table", source.path));
            continue;
        };
        if room != "bin" {
            let mut used = named_after(code, "crate::");
            used.extend(named_after(code, &"super::".repeat(module.len())));
            for other in used {
                match place(&other) {
                    Some(at) if at > own => {
                        found.push(format!("{}: {room} may not import {other}", source.path));
                    }
                    Some(_) => {}
                    None => found.push(format!("{}: {other} is no room of the table", source.path)),
                }
            }
        }
        for foreign in &foreign {
            let used = !named_after(code, &format!("{foreign}::")).is_empty();
            if used && !rooms[own].alone.contains(*foreign) {
                found.push(format!("{}: {room} may not use the crate {foreign}", source.path));
            }
        }
    }
    found
}

#[test]
fn imports_run_one_way() {
    let rooms = rooms();
    for wanted in ["limits", "clock", "id", "key", "token", "extract", "programme", "bin"] {
        assert!(rooms.iter().any(|room| room.name == wanted), "{wanted} is not in the table");
    }
    let names: BTreeSet<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
    assert_eq!(names.len(), rooms.len(), "a room stands twice in the table");
    // What a partner runs and a data protection officer reads knows nothing of servers or stores.
    for foreign in ["tokio", "axum", "rusqlite"] {
        assert!(rooms.iter().any(|room| room.alone.iter().any(|c| c == foreign)), "{foreign} is no room's");
        for room in ["id", "key", "token", "programme", "consent", "extract", "client"] {
            let room = rooms.iter().find(|r| r.name == room).expect("a room");
            assert!(!room.alone.iter().any(|c| c == foreign), "{} may use {foreign}", room.name);
        }
    }
    let found = violations(&rooms, &sources());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_planted_import_the_wrong_way_is_found() {
    let room = |name: &str, alone: &[&str]| Room {
        name: name.to_owned(),
        alone: alone.iter().map(|c| (*c).to_owned()).collect(),
    };
    let rooms = [room("id", &[]), room("key", &[]), room("store", &["rusqlite"]), room("bin", &[])];
    let found = |path: &str, text: &str| {
        violations(&rooms, &[Source { path: path.to_owned(), text: text.to_owned() }])
    };
    for (path, text) in [
        ("id/mod.rs", "use crate::key::LinkageKey;\n"),
        ("id/mod.rs", "use crate::{\n    id::Cpr,\n    key::{LinkageKey, SigningKey},\n};\n"),
        ("id/cpr.rs", "fn f() -> crate::store::Store {}\n"),
        ("id/cpr.rs", "use super::super::store::Store;\n"),
        ("id/mod.rs", "use super::store;\n"),
        ("id.rs", "pub(crate) use crate::key::*;\n"),
        ("id/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::id::A;\n}\n\nuse crate::key::B;\n"),
        ("key/mod.rs", "use rusqlite::Connection;\n"),
        ("key/mod.rs", "fn f(c: &rusqlite::Connection) {}\n"),
        ("cellar/mod.rs", "\n"),
        ("key/mod.rs", "use crate::cellar::Cask;\n"),
    ] {
        assert_eq!(found(path, text).len(), 1, "{path}: {text}");
    }
    for (path, text) in [
        ("key/mod.rs", "use crate::id::Cpr;\nuse super::id::Cpr;\n"),
        ("store/mod.rs", "use rusqlite::Connection;\nuse crate::{id, key};\n"),
        ("id/cpr.rs", "use super::Identifier;\n"),
        ("id/mod.rs", "//! See [`crate::store`].\n/// [`crate::key`]\nstruct A; // crate::key\n"),
        ("id/mod.rs", "#[cfg(test)]\nmod tests {\n    mod deeper {\n    }\n    use crate::key::A;\n}\n"),
        ("bin/kobling/main.rs", "use crate::exit::Done;\n"),
        ("lib.rs", "pub mod id;\n"),
    ] {
        assert_eq!(found(path, text), Vec::<String>::new(), "{path}: {text}");
    }
    let tests_of = |line: &str| {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let files = [source("id/mod.rs", line), source("id/tests/deep.rs", "use crate::key::A;\n")];
        violations(&rooms, &files).len()
    };
    assert_eq!((tests_of("#[cfg(test)]\nmod tests;\n"), tests_of("mod tests;\n")), (0, 1));
}

/// Every text of the project that people read or write: sources, pages, definitions, scripts.
fn texts() -> Vec<(PathBuf, String)> {
    let root = root();
    let mut texts = Vec::new();
    let mut take = |path: &Path| {
        if let Ok(text) = std::fs::read_to_string(path) {
            texts.push((path.strip_prefix(&root).expect("below the root").to_owned(), text));
        }
    };
    for folder in [".ci", "benches", "docs", "keys-example", "programmes", "src", "tests"] {
        walk(&root.join(folder), &mut take);
    }
    for entry in std::fs::read_dir(&root).expect("the root") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "md" || e == "toml") {
            take(&path);
        }
    }
    texts
}

#[test]
fn no_source_file_is_too_long() {
    let mut files = 0;
    for (path, text) in texts() {
        if path.extension().is_some_and(|e| e == "rs") {
            files += 1;
            let lines = text.lines().count();
            assert!(
                lines <= LONGEST,
                "{}: {lines} lines; a file is a noun, and this one is two",
                path.display()
            );
        }
    }
    assert!(files > 50, "{files} files were looked at");
}

/// A folder that only one machine has: the first such text in a line.
fn machine_folder(line: &str) -> Option<&'static str> {
    // In two parts, so that this file does not name one.
    const FOLDERS: [(&str, &str); 6] =
        [("/ho", "me/"), ("/ro", "ot/"), ("/Us", "ers/"), ("/wo", "rk/"), ("/fa", "rm/"), (":\\Us", "ers\\")];
    FOLDERS.iter().find_map(|(a, b)| {
        let folder = format!("{a}{b}");
        let named = line.match_indices(&folder).any(|(start, _)| {
            // Not a folder further down a relative path or an address.
            !line[..start]
                .ends_with(|c: char| c.is_alphanumeric() && *a != ":\\Us" || matches!(c, '.' | '_' | '}'))
        });
        named.then_some(*a)
    })
}

#[test]
fn no_page_or_source_names_a_folder_of_one_machine() {
    let planted = format!("see {}{}kobling", "/ho", "me/");
    assert!(
        machine_folder(&planted).is_some() && machine_folder(&format!("C{}{}x", ":\\Us", "ers\\")).is_some()
    );
    assert!(machine_folder("docs.example/home/page and ./lib/x").is_none());
    for (path, text) in texts() {
        for (at, line) in text.lines().enumerate() {
            assert!(machine_folder(line).is_none(), "{}:{}: a folder of one machine", path.display(), at + 1);
        }
    }
}

/// Targets of the links of a page: `](target)`.
fn links(page: &str) -> Vec<&str> {
    page.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    assert_eq!(links("[a](b.md) and [c](d#e)"), ["b.md", "d#e"]);
    let mut seen = 0;
    for (path, text) in texts() {
        if path.extension().is_none_or(|e| e != "md") {
            continue;
        }
        for link in links(&text) {
            let target = link.split('#').next().unwrap_or(link);
            if link.contains("://") || target.is_empty() {
                continue;
            }
            seen += 1;
            let beside = root().join(&path).with_file_name("").join(target);
            assert!(beside.exists(), "{}: {link} leads nowhere", path.display());
        }
    }
    assert!(seen > 10, "{seen} links were looked at");
}
