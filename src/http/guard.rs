//! Who asks, and whether the matrix grants it: decided before any handler runs.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use http_body_util::BodyExt as _;

use super::admission::{self, Here, Kind, Pace, Queue, UnderWay};
use super::pace::leaves_after;
use super::problem::Failure;
use super::tls::Presented;
use super::{routes, tokens};
use crate::auth::{BearerToken, Principal, authorise};
use crate::clock::Timestamp;
use crate::limits;
use crate::service::{Reason, Service, ServiceError};
use crate::store::Known;

/// The principal of a request, as the guard found it. A handler can have one only behind the guard.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Principal);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Failure> {
        parts.extensions.get::<Caller>().cloned().ok_or(Failure::of(Reason::Unauthenticated))
    }
}

/// Runs an operation, which may wait for disk and locks, off the threads that serve connections.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Failure),
        Err(_) => Err(Failure::of(Reason::Internal)),
    }
}

/// The same for an operation that counts rows: one is answered at a time, and those who wait are let in in turn.
pub(crate) async fn counted<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, Failure> {
    in_turn(Queue::Questions, work).await
}

/// The same in any line. The turn lasts as long as the work, whoever waits for it.
pub(crate) async fn in_turn<T: Send + 'static>(
    queue: Queue,
    work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, Failure> {
    let turn = admission::turn(queue).await?;
    blocking(move || {
        let done = work();
        drop(turn);
        done
    })
    .await
}

/// Authenticates and authorises a request by its route's line in the table. What is counted from rows leaves at a tick,
/// refusals and what was kept too; no thread waits for it.
pub(super) async fn guard(
    State(service): State<Arc<Service>>,
    path: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = path.map(|path| path.as_str().to_owned()).unwrap_or_default();
    let method = request.method().clone();
    let mut here = Here::of(&request);
    let route = routes::find(&method, &path);
    let kind = Kind::of(route.and_then(|route| route.action));
    let begun = super::Request::begun(here.as_ref(), method, path.clone(), kind);
    let at_tick = route.is_some_and(routes::Route::leaves_at_ticks);
    let now = service.now();
    let mut answer = match admit(service, (&path, kind), &mut request, here.as_mut()).await {
        Ok(admitted) => {
            let (mut ends, mut under_way) = (None, None);
            if let Some(Admitted { caller, expires_at, leave }) = admitted {
                ends = tokens::ends_soon(now, expires_at);
                under_way = leave;
                request.extensions_mut().insert(caller);
            }
            let mut answer = Here::within(here.clone(), next.run(request)).await;
            answer.headers_mut().extend(ends);
            drop(under_way);
            answer
        }
        Err(failure) => failure.into_response(),
    };
    if at_tick {
        wait_for_tick(begun.came()).await;
    }
    begun.ended(here.as_ref(), &mut answer);
    answer
}

/// What comes of something small, which takes [`SMALL`] at most.
///
/// # Errors
/// [`Reason::Body`] for a line that is slower.
pub(crate) async fn in_time<T>(small: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::time::timeout(SMALL, small).await.map_err(|_| Failure::of(Reason::Body))
}

/// Waits until what came in at `came` may leave.
pub(crate) async fn wait_for_tick(came: Instant) {
    tokio::time::sleep_until((came + leaves_after(came.elapsed())).into()).await;
}

/// Who asks, when their token ends, and leave for the call.
struct Admitted {
    caller: Caller,
    expires_at: Option<Timestamp>,
    leave: Option<UnderWay>,
}

/// Lets somebody in; nobody where everybody may.
async fn admit(
    service: Arc<Service>,
    (path, kind): (&str, Kind),
    request: &mut Request,
    mut here: Option<&mut Here>,
) -> Result<Option<Admitted>, Failure> {
    let Some(route) = routes::find(request.method(), path) else {
        let other = routes::ROUTES.iter().any(|route| route.path == path);
        return Err(Failure::of(if other { Reason::Method } else { Reason::NotFound }));
    };
    let Some(action) = route.action else { return Ok(None) };
    let unknown = Failure::of(Reason::Unauthenticated);
    let Some(header) = request.headers().get(header::AUTHORIZATION) else { return Err(unknown) };
    let text = header.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
    let presented = Presented::of(request.extensions());
    let found = match text.and_then(|text| BearerToken::parse(text.trim()).ok()) {
        Some(token) => blocking(move || service.admit(&token.hash(), presented.as_ref())).await?,
        None => None,
    };
    let Some(Known { mut principal, expires_at, .. }) = found else {
        // Only who sends wrong tokens is held up by them: a right one was found before this is looked at.
        here.map_or(Ok(()), Here::failed)?;
        return Err(unknown);
    };
    let leave = here.as_mut().map(|here| here.admit(&principal, kind)).transpose()?;
    if !authorise(principal.role, action) {
        return Err(Failure::of(Reason::Forbidden));
    }
    if let Some(person) = request.headers().get(tokens::PERSON) {
        let person = person.to_str().ok().and_then(|text| text.parse().ok());
        principal.person = Some(person.ok_or(Failure::of(Reason::Person))?);
    }
    Ok(Some(Admitted { caller: Caller(principal), expires_at, leave }))
}

/// A request's body, whole, of at most `LIMIT` bytes.
pub(crate) struct Whole<const LIMIT: usize = { limits::MAX_JSON_BODY_BYTES }>(pub(crate) Bytes);

impl<S: Send + Sync, const LIMIT: usize> FromRequest<S> for Whole<LIMIT> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Whole<LIMIT>, Failure> {
        let mut body = request.into_body();
        let mut whole = Vec::new();
        let mut dropped = 0;
        let silent = |_| Failure::of(Reason::Body);
        let mut pace = Pace::default();
        loop {
            let began = Instant::now();
            let frame = tokio::time::timeout(SILENCE, body.frame()).await.map_err(silent)?;
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|_| Failure::of(Reason::Body))?.into_data() else { continue };
            if !pace.came(began.elapsed(), data.len()) {
                return Err(Failure::of(Reason::Body));
            }
            if dropped == 0 && whole.len() + data.len() <= LIMIT {
                whole.extend_from_slice(&data);
                continue;
            }
            // Read on, so that the client gets to see why, but not for ever.
            whole = Vec::new();
            dropped += data.len();
            if dropped > DRAINED {
                break;
            }
        }
        if dropped > 0 { Err(Failure::of(Reason::TooLarge)) } else { Ok(Whole(whole.into())) }
    }
}

/// How long a connection may be silent within a request before it counts as cut.
pub(super) const SILENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// How long a form of some fields may take to come.
const SMALL: std::time::Duration = std::time::Duration::from_secs(20);
/// Bytes of a refused request that are still read, so that the client gets to see why.
pub(super) const DRAINED: usize = 64 << 20;
