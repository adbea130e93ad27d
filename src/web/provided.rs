//! Signing in through the organisation's own identity provider: there, and back.
//!
//! The browser carries a cookie that says which sign-in it began; what the way back is held against stays here. It is used
//! once. The cookie is `SameSite=Lax`, because the way back begins on the provider's site; the session's own stays `Strict`,
//! so the page that one comes back to leads on by itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use sha2::{Digest as _, Sha256};

use super::form::Fields;
use super::frame::Frame;
use super::guard::{Visit, is_from_elsewhere};
use super::page::{self, Refusal};
use super::session::Credential;
use super::sign_in::{address, onward_to, ours};
use super::words::encoded;
use super::{Web, cookie};
use crate::clock::Timestamp;
use crate::language::Language;
use crate::limits;
use crate::oidc::{Begun, Provider, Returned, SignInError, Vouched};
use crate::store::Provided;

/// A sign-in under way.
struct Way {
    begun: Begun,
    at: Timestamp,
    language: Language,
    next: String,
}

/// Sign-ins that were begun and are not ended, by the digest of what the browser carries.
#[derive(Default)]
pub(super) struct Ways(Mutex<HashMap<[u8; 32], Way>>);

impl fmt::Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ways(hidden)")
    }
}

impl Ways {
    fn put(&self, id: &str, way: Way) {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = way.at;
        ways.retain(|_, way| !is_over(way.at, now));
        // Whoever begins sign-ins without end takes their own and others' away, and nobody's session.
        while ways.len() >= limits::MAX_SIGN_INS_UNDER_WAY {
            let Some(oldest) = ways.iter().min_by_key(|(_, way)| way.at).map(|(id, _)| *id) else { break };
            ways.remove(&oldest);
        }
        ways.insert(Sha256::digest(id.as_bytes()).into(), way);
    }

    /// Takes one out: it is used once, whatever comes of it.
    fn take(&self, id: &str, now: Timestamp) -> Option<Way> {
        let digest: [u8; 32] = Sha256::digest(id.as_bytes()).into();
        let way = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest)?;
        (!is_over(way.at, now)).then_some(way)
    }
}

fn is_over(at: Timestamp, now: Timestamp) -> bool {
    !(0..=limits::SIGN_IN_MINUTES * 60_000).contains(&(now.millis() - at.millis()))
}

/// The provider, where there is one.
fn provider(web: &Web) -> Result<Arc<Provider>, Refusal> {
    web.provider.clone().ok_or(Refusal::of(crate::service::Reason::NotFound))
}

/// Back to where one signs in, with why it came to nothing.
fn refused(l: Language, next: &str, error: SignInError) -> Response {
    tracing::warn!(code = error.code(), "nobody was signed in through the identity provider");
    let to = format!("{}&refused={}", address(l, next), error.code());
    let mut response = Redirect::to(&to).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie::take_way());
    response
}

/// Sends the browser to the provider.
pub(super) async fn begin(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refusal> {
    let provider = provider(&web)?;
    let (l, next) = (visit.language, ours(fields.one("next")));
    // Attack: another site, or a mail, makes somebody sign in who did not mean to.
    if is_from_elsewhere(&headers) {
        return Ok(Redirect::to(&address(l, &next)).into_response());
    }
    let (asked, now) = (Arc::clone(&web), web.service.now());
    let begun = crate::http::blocking(move || Ok(provider.begin(now, &mut asked.sessions.shared_random())));
    let (to, begun) = match begun.await? {
        Ok(begun) => begun,
        Err(error) => return Ok(refused(l, &next, error)),
    };
    let id = web.sessions.text();
    web.ways.put(&id, Way { begun, at: now, language: l, next });
    let to = HeaderValue::try_from(to).map_err(|_| Refusal::of(crate::service::Reason::Internal))?;
    let mut response = axum::http::StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, to);
    response.headers_mut().append(header::SET_COOKIE, cookie::give_way(&id));
    Ok(response)
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage {
    frame: Frame,
    name: String,
    to: String,
}

/// Takes the browser back from the provider.
pub(super) async fn finish(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refusal> {
    let provider = provider(&web)?;
    let now = web.service.now();
    let way = cookie::read_way(&headers).and_then(|id| web.ways.take(id, now));
    let Some(Way { begun, language: l, next, .. }) = way else {
        return Ok(refused(visit.language, "/", SignInError::NotBegun));
    };
    let asked = Arc::clone(&provider);
    let vouched = crate::http::blocking(move || {
        let returned = Returned {
            state: fields.one("state"),
            code: fields.one("code"),
            iss: fields.one("iss"),
            error: fields.one("error").is_some(),
        };
        Ok(asked.finish(&begun, returned, now))
    });
    let Vouched { issuer, subject, principal } = match vouched.await? {
        Ok(vouched) => vouched,
        Err(error) => return Ok(refused(l, &next, error)),
    };
    let service = Arc::clone(&web.service);
    let said = principal.clone().ok();
    let (before, let_in) = crate::http::blocking(move || {
        let before = service.identity(&issuer, &subject)?;
        let let_in = said.map(|said| service.let_in(&issuer, &subject, &said)).transpose()?;
        Ok((before, let_in))
    })
    .await?;
    let error = match (principal, let_in) {
        (Ok(_), Some(Provided::In(principal))) => {
            // Another session of this browser ends: nobody is two people.
            if let Some(visitor) = visit.visitor() {
                web.sessions.end(&visitor.session);
            }
            let hours = provider.session_hours();
            let id = web.sessions.open(Credential::Person(principal.id), now, hours);
            return Ok(signed_in(&visit, l, &next, principal.name, &id));
        }
        (Ok(_), Some(Provided::Taken)) => SignInError::Taken,
        (Ok(_), _) => SignInError::Revoked,
        (Err(error), _) => error,
    };
    // Whom the provider no longer gives a role is out, of every session that they have.
    if let Some(principal) = before {
        web.sessions.end_all(&Credential::Person(principal));
    }
    Ok(refused(l, &next, error))
}

fn signed_in(visit: &Visit, l: Language, next: &str, name: String, id: &str) -> Response {
    let visit = visit.in_language(l);
    let to = onward_to(l, next);
    let frame = Frame::of(&visit, l.choose("Du er logget ind", "You are signed in"))
        .elsewhere(&format!("/sign-in?next={}", encoded(next)));
    let refresh = HeaderValue::try_from(format!("0; url={to}")).expect("an address of ours is ASCII");
    let mut response = page::show(&SignedInPage { frame, name, to });
    let headers = response.headers_mut();
    headers.insert(header::REFRESH, refresh);
    headers.append(header::SET_COOKIE, cookie::give(id));
    headers.append(header::SET_COOKIE, cookie::take_way());
    response
}
