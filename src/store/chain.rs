//! The audit chain in the store.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Store, StoreError, fixed, signed, stored, unsigned};
use crate::audit::{
    Actor, ChainError, ChainHead, ChainReport, ChainVerifier, Deed, Entry, Head, Stored, Strand, Subject,
    TURN_MILLIS,
};
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;

/// What one transaction adds to the chain.
pub(super) struct NewEntry<'a> {
    pub(super) actor: &'a Actor,
    pub(super) at: Timestamp,
    pub(super) deed: Deed,
    pub(super) strand: Strand,
    pub(super) subject: Subject,
}

/// Adds an entry within a transaction; returns the strand's new head and the place in the whole chain.
pub(super) fn append(tx: &Transaction<'_>, new: NewEntry<'_>) -> Result<(Head, u64), StoreError> {
    let (chain, last) = chain_head(tx)?;
    let latest = in_turn(new.at, last)?;
    let before = head(tx, &new.strand)?;
    let at = new.at.max(last_of(tx, &before)?.unwrap_or(new.at));
    let entry = Entry {
        actor: new.actor.clone(),
        at,
        deed: new.deed,
        position: before.position + 1,
        strand: new.strand,
        subject: new.subject,
    };
    let text = entry.canonical();
    let head = before.extended(&text);
    let chain = chain.extended(&head.hash);
    let strand = entry.strand.to_string();
    tx.execute(
        "INSERT INTO audit (sequence, strand, position, entry, strand_hash, chain_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            signed(chain.sequence),
            strand,
            signed(head.position),
            text,
            head.hash.as_bytes(),
            chain.hash.as_bytes()
        ],
    )?;
    tx.execute(
        "INSERT INTO audit_heads (strand, position, hash) VALUES (?1, ?2, ?3)
         ON CONFLICT (strand) DO UPDATE SET position = ?2, hash = ?3",
        params![strand, signed(head.position), head.hash.as_bytes()],
    )?;
    tx.execute(
        "INSERT INTO audit_chain (one, sequence, hash, last_at) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (one) DO UPDATE SET sequence = ?1, hash = ?2, last_at = ?3",
        params![signed(chain.sequence), chain.hash.as_bytes(), latest.millis()],
    )?;
    Ok((head, chain.sequence))
}

/// When the last entry of a strand was made. Its next one takes no time from any other strand: a partner would see from
/// it that somebody else was at the service, and when.
fn last_of(tx: &Transaction<'_>, head: &Head) -> Result<Option<Timestamp>, StoreError> {
    let text = tx
        .query_row(
            "SELECT entry FROM audit WHERE strand = ?1 AND position = ?2",
            params![head.strand.to_string(), signed(head.position)],
            |row| row.get::<_, String>(0),
        )
        .optional()?;
    let entry = text
        .map(|text| Entry::from_canonical(&text).ok_or(StoreError::Damaged("an entry of the audit chain")));
    Ok(entry.transpose()?.map(|entry| entry.at))
}

/// The later of the clock and the last entry. Threads read the clock and then take turns, so one may come in a moment
/// late. A clock that runs further behind is refused.
fn in_turn(now: Timestamp, last: Option<Timestamp>) -> Result<Timestamp, StoreError> {
    match last {
        Some(last) if now.plus_millis(TURN_MILLIS) < last => Err(StoreError::Clock { now, last }),
        Some(last) => Ok(now.max(last)),
        None => Ok(now),
    }
}

fn digest(blob: &[u8]) -> Result<Sha256Hex, StoreError> {
    fixed(blob, "a hash of the audit chain").map(Sha256Hex::from_bytes)
}

/// The recorded head of the whole chain, and when its last entry was made.
pub(super) fn chain_head(db: &Connection) -> Result<(ChainHead, Option<Timestamp>), StoreError> {
    let row = db
        .query_row("SELECT sequence, hash, last_at FROM audit_chain", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
        })
        .optional()?;
    match row {
        Some((sequence, hash, last)) => {
            let sequence = unsigned(sequence, "the audit chain")?;
            Ok((ChainHead { hash: digest(&hash)?, sequence }, Some(Timestamp::from_millis(last))))
        }
        None => Ok((ChainHead::EMPTY, None)),
    }
}

