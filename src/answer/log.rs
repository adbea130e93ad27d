//! The log of answers as a steward reads it.

use serde::{Deserialize, Serialize};

use super::escape;
use super::terminal::new_table;
use crate::language::Language;

/// A page of the log, as the service gives it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AnswerLog {
    /// Lines, newest first.
    pub lines: Vec<AnswerLine>,
    /// What to ask the next page with.
    pub next: Option<u64>,
}

/// A line of the log: what was asked, and what the answer itself tells.
// Members that a newer service adds are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema), schema(as = AnswerLineView))]
pub struct AnswerLine {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: String,
    /// Organisation of who asked; the operator's for what is made at a seal.
    pub organisation: String,
    /// Who asked.
    pub principal: String,
    /// For whom it was counted.
    pub recipient: String,
    /// What was given.
    #[cfg_attr(feature = "service", schema(schema_with = given_schema))]
    pub given: String,
    /// The question; none where everything was listed.
    pub question: Option<String>,
    /// Dimensions.
    pub by: Vec<String>,
    /// Population.
    pub population: Option<String>,
    /// Quarters.
    pub period: Option<String>,
    /// The snapshot.
    pub snapshot: Option<u32>,
    /// Profile and version of the rules.
    pub rules: Option<String>,
    /// Rows that show something.
    pub shown: Option<u64>,
    /// Rows that are hidden whole.
    pub hidden: Option<u64>,
    /// Whether the same text had been given to the same recipient before.
    pub again: bool,
    /// Digest of the answer, as it stands in the answer itself; of a statement, that of its text. None where a list was
    /// given, and where the answer was never handed out.
    pub sha256: Option<String>,
}

/// What can be given: the word, and people's words for it.
const GIVEN: [(&str, &str, &str); 6] = [
    ("answer", "svar", "answer"),
    ("report-made", "rapport lavet", "report made"),
    ("report-read", "rapport læst", "report read"),
    ("statement-made", "opgørelse lavet", "statement made"),
    ("statement-read", "opgørelse læst", "statement read"),
    ("statements-listed", "opgørelser vist", "statements listed"),
];

#[cfg(feature = "service")]
fn given_schema() -> utoipa::openapi::schema::Object {
    utoipa::openapi::schema::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some("What was given."))
        .enum_values(Some(GIVEN.map(|(word, ..)| word)))
        .build()
}

impl AnswerLine {
    fn who(&self) -> String {
        format!("{}/{}", self.organisation, self.principal)
    }

    /// What was given, in words.
    #[must_use]
    pub fn given(&self, language: Language) -> &str {
        let known = GIVEN.iter().find(|(word, ..)| *word == self.given);
        known.map_or(&self.given, |(_, da, en)| language.choose(da, en))
    }
}

fn text<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// The log as a table for a terminal; digests by their first 12 characters.
#[must_use]
pub fn list_answers(lines: &[AnswerLine], language: Language) -> String {
    type Part = fn(&AnswerLine, Language) -> String;
    let columns: [(&str, &str, Part); 13] =
        [
            ("Nr.", "No.", |line, _| line.number.to_string()),
            ("Hvornår", "When", |line, _| line.at.clone()),
            ("Hvem", "Who", |line, _| line.who()),
            ("For", "For", |line, _| line.recipient.clone()),
            ("Hvad", "What", |line, language| line.given(language).to_owned()),
            ("Spørgsmål", "Question", |line, _| text(line.question.as_ref())),
            ("Fordelt på", "By", |line, _| line.by.join(", ")),
            ("Population", "Population", |line, _| text(line.population.as_ref())),
            ("Periode", "Period", |line, _| text(line.period.as_ref())),
            ("Billede", "Snapshot", |line, _| text(line.snapshot.as_ref())),
            ("Vist/skjult", "Shown/hidden", |line, _| match (line.shown, line.hidden) {
                (Some(shown), Some(hidden)) => format!("{shown}/{hidden}"),
                _ => String::new(),
            }),
            ("Igen", "Again", |line, language| {
                if line.again { language.choose("ja", "yes").to_owned() } else { String::new() }
            }),
            ("SHA-256", "SHA-256", |line, _| {
                line.sha256.iter().flat_map(|digest| digest.chars().take(12)).collect()
            }),
        ];
    let headers: Vec<String> =
        columns.iter().map(|column| language.choose(column.0, column.1).to_owned()).collect();
    let mut table = new_table(&headers);
    for line in lines {
        table.add_row(columns.iter().map(|(.., part)| escape::terminal(&part(line, language))));
    }
    format!("{table}\n")
}

/// The log as CSV: comma, decimal point, UTF-8.
#[must_use]
pub fn answers_csv(lines: &[AnswerLine]) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut write = |fields: &[&str]| {
        let fields = fields.iter().map(|field| escape::csv(field).into_owned());
        writer.write_record(fields).expect("writing into memory cannot fail");
    };
    write(&[
        "number",
        "at",
        "organisation",
        "principal",
        "recipient",
        "given",
        "question",
        "by",
        "population",
        "period",
        "snapshot",
        "rules",
        "shown",
        "hidden",
        "again",
        "sha256",
    ]);
    for line in lines {
        write(&[
            &line.number.to_string(),
            &line.at,
            &line.organisation,
            &line.principal,
            &line.recipient,
            &line.given,
            &text(line.question.as_ref()),
            &line.by.join(" "),
            &text(line.population.as_ref()),
            &text(line.period.as_ref()),
            &text(line.snapshot.as_ref()),
            &text(line.rules.as_ref()),
            &text(line.shown.as_ref()),
            &text(line.hidden.as_ref()),
            &line.again.to_string(),
            &text(line.sha256.as_ref()),
        ]);
    }
    String::from_utf8(writer.into_inner().expect("writing into memory cannot fail"))
        .expect("every field is text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_listed_in_both_languages() {
        let page = r#"{"lines":[{"number":7,"at":"2025-06-01T08:00:00Z","organisation":"vive","principal":"vive-1",
            "recipient":"vive","given":"report-read","question":"reach","by":["role","sex"],"population":null,
            "period":"2022-Q1..2022-Q4","snapshot":3,"rules":"dk-standard/2","shown":4,"hidden":2,"again":true,
            "sha256":"00112233445566778899","later":1}],"next":null}"#;
        let page: AnswerLog = serde_json::from_str(page).expect("a page");
        let (da, en) = (list_answers(&page.lines, Language::Da), list_answers(&page.lines, Language::En));
        assert!(da.contains("rapport læst") && da.contains("4/2") && da.contains(" ja "), "{da}");
        assert!(
            en.contains("report read") && en.contains("001122334455 ") && en.contains("role, sex"),
            "{en}"
        );
        let csv = answers_csv(&page.lines);
        let mut read = ::csv::Reader::from_reader(csv.as_bytes());
        let record = read.records().next().expect("a line").expect("CSV");
        assert_eq!((&record[7], &record[12], &record[15]), ("role sex", "4", "00112233445566778899"));
        assert_eq!(record.len(), 16);
    }
}
