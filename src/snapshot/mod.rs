//! Sealed, immutable, linked data: writing a snapshot, and loading it for questions.
//!
//! A snapshot is a folder: a Parquet file a dataset, sorted by (person, day); `persons.parquet`; `withheld.roaring`;
//! `snapshot.json` with the digests of all of them; each is sealed by the vault. It is whole or it is not there. Must never: hold a link or a token, be changed once written
//! (but for erasure), or be read when a byte differs from what was sealed. Callers: the service's operations, and the
//! questions.

mod columns;
mod erase;
mod error;
mod file;
mod folder;
mod gather;
mod group;
mod grouping;
mod lazy;
mod load;
mod manifest;
mod merge;
mod plan;
mod publish;
mod read;
mod record;
mod rewrite;
mod seal;
mod sort;
#[cfg(test)]
mod tests;
mod withheld;
mod work;

pub use columns::{Columns, Snapshot};
pub use erase::Erasure;
pub use error::SealError;
pub use folder::{encrypt_plain, folder_name, generation_of, remove_orphans};
pub use grouping::Grouping;
pub use lazy::LazySnapshot;
pub use load::{LoadError, MEMORY_SETTING, load_quality};
pub use manifest::SNAPSHOT_FILE;
pub use rewrite::{RewriteError, remove_folder, rewrite};
pub use seal::{SealInputs, SealLimits, SealPhase, SealReport, StagedInput, seal, seal_within};
pub use withheld::Withheld;
