//! Consent events: append-only, idempotent, each batch with its receipt.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::chain::{NewEntry, append};
use super::erasures::{self, ErasureCause, NewErasure, OrderRow};
use super::tombstones;
use super::uploads::{receipt_of, receipt_text};
use super::{Store, StoreError, fixed, stored, unsigned};
use crate::audit::{Actor, Deed, Head, SignedReceipt, Strand, Subject};
use crate::clock::{Day, Timestamp};
use crate::consent::{EventKind, GivenBy};
use crate::digest::Sha256Hex;
use crate::name::{DatasetId, PartnerId};
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
    /// Events recorded.
    pub events: u64,
    /// Aliases approved.
    pub aliases: u64,
    /// How often rows were taken from what questions read, or tombstones written, by erasure.
    pub erasures: u64,
}

/// What of an event decides about erasure. No `Debug`: it is a person's.
#[derive(serde::Deserialize)]
struct Said {
    kind: EventKind,
    at: Timestamp,
    given_by: GivenBy,
    #[serde(default)]
    datasets: Vec<DatasetId>,
}

impl Said {
    fn of(event: &str) -> Result<Said, StoreError> {
        serde_json::from_str(event).map_err(|_| StoreError::Damaged("a consent event"))
    }
}

/// Whether a no is lifted by a yes that is on record now.
pub(super) fn lifted_since(
    tx: &Transaction<'_>,
    order: &OrderRow,
    denied_at: Timestamp,
    by: GivenBy,
) -> Result<bool, StoreError> {
    let mut query = tx.prepare_cached("SELECT event FROM consent_events WHERE source = ?1 AND link = ?2")?;
    let mut rows = query.query(params![order.source.as_str(), order.link.as_stored()])?;
    while let Some(row) = rows.next()? {
        let said = Said::of(&row.get::<_, String>(0)?)?;
        let about = said.datasets.is_empty() || said.datasets.contains(&order.dataset);
        let lifts = by == GivenBy::Person || said.given_by == GivenBy::Person;
        if said.kind.is_permit() && said.at > denied_at && about && lifts {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The id of the erasure that a batch opens: of nothing but its sender and its bytes.
fn erasure_id(partner: &PartnerId, batch: Sha256Hex) -> String {
    let digest = Sha256Hex::of(format!("kobling/v1/erasure {partner} {batch}").as_bytes());
    digest.to_string().chars().take(32).collect()
}

impl Store {
    /// Records a batch of a partner's consent events, all of them or none. The same batch (by the digest of its bytes)
    /// gives the same receipt; an event that is there already is left as it is. A new no opens an erasure, which the
    /// subject then names as `erasure`, with the day of the first no as `since`; a new yes lifts tombstones.
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
            let (mut denied, mut since) = (Vec::new(), None);
            {
                let mut insert = tx.prepare_cached(
                    "INSERT INTO consent_events (source, link, record, event_sha256, event, recorded_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
                )?;
                for row in rows {
                    let sha256 = Sha256Hex::of(row.event.as_bytes());
                    let inserted = insert.execute(params![
                        partner.as_str(),
                        row.link.as_stored(),
                        row.record,
                        sha256.as_bytes(),
                        row.event,
                        now.millis()
                    ])?;
                    if inserted == 0 {
                        continue;
                    }
                    new += 1;
                    let said = Said::of(&row.event)?;
                    if said.kind.is_deny() {
                        denied.push(row.link);
                        since = since.map_or(Some(said.at.day()), |day: Day| Some(day.min(said.at.day())));
                    } else if said.kind.is_permit() {
                        let yes = (said.at, said.given_by, &said.datasets[..]);
                        tombstones::lift(tx, partner, &row.link, yes)?;
                    }
                }
            }
            let mut subject =
                Subject::new().digest("batch", batch).count("events", rows.len() as u64).count("new", new);
            if let Some(since) = since {
                let id = erasure_id(partner, batch);
                let new = NewErasure { id: &id, source: partner, cause: ErasureCause::Denied, since };
                erasures::open(tx, now, actor, &new, &denied)?;
                subject = subject.id("erasure", id).id("since", since);
            }
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

    /// Gives every recorded event to `each`, in the order in which they were recorded. The store is busy meanwhile.
    ///
    /// # Errors
    /// [`StoreError`], and whatever `each` returns.
    pub fn for_each_consent(
        &self,
        mut each: impl FnMut(StoredConsent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT source, link, event, recorded_at FROM consent_events ORDER BY number",
            )?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let link: Vec<u8> = row.get(1)?;
                each(StoredConsent {
                    source: stored(&row.get::<_, String>(0)?, "a consent event")?,
                    link: Link::from_stored(fixed(&link, "a consent event")?),
                    event: row.get(2)?,
                    recorded_at: Timestamp::from_millis(row.get(3)?),
                })?;
            }
            Ok(())
        })
    }

    /// What some partners recorded under some links, in the order of the links, then of the partners.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consents_of(
        &self,
        sources: &[PartnerId],
        links: &[Link],
    ) -> Result<Vec<StoredConsent>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT event, recorded_at FROM consent_events WHERE source = ?1 AND link = ?2 ORDER BY number",
            )?;
            let mut found = Vec::new();
            for (link, source) in links.iter().flat_map(|link| sources.iter().map(move |s| (link, s))) {
                let mut rows = query.query(params![source.as_str(), link.as_stored()])?;
                while let Some(row) = rows.next()? {
                    found.push(StoredConsent {
                        source: source.clone(),
                        link: *link,
                        event: row.get(0)?,
                        recorded_at: Timestamp::from_millis(row.get(1)?),
                    });
                }
            }
            Ok(found)
        })
    }

    /// Gives every event that a partner recorded to `each`, those of one link after the other. The store is busy meanwhile.
    ///
    /// # Errors
    /// [`StoreError`], and whatever `each` returns.
    pub fn for_each_consent_of(
        &self,
        partner: &PartnerId,
        mut each: impl FnMut(Link, &str, Timestamp) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT link, event, recorded_at FROM consent_events WHERE source = ?1 ORDER BY link",
            )?;
            let mut rows = query.query([partner.as_str()])?;
            let damaged = || StoreError::Damaged("a consent event");
            while let Some(row) = rows.next()? {
                let link = row.get_ref(0)?.as_blob().map_err(|_| damaged())?;
                let event = row.get_ref(1)?.as_str().map_err(|_| damaged())?;
                let link = Link::from_stored(fixed(link, "a consent event")?);
                each(link, event, Timestamp::from_millis(row.get(2)?))?;
            }
            Ok(())
        })
    }

    /// Where consent stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consent_state(&self) -> Result<ConsentState, StoreError> {
        self.read(|db| {
            let count = |sql: &str| -> Result<u64, StoreError> {
                unsigned(db.query_row(sql, [], |row| row.get(0))?, "consent events")
            };
            Ok(ConsentState {
                events: count("SELECT count(*) FROM consent_events")?,
                aliases: count("SELECT count(*) FROM aliases WHERE approved_at IS NOT NULL")?,
                erasures: erasures::generation(db)?,
            })
        })
    }
}
