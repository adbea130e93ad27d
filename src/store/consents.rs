//! Consent events: append-only, idempotent, each batch with its receipt.

use std::borrow::Borrow;
use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::chain::{NewEntry, append};
use super::erasures::{self, ErasureCause, NewErasure, OrderRow};
use super::tombstones;
use super::uploads::{self, UploadState, receipt_of, receipt_text};
use super::{Store, StoreError, fixed, signed, stored, unsigned};
use crate::audit::{Actor, Deed, Head, SignedReceipt, Strand, Subject};
use crate::clock::{Day, Timestamp};
use crate::consent::{ConsentEvent, ConsentRefusal, EventKind, GivenBy};
use crate::digest::Sha256Hex;
use crate::limits;
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
    /// What happened.
    pub kind: EventKind,
    /// The record that it is about.
    pub names: Option<String>,
}

impl ConsentRow {
    /// The row of an event.
    #[must_use]
    pub fn new(link: Link, event: &ConsentEvent) -> ConsentRow {
        ConsentRow {
            link,
            record: event.record.as_str().to_owned(),
            event: serde_json::to_string(event).expect("an event is plain data"),
            kind: event.kind,
            names: event.names.as_ref().map(|record| record.as_str().to_owned()),
        }
    }
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
    /// How often it was decided that rows go, or they went.
    pub orders: u64,
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

/// Memory for the database's pages while a package of consents is recorded, in KiB.
const BULK_CACHE_KIB: u32 = 256 << 10;

/// Link and digest of the event that goes under a record's name.
type Recorded = ([u8; 16], [u8; 32]);

/// Records a partner's events within a transaction; those that are there already are left as they are. Returns what
/// is new.
///
/// A record is one event: its name, used for another, is refused. What `renewed` and `expired` name has to be there, or to
/// come among the same events. Beyond [`limits::MAX_CONSENTS_OF_PERSON`] only what denies or ends a yes is taken.
pub(super) fn insert<R: Borrow<ConsentRow>>(
    tx: &Transaction<'_>,
    now: Timestamp,
    partner: &PartnerId,
    rows: impl Iterator<Item = Result<R, StoreError>>,
) -> Result<Inserted, StoreError> {
    // An event that is there already takes no number: the last one says how many there were.
    let mut add = tx.prepare_cached(
        "INSERT INTO consent_events (source, link, record, event_sha256, event, recorded_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE NOT EXISTS (SELECT 1 FROM consent_events WHERE source = ?1 AND record = ?3)",
    )?;
    let mut of_record =
        tx.prepare_cached("SELECT link, event_sha256 FROM consent_events WHERE source = ?1 AND record = ?2")?;
    let mut of_person = tx.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM consent_events WHERE source = ?1 AND link = ?2 LIMIT ?3)",
    )?;
    let mut known = |record: &str| -> Result<Option<Recorded>, StoreError> {
        let found =
            of_record.query_row(params![partner.as_str(), record], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    };
    let most = limits::MAX_CONSENTS_OF_PERSON as i64;
    let (mut inserted, mut naming) = (Inserted::default(), Vec::new());
    for (index, row) in (0u64..).zip(rows) {
        let row = row?;
        let row = row.borrow();
        let refused = |refusal| StoreError::Consent { index, refusal };
        let (link, sha256) = (row.link.as_stored(), Sha256Hex::of(row.event.as_bytes()));
        let event = params![partner.as_str(), link, row.record, sha256.as_bytes(), row.event, now.millis()];
        if add.execute(event)? == 0 {
            if known(&row.record)? != Some((*link, *sha256.as_bytes())) {
                return Err(refused(ConsentRefusal::RecordUsed));
            }
            continue;
        }
        inserted.new += 1;
        if row.kind.is_deny() || row.kind.is_permit() {
            inserted.heed(tx, partner, row)?;
        }
        if row.kind.is_permit() || row.kind == EventKind::Requested {
            let person = params![partner.as_str(), link, most + 1];
            if of_person.query_row(person, |row| row.get::<_, i64>(0))? > most {
                return Err(refused(ConsentRefusal::PersonFull));
            }
        }
        if let Some(names) = row.names.as_ref().filter(|_| !row.kind.is_deny()) {
            naming.push((index, row.link, names.clone()));
        }
    }
    for (index, link, names) in naming {
        if known(&names)?.is_none_or(|(of, _)| of != *link.as_stored()) {
            return Err(StoreError::Consent { index, refusal: ConsentRefusal::NamesUnknown });
        }
    }
    if inserted.lifted != 0 {
        erasures::another_state(tx)?;
    }
    Ok(inserted)
}

/// What was recorded.
#[derive(Default)]
pub(super) struct Inserted {
    /// Events that were not there before.
    new: u64,
    /// Links that a new no is about, and the day of the first no.
    denied: Vec<Link>,
    since: Option<Day>,
    /// Tombstones that a new yes lifted.
    lifted: usize,
}

