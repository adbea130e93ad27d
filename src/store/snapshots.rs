//! Sealed snapshots: the row that puts a finished folder into force.

use rusqlite::{Connection, Row, params};

use super::chain::{NewEntry, append};
use super::spine::{self, SpineRow};
use super::{Store, StoreError};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::{Day, Timestamp};
use crate::digest::Sha256Hex;

/// A sealed snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Number, from 1.
    pub id: u32,
    /// Day of the seal.
    pub day: Day,
    /// The moment whose packages and aliases went in.
    pub sealed_at: Timestamp,
    /// Name of its folder under `snapshots/`.
    pub folder: String,
    /// What is in it: JSON.
    pub manifest: String,
}

/// What a seal commits. Its folder is written and synced already.
pub struct NewSnapshot<'a> {
    /// Number: the one [`Store::next_snapshot`] gave.
    pub id: u32,
    /// Day of the seal.
    pub day: Day,
    /// The moment whose packages and aliases went in.
    pub sealed_at: Timestamp,
    /// Name of its folder under `snapshots/`.
    pub folder: &'a str,
    /// What is in it: JSON, without anything about a person.
    pub manifest: &'a str,
    /// Links that got a number.
    pub links: &'a [SpineRow],
    /// Ids of the packages that were read; every other complete one of the same partner, dataset and period is
    /// replaced.
    pub packages: &'a [String],
}

fn row(row: &Row<'_>) -> rusqlite::Result<SnapshotRow> {
    Ok(SnapshotRow {
        id: row.get(0)?,
        day: Day::from_days(row.get(1)?),
        sealed_at: Timestamp::from_millis(row.get(2)?),
        folder: row.get(3)?,
        manifest: row.get(4)?,
    })
}

fn next(db: &Connection) -> Result<u32, StoreError> {
    Ok(db.query_row("SELECT coalesce(max(id), 0) + 1 FROM snapshots", [], |row| row.get(0))?)
}

/// All of them, oldest first.
pub(super) fn all(db: &Connection) -> Result<Vec<SnapshotRow>, StoreError> {
    let mut query = db.prepare("SELECT id, day, sealed_at, folder, manifest FROM snapshots ORDER BY id")?;
    let rows = query.query_map([], row)?.collect::<Result<Vec<_>, _>>()?;
    Ok(rows)
}

impl Store {
    /// The number of the next snapshot.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn next_snapshot(&self) -> Result<u32, StoreError> {
        self.read(next)
    }

    /// Puts a sealed snapshot into force: its row, its new links, and the end of the packages it replaced. Returns the
    /// ids of those.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another seal, or a withdrawal of a package that was read, came first.
    pub fn commit_seal(
        &self,
        now: Timestamp,
        actor: &Actor,
        new: &NewSnapshot<'_>,
    ) -> Result<Vec<String>, StoreError> {
        self.write(|tx| {
            if next(tx)? != new.id {
                return Err(StoreError::Conflict("another seal came first; seal again"));
            }
            spine::insert(tx, new.links)?;
            tx.execute(
                "INSERT INTO snapshots (id, day, sealed_at, folder, manifest) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![new.id, new.day.days(), new.sealed_at.millis(), new.folder, new.manifest],
            )?;
            let mut replaced = Vec::new();
            {
                let mut state = tx.prepare_cached("SELECT state FROM uploads WHERE id = ?1")?;
                let mut older = tx.prepare_cached(
                    "UPDATE uploads SET state = 'replaced' WHERE id IN (
                         SELECT old.id FROM uploads AS old JOIN uploads AS used ON used.id = ?1
                         WHERE old.state = 'complete' AND old.completed_sequence < used.completed_sequence
                         AND old.partner = used.partner AND old.dataset = used.dataset AND old.period = used.period)
                     RETURNING id",
                )?;
                for package in new.packages {
                    if state.query_row([package], |row| row.get::<_, String>(0))? != "complete" {
                        return Err(StoreError::Conflict(
                            "a package was withdrawn while it was being sealed; seal again",
                        ));
                    }
                    let ids = older.query_map([package], |row| row.get(0))?;
                    replaced.extend(ids.collect::<Result<Vec<String>, _>>()?);
                }
            }
            let subject = Subject::new()
                .count("snapshot", u64::from(new.id))
                .count("packages", new.packages.len() as u64)
                .digest("manifest", Sha256Hex::of(new.manifest.as_bytes()));
            append(tx, NewEntry { actor, at: now, deed: Deed::Sealed, strand: Strand::Service, subject })?;
            Ok(replaced)
        })
    }

    /// All snapshots, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn snapshots(&self) -> Result<Vec<SnapshotRow>, StoreError> {
        self.read(all)
    }

    /// The snapshot in force: the one sealed last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn latest_snapshot(&self) -> Result<Option<SnapshotRow>, StoreError> {
        Ok(self.snapshots()?.pop())
    }
}
