//! The audit chain for the auditor: what the whole of it was found to be, and its entries page by page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::http::blocking;
use crate::web::Web;
use crate::web::facts::{self, Named};
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::{deeds, words};

/// An entry as it is shown.
struct EntryView {
    sequence: u64,
    at: String,
    who: String,
    deed: &'static str,
    /// The deed's name in the chain.
    code: String,
    strand: String,
    subject: Vec<Named>,
}

#[derive(Template)]
#[template(path = "steward/audit.html")]
struct AuditPage {
    frame: Frame,
    /// Digest and place of the head, and how many strands.
    head: Option<(String, u64, usize)>,
    problem: Option<String>,
    after: u64,
    entries: Vec<EntryView>,
    /// Where the next page begins.
    next: Option<u64>,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Refusal> {
    let after = if fields.one("after").is_some() { fields.read("after")? } else { 0 };
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let report = blocking(move || service.audit(&caller, after)).await?;
    let l = visitor.visit.language;
    let title = l.choose("Revisionskæden", "Audit chain");
    let head =
        report.verified.map(|found| (found.head.hash.to_string(), found.head.sequence, found.strands.len()));
    let last = report.entries.last().map(|(sequence, _)| *sequence);
    let whole = head.as_ref().map_or(u64::MAX, |(_, sequence, _)| *sequence);
    let view = |(sequence, entry): (u64, crate::audit::Entry)| EntryView {
        sequence,
        at: words::moment(entry.at),
        who: entry.actor.to_string(),
        deed: deeds::words(entry.deed, l),
        code: serde_json::to_value(entry.deed)
            .ok()
            .and_then(|deed| Some(deed.as_str()?.to_owned()))
            .unwrap_or_default(),
        strand: entry.strand.to_string(),
        subject: facts::named(&entry.subject, l),
    };
    Ok(page::show(&AuditPage {
        frame: Frame::of(&visitor.visit, title),
        head,
        problem: report.problem,
        after,
        entries: report.entries.into_iter().map(view).collect(),
        next: last.filter(|last| *last < whole),
    }))
}
