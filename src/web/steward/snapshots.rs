//! Sealed snapshots: the list, two beside each other by their packages, and the report of quality of the one in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::staged::{LineView, SnapshotView};
use crate::auth::{Action, authorise};
use crate::http::blocking;
use crate::language::Language;
use crate::service::{PackageLine, QualityPart, Reason};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};

#[derive(Template)]
#[template(path = "steward/snapshots.html")]
struct SnapshotsPage {
    frame: Frame,
    snapshots: Vec<SnapshotView>,
    can_compare: bool,
    can_read_quality: bool,
}

pub(super) async fn list(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    let service = Arc::clone(&web.service);
    let rows = blocking(move || service.snapshots()).await?;
    let role = visitor.principal.role;
    let title = visitor.visit.language.choose("Billeder", "Snapshots");
    Ok(page::show(&SnapshotsPage {
        frame: Frame::of(&visitor.visit, title),
        snapshots: rows.iter().rev().map(SnapshotView::from).collect(),
        can_compare: authorise(role, Action::Seal) && rows.len() > 1,
        can_read_quality: authorise(role, Action::ReadQuality) && !rows.is_empty(),
    }))
}

#[derive(Template)]
#[template(path = "steward/compare.html")]
struct ComparePage {
    frame: Frame,
    from: SnapshotView,
    to: SnapshotView,
    days: i32,
    added: Vec<LineView>,
    gone: Vec<LineView>,
    both: usize,
    snapshots: Vec<SnapshotView>,
}

pub(super) async fn compare(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let one = |name: &str| fields.read::<u32>(name).map_err(|_| Refusal::of(Reason::NotFound));
    let (from, to) = (one("from")?, one("to")?);
    let service = Arc::clone(&web.service);
    let (found, all) =
        blocking(move || Ok((service.compare_snapshots(from, to)?, service.snapshots()?))).await?;
    let programme = web.service.programme();
    let view = |lines: &[PackageLine]| -> Vec<LineView> {
        lines.iter().map(|line| LineView::of(line, false, programme, l)).collect()
    };
    Ok(page::show(&ComparePage {
        frame: Frame::of(&visitor.visit, l.choose("To billeder", "Two snapshots")),
        days: found.to.day.days() - found.from.day.days(),
        added: view(&found.added),
        gone: view(&found.gone),
        both: found.both.len(),
        from: SnapshotView::from(&found.from),
        to: SnapshotView::from(&found.to),
        snapshots: all.iter().rev().map(SnapshotView::from).collect(),
    }))
}

/// A count of rows as the page says it.
fn rows(shown: Option<u64>, l: Language) -> String {
    shown.map_or_else(|| l.choose("skjult", "hidden").to_owned(), |rows| l.count(rows))
}

/// What one partner handed over of one dataset.
struct PartView {
    partner: String,
    dataset: String,
    sent: String,
    rejected: String,
    duplicates: String,
    anonymous: String,
    /// Reasons and kinds of which a number is shown.
    details: Vec<(String, String)>,
}

impl PartView {
    fn of(part: QualityPart, web: &Web, l: Language) -> PartView {
        let programme = web.service.programme();
        let partner = programme.partner(&part.partner).map(|partner| partner.name.clone());
        let dataset = programme.dataset(&part.dataset).map(|(_, dataset)| l.of(&dataset.title).to_owned());
        let shown = |all: BTreeMap<String, Option<u64>>| {
            all.into_iter().filter_map(|(name, rows)| Some((name, l.count(rows?))))
        };
        PartView {
            partner: partner.unwrap_or_else(|| part.partner.to_string()),
            dataset: dataset.unwrap_or_else(|| part.dataset.to_string()),
            sent: rows(part.sent, l),
            rejected: rows(part.rejected, l),
            duplicates: rows(part.duplicates, l),
            anonymous: rows(part.anonymous, l),
            details: shown(part.reasons).chain(shown(part.identifiers)).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "steward/quality.html")]
struct QualityPage {
    frame: Frame,
    snapshot: u32,
    parts: Vec<PartView>,
}

pub(super) async fn quality(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let report = blocking(move || service.quality(&caller)).await?;
    Ok(page::show(&QualityPage {
        frame: Frame::of(&visitor.visit, l.choose("Kvalitet", "Quality")),
        snapshot: report.snapshot,
        parts: report.parts.into_iter().map(|part| PartView::of(part, &web, l)).collect(),
    }))
}
