//! Staged rows: verified and re-keyed, waiting for the next seal.
//!
//! One append-only file an upload, a frame a block of the package:
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `KBS1` |
//! | 4 | position of the block, from 0, little-endian |
//! | 4 | rows in it |
//! | 12 | identifiers in the person column by kind: `cpr`, `xecpr`, `local` (the other rows are anonymous) |
//! | 32 | SHA-256 of the block as it was in `data.csv` |
//! | rows × width | rows of fixed width, see [`Layout`] |
//! | 8 | first bytes of SHA-256 over everything above |
//!
//! A frame is whole or it is not there: reading stops at the first torn one, and the next write begins at its start.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::clock::Day;
use crate::programme::{Dataset, Role};
use crate::token::{Link, TokenKind};

const MAGIC: [u8; 4] = *b"KBS1";
const HEADER: usize = 4 + 4 + 4 + 12 + 32;
const TRAILER: usize = 8;
/// The category byte that means "missing".
pub const MISSING_CODE: u8 = u8::MAX;
/// The measure that means "missing".
pub const MISSING_MEASURE: i64 = i64::MIN;

/// Where each column of a dataset stands in a staged row.
///
/// Tokens take 16 bytes as links (all zero: absent), dates 4 as days since 1970, categories 1 as code positions,
/// measures 8; all little-endian, in the order of the dataset's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    offsets: Vec<usize>,
    width: usize,
}

impl Layout {
    /// The layout of a dataset's rows.
    #[must_use]
    pub fn of(dataset: &Dataset) -> Layout {
        let mut width = 0;
        let offsets = dataset
            .columns
            .iter()
            .map(|column| {
                let at = width;
                width += match column.role {
                    Role::Person | Role::RelatedPerson | Role::Case | Role::Staff => 16,
                    Role::Date => 4,
                    Role::Category { .. } => 1,
                    Role::Measure(_) => 8,
                };
                at
            })
            .collect();
        Layout { offsets, width }
    }

    /// Bytes of a row.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    fn at<const N: usize>(&self, row: &[u8], column: usize) -> [u8; N] {
        let at = self.offsets[column];
        row[at..at + N].try_into().expect("the layout fits the row")
    }

    /// The link in a token column; `None` when absent.
    #[must_use]
    pub fn link(&self, row: &[u8], column: usize) -> Option<Link> {
        let bytes = self.at(row, column);
        (bytes != [0; 16]).then(|| Link::from_stored(bytes))
    }

    /// The day in a date column.
    #[must_use]
    pub fn day(&self, row: &[u8], column: usize) -> Day {
        Day::from_days(i32::from_le_bytes(self.at(row, column)))
    }

    /// The code position in a category column; [`MISSING_CODE`] when absent.
    #[must_use]
    pub fn code(&self, row: &[u8], column: usize) -> u8 {
        row[self.offsets[column]]
    }

    /// The measure in a measure column; [`MISSING_MEASURE`] when absent.
    #[must_use]
    pub fn measure(&self, row: &[u8], column: usize) -> i64 {
        i64::from_le_bytes(self.at(row, column))
    }
}

/// What a staged value is, written in column order.
#[derive(Clone, Copy)]
pub enum Value {
    /// A token column.
    Link(Option<Link>),
    /// A date column.
    Day(Day),
    /// A category column: position of the code, or [`MISSING_CODE`].
    Code(u8),
    /// A measure column, or [`MISSING_MEASURE`].
    Measure(i64),
}

/// The frame of one block, being filled.
pub struct Frame {
    bytes: Vec<u8>,
    rows: u32,
    identifiers: Identifiers,
}

/// Identifiers in the person column, by the kind that their tokens name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identifiers {
    /// CPR numbers.
    pub cpr: u32,
    /// X-eCPR.
    pub xecpr: u32,
    /// Replacement numbers that are unique at the partner only.
    pub local: u32,
}

