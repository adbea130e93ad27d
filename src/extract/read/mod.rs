//! From the file of an extract to chunks of whole rows.
//!
//! A file says by its first bytes what it is. Whatever it is, its rows come out alike: fields of bytes, each with the
//! form in which the file wrote it ([`Written`]), so that a number cell of a spreadsheet is not mistaken for a text.

mod plain;
mod text;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8, UTF_16LE, WINDOWS_1252};

use self::plain::Plain;
use self::text::TextRows;
use crate::limits;

/// Bytes asked for at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Why an extract cannot be read as a whole. Never carries any of its content.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file system said no.
    #[error("{}: cannot be read", path.display())]
    Io {
        /// The file, `-` for standard input.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Nothing in it.
    #[error("the file is empty; export it again, with its header line")]
    Empty,
    /// A NUL byte.
    #[error("line {line} has a NUL byte: this is no text file, or a damaged one; export it again as CSV")]
    Nul {
        /// Line, from 1.
        line: u64,
    },
    /// A line beyond the limit.
    #[error(
        "line {line} is longer than {} bytes: a quotation mark may be missing at its end, or the file is damaged",
        limits::MAX_LINE_BYTES
    )]
    LongLine {
        /// Line, from 1.
        line: u64,
    },
    /// Standard input began as UTF-8 and went on as something else.
    #[error("the text near line {line} is not UTF-8; run again with --encoding windows-1252")]
    Encoding {
        /// Line, from 1.
        line: u64,
    },
    /// More columns than any extract.
    #[error("the header has more than {} columns", limits::MAX_EXTRACT_COLUMNS)]
    ManyColumns,
    /// A workbook or a table of columns that this build does not read, or nobody does.
    #[error("this is {0}, which is not read here: save it as CSV (UTF-8)")]
    Unreadable(&'static str),
    /// An encoding nobody here knows.
    #[error("the encoding is not known; utf-8, windows-1252 and utf-16le are")]
    UnknownEncoding,
}

/// Where an extract comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A text that a command was given at a prompt; wiped when dropped.
    Memory(zeroize::Zeroizing<String>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({})", self.path().display())
    }
}

impl Source {
    /// `-` is standard input, everything else a path.
    #[must_use]
    pub fn from_argument(argument: &Path) -> Source {
        if argument.as_os_str() == "-" { Source::Stdin } else { Source::File(argument.to_owned()) }
    }

    pub(super) fn path(&self) -> PathBuf {
        match self {
            Source::File(path) => path.clone(),
            Source::Stdin => PathBuf::from("-"),
            Source::Memory(_) => PathBuf::from("(typed)"),
        }
    }

    /// Size in bytes, where it is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Source::File(path) => std::fs::metadata(path).ok().map(|metadata| metadata.len()),
            Source::Stdin | Source::Memory(_) => None,
        }
    }
}

/// What the partner says about the file; what is not said is found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declared<'a> {
    /// Encoding of a text.
    pub encoding: Option<&'static Encoding>,
    /// Separator of a text, one ASCII character.
    pub separator: Option<u8>,
    /// Sheet of a workbook, by name; the only one that has rows when not given.
    pub sheet: Option<&'a str>,
    /// Row of the headers, from 1; the first that is not empty when not given. Rows above it are titles.
    pub header_row: Option<u32>,
}

/// Reads an encoding's name.
///
/// # Errors
/// [`ReadError::UnknownEncoding`].
pub fn parse_encoding(name: &str) -> Result<&'static Encoding, ReadError> {
    let known = [UTF_8, WINDOWS_1252, UTF_16LE];
    let encoding = Encoding::for_label(name.as_bytes()).ok_or(ReadError::UnknownEncoding)?;
    if known.contains(&encoding) { Ok(encoding) } else { Err(ReadError::UnknownEncoding) }
}

/// How a file wrote a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Written {
    /// As a text: what it means is the column's matter.
    #[default]
    Text,
    /// As a number cell: digits, perhaps a sign, a decimal point and no groups, whatever the decimal sign declared.
    #[cfg_attr(not(test), expect(dead_code, reason = "made by readers of spreadsheets"))]
    Number,
    /// As a date cell: `yyyy-mm-dd`.
    #[cfg_attr(not(test), expect(dead_code, reason = "made by readers of spreadsheets"))]
    Day,
}

/// A row as the file has it.
pub(super) enum Row<'a> {
    /// Of a CSV file.
    Text(&'a csv::ByteRecord),
    /// Of a part of a CSV file that has no quotation mark.
    Plain(&'a Plain<'a>),
    /// Of a table of cells.
    Cells {
        /// The fields' bytes, one after another.
        bytes: &'a [u8],
        /// Where each field ends in them, counted from the row's first byte, and how it was written.
        fields: &'a [(u32, Written)],
    },
}

