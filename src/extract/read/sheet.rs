//! The rows of a sheet, one after another: nothing but the row that is being read is held.
//!
//! Rows and columns that are hidden are data like any other; the report says that there were some. What a formula came to
//! when the workbook was saved is what counts. Values of cells merged across rows stand in the file once, so these are
//! refused.

use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroize as _;

use super::archive::Input;
use super::error::WorkbookFault;
use super::number::{self, DaySystem, Shown};
use super::workbook::{Text, Texts, Workbook};
use super::xml::{Xml, attributes};
use super::{CHUNK_BYTES, Cells, Chunk, Chunks, Content, Declared, Opened, ReadError, Written};
use crate::clock::Day;
use crate::limits;

/// Rows and columns of the largest sheet.
const MAX_ROWS: u64 = 1 << 20;
const MAX_COLUMNS: u64 = 1 << 14;
/// The element in which a reader is to choose among its children (ECMA-376, part 3).
const ALTERNATIVES: &str = "AlternateContent";

/// A sheet being read.
pub(super) struct SheetRows {
    xml: Xml,
    texts: Texts,
    formats: Vec<Shown>,
    system: DaySystem,
    hidden: Vec<(u64, u64)>,
    row: SheetRow,
    text: Text,
    width: usize,
    header_at: u64,
    ended: bool,
    /// Bytes of fields that came out, whatever the workbook's size: the same text may stand in every cell.
    grown: u64,
}

/// A row that has something in it; wiped when dropped.
#[derive(Default)]
struct SheetRow {
    /// From 1; 0 before the first.
    number: u64,
    hidden: bool,
    bytes: Vec<u8>,
    /// Column from 0, end in `bytes`, form: of cells that are not empty.
    cells: Vec<(usize, usize, Written)>,
}

impl Drop for SheetRow {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl SheetRow {
    /// Column, field and form of each filled cell.
    fn fields(&self) -> impl Iterator<Item = (usize, &[u8], Written)> {
        let starts = std::iter::once(0).chain(self.cells.iter().map(|cell| cell.1));
        self.cells
            .iter()
            .zip(starts)
            .map(|((column, end, written), start)| (*column, &self.bytes[start..*end], *written))
    }
}

impl SheetRows {
    /// Opens a workbook and reads the header of the sheet that is meant.
    pub fn open(input: Input, declared: Declared<'_>) -> Result<Opened, ReadError> {
        let workbook = Workbook::open(input)?;
        let xml = workbook.sheet(declared.sheet)?;
        let mut rows = SheetRows {
            texts: workbook.texts()?,
            formats: workbook.formats()?,
            system: workbook.system,
            xml,
            hidden: Vec::new(),
            row: SheetRow::default(),
            text: Text::default(),
            width: 0,
            header_at: 0,
            ended: false,
            grown: 0,
        };
        let first = u64::from(declared.header_row.unwrap_or(1));
        rows.skip_to_rows()?;
        loop {
            if !rows.next_row()? {
                return Err(if declared.header_row.is_some() {
                    ReadError::NoHeader
                } else {
                    ReadError::NoRows
                });
            }
            if rows.row.number >= first {
                break;
            }
        }
        rows.header_at = rows.row.number;
        rows.width = rows.row.cells.last().map_or(0, |cell| cell.0 + 1);
        if rows.width > limits::MAX_EXTRACT_COLUMNS {
            return Err(ReadError::ManyColumns);
        }
        let mut header = vec![String::new(); rows.width];
        for (column, field, _) in rows.row.fields() {
            header[column] = String::from_utf8_lossy(field).trim().to_owned();
        }
        let is_hidden = |at: u64| rows.hidden.iter().any(|(first, last)| (*first..=*last).contains(&at));
        let hidden_columns = (0..rows.width).filter(|at| is_hidden(*at as u64 + 1)).collect();
        Ok(Opened {
            header,
            header_line: rows.header_at,
            hidden_columns,
            unread: Vec::new(),
            chunks: Box::new(rows),
        })
    }

