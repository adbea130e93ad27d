//! Erasures: opened with the events that cause them, carried out step by step, each step durable before the next.
//!
//! `opened` (links on record) → `decided` (an order for each link: which rows may stay) → `staged` (packages are without
//! the rest) → `done` (snapshots too, the spine, and a receipt). Every step can be taken again after a crash.

use rusqlite::{Connection, Row, Transaction, params};

use super::chain::{NewEntry, append};
use super::tombstones::{TombstoneRow, entomb};
use super::uploads::{receipt_of, receipt_text};
use super::{Store, StoreError, fixed, signed, stored, unsigned};
use crate::audit::{Actor, Deed, Head, SignedReceipt, Strand, Subject};
use crate::clock::{Day, Timestamp};
use crate::consent::GivenBy;
use crate::name::{DatasetId, PartnerId};
use crate::token::Link;

/// Why an erasure was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureCause {
    /// Somebody said no.
    Denied,
    /// A permission ended by itself, or became narrower.
    Ended,
    /// An alias joined two links, and what was said about one holds for both. The partner is not told: another one may
    /// have proposed it.
    Joined,
}

impl ErasureCause {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ErasureCause::Denied => "denied",
            ErasureCause::Ended => "ended",
            ErasureCause::Joined => "joined",
        }
    }

    /// Where it is entered.
    fn strand(self, source: &PartnerId) -> Strand {
        if self == ErasureCause::Joined { Strand::Service } else { Strand::Partner(source.clone()) }
    }
}

/// How far an erasure has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErasureState {
    /// On record.
    Opened,
    /// It is decided which rows go; no question reads them any more.
    Decided,
    /// They are gone from packages.
    Staged,
    /// They are gone.
    Done,
}

impl ErasureState {
    const ALL: [ErasureState; 4] =
        [ErasureState::Opened, ErasureState::Decided, ErasureState::Staged, ErasureState::Done];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ErasureState::Opened => "opened",
            ErasureState::Decided => "decided",
            ErasureState::Staged => "staged",
            ErasureState::Done => "done",
        }
    }
}

/// An erasure, without anybody in it. Counts are of rows in packages, under links that the partner named itself: what others
/// said about the same person, by an alias, does not show in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRow {
    /// Id: 32 hexadecimal characters.
    pub id: String,
    /// Whose rows.
    pub source: PartnerId,
    /// Why.
    pub cause: ErasureCause,
    /// The day of the event from which its time counts.
    pub since: Day,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How far it has come.
    pub state: ErasureState,
    /// Packages that were written anew.
    pub packages: u64,
    /// Rows that went out of them.
    pub rows: u64,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// The receipt that it is done.
    pub receipt: Option<SignedReceipt>,
}

/// Days of rows, first and last, of which some stay.
pub type Stretches = Vec<(Day, Day)>;

/// Which rows of a link may stay in a dataset of the partner. No `Debug`: it is a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// The erasure.
    pub erasure: String,
    /// Whose rows.
    pub source: PartnerId,
    /// The dataset.
    pub dataset: DatasetId,
    /// The link; every link of a person has an order.
    pub link: Link,
    /// Whether the partner named this link itself.
    pub named: bool,
    /// Days of the rows that stay.
    pub keep: Stretches,
    /// The latest no, where nothing stays.
    pub denied: Option<(Timestamp, GivenBy)>,
    /// When the erasure was opened: packages opened later hold what was permitted after it.
    pub opened_at: Timestamp,
    /// The last snapshot that may hold its rows; any may while packages do.
    pub until: Option<u32>,
}

/// What opens an erasure.
pub(super) struct NewErasure<'a> {
    pub(super) id: &'a str,
    pub(super) source: &'a PartnerId,
    pub(super) cause: ErasureCause,
    pub(super) since: Day,
}

fn cause(word: &str) -> Result<ErasureCause, StoreError> {
    let all = [ErasureCause::Denied, ErasureCause::Ended, ErasureCause::Joined];
    all.into_iter().find(|cause| cause.as_str() == word).ok_or(StoreError::Damaged("an erasure"))
}

fn state(word: &str) -> Result<ErasureState, StoreError> {
    ErasureState::ALL
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or(StoreError::Damaged("an erasure"))
}

pub(super) const fn by_word(by: GivenBy) -> &'static str {
    match by {
        GivenBy::Person => "self",
        GivenBy::Custodian => "custodian",
    }
}

pub(super) fn by(word: &str) -> Result<GivenBy, StoreError> {
    let all = [GivenBy::Person, GivenBy::Custodian];
    all.into_iter().find(|by| by_word(*by) == word).ok_or(StoreError::Damaged("an erasure"))
}

