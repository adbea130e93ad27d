//! The first page: what this is, and where a role begins.

use askama::Template;
use axum::response::Response;

use std::sync::Arc;

use axum::extract::State;

use super::Web;
use super::frame::Frame;
use super::guard::Visit;
use super::page;

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    frame: Frame,
    programme: String,
}

pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Response {
    let l = visit.language;
    let programme = l.of(&web.service.programme().title).to_owned();
    page::show(&StartPage { frame: Frame::of(&visit, l.choose("Forside", "Start")), programme })
}
