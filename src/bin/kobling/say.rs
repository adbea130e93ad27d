//! The language of this run: asked for by `--lang`, else `KOBLING_LANG`, else `kobling.toml`, else the system's own.

use std::sync::OnceLock;

use kobling::language::Language;

static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// The language of messages, reports and pages.
pub(crate) fn language() -> Language {
    *LANGUAGE.get_or_init(of_the_system)
}

/// Takes a language that was asked for; the first one stands.
pub(crate) fn speak(language: Option<Language>) {
    let _ = LANGUAGE.set(language.unwrap_or_else(of_the_system));
}

/// The language that `KOBLING_LANG` asks for.
fn asked() -> Option<Language> {
    std::env::var("KOBLING_LANG").ok().and_then(|text| text.parse().ok())
}

/// Whether `KOBLING_LANG` asks for a language, which counts before a file does.
pub(crate) fn is_asked() -> bool {
    asked().is_some()
}

fn of_the_system() -> Language {
    if let Some(language) = asked() {
        return language;
    }
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    locale.map_or(Language::En, |locale| Language::of_locale(&locale))
}
