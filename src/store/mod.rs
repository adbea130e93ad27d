//! The system of record: SQLite in the data folder, one file a table family, one method a step.
//!
//! Every method that changes something is one transaction that makes its audit entry too: either both are durable when
//! it returns, or neither is there. The database runs in WAL mode with `synchronous=FULL`, foreign keys, STRICT tables
//! and `secure_delete`.
//!
//! Must never: hold a token (links only), print a link, be opened by two processes, or take the time from anywhere but
//! its caller. Every page of it on disk is encrypted under the vault's key (docs/decisions/0008). Callers: the service's operations and commands.

mod aliases;
mod answers;
mod certificates;
mod chain;
mod consents;
mod crypt;
mod erasures;
mod error;
mod folder;
mod followups;
mod identities;
mod keys;
mod meta;
mod principals;
mod quality;
mod releases;
mod snapshots;
mod spine;
mod statements;
mod tokens;
mod tombstones;
mod unusual;
mod uploads;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::vault::Vault;

pub use aliases::{AliasPackageRow, AliasRow, Proposals, Verdict};
pub use answers::{AnswerFilter, AnswerRow, Asked, Given, Told};
pub use certificates::CertificateRow;
pub use consents::{ConsentRow, ConsentState, StoredConsent};
pub use crypt::{encrypt_plain, is_plain};
pub use erasures::{ErasureCause, ErasureRow, ErasureState, Finished, OrderRow, Stretches};
pub use error::StoreError;
pub use folder::DataFolder;
pub use followups::{LookupRow, NewLookup, NewReferrals, ReferralRow, ReferralState, Volume};
pub use identities::Provided;
pub use keys::EnrolledKey;
pub use meta::InForce;
pub use principals::PrincipalRow;
pub use quality::HeldRows;
pub use releases::{AnswerKey, LedgerRow, WithSets};
pub use snapshots::{NewSnapshot, SnapshotRow};
pub use spine::SpineRow;
pub use statements::{ReportRow, StatementRow};
pub use tokens::{Known, TokenRow};
pub use tombstones::TombstoneRow;
pub use unusual::{SoFar, UnusualRow};
pub use uploads::{Completed, NewUpload, OpenedUpload, PackageRow, StagedName, UploadRow, UploadState};

use folder::Lock;

const STEPS: &[M<'static>] = &[M::up(include_str!("schema.sql")), M::up(include_str!("schema-2.sql"))];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The open store. One process at a time; threads take turns.
pub struct Store {
    db: Mutex<Connection>,
    folder: DataFolder,
    vault: Vault,
    _lock: Lock,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.folder.root().display())
    }
}

impl Store {
    /// Makes a data folder with an empty database in it, encrypted under the vault's key, and opens it.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when it holds one already, and whatever the file system or SQLite says.
    pub fn create(root: &Path, vault: &Vault) -> Result<Store, StoreError> {
        let folder = DataFolder::create(root)?;
        if folder.database().exists() {
            return Err(StoreError::AlreadyThere(root.to_owned()));
        }
        Store::open_in(folder, vault)
    }

    /// Opens the store of a data folder for this process alone.
    ///
    /// # Errors
    /// [`StoreError::NotThere`], [`StoreError::InUse`] when another process has it open, [`StoreError::OtherKey`] and
    /// [`StoreError::Plain`], and whatever SQLite says.
    pub fn open(root: &Path, vault: &Vault) -> Result<Store, StoreError> {
        let folder = DataFolder::open(root)?;
        if !folder.database().exists() {
            return Err(StoreError::NotThere(root.to_owned()));
        }
        Store::open_in(folder, vault)
    }

    fn open_in(folder: DataFolder, vault: &Vault) -> Result<Store, StoreError> {
        let lock = folder.lock()?;
        // SQLite gives its other files the mode of this one.
        let path = folder.database();
        folder::own_file(&path).map_err(|source| StoreError::Io { path, doing: "opened", source })?;
        let mut db = crypt::open(&folder.database(), vault)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.pragma_update(None, "secure_delete", true)?;
        db.pragma_update(None, "trusted_schema", false)?;
        MIGRATIONS.to_latest(&mut db).map_err(|error| match error {
            rusqlite_migration::Error::MigrationDefinition(
                rusqlite_migration::MigrationDefinitionError::DatabaseTooFarAhead,
            ) => StoreError::Newer,
            rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::from(err),
            _ => StoreError::Damaged("its schema"),
        })?;
        Ok(Store { db: Mutex::new(db), folder, vault: vault.clone(), _lock: lock })
    }

    /// The data folder.
    #[must_use]
    pub const fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// What everything in the data folder is encrypted under.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// One transaction: committed and durable when it returns `Ok`, not there otherwise.
    fn write<T>(
        &self,
        step: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut db = self.db();
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = step(&tx)?;
        tx.commit()?;
        Ok(result)
    }

    fn read<T>(&self, step: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        step(&self.db())
    }

    /// The connection. A panic in the middle of a transaction rolled it back, so what it left behind is sound.
    fn db(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs SQLite's own check of the whole file.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it finds something.
    pub fn check_integrity(&self) -> Result<(), StoreError> {
        self.read(|db| {
            let said: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if said == "ok" { Ok(()) } else { Err(StoreError::Damaged("the database file")) }
        })
    }
}

/// A stored text that its own type refuses: the row was changed behind the service's back.
fn stored<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged(what))
}

/// A number that SQLite keeps signed.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count that SQLite keeps signed.
fn unsigned(number: i64, what: &'static str) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged(what))
}

/// A blob of a fixed length.
fn fixed<const N: usize>(blob: &[u8], what: &'static str) -> Result<[u8; N], StoreError> {
    blob.try_into().map_err(|_| StoreError::Damaged(what))
}