    /// Reads up to the rows, noting the columns that are hidden.
    fn skip_to_rows(&mut self) -> Result<(), ReadError> {
        let (mut is_sheet, mut alternatives) = (false, 0u32);
        loop {
            match self.xml.next()? {
                Event::Start(e) => match e.local_name().as_ref() {
                    "worksheet" => is_sheet = true,
                    // Controls may come in alternatives, rows may not.
                    ALTERNATIVES => alternatives += 1,
                    "sheetData" if alternatives > 0 => return Err(WorkbookFault::Alternatives.into()),
                    "sheetData" if is_sheet => return Ok(()),
                    "col" => {
                        let [first, last, hidden] = attributes(&e, ["min", "max", "hidden"])?;
                        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
                        if let (true, Some(first), Some(last)) =
                            (is_on(hidden.as_deref()), number(first.as_deref()), number(last.as_deref()))
                        {
                            self.hidden.push((first, last));
                        }
                        if self.hidden.len() as u64 > MAX_COLUMNS {
                            return Err(WorkbookFault::Many.into());
                        }
                    }
                    _ => {}
                },
                Event::End(e) if e.local_name().as_ref() == ALTERNATIVES => {
                    alternatives = alternatives.saturating_sub(1);
                }
                Event::Eof => return Err(WorkbookFault::Xml.into()),
                _ => {}
            }
        }
    }

    /// Reads the next row that has something in it; false at the end.
    fn next_row(&mut self) -> Result<bool, ReadError> {
        while !self.ended {
            match self.xml.next()? {
                Event::Start(e) if e.local_name().as_ref() == "row" => {
                    let [number, hidden] = attributes(&e, ["r", "hidden"])?;
                    let before = self.row.number;
                    let number = match number {
                        Some(number) => number.parse().map_err(|_| WorkbookFault::Order(before + 1))?,
                        None => before + 1,
                    };
                    if number <= before || number > MAX_ROWS {
                        return Err(WorkbookFault::Order(before + 1).into());
                    }
                    self.row.bytes.zeroize();
                    self.row.cells.clear();
                    (self.row.number, self.row.hidden) = (number, is_on(hidden.as_deref()));
                    self.cells()?;
                    if !self.row.cells.is_empty() {
                        return Ok(true);
                    }
                }
                Event::Start(e) if matches!(e.local_name().as_ref(), ALTERNATIVES | "sheetData") => {
                    return Err(WorkbookFault::Alternatives.into());
                }
                Event::End(e) if e.local_name().as_ref() == "sheetData" => {
                    self.ended = true;
                    self.read_tail()?;
                }
                Event::Eof => return Err(WorkbookFault::Xml.into()),
                _ => {}
            }
        }
        Ok(false)
    }

    /// Reads the cells of a row.
    fn cells(&mut self) -> Result<(), ReadError> {
        let number = self.row.number;
        let mut next = 1;
        loop {
            let cell = match self.xml.next()? {
                Event::Start(e) if e.local_name().as_ref() == "c" => Cell::of(&e, number, next)?,
                Event::Start(e) if matches!(e.local_name().as_ref(), ALTERNATIVES | "sheetData" | "row") => {
                    return Err(WorkbookFault::Alternatives.into());
                }
                Event::End(e) if e.local_name().as_ref() == "row" => return Ok(()),
                Event::Eof => return Err(WorkbookFault::Xml.into()),
                _ => continue,
            };
            next = cell.column + 1;
            let from = self.row.bytes.len();
            let written = self.value(&cell)?;
            if self.row.bytes.len() > limits::MAX_LINE_BYTES {
                return Err(ReadError::LongLine { line: number });
            }
            if !self.row.bytes[from..].trim_ascii().is_empty() {
                let column = usize::try_from(cell.column - 1).expect("a column's number");
                self.row.cells.push((column, self.row.bytes.len(), written));
            } else {
                self.row.bytes.truncate(from);
            }
        }
    }

