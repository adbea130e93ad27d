//! A data folder in clear, as versions before 0.2.0 made it, encrypted where it lies: for its migration.

use std::path::Path;

use super::ServiceError;
use crate::extract::manifest::ListKind;
use crate::intake::staged::Layout;
use crate::intake::{Encrypted, PlainForm, encrypt_plain};
use crate::key::ServiceKey;
use crate::snapshot;
use crate::store::{self, Store, StoreError};
use crate::vault::Vault;

/// What was encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Whether the database was in clear.
    pub database: bool,
    /// Staged files that were in clear.
    pub staged: usize,
    /// Of these, those with something torn at their end, as a crash leaves it. It is gone.
    pub torn: usize,
    /// Files of snapshots that were in clear.
    pub sealed: usize,
}

/// Encrypts whatever of a data folder is in clear: the database, then staged files, then snapshots, each by a new file that takes the
/// other's name when it is durable. Whatever ends it midway, done again, it carries on; a folder that is encrypted is left as it is.
/// Nobody may serve the folder meanwhile. The schema comes to its newest on the way ([`Store::open`]).
///
/// # Errors
/// [`StoreError::OtherKey`] when the folder was made with another service key: nothing is encrypted then. [`StoreError`] and I/O errors.
pub fn encrypt_folder(data: &Path, key: &ServiceKey) -> Result<TakenOver, ServiceError> {
    let vault = Vault::of(key);
    let service = key.signing_key().verifying_key().fingerprint();
    let mut done =
        TakenOver { database: store::encrypt_plain(data, &vault, service)?, ..TakenOver::default() };
    let store = Store::open(data, &vault)?;
    let programme = store.in_force()?.programme;
    for package in store.packages_staged()? {
        let list = ListKind::ALL.into_iter().find(|kind| kind.dataset() == package.dataset.as_str());
        let layout = programme.dataset(&package.dataset).map(|(_, dataset)| Layout::of(dataset));
        let form = match (list, &layout) {
            (Some(kind), _) => PlainForm::List(kind),
            (None, Some(layout)) => PlainForm::Rows(layout),
            (None, None) => return Err(StoreError::Damaged("the dataset of an upload").into()),
        };
        match encrypt_plain(&vault, &store.folder().staged_file(&package.staged), form) {
            // An upload of which nothing has arrived has no file.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
            Ok(Encrypted::Already) => {}
            Ok(Encrypted::Whole) => done.staged += 1,
            Ok(Encrypted::Torn) => (done.staged, done.torn) = (done.staged + 1, done.torn + 1),
        }
    }
    if cfg!(unix) {
        std::fs::File::open(store.folder().staged())?.sync_all()?;
    }
    for row in store.snapshots()? {
        done.sealed += snapshot::encrypt_plain(&vault, &store.folder().snapshots().join(&row.folder))?;
    }
    Ok(done)
}
