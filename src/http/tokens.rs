//! A principal's own token, renewed by itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::guard::{Caller, Whole, blocking};
use super::problem::{Failure, Problem};
use crate::auth::{Lifetime, Overlap};
use crate::clock::Timestamp;
use crate::limits;
use crate::service::{Reason, Service};

/// Header that says when the token of the request ends, where that is soon.
pub const TOKEN_ENDS: &str = "kobling-token-ends";
/// Header in which a system names the person at whose desk a request is made.
pub(super) const PERSON: &str = "kobling-person";

/// How the new token is to be.
#[derive(Debug, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rotation {
    /// Hours for which the token of this request, and the principal's others, stay good: 0 to 2160; 24 where not given.
    #[schema(minimum = 0, maximum = 2160)]
    overlap_hours: Option<u16>,
}

/// A new token.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct Rotated {
    /// The token: shown this once.
    token: String,
    /// From when on it is no longer good.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Until when the tokens before it are good, those that do not end earlier.
    #[schema(value_type = String, format = DateTime)]
    old_until: Timestamp,
}

/// Make oneself a new token. The one of the request stays good for a while, so that the new one can be put where it is
/// needed; when the answer is lost, ask again with the old one.
#[utoipa::path(post, path = "/v1/token/rotate", tag = "everybody",
    request_body(content = Rotation, content_type = "application/json"),
    responses((status = 200, body = Rotated), (status = "default", body = Problem)))]
pub(super) async fn rotate(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Whole(body): Whole,
) -> Result<Response, Failure> {
    let asked: Rotation = if body.is_empty() {
        Rotation::default()
    } else {
        // A list would be taken for the fields in their order.
        let said: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&body).map_err(|_| Failure::of(Reason::Body))?;
        serde_json::from_value(said.into()).map_err(|_| Failure::of(Reason::Body))?
    };
    let overlap = match asked.overlap_hours {
        None => Overlap::default(),
        Some(hours) => Overlap::hours(hours).ok_or(Failure::of(Reason::Body))?,
    };
    let rotate = move || service.rotate_token(&caller.actor(), &caller.id, Lifetime::default(), overlap);
    let made = blocking(rotate).await?;
    let rotated = Rotated {
        token: made.token.text("answered once to whoever holds the old one").to_string(),
        expires_at: made.expires_at,
        old_until: made.old_until,
    };
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(rotated)).into_response())
}

/// The header that says that a token ends soon, where it does.
pub(super) fn ends_soon(now: Timestamp, end: Option<Timestamp>) -> Option<(HeaderName, HeaderValue)> {
    let soon = now.plus_millis(limits::TOKEN_ENDS_SOON_DAYS * 86_400_000);
    let end = end.filter(|end| *end <= soon)?;
    let value = HeaderValue::try_from(end.to_string()).expect("an instant is ASCII");
    Some((HeaderName::from_static(TOKEN_ENDS), value))
}
