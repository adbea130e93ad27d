//! Why a file of consents is not written or taken: where, what, and what to do. Never a value.

use std::fmt;

use crate::consent::ConsentRefusal;
use crate::id::IdRejection;

/// Where in a document: names of fields that the form has, and positions counted from 0. Nothing of what a file says
/// can stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    pub(super) const fn root() -> Place {
        Place(String::new())
    }

    pub(super) fn field(&self, name: &str) -> Place {
        Place(if self.0.is_empty() { name.to_owned() } else { format!("{}.{name}", self.0) })
    }

    pub(super) fn nth(&self, at: usize) -> Place {
        Place(format!("{}[{at}]", self.0))
    }

    pub(super) fn item(&self, name: &str, at: usize) -> Place {
        self.field(name).nth(at)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "the document" } else { &self.0 })
    }
}

/// Why a file of consents is not written or taken. Never carries a value of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Too large.
    #[error("the file is larger than {} MiB", crate::limits::MAX_EXCHANGE_BYTES >> 20)]
    TooLarge,
    /// No JSON, or an object that names a field twice.
    #[error("line {line}, column {column}: not JSON, or an object that names a field twice")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1 (0 where the line itself is at fault).
        column: usize,
    },
    /// No event.
    #[error("there is no event")]
    Empty,
    /// A field is missing.
    #[error("{0} is missing")]
    Missing(Place),
    /// A field that the form does not have there.
    #[error("{0} has a field that is not known there")]
    Unknown(Place, String),
    /// A list with more items than the form has there.
    #[error("{0} has an item too many, too few, or in another order")]
    Items(Place),
    /// A value that does not follow from the rest of the record.
    #[error("{0} is not as the rest of the record has it")]
    Other(Place),
    /// A malformed value.
    #[error("{0}: {1}")]
    Field(Place, &'static str),
    /// A malformed identifier.
    #[error("{0}: {1}")]
    Identifier(Place, IdRejection),
    /// An event that the service would refuse.
    #[error("{0}: {1}")]
    Refused(Place, ConsentRefusal),
    /// The status is not what the events of the person give.
    #[error("{0}: its status is not what the events of this person in the file give")]
    Status(Place),
    /// Two events of one name.
    #[error("{0}: the id of the record is used by an event before it")]
    Twice(Place),
    /// Tokens and numbers in one file.
    #[error("{0}: the person is named in another way than those before")]
    Mixed(Place),
    /// More events of one person than are judged.
    #[error("{0}: more than {most} events of one person", most = crate::limits::MAX_EXCHANGE_EVENTS)]
    TooMany(Place),
    /// Made after now.
    #[error("{0} lies in the future")]
    Later(Place),
    /// Tokens under another linkage key.
    #[error("event {0} (counted from 0): its token was made with another linkage key")]
    Key(usize),
}

impl ExchangeError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        let fixed = match self {
            ExchangeError::TooLarge => "divide it by person: all events of a person stay in one file",
            ExchangeError::Malformed { .. } => "write JSON (UTF-8), each field of an object once",
            ExchangeError::Empty => "there is nothing to exchange",
            ExchangeError::Missing(_) => {
                "docs/CONSENT.md, \"Exchange\", says where each field of an event stands"
            }
            ExchangeError::Unknown(_, known) => {
                return format!(
                    "what an event cannot hold is not taken, since it would be lost; leave it out if nothing depends \
                     on it; known there: {known}"
                );
            }
            ExchangeError::Items(_) | ExchangeError::Other(_) => {
                "values that two fields share are to agree; times are in UTC (Z), numbers of persons are ten \
                 characters without a hyphen, and fixed values are those of docs/CONSENT.md, \"Exchange\""
            }
            ExchangeError::Field(..) => "docs/CONSENT.md, \"Exchange\", has the values",
            ExchangeError::Identifier(..) => "correct the number where it is kept",
            ExchangeError::Refused(_, refusal) => refusal.advice(),
            ExchangeError::Status(_) => {
                "put all events of the person into the file, with the one that ended the record, or correct the status: \
                 a yes that is over elsewhere is not taken as one that stands"
            }
            ExchangeError::Twice(_) => "give each event an id of its own",
            ExchangeError::Mixed(_) => "name all persons by token, or all by number",
            ExchangeError::TooMany(_) => "record older events as a list, and leave them out",
            ExchangeError::Later(_) => "check the clock of the machine that wrote it, and of this one",
            ExchangeError::Key(_) => "take the linkage key that the tokens were made with, or tokenise again",
        };
        fixed.to_owned()
    }
}
