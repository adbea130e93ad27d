//! The partner's side: read an extract, check it, tokenise it, shuffle it, pack it.
//!
//! Plain identities exist only in here, row by row, in memory. Must never: write one to disk, show one in a message,
//! let the order of the package tell the order of the extract, or know anything of a server. Callers: the partner's
//! commands, and the demo.

mod columns;
mod consent_package;
pub mod consents;
mod days;
pub mod findings;
pub mod manifest;
mod mapping;
mod pack;
mod read;
mod reread;
mod row;
mod run;
pub mod screen;
mod shuffle;

pub use columns::{Decimal, HeaderError};
pub use consent_package::{ConsentJob, package_consents};
pub use mapping::{ColumnMapping, DateForm, FileForm, MAPPING_FORMAT, Mapping};
pub use pack::{Package, PackageError};
pub use read::{Declared, ReadError, Source, parse_encoding};
pub use reread::{About, Reread, reread};
pub use run::{ExtractError, Job, MaxRejected, MaxRejectedError, Unwatched, Watch, check, tokenise};
pub use screen::Unusual;
