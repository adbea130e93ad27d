//! Partners' signing keys: enrolled by the steward, revocable.

use rusqlite::{OptionalExtension as _, params};

use super::chain::{NewEntry, append};
use super::{Store, StoreError, stored};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::Timestamp;
use crate::key::VerifyingKey;
use crate::name::PartnerId;

/// An enrolled key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledKey {
    /// The public key.
    pub key: VerifyingKey,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// Enrols a key. The same key again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it was revoked: a revoked key never comes back.
    pub fn enrol_key(
        &self,
        now: Timestamp,
        actor: &Actor,
        partner: &PartnerId,
        key: &VerifyingKey,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let known: Option<Option<i64>> = tx
                .query_row(
                    "SELECT revoked_at FROM signing_keys WHERE partner = ?1 AND public_key = ?2",
                    [partner.as_str(), &key.to_string()],
                    |row| row.get(0),
                )
                .optional()?;
            match known {
                Some(None) => return Ok(()),
                Some(Some(_)) => {
                    return Err(StoreError::Conflict("this key was revoked; the partner makes a new one"));
                }
                None => {}
            }
            tx.execute(
                "INSERT INTO signing_keys (partner, public_key, fingerprint, enrolled_at) VALUES (?1, ?2, ?3, ?4)",
                params![partner.as_str(), key.to_string(), key.fingerprint().to_string(), now.millis()],
            )?;
            let strand = Strand::Partner(partner.clone());
            let subject = Subject::new().id("fingerprint", key.fingerprint());
            append(tx, NewEntry { actor, at: now, deed: Deed::KeyEnrolled, strand, subject }).map(|_| ())
        })
    }

    /// Revokes a partner's key by its fingerprint. What it signed before stays.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] when no key in force has it.
    pub fn revoke_key(
        &self,
        now: Timestamp,
        actor: &Actor,
        partner: &PartnerId,
        fingerprint: &str,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE signing_keys SET revoked_at = ?3
                 WHERE partner = ?1 AND fingerprint = ?2 AND revoked_at IS NULL",
                params![partner.as_str(), fingerprint, now.millis()],
            )?;
            if changed == 0 {
                return Err(StoreError::NoSuch("signing key in force"));
            }
            let strand = Strand::Partner(partner.clone());
            let subject = Subject::new().id("fingerprint", fingerprint);
            append(tx, NewEntry { actor, at: now, deed: Deed::KeyRevoked, strand, subject }).map(|_| ())
        })
    }

    /// A partner's keys in the order of their enrolment, revoked ones included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keys_of(&self, partner: &PartnerId) -> Result<Vec<EnrolledKey>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT public_key, enrolled_at, revoked_at FROM signing_keys
                 WHERE partner = ?1 ORDER BY enrolled_at, public_key",
            )?;
            let rows = query.query_map([partner.as_str()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<i64>>(2)?))
            })?;
            rows.map(|row| {
                let (key, enrolled_at, revoked_at) = row?;
                Ok(EnrolledKey {
                    key: stored(&key, "a signing key")?,
                    enrolled_at: Timestamp::from_millis(enrolled_at),
                    revoked_at: revoked_at.map(Timestamp::from_millis),
                })
            })
            .collect()
        })
    }
}
