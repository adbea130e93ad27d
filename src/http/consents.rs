//! Recording consents.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;

use super::guard::{Caller, Whole, blocking};
use super::problem::{Failure, Problem};
use super::uploads::ReceiptView;
use crate::service::Service;

/// Record a batch of consent events about one's own rows, all of them or none. The same bytes give the same receipt.
#[utoipa::path(post, path = "/v1/consents", tag = "partner",
    request_body(content_type = "application/json",
        description = "`{key_id, records}`: the linkage key, and at most 10,000 `{token, event}`; docs/CONSENT.md has the fields"),
    params(("Kobling-Signature" = String, Header,
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
