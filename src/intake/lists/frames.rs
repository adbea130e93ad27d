//! Staged lists: verified and re-keyed, waiting for the rest of their package.
//!
//! One append-only file an upload, a frame a block of the package, encrypted as those of rows are (`staged`). In clear:
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `KBC1`; `KBA1` of aliases |
//! | 4 | position of the block, from 0, little-endian |
//! | 4 | rows in it |
//! | 4 | bytes of the rows |
//! | 12 | tokens by kind: `cpr`, `xecpr`, `local` |
//! | 32 | SHA-256 of the block as it was in `data.csv` |
//! | as stated | events: link (16 bytes), length (4 bytes, little-endian), JSON as it will be stored; aliases: old link, new link (16 bytes each) |
//! | 8 | first bytes of SHA-256 over everything above |
//!
//! A frame is whole or it is not there: reading stops at the first torn one, and the next write begins at its start.

use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::consent::ConsentEvent;
use crate::extract::manifest::ListKind;
use crate::intake::staged::bound_name;
use crate::token::{Link, TokenKind};
use crate::vault::{FrameFile, FrameReader, Vault};

/// First bytes of a frame.
const fn magic(kind: ListKind) -> [u8; 4] {
    match kind {
        ListKind::Consents => *b"KBC1",
        ListKind::Aliases => *b"KBA1",
    }
}

pub(in crate::intake) const HEADER: usize = 4 + 4 + 4 + 4 + 12 + 32;
const TRAILER: usize = 8;
/// No block of a package makes more: JSON takes a few times what a line does.
const MOST: usize = 1 << 26;

/// The frame of one block, being filled.
pub struct Frame {
    kind: ListKind,
    bytes: Vec<u8>,
    info: FrameInfo,
}

/// What is known of a whole frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameInfo {
    /// Position of the block.
    pub index: u32,
    /// Rows.
    pub rows: u32,
    /// Tokens by kind: `cpr`, `xecpr`, `local`.
    pub tokens: [u32; 3],
    /// SHA-256 of the block as it was in the package.
    pub source_sha256: [u8; 32],
}

impl Frame {
    /// An empty frame for block `index`, whose source bytes have the digest given.
    #[must_use]
    pub fn new(kind: ListKind, index: u32, source_sha256: &[u8; 32]) -> Frame {
        let mut bytes = Vec::with_capacity(3 << 20);
        bytes.resize(HEADER, 0);
        Frame {
            kind,
            bytes,
            info: FrameInfo { index, source_sha256: *source_sha256, ..FrameInfo::default() },
        }
    }

    /// Appends an event.
    pub fn push_event(&mut self, kind: TokenKind, link: &Link, event: &ConsentEvent) {
        self.bytes.extend_from_slice(link.as_stored());
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        serde_json::to_writer(&mut self.bytes, event).expect("an event is plain data, and memory takes it");
        let length = u32::try_from(self.bytes.len() - at - 4).expect("an event is a few times its line");
        self.bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        self.count(kind);
    }

    /// Appends an alias; the old number's kind is the one that counts.
    pub fn push_alias(&mut self, old_kind: TokenKind, (old, new): &(Link, Link)) {
        self.bytes.extend_from_slice(old.as_stored());
        self.bytes.extend_from_slice(new.as_stored());
        self.count(old_kind);
    }

    fn count(&mut self, kind: TokenKind) {
        self.info.rows += 1;
        match kind {
            TokenKind::Cpr => self.info.tokens[0] += 1,
            TokenKind::XeCpr => self.info.tokens[1] += 1,
            TokenKind::Local => self.info.tokens[2] += 1,
            TokenKind::Case | TokenKind::Staff => {}
        }
    }

    /// What is known of the frame so far.
    #[must_use]
    pub const fn info(&self) -> FrameInfo {
        self.info
    }

    /// The frame as it is written.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let FrameInfo { index, rows, tokens: [cpr, xecpr, local], source_sha256 } = self.info;
        let length = u32::try_from(self.bytes.len() - HEADER).expect("a frame is a few times its block");
        self.bytes[..4].copy_from_slice(&magic(self.kind));
        for (at, number) in [index, rows, length, cpr, xecpr, local].into_iter().enumerate() {
            self.bytes[4 + 4 * at..8 + 4 * at].copy_from_slice(&number.to_le_bytes());
        }
        self.bytes[HEADER - 32..HEADER].copy_from_slice(&source_sha256);
        let sum = Sha256::digest(&self.bytes);
        self.bytes.extend_from_slice(&sum[..TRAILER]);
        self.bytes
    }
}

/// Bytes of the frame that begins with a header; `None` for what is none. A torn header may claim anything.
pub(in crate::intake) fn length_of(kind: ListKind, header: &[u8; HEADER]) -> Option<usize> {
    let length = u32::from_le_bytes(header[12..16].try_into().expect("four bytes")) as usize;
    (header[..4] == magic(kind) && length <= MOST).then_some(HEADER + length + TRAILER)
}

