//! What is made once and served again as it was: standing reports, and statements of payment.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::guard::{Caller, Whole, blocking, counted};
use super::problem::{Failure, Problem};
use super::uploads::json;
use crate::audit::SignedStatement;
use crate::clock::Period;
use crate::name::QuestionId;
use crate::service::{Reason, Service};

/// A standing report that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ReportView {
    /// The question.
    question: String,
    /// The quarter.
    quarter: String,
    /// When it was made.
    made_at: String,
}

/// Standing reports made for one's own organisation.
#[utoipa::path(get, path = "/v1/reports", operation_id = "reports", tag = "evaluator",
    responses((status = 200, body = [ReportView]), (status = "default", body = Problem)))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
) -> Result<Json<Vec<ReportView>>, Failure> {
    let reports = blocking(move || service.reports(&caller)).await?;
    let view = |row: crate::store::ReportRow| ReportView {
        question: row.question,
        quarter: row.quarter,
        made_at: row.made_at.to_string(),
    };
    Ok(Json(reports.into_iter().map(view).collect()))
}

/// A standing report: the answer as it was made.
#[utoipa::path(get, path = "/v1/reports/{id}/{quarter}", operation_id = "report", tag = "evaluator",
    params(("id" = String, Path), ("quarter" = String, Path)),
    responses((status = 200, body = super::questions::AnswerView), (status = "default", body = Problem)))]
pub(super) async fn one(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path((id, quarter)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let question: QuestionId = id.parse().map_err(|_| Failure::of(Reason::NotFound))?;
    let body = blocking(move || service.report(&caller, &question, &quarter)).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body).into_response())
}

/// A statement of payment as it was signed.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StatementView {
    /// JSON text; the signature is over these bytes, under the context `kobling/v1/payment-statement`.
    statement: String,
    /// The service's Ed25519 signature, 86 characters of base64url.
    signature: String,
}

impl From<SignedStatement> for StatementView {
    fn from(signed: SignedStatement) -> StatementView {
        StatementView { statement: signed.statement, signature: signed.signature }
    }
}

/// Every statement of payment made so far for one's own organisation.
#[utoipa::path(get, path = "/v1/payments", tag = "payer",
    responses((status = 200, body = [StatementView]), (status = "default", body = Problem)))]
pub(super) async fn statements(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
) -> Result<Json<Vec<StatementView>>, Failure> {
    let made = blocking(move || service.statements(&caller)).await?;
    Ok(Json(made.into_iter().map(StatementView::from).collect()))
}

/// What a statement is asked for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StatementRequest {
    /// Whole quarters of enrolment: `2022-Q1..2022-Q4`.
    #[schema(value_type = Period)]
    period: String,
}

/// The statement of a payment over a period: the one that was made, or else a new one. It is final.
#[utoipa::path(post, path = "/v1/payments/{id}", operation_id = "state_payment", tag = "payer", params(("id" = String, Path)),
    request_body = StatementRequest,
    responses((status = 200, body = StatementView), (status = "default", body = Problem)))]
pub(super) async fn state(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Whole(body): Whole,
) -> Result<Json<StatementView>, Failure> {
    let question: QuestionId = id.parse().map_err(|_| Failure::of(Reason::NotFound))?;
    let StatementRequest { period } = json(&body)?;
    let period: Period = period.parse().map_err(|_| Failure::of(Reason::Period))?;
    let signed = counted(move || service.state_payment(&caller, &question, period)).await?;
    Ok(Json(signed.into()))
}
