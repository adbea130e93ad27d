//! The schema: its steps, and what a database is held against before it is opened.
//!
//! A database is known by its version and by the texts of its tables, indices and triggers: one that says it is of a version and is
//! not is refused, and so is one of a version that is not known here. Nothing goes forward by itself: `koblingd migrate` does
//! ([`super::migrate`]). Steps of released versions never change (a test holds them by fingerprint).

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use sha2::{Digest as _, Sha256};

use super::StoreError;
use crate::digest::Sha256Hex;

const STEPS: &[M<'static>] = &[M::up(include_str!("schema.sql")), M::up(include_str!("schema-2.sql"))];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The version that this program reads and writes.
pub(super) fn latest() -> u32 {
    u32::try_from(STEPS.len()).expect("a few steps")
}

/// The version that a database says it is of; 0 for an empty one.
pub(super) fn version(db: &Connection) -> Result<u32, StoreError> {
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    u32::try_from(version).map_err(|_| StoreError::Schema)
}

/// Takes a database forward, all steps in one transaction each.
pub(super) fn forward(db: &mut Connection) -> Result<(), StoreError> {
    to(db, STEPS.len())
}

fn to(db: &mut Connection, version: usize) -> Result<(), StoreError> {
    MIGRATIONS.to_version(db, version).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::from(err),
        _ => StoreError::Schema,
    })
}

/// Holds a database against what its version is known to be; returns the version.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Schema`].
pub(super) fn check(db: &Connection) -> Result<u32, StoreError> {
    let version = version(db)?;
    if version > latest() {
        return Err(StoreError::Newer);
    }
    let found = fingerprint(db)?;
    if found == known(version)? { Ok(version) } else { Err(StoreError::Schema) }
}

/// The fingerprint of a version: that of an empty database made by its steps.
pub(super) fn known(version: u32) -> Result<Sha256Hex, StoreError> {
    let mut empty = Connection::open_in_memory()?;
    to(&mut empty, usize::try_from(version).unwrap_or(usize::MAX))?;
    fingerprint(&empty)
}

/// SHA-256 over type, name, table and text of everything in a schema but what SQLite makes by itself, each ended by a zero byte.
fn fingerprint(db: &Connection) -> Result<Sha256Hex, StoreError> {
    let mut query = db.prepare(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema
         WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name",
    )?;
    let mut rows = query.query([])?;
    let mut hash = Sha256::new();
    while let Some(row) = rows.next()? {
        for column in 0..4 {
            hash.update(row.get::<_, String>(column)?.as_bytes());
            hash.update([0]);
        }
    }
    Ok(Sha256Hex::from_bytes(hash.finalize().into()))
}

/// Runs every step on an empty database.
#[cfg(test)]
pub(super) fn validate() {
    assert_eq!(MIGRATIONS.validate(), Ok(()));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of every released version: its step is never written anew.
    const RELEASED: &[(u32, &str)] =
        &[(1, "7985e932f192e66e262b1960c14556b5f420c04c56d8eb771222152bded73416")];

    #[test]
    fn steps_of_released_versions_are_as_they_were() {
        for (version, sha256) in RELEASED {
            let known = known(*version).expect("made");
            assert_eq!(known.to_string(), *sha256, "version {version}: a change is a new step");
        }
    }

    #[test]
    fn what_is_not_what_it_says_is_refused() {
        let made = |version: usize| {
            let mut db = Connection::open_in_memory().expect("memory");
            to(&mut db, version).expect("made");
            db
        };
        for version in 0..=latest() {
            assert_eq!(check(&made(version as usize)).expect("known"), version);
        }
        let changes = [
            "DROP TRIGGER audit_is_kept",
            "CREATE TABLE another (a INTEGER)",
            "ALTER TABLE uploads ADD COLUMN note TEXT",
            "DROP INDEX uploads_partner",
            "PRAGMA user_version = 1",
        ];
        for change in changes {
            let db = made(STEPS.len());
            db.execute_batch(change).expect("changed");
            assert!(matches!(check(&db), Err(StoreError::Schema)), "{change}");
        }
        let db = made(STEPS.len());
        db.pragma_update(None, "user_version", latest() + 1).expect("changed");
        assert!(matches!(check(&db), Err(StoreError::Newer)));
        db.pragma_update(None, "user_version", -1).expect("changed");
        assert!(matches!(check(&db), Err(StoreError::Schema)));
    }
}