/// A frame that is whole, and its rows.
pub(in crate::intake) fn parse(kind: ListKind, frame: &[u8]) -> Option<(FrameInfo, &[u8])> {
    let header = frame.first_chunk::<HEADER>()?;
    if length_of(kind, header)? != frame.len() {
        return None;
    }
    let (content, sum) = frame.split_at(frame.len() - TRAILER);
    if Sha256::digest(content)[..TRAILER] != *sum {
        return None;
    }
    let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
    let source_sha256 = header[HEADER - 32..].try_into().expect("32 bytes");
    let tokens = [number(16), number(20), number(24)];
    let info = FrameInfo { index: number(4), rows: number(8), tokens, source_sha256 };
    Some((info, &content[HEADER..]))
}

/// The whole frames of a staged file, one after another.
struct Frames {
    kind: ListKind,
    /// `None` for a file that holds nothing.
    reader: Option<FrameReader>,
}

impl Frames {
    fn open(vault: &Vault, kind: ListKind, path: &Path) -> io::Result<Frames> {
        Ok(Frames { kind, reader: FrameReader::open(vault, path, &bound_name(path))? })
    }

    /// The rows of the next whole frame; `None` at the end, or at a torn one.
    fn next(&mut self, body: &mut Vec<u8>) -> io::Result<Option<FrameInfo>> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let Some(frame) = reader.next()? else { return Ok(None) };
        let Some((info, rows)) = parse(self.kind, frame) else { return Ok(None) };
        body.clear();
        body.extend_from_slice(rows);
        Ok(Some(info))
    }
}

/// Opens a staged file to write on after its last whole frame; whatever is torn behind it is cut off.
///
/// # Errors
/// [`crate::vault::Unsealed`] in an I/O error: then nothing is cut. Other I/O errors.
pub fn open_for_append(
    vault: &Vault,
    kind: ListKind,
    path: &Path,
) -> io::Result<(FrameFile, Vec<FrameInfo>)> {
    let mut found = Vec::new();
    let file = FrameFile::append_to(vault, path, &bound_name(path), |frame| {
        let parsed = parse(kind, frame);
        found.extend(parsed.map(|(info, _)| info));
        Ok(parsed.is_some())
    })?;
    Ok((file, found))
}

/// The events of a staged file in order, each with its link and the JSON that it will be stored as.
pub struct Events {
    frames: Frames,
    body: Vec<u8>,
    at: usize,
}

impl Events {
    /// The events of a file whose frames are all whole.
    ///
    /// # Errors
    /// [`crate::vault::Unsealed`] in an I/O error, and other I/O errors.
    pub fn open(vault: &Vault, path: &Path) -> io::Result<Events> {
        Ok(Events { frames: Frames::open(vault, ListKind::Consents, path)?, body: Vec::new(), at: 0 })
    }

    /// The next event in the body, whose sum was found right.
    fn event(&mut self) -> Option<(Link, ConsentEvent)> {
        let rest = self.body.get(self.at..)?;
        let (link, rest) = rest.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let event = serde_json::from_slice(rest.get(..length)?).ok()?;
        self.at += 20 + length;
        Some((Link::from_stored(*link), event))
    }
}

impl Iterator for Events {
    type Item = io::Result<(Link, ConsentEvent)>;

    fn next(&mut self) -> Option<io::Result<(Link, ConsentEvent)>> {
        while self.at == self.body.len() {
            self.at = 0;
            match self.frames.next(&mut self.body) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.body.clear();
                    return None;
                }
                Err(error) => return Some(Err(error)),
            }
        }
        Some(self.event().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData)))
    }
}

/// The aliases of a staged file in order, each as old and new link.
pub struct Aliases {
    frames: Frames,
    body: Vec<u8>,
    at: usize,
}

impl Aliases {
    /// The aliases of a file whose frames are all whole.
    ///
    /// # Errors
    /// [`crate::vault::Unsealed`] in an I/O error, and other I/O errors.
    pub fn open(vault: &Vault, path: &Path) -> io::Result<Aliases> {
        Ok(Aliases { frames: Frames::open(vault, ListKind::Aliases, path)?, body: Vec::new(), at: 0 })
    }

    fn alias(&mut self) -> Option<(Link, Link)> {
        let (old, rest) = self.body.get(self.at..)?.split_first_chunk::<16>()?;
        let (new, _) = rest.split_first_chunk::<16>()?;
        self.at += 32;
        Some((Link::from_stored(*old), Link::from_stored(*new)))
    }
}

impl Iterator for Aliases {
    type Item = io::Result<(Link, Link)>;

    fn next(&mut self) -> Option<io::Result<(Link, Link)>> {
        while self.at == self.body.len() {
            self.at = 0;
            match self.frames.next(&mut self.body) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.body.clear();
                    return None;
                }
                Err(error) => return Some(Err(error)),
            }
        }
        Some(self.alias().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData)))
    }
}
