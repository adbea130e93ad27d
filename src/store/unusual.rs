//! Packages that are unusual: refused and kept for the steward to see, approved, or let in with a remark.

use rusqlite::{OptionalExtension as _, params};

use super::chain::{NewEntry, append};
use super::uploads::{expect_open, find};
use super::{Store, StoreError, signed, stored, unsigned};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::{Period, Timestamp};
use crate::digest::Sha256Hex;
use crate::name::{DatasetId, PartnerId};

/// What came of a partner's packages of a dataset so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoFar {
    /// Different persons that they brought, each package those that were not there before it.
    pub brought: u64,
    /// Persons of the one completed last.
    pub last: Option<u64>,
}

/// A package that the steward should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusualRow {
    /// Id of the upload.
    pub id: String,
    /// Whose.
    pub partner: PartnerId,
    /// Of which dataset.
    pub dataset: DatasetId,
    /// Of which quarters.
    pub period: Period,
    /// Whether it was refused.
    pub refused: bool,
    /// Code of what is unusual.
    pub remark: String,
    /// Persons it is about.
    pub persons: u64,
    /// When its last block arrived.
    pub at: Timestamp,
    /// When the steward let the same package in.
    pub approved_at: Option<Timestamp>,
}

impl Store {
    /// What came of a partner's packages of a dataset so far, those withdrawn or replaced included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn brought_so_far(&self, partner: &PartnerId, dataset: &DatasetId) -> Result<SoFar, StoreError> {
        let of = params![partner.as_str(), dataset.as_str()];
        self.read(|db| {
            let brought: i64 = db.query_row(
                "SELECT coalesce(sum(brought), 0) FROM uploads WHERE partner = ?1 AND dataset = ?2",
                of,
                |row| row.get(0),
            )?;
            let last: Option<i64> = db
                .query_row(
                    "SELECT persons FROM uploads WHERE partner = ?1 AND dataset = ?2 AND completed_sequence IS NOT NULL
                     ORDER BY completed_sequence DESC LIMIT 1",
                    of,
                    |row| row.get(0),
                )
                .optional()?
                .flatten();
            let brought = unsigned(brought, "an upload")?;
            Ok(SoFar { brought, last: last.map(|last| unsigned(last, "an upload")).transpose()? })
        })
    }

    /// Refuses an upload whose rows are all there. The caller removes them; start-up does when it could not.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`], [`StoreError::Conflict`] when it is not open.
    pub fn refuse_upload(
        &self,
        now: Timestamp,
        actor: &Actor,
        (id, remark, persons): (&str, &str, u64),
        subject: Subject,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let found = expect_open(tx, id)?;
            tx.execute(
                "UPDATE uploads SET state = 'refused', touched_at = ?2, remark = ?3, persons = ?4 WHERE id = ?1",
                params![id, now.millis(), remark, signed(persons)],
            )?;
            let (strand, deed) = (Strand::Partner(found.partner), Deed::UploadRefused);
            append(tx, NewEntry { actor, at: now, deed, strand, subject }).map(|_| ())
        })
    }

    /// Lets in what was refused: the same package, when it comes again. Approving it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] when there is no such refused upload.
    pub fn approve_upload(&self, now: Timestamp, actor: &Actor, id: &str) -> Result<(), StoreError> {
        self.write(|tx| {
            let found = find(tx, id)?.ok_or(StoreError::NoSuch("refused upload"))?;
            let open: Option<bool> = tx
                .query_row(
                    "SELECT approved_at IS NULL FROM uploads WHERE id = ?1 AND state = 'refused'",
                    [id],
                    |row| row.get(0),
                )
                .optional()?;
            match open {
                None => return Err(StoreError::NoSuch("refused upload")),
                Some(false) => return Ok(()),
                Some(true) => {}
            }
            tx.execute("UPDATE uploads SET approved_at = ?2 WHERE id = ?1", params![id, now.millis()])?;
            let subject = Subject::new().id("package", id).digest("manifest", Sha256Hex::of(&found.manifest));
            let (strand, deed) = (Strand::Partner(found.partner), Deed::UploadApproved);
            append(tx, NewEntry { actor, at: now, deed, strand, subject }).map(|_| ())
        })
    }

    /// Whether the steward has let in the package of a manifest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_approved(&self, partner: &PartnerId, manifest: &[u8]) -> Result<bool, StoreError> {
        let sha256 = Sha256Hex::of(manifest);
        self.read(|db| {
            Ok(db.query_row(
                "SELECT EXISTS (SELECT 1 FROM uploads WHERE partner = ?1 AND manifest_sha256 = ?2
                                AND state = 'refused' AND approved_at IS NOT NULL)",
                params![partner.as_str(), sha256.as_bytes()],
                |row| row.get(0),
            )?)
        })
    }

    /// Packages that were refused for what they hold as a whole, or let in with a remark, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unusual_uploads(&self) -> Result<Vec<UnusualRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT id, partner, dataset, period, state = 'refused', remark, persons, touched_at, approved_at
                 FROM uploads WHERE remark IS NOT NULL ORDER BY touched_at, id",
            )?;
            let mut rows = query.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let text = |at: usize| row.get::<_, String>(at);
                found.push(UnusualRow {
                    id: text(0)?,
                    partner: stored(&text(1)?, "an upload")?,
                    dataset: stored(&text(2)?, "an upload")?,
                    period: stored(&text(3)?, "an upload")?,
                    refused: row.get(4)?,
                    remark: text(5)?,
                    persons: unsigned(row.get(6)?, "an upload")?,
                    at: Timestamp::from_millis(row.get(7)?),
                    approved_at: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_millis),
                });
            }
            Ok(found)
        })
    }
}
