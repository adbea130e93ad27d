//! The audit chain: what was done, when, by whom, in an order that nobody can change unseen.
//!
//! Every entry lies in one *strand*, that of the partner it concerns or that of the service, and in one chain over all
//! strands. A partner is shown the head of its own strand alone, because a position in the whole chain would tell it how
//! much the others do (`docs/decisions/0001-audit-strands.md`).
//!
//! Everything here is pure: partners verify with the same code. Must never: hold a token, a link or a value of a person;
//! know a store, a clock or a server. Callers: `store`, the service's operations, partners' commands.

mod chain;
mod entry;
mod receipt;
mod statement;
mod subject;

pub use chain::{
    ChainError, ChainHead, ChainReport, ChainVerifier, Head, Stored, TURN_MILLIS, verify_extension,
};
pub use entry::{Actor, Deed, Entry, Strand, StrandTextError};
pub use receipt::{RECEIPT_CONTEXT, Receipt, ReceiptError, ReceiptKind, SignedReceipt};
pub use statement::{STATEMENT_CONTEXT, SignedStatement, StatementError};
pub use subject::{Item, Subject};
