//! The parts of a workbook: a ZIP archive, read as if its writer meant harm.
//!
//! The directory is bounded, its parts may not lie over each other, and what a part unpacks to is counted as it comes,
//! whatever the directory says (PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4).

use std::fs::File;
use std::io::{self, BufRead, Read, Seek as _, SeekFrom};
use std::sync::Arc;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zeroize::{Zeroize as _, Zeroizing};

use super::ReadError;
use super::error::WorkbookFault;
use crate::limits;

/// Bytes unpacked at a time.
const BUFFER_BYTES: usize = 64 << 10;
/// From here on what is unpacked has to be in proportion to what was packed.
const FREE_BYTES: u64 = 64 << 20;
/// Length of the end record without its comment, and of the longest comment.
const END_BYTES: usize = 22;
const MAX_COMMENT: usize = 0xFFFF;

/// A file that can be read from any place, or standard input that was kept.
#[derive(Clone)]
pub(super) enum Input {
    File(Arc<File>),
    Kept(Arc<Zeroizing<Vec<u8>>>),
}

impl Input {
    pub fn len(&self) -> io::Result<u64> {
        match self {
            Input::File(file) => Ok(file.metadata()?.len()),
            Input::Kept(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// A reader from a place on.
    pub fn from(&self, at: u64) -> Place {
        Place { input: self.clone(), at }
    }

    /// `length` bytes from a place on.
    pub fn bytes(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.from(at).read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// A place in a file, from which it is read on. Several places of a file are read in turn.
pub(super) struct Place {
    input: Input,
    at: u64,
}

impl Read for Place {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &self.input {
            Input::File(file) => {
                let mut file: &File = file;
                file.seek(SeekFrom::Start(self.at))?;
                file.read(buffer)?
            }
            Input::Kept(bytes) => {
                let at = usize::try_from(self.at).unwrap_or(usize::MAX);
                let mut rest = bytes.get(at..).unwrap_or(&[]);
                rest.read(buffer)?
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

/// A part, as the directory has it.
struct Entry {
    name: String,
    /// Length of the name as it stands, in bytes.
    name_bytes: u16,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    at: u64,
}

/// The directory of an archive.
pub(super) struct Archive {
    input: Input,
    entries: Vec<Entry>,
}

/// Reads numbers off bytes, least significant first.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], WorkbookFault> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(WorkbookFault::Archive)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, length: usize) -> Result<u64, WorkbookFault> {
        Ok(self.take(length)?.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn short(&mut self) -> Result<u16, WorkbookFault> {
        self.number(2).map(|number| number as u16)
    }

    fn long(&mut self) -> Result<u32, WorkbookFault> {
        self.number(4).map(|number| number as u32)
    }
}

fn cut_off(error: io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => WorkbookFault::Archive.into(),
        _ => ReadError::Io { path: "(workbook)".into(), source: error },
    }
}

impl Archive {
    /// Reads the directory.
    pub fn open(input: Input) -> Result<Archive, ReadError> {
        let length = input.len().map_err(cut_off)?;
        let tail_length = length.min((END_BYTES + MAX_COMMENT) as u64);
        let tail_at = length - tail_length;
        let tail = input.bytes(tail_at, usize::try_from(tail_length).unwrap_or(0)).map_err(cut_off)?;
        let end = (0..=tail.len().saturating_sub(END_BYTES)).rev().find(|at| {
            let comment = tail.get(at + 20..at + 22).map(|n| usize::from(n[0]) | usize::from(n[1]) << 8);
            tail[*at..].starts_with(b"PK\x05\x06")
                && comment.is_some_and(|n| at + END_BYTES + n <= tail.len())
        });
        let end = end.ok_or(WorkbookFault::Archive)?;
        let mut record = Bytes(&tail[end + 10..]);
        let (mut count, mut size, mut at) =
            (u64::from(record.short()?), u64::from(record.long()?), u64::from(record.long()?));
        if count == 0xFFFF || size == 0xFFFF_FFFF || at == 0xFFFF_FFFF {
            let locator = (tail_at + end as u64).checked_sub(20).ok_or(WorkbookFault::Archive)?;
            let locator = input.bytes(locator, 20).map_err(cut_off)?;
            if locator.starts_with(b"PK\x06\x07") {
                let record = Bytes(&locator[8..]).number(8)?;
                let record = input.bytes(record, 56).map_err(cut_off)?;
                if !record.starts_with(b"PK\x06\x06") {
                    return Err(WorkbookFault::Archive.into());
                }
                let mut record = Bytes(&record[32..]);
                (count, size, at) = (record.number(8)?, record.number(8)?, record.number(8)?);
            }
        }
        let whole = at.checked_add(size).is_some_and(|end_of| end_of <= tail_at + end as u64);
        if !whole {
            return Err(WorkbookFault::Archive.into());
        }
        if size > limits::MAX_WORKBOOK_DIRECTORY_BYTES {
            return Err(WorkbookFault::Many.into());
        }
        let directory = input.bytes(at, usize::try_from(size).unwrap_or(0)).map_err(cut_off)?;
        let entries = entries(&directory, count)?;
        apart(&entries, at)?;
        Ok(Archive { input, entries })
    }

    /// Whether a part is there. Names are compared as spreadsheets do: without regard to case.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        let name = normal(name);
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Opens a part that may unpack to `most` bytes; `None` when it is not there.
    pub fn part(&self, name: &str, most: u64) -> Result<Option<Part>, ReadError> {
        let Some(entry) = self.find(name) else { return Ok(None) };
        if entry.flags & 1 != 0 {
            return Err(WorkbookFault::Packing.into());
        }
        let head = self.input.bytes(entry.at, 30).map_err(cut_off)?;
        if !head.starts_with(b"PK\x03\x04") {
            return Err(WorkbookFault::Archive.into());
        }
        let mut lengths = Bytes(&head[26..]);
        let skipped = 30 + u64::from(lengths.short()?) + u64::from(lengths.short()?);
        let packed = self.input.from(entry.at + skipped).take(entry.packed);
        let unpack = match entry.method {
            0 => Unpack::Stored(packed),
            8 => Unpack::Deflated(Box::new(DeflateDecoder::new(packed))),
            _ => return Err(WorkbookFault::Packing.into()),
        };
        Ok(Some(Part {
            unpack,
            crc: Crc::new(),
            expected: (entry.crc, entry.size),
            unpacked: 0,
            most,
            event: 0,
            buffer: vec![0; BUFFER_BYTES],
            filled: 0..0,
        }))
    }
}

fn normal(name: &str) -> String {
    name.trim_start_matches('/').replace('\\', "/").to_ascii_lowercase()
}

fn entries(directory: &[u8], count: u64) -> Result<Vec<Entry>, ReadError> {
    let mut entries = Vec::new();
    let mut bytes = Bytes(directory);
    for _ in 0..count {
        if bytes.take(4)? != b"PK\x01\x02" {
            return Err(WorkbookFault::Archive.into());
        }
        bytes.take(4)?;
        let (flags, method) = (bytes.short()?, bytes.short()?);
        bytes.take(4)?;
        let (crc, packed, size) = (bytes.long()?, bytes.long()?, bytes.long()?);
        let (name_bytes, extra, comment) = (bytes.short()?, bytes.short()?, bytes.short()?);
        bytes.take(8)?;
        let at = bytes.long()?;
        let name = normal(&String::from_utf8_lossy(bytes.take(name_bytes.into())?));
        let (mut packed, mut size, mut at) = (u64::from(packed), u64::from(size), u64::from(at));
        let mut extras = Bytes(bytes.take(extra.into())?);
        while extras.0.len() >= 4 {
            let (id, length) = (extras.short()?, extras.short()?);
            let mut field = Bytes(extras.take(length.into())?);
            if id == 1 {
                for value in [&mut size, &mut packed, &mut at] {
                    if *value == 0xFFFF_FFFF {
                        *value = field.number(8)?;
                    }
                }
            }
        }
        bytes.take(comment.into())?;
        entries.push(Entry { name, name_bytes, flags, method, crc, packed, size, at });
    }
    Ok(entries)
}

/// Parts may neither lie over each other nor over the directory, and each has a name of its own.
fn apart(entries: &[Entry], directory_at: u64) -> Result<(), WorkbookFault> {
    let mut places: Vec<(u64, u64)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let end = entry
            .at
            .checked_add(30 + u64::from(entry.name_bytes))
            .and_then(|at| at.checked_add(entry.packed));
        places.push((entry.at, end.ok_or(WorkbookFault::Overlap)?));
    }
    places.sort_unstable();
    let next = places.iter().skip(1).map(|place| place.0).chain([directory_at]);
    if places.iter().zip(next).any(|(place, next)| place.1 > next) {
        return Err(WorkbookFault::Overlap);
    }
    let mut names = entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(WorkbookFault::Overlap);
    }
    Ok(())
}

enum Unpack {
    Stored(io::Take<Place>),
    Deflated(Box<DeflateDecoder<io::Take<Place>>>),
}

/// A part being unpacked. Its errors of reading hold a [`WorkbookFault`].
pub(super) struct Part {
    unpack: Unpack,
    crc: Crc,
    /// Checksum and length that the directory promises.
    expected: (u32, u64),
    unpacked: u64,
    most: u64,
    /// Bytes consumed since an event of XML began.
    event: usize,
    buffer: Vec<u8>,
    filled: std::ops::Range<usize>,
}

impl Part {
    /// Says that an event of XML begins here.
    pub fn begin_event(&mut self) {
        self.event = 0;
    }

    /// Packed bytes taken so far.
    pub fn packed(&self) -> u64 {
        match &self.unpack {
            Unpack::Stored(_) => self.unpacked,
            Unpack::Deflated(decoder) => decoder.total_in(),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let filled = self.fill_buf()?;
        let taken = filled.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&filled[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}

impl BufRead for Part {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.event > limits::MAX_LINE_BYTES {
            return Err(io::Error::other(WorkbookFault::Bomb));
        }
        if self.filled.is_empty() {
            let read = match &mut self.unpack {
                Unpack::Stored(place) => place.read(&mut self.buffer)?,
                Unpack::Deflated(decoder) => {
                    decoder.read(&mut self.buffer).map_err(|error| match error.kind() {
                        io::ErrorKind::InvalidInput
                        | io::ErrorKind::InvalidData
                        | io::ErrorKind::UnexpectedEof => io::Error::other(WorkbookFault::Checksum),
                        _ => error,
                    })?
                }
            };
            self.crc.update(&self.buffer[..read]);
            self.filled = 0..read;
            self.unpacked += read as u64;
            if read == 0 && (self.crc.sum(), self.unpacked) != self.expected {
                return Err(io::Error::other(WorkbookFault::Checksum));
            }
            let proportion = limits::MAX_WORKBOOK_RATIO * self.packed().max(1);
            if self.unpacked > self.most || self.unpacked > FREE_BYTES.max(proportion) {
                return Err(io::Error::other(WorkbookFault::Bomb));
            }
        }
        Ok(&self.buffer[self.filled.clone()])
    }

    fn consume(&mut self, amount: usize) {
        self.filled.start += amount;
        self.event += amount;
    }
}
