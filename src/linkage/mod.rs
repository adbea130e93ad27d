//! From links to persons: dense person numbers, aliases, families, and how well it went.
//!
//! A person number stands for a link in everything that follows the seal, so that columns are small and sets of
//! persons are bitmaps. Must never: show a link or a number in a message, reuse a number, or let a number tell when
//! its link arrived. Callers: the seal, and whoever keeps the pairs (`store`).

pub mod alias;
mod batch;
pub mod family;
mod intern;
pub mod quality;
pub mod spine;
pub(crate) mod work;

pub use alias::{Alias, Joined, components};
pub use quality::{PartQuality, PersonCount, Quality, Stated};
pub use spine::{Spine, SpineError};

pub(crate) use batch::Batch;
pub(crate) use intern::Interner;
