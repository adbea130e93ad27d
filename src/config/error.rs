//! What can be wrong with `kobling.toml`: where, and what to do. Never a value: it may be a secret in the wrong place.

use std::fmt;
use std::path::PathBuf;

use crate::key::private::Writers;
use crate::language::{Language, Spoken};

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A text in quotation marks.
    Text,
    /// `true` or `false`.
    YesNo,
    /// A path.
    Path,
    /// A name of 1 to 32 of `a-z 0-9 -`.
    Name,
    /// `da` or `en`.
    Language,
    /// A public key.
    PublicKey,
    /// An address.
    Address,
    /// Quarters, or a word for them.
    Period,
    /// A number of rows or a share.
    MaxRejected,
    /// `comma` or `point`.
    Decimal,
    /// One ASCII character.
    Separator,
    /// `utf-8`, `windows-1252` or `utf-16le`.
    Encoding,
    /// `[[send]]` tables.
    Tables,
}

impl Expected {
    fn say(self, language: Language) -> &'static str {
        let (da, en) = match self {
            Expected::Text => ("en tekst i anførselstegn", "a text in quotation marks"),
            Expected::YesNo => ("true eller false", "true or false"),
            Expected::Path => ("stien til en fil eller mappe", "the path of a file or folder"),
            Expected::Name => {
                ("et navn af 1 til 32 af tegnene a-z, 0-9 og -", "a name of 1 to 32 of a-z, 0-9 and -")
            }
            Expected::Language => ("\"da\" eller \"en\"", "\"da\" or \"en\""),
            Expected::PublicKey => {
                ("tjenestens offentlige nøgle, 43 tegn", "the service's public key, 43 characters")
            }
            Expected::Address => (
                "en adresse, for eksempel \"https://kobling.example\"",
                "an address, for instance \"https://kobling.example\"",
            ),
            Expected::Period => (
                "\"programme\", \"last-closed-quarter\" eller kvartaler, for eksempel \"2022-Q1..2022-Q4\"",
                "\"programme\", \"last-closed-quarter\" or quarters, for instance \"2022-Q1..2022-Q4\"",
            ),
            Expected::MaxRejected => (
                "et antal rækker, for eksempel 10, eller en andel, for eksempel \"0.5%\"",
                "a number of rows, for instance 10, or a share, for instance \"0.5%\"",
            ),
            Expected::Decimal => ("\"comma\" eller \"point\"", "\"comma\" or \"point\""),
            Expected::Separator => ("ét ASCII-tegn", "one ASCII character"),
            Expected::Encoding => (
                "\"utf-8\", \"windows-1252\" eller \"utf-16le\"",
                "\"utf-8\", \"windows-1252\" or \"utf-16le\"",
            ),
            Expected::Tables => ("en [[send]] for hvert datasæt", "a [[send]] for each dataset"),
        };
        language.choose(da, en)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.say(Language::En))
    }
}

/// Who may change the file, and what to do.
fn changed_by(by: Writers, found: bool, language: Language) -> String {
    let (who, what) = match by {
        Writers::Owner => (
            language.choose("den tilhører en anden end dig", "it belongs to somebody else than you"),
            language.choose("gør den til din med `chown`", "make it yours with `chown`"),
        ),
        Writers::Group => (
            language.choose("en gruppe kan skrive i den", "a group may write to it"),
            language.choose("kør `chmod g-w` på den", "run `chmod g-w` on it"),
        ),
        Writers::Everybody | Writers::Nobody => (
            language.choose("alle kan skrive i den", "everybody may write to it"),
            language.choose("kør `chmod go-w` på den", "run `chmod go-w` on it"),
        ),
    };
    let named = language.choose(
        "; er det den, der skal bruges, så nævn den med --config, eller ",
        "; if it is the one that is meant, name it with --config, or ",
    );
    // What everybody may write to is refused by name as well.
    let between = if found && by != Writers::Everybody { named } else { "; " };
    format!("{who}{between}{what}")
}

/// Why `kobling.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file system said no.
    #[error("{}: cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Somebody else may change it.
    #[error("{}: {}", path.display(), changed_by(*by, *found, Language::En))]
    Open {
        /// The file.
        path: PathBuf,
        /// Who.
        by: Writers,
        /// Whether nobody named it: it lay in the current folder.
        found: bool,
    },
    /// Larger than any.
    #[error("{}: too large to be a kobling.toml", .0.display())]
    Large(PathBuf),
    /// Not TOML.
    #[error("{}, line {line}: this is not TOML; texts stand in quotation marks, and a path with \\ in single ones", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A secret, where the name of a file belongs.
    #[error(
        "{}, line {line}: this looks like a bearer token or a key. Secrets stand in files of their own, and this file names them; take it out, and have it replaced if others may have read this file",
        path.display()
    )]
    Secret {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A field that there is none of.
    #[error("{}, line {line}, {field}: there is no such field; known are {known}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The field, as far as it is a name.
        field: String,
        /// The fields that there are.
        known: String,
    },
    /// A value of the wrong form.
    #[error("{}, line {line}, {field}: expected is {expected}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The field.
        field: String,
        /// What it takes.
        expected: Expected,
    },
    /// A field that a `[[send]]` must have.
    #[error("{}, line {line}, send: {field} is missing", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The line of the table, from 1.
        line: usize,
        /// The field.
        field: &'static str,
    },
}

impl Spoken for ConfigError {
    fn danish(&self) -> String {
        match self {
            ConfigError::Io { path, .. } => format!("{}: kan ikke læses", path.display()),
            ConfigError::Open { path, by, found } => {
                format!("{}: {}", path.display(), changed_by(*by, *found, Language::Da))
            }
            ConfigError::Large(path) => format!("{}: for stor til at være en kobling.toml", path.display()),
            ConfigError::Syntax { path, line } => format!(
                "{}, linje {line}: dette er ikke TOML; tekster står i anførselstegn, og en sti med \\ i enkelte",
                path.display()
            ),
            ConfigError::Secret { path, line } => format!(
                "{}, linje {line}: dette ligner et adgangstoken (bearer token) eller en nøgle. Hemmeligheder ligger i deres egne filer, og denne fil nævner dem; tag den ud, og få den udskiftet hvis andre kan have læst denne fil",
                path.display()
            ),
            ConfigError::Unknown { path, line, field, known } => {
                format!("{}, linje {line}, {field}: det felt findes ikke; der er {known}", path.display())
            }
            ConfigError::Value { path, line, field, expected } => format!(
                "{}, linje {line}, {field}: der skal stå {}",
                path.display(),
                expected.say(Language::Da)
            ),
            ConfigError::Missing { path, line, field } => {
                format!("{}, linje {line}, send: {field} mangler", path.display())
            }
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            ConfigError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
