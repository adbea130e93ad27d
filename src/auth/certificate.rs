//! A client certificate, by its digest.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a certificate's DER, written as 43 characters of base64url (`x5t#S256` of RFC 8705, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; 32]);

/// Whose tokens have to come over a connection that presents a client certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateDemand {
    /// Those of principals that are bound to one.
    #[default]
    #[serde(rename = "bound")]
    BoundOnly,
    /// And those of every partner.
    Partners,
    /// Everybody's.
    Everybody,
}

/// Why a text is no thumbprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a certificate's thumbprint has 43 characters of base64url, or 64 hexadecimal digits with or without colons"
)]
pub struct ThumbprintError;

impl Thumbprint {
    /// The thumbprint of a certificate in DER.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Thumbprint {
        Thumbprint(Sha256::digest(certificate).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Thumbprint {
        Thumbprint(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for Thumbprint {
    type Err = ThumbprintError;

    /// Reads base64url, or hexadecimal as `openssl x509 -fingerprint -sha256` prints it.
    fn from_str(text: &str) -> Result<Thumbprint, ThumbprintError> {
        let mut bytes = [0; 32];
        if text.len() == 43 {
            return match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
                Ok(32) => Ok(Thumbprint(bytes)),
                _ => Err(ThumbprintError),
            };
        }
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(ThumbprintError);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| ThumbprintError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ThumbprintError)?;
        }
        Ok(Thumbprint(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_writing_one_read_back() {
        // SHA-256 of "abc" (FIPS 180-4), as RFC 8705 and as openssl write it.
        let thumbprint = Thumbprint::of(b"abc");
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let colons: Vec<&str> =
            hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII")).collect();
        assert_eq!(thumbprint.to_string(), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
        for text in [thumbprint.to_string(), hex.to_owned(), colons.join(":").to_uppercase()] {
            assert_eq!(text.parse(), Ok(thumbprint), "{text}");
        }
        for bad in ["", "ba78", &hex[1..], "zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]
        {
            assert_eq!(bad.parse::<Thumbprint>(), Err(ThumbprintError), "{bad}");
        }
    }
}
