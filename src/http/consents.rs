//! Recording consents.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;

use super::guard::{Caller, Whole, blocking};
use super::problem::{Failure, Problem};
use super::uploads::ReceiptView;
use crate::clock::Day;
use crate::consent::{AsOfAnswer, AsOfLine};
use crate::service::Service;

/// Record a batch of consent events about one's own rows, all of them or none. The same bytes give the same receipt.
#[utoipa::path(post, path = "/v1/consents", operation_id = "record_consents", tag = "partner",
    request_body(content = crate::consent::ConsentBatch,
        description = "`{key_id, records}`: the linkage key, and at most 10,000 `{token, event}`; docs/CONSENT.md has the fields"),
    params(("Kobling-Signature" = String, Header, pattern = "^[A-Za-z0-9_-]{86}$",
        description = "the partner's signature over the body, in the context `kobling/v1/consents`")),
    responses((status = 200, body = ReceiptView), (status = "default", body = Problem)))]
pub(super) async fn record(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Json<ReceiptView>, Failure> {
    let signature = headers.get("kobling-signature").and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default().to_owned();
    let receipt = blocking(move || service.record_consents(&caller, &body, &signature)).await?;
    Ok(Json(receipt.into()))
}

/// What one's own records permitted.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AsOfView {
    /// The moment asked about.
    moment: String,
    /// Events recorded up to this instant were known.
    known_at: String,
    /// A line for each dataset, purpose and recipient, whatever was said.
    permissions: Vec<AsOfLineView>,
}

/// One line of it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AsOfLineView {
    /// The dataset.
    dataset: String,
    /// What for.
    purpose: String,
    /// For whom.
    recipient: String,
    /// Whether use was permitted at the moment.
    gate: bool,
    /// The days of rows that might be used.
    rows: Vec<RowsView>,
}

/// A stretch of days, both included.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct RowsView {
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Last day; open without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

impl From<AsOfAnswer> for AsOfView {
    fn from(answer: AsOfAnswer) -> AsOfView {
        let day = |day: Option<Day>| day.map(|day| day.to_string());
        let line = |line: AsOfLine| AsOfLineView {
            dataset: line.dataset.to_string(),
            purpose: line.purpose.to_string(),
            recipient: line.recipient.to_string(),
            gate: line.gate,
            rows: line.rows.iter().map(|rows| RowsView { from: day(rows.from), to: day(rows.to) }).collect(),
        };
        AsOfView {
            moment: answer.moment.to_string(),
            known_at: answer.known_at.to_string(),
            permissions: answer.permissions.into_iter().map(line).collect(),
        }
    }
}

/// What one's own consent records permitted for a token at a moment. A token of whom nothing was said is answered like one
/// of whom a no was. That it was asked is entered in one's strand.
#[utoipa::path(post, path = "/v1/consents/as-of", operation_id = "consents_as_of", tag = "partner",
    request_body(content = crate::consent::AsOfQuestion,
        description = "`{key_id, token, moment, known}`: `known` is `then` (recorded by the moment) or `now`"),
    params(("Kobling-Signature" = String, Header, pattern = "^[A-Za-z0-9_-]{86}$",
        description = "the partner's signature over the body, in the context `kobling/v1/consents/as-of`")),
    responses((status = 200, body = AsOfView), (status = "default", body = Problem)))]
pub(super) async fn as_of(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Json<AsOfView>, Failure> {
    let signature = headers.get("kobling-signature").and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default().to_owned();
    let answer = blocking(move || service.answer_as_of(&caller, &body, &signature)).await?;
    Ok(Json(answer.into()))
}