    /// Reads to the end of a cell, and writes its value behind those of the row.
    fn value(&mut self, cell: &Cell) -> Result<Written, ReadError> {
        let mut written = Written::Text;
        let from = self.row.bytes.len();
        loop {
            let rich = match self.xml.next()? {
                Event::Start(e) => match e.local_name().as_ref() {
                    "v" if cell.kind != Kind::Inline => false,
                    "is" if cell.kind == Kind::Inline => true,
                    ALTERNATIVES | "c" | "row" | "sheetData" => {
                        return Err(WorkbookFault::Alternatives.into());
                    }
                    _ => continue,
                },
                Event::End(e) if e.local_name().as_ref() == "c" => return Ok(written),
                Event::Eof => return Err(WorkbookFault::Xml.into()),
                _ => continue,
            };
            self.text.read(&mut self.xml, if rich { "is" } else { "v" })?;
            let (text, out) = (self.text.text.as_str(), &mut self.row.bytes);
            // One value a cell.
            out.truncate(from);
            written = match cell.kind {
                Kind::Inline | Kind::Text => {
                    out.extend_from_slice(text.as_bytes());
                    Written::Text
                }
                Kind::Shared => {
                    let at = text.trim().parse().ok().filter(|_| !text.is_empty());
                    let shared = at.and_then(|at| self.texts.get(at));
                    out.extend_from_slice(shared.ok_or(WorkbookFault::Text(self.row.number))?);
                    Written::Text
                }
                Kind::Truth => {
                    let truth = matches!(text.trim(), "1" | "true");
                    out.extend_from_slice(if truth { b"true" } else { b"false" });
                    Written::Text
                }
                Kind::Fault => {
                    out.extend_from_slice(text.as_bytes());
                    Written::Fault
                }
                Kind::Date => match text.get(..10).filter(|day| Day::parse_iso(day.as_bytes()).is_ok()) {
                    Some(day) => {
                        out.extend_from_slice(day.as_bytes());
                        Written::Day
                    }
                    None => {
                        out.extend_from_slice(text.as_bytes());
                        Written::Text
                    }
                },
                Kind::Number => match number::parse(text) {
                    Some(number) => {
                        let shown = self.formats.get(cell.format).copied().unwrap_or_default();
                        number::write(number, shown, self.system, out)
                    }
                    None => {
                        out.extend_from_slice(text.as_bytes());
                        Written::Text
                    }
                },
            };
        }
    }

