//! Client certificates that principals are bound to.

use rusqlite::{Connection, params};

use super::chain::{NewEntry, append};
use super::principals::strand;
use super::tokens::of_one_in_force;
use super::{Store, StoreError, fixed};
use crate::audit::{Actor, Deed, Subject};
use crate::auth::{Principal, Thumbprint};
use crate::clock::Timestamp;
use crate::name::PrincipalId;

/// A client certificate that a principal is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRow {
    /// SHA-256 of the certificate.
    pub thumbprint: Thumbprint,
    /// When it was bound.
    pub bound_at: Timestamp,
}

pub(super) fn of(db: &Connection, principal: &PrincipalId) -> Result<Vec<CertificateRow>, StoreError> {
    let mut query = db.prepare(
        "SELECT sha256, bound_at FROM client_certificates WHERE principal = ?1 ORDER BY bound_at, sha256",
    )?;
    let rows = query.query_map([principal.as_str()], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (sha256, bound_at) = row?;
        let thumbprint = Thumbprint::from_bytes(fixed(&sha256, "a client certificate")?);
        Ok(CertificateRow { thumbprint, bound_at: Timestamp::from_millis(bound_at) })
    })
    .collect()
}

/// What is entered of a principal and one of its certificates.
fn entry<'a>(
    at: Timestamp,
    actor: &'a Actor,
    deed: Deed,
    of: &Principal,
    thumbprint: &Thumbprint,
) -> NewEntry<'a> {
    let subject = Subject::new().id("principal", &of.id).id("certificate", thumbprint);
    NewEntry { actor, at, deed, strand: strand(of), subject }
}

impl Store {
    /// Binds a principal to a client certificate, beside those that it is bound to.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`]; [`StoreError::Conflict`] for a principal that is revoked, or bound to it already.
    pub fn bind_certificate(
        &self,
        now: Timestamp,
        actor: &Actor,
        principal: &PrincipalId,
        thumbprint: &Thumbprint,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let found = of_one_in_force(tx, principal)?;
            let added = tx.execute(
                "INSERT OR IGNORE INTO client_certificates (principal, sha256, bound_at) VALUES (?1, ?2, ?3)",
                params![principal.as_str(), thumbprint.as_bytes(), now.millis()],
            )?;
            if added == 0 {
                return Err(StoreError::Conflict("this principal is bound to this certificate already"));
            }
            append(tx, entry(now, actor, Deed::CertificateBound, &found, thumbprint)).map(|_| ())
        })
    }

    /// Undoes that. Without any certificate left, the principal's tokens are good over any connection again.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`]; [`StoreError::Conflict`] for a principal that is revoked.
    pub fn unbind_certificate(
        &self,
        now: Timestamp,
        actor: &Actor,
        principal: &PrincipalId,
        thumbprint: &Thumbprint,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let found = of_one_in_force(tx, principal)?;
            let gone = tx.execute(
                "DELETE FROM client_certificates WHERE principal = ?1 AND sha256 = ?2",
                params![principal.as_str(), thumbprint.as_bytes()],
            )?;
            if gone == 0 {
                return Err(StoreError::NoSuch("certificate of this principal"));
            }
            append(tx, entry(now, actor, Deed::CertificateUnbound, &found, thumbprint)).map(|_| ())
        })
    }

    /// The client certificates of a principal, those bound first before the others.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn certificates_of(&self, principal: &PrincipalId) -> Result<Vec<CertificateRow>, StoreError> {
        self.read(|db| of(db, principal))
    }
}
