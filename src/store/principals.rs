//! Principals in the store.

use rusqlite::{OptionalExtension as _, Row, params};

use super::chain::{NewEntry, append};
use super::{Store, StoreError, fixed, stored};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::auth::{BearerHash, Principal};
use crate::clock::Timestamp;
use crate::name::PrincipalId;

/// A principal with its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalRow {
    /// The principal.
    pub principal: Principal,
    /// When it was added.
    pub added_at: Timestamp,
    /// When its token was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Columns in the order in which [`row`] reads them.
const COLUMNS: &str = "id, name, role, organisation, added_at, revoked_at";

type Raw = (String, String, String, String, i64, Option<i64>);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn read((id, name, role, organisation, added_at, revoked_at): Raw) -> Result<PrincipalRow, StoreError> {
    Ok(PrincipalRow {
        principal: Principal {
            id: stored(&id, "a principal")?,
            name,
            role: stored(&role, "a principal")?,
            organisation: stored(&organisation, "a principal")?,
        },
        added_at: Timestamp::from_millis(added_at),
        revoked_at: revoked_at.map(Timestamp::from_millis),
    })
}

/// The strand that entries about a principal belong to: its partner's, or the service's.
fn strand(principal: &Principal) -> Strand {
    principal.partner().map_or(Strand::Service, Strand::Partner)
}

impl Store {
    /// Adds a principal.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken, also by a revoked one: ids stay in the audit chain.
    pub fn add_principal(
        &self,
        now: Timestamp,
        actor: &Actor,
        principal: &Principal,
        token: &BearerHash,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let taken: bool = tx.query_row(
                "SELECT EXISTS (SELECT 1 FROM principals WHERE id = ?1)",
                [principal.id.as_str()],
                |row| row.get(0),
            )?;
            if taken {
                return Err(StoreError::Conflict("there is, or was, a principal of this id; choose another"));
            }
            tx.execute(
                "INSERT INTO principals (id, name, role, organisation, token_sha256, added_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    principal.id.as_str(),
                    principal.name,
                    principal.role.as_str(),
                    principal.organisation.as_str(),
                    token.as_stored(),
                    now.millis()
                ],
            )?;
            let subject = Subject::new()
                .id("principal", &principal.id)
                .id("role", principal.role)
                .id("organisation", &principal.organisation);
            let (at, strand) = (now, strand(principal));
            append(tx, NewEntry { actor, at, deed: Deed::PrincipalAdded, strand, subject }).map(|_| ())
        })
    }

    /// Revokes a principal's token.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`]; [`StoreError::Conflict`] when it is revoked already.
    pub fn revoke_principal(
        &self,
        now: Timestamp,
        actor: &Actor,
        id: &PrincipalId,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let found = tx
                .query_row(&format!("SELECT {COLUMNS} FROM principals WHERE id = ?1"), [id.as_str()], raw)
                .optional()?;
            let found = read(found.ok_or(StoreError::NoSuch("principal"))?)?;
            if found.revoked_at.is_some() {
                return Err(StoreError::Conflict("this principal is revoked already"));
            }
            tx.execute(
                "UPDATE principals SET revoked_at = ?2 WHERE id = ?1",
                params![id.as_str(), now.millis()],
            )?;
            let (at, strand, subject) = (now, strand(&found.principal), Subject::new().id("principal", id));
            append(tx, NewEntry { actor, at, deed: Deed::PrincipalRevoked, strand, subject }).map(|_| ())
        })
    }

    /// All principals, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn principals(&self) -> Result<Vec<PrincipalRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(&format!("SELECT {COLUMNS} FROM principals ORDER BY id"))?;
            query.query_map([], raw)?.map(|row| read(row?)).collect()
        })
    }

    /// The principal whose token has this digest, unless it is revoked. The index finds a candidate by the digest of a
    /// secret, not by the secret; what is found is compared in constant time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn principal_of(&self, token: &BearerHash) -> Result<Option<Principal>, StoreError> {
        self.read(|db| {
            let found = db
                .query_row(
                    &format!(
                        "SELECT {COLUMNS}, token_sha256 FROM principals
                         WHERE token_sha256 = ?1 AND revoked_at IS NULL"
                    ),
                    [token.as_stored()],
                    |row| Ok((raw(row)?, row.get::<_, Vec<u8>>(6)?)),
                )
                .optional()?;
            let Some((row, hash)) = found else { return Ok(None) };
            let same = BearerHash::from_stored(fixed(&hash, "a principal")?).matches(token);
            if same { read(row).map(|row| Some(row.principal)) } else { Ok(None) }
        })
    }
}
