//! Columns read back from Parquet, and held against what every snapshot keeps.

use std::io::{self, BufReader};
use std::sync::Arc;

use bytes::Bytes;
use parquet::column::reader::ColumnReader;
use parquet::data_type::{DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader as _, Length, SerializedFileReader};

use super::columns::Columns;
use super::file::{GROUP_ROWS, Part, parts, person_parts};
use crate::programme::Dataset;
use crate::vault::{SealedFile, SealedReader};

/// Why a file whose digest is right cannot be used.
pub(super) enum FileError {
    /// Parquet's word.
    Parquet(ParquetError),
    /// It does not hold what a snapshot holds.
    Content(&'static str),
}

impl From<ParquetError> for FileError {
    fn from(error: ParquetError) -> FileError {
        FileError::Parquet(error)
    }
}

/// Reads all values of a column, in the order of the rows.
fn read_column<T: DataType>(
    reader: &SerializedFileReader<Pages>,
    at: usize,
    typed: impl Fn(ColumnReader) -> Option<parquet::column::reader::ColumnReaderImpl<T>>,
    mut take: impl FnMut(&[T::T]) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let mut values = Vec::new();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let mut column =
            typed(group.get_column_reader(at)?).ok_or(FileError::Content("a column has another type"))?;
        values.clear();
        values.reserve(rows.min(GROUP_ROWS));
        let (read, ..) = column.read_records(rows, None, None, &mut values)?;
        if read != rows || values.len() != rows {
            return Err(FileError::Content("a column is shorter than the others"));
        }
        take(&values)?;
    }
    Ok(())
}

/// A sealed file, as Parquet reads one.
struct Pages(Arc<SealedFile>);

