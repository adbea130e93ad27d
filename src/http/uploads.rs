//! Opening an upload, and its receipt.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::guard::{Caller, Whole, blocking};
use super::headers::{self, Creation, TUS_RESUMABLE, UPLOAD_LENGTH, UPLOAD_OFFSET};
use super::problem::{Failure, Problem};
use crate::service::{Reason, Service, UploadRequest};

/// What opens an upload.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenRequest {
    /// `datapackage.json` as it was signed, as one text.
    manifest: String,
    /// `datapackage.json.sig`: 86 characters of base64url.
    signature: String,
}

/// An upload. Its address takes the rows over tus 1.0.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct OpenAnswer {
    /// Its id.
    id: String,
    /// Bytes of `data.csv` that are there.
    offset: u64,
    /// Bytes of `data.csv` in all.
    length: u64,
}

/// A receipt: the text that was signed, and the signature.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ReceiptView {
    /// JSON text; the signature is over these bytes, in the context `kobling/v1/receipt`.
    receipt: String,
    /// The service's signature, 86 characters of base64url.
    signature: String,
}

impl From<crate::audit::SignedReceipt> for ReceiptView {
    fn from(signed: crate::audit::SignedReceipt) -> ReceiptView {
        ReceiptView { receipt: signed.receipt, signature: signed.signature }
    }
}

/// A manifest in JSON may be twice as long as it is by itself, for all its quotation marks.
pub(crate) const OPEN_LIMIT: usize = 2 * crate::limits::MAX_MANIFEST_BYTES + 4096;

/// Open an upload with a signed manifest: as JSON, or as tus 1.0 creates one, with `Upload-Length`, `Upload-Metadata:
/// manifest BASE64,signature BASE64` and no body. The same manifest again is the same upload.
#[utoipa::path(post, path = "/v1/uploads", operation_id = "open_upload", tag = "partner", request_body = OpenRequest,
    responses((status = 201, body = OpenAnswer, description = "opened; `Location` takes the rows"),
              (status = 200, body = OpenAnswer, description = "known already"),
              (status = "default", body = Problem)))]
pub(crate) async fn open(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Whole(body): Whole<OPEN_LIMIT>,
) -> Result<Response, Failure> {
    let (request, length) = match headers::creation(&headers)? {
        // Rows come with PATCH alone.
        Some(_) if !body.is_empty() => return Err(Failure::of(Reason::Creation)),
        Some(Creation { manifest, signature, length }) => (OpenRequest { manifest, signature }, Some(length)),
        None => (json(&body)?, None),
    };
    if length.is_some_and(|length| stated_bytes(&request.manifest).is_some_and(|bytes| bytes != length)) {
        return Err(Failure::of(Reason::Creation));
    }
    let view = blocking(move || {
        let request = UploadRequest { manifest: &request.manifest, signature: &request.signature };
        service.open_upload(&caller, request)
    })
    .await?;
    // tus knows one answer to a creation.
    let created = view.new || length.is_some();
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let location = HeaderValue::from_str(&format!("/v1/uploads/{}", view.id)).expect("an id is ASCII");
    let headers = [
        (header::LOCATION, location),
        (TUS_RESUMABLE, HeaderValue::from_static(headers::TUS)),
        (UPLOAD_OFFSET, headers::number(view.offset)),
        (UPLOAD_LENGTH, headers::number(view.length)),
    ];
    let answer = OpenAnswer { id: view.id, offset: view.offset, length: view.length };
    Ok((status, headers, Json(answer)).into_response())
}

/// Bytes of `data.csv`, as an unverified manifest says: whether it is one is looked at when it is opened.
fn stated_bytes(manifest: &str) -> Option<u64> {
    Some(crate::extract::manifest::Manifest::parse(manifest.as_bytes()).ok()?.resources[0].bytes)
}

/// The receipt of a complete upload.
#[utoipa::path(get, path = "/v1/uploads/{id}/receipt", operation_id = "upload_receipt", tag = "partner", params(("id" = String, Path)),
    responses((status = 200, body = ReceiptView), (status = "default", body = Problem)))]
pub(super) async fn receipt(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<ReceiptView>, Failure> {
    let receipt = blocking(move || service.upload_receipt(&caller, &id)).await?;
    Ok(Json(receipt.into()))
}

/// Reads a JSON body. What was sent is not repeated in the refusal.
pub(super) fn json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure::of(Reason::Body))
}
