//! The spine (link → person number) and aliases (two links of one person).

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::chain::{NewEntry, append};
use super::{Store, StoreError, fixed};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::Timestamp;
use crate::name::PartnerId;
use crate::token::Link;

/// A link and its person. No `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpineRow {
    /// The link.
    pub link: Link,
    /// The person number, from 1.
    pub number: u32,
}

/// A proposal, or an approved alias. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct AliasRow {
    /// Number of the proposal.
    pub id: i64,
    /// Who proposed it.
    pub partner: PartnerId,
    /// One link.
    pub first: Link,
    /// The other.
    pub second: Link,
    /// When the steward approved it.
    pub approved_at: Option<Timestamp>,
}

/// Adds links of a seal; each must be new.
pub(super) fn insert(tx: &Transaction<'_>, rows: &[SpineRow]) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached("INSERT INTO spine (link, number) VALUES (?1, ?2)")?;
    for row in rows {
        insert.execute(params![row.link.as_stored(), row.number])?;
    }
    if let Some(highest) = rows.iter().map(|row| row.number).max() {
        tx.execute(
            "INSERT INTO meta (name, value) VALUES ('highest-person', ?1)
             ON CONFLICT (name) DO UPDATE SET value = max(value, ?1)",
            [highest],
        )?;
    }
    Ok(())
}

impl Store {
    /// The whole spine, in the order of the links.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn spine(&self) -> Result<Vec<SpineRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached("SELECT link, number FROM spine ORDER BY link")?;
            let mut rows = query.query([])?;
            let mut spine = Vec::new();
            while let Some(row) = rows.next()? {
                let link = row.get_ref(0)?.as_blob().map_err(|_| StoreError::Damaged("the spine"))?;
                let link = Link::from_stored(fixed(link, "the spine")?);
                spine.push(SpineRow { link, number: row.get(1)? });
            }
            Ok(spine)
        })
    }

    /// The highest person number ever allotted, erased ones included; 0 before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn highest_person(&self) -> Result<u32, StoreError> {
        self.read(|db| {
            let found =
                db.query_row("SELECT value FROM meta WHERE name = 'highest-person'", [], |row| row.get(0));
            Ok(found.optional()?.unwrap_or(0))
        })
    }

    /// Enters a partner's proposal that two links are one person's; the same again is the same proposal. Returns its
    /// number.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when both are the same link.
    pub fn propose_alias(
        &self,
        now: Timestamp,
        actor: &Actor,
        partner: &PartnerId,
        one: Link,
        other: Link,
    ) -> Result<i64, StoreError> {
        if one == other {
            return Err(StoreError::Conflict("these are the same token already"));
        }
        let (first, second) = if one < other { (one, other) } else { (other, one) };
        self.write(|tx| {
            let known = tx
                .query_row(
                    "SELECT id FROM aliases WHERE partner = ?1 AND first = ?2 AND second = ?3",
                    params![partner.as_str(), first.as_stored(), second.as_stored()],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(id) = known {
                return Ok(id);
            }
            tx.execute(
                "INSERT INTO aliases (partner, first, second, proposed_at) VALUES (?1, ?2, ?3, ?4)",
                params![partner.as_str(), first.as_stored(), second.as_stored(), now.millis()],
            )?;
            let id = tx.last_insert_rowid();
            // The number counts over all partners, so it stays out of the partner's own strand.
            let strand = Strand::Partner(partner.clone());
            append(
                tx,
                NewEntry { actor, at: now, deed: Deed::AliasProposed, strand, subject: Subject::new() },
            )?;
            Ok(id)
        })
    }

    /// Approves a proposal; it takes effect at the next seal. Approving it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`].
    pub fn approve_alias(&self, now: Timestamp, actor: &Actor, id: i64) -> Result<(), StoreError> {
        self.write(|tx| {
            let known: Option<Option<i64>> = tx
                .query_row("SELECT approved_at FROM aliases WHERE id = ?1", [id], |row| row.get(0))
                .optional()?;
            match known {
                None => return Err(StoreError::NoSuch("proposal")),
                Some(Some(_)) => return Ok(()),
                Some(None) => {}
            }
            tx.execute("UPDATE aliases SET approved_at = ?2 WHERE id = ?1", params![id, now.millis()])?;
            let (deed, subject) = (Deed::AliasApproved, Subject::new().id("proposal", id));
            append(tx, NewEntry { actor, at: now, deed, strand: Strand::Service, subject }).map(|_| ())
        })
    }

    /// All proposals, approved or not, in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn aliases(&self) -> Result<Vec<AliasRow>, StoreError> {
        self.read(|db| {
            let mut query =
                db.prepare("SELECT id, partner, first, second, approved_at FROM aliases ORDER BY id")?;
            let mut rows = query.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let link = |at: usize| -> Result<Link, StoreError> {
                    fixed(&row.get::<_, Vec<u8>>(at)?, "an alias").map(Link::from_stored)
                };
                found.push(AliasRow {
                    id: row.get(0)?,
                    partner: super::stored(&row.get::<_, String>(1)?, "an alias")?,
                    first: link(2)?,
                    second: link(3)?,
                    approved_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
                });
            }
            Ok(found)
        })
    }
}
