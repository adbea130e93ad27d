//! The rows of a Parquet file of plain columns, a row group at a time.
//!
//! Whole numbers come as texts, since they are no spreadsheet's serial numbers; decimals and floating numbers as numbers,
//! dates as days. An instant becomes its day in Denmark; a time of no zone keeps its own day. Columns that hold lists or
//! structures, or are of a type without a form in writing, are named and not read: they may stay at home.

use std::fs::File;

use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::Type;

use super::archive::Input;
use super::error::{Foreign, TableFault};
use super::number;
use super::quiet::quietly;
use super::thrift::Walk;
use super::{CHUNK_BYTES, Cells, Chunk, Chunks, Content, Opened, ReadError, Written};
use crate::clock::Day;
use crate::limits;

/// Rows decoded at a time.
const BATCH: usize = 1024;
/// Bytes of a page's head that are looked at.
const HEAD_BYTES: u64 = 64 << 10;

/// How a column's values become fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Whole,
    Unsigned,
    /// Digits behind the point.
    Decimal(u32),
    Float,
    Truth,
    Date,
    /// So many to a second; whether they count from midnight in UTC.
    Instant(i64, bool),
}

/// Values of a column, of one batch, nulls left out.
enum Values {
    Truths(Vec<bool>),
    Whole(Vec<i64>),
    Floats(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

struct Column {
    /// Position among the leaves of the schema; `None` when it is not read.
    leaf: Option<(usize, Form)>,
}

/// A column of the batch that is being handed out.
struct Batch {
    /// Whether each row has a value.
    present: Vec<bool>,
    values: Values,
    /// The next value.
    at: usize,
}

/// A Parquet file being read.
pub(super) struct TableRows {
    input: Input,
    file: Box<dyn FileReader + Send>,
    columns: Vec<Column>,
    group: usize,
    /// Of the row group that is being read, by column that is read.
    readers: Vec<ColumnReader>,
    left: usize,
    batch: Vec<Option<Batch>>,
    /// Rows of the batch, and the next of them.
    in_batch: (usize, usize),
    row: u64,
    read: u64,
    grown: u64,
}

/// Runs what may fall over a damaged file: that is one way in which the reader of Parquet says so. Nothing is printed.
fn guarded<T>(run: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, TableFault> {
    quietly(run).and_then(Result::ok).ok_or(TableFault::Damaged)
}

impl TableRows {
    pub fn open(input: &Input) -> Result<Opened, ReadError> {
        let io = |_| TableFault::Damaged;
        let length = input.len().map_err(io)?;
        let tail =
            length.checked_sub(8).map(|at| input.bytes(at, 8)).ok_or(TableFault::Damaged)?.map_err(io)?;
        let footer = tail.iter().take(4).rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        match &tail[4..] {
            b"PAR1" => {}
            b"PARE" => return Err(Foreign::Locked.into()),
            _ => return Err(TableFault::Damaged.into()),
        }
        if footer > limits::MAX_TABLE_FOOTER_BYTES {
            return Err(TableFault::Large.into());
        }
        let at = length.checked_sub(8 + footer).ok_or(TableFault::Damaged)?;
        let footer = input.bytes(at, usize::try_from(footer).unwrap_or(0)).map_err(io)?;
        Walk::new(&footer, |_, _, _| {}).structure()?;
        let file: Box<dyn FileReader + Send> = match input {
            Input::File(file) => {
                let file: File = file.try_clone().map_err(io)?;
                Box::new(guarded(|| SerializedFileReader::new(file))?)
            }
            Input::Kept(bytes) => {
                let bytes = bytes::Bytes::copy_from_slice(bytes);
                Box::new(guarded(|| SerializedFileReader::new(bytes))?)
            }
        };
        let (header, columns) = columns(file.as_ref())?;
        let unread = columns.iter().enumerate().filter(|(_, c)| c.leaf.is_none()).map(|(at, _)| at).collect();
        let rows = TableRows {
            input: input.clone(),
            file,
            columns,
            group: 0,
            readers: Vec::new(),
            left: 0,
            batch: Vec::new(),
            in_batch: (0, 0),
            row: 0,
            read: 0,
            grown: 0,
        };
        Ok(Opened { header, header_line: 0, hidden_columns: Vec::new(), unread, chunks: Box::new(rows) })
    }

    /// Reads the next batch; false at the end of the file.
    fn next_batch(&mut self) -> Result<bool, ReadError> {
        while self.left == 0 {
            if self.group == self.file.num_row_groups() {
                return Ok(false);
            }
            let metadata = self.file.metadata().row_group(self.group);
            self.left = usize::try_from(metadata.num_rows()).map_err(|_| TableFault::Damaged)?;
            let leaves =
                self.columns.iter().enumerate().filter_map(|(at, column)| Some((at, column.leaf?.0)));
            for (at, leaf) in leaves.clone() {
                let chunk = metadata.columns().get(leaf).ok_or(TableFault::Damaged)?;
                if !matches!(chunk.compression(), Compression::UNCOMPRESSED | Compression::SNAPPY) {
                    return Err(TableFault::Compression(at + 1).into());
                }
                self.read += pages(&self.input, chunk)?;
            }
            let file = &self.file;
            let group = self.group;
            self.readers = guarded(|| {
                let group = file.get_row_group(group)?;
                leaves.map(|(_, leaf)| group.get_column_reader(leaf)).collect()
            })?;
            self.group += 1;
        }
        let rows = self.left.min(BATCH);
        let mut readers = self.readers.iter_mut();
        self.batch.clear();
        for column in &self.columns {
            self.batch.push(match column.leaf {
                Some((_, form)) => {
                    let reader = readers.next().expect("a reader for each column that is read");
                    Some(guarded(|| batch(reader, form, rows))?)
                }
                None => None,
            });
        }
        if self.batch.iter().flatten().any(|batch| batch.present.len() != rows) {
            return Err(TableFault::Damaged.into());
        }
        self.left -= rows;
        self.in_batch = (rows, 0);
        Ok(true)
    }
}

impl Chunks for TableRows {
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        let mut cells = Cells::default();
        let mut field = Vec::new();
        while cells.size() < CHUNK_BYTES / 2 {
            if self.in_batch.0 == self.in_batch.1 && !self.next_batch()? {
                break;
            }
            let at = self.in_batch.1;
            self.in_batch.1 += 1;
            self.row += 1;
            let mut length = 0;
            for (column, batch) in self.columns.iter().zip(&mut self.batch) {
                field.clear();
                let mut written = Written::Text;
                if let (Some((_, form)), Some(batch)) = (column.leaf, batch)
                    && batch.present[at]
                {
                    written = write(&batch.values, batch.at, form, &mut field).ok_or(TableFault::Damaged)?;
                    batch.at += 1;
                }
                length += field.len();
                if length > limits::MAX_LINE_BYTES {
                    return Err(ReadError::LongLine { line: self.row });
                }
                cells.push(&field, written);
            }
            cells.end_row(self.row, false);
            self.grown += length as u64;
            if self.grown > limits::MAX_SHEET_BYTES {
                return Err(TableFault::Large.into());
            }
        }
        if cells.is_empty() {
            return Ok(None);
        }
        Ok(Some(Chunk { read: self.read, content: Content::Cells(cells) }))
    }
}

/// The columns of a file, and their names.
fn columns(file: &dyn FileReader) -> Result<(Vec<String>, Vec<Column>), ReadError> {
    let schema = file.metadata().file_metadata().schema_descr();
    let (mut names, mut columns, mut leaf) = (Vec::new(), Vec::new(), 0);
    for field in schema.root_schema().get_fields() {
        names.push(field.name().trim().to_owned());
        let plain = field.is_primitive() && field.get_basic_info().repetition() != Repetition::REPEATED;
        let form = if plain { form(field) } else { None };
        columns.push(Column { leaf: form.map(|form| (leaf, form)) });
        leaf += leaves(field);
        if columns.len() > limits::MAX_EXTRACT_COLUMNS {
            return Err(ReadError::ManyColumns);
        }
    }
    if leaf != schema.num_columns() { Err(TableFault::Damaged.into()) } else { Ok((names, columns)) }
}

fn leaves(field: &Type) -> usize {
    if field.is_primitive() { 1 } else { field.get_fields().iter().map(|inner| leaves(inner)).sum() }
}

/// How a type's values are written; `None` for types that are not read.
fn form(field: &Type) -> Option<Form> {
    const MAX_SCALE: i32 = 38;
    let info = field.get_basic_info();
    let scale = |scale: i32| u32::try_from(scale).ok().filter(|_| scale <= MAX_SCALE).map(Form::Decimal);
    let per_second = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    };
    let physical = field.get_physical_type();
    match (physical, info.logical_type_ref()) {
        (Physical::BYTE_ARRAY, Some(LogicalType::String | LogicalType::Enum | LogicalType::Json)) => {
            Some(Form::Text)
        }
        (Physical::INT32 | Physical::INT64, Some(LogicalType::Integer(whole))) => {
            Some(if whole.is_signed { Form::Whole } else { Form::Unsigned })
        }
        (Physical::INT32, Some(LogicalType::Date)) => Some(Form::Date),
        (Physical::INT64, Some(LogicalType::Timestamp(at))) => {
            Some(Form::Instant(per_second(&at.unit), at.is_adjusted_to_u_t_c))
        }
        (
            Physical::INT32 | Physical::INT64 | Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY,
            Some(LogicalType::Decimal(decimal)),
        ) => scale(decimal.scale),
        (_, Some(_)) => None,
        (_, None) => match (physical, info.converted_type()) {
            (Physical::BOOLEAN, _) => Some(Form::Truth),
            (Physical::FLOAT | Physical::DOUBLE, _) => Some(Form::Float),
            (Physical::BYTE_ARRAY, ConvertedType::NONE | ConvertedType::UTF8 | ConvertedType::ENUM) => {
                Some(Form::Text)
            }
            (Physical::INT32, ConvertedType::DATE) => Some(Form::Date),
            (Physical::INT64, ConvertedType::TIMESTAMP_MILLIS) => Some(Form::Instant(1_000, true)),
            (Physical::INT64, ConvertedType::TIMESTAMP_MICROS) => Some(Form::Instant(1_000_000, true)),
            (_, ConvertedType::DECIMAL) => match field {
                Type::PrimitiveType { scale: of, .. } => scale(*of),
                Type::GroupType { .. } => None,
            },
            (
                Physical::INT32 | Physical::INT64,
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64,
            ) => Some(Form::Unsigned),
            (
                Physical::INT32 | Physical::INT64,
                ConvertedType::NONE
                | ConvertedType::INT_8
                | ConvertedType::INT_16
                | ConvertedType::INT_32
                | ConvertedType::INT_64,
            ) => Some(Form::Whole),
            _ => None,
        },
    }
}

/// Looks at the heads of a column's pages before anything makes room for what they say; gives the bytes of all.
fn pages(input: &Input, chunk: &ColumnChunkMetaData) -> Result<u64, ReadError> {
    let whole = |number: i64| u64::try_from(number).map_err(|_| TableFault::Damaged);
    let damaged = |_| TableFault::Damaged;
    let first = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let (mut at, length) = (whole(first)?, whole(chunk.compressed_size())?);
    let of_file = input.len().map_err(damaged)?;
    let end = at.checked_add(length).filter(|end| *end <= of_file).ok_or(TableFault::Damaged)?;
    while at < end {
        let head =
            input.bytes(at, usize::try_from((end - at).min(HEAD_BYTES)).unwrap_or(0)).map_err(damaged)?;
        let (mut unpacked, mut packed, mut words) = (-1, -1, 0);
        let left = Walk::new(&head, |outer, inner, number| match (outer, inner) {
            (2, 0) => unpacked = number,
            (3, 0) => packed = number,
            // The dictionary's number of values.
            (7, 1) => words = number,
            _ => {}
        })
        .structure()?;
        let (unpacked, packed, words) = (whole(unpacked)?, whole(packed)?, whole(words)?);
        // A page that is not packed takes the room that it has; Snappy packs to a twentieth at best.
        if unpacked > limits::MAX_TABLE_PAGE_BYTES || words > limits::MAX_TABLE_WORDS {
            return Err(TableFault::Large.into());
        }
        at += (head.len() - left) as u64 + packed;
    }
    if at == end { Ok(length) } else { Err(TableFault::Damaged.into()) }
}

/// Reads some rows of one column.
fn batch(reader: &mut ColumnReader, form: Form, rows: usize) -> Result<Batch, ParquetError> {
    let mut present = Vec::new();
    let values = match reader {
        ColumnReader::BoolColumnReader(reader) => Values::Truths(values(reader, rows, &mut present)?),
        ColumnReader::Int32ColumnReader(reader) => {
            let values = values(reader, rows, &mut present)?;
            let whole = values.into_iter().map(|value| match form {
                Form::Unsigned => i64::from(value.cast_unsigned()),
                _ => i64::from(value),
            });
            Values::Whole(whole.collect())
        }
        ColumnReader::Int64ColumnReader(reader) => Values::Whole(values(reader, rows, &mut present)?),
        ColumnReader::FloatColumnReader(reader) => {
            // As it is written, not as it is stored: 0.1 stays 0.1.
            let floats = values(reader, rows, &mut present)?.into_iter();
            Values::Floats(floats.map(|value| value.to_string().parse().unwrap_or(f64::NAN)).collect())
        }
        ColumnReader::DoubleColumnReader(reader) => Values::Floats(values(reader, rows, &mut present)?),
        ColumnReader::ByteArrayColumnReader(reader) => Values::Bytes(values(reader, rows, &mut present)?),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            Values::Fixed(values(reader, rows, &mut present)?)
        }
        ColumnReader::Int96ColumnReader(_) => return Err(ParquetError::General("not read".to_owned())),
    };
    Ok(Batch { present, values, at: 0 })
}

