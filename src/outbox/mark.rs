//! The mark of an extract: tells whether a package was made of the same bytes, to the partner and to nobody else.
//!
//! A plain digest beside a package would let everybody who has the folder try out what the extract held: a small one is
//! soon found. So the mark is an HMAC under a key made of the partner's own signing key. Not of the linkage key: other
//! partners have that.

use std::io::{self, Read};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::digest::Sha256Hex;
use crate::key::SigningKey;

/// Context under which the key of marks is made. Nothing else is ever signed in it, and the signature stays here.
const CONTEXT: &str = "kobling/v1/outbox/mark";

/// Makes marks for one partner.
pub struct Marker(Hmac<Sha256>);

impl Marker {
    /// Of a partner's signing key: Ed25519 gives the same signature each time (RFC 8032), and nobody else can make it.
    #[must_use]
    pub fn new(key: &SigningKey) -> Marker {
        let signature = Zeroizing::new(key.sign(CONTEXT, b"").to_string());
        let secret = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(signature.as_bytes())));
        Marker(Hmac::new_from_slice(secret.as_slice()).expect("HMAC takes a key of any length"))
    }

    /// The mark of an extract and of all else that its package follows from; each of `terms` counts with its length.
    ///
    /// # Errors
    /// Of reading.
    pub fn mark(&self, terms: &[&[u8]], extract: &mut dyn Read) -> io::Result<Sha256Hex> {
        let mut hmac = self.0.clone();
        for term in terms {
            hmac.update(&(term.len() as u64).to_be_bytes());
            hmac.update(term);
        }
        let mut buffer = Zeroizing::new(vec![0; 1 << 18]);
        loop {
            match extract.read(&mut buffer)? {
                0 => break,
                read => hmac.update(&buffer[..read]),
            }
        }
        Ok(Sha256Hex::from_bytes(hmac.finalize().into_bytes().into()))
    }
}
