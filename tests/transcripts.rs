//! The commands as a partner sees them, kept as text in both languages: `tests/transcripts/NAME.da.txt` and `NAME.en.txt`.
//!
//! Each file is played in a folder of its own that begins as a copy of `keys-example/`. `$` begins a command, and what
//! it said follows: standard output as it is, standard error behind `!`, the status behind `?` where it is not 0. What
//! changes from run to run is elided in brackets. `# ` is a remark; `$ write FILE WORDS` writes a file of one line, and
//! `$ add FILE WORDS` adds another.
//! `KOBLING_UPDATE=1 cargo test --test transcripts` writes the files anew from what is said today: read the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts");
const EXAMPLES: &str = include_str!("../src/bin/kobling/help/examples.toml");

/// A command in a folder, in a language, on a terminal that would show colours, if there were one.
fn kobling(folder: &Path, language: &str, words: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kobling"))
        .args(words)
        .current_dir(folder)
        .env("KOBLING_LANG", language)
        .env("TERM", "xterm-256color")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .expect("kobling runs")
}

/// The words of a line, as a shell takes them where nothing is quoted but by ' and ".
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split(['\'', '"']).enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// A copy of the published example that its keys may be read from.
fn desk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example")).expect("readable") {
        let entry = entry.expect("an entry");
        let to = folder.path().join(entry.file_name());
        std::fs::copy(entry.path(), &to).expect("copied");
        for_its_owner(&to);
    }
    folder
}

/// Lets nobody else read a file, as secrets are to be kept.
fn for_its_owner(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("allowed");
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// What changes from run to run, in brackets.
fn elided(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        // Rows lie in random order.
        let row = line.trim_start();
        if row.split_once('.').is_some_and(|(kind, rest)| {
            matches!(kind, "cpr" | "xecpr" | "local" | "case" | "staff") && rest.len() > 43
        }) {
            out += &format!("{}[row]\n", &line[..line.len() - row.len()]);
            continue;
        }
        // The words of a key.
        if let Some(label) = ["ord", "words"].into_iter().find(|label| {
            line.strip_prefix(label)
                .is_some_and(|words| words.starts_with("   ") && words.split_whitespace().count() >= 8)
        }) {
            let words = line[label.len()..].trim_start();
            out += &format!("{}[words]\n", &line[..line.len() - words.len()]);
            continue;
        }
        // How fast this machine is.
        let figure = ["\"cores\": ", "\"per_second\": ", "\"seconds\": "];
        if let Some(name) = figure.into_iter().find(|name| line.trim_start().starts_with(name)) {
            let comma = if line.ends_with(',') { "," } else { "" };
            out += &format!("{}{name}[figure]{comma}\n", &line[..line.len() - line.trim_start().len()]);
            continue;
        }
        // A page is as long as its words; that it would be written is what counts.
        if let Some((before, size)) = line.rsplit_once(" (").filter(|_| line.starts_with(['v', 'w'])) {
            let unit = size.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
            if matches!(unit, " byte)" | " bytes)") {
                out += &format!("{before} ([figure]{unit}\n");
                continue;
            }
        }
        if let Some((before, after)) = line.split_once(" MiB") {
            let before = before.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
            out += &format!("{before}[figure] MiB{after}\n");
            continue;
        }
        if let Some((before, after)) = line.split_once("365 million") {
            let figures = after.split(' ').map(|word| {
                let word = word.replace(|c: char| c.is_ascii_digit(), "#");
                if word.contains('#') {
                    format!("[figure]{}", word.replace(['(', '#', ',', '.'], ""))
                } else {
                    word
                }
            });
            out += &format!("{before}365 million{}\n", figures.collect::<Vec<_>>().join(" "));
            continue;
        }
        let mut rest = line;
        while !rest.is_empty() {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if let Some(later) = minute(rest) {
                out += "[minute]";
                rest = later;
                continue;
            }
            if let Some(later) = instant(rest) {
                out += "[time]";
                rest = later;
                continue;
            }
            out += named(word);
            let next = after.chars().next();
            out.extend(next);
            rest = &after[next.map_or(0, char::len_utf8)..];
        }
        out.push('\n');
    }
    out.replace(concat!("kobling ", env!("CARGO_PKG_VERSION")), "kobling [version]")
}

