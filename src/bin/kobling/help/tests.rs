//! The tree of commands against its tables.

use std::collections::{BTreeMap, BTreeSet};

use clap::error::ErrorKind;

use super::*;

/// Every command by its words, the root's being none.
fn commands(language: Language) -> BTreeMap<String, Command> {
    fn add(command: &Command, path: &str, to: &mut BTreeMap<String, Command>) {
        to.insert(path.to_owned(), command.clone());
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            add(sub, format!("{path} {}", sub.get_name()).trim(), to);
        }
    }
    let mut all = BTreeMap::new();
    let mut root = command(language);
    root.build();
    add(&root, "", &mut all);
    all
}

/// Commands that do something, not groups.
fn leaves() -> BTreeMap<String, Command> {
    commands(Language::En).into_iter().filter(|(_, command)| !command.has_subcommands()).collect()
}

/// Every English text that clap shows of a tree.
fn texts(command: &Command) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = [command.get_about(), command.get_long_about()]
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    for arg in command.get_arguments() {
        all.extend([arg.get_help(), arg.get_long_help()].into_iter().flatten().map(ToString::to_string));
        let values = arg.get_possible_values();
        all.extend(values.iter().filter_map(|value| value.get_help()).map(ToString::to_string));
    }
    all.extend(command.get_subcommands().flat_map(texts));
    all
}

#[test]
fn every_text_has_danish_and_no_danish_is_left_over() {
    let texts = texts(&command(Language::En));
    let table = danish::table();
    let missing: String = texts
        .iter()
        .filter(|text| !table.contains_key(*text))
        .map(|text| format!("{} = \"\"\n", toml::Value::String(text.clone())))
        .collect();
    assert!(missing.is_empty(), "no Danish in da.toml for:\n{missing}");
    let stale: Vec<_> = table.keys().filter(|text| !texts.contains(*text)).collect();
    assert!(stale.is_empty(), "da.toml has what no command says: {stale:#?}");
    assert!(table.iter().all(|(english, danish)| !danish.trim().is_empty() && danish != english));
}

#[test]
fn danish_help_has_no_english_of_the_parsers_own() {
    let english = [
        "Usage:",
        "Options:",
        "Arguments:",
        "Commands:",
        "[default",
        "[possible",
        "Possible values",
        "Print ",
        "Example:",
        "OPTIONS]",
        "COMMAND>",
    ];
    for (path, mut command) in commands(Language::Da) {
        for help in [command.render_long_help().to_string(), command.render_help().to_string()] {
            for word in english {
                assert!(!help.contains(word), "{path}: {word}\n{help}");
            }
            assert!(help.contains("Brug: kobling") && help.contains("Eksempel:"), "{path}: {help}");
        }
    }
}

#[test]
fn both_trees_are_sound_and_alike() {
    for language in [Language::En, Language::Da] {
        command(language).debug_assert();
    }
    let (english, danish) = (commands(Language::En), commands(Language::Da));
    let names = |command: &Command| {
        let names = command.get_arguments().map(|arg| arg.get_id().to_string());
        names.collect::<BTreeSet<_>>()
    };
    for (path, command) in &english {
        assert_eq!(names(command), names(&danish[path]), "{path}");
    }
}

