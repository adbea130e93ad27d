//! A row group in the making: records in, columns out.

use super::file::{GROUP_ROWS, Part, Values, parts};
use super::record::{self, Record};
use crate::programme::Dataset;

/// Columns of up to [`GROUP_ROWS`] rows, in the order of the file.
pub(super) struct Group {
    parts: Vec<Part>,
    pub(super) values: Vec<Values>,
    rows: usize,
}

/// Final numbers of what is provisional in records.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'a> {
    /// By provisional case.
    pub(super) cases: &'a [u32],
    /// By provisional member of staff.
    pub(super) staff: &'a [u32],
}

impl Group {
    /// An empty group of a dataset, with room for so many rows.
    pub(super) fn new(dataset: &Dataset, rows: usize) -> Group {
        let parts: Vec<Part> = parts(dataset).into_iter().map(|(_, part)| part).collect();
        let values = parts.iter().map(|part| Values::with_capacity(*part, rows)).collect();
        Group { parts, values, rows: 0 }
    }

    /// Bytes that a full group of a dataset takes, at most.
    pub(super) fn bytes(dataset: &Dataset, rows: u64) -> u64 {
        let width: u64 = parts(dataset).iter().map(|(_, part)| part.bytes()).sum();
        width * rows.min(GROUP_ROWS as u64)
    }

    /// Rows.
    pub(super) const fn len(&self) -> usize {
        self.rows
    }

    /// Takes records, column by column.
    pub(super) fn take(&mut self, record: &Record, records: &[u8], numbers: Numbers<'_>) {
        let rows = || records.chunks_exact(record.width());
        let place = "a column stands where the dataset has one";
        for (part, values) in self.parts.iter().zip(&mut self.values) {
            let number = |at: usize| move |row: &[u8]| record::number(row, at).cast_signed();
            match values {
                Values::Int32(values) => match *part {
                    Part::Person | Part::Family => values.extend(rows().map(number(0))),
                    Part::Day => values.extend(rows().map(record::day)),
                    Part::Source => values.extend(rows().map(|row| i32::from(record::source(row)))),
                    Part::Related => values.extend(rows().map(number(record.related.expect(place)))),
                    Part::Case => {
                        let at = record.case.expect(place);
                        let of = |row| numbers.cases[record::number(row, at) as usize].cast_signed();
                        values.extend(rows().map(of));
                    }
                    Part::Staff(column) => {
                        let at = record.column(column);
                        let of = |row| numbers.staff[record::number(row, at) as usize].cast_signed();
                        values.extend(rows().map(of));
                    }
                    Part::Category(column) | Part::Measure(column) => {
                        let at = record.column(column);
                        values.extend(rows().map(|row| i32::from(row[at])));
                    }
                },
                Values::Int64(values) => {
                    let Part::Measure(column) = *part else { continue };
                    let at = record.column(column);
                    let of =
                        |row: &[u8]| i64::from_le_bytes(row[at..at + 8].try_into().expect("eight bytes"));
                    values.extend(rows().map(of));
                }
            }
        }
        self.rows += records.len() / record.width();
    }
}
