//! A partner's own packages.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

use super::guard::{Caller, blocking};
use super::problem::{Failure, Problem};
use super::uploads::ReceiptView;
use crate::clock::Day;
use crate::service::Service;
use crate::store::{ErasureRow, PackageRow};

/// An upload or package of one's own.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PackageView {
    /// Its id.
    id: String,
    /// Its dataset.
    dataset: String,
    /// Its quarters.
    period: String,
    /// Bytes of `data.csv`.
    bytes: u64,
    /// Rows sent.
    rows: u64,
    /// Rows of them that had a permission on arrival and were kept, as the receipt says; null until it is complete.
    kept: Option<u64>,
    /// SHA-256 of the manifest.
    manifest_sha256: String,
    /// `open`, `complete`, `replaced`, `recorded`, `withdrawn`, `aborted`, `expired` or `refused`.
    state: &'static str,
    /// When it was opened.
    opened_at: String,
    /// When it became whole.
    completed_at: Option<String>,
}

impl From<PackageRow> for PackageView {
    fn from(row: PackageRow) -> PackageView {
        PackageView {
            id: row.id,
            dataset: row.dataset.to_string(),
            period: row.period.to_string(),
            bytes: row.bytes,
            rows: row.rows,
            kept: row.kept,
            manifest_sha256: row.manifest_sha256.to_string(),
            state: row.state.as_str(),
            opened_at: row.opened_at.to_string(),
            completed_at: row.completed_at.map(|at| at.to_string()),
        }
    }
}

/// One's own uploads and packages, oldest first.
#[utoipa::path(get, path = "/v1/packages", operation_id = "packages", tag = "partner",
    responses((status = 200, body = [PackageView]), (status = "default", body = Problem)))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
) -> Result<Json<Vec<PackageView>>, Failure> {
    let rows = blocking(move || service.packages(&caller)).await?;
    Ok(Json(rows.into_iter().map(PackageView::from).collect()))
}

/// Withdraw a package: its staged rows go at once, and the next seal is without it.
#[utoipa::path(post, path = "/v1/packages/{id}/withdraw", operation_id = "withdraw_package", tag = "partner", params(("id" = String, Path)),
    responses((status = 200, body = ReceiptView), (status = "default", body = Problem)))]
pub(super) async fn withdraw(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<ReceiptView>, Failure> {
    Ok(Json(blocking(move || service.withdraw_package(&caller, &id)).await?.into()))
}

/// An erasure of one's own rows. Counts are of rows in packages, under tokens that oneself named.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ErasureView {
    /// Its id: that of the receipts, too.
    id: String,
    /// `denied`: somebody said no. `ended`: a permission ended, or became narrower.
    cause: &'static str,
    /// When it was opened.
    opened_at: String,
    /// The last day on which it may be done.
    erase_by: String,
    /// `opened`, `decided` (no question reads the rows any more), `staged` (they are off the packages) or `done`.
    state: &'static str,
    /// Packages that were written anew.
    packages: u64,
    /// Rows that went out of them.
    rows: u64,
    /// When it was done.
    done_at: Option<String>,
    /// The receipt that it is done.
    receipt: Option<ReceiptView>,
}

/// Erasures of one's own rows, oldest first.
#[utoipa::path(get, path = "/v1/erasures", tag = "partner",
    responses((status = 200, body = [ErasureView]), (status = "default", body = Problem)))]
pub(super) async fn erasures(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
) -> Result<Json<Vec<ErasureView>>, Failure> {
    let rows = blocking(move || service.erasures(&caller)).await?;
    let view = |(row, by): (ErasureRow, Day)| ErasureView {
        id: row.id,
        cause: row.cause.as_str(),
        opened_at: row.opened_at.to_string(),
        erase_by: by.to_string(),
        state: row.state.as_str(),
        packages: row.packages,
        rows: row.rows,
        done_at: row.done_at.map(|at| at.to_string()),
        receipt: row.receipt.map(ReceiptView::from),
    };
    Ok(Json(rows.into_iter().map(view).collect()))
}
