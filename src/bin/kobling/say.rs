//! The language of this run: asked for by `--lang`, else `KOBLING_LANG`, else the system's own.
//!
//! It is found among the raw arguments, before they are understood: what is wrong with them is said in it too.

use std::ffi::OsString;
use std::sync::OnceLock;

use kobling::language::Language;

static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// The language of messages, reports and pages.
pub(crate) fn language() -> Language {
    *LANGUAGE.get_or_init(of_the_system)
}

/// Takes the language that the arguments ask for; the first one stands.
pub(crate) fn speak(arguments: &[OsString]) {
    let asked = value_of(arguments, "--lang").and_then(|text| text.parse().ok());
    let _ = LANGUAGE.set(asked.unwrap_or_else(of_the_system));
}

/// The value of an option among raw arguments, as `--name value` or `--name=value`; the last one, as the parser takes it.
pub(crate) fn value_of<'a>(arguments: &'a [OsString], name: &str) -> Option<&'a str> {
    let ours = arguments.iter().take_while(|argument| *argument != "--");
    let words: Vec<&str> = ours.map(|argument| argument.to_str().unwrap_or_default()).collect();
    let mut found = None;
    for (at, word) in words.iter().enumerate() {
        if *word == name {
            found = words.get(at + 1).copied();
        } else if let Some(value) = word.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            found = Some(value);
        }
    }
    found
}

fn of_the_system() -> Language {
    if let Some(language) = std::env::var("KOBLING_LANG").ok().and_then(|text| text.parse().ok()) {
        return language;
    }
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    locale.map_or(Language::En, |locale| Language::of_locale(&locale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_before_the_arguments_are_understood() {
        let of = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            value_of(&words, "--lang").map(str::to_owned)
        };
        assert_eq!(of("kobling key show --lang da x").as_deref(), Some("da"));
        assert_eq!(of("kobling --lang=en key").as_deref(), Some("en"));
        assert_eq!(of("kobling --lang=en key --lang da").as_deref(), Some("da"));
        for none in ["kobling", "kobling --lang", "kobling --language da", "kobling -- --lang da"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
