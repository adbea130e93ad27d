//! What waits for the steward: new numbers, refused packages, held referrals. Each is decided on a page of its own.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::confirm::{Button, ConfirmPage};
use super::notice::{self, Notice};
use crate::http::blocking;
use crate::language::Language;
use crate::name::{FollowupId, PartnerId};
use crate::service::{FollowupVolume, Reason, ServiceError, UnusualUpload};
use crate::store::{AliasPackageRow, Proposals, StoreError, Verdict};
use crate::web::Web;
use crate::web::form::{Fields, Filled};
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words;

/// Most single proposals of the page.
const MOST: usize = 200;

/// A package of aliases, or a single proposal (`count` is then 1).
struct AliasView {
    id: String,
    partner: String,
    at: String,
    waiting: u64,
    of: u64,
}

/// A package that is unusual as a whole.
struct UploadView {
    id: String,
    partner: String,
    dataset: String,
    period: String,
    reason: &'static str,
    persons: String,
    at: String,
    refused: bool,
    approved: Option<String>,
}

/// How much a partner refers and looks up.
struct VolumeView {
    followup: String,
    title: String,
    partner: String,
    name: String,
    new: String,
    expected: String,
    held: u64,
    lookups: String,
}

#[derive(Template)]
#[template(path = "steward/approvals.html")]
struct ApprovalsPage {
    frame: Frame,
    notice: Option<Notice>,
    packages: Vec<AliasView>,
    single: Vec<AliasView>,
    /// Single proposals that the page does not show.
    more: usize,
    uploads: Vec<UploadView>,
    volumes: Vec<VolumeView>,
}

fn name(web: &Web, partner: &PartnerId) -> String {
    words::partner(web.service.programme(), partner)
}

fn why(remark: &str, l: Language) -> &'static str {
    match remark {
        "unusual-population" => l.choose(
            "om flere personer, end partneren kan have i datasættet",
            "about more persons than the partner can have in the dataset",
        ),
        "unusual-cumulative" => l.choose(
            "sammen med de tidligere om flere personer, end partneren kan have",
            "with the earlier ones about more persons than the partner can have",
        ),
        "few-persons" => l.choose(
            "om færre personer end det mindste, programmet tager imod",
            "about fewer persons than the least that the programme takes in",
        ),
        "growth" => l.choose("vokset meget siden den forrige", "grown much since the one before"),
        _ => l.choose("usædvanlig som helhed", "unusual as a whole"),
    }
}

fn package_view(web: &Web, row: &AliasPackageRow) -> AliasView {
    AliasView {
        id: row.id.clone(),
        partner: name(web, &row.partner),
        at: words::moment(row.received_at),
        waiting: row.waiting,
        of: row.proposals,
    }
}

fn upload_view(web: &Web, upload: &UnusualUpload, l: Language) -> UploadView {
    let row = &upload.row;
    UploadView {
        id: row.id.clone(),
        partner: name(web, &row.partner),
        dataset: words::dataset(web.service.programme(), row.dataset.as_str(), l),
        period: row.period.to_string(),
        reason: why(&row.remark, l),
        persons: upload
            .persons
            .map_or_else(|| l.choose("skjult", "hidden").to_owned(), |count| l.count(count)),
        at: words::moment(row.at),
        refused: row.refused,
        approved: row.approved_at.map(words::moment),
    }
}

fn volume_view(web: &Web, volume: &FollowupVolume, l: Language) -> VolumeView {
    let followup = web.service.programme().followup(&volume.followup);
    VolumeView {
        followup: volume.followup.to_string(),
        title: followup.map_or_else(|| volume.followup.to_string(), |found| l.of(&found.title).to_owned()),
        partner: volume.partner.to_string(),
        name: name(web, &volume.partner),
        new: l.count(volume.new_in_30_days),
        expected: l.count(u64::from(volume.expected_in_30_days)),
        held: volume.held,
        lookups: format!(
            "{}/{} ({})",
            l.count(volume.lookups_today),
            l.count(u64::from(volume.lookups_per_day)),
            l.count(volume.refused_today)
        ),
    }
}

