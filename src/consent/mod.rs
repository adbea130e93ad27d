//! Consent: events, never states, and the fold that turns them into a permission.
//!
//! `event`, `batch` and `refusal` are the record that a partner writes and everybody can check; `fold` says what the events
//! of one person at one source permit at a moment; `permit` puts that for all persons into a form that a question
//! can ask once per row. Rules, and worked cases that the tests run: `docs/CONSENT.md`.
//!
//! Must never: take silence for a yes; let a state be stored in place of the events; let the order of arrival matter;
//! print a token or a record. No store and no clock here: the events, the moment and what was known are passed in.
//! Callers: the partner's command and intake (`event`, `batch`); the plan of a question, and follow-up (`fold`, `permit`).

#[cfg(feature = "service")]
mod arrival;
mod batch;
mod event;
#[cfg(feature = "service")]
mod fold;
#[cfg(feature = "service")]
mod permit;
mod refusal;
#[cfg(feature = "service")]
mod retention;
#[cfg(feature = "service")]
mod standing;

#[cfg(feature = "service")]
pub use arrival::Arrival;
pub use batch::{ConsentBatch, ConsentBatchError};
pub use event::{
    CONSENT_SCHEMA, ConsentEvent, ConsentRecord, EventKind, GivenBy, LegalBasis, Method, Notice, RecordId,
    RecordIdError, RowWindow,
};
#[cfg(feature = "service")]
pub use fold::{AsOf, Known, Permission, Use, fold};
#[cfg(feature = "service")]
pub use permit::{Allowed, Permits, PermitsBuilder, PersonsOfSource, Those};
pub use refusal::ConsentRefusal;
#[cfg(feature = "service")]
pub use retention::{Kept, past};
#[cfg(feature = "service")]
pub use standing::{Days, denied, disclosable, keepable};
