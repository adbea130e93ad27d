//! The tree of commands in Danish: texts by the table, clap's own words by hand.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};

use super::heading;

/// The Danish of each English text.
pub(super) fn table() -> BTreeMap<String, String> {
    toml::from_str(include_str!("da.toml")).expect("the tests read it")
}

/// What clap writes around the texts.
const TEMPLATE: &str = "{before-help}{about-with-newline}\nUSAGE {usage}\n\n{all-args}{after-help}";

pub(super) fn translated(command: Command) -> Command {
    let mut built = command.clone();
    built.build();
    let version = command.get_version().is_some();
    let command = walk(command, &mut built, &table());
    if !version {
        return command;
    }
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    command.disable_version_flag(true).arg(version.help("Vis version").help_heading("Valg"))
}

/// `built` is the same command as clap completes it: it knows the usage.
fn walk(command: Command, built: &mut Command, table: &BTreeMap<String, String>) -> Command {
    let danish = |text: &str| table.get(text).cloned().unwrap_or_else(|| text.to_owned());
    let usage = built.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let usage = usage.replace("[OPTIONS]", "[VALG]").replace("<COMMAND>", "<KOMMANDO>");
    let mut command = command
        .help_template(TEMPLATE.replace("USAGE", &heading("Brug:")))
        .override_usage(usage)
        .subcommand_help_heading("Kommandoer")
        .subcommand_value_name("KOMMANDO");
    if let Some(about) = command.get_about().map(ToString::to_string) {
        command = command.about(danish(&about));
    }
    if let Some(about) = command.get_long_about().map(ToString::to_string) {
        command = command.long_about(danish(&about));
    }
    command = command.mut_args(|arg| argument(arg, &danish));
    if !command.is_disable_help_flag_set() {
        let long = built.get_arguments().any(|arg| {
            arg.get_long_help().is_some()
                || arg.get_possible_values().iter().any(|value| value.get_help().is_some())
        });
        let text = if long { "Vis hjælp (mere med --help)" } else { "Vis hjælp" };
        let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
        command = command.disable_help_flag(true).arg(help.help(text).help_heading("Valg"));
    }
    command.mut_subcommands(|sub| match built.find_subcommand_mut(sub.get_name()) {
        Some(built) => walk(sub, built, table),
        None => sub,
    })
}

/// An argument: its texts, and in them what clap would add in English.
fn argument(arg: Arg, danish: &dyn Fn(&str) -> String) -> Arg {
    let takes_values = arg.get_action().takes_values();
    let values: Vec<(String, Option<String>)> = arg
        .get_possible_values()
        .iter()
        .filter(|value| takes_values && !value.is_hide_set())
        .map(|value| (value.get_name().to_owned(), value.get_help().map(ToString::to_string)))
        .collect();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let default = match defaults.join(",") {
        default if default.is_empty() || !takes_values || arg.is_hide_default_value_set() => String::new(),
        default => format!(" [standard: {default}]"),
    };
    let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
    let choices =
        if names.is_empty() { String::new() } else { format!(" [muligheder: {}]", names.join(", ")) };
    let short = arg.get_help().map(ToString::to_string).map(|text| danish(&text)).unwrap_or_default();
    let long = arg.get_long_help().map(ToString::to_string).map(|text| danish(&text));
    let explained = values.iter().any(|(_, help)| help.is_some());
    let heading = if arg.is_positional() { "Argumenter" } else { "Valg" };
    let positional = arg.is_positional() && arg.get_help_heading().is_none();
    let mut changed = arg
        .hide_default_value(takes_values)
        .hide_possible_values(takes_values)
        .help(format!("{short}{default}{choices}").trim().to_owned());
    if changed.get_help_heading().is_none() || positional {
        changed = changed.help_heading(heading);
    }
    if explained {
        let lines: String = values
            .iter()
            .map(|(name, help)| match help {
                Some(help) => format!("\n- {name}: {}", danish(help)),
                None => format!("\n- {name}"),
            })
            .collect();
        let below = if default.is_empty() { String::new() } else { format!("\n\n{}", default.trim()) };
        changed.long_help(format!("{}\n\nMuligheder:{lines}{below}", long.unwrap_or(short)))
    } else if let Some(long) = long {
        changed.long_help(format!("{long}{default}{choices}"))
    } else {
        changed
    }
}
