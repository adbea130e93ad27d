//! The tokeniser for those who cannot install anything: handed out as a file to be saved, never shown from here.
//!
//! It runs from the partner's own disk, where this service cannot change it. What is handed out is the file whose SHA-256 a
//! release publishes; whoever saves it compares.

use askama::Template;
use axum::response::Response;

use super::frame::Frame;
use super::guard::Visit;
use super::page;
use crate::digest::Sha256Hex;

/// The file.
const FILE: &[u8] = include_bytes!("tokeniser/tokeniser.html");

#[derive(Template)]
#[template(path = "tokeniser.html")]
struct TokeniserPage {
    frame: Frame,
    sha256: String,
    kilobytes: usize,
}

pub(super) async fn show(visit: Visit) -> Response {
    let l = visit.language;
    let title = l.choose("Gør CPR-numre til tokens i browseren", "Tokenise in the browser");
    let page = TokeniserPage {
        frame: Frame::of(&visit, title),
        sha256: Sha256Hex::of(FILE).to_string(),
        kilobytes: FILE.len().div_ceil(1000),
    };
    page::show(&page)
}

pub(super) async fn download() -> Response {
    page::file("kobling-tokeniser.html", "application/octet-stream", FILE.to_vec())
}
