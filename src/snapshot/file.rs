//! The files of a snapshot: what columns they have, and how they are written.
//!
//! Every column is required. Person numbers, days, related persons, cases and staff are delta-packed; sources, codes and
//! measures are in dictionaries, run-length encoded. What is missing is what memory has for it: 0 for numbers, 255
//! for codes, the least integer for measures.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Encoding, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type};

use crate::programme::{Dataset, Role};

/// Rows of a row group: what is held twice while it is written.
pub(super) const GROUP_ROWS: usize = 1 << 20;

/// What a column of a file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
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

    pub(super) fn physical(self) -> Physical {
        if matches!(self, Part::Measure(_)) { Physical::INT64 } else { Physical::INT32 }
    }

    /// Bytes of a value.
    pub(super) fn bytes(self) -> u64 {
        if self.physical() == Physical::INT64 { 8 } else { 4 }
    }

    fn in_dictionary(self) -> bool {
        matches!(self, Part::Source | Part::Category(_) | Part::Measure(_))
    }
}

/// The columns of a dataset's file. The names of the programme's own get a prefix that no fixed one has.
pub(super) fn parts(dataset: &Dataset) -> Vec<(String, Part)> {
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
pub(super) fn person_parts() -> Vec<(String, Part)> {
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
pub(super) enum Values {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
}

impl Values {
    /// Room for the values of a part.
    pub(super) fn with_capacity(part: Part, rows: usize) -> Values {
        if part.physical() == Physical::INT64 {
            Values::Int64(Vec::with_capacity(rows))
        } else {
            Values::Int32(Vec::with_capacity(rows))
        }
    }
}

/// A file being written, row group by row group.
struct Writer<W: Write + Send>(SerializedFileWriter<W>);

impl<W: Write + Send> Writer<W> {
    fn new(out: W, parts: &[(String, Part)]) -> Result<Writer<W>, ParquetError> {
        SerializedFileWriter::new(out, schema(parts)?, properties(parts)).map(Writer)
    }

    /// Writes a row group; the values are in the order of the parts.
    fn group<'v>(&mut self, values: impl IntoIterator<Item = &'v Values>) -> Result<(), ParquetError> {
        let mut group = self.0.next_row_group()?;
        for values in values {
            let mut column = group.next_column()?.ok_or(ParquetError::EOF("no such column".to_owned()))?;
            match values {
                Values::Int32(values) => column.typed::<Int32Type>().write_batch(values, None, None)?,
                Values::Int64(values) => column.typed::<Int64Type>().write_batch(values, None, None)?,
            };
            column.close()?;
        }
        group.close()?;
        Ok(())
    }
}

/// Writes the rows of a dataset: `groups` gives its row groups, in order, to what it is given.
pub(super) fn write_rows<W: Write + Send, E: From<ParquetError>>(
    out: W,
    dataset: &Dataset,
    groups: impl FnOnce(&mut dyn FnMut(&[Values]) -> Result<(), E>) -> Result<(), E>,
) -> Result<W, E> {
    let mut writer = Writer::new(out, &parts(dataset))?;
    groups(&mut |values| writer.group(values).map_err(E::from))?;
    Ok(writer.0.into_inner()?)
}

/// Writes the family of each person that has one; returns their number too.
pub(super) fn write_persons<W: Write + Send>(out: W, families: &[u32]) -> Result<(W, u64), ParquetError> {
    let mut writer = Writer::new(out, &person_parts())?;
    let mut persons = (0u32..).zip(families.iter().copied()).filter(|(_, family)| *family != 0).peekable();
    let mut rows = 0;
    while persons.peek().is_some() {
        let group = persons.by_ref().take(GROUP_ROWS);
        let (persons, families): (Vec<i32>, Vec<i32>) =
            group.map(|(person, family)| (person.cast_signed(), family.cast_signed())).unzip();
        rows += persons.len() as u64;
        writer.group(&[Values::Int32(persons), Values::Int32(families)])?;
    }
    Ok((writer.0.into_inner()?, rows))
}
