//! A file that one process writes and reads anywhere, and nobody ever again: its key exists in memory alone.
//!
//! Chunks of 16 KiB, each encrypted anew whenever a byte of it changes, under a nonce that counts up. Which nonce a chunk has
//! stands in memory, so that a chunk put back on disk as it was before is refused like one that was changed.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::message::{Cipher, TAG, read_at, write_at};
use super::passing_key;

/// Plain bytes of a chunk: small, for a merge reads a little of many places.
const CHUNK: u64 = 16 << 10;
const MESSAGE: u64 = CHUNK + TAG as u64;

/// The file.
pub struct Scratch {
    file: File,
    cipher: Cipher,
    /// Counts writes.
    nonces: AtomicU64,
    /// The nonce of each chunk; 0 for one that was never written.
    chunks: Mutex<Vec<u64>>,
    /// Held, by stripe, by whoever works on a chunk.
    working: Vec<Mutex<()>>,
}

impl Scratch {
    /// Takes an empty file over.
    #[must_use]
    pub fn new(file: File) -> Scratch {
        let working = (0..16).map(|_| Mutex::default()).collect();
        let (nonces, chunks) = (AtomicU64::new(1), Mutex::default());
        Scratch { file, cipher: passing_key(b"KBW1"), nonces, chunks, working }
    }

    /// Writes at a place. Threads may write side by side.
    ///
    /// # Errors
    /// I/O errors.
    pub fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut plain = Vec::new();
        for part in parts(at, bytes.len()) {
            let _working = self.work_on(part.chunk);
            // A chunk that is written whole is not read before.
            if part.within == (0..CHUNK as usize) {
                plain.clear();
                plain.extend_from_slice(&bytes[part.of]);
            } else {
                self.load(part.chunk, &mut plain)?;
                plain[part.within].copy_from_slice(&bytes[part.of]);
            }
            let nonce = self.nonces.fetch_add(1, Ordering::Relaxed);
            let tag = self.cipher.seal(counted(nonce), &part.chunk.to_be_bytes(), &mut plain);
            plain.extend_from_slice(&tag);
            write_at(&self.file, &plain, part.chunk * MESSAGE)?;
            let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
            let at = usize::try_from(part.chunk).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
            if chunks.len() <= at {
                chunks.resize(at + 1, 0);
            }
            chunks[at] = nonce;
        }
        Ok(())
    }

    /// Fills the buffer from a place on. What was never written is zero, within a chunk that was, and an error elsewhere.
    ///
    /// # Errors
    /// [`super::Unsealed`] in an I/O error where the file was changed behind the process's back, and other I/O errors.
    pub fn read(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut plain = Vec::new();
        for part in parts(at, buffer.len()) {
            let _working = self.work_on(part.chunk);
            if self.nonce_of(part.chunk) == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.load(part.chunk, &mut plain)?;
            buffer[part.of].copy_from_slice(&plain[part.within]);
        }
        Ok(())
    }

    /// Brings a chunk into memory: zeros when it was never written.
    fn load(&self, chunk: u64, plain: &mut Vec<u8>) -> io::Result<()> {
        let nonce = self.nonce_of(chunk);
        if nonce == 0 {
            plain.clear();
            plain.resize(CHUNK as usize, 0);
            return Ok(());
        }
        // What is read over need not be wiped first.
        plain.resize(MESSAGE as usize, 0);
        let read = read_at(&self.file, plain, chunk * MESSAGE)?;
        plain.truncate(read);
        let length = self.cipher.open(counted(nonce), &chunk.to_be_bytes(), plain)?;
        plain.truncate(length);
        Ok(())
    }

    fn nonce_of(&self, chunk: u64) -> u64 {
        let chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        usize::try_from(chunk).ok().and_then(|at| chunks.get(at).copied()).unwrap_or(0)
    }

    fn work_on(&self, chunk: u64) -> MutexGuard<'_, ()> {
        let stripes = self.working.len() as u64;
        self.working[(chunk % stripes) as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn counted(nonce: u64) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&nonce.to_be_bytes());
    bytes
}

/// What of a stretch lies in one chunk.
struct Part {
    chunk: u64,
    within: Range<usize>,
    /// The same, by its place in the stretch.
    of: Range<usize>,
}

fn parts(at: u64, length: usize) -> impl Iterator<Item = Part> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let left = length - done;
        let place = at + done as u64;
        let (chunk, from) = (place / CHUNK, (place % CHUNK) as usize);
        let take = left.min(CHUNK as usize - from);
        let of = done..done + take;
        done += take;
        (take != 0).then_some(Part { chunk, within: from..from + take, of })
    })
}
