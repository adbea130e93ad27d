//! What is wrong with arguments, in both languages. What clap says itself would repeat what was typed.

use std::error::Error as _;
use std::fmt::Write as _;
use std::str::FromStr;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use kobling::consent::RecordId;
use kobling::extract::MaxRejected;
use kobling::key::VerifyingKey;
use kobling::language::{Language, LanguageError, Spoken};

use crate::dates::DateError;

/// What is wrong; `None` for help, which clap shows itself and in the right language.
///
/// A word that was given is repeated where it can only be a slip in the name of a command or an option: of letters alone.
/// Values never are: one may be somebody's number.
pub(super) fn say(error: &Error, language: Language) -> Option<String> {
    let one = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let many = |kind| match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    };
    let number = |kind| match error.get(kind) {
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let words = |da: String, en: String| match language {
        Language::Da => da,
        Language::En => en,
    };
    let argument = one(ContextKind::InvalidArg).unwrap_or(language.choose("argumentet", "the argument"));
    let value = one(ContextKind::InvalidValue).unwrap_or_default();
    let mut guess = is_plain(value);
    let mut text = language.choose("fejl: ", "error: ").to_owned();
    let message = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::DisplayVersion => return None,
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            guess = false;
            words(
                format!("der er et argument for meget; {HISTORY_DA}"),
                format!("an argument too many; {HISTORY_EN}"),
            )
        }
        ErrorKind::UnknownArgument => {
            guess = is_plain(argument);
            match guess {
                true => {
                    words(format!("'{argument}' kendes ikke her"), format!("'{argument}' is not known here"))
                }
                false => words(
                    format!("en af valgmulighederne kendes ikke her; {HISTORY_DA}"),
                    format!("one of the options is not known here; {HISTORY_EN}"),
                ),
            }
        }
        ErrorKind::InvalidSubcommand => {
            let name = one(ContextKind::InvalidSubcommand).unwrap_or_default();
            guess = is_plain(name);
            match guess {
                true => {
                    words(format!("der er ingen kommando '{name}'"), format!("there is no command '{name}'"))
                }
                false => words(
                    format!("der er ingen sådan kommando; {HISTORY_DA}"),
                    format!("there is no such command; {HISTORY_EN}"),
                ),
            }
        }
        ErrorKind::MissingSubcommand => {
            let names = many(ContextKind::ValidSubcommand).join(", ");
            let group = one(ContextKind::InvalidSubcommand).unwrap_or_default();
            words(
                format!("'{group}' har brug for en kommando: {names}"),
                format!("'{group}' needs a command: {names}"),
            )
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = listed(&many(ContextKind::InvalidArg));
            words(format!("der mangler:{missing}"), format!("missing:{missing}"))
        }
        ErrorKind::ArgumentConflict => {
            let argument = one(ContextKind::InvalidArg).or(one(ContextKind::InvalidSubcommand));
            let argument = argument.unwrap_or(language.choose("argumentet", "the argument"));
            let others = many(ContextKind::PriorArg);
            match &others[..] {
                [] => words(
                    format!("'{argument}' kan ikke bruges sammen med andre af de givne"),
                    format!("'{argument}' cannot be used with others that are given"),
                ),
                [other] if other == argument => words(
                    format!("'{argument}' kan kun gives én gang"),
                    format!("'{argument}' can be given only once"),
                ),
                [other] => words(
                    format!("'{argument}' kan ikke bruges sammen med '{other}'"),
                    format!("'{argument}' cannot be used with '{other}'"),
                ),
                others => words(
                    format!("'{argument}' kan ikke bruges sammen med:{}", listed(others)),
                    format!("'{argument}' cannot be used with:{}", listed(others)),
                ),
            }
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            words(format!("'{argument}' skal have en værdi"), format!("'{argument}' needs a value"))
        }
        ErrorKind::InvalidValue => words(
            format!("værdien er ikke en mulig værdi af '{argument}'"),
            format!("the value is no possible value of '{argument}'"),
        ),
        ErrorKind::ValueValidation => {
            let reason = reason(error, language).map(|reason| format!(": {reason}")).unwrap_or_default();
            words(
                format!("værdien kan ikke bruges som '{argument}'{reason}"),
                format!("the value cannot be used as '{argument}'{reason}"),
            )
        }
        ErrorKind::NoEquals => words(
            format!("'{argument}' skal have lighedstegn foran sin værdi"),
            format!("'{argument}' needs an equals sign before its value"),
        ),
        ErrorKind::TooManyValues => words(
            format!("'{argument}' har én værdi for meget"),
            format!("'{argument}' has one value too many"),
        ),
        ErrorKind::TooFewValues => {
            let least = number(ContextKind::MinValues);
            words(
                format!("'{argument}' skal have mindst {least} værdier"),
                format!("'{argument}' needs at least {least} values"),
            )
        }
        ErrorKind::WrongNumberOfValues => {
            let wanted = number(ContextKind::ExpectedNumValues);
            words(
                format!("'{argument}' skal have {wanted} værdier"),
                format!("'{argument}' needs {wanted} values"),
            )
        }
        ErrorKind::InvalidUtf8 => {
            language.choose("et argument er ikke tekst i UTF-8", "an argument is no text in UTF-8").to_owned()
        }
        _ => language.choose("argumenterne kan ikke læses", "the arguments cannot be read").to_owned(),
    };
    text += &message;
    let values = many(ContextKind::ValidValue);
    if !values.is_empty() {
        let _ =
            write!(text, "\n  [{}: {}]", language.choose("muligheder", "possible values"), values.join(", "));
    }
    let near: Vec<String> =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
            .into_iter()
            .flat_map(many)
            .filter(|_| guess)
            .map(|name| format!("'{name}'"))
            .collect();
    if !near.is_empty() {
        let or = language.choose(" eller ", " or ");
        let _ = write!(text, "\n\n  {} {}?", language.choose("mente du", "did you mean"), near.join(or));
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        let usage = usage.strip_prefix("Usage:").unwrap_or(&usage).trim();
        let _ = write!(text, "\n\n{} {usage}", language.choose("Brug:", "Usage:"));
    }
    text += language.choose("\n\nSe mere med '--help'.\n", "\n\nFor more information, try '--help'.\n");
    Some(text)
}

