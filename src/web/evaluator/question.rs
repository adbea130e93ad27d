//! One question: what it counts, and a form that offers what can be asked of it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::asking;
use super::problem::Problem;
use super::quarters::quarter_choices;
use crate::clock::Period;
use crate::http::blocking;
use crate::programme::{Question, Text};
use crate::question::{Offered, offered};
use crate::service::Reason;
use crate::web::Web;
use crate::web::choice::Choice;
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};

#[derive(Template)]
#[template(path = "evaluator/question.html")]
struct QuestionPage {
    frame: Frame,
    number: String,
    definition: String,
    unit: &'static str,
    action: String,
    most: usize,
    dimensions: Vec<Choice>,
    populations: Vec<Choice>,
    from: Vec<Choice>,
    to: Vec<Choice>,
    /// Nothing has been sealed, or no quarter has ended.
    nothing: bool,
    problem: Option<Problem>,
}

/// A question that somebody may ask. What they may not is not there.
pub(super) fn find<'a>(web: &'a Web, visitor: &Visitor, id: &str) -> Result<&'a Question, Refusal> {
    let found = web.service.askable(&visitor.principal).find(|question| question.id.as_str() == id);
    found.ok_or(Refusal::of(Reason::NotFound))
}

/// What of a question can be asked today; `None` before anything is sealed.
pub(super) async fn offer(web: &Arc<Web>, question: &Question) -> Result<Option<Offered>, Refusal> {
    let service = Arc::clone(&web.service);
    let snapshots = blocking(move || service.snapshots()).await?;
    let service = &web.service;
    let today = service.now().day();
    let of = |day| offered(service.programme(), question, day, today, service.rules());
    Ok(snapshots.last().map(|row| of(row.day)))
}

/// The page, with what was chosen last.
pub(super) async fn form(
    web: &Arc<Web>,
    visitor: &Visitor,
    question: &Question,
    fields: &Fields,
    problem: Option<Problem>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let programme = web.service.programme();
    let offered = offer(web, question).await?;
    let nothing = offered.as_ref().is_none_or(|offered| offered.quarters.is_empty());
    let offered = offered.unwrap_or(Offered {
        dimensions: Vec::new(),
        most_dimensions: 0,
        populations: Vec::new(),
        quarters: Vec::new(),
    });
    let asked = asking::period_of(fields).ok();
    let first = asked.map(Period::first).or(offered.quarters.first().copied());
    let last = asked.map(Period::last).or(offered.quarters.last().copied());
    let by: Vec<&str> = fields.all("by").flat_map(|by| by.split(',')).collect();
    let choice = |id: &str, title: &Text, chosen: bool| Choice {
        id: id.to_owned(),
        title: l.of(title).to_owned(),
        chosen,
    };
    let dimensions = offered.dimensions.iter().map(|at| &programme.dimensions[*at]);
    let populations = offered.populations.iter().map(|at| &programme.populations[*at]);
    let frame = Frame::of(&visitor.visit, l.of(&question.title)).with_script("evaluator.js");
    let page = QuestionPage {
        number: question.number.clone(),
        definition: l.of(&question.definition).to_owned(),
        unit: super::view::unit(question.unit, l),
        action: format!("/{}/questions/{}/answer", l.tag(), question.id),
        most: offered.most_dimensions.min(offered.dimensions.len()),
        dimensions: dimensions
            .map(|d| choice(d.id.as_str(), &d.title, by.contains(&d.id.as_str())))
            .collect(),
        populations: populations
            .map(|p| choice(p.id.as_str(), &p.title, fields.one("population") == Some(p.id.as_str())))
            .collect(),
        from: quarter_choices(&offered.quarters, first, l),
        to: quarter_choices(&offered.quarters, last, l),
        nothing,
        problem,
        frame,
    };
    Ok(page::show(&page))
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let question = find(&web, &visitor, &id)?;
    form(&web, &visitor, question, &fields, None).await
}

/// The form again, under what was wrong with what it asked.
pub(super) async fn again(
    web: &Arc<Web>,
    visitor: &Visitor,
    question: &Question,
    fields: &Fields,
    (status, problem): (StatusCode, Problem),
) -> Result<Response, Refusal> {
    let response = form(web, visitor, question, fields, Some(problem)).await?;
    Ok((status, response).into_response())
}
