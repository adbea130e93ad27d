//! The steward's log of answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};

use super::guard::{Caller, blocking};
use super::problem::{Failure, Problem};
use crate::clock::Day;
use crate::name::{OrganisationId, QuestionId};
use crate::service::{Reason, Service};
use crate::store::{AnswerFilter, AnswerRow, Given};

/// Which lines of the log.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// Lines before this number; nothing for the newest.
    before: Option<u64>,
    /// Lines of this question.
    #[param(value_type = Option<String>)]
    question: Option<QuestionId>,
    /// Lines of this day (UTC) and later.
    #[param(value_type = Option<String>)]
    since: Option<Day>,
    /// Lines of this day (UTC) and earlier.
    #[param(value_type = Option<String>)]
    until: Option<Day>,
    /// Lines of what was counted for this organisation.
    #[param(value_type = Option<String>)]
    recipient: Option<OrganisationId>,
}

/// A line of the log: what was asked, and what the answer itself tells.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AnswerLineView {
    /// Its number.
    number: u64,
    /// When.
    at: String,
    /// Organisation of who asked; the operator's for what is made at a seal.
    organisation: String,
    /// Who asked.
    principal: String,
    /// For whom it was counted.
    recipient: String,
    /// What was given.
    given: Given,
    /// The question; none where everything was listed.
    question: Option<String>,
    /// Dimensions.
    by: Vec<String>,
    /// Population.
    population: Option<String>,
    /// Quarters.
    period: Option<String>,
    /// The snapshot.
    snapshot: Option<u32>,
    /// Profile and version of the rules.
    rules: Option<String>,
    /// Rows that show something.
    shown: Option<u64>,
    /// Rows that are hidden whole.
    hidden: Option<u64>,
    /// Whether the same text had been given to the same recipient before.
    again: bool,
    /// Digest of the answer, as it stands in the answer itself; of a statement, that of its text. None where a list was
    /// given, and where the answer was never handed out.
    sha256: Option<String>,
}

impl From<AnswerRow> for AnswerLineView {
    fn from(row: AnswerRow) -> AnswerLineView {
        let (shown, hidden) = row.told.and_then(|told| told.rows).unzip();
        AnswerLineView {
            number: row.seq,
            at: row.at.to_string(),
            organisation: row.actor.organisation.to_string(),
            principal: row.actor.principal.to_string(),
            recipient: row.asked.recipient.to_string(),
            given: row.asked.given,
            question: row.asked.question,
            by: row.asked.by,
            population: row.asked.population,
            period: row.asked.period,
            snapshot: row.asked.snapshot,
            rules: row.asked.rules,
            shown,
            hidden,
            again: row.again,
            sha256: row.told.map(|told| told.sha256.to_string()),
        }
    }
}

/// A page of the log.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AnswerLogView {
    /// At most 200 lines, newest first.
    lines: Vec<AnswerLineView>,
    /// What to give as `before` for the next page; none on the last.
    next: Option<u64>,
}

/// Every answer, standing report and statement of payment that was given, newest first.
#[utoipa::path(get, path = "/v1/answers/log", tag = "steward", params(LogQuery),
    responses((status = 200, body = AnswerLogView), (status = "default", body = Problem)))]
pub(super) async fn log(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    query: Result<Query<LogQuery>, QueryRejection>,
) -> Result<Json<AnswerLogView>, Failure> {
    let Query(LogQuery { before, question, since, until, recipient }) =
        query.map_err(|_| Failure::of(Reason::Body))?;
    let filter = AnswerFilter { before, question, since, until, recipient };
    let page = blocking(move || service.answer_log(&caller, &filter)).await?;
    Ok(Json(AnswerLogView {
        lines: page.lines.into_iter().map(AnswerLineView::from).collect(),
        next: page.next,
    }))
}
