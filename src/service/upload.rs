//! Opening an upload, and giving it up.

use super::{Reason, Service, ServiceError};
use crate::audit::{Actor, SignedReceipt};
use crate::auth::Principal;
use crate::intake::{self, Arriving, IntakeRefusal, Opened, Uploader};
use crate::key::{Signature, VerifyingKey};
use crate::name::PartnerId;
use crate::store::{NewUpload, OpenedUpload, UploadRow, UploadState};

/// What opens an upload.
#[derive(Clone, Copy, Debug)]
pub struct UploadRequest<'a> {
    /// The manifest as it was signed.
    pub manifest: &'a str,
    /// The signature over it, 86 characters of base64url.
    pub signature: &'a str,
}

/// An upload as its partner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadView {
    /// Its id.
    pub id: String,
    /// Whether this request opened it.
    pub new: bool,
    /// Bytes of `data.csv` that are durable.
    pub offset: u64,
    /// Bytes of `data.csv` in all.
    pub length: u64,
}

impl Service {
    /// Keys of a partner that are in force.
    pub(super) fn keys_in_force(&self, partner: &PartnerId) -> Result<Vec<VerifyingKey>, ServiceError> {
        let keys = self.store.keys_of(partner)?;
        Ok(keys.into_iter().filter(|key| key.revoked_at.is_none()).map(|key| key.key).collect())
    }

    /// Opens an upload: verifies signature, manifest, programme and key id. The same manifest again is the same upload.
    ///
    /// # Errors
    /// [`ServiceError::Intake`] when it is refused.
    pub fn open_upload(
        &self,
        caller: &Principal,
        request: UploadRequest<'_>,
    ) -> Result<UploadView, ServiceError> {
        let partner = self.partner(caller)?;
        let keys = self.keys_in_force(&partner)?;
        let signature: Signature =
            request.signature.parse().map_err(|_| IntakeRefusal::Signature(partner.clone()))?;
        let uploader = Uploader { partner: &partner, keys: &keys };
        let manifest = request.manifest.as_bytes();
        let signed_by = intake::signed_by(manifest, &signature, uploader)?;
        let opened = Arriving::of_verified(manifest, &partner, self.programme(), Some(self.key_id()))?;
        let head = &opened.manifest().kobling;
        let (id, signature) = (self.fresh_id(), signature.to_string());
        let new = NewUpload {
            id: &id,
            partner: &partner,
            dataset: &head.dataset,
            period: head.period,
            bytes: opened.manifest().resources[0].bytes,
            rows: head.rows.sent,
            manifest,
            signature: &signature,
            fingerprint: &signed_by.fingerprint().to_string(),
        };
        let (row, new) = match self.store.open_upload(self.now(), &caller.actor(), &new)? {
            OpenedUpload::New(row) => (row, true),
            OpenedUpload::Known(row) => (row, false),
        };
        let standing = if new { None } else { Some(self.standing(caller, &row.id)?) };
        let length = opened.manifest().resources[0].bytes;
        Ok(UploadView { id: row.id, new, offset: standing.map_or(0, |s| s.offset), length })
    }

    /// The upload of an id, when it is the caller's.
    pub(super) fn own_upload(&self, caller: &Principal, id: &str) -> Result<UploadRow, ServiceError> {
        let partner = self.partner(caller)?;
        let row = self.store.upload(id)?.filter(|row| row.partner == partner);
        row.ok_or(ServiceError::Refused(Reason::NotFound))
    }

    /// The verified manifest of a stored upload. Its signature was verified when it was opened; a key revoked since
    /// does not undo that.
    pub(super) fn reopened(&self, row: &UploadRow) -> Result<Arriving, ServiceError> {
        Ok(Arriving::of_verified(&row.manifest, &row.partner, self.programme(), Some(self.key_id()))?)
    }

    /// The same of an upload of rows.
    pub(super) fn reopened_rows(&self, row: &UploadRow) -> Result<Opened, ServiceError> {
        Ok(Opened::of_verified(&row.manifest, &row.partner, self.programme(), Some(self.key_id()))?)
    }

    /// Gives an open upload up.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn abort_upload(&self, caller: &Principal, id: &str) -> Result<(), ServiceError> {
        let row = self.own_upload(caller, id)?;
        match row.state {
            UploadState::Open => {
                drop(self.turn(id)?);
                self.end_upload(&caller.actor(), id, UploadState::Aborted)
            }
            UploadState::Aborted | UploadState::Expired | UploadState::Refused => Ok(()),
            UploadState::Recorded => Err(ServiceError::Store(crate::store::StoreError::Conflict(
                "a package of consents stays: send events that withdraw or invalidate them; of one of aliases, ask the steward to reject what waits",
            ))),
            _ => Err(ServiceError::Store(crate::store::StoreError::Conflict(
                "this is a complete package; withdraw it instead",
            ))),
        }
    }

    /// Ends an open upload and removes what is staged of it.
    pub(super) fn end_upload(&self, actor: &Actor, id: &str, state: UploadState) -> Result<(), ServiceError> {
        let slot = self.slot(id);
        let mut session = slot.lock();
        *session = None;
        self.store.drop_upload(self.now(), actor, id, state)?;
        self.remove_staged(id);
        drop(session);
        drop(slot);
        self.forget_slot(id);
        Ok(())
    }

    /// Removes staged rows that nothing needs any more. When it fails, start-up tries again.
    pub(super) fn remove_staged(&self, id: &str) {
        let Ok(Some(row)) = self.store.upload(id) else { return };
        if let Err(error) = std::fs::remove_file(self.store.folder().staged_file(&row.staged))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(upload = id, kind = ?error.kind(), "staged rows could not be removed");
        }
    }

    /// The receipt of a complete upload.
    ///
    /// # Errors
    /// [`Reason::Incomplete`], [`Reason::Gone`], [`Reason::NotFound`].
    pub fn upload_receipt(&self, caller: &Principal, id: &str) -> Result<SignedReceipt, ServiceError> {
        let mut row = self.own_upload(caller, id)?;
        if row.state == UploadState::Open {
            // A crash may have come between the last block and the receipt.
            self.standing(caller, id)?;
            row = self.own_upload(caller, id)?;
        }
        let missing = match row.state {
            UploadState::Open => Reason::Incomplete,
            _ => Reason::Gone,
        };
        row.receipt.ok_or(ServiceError::Refused(missing))
    }
}
