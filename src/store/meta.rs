//! What holds for the folder as a whole: the programme and the key in force.

use rusqlite::{OptionalExtension as _, params};

use super::chain::{NewEntry, append};
use super::{Store, StoreError, stored};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;
use crate::key::{Fingerprint, KeyId};
use crate::programme::Programme;

/// The programme and key in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The definition.
    pub programme: Programme,
    /// Its text, as it was adopted.
    pub text: String,
    /// The linkage key that packages must be made with.
    pub key_id: KeyId,
    /// Short name of the service's signing key.
    pub service_fingerprint: String,
}

impl Store {
    /// Puts the first programme into force in a new folder.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when one is in force already.
    pub fn initialise(
        &self,
        now: Timestamp,
        actor: &Actor,
        programme: &Programme,
        text: &str,
        key_id: KeyId,
        service: Fingerprint,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let known: i64 = tx.query_row("SELECT count(*) FROM programmes", [], |row| row.get(0))?;
            if known > 0 {
                return Err(StoreError::Conflict("a programme is in force already"));
            }
            tx.execute(
                "INSERT INTO programmes (sha256, text, key_id, adopted_at) VALUES (?1, ?2, ?3, ?4)",
                params![programme.sha256, text, key_id.to_string(), now.millis()],
            )?;
            for (name, value) in
                [("programme", programme_name(programme)), ("service-fingerprint", service.to_string())]
            {
                tx.execute("INSERT INTO meta (name, value) VALUES (?1, ?2)", params![name, value])?;
            }
            let subject = Subject::new().id("service-fingerprint", service);
            let entry =
                NewEntry { actor, at: now, deed: Deed::ServiceInitialised, strand: Strand::Service, subject };
            append(tx, entry)?;
            let subject = Subject::new()
                .id("programme", &programme.id)
                .count("version", u64::from(programme.version))
                .digest("sha256", Sha256Hex::from_bytes(programme.sha256))
                .id("key-id", key_id);
            let entry =
                NewEntry { actor, at: now, deed: Deed::ProgrammeAdopted, strand: Strand::Service, subject };
            append(tx, entry)?;
            Ok(())
        })
    }

    /// The programme and key in force.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] in a folder that was never initialised; [`StoreError::Damaged`] when the text is no longer
    /// the one adopted.
    pub fn in_force(&self) -> Result<InForce, StoreError> {
        let row = self.read(|db| {
            let programme: Option<(String, Vec<u8>, String)> = db
                .query_row(
                    "SELECT text, sha256, key_id FROM programmes
                     WHERE lower(hex(sha256)) = (SELECT value FROM meta WHERE name = 'programme')",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .optional()?;
            let fingerprint: Option<String> = db
                .query_row("SELECT value FROM meta WHERE name = 'service-fingerprint'", [], |row| row.get(0))
                .optional()?;
            Ok(programme.zip(fingerprint))
        })?;
        let ((text, sha256, key_id), service_fingerprint) = row.ok_or(StoreError::NoSuch("programme"))?;
        let programme =
            Programme::parse(&text).map_err(|_| StoreError::Damaged("the programme definition"))?;
        if programme.sha256[..] != sha256[..] {
            return Err(StoreError::Damaged("the programme definition"));
        }
        let key_id = stored(&key_id, "the key id in force")?;
        Ok(InForce { programme, text, key_id, service_fingerprint })
    }
}

impl Store {
    /// A number that upkeep keeps for itself, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mark(&self, name: &str) -> Result<Option<i64>, StoreError> {
        self.read(|db| {
            let found =
                db.query_row("SELECT value FROM meta WHERE name = ?1", [mark_name(name)], |row| row.get(0));
            Ok(found.optional()?)
        })
    }

    /// Keeps such a number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_mark(&self, name: &str, value: i64) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO meta (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                params![mark_name(name), value],
            )?;
            Ok(())
        })
    }
}

/// No mark is taken for anything else that is kept by name.
pub(super) fn mark_name(name: &str) -> String {
    format!("upkeep/{name}")
}

fn programme_name(programme: &Programme) -> String {
    Sha256Hex::from_bytes(programme.sha256).to_string()
}
