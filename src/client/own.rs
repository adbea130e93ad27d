//! What the service has of the principal's own: uploads, packages, erasures.

use serde::{Deserialize, Serialize};

use super::{Client, ClientError, parse};

/// An upload or package, as the service lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct OwnPackage {
    /// Its id.
    pub id: String,
    /// Its dataset.
    pub dataset: String,
    /// Its quarters.
    pub period: String,
    /// Bytes of its rows.
    pub bytes: u64,
    /// Rows sent.
    pub rows: u64,
    /// Rows kept on arrival; none of an upload that is not complete, and from services that do not say.
    pub kept: Option<u64>,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
    /// `open`, `complete`, `replaced`, `recorded`, `withdrawn`, `aborted`, `expired` or `refused`.
    pub state: String,
    /// When it was opened.
    pub opened_at: String,
    /// When it became whole.
    pub completed_at: Option<String>,
}

/// How far an open upload has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnStanding {
    /// Bytes that are durable.
    pub offset: u64,
    /// When it is dropped if nothing reaches it, as HTTP writes dates.
    pub expires: Option<String>,
}

/// An erasure of one's own rows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct OwnErasure {
    /// Its id.
    pub id: String,
    /// `denied` or `ended`.
    pub cause: String,
    /// When it was opened.
    pub opened_at: String,
    /// The last day on which it may be done.
    pub erase_by: String,
    /// `opened`, `decided`, `staged` or `done`.
    pub state: String,
}

/// An id has 32 hexadecimal characters; anything else is no part of an address.
fn checked(id: &str) -> Result<&str, ClientError> {
    let fits = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fits { Ok(id) } else { Err(ClientError::Answer) }
}

impl Client {
    /// One's own uploads and packages, oldest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn packages(&self) -> Result<Vec<OwnPackage>, ClientError> {
        parse(&self.fetch("/v1/packages")?)
    }

    /// Erasures of one's own rows, oldest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn erasures(&self) -> Result<Vec<OwnErasure>, ClientError> {
        parse(&self.fetch("/v1/erasures")?)
    }

    /// How far an open upload has come.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn standing(&self, id: &str) -> Result<OwnStanding, ClientError> {
        let path = format!("/v1/uploads/{}", checked(id)?);
        let call = self
            .agent
            .head(self.url(&path))
            .header("Authorization", self.bearer().as_str())
            .header("Tus-Resumable", "1.0.0");
        let response = call.call().map_err(|error| self.unreachable(error))?;
        let text = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let offset = text("Upload-Offset").and_then(|text| text.parse().ok()).ok_or(ClientError::Answer)?;
        Ok(OwnStanding { offset, expires: text("Upload-Expires") })
    }

    /// Gives an open upload up (tus, termination).
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn end_upload(&self, id: &str) -> Result<(), ClientError> {
        let path = format!("/v1/uploads/{}", checked(id)?);
        let call = self
            .agent
            .delete(self.url(&path))
            .header("Authorization", self.bearer().as_str())
            .header("Tus-Resumable", "1.0.0");
        self.body(&path, call.call().map_err(|error| self.unreachable(error))?).map(drop)
    }
}
