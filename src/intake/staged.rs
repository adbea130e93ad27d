//! Staged rows: verified and re-keyed, waiting for the next seal.
//!
//! One append-only file an upload, a frame a block of the package, each encrypted where it stands ([`crate::vault::FrameFile`]). In clear a
//! frame is
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `KBS2` |
//! | 4 | position of the block, from 0, little-endian |
//! | 4 | rows in it that are kept |
//! | 4 | rows of the block, kept or not |
//! | 4 | links withheld |
//! | 12 | identifiers in the person column of the block by kind: `cpr`, `xecpr`, `local` (the other rows are anonymous) |
//! | 32 | SHA-256 of the block as it was in `data.csv` |
//! | rows × width | rows of fixed width, see [`Layout`] |
//! | withheld × 16 | links |
//! | 8 | first bytes of SHA-256 over everything above |
//!
//! A frame is whole or it is not there: reading stops at the first torn one, and the next write begins at its start.
//!
//! A link is *withheld* when a row of that person was not kept: refused on arrival for want of a permission, or erased. It
//! stands without date or value, once a frame, so that whoever said no is not taken for somebody who never came.

use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::clock::Day;
use crate::programme::{Dataset, Role};
use crate::token::{Link, TokenKind};
use crate::vault::{FrameFile, FrameReader, Vault};

const MAGIC: [u8; 4] = *b"KBS2";
pub(super) const HEADER: usize = 4 + 4 + 4 + 4 + 4 + 12 + 32;
const LINK: usize = 16;
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

    /// Where a token column stands in a row.
    pub(super) fn place(&self, column: usize) -> std::ops::Range<usize> {
        self.offsets[column]..self.offsets[column] + LINK
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
    /// Where the current row begins.
    row: usize,
    rows: u32,
    read: u32,
    withheld: Vec<Link>,
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
        bytes.extend_from_slice(&[0; 4 + 4 + 4 + 12]);
        bytes.extend_from_slice(source_sha256);
        Frame {
            row: bytes.len(),
            bytes,
            rows: 0,
            read: 0,
            withheld: Vec::new(),
            identifiers: Identifiers::default(),
        }
    }

    /// An empty frame in place of another one, whose block it stands for as that one did: rows go over with
    /// [`Frame::keep`], and whoever loses one is [`Frame::withhold`].
    #[must_use]
    pub fn in_place_of(info: &FrameInfo) -> Frame {
        let mut frame = Frame::new(info.index, &info.source_sha256);
        (frame.read, frame.identifiers) = (info.read, info.identifiers);
        frame
    }

    /// Takes a row of another frame over, as it is.
    pub fn keep(&mut self, row: &[u8]) {
        self.bytes.extend_from_slice(row);
        self.row = self.bytes.len();
        self.rows += 1;
    }

    /// Notes a person of whom a row is not kept.
    pub fn withhold(&mut self, link: Link) {
        self.withheld.push(link);
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

    /// Makes the link in a token column of the current row absent.
    pub fn drop_link(&mut self, layout: &Layout, column: usize) {
        let at = self.row + layout.offsets[column];
        self.bytes[at..at + LINK].fill(0);
    }

    /// Ends the current row.
    pub fn end_row(&mut self) {
        self.row = self.bytes.len();
        self.rows += 1;
        self.read += 1;
    }

    /// Ends the current row without it: nothing of it is kept but whose it was.
    pub fn refuse_row(&mut self, person: Link) {
        self.bytes.truncate(self.row);
        self.read += 1;
        self.withhold(person);
    }

    /// Rows of the block so far, kept or not.
    #[must_use]
    pub const fn read(&self) -> u32 {
        self.read
    }

    /// The frame as it is written, and what is known of it.
    #[must_use]
    pub fn finish(mut self) -> (Vec<u8>, FrameInfo) {
        self.withheld.sort_unstable();
        self.withheld.dedup();
        let withheld = u32::try_from(self.withheld.len()).expect("no more than rows of a block");
        let Identifiers { cpr, xecpr, local } = self.identifiers;
        for (at, number) in [self.rows, self.read, withheld, cpr, xecpr, local].into_iter().enumerate() {
            self.bytes[8 + 4 * at..12 + 4 * at].copy_from_slice(&number.to_le_bytes());
        }
        self.bytes.truncate(self.row);
        self.withheld.iter().for_each(|link| self.bytes.extend_from_slice(link.as_stored()));
        let sum = Sha256::digest(&self.bytes);
        let info = FrameInfo {
            index: u32::from_le_bytes(self.bytes[4..8].try_into().expect("four bytes")),
            rows: self.rows,
            read: self.read,
            withheld,
            identifiers: self.identifiers,
            source_sha256: self.bytes[HEADER - 32..HEADER].try_into().expect("32 bytes"),
        };
        self.bytes.extend_from_slice(&sum[..TRAILER]);
        (self.bytes, info)
    }
}

