//! Secrets on disk and what is derived from them.
//!
//! Three kinds: the *linkage key* that partners share and the service must never have, the *service key* that no
//! partner has, and the *signing keys* with which each signs what it hands over. This room reads and writes their
//! files and makes the derivations of `docs/PROTOCOL.md`.
//!
//! Must never: take a secret from an argument or the environment; print one; leave a copy in memory behind it.
//! Callers: `extract` and the partner's commands (linkage and signing keys), `intake` and the service's commands
//! (service key), `demo`.

mod file;
mod linkage;
mod service;
mod signing;

pub use file::{Example, KeyFileError, Kind};
pub use linkage::{KeyId, LinkageKey, TokenKey};
pub use service::ServiceKey;
pub use signing::{Fingerprint, Signature, SigningKey, VerifyingKey};
