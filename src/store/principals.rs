//! Principals in the store.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::chain::{NewEntry, append};
use super::{Store, StoreError, stored, tokens};
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
    /// When it was revoked.
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
            person: None,
        },
        added_at: Timestamp::from_millis(added_at),
        revoked_at: revoked_at.map(Timestamp::from_millis),
    })
}

/// The strand that entries about a principal belong to: its partner's, or the service's.
pub(super) fn strand(principal: &Principal) -> Strand {
    principal.partner().map_or(Strand::Service, Strand::Partner)
}

impl Store {
    /// Adds a principal with its first token.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken, also by a revoked one: ids stay in the audit chain.
    pub fn add_principal(
        &self,
        now: Timestamp,
        actor: &Actor,
        principal: &Principal,
        token: &BearerHash,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            if is_taken(tx, &principal.id)? {
                return Err(StoreError::Conflict("there is, or was, a principal of this id; choose another"));
            }
            insert(tx, now, principal)?;
            tokens::insert(tx, now, &principal.id, token, expires_at)?;
            let subject = about(principal).id("expires", expires_at.day());
            let (at, strand) = (now, strand(principal));
            append(tx, NewEntry { actor, at, deed: Deed::PrincipalAdded, strand, subject }).map(|_| ())
        })
    }

    /// Revokes a principal: none of its tokens is good any more, and it does not sign in either.
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

    /// The principal of an id, unless it is revoked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn principal(&self, id: &PrincipalId) -> Result<Option<Principal>, StoreError> {
        self.read(|db| in_force(db, id.as_str()))
    }
}

/// The principal of an id, unless it is revoked.
pub(super) fn in_force(db: &Connection, id: &str) -> Result<Option<Principal>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM principals WHERE id = ?1 AND revoked_at IS NULL");
    db.query_row(&query, [id], raw).optional()?.map(|row| Ok(read(row)?.principal)).transpose()
}

/// Whether there is, or was, a principal of an id.
pub(super) fn is_taken(db: &Connection, id: &PrincipalId) -> Result<bool, StoreError> {
    let query = "SELECT EXISTS (SELECT 1 FROM principals WHERE id = ?1)";
    Ok(db.query_row(query, [id.as_str()], |row| row.get(0))?)
}

/// Adds the row of a principal.
pub(super) fn insert(db: &Connection, now: Timestamp, principal: &Principal) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO principals (id, name, role, organisation, added_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            principal.id.as_str(),
            principal.name,
            principal.role.as_str(),
            principal.organisation.as_str(),
            now.millis()
        ],
    )?;
    Ok(())
}

/// What an entry says about a principal that comes in.
pub(super) fn about(principal: &Principal) -> Subject {
    Subject::new()
        .id("principal", &principal.id)
        .id("role", principal.role)
        .id("organisation", &principal.organisation)
}
