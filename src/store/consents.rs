//! Consent events: append-only, idempotent, each batch with its receipt.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::chain::{NewEntry, append};
use super::uploads::{receipt_of, receipt_text};
use super::{Store, StoreError, fixed, signed, stored, unsigned};
use crate::audit::{Actor, Deed, Head, SignedReceipt, Strand, Subject};
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;
use crate::name::PartnerId;
use crate::token::Link;

/// An event to be recorded. No `Debug`: it is a person's.
pub struct ConsentRow {
    /// Whose.
    pub link: Link,
    /// The partner's name for the record.
    pub record: String,
    /// The event in its wire form.
    pub event: String,
}

/// An event as it was recorded. No `Debug`: it is a person's.
pub struct StoredConsent {
    /// The partner that recorded it.
    pub source: PartnerId,
    /// Whose.
    pub link: Link,
    /// The event in its wire form.
    pub event: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// As long as this stands, the fold of every person is made of the same events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentState {
    /// Number of the event recorded last: the events that there ever were.
    pub events: u64,
    /// Aliases approved.
    pub aliases: u64,
    /// How often something was taken away that the fold is made of: events, links of the spine, aliases; or tombstones
    /// came or went.
    pub erasures: u64,
}

impl Store {
    /// Records a batch of a partner's consent events, all of them or none. The same batch (by the digest of its bytes)
    /// gives the same receipt; an event that is there already is left as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_consents(
        &self,
        now: Timestamp,
        actor: &Actor,
        partner: &PartnerId,
        batch: Sha256Hex,
        rows: &[ConsentRow],
        sign: impl FnOnce(Subject, Head) -> SignedReceipt,
    ) -> Result<SignedReceipt, StoreError> {
        self.write(|tx| {
            let earlier: Option<String> = tx
                .query_row(
                    "SELECT receipt FROM consent_batches WHERE partner = ?1 AND sha256 = ?2",
                    params![partner.as_str(), batch.as_bytes()],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(earlier) = earlier {
                return receipt_of(&earlier);
            }
            let mut new = 0;
            {
                // An event that is there already takes no number: the last one says how many there were.
                let mut insert = tx.prepare_cached(
                    "INSERT INTO consent_events (source, link, record, event_sha256, event, recorded_at)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM consent_events
                         WHERE source = ?1 AND link = ?2 AND record = ?3 AND event_sha256 = ?4)",
                )?;
                for row in rows {
                    let sha256 = Sha256Hex::of(row.event.as_bytes());
                    new += insert.execute(params![
                        partner.as_str(),
                        row.link.as_stored(),
                        row.record,
                        sha256.as_bytes(),
                        row.event,
                        now.millis()
                    ])?;
                }
            }
            let subject = Subject::new()
                .digest("batch", batch)
                .count("events", rows.len() as u64)
                .count("new", new as u64);
            let (deed, strand) = (Deed::ConsentsRecorded, Strand::Partner(partner.clone()));
            let entry = NewEntry { actor, at: now, deed, strand, subject: subject.clone() };
            let receipt = sign(subject, append(tx, entry)?.0);
            tx.execute(
                "INSERT INTO consent_batches (partner, sha256, receipt) VALUES (?1, ?2, ?3)",
                params![partner.as_str(), batch.as_bytes(), receipt_text(&receipt)],
            )?;
            Ok(receipt)
        })
    }

    /// Enters that a partner asked about its own records, in its strand, by the digest of what it asked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_consents_read(
        &self,
        at: Timestamp,
        actor: &Actor,
        partner: &PartnerId,
        asked: Sha256Hex,
    ) -> Result<(), StoreError> {
        let (deed, strand) = (Deed::ConsentsRead, Strand::Partner(partner.clone()));
        let subject = Subject::new().digest("asked", asked);
        self.write(|tx| append(tx, NewEntry { actor, at, deed, strand, subject }).map(|_| ()))
    }

    /// Gives every recorded event to `each`, in the order in which they were recorded. The store is busy meanwhile.
    ///
    /// # Errors
    /// [`StoreError`], and whatever `each` returns.
    pub fn for_each_consent(
        &self,
        each: impl FnMut(StoredConsent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.for_each_consent_of(0..=u64::MAX, each)
    }

    /// The same of those with a number in `numbers`.
    ///
    /// # Errors
    /// [`StoreError`], and whatever `each` returns.
    pub fn for_each_consent_of(
        &self,
        numbers: RangeInclusive<u64>,
        mut each: impl FnMut(StoredConsent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT source, link, event, recorded_at FROM consent_events WHERE number BETWEEN ?1 AND ?2
                 ORDER BY number",
            )?;
            let mut rows = query.query([signed(*numbers.start()), signed(*numbers.end())])?;
            while let Some(row) = rows.next()? {
                each(stored_consent(row)?)?;
            }
            Ok(())
        })
    }

    /// The events of a link that a source recorded, up to a number, in the order in which they were recorded.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consents_of(
        &self,
        source: &PartnerId,
        link: &Link,
        last: u64,
    ) -> Result<Vec<StoredConsent>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT source, link, event, recorded_at FROM consent_events
                 WHERE source = ?1 AND link = ?2 AND number <= ?3 ORDER BY number",
            )?;
            let mut rows = query.query(params![source.as_str(), link.as_stored(), signed(last)])?;
            let mut events = Vec::new();
            while let Some(row) = rows.next()? {
                events.push(stored_consent(row)?);
            }
            Ok(events)
        })
    }

    /// Where consent stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consent_state(&self) -> Result<ConsentState, StoreError> {
        self.read(state)
    }

    /// Where consent stands, and the moment of that for somebody who read the clock before: what was committed before the
    /// moment is in the state, and what is in the state was recorded at the moment or earlier. So the moment is a later
    /// one than `now` when something came in between.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consent_state_at(&self, now: Timestamp) -> Result<(ConsentState, Timestamp), StoreError> {
        self.read(|db| {
            let last = db.query_row("SELECT last_at FROM audit_chain", [], |row| row.get(0)).optional()?;
            Ok((state(db)?, last.map_or(now, |last| now.max(Timestamp::from_millis(last)))))
        })
    }
}

fn stored_consent(row: &Row<'_>) -> Result<StoredConsent, StoreError> {
    let link = row.get_ref(1)?.as_blob().map_err(|_| StoreError::Damaged("a consent event"))?;
    Ok(StoredConsent {
        source: stored(&row.get::<_, String>(0)?, "a consent event")?,
        link: Link::from_stored(fixed(link, "a consent event")?),
        event: row.get(2)?,
        recorded_at: Timestamp::from_millis(row.get(3)?),
    })
}

fn state(db: &Connection) -> Result<ConsentState, StoreError> {
    let number = |sql: &str| -> Result<u64, StoreError> {
        unsigned(db.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or(0), "consent events")
    };
    Ok(ConsentState {
        events: number("SELECT seq FROM sqlite_sequence WHERE name = 'consent_events'")?,
        aliases: number("SELECT count(*) FROM aliases WHERE approved_at IS NOT NULL")?,
        erasures: number("SELECT value FROM meta WHERE name = 'erasures'")?,
    })
}
