//! Secrets on disk and what is derived from them.
//!
//! Three kinds: the *linkage key* that partners share and the service must never have, the *service key* that no
//! partner has, and the *signing keys* with which each signs what it hands over. This room reads and writes their
//! files and makes the derivations of `docs/PROTOCOL.md`. It also wraps the linkage key for the partners, splits it for
//! keeping, and names it in words.
//!
//! Must never: take a secret from an argument or the environment; print one; leave a copy in memory behind it.
//! Callers: `extract` and the partner's commands (linkage and signing keys), `intake` and the service's commands
//! (service key), `client` (a bearer token's file), `demo`.

mod danish;
mod file;
#[cfg(feature = "age")]
mod handover;
mod linkage;
pub mod private;
mod service;
mod share;
mod signing;
mod words;

pub use file::{Example, KeyFileError, Kind};
#[cfg(feature = "age")]
pub use handover::{
    HandoverError, Identities, IdentityFault, Place, RecipientFault, Recipients, Wrapping, open, unwrap, wrap,
};
pub use linkage::{KeyId, KeyIdError, LinkageKey, TokenKey};
pub use service::ServiceKey;
pub use share::{Share, ShareError, combine, save_shares, split};
pub use signing::{Fingerprint, Signature, SigningKey, SigningTextError, VerifyingKey};
pub use words::words;