fn values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    present: &mut Vec<bool>,
) -> Result<Vec<T::T>, ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    while present.len() < rows {
        levels.clear();
        let before = values.len();
        let (read, _, _) = reader.read_records(rows - present.len(), Some(&mut levels), None, &mut values)?;
        if read == 0 {
            break;
        }
        match levels.is_empty() {
            // A column that must have values says nothing of which rows do.
            true => present.extend(std::iter::repeat_n(true, values.len() - before)),
            false => present.extend(levels.iter().map(|level| *level > 0)),
        }
    }
    Ok(values)
}

/// Writes a value; `None` when there is none, or it is not of its column's kind.
fn write(values: &Values, at: usize, form: Form, out: &mut Vec<u8>) -> Option<Written> {
    use std::io::Write as _;
    const MEMORY: &str = "writing into memory cannot fail";
    let written = match (values, form) {
        (Values::Truths(truths), Form::Truth) => {
            out.extend_from_slice(if *truths.get(at)? { b"true" } else { b"false" });
            Written::Text
        }
        (Values::Whole(whole), Form::Whole) => {
            write!(out, "{}", whole.get(at)?).expect(MEMORY);
            Written::Text
        }
        (Values::Whole(whole), Form::Unsigned) => {
            write!(out, "{}", whole.get(at)?.cast_unsigned()).expect(MEMORY);
            Written::Text
        }
        (Values::Whole(whole), Form::Decimal(scale)) => decimal(i128::from(*whole.get(at)?), scale, out),
        (Values::Bytes(bytes), Form::Decimal(scale)) => decimal(big(bytes.get(at)?.data())?, scale, out),
        (Values::Fixed(bytes), Form::Decimal(scale)) => decimal(big(bytes.get(at)?.data())?, scale, out),
        (Values::Whole(whole), Form::Date) => day(*whole.get(at)?, out),
        (Values::Whole(whole), Form::Instant(per_second, utc)) => {
            let seconds = whole.get(at)?.div_euclid(per_second);
            let seconds = if utc { seconds + danish_offset(seconds) } else { seconds };
            day(seconds.div_euclid(86_400), out)
        }
        (Values::Floats(floats), Form::Float) => {
            let number = *floats.get(at)?;
            // What is no number is how some programs write that there is none.
            if number.is_nan() {
                Written::Text
            } else if number.is_infinite() {
                out.extend_from_slice(b"#NUM!");
                Written::Fault
            } else {
                number::write_plain(number, out);
                Written::Number
            }
        }
        (Values::Bytes(bytes), Form::Text) => {
            out.extend_from_slice(bytes.get(at)?.data());
            Written::Text
        }
        _ => return None,
    };
    Some(written)
}