impl Inserted {
    /// Heeds what a new yes or no does beside being on record.
    fn heed(
        &mut self,
        tx: &Transaction<'_>,
        partner: &PartnerId,
        row: &ConsentRow,
    ) -> Result<(), StoreError> {
        let said = Said::of(&row.event)?;
        if said.kind.is_deny() {
            self.denied.push(row.link);
            let day = said.at.day();
            self.since = Some(self.since.map_or(day, |since| since.min(day)));
        } else {
            let yes = (said.at, said.given_by, &said.datasets[..]);
            self.lifted += tombstones::lift(tx, partner, &row.link, yes)?;
        }
        Ok(())
    }

    /// Opens the erasure that a new no asks for, and names it in the subject with the day of the first one.
    fn open_erasure(
        &self,
        tx: &Transaction<'_>,
        (now, actor): (Timestamp, &Actor),
        partner: &PartnerId,
        recorded: Sha256Hex,
        subject: Subject,
    ) -> Result<Subject, StoreError> {
        let Some(since) = self.since else { return Ok(subject) };
        let id = erasure_id(partner, recorded);
        let new = NewErasure { id: &id, source: partner, cause: ErasureCause::Denied, since };
        erasures::open(tx, now, actor, &new, &self.denied)?;
        Ok(subject.id("erasure", id).id("since", since))
    }
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
    /// [`StoreError::Consent`] for the first event that cannot stand beside the others.
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
            let inserted = insert(tx, now, partner, rows.iter().map(Ok))?;
            let subject = Subject::new()
                .digest("batch", batch)
                .count("events", rows.len() as u64)
                .count("new", inserted.new);
            let subject = inserted.open_erasure(tx, (now, actor), partner, batch, subject)?;
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

    /// Records the events of a whole package of consents and ends its upload with the receipt: all of it is one step, and
    /// there is nothing of it before. Recording it again gives the same receipt. `rows` are asked for once.
    ///
    /// # Errors
    /// [`StoreError::Consent`] for the first event that cannot stand beside the others; [`StoreError::Conflict`] when the
    /// upload is no longer open; whatever `rows` gives; [`StoreError::Damaged`] when they are not `events`.
    pub fn record_package(
        &self,
        now: Timestamp,
        actor: &Actor,
        id: &str,
        (events, subject): (u64, Subject),
        rows: impl Iterator<Item = Result<ConsentRow, StoreError>>,
        sign: impl FnOnce(Subject, Head) -> SignedReceipt,
    ) -> Result<SignedReceipt, StoreError> {
        self.write(|tx| {
            let found = uploads::find(tx, id)?.ok_or(StoreError::NoSuch("upload"))?;
            if let Some(receipt) = found.receipt.filter(|_| found.state == UploadState::Recorded) {
                return Ok(receipt);
            }
            uploads::expect_open(tx, id)?;
            // The places of events in the indices are all over: they are met in memory, not on disk.
            tx.execute_batch(&format!("PRAGMA cache_size = -{BULK_CACHE_KIB}"))?;
            let mut taken = 0;
            let inserted = insert(tx, now, &found.partner, rows.inspect(|_| taken += 1))?;
            tx.execute_batch("PRAGMA cache_size = -2000")?;
            if taken != events {
                return Err(StoreError::Damaged("staged consents"));
            }
            let subject = subject.count("events", events).count("new", inserted.new);
            let recorded = Sha256Hex::of(&found.manifest);
            let subject = inserted.open_erasure(tx, (now, actor), &found.partner, recorded, subject)?;
            let (deed, strand) = (Deed::ConsentsRecorded, Strand::Partner(found.partner));
            let entry = NewEntry { actor, at: now, deed, strand, subject: subject.clone() };
            let (head, sequence) = append(tx, entry)?;
            let receipt = sign(subject, head);
            tx.execute(
                "UPDATE uploads SET state = 'recorded', touched_at = ?2, completed_at = ?2,
                                    completed_sequence = ?3, receipt = ?4, stored = 0 WHERE id = ?1",
                params![id, now.millis(), signed(sequence), receipt_text(&receipt)],
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
        self.for_each_consent_in(0..=u64::MAX, each)
    }

    /// The same of those with a number in `numbers`.
    ///
    /// # Errors
    /// [`StoreError`], and whatever `each` returns.
    pub fn for_each_consent_in(
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
    pub fn consents_up_to(
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

    /// Enters in a partner's strand that it asked what is held of a person.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_access(
        &self,
        now: Timestamp,
        actor: &Actor,
        partner: &PartnerId,
        deed: Deed,
        subject: Subject,
    ) -> Result<(), StoreError> {
        let strand = Strand::Partner(partner.clone());
        self.write(|tx| append(tx, NewEntry { actor, at: now, deed, strand, subject }).map(|_| ()))
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
        orders: number("SELECT value FROM meta WHERE name = 'erasure-orders'")?,
    })
}
