//! An answer as a file, in every form that `kobling ask` writes.

use axum::response::Response;

use super::view::Link;
use crate::answer::{Answer, CsvForm, Report};
use crate::language::Language;
use crate::service::Reason;
use crate::web::page::{self, Refusal};

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Comma and decimal point: `--format csv`.
    Csv,
    /// What Excel opens in Denmark, with titles: `--format csv --csv danish --labels`.
    CsvDanish,
    /// `--format xlsx`.
    Xlsx,
    /// `--format parquet`.
    Parquet,
    /// As it was released: `--format json`, without the line end after it.
    Json,
    /// One page: `--report`.
    Html,
    /// `--format markdown`.
    Markdown,
    /// `--format table`.
    Text,
    /// `--format vega-lite`.
    VegaLite,
}

/// Every form: its ending, the kind of its content, and its name in Danish and English.
const FORMS: &[(Form, &str, &str, &str, &str)] = &[
    (
        Form::Xlsx,
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "Excel (XLSX)",
        "Excel (XLSX)",
    ),
    (Form::CsvDanish, "excel.csv", "text/csv; charset=utf-8", "CSV til Excel", "CSV for Excel"),
    (Form::Csv, "csv", "text/csv; charset=utf-8", "CSV til programmer", "CSV for programs"),
    (Form::Parquet, "parquet", "application/vnd.apache.parquet", "Parquet", "Parquet"),
    (Form::Json, "json", "application/json", "JSON (som frigivet)", "JSON (as released)"),
    (Form::Html, "html", "text/html; charset=utf-8", "HTML (én fil)", "HTML (one file)"),
    (Form::Markdown, "md", "text/markdown; charset=utf-8", "Markdown", "Markdown"),
    (Form::Text, "txt", "text/plain; charset=utf-8", "Tekst", "Text"),
    (Form::VegaLite, "vl.json", "application/json", "Vega-Lite (diagram)", "Vega-Lite (chart)"),
];

impl Form {
    /// The form of a name's ending.
    pub(super) fn of(ending: &str) -> Option<Form> {
        FORMS.iter().find(|(_, name, ..)| *name == ending).map(|(form, ..)| *form)
    }

    /// The file. What is not drawn has no drawing.
    pub(super) fn file(self, answer: &Answer, body: &str, l: Language) -> Result<Response, Refusal> {
        let (_, ending, kind, ..) =
            FORMS.iter().find(|(form, ..)| *form == self).ok_or(Refusal::of(Reason::NotFound))?;
        let internal = Refusal::of(Reason::Internal);
        let bytes = match self {
            Form::Csv => answer.to_csv(CsvForm::International, None).into_bytes(),
            Form::CsvDanish => answer.to_csv(CsvForm::Danish, Some(l)).into_bytes(),
            Form::Xlsx => answer.to_xlsx(l).map_err(|_| internal)?,
            Form::Parquet => answer.to_parquet(body, None).map_err(|_| internal)?,
            Form::Json => body.as_bytes().to_vec(),
            Form::Html => {
                let title = answer.heading(l);
                Report { title, language: l, answers: vec![answer.clone()] }.to_html().into_bytes()
            }
            Form::Markdown => answer.to_markdown(l).into_bytes(),
            Form::Text => answer.to_table(l).into_bytes(),
            Form::VegaLite => {
                let drawing = answer.to_vega_lite(l).ok_or(Refusal::of(Reason::NotFound))?;
                format!("{drawing:#}\n").into_bytes()
            }
        };
        Ok(page::file(&format!("{}.{ending}", name(answer)), kind, bytes))
    }
}

/// The name of a file without its ending: what was asked, so that two questions do not get one name.
fn name(answer: &Answer) -> String {
    let asked = &answer.question;
    let mut parts = vec![asked.question.as_str()];
    parts.extend(asked.by.iter().map(String::as_str));
    parts.extend(asked.population.as_deref());
    let period = asked.period.to_string().replace("..", "-");
    // Ids are of these signs anyhow; the text comes from an answer.
    let name: String = parts.join("-").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!("{name}-{period}")
}

/// The files of an answer, at an address to which an ending and a query are added.
pub(super) fn links(answer: &Answer, address: &str, query: &str, l: Language) -> Vec<Link> {
    let drawn = answer.to_vega_lite(l).is_some();
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let all = FORMS.iter().filter(|(form, ..)| drawn || *form != Form::VegaLite);
    let link = |(_, ending, _, da, en): &(Form, &str, &str, &str, &str)| Link {
        title: l.choose(da, en).to_owned(),
        href: format!("{address}.{ending}{query}"),
    };
    all.map(link).collect()
}
