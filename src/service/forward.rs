//! A data folder of an earlier version taken forward: rehearsed on a copy, then done.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Service, ServiceError, encrypt_folder};
use crate::key::ServiceKey;
use crate::store::{self, Migration, StoreError};
use crate::vault::Vault;

/// Lies in the folder from when a migration begins until all of it is done: no service starts on it meanwhile.
const UNFINISHED: &str = "migrating";
/// The database as it was, until all of it is done.
const BEFORE: &str = "kobling.sqlite.before";

/// Whether it is done or rehearsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    /// On a copy of the database that is gone afterwards.
    Rehearse,
    /// On the folder itself.
    Do,
}

/// What was done, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The database.
    pub database: Migration,
    /// Staged files and files of snapshots that are encrypted with it.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Most free space that it takes, in bytes: every file is written anew before the old one goes.
    pub needs: u64,
    /// Free space of the disk, in bytes.
    pub free: u64,
    /// Whether an earlier attempt was cut short.
    pub unfinished: bool,
}

impl Forwarded {
    /// Whether there was anything to do.
    #[must_use]
    pub const fn is_needed(&self) -> bool {
        self.database.is_needed() || self.unfinished
    }
}

impl Service {
    /// Takes a data folder of an earlier version forward, or rehearses it. Nobody may serve the folder meanwhile. Whatever ends it
    /// midway, doing it again carries on, and no service starts on the folder before it is done.
    ///
    /// # Errors
    /// [`ServiceError`]: [`StoreError::Full`] where the disk has too little room, before anything is changed.
    pub fn migrate(data: &Path, key: &ServiceKey, how: Forward) -> Result<Forwarded, ServiceError> {
        let vault = Vault::of(key);
        let unfinished = data.join(UNFINISHED).exists();
        let database = store::look(data, &vault)?;
        let (mut files, mut bytes, mut largest) = (0, 0, database.bytes);
        if database.encrypts || unfinished {
            for folder in ["staged", "snapshots"] {
                for path in walk(&data.join(folder))? {
                    let length = fs::metadata(&path)?.len();
                    (files, bytes, largest) = (files + 1, bytes + length, largest.max(length));
                }
            }
        }
        // The copy that is kept, the new file beside the old one, and what encryption adds.
        let needs = database.bytes.saturating_mul(2) + largest + largest / 16 + (1 << 20);
        let free = fs4::available_space(data)?;
        let found = Forwarded { database, files, bytes, needs, free, unfinished };
        if !found.is_needed() {
            return Ok(found);
        }
        if free < needs {
            return Err(StoreError::Full.into());
        }
        if how == Forward::Rehearse {
            store::rehearse(data, &vault, key.signing_key().verifying_key().fingerprint())?;
            return Ok(found);
        }
        let before = data.join(BEFORE);
        if !unfinished {
            copy(&data.join("kobling.sqlite"), &before)?;
            fs::write(data.join(UNFINISHED), b"")?;
            sync(data)?;
        }
        encrypt_folder(data, key)?;
        remove(&before)?;
        remove(&data.join(UNFINISHED))?;
        sync(data)?;
        Ok(found)
    }

    /// Refuses a folder whose migration was cut short.
    pub(super) fn is_migrated(data: &Path) -> Result<(), ServiceError> {
        if data.join(UNFINISHED).exists() { Err(StoreError::Unfinished.into()) } else { Ok(()) }
    }
}

fn walk(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(walk(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// A durable copy for its owner alone, in the place of one that an earlier attempt made.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    remove(to)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(to)?;
    std::io::copy(&mut fs::File::open(from)?, &mut file)?;
    file.sync_all()
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}