pub(super) async fn list(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let service = Arc::clone(&web.service);
    let read = move || -> Result<_, ServiceError> {
        let mut single = service.open_proposals()?;
        single.retain(|open| open.package.is_none());
        // Follow-ups are told from a snapshot: before the first there is nothing to approve.
        let volumes = match service.followup_volumes() {
            Err(ServiceError::Refused(Reason::NoSnapshot)) => Vec::new(),
            other => other?,
        };
        Ok((service.alias_packages()?, single, service.unusual_uploads()?, volumes))
    };
    let (packages, single, uploads, volumes) = blocking(read).await?;
    let one = |open: &crate::service::OpenProposal| AliasView {
        id: open.id.to_string(),
        partner: name(&web, &open.partner),
        at: words::moment(open.proposed_at),
        waiting: 1,
        of: 1,
    };
    Ok(page::show(&ApprovalsPage {
        frame: Frame::of(&visitor.visit, l.choose("Godkendelser", "Approvals")),
        notice: notice::of(fields.one("done"), l),
        packages: packages.iter().map(|row| package_view(&web, row)).collect(),
        more: single.len().saturating_sub(MOST),
        single: single.iter().take(MOST).map(one).collect(),
        uploads: uploads.iter().rev().map(|upload| upload_view(&web, upload, l)).collect(),
        volumes: volumes.iter().map(|volume| volume_view(&web, volume, l)).collect(),
    }))
}

fn done(l: Language, word: &str) -> Response {
    Redirect::to(&format!("/{}/approvals?done={word}", l.tag())).into_response()
}

/// What follows for aliases.
fn alias_follows(l: Language) -> Vec<&'static str> {
    vec![
        l.choose(
            "Godkendt: fra næste forsegling er de to numre én person, hos alle partnere. Det kan ikke gøres om.",
            "Approved: from the next seal the two numbers are one person, for every partner. It cannot be undone.",
        ),
        l.choose(
            "Afvist: forslaget glemmes. Partneren kan sende det igen.",
            "Rejected: the proposal is forgotten. The partner can send it again.",
        ),
        l.choose(
            "Partneren kan ikke se afgørelsen. Du kan ikke se, hvem det drejer sig om: spørg partneren, hvis noget er usædvanligt.",
            "The partner does not see the decision. You do not see whom it is about: ask the partner when something is out of the ordinary.",
        ),
    ]
}

fn alias_buttons(l: Language) -> Vec<Button> {
    vec![
        Button { verdict: "approve", text: l.choose("Godkend", "Approve"), main: true },
        Button { verdict: "reject", text: l.choose("Afvis", "Reject"), main: false },
    ]
}

pub(super) async fn ask_alias(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let number: i64 = id.parse().map_err(|_| Refusal::of(Reason::NotFound))?;
    let service = Arc::clone(&web.service);
    let open = blocking(move || service.open_proposals()).await?;
    let Some(open) = open.iter().find(|open| open.id == number) else { return Ok(done(l, "decided")) };
    let page = ConfirmPage {
        frame: Frame::of(
            &visitor.visit,
            l.choose("Et forslag om et nyt nummer", "A proposal of a new number"),
        ),
        facts: vec![
            (l.choose("Fra", "From"), name(&web, &open.partner)),
            (l.choose("Foreslået", "Proposed"), words::moment(open.proposed_at)),
            (l.choose("Forslag nr.", "Proposal no."), number.to_string()),
        ],
        warning: None,
        follows: alias_follows(l),
        action: format!("/{}/approvals/aliases/{number}", l.tag()),
        hidden: Vec::new(),
        tick: None,
        buttons: alias_buttons(l),
        back: format!("/{}/approvals", l.tag()),
    };
    Ok(page::show(&page))
}

fn verdict(fields: &Fields) -> Result<Verdict, Refusal> {
    match fields.one("verdict") {
        Some("approve") => Ok(Verdict::Approve),
        Some("reject") => Ok(Verdict::Reject),
        _ => Err(Refusal::of(Reason::Body)),
    }
}

/// What came of a decision: somebody else may have decided in between.
fn word(decided: Result<u64, ServiceError>, verdict: Verdict) -> Result<&'static str, ServiceError> {
    match decided {
        Ok(0) | Err(ServiceError::Store(StoreError::NoSuch(_) | StoreError::Conflict(_))) => Ok("decided"),
        Ok(_) if verdict == Verdict::Approve => Ok("approved"),
        Ok(_) => Ok("rejected"),
        Err(error) => Err(error),
    }
}

