//! My packages: the list, one of them, its receipts, and taking it back.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::receipt_facts::receipt_facts;
use super::standing::{Seen, Standing, ordered};
use super::words::{identifier, matter, size};
use crate::audit::SignedReceipt;
use crate::extract::manifest::Manifest;
use crate::http::blocking;
use crate::language::Language;
use crate::service::{OwnPackage, Reason};
use crate::store::{PackageRow, UploadState};
use crate::web::Web;
use crate::web::facts::Fact;
use crate::web::form::{Fields, Filled};
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words;

/// Packages on a page.
const PAGE: usize = 50;

/// A line of the list.
struct Line {
    id: String,
    dataset: String,
    period: String,
    standing: Standing,
    sent: String,
    rejected: String,
    when: String,
}

#[derive(Template)]
#[template(path = "partner/packages.html")]
struct ListPage {
    frame: Frame,
    lines: Vec<Line>,
    /// Where older ones begin, and newer ones.
    older: Option<usize>,
    newer: Option<usize>,
}

/// The list: by dataset and period, newest first.
pub(super) async fn list(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Refusal> {
    let from: usize = fields.one("from").and_then(|text| text.parse().ok()).unwrap_or(0);
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let (rows, sealed, in_force, more) = blocking(move || {
        let rows = service.packages(&caller)?;
        let more = rows.len() > from.saturating_add(PAGE);
        let mut shown = Vec::new();
        for row in ordered(rows).into_iter().skip(from).take(PAGE) {
            let rejected = service.own_manifest(&caller, &row.id)?.kobling.rows.rejected;
            shown.push((row, rejected));
        }
        Ok((shown, service.packages_sealed(&caller)?, service.own_in_force(&caller)?, more))
    })
    .await?;
    let l = visitor.visit.language;
    let programme = web.service.programme();
    let lines = rows.iter().map(|(row, rejected)| {
        let seen = Seen { row, in_force: in_force.contains(&row.id), sealed: sealed.get(&row.id).copied() };
        Line {
            id: row.id.clone(),
            dataset: words::dataset(programme, row.dataset.as_str(), l),
            period: row.period.to_string(),
            standing: seen.standing(l),
            sent: l.count(row.rows),
            rejected: l.count(*rejected),
            when: words::moment(row.completed_at.unwrap_or(row.opened_at)),
        }
    });
    let lines = lines.collect();
    let page = ListPage {
        frame: Frame::of(&visitor.visit, l.choose("Pakker", "Packages")),
        lines,
        older: more.then(|| from.saturating_add(PAGE)),
        newer: (from > 0).then(|| from.saturating_sub(PAGE)),
    };
    Ok(page::show(&page))
}

/// A count under a name: a reason, a remark, a kind of number.
struct Counted {
    what: String,
    code: String,
    advice: &'static str,
    rows: String,
}

#[derive(Template)]
#[template(path = "partner/package.html")]
struct PackagePage {
    frame: Frame,
    id: String,
    dataset: String,
    period: String,
    standing: Standing,
    /// How far an open upload has come: bytes there, bytes in all, when it expires.
    come: Option<(String, String, String)>,
    facts: Vec<Fact>,
    rows: Vec<(&'static str, String)>,
    /// Whether rows were turned away on arrival.
    unkept: bool,
    rejected: Vec<Counted>,
    remarks: Vec<Counted>,
    identifiers: Vec<Counted>,
    receipt: Option<Vec<Fact>>,
    withdrawal: Option<Vec<Fact>>,
    /// Whether it can be taken back.
    is_package: bool,
    is_open: bool,
}

async fn own(web: &Arc<Web>, visitor: &Visitor, id: String) -> Result<(OwnPackage, bool), Refusal> {
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let found = blocking(move || {
        let in_force = service.own_in_force(&caller)?.contains(&id);
        Ok((service.own_package(&caller, &id)?, in_force))
    });
    Ok(found.await?)
}

/// Rows by fate, in words.
fn fates(row: &PackageRow, manifest: &Manifest, l: Language) -> Vec<(&'static str, String)> {
    let rows = &manifest.kobling.rows;
    let mut fates = vec![
        (l.choose("Rækker læst i udtrækket", "Rows read in the extract"), l.count(rows.read)),
        (l.choose("Afvist hos jer", "Rejected at your house"), l.count(rows.rejected)),
        (l.choose("Gentaget, sendt én gang", "Repeated, sent once"), l.count(rows.duplicates)),
        (l.choose("Sendt", "Sent"), l.count(rows.sent)),
        (l.choose("– heraf uden nummer", "– of them without a number"), l.count(rows.anonymous)),
    ];
    if let Some(kept) = row.kept {
        let title = l.choose("Beholdt ved modtagelsen", "Kept on arrival");
        fates.push((title, l.count(kept)));
    }
    fates
}

/// One of my packages.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let mut come = None;
    let (mut found, mut in_force) = own(&web, &visitor, id.clone()).await?;
    if found.row.state == UploadState::Open {
        let (service, caller, of) = (Arc::clone(&web.service), visitor.principal.clone(), id.clone());
        let standing = blocking(move || service.standing(&caller, &of)).await?;
        let expires = standing.expires.map(words::moment).unwrap_or_default();
        come = Some((size(standing.offset, l), size(standing.length, l), expires));
        if standing.complete {
            // A crash had come between its last block and its receipt.
            come = None;
            (found, in_force) = own(&web, &visitor, id).await?;
        }
    }
    let OwnPackage { row, manifest, receipt, withdrawal, sealed } = &found;
    let head = &manifest.kobling;
    let counted = |codes: &std::collections::BTreeMap<String, u64>| -> Vec<Counted> {
        let words = codes.iter().map(|(code, rows)| {
            let (what, advice) = matter(code, l);
            Counted { what, code: code.clone(), advice, rows: l.count(*rows) }
        });
        words.collect()
    };
    let identifiers = head.identifiers.iter().map(|(code, rows)| Counted {
        what: identifier(code, l),
        code: code.clone(),
        advice: "",
        rows: l.count(*rows),
    });
    let fact = |title, value: String, code| Fact { title, value, code };
    let facts = vec![
        fact(l.choose("Åbnet", "Opened"), words::moment(row.opened_at), false),
        fact(l.choose("Lavet", "Made"), words::moment(manifest.created), false),
        fact(l.choose("Lavet med", "Made with"), head.tool.clone(), false),
        fact(l.choose("Størrelse", "Size"), size(row.bytes, l), false),
        fact(l.choose("Nøgle-id", "Key id"), head.key_id.to_string(), true),
        fact(
            l.choose("SHA-256 af manifestet", "SHA-256 of the manifest"),
            row.manifest_sha256.to_string(),
            true,
        ),
    ];
    let receipt_shown = |signed: &Option<SignedReceipt>| signed.as_ref().map(|of| receipt_facts(of, l));
    let dataset = words::dataset(web.service.programme(), row.dataset.as_str(), l);
    let page = PackagePage {
        frame: Frame::of(&visitor.visit, &format!("{dataset}, {}", row.period)),
        id: row.id.clone(),
        dataset,
        period: row.period.to_string(),
        standing: Seen { row, in_force, sealed: *sealed }.standing(l),
        come,
        facts,
        rows: fates(row, manifest, l),
        unkept: row.kept.is_some_and(|kept| kept < row.rows),
        rejected: counted(&head.rejected),
        remarks: counted(&head.warnings),
        identifiers: identifiers.collect(),
        receipt: receipt_shown(receipt),
        withdrawal: receipt_shown(withdrawal),
        is_package: row.state.is_package(),
        is_open: row.state == UploadState::Open,
    };
    Ok(page::show(&page))
}

/// A receipt as a file, as `kobling` reads it.
pub(super) fn receipt_file(name: &str, signed: &SignedReceipt) -> Response {
    let bytes = serde_json::to_vec(signed).expect("two strings are JSON");
    page::file(name, "application/json", bytes)
}

/// The receipt of a package, as a file.
pub(super) async fn receipt(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (found, _) = own(&web, &visitor, id).await?;
    let receipt = found.receipt.ok_or(Refusal::of(Reason::NotFound))?;
    let name = format!("{}-{}-{}.receipt.json", found.row.partner, found.row.dataset, short(&found.row.id));
    Ok(receipt_file(&name, &receipt))
}

/// The receipt of a withdrawal, as a file.
pub(super) async fn withdrawal(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (found, _) = own(&web, &visitor, id).await?;
    let receipt = found.withdrawal.ok_or(Refusal::of(Reason::NotFound))?;
    let name = format!("{}-{}-{}.withdrawn.json", found.row.partner, found.row.dataset, short(&found.row.id));
    Ok(receipt_file(&name, &receipt))
}

/// The beginning of an id, enough to tell files apart.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

#[derive(Template)]
#[template(path = "partner/withdraw.html")]
struct WithdrawPage {
    frame: Frame,
    id: String,
    dataset: String,
    period: String,
    sent: String,
    sealed: Option<String>,
}

/// What follows from taking a package back, before it is done.
pub(super) async fn ask_withdraw(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (found, _) = own(&web, &visitor, id).await?;
    if !found.row.state.is_package() {
        return Err(Refusal::of(Reason::NotFound));
    }
    let l = visitor.visit.language;
    let page = WithdrawPage {
        frame: Frame::of(&visitor.visit, l.choose("Tag pakken tilbage?", "Withdraw the package?")),
        id: found.row.id.clone(),
        dataset: words::dataset(web.service.programme(), found.row.dataset.as_str(), l),
        period: found.row.period.to_string(),
        sent: l.count(found.row.rows),
        sealed: found.sealed.map(|at| format!("{} ({})", at.snapshot, at.day)),
    };
    Ok(page::show(&page))
}

/// Takes it back.
pub(super) async fn withdraw(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    form: Filled,
) -> Result<Response, Refusal> {
    let (service, caller, of) = (Arc::clone(&web.service), form.visitor.principal.clone(), id.clone());
    blocking(move || service.withdraw_package(&caller, &of)).await?;
    Ok(to_package(&form, &id))
}

/// Gives an upload up that is not complete.
pub(super) async fn abort(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    form: Filled,
) -> Result<Response, Refusal> {
    let (service, caller, of) = (Arc::clone(&web.service), form.visitor.principal.clone(), id.clone());
    blocking(move || service.abort_upload(&caller, &of)).await?;
    Ok(to_package(&form, &id))
}

/// To the page of a package that an operation has just found to be the visitor's.
fn to_package(form: &Filled, id: &str) -> Response {
    Redirect::to(&format!("/{}/packages/{id}", form.visitor.visit.language.tag())).into_response()
}
