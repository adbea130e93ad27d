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

#[cfg(feature = "service")]
mod archive;
mod danish;
mod file;
#[cfg(feature = "partner")]
mod handover;
mod linkage;
pub mod private;
#[cfg(not(target_family = "wasm"))]
mod service;
#[cfg(not(target_family = "wasm"))]
mod share;
#[cfg(target_family = "wasm")]
#[path = "nobody.rs"]
mod signer;
#[cfg(not(target_family = "wasm"))]
mod signer;
mod signing;
mod words;

#[cfg(feature = "service")]
pub use archive::{OpenError, Opened, Sealing};
pub use file::{Example, KeyFileError, Kind};
#[cfg(feature = "partner")]
pub use handover::{
    HandoverError, Identities, IdentityFault, Place, RecipientFault, Recipients, Wrapping, open, unwrap, wrap,
};
pub use linkage::{KeyId, KeyIdError, LinkageKey, TokenKey};
#[cfg(not(target_family = "wasm"))]
pub use service::ServiceKey;
#[cfg(not(target_family = "wasm"))]
pub use share::{Share, ShareError, combine, save_shares, split};
pub use signer::SigningKey;
pub use signing::{Fingerprint, Signature, SigningTextError, VerifyingKey};
pub use words::words;