/// What is said of words that may be somebody's number.
const HISTORY_DA: &str = "et CPR-nummer må aldrig stå på kommandolinjen: har du skrevet et, står det nu i skallens historik: slet det der";
const HISTORY_EN: &str = "a CPR number never goes on the command line: if you typed one, it is now in the shell's history: delete it there";

/// Whether a word is made of letters and hyphens alone, as the names of commands and options are.
fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_alphabetic() || c == '-')
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("\n  {name}")).collect()
}

/// Why a value will not do; `None` for causes that are not known here, which might repeat it.
pub(super) fn reason(error: &Error, language: Language) -> Option<String> {
    let source = error.source()?;
    let danish = in_danish(source)?;
    Some(if language == Language::Da { danish } else { source.to_string() })
}

fn in_danish(source: &(dyn std::error::Error + 'static)) -> Option<String> {
    macro_rules! spoken {
        ($($kind:ty),* $(,)?) => {
            $(if let Some(error) = source.downcast_ref::<$kind>() {
                return Some(error.danish());
            })*
        };
    }
    spoken!(LanguageError, kobling::name::NameError, kobling::clock::TimeError, DateError);
    macro_rules! worded {
        ($($kind:ty => $danish:literal),* $(,)?) => {
            $(if source.is::<$kind>() {
                return Some($danish.to_owned());
            })*
        };
    }
    worded!(
        <MaxRejected as FromStr>::Err => "en grænse er et antal rækker, for eksempel 10, eller en andel, for eksempel 0.5%",
        <RecordId as FromStr>::Err => "en registrerings navn har 1 til 64 af tegnene A-Z, a-z, 0-9 og -",
        <VerifyingKey as FromStr>::Err => "en offentlig nøgle har 43 tegn i base64url",
        std::num::ParseIntError => "ikke et helt tal, eller for stort",
        std::char::ParseCharError => "ikke ét tegn",
    );
    let danish = match source.to_string().as_str() {
        "consent, explicit-consent or offences-consent is expected" => {
            "her ventes consent, explicit-consent eller offences-consent"
        }
        _ => return None,
    };
    Some(danish.to_owned())
}
