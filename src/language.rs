//! Danish and English: which words are taken, and how a message says itself in both.
//!
//! Must never: read the environment; decide what is said. Callers: everybody who writes to people.
//!
//! English is what `Display` says, as everywhere in Rust. What a partner can meet implements [`Spoken`] as well: an
//! exhaustive `match` in Danish, so that a new message without Danish does not build.

use std::fmt;
use std::io;
use std::str::FromStr;

/// The language that a person reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Danish.
    Da,
    /// English.
    #[default]
    En,
}

impl Language {
    /// One of two words.
    #[must_use]
    pub const fn choose<'a>(self, da: &'a str, en: &'a str) -> &'a str {
        match self {
            Language::Da => da,
            Language::En => en,
        }
    }

    /// The language that this is not.
    #[must_use]
    pub const fn other(self) -> Language {
        match self {
            Language::Da => Language::En,
            Language::En => Language::Da,
        }
    }

    /// Its tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        self.choose("da", "en")
    }

    /// The language that a locale as systems write it means (`da_DK.UTF-8`, `Danish_Denmark.1252`): Danish, or else
    /// English.
    #[must_use]
    pub fn of_locale(locale: &str) -> Language {
        let name = locale.split(['_', '.', '-', '@']).next().unwrap_or_default();
        if name.eq_ignore_ascii_case("da") || name.eq_ignore_ascii_case("danish") {
            Language::Da
        } else {
            Language::En
        }
    }

    /// A number written with a decimal point, in this language's signs: thousands in groups, the decimal sign.
    #[must_use]
    pub fn grouped(self, number: &str) -> String {
        let (group, decimal) = match self {
            Language::Da => ('.', ','),
            Language::En => (',', '.'),
        };
        let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
        let (whole, decimals) =
            rest.split_once('.').map_or((rest, None), |(whole, decimals)| (whole, Some(decimals)));
        let mut text = String::from(sign);
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                text.push(group);
            }
            text.push(digit);
        }
        if let Some(decimals) = decimals {
            text.push(decimal);
            text.push_str(decimals);
        }
        text
    }

    /// A count, with its thousands in groups.
    #[must_use]
    pub fn count(self, count: u64) -> String {
        self.grouped(&count.to_string())
    }
}

/// Why a text is no language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a language is da or en")]
pub struct LanguageError;

impl Spoken for LanguageError {
    fn danish(&self) -> String {
        "et sprog er da eller en".to_owned()
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Language, LanguageError> {
        match text {
            "da" => Ok(Language::Da),
            "en" => Ok(Language::En),
            _ => Err(LanguageError),
        }
    }
}

/// A message that people read: English by `Display`, Danish by [`Spoken::danish`].
pub trait Spoken: fmt::Display + fmt::Debug {
    /// The message in Danish. What, where and what to do, as in English; never a value of a person.
    fn danish(&self) -> String;

    /// What it comes from, where that adds something.
    fn because(&self) -> Option<&dyn Spoken> {
        None
    }

    /// The message in a language.
    fn say(&self, language: Language) -> String {
        match language {
            Language::Da => self.danish(),
            Language::En => self.to_string(),
        }
    }
}

/// A message that is made where it is needed, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Both {
    da: String,
    en: String,
}

impl Both {
    /// The two wordings of one message.
    #[must_use]
    pub fn new(da: impl Into<String>, en: impl Into<String>) -> Both {
        Both { da: da.into(), en: en.into() }
    }
}

impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

impl Spoken for Both {
    fn danish(&self) -> String {
        self.da.clone()
    }
}

/// What the system says. Its own words where there are none here: they name neither file nor content.
impl Spoken for io::Error {
    fn say(&self, language: Language) -> String {
        let words = match self.kind() {
            _ if language == Language::Da => return self.danish(),
            io::ErrorKind::NotFound => "there is no such file or folder",
            io::ErrorKind::PermissionDenied => "access is denied",
            io::ErrorKind::AlreadyExists => "exists already; give another name, or take it away first",
            io::ErrorKind::ConnectionRefused => "the connection was refused",
            _ => return self.to_string(),
        };
        words.to_owned()
    }

    fn danish(&self) -> String {
        let words = match self.kind() {
            io::ErrorKind::NotFound => "findes ikke",
            io::ErrorKind::PermissionDenied => "adgang nægtet",
            io::ErrorKind::AlreadyExists => "findes allerede; giv et andet navn, eller flyt den først",
            io::ErrorKind::IsADirectory => "er en mappe",
            io::ErrorKind::NotADirectory => "er ikke en mappe",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "der er ikke plads på disken",
            io::ErrorKind::ReadOnlyFilesystem => "disken kan kun læses",
            io::ErrorKind::UnexpectedEof => "filen slutter for tidligt",
            io::ErrorKind::InvalidData => "indholdet er ikke tekst i UTF-8",
            io::ErrorKind::ConnectionRefused => "forbindelsen blev afvist",
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "forbindelsen blev afbrudt",
            io::ErrorKind::TimedOut => "der kom intet svar i tide",
            io::ErrorKind::OutOfMemory => "der er ikke hukommelse nok",
            _ => return format!("systemet siger: {self}"),
        };
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_writes_them() {
        for (number, da, en) in [
            ("5", "5", "5"),
            ("999", "999", "999"),
            ("1000", "1.000", "1,000"),
            ("1234567.5", "1.234.567,5", "1,234,567.5"),
            ("-1000", "-1.000", "-1,000"),
            ("-100", "-100", "-100"),
        ] {
            assert_eq!((&*Language::Da.grouped(number), &*Language::En.grouped(number)), (da, en));
        }
        assert_eq!(Language::Da.count(12_345), "12.345");
    }

    #[test]
    fn locales_of_danish_systems_are_danish() {
        for locale in ["da", "da_DK.UTF-8", "da-DK", "Danish_Denmark.1252", "DA_dk"] {
            assert_eq!(Language::of_locale(locale), Language::Da, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "en_GB.UTF-8", "dav_KE", "POSIX"] {
            assert_eq!(Language::of_locale(locale), Language::En, "{locale}");
        }
    }

    #[test]
    fn a_message_is_said_in_both() {
        let both = Both::new("filen", "the file");
        assert_eq!((both.say(Language::Da).as_str(), both.say(Language::En).as_str()), ("filen", "the file"));
        assert_eq!("fr".parse::<Language>(), Err(LanguageError));
    }
}
