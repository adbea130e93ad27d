//! My trail: the partner's own entries of the audit chain, newest first, and its head.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::audit::{Entry, Item};
use crate::http::blocking;
use crate::web::Web;
use crate::web::facts::{self, Fact};
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::{deeds, words};

/// Entries on a page.
const PAGE: u64 = 50;

/// An entry in words.
struct Line {
    position: String,
    when: String,
    deed: &'static str,
    who: String,
    facts: Vec<Fact>,
    /// The package that it is about, where it has a page.
    package: Option<String>,
}

#[derive(Template)]
#[template(path = "partner/trail.html")]
struct TrailPage {
    frame: Frame,
    lines: Vec<Line>,
    position: String,
    hash: String,
    /// The last entry of the page with older ones, and with newer ones.
    older: Option<u64>,
    newer: Option<u64>,
}

/// The trail, a page at a time.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Refusal> {
    let asked: Option<u64> = fields.one("to").and_then(|text| text.parse().ok());
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let (entries, head, to) = blocking(move || {
        // Nothing lies behind the end: this gives the head alone.
        let (_, head) = service.strand(&caller, u64::MAX)?;
        let to = asked.unwrap_or(head.position).min(head.position);
        let (mut entries, _) = service.strand(&caller, to.saturating_sub(PAGE))?;
        entries.retain(|entry| entry.position <= to);
        Ok((entries, head, to))
    })
    .await?;
    let l = visitor.visit.language;
    let lines = entries.iter().rev().map(|entry: &Entry| {
        let package = match entry.subject.item("package") {
            Some(Item::Text(id)) => Some(id.clone()),
            _ => None,
        };
        Line {
            position: l.count(entry.position),
            when: words::moment(entry.at),
            deed: deeds::to_partner(entry.deed, l),
            who: entry.actor.to_string(),
            facts: facts::of(&entry.subject, l),
            package,
        }
    });
    let page = TrailPage {
        frame: Frame::of(&visitor.visit, l.choose("Mit spor", "My trail")),
        lines: lines.collect(),
        position: l.count(head.position),
        hash: head.hash.to_string(),
        older: (to > PAGE).then(|| to - PAGE),
        newer: (to < head.position).then(|| to.saturating_add(PAGE).min(head.position)),
    };
    Ok(page::show(&page))
}

/// All entries as a file, as `kobling receipt verify --entries` reads them: what `/v1/audit/strand` gives, page after page.
pub(super) async fn entries(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let (entries, head) = blocking(move || {
        let (mut all, mut head) = service.strand(&caller, 0)?;
        while let Some(last) = all.last().map(|entry| entry.position).filter(|last| *last < head.position) {
            let (more, now) = service.strand(&caller, last)?;
            if more.is_empty() {
                break;
            }
            all.extend(more);
            head = now;
        }
        Ok((all, head))
    })
    .await?;
    let file = serde_json::json!({ "head": head, "entries": entries });
    let bytes = serde_json::to_vec(&file).expect("entries are plain data");
    Ok(page::file("kobling-entries.json", "application/json", bytes))
}
