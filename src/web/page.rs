//! What leaves: pages, their headers, and refusals as pages.

use askama::Template;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::frame::Frame;
use super::guard::Visit;
use super::words::capitalised;
use crate::http::Failure;
use crate::language::Language;
use crate::service::{Reason, ServiceError};

/// What a page may do: nothing that is not from this service, and no script or style that stands in it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every page.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The operation said no.
    Service(ServiceError),
    /// A form of another session, or of none.
    Form,
    /// Sent by another site.
    Elsewhere,
    /// What was filled in cannot be used: what is wrong and what to do, in Danish and in English.
    Told(&'static str, &'static str),
}

impl Refusal {
    pub(super) const fn of(reason: Reason) -> Refusal {
        Refusal::Service(ServiceError::Refused(reason))
    }
}

impl<E: Into<ServiceError>> From<E> for Refusal {
    fn from(error: E) -> Refusal {
        Refusal::Service(error.into())
    }
}

impl From<Failure> for Refusal {
    fn from(Failure(error): Failure) -> Refusal {
        Refusal::Service(error)
    }
}

/// A refusal on its way to the guard, which makes a page of it in the visitor's language.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    /// What was refused, and what to do.
    da: (String, String),
    en: (String, String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = |title: &str, advice: &str| (title.to_owned(), advice.to_owned());
        let refused = match self {
            Refusal::Service(error) => {
                let code = error.code();
                let status = crate::http::status(code);
                if status.is_server_error() && code != Reason::LineFull.code() {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(code, error = %error, cause, "a page failed");
                }
                let (title, advice) = error.danish();
                let en = (error.public_message(), error.advice().to_owned());
                Refused { status, code, da: (title, advice.to_owned()), en }
            }
            Refusal::Form => Refused {
                status: StatusCode::FORBIDDEN,
                code: "form",
                da: text(
                    "Siden hører til et tidligere login",
                    "Du er logget ud, eller har logget ind igen i et andet vindue. Intet er ændret. Gå tilbage, genindlæs siden, og send igen.",
                ),
                en: text(
                    "The page belongs to an earlier sign-in",
                    "You have signed out, or in again in another window. Nothing was changed. Go back, reload the page, and send again.",
                ),
            },
            Refusal::Elsewhere => Refused {
                status: StatusCode::FORBIDDEN,
                code: "elsewhere",
                da: text(
                    "Forespørgslen kom fra et andet websted",
                    "Intet er ændret. Gå selv til siden, og send derfra.",
                ),
                en: text(
                    "The request came from another site",
                    "Nothing was changed. Go to the page yourself, and send from there.",
                ),
            },
            Refusal::Told(da, en) => Refused {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                code: "filled-in",
                da: text("Det udfyldte kan ikke bruges", da),
                en: text("What was filled in cannot be used", en),
            },
        };
        let mut response = refused.status.into_response();
        response.extensions_mut().insert(refused);
        response
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    frame: Frame,
    title: String,
    advice: String,
    code: &'static str,
    signed_out: bool,
}

/// A refusal as a page. Somebody who is not signed in is led to where they can, and then back.
pub(super) fn refused(visit: &Visit, method: &Method, refused: Refused) -> Response {
    let l = visit.language;
    if refused.code == Reason::Unauthenticated.code() && method.is_safe() {
        let next = super::sign_in::address(l, &visit.address);
        return Redirect::to(&next).into_response();
    }
    let signed_out = refused.code == Reason::Unauthenticated.code();
    let (title, advice) = match l {
        _ if signed_out => (
            l.choose("du er logget ud", "you are signed out").to_owned(),
            l.choose(
                "intet er ændret. Log ind, gå tilbage til siden, genindlæs den, og send igen.",
                "nothing was changed. Sign in, go back to the page, reload it, and send again.",
            )
            .to_owned(),
        ),
        Language::Da => refused.da,
        Language::En => refused.en,
    };
    let title = capitalised(&title);
    let frame = Frame::of(visit, &title);
    let page = RefusedPage { frame, title, advice: capitalised(&advice), code: refused.code, signed_out };
    (refused.status, show(&page)).into_response()
}

/// A page.
pub(super) fn show(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A file to be saved, never shown by the browser.
pub(super) fn file(name: &str, kind: &'static str, bytes: Vec<u8>) -> Response {
    let disposition =
        HeaderValue::try_from(format!("attachment; filename=\"{name}\"")).expect("names of ours are ASCII");
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, disposition)];
    (headers, bytes).into_response()
}

/// Gives what leaves the headers of a page. Nothing of it is kept by a browser, unless it says so itself.
pub(super) fn dress(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
