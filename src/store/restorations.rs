//! A folder that came out of a backup: what is known to be missing in it, and whether questions may be asked again.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::chain::{NewEntry, append, head};
use super::uploads::{receipt_of, receipt_text};
use super::{Store, StoreError, fixed, signed, stored, unsigned};
use crate::audit::{Actor, ChainHead, Deed, SignedReceipt, Strand, Subject};
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;
use crate::name::PartnerId;

/// A restoration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestorationRow {
    /// Its number.
    pub number: u64,
    /// When the folder was restored.
    pub restored_at: Timestamp,
    /// When the backup was made: what came in between is what may be missing.
    pub made_at: Timestamp,
    /// Head of the audit chain in the backup.
    pub head: ChainHead,
    /// When the steward let questions be asked again.
    pub released_at: Option<Timestamp>,
}

/// How far a partner's strand is known to have gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrandRow {
    /// The partner.
    pub partner: PartnerId,
    /// Entries in the backup.
    pub restored: u64,
    /// Entries that its receipts prove; `None` until it has handed some in.
    pub proven: Option<u64>,
}

impl Store {
    /// Marks the folder as one that came out of a backup. Until it is released, nothing is answered from it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hold_restored(
        &self,
        now: Timestamp,
        actor: &Actor,
        (made_at, chain): (Timestamp, ChainHead),
        partners: &[PartnerId],
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO restorations (restored_at, made_at, sequence, hash) VALUES (?1, ?2, ?3, ?4)",
                params![now.millis(), made_at.millis(), signed(chain.sequence), chain.hash.as_bytes()],
            )?;
            let number = tx.last_insert_rowid();
            for partner in partners {
                let position = head(tx, &Strand::Partner(partner.clone()))?.position;
                tx.execute(
                    "INSERT INTO restoration_strands (restoration, partner, restored) VALUES (?1, ?2, ?3)",
                    params![number, partner.as_str(), signed(position)],
                )?;
            }
            let subject = Subject::new()
                .count("sequence", chain.sequence)
                .digest("head", chain.hash)
                .id("made", made_at);
            let entry = NewEntry { actor, at: now, deed: Deed::Restored, strand: Strand::Service, subject };
            append(tx, entry).map(|_| ())
        })
    }

    /// The restoration that this folder came out of last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn restoration(&self) -> Result<Option<RestorationRow>, StoreError> {
        self.read(latest)
    }

    /// How far each partner's strand is known to have gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn restored_strands(&self, restoration: u64) -> Result<Vec<StrandRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT partner, restored, proven FROM restoration_strands WHERE restoration = ?1 ORDER BY partner",
            )?;
            let rows = query.query_map([signed(restoration)], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<i64>>(2)?))
            })?;
            rows.map(|row| {
                let (partner, restored, proven) = row?;
                Ok(StrandRow {
                    partner: stored(&partner, "a restoration")?,
                    restored: unsigned(restored, "a restoration")?,
                    proven: proven.map(|position| unsigned(position, "a restoration")).transpose()?,
                })
            })
            .collect()
        })
    }

    /// Keeps receipts that a partner handed in, verified, each with its position in the strand, and how far all of them, with
    /// those that tell nothing new, prove the strand to have gone. `all` is how many were handed in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_receipts(
        &self,
        (now, actor): (Timestamp, &Actor),
        (restoration, partner): (u64, &PartnerId),
        proven: u64,
        receipts: &[(u64, SignedReceipt)],
        all: u64,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            for (position, receipt) in receipts {
                tx.execute(
                    "INSERT INTO restoration_receipts (restoration, partner, position, receipt)
                     VALUES (?1, ?2, ?3, ?4) ON CONFLICT (restoration, partner, position) DO NOTHING",
                    params![signed(restoration), partner.as_str(), signed(*position), receipt_text(receipt)],
                )?;
            }
            tx.execute(
                "UPDATE restoration_strands SET proven = max(coalesce(proven, 0), ?3)
                 WHERE restoration = ?1 AND partner = ?2",
                params![signed(restoration), partner.as_str(), signed(proven)],
            )?;
            let strand = Strand::Partner(partner.clone());
            let subject = Subject::new().count("receipts", all).count("later", receipts.len() as u64);
            append(tx, NewEntry { actor, at: now, deed: Deed::ReceiptsHandedIn, strand, subject }).map(|_| ())
        })
    }

    /// Receipts of a partner that are later than the backup, in the order of the strand.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn kept_receipts(
        &self,
        restoration: u64,
        partner: &PartnerId,
    ) -> Result<Vec<SignedReceipt>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT receipt FROM restoration_receipts WHERE restoration = ?1 AND partner = ?2 ORDER BY position",
            )?;
            let rows = query
                .query_map(params![signed(restoration), partner.as_str()], |row| row.get::<_, String>(0))?;
            rows.map(|text| receipt_of(&text?)).collect()
        })
    }

    /// The hash that a strand had after an entry; `None` beyond its end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn strand_hash(&self, strand: &Strand, position: u64) -> Result<Option<Sha256Hex>, StoreError> {
        let hash: Option<Vec<u8>> = self.read(|db| {
            let found = db.query_row(
                "SELECT strand_hash FROM audit WHERE strand = ?1 AND position = ?2",
                params![strand.to_string(), signed(position)],
                |row| row.get(0),
            );
            Ok(found.optional()?)
        })?;
        hash.map(|hash| Ok(Sha256Hex::from_bytes(fixed(&hash, "the audit chain")?))).transpose()
    }

    /// Whether a package of a partner with this manifest is here, whatever became of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn has_package(&self, partner: &PartnerId, manifest: Sha256Hex) -> Result<bool, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT 1 FROM uploads WHERE partner = ?1 AND manifest_sha256 = ?2 AND receipt IS NOT NULL",
            )?;
            Ok(query.exists(params![partner.as_str(), manifest.as_bytes()])?)
        })
    }

    /// Whether a batch of a partner's consents is here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn has_consents(&self, partner: &PartnerId, batch: Sha256Hex) -> Result<bool, StoreError> {
        self.read(|db| {
            let mut query =
                db.prepare_cached("SELECT 1 FROM consent_batches WHERE partner = ?1 AND sha256 = ?2")?;
            Ok(query.exists(params![partner.as_str(), batch.as_bytes()])?)
        })
    }

    /// Lets questions be asked again; what is missing still is entered in the service's strand, and for each partner in its own
    /// that its strand goes on from the backup.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when nothing is held.
    pub fn release_restored(
        &self,
        now: Timestamp,
        actor: &Actor,
        subject: Subject,
        strands: &[StrandRow],
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE restorations SET released_at = ?1
                 WHERE released_at IS NULL AND number = (SELECT max(number) FROM restorations)",
                [now.millis()],
            )?;
            if changed == 0 {
                return Err(StoreError::Conflict("nothing is held; it was released before"));
            }
            let deed = Deed::RestorationReleased;
            append(tx, NewEntry { actor, at: now, deed, strand: Strand::Service, subject })?;
            for row in strands {
                let strand = Strand::Partner(row.partner.clone());
                let subject = Subject::new()
                    .count("restored-to", row.restored)
                    .count("proven-to", row.proven.unwrap_or(row.restored));
                append(tx, NewEntry { actor, at: now, deed, strand, subject })?;
            }
            Ok(())
        })
    }
}

fn latest(db: &Connection) -> Result<Option<RestorationRow>, StoreError> {
    let row = db
        .query_row(
            "SELECT number, restored_at, made_at, sequence, hash, released_at FROM restorations
             ORDER BY number DESC LIMIT 1",
            [],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, i64>(3)?,
                    row.get::<_, Vec<u8>>(4)?,
                    row.get::<_, Option<i64>>(5)?,
                ))
            },
        )
        .optional()?;
    row.map(|(number, restored_at, made_at, sequence, hash, released_at)| {
        Ok(RestorationRow {
            number: unsigned(number, "a restoration")?,
            restored_at: Timestamp::from_millis(restored_at),
            made_at: Timestamp::from_millis(made_at),
            head: ChainHead {
                hash: Sha256Hex::from_bytes(fixed(&hash, "a restoration")?),
                sequence: unsigned(sequence, "a restoration")?,
            },
            released_at: released_at.map(Timestamp::from_millis),
        })
    })
    .transpose()
}