impl Frame {
    /// An empty frame for block `index`, whose source bytes have the digest given.
    #[must_use]
    pub fn new(index: u32, source_sha256: &[u8; 32]) -> Frame {
        let mut bytes = Vec::with_capacity(1 << 20);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&index.to_le_bytes());
        bytes.extend_from_slice(&[0; 4 + 12]);
        bytes.extend_from_slice(source_sha256);
        Frame { bytes, rows: 0, identifiers: Identifiers::default() }
    }

    /// Appends the next value of the current row.
    pub fn push(&mut self, value: Value) {
        match value {
            Value::Link(link) => {
                self.bytes.extend_from_slice(link.as_ref().map_or(&[0; 16], |link| link.as_stored()))
            }
            Value::Day(day) => self.bytes.extend_from_slice(&day.days().to_le_bytes()),
            Value::Code(code) => self.bytes.push(code),
            Value::Measure(measure) => self.bytes.extend_from_slice(&measure.to_le_bytes()),
        }
    }

    /// Counts the identifier in the person column of the current row. Kinds that name no person are not counted.
    pub const fn count_person(&mut self, kind: TokenKind) {
        match kind {
            TokenKind::Cpr => self.identifiers.cpr += 1,
            TokenKind::XeCpr => self.identifiers.xecpr += 1,
            TokenKind::Local => self.identifiers.local += 1,
            TokenKind::Case | TokenKind::Staff => {}
        }
    }

    /// Ends the current row.
    pub const fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Rows so far.
    #[must_use]
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// What is known of the frame so far.
    #[must_use]
    pub fn info(&self) -> FrameInfo {
        let index = u32::from_le_bytes(self.bytes[4..8].try_into().expect("four bytes"));
        let source_sha256 = self.bytes[24..HEADER].try_into().expect("32 bytes");
        FrameInfo { index, rows: self.rows, identifiers: self.identifiers, source_sha256 }
    }

    /// The frame as it is written.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let Identifiers { cpr, xecpr, local } = self.identifiers;
        for (at, number) in [self.rows, cpr, xecpr, local].into_iter().enumerate() {
            self.bytes[8 + 4 * at..12 + 4 * at].copy_from_slice(&number.to_le_bytes());
        }
        let sum = Sha256::digest(&self.bytes);
        self.bytes.extend_from_slice(&sum[..TRAILER]);
        self.bytes
    }
}

/// What is known of a whole frame on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// Position of the block.
    pub index: u32,
    /// Rows.
    pub rows: u32,
    /// Identifiers in the person column. Rows beyond their sum are anonymous.
    pub identifiers: Identifiers,
    /// SHA-256 of the block as it was in the package.
    pub source_sha256: [u8; 32],
}

/// Reads the whole frames of a staged file in order, giving each frame's rows to `each`; returns the length in bytes
/// of what is whole. A torn frame at the end is left out.
///
/// # Errors
/// I/O errors, and whatever `each` returns.
pub fn read_frames<E: From<io::Error>>(
    path: &Path,
    layout: &Layout,
    mut each: impl FnMut(FrameInfo, &[u8]) -> Result<(), E>,
) -> Result<u64, E> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path).map_err(E::from)?);
    let mut whole = 0;
    let mut body = Vec::new();
    loop {
        let mut header = [0; HEADER];
        if !read_all(&mut reader, &mut header).map_err(E::from)? || header[..4] != MAGIC {
            return Ok(whole);
        }
        let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
        let (index, rows) = (number(4), number(8));
        // A torn header may claim anything: no frame holds more rows than a block of the package can.
        let Some(length) = (rows as usize).checked_mul(layout.width()).filter(|n| *n <= 1 << 26) else {
            return Ok(whole);
        };
        body.resize(length + TRAILER, 0);
        if !read_all(&mut reader, &mut body).map_err(E::from)? {
            return Ok(whole);
        }
        let mut hash = Sha256::new();
        hash.update(header);
        hash.update(&body[..length]);
        if hash.finalize()[..TRAILER] != body[length..] {
            return Ok(whole);
        }
        let identifiers = Identifiers { cpr: number(12), xecpr: number(16), local: number(20) };
        let source_sha256 = header[24..HEADER].try_into().expect("32 bytes");
        each(FrameInfo { index, rows, identifiers, source_sha256 }, &body[..length])?;
        whole += (HEADER + length + TRAILER) as u64;
    }
}

