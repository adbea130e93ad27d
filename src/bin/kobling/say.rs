//! The language of this run: asked for by `--lang`, else `KOBLING_LANG`, else `kobling.toml`, else the system's own.
//!
//! It is found among the raw arguments, before they are understood: what is wrong with them is said in it too.

use std::ffi::OsString;
use std::sync::Mutex;

use kobling::language::Language;

/// Once it is settled, and whether somebody asked for it.
static LANGUAGE: Mutex<Option<(Language, bool)>> = Mutex::new(None);

/// The language of messages, reports and pages.
pub(crate) fn language() -> Language {
    settled(|settled| settled.get_or_insert_with(|| found(None)).0)
}

/// Takes the language that the arguments or the environment ask for.
pub(crate) fn speak(arguments: &[OsString]) {
    let asked = value_of(arguments, "--lang").and_then(|text| text.parse().ok());
    settled(|settled| *settled = Some(found(asked)));
}

/// Takes the language of a file of settings, where nobody asked for one.
pub(crate) fn prefer(language: Language) {
    settled(|settled| {
        if !settled.is_some_and(|(_, asked)| asked) {
            *settled = Some((language, false));
        }
    });
}

fn settled<T>(with: impl FnOnce(&mut Option<(Language, bool)>) -> T) -> T {
    with(&mut LANGUAGE.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// The language, and whether somebody asked for it.
fn found(asked: Option<Language>) -> (Language, bool) {
    let asked = asked.or_else(|| std::env::var("KOBLING_LANG").ok().and_then(|text| text.parse().ok()));
    (asked.unwrap_or_else(of_the_system), asked.is_some())
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
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    locale.map_or(Language::En, |locale| Language::of_locale(&locale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_counts_before_what_a_file_prefers() {
        speak(&["kobling".into(), "--lang".into(), "da".into()]);
        prefer(Language::En);
        assert_eq!(language(), Language::Da);
    }

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
