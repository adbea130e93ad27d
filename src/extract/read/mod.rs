//! From the file of an extract to chunks of whole rows.
//!
//! A file says by its first bytes what it is. Whatever it is, its rows come out alike: fields of bytes, each with the
//! form in which the file wrote it ([`Written`]), so that a number cell of a spreadsheet is not mistaken for a text.

mod archive;
mod error;
mod foreign;
mod number;
mod plain;
#[cfg(any(test, feature = "formats"))]
mod quiet;
mod sheet;
#[cfg(feature = "formats")]
mod table;
mod text;
#[cfg(feature = "formats")]
mod thrift;
mod workbook;
mod xml;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use zeroize::Zeroizing;

use self::archive::Input;
pub use self::error::{Foreign, ReadError, TableFault, WorkbookFault};
use self::foreign::Sort;
use self::plain::Plain;
use self::sheet::SheetRows;
use self::text::TextRows;
use crate::limits;

/// What ends a record, here and where records are told apart: a carriage return before it is blank, and nothing elsewhere.
const TERMINATOR: csv::Terminator = csv::Terminator::Any(b'\n');

/// Bytes asked for at a time.
const CHUNK_BYTES: usize = 1 << 20;

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
    let known = [UTF_8, WINDOWS_1252, UTF_16LE, UTF_16BE];
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
    Number,
    /// The same, in a workbook that counts its days from 1904.
    Number1904,
    /// As a date cell: `yyyy-mm-dd`.
    Day,
    /// As what a spreadsheet could not work out.
    Fault,
}

impl Written {
    /// Whether it is a number cell.
    pub const fn is_number(self) -> bool {
        matches!(self, Written::Number | Written::Number1904)
    }
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
        /// Whether the spreadsheet hides the row.
        hidden: bool,
    },
}

/// Trims white space of every kind, which texts from web pages and spreadsheets have around them.
fn trimmed(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    match field {
        [first, .., last] if first.is_ascii() && last.is_ascii() => field,
        [only] if only.is_ascii() => field,
        _ => match std::str::from_utf8(field) {
            Ok(text) => text
                .trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200B}' | '\u{FEFF}'))
                .as_bytes(),
            Err(_) => field,
        },
    }
}

