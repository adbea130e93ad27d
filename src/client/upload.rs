//! Sending a package: manifest and signature open the upload, the rows follow over tus 1.0 and go on where a cut
//! connection left them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::patience::{Fault, Patience, retry_after};
use super::{Client, ClientError};
use crate::extract::{Package, PackageError};
use crate::key::Signature;
use crate::secret::SystemRandom;

/// Bytes of one request: what is acknowledged at a time.
const REQUEST_BYTES: u64 = 64 << 20;

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

/// Sends a package and fetches its receipt; `progress` hears how many bytes are on their way. The same package sent twice
/// gets the same receipt.
///
/// # Errors
/// [`UploadError`]. A lost connection is tried again from where the service stands, some times without progress.
pub fn upload(
    client: &Client,
    package: &Package,
    signature: &Signature,
    progress: impl FnMut(u64),
) -> Result<UploadOutcome, UploadError> {
    let mut random = SystemRandom::new();
    let mut wait = |time| std::thread::sleep(time);
    upload_patiently(client, package, signature, &mut Patience::new(&mut random, &mut wait), progress)
}

/// The same, with the randomness and the waiting that the caller chooses.
///
/// # Errors
/// As [`upload`].
pub fn upload_patiently(
    client: &Client,
    package: &Package,
    signature: &Signature,
    patience: &mut Patience<'_>,
    mut progress: impl FnMut(u64),
) -> Result<UploadOutcome, UploadError> {
    package.verify()?;
    let manifest = std::str::from_utf8(&package.manifest_bytes).map_err(|_| ClientError::Answer)?;
    let body = serde_json::json!({ "manifest": manifest, "signature": signature.to_string() }).to_string();
    #[derive(serde::Deserialize)]
    struct Opened {
        id: String,
    }
    // The same manifest opens the same upload, so an answer that was lost is asked for again.
    let Opened { id } = patience.call(|| client.open_upload(body.as_bytes()))?;
    let path = format!("/v1/uploads/{id}");
    let length = package.manifest.resources[0].bytes;
    let mut file = File::open(package.data_path())?;
    let mut offset = patience.call(|| client.offset(&path))?;
    while offset < length {
        progress(offset);
        file.seek(SeekFrom::Start(offset))?;
        let take = REQUEST_BYTES.min(length - offset);
        let mut bytes = Counted { inner: (&mut file).take(take), at: offset, heard: &mut progress };
        let reached = match client.patch(&path, offset, take, &mut bytes) {
            Ok(reached) => reached,
            Err(fault) => {
                let elsewhere =
                    matches!(&*fault.error, ClientError::Refused { code, .. } if code == "offset");
                patience.hold(Fault { passing: fault.passing || elsewhere, ..fault })?;
                // What arrived before the cut is whole blocks; the service alone knows how many.
                patience.call(|| client.offset(&path))?
            }
        };
        if reached > offset {
            patience.progressed();
        } else {
            patience.hold(ClientError::Answer.into())?;
        }
        offset = reached;
    }
    progress(length);
    let receipt = patience.call(|| client.receipt(&path))?;
    Ok(UploadOutcome { id, receipt })
}

/// Says how far a reader has been read.
struct Counted<'a, R> {
    inner: R,
    at: u64,
    heard: &'a mut dyn FnMut(u64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.at += read as u64;
        (self.heard)(self.at);
        Ok(read)
    }
}

impl Client {
    /// Opens an upload, or finds it.
    fn open_upload<T: serde::de::DeserializeOwned>(&self, body: &[u8]) -> Result<T, Fault> {
        let path = "/v1/uploads";
        let call = self
            .agent
            .post(self.url(path))
            .header("Authorization", self.bearer().as_str())
            .header("Content-Type", "application/json");
        let response = call.send(body).map_err(|error| self.unreachable(error))?;
        let opened = self.received(path, response)?;
        super::parse(&opened).map_err(Fault::from)
    }

    /// The receipt of a complete upload.
    fn receipt(&self, path: &str) -> Result<Vec<u8>, Fault> {
        let path = format!("{path}/receipt");
        let call = self.agent.get(self.url(&path)).header("Authorization", self.bearer().as_str());
        let response = call.call().map_err(|error| self.unreachable(error))?;
        let receipt = self.received(&path, response)?;
        // Half an answer is none.
        super::parse::<crate::audit::SignedReceipt>(&receipt)?;
        Ok(receipt)
    }

    /// The body of an answer, or the refusal that it is, with the time that the service asks for.
    fn received(&self, path: &str, response: ureq::http::Response<ureq::Body>) -> Result<Vec<u8>, Fault> {
        let asked = retry_after(&response);
        self.body(path, response).map_err(|error| Fault { asked, ..Fault::from(error) })
    }

    /// How many bytes of an upload are durable at the service.
    fn offset(&self, path: &str) -> Result<u64, Fault> {
        let call = self
            .agent
            .head(self.url(path))
            .header("Authorization", self.bearer().as_str())
            .header("Tus-Resumable", "1.0.0");
        let response = call.call().map_err(|error| self.unreachable(error))?;
        let asked = retry_after(&response);
        self.hear(path, &response);
        match offset_of(&response) {
            Some(offset) => Ok(offset),
            // The answer to HEAD has no body, so a refusal is a status and nothing more. 507 has one cause alone.
            None if !response.status().is_success() => {
                let status = response.status().as_u16();
                let (title, advice) = standing(status);
                let error = ClientError::Refused {
                    status,
                    code: if status == 507 { "disk-full" } else { "upload" }.to_owned(),
                    title: title.1,
                    detail: None,
                    advice: Some(advice.1.to_owned()),
                    da: Some(Box::new(super::Words { title: title.0, advice: Some(advice.0.to_owned()) })),
                };
                Err(Fault { asked, ..Fault::from(error) })
            }
            None => Err(ClientError::Answer.into()),
        }
    }

    fn hear(&self, path: &str, response: &ureq::http::Response<ureq::Body>) {
        if let Some(tap) = &self.tap {
            tap(path, &super::head_of(response), &[]);
        }
    }

    /// Sends bytes from an offset on; where the service stands afterwards.
    fn patch(&self, path: &str, offset: u64, length: u64, bytes: &mut dyn Read) -> Result<u64, Fault> {
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
            _ => self.received(path, response).and(Err(ClientError::Answer.into())),
        }
    }
}

/// What is said, and advised, when the service does not say how far an upload has come: Danish first, English second.
fn standing(status: u16) -> ((String, String), (&'static str, &'static str)) {
    let title = (
        format!("tjenesten sagde ikke hvor langt overførslen er nået (status {status})"),
        format!("the service did not say how far the upload has come (status {status})"),
    );
    let advice = match status {
        401 | 403 => {
            ("se om adgangstokenet er jeres og gælder", "look whether the bearer token is yours and in force")
        }
        404 | 410 => {
            ("overførslen er slut: send pakken igen", "the upload has ended: send the package again")
        }
        423 => (
            "en anden forespørgsel arbejder på denne overførsel: vent på den, og send så igen",
            "another request works on this upload: wait for it, then send again",
        ),
        503 | 507 => (
            "sig det til driften; intet som er bekræftet modtaget, er tabt",
            "tell the operator; nothing that was acknowledged is lost",
        ),
        _ => ("send igen senere", "send again later"),
    };
    (title, advice)
}

fn offset_of(response: &ureq::http::Response<ureq::Body>) -> Option<u64> {
    response.headers().get("Upload-Offset")?.to_str().ok()?.parse().ok()
}
