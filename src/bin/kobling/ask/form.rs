//! The forms of an answer as arguments.

use clap::ValueEnum;
use kobling::answer::{Answer, CsvForm};
use kobling::language::Language;

use crate::exit::{Trouble, both};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For a terminal.
    Table,
    /// For programs and spreadsheets; see --csv and --labels.
    Csv,
    /// As the service gave it: keep this one beside a report.
    Json,
    /// Columns for programs, the answer itself in the metadata.
    Parquet,
    /// A workbook.
    Xlsx,
    /// For a text.
    Markdown,
    /// The drawing as a Vega-Lite specification, where the answer has one.
    VegaLite,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Csv {
    /// Semicolon, decimal comma, byte order mark: what Excel opens in Denmark.
    Danish,
    /// Comma, decimal point.
    International,
}

impl Form {
    /// Refuses what cannot be made or cannot go to a terminal.
    pub(super) fn check(self, to_file: bool) -> Result<(), Trouble> {
        let name = match self {
            Form::Parquet => "parquet",
            Form::Xlsx => "xlsx",
            Form::Table | Form::Csv | Form::Json | Form::Markdown | Form::VegaLite => return Ok(()),
        };
        if cfg!(not(feature = "formats")) {
            let build = "cargo build --release --no-default-features --features formats";
            return Err(Trouble::Usage(both(
                format!(
                    "denne kobling er bygget uden `formats` og skriver ikke {name}; tag csv, eller en, der er bygget med: {build}"
                ),
                format!(
                    "this kobling was built without the feature `formats` and writes no {name}; take csv, or a build that has it: {build}"
                ),
            )));
        }
        if !to_file {
            return Err(Trouble::Usage(both(
                format!("{name} er ikke tekst: angiv --output FIL"),
                format!("{name} is no text: give --output FILE"),
            )));
        }
        Ok(())
    }

    /// The bytes of an answer in this form. JSON is the body itself and not made here.
    pub(super) fn render(
        self,
        answer: &Answer,
        body: &[u8],
        language: Language,
        csv: Csv,
        labels: Option<Language>,
    ) -> Result<Vec<u8>, Trouble> {
        let text = match self {
            Form::Table => answer.to_table(language),
            Form::Csv => {
                let form = match csv {
                    Csv::Danish => CsvForm::Danish,
                    Csv::International => CsvForm::International,
                };
                answer.to_csv(form, labels)
            }
            Form::Json => return Ok(body.to_vec()),
            Form::Markdown => answer.to_markdown(language),
            Form::VegaLite => {
                let spec = answer.to_vega_lite(language).ok_or_else(|| {
                    Trouble::Usage(both(
                        "dette svar har ingen tegning; tag et andet --format",
                        "this answer has no drawing; take another --format",
                    ))
                })?;
                format!("{spec:#}\n")
            }
            Form::Parquet | Form::Xlsx => return self.binary(answer, body, language, labels),
        };
        Ok(text.into_bytes())
    }

    #[cfg(feature = "formats")]
    fn binary(
        self,
        answer: &Answer,
        body: &[u8],
        language: Language,
        labels: Option<Language>,
    ) -> Result<Vec<u8>, Trouble> {
        if self == Form::Xlsx {
            return answer.to_xlsx(language).map_err(|error| Trouble::Files(Box::new(error)));
        }
        let body = String::from_utf8_lossy(body);
        answer.to_parquet(&body, labels).map_err(|error| Trouble::Files(Box::new(error)))
    }

    #[cfg(not(feature = "formats"))]
    fn binary(self, _: &Answer, _: &[u8], _: Language, _: Option<Language>) -> Result<Vec<u8>, Trouble> {
        // `check` has refused already.
        self.check(true).map(|()| Vec::new())
    }
}
