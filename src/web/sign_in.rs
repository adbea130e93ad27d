//! Signing in with a bearer token, and out again.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::form::{Fields, Filled, Unsigned};
use super::frame::Frame;
use super::guard::Visit;
use super::page::{self, Refusal};
use super::session::Credential;
use super::words::{capitalised, encoded};
use super::{Web, cookie};
use crate::auth::BearerToken;
use crate::http::Presented;
use crate::language::{Language, Spoken as _};
use crate::limits;
use crate::oidc::SignInError;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    /// Where to go then: an address of ours without its language.
    next: String,
    wrong: bool,
    /// The identity provider's host and the address that leads there, where there is one.
    provider: Option<(String, String)>,
    /// Why nobody was signed in through it: title, advice, code.
    refused: Option<(String, &'static str, &'static str)>,
}

/// Signing in, to come back to another address; without its language.
fn path(next: &str) -> String {
    format!("/sign-in?next={}", encoded(next))
}

/// The address of signing in, to come back to another.
pub(super) fn address(l: Language, next: &str) -> String {
    format!("/{}{}", l.tag(), path(next))
}

/// An address of ours, without its language, or the start: nobody is led to another site.
pub(super) fn ours(next: Option<&str>) -> String {
    let is_ours = |next: &&str| {
        next.starts_with('/')
            && !next.starts_with("//")
            && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && next.len() <= 8000
    };
    next.filter(is_ours).unwrap_or("/").to_owned()
}

fn form(web: &Web, visit: &Visit, next: String, wrong: bool) -> SignInPage {
    // The token is not to be sent along when the language is changed, and where to go then is.
    let frame = Frame::of(visit, visit.language.choose("Log ind", "Sign in")).elsewhere(&path(&next));
    let provider = web.provider.as_ref().map(|provider| {
        let to = format!("/{}/sign-in/provider?next={}", visit.language.tag(), encoded(&next));
        (provider.host().to_owned(), to)
    });
    SignInPage { frame, next, wrong, provider, refused: None }
}

pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, fields: Fields) -> Response {
    let mut page = form(&web, &visit, ours(fields.one("next")), false);
    page.refused = fields.one("refused").and_then(SignInError::of_code).map(|error| match visit.language {
        Language::Da => (capitalised(&error.danish()), error.danish_advice(), error.code()),
        Language::En => (capitalised(&error.to_string()), error.advice(), error.code()),
    });
    page::show(&page)
}

/// Where somebody goes on to who has just signed in. What asks is asked for by whoever means it, not by a link to signing in.
pub(super) fn onward_to(l: Language, next: &str) -> String {
    match super::routes::asks(next) {
        true => format!("/{}/onward?next={}", l.tag(), encoded(next)),
        false => format!("/{}{next}", l.tag()),
    }
}

pub(super) async fn sign_in(
    State(web): State<Arc<Web>>,
    visit: Visit,
    presented: Option<Extension<Presented>>,
    Unsigned(fields): Unsigned,
) -> Result<Response, Refusal> {
    let next = ours(fields.one("next"));
    let token = fields.one("token").and_then(|text| BearerToken::parse(text).ok());
    let service = Arc::clone(&web.service);
    let bearer = token.map(|token| token.hash());
    let principal = match bearer {
        Some(bearer) => {
            let presented = presented.and_then(|Extension(presented)| presented.0);
            crate::http::blocking(move || service.admit(&bearer, presented.as_ref())).await?
        }
        None => None,
    };
    let (Some(bearer), Some(_)) = (bearer, principal) else {
        crate::http::admission::wrong_token()?;
        return Ok((StatusCode::UNAUTHORIZED, page::show(&form(&web, &visit, next, true))).into_response());
    };
    // Another session of this browser ends: nobody is two people.
    if let Some(visitor) = visit.visitor() {
        web.sessions.end(&visitor.session);
    }
    let id = web.sessions.open(Credential::Token(bearer), web.service.now(), limits::SESSION_HOURS);
    let to = onward_to(visit.language, &next);
    let mut response = Redirect::to(&to).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie::give(&id));
    Ok(response)
}

#[derive(Template)]
#[template(path = "onward.html")]
struct OnwardPage {
    frame: Frame,
    /// Where to go on to, with its language.
    to: String,
}

/// To where somebody says that they mean to ask, with the address that asks.
pub(super) fn lead_onward(visit: &Visit) -> Response {
    let next = encoded(&visit.address);
    Redirect::to(&format!("/{}/onward?next={next}", visit.language.tag())).into_response()
}

/// An address that asks questions, and was not come to from here: one more click asks.
pub(super) async fn onward(visit: Visit, fields: Fields) -> Response {
    let l = visit.language;
    let next = ours(fields.one("next"));
    let here = format!("/onward?next={}", encoded(&next));
    let frame = Frame::of(&visit, l.choose("Vil du spørge?", "Do you want to ask?")).elsewhere(&here);
    page::show(&OnwardPage { frame, to: format!("/{}{next}", l.tag()) })
}

/// Ends this session, or all sessions of the same token. The browser forgets what it kept.
pub(super) async fn sign_out(State(web): State<Arc<Web>>, form: Filled) -> Response {
    let session = &form.visitor.session;
    if form.fields.one("everywhere").is_some() {
        web.sessions.end_all(&session.credential);
    } else {
        web.sessions.end(session);
    }
    let to = format!("/{}/", form.visitor.visit.language.tag());
    let mut response = Redirect::to(&to).into_response();
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookie::take());
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack: a link to signing in that leads elsewhere afterwards.
    #[test]
    fn nobody_is_led_to_another_site() {
        for next in ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\nb", "/ b"]
        {
            assert_eq!(ours(Some(next)), "/", "{next:?}");
        }
        assert_eq!(ours(None), "/");
        assert_eq!(
            ours(Some("/questions/a?by=b&period=2022-Q1..2022-Q4")),
            "/questions/a?by=b&period=2022-Q1..2022-Q4"
        );
    }

    #[test]
    fn where_to_go_then_is_written_so_that_it_stays_one_field() {
        assert_eq!(address(Language::Da, "/q?a=b&c=d"), "/da/sign-in?next=/q%3Fa%3Db%26c%3Dd");
    }
}