pub(super) fn link_of(row: &Row<'_>, at: usize) -> Result<Link, StoreError> {
    fixed(&row.get::<_, Vec<u8>>(at)?, "an erasure").map(Link::from_stored)
}

/// Stretches as they are stored: `first:last,first:last`.
fn stretches_text(stretches: &[(Day, Day)]) -> String {
    let texts: Vec<String> =
        stretches.iter().map(|(from, to)| format!("{}:{}", from.days(), to.days())).collect();
    texts.join(",")
}

fn stretches(text: &str) -> Result<Stretches, StoreError> {
    let damaged = || StoreError::Damaged("an erasure");
    let day = |text: &str| text.parse().map(Day::from_days).map_err(|_| damaged());
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (from, to) = part.split_once(':').ok_or_else(damaged)?;
            Ok((day(from)?, day(to)?))
        })
        .collect()
}

/// Counts up how often something that the fold is made of was taken away.
pub(super) fn another_state(tx: &Transaction<'_>) -> Result<(), StoreError> {
    count_up(tx, "erasures")
}

/// Counts up how often it was decided that rows go, or they went.
fn other_rows(tx: &Transaction<'_>) -> Result<(), StoreError> {
    count_up(tx, "erasure-orders")
}

fn count_up(tx: &Transaction<'_>, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO meta (name, value) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        [name],
    )?;
    Ok(())
}

/// Opens an erasure within a transaction; one of the same id stays as it is.
///
/// It is opened no earlier than any upload of its partner that is there: whoever records reads the clock first, and an
/// upload that was opened in between has taken rows in under what held before.
pub(super) fn open(
    tx: &Transaction<'_>,
    now: Timestamp,
    actor: &Actor,
    new: &NewErasure<'_>,
    links: &[Link],
) -> Result<(), StoreError> {
    let inserted = tx.execute(
        "INSERT INTO erasures (id, source, cause, since, opened_at, state)
         VALUES (?1, ?2, ?3, ?4,
                 max(?5, coalesce((SELECT max(opened_at) FROM uploads WHERE partner = ?2), ?5)), 'opened')
         ON CONFLICT DO NOTHING",
        params![new.id, new.source.as_str(), new.cause.as_str(), new.since.days(), now.millis()],
    )?;
    if inserted == 0 {
        return Ok(());
    }
    let mut named = 0;
    let mut insert = tx
        .prepare_cached("INSERT INTO erasure_links (erasure, link) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for link in links {
        named += insert.execute(params![new.id, link.as_stored()])?;
    }
    let subject =
        Subject::new().id("erasure", new.id).id("cause", new.cause.as_str()).count("tokens", named as u64);
    let strand = new.cause.strand(new.source);
    append(tx, NewEntry { actor, at: now, deed: Deed::ErasureOpened, strand, subject }).map(|_| ())
}

fn find(db: &Connection, of: &str, value: &dyn rusqlite::ToSql) -> Result<Vec<ErasureRow>, StoreError> {
    let mut query = db.prepare(&format!(
        "SELECT id, source, cause, since, opened_at, state, packages, rows, done_at, receipt FROM erasures
         WHERE {of} ORDER BY opened_at, id"
    ))?;
    let mut rows = query.query([value])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, String>(at);
        found.push(ErasureRow {
            id: text(0)?,
            source: stored(&text(1)?, "an erasure")?,
            cause: cause(&text(2)?)?,
            since: Day::from_days(row.get(3)?),
            opened_at: Timestamp::from_millis(row.get(4)?),
            state: state(&text(5)?)?,
            packages: unsigned(row.get(6)?, "an erasure")?,
            rows: unsigned(row.get(7)?, "an erasure")?,
            done_at: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_millis),
            receipt: row.get::<_, Option<String>>(9)?.map(|text| receipt_of(&text)).transpose()?,
        });
    }
    Ok(found)
}

/// What a finished erasure leaves.
pub struct Finished<'a> {
    /// Erasures that are done, as they stood.
    pub erasures: &'a [ErasureRow],
    /// Links of whom no row is left anywhere.
    pub gone: &'a [Link],
}