impl Row<'_> {
    /// Fields in the row.
    pub fn len(&self) -> usize {
        match self {
            Row::Text(record) => record.len(),
            Row::Plain(record) => record.len(),
            Row::Cells { fields, .. } => fields.len(),
        }
    }

    /// A field, trimmed of ASCII white space, and how it was written; `None` behind the row's end.
    pub fn field(&self, at: usize) -> Option<(&[u8], Written)> {
        match self {
            Row::Text(record) => record.get(at).map(|field| (field.trim_ascii(), Written::Text)),
            Row::Plain(record) => record.get(at).map(|field| (field.trim_ascii(), Written::Text)),
            Row::Cells { bytes, fields } => {
                let (end, written) = *fields.get(at)?;
                let start = at.checked_sub(1).map_or(0, |before| fields[before].0 as usize);
                Some((bytes[start..end as usize].trim_ascii(), written))
            }
        }
    }

    /// The fields in order.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|at| self.field(at).map(|(field, _)| field))
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.fields().all(<[u8]>::is_empty)
    }
}

/// Rows of cells, one after another.
#[derive(Default)]
pub(super) struct Cells {
    bytes: Vec<u8>,
    fields: Vec<(u32, Written)>,
    /// Row of the sheet, from 1; end in `bytes`; end in `fields`.
    rows: Vec<(u64, usize, usize)>,
}

#[cfg_attr(not(test), expect(dead_code, reason = "made by readers of spreadsheets"))]
impl Cells {
    /// Bytes held.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.fields.len() * size_of::<(u32, Written)>()
    }

    /// Adds a field to the row that is being made.
    pub fn push(&mut self, field: &[u8], written: Written) {
        let start = self.rows.last().map_or(0, |(_, end, _)| *end);
        self.bytes.extend_from_slice(field);
        let end = u32::try_from(self.bytes.len() - start).expect("a row is at most a line's limit");
        self.fields.push((end, written));
    }

    /// Ends the row, which stands on row `number` of its sheet.
    pub fn end_row(&mut self, number: u64) {
        self.rows.push((number, self.bytes.len(), self.fields.len()));
    }
}

/// Rows of a chunk.
pub(super) enum Content {
    /// CSV in UTF-8.
    Text {
        /// Whole records.
        bytes: Vec<u8>,
        /// The separator in force.
        separator: u8,
        /// Line of the first record, from 1.
        first_line: u64,
    },
    /// Rows of a table of cells.
    #[cfg_attr(not(test), expect(dead_code, reason = "made by readers of spreadsheets"))]
    Cells(Cells),
}

/// Whole rows.
pub(super) struct Chunk {
    /// Raw bytes of the file read so far, for progress.
    pub read: u64,
    /// The rows.
    pub content: Content,
}

impl Drop for Chunk {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        match &mut self.content {
            Content::Text { bytes, .. } => bytes.zeroize(),
            Content::Cells(cells) => cells.bytes.zeroize(),
        }
    }
}

impl Chunk {
    /// Bytes of the rows, near enough.
    pub fn size(&self) -> usize {
        match &self.content {
            Content::Text { bytes, .. } => bytes.len(),
            Content::Cells(cells) => cells.bytes.len(),
        }
    }

    /// Gives every row to `each`, with its line in the file (its row, in a table of cells), from 1.
    /// `damaged` makes the error of a record that is damaged beyond reading, by its line.
    pub fn each<E>(
        &self,
        damaged: impl FnOnce(u64) -> E,
        mut each: impl FnMut(u64, &Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.content {
            Content::Text { bytes, separator, first_line } if memchr::memchr(b'"', bytes).is_none() => {
                plain::each(bytes, *separator, *first_line, |line, record| each(line, &Row::Plain(record)))
            }
            Content::Text { bytes, separator, first_line } => {
                let mut records = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .flexible(true)
                    .delimiter(*separator)
                    .from_reader(bytes.as_slice());
                let mut record = csv::ByteRecord::new();
                let mut place = Place { bytes, at: 0, line: *first_line };
                loop {
                    let line = place.line_at(records.position().byte());
                    match records.read_byte_record(&mut record) {
                        Ok(true) => each(line, &Row::Text(&record))?,
                        Ok(false) => return Ok(()),
                        Err(_) => return Err(damaged(line)),
                    }
                }
            }
            Content::Cells(Cells { bytes, fields, rows }) => {
                let (mut byte, mut field) = (0, 0);
                rows.iter().try_for_each(|(number, byte_end, field_end)| {
                    let row =
                        Row::Cells { bytes: &bytes[byte..*byte_end], fields: &fields[field..*field_end] };
                    (byte, field) = (*byte_end, *field_end);
                    each(*number, &row)
                })
            }
        }
    }
}

/// Counts lines. (`csv` counts them too, but between `\r` and `\n` it stands on the line before.)
struct Place<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Place<'_> {
    /// The line of the record that begins at or after a byte; bytes only go up.
    fn line_at(&mut self, byte: u64) -> u64 {
        let start = usize::try_from(byte).unwrap_or(self.bytes.len()).min(self.bytes.len());
        let blank = self.bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line += memchr::memchr_iter(b'\n', &self.bytes[self.at..start + blank]).count() as u64;
        self.at = start + blank;
        self.line
    }
}

