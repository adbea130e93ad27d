//! Sealed, immutable, linked data: writing a snapshot, and loading it for questions.
//!
//! A snapshot is a folder: a Parquet file a dataset, sorted by (person, day); `persons.parquet`; `snapshot.json` with
//! the digests of both. It is whole or it is not there. Must never: hold a link or a token, be changed once written
//! (but for erasure), or be read when a byte differs from what was sealed. Callers: the service's operations, and the
//! questions.

mod columns;
mod file;
mod folder;
mod grouping;
mod lazy;
mod load;
mod manifest;
mod rows;
mod seal;
#[cfg(test)]
mod tests;

pub use columns::{Columns, Snapshot};
pub use folder::remove_orphans;
pub use grouping::Grouping;
pub use lazy::LazySnapshot;
pub use load::{LoadError, MEMORY_SETTING, load_quality};
pub use manifest::SNAPSHOT_FILE;
pub use seal::{SealError, SealInputs, SealReport, StagedInput, seal};
