//! Backups: made while the service runs, restored into a new folder that answers nothing before it is released.

use std::io::{Read, Write};
use std::path::Path;

use super::{Service, ServiceError, start};
use crate::audit::{Actor, Deed, Subject};
use crate::backup::{About, BackupError, Making, Restored, Wanted, Watch, unpack};
use crate::clock::Timestamp;
use crate::key::{Identities, Recipients, ServiceKey};
use crate::vault::Vault;

/// The mark of the last backup.
const LAST: &str = "backed-up";

impl Service {
    /// Writes an archive of the folder as it stands now, encrypted to the recipients. `watch` is told twice from nothing to
    /// everything: of the database, in pages, then of all of it, in bytes.
    ///
    /// # Errors
    /// [`BackupError`]; nothing is left in the folder then.
    pub fn back_up(
        &self,
        recipients: &Recipients,
        out: &mut dyn Write,
        watch: Watch<'_>,
    ) -> Result<About, BackupError> {
        let wanted = Wanted { store: &self.store, signing: &self.signing, recipients, now: self.now() };
        Making::begin(&wanted, watch)?.write(&wanted, out, watch)
    }

    /// Enters that a backup was made, once it is durable where it is kept.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn record_backup(
        &self,
        actor: &Actor,
        about: &About,
        recipients: &Recipients,
    ) -> Result<(), ServiceError> {
        let subject = Subject::new()
            .count("sequence", about.chain.sequence)
            .digest("head", about.chain.hash)
            .count("recipients", recipients.count() as u64);
        self.store.record_reading(self.now(), actor, Deed::BackedUp, subject)?;
        Ok(self.store.set_mark(LAST, about.made_at.millis())?)
    }

    /// When the last backup was made.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn last_backup(&self) -> Result<Option<Timestamp>, ServiceError> {
        Ok(self.store.mark(LAST)?.map(Timestamp::from_millis))
    }

    /// Restores an archive of the service with this key into a new folder.
    ///
    /// # Errors
    /// [`BackupError`]; nothing is left then.
    pub fn restore(
        archive: impl Read,
        identities: &Identities,
        key: &ServiceKey,
        out: &Path,
        now: Timestamp,
        watch: Watch<'_>,
    ) -> Result<Restored, BackupError> {
        let service = key.signing_key().verifying_key();
        let unpacked = unpack(archive, identities, &service, out, watch)?;
        unpacked.settle(&Vault::of(key), now, &|store| {
            let programme = store.in_force()?.programme;
            let partners = programme.partners.iter().map(|partner| partner.id.clone()).collect();
            Ok((start::operator(&programme), partners))
        })
    }
}
