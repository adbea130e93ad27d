//! Standing reports: made once for each quarter, read as they were made.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::answer::AnswerPage;
use super::asking::Asked;
use super::export::{self, Form};
use super::quarters::quarter_words;
use super::view::AnswerView;
use crate::clock::Quarter;
use crate::http::blocking;
use crate::language::Language;
use crate::name::QuestionId;
use crate::service::Reason;
use crate::web::Web;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};

struct Line {
    href: String,
    title: String,
    made_at: String,
}

struct OfQuarter {
    quarter: String,
    title: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "evaluator/standing.html")]
struct StandingPage {
    frame: Frame,
    quarters: Vec<OfQuarter>,
}

/// A quarter as people say it; what is none stays as it is.
fn words(quarter: &str, l: Language) -> String {
    quarter.parse::<Quarter>().map_or_else(|_| quarter.to_owned(), |quarter| quarter_words(quarter, l))
}

pub(super) async fn list(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let mut rows = blocking(move || service.reports(&caller)).await?;
    // The newest quarter first; within one, the programme's order.
    let programme = web.service.programme();
    let place = |id: &str| programme.questions.iter().position(|question| question.id.as_str() == id);
    rows.sort_by(|a, b| (&b.quarter, place(&a.question)).cmp(&(&a.quarter, place(&b.question))));
    let mut quarters: Vec<OfQuarter> = Vec::new();
    for row in rows {
        let question = place(&row.question).map(|at| &programme.questions[at]);
        let line = Line {
            href: format!("/{}/reports/{}/{}", l.tag(), row.question, row.quarter),
            title: question.map_or(row.question, |q| format!("{} {}", q.number, l.of(&q.title))),
            made_at: row.made_at.day().to_string(),
        };
        match quarters.last_mut().filter(|last| last.quarter == row.quarter) {
            Some(last) => last.lines.push(line),
            None => {
                let title = words(&row.quarter, l);
                quarters.push(OfQuarter { quarter: row.quarter, title, lines: vec![line] });
            }
        }
    }
    let frame = Frame::of(&visitor.visit, l.choose("Faste rapporter", "Standing reports"));
    Ok(page::show(&StandingPage { frame, quarters }))
}

/// A report as it was made. That it was read is entered.
async fn read(web: &Arc<Web>, visitor: &Visitor, id: &str, quarter: &str) -> Result<Asked, Refusal> {
    let question: QuestionId = id.parse().map_err(|_| Refusal::of(Reason::NotFound))?;
    let (service, caller, quarter) =
        (Arc::clone(&web.service), visitor.principal.clone(), quarter.to_owned());
    Ok(blocking(move || service.report(&caller, &question, &quarter).and_then(Asked::read)).await?)
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, quarter)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let asked = read(&web, &visitor, &id, &quarter).await?;
    let part = AnswerView::of(web.service.programme(), &asked.answer, l, "a1");
    let made = match l {
        Language::Da => format!("Fast rapport for {}, som den blev lavet", words(&quarter, l)),
        Language::En => format!("Standing report of {}, as it was made", words(&quarter, l)),
    };
    let page = AnswerPage {
        frame: Frame::of(&visitor.visit, &part.heading),
        change: None,
        word: None,
        kept: false,
        files: export::links(&asked.answer, &format!("/{}/reports/{id}/{quarter}/report", l.tag()), "", l),
        copies: Vec::new(),
        made: Some(made),
        part,
    };
    Ok(page::show(&page))
}

/// A report in one of its forms: `report.csv`.
pub(super) async fn file(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, quarter, name)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let form = name.strip_prefix("report.").and_then(Form::of).ok_or(Refusal::of(Reason::NotFound))?;
    let asked = read(&web, &visitor, &id, &quarter).await?;
    form.file(&asked.answer, &asked.body, visitor.visit.language)
}
