//! Ed25519 signing keys (RFC 8032): a partner signs packages and consents, the service signs receipts. By `ring`.

use std::fmt;
use std::path::Path;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::file::{self, Example, KeyFileError, Kind};
use super::signing::{Signature, VerifyingKey};
use crate::clock::Timestamp;
use crate::secret::{Random, Secret};

/// A private signing key.
pub struct SigningKey {
    seed: Secret<32>,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A fresh key.
    #[must_use]
    pub fn generate(random: &mut dyn Random) -> SigningKey {
        SigningKey::from_secret(Secret::generate(random))
    }

    /// The key of a 32-byte seed, which is wiped.
    #[must_use]
    pub fn from_seed(seed: &mut [u8; 32]) -> SigningKey {
        SigningKey::from_secret(Secret::new(seed))
    }

    fn from_secret(seed: Secret<32>) -> SigningKey {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose("the key pair is made of it"))
            .expect("every 32 bytes are a seed");
        SigningKey { seed, pair }
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn load(path: &Path, example: Example) -> Result<SigningKey, KeyFileError> {
        let loaded = file::load(path, Kind::Signing, example)?;
        let stated = loaded.comment("fingerprint").map(str::to_owned);
        let key = SigningKey::from_secret(loaded.secret);
        if stated.is_some_and(|stated| stated != key.verifying_key().fingerprint().to_string()) {
            return Err(KeyFileError::Contradiction { path: path.to_owned(), field: "fingerprint" });
        }
        Ok(key)
    }

    /// Writes a new key file, mode 0600; an existing file is left alone.
    ///
    /// # Errors
    /// [`KeyFileError::File`].
    pub fn save(
        &self,
        path: &Path,
        owner: &str,
        created: Timestamp,
        example: Example,
    ) -> Result<(), KeyFileError> {
        let public = self.verifying_key();
        let comments = [
            ("Kobling", "signing key; the service knows its public half".to_owned()),
            ("owner", owner.to_owned()),
            ("created", created.to_string()),
            ("public", public.to_string()),
            ("fingerprint", public.fingerprint().to_string()),
        ];
        file::write_new(path, Kind::Signing, example == Example::Allow, &comments, &self.seed)
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        VerifyingKey(bytes)
    }

    /// Signs a message under a context, so that a signature for one use is never one for another: the signature is
    /// over `context ‖ 0x00 ‖ message`.
    #[must_use]
    pub fn sign(&self, context: &'static str, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(&framed(context, message)).as_ref());
        Signature(bytes)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying_key().fingerprint())
    }
}

fn framed(context: &str, message: &[u8]) -> Vec<u8> {
    [context.as_bytes(), &[0], message].concat()
}

impl VerifyingKey {
    /// Whether the signature is this key's over the message in this context.
    #[must_use]
    pub fn verifies(&self, context: &'static str, message: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(&framed(context, message), &signature.0).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 1: the public key of a known seed.
    #[test]
    fn the_public_key_of_rfc_8032() {
        let mut seed = [0; 32];
        let hex = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        for (at, byte) in seed.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("hex");
        }
        let public = SigningKey::from_seed(&mut seed).verifying_key();
        let expected = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(public.0.iter().map(|b| format!("{b:02x}")).collect::<String>(), expected);
    }

    #[test]
    fn a_signature_is_bound_to_its_context_message_and_key() {
        let key = SigningKey::from_seed(&mut [1; 32]);
        let signature = key.sign("package", b"m");
        assert!(key.verifying_key().verifies("package", b"m", &signature));
        assert!(!key.verifying_key().verifies("receipt", b"m", &signature));
        assert!(!key.verifying_key().verifies("package", b"n", &signature));
        let other = SigningKey::from_seed(&mut [2; 32]).verifying_key();
        assert!(!other.verifies("package", b"m", &signature));
        assert_eq!(signature.to_string().parse(), Ok(signature));
        assert!(!format!("{key:?}").contains("seed"));
    }
}
