//! Columns as Parquet, and back.
//!
//! Every column is required. Person numbers, days, related persons, cases and staff are delta-packed; sources, codes and
//! measures are in dictionaries, run-length encoded. What is missing is what memory has for it: 0 for numbers, 255
//! for codes, the least integer for measures.

use std::fs::File;
use std::sync::Arc;

use parquet::basic::{Encoding, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type};

use super::columns::Columns;
use crate::programme::{Dataset, Role};

/// Rows of a row group: what is held twice while it is written.
const GROUP_ROWS: usize = 1 << 20;

/// What a column of a file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Person,
    Family,
    Day,
    Source,
    Related,
    Case,
    /// Staff numbers of the dataset's column at this position.
    Staff(usize),
    /// Codes of the dataset's column at this position.
    Category(usize),
    /// Measures of the dataset's column at this position.
    Measure(usize),
}

impl Part {
    fn logical(self) -> LogicalType {
        match self {
            Part::Day => LogicalType::Date,
            Part::Source | Part::Category(_) => LogicalType::integer(8, false),
            Part::Measure(_) => LogicalType::integer(64, true),
            Part::Person | Part::Family | Part::Related | Part::Case | Part::Staff(_) => {
                LogicalType::integer(32, false)
            }
        }
    }

    fn physical(self) -> Physical {
        if matches!(self, Part::Measure(_)) { Physical::INT64 } else { Physical::INT32 }
    }

    fn in_dictionary(self) -> bool {
        matches!(self, Part::Source | Part::Category(_) | Part::Measure(_))
    }
}

/// The columns of a dataset's file. The names of the programme's own get a prefix that no fixed one has.
fn parts(dataset: &Dataset) -> Vec<(String, Part)> {
    let fixed = |name: &str, part| (name.to_owned(), part);
    let mut parts =
        vec![fixed("person", Part::Person), fixed("day", Part::Day), fixed("source", Part::Source)];
    for (at, column) in dataset.columns.iter().enumerate() {
        match column.role {
            Role::RelatedPerson => parts.push(fixed("related", Part::Related)),
            Role::Case => parts.push(fixed("case", Part::Case)),
            Role::Category { .. } => parts.push((format!("code_{}", column.id), Part::Category(at))),
            Role::Measure(_) => parts.push((format!("measure_{}", column.id), Part::Measure(at))),
            Role::Staff => parts.push((format!("staff_{}", column.id), Part::Staff(at))),
            Role::Person | Role::Date => {}
        }
    }
    parts
}

/// The columns of the persons' file.
fn person_parts() -> Vec<(String, Part)> {
    vec![("person".to_owned(), Part::Person), ("family".to_owned(), Part::Family)]
}

fn schema(parts: &[(String, Part)]) -> Result<Arc<Type>, ParquetError> {
    let column = |(name, part): &(String, Part)| {
        Type::primitive_type_builder(name, part.physical())
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(Some(part.logical()))
            .build()
            .map(Arc::new)
    };
    let fields = parts.iter().map(column).collect::<Result<_, _>>()?;
    Type::group_type_builder("rows").with_fields(fields).build().map(Arc::new)
}

fn properties(parts: &[(String, Part)]) -> Arc<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("kobling ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    for (name, part) in parts {
        let path = ColumnPath::from(name.as_str());
        properties = properties.set_column_dictionary_enabled(path.clone(), part.in_dictionary());
        if !part.in_dictionary() {
            properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Arc::new(properties.build())
}

/// Values of one column and row group, in the form that Parquet takes.
enum Values {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
}

/// Writes a file: `values` gives the values of a part for a range of rows.
fn write<W: std::io::Write + Send>(
    out: W,
    parts: &[(String, Part)],
    rows: usize,
    values: impl Fn(Part, std::ops::Range<usize>) -> Values,
) -> Result<W, ParquetError> {
    let mut writer = SerializedFileWriter::new(out, schema(parts)?, properties(parts))?;
    for from in (0..rows).step_by(GROUP_ROWS) {
        let range = from..rows.min(from + GROUP_ROWS);
        let mut group = writer.next_row_group()?;
        for (_, part) in parts {
            let mut column = group.next_column()?.ok_or(ParquetError::EOF("no such column".to_owned()))?;
            match values(*part, range.clone()) {
                Values::Int32(values) => column.typed::<Int32Type>().write_batch(&values, None, None)?,
                Values::Int64(values) => column.typed::<Int64Type>().write_batch(&values, None, None)?,
            };
            column.close()?;
        }
        group.close()?;
    }
    writer.into_inner()
}

/// Writes the rows of a dataset.
pub(super) fn write_rows<W: std::io::Write + Send>(
    out: W,
    dataset: &Dataset,
    columns: &Columns,
) -> Result<W, ParquetError> {
    let parts = parts(dataset);
    let persons: Vec<u32> = columns.persons().collect();
    let numbers = |column: &[u32]| Values::Int32(column.iter().map(|n| n.cast_signed()).collect());
    let bytes = |column: &[u8]| Values::Int32(column.iter().map(|n| i32::from(*n)).collect());
    let place = "the columns are those of the dataset";
    write(out, &parts, columns.len(), |part, range| match part {
        Part::Person | Part::Family => numbers(&persons[range]),
        Part::Day => Values::Int32(columns.day[range].to_vec()),
        Part::Source => bytes(&columns.source[range]),
        Part::Related => numbers(&columns.related.as_ref().expect(place)[range]),
        Part::Case => numbers(&columns.case.as_ref().expect(place)[range]),
        Part::Staff(at) => numbers(&columns.staff[at].as_ref().expect(place)[range]),
        Part::Category(at) => bytes(&columns.categories[at].as_ref().expect(place)[range]),
        Part::Measure(at) => Values::Int64(columns.measures[at].as_ref().expect(place)[range].to_vec()),
    })
}

/// Writes the family of each person that has one; returns their number too.
pub(super) fn write_persons<W: std::io::Write + Send>(
    out: W,
    families: &[u32],
) -> Result<(W, u64), ParquetError> {
    let persons: Vec<(u32, u32)> =
        (0..).zip(families.iter().copied()).filter(|(_, family)| *family != 0).collect();
    let out = write(out, &person_parts(), persons.len(), |part, range| {
        let value = |(person, family): &(u32, u32)| if part == Part::Family { *family } else { *person };
        Values::Int32(persons[range].iter().map(|pair| value(pair).cast_signed()).collect())
    })?;
    Ok((out, persons.len() as u64))
}

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
    reader: &SerializedFileReader<File>,
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

/// A Parquet file being read.
struct Input {
    reader: SerializedFileReader<File>,
    rows: usize,
}

impl Input {
    fn open(file: File, parts: &[(String, Part)], rows: u64) -> Result<Input, FileError> {
        let reader = SerializedFileReader::new(file)?;
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
    file: File,
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
pub(super) fn read_persons(file: File, rows: u64, persons: u32) -> Result<Vec<u32>, FileError> {
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
