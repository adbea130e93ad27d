//! A data folder in one encrypted file, and back.
//!
//! An archive is a `tar` of the folder as it stood at one moment, encrypted to `age` recipients: a copy of the database, the staged
//! files and the snapshots that it names, as they lie on the disk, encrypted under the vault's key. `backup.json` stands first and
//! says what it is; `digests.json` and its signature stand last, and without them it is no backup. So whoever opens one needs the
//! identity, and whoever reads what is in it the service key besides, which is in no archive.
//!
//! Must never: hold or take the service key along, change anything in the folder that it reads but its own working folder, unpack
//! what it does not know, or leave half a folder behind. Callers: the service's operations and the operator's commands.

mod error;
mod manifest;
mod read;
mod restore;
mod write;

pub use error::BackupError;
pub use manifest::About;
pub use read::{Checked, Seen, check};
pub use restore::{Restored, Unpacked, WhoRestores, unpack};
pub use write::{Making, WORKING, Wanted};

/// Context under which the list of digests is signed.
pub const BACKUP_CONTEXT: &str = "kobling/v1/backup";

/// Told how many bytes are done, and of how many; 0 where that is not known.
pub type Watch<'a> = &'a mut dyn FnMut(u64, u64) -> std::io::Result<()>;
