//! The page signs nothing in here: a browser's own cryptography does, outside this library (`src/web/tokeniser`).

use super::signing::{Signature, VerifyingKey};

/// A private signing key, of which there is none.
#[derive(Debug)]
pub enum SigningKey {}

impl SigningKey {
    /// The public half.
    #[must_use]
    pub const fn verifying_key(&self) -> VerifyingKey {
        match *self {}
    }

    /// Signs a message under a context.
    #[must_use]
    pub const fn sign(&self, _context: &'static str, _message: &[u8]) -> Signature {
        match *self {}
    }
}