pub(super) async fn alias(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    form: Filled,
) -> Result<Response, Refusal> {
    let number: i64 = id.parse().map_err(|_| Refusal::of(Reason::NotFound))?;
    let verdict = verdict(&form.fields)?;
    let (service, caller) = (Arc::clone(&web.service), form.visitor.principal.clone());
    let decide = move || word(service.decide_aliases(&caller, Proposals::One(number), verdict), verdict);
    Ok(done(form.visitor.visit.language, blocking(decide).await?))
}

pub(super) async fn ask_package(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let service = Arc::clone(&web.service);
    let packages = blocking(move || service.alias_packages()).await?;
    let Some(row) = packages.iter().find(|row| row.id == id) else { return Ok(done(l, "decided")) };
    let page = ConfirmPage {
        frame: Frame::of(&visitor.visit, l.choose("En pakke med nye numre", "A package of new numbers")),
        facts: vec![
            (l.choose("Fra", "From"), name(&web, &row.partner)),
            (l.choose("Modtaget", "Received"), words::moment(row.received_at)),
            (l.choose("Forslag, der venter", "Proposals that wait"), l.count(row.waiting)),
            (l.choose("Forslag i pakken", "Proposals in the package"), l.count(row.proposals)),
            (l.choose("Pakke", "Package"), row.id.clone()),
        ],
        warning: None,
        follows: alias_follows(l),
        action: format!("/{}/approvals/alias-packages/{}", l.tag(), row.id),
        hidden: vec![("waiting", row.waiting.to_string())],
        tick: None,
        buttons: alias_buttons(l),
        back: format!("/{}/approvals", l.tag()),
    };
    Ok(page::show(&page))
}

pub(super) async fn package(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    form: Filled,
) -> Result<Response, Refusal> {
    let verdict = verdict(&form.fields)?;
    let seen: u64 = form.fields.read("waiting")?;
    let (service, caller) = (Arc::clone(&web.service), form.visitor.principal.clone());
    let decide = move || {
        match service.alias_packages()?.iter().find(|row| row.id == id) {
            None => return Ok("decided"),
            Some(row) if row.waiting != seen => return Ok("changed"),
            Some(_) => {}
        }
        word(service.decide_aliases(&caller, Proposals::Package(&id), verdict), verdict)
    };
    Ok(done(form.visitor.visit.language, blocking(decide).await?))
}

fn waiting(uploads: Vec<UnusualUpload>, id: &str) -> Option<UnusualUpload> {
    uploads
        .into_iter()
        .find(|upload| upload.row.id == id && upload.row.refused && upload.row.approved_at.is_none())
}

pub(super) async fn ask_upload(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let service = Arc::clone(&web.service);
    let uploads = blocking(move || service.unusual_uploads()).await?;
    let Some(upload) = waiting(uploads, &id) else { return Ok(done(l, "decided")) };
    let view = upload_view(&web, &upload, l);
    let page = ConfirmPage {
        frame: Frame::of(&visitor.visit, l.choose("En pakke, der blev afvist", "A package that was refused")),
        facts: vec![
            (l.choose("Fra", "From"), view.partner),
            (l.choose("Datasæt", "Dataset"), view.dataset),
            (l.choose("Periode", "Period"), view.period),
            (l.choose("Hvorfor", "Why"), view.reason.to_owned()),
            (l.choose("Personer, afrundet", "Persons, rounded"), view.persons),
            (l.choose("Sendt", "Sent"), view.at),
            (l.choose("Pakke", "Package"), view.id.clone()),
        ],
        warning: Some(l.choose(
            "Spørg partneren først: en pakke om andre end dens egne klienter kan være et forsøg på at se, hvem de andre kender.",
            "Ask the partner first: a package about others than its own clients can be an attempt to see whom the others know.",
        )),
        follows: vec![
            l.choose("Pakken tages imod, når partneren sender den igen, byte for byte den samme.", "The package is taken in when the partner sends it again, byte for byte the same."),
            l.choose("Godkendelsen står i partnerens spor, med dit navn.", "The approval stands in the partner's trail, with your name."),
        ],
        action: format!("/{}/approvals/uploads/{}", l.tag(), view.id),
        hidden: Vec::new(),
        tick: None,
        buttons: vec![Button { verdict: "approve", text: l.choose("Luk den ind", "Let it in"), main: true }],
        back: format!("/{}/approvals", l.tag()),
    };
    Ok(page::show(&page))
}

