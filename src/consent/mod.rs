//! Consent: events, never states, and the fold that turns them into a permission.
//!
//! `event`, `batch`, `fits` and `refusal` are the record that a partner writes and everybody can check; `fold` says what the events
//! of one person at one source permit at a moment; `permit` puts that for all persons into a form that a question
//! can ask once per row. Rules, and worked cases that the tests run: `docs/CONSENT.md`.
//!
//! Must never: take silence for a yes; let a state be stored in place of the events; let the order of arrival matter;
//! print a token or a record. No store and no clock here: the events, the moment and what was known are passed in.
//! Callers: the partner's command and intake (`event`, `batch`); the plan of a question, follow-up, and what tells others how a
//! record stands (`fold`, `permit`).

#[cfg(feature = "service")]
mod arrival;
mod as_of;
mod barrier;
mod batch;
#[cfg(feature = "service")]
mod book;
mod event;
mod fits;
#[cfg_attr(
    not(feature = "service"),
    expect(dead_code, reason = "a partner asks for the gate alone; the windows are read by questions")
)]
mod fold;
mod held;
#[cfg(feature = "service")]
mod ledger;
#[cfg(feature = "service")]
mod line;
#[cfg(feature = "service")]
mod permit;
mod refusal;
#[cfg(feature = "service")]
mod retention;
mod row;
#[cfg(feature = "service")]
mod standing;

#[cfg(feature = "service")]
pub use arrival::Arrival;
pub use as_of::{AS_OF_CONTEXT, AsOfAnswer, AsOfLine, AsOfQuestion, KnownAt};
pub use batch::{ConsentBatch, ConsentBatchError};
pub use event::{
    CONSENT_SCHEMA, ConsentEvent, ConsentRecord, EventKind, GivenBy, LegalBasis, Method, Notice, RecordId,
    RecordIdError, RowWindow,
};
pub use fold::{AsOf, Known, Permission, Use, fold, last_day};
pub use held::{
    AliasHeld, ConsentsHeld, DatasetHeld, HELD_CONTEXT, Held, HeldEvent, HeldPermit, HeldRequest, LookupHeld,
    Stretch, UseHeld,
};
#[cfg(feature = "service")]
pub use ledger::{ConsentLedger, Current, Wanted};
#[cfg(feature = "service")]
pub use permit::{Allowed, Permits, PermitsBuilder, PersonsOfSource, Those};
#[cfg(not(target_family = "wasm"))]
pub(crate) use refusal::holds_cpr;
pub use refusal::{ConsentRefusal, is_label};
#[cfg(feature = "service")]
pub use retention::{Due, Tombstone, due};
pub use row::{CONSENT_COLUMNS, FieldProblem, NoLine};
#[cfg(feature = "service")]
pub use standing::{Days, denied, disclosable, keepable};