    /// Reads what stands behind the rows, so that the part is known to be whole.
    fn read_tail(&mut self) -> Result<(), ReadError> {
        loop {
            match self.xml.next()? {
                Event::Start(e) if e.local_name().as_ref() == "sheetData" => {
                    return Err(WorkbookFault::Alternatives.into());
                }
                Event::Start(e) if e.local_name().as_ref() == "mergeCell" => {
                    let [range] = attributes(&e, ["ref"])?;
                    let (first, last) = range.as_deref().and_then(|range| range.split_once(':')).unzip();
                    let row = |place: Option<&str>| place.and_then(place_of).map(|(_, row)| row);
                    if let (Some(first), Some(last)) = (row(first), row(last))
                        && first < last
                        && self.header_at > 0
                        && last > self.header_at
                        && first <= self.row.number
                    {
                        return Err(ReadError::Merged(first));
                    }
                }
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }
}

impl Chunks for SheetRows {
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        let mut cells = Cells::default();
        while cells.size() < CHUNK_BYTES / 2 && self.next_row()? {
            let mut at = 0;
            for (column, field, written) in self.row.fields() {
                // Of what stands beyond the header one field is kept, which tells that there is something.
                let column = column.min(self.width);
                for _ in at..column {
                    cells.push(b"", Written::Text);
                }
                cells.push(field, written);
                at = column + 1;
                if column == self.width {
                    break;
                }
            }
            for _ in at..self.width {
                cells.push(b"", Written::Text);
            }
            cells.end_row(self.row.number, self.row.hidden);
            self.grown += self.row.bytes.len() as u64;
            if self.grown > limits::MAX_SHEET_BYTES {
                return Err(WorkbookFault::Bomb.into());
            }
        }
        if cells.is_empty() {
            return Ok(None);
        }
        Ok(Some(Chunk { read: self.xml.packed(), content: Content::Cells(cells) }))
    }
}

/// Whether a sheet has a cell with something in it.
pub(super) fn is_filled(mut xml: Xml) -> Result<bool, ReadError> {
    let (mut is_sheet, mut ended) = (false, false);
    loop {
        match xml.next()? {
            Event::Start(e) => match e.local_name().as_ref() {
                "worksheet" => is_sheet = true,
                // Rows behind the rows: the sheet must not pass for an empty one.
                "sheetData" if ended => return Err(WorkbookFault::Alternatives.into()),
                _ if ended => {}
                "v" | "is" if is_sheet => return Ok(true),
                _ => {}
            },
            Event::End(e) if e.local_name().as_ref() == "sheetData" => ended = true,
            Event::Eof if ended => return Ok(false),
            Event::Eof => return Err(WorkbookFault::Xml.into()),
            _ => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Shared,
    Inline,
    /// What a formula came to.
    Text,
    Truth,
    Fault,
    Date,
}

/// What a cell says of itself.
struct Cell {
    /// From 1.
    column: u64,
    kind: Kind,
    format: usize,
}

impl Cell {
    /// `row` is the row that it stands in, `next` the first column that is free there.
    fn of(element: &BytesStart<'_>, row: u64, next: u64) -> Result<Cell, ReadError> {
        let [place, kind, format] = attributes(element, ["r", "t", "s"])?;
        let out_of_order = WorkbookFault::Order(row);
        let column = match place {
            Some(place) => match place_of(&place) {
                Some((column, of)) if of == row => column,
                _ => return Err(out_of_order.into()),
            },
            None => next,
        };
        if !(next..=MAX_COLUMNS).contains(&column) {
            return Err(out_of_order.into());
        }
        let kind = match kind.as_deref() {
            None | Some("n") => Kind::Number,
            Some("s") => Kind::Shared,
            Some("inlineStr") => Kind::Inline,
            Some("str") => Kind::Text,
            Some("b") => Kind::Truth,
            Some("e") => Kind::Fault,
            Some("d") => Kind::Date,
            Some(_) => return Err(WorkbookFault::Xml.into()),
        };
        let format = format.and_then(|format| format.parse().ok()).unwrap_or(0);
        Ok(Cell { column, kind, format })
    }
}

/// Column and row, from 1, of a place such as `B7` or `$B$7`.
fn place_of(place: &str) -> Option<(u64, u64)> {
    let place = place.strip_prefix('$').unwrap_or(place);
    let digits = place.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, row) = place.split_at(digits);
    if !(1..=3).contains(&letters.len()) {
        return None;
    }
    let letter = |byte: u8| u64::from(byte.to_ascii_uppercase() - b'A') + 1;
    let column = letters.bytes().fold(0, |sum, byte| sum * 26 + letter(byte));
    let row = row.strip_prefix('$').unwrap_or(row);
    let row = row.bytes().all(|byte| byte.is_ascii_digit()).then(|| row.parse().ok())??;
    (column <= MAX_COLUMNS && (1..=MAX_ROWS).contains(&row)).then_some((column, row))
}

fn is_on(text: Option<&str>) -> bool {
    text.is_some_and(|text| matches!(text, "1" | "true" | "on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_within_the_largest_sheet() {
        assert_eq!(place_of("A1"), Some((1, 1)));
        assert_eq!(place_of("$AA$10"), Some((27, 10)));
        assert_eq!(place_of("XFD1048576"), Some((16_384, 1_048_576)));
        for place in [
            "",
            "A",
            "1",
            "A0",
            "XFE1",
            "A1048577",
            "AAAA1",
            "A-1",
            "A+1",
            "A1B",
            "Å1",
            "A99999999999999999999",
        ] {
            assert_eq!(place_of(place), None, "{place}");
        }
    }
}
