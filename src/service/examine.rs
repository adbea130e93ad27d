//! A look at everything, for `koblingd doctor`.

use std::path::Path;

use super::seal::Sealed;
use super::{Service, ServiceError};
use crate::finding::{Finding, Kind};
use crate::intake::staged::{Layout, read_frames};
use crate::snapshot::{self, LoadError};
use crate::store::{PackageRow, SnapshotRow, StoreError, UploadState};

/// Free space below which it is told, in bytes.
const LITTLE_ROOM: u64 = 1 << 30;
/// Days before a token's end from which it is told.
const TOKEN_DAYS: i64 = 30;
/// Days after which a backup is old.
const BACKUP_DAYS: i64 = 3;
const DAY: i64 = 86_400_000;

impl Service {
    /// Whatever is not as it should be in the data folder and the store; what lies elsewhere is the caller's to look at. Reads
    /// every file once.
    ///
    /// # Errors
    /// [`ServiceError`] when it cannot be looked at all.
    pub fn examine(&self) -> Result<Vec<Finding>, ServiceError> {
        let mut found = Vec::new();
        self.examine_folder(&mut found)?;
        self.examine_store(&mut found)?;
        self.examine_files(&mut found)?;
        self.examine_people(&mut found)?;
        self.examine_days(&mut found)?;
        found.sort();
        Ok(found)
    }

    fn examine_folder(&self, found: &mut Vec<Finding>) -> Result<(), ServiceError> {
        let root = self.store.folder().root();
        open_to_others(root, found)?;
        for entry in std::fs::read_dir(root)? {
            open_to_others(&entry?.path(), found)?;
        }
        let needed = LITTLE_ROOM.max(2 * bytes_below(root)?);
        if fs4::available_space(root)? < needed {
            found.push(Finding::at(Kind::Disk, root.display()));
        }
        let probe = root.join(".writable");
        let removed = |()| match std::fs::remove_file(&probe) {
            // Another look took it.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        if std::fs::write(&probe, b"").and_then(removed).is_err() {
            found.push(Finding::at(Kind::Unwritable, root.display()));
        }
        Ok(())
    }

    fn examine_store(&self, found: &mut Vec<Finding>) -> Result<(), ServiceError> {
        match self.store.check_integrity() {
            Err(StoreError::Damaged(_)) => found.push(Finding::at(Kind::Database, "")),
            checked => checked?,
        }
        match self.store.verify_chain() {
            Ok(Ok(_)) => {}
            Ok(Err(wrong)) => found.push(Finding::at(Kind::Chain, wrong)),
            Err(StoreError::Damaged(_)) => found.push(Finding::at(Kind::Chain, "")),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn examine_files(&self, found: &mut Vec<Finding>) -> Result<(), ServiceError> {
        // Nothing is written anew meanwhile.
        let _sealing = self.seal_lock();
        for package in self.store.packages_staged()? {
            if package.state == UploadState::Complete && !self.staged_is_sound(&package) {
                found.push(Finding::at(Kind::Staged, format!("staged/{}", package.staged.as_str())));
            }
        }
        for row in self.store.snapshots()? {
            if !self.snapshot_is_sound(&row) {
                found.push(Finding::at(Kind::Snapshot, format!("snapshots/{}", row.folder)));
            }
        }
        if self.store.latest_snapshot()?.is_none() {
            found.push(Finding::at(Kind::Unsealed, ""));
        }
        Ok(())
    }

    fn examine_people(&self, found: &mut Vec<Finding>) -> Result<(), ServiceError> {
        let now = self.now();
        for partner in &self.programme().partners {
            if self.keys_in_force(&partner.id)?.is_empty() {
                found.push(Finding::at(Kind::Unsigned, &partner.id));
            }
        }
        for row in self.principals()?.into_iter().filter(|row| row.revoked_at.is_none()) {
            let id = row.principal.id;
            let tokens = self.tokens_of(&id)?;
            let good: Vec<_> = tokens.iter().filter(|token| token.is_good(now)).collect();
            match good.iter().map(|token| token.expires_at).collect::<Option<Vec<_>>>() {
                _ if tokens.is_empty() => {}
                None => found.push(Finding::at(Kind::TokenEndless, &id)),
                // The last of them: what it has besides is on its way out.
                Some(ends) => match ends.into_iter().max() {
                    None => found.push(Finding::at(Kind::TokenEnded, &id)),
                    Some(end) if end < now.plus_millis(TOKEN_DAYS * DAY) => {
                        found.push(Finding::at(Kind::TokenSoon, format!("{id}, {}", end.day())));
                    }
                    Some(_) => {}
                },
            }
        }
        Ok(())
    }

    fn examine_days(&self, found: &mut Vec<Finding>) -> Result<(), ServiceError> {
        let now = self.now();
        let late = self.open_erasures()?.into_iter().map(|(_, by)| by).filter(|by| *by < now.day()).min();
        found.extend(late.map(|by| Finding::at(Kind::Late, by)));
        match self.last_backup()? {
            None => found.push(Finding::at(Kind::NoBackup, "")),
            Some(at) if at.plus_millis(BACKUP_DAYS * DAY) < now => {
                found.push(Finding::at(Kind::OldBackup, at.day()));
            }
            Some(_) => {}
        }
        if self.is_held()? {
            found.push(Finding::at(Kind::Held, ""));
        }
        Ok(())
    }
}

impl Service {
    /// Whether a staged file can be read to its end, and holds as many rows as it should.
    fn staged_is_sound(&self, package: &PackageRow) -> bool {
        let Some((_, dataset)) = self.programme().dataset(&package.dataset) else { return false };
        let path = self.store.folder().staged_file(&package.staged);
        let mut rows = 0;
        let whole = read_frames(self.store.vault(), &path, &Layout::of(dataset), |frame, _| {
            rows += u64::from(frame.rows);
            Ok::<_, std::io::Error>(())
        });
        whole.is_ok_and(|whole| whole) && package.stored == Some(rows)
    }

    /// Whether every file of a snapshot is what was sealed. One that was sealed under another structure of the programme is not
    /// looked at further.
    fn snapshot_is_sound(&self, row: &SnapshotRow) -> bool {
        let Ok(sealed) = serde_json::from_str::<Sealed>(&row.manifest) else { return false };
        let dir = self.store.folder().snapshots().join(&row.folder);
        match snapshot::check(self.store.vault(), &dir, self.programme(), &sealed.sha256) {
            Ok(()) | Err(LoadError::OtherStructure { .. }) => true,
            Err(_) => false,
        }
    }
}

/// Tells of a file or folder that others than its owner may use. Also for what lies outside the data folder.
///
/// # Errors
/// I/O errors.
pub fn open_to_others(path: &Path, found: &mut Vec<Finding>) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        match std::fs::symlink_metadata(path) {
            // Gone meanwhile, as SQLite's own files may be.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(about) if !about.is_symlink() && about.permissions().mode() & 0o077 != 0 => {
                found.push(Finding::at(Kind::Access, path.display()));
            }
            Ok(_) => {}
        }
    }
    #[cfg(not(unix))]
    let _ = (path, found);
    Ok(())
}

fn bytes_below(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            about => {
                let about = about?;
                bytes += if about.is_dir() { bytes_below(&entry.path())? } else { about.len() };
            }
        }
    }
    Ok(bytes)
}