/// What is known of a whole frame on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// Position of the block.
    pub index: u32,
    /// Rows that are kept.
    pub rows: u32,
    /// Rows of the block, kept or not.
    pub read: u32,
    /// Persons of whom a row is not kept.
    pub withheld: u32,
    /// Identifiers in the person column of the block. Rows beyond their sum are anonymous.
    pub identifiers: Identifiers,
    /// SHA-256 of the block as it was in the package.
    pub source_sha256: [u8; 32],
}

/// What a frame holds.
#[derive(Clone, Copy)]
pub struct Body<'a> {
    /// Rows of fixed width, one after the other.
    pub rows: &'a [u8],
    withheld: &'a [u8],
}

impl Body<'_> {
    /// Persons of whom a row is not kept, ascending.
    pub fn withheld(&self) -> impl Iterator<Item = Link> {
        let links = self.withheld.chunks_exact(LINK);
        links.map(|link| Link::from_stored(link.try_into().expect("16 bytes")))
    }
}

/// The name that a staged file is bound to.
pub(super) fn bound_name(path: &Path) -> String {
    format!("staged/{}", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Bytes of the frame that begins with a header; `None` for what is none. A torn header may claim anything: no frame holds more rows
/// than a block of the package can.
pub(super) fn length_of(header: &[u8; HEADER], layout: &Layout) -> Option<usize> {
    let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes")) as usize;
    let rows = number(8).checked_mul(layout.width()).filter(|n| *n <= 1 << 26)?;
    let links = number(16).checked_mul(LINK).filter(|n| *n <= 1 << 26)?;
    (header[..4] == MAGIC).then_some(HEADER + rows + links + TRAILER)
}

/// A frame that is whole.
pub(super) fn parse<'a>(frame: &'a [u8], layout: &Layout) -> Option<(FrameInfo, Body<'a>)> {
    let header = frame.first_chunk::<HEADER>()?;
    if length_of(header, layout)? != frame.len() {
        return None;
    }
    let (content, sum) = frame.split_at(frame.len() - TRAILER);
    if Sha256::digest(content)[..TRAILER] != *sum {
        return None;
    }
    let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
    let (index, rows, read, withheld) = (number(4), number(8), number(12), number(16));
    let identifiers = Identifiers { cpr: number(20), xecpr: number(24), local: number(28) };
    let source_sha256 = header[HEADER - 32..].try_into().expect("32 bytes");
    let info = FrameInfo { index, rows, read, withheld, identifiers, source_sha256 };
    let (rows, withheld) = content[HEADER..].split_at(rows as usize * layout.width());
    Some((info, Body { rows, withheld }))
}

/// Reads the whole frames of a staged file in order, giving each frame's content to `each`; returns whether the file ends
/// with the last of them. A torn frame at the end is left out.
///
/// # Errors
/// [`crate::vault::Unsealed`] in an I/O error, other I/O errors, and whatever `each` returns.
pub fn read_frames<E: From<io::Error>>(
    vault: &Vault,
    path: &Path,
    layout: &Layout,
    mut each: impl FnMut(FrameInfo, Body<'_>) -> Result<(), E>,
) -> Result<bool, E> {
    let Some(mut reader) = FrameReader::open(vault, path, &bound_name(path)).map_err(E::from)? else {
        return Ok(false);
    };
    while let Some(frame) = reader.next().map_err(E::from)? {
        let Some((info, body)) = parse(frame, layout) else { return Ok(false) };
        each(info, body)?;
    }
    Ok(reader.is_at_end())
}

/// Opens a staged file to write on after its last whole frame; whatever is torn behind it is cut off.
///
/// # Errors
/// [`crate::vault::Unsealed`] in an I/O error: then nothing is cut. Other I/O errors.
pub fn open_for_append(
    vault: &Vault,
    path: &Path,
    layout: &Layout,
) -> io::Result<(FrameFile, Vec<FrameInfo>)> {
    let mut frames = Vec::new();
    let file = FrameFile::append_to(vault, path, &bound_name(path), |frame| {
        let parsed = parse(frame, layout);
        frames.extend(parsed.as_ref().map(|(info, _)| *info));
        Ok(parsed.is_some())
    })?;
    Ok((file, frames))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::Programme;
    use crate::vault::FrameSink as _;

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
            frame.push(Value::Link(Some(Link::from_stored([row as u8 + 1; 16]))));
            frame.push(Value::Link(None));
            frame.refuse_row(Link::from_stored([row as u8 + 100; 16]));
            frame.withhold(Link::from_stored([100; 16]));
        }
        frame.finish().0
    }

    #[test]
    fn frames_read_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("staged");
        let layout = layout();
        let vault = Vault::throwaway();
        let (mut file, frames) = open_for_append(&vault, &path, &layout).expect("open");
        assert!(frames.is_empty());
        file.put(&frame(0, 3)).expect("written");
        file.put(&frame(1, 0)).expect("written");
        let mut rows = 0;
        let whole = read_frames(&vault, &path, &layout, |info, bytes| {
            assert_eq!(info.source_sha256, [info.index as u8; 32]);
            let one = u32::from(info.rows == 3);
            assert_eq!(info.identifiers, Identifiers { cpr: one, xecpr: one, local: one });
            assert_eq!((info.read, info.withheld), (2 * info.rows, info.rows));
            let withheld: Vec<Link> = bytes.withheld().collect();
            assert!(
                withheld
                    == (0..info.rows).map(|n| Link::from_stored([n as u8 + 100; 16])).collect::<Vec<_>>()
            );
            for (at, row) in bytes.rows.chunks_exact(layout.width()).enumerate() {
                assert!(layout.link(row, 0) == Some(Link::from_stored([at as u8 + 1; 16])));
                assert!(layout.link(row, 1).is_none());
                assert_eq!(layout.day(row, 3).days(), 19_000 + at as i32);
                assert_eq!(layout.code(row, 6), 2);
                rows += 1;
            }
            Ok::<(), io::Error>(())
        });
        assert_eq!(rows, 3);
        assert!(whole.expect("read"));
    }

    #[test]
    fn a_frame_in_place_of_another_stands_for_the_same_block() {
        let dir = tempfile::tempdir().expect("a folder");
        let (path, layout) = (dir.path().join("staged"), layout());
        let vault = Vault::throwaway();
        let put = |bytes: &[u8]| {
            let mut file = FrameFile::create(&vault, &path, &bound_name(&path)).expect("made");
            file.put(bytes).expect("written");
        };
        put(&frame(3, 3));
        let mut again = Vec::new();
        read_frames(&vault, &path, &layout, |info, body| {
            let mut frame = Frame::in_place_of(&info);
            body.withheld().for_each(|link| frame.withhold(link));
            let mut rows = body.rows.chunks_exact(layout.width());
            frame.keep(rows.next().expect("a row"));
            rows.for_each(|row| frame.withhold(layout.link(row, 0).expect("a person")));
            let (bytes, new) = frame.finish();
            assert_eq!((new.rows, new.read, new.withheld), (1, info.read, info.withheld + 2));
            assert_eq!((new.index, new.source_sha256), (info.index, info.source_sha256));
            assert_eq!(new.identifiers, info.identifiers);
            again.push((bytes, new));
            Ok::<(), io::Error>(())
        })
        .expect("read");
        let (bytes, info) = again.pop().expect("a frame");
        put(&bytes);
        assert_eq!(open_for_append(&vault, &path, &layout).expect("open").1, [info]);
    }

    #[test]
    fn a_frame_cut_or_damaged_anywhere_is_not_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("staged");
        let layout = layout();
        let vault = Vault::throwaway();
        let (mut file, _) = open_for_append(&vault, &path, &layout).expect("open");
        file.put(&frame(0, 2)).expect("written");
        let first = std::fs::metadata(&path).expect("there").len();
        file.put(&frame(1, 2)).expect("written");
        drop(file);
        let whole = std::fs::read(&path).expect("readable");
        for cut in usize::try_from(first).expect("small")..whole.len() {
            std::fs::write(&path, &whole[..cut]).expect("written");
            let read = read_frames(&vault, &path, &layout, |_, _| Ok::<(), io::Error>(()));
            assert_eq!(read.expect("read"), cut as u64 == first);
            let (_, frames) = open_for_append(&vault, &path, &layout).expect("open");
            assert_eq!(frames.len(), 1);
            assert_eq!(std::fs::metadata(&path).expect("there").len(), first);
            let mut damaged = whole.clone();
            damaged[cut] ^= 1;
            std::fs::write(&path, &damaged).expect("written");
            assert_eq!(open_for_append(&vault, &path, &layout).expect("open").1.len(), 1, "{cut}");
        }
    }

    #[test]
    fn a_damaged_block_is_no_frame_even_where_the_vault_opens_it() {
        let layout = layout();
        let whole = frame(1, 2);
        assert!(parse(&whole, &layout).is_some());
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(parse(&damaged, &layout).is_none() && parse(&whole[..at], &layout).is_none(), "{at}");
        }
    }
}
