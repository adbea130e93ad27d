//! Encryption at rest: whatever the service writes, only the holder of its service key reads.
//!
//! Four ways, one for each way of writing, all AES-256-GCM by `ring` but the last:
//!
//! - [`SealedWriter`] and [`SealedFile`]: written once from front to end, then read anywhere (snapshots). The STREAM construction
//!   (Hoang, Reyhanitabar, Rogaway, Vizár 2015): chunks of 64 KiB, each a message whose nonce is its position and whether it is the last.
//! - [`FrameFile`] and [`FrameReader`]: appended to over days, a message a frame, under random nonces (staged rows).
//! - [`Scratch`]: written and read anywhere by one process, under a key that no disk ever had (a seal's working files).
//! - [`Vault::database_key`]: what SQLite encrypts its pages under.
//!
//! Every file has a key of its own, by HKDF-SHA-256 from 32 random bytes at its front, and its name is bound into every message
//! as associated data: flipped, cut, reordered or under another name, it is refused. An older version of the same file under the
//! same name is not recognised here: whoever names a file keeps a digest of it or knows its rows.
//!
//! Must never: write a key anywhere, take a nonce or a salt from a repeatable stream, or say more of a file than its name.
//! Callers: `store`, `intake`, `snapshot`.

mod frames;
mod message;
mod scratch;
mod sealed;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

pub use frames::{FrameFile, FrameReader, FrameSink};
pub use message::Unsealed;
pub use scratch::Scratch;
pub use sealed::{SealedFile, SealedReader, SealedWriter, encrypt_file};

use crate::key::ServiceKey;
use crate::secret::{Random as _, Secret, SystemRandom};
use message::Cipher;

/// Random bytes at the front of a file, from which its key is made.
const SALT: usize = 32;

/// What everything at rest is encrypted under. Clones are the same vault.
#[derive(Clone)]
pub struct Vault(Arc<Secret<32>>);

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(hidden)")
    }
}

impl Vault {
    /// The vault of a service.
    #[must_use]
    pub fn of(key: &ServiceKey) -> Vault {
        Vault::new(key.at_rest())
    }

    /// The vault of a secret.
    #[must_use]
    pub fn new(secret: Secret<32>) -> Vault {
        Vault(Arc::new(secret))
    }

    /// A vault that nobody can open again: for tests and benchmarks.
    #[must_use]
    pub fn throwaway() -> Vault {
        Vault::new(Secret::generate(&mut SystemRandom::new()))
    }

    /// The database's key, as SQLite3 Multiple Ciphers takes it: `raw:` and 64 hexadecimal digits.
    #[must_use]
    pub fn database_key(&self) -> Zeroizing<String> {
        let mut key = Zeroizing::new([0; 32]);
        self.derive(b"", b"database", key.as_mut_slice());
        let mut text = Zeroizing::new(String::with_capacity(4 + 64));
        text.push_str("raw:");
        for byte in key.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).expect("four bits are a digit"));
            }
        }
        text
    }

    /// The cipher of a file, and 16 bytes by which a file shows that it is of this vault.
    fn file(&self, kind: &'static [u8; 4], salt: &[u8; SALT], name: &str) -> (Cipher, [u8; 16]) {
        let mut okm = Zeroizing::new([0; 32 + 16]);
        self.derive(salt, &[b"file/", kind.as_slice()].concat(), okm.as_mut_slice());
        let (key, check) = okm.split_at(32);
        let cipher = Cipher::new(key.try_into().expect("32 bytes"), kind, name);
        (cipher, check.try_into().expect("16 bytes"))
    }

    fn derive(&self, salt: &[u8], info: &[u8], out: &mut [u8]) {
        let secret = self.0.expose("keys of files are derived from it");
        Hkdf::<Sha256>::new(Some(salt), secret).expand(info, out).expect("a few dozen bytes are asked for");
    }
}

/// Random bytes from the operating system. Not passed in, as elsewhere: a stream that repeats, as tests and the demo pass, would
/// use a nonce twice.
fn unpredictable<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes);
    bytes
}

/// A key that exists in memory alone.
fn passing_key(kind: &'static [u8; 4]) -> Cipher {
    let mut key = unpredictable();
    let cipher = Cipher::new(&key, kind, "");
    key.zeroize();
    cipher
}
