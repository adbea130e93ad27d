//! The log of answers, narrowed by question, recipient and days, and the same as a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::answer::{AnswerLine, answers_csv};
use crate::http::blocking;
use crate::store::{AnswerFilter, AnswerRow};
use crate::web::Web;
use crate::web::choice::Choice;
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words;

/// A line as it is shown.
struct LineView {
    number: u64,
    at: String,
    who: String,
    recipient: String,
    given: String,
    question: String,
    asked: String,
    snapshot: String,
    rows: String,
    again: bool,
    sha256: String,
}

#[derive(Template)]
#[template(path = "steward/log.html")]
struct LogPage {
    frame: Frame,
    lines: Vec<LineView>,
    questions: Vec<Choice>,
    recipients: Vec<Choice>,
    since: String,
    until: String,
    /// The filter as a query, without its beginning.
    query: String,
    /// Address of the next page.
    next: Option<String>,
}

/// What a form or an address asks for.
fn filter(fields: &Fields) -> Result<AnswerFilter, Refusal> {
    fn read<T: std::str::FromStr>(fields: &Fields, name: &str) -> Result<Option<T>, Refusal> {
        let told = Refusal::Told(
            "Vælg spørgsmål og modtager fra listen, og skriv dage som 2025-06-30.",
            "Choose question and recipient from the list, and write days as 2025-06-30.",
        );
        fields.one(name).map(str::parse).transpose().map_err(|_| told)
    }
    Ok(AnswerFilter {
        before: read(fields, "before")?,
        question: read(fields, "question")?,
        since: read(fields, "since")?,
        until: read(fields, "until")?,
        recipient: read(fields, "recipient")?,
    })
}

/// The filter as a query: ids and days, which need no escapes.
fn query(filter: &AnswerFilter) -> String {
    let mut parts = Vec::new();
    parts.extend(filter.question.as_ref().map(|id| format!("question={id}")));
    parts.extend(filter.recipient.as_ref().map(|id| format!("recipient={id}")));
    parts.extend(filter.since.map(|day| format!("since={day}")));
    parts.extend(filter.until.map(|day| format!("until={day}")));
    parts.join("&")
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let filter = filter(&fields)?;
    let query = query(&filter);
    let (service, caller, of) = (Arc::clone(&web.service), visitor.principal.clone(), filter.clone());
    let found = blocking(move || service.answer_log(&caller, &of)).await?;
    let programme = web.service.programme();
    let title = |id: &Option<String>| {
        let id = id.as_deref().unwrap_or_default();
        let question = programme.questions.iter().find(|question| question.id.as_str() == id);
        question.map_or_else(|| id.to_owned(), |question| l.of(&question.title).to_owned())
    };
    let view = |row: AnswerRow| {
        let at = words::moment(row.at);
        let line = AnswerLine::from(row);
        let mut asked: Vec<String> = line.period.iter().cloned().collect();
        asked.extend((!line.by.is_empty()).then(|| line.by.join(", ")));
        asked.extend(line.population.clone());
        LineView {
            number: line.number,
            at,
            who: format!("{} ({})", line.principal, line.organisation),
            recipient: line.recipient.clone(),
            given: line.given(l).to_owned(),
            question: title(&line.question),
            asked: asked.join("; "),
            snapshot: line.snapshot.map(|id| id.to_string()).unwrap_or_default(),
            rows: line
                .shown
                .zip(line.hidden)
                .map(|(shown, hidden)| format!("{shown}/{hidden}"))
                .unwrap_or_default(),
            again: line.again,
            sha256: line.sha256.iter().flat_map(|digest| digest.chars().take(12)).collect(),
        }
    };
    let questions = programme.questions.iter().map(|question| Choice {
        id: question.id.to_string(),
        title: format!("{} {}", question.number, l.of(&question.title)),
        chosen: filter.question.as_ref() == Some(&question.id),
    });
    let recipients = programme.evaluators.iter().chain(&programme.payers).map(|one| Choice {
        id: one.id.to_string(),
        title: one.name.clone(),
        chosen: filter.recipient.as_ref() == Some(&one.id),
    });
    let day = |day: Option<crate::clock::Day>| day.map(|day| day.to_string()).unwrap_or_default();
    let and = if query.is_empty() { String::new() } else { format!("{query}&") };
    Ok(page::show(&LogPage {
        frame: Frame::of(&visitor.visit, l.choose("Svarlog", "Log of answers")),
        lines: found.lines.into_iter().map(view).collect(),
        questions: questions.collect(),
        recipients: recipients.collect(),
        since: day(filter.since),
        until: day(filter.until),
        next: found.next.map(|next| format!("/{}/log?{and}before={next}", l.tag())),
        query,
    }))
}

pub(super) async fn download(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Refusal> {
    let filter = filter(&fields)?;
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let rows = blocking(move || service.whole_answer_log(&caller, &filter)).await?;
    let lines: Vec<AnswerLine> = rows.into_iter().map(AnswerLine::from).collect();
    Ok(page::file("answers.csv", "text/csv; charset=utf-8", answers_csv(&lines).into_bytes()))
}
