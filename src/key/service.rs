//! The service key: re-keys tokens into links, and signs receipts.
//!
//! One secret file outside the data folder; from it, by HKDF-SHA-256 (RFC 5869) with the salt `kobling/v1/service`:
//! the re-keying key (info `link`), the Ed25519 seed (info `signing`) and the key of everything at rest (info `at-rest`).

use std::path::Path;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroize as _;

use super::file::{self, Example, KeyFileError, Kind};
use super::linkage::TokenKey;
use super::signer::SigningKey;
use crate::clock::Timestamp;
use crate::secret::{Random, Secret};

/// The service's own secret. No partner has it, and no backup holds it.
#[derive(Debug)]
pub struct ServiceKey(Secret<32>);

impl ServiceKey {
    /// A fresh key.
    #[must_use]
    pub fn generate(random: &mut dyn Random) -> ServiceKey {
        ServiceKey(Secret::generate(random))
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn load(path: &Path, example: Example) -> Result<ServiceKey, KeyFileError> {
        file::load(path, Kind::Service, example).map(|loaded| ServiceKey(loaded.secret))
    }

    /// Writes a new key file, mode 0600; an existing file is left alone.
    ///
    /// # Errors
    /// [`KeyFileError::File`].
    pub fn save(&self, path: &Path, created: Timestamp) -> Result<(), KeyFileError> {
        let comments = [
            ("Kobling", "service key; never in the data folder, a backup, or a partner's hands".to_owned()),
            ("created", created.to_string()),
        ];
        file::write_new(path, Kind::Service, false, &comments, &self.0)
    }

    /// The key that turns tokens into links.
    #[must_use]
    pub fn link_key(&self) -> TokenKey {
        let mut bytes = self.derive(b"link");
        let key = TokenKey::new(&bytes);
        bytes.zeroize();
        key
    }

    /// The key that signs receipts.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&mut self.derive(b"signing"))
    }

    /// What everything in the data folder is encrypted under: for `vault` alone, which derives further.
    #[must_use]
    pub fn at_rest(&self) -> Secret<32> {
        Secret::new(&mut self.derive(b"at-rest"))
    }

    fn derive(&self, info: &[u8]) -> [u8; 32] {
        let mut bytes = [0; 32];
        let secret = self.0.expose("key derivation");
        Hkdf::<Sha256>::new(Some(b"kobling/v1/service"), secret)
            .expand(info, &mut bytes)
            .expect("32 bytes are asked for");
        bytes
    }
}
