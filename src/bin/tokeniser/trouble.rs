//! What went wrong, in both languages.

use kobling::extract::{ExtractError, MappingError, ReadError, SurveyError};
use kobling::language::{Both, Language, Spoken};
use kobling::programme::ProgrammeError;
use serde_json::{Value, json};

/// A message, and what it comes from.
pub(crate) struct Trouble(Box<dyn Spoken>);

impl Trouble {
    /// A message in both languages.
    pub(crate) fn new(da: impl Into<String>, en: impl Into<String>) -> Trouble {
        Trouble(Box::new(Both::new(da, en)))
    }

    /// The message with its causes.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "da": whole(&*self.0, Language::Da), "en": whole(&*self.0, Language::En) })
    }
}

fn whole(said: &dyn Spoken, language: Language) -> String {
    let mut text = said.say(language);
    let mut cause = said.because();
    while let Some(inner) = cause {
        text += ": ";
        text += &inner.say(language);
        cause = inner.because();
    }
    text
}

/// Trouble with a file, by name.
pub(crate) fn file(path: &str) -> impl FnOnce(std::io::Error) -> Trouble {
    move |error| {
        Trouble::new(format!("{path}: {}", error.danish()), format!("{path}: {}", error.say(Language::En)))
    }
}

macro_rules! from {
    ($($error:ty),*) => {$(
        impl From<$error> for Trouble {
            fn from(error: $error) -> Trouble {
                Trouble(Box::new(error))
            }
        }
    )*};
}
from!(ExtractError, MappingError, ReadError, SurveyError, ProgrammeError);
