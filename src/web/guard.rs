//! Who visits, and whether the page is for them: decided before any page is made.
//!
//! Without a session a page leads to signing in; with a role that the page is not for, there is no such page. A request that
//! changes something comes from a page of ours (`Sec-Fetch-Site`, or else `Origin`), and says what its session's forms say.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::page::{self, Refusal, Refused};
use super::routes::{self, Right};
use super::session::{Credential, Session};
use super::{Web, cookie};
use crate::auth::{Action, Principal, Thumbprint, authorise};
use crate::http::admission::{Here, Kind};
use crate::http::{Code, Presented};
use crate::language::Language;
use crate::service::Reason;

/// The header in which a script says what its session's forms say.
pub(super) const CSRF: HeaderName = HeaderName::from_static("kobling-csrf");

/// A request to a page: in which language, for which address, by whom.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) language: Language,
    /// The address without its language, query included: `/questions?x=y`.
    pub(super) address: String,
    signed_in: Option<(Principal, Session)>,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) visit: Visit,
    pub(super) principal: Principal,
    pub(super) session: Session,
}

impl Visit {
    /// What a request says of itself, without who it is.
    fn of(request: &Request) -> Visit {
        let uri = request.uri();
        let path = uri.path();
        let (language, rest) = match (path.strip_prefix("/da"), path.strip_prefix("/en")) {
            (None, Some(rest)) => (Language::En, rest),
            (rest, _) => (Language::Da, rest.unwrap_or("/")),
        };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        Visit { language, address: format!("{rest}{query}"), signed_in: None }
    }

    /// The same in a language.
    pub(super) fn in_language(&self, language: Language) -> Visit {
        Visit { language, ..self.clone() }
    }

