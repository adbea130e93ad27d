//! Registered questions, and what each may be broken down by.

use serde::Deserialize;
use serde_json::Value;

use super::escape;
use super::terminal::new_table;
use crate::language::Language;
use crate::programme::Text;

/// A registered question, as the service lists it. Members that a newer service adds are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RegisteredQuestion {
    /// What is asked for.
    pub id: String,
    /// Number in the catalogue.
    pub number: String,
    /// Title.
    pub title: Text,
    /// Definition.
    pub definition: Text,
    /// What it may be broken down by.
    pub by: Vec<String>,
    /// What it may be narrowed to.
    pub populations: Vec<String>,
    /// Kind.
    #[serde(default)]
    pub kind: Option<String>,
    /// What it counts.
    #[serde(default)]
    pub unit: Option<String>,
    /// Who may ask it: a word or several.
    #[serde(default)]
    pub audience: Value,
    /// Whether it is a standing report, or how often.
    #[serde(default)]
    pub standing: Value,
}

/// The list as a table for a terminal, with each definition below it. A column that no question fills is left out.
#[must_use]
pub fn list_questions(questions: &[RegisteredQuestion], language: Language) -> String {
    type Part = fn(&RegisteredQuestion, Language) -> String;
    let columns: [(&str, &str, Part); 9] = [
        ("Nr.", "No.", |q, _| q.number.clone()),
        ("Spørgsmål", "Question", |q, _| q.id.clone()),
        ("Titel", "Title", |q, language| language.of(&q.title).to_owned()),
        ("Fordelt på", "By", |q, _| q.by.join(", ")),
        ("Populationer", "Populations", |q, _| q.populations.join(", ")),
        ("Type", "Kind", |q, _| q.kind.clone().unwrap_or_default()),
        ("Enhed", "Unit", |q, _| q.unit.clone().unwrap_or_default()),
        ("For", "For", |q, language| words(&q.audience, language)),
        ("Fast rapport", "Standing report", |q, language| words(&q.standing, language)),
    ];
    let rows: Vec<Vec<String>> =
        questions.iter().map(|q| columns.iter().map(|(.., part)| part(q, language)).collect()).collect();
    let kept: Vec<usize> =
        (0..columns.len()).filter(|at| *at < 3 || rows.iter().any(|row| !row[*at].is_empty())).collect();
    let headers =
        kept.iter().map(|at| language.choose(columns[*at].0, columns[*at].1).to_owned()).collect::<Vec<_>>();
    let mut table = new_table(&headers);
    for row in &rows {
        table.add_row(kept.iter().map(|at| escape::terminal(&row[*at])));
    }
    let mut text = format!("{table}\n");
    for question in questions {
        let line = format!("{} {}: {}", question.number, question.id, language.of(&question.definition));
        text += &format!("{}\n", escape::terminal(&line));
    }
    text
}

/// A word, several, or yes and no.
fn words(value: &Value, language: Language) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => language.choose("ja", "yes").to_owned(),
        Value::Bool(false) => language.choose("nej", "no").to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(|part| words(part, language)).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_newer_service_are_shown_when_they_are_there() {
        let old = r#"{"id":"reach","number":"Q1","title":{"da":"Rækkevidde","en":"Reach"},"definition":{"da":"d","en":"e"},
            "by":["role","quarter"],"populations":[]}"#;
        let new = r#"{"id":"funnel","number":"Q3","title":{"da":"Forløb","en":"Funnel"},"definition":{"da":"d","en":"e"},
            "by":[],"populations":["exposed"],"kind":"funnel","unit":"person","audience":["evaluator","payer"],
            "standing":true,"later":{}}"#;
        let old: RegisteredQuestion = serde_json::from_str(old).expect("a question");
        let new: RegisteredQuestion = serde_json::from_str(new).expect("a question");
        let short = list_questions(std::slice::from_ref(&old), Language::Da);
        assert!(short.contains("Rækkevidde") && short.contains("role, quarter"), "{short}");
        assert!(!short.contains("Populationer") && !short.contains("Fast"), "{short}");
        let long = list_questions(&[old, new], Language::En);
        assert!(
            long.contains("evaluator, payer") && long.contains("yes") && long.contains("exposed"),
            "{long}"
        );
    }
}
