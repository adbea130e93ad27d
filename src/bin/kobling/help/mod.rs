//! The commands as they describe themselves: `--help`, what is wrong with arguments, completions and manual pages, in
//! both languages.
//!
//! English is what the doc comments of the arguments say. `da.toml` has the Danish of each text, and `examples.toml` one
//! example for each command; the tests walk the tree of commands, so that neither misses anything or keeps what is gone.

mod danish;
pub(crate) mod manual;
mod wrong;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser, Styles};
use clap::{Arg, ColorChoice, Command, CommandFactory as _, FromArgMatches as _};
use kobling::language::Language;

use crate::Arguments;
use crate::say::{language, value_of};

/// Understands the arguments; says what is wrong with them, or what they ask to be told, and gives the status.
pub(crate) fn parse(raw: Vec<OsString>) -> Result<Arguments, ExitCode> {
    let mut command = command(language()).color(colours(&raw));
    let raw = as_option(raw, &command);
    let matches = command.try_get_matches_from_mut(raw);
    matches.and_then(|matches| Arguments::from_arg_matches(&matches)).map_err(|error| {
        match wrong::say(&error, language()) {
            Some(text) => eprint!("{text}"),
            // Help goes to standard output, the rest to standard error; a reader that has gone away is no trouble.
            None => drop(error.print()),
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

/// All commands, in a language.
pub(crate) fn command(language: Language) -> Command {
    let words = |da, en| language.choose(da, en);
    let lang = Arg::new("lang")
        .long("lang")
        .global(true)
        .value_name("LANG")
        .value_parser(PossibleValuesParser::new(["da", "en"]))
        .help("Language of messages, reports and pages; when not given, that of KOBLING_LANG or the system");
    let color = Arg::new("color")
        .long("color")
        .global(true)
        .value_name("WHEN")
        .value_parser(PossibleValuesParser::new([
            PossibleValue::new("auto"),
            PossibleValue::new("always"),
            PossibleValue::new("never"),
        ]))
        .default_value("auto")
        .help("Colours in help: on a terminal that shows them where NO_COLOR is not set, always, or never");
    let help = Command::new("help")
        .about("Show the help of a command, as --help does")
        .disable_help_flag(true)
        .arg(Arg::new("of").value_name(words("KOMMANDO", "COMMAND")).num_args(0..).help("The command"));
    let english = Arguments::command().disable_help_subcommand(true).arg(lang).arg(color).subcommand(help);
    let dressed = with_examples(english, &mut Vec::new(), &examples(), language);
    if language == Language::Da { danish::translated(dressed) } else { dressed }
}

/// When colours are shown. Everything but help is plain text anyway.
fn colours(raw: &[OsString]) -> ColorChoice {
    value_of(raw, "--color").and_then(|when| when.parse().ok()).unwrap_or(ColorChoice::Auto)
}

/// The example of each command, by the command's words. A group has that of its first command.
fn examples() -> BTreeMap<String, String> {
    toml::from_str(include_str!("examples.toml")).expect("the tests read it")
}

/// A text without an example of its own: there is one below.
fn plain(text: &str) -> &str {
    text.split(" Example: kobling ").next().unwrap_or(text).trim_end_matches('.')
}

fn with_examples(
    command: Command,
    path: &mut Vec<String>,
    examples: &BTreeMap<String, String>,
    language: Language,
) -> Command {
    let first = first_of(&command, path);
    let about = command.get_about().map(|about| plain(&about.to_string()).to_owned());
    let command = match about {
        Some(about) => command.about(about),
        None => command,
    };
    let command = match examples.get(&first) {
        Some(example) => {
            let indented: String = example.trim().lines().map(|line| format!("\n  {line}")).collect();
            command.after_help(format!("{}{indented}", heading(language.choose("Eksempel:", "Example:"))))
        }
        None => command,
    };
    command.mut_subcommands(|sub| {
        path.push(sub.get_name().to_owned());
        let sub = with_examples(sub, path, examples, language);
        path.pop();
        sub
    })
}

/// The words of a command, or of the first one in a group.
fn first_of(command: &Command, path: &[String]) -> String {
    let mut words = path.to_vec();
    if path.is_empty() {
        words.push("check".to_owned());
    } else if let Some(first) = command.get_subcommands().next() {
        words.push(first.get_name().to_owned());
    }
    words.join(" ")
}

/// A heading as clap styles its own; without a terminal the style is left out again.
fn heading(text: &str) -> String {
    let styles = Styles::styled();
    let style = styles.get_header();
    format!("{style}{text}{style:#}")
}

/// `kobling help key new` as `kobling key new --help`, and so in every group.
fn as_option(mut raw: Vec<OsString>, root: &Command) -> Vec<OsString> {
    let mut command = root;
    let mut at = 1;
    while let Some(word) = raw.get(at).and_then(|word| word.to_str()).map(str::to_owned) {
        if matches!(word.as_str(), "--lang" | "--color" | "--config") {
            at += 1;
        } else if word == "help" && command.has_subcommands() {
            raw.remove(at);
            raw.push("--help".into());
            break;
        } else if !word.starts_with("--") {
            match command.find_subcommand(&word) {
                Some(sub) => command = sub,
                None => break,
            }
        }
        at += 1;
    }
    raw
}

#[cfg(test)]
mod tests;
