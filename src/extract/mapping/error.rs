//! What is wrong with a mapping: every finding at once, by line and field, in both languages.

use std::collections::BTreeMap;
use std::fmt;

use super::MAPPING_FORMAT;
use crate::language::{Both, Spoken};
use crate::limits;

/// One thing wrong in a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingProblem {
    /// Line, from 1; 0 when no line is to blame.
    pub line: usize,
    /// The field, as a path: `column.trin.codes`.
    pub field: String,
    /// What is wrong, and what to do.
    pub message: Both,
}

impl fmt::Display for MappingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.field, self.message),
            line => write!(f, "line {line}, {}: {}", self.field, self.message),
        }
    }
}

impl Spoken for MappingProblem {
    fn danish(&self) -> String {
        match self.line {
            0 => format!("{}: {}", self.field, self.message.danish()),
            line => format!("linje {line}, {}: {}", self.field, self.message.danish()),
        }
    }
}

/// Why a text is no mapping that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// Larger than any.
    #[error("larger than {} bytes: this is no mapping", limits::MAX_MAPPING_BYTES)]
    TooLarge,
    /// No format is given.
    #[error("this is no mapping: it has no line format = {MAPPING_FORMAT}; make one with `kobling map`")]
    NoFormat,
    /// Of a format that is not read here.
    #[error(
        "a mapping of format {0}, and this program (kobling {version}) reads format {MAPPING_FORMAT}; take a newer kobling, or make the mapping again with `kobling map`",
        version = env!("CARGO_PKG_VERSION")
    )]
    Format(i64),
    /// Findings.
    #[error("the mapping has {} problem(s):\n{}", .0.len(), lines(.0, ToString::to_string))]
    Problems(Vec<MappingProblem>),
}

fn lines(problems: &[MappingProblem], say: impl Fn(&MappingProblem) -> String) -> String {
    problems.iter().map(|problem| format!("  {}", say(problem))).collect::<Vec<_>>().join("\n")
}

impl Spoken for MappingError {
    fn danish(&self) -> String {
        match self {
            MappingError::TooLarge => {
                format!("større end {} byte: det er ingen kortlægning", limits::MAX_MAPPING_BYTES)
            }
            MappingError::NoFormat => format!(
                "det er ingen kortlægning: der er ingen linje format = {MAPPING_FORMAT}; lav en med `kobling map`"
            ),
            MappingError::Format(found) => format!(
                "en kortlægning i format {found}, og dette program (kobling {}) læser format {MAPPING_FORMAT}; tag en nyere kobling, eller lav kortlægningen igen med `kobling map`",
                env!("CARGO_PKG_VERSION")
            ),
            MappingError::Problems(problems) => {
                let list = lines(problems, Spoken::danish);
                match problems.len() {
                    1 => format!("der er én fejl i kortlægningen:\n{list}"),
                    n => format!("der er {n} fejl i kortlægningen:\n{list}"),
                }
            }
        }
    }
}

impl MappingError {
    /// What the reader of TOML says; reading ends at the first.
    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> MappingError {
        let line = error.span().map_or(0, |span| line_of(text, span.start));
        let (da, en) = wording(error.message());
        let message = Both::new(da, en);
        MappingError::Problems(vec![MappingProblem { line, field: "toml".to_owned(), message }])
    }
}

/// What a slip of form is called. Texts of the file are left out: only names of fields are said, so that a wrong file
/// given as a mapping shows nothing of itself.
fn wording(message: &str) -> (String, String) {
    let message = message.lines().next().unwrap_or_default();
    let name = |text: &str| {
        let name = text.split('`').nth(1).unwrap_or_default();
        let plain = name.len() <= 32
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'));
        if plain { format!(" {name}") } else { String::new() }
    };
    if message.starts_with("unknown field") {
        let name = name(message);
        return (
            format!("feltet{name} findes ikke i en kortlægning; tag det ud"),
            format!("a mapping has no field{name}; take it out"),
        );
    }
    if message.starts_with("missing field") {
        let name = name(message);
        return (format!("feltet{name} mangler"), format!("the field{name} is missing"));
    }
    if message.starts_with("duplicate key") {
        return ("feltet står der to gange".to_owned(), "the field stands there twice".to_owned());
    }
    if message.starts_with("a name has") {
        return (
            "et navn har 1 til 32 af tegnene a-z, 0-9 og -".to_owned(),
            "a name has 1 to 32 of the characters a-z, 0-9 and -".to_owned(),
        );
    }
    if message.starts_with("unknown variant") {
        return (
            "ordet kendes ikke; datoer skrives danish, short-year, month-first, compact eller serial"
                .to_owned(),
            "the word is not known; dates are written danish, short-year, month-first, compact or serial"
                .to_owned(),
        );
    }
    if message.starts_with("invalid type") || message.starts_with("invalid value") {
        return (
            "værdien er af en anden slags, end feltet har".to_owned(),
            "the value is of another kind than the field has".to_owned(),
        );
    }
    (
        "linjen er ikke gyldig TOML: `felt = \"tekst\"` eller `[afsnit]`".to_owned(),
        "the line is no TOML: `field = \"text\"` or `[section]`".to_owned(),
    )
}

/// Line of a byte, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// On which line each field of a mapping stands.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<Vec<String>, usize>);

impl Places {
    /// The places in a text; none in one that is no TOML.
    pub fn of(text: &str) -> Places {
        let mut places = Places::default();
        if let Ok(table) = toml::de::DeTable::parse(text) {
            places.walk(text, table.get_ref(), &mut Vec::new());
        }
        places
    }

    fn walk(&mut self, text: &str, table: &toml::de::DeTable<'_>, path: &mut Vec<String>) {
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            self.0.insert(path.clone(), line_of(text, key.span().start));
            if let Some(table) = value.get_ref().as_table() {
                self.walk(text, table, path);
            }
            path.pop();
        }
    }

    /// The line of a field, or of the nearest part that holds it; 0 when there is none.
    fn line(&self, path: &[String]) -> usize {
        (1..=path.len()).rev().find_map(|length| self.0.get(&path[..length])).copied().unwrap_or(0)
    }
}

/// A finding before its line is known.
#[derive(Debug)]
pub(super) struct Found {
    path: Vec<String>,
    message: Both,
}

impl Found {
    pub fn new(path: &[&str], da: impl Into<String>, en: impl Into<String>) -> Found {
        Found { path: path.iter().map(|part| (*part).to_owned()).collect(), message: Both::new(da, en) }
    }

    pub fn at(self, places: &Places) -> MappingProblem {
        MappingProblem { line: places.line(&self.path), field: self.path.join("."), message: self.message }
    }
}