    /// Who is signed in, if anybody is.
    pub(super) fn visitor(&self) -> Option<Visitor> {
        let (principal, session) = self.signed_in.clone()?;
        Some(Visitor { visit: self.clone(), principal, session })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visit, Infallible> {
        Ok(parts.extensions.get::<Visit>().cloned().expect("every page is behind the guard"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refusal;

    /// Of a request that changes something, only when its header says what the session's forms say.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Visitor, Refusal> {
        let Ok(visit) = Visit::from_request_parts(parts, state).await;
        let visitor = visit.visitor().ok_or(Refusal::of(Reason::Unauthenticated))?;
        let said = parts.headers.get(&CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !parts.method.is_safe() && !visitor.session.is_csrf(said) {
            return Err(Refusal::Form);
        }
        Ok(visitor)
    }
}

/// Whether a request comes from a page of this very service.
fn is_of_ours(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    origin.is_some() && origin == text(header::HOST)
}

/// Whether a browser says that a request does not come from a page of this service: another site, a mail, a bookmark.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin")
}

/// Authenticates and authorises a request by its page's line in the table, and gives what leaves its headers.
pub(super) async fn guard(
    State(web): State<Arc<Web>>,
    path: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = path.map(|path| path.as_str().to_owned()).unwrap_or_default();
    let method = request.method().clone();
    let mut visit = Visit::of(&request);
    let mut here = Here::of(&request);
    let route = routes::find(&method, &path);
    let kind = match route.map(|route| route.right) {
        Some(Right::Needs(action)) if action != Action::Ask || routes::asks(&visit.address) => {
            Kind::of(Some(action))
        }
        _ => Kind::Other,
    };
    let begun = crate::http::Request::begun(here.as_ref(), method.clone(), path, kind);
    let (headers, presented) = (request.headers().clone(), Presented::of(request.extensions()));
    let answer = match admit(&web, &mut visit, &method, headers, presented).await {
        Err(refusal) => Err(refusal),
        Ok(()) => match route.map(|route| route.right) {
            None => Err(Refusal::of(Reason::NotFound)),
            Some(Right::Anyone) => Ok(()),
            Some(_) if visit.signed_in.is_none() => Err(Refusal::of(Reason::Unauthenticated)),
            Some(Right::SignedIn) => Ok(()),
            Some(Right::Needs(action)) => {
                let role = visit.signed_in.as_ref().map(|(principal, _)| principal.role);
                let granted = role.is_some_and(|role| authorise(role, action));
                // What is not for somebody is not there.
                if granted { Ok(()) } else { Err(Refusal::of(Reason::NotFound)) }
            }
        },
    };
    let leave = match (&answer, &mut here, &visit.signed_in) {
        (Ok(()), Some(here), Some((principal, _))) => here.admit(principal, kind).map(Some),
        _ => Ok(None),
    };
    let (answer, under_way) = match leave {
        Ok(under_way) => (answer, under_way),
        Err(failure) => (Err(failure.into()), None),
    };
    let asks = answer.is_ok() && method.is_safe() && routes::asks(&visit.address);
    let mut response = match answer {
        // A link in a mail, or a look ahead, asks nothing: somebody has to mean it.
        Ok(()) if asks && method == Method::HEAD => Refusal::of(Reason::Method).into_response(),
        Ok(()) if asks && is_from_elsewhere(request.headers()) => super::sign_in::lead_onward(&visit),
        Ok(()) => {
            request.extensions_mut().insert(visit.clone());
            Here::within(here.clone(), next.run(request)).await
        }
        Err(refusal) => refusal.into_response(),
    };
    drop(under_way);
    if let Some(refused) = response.extensions_mut().remove::<Refused>() {
        let code = Code(refused.code);
        response = page::refused(&visit, &method, refused);
        response.extensions_mut().insert(code);
    }
    if route.is_some_and(routes::PageRoute::leaves_at_ticks) {
        crate::http::wait_for_tick(begun.came()).await;
    }
    page::dress(response.headers_mut());
    begun.ended(here.as_ref(), &mut response);
    response
}

/// Finds out who it is, and refuses what another site sent.
async fn admit(
    web: &Arc<Web>,
    visit: &mut Visit,
    method: &Method,
    headers: HeaderMap,
    presented: Option<Thumbprint>,
) -> Result<(), Refusal> {
    if !method.is_safe() && !is_of_ours(&headers) {
        return Err(Refusal::Elsewhere);
    }
    let Some(id) = cookie::read(&headers) else { return Ok(()) };
    let Some(session) = web.sessions.find(id, web.service.now()) else { return Ok(()) };
    let (service, credential) = (Arc::clone(&web.service), session.credential.clone());
    let find = move || match credential {
        Credential::Token(bearer) => {
            Ok(service.admit(&bearer, presented.as_ref())?.map(|known| known.principal))
        }
        Credential::Person(id) => service.person(&id),
    };
    match crate::http::blocking(find).await? {
        Some(principal) => visit.signed_in = Some((principal, session)),
        // Revoked since.
        None => web.sessions.end(&session),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    /// Attack: a form on another site that sends itself here.
    #[test]
    fn only_a_page_of_ours_changes_anything() {
        assert!(is_of_ours(&headers(&[("sec-fetch-site", "same-origin")])));
        for site in ["cross-site", "same-site", "none"] {
            let of = [("sec-fetch-site", site), ("origin", "https://k.example"), ("host", "k.example")];
            assert!(!is_of_ours(&headers(&of)), "{site}");
        }
        assert!(is_of_ours(&headers(&[("origin", "https://k.example"), ("host", "k.example")])));
        assert!(!is_of_ours(&headers(&[("origin", "https://k.example.evil"), ("host", "k.example")])));
        assert!(!is_of_ours(&headers(&[("origin", "null"), ("host", "k.example")])));
        assert!(!is_of_ours(&headers(&[("host", "k.example")])), "neither header: no browser of today");
    }

    #[test]
    fn an_address_is_told_apart_from_its_language() {
        let of = |uri: &str| {
            let request = Request::builder().uri(uri).body(axum::body::Body::empty()).expect("a request");
            let visit = Visit::of(&request);
            (visit.language, visit.address)
        };
        assert_eq!(of("/da/questions?a=b"), (Language::Da, "/questions?a=b".to_owned()));
        assert_eq!(of("/en/"), (Language::En, "/".to_owned()));
        assert_eq!(of("/"), (Language::Da, "/".to_owned()));
    }
}
