//! A file written once, from front to end, and read anywhere.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `KBV1` |
//! | 32 | salt |
//! | 65,552 each | a chunk: 65,536 bytes and their tag; the last is shorter, and there always is one |

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::message::{Cipher, TAG, Unsealed, read_at};
use super::{SALT, Vault, unpredictable};

const KIND: &[u8; 4] = b"KBV1";
const HEADER: u64 = 4 + SALT as u64;
/// Plain bytes of a chunk.
pub(super) const CHUNK: usize = 64 << 10;
const MESSAGE: u64 = (CHUNK + TAG) as u64;
/// Most chunks: the counter has 32 bits. 256 TiB.
const MOST_CHUNKS: u64 = 1 << 32;

/// The nonce of a chunk. Its position cannot be taken for another's, nor the last chunk for one that is not.
fn nonce(at: u64, last: bool) -> io::Result<[u8; 12]> {
    let at = u32::try_from(at).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&at.to_be_bytes());
    nonce[11] = u8::from(last);
    Ok(nonce)
}

/// Writes a sealed file. What is not [`finish`](SealedWriter::finish)ed is cut, and refused when it is read.
pub struct SealedWriter<W: Write> {
    out: W,
    cipher: Cipher,
    /// Plain bytes of the chunk being filled, and room for its tag.
    chunk: Vec<u8>,
    /// Chunks written.
    at: u64,
}

impl<W: Write> SealedWriter<W> {
    /// Begins a file under a name.
    ///
    /// # Errors
    /// I/O errors.
    pub fn new(vault: &Vault, mut out: W, name: &str) -> io::Result<SealedWriter<W>> {
        let salt = unpredictable();
        out.write_all(KIND)?;
        out.write_all(&salt)?;
        let (cipher, _) = vault.file(KIND, &salt, name);
        Ok(SealedWriter { out, cipher, chunk: Vec::with_capacity(CHUNK + TAG), at: 0 })
    }

    /// What it is written to.
    #[must_use]
    pub const fn get_ref(&self) -> &W {
        &self.out
    }

    /// Ends the file; returns what it was written to, for who makes it durable.
    ///
    /// # Errors
    /// I/O errors.
    pub fn finish(mut self) -> io::Result<W> {
        self.put(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn put(&mut self, last: bool) -> io::Result<()> {
        let tag = self.cipher.seal(nonce(self.at, last)?, &[], &mut self.chunk);
        self.chunk.extend_from_slice(&tag);
        // A nonce is used once: whatever becomes of this write, the next chunk has another.
        self.at += 1;
        let written = self.out.write_all(&self.chunk);
        self.chunk.clear();
        written
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.put(false)?;
        }
        let take = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..take]);
        Ok(take)
    }

    /// Hands on whole chunks; the unfinished one stays.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A sealed file, read anywhere. Threads may read side by side.
pub struct SealedFile {
    file: File,
    cipher: Cipher,
    /// Plain bytes.
    length: u64,
    chunks: u64,
    /// The chunk read last: whoever reads on reads in it.
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    chunk: Option<u64>,
    bytes: Vec<u8>,
}

impl SealedFile {
    /// Opens the file that was sealed under a name, and reads its last chunk, so that a cut one is refused here.
    ///
    /// # Errors
    /// [`Unsealed`] in an I/O error, and other I/O errors.
    pub fn open(vault: &Vault, path: &Path, name: &str) -> io::Result<SealedFile> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut header = [0; HEADER as usize];
        let read = read_at(&file, &mut header, 0)?;
        if read < 4 || header[..4] != *KIND {
            return Err(if bytes == 0 { Unsealed::Refused } else { Unsealed::Plain }.into());
        }
        let messages =
            bytes.checked_sub(HEADER).filter(|rest| *rest >= TAG as u64).ok_or(Unsealed::Refused)?;
        let chunks = messages.div_ceil(MESSAGE);
        // What the last message lacks in length it lacks in bytes: it has its tag at least.
        if chunks > MOST_CHUNKS || messages - (chunks - 1) * MESSAGE < TAG as u64 {
            return Err(Unsealed::Refused.into());
        }
        let salt = header[4..].try_into().expect("the header's rest");
        let (cipher, _) = vault.file(KIND, &salt, name);
        let length = messages - chunks * TAG as u64;
        let file = SealedFile { file, cipher, length, chunks, held: Mutex::default() };
        file.fill(&mut Held::default(), chunks - 1)?;
        Ok(file)
    }

    /// Plain bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Reads plain bytes from a place on; fewer than asked for at the end only.
    ///
    /// # Errors
    /// [`Unsealed`] in an I/O error, and other I/O errors.
    pub fn read_at(&self, mut at: u64, mut buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        while !buffer.is_empty() && at < self.length {
            let (chunk, from) = (at / CHUNK as u64, (at % CHUNK as u64) as usize);
            self.fill(&mut held, chunk)?;
            let plain = &held.bytes[from..];
            let take = plain.len().min(buffer.len());
            buffer[..take].copy_from_slice(&plain[..take]);
            buffer = &mut buffer[take..];
            done += take;
            at += take as u64;
        }
        Ok(done)
    }

    /// Brings a chunk into memory.
    fn fill(&self, held: &mut Held, chunk: u64) -> io::Result<()> {
        if held.chunk == Some(chunk) {
            return Ok(());
        }
        held.chunk = None;
        let last = chunk + 1 == self.chunks;
        let plain = if last { (self.length - chunk * CHUNK as u64) as usize } else { CHUNK };
        held.bytes.resize(plain + TAG, 0);
        let read = read_at(&self.file, &mut held.bytes, HEADER + chunk * MESSAGE)?;
        held.bytes.truncate(read);
        let plain = self.cipher.open(nonce(chunk, last)?, &[], &mut held.bytes)?;
        held.bytes.truncate(plain);
        held.chunk = Some(chunk);
        Ok(())
    }
}

/// A place in a sealed file, from which it is read on.
pub struct SealedReader {
    file: Arc<SealedFile>,
    at: u64,
}

impl SealedReader {
    /// From a place on.
    #[must_use]
    pub const fn new(file: Arc<SealedFile>, at: u64) -> SealedReader {
        SealedReader { file, at }
    }
}

impl Read for SealedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.at, buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for SealedReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Encrypts a file in clear under a name, by another beside it, whose name ends otherwise until it is durable. One that is sealed already
/// is left as it is: `false`. The folder's own sync is the caller's.
///
/// # Errors
/// I/O errors.
pub fn encrypt_file(vault: &Vault, path: &Path, end: &str, name: &str) -> io::Result<bool> {
    let mut plain = File::open(path)?;
    let mut kind = [0; 4];
    if read_at(&plain, &mut kind, 0)? == 4 && kind == *KIND {
        return Ok(false);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(end);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = SealedWriter::new(vault, options.open(&beside)?, name)?;
    io::copy(&mut plain, &mut out)?;
    out.finish()?.sync_all()?;
    drop(plain);
    std::fs::rename(&beside, path)?;
    Ok(true)
}