/// An example's arguments: its lines joined, its words as a shell takes them where nothing is quoted but by '.
fn words_of(example: &str) -> Vec<String> {
    let line = example.replace("\\\n", " ");
    let line = line.split(" > ").next().expect("the first");
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn every_command_has_an_example_that_the_parser_takes() {
    let examples = examples();
    let leaves = leaves();
    for path in leaves.keys() {
        let example = examples.get(path).unwrap_or_else(|| panic!("examples.toml has none of: {path}"));
        assert!(example.lines().all(|line| line.chars().count() <= 76), "{path}: it would be wrapped");
        let words = words_of(example);
        let wanted: Vec<&str> = ["kobling"].into_iter().chain(path.split(' ')).collect();
        assert!(
            words.starts_with(&wanted.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()),
            "{path}"
        );
        for language in [Language::En, Language::Da] {
            let taken = command(language).try_get_matches_from(&words);
            let taken = taken.and_then(|matches| Arguments::from_arg_matches(&matches));
            assert!(taken.is_ok(), "{path}: {}", taken.err().expect("an error"));
        }
    }
    let stale: Vec<_> = examples.keys().filter(|path| !leaves.contains_key(*path)).collect();
    assert!(stale.is_empty(), "examples.toml has what is no command: {stale:?}");
}

#[test]
fn help_as_a_command_is_the_option() {
    for (given, taken) in [
        ("kobling help key new", "kobling key new --help"),
        ("kobling key help", "kobling key --help"),
        ("kobling --lang da help", "kobling --lang da --help"),
        ("kobling --lang=da help check", "kobling --lang=da check --help"),
        ("kobling --config k.toml help check", "kobling --config k.toml check --help"),
        ("kobling check help", "kobling check help"),
        ("kobling key show help", "kobling key show help"),
        ("kobling", "kobling"),
    ] {
        let split = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(as_option(split(given), &command(Language::En)), split(taken), "{given}");
    }
}

/// A value that no type takes is given to every option in turn: why it will not do is said in Danish.
#[test]
fn why_a_value_will_not_do_is_said_in_danish() {
    let mut seen = 0;
    for (path, leaf) in leaves() {
        for arg in leaf.get_arguments().filter(|arg| arg.get_action().takes_values()) {
            let mut words: Vec<String> =
                ["kobling"].into_iter().chain(path.split(' ')).map(str::to_owned).collect();
            match arg.get_long() {
                Some(long) => words.push(format!("--{long}=?! ")),
                None => words.push("?! ".to_owned()),
            }
            let Err(error) = command(Language::Da).try_get_matches_from(words) else { continue };
            if error.kind() == ErrorKind::ValueValidation {
                assert!(wrong::reason(&error, Language::Da).is_some(), "{path} {arg}: {error}");
                seen += 1;
            }
            assert!(wrong::say(&error, Language::Da).is_some_and(|text| text.starts_with("fejl: ")));
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn what_is_wrong_with_arguments_is_said_in_danish() {
    for (line, said) in [
        ("kobling brew", "der er ingen kommando 'brew'"),
        ("kobling chek", "mente du 'check'?"),
        ("kobling check --programm", "mente du '--programme'?"),
        ("kobling key new --out a --brew", "'--brew' kendes ikke her"),
        ("kobling key new", "der mangler:\n  --programme <PROGRAMME>\n  --out <OUT>"),
        ("kobling key new --out a --out b", "'--out <OUT>' kan kun gives én gang"),
        ("kobling key new --out", "'--out <OUT>' skal have en værdi"),
        ("kobling ask --verify a --csv danish", "kan ikke bruges sammen med"),
        (
            "kobling ask --csv norwegian",
            "værdien er ikke en mulig værdi af '--csv <CSV>'\n  [muligheder: danish, international]",
        ),
        ("kobling ask --period 2022", "ikke et kvartal skrevet ÅÅÅÅ-Qn"),
        ("kobling key new --programme A", "et navn har 1 til 32"),
        ("kobling --lang fr key show a", "[muligheder: da, en]"),
        (
            "kobling key show a b",
            "der er et argument for meget; et CPR-nummer må aldrig stå på kommandolinjen",
        ),
        ("kobling signing-key new --out a", "Brug: kobling signing-key new [VALG] --partner"),
    ] {
        let error = command(Language::Da).try_get_matches_from(line.split(' ')).expect_err(line);
        let text = wrong::say(&error, Language::Da).unwrap_or_else(|| panic!("{line}: {error}"));
        assert!(text.contains(said), "{line}: {text}");
        assert!(!text.contains("Usage") && text.ends_with("Se mere med '--help'.\n"), "{line}: {text}");
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn what_is_wrong_with_arguments_is_said_in_english() {
    for (line, said) in [
        ("kobling brew", "error: there is no command 'brew'"),
        ("kobling chek", "did you mean 'check'?"),
        ("kobling chek1", "error: there is no such command; a CPR number never goes"),
        ("kobling check --programm", "did you mean '--programme'?"),
        ("kobling check --0101", "error: one of the options is not known here; a CPR number never goes"),
        ("kobling key new --out a --brew", "'--brew' is not known here"),
        ("kobling key new", "missing:\n  --programme <PROGRAMME>\n  --out <OUT>"),
        ("kobling key new --out a --out b", "'--out <OUT>' can be given only once"),
        ("kobling key new --out", "'--out <OUT>' needs a value"),
        ("kobling ask --verify a --csv danish", "cannot be used with"),
        (
            "kobling ask --csv norwegian",
            "the value is no possible value of '--csv <CSV>'\n  [possible values: danish, international]",
        ),
        ("kobling ask --csv danisch", "did you mean 'danish'?"),
        ("kobling key new --programme A", "a name has 1 to 32"),
        ("kobling key show a b", "error: an argument too many; a CPR number never goes on the command line"),
        ("kobling signing-key new --out a", "Usage: kobling signing-key new "),
    ] {
        let error = command(Language::En).try_get_matches_from(line.split(' ')).expect_err(line);
        let text = wrong::say(&error, Language::En).unwrap_or_else(|| panic!("{line}: {error}"));
        assert!(text.contains(said), "{line}: {text}");
        assert!(text.ends_with("For more information, try '--help'.\n"), "{line}: {text}");
    }
}

/// A number given to every option and in every place, in every wrong way that there is, comes back in neither language.
#[test]
fn what_was_typed_is_not_repeated() {
    const NUMBER: &str = "0101010001";
    let mut seen = 0;
    // Built once: there are thousands of lines.
    let trees = [Language::En, Language::Da].map(|language| {
        let mut tree = command(language);
        tree.build();
        (language, tree)
    });
    let mut refused = |words: Vec<String>| {
        for (language, tree) in &trees {
            let error = match tree.clone().try_get_matches_from(&words) {
                Ok(matches) => match Arguments::from_arg_matches(&matches) {
                    Ok(_) => continue,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            let said = wrong::say(&error, *language);
            // Help is what clap prints itself.
            let said = said.unwrap_or_else(|| error.to_string());
            assert!(!said.contains(NUMBER), "{words:?}: {said}");
            seen += 1;
        }
    };
    for (path, command) in commands(Language::En) {
        let start: Vec<String> =
            ["kobling"].into_iter().chain(path.split_whitespace()).map(str::to_owned).collect();
        let with = |more: &[String]| start.iter().chain(more).cloned().collect::<Vec<_>>();
        let forms = [NUMBER.to_owned(), format!("?! {NUMBER}")];
        for form in &forms {
            // In a place, and in one place too many.
            for times in [1, 2, 3, 9] {
                refused(with(&vec![form.clone(); times]));
            }
            let loose = [
                vec![format!("-{form}")],
                vec![format!("--{form}")],
                vec![format!("--brew={form}")],
                vec!["--brew".to_owned(), form.clone()],
                vec!["--".to_owned(), form.clone(), form.clone(), form.clone()],
                vec!["help".to_owned(), form.clone()],
            ];
            loose.iter().for_each(|more| refused(with(more)));
            for arg in command.get_arguments() {
                let Some(long) = arg.get_long() else { continue };
                // With a value, whether it takes one or not; twice; and with a value too many.
                refused(with(&[format!("--{long}={form}")]));
                refused(with(&[format!("--{long}"), form.clone()]));
                refused(with(&vec![format!("--{long}={form}"); 2]));
                refused(with(&[format!("--{long}"), form.clone(), form.clone(), form.clone()]));
                if let Some(short) = arg.get_short() {
                    refused(with(&[format!("-{short}{form}")]));
                }
            }
        }
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn manual_pages_are_of_every_command_in_both_languages() {
    for language in [Language::En, Language::Da] {
        let pages = manual::pages(language);
        let names: BTreeSet<String> = pages.iter().map(|(_, name, _)| name.clone()).collect();
        let wanted = commands(language).into_keys().map(|path| match path.as_str() {
            "" => "kobling.1".to_owned(),
            path => format!("kobling-{}.1", path.replace(' ', "-")),
        });
        assert_eq!(names, wanted.collect());
        for (_, name, page) in pages {
            let page = String::from_utf8(page).expect("UTF-8");
            let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
            let wanted = match language {
                Language::Da => ["NAVN", "BRUG", "BESKRIVELSE", "EKSEMPEL"],
                Language::En => ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLE"],
            };
            assert!(wanted.iter().all(|heading| headings.contains(heading)), "{name}: {headings:?}");
            if language == Language::Da {
                for english in ["OPTIONS", "SUBCOMMANDS", "ARGUMENTS", "Possible values", "default:"] {
                    assert!(!page.contains(english), "{name}: {english}");
                }
            }
        }
    }
}

/// Which commands change something: a file, or something at the service. Every command stands in one of the lists.
mod dry {
    use super::*;

    /// These take `--dry-run`.
    const CHANGE: &[&str] = &[
        "alias package",
        "alias propose",
        "aliases approve",
        "aliases reject",
        "ask",
        "check",
        "consent export",
        "consent give",
        "consent import",
        "consent invalidate",
        "consent package",
        "consent record",
        "consent refuse",
        "consent renew",
        "consent withdraw",
        "erasures",
        "followup pull",
        "followup resolve",
        "init",
        "key combine",
        "key new",
        "key recipient",
        "key split",
        "key unwrap",
        "key wrap",
        "man",
        "map",
        "packages approve",
        "packages withdraw",
        "payment state",
        "seal",
        "send",
        "signing-key new",
        "tokenise",
        "token rotate",
        "upload",
    ];
    /// These show something, and leave nothing behind but a line in the service's audit chain.
    const SHOW: &[&str] = &[
        "access",
        "aliases list",
        "answers",
        "completions",
        "consent as-of",
        "consent show",
        "doctor",
        "followup list",
        "inspect",
        "key show",
        "packages list",
        "packages unusual",
        "payment list",
        "payment verify",
        "questions",
        "receipt verify",
        "reports list",
        "reports show",
        "signing-key show",
        "status",
    ];

    #[test]
    fn what_changes_something_takes_dry_run_and_nothing_else_does() {
        let leaves = leaves();
        let listed: BTreeSet<&str> = [CHANGE, SHOW].concat().into_iter().collect();
        assert_eq!(listed, leaves.keys().map(String::as_str).collect(), "every command stands in one list");
        for (path, leaf) in &leaves {
            let takes = leaf.get_arguments().any(|arg| arg.get_long() == Some("dry-run"));
            assert_eq!(takes, CHANGE.contains(&path.as_str()), "{path}");
        }
    }
}
