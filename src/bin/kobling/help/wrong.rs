//! What is wrong with arguments, in Danish. English is clap's own.

use std::error::Error as _;
use std::fmt::Write as _;
use std::str::FromStr;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use kobling::consent::RecordId;
use kobling::extract::MaxRejected;
use kobling::key::VerifyingKey;
use kobling::language::{Language, LanguageError, Spoken};

use crate::dates::DateError;

/// What to say instead of what clap would; `None` where it is to speak itself: in English, and for help, which is in
/// the right language already.
pub(super) fn say(error: &Error, language: Language) -> Option<String> {
    if language == Language::En {
        return None;
    }
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
    let argument = one(ContextKind::InvalidArg).unwrap_or("argumentet");
    let value = one(ContextKind::InvalidValue).unwrap_or_default();
    let mut text = String::from("fejl: ");
    let message = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::DisplayVersion => return None,
        ErrorKind::UnknownArgument => format!("'{argument}' kendes ikke her"),
        ErrorKind::InvalidSubcommand => {
            format!("der er ingen kommando '{}'", one(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::MissingSubcommand => {
            let names = many(ContextKind::ValidSubcommand).join(", ");
            let group = one(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("'{group}' har brug for en kommando: {names}")
        }
        ErrorKind::MissingRequiredArgument => {
            format!("der mangler:{}", listed(&many(ContextKind::InvalidArg)))
        }
        ErrorKind::ArgumentConflict => {
            let argument = one(ContextKind::InvalidArg).or(one(ContextKind::InvalidSubcommand));
            let argument = argument.unwrap_or("argumentet");
            let others = many(ContextKind::PriorArg);
            match &others[..] {
                [] => format!("'{argument}' kan ikke bruges sammen med andre af de givne"),
                [other] if other == argument => format!("'{argument}' kan kun gives én gang"),
                [other] => format!("'{argument}' kan ikke bruges sammen med '{other}'"),
                others => format!("'{argument}' kan ikke bruges sammen med:{}", listed(others)),
            }
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("'{argument}' skal have en værdi"),
        ErrorKind::InvalidValue => format!("'{value}' er ikke en mulig værdi af '{argument}'"),
        ErrorKind::ValueValidation => {
            let reason = reason(error).map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("'{value}' kan ikke bruges som '{argument}'{reason}")
        }
        ErrorKind::NoEquals => format!("'{argument}' skal have lighedstegn foran sin værdi"),
        ErrorKind::TooManyValues => format!("'{value}' er én værdi for meget til '{argument}'"),
        ErrorKind::TooFewValues => {
            format!("'{argument}' skal have mindst {} værdier", number(ContextKind::MinValues))
        }
        ErrorKind::WrongNumberOfValues => {
            format!("'{argument}' skal have {} værdier", number(ContextKind::ExpectedNumValues))
        }
        ErrorKind::InvalidUtf8 => "et argument er ikke tekst i UTF-8".to_owned(),
        _ => "argumenterne kan ikke læses".to_owned(),
    };
    text += &message;
    let values = many(ContextKind::ValidValue);
    if !values.is_empty() {
        let _ = write!(text, "\n  [muligheder: {}]", values.join(", "));
    }
    let near: Vec<String> =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
            .into_iter()
            .flat_map(many)
            .map(|name| format!("'{name}'"))
            .collect();
    if !near.is_empty() {
        let _ = write!(text, "\n\n  mente du {}?", near.join(" eller "));
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        let _ = write!(text, "\n\nBrug: {}", usage.strip_prefix("Usage:").unwrap_or(&usage).trim());
    }
    text += "\n\nSe mere med '--help'.\n";
    Some(text)
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("\n  {name}")).collect()
}

/// Why a value will not do, in Danish.
pub(super) fn reason(error: &Error) -> Option<String> {
    let source = error.source()?;
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
