//! A file that grows by frames, over days and restarts.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `KBF1` |
//! | 32 | salt |
//! | 16 | what only this vault makes of the salt |
//! | 4 | length of the message, little-endian |
//! | 12 | nonce, random: a frame that was torn is written again, and never under the same |
//! | as stated | the message, with the frame's position bound into it |
//!
//! and so on, from the length on, for each frame. A frame is whole or it is not there: reading stops at the first that does not
//! open, and the next is written in its place. A file whose head is of another vault is refused and left as it is.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::message::{Cipher, TAG, Unsealed};
use super::{SALT, Vault, unpredictable};

const KIND: &[u8; 4] = b"KBF1";
const HEADER: usize = 4 + SALT + 16;
const NONCE: usize = 12;
/// What stands in front of a message.
const FRONT: usize = 4 + NONCE;
/// Largest message: what a torn length claims is not made room for.
const MOST: usize = 1 << 28;

/// What takes frames, one a call.
pub trait FrameSink {
    /// Appends a frame.
    ///
    /// # Errors
    /// I/O errors.
    fn put(&mut self, frame: &[u8]) -> io::Result<()>;
}

/// Kept in memory.
impl FrameSink for Vec<Vec<u8>> {
    fn put(&mut self, frame: &[u8]) -> io::Result<()> {
        self.push(frame.to_vec());
        Ok(())
    }
}

/// A file of frames, open at its end.
pub struct FrameFile {
    file: File,
    cipher: Cipher,
    /// Frames in it.
    frames: u64,
    buffer: Vec<u8>,
}

impl FrameFile {
    /// Makes a file under a name; one that is there is written over.
    ///
    /// # Errors
    /// I/O errors.
    pub fn create(vault: &Vault, path: &Path, name: &str) -> io::Result<FrameFile> {
        let file = options().truncate(true).open(path)?;
        FrameFile::begin(vault, file, name)
    }

    /// Opens a file under a name to write on behind its last whole frame, and makes it where there is none; `each` is given its
    /// frames first. Says by `Ok(false)` that a frame, though whole, is none of its own: that one and what is behind it is cut
    /// off like what is torn.
    ///
    /// # Errors
    /// [`Unsealed`] in an I/O error, other I/O errors, and whatever `each` returns: then the file is as it was.
    pub fn append_to(
        vault: &Vault,
        path: &Path,
        name: &str,
        mut each: impl FnMut(&[u8]) -> io::Result<bool>,
    ) -> io::Result<FrameFile> {
        let mut file = options().open(path)?;
        let Some(mut reader) = FrameReader::begin(vault, file.try_clone()?, name)? else {
            file.set_len(0)?;
            file.rewind()?;
            return FrameFile::begin(vault, file, name);
        };
        let (mut end, mut frames) = (reader.whole, 0);
        while let Some(frame) = reader.next()? {
            if !each(frame)? {
                break;
            }
            (end, frames) = (reader.whole, reader.frames);
        }
        let cipher = reader.cipher;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok(FrameFile { file, cipher, frames, buffer: Vec::new() })
    }

    fn begin(vault: &Vault, mut file: File, name: &str) -> io::Result<FrameFile> {
        let salt = unpredictable();
        let (cipher, check) = vault.file(KIND, &salt, name);
        file.write_all(&[KIND.as_slice(), &salt, &check].concat())?;
        Ok(FrameFile { file, cipher, frames: 0, buffer: Vec::new() })
    }

    /// Makes what was appended durable.
    ///
    /// # Errors
    /// I/O errors.
    pub fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Makes the file durable.
    ///
    /// # Errors
    /// I/O errors.
    pub fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

impl FrameSink for FrameFile {
    /// Appends a frame. It is durable only after a sync. After an error the file is opened anew before more is appended.
    fn put(&mut self, frame: &[u8]) -> io::Result<()> {
        if frame.len() + TAG > MOST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let nonce: [u8; NONCE] = unpredictable();
        self.buffer.clear();
        let length = u32::try_from(frame.len() + TAG).expect("below the limit");
        self.buffer.extend_from_slice(&length.to_le_bytes());
        self.buffer.extend_from_slice(&nonce);
        self.buffer.extend_from_slice(frame);
        let tag = self.cipher.seal(nonce, &self.frames.to_be_bytes(), &mut self.buffer[FRONT..]);
        self.buffer.extend_from_slice(&tag);
        self.file.write_all(&self.buffer)?;
        self.frames += 1;
        Ok(())
    }
}

/// The whole frames of a file, one after another.
pub struct FrameReader {
    reader: BufReader<File>,
    cipher: Cipher,
    frames: u64,
    /// Where the last whole frame ends.
    whole: u64,
    length: u64,
    ended: bool,
    buffer: Vec<u8>,
}

impl FrameReader {
    /// Opens the file under a name; `None` when not even its head is whole, so that it holds nothing.
    ///
    /// # Errors
    /// [`Unsealed`] in an I/O error, and other I/O errors.
    pub fn open(vault: &Vault, path: &Path, name: &str) -> io::Result<Option<FrameReader>> {
        FrameReader::begin(vault, File::open(path)?, name)
    }

    fn begin(vault: &Vault, file: File, name: &str) -> io::Result<Option<FrameReader>> {
        let length = file.metadata()?.len();
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut header = [0; HEADER];
        let whole = fill(&mut reader, &mut header)?;
        // A head that a crash left: short, or of zeros where its bytes never got to the disk.
        if header == [0; HEADER] || !whole && header[..4] == *KIND {
            return Ok(None);
        }
        if header[..4] != *KIND {
            return Err(Unsealed::Plain.into());
        }
        let salt = header[4..4 + SALT].try_into().expect("the salt's bytes");
        let (cipher, check) = vault.file(KIND, &salt, name);
        if header[4 + SALT..] != check {
            return Err(Unsealed::Refused.into());
        }
        let (frames, whole) = (0, HEADER as u64);
        Ok(Some(FrameReader { reader, cipher, frames, whole, length, ended: false, buffer: Vec::new() }))
    }

    /// The next whole frame; `None` at the end, or where one does not open.
    ///
    /// # Errors
    /// I/O errors.
    #[expect(clippy::should_implement_trait, reason = "a frame is lent, which an iterator cannot")]
    pub fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let mut front = [0; FRONT];
        if self.ended || !fill(&mut self.reader, &mut front)? {
            self.ended = true;
            return Ok(None);
        }
        let (length, nonce) = front.split_at(4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
        self.ended = true;
        if !(TAG..=MOST).contains(&length) || self.whole + (FRONT + length) as u64 > self.length {
            return Ok(None);
        }
        self.buffer.resize(length, 0);
        if !fill(&mut self.reader, &mut self.buffer)? {
            return Ok(None);
        }
        let nonce = nonce.try_into().expect("twelve bytes");
        let Ok(plain) = self.cipher.open(nonce, &self.frames.to_be_bytes(), &mut self.buffer) else {
            return Ok(None);
        };
        self.ended = false;
        self.frames += 1;
        self.whole += (FRONT + length) as u64;
        Ok(Some(&self.buffer[..plain]))
    }

    /// Whether nothing follows the frames read: what does is torn, or of somebody else.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.whole == self.length
    }

    /// Bytes of the file, up to the end of the last frame read.
    #[must_use]
    pub const fn whole(&self) -> u64 {
        self.whole
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Fills the buffer; `false` when the file ends before.
fn fill(reader: &mut impl io::Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
