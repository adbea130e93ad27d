//! tus 1.0: the rows of an upload, with `checksum`, `expiration` and `termination`.
//!
//! The offset advances at block ends only. Bytes go through a short channel to a thread that verifies, re-keys and
//! writes them, so that a request of any length takes bounded memory; when the connection is cut, the channel ends and
//! what was whole is made durable.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::multipart::Field;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;

use super::admission::{Pace, Queue, turn};
use super::guard::{Caller, DRAINED, SILENCE, blocking};
use super::headers::{
    self, CHECKSUMS, Checksum, EXTENSIONS, TUS, TUS_RESUMABLE, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_OFFSET,
};
use super::meter::Meter;
use super::problem::{Failure, Problem};
use crate::limits;
use crate::service::{Reason, Service, Standing};

/// Chunks that may wait between the connection and the thread that takes them.
const WAITING_CHUNKS: usize = 8;

/// What is spoken of tus.
fn capabilities() -> Response {
    let headers: [(HeaderName, HeaderValue); 5] = [
        (TUS_RESUMABLE, HeaderValue::from_static(TUS)),
        (HeaderName::from_static("tus-version"), HeaderValue::from_static(TUS)),
        (HeaderName::from_static("tus-extension"), HeaderValue::from_static(EXTENSIONS)),
        (HeaderName::from_static("tus-checksum-algorithm"), HeaderValue::from_static(CHECKSUMS)),
        (HeaderName::from_static("tus-max-size"), headers::number(limits::MAX_PACKAGE_BYTES)),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// What is spoken of tus 1.0.
#[utoipa::path(options, path = "/v1/uploads", operation_id = "upload_options", tag = "partner", responses((status = 204, description = "tus capabilities")))]
pub(super) async fn options() -> Response {
    capabilities()
}

/// What is spoken of tus 1.0.
#[utoipa::path(options, path = "/v1/uploads/{id}", operation_id = "upload_options_of_one", tag = "partner", params(("id" = String, Path)),
    responses((status = 204, description = "tus capabilities")))]
pub(super) async fn options_of_one() -> Response {
    capabilities()
}

/// How far an upload has come (tus 1.0).
#[utoipa::path(head, path = "/v1/uploads/{id}", operation_id = "upload_standing", tag = "partner",
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, pattern = r"^1\.0\.0$", description = "the version of tus: 1.0.0")),
    responses((status = 200, description = "`Upload-Offset`, `Upload-Length`, `Upload-Expires`"),
              (status = "default", body = Problem)))]
pub(crate) async fn head(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    headers::check_version(&headers)?;
    let standing = blocking(move || service.standing(&caller, &id)).await?;
    let mut response = StatusCode::OK.into_response();
    stand(&mut response, &standing);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Send rows from an offset on (tus 1.0). Whole verified blocks are durable when this answers.
#[utoipa::path(patch, path = "/v1/uploads/{id}", operation_id = "append_to_upload", tag = "partner",
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, pattern = r"^1\.0\.0$", description = "the version of tus: 1.0.0"),
        ("Upload-Offset" = u64, Header, description = "where the bytes begin: what HEAD said"),
        ("Upload-Checksum" = Option<String>, Header, pattern = "^sha(256|1) [A-Za-z0-9+/]+={0,2}$",
            description = "`sha256 BASE64` or `sha1 BASE64` of the bytes")),
    request_body(content_type = "application/offset+octet-stream", description = "bytes of data.csv from `Upload-Offset` on"),
    responses((status = 204, description = "`Upload-Offset` says how far it has come; it lies at the end of a block"),
              (status = 460, body = Problem, description = "checksum mismatch"),
              (status = "default", body = Problem)))]
