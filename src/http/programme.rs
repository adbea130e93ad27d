//! What everybody may read: health, the description, the programme.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::problem::Problem;
use super::routes;
use crate::extract::manifest::Sha256Hex;
use crate::service::Service;

/// That the service answers.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the service answers.
#[utoipa::path(get, path = "/v1/health", tag = "everybody", responses((status = 200, body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// This description.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "everybody", responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    routes::api_json()
}

/// The programme in force.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ProgrammeView {
    /// Its id.
    id: String,
    /// Its version.
    version: u32,
    /// SHA-256 of its text.
    sha256: String,
    /// Its text: TOML.
    text: String,
    /// The linkage key that packages must be made with.
    key_id: String,
    /// The key that receipts verify under, 43 characters of base64url.
    service_key: String,
    /// Its fingerprint, for comparison by telephone.
    service_fingerprint: String,
}

/// The programme definition in force, and the key that receipts verify under.
#[utoipa::path(get, path = "/v1/programme", tag = "everybody",
    responses((status = 200, body = ProgrammeView), (status = "default", body = Problem)))]
pub(super) async fn programme(State(service): State<Arc<Service>>) -> Json<ProgrammeView> {
    let programme = service.programme();
    let key = service.verifying_key();
    Json(ProgrammeView {
        id: programme.id.to_string(),
        version: programme.version,
        sha256: Sha256Hex::from_bytes(programme.sha256).to_string(),
        text: service.programme_text().to_owned(),
        key_id: service.key_id().to_string(),
        service_key: key.to_string(),
        service_fingerprint: key.fingerprint().to_string(),
    })
}
