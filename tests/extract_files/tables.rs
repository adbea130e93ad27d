//! Parquet files.

use std::path::Path;
use std::sync::Arc;

use kobling::clock::Day;
use kobling::extract::{Declared, ExtractError, ReadError, TableFault};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

use super::{Desk, cpr};

/// A row of a table; `held` in hundredths.
pub struct Row {
    pub person: String,
    pub case: Option<i64>,
    pub day: Day,
    pub planned: u32,
    pub held: u32,
}

const SCHEMA: &str = "message rows {
    required binary CPR-nr (STRING);
    optional int64 Sagsnr;
    required int32 Dato (DATE);
    required double Planlagte_samtaler;
    required int64 Afholdte_samtaler (DECIMAL(10, 2));
}";

/// Writes columns by their schema, in row groups of at most `group` rows.
fn file(
    path: &Path,
    schema: &str,
    compression: Compression,
    rows: usize,
    group: usize,
    mut column: impl FnMut(usize, std::ops::Range<usize>, &mut SerializedColumnWriter<'_>),
) {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let properties = WriterProperties::builder().set_compression(compression).build();
    let out = std::fs::File::create(path).expect("made");
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties)).expect("begun");
    for from in (0..rows).step_by(group) {
        let mut rows_of = writer.next_row_group().expect("begun");
        let mut at = 0;
        while let Some(mut next) = rows_of.next_column().expect("a column") {
            column(at, from..rows.min(from + group), &mut next);
            next.close().expect("ended");
            at += 1;
        }
        rows_of.close().expect("ended");
    }
    writer.close().expect("ended");
}

/// Writes a table with a column of every kind.
pub fn write(path: &Path, rows: &[Row]) {
    write_as(path, rows, Compression::SNAPPY);
}

fn write_as(path: &Path, rows: &[Row], compression: Compression) {
    // Names of columns have no blanks in a schema that is written as text.
    let schema = SCHEMA.replace("Planlagte_samtaler", "Planlagt").replace("Afholdte_samtaler", "Afholdt");
    file(path, &schema, compression, rows.len(), 17, |at, range, column| {
        let rows = &rows[range];
        let done = match at {
            0 => {
                let values: Vec<ByteArray> = rows.iter().map(|row| row.person.as_str().into()).collect();
                column.typed::<ByteArrayType>().write_batch(&values, None, None)
            }
            1 => {
                let values: Vec<i64> = rows.iter().filter_map(|row| row.case).collect();
                let levels: Vec<i16> = rows.iter().map(|row| i16::from(row.case.is_some())).collect();
                column.typed::<Int64Type>().write_batch(&values, Some(&levels), None)
            }
            2 => {
                let values: Vec<i32> = rows.iter().map(|row| row.day.days()).collect();
                column.typed::<Int32Type>().write_batch(&values, None, None)
            }
            3 => {
                let values: Vec<f64> = rows.iter().map(|row| f64::from(row.planned)).collect();
                column.typed::<DoubleType>().write_batch(&values, None, None)
            }
            _ => {
                let values: Vec<i64> = rows.iter().map(|row| i64::from(row.held)).collect();
                column.typed::<Int64Type>().write_batch(&values, None, None)
            }
        };
        done.expect("written");
    });
}

fn some_rows(count: u64) -> Vec<Row> {
    let day = Day::from_ymd(2022, 3, 5).expect("a day");
    let row = |at: u64| Row {
        person: cpr(at + 1),
        case: at.is_multiple_of(2).then_some(7),
        day,
        planned: 3,
        held: 125,
    };
    (0..count).map(row).collect()
}

fn refused(desk: &Desk, path: &Path) -> TableFault {
    match desk.package(path, Declared::default()) {
        Err(ExtractError::Read(ReadError::Table(fault))) => fault,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was read"),
    }
}