impl Length for Pages {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Pages {
    type T = BufReader<SealedReader>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        // The head of a page: what follows is asked for by its length.
        Ok(BufReader::with_capacity(512, SealedReader::new(Arc::clone(&self.0), start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        // What a page claims to take is not made room for beyond the file.
        if start.checked_add(length as u64).is_none_or(|end| end > self.0.len()) {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let mut bytes = vec![0; length];
        self.0.read_at(start, &mut bytes)?;
        Ok(bytes.into())
    }
}

/// A Parquet file being read.
struct Input {
    reader: SerializedFileReader<Pages>,
    rows: usize,
}

impl Input {
    fn open(file: Arc<SealedFile>, parts: &[(String, Part)], rows: u64) -> Result<Input, FileError> {
        let reader = SerializedFileReader::new(Pages(file))?;
        let meta = reader.metadata().file_metadata();
        let found = meta.schema_descr().columns();
        let same = found.len() == parts.len()
            && found.iter().zip(parts).all(|(column, (name, part))| {
                column.name() == name
                    && column.physical_type() == part.physical()
                    && column.max_def_level() == 0
            });
        if !same {
            return Err(FileError::Content("its columns are not those of the dataset"));
        }
        if u64::try_from(meta.num_rows()) != Ok(rows) || rows > u64::from(u32::MAX) {
            return Err(FileError::Content("it holds another number of rows than was sealed"));
        }
        let rows = usize::try_from(rows).map_err(|_| FileError::Content("too many rows for this machine"))?;
        Ok(Input { reader, rows })
    }

    /// A column of 32 bits, each value converted; `None` from `convert` refuses the file for the reason given.
    fn numbers<T>(
        &self,
        at: usize,
        wrong: &'static str,
        convert: impl Fn(i32) -> Option<T>,
    ) -> Result<Vec<T>, FileError> {
        let mut column = Vec::with_capacity(self.rows);
        self.for_each(at, wrong, convert, |value| {
            column.push(value);
            Ok(())
        })?;
        Ok(column)
    }

    /// The same, given to `each` one by one.
    fn for_each<T>(
        &self,
        at: usize,
        wrong: &'static str,
        convert: impl Fn(i32) -> Option<T>,
        mut each: impl FnMut(T) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let typed =
            |reader| if let ColumnReader::Int32ColumnReader(reader) = reader { Some(reader) } else { None };
        read_column::<Int32Type>(&self.reader, at, typed, |values| {
            values.iter().try_for_each(|value| each(convert(*value).ok_or(FileError::Content(wrong))?))
        })
    }

    /// A column of 64 bits.
    fn measures(&self, at: usize) -> Result<Vec<i64>, FileError> {
        let mut column = Vec::with_capacity(self.rows);
        let typed =
            |reader| if let ColumnReader::Int64ColumnReader(reader) = reader { Some(reader) } else { None };
        read_column::<Int64Type>(&self.reader, at, typed, |values| {
            column.extend_from_slice(values);
            Ok(())
        })?;
        Ok(column)
    }
}

/// A number as it was before it became signed, when it is at most `highest`.
fn number_up_to(highest: u32) -> impl Fn(i32) -> Option<u32> {
    move |value| Some(value.cast_unsigned()).filter(|number| *number <= highest)
}

/// What the values of a file must keep to.
pub(super) struct Bounds<'a> {
    /// Highest person number.
    pub(super) persons: u32,
    /// Number of partners.
    pub(super) partners: usize,
    /// Rows of the whole snapshot: no more cases than that.
    pub(super) rows: u64,
    /// Number of codes of each category column of the dataset.
    pub(super) codes: &'a [usize],
}

/// Reads the rows of a dataset and holds them against what every snapshot keeps: order, known partners and codes.
pub(super) fn read_rows(
    file: Arc<SealedFile>,
    dataset: &Dataset,
    rows: u64,
    bounds: &Bounds<'_>,
) -> Result<Columns, FileError> {
    let parts = parts(dataset);
    let input = Input::open(file, &parts, rows)?;
    let mut columns = Columns {
        offsets: vec![0; bounds.persons as usize + 2],
        day: Vec::new(),
        source: Vec::new(),
        related: None,
        case: None,
        staff: vec![None; dataset.columns.len()],
        categories: vec![None; dataset.columns.len()],
        measures: vec![None; dataset.columns.len()],
    };
    // Numbers are dense, so that whoever makes room by the highest makes no more than the rows account for.
    let at_most = |numbers: u64| u32::try_from(numbers).unwrap_or(u32::MAX);
    let cases = at_most(bounds.rows);
    let staff = at_most(bounds.rows.saturating_mul(crate::limits::MAX_DATASET_COLUMNS as u64));
    for (at, (_, part)) in parts.iter().enumerate() {
        let byte_below = |limit: usize| {
            move |value: i32| u8::try_from(value).ok().filter(|byte| usize::from(*byte) < limit)
        };
        match *part {
            Part::Person | Part::Family => {
                let known = number_up_to(bounds.persons);
                let mut last = 0;
                input.for_each(at, "a person number is too high", known, |person| {
                    let sorted = last <= person;
                    last = person;
                    columns.offsets[person as usize + 1] += 1;
                    if sorted { Ok(()) } else { Err(FileError::Content("persons are out of order")) }
                })?;
                for at in 1..columns.offsets.len() {
                    columns.offsets[at] += columns.offsets[at - 1];
                }
            }
            Part::Day => columns.day = input.numbers(at, "a day is wrong", Some)?,
            Part::Source => {
                columns.source = input.numbers(at, "a partner is unknown", byte_below(bounds.partners))?;
            }
            Part::Related => {
                let known = number_up_to(bounds.persons);
                columns.related = Some(input.numbers(at, "a person number is too high", known)?);
            }
            Part::Case => {
                columns.case = Some(input.numbers(at, "a case number is too high", number_up_to(cases))?);
            }
            Part::Staff(column) => {
                let numbers = input.numbers(at, "a staff number is too high", number_up_to(staff))?;
                columns.staff[column] = Some(numbers);
            }
            Part::Category(column) => {
                let codes = bounds.codes[column];
                let known = move |value: i32| {
                    u8::try_from(value).ok().filter(|code| usize::from(*code) < codes || *code == u8::MAX)
                };
                columns.categories[column] = Some(input.numbers(at, "a code is unknown", known)?);
            }
            Part::Measure(column) => columns.measures[column] = Some(input.measures(at)?),
        }
    }
    let sorted = |run: &[u32]| columns.day[run[0] as usize..run[1] as usize].is_sorted();
    if !columns.offsets.windows(2).all(sorted) {
        return Err(FileError::Content("days are out of order"));
    }
    Ok(columns)
}

/// Reads the family of each person number, `0..=persons`.
pub(super) fn read_persons(file: Arc<SealedFile>, rows: u64, persons: u32) -> Result<Vec<u32>, FileError> {
    let input = Input::open(file, &person_parts(), rows)?;
    let known = |value: i32| Some(value.cast_unsigned()).filter(|n| (1..=persons).contains(n));
    let numbers = input.numbers(0, "a person number is out of range", known)?;
    let of = input.numbers(1, "a family is out of range", known)?;
    if !numbers.is_sorted_by(|a, b| a < b) {
        return Err(FileError::Content("persons are out of order"));
    }
    let mut families = vec![0; persons as usize + 1];
    for (person, family) in numbers.into_iter().zip(of) {
        families[person as usize] = family;
    }
    Ok(families)
}
