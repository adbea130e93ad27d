//! The partner's side: read an extract, check it, tokenise it, shuffle it, pack it.
//!
//! Plain identities exist only in here, row by row, in memory. Must never: write one to disk, show one in a message,
//! let the order of the package tell the order of the extract, or know anything of a server. Callers: the partner's
//! commands, and the demo.

mod alias_package;
pub mod aliases;
mod columns;
mod consent_package;
pub mod consents;
mod days;
mod derive;
mod elsewhere;
pub mod inspect;
mod limit;
mod line;
pub mod list;
pub mod manifest;
mod mapping;
mod pack;
mod read;
pub mod report;
mod reread;
mod row;
mod run;
pub mod screen;
mod shuffle;
#[cfg_attr(target_family = "wasm", path = "no_spill.rs")]
mod spill;

pub use alias_package::{AliasJob, AliasReport, check_aliases, package_aliases};
pub use columns::{Decimal, HeaderError};
pub use consent_package::{ConsentJob, package_consents};
pub use elsewhere::{gather, tokenise_with};
pub use limit::{MaxRejected, MaxRejectedError, Percent};
pub use list::read_day;
pub use mapping::{
    Asked, Certainty, Change, Choice, ColumnMapping, DateForm, Difference, FileForm, Fit, Known,
    MAPPING_FORMAT, Mapping, MappingError, MappingProblem, Proposed, SAMPLE_ROWS, Seen, Shape, Survey,
    SurveyError, asks_the_file, propose,
};
pub use pack::{Package, PackageError};
pub use read::{Declared, Foreign, ReadError, Source, TableFault, WorkbookFault, parse_encoding};
pub use reread::{About, Reread, reread};
pub use run::{ExtractError, Job, Unwatched, Watch, check, tokenise};
pub use screen::Unusual;