pub(super) async fn upload(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    form: Filled,
) -> Result<Response, Refusal> {
    let (service, caller) = (Arc::clone(&web.service), form.visitor.principal.clone());
    let approve = move || {
        if waiting(service.unusual_uploads()?, &id).is_none() {
            return Ok("decided");
        }
        service.approve_upload(&caller, &id).map(|()| "approved")
    };
    Ok(done(form.visitor.visit.language, blocking(approve).await?))
}

fn volume(
    volumes: Vec<FollowupVolume>,
    followup: &FollowupId,
    partner: &PartnerId,
) -> Option<FollowupVolume> {
    volumes.into_iter().find(|of| of.followup == *followup && of.partner == *partner)
}

fn names(followup: &str, partner: &str) -> Result<(FollowupId, PartnerId), Refusal> {
    let none = || Refusal::of(Reason::NotFound);
    Ok((followup.parse().map_err(|_| none())?, partner.parse().map_err(|_| none())?))
}

pub(super) async fn ask_followup(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((followup, partner)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let (followup, partner) = names(&followup, &partner)?;
    let service = Arc::clone(&web.service);
    let volumes = blocking(move || service.followup_volumes()).await?;
    let found = volume(volumes, &followup, &partner).ok_or(Refusal::of(Reason::NotFound))?;
    if found.held == 0 {
        return Ok(done(l, "decided"));
    }
    let view = volume_view(&web, &found, l);
    let page = ConfirmPage {
        frame: Frame::of(&visitor.visit, l.choose("Henvisninger, der holdes tilbage", "Referrals that are held")),
        facts: vec![
            (l.choose("Opfølgning", "Follow-up"), view.title),
            (l.choose("Partner", "Partner"), view.name),
            (l.choose("Holdes tilbage", "Held"), l.count(view.held)),
            (l.choose("Nye i 30 dage", "New in 30 days"), view.new),
            (l.choose("Ventet i 30 dage", "Expected in 30 days"), view.expected),
        ],
        warning: Some(l.choose(
            "Spørg partneren, hvorfor de er så mange: at henvise alle er en måde at slå alle op.",
            "Ask the partner why they are so many: to refer everybody is a way to look everybody up.",
        )),
        follows: vec![
            l.choose("Henvisningerne tæller fra nu af, og partneren kan spørge til dem, når deres tid er kommet.", "The referrals count from now on, and the partner can ask about them when their time has come."),
            l.choose("Partneren kan ikke se, at de blev holdt tilbage.", "The partner does not see that they were held."),
        ],
        action: format!("/{}/approvals/followups/{followup}/{partner}", l.tag()),
        hidden: vec![("held", found.held.to_string())],
        tick: None,
        buttons: vec![Button { verdict: "approve", text: l.choose("Lad dem tælle", "Let them count"), main: true }],
        back: format!("/{}/approvals", l.tag()),
    };
    Ok(page::show(&page))
}

pub(super) async fn followup(
    State(web): State<Arc<Web>>,
    Path((followup, partner)): Path<(String, String)>,
    form: Filled,
) -> Result<Response, Refusal> {
    let (followup, partner) = names(&followup, &partner)?;
    let held: u64 = form.fields.read("held")?;
    let (service, actor) = (Arc::clone(&web.service), form.visitor.principal.actor());
    let approve = move || match service.approve_referrals(&actor, &followup, &partner, held) {
        Err(ServiceError::Store(StoreError::Conflict(_))) => {
            let now = volume(service.followup_volumes()?, &followup, &partner);
            Ok(if now.is_some_and(|now| now.held > 0) { "changed" } else { "decided" })
        }
        other => other.map(|()| "approved"),
    };
    Ok(done(form.visitor.visit.language, blocking(approve).await?))
}
