//! The end of consent events: which are read for it, their removal, and what is left of a no.

use rusqlite::{Connection, Transaction, params};

use super::chain::{NewEntry, append};
use super::erasures::{another_state, by, by_word, link_of};
use super::{Store, StoreError, StoredConsent, stored};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::Timestamp;
use crate::consent::GivenBy;
use crate::name::{DatasetId, PartnerId};
use crate::token::Link;

/// What is left of a no. No `Debug`: it is a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct TombstoneRow {
    /// The partner that recorded it.
    pub source: PartnerId,
    /// About whom.
    pub link: Link,
    /// About which dataset.
    pub dataset: DatasetId,
    /// When it was said.
    pub denied_at: Timestamp,
    /// By whom.
    pub by: GivenBy,
}

/// Removes tombstones that a later yes about a link lifts, the person's own, or any where the person said the no, as long as a
/// no itself is on record: when it goes, it leaves another one. Where it has gone, the tombstone stays, and the fold lets the
/// later yes past it; without it an older yes would come back when the later one has run out. Returns how many.
pub(super) fn lift(
    tx: &Transaction<'_>,
    source: &PartnerId,
    link: &Link,
    (at, by, datasets): (Timestamp, GivenBy, &[DatasetId]),
) -> Result<usize, StoreError> {
    let mut delete = tx.prepare_cached(
        "DELETE FROM tombstones WHERE source = ?1 AND link = ?2 AND denied_at < ?3
         AND (given_by = 'self' OR ?4 = 'self') AND (?5 IS NULL OR dataset = ?5)
         AND EXISTS (SELECT 1 FROM consent_events AS e WHERE e.source = ?1 AND e.link = ?2
             AND json_extract(e.event, '$.kind') IN ('refused', 'withdrawn', 'invalidated'))",
    )?;
    let mut lift = |dataset: Option<&str>| {
        delete.execute(params![source.as_str(), link.as_stored(), at.millis(), by_word(by), dataset])
    };
    match datasets {
        [] => Ok(lift(None)?),
        datasets => datasets.iter().try_fold(0, |lifted, dataset| Ok(lifted + lift(Some(dataset.as_str()))?)),
    }
}

/// Writes a tombstone, or makes the one that is there tell of the later no.
pub(super) fn entomb(tx: &Transaction<'_>, now: Timestamp, row: &TombstoneRow) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO tombstones (source, link, dataset, denied_at, given_by, erased_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET denied_at = max(denied_at, excluded.denied_at),
             given_by = min(given_by, excluded.given_by)",
    )?
    .execute(params![
        row.source.as_str(),
        row.link.as_stored(),
        row.dataset.as_str(),
        row.denied_at.millis(),
        by_word(row.by),
        now.millis()
    ])?;
    Ok(())
}

impl Store {
    /// Every tombstone, by source, link and dataset.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tombstones(&self) -> Result<Vec<TombstoneRow>, StoreError> {
        self.read(|db| tombstones(db, "true", params![]))
    }

    /// The tombstones of a link at a source.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tombstones_of(&self, source: &PartnerId, link: &Link) -> Result<Vec<TombstoneRow>, StoreError> {
        self.read(|db| {
            tombstones(db, "source = ?1 AND link = ?2", params![source.as_str(), link.as_stored()])
        })
    }

    /// Gives every recorded event and its number to `each`. The store is busy meanwhile.
    ///
    /// # Errors
    /// [`StoreError`], and whatever `each` returns.
    pub fn for_each_event(
        &self,
        mut each: impl FnMut(i64, StoredConsent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.read(|db| {
            let mut query =
                db.prepare("SELECT source, link, event, recorded_at, number FROM consent_events")?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let event = StoredConsent {
                    source: stored(&row.get::<_, String>(0)?, "a consent event")?,
                    link: link_of(row, 1)?,
                    event: row.get(2)?,
                    recorded_at: Timestamp::from_millis(row.get(3)?),
                };
                each(row.get(4)?, event)?;
            }
            Ok(())
        })
    }

    /// The events that a partner recorded about some links, each with its number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consents_numbered(
        &self,
        source: &PartnerId,
        links: &[Link],
    ) -> Result<Vec<(i64, StoredConsent)>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT number, event, recorded_at FROM consent_events WHERE source = ?1 AND link = ?2 ORDER BY number",
            )?;
            let mut found = Vec::new();
            for link in links {
                let mut rows = query.query(params![source.as_str(), link.as_stored()])?;
                while let Some(row) = rows.next()? {
                    let recorded_at = Timestamp::from_millis(row.get(2)?);
                    let event = row.get(1)?;
                    let stored = StoredConsent { source: source.clone(), link: *link, event, recorded_at };
                    found.push((row.get(0)?, stored));
                }
            }
            Ok(found)
        })
    }

    /// Removes events that have been kept for as long as they were to be kept, and writes what is left of their noes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn drop_consents(
        &self,
        now: Timestamp,
        actor: &Actor,
        numbers: &[i64],
        stones: &[TombstoneRow],
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut delete = tx.prepare_cached("DELETE FROM consent_events WHERE number = ?1")?;
            for number in numbers {
                delete.execute([number])?;
            }
            for stone in stones {
                entomb(tx, now, stone)?;
            }
            let subject = Subject::new().id("what", "consent-events").count("count", numbers.len() as u64);
            let (deed, strand) = (Deed::RetentionApplied, Strand::Service);
            append(tx, NewEntry { actor, at: now, deed, strand, subject })?;
            another_state(tx)
        })
    }
}

fn tombstones(
    db: &Connection,
    of: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<TombstoneRow>, StoreError> {
    let mut query = db.prepare(&format!(
        "SELECT source, link, dataset, denied_at, given_by FROM tombstones WHERE {of} ORDER BY source, link, dataset"
    ))?;
    let mut rows = query.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(TombstoneRow {
            source: stored(&row.get::<_, String>(0)?, "a tombstone")?,
            link: link_of(row, 1)?,
            dataset: stored(&row.get::<_, String>(2)?, "a tombstone")?,
            denied_at: Timestamp::from_millis(row.get(3)?),
            by: by(&row.get::<_, String>(4)?)?,
        });
    }
    Ok(found)
}
