//! What the next seal would take up, and the seal itself: begun here, it goes on whoever looks on.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::notice::{self, Notice};
use crate::http::blocking;
use crate::language::Language;
use crate::programme::Programme;
use crate::service::{PackageLine, SealStep, Sealing, Service};
use crate::store::SnapshotRow;
use crate::web::Web;
use crate::web::form::{Fields, Filled};
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words;

/// A package as it is shown.
pub(super) struct LineView {
    pub(super) partner: String,
    pub(super) dataset: String,
    pub(super) period: String,
    pub(super) received: String,
    pub(super) replaces: bool,
}

impl LineView {
    pub(super) fn of(line: &PackageLine, replaces: bool, programme: &Programme, l: Language) -> LineView {
        LineView {
            partner: words::partner(programme, &line.partner),
            dataset: words::dataset(programme, line.dataset.as_str(), l),
            period: line.period.clone(),
            received: line.received_at.map(words::moment).unwrap_or_default(),
            replaces,
        }
    }
}

/// A snapshot as it is shown.
pub(super) struct SnapshotView {
    pub(super) id: u32,
    pub(super) sealed: String,
}

impl From<&SnapshotRow> for SnapshotView {
    fn from(row: &SnapshotRow) -> SnapshotView {
        SnapshotView { id: row.id, sealed: words::moment(row.sealed_at) }
    }
}

/// A step, and whether it is done (`true`), or is the one under way (`None` of both: it comes later).
struct StepView {
    text: &'static str,
    state: &'static str,
}

/// How far sealing has come: a part of the page, and what its script asks for.
#[derive(Template)]
#[template(path = "steward/sealing.html")]
pub(super) struct SealingView {
    l: Language,
    under_way: Option<(String, String)>,
    steps: Vec<StepView>,
    /// Snapshot, when, packages, replaced, reports.
    done: Option<(u32, String, usize, usize, usize)>,
    /// When, what went wrong, what to do, code.
    failed: Option<(String, String, String, &'static str)>,
}

const fn step_text(step: SealStep, l: Language) -> &'static str {
    match step {
        SealStep::Prepare => l.choose("Gør klar", "Prepare"),
        SealStep::Read => l.choose("Læser de modtagne rækker", "Read the received rows"),
        SealStep::Number => l.choose("Giver nye personer numre", "Give new persons their numbers"),
        SealStep::Sort => l.choose("Sorterer", "Sort"),
        SealStep::Write => l.choose("Skriver øjebliksbilledet", "Write the snapshot"),
        SealStep::Commit => l.choose("Sætter det i kraft", "Bring it into force"),
        SealStep::Finish => l.choose(
            "Sletter, hvad der skal slettes, og laver faste rapporter",
            "Erase what is due, and make standing reports",
        ),
    }
}

impl SealingView {
    fn of(sealing: Sealing, l: Language) -> SealingView {
        let now = sealing.now.as_ref();
        let steps = SealStep::ALL.iter().map(|step| {
            let at = now.map(|now| now.step);
            let state = match at {
                Some(at) if *step < at => l.choose("færdig", "done"),
                Some(at) if *step == at => l.choose("i gang", "under way"),
                _ => "",
            };
            StepView { text: step_text(*step, l), state }
        });
        let steps = if now.is_some() { steps.collect() } else { Vec::new() };
        let (mut done, mut failed) = (None, None);
        if let Some(last) = sealing.last {
            let at = words::moment(last.at);
            match last.outcome {
                Ok(seal) => done = Some((seal.snapshot.id, at, seal.packages, seal.replaced, seal.reports)),
                Err(failure) => {
                    let (title, advice) = if l == Language::Da { failure.da } else { failure.en };
                    failed = Some((at, title, advice, failure.code));
                }
            }
        }
        let under_way = now.map(|now| (now.by.principal.to_string(), words::moment(now.since)));
        SealingView { l, under_way, steps, done, failed }
    }
}

#[derive(Template)]
#[template(path = "steward/staged.html")]
struct StagedPage {
    frame: Frame,
    notice: Option<Notice>,
    sealing: SealingView,
    in_force: Option<SnapshotView>,
    new: Vec<LineView>,
    withdrawn: Vec<LineView>,
    stay: Vec<LineView>,
    /// Latest first.
    snapshots: Vec<SnapshotView>,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    // Asked for before the rest: a seal that ends in between is shown as under way, and asked for again.
    let sealing = web.service.sealing();
    let service = Arc::clone(&web.service);
    let (staged, snapshots) = blocking(move || Ok((service.staged()?, service.snapshots()?))).await?;
    let programme = web.service.programme();
    let view = |lines: &[PackageLine]| -> Vec<LineView> {
        lines.iter().map(|line| LineView::of(line, false, programme, l)).collect()
    };
    let page = StagedPage {
        frame: Frame::of(&visitor.visit, l.choose("Modtaget og forsegling", "Received, and sealing"))
            .with_script("seal.js"),
        notice: notice::of(fields.one("done"), l),
        sealing: SealingView::of(sealing, l),
        in_force: staged.in_force.as_ref().map(SnapshotView::from),
        new: staged.new.iter().map(|(line, replaces)| LineView::of(line, *replaces, programme, l)).collect(),
        withdrawn: view(&staged.withdrawn),
        stay: view(&staged.stay),
        snapshots: snapshots.iter().rev().map(SnapshotView::from).collect(),
    };
    Ok(page::show(&page))
}

/// How far it is, alone.
pub(super) async fn progress(State(web): State<Arc<Web>>, visitor: Visitor) -> Response {
    page::show(&SealingView::of(web.service.sealing(), visitor.visit.language))
}

/// Begins a seal, of what was seen: not when another one was made since.
pub(super) async fn seal(State(web): State<Arc<Web>>, form: Filled) -> Result<Response, Refusal> {
    let l = form.visitor.visit.language;
    let seen: u32 = form.fields.read("seen")?;
    let (service, actor) = (Arc::clone(&web.service), form.visitor.principal.actor());
    let begin = move || {
        let now = Service::snapshots(&service)?.last().map_or(0, |row| row.id);
        if service.sealing().now.is_some() {
            return Ok("sealing");
        }
        if now != seen {
            return Ok("sealed-since");
        }
        service.begin_seal(actor).map(|begun| if begun { "" } else { "sealing" })
    };
    let word = blocking(begin).await?;
    let done = if word.is_empty() { String::new() } else { format!("?done={word}") };
    Ok(Redirect::to(&format!("/{}/staged{done}", l.tag())).into_response())
}