/// A file of one kind, being read behind its header.
trait Chunks: Send {
    /// The next chunk; `None` at the end.
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError>;

    /// The separator in force; what a CSV of the same rows would have.
    fn separator(&self) -> u8 {
        b';'
    }
}

/// An extract being read.
pub(super) struct Rows {
    chunks: Box<dyn Chunks>,
    /// The headers, as the file has them.
    pub header: Vec<String>,
    /// The separator in force.
    pub separator: u8,
}

impl Rows {
    /// Opens an extract, finds out what it is, and reads its header.
    pub fn open(source: &Source, declared: Declared<'_>) -> Result<Rows, ReadError> {
        let path = source.path();
        let io = |source| ReadError::Io { path: path.clone(), source };
        let mut input: Box<dyn Read + Send> = match source {
            Source::File(path) => Box::new(File::open(path).map_err(io)?),
            Source::Stdin => Box::new(BufReader::new(io::stdin())),
            Source::Memory(text) => Box::new(io::Cursor::new(text.as_bytes().to_vec())),
        };
        let mut ahead = Vec::new();
        input.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut ahead).map_err(io)?;
        if ahead.is_empty() {
            return Err(ReadError::Empty);
        }
        for (magic, what) in UNREADABLE {
            if ahead.starts_with(magic) {
                return Err(ReadError::Unreadable(what));
            }
        }
        let (rows, header) = TextRows::open(source, input, ahead, declared)?;
        if header.len() > limits::MAX_EXTRACT_COLUMNS {
            return Err(ReadError::ManyColumns);
        }
        let separator = rows.separator();
        Ok(Rows { chunks: Box::new(rows), header, separator })
    }

    /// The next chunk of whole rows; `None` at the end.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        self.chunks.next_chunk()
    }
}

/// First bytes of files that are not read.
const UNREADABLE: [(&[u8], &str); 3] = [
    (b"PK\x03\x04", "a workbook or another archive"),
    (b"PAR1", "a Parquet file"),
    (b"\xD0\xCF\x11\xE0", "an old or locked workbook (.xls)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_cells_keep_their_fields_forms_and_numbers() {
        let mut cells = Cells::default();
        cells.push(b" a ", Written::Text);
        cells.push(b"12.5", Written::Number);
        cells.end_row(3);
        cells.push(b"2022-03-05", Written::Day);
        cells.end_row(7);
        cells.push(b"", Written::Text);
        cells.end_row(8);
        assert!(cells.size() > 0);
        let chunk = Chunk { read: 0, content: Content::Cells(cells) };
        let mut seen = Vec::new();
        chunk
            .each(
                |_| "damaged",
                |number, row| {
                    let fields = (0..row.len()).filter_map(|at| row.field(at));
                    let fields = fields.map(|(field, written)| (field.to_vec(), written)).collect::<Vec<_>>();
                    seen.push((number, fields, row.is_empty(), row.field(row.len()).is_none()));
                    Ok(())
                },
            )
            .expect("sound");
        let expected = vec![
            (3, vec![(b"a".to_vec(), Written::Text), (b"12.5".to_vec(), Written::Number)], false, true),
            (7, vec![(b"2022-03-05".to_vec(), Written::Day)], false, true),
            (8, vec![(Vec::new(), Written::Text)], true, true),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn files_of_other_kinds_are_named() {
        for (magic, what) in UNREADABLE {
            let dir = tempfile::tempdir().expect("a folder");
            let path = dir.path().join("extract");
            std::fs::write(&path, [magic, b"rest"].concat()).expect("written");
            let refused = Rows::open(&Source::File(path), Declared::default()).err();
            assert!(matches!(refused, Some(ReadError::Unreadable(found)) if found == what));
        }
    }
}
