//! An answer as it comes from the service, and every form in which a person or a program reads it.
//!
//! One model ([`Answer`]), one plan of columns for the machine (`columns`), one plan of a drawing
//! (`plot`); each form is a file and takes what it shows from these three. A drawing is put on other pages by
//! [`Answer::chart`] and [`CHART_CSS`].
//!
//! Must never: compute a figure. What an answer does not hold, no form of it shows; a hidden figure is a mark to people,
//! an empty field and a `true` to programs, and nothing in a drawing. Nor may it fetch or run anything: a page is text,
//! tables and drawings. Callers: the evaluator's commands, `client`, and the demo.

mod asks;
mod axes;
mod chart;
mod columns;
mod csv;
mod escape;
mod figure;
mod html;
mod lines;
mod log;
mod markdown;
mod model;
#[cfg(feature = "formats")]
mod parquet;
mod plot;
mod questions;
mod statement;
mod terminal;
mod vega;
mod verify;
mod words;
#[cfg(feature = "formats")]
mod xlsx;

pub use asks::{AskList, AskListError, OneAsk};
pub use chart::CHART_CSS;
pub use csv::CsvForm;
pub use figure::{Figure, HIDDEN_MARK};
pub use html::Report;
pub use log::{AnswerLine, AnswerLog, answers_csv, list_answers};
pub use model::{
    Answer, Asked, Chart, Coarser, FigureColumn, Kind, Label, LabelCode, Narrowed, Reason, Row, Table,
    Totals, Unit,
};
#[cfg(feature = "formats")]
pub use parquet::ParquetFormError;
pub use questions::{RegisteredQuestion, list_questions};
pub use statement::{Contract, Statement, Terms};
pub use verify::{VerifyError, verify};
#[cfg(feature = "formats")]
pub use xlsx::XlsxError;
