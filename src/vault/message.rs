//! One message: AES-256-GCM with the file's kind and name as associated data.

use std::fs::File;
use std::io;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

/// Bytes that a message is longer than its plaintext.
pub(super) const TAG: usize = 16;

/// Why a sealed file is refused. The content of an [`io::Error`] of kind [`io::ErrorKind::InvalidData`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsealed {
    /// It is in clear: from a version before 0.2.0.
    #[error("it is not encrypted: `koblingd migrate` takes a data folder of an earlier version over")]
    Plain,
    /// It does not open: changed, cut, under another name, or of another service key.
    #[error("it was changed, cut or exchanged, or belongs to another service key")]
    Refused,
}

impl From<Unsealed> for io::Error {
    fn from(why: Unsealed) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, why)
    }
}

impl Unsealed {
    /// Why an I/O error came of a sealed file, if it did.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Unsealed> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// The cipher of one file.
pub(super) struct Cipher {
    key: LessSafeKey,
    /// Kind and name, in front of what a message adds.
    bound: Vec<u8>,
}

impl Cipher {
    pub(super) fn new(key: &[u8; 32], kind: &'static [u8; 4], name: &str) -> Cipher {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("the key has the cipher's length");
        Cipher { key: LessSafeKey::new(key), bound: [kind.as_slice(), name.as_bytes()].concat() }
    }

    /// Encrypts in place. `nonce` is used once under this cipher, and that is the caller's to keep.
    pub(super) fn seal(&self, nonce: [u8; 12], more: &[u8], plain: &mut [u8]) -> [u8; TAG] {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self.key.seal_in_place_separate_tag(nonce, self.bound(more), plain);
        let tag = sealed.expect("a message is far below the cipher's limit of 64 GiB");
        tag.as_ref().try_into().expect("GCM's tag has 16 bytes")
    }

    /// Decrypts a message in place; the plaintext is what stands in front of its tag.
    pub(super) fn open(&self, nonce: [u8; 12], more: &[u8], message: &mut [u8]) -> Result<usize, Unsealed> {
        let plain = message.len().checked_sub(TAG).ok_or(Unsealed::Refused)?;
        let (text, tag) = message.split_at_mut(plain);
        let tag = Tag::try_from(&*tag).map_err(|_| Unsealed::Refused)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key
            .open_in_place_separate_tag(nonce, self.bound(more), tag, text, 0..)
            .map_err(|_| Unsealed::Refused)?;
        Ok(plain)
    }

    fn bound(&self, more: &[u8]) -> Aad<Vec<u8>> {
        // A length in front of nothing: names are followed by 8 bytes or by none, as the kind has it.
        Aad::from([self.bound.as_slice(), more].concat())
    }
}

/// Reads at a place without moving anybody else's; fewer bytes than asked for at the file's end only.
pub(super) fn read_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<usize> {
    let mut done = 0;
    while !buffer.is_empty() {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file, buffer, at);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, at);
        match read {
            Ok(0) => break,
            Ok(read) => {
                done += read;
                at += read as u64;
                buffer = &mut buffer[read..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Writes at a place.
pub(super) fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        #[cfg(unix)]
        let written = std::os::unix::fs::FileExt::write_at(file, bytes, at);
        #[cfg(windows)]
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at);
        match written {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                at += written as u64;
                bytes = &bytes[written..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
