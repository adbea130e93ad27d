//! A partner's own packages: listing, looking at one, and withdrawing them.

use std::collections::HashMap;

use super::seal::Sealed;
use super::{Reason, Service, ServiceError};
use crate::audit::{Actor, ReceiptKind, SignedReceipt, Subject};
use crate::auth::Principal;
use crate::clock::Day;
use crate::extract::manifest::Manifest;
use crate::name::PartnerId;
use crate::store::{PackageRow, StoreError};

/// The first snapshot that a package went into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedIn {
    /// Number of the snapshot.
    pub snapshot: u32,
    /// Day of the seal.
    pub day: Day,
}

/// One of a partner's own uploads or packages, with all that it has been told of it.
#[derive(Clone, Debug)]
pub struct OwnPackage {
    /// Where it stands.
    pub row: PackageRow,
    /// What it says about itself, as it was signed.
    pub manifest: Manifest,
    /// The receipt, once it is complete.
    pub receipt: Option<SignedReceipt>,
    /// The receipt of its withdrawal.
    pub withdrawal: Option<SignedReceipt>,
    /// Where it was sealed.
    pub sealed: Option<SealedIn>,
}

impl Service {
    /// The caller's uploads and packages, oldest first.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn packages(&self, caller: &Principal) -> Result<Vec<PackageRow>, ServiceError> {
        Ok(self.store.packages_of(&self.partner(caller)?)?)
    }

    /// Ids of those of the caller's packages that the next seal reads: of each dataset and period the one completed last.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn own_in_force(&self, caller: &Principal) -> Result<Vec<String>, ServiceError> {
        let partner = self.partner(caller)?;
        let in_force = self.store.packages_in_force()?.into_iter();
        Ok(in_force.filter(|row| row.partner == partner).map(|row| row.id).collect())
    }

    /// Where the caller's packages were sealed, by their ids. Of other partners' packages nothing is told, not even that
    /// there are any.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn packages_sealed(&self, caller: &Principal) -> Result<HashMap<String, SealedIn>, ServiceError> {
        let own: Vec<String> = self.packages(caller)?.into_iter().map(|row| row.id).collect();
        let mut sealed = HashMap::new();
        for row in self.store.snapshots()? {
            let manifest: Sealed = serde_json::from_str(&row.manifest)
                .map_err(|_| StoreError::Damaged("the row of a snapshot"))?;
            let at = SealedIn { snapshot: row.id, day: row.day };
            for id in manifest.packages.into_iter().filter(|id| own.contains(id)) {
                sealed.entry(id).or_insert(at);
            }
        }
        Ok(sealed)
    }

    /// What one of the caller's packages says about itself.
    ///
    /// # Errors
    /// [`Reason::NotFound`] for somebody else's.
    pub fn own_manifest(&self, caller: &Principal, id: &str) -> Result<Manifest, ServiceError> {
        let upload = self.own_upload(caller, id)?;
        Ok(Manifest::parse(&upload.manifest).map_err(|_| StoreError::Damaged("a stored manifest"))?)
    }

    /// One of the caller's uploads or packages.
    ///
    /// # Errors
    /// [`Reason::NotFound`] for what is not there, and for somebody else's.
    pub fn own_package(&self, caller: &Principal, id: &str) -> Result<OwnPackage, ServiceError> {
        let upload = self.own_upload(caller, id)?;
        let row = self.packages(caller)?.into_iter().find(|row| row.id == id);
        let row = row.ok_or(ServiceError::Refused(Reason::NotFound))?;
        let manifest = self.own_manifest(caller, id)?;
        let sealed = self.packages_sealed(caller)?.remove(id);
        let withdrawal = self.store.withdrawal_of(id)?;
        Ok(OwnPackage { row, manifest, receipt: upload.receipt, withdrawal, sealed })
    }

    /// Withdraws one of the caller's packages: its staged rows go at once, and the next seal is without it.
    ///
    /// # Errors
    /// [`super::Reason::NotFound`] for somebody else's; a conflict for an upload that is no package.
    pub fn withdraw_package(&self, caller: &Principal, id: &str) -> Result<SignedReceipt, ServiceError> {
        let row = self.own_upload(caller, id)?;
        self.withdraw_for(&caller.actor(), &row.partner, id)
    }

    /// The same for whoever acts for the partner whose package it is.
    pub(super) fn withdraw_for(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        id: &str,
    ) -> Result<SignedReceipt, ServiceError> {
        let now = self.now();
        let receipt = self.store.withdraw_package(now, actor, id, |head| {
            let subject = Subject::new().id("package", id);
            self.receipt(ReceiptKind::Withdrawal, id, now, partner, subject, head)
        })?;
        self.remove_staged(id);
        Ok(receipt)
    }
}
