//! The columns in which programs read an answer: CSV, Parquet, and a sheet of the workbook have the same.
//!
//! | column | holds |
//! | --- | --- |
//! | `DIMENSION` | the code; with labels, `DIMENSION_label` follows |
//! | `FIGURE` | the count, per cent or number, when it is exact |
//! | `FIGURE_low`, `FIGURE_high` | rates and ranges: the bounds. `≥ 76 %` has `low` 76 alone, `≤ 24 %` has `high` 24 alone |
//! | `hidden` | whether the first figure of the row is hidden |
//! | `FIGURE_hidden` | the same of each further figure |
//! | `snapshot` | the snapshot of first release; empty for a hidden cell |
//!
//! An empty field that is not hidden does not apply. So nothing of the rows is lost; a test reads them back.

use super::figure::Figure;
use super::model::{Answer, FigureColumn, Kind};
use crate::language::Language;

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Empty,
    Text(String),
    Whole(i64),
    Number(f64),
    Flag(bool),
}

/// What all fields of a column are, but for empty ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldType {
    Text,
    Whole,
    Number,
    Flag,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) field_type: FieldType,
    pub(super) fields: Vec<Field>,
}

/// The columns of an answer, with the labels of one language beside the codes where they are wanted.
pub(super) fn columns(answer: &Answer, labels: Option<Language>) -> Vec<Column> {
    let table = &answer.table;
    let mut plan = Vec::new();
    for (at, name) in table.columns.iter().enumerate() {
        let texts = |text: &dyn Fn(&str) -> String| {
            table.rows.iter().map(|row| Field::Text(text(&row.key[at]))).collect()
        };
        plan.push(column(name.clone(), FieldType::Text, texts(&str::to_owned)));
        if let Some(language) = labels {
            let fields = texts(&|code| answer.label(at, code, language).to_owned());
            plan.push(column(format!("{name}_label"), FieldType::Text, fields));
        }
    }
    let mut flags = Vec::new();
    for (at, figure) in table.figures.iter().enumerate() {
        let figures: Vec<Option<Figure>> = table.rows.iter().map(|row| row.figures[at]).collect();
        plan.extend(figure_columns(figure, &figures));
        let name = if at == 0 { "hidden".to_owned() } else { format!("{}_hidden", figure.id) };
        let hidden = figures.iter().map(|f| Field::Flag(f.is_some_and(Figure::is_hidden)));
        flags.push(column(name, FieldType::Flag, hidden.collect()));
    }
    plan.extend(flags);
    let snapshots =
        table.rows.iter().map(|row| row.snapshot.map_or(Field::Empty, |s| Field::Whole(s.into())));
    plan.push(column("snapshot".to_owned(), FieldType::Whole, snapshots.collect()));
    distinct(plan)
}

fn column(name: String, field_type: FieldType, fields: Vec<Field>) -> Column {
    Column { name, field_type, fields }
}

/// The columns of one figure. Which there are follows from its kind, and from a form that the kind does not expect.
fn figure_columns(figure: &FigureColumn, figures: &[Option<Figure>]) -> Vec<Column> {
    let any = |form: fn(&Figure) -> bool| figures.iter().flatten().any(form);
    let is_exact = |f: &Figure| matches!(f, Figure::Count(_) | Figure::Percent(_) | Figure::Number(_));
    let is_bound = |f: &Figure| {
        matches!(f, Figure::AtMost(_) | Figure::AtLeast(_) | Figure::Range { .. } | Figure::From(_))
    };
    let fractional = matches!(figure.kind, Kind::Number | Kind::Other);
    let mut columns = Vec::new();
    if figure.kind != Kind::Range || any(is_exact) {
        let number = fractional || any(|f| matches!(f, Figure::Number(_)));
        columns.push(typed(figure.id.clone(), number, figures, exact));
    }
    if matches!(figure.kind, Kind::Rate | Kind::Range) || any(is_bound) {
        let number = fractional || figure.kind == Kind::Range || any(|f| matches!(f, Figure::Range { .. }));
        columns.push(typed(format!("{}_low", figure.id), number, figures, |f| bounds(f).0));
        columns.push(typed(format!("{}_high", figure.id), number, figures, |f| bounds(f).1));
    }
    columns
}

fn exact(figure: Figure) -> Field {
    match figure {
        Figure::Count(count) => whole(count),
        Figure::Percent(percent) => Field::Whole(percent),
        Figure::Number(number) => Field::Number(number),
        Figure::AtMost(_) | Figure::AtLeast(_) | Figure::Range { .. } | Figure::From(_) | Figure::Hidden => {
            Field::Empty
        }
    }
}

fn bounds(figure: Figure) -> (Field, Field) {
    match figure {
        Figure::AtMost(percent) => (Field::Empty, Field::Whole(percent)),
        Figure::AtLeast(percent) => (Field::Whole(percent), Field::Empty),
        Figure::Range { low, high } => (Field::Number(low), Field::Number(high)),
        Figure::From(low) => (Field::Number(low), Field::Empty),
        Figure::Count(_) | Figure::Percent(_) | Figure::Number(_) | Figure::Hidden => {
            (Field::Empty, Field::Empty)
        }
    }
}

/// A count as a signed number, which R and pandas keep whole. No count of persons comes near its end.
fn whole(count: u64) -> Field {
    Field::Whole(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A column of whole numbers, or of numbers when one of its figures may have decimals.
fn typed(name: String, number: bool, figures: &[Option<Figure>], field: fn(Figure) -> Field) -> Column {
    let convert = |field| match field {
        #[expect(clippy::cast_precision_loss, reason = "per cent and counts lie far below 2^53")]
        Field::Whole(value) if number => Field::Number(value as f64),
        field => field,
    };
    let fields = figures.iter().map(|figure| figure.map_or(Field::Empty, |f| convert(field(f)))).collect();
    column(name, if number { FieldType::Number } else { FieldType::Whole }, fields)
}

/// Gives a column whose name another one has already a name of its own.
fn distinct(mut columns: Vec<Column>) -> Vec<Column> {
    for at in 1..columns.len() {
        while columns[..at].iter().any(|before| before.name == columns[at].name) {
            columns[at].name.push('_');
        }
    }
    columns
}
