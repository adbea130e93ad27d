//! Why the store said no.

use std::path::PathBuf;

use crate::clock::Timestamp;
use crate::consent::ConsentRefusal;

/// Why the store said no. Never carries a value of a person.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder holds no store.
    #[error("{}: no data folder of this service; make one with `koblingd init`", .0.display())]
    NotThere(PathBuf),
    /// The folder holds a store already.
    #[error("{}: there is a data folder here already; it is left as it is", .0.display())]
    AlreadyThere(PathBuf),
    /// Another process has it.
    #[error("{}: another koblingd is using this data folder; stop it first, or ask it over HTTP", .0.display())]
    InUse(PathBuf),
    /// The file system said no.
    #[error("{}: cannot be {doing}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The cause.
        source: std::io::Error,
    },
    /// No room left.
    #[error(
        "the disk of the data folder is full; nothing that was acknowledged is lost; make room and send it again"
    )]
    Full,
    /// The clock runs behind the last entry of the audit chain.
    #[error("the clock says {now}, the last entry was made at {last}; set the clock")]
    Clock {
        /// What the clock says.
        now: Timestamp,
        /// When the last entry was made.
        last: Timestamp,
    },
    /// The database does not open under this key.
    #[error("{}: it does not open with this service key; give the key that the data folder was made with, and if this is it, restore the file from a backup", .0.display())]
    OtherKey(PathBuf),
    /// The database is in clear.
    #[error("{}: it is not encrypted, so a version before 0.2.0 made it; run `koblingd migrate`", .0.display())]
    Plain(PathBuf),
    /// Made by a newer version.
    #[error("the data folder was made by a newer version of koblingd; use that one")]
    Newer,
    /// Something in the store contradicts itself.
    #[error("the store is damaged: {0}; restore it from a backup")]
    Damaged(&'static str),
    /// No such thing.
    #[error("there is no such {0}")]
    NoSuch(&'static str),
    /// Not in this state.
    #[error("{0}")]
    Conflict(&'static str),
    /// A consent event among others that cannot be recorded beside those that are there.
    #[error("event {} of those to be recorded: {refusal}", index + 1)]
    Consent {
        /// Its position among them, from 0.
        index: u64,
        /// Why.
        refusal: ConsentRefusal,
    },
    /// SQLite said no.
    #[error("the database said no")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => StoreError::Full,
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                StoreError::Damaged("the database file")
            }
            _ => StoreError::Sqlite(error),
        }
    }
}