impl Store {
    /// Opens an erasure by itself, because permissions ended or were joined.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_erasure(
        &self,
        now: Timestamp,
        actor: &Actor,
        (source, cause): (&PartnerId, ErasureCause),
        id: &str,
        links: &[Link],
    ) -> Result<(), StoreError> {
        let new = NewErasure { id, source, cause, since: now.day() };
        self.write(|tx| open(tx, now, actor, &new, links))
    }

    /// A partner's erasures that it may know of, in the order in which they were opened.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erasures_of(&self, source: &PartnerId) -> Result<Vec<ErasureRow>, StoreError> {
        self.read(|db| find(db, "source = ?1 AND cause <> 'joined'", &source.as_str()))
    }

    /// Erasures that stand at a state, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erasures_at(&self, state: ErasureState) -> Result<Vec<ErasureRow>, StoreError> {
        self.read(|db| find(db, "state = ?1", &state.as_str()))
    }

    /// Erasures that are not done, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_erasures(&self) -> Result<Vec<ErasureRow>, StoreError> {
        self.read(|db| find(db, "state <> ?1", &ErasureState::Done.as_str()))
    }

    /// The links that an erasure was opened for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erasure_links(&self, id: &str) -> Result<Vec<Link>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare("SELECT link FROM erasure_links WHERE erasure = ?1 ORDER BY link")?;
            let mut rows = query.query([id])?;
            let mut links = Vec::new();
            while let Some(row) = rows.next()? {
                links.push(link_of(row, 0)?);
            }
            Ok(links)
        })
    }

    /// Puts an erasure's orders on record. From here on no question reads what they do not keep.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn decide_erasure(&self, id: &str, orders: &[OrderRow]) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut insert = tx.prepare_cached(
                "INSERT INTO erasure_orders (erasure, dataset, link, named, keep, denied_at, given_by)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT DO UPDATE SET named = max(named, excluded.named)",
            )?;
            for order in orders {
                insert.execute(params![
                    id,
                    order.dataset.as_str(),
                    order.link.as_stored(),
                    order.named,
                    stretches_text(&order.keep),
                    order.denied.map(|(at, _)| at.millis()),
                    order.denied.map(|(_, by)| by_word(by)),
                ])?;
            }
            tx.execute("UPDATE erasures SET state = 'decided' WHERE id = ?1 AND state = 'opened'", [id])?;
            other_rows(tx)
        })
    }

    /// The orders of every erasure that is decided and not done, in the order in which they were opened.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn orders(&self) -> Result<Vec<OrderRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT erasure, source, dataset, link, named, keep, denied_at, given_by, opened_at, until
                 FROM erasure_orders JOIN erasures ON id = erasure WHERE state <> 'done'
                 ORDER BY opened_at, id, dataset, link",
            )?;
            let mut rows = query.query([])?;
            let mut orders = Vec::new();
            while let Some(row) = rows.next()? {
                let text = |at: usize| row.get::<_, String>(at);
                let denied_at = row.get::<_, Option<i64>>(6)?.map(Timestamp::from_millis);
                let given_by = row.get::<_, Option<String>>(7)?.map(|word| by(&word)).transpose()?;
                orders.push(OrderRow {
                    erasure: text(0)?,
                    source: stored(&text(1)?, "an erasure")?,
                    dataset: stored(&text(2)?, "an erasure")?,
                    link: link_of(row, 3)?,
                    named: row.get(4)?,
                    keep: stretches(&text(5)?)?,
                    denied: denied_at.zip(given_by),
                    opened_at: Timestamp::from_millis(row.get(8)?),
                    until: row.get(9)?,
                });
            }
            Ok(orders)
        })
    }

    /// Puts an upload's staged file written anew into force, with what each erasure took out of it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the upload is not what it was.
    pub fn restage(
        &self,
        (id, generation): (&str, u32),
        stored: Option<u64>,
        counts: &[(String, u64)],
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE uploads SET generation = ?2 + 1, stored = ?3
                 WHERE id = ?1 AND generation = ?2 AND (stored IS NULL) = (?3 IS NULL)
                 AND state IN ('open', 'complete')",
                params![id, generation, stored.map(signed)],
            )?;
            if changed != 1 {
                return Err(StoreError::Conflict("the upload changed while rows of it were erased"));
            }
            for (erasure, rows) in counts {
                tx.execute(
                    "UPDATE erasures SET packages = packages + 1, rows = rows + ?2 WHERE id = ?1",
                    params![erasure, signed(*rows)],
                )?;
            }
            Ok(())
        })
    }

    /// Notes that every package, open or complete, is without the rows of these erasures: snapshots from the next one on
    /// are sealed without them. While any of them is not, a snapshot that is sealed may hold such rows.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erasures_staged(&self, ids: &[String]) -> Result<(), StoreError> {
        self.write(|tx| {
            for id in ids {
                tx.execute(
                    "UPDATE erasures SET state = 'staged', until = (SELECT coalesce(max(id), 0) FROM snapshots)
                     WHERE id = ?1 AND state = 'decided'",
                    [id],
                )?;
            }
            Ok(())
        })
    }

    /// Puts a snapshot's folder written anew into force.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the snapshot's folder is not the one that was read.
    pub fn replace_snapshot(
        &self,
        (now, actor): (Timestamp, &Actor),
        (id, before): (u32, &str),
        (folder, manifest): (&str, &str),
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE snapshots SET folder = ?3, manifest = ?4 WHERE id = ?1 AND folder = ?2",
                params![id, before, folder, manifest],
            )?;
            if changed != 1 {
                return Err(StoreError::Conflict("the snapshot changed while rows of it were erased"));
            }
            let subject = Subject::new()
                .count("snapshot", u64::from(id))
                .digest("manifest", crate::digest::Sha256Hex::of(manifest.as_bytes()));
            let (deed, strand) = (Deed::SnapshotErased, Strand::Service);
            append(tx, NewEntry { actor, at: now, deed, strand, subject })?;
            other_rows(tx)
        })
    }

    /// Ends erasures: the numbers of links of whom nothing is left go, and aliases of which neither link has one; what is
    /// left of each no is its tombstone. `sign` gets the subject and the head of each.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn finish_erasures(
        &self,
        now: Timestamp,
        actor: &Actor,
        finished: &Finished<'_>,
        mut sign: impl FnMut(&ErasureRow, Head) -> SignedReceipt,
    ) -> Result<(), StoreError> {
        let orders = self.orders()?;
        self.write(|tx| {
            forget(tx, finished.gone)?;
            let ended = |order: &&OrderRow| finished.erasures.iter().any(|done| done.id == order.erasure);
            for order in orders.iter().filter(ended) {
                let Some((denied_at, by)) = order.denied else { continue };
                if !super::consents::lifted_since(tx, order, denied_at, by)? {
                    let (source, dataset) = (order.source.clone(), order.dataset.clone());
                    entomb(tx, now, &TombstoneRow { source, link: order.link, dataset, denied_at, by })?;
                }
            }
            for erasure in finished.erasures {
                let subject = Subject::new()
                    .id("erasure", &erasure.id)
                    .count("packages", erasure.packages)
                    .count("rows", erasure.rows);
                let strand = erasure.cause.strand(&erasure.source);
                let told = strand != Strand::Service;
                let entry = NewEntry { actor, at: now, deed: Deed::ErasureDone, strand, subject };
                let (head, _) = append(tx, entry)?;
                let receipt = told.then(|| receipt_text(&sign(erasure, head)));
                tx.execute("DELETE FROM erasure_links WHERE erasure = ?1", [&erasure.id])?;
                tx.execute("DELETE FROM erasure_orders WHERE erasure = ?1", [&erasure.id])?;
                tx.execute(
                    "UPDATE erasures SET state = 'done', done_at = ?2, receipt = ?3 WHERE id = ?1",
                    params![erasure.id, now.millis(), receipt],
                )?;
            }
            other_rows(tx)?;
            another_state(tx)
        })
    }

    /// Notes that rows of a dataset from before a day are gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_retention(
        &self,
        now: Timestamp,
        actor: &Actor,
        (dataset, from): (&DatasetId, Day),
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO meta (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                params![super::meta::mark_name(&format!("kept-from/{dataset}")), from.days()],
            )?;
            let subject = Subject::new().id("what", "rows").id("dataset", dataset).id("kept-from", from);
            let (deed, strand) = (Deed::RetentionApplied, Strand::Service);
            append(tx, NewEntry { actor, at: now, deed, strand, subject }).map(|_| ())
        })
    }

    /// Takes out of the database file, and the log beside it, what was deleted: `secure_delete` wipes cells, but a page
    /// that was split may hold the copy of one. Takes as much memory as the database has bytes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn scrub(&self) -> Result<(), StoreError> {
        self.read(|db| {
            // SQLite's working copy is in memory (build.rs): on disk it would be in clear.
            db.execute_batch("VACUUM")?;
            let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            if busy == 0 {
                Ok(())
            } else {
                Err(StoreError::Conflict("the database is being read; try again"))
            }
        })
    }
}

/// Removes the numbers of links, referrals under these numbers, and aliases of which no link has one any more.
fn forget(tx: &Transaction<'_>, gone: &[Link]) -> Result<(), StoreError> {
    let mut referrals = tx
        .prepare_cached("DELETE FROM referrals WHERE number IN (SELECT number FROM spine WHERE link = ?1)")?;
    for link in gone {
        referrals.execute([link.as_stored()])?;
    }
    let mut number = tx.prepare_cached("DELETE FROM spine WHERE link = ?1")?;
    for link in gone {
        number.execute([link.as_stored()])?;
    }
    let mut alias = tx.prepare_cached(
        "DELETE FROM aliases WHERE (first = ?1 OR second = ?1)
         AND NOT EXISTS (SELECT 1 FROM spine WHERE link IN (first, second))",
    )?;
    for link in gone {
        alias.execute([link.as_stored()])?;
    }
    Ok(())
}
