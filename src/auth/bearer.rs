//! Bearer tokens: shown once, kept as a digest.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::secret::{Random, Secret};

const PREFIX: &str = "kobling-token-1.";

/// A principal's secret, written `kobling-token-1.` and 43 characters of base64url. No `Debug` of its content.
#[derive(Clone, Debug)]
pub struct BearerToken(Secret<32>);

/// SHA-256 of a bearer token's bytes: what the store keeps.
#[derive(Clone, Copy)]
pub struct BearerHash([u8; 32]);

/// Why a text is no bearer token. Never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bearer token is written kobling-token-1. and 43 characters of base64url")]
pub struct BearerTokenError;

impl BearerToken {
    /// A fresh token.
    #[must_use]
    pub fn generate(random: &mut dyn Random) -> BearerToken {
        BearerToken(Secret::generate(random))
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`BearerTokenError`].
    pub fn parse(text: &str) -> Result<BearerToken, BearerTokenError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(BearerTokenError)?;
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes) {
            Ok(32) => Ok(BearerToken(Secret::new(&mut bytes))),
            _ => Err(BearerTokenError),
        }
    }

    /// The text form, to be shown once to whom it is for.
    #[must_use]
    pub fn text(&self, reason: &'static str) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.0.expose(reason))))
    }

    /// The digest that is kept.
    #[must_use]
    pub fn hash(&self) -> BearerHash {
        BearerHash(Sha256::digest(self.0.expose("only the digest is kept")).into())
    }
}

impl BearerHash {
    /// A digest read back from the store.
    #[must_use]
    pub const fn from_stored(bytes: [u8; 32]) -> BearerHash {
        BearerHash(bytes)
    }

    /// The 32 bytes, for the store.
    #[must_use]
    pub const fn as_stored(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in constant time.
    #[must_use]
    pub fn matches(&self, other: &BearerHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for BearerHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerHash(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SeededRandom;

    #[test]
    fn a_token_reads_back_and_shows_itself_nowhere_else() {
        let token = BearerToken::generate(&mut SeededRandom::from_number(1));
        let text = token.text("test");
        assert_eq!(text.len(), PREFIX.len() + 43);
        assert!(BearerToken::parse(&text).expect("a token").hash().matches(&token.hash()));
        let other = BearerToken::generate(&mut SeededRandom::from_number(2));
        assert!(!other.hash().matches(&token.hash()));
        for bad in ["", "kobling-token-1.", &text[1..], &text[..text.len() - 1]] {
            assert!(BearerToken::parse(bad).is_err());
        }
        let shown = format!("{token:?} {:?}", token.hash());
        assert!(
            !shown.contains(&text[PREFIX.len()..]) && !shown.chars().any(|c| c.is_ascii_digit() && c > '3')
        );
    }
}
