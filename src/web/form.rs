//! What comes with a request: the fields of a form, or of a query.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};

use super::Web;
use super::guard::{Visit, Visitor};
use super::page::Refusal;
use crate::limits;
use crate::service::Reason;

/// Fields by name, in the order in which they came.
#[derive(Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first field of a name, trimmed; empty is absent.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All fields of a name, trimmed, without those that are empty.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(field, _)| field == name);
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// The first field of a name, read.
    ///
    /// # Errors
    /// [`Reason::Body`] where it is absent or cannot be read.
    pub(super) fn read<T: std::str::FromStr>(&self, name: &str) -> Result<T, Refusal> {
        self.one(name).and_then(|text| text.parse().ok()).ok_or(Refusal::of(Reason::Body))
    }

    async fn parse(text: impl Into<Body>) -> Result<Fields, Refusal> {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let request = Request::post("/").header(header::CONTENT_TYPE, form).body(text.into());
        let request = request.map_err(|_| Refusal::of(Reason::Body))?;
        let read = axum::Form::<Vec<(String, String)>>::from_request(request, &()).await;
        read.map(|axum::Form(fields)| Fields(fields)).map_err(|_| Refusal::of(Reason::Body))
    }
}

/// The fields of a query.
impl<S: Send + Sync> FromRequestParts<S> for Fields {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Fields, Refusal> {
        Fields::parse(parts.uri.query().unwrap_or_default().to_owned()).await
    }
}

async fn body(request: Request) -> Result<Fields, Refusal> {
    let body = axum::body::to_bytes(request.into_body(), limits::MAX_FORM_BYTES);
    let body = crate::http::in_time(body).await?;
    Fields::parse(body.map_err(|_| Refusal::of(Reason::TooLarge))?).await
}

/// A form that somebody signed in has sent from one of their pages: it says what their session's forms say.
pub(super) struct Filled {
    pub(super) visitor: Visitor,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<Web>> for Filled {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<Web>) -> Result<Filled, Refusal> {
        let (mut parts, inner) = request.into_parts();
        let Ok(visit) = Visit::from_request_parts(&mut parts, state).await;
        let visitor = visit.visitor().ok_or(Refusal::of(Reason::Unauthenticated))?;
        let fields = body(Request::from_parts(parts, inner)).await?;
        match fields.one("csrf") {
            Some(said) if visitor.session.is_csrf(said) => Ok(Filled { visitor, fields }),
            _ => Err(Refusal::Form),
        }
    }
}

/// A form of somebody who is not signed in: signing in is the only one.
pub(super) struct Unsigned(pub(super) Fields);

impl FromRequest<Arc<Web>> for Unsigned {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Arc<Web>) -> Result<Unsigned, Refusal> {
        body(request).await.map(Unsigned)
    }
}
