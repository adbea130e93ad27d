//! What is held of one person from the partner that asks.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, header};

use super::guard::{Caller, Whole, blocking};
use super::problem::{Failure, Problem};
use crate::service::Service;

/// What one recorded of a person's consent, and what it permits today. Entered in one's strand.
#[utoipa::path(post, path = "/v1/consents/held", operation_id = "consents_held", tag = "partner",
    request_body(content = crate::consent::HeldRequest,
        description = "`{key_id, token, note}`: the linkage key, the person's token, and the case worker's own note"),
    params(("Kobling-Signature" = String, Header, pattern = "^[A-Za-z0-9_-]{86}$",
        description = "the partner's signature over the body, in the context `kobling/v1/held`")),
    responses((status = 200, body = crate::consent::ConsentsHeld, description = "`{at, partner, events, permits}`; docs/PROTOCOL.md has the members"),
              (status = "default", body = Problem)))]
pub(super) async fn consents(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response<Body>, Failure> {
    let signature = signature(&headers);
    Ok(json(&blocking(move || service.consents_held(&caller, &body, &signature)).await?))
}

/// Everything that is held of a person from oneself: rows, consents, and what they are used for. Entered in one's strand.
#[utoipa::path(post, path = "/v1/access", operation_id = "access", tag = "partner",
    request_body(content = crate::consent::HeldRequest,
        description = "`{key_id, token, note}`: the linkage key, the person's token, and the case worker's own note"),
    params(("Kobling-Signature" = String, Header, pattern = "^[A-Za-z0-9_-]{86}$",
        description = "the partner's signature over the body, in the context `kobling/v1/held`")),
    responses((status = 200, body = crate::consent::Held, description = "`{consents, datasets, aliases, uses}`; docs/PROTOCOL.md has the members"),
              (status = "default", body = Problem)))]
pub(super) async fn all(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response<Body>, Failure> {
    let signature = signature(&headers);
    Ok(json(&blocking(move || service.held(&caller, &body, &signature)).await?))
}

fn signature(headers: &HeaderMap) -> String {
    headers.get("kobling-signature").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// An answer about a person: kept by nobody on the way.
fn json(held: &impl serde::Serialize) -> Response<Body> {
    let body = serde_json::to_string(held).expect("what is held is plain data");
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
