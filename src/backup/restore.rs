//! A new folder from an archive: there whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use super::read::{Unpack, walk};
use super::{About, BackupError, Watch};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::key::{Identities, VerifyingKey};
use crate::name::PartnerId;
use crate::store::{self, Store, StoreError};
use crate::vault::Vault;

/// Who restores, and whose partners' entries are awaited, by what the restored store says.
pub type WhoRestores<'a> = &'a dyn Fn(&Store) -> Result<(Actor, Vec<PartnerId>), StoreError>;

/// An archive unpacked under another name than the folder's own; removed when it is dropped.
pub struct Unpacked {
    draft: Draft,
    out: PathBuf,
    about: About,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the archive says of itself.
    pub about: About,
    /// Entries of the chain that was verified.
    pub entries: u64,
}

/// Unpacks an archive of this service next to `out`, which must not be there or be empty. Every file is held against its digest
/// and durable when this returns.
///
/// # Errors
/// [`BackupError`]; nothing is left then.
pub fn unpack(
    archive: impl Read,
    identities: &Identities,
    service: &VerifyingKey,
    out: &Path,
    watch: Watch<'_>,
) -> Result<Unpacked, BackupError> {
    match fs::read_dir(out) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(cannot(out, "read", source)),
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(BackupError::NotEmpty(out.to_owned()));
            }
        }
    }
    let mut draft = Draft::new(out)?;
    let checked = walk(archive, identities, Some(service), &mut draft, watch)?;
    for folder in ["staged", "snapshots"] {
        let path = draft.path.join(folder);
        fs::create_dir_all(&path).map_err(|source| cannot(&path, "made", source))?;
    }
    sync_folders(&draft.path)?;
    Ok(Unpacked { draft, out: out.to_owned(), about: checked.about })
}

impl Unpacked {
    /// What the archive says of itself.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// Holds database and chain against what the archive says, takes an older one forward, marks the folder as restored, so that
    /// nothing is answered from it, and gives it its name.
    ///
    /// # Errors
    /// [`BackupError`]; nothing is left then.
    pub fn settle(
        mut self,
        vault: &Vault,
        now: Timestamp,
        actor: WhoRestores<'_>,
    ) -> Result<Restored, BackupError> {
        let path = &self.draft.path;
        let older = store::look(path, vault)?;
        let store = if older.is_needed() {
            store::migrate(path, vault, self.about.service.fingerprint())?;
            Store::open(path, vault)?
        } else {
            Store::open(path, vault)?
        };
        store.check_integrity()?;
        let chain = store.verify_chain()?.map_err(|_| BackupError::Chain)?;
        if chain.head != self.about.chain {
            return Err(BackupError::Chain);
        }
        for (file, state) in store.staged_with_state()? {
            let needed = state == store::UploadState::Complete;
            if needed && !store.folder().staged_file(&file).exists() {
                return Err(BackupError::Missing(format!("staged/{}", file.as_str())));
            }
        }
        for snapshot in store.snapshots()? {
            if !store.folder().snapshots().join(&snapshot.folder).is_dir() {
                return Err(BackupError::Missing(format!("snapshots/{}", snapshot.folder)));
            }
        }
        let (actor, partners) = actor(&store)?;
        store.hold_restored(now, &actor, (self.about.made_at, chain.head), &partners)?;
        drop(store);
        let lock = path.join("lock");
        fs::remove_file(&lock).map_err(|source| cannot(&lock, "removed", source))?;
        sync_folders(path)?;
        // An empty folder gives way.
        fs::rename(path, &self.out).map_err(|source| cannot(&self.out, "put in its place", source))?;
        self.draft.done = true;
        sync(parent(&self.out))?;
        Ok(Restored { about: self.about.clone(), entries: chain.head.sequence })
    }
}

/// A folder being filled.
struct Draft {
    path: PathBuf,
    file: Option<(PathBuf, File)>,
    done: bool,
}

impl Draft {
    fn new(out: &Path) -> Result<Draft, BackupError> {
        let name = out.file_name().ok_or_else(|| BackupError::NotEmpty(out.to_owned()))?;
        let mut draft = std::ffi::OsString::from(".");
        draft.push(name);
        draft.push(".restoring");
        let path = out.with_file_name(draft);
        match folder(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(BackupError::Left(path)),
            Err(source) => Err(cannot(&path, "made", source)),
            Ok(()) => Ok(Draft { path, file: None, done: false }),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.done {
            // It says itself what it is where this fails.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Unpack for Draft {
    fn begin(&mut self, path: &str) -> Result<(), BackupError> {
        // Known paths alone come here: of plain names, and never upwards.
        let path = self.path.join(path);
        let mut at = self.path.clone();
        for part in path.strip_prefix(&self.path).unwrap_or(&path).parent().unwrap_or(Path::new("")) {
            at.push(part);
            match folder(&at) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(cannot(&at, "made", error));
                }
                _ => {}
            }
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|source| cannot(&path, "made", source))?;
        self.file = Some((path, file));
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|source| cannot(path, "written", source))
    }

    fn end(&mut self) -> Result<(), BackupError> {
        let Some((path, file)) = self.file.take() else { return Ok(()) };
        file.sync_all().map_err(|source| cannot(&path, "written", source))
    }
}

fn folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync(path: &Path) -> Result<(), BackupError> {
    if cfg!(unix) {
        File::open(path)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| cannot(path, "written", source))?;
    }
    Ok(())
}

/// Makes the names in a folder and in those below it durable.
fn sync_folders(path: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(path).map_err(|source| cannot(path, "read", source))? {
        let path = entry.map_err(|source| cannot(path, "read", source))?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    sync(path)
}

fn cannot(path: &Path, doing: &'static str, source: io::Error) -> BackupError {
    BackupError::Io { path: path.to_owned(), doing, source }
}
