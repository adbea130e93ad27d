//! What is public of Ed25519 (RFC 8032): public keys, signatures and fingerprints, and their text forms.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A public signing key, written as 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerifyingKey(pub(super) [u8; 32]);

impl VerifyingKey {
    /// The 32 bytes of RFC 8032.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What two people compare on the telephone: the first 10 bytes of SHA-256 over the key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut short = [0; 10];
        short.copy_from_slice(&Sha256::digest(self.0)[..10]);
        Fingerprint(short)
    }
}

/// A signature, 64 bytes, written as 86 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub(super) [u8; 64]);

/// Short name of a public key: five groups of four hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 10]);

impl Fingerprint {
    /// The fingerprint in words, one for each byte, for two people to compare on the telephone.
    #[must_use]
    pub fn words(&self) -> String {
        super::words::words(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if at > 0 && at % 2 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no public key or signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningTextError {
    /// Not a public key.
    #[error("a public key has 43 characters of base64url")]
    Key,
    /// Not a signature.
    #[error("a signature has 86 characters of base64url")]
    Signature,
}

macro_rules! base64_text {
    ($type:ident, $len:literal, $error:expr) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $type {
            type Err = SigningTextError;

            fn from_str(text: &str) -> Result<$type, SigningTextError> {
                let mut bytes = [0; $len];
                match URL_SAFE_NO_PAD.decode_slice(text.trim(), &mut bytes) {
                    Ok($len) => Ok($type(bytes)),
                    _ => Err($error),
                }
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
base64_text!(VerifyingKey, 32, SigningTextError::Key);
base64_text!(Signature, 64, SigningTextError::Signature);
