//! The one list of pages, each with whom it is for.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{MethodRouter, any, get, post};

use super::guard::guard;
use super::{Web, assets, evaluator, partner, provided, sign_in, start, steward, tokeniser};
use crate::auth::Action;

/// Whom a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Everybody.
    Anyone,
    /// Whoever is signed in.
    SignedIn,
    /// Roles that the matrix grants the action; to others there is no such page.
    Needs(Action),
}

/// A page, the same in both languages.
#[derive(Clone, Copy, Debug)]
pub struct PageRoute {
    /// Method.
    pub method: &'static str,
    /// Path after the language, with names in braces.
    pub path: &'static str,
    /// Whom it is for.
    pub right: Right,
}

impl PageRoute {
    /// Whether what it shows is counted from rows: it leaves at ticks, as the API's answers do.
    pub(super) fn leaves_at_ticks(&self) -> bool {
        matches!(self.right, Right::Needs(Action::Ask | Action::ReadReports | Action::StatePayment))
    }
}

/// Whether an address without its language asks questions: what was shown binds what comes after, so somebody has to mean it.
pub(super) fn asks(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some("report"), ..) => true,
        (Some("questions"), Some(_), Some(name)) => name == "answer" || name.starts_with("answer."),
        _ => false,
    }
}

/// A page's line.
pub(super) const fn page(method: &'static str, path: &'static str, right: Right) -> PageRoute {
    PageRoute { method, path, right }
}

const COMMON: &[PageRoute] = &[
    page("GET", "/", Right::Anyone),
    page("GET", "/sign-in", Right::Anyone),
    page("POST", "/sign-in", Right::Anyone),
    page("GET", "/sign-in/provider", Right::Anyone),
    page("GET", "/sign-in/return", Right::Anyone),
    page("POST", "/sign-out", Right::SignedIn),
    page("GET", "/onward", Right::SignedIn),
    page("GET", "/tokeniser", Right::Anyone),
    page("GET", "/tokeniser/kobling-tokeniser.html", Right::Anyone),
];

/// Every page there is, by who it is for. The guard shows nothing that is not here.
pub const PAGES: &[&[PageRoute]] = &[COMMON, evaluator::PAGES, partner::PAGES, steward::PAGES];

/// The line of a method and a path with its language.
pub(super) fn find(method: &Method, path: &str) -> Option<&'static PageRoute> {
    let rest = path.strip_prefix("/da").or_else(|| path.strip_prefix("/en"))?;
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    PAGES.iter().copied().flatten().find(|page| page.path == rest && page.method == method)
}

/// Routes of both languages.
pub(super) struct Pages(Router<Arc<Web>>);

impl Pages {
    /// The same handlers in Danish and in English.
    pub(super) fn at(self, path: &str, handlers: MethodRouter<Arc<Web>>) -> Pages {
        let danish = self.0.route(&format!("/da{path}"), handlers.clone());
        Pages(danish.route(&format!("/en{path}"), handlers))
    }
}

/// All pages, and what is served beside them.
pub(super) fn router(web: Arc<Web>) -> Router {
    let pages = Pages(Router::new())
        .at("/", get(start::show))
        .at("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .at("/sign-in/provider", get(provided::begin))
        .at("/sign-in/return", get(provided::finish))
        .at("/sign-out", post(sign_in::sign_out))
        .at("/onward", get(sign_in::onward))
        .at("/tokeniser", get(tokeniser::show))
        .at("/tokeniser/kobling-tokeniser.html", get(tokeniser::download))
        // What is not there is said in the visitor's language.
        .at("/{*rest}", any(|| async { StatusCode::NOT_FOUND }));
    let Pages(pages) = steward::routes(partner::routes(evaluator::routes(pages)));
    let pages = pages.route_layer(from_fn_with_state(Arc::clone(&web), guard));
    pages
        .route("/", get(|| async { Redirect::to("/da/") }))
        .route("/da", get(|| async { Redirect::to("/da/") }))
        .route("/en", get(|| async { Redirect::to("/en/") }))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route(&format!("{}/{{*path}}", assets::base()), get(asset))
        .with_state(web)
}

async fn asset(Path(path): Path<String>) -> axum::response::Response {
    assets::get(&path).map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |mut response| {
            super::page::dress(response.headers_mut());
            response
        },
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_page_stands_twice_in_the_list() {
        let all: Vec<_> = PAGES.iter().copied().flatten().map(|page| (page.method, page.path)).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    /// What changes something is asked of somebody who is signed in, but for signing in itself.
    #[test]
    fn only_signing_in_changes_anything_without_a_session() {
        let open = PAGES.iter().copied().flatten().filter(|page| page.right == Right::Anyone);
        let changing: Vec<_> = open.filter(|page| page.method != "GET").map(|page| page.path).collect();
        assert_eq!(changing, ["/sign-in"]);
    }

    #[test]
    fn what_asks_is_told_by_its_address() {
        for address in [
            "/report",
            "/report?a=b",
            "/report/report.html",
            "/questions/reach/answer?by=",
            "/questions/a/answer.csv",
        ] {
            assert!(asks(address), "{address}");
        }
        for address in [
            "/",
            "/reports",
            "/reports/a/2022-Q1",
            "/questions",
            "/questions/answer",
            "/questions/a?by=answer",
        ] {
            assert!(!asks(address), "{address}");
        }
    }

    #[test]
    fn pages_are_found_in_both_languages_and_nowhere_else() {
        for language in ["/da", "/en"] {
            assert!(find(&Method::GET, &format!("{language}/sign-in")).is_some());
            assert!(find(&Method::HEAD, &format!("{language}/sign-in")).is_some());
            assert!(find(&Method::DELETE, &format!("{language}/sign-in")).is_none());
        }
        assert!(find(&Method::GET, "/sign-in").is_none());
    }
}