/// The recorded head of a strand.
pub(super) fn head(db: &Connection, strand: &Strand) -> Result<Head, StoreError> {
    let row = db
        .query_row("SELECT position, hash FROM audit_heads WHERE strand = ?1", [strand.to_string()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()?;
    match row {
        Some((position, hash)) => Ok(Head {
            hash: digest(&hash)?,
            position: unsigned(position, "the audit chain")?,
            strand: strand.clone(),
        }),
        None => Ok(Head::empty(strand.clone())),
    }
}

impl Store {
    /// The head of a strand.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn strand_head(&self, strand: &Strand) -> Result<Head, StoreError> {
        self.read(|db| head(db, strand))
    }

    /// The entries of a strand after a position, in order; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn strand_entries(&self, strand: &Strand, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT entry FROM audit WHERE strand = ?1 AND position > ?2 ORDER BY position LIMIT ?3",
            )?;
            let rows = query.query_map(params![strand.to_string(), signed(after), limit], |row| {
                row.get::<_, String>(0)
            })?;
            rows.map(|text| {
                Entry::from_canonical(&text?).ok_or(StoreError::Damaged("an entry of the audit chain"))
            })
            .collect()
        })
    }

    /// The entries of the whole chain after a sequence number, in order; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn chain_entries(&self, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        self.read(|db| entries(db, after, limit))
    }

    /// Verifies the whole chain, every strand and every head on record.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read; inside, what is wrong with it.
    pub fn verify_chain(&self) -> Result<Result<ChainReport, ChainError>, StoreError> {
        self.read(verify)
    }

    /// Adds an entry for something that changes nothing else: a reading that has to be on record.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_reading(
        &self,
        at: Timestamp,
        actor: &Actor,
        deed: Deed,
        subject: Subject,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            append(tx, NewEntry { actor, at, deed, strand: Strand::Service, subject }).map(|_| ())
        })
    }

    /// Refuses a clock that runs behind the last entry: for start-up, before anything is taken in.
    ///
    /// # Errors
    /// [`StoreError::Clock`].
    pub fn check_clock(&self, now: Timestamp) -> Result<(), StoreError> {
        in_turn(now, self.read(chain_head)?.1).map(|_| ())
    }
}

fn entries(db: &Connection, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT sequence, strand, position, entry, strand_hash, chain_hash FROM audit
         WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
    )?;
    let rows = query.query_map(params![signed(after), limit], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(2)?,
            Stored {
                sequence: 0,
                strand: row.get(1)?,
                position: 0,
                entry: row.get(3)?,
                strand_hash: row.get(4)?,
                chain_hash: row.get(5)?,
            },
        ))
    })?;
    rows.map(|row| {
        let (sequence, position, stored) = row?;
        let sequence = unsigned(sequence, "the audit chain")?;
        Ok(Stored { sequence, position: unsigned(position, "the audit chain")?, ..stored })
    })
    .collect()
}

/// Verifies everything: see [`Store::verify_chain`].
pub(super) fn verify(db: &Connection) -> Result<Result<ChainReport, ChainError>, StoreError> {
    let mut verifier = ChainVerifier::default();
    let mut after = 0;
    loop {
        let rows = entries(db, after, 1000)?;
        let Some(last) = rows.last() else { break };
        after = last.sequence;
        for row in &rows {
            if let Err(error) = verifier.take(row) {
                return Ok(Err(error));
            }
        }
    }
    let mut query = db.prepare("SELECT strand, position, hash FROM audit_heads")?;
    let rows = query.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?))
    })?;
    let heads = rows
        .map(|row| {
            let (strand, position, hash) = row?;
            Ok(Head {
                hash: digest(&hash)?,
                position: unsigned(position, "a head of the audit chain")?,
                strand: stored(&strand, "a head of the audit chain")?,
            })
        })
        .collect::<Result<Vec<Head>, StoreError>>()?;
    Ok(verifier.finish(chain_head(db)?.0, &heads))
}