/// What follows an instant as in RFC 3339 at the beginning of a text.
fn instant(text: &str) -> Option<&str> {
    let end = text.find('Z')?;
    let (date, time) = text.get(..end)?.split_once('T')?;
    let digits = |text: &str, others: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || others.contains(c))
    };
    (date.len() == 10 && digits(date, "-") && time.len() >= 8 && digits(time, ":.")).then(|| &text[end + 1..])
}

/// What follows a minute as reports write it, `2025-03-01 09:00 UTC`, at the beginning of a text.
fn minute(text: &str) -> Option<&str> {
    let (at, after) = text.split_at_checked(16)?;
    let form = at.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).eq("0000-00-00 00:00".chars());
    after.strip_prefix(" UTC").filter(|_| form)
}

/// A word, or what kind of word it is.
fn named(word: &str) -> &str {
    let hex = word.len() >= 8 && word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let groups = word.split('-').all(|part| part.len() == 4 && part.bytes().all(|b| b.is_ascii_hexdigit()));
    match word.len() {
        16 if hex => "[key id]",
        32 if hex => "[id]",
        64 if hex => "[sha256]",
        43 => "[43 characters]",
        _ if groups && word.len() >= 19 => "[fingerprint]",
        _ => word,
    }
}

/// Plays a transcript: the commands of a text with what they say today.
fn played(text: &str, language: &str) -> String {
    let desk = desk();
    let mut now = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(mut command) = line.strip_prefix("$ ").map(str::to_owned) else {
            if line.starts_with("# ") || line.is_empty() {
                now += &format!("{line}\n");
            }
            continue;
        };
        now += &format!("{line}\n");
        while command.ends_with('\\') {
            let more = lines.next().expect("a line after \\");
            now += &format!("{more}\n");
            command = format!("{}{more}", command.trim_end_matches('\\'));
        }
        // What was said before; an empty line in it is kept as a bare |.
        while lines.next_if(|line| !line.is_empty() && !line.starts_with(['$', '#'])).is_some() {}
        let words = words(&command);
        match words[0].as_str() {
            "write" => {
                let path = desk.path().join(&words[1]);
                std::fs::write(&path, format!("{}\n", words[2..].join(" "))).expect("written");
                for_its_owner(&path);
            }
            "add" => {
                let path = desk.path().join(&words[1]);
                let before = std::fs::read_to_string(&path).expect("written before");
                std::fs::write(&path, format!("{before}{}\n", words[2..].join(" "))).expect("written");
            }
            "kobling" => {
                let done = kobling(desk.path(), language, &words[1..]);
                let said = |bytes: Vec<u8>| elided(&String::from_utf8(bytes).expect("UTF-8"));
                for line in said(done.stdout).lines() {
                    // What would be read as a command, a remark or the end stands behind a bar.
                    now += if line.is_empty() || line.starts_with(['#', '$']) { "|" } else { "" };
                    now += line;
                    now.push('\n');
                }
                for line in said(done.stderr).lines() {
                    now += format!("! {line}").trim_end();
                    now.push('\n');
                }
                match done.status.code() {
                    Some(0) => {}
                    status => now += &format!("? {}\n", status.expect("no signal")),
                }
            }
            other => panic!("{other} is no command of a transcript"),
        }
    }
    now
}

fn transcripts() -> BTreeMap<String, PathBuf> {
    let entries = std::fs::read_dir(FOLDER).expect("readable").map(|entry| entry.expect("an entry"));
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect()
}

#[test]
fn commands_say_what_the_transcripts_say() {
    let mut different = Vec::new();
    for (name, path) in transcripts() {
        let language = if name.ends_with(".da.txt") { "da" } else { "en" };
        let kept = std::fs::read_to_string(&path).expect("readable");
        let now = played(&kept, language);
        assert!(!now.contains('\u{1b}'), "{name}");
        if now == kept {
            continue;
        }
        if std::env::var_os("KOBLING_UPDATE").is_some() {
            std::fs::write(&path, now).expect("written");
            continue;
        }
        let line = now.lines().zip(kept.lines()).position(|(now, kept)| now != kept).unwrap_or_default();
        let around =
            |text: &str| text.lines().skip(line.saturating_sub(3)).take(8).collect::<Vec<_>>().join("\n");
        different.push(format!(
            "{name}:{}\n--- kept\n{}\n--- now\n{}",
            line + 1,
            around(&kept),
            around(&now)
        ));
    }
    assert!(different.is_empty(), "KOBLING_UPDATE=1 writes them anew\n{}", different.join("\n\n"));
}

