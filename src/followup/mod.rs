//! What a partner may learn of its own referrals, and what it makes of it.
//!
//! `request` is what goes over the wire, `asking`, `answers` and `worklist` what the partner's own tool keeps and makes of it; at the service,
//! `sheet` holds the rows that matter out of a snapshot, `tell` says what one person's rows and events let be told, and
//! `pace` when an answer leaves. Rules: `docs/CONSENT.md`, "Follow-up".
//!
//! Must never: tell more than status ids (no partner, no day, no number); tell a token that is unknown from one that is
//! not permitted; keep an answer, or a pair of an identity and a token, at the service. Callers: the partner's commands
//! (`request`, `answers`, `worklist`); the service's operations.

mod answers;
#[cfg(feature = "partner")]
mod asking;
#[cfg(feature = "service")]
mod pace;
#[cfg(feature = "service")]
mod referrals;
mod request;
#[cfg(feature = "service")]
mod sheet;
#[cfg(feature = "service")]
mod tell;
#[cfg(all(test, feature = "service"))]
mod tests;
mod worklist;

pub use answers::{ANSWERS_FORMAT, Answer, Answers};
#[cfg(feature = "partner")]
pub use asking::ask_all;
#[cfg(feature = "service")]
pub use pace::leaves_after;
#[cfg(feature = "service")]
pub use referrals::{Referral, Referrals, VOLUME_DAYS, settle};
pub use request::{LOOKUP_CONTEXT, Lookup, LookupRefusal, NONCE_BYTES, Told, ToldAll, check_label};
#[cfg(feature = "service")]
pub use sheet::{OwnRow, Sheet, ShownRow, may_ask};
#[cfg(feature = "service")]
pub use tell::{Asked, tell};
pub use worklist::{Reason, Wanted, reasons};