#[test]
fn instants_are_days_in_denmark_and_columns_that_are_not_needed_may_be_of_any_type() {
    let desk = Desk::new("samtaler");
    let path = desk.dir.path().join("rows.parquet");
    let schema = |date: &str, other: &str| {
        format!(
            "message rows {{ required binary CPR-nr (STRING); required int64 Dato ({date}); {other}
            required double Planlagt; required double Afholdt; }}"
        )
    };
    // 23:30 on 4 March UTC.
    let at = (i64::from(Day::from_ymd(2022, 3, 4).expect("a day").days()) * 86_400 + 84_600) * 1000;
    let list = "optional group Tags (LIST) { repeated group list { optional binary element (STRING); } }";
    for (date, other, day) in [
        ("TIMESTAMP(MILLIS, true)", "", "2022-03-05"),
        ("TIMESTAMP(MILLIS, false)", "", "2022-03-04"),
        ("TIMESTAMP(MILLIS, false)", list, "2022-03-04"),
    ] {
        file(&path, &schema(date, other), Compression::UNCOMPRESSED, 1, 1, |column, _, writer| {
            let done = match (column, other.is_empty()) {
                (0, _) => writer.typed::<ByteArrayType>().write_batch(&[cpr(1).as_str().into()], None, None),
                (1, _) => writer.typed::<Int64Type>().write_batch(&[at], None, None),
                (2, false) => writer.typed::<ByteArrayType>().write_batch(&[], Some(&[0]), Some(&[0])),
                _ => writer.typed::<DoubleType>().write_batch(&[1.5], None, None),
            };
            done.expect("written");
        });
        let (rows, _) = desk.package(&path, Declared::default()).unwrap_or_else(|error| panic!("{error}"));
        assert!(rows[0].contains(&format!(",{day},1.50,1.50")), "{rows:?}");
    }
    // Needed, it has to be of one that is read.
    file(
        &path,
        "message rows { required binary CPR-nr (STRING); required int96 Dato; required double Planlagt; required double Afholdt; }",
        Compression::UNCOMPRESSED,
        0,
        1,
        |_, _, _| {},
    );
    assert_eq!(refused(&desk, &path), TableFault::Type(2));
}

#[test]
fn what_a_page_or_the_directory_says_of_its_size_is_not_believed() {
    let desk = Desk::new("samtaler");
    let path = desk.dir.path().join("rows.parquet");
    write_as(&path, &some_rows(5), Compression::UNCOMPRESSED);
    let whole = std::fs::read(&path).expect("readable");
    // A footer longer than the file.
    let mut long = whole.clone();
    let end = long.len();
    long[end - 8..end - 4].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0]);
    assert_eq!(refused(&desk, &desk.write("long.parquet", &long)), TableFault::Damaged);
    long[end - 8..end - 4].copy_from_slice(&[0xFF; 4]);
    assert_eq!(refused(&desk, &desk.write("long.parquet", &long)), TableFault::Large);
    assert_eq!(refused(&desk, &desk.write("cut.parquet", &whole[..whole.len() / 2])), TableFault::Damaged);
    assert_eq!(refused(&desk, &desk.write("short.parquet", b"PAR1")), TableFault::Damaged);
    // The first page stands behind the four bytes at the beginning: its kind, then its size, which becomes 2 GiB.
    assert_eq!(&whole[4..7], &[0x15, whole[5], 0x15]);
    let mut page = whole.clone();
    page.splice(7..8, [0xFE, 0xFF, 0xFF, 0xFF, 0x0F]);
    let found = desk.package(&desk.write("page.parquet", &page), Declared::default());
    assert!(matches!(
        found,
        Err(ExtractError::Read(ReadError::Table(TableFault::Large | TableFault::Damaged)))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is damaged, a table is read or refused.
    #[test]
    fn no_damage_makes_the_reader_fall(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let desk = Desk::new("samtaler");
        let path = desk.dir.path().join("rows.parquet");
        write_as(&path, &some_rows(5), Compression::UNCOMPRESSED);
        let mut bytes = std::fs::read(&path).expect("readable");
        for (place, byte) in places {
            *place.get_mut(&mut bytes) = byte;
        }
        let _ = desk.of("damaged.parquet", &bytes);
    }
}