/// A whole number in two's complement, most significant byte first.
fn big(bytes: &[u8]) -> Option<i128> {
    if bytes.len() > 16 {
        return None;
    }
    let sign = if bytes.first().is_some_and(|byte| *byte & 0x80 != 0) { -1 } else { 0 };
    Some(bytes.iter().fold(sign, |sum: i128, byte| sum << 8 | i128::from(*byte)))
}

fn decimal(value: i128, scale: u32, out: &mut Vec<u8>) -> Written {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale as usize + 1);
    let (whole, behind) = digits.split_at(digits.len() - scale as usize);
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(whole.as_bytes());
    let behind = behind.trim_end_matches('0');
    if !behind.is_empty() {
        out.push(b'.');
        out.extend_from_slice(behind.as_bytes());
    }
    Written::Number
}

/// Writes a day; one that no data may carry as what it is not.
fn day(days: i64, out: &mut Vec<u8>) -> Written {
    use std::io::Write as _;
    let known = i64::from(Day::MIN.days())..=i64::from(Day::MAX.days());
    match i32::try_from(days).ok().filter(|_| known.contains(&days)) {
        Some(days) => write!(out, "{}", Day::from_days(days)).expect("writing into memory cannot fail"),
        None => out.extend_from_slice(b"0000-00-00"),
    }
    Written::Day
}

