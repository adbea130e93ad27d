//! An answer as Parquet: the columns of `columns.rs`, and the answer itself as it came, under the key
//! `kobling.answer` of the file's metadata.

use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::columns::{Column, Field, FieldType, columns};
use super::model::Answer;
use crate::language::{Language, Spoken};

/// A file could not be made. Parquet writes into memory here, so this is a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("the answer cannot be written as Parquet")]
pub struct ParquetFormError(#[from] ParquetError);

impl Spoken for ParquetFormError {
    fn danish(&self) -> String {
        "svaret kan ikke skrives som Parquet".to_owned()
    }
}

impl Answer {
    /// The bytes of a Parquet file. `body` is the answer as it came, which the file carries along.
    ///
    /// # Errors
    /// [`ParquetFormError`].
    pub fn to_parquet(&self, body: &str, labels: Option<Language>) -> Result<Vec<u8>, ParquetFormError> {
        let columns = columns(self, labels);
        let about = vec![KeyValue::new("kobling.answer".to_owned(), body.to_owned())];
        let properties = WriterProperties::builder()
            .set_created_by(concat!("kobling ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::UNCOMPRESSED)
            .set_key_value_metadata(Some(about))
            .build();
        let mut writer = SerializedFileWriter::new(Vec::new(), schema(&columns)?, Arc::new(properties))?;
        let mut group = writer.next_row_group()?;
        for column in &columns {
            let mut to = group.next_column()?.ok_or(ParquetError::EOF("no such column".to_owned()))?;
            // 1 where there is a value, 0 where there is none.
            let levels: Vec<i16> = column.fields.iter().map(|f| i16::from(*f != Field::Empty)).collect();
            let levels = Some(levels.as_slice());
            match column.field_type {
                FieldType::Text => {
                    let texts = take(column, |field| match field {
                        Field::Text(text) => Some(ByteArray::from(text.as_str())),
                        _ => None,
                    });
                    to.typed::<ByteArrayType>().write_batch(&texts, levels, None)?
                }
                FieldType::Whole => {
                    let whole = |f: &Field| if let Field::Whole(value) = f { Some(*value) } else { None };
                    to.typed::<Int64Type>().write_batch(&take(column, whole), levels, None)?
                }
                FieldType::Number => {
                    let number = |f: &Field| if let Field::Number(value) = f { Some(*value) } else { None };
                    to.typed::<DoubleType>().write_batch(&take(column, number), levels, None)?
                }
                FieldType::Flag => {
                    let flag = |f: &Field| if let Field::Flag(value) = f { Some(*value) } else { None };
                    to.typed::<BoolType>().write_batch(&take(column, flag), levels, None)?
                }
            };
            to.close()?;
        }
        group.close()?;
        Ok(writer.into_inner()?)
    }
}

fn take<T>(column: &Column, value: impl Fn(&Field) -> Option<T>) -> Vec<T> {
    column.fields.iter().filter_map(value).collect()
}

fn schema(columns: &[Column]) -> Result<Arc<Type>, ParquetError> {
    let one = |column: &Column| {
        let (physical, logical) = match column.field_type {
            FieldType::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            FieldType::Whole => (Physical::INT64, None),
            FieldType::Number => (Physical::DOUBLE, None),
            FieldType::Flag => (Physical::BOOLEAN, None),
        };
        Type::primitive_type_builder(&column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    };
    let fields = columns.iter().map(one).collect::<Result<_, _>>()?;
    Type::group_type_builder("answer").with_fields(fields).build().map(Arc::new)
}
