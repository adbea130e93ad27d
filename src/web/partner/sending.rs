//! Sending a package: the page, and what its script speaks, tus 1.0 with the same handlers as the API's.
//!
//! The script says what the session's forms say in a header; the guard has looked at the rest.

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::words::size;
use crate::extract::manifest::ListKind;
use crate::http::blocking;
use crate::http::uploading::{self, Caller, OPEN_LIMIT, Whole};
use crate::store::{PackageRow, UploadState};
use crate::web::Web;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words;

/// An upload that is not complete.
struct Waiting {
    id: String,
    dataset: String,
    period: String,
    size: String,
    opened: String,
}

#[derive(Template)]
#[template(path = "partner/send.html")]
struct SendPage {
    frame: Frame,
    partner: String,
    programme: String,
    /// Names and titles of what may be sent.
    datasets: Vec<(String, String)>,
    waiting: Vec<Waiting>,
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let rows = blocking(move || service.packages(&caller)).await?;
    let l = visitor.visit.language;
    let programme = web.service.programme();
    let waiting = |row: &PackageRow| Waiting {
        id: row.id.clone(),
        dataset: words::dataset(programme, row.dataset.as_str(), l),
        period: row.period.to_string(),
        size: size(row.bytes, l),
        opened: words::moment(row.opened_at),
    };
    let source = visitor.principal.partner().and_then(|partner| programme.source(&partner));
    let own = programme.datasets.iter().filter(|d| source.is_some_and(|source| d.partners.contains(&source)));
    let own = own.map(|dataset| dataset.id.to_string());
    let lists = ListKind::ALL.map(|kind| kind.dataset().to_owned());
    let named = |id: String| {
        let title = words::dataset(programme, &id, l);
        (id, title)
    };
    let datasets = own.chain(lists).map(named).collect();
    let open = rows.iter().rev().filter(|row| row.state == UploadState::Open);
    let page = SendPage {
        frame: Frame::of(&visitor.visit, l.choose("Send en pakke", "Send a package"))
            .with_script("send-package.js")
            .with_script("send.js"),
        partner: visitor.principal.organisation.to_string(),
        programme: programme.id.to_string(),
        datasets,
        waiting: open.map(waiting).collect(),
    };
    Ok(page::show(&page))
}

/// Opens an upload; the same manifest again is the same upload. Its address is the page's.
pub(super) async fn open(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Refusal> {
    let headers = request.headers().clone();
    let body = match Whole::<OPEN_LIMIT>::from_request(request, &()).await {
        Ok(body) => body,
        Err(failure) => return Ok(failure.into_response()),
    };
    let caller = Caller(visitor.principal.clone());
    let opened = uploading::open(State(Arc::clone(&web.service)), caller, headers, body).await;
    let mut response = opened.into_response();
    let headers = response.headers_mut();
    let address = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let id = address.and_then(|address| address.rsplit('/').next());
    let ours = id.map(|id| format!("/{}/send/uploads/{id}", visitor.visit.language.tag()));
    if let Some(ours) = ours.and_then(|ours| HeaderValue::try_from(ours).ok()) {
        headers.insert(header::LOCATION, ours);
    }
    Ok(response)
}

/// How far one has come.
pub(super) async fn standing(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let caller = Caller(visitor.principal);
    uploading::head(State(Arc::clone(&web.service)), caller, Path(id), headers).await.into_response()
}

/// Rows from an offset on.
pub(super) async fn append(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let caller = Caller(visitor.principal);
    uploading::patch(State(Arc::clone(&web.service)), caller, Path(id), request).await.into_response()
}
