//! Sending a package: manifest and signature open the upload, the rows follow over tus 1.0 and go on where a cut
//! connection left them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use super::{Client, ClientError};
use crate::extract::{Package, PackageError};
use crate::key::Signature;

/// Bytes of one request: what is acknowledged at a time.
const REQUEST_BYTES: u64 = 64 << 20;
/// Attempts without a byte of progress before giving up.
const ATTEMPTS: u32 = 6;

/// What became of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadOutcome {
    /// The service's name for it.
    pub id: String,
    /// The receipt, as it came.
    pub receipt: Vec<u8>,
}

/// Why a package did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The package on disk.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The service.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The rows cannot be read.
    #[error("the rows of the package cannot be read")]
    Io(#[from] io::Error),
}

/// Sends a package and fetches its receipt; `progress` hears the bytes sent so far. The same package sent twice gets
/// the same receipt.
///
/// # Errors
/// [`UploadError`]. A lost connection is tried again from where the service stands, six times without progress.
pub fn upload(
    client: &Client,
    package: &Package,
    signature: &Signature,
    mut progress: impl FnMut(u64),
) -> Result<UploadOutcome, UploadError> {
    package.verify()?;
    let manifest = std::str::from_utf8(&package.manifest_bytes).map_err(|_| ClientError::Answer)?;
    let body = serde_json::json!({ "manifest": manifest, "signature": signature.to_string() });
    let opened = client.post("/v1/uploads", body.to_string().as_bytes(), None)?;
    #[derive(serde::Deserialize)]
    struct Opened {
        id: String,
    }
    let Opened { id } = super::parse(&opened)?;
    let path = format!("/v1/uploads/{id}");
    let length = package.manifest.resources[0].bytes;
    let mut file = File::open(package.data_path())?;
    let mut attempts = 0;
    let mut offset = client.offset(&path)?;
    while offset < length {
        progress(offset);
        file.seek(SeekFrom::Start(offset))?;
        let take = REQUEST_BYTES.min(length - offset);
        let reached = client.patch(&path, offset, take, &mut (&mut file).take(take));
        let reached = match reached {
            Ok(reached) => reached,
            Err(ClientError::Unreachable { .. }) if attempts < ATTEMPTS => {
                std::thread::sleep(Duration::from_millis(100 << attempts));
                match client.offset(&path) {
                    Ok(reached) => reached,
                    Err(ClientError::Unreachable { .. }) => offset,
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        };
        attempts = if reached > offset { 0 } else { attempts + 1 };
        if attempts > ATTEMPTS {
            return Err(ClientError::Answer.into());
        }
        offset = reached;
    }
    progress(length);
    let receipt = client.fetch(&format!("{path}/receipt"))?;
    Ok(UploadOutcome { id, receipt })
}

impl Client {
    /// How many bytes of an upload are durable at the service.
    fn offset(&self, path: &str) -> Result<u64, ClientError> {
        let call = self
            .agent
            .head(self.url(path))
            .header("Authorization", self.bearer().as_str())
            .header("Tus-Resumable", "1.0.0");
        let response = call.call().map_err(|error| self.unreachable(error))?;
        match offset_of(&response) {
            Some(offset) => {
                self.hear(path, &response);
                Ok(offset)
            }
            // The answer to HEAD has no body, so a refusal is a status and nothing more.
            None if !response.status().is_success() => {
                let status = response.status().as_u16();
                self.hear(path, &response);
                Err(ClientError::Refused {
                    status,
                    code: "upload".to_owned(),
                    title: format!("the service did not say how far the upload has come (status {status})"),
                    detail: None,
                    advice: Some(standing_advice(status).to_owned()),
                    da: None,
                })
            }
            None => Err(ClientError::Answer),
        }
    }

    fn hear(&self, path: &str, response: &ureq::http::Response<ureq::Body>) {
        if let Some(tap) = &self.tap {
            tap(path, &super::head_of(response), &[]);
        }
    }

    /// Sends bytes from an offset on; where the service stands afterwards.
    fn patch(&self, path: &str, offset: u64, length: u64, bytes: &mut dyn Read) -> Result<u64, ClientError> {
        let call = self
            .agent
            .patch(self.url(path))
            .header("Authorization", self.bearer().as_str())
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", offset.to_string())
            .header("Content-Length", length.to_string())
            .header("Content-Type", "application/offset+octet-stream");
        let response =
            call.send(ureq::SendBody::from_reader(bytes)).map_err(|error| self.unreachable(error))?;
        match offset_of(&response) {
            Some(reached) if response.status().is_success() => {
                self.hear(path, &response);
                Ok(reached)
            }
            _ => self.body(path, response).and(Err(ClientError::Answer)),
        }
    }
}

/// What to do when the service does not say how far an upload has come.
const fn standing_advice(status: u16) -> &'static str {
    match status {
        401 | 403 => "look whether the bearer token is yours and in force",
        404 | 410 => "the upload has ended: send the package again",
        423 => "another request works on this upload: wait for it, then send again",
        503 | 507 => "tell the operator; nothing that was acknowledged is lost",
        _ => "send again later",
    }
}

fn offset_of(response: &ureq::http::Response<ureq::Body>) -> Option<u64> {
    response.headers().get("Upload-Offset")?.to_str().ok()?.parse().ok()
}
