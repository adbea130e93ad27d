//! A restored folder: where it stands, receipts handed in, and its release.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::guard::{Caller, Whole, blocking};
use super::problem::{Failure, Problem};
use super::uploads::json;
use crate::audit::{ReceiptKind, SignedReceipt};
use crate::auth::Role;
use crate::clock::Timestamp;
use crate::name::PartnerId;
use crate::service::{HandedIn, PartnerRestored, Reason, Restoration, Service};

/// Something that was acknowledged and is not here: to be sent again.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct MissingView {
    /// What its receipt is for: `upload`, `consents` or `aliases`.
    kind: &'static str,
    /// Id in the receipt.
    id: String,
    /// When it was acknowledged.
    at: Timestamp,
    /// Its dataset, of a package.
    dataset: Option<String>,
    /// Its quarters, of a package.
    period: Option<String>,
}

/// A partner's part.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PartView {
    /// The partner.
    partner: PartnerId,
    /// `unknown` before it has handed in receipts, `missing`, or `complete`: everything that its receipts name is here.
    state: &'static str,
    /// Entries of its strand that the backup had.
    restored: u64,
    /// Entries that its receipts prove; null before it has handed any in.
    proven: Option<u64>,
    /// What it is to send again.
    missing: Vec<MissingView>,
}

/// A restored folder.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct RestorationView {
    /// Whether nothing is answered from it yet.
    held: bool,
    /// When the backup was made: what came in between that and `restored_at` may be missing.
    made_at: Timestamp,
    /// When it was restored.
    restored_at: Timestamp,
    /// When it was released.
    released_at: Option<Timestamp>,
    /// Every partner's part for the steward, one's own for a partner.
    partners: Vec<PartView>,
}

/// Null where the folder never came out of a backup.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct RestorationAnswer {
    /// The last restoration.
    restoration: Option<RestorationView>,
}

impl From<PartnerRestored> for PartView {
    fn from(part: PartnerRestored) -> PartView {
        let state = part.completeness().as_str();
        let missing = part.missing.into_iter().map(|it| MissingView {
            kind: match it.kind {
                ReceiptKind::Upload => "upload",
                ReceiptKind::Aliases => "aliases",
                _ => "consents",
            },
            id: it.id,
            at: it.at,
            dataset: it.dataset,
            period: it.period,
        });
        let missing = missing.collect();
        PartView { partner: part.partner, state, restored: part.restored, proven: part.proven, missing }
    }
}

impl From<Restoration> for RestorationView {
    fn from(restoration: Restoration) -> RestorationView {
        RestorationView {
            held: restoration.row.released_at.is_none(),
            made_at: restoration.row.made_at,
            restored_at: restoration.row.restored_at,
            released_at: restoration.row.released_at,
            partners: restoration.partners.into_iter().map(PartView::from).collect(),
        }
    }
}

/// Whether the service came out of a backup, and what is known to be missing: to a partner its own part.
#[utoipa::path(get, path = "/v1/restoration", operation_id = "restoration", tag = "everybody",
    responses((status = 200, body = RestorationAnswer), (status = "default", body = Problem)))]
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
) -> Result<Json<RestorationAnswer>, Failure> {
    let found = blocking(move || match caller.role {
        Role::Partner => service.own_restoration(&caller),
        _ => service.restoration(),
    })
    .await?;
    Ok(Json(RestorationAnswer { restoration: found.map(RestorationView::from) }))
}

/// A receipt as it was given.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenReceipt {
    /// JSON text, as it was signed.
    receipt: String,
    /// The service's signature.
    signature: String,
}

/// The receipts that a partner holds: all of them, or the latest.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipts {
    /// Receipts of uploads, withdrawals, consents, aliases and erasures.
    receipts: Vec<GivenReceipt>,
}

/// What came of them.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct HandedInView {
    /// Receipts that were looked at.
    receipts: u64,
    /// Those of something later than the backup.
    later: u64,
    /// Packages that were withdrawn again.
    withdrawn: u64,
    /// Where one's own part stands now.
    standing: PartView,
}

impl From<HandedIn> for HandedInView {
    fn from(it: HandedIn) -> HandedInView {
        let HandedIn { receipts, later, withdrawn, standing } = it;
        HandedInView { receipts, later, withdrawn, standing: standing.into() }
    }
}

/// Hand in the receipts that one holds, after the service came out of a backup: packages whose withdrawal they prove are withdrawn
/// again, and the answer says what to send again. The same receipts again change nothing.
#[utoipa::path(post, path = "/v1/restoration/receipts", operation_id = "hand_in_receipts", tag = "partner",
    request_body = Receipts,
    responses((status = 200, body = HandedInView), (status = "default", body = Problem)))]
pub(super) async fn receipts(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Whole(body): Whole,
) -> Result<Json<HandedInView>, Failure> {
    let given: Receipts = json(&body)?;
    let receipts: Vec<SignedReceipt> = given
        .receipts
        .into_iter()
        .map(|it| SignedReceipt { receipt: it.receipt, signature: it.signature })
        .collect();
    Ok(Json(blocking(move || service.hand_in(&caller, &receipts)).await?.into()))
}

/// The steward's decision.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    /// The partners whose part is not `complete`, as they were seen: others by now are a conflict.
    incomplete: Vec<PartnerId>,
}

/// Let questions be asked again. What is missing still is entered in the audit chain.
#[utoipa::path(post, path = "/v1/restoration/release", operation_id = "release_restoration", tag = "steward",
    request_body = Release,
    responses((status = 200, body = RestorationView), (status = "default", body = Problem)))]
pub(super) async fn release(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Whole(body): Whole,
) -> Result<Json<RestorationView>, Failure> {
    let decided: Release = json(&body)?;
    let found = blocking(move || {
        service.release_restoration(&caller.actor(), &decided.incomplete)?;
        service.restoration()
    })
    .await?;
    Ok(Json(found.ok_or(Failure::of(Reason::NotFound))?.into()))
}
