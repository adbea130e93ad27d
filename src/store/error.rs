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
    /// Made by an earlier version.
    #[error(
        "the data folder was made by an earlier version of koblingd (schema {found}, this is {latest}); run `koblingd migrate --dry-run`, then `koblingd migrate`"
    )]
    Older {
        /// Version of its schema.
        found: u32,
        /// The version that this program reads and writes.
        latest: u32,
    },
    /// A migration that was cut short.
    #[error("a migration of this data folder was cut short; run `koblingd migrate` again, which carries on")]
    Unfinished,
    /// Not the schema of any version.
    #[error(
        "the database's schema is of no version of koblingd: something else has changed it; restore it from a backup"
    )]
    Schema,
    /// The disk takes no more writes, and SQLite does not say why.
    #[error(
        "the disk of the data folder takes no writes: it is full, over its quota, or broken; nothing that was acknowledged is lost; see to it and send it again"
    )]
    Unwritable,
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

/// Extended result codes of writes that failed: of the file, its growth, its log's index, and making it durable
/// (<https://sqlite.org/rescode.html>: `SQLITE_IOERR_WRITE`, `_FSYNC`, `_TRUNCATE`, `_SHMSIZE`, `_SHMMAP`).
const UNWRITABLE: [i32; 5] = [778, 1034, 1546, 4874, 5386];

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        let extended = error.sqlite_error().map(|inner| inner.extended_code);
        match error.sqlite_error_code() {
            // SQLite calls a disk full where the system says ENOSPC, and not where a quota or a file's limit is reached.
            _ if extended.is_some_and(|code| UNWRITABLE.contains(&code)) => StoreError::Unwritable,
            Some(rusqlite::ErrorCode::DiskFull) => StoreError::Full,
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                StoreError::Damaged("the database file")
            }
            _ => StoreError::Sqlite(error),
        }
    }
}