/// A text without what marks it as one for a spreadsheet: `="0101010001"` and `'0101010001`.
fn unmarked(field: &[u8]) -> &[u8] {
    match field {
        [b'=', b'"', inner @ .., b'"'] if !inner.contains(&b'"') => trimmed(inner),
        [b'\'', rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) && !rest.contains(&b'\'') => rest,
        _ => field,
    }
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

    /// A field, trimmed of white space and of what marks it as text, and how it was written; `None` behind the row's
    /// end.
    pub fn field(&self, at: usize) -> Option<(&[u8], Written)> {
        match self {
            Row::Text(record) => record.get(at).map(|field| (unmarked(trimmed(field)), Written::Text)),
            Row::Plain(record) => record.get(at).map(|field| (unmarked(trimmed(field)), Written::Text)),
            Row::Cells { bytes, fields, .. } => {
                let (end, written) = *fields.get(at)?;
                let start = at.checked_sub(1).map_or(0, |before| fields[before].0 as usize);
                let field = trimmed(&bytes[start..end as usize]);
                Some((if written == Written::Text { unmarked(field) } else { field }, written))
            }
        }
    }

    /// Whether the spreadsheet hides the row.
    pub const fn is_hidden(&self) -> bool {
        matches!(self, Row::Cells { hidden: true, .. })
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
    rows: Vec<RowEnd>,
}

/// Where a row of cells ends.
struct RowEnd {
    /// Row of the sheet, from 1.
    number: u64,
    hidden: bool,
    bytes: usize,
    fields: usize,
}

impl Cells {
    /// Bytes held.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.fields.len() * size_of::<(u32, Written)>()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a field to the row that is being made.
    pub fn push(&mut self, field: &[u8], written: Written) {
        let start = self.rows.last().map_or(0, |row| row.bytes);
        self.bytes.extend_from_slice(field);
        let end = u32::try_from(self.bytes.len() - start).expect("a row is at most a line's limit");
        self.fields.push((end, written));
    }

    /// Ends the row, which stands on row `number` of its sheet.
    pub fn end_row(&mut self, number: u64, hidden: bool) {
        self.rows.push(RowEnd { number, hidden, bytes: self.bytes.len(), fields: self.fields.len() });
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
                    .terminator(TERMINATOR)
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
                rows.iter().try_for_each(|end| {
                    let row = Row::Cells {
                        bytes: &bytes[byte..end.bytes],
                        fields: &fields[field..end.fields],
                        hidden: end.hidden,
                    };
                    (byte, field) = (end.bytes, end.fields);
                    each(end.number, &row)
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

/// A file of which the header was read.
struct Opened {
    header: Vec<String>,
    header_line: u64,
    hidden_columns: Vec<usize>,
    unread: Vec<usize>,
    chunks: Box<dyn Chunks>,
}

/// An extract being read.
pub(super) struct Rows {
    chunks: Box<dyn Chunks>,
    /// The headers, as the file has them.
    pub header: Vec<String>,
    /// Line of the header, from 1; its row, in a table of cells.
    pub header_line: u64,
    /// Positions, from 0, of columns that a spreadsheet hides.
    pub hidden_columns: Vec<usize>,
    /// Positions, from 0, of columns of a type that is not read: they have no fields.
    unread: Vec<usize>,
    /// The separator in force.
    pub separator: u8,
}

impl Rows {
    /// Opens an extract, finds out what it is, and reads its header.
    pub fn open(source: &Source, declared: Declared<'_>) -> Result<Rows, ReadError> {
        let path = source.path();
        let io = |source| ReadError::Io { path: path.clone(), source };
        let mut input: Box<dyn Read + Send> = match source {
            // A pipe would be waited for, and a device never ends.
            Source::File(path) if !std::fs::metadata(path).map_err(io)?.is_file() => {
                return Err(ReadError::NotAFile(path.clone()));
            }
            Source::File(path) => Box::new(File::open(path).map_err(io)?),
            Source::Stdin => Box::new(BufReader::new(io::stdin())),
            Source::Memory(text) => Box::new(io::Cursor::new(text.as_bytes().to_vec())),
        };
        let mut ahead = Vec::new();
        input.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut ahead).map_err(io)?;
        if ahead.is_empty() {
            return Err(ReadError::Empty);
        }
        let opened = match foreign::sort(&ahead, source) {
            Sort::Text => TextRows::open(source, input, ahead, declared)?,
            Sort::Archive => SheetRows::open(from_any_place(source, input, ahead)?, declared)?,
            #[cfg(feature = "formats")]
            Sort::Table => table::TableRows::open(&from_any_place(source, input, ahead)?)?,
            #[cfg(not(feature = "formats"))]
            Sort::Table => return Err(Foreign::Parquet.into()),
            Sort::Foreign(foreign) => return Err(foreign.into()),
        };
        let Opened { header, header_line, hidden_columns, unread, chunks } = opened;
        if header.len() > limits::MAX_EXTRACT_COLUMNS {
            return Err(ReadError::ManyColumns);
        }
        let separator = chunks.separator();
        Ok(Rows { chunks, header, header_line, hidden_columns, unread, separator })
    }

    /// Says that columns are needed, by their positions from 0.
    pub fn need(&self, columns: impl IntoIterator<Item = usize>) -> Result<(), ReadError> {
        match columns.into_iter().find(|at| self.unread.contains(at)) {
            Some(at) => Err(TableFault::Type(at + 1).into()),
            None => Ok(()),
        }
    }

    /// The next chunk of whole rows; `None` at the end.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        self.chunks.next_chunk()
    }
}

/// The file itself where it is one; else all of it, kept.
fn from_any_place(
    source: &Source,
    mut rest: Box<dyn Read + Send>,
    ahead: Vec<u8>,
) -> Result<Input, ReadError> {
    let io = |error| ReadError::Io { path: source.path(), source: error };
    if let Source::File(path) = source
        && std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
    {
        return Ok(Input::File(Arc::new(File::open(path).map_err(io)?)));
    }
    let mut kept = Zeroizing::new(ahead);
    let most = limits::MAX_KEPT_INPUT_BYTES;
    rest.by_ref().take((most + 1).saturating_sub(kept.len()) as u64).read_to_end(&mut kept).map_err(io)?;
    if kept.len() > most {
        return Err(ReadError::LargeInput);
    }
    Ok(Input::Kept(Arc::new(kept)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_cells_keep_their_fields_forms_and_numbers() {
        let mut cells = Cells::default();
        cells.push(b" a ", Written::Text);
        cells.push(b"12.5", Written::Number);
        cells.end_row(3, false);
        cells.push(b"2022-03-05", Written::Day);
        cells.end_row(7, true);
        cells.push(b"", Written::Text);
        cells.end_row(8, false);
        assert!(cells.size() > 0);
        let chunk = Chunk { read: 0, content: Content::Cells(cells) };
        let mut seen = Vec::new();
        chunk
            .each(
                |_| "damaged",
                |number, row| {
                    let fields = (0..row.len()).filter_map(|at| row.field(at));
                    let fields = fields.map(|(field, written)| (field.to_vec(), written)).collect::<Vec<_>>();
                    assert!(row.field(row.len()).is_none());
                    seen.push((number, fields, row.is_empty(), row.is_hidden()));
                    Ok(())
                },
            )
            .expect("sound");
        let expected = vec![
            (3, vec![(b"a".to_vec(), Written::Text), (b"12.5".to_vec(), Written::Number)], false, false),
            (7, vec![(b"2022-03-05".to_vec(), Written::Day)], false, true),
            (8, vec![(Vec::new(), Written::Text)], true, false),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn fields_lose_what_is_around_them_and_nothing_else() {
        for (field, plain) in [
            ("a", "a"),
            (" \t a b \u{A0}", "a b"),
            ("\u{FEFF}\u{2009}0101010001\u{202F}", "0101010001"),
            ("=\"0101010001\"", "0101010001"),
            ("=\"\"", ""),
            ("=\"a\"&\"b\"", "=\"a\"&\"b\""),
            ("=1+1", "=1+1"),
            ("'0101010001", "0101010001"),
            ("'t Hof", "'t Hof"),
            ("'5' rør", "'5' rør"),
            ("'", "'"),
            ("ø", "ø"),
            ("", ""),
        ] {
            let record = csv::ByteRecord::from(vec![field]);
            let found = Row::Text(&record).field(0).map(|(field, _)| field.to_vec());
            assert_eq!(found, Some(plain.as_bytes().to_vec()), "{field}");
        }
    }
}
