//! The data folder: where things lie in it, and the lock that keeps a second writer out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{StagedName, StoreError};

/// The data folder of the service.
#[derive(Clone, Debug)]
pub struct DataFolder(PathBuf);

/// Held as long as the store is open; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "it is held, not read")] File);

impl DataFolder {
    /// Makes the folder and those in it, closed to others than their owner. What is there stays, and is closed too.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn create(root: &Path) -> Result<DataFolder, StoreError> {
        let folder = DataFolder(root.to_owned());
        for path in [root.to_owned(), folder.staged(), folder.snapshots()] {
            make(&path).map_err(|source| StoreError::Io { path: path.clone(), doing: "made", source })?;
        }
        Ok(folder)
    }

    /// The folder as it is.
    ///
    /// # Errors
    /// [`StoreError::NotThere`].
    pub fn open(root: &Path) -> Result<DataFolder, StoreError> {
        if root.is_dir() { DataFolder::create(root) } else { Err(StoreError::NotThere(root.to_owned())) }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("kobling.sqlite")
    }

    /// The folder of staged rows.
    #[must_use]
    pub fn staged(&self) -> PathBuf {
        self.0.join("staged")
    }

    /// The staged rows of an upload.
    #[must_use]
    pub fn staged_file(&self, name: &StagedName) -> PathBuf {
        self.staged().join(name.as_str())
    }

    /// The folder of snapshots.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        self.0.join("snapshots")
    }

    pub(super) fn lock(&self) -> Result<Lock, StoreError> {
        let path = self.0.join("lock");
        let io = |source| StoreError::Io { path: path.clone(), doing: "locked", source };
        let file = own_file(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(self.0.clone())),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

/// Makes a folder that only its owner can enter (on Unix; on Windows the parent's access rules stand).
fn make(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    // One that was there before may be open to others.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path)?.permissions().mode();
        if mode & 0o077 != 0 {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

/// Opens a file for writing that only its owner can read, and makes it where it is missing.
pub(super) fn own_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}
