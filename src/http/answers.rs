//! The steward's log of answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};

use super::guard::{Caller, blocking};
use super::problem::{Failure, Problem};
use super::shapes::place;
use crate::answer::AnswerLine;
use crate::clock::Day;
use crate::name::{OrganisationId, QuestionId};
use crate::service::{Reason, Service};
use crate::store::AnswerFilter;

/// Which lines of the log.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// Lines before this number; nothing for the newest.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    before: Option<u64>,
    /// Lines of this question.
    #[param(inline)]
    question: Option<QuestionId>,
    /// Lines of this day (UTC) and later.
    #[param(inline, value_type = Option<Day>)]
    since: Option<String>,
    /// Lines of this day (UTC) and earlier.
    #[param(inline, value_type = Option<Day>)]
    until: Option<String>,
    /// Lines of what was counted for this organisation.
    #[param(inline)]
    recipient: Option<OrganisationId>,
}

/// A page of the log.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AnswerLogView {
    /// At most 200 lines, newest first.
    lines: Vec<AnswerLine>,
    /// What to give as `before` for the next page; none on the last.
    next: Option<u64>,
}

fn day(text: Option<String>) -> Result<Option<Day>, Failure> {
    text.map(|text| text.parse().map_err(|_| Failure::of(Reason::Day))).transpose()
}

/// Every answer, standing report and statement of payment that was given, newest first.
#[utoipa::path(get, path = "/v1/answers/log", operation_id = "answer_log", tag = "steward", params(LogQuery),
    responses((status = 200, body = AnswerLogView), (status = "default", body = Problem)))]
pub(super) async fn log(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    query: Result<Query<LogQuery>, QueryRejection>,
) -> Result<Json<AnswerLogView>, Failure> {
    let Query(LogQuery { before, question, since, until, recipient }) =
        query.map_err(|_| Failure::of(Reason::Query))?;
    let before = before.map(place).transpose()?;
    let (since, until) = (day(since)?, day(until)?);
    let filter = AnswerFilter { before, question, since, until, recipient };
    let page = blocking(move || service.answer_log(&caller, &filter)).await?;
    Ok(Json(AnswerLogView { lines: page.lines.into_iter().map(AnswerLine::from).collect(), next: page.next }))
}
