//! `kobling.toml` as the commands take it: an argument counts before the file, the file before nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example");

/// Runs a command in a folder: status, output, errors.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
    command.args(arguments).current_dir(folder).env("KOBLING_LANG", "en");
    let output = command.output().expect("kobling runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

fn write(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("kobling.toml");
    std::fs::write(&path, text).expect("written");
    path
}

#[test]
fn the_file_of_the_current_folder_is_taken_and_an_argument_counts_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let extract = format!("{EXAMPLE}/extract.csv");
    let check = ["check", &extract, "--dataset", "course", "--max-rejected", "3"];
    let (status, _, err) = run(folder.path(), &check);
    assert!(status == 2 && err.contains("give --programme or write programme in kobling.toml"), "{err}");
    write(folder.path(), &format!("partner = \"townhall\"\nprogramme = '{EXAMPLE}/programme.toml'\n"));
    let (status, out, err) = run(folder.path(), &check);
    assert!(status == 0 && out.contains("rows to send                           8"), "{out}{err}");
    let (status, _, err) = run(folder.path(), &[&check[..], &["--partner", "nobody"]].concat());
    assert!(status == 2 && err.contains("no partner nobody"), "{err}");
    // From elsewhere, by name; and its paths still start where it lies.
    let elsewhere = tempfile::tempdir().expect("a folder");
    std::fs::copy(format!("{EXAMPLE}/programme.toml"), folder.path().join("here.toml")).expect("copied");
    let path = write(folder.path(), "partner = \"townhall\"\nprogramme = \"here.toml\"\n");
    let config = ["--config", path.to_str().expect("UTF-8")];
    let (status, _, err) = run(elsewhere.path(), &[&check[..], &config[..]].concat());
    assert_eq!(status, 0, "{err}");
}

#[test]
fn a_file_that_cannot_be_used_is_status_2_and_says_no_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = "kobling-token-1.qv3mX0kZlW8r1nB5tYc7pD2hJf9sUaE4gLoKiVbNxMz";
    write(folder.path(), &format!("partner = \"a\"\ntoken_file = \"{secret}\"\n"));
    let (status, out, err) = run(folder.path(), &["packages", "list"]);
    assert!(status == 2 && err.contains("line 2") && err.contains("bearer token or a key"), "{err}");
    assert!(!format!("{out}{err}").contains("qv3m"), "{err}");
    let (status, _, err) = run(folder.path(), &["packages", "list", "--config", "no-such.toml"]);
    assert!(status == 2 && err.contains("no-such.toml: cannot be read"), "{err}");
    let (status, _, err) = run(folder.path(), &["packages", "list", "--lang", "da"]);
    assert!(status == 2 && err.contains("linje 2: dette ligner et adgangstoken"), "{err}");
}

#[test]
fn init_writes_a_file_that_every_command_takes_and_never_over_another() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(format!("{EXAMPLE}/programme.toml"), folder.path().join("p.toml")).expect("copied");
    let init = ["init", "--partner", "townhall", "--programme", "p.toml", "--key", "linkage.key"];
    let (status, out, err) = run(folder.path(), &init);
    assert!(status == 0 && out.contains("written: kobling.toml"), "{out}{err}");
    let text = std::fs::read_to_string(folder.path().join("kobling.toml")).expect("readable");
    assert!(
        text.contains("[[send]]\ndataset = \"course\"") && text.contains("'p.toml'")
            || text.contains("\"p.toml\""),
        "{text}"
    );
    let extract = format!("{EXAMPLE}/extract.csv");
    let (status, _, err) =
        run(folder.path(), &["check", &extract, "--dataset", "course", "--max-rejected", "3"]);
    assert_eq!(status, 0, "{err}");
    let (status, _, err) = run(folder.path(), &init);
    assert!(status == 3 && err.contains("exists already"), "{err}");
    assert_eq!(std::fs::read_to_string(folder.path().join("kobling.toml")).expect("readable"), text);
    // Into another folder the paths go whole.
    let other = tempfile::tempdir().expect("a folder");
    let path = other.path().join("kobling.toml");
    let (status, _, err) =
        run(folder.path(), &[&init[..], &["--config", path.to_str().expect("UTF-8")]].concat());
    assert_eq!(status, 0, "{err}");
    let (status, _, err) =
        run(other.path(), &["check", &extract, "--dataset", "course", "--max-rejected", "3"]);
    assert_eq!(status, 0, "{err}");
}

#[test]
fn the_files_language_counts_where_nobody_asks_for_another() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "language = \"da\"\n");
    let say = |variable: Option<&str>, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
        command.args(["packages", "list"]).args(arguments).current_dir(folder.path()).env("LC_ALL", "C");
        match variable {
            Some(language) => command.env("KOBLING_LANG", language),
            None => command.env_remove("KOBLING_LANG"),
        };
        String::from_utf8(command.output().expect("run").stderr).expect("UTF-8")
    };
    assert!(say(None, &[]).contains("giv --service"));
    assert!(say(Some("en"), &[]).contains("give --service"));
    assert!(say(Some("da"), &["--lang", "en"]).contains("give --service"));
}

/// The example of the folder of examples is one.
#[test]
fn the_published_example_is_read() {
    let path = Path::new(EXAMPLE).join("kobling.toml");
    let text = std::fs::read_to_string(&path).expect("readable");
    let config = kobling::config::Config::parse(&text, &path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.sends.len(), 1);
    for file in [&config.programme, &config.linkage_key, &config.signing_key] {
        assert!(file.as_ref().is_some_and(|file| file.is_file()), "{file:?}");
    }
    assert!(config.sends[0].file.is_file());
}
