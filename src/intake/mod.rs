//! The service's side of an upload: receive, verify, re-key, stage.
//!
//! An upload is [`open`]ed by its manifest and signature; its bytes then go through a [`Receiver`], block by block, into
//! a [`staged`] file. Every refusal is an [`IntakeRefusal`]: what, where, what to do, and never a value.
//!
//! Must never: write a raw token to disk, a log or an answer; count anything that is not verified; let what one
//! partner sees depend on another partner's data. Callers: the service's operations.

pub(crate) mod danish;
mod erase;
pub mod lists;
mod open;
mod persons;
mod plain;
mod receive;
mod refusal;
mod rows;
pub mod staged;
#[cfg(test)]
mod tests;

pub use erase::{StagedErasure, erase_staged, named_in};
pub use lists::{Arriving, ListReceiver, OpenedList};
pub use open::{Opened, Uploader, open, signed_by};
pub use persons::{Persons, UnusualPackage, Weight};
pub use plain::{Encrypted, PlainForm, encrypt_plain};
pub use receive::{ReceiveError, Received, Receiver};
pub use refusal::{IntakeRefusal, RowProblem};