/// A transcript is kept in both languages, of the same commands, and the Danish one has nothing left of the English one.
#[test]
fn transcripts_are_the_same_in_both_languages() {
    let all = transcripts();
    for (name, path) in &all {
        let Some(stem) = name.strip_suffix(".da.txt") else { continue };
        let read = |path: &Path| std::fs::read_to_string(path).expect("readable");
        let (danish, english) = (read(path), read(&all[&format!("{stem}.en.txt")]));
        let commands = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.starts_with("$ ")).map(str::to_owned).collect()
        };
        assert_eq!(commands(&danish), commands(&english), "{stem}");
    }
    let count = |end: &str| all.keys().filter(|name| name.ends_with(end)).count();
    assert!(count(".da.txt") == count(".en.txt") && count(".da.txt") >= 3);
}

/// Every command's help and its example, in an empty folder and in both languages: not one escape where no terminal is.
#[test]
fn nothing_but_plain_text_goes_into_pipes() {
    let examples: BTreeMap<String, String> = toml::from_str(EXAMPLES).expect("TOML");
    assert!(examples.len() > 30);
    let mut statuses = BTreeSet::new();
    for language in ["da", "en"] {
        for (path, example) in &examples {
            let folder = tempfile::tempdir().expect("a folder");
            let line = example.replace("\\\n", " ");
            let example = words(line.split(" > ").next().expect("the first"));
            let help = words(&format!("{path} --help"));
            let wrong = words(&format!("{path} --no-such-option"));
            for words in [&example[1..], &help, &wrong] {
                let done = kobling(folder.path(), language, words);
                let plain = |bytes: &[u8]| !bytes.iter().any(|b| matches!(b, 0x1b | b'\r' | 0x08));
                assert!(plain(&done.stdout) && plain(&done.stderr), "{words:?}");
                statuses.insert(done.status.code().expect("no signal"));
            }
        }
    }
    assert!(statuses.is_superset(&[0, 2, 3].into()), "{statuses:?}");
    let answer = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/answers/funnel.json");
    for form in ["table", "csv", "json", "markdown", "vega-lite"] {
        let done = kobling(Path::new("."), "da", &words(&format!("ask --answer {answer} --format {form}")));
        assert!(done.status.success() && !done.stdout.contains(&0x1b) && done.stderr.is_empty(), "{done:?}");
    }
}

#[test]
fn colours_come_when_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let escapes = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        kobling(folder.path(), "da", &words).stdout.contains(&0x1b)
    };
    assert!(escapes(&["--color", "always", "check", "--help"]));
    assert!(!escapes(&["--color", "never", "check", "--help"]) && !escapes(&["check", "--help"]));
}

/// Completions are whole scripts that know every command, and the shells that are here read them.
#[test]
fn completions_are_scripts_that_know_every_command() {
    let examples: BTreeMap<String, String> = toml::from_str(EXAMPLES).expect("TOML");
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        for language in ["da", "en"] {
            let done = kobling(folder.path(), language, &words(&format!("completions {shell}")));
            assert!(done.status.success());
            let script = String::from_utf8(done.stdout).expect("UTF-8");
            for path in examples.keys() {
                let last = path.split(' ').next_back().expect("a word");
                assert!(script.contains(last), "{shell} does not know {path}");
            }
            let file = folder.path().join("script");
            std::fs::write(&file, script).expect("written");
            if matches!(shell, "bash" | "zsh" | "fish") {
                match Command::new(shell).arg("-n").arg(&file).output() {
                    Ok(read) => assert!(read.status.success(), "{shell}: {read:?}"),
                    // Not every machine has every shell.
                    Err(error) => assert!(error.kind() == std::io::ErrorKind::NotFound && shell != "bash"),
                }
            }
        }
    }
}
