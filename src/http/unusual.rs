//! The steward's look at packages that are unusual as a whole.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;

use super::guard::{Caller, blocking};
use super::problem::{Failure, Problem};
use crate::service::{Service, UnusualUpload};

/// A package to look at.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct UnusualView {
    /// Its id.
    id: String,
    /// Whose.
    partner: String,
    /// Of which dataset.
    dataset: String,
    /// Of which quarters.
    period: String,
    /// `refused`: nothing of it is kept; or `noted`: it was let in.
    outcome: String,
    /// `unusual-population`, `unusual-cumulative`, `few-persons` or `growth`.
    reason: String,
    /// Persons it is about, rounded to 5; `null` is hidden.
    persons: Option<u64>,
    /// When its last block arrived.
    at: String,
    /// When it was approved.
    approved_at: Option<String>,
}

impl From<UnusualUpload> for UnusualView {
    fn from(UnusualUpload { row, persons }: UnusualUpload) -> UnusualView {
        UnusualView {
            id: row.id,
            partner: row.partner.to_string(),
            dataset: row.dataset.to_string(),
            period: row.period.to_string(),
            outcome: if row.refused { "refused" } else { "noted" }.to_owned(),
            reason: row.remark,
            persons,
            at: row.at.to_string(),
            approved_at: row.approved_at.map(|at| at.to_string()),
        }
    }
}

/// Packages that were refused for how many persons they are about, or let in though they have grown much.
#[utoipa::path(get, path = "/v1/uploads/unusual", operation_id = "unusual_uploads", tag = "steward",
    responses((status = 200, body = [UnusualView]), (status = "default", body = Problem)))]
pub(super) async fn list(State(service): State<Arc<Service>>) -> Result<Json<Vec<UnusualView>>, Failure> {
    let unusual = blocking(move || service.unusual_uploads()).await?;
    Ok(Json(unusual.into_iter().map(UnusualView::from).collect()))
}

/// Let a refused package in, after having asked its partner about it: when it comes again, byte for byte.
#[utoipa::path(post, path = "/v1/uploads/unusual/{id}/approve", operation_id = "approve_upload", tag = "steward", params(("id" = String, Path)),
    responses((status = 204, description = "approved"), (status = "default", body = Problem)))]
pub(super) async fn approve(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    blocking(move || service.approve_upload(&caller, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
