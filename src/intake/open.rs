//! Opening an upload: the manifest and its signature, before any row.

use crate::extract::manifest::{Manifest, SIGNATURE_CONTEXT, Sha256Hex};
use crate::key::{KeyId, Signature, VerifyingKey};
use crate::limits;
use crate::name::PartnerId;
use crate::programme::Programme;

use super::IntakeRefusal;

/// Who uploads, and with which keys it may sign.
#[derive(Clone, Copy, Debug)]
pub struct Uploader<'a> {
    /// The partner, as it authenticated.
    pub partner: &'a PartnerId,
    /// Its signing keys, enrolled and not revoked.
    pub keys: &'a [VerifyingKey],
}

/// An upload whose manifest is verified. Its rows are not yet.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The manifest.
    pub manifest: Manifest,
    /// SHA-256 of the manifest's bytes. The digests of all blocks stand in them, so it names the package.
    pub sha256: Sha256Hex,
    /// Position of the dataset in the programme.
    pub dataset: usize,
    /// Position of the partner in the programme.
    pub source: u8,
}

/// Opens an upload. The signature is over the manifest's bytes as they came and is held before anything is read out of
/// them; `key_id` is the linkage key in force, where the service knows it. Also gives the key that signed.
///
/// # Errors
/// An [`IntakeRefusal`].
pub fn open(
    manifest: &[u8],
    signature: &Signature,
    uploader: Uploader<'_>,
    programme: &Programme,
    key_id: Option<KeyId>,
) -> Result<(Opened, VerifyingKey), IntakeRefusal> {
    let signed_by = signed_by(manifest, signature, uploader)?;
    Ok((Opened::of_verified(manifest, uploader.partner, programme, key_id)?, signed_by))
}

/// The key that signed a manifest, held before anything is read out of it.
///
/// # Errors
/// [`IntakeRefusal::ManifestTooLarge`], [`IntakeRefusal::NoKeyEnrolled`], [`IntakeRefusal::Signature`].
pub fn signed_by(
    manifest: &[u8],
    signature: &Signature,
    uploader: Uploader<'_>,
) -> Result<VerifyingKey, IntakeRefusal> {
    if manifest.len() > limits::MAX_MANIFEST_BYTES {
        return Err(IntakeRefusal::ManifestTooLarge);
    }
    if uploader.keys.is_empty() {
        return Err(IntakeRefusal::NoKeyEnrolled(uploader.partner.clone()));
    }
    let known = uploader.keys.iter().find(|key| key.verifies(SIGNATURE_CONTEXT, manifest, signature));
    known.copied().ok_or_else(|| IntakeRefusal::Signature(uploader.partner.clone()))
}

impl Opened {
    /// Reads a manifest whose signature was verified: just now, or when the upload was opened.
    ///
    /// # Errors
    /// An [`IntakeRefusal`].
    pub fn of_verified(
        manifest: &[u8],
        partner: &PartnerId,
        programme: &Programme,
        key_id: Option<KeyId>,
    ) -> Result<Opened, IntakeRefusal> {
        let sha256 = Sha256Hex::of(manifest);
        let manifest = Manifest::parse(manifest)?;
        if manifest.kobling.partner != *partner {
            let (found, uploader) = (manifest.kobling.partner, partner.clone());
            return Err(IntakeRefusal::OtherPartner { found, uploader });
        }
        let dataset = manifest.check(programme, key_id)?;
        let source = programme.source(partner).expect("the check has found the partner");
        Ok(Opened { manifest, sha256, dataset, source })
    }
}