/// Fills the buffer; `false` when the file ends before.
fn read_all(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opens a staged file to write on after its last whole frame; whatever is torn behind it is cut off.
///
/// # Errors
/// I/O errors.
pub fn open_for_append(path: &Path, layout: &Layout) -> io::Result<(File, Vec<FrameInfo>)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut frames = Vec::new();
    let whole = read_frames(path, layout, |frame, _| {
        frames.push(frame);
        Ok::<(), io::Error>(())
    })?;
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    Ok((file, frames))
}

/// Appends a finished frame. It is durable only after the caller's `sync_data`.
///
/// # Errors
/// I/O errors.
pub fn append(file: &mut File, frame: &[u8]) -> io::Result<()> {
    file.write_all(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::Programme;

    fn layout() -> Layout {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        Layout::of(&Programme::parse(text).unwrap_or_else(|e| panic!("{e}")).datasets[0])
    }

    fn frame(index: u32, rows: u32) -> Vec<u8> {
        let mut frame = Frame::new(index, &[index as u8; 32]);
        for row in 0..rows {
            frame.push(Value::Link(Some(Link::from_stored([row as u8 + 1; 16]))));
            frame.count_person([TokenKind::Cpr, TokenKind::XeCpr, TokenKind::Local][row as usize % 3]);
            frame.push(Value::Link(None));
            frame.push(Value::Link(None));
            frame.push(Value::Day(Day::from_days(19_000 + row as i32)));
            for code in 0..3 {
                frame.push(Value::Code(code));
            }
            frame.end_row();
        }
        frame.finish()
    }

    #[test]
    fn frames_read_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("staged");
        let layout = layout();
        let (mut file, frames) = open_for_append(&path, &layout).expect("open");
        assert!(frames.is_empty());
        append(&mut file, &frame(0, 3)).expect("written");
        append(&mut file, &frame(1, 0)).expect("written");
        let mut rows = 0;
        let whole = read_frames(&path, &layout, |info, bytes| {
            assert_eq!(info.source_sha256, [info.index as u8; 32]);
            let one = u32::from(info.rows == 3);
            assert_eq!(info.identifiers, Identifiers { cpr: one, xecpr: one, local: one });
            for (at, row) in bytes.chunks_exact(layout.width()).enumerate() {
                assert!(layout.link(row, 0) == Some(Link::from_stored([at as u8 + 1; 16])));
                assert!(layout.link(row, 1).is_none());
                assert_eq!(layout.day(row, 3).days(), 19_000 + at as i32);
                assert_eq!(layout.code(row, 6), 2);
                rows += 1;
            }
            Ok::<(), io::Error>(())
        });
        assert_eq!(rows, 3);
        assert_eq!(whole.expect("read"), std::fs::metadata(&path).expect("there").len());
    }

    #[test]
    fn a_frame_cut_or_damaged_anywhere_is_not_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("staged");
        let layout = layout();
        let (first, second) = (frame(0, 2), frame(1, 2));
        for cut in 0..second.len() {
            std::fs::write(&path, [&first[..], &second[..cut]].concat()).expect("written");
            let (file, frames) = open_for_append(&path, &layout).expect("open");
            assert_eq!(frames.len(), 1);
            assert_eq!(file.metadata().expect("there").len(), first.len() as u64);
            let mut damaged = [&first[..], &second[..]].concat();
            damaged[first.len() + cut] ^= 1;
            std::fs::write(&path, &damaged).expect("written");
            assert_eq!(open_for_append(&path, &layout).expect("open").1.len(), 1, "{cut}");
        }
    }
}
