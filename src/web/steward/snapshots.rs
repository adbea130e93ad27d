//! Sealed snapshots: the list, and two beside each other by their packages.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::staged::{LineView, SnapshotView};
use crate::auth::{Action, authorise};
use crate::http::blocking;
use crate::service::{PackageLine, Reason};
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
    let title = visitor.visit.language.choose("Øjebliksbilleder", "Snapshots");
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
        frame: Frame::of(&visitor.visit, l.choose("To øjebliksbilleder", "Two snapshots")),
        days: found.to.day.days() - found.from.day.days(),
        added: view(&found.added),
        gone: view(&found.gone),
        both: found.both.len(),
        from: SnapshotView::from(&found.from),
        to: SnapshotView::from(&found.to),
        snapshots: all.iter().rev().map(SnapshotView::from).collect(),
    }))
}