pub(crate) async fn patch(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let headers = request.headers();
    headers::check_version(headers)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if kind != Some("application/offset+octet-stream") {
        return Err(Failure::of(Reason::ContentType));
    }
    let offset = headers::offset(headers)?;
    let checksum = Checksum::announced(headers)?;
    let turn = turn(Queue::Uploads).await?;
    let (sender, mut receiver) = mpsc::channel::<Bytes>(WAITING_CHUNKS);
    let worker = blocking(move || {
        let standing = service.append(&caller, &id, offset, || receiver.blocking_recv());
        drop(turn);
        standing
    });
    let worker = tokio::spawn(worker);
    let fits = pump(request.into_body(), sender, checksum).await;
    let standing = worker.await.map_err(|_| Failure::of(Reason::Internal))??;
    if !fits {
        return Err(Failure::of(Reason::Checksum));
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    stand(&mut response, &standing);
    Ok(response)
}

/// Appends what comes as a field of a form, without its first bytes: those that are there already. What came whole before
/// the line is cut stays.
pub(crate) async fn take(
    service: Arc<Service>,
    caller: crate::auth::Principal,
    id: &str,
    offset: u64,
    (field, meter): (&mut Field<'_>, &Meter),
) -> Result<Standing, Failure> {
    let id = id.to_owned();
    let turn = turn(Queue::Uploads).await?;
    let (sender, mut receiver) = mpsc::channel::<Bytes>(WAITING_CHUNKS);
    let worker = blocking(move || {
        let standing = service.append(&caller, &id, offset, || receiver.blocking_recv());
        drop(turn);
        standing
    });
    let worker = tokio::spawn(worker);
    let (mut known, mut drained) = (offset, 0);
    // The field's end, a cut line and a silent one alike.
    while let Ok(Ok(Some(mut data))) = meter.next(field.chunk()).await {
        let skipped = data.split_to(data.len().min(usize::try_from(known).unwrap_or(usize::MAX)));
        known -= skipped.len() as u64;
        let length = data.len();
        if length > 0 && sender.send(data).await.is_err() {
            drained += length;
            if drained > DRAINED {
                break;
            }
        }
    }
    drop(sender);
    worker.await.map_err(|_| Failure::of(Reason::Internal))?
}

/// Hands the body on, chunk by chunk, until it ends, is cut, or nobody takes it any more. Returns whether it has the
/// checksum announced; a request that was cut has none to have.
async fn pump(mut body: Body, sender: mpsc::Sender<Bytes>, mut checksum: Option<Checksum>) -> bool {
    let mut drained = 0;
    let mut pace = Pace::default();
    loop {
        let began = Instant::now();
        let frame = match tokio::time::timeout(SILENCE, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            // Cut, or silent for too long. So is what only trickles.
            Ok(Some(Err(_))) | Err(_) => return true,
        };
        let Ok(data) = frame.into_data() else { continue };
        if !pace.came(began.elapsed(), data.len()) {
            return true;
        }
        if let Some(checksum) = &mut checksum {
            checksum.update(&data);
        }
        let length = data.len();
        if sender.send(data).await.is_err() {
            drained += length;
            if drained > DRAINED {
                return true;
            }
        }
    }
    checksum.is_none_or(Checksum::fits)
}

/// Give an open upload up (tus 1.0, termination).
#[utoipa::path(delete, path = "/v1/uploads/{id}", operation_id = "abort_upload", tag = "partner", params(("id" = String, Path)),
    responses((status = 204, description = "gone"), (status = "default", body = Problem)))]
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    blocking(move || service.abort_upload(&caller, &id)).await?;
    let version = [(TUS_RESUMABLE, HeaderValue::from_static(TUS))];
    Ok((StatusCode::NO_CONTENT, version).into_response())
}

fn stand(response: &mut Response, standing: &Standing) {
    let headers = response.headers_mut();
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(TUS));
    headers.insert(UPLOAD_OFFSET, headers::number(standing.offset));
    headers.insert(UPLOAD_LENGTH, headers::number(standing.length));
    if let Some(expires) = standing.expires {
        let date = HeaderValue::from_str(&headers::http_date(expires)).expect("a date is ASCII");
        headers.insert(UPLOAD_EXPIRES, date);
    }
}
