//! A data folder of an earlier version taken forward: rehearsed on a copy, then done.
//!
//! The database alone is taken forward here; the files beside it are encrypted by the rooms that write them. Whatever ends it
//! midway, the database is of the one version or of the other, and doing it again carries on.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{DataFolder, Store, StoreError, crypt, schema};
use crate::key::Fingerprint;
use crate::vault::Vault;

/// Where a rehearsal is made, within the data folder.
const REHEARSAL: &str = ".migrating";

/// What a migration does, or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Version of the schema that was found.
    pub from: u32,
    /// The one that it is taken to.
    pub to: u32,
    /// Whether the database was in clear, and is encrypted.
    pub encrypts: bool,
    /// Bytes of the database.
    pub bytes: u64,
}

impl Migration {
    /// Whether there is anything to do.
    #[must_use]
    pub const fn is_needed(&self) -> bool {
        self.encrypts || self.from != self.to
    }
}

/// Looks at a data folder: what would have to be done. Changes nothing but that SQLite takes what is in its log into the file.
///
/// # Errors
/// [`StoreError::NotThere`], [`StoreError::InUse`], [`StoreError::Newer`], [`StoreError::Schema`], [`StoreError::OtherKey`].
pub fn look(root: &Path, vault: &Vault) -> Result<Migration, StoreError> {
    let folder = there(root)?;
    let _lock = folder.lock()?;
    let path = folder.database();
    let encrypts = crypt::is_plain(&path)?;
    let db = if encrypts { Connection::open(&path)? } else { crypt::open(&path, vault)? };
    let from = schema::check(&db)?;
    if from == 0 {
        return Err(StoreError::Schema);
    }
    let bytes = fs::metadata(&path).map_err(|source| io(&path, "read", source))?.len();
    Ok(Migration { from, to: schema::latest(), encrypts, bytes })
}

/// Does it on a copy, which is gone afterwards: the database is taken forward and held against everything that it is held against
/// when it is opened, and its audit chain is verified.
///
/// # Errors
/// As [`migrate`]; [`StoreError::Damaged`] for what would not be sound afterwards.
pub fn rehearse(root: &Path, vault: &Vault, service: Fingerprint) -> Result<Migration, StoreError> {
    let plan = look(root, vault)?;
    let folder = there(root)?;
    let _lock = folder.lock()?;
    let stage = root.join(REHEARSAL);
    remove(&stage)?;
    let cleared = Cleared(stage.clone());
    let copy = DataFolder::create(&stage)?;
    for end in ["", "-wal"] {
        let (from, to) = (beside(&folder.database(), end), beside(&copy.database(), end));
        if from.exists() {
            super::folder::own_file(&to).map_err(|source| io(&to, "made", source))?;
            fs::copy(&from, &to).map_err(|source| io(&to, "written", source))?;
        }
    }
    migrate(&stage, vault, service)?;
    let store = Store::open(&stage, vault)?;
    store.check_integrity()?;
    store.read(|db| {
        let wrong = db.prepare("PRAGMA foreign_key_check")?.exists([])?;
        if wrong { Err(StoreError::Damaged("a reference between its tables")) } else { Ok(()) }
    })?;
    store.in_force()?;
    store.verify_chain()?.map_err(|_| StoreError::Damaged("the audit chain"))?;
    drop(store);
    drop(cleared);
    Ok(plan)
}

/// Takes the database of a data folder forward: encrypts one that is in clear, then does the steps that are new to it. `service` is
/// the short name of the signing key that comes of the same service key.
///
/// # Errors
/// [`StoreError`]; [`StoreError::OtherKey`] for another service's; the database is as it was, or as it is to be, or encrypted and of its old version.
pub fn migrate(root: &Path, vault: &Vault, service: Fingerprint) -> Result<Migration, StoreError> {
    let plan = look(root, vault)?;
    if plan.encrypts {
        crypt::encrypt_plain(root, vault, service)?;
    }
    if plan.from != plan.to {
        let folder = there(root)?;
        let _lock = folder.lock()?;
        let mut db = crypt::open(&folder.database(), vault)?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "secure_delete", true)?;
        schema::check(&db)?;
        schema::forward(&mut db)?;
        db.close().map_err(|(_, error)| error)?;
    }
    Ok(plan)
}

/// Removes a rehearsal that was cut short.
///
/// # Errors
/// [`StoreError::Io`].
pub(super) fn remove_rehearsal(root: &Path) -> Result<(), StoreError> {
    remove(&root.join(REHEARSAL))
}

/// A folder that goes when this is dropped.
struct Cleared(PathBuf);

impl Drop for Cleared {
    fn drop(&mut self) {
        // The next opening removes what is left.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn there(root: &Path) -> Result<DataFolder, StoreError> {
    let folder = DataFolder::open(root)?;
    if folder.database().exists() { Ok(folder) } else { Err(StoreError::NotThere(root.to_owned())) }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(path, "removed", error)),
        _ => Ok(()),
    }
}

fn io(path: &Path, doing: &'static str, source: std::io::Error) -> StoreError {
    StoreError::Io { path: path.to_owned(), doing, source }
}