/// Seconds by which clocks in Denmark are ahead of UTC at an instant, in seconds since 1970: an hour, and two from the
/// last Sunday of March to that of October, at 01:00 UTC (Directive 2000/84/EC). Before 1996, when summers ended
/// earlier, an hour.
fn danish_offset(seconds: i64) -> i64 {
    const HOUR: i64 = 3600;
    let Some(day) = i32::try_from(seconds.div_euclid(24 * HOUR)).ok().map(Day::from_days) else {
        return HOUR;
    };
    if day < Day::MIN || day > Day::MAX {
        return HOUR;
    }
    let year = day.ymd().0;
    let turn = |month: u8| {
        let last = Day::from_ymd(year, month, 31).expect("both months have 31 days");
        // 1970-01-01 was a Thursday; Sundays are 3 days on.
        let sunday = last.days() - (last.days() - 3).rem_euclid(7);
        i64::from(sunday) * 24 * HOUR + HOUR
    };
    let summer = year >= 1996 && (turn(3)..turn(10)).contains(&seconds);
    if summer { 2 * HOUR } else { HOUR }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_its_day_in_denmark() {
        let seconds = |text: &str| {
            text.parse::<crate::clock::Timestamp>().expect("an instant").millis().div_euclid(1000)
        };
        for (instant, expected) in [
            ("2022-03-04T23:00:00Z", "2022-03-05"),
            ("2022-03-04T22:59:59Z", "2022-03-04"),
            // Summer time began on 27 March and ended on 30 October 2022.
            ("2022-03-27T22:00:00Z", "2022-03-28"),
            ("2022-03-26T22:59:59Z", "2022-03-26"),
            ("2022-10-29T22:00:00Z", "2022-10-30"),
            ("2022-10-30T22:30:00Z", "2022-10-30"),
            ("2024-03-31T00:59:59Z", "2024-03-31"),
        ] {
            let mut out = Vec::new();
            let values = Values::Whole(vec![seconds(instant) * 1_000_000]);
            assert_eq!(write(&values, 0, Form::Instant(1_000_000, true), &mut out), Some(Written::Day));
            assert_eq!(String::from_utf8(out).expect("ASCII"), expected, "{instant}");
        }
        assert_eq!(danish_offset(seconds("2024-03-31T00:59:59Z")), 3600);
        assert_eq!(danish_offset(seconds("2024-03-31T01:00:00Z")), 7200);
        assert_eq!(danish_offset(seconds("2024-10-27T00:59:59Z")), 7200);
        assert_eq!(danish_offset(seconds("2024-10-27T01:00:00Z")), 3600);
        assert_eq!(danish_offset(i64::MAX), 3600);
    }

    #[test]
    fn decimals_are_written_with_a_point() {
        for (bytes, scale, text) in [
            (&[0x04, 0xD2][..], 2, "12.34"),
            (&[0xFF], 2, "-0.01"),
            (&[0x00], 3, "0"),
            (&[0x0A], 1, "1"),
            (&[0x7F, 0xFF], 0, "32767"),
            (&[], 2, "0"),
        ] {
            let mut out = Vec::new();
            decimal(big(bytes).expect("short"), scale, &mut out);
            assert_eq!(String::from_utf8(out).expect("ASCII"), text);
        }
        assert_eq!(big(&[0; 17]), None);
    }
}
