//! What the steward does: keys and seals.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::admission::Queue;
use super::guard::{Caller, Whole, blocking, in_turn};
use super::problem::{Failure, Problem};
use super::uploads::json;
use crate::key::VerifyingKey;
use crate::name::PartnerId;
use crate::service::{Reason, Service};
use crate::store::{EnrolledKey, SnapshotRow};

/// An enrolled key.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct KeyView {
    /// 43 characters of base64url.
    public_key: String,
    /// For comparison by telephone.
    fingerprint: String,
    /// When it was enrolled.
    enrolled_at: String,
    /// When it was revoked.
    revoked_at: Option<String>,
}

impl From<EnrolledKey> for KeyView {
    fn from(row: EnrolledKey) -> KeyView {
        KeyView {
            public_key: row.key.to_string(),
            fingerprint: row.key.fingerprint().to_string(),
            enrolled_at: row.enrolled_at.to_string(),
            revoked_at: row.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// A key to be enrolled.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnrolRequest {
    /// 43 characters of base64url.
    public_key: String,
}

fn partner(id: &str) -> Result<PartnerId, Failure> {
    id.parse().map_err(|_| Failure::of(Reason::NotFound))
}

/// A partner's signing keys.
#[utoipa::path(get, path = "/v1/partners/{id}/keys", operation_id = "signing_keys", tag = "steward", params(("id" = String, Path)),
    responses((status = 200, body = [KeyView]), (status = "default", body = Problem)))]
pub(super) async fn keys(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Json<Vec<KeyView>>, Failure> {
    let partner = partner(&id)?;
    let rows = blocking(move || service.keys(&partner)).await?;
    Ok(Json(rows.into_iter().map(KeyView::from).collect()))
}

/// Enrol a signing key, after both sides have compared its fingerprint.
#[utoipa::path(post, path = "/v1/partners/{id}/keys", operation_id = "enrol_key", tag = "steward", params(("id" = String, Path)),
    request_body = EnrolRequest, responses((status = 204, description = "enrolled"), (status = "default", body = Problem)))]
pub(super) async fn enrol(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Whole(body): Whole,
) -> Result<StatusCode, Failure> {
    let partner = partner(&id)?;
    let request: EnrolRequest = json(&body)?;
    let key: VerifyingKey = request.public_key.parse().map_err(|_| Failure::of(Reason::PublicKey))?;
    blocking(move || service.enrol_key(&caller.actor(), &partner, &key)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revoke a signing key. What it signed before stays.
#[utoipa::path(delete, path = "/v1/partners/{id}/keys/{fingerprint}", operation_id = "revoke_key", tag = "steward",
    params(("id" = String, Path), ("fingerprint" = String, Path)),
    responses((status = 204, description = "revoked"), (status = "default", body = Problem)))]
pub(super) async fn revoke(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path((id, fingerprint)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let partner = partner(&id)?;
    blocking(move || service.revoke_key(&caller.actor(), &partner, &fingerprint)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A sealed snapshot.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SnapshotView {
    /// Its number.
    id: u32,
    /// Day of the seal.
    day: String,
    /// When it was sealed.
    sealed_at: String,
}

impl From<SnapshotRow> for SnapshotView {
    fn from(row: SnapshotRow) -> SnapshotView {
        SnapshotView { id: row.id, day: row.day.to_string(), sealed_at: row.sealed_at.to_string() }
    }
}

/// What a seal did.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SealView {
    /// The snapshot that is in force now.
    snapshot: SnapshotView,
    /// Packages that went in.
    packages: usize,
    /// Packages that newer ones replaced.
    replaced: usize,
    /// Standing reports that became due and were made.
    reports: usize,
}

/// Seal what is in force into a snapshot.
#[utoipa::path(post, path = "/v1/seals", tag = "steward",
    responses((status = 201, body = SealView), (status = "default", body = Problem)))]
pub(super) async fn seal(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
) -> Result<(StatusCode, Json<SealView>), Failure> {
    let outcome = in_turn(Queue::Seals, move || service.seal(&caller.actor())).await?;
    let (packages, replaced, reports) = (outcome.packages, outcome.replaced, outcome.reports);
    let view = SealView { snapshot: outcome.snapshot.into(), packages, replaced, reports };
    Ok((StatusCode::CREATED, Json(view)))
}
