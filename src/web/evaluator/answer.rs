//! An answer, and its files.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::asking::{self, Asked};
use super::copies::{self, Copy};
use super::export::{self, Form};
use super::problem;
use super::question;
use super::view::{AnswerView, Link};
use crate::http::Failure;
use crate::service::{Reason, ServiceError};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};

#[derive(Template)]
#[template(path = "evaluator/answer.html")]
pub(super) struct AnswerPage {
    pub(super) frame: Frame,
    pub(super) part: AnswerView,
    /// The form with what was asked; none for what was made once.
    pub(super) change: Option<String>,
    /// The question in one word, to be kept in a report.
    pub(super) word: Option<String>,
    pub(super) kept: bool,
    pub(super) files: Vec<Link>,
    pub(super) copies: Vec<Copy>,
    /// When and as what it was made, where it is a standing report.
    pub(super) made: Option<String>,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let registered = question::find(&web, &visitor, &id)?;
    let ask = match asking::ask_of(registered.id.clone(), &fields) {
        Ok(ask) => ask,
        Err(Refusal::Told(da, en)) => {
            let problem = problem::told(l, da, en);
            return question::again(&web, &visitor, registered, &fields, problem).await;
        }
        Err(refusal) => return Err(refusal),
    };
    // One address for one question: what is bookmarked is what another form asks.
    let address = asking::address(&ask);
    if address != visitor.visit.address {
        return Ok(Redirect::to(&format!("/{}{address}", l.tag())).into_response());
    }
    let asked = match asking::ask_one(&web, &visitor, ask.clone()).await {
        Ok(asked) => asked,
        Err(error @ ServiceError::Ask(_)) => {
            let offered = question::offer(&web, registered).await?;
            let problem = problem::refused(&web, (&ask, offered.as_ref()), &error, l);
            return question::again(&web, &visitor, registered, &fields, problem).await;
        }
        Err(error) => return Err(Failure(error).into()),
    };
    let word = asking::word(&ask);
    let part = AnswerView::of(web.service.programme(), &asked.answer, l, "a1");
    let query = asking::query(&ask);
    let page = AnswerPage {
        frame: Frame::of(&visitor.visit, &part.heading).with_script("evaluator.js"),
        change: Some(format!("/{}/questions/{id}?{query}", l.tag())),
        kept: visitor.session.kept.contains(&word),
        word: Some(word),
        files: export::links(&asked.answer, &format!("/{}/questions/{id}/answer", l.tag()), &query, l),
        copies: copies::of(&ask, &copies::service(&headers), l),
        made: None,
        part,
    };
    Ok(page::show(&page))
}

/// An answer in one of its forms: `answer.csv`.
pub(super) async fn file(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, name)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let registered = question::find(&web, &visitor, &id)?;
    let form = name.strip_prefix("answer.").and_then(Form::of).ok_or(Refusal::of(Reason::NotFound))?;
    let ask = asking::ask_of(registered.id.clone(), &fields)?;
    let Asked { body, answer } = asking::ask_one(&web, &visitor, ask).await?;
    form.file(&answer, &body, visitor.visit.language)
}
