//! Making an archive of a folder that others go on working in.
//!
//! First everything that may be named is given a second name in a working folder, so that it stays whatever is removed meanwhile;
//! then the database is copied as it stands at one moment; then what it names and has no second name yet is given one. When
//! something of that is gone by then, all of it is done again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::manifest::{ABOUT, DATABASE, DIGESTS, FORMAT, FileDigest, SIGNATURE, is_known};
use super::{About, BACKUP_CONTEXT, BackupError, Watch};
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;
use crate::key::{Recipients, Sealing, SigningKey};
use crate::store::{Copied, Store};

/// The working folder's name, in the data folder: removed at start-up when a crash left it.
pub const WORKING: &str = ".backup";

/// How often it is begun anew when files vanish meanwhile.
const TRIES: u32 = 5;

/// What a backup is made of and for.
pub struct Wanted<'a> {
    /// The store.
    pub store: &'a Store,
    /// The service's key, which signs the list of digests.
    pub signing: &'a SigningKey,
    /// To whom it is encrypted.
    pub recipients: &'a Recipients,
    /// When.
    pub now: Timestamp,
}

/// A backup whose moment is past, and whose files stay until it is dropped.
pub struct Making {
    folder: Working,
    about: About,
    /// Paths in the archive, in their order.
    files: Vec<String>,
}

impl Making {
    /// Holds on to everything of one moment.
    ///
    /// # Errors
    /// [`BackupError::UnderWay`], and whatever store and disk say; nothing is left then.
    pub fn begin(wanted: &Wanted<'_>, watch: Watch<'_>) -> Result<Making, BackupError> {
        let folder = Working::new(wanted.store.folder().root())?;
        let mut tried = 0;
        let (copied, files) = loop {
            tried += 1;
            match hold(wanted.store, &folder.0, watch) {
                Err(BackupError::Missing(_)) if tried < TRIES => folder.empty()?,
                held => break held?,
            }
        };
        let in_force = wanted.store.in_force()?;
        let about = About {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: copied.schema,
            made_at: wanted.now,
            programme: in_force.programme.id.clone(),
            programme_version: in_force.programme.version,
            programme_sha256: Sha256Hex::from_bytes(in_force.programme.sha256),
            service: wanted.signing.verifying_key(),
            chain: copied.head,
            chain_at: copied.last_at,
        };
        Ok(Making { folder, about, files })
    }

    /// What the archive says of itself.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// Writes the archive.
    ///
    /// # Errors
    /// [`BackupError::Write`] and [`BackupError::Io`]; what was written is no archive then.
    pub fn write(
        self,
        wanted: &Wanted<'_>,
        out: &mut dyn Write,
        watch: Watch<'_>,
    ) -> Result<About, BackupError> {
        let mut all = 0;
        for path in &self.files {
            all += self.length(path)?;
        }
        // The encryption writes in chunks of 64 KiB.
        let mut archive = tar::Builder::new(Sealing::to(wanted.recipients, out).map_err(BackupError::Write)?);
        let mut digests = Vec::new();
        let about = serde_json::to_vec_pretty(&self.about).expect("plain data is JSON");
        digests.push(add(&mut archive, ABOUT, about.len() as u64, &about[..], &mut |_| Ok(()))?);
        let mut done = 0;
        for path in &self.files {
            let place = self.folder.0.join(path);
            let length = self.length(path)?;
            let file = File::open(&place).map_err(|source| cannot(&place, "read", source))?;
            let mut each = |bytes| {
                done += bytes;
                watch(done, all)
            };
            digests.push(add(&mut archive, path, length, file, &mut each)?);
        }
        let list = serde_json::to_vec_pretty(&digests).expect("plain data is JSON");
        let signature = format!("{}\n", wanted.signing.sign(BACKUP_CONTEXT, &list));
        add(&mut archive, DIGESTS, list.len() as u64, &list[..], &mut |_| Ok(()))?;
        add(&mut archive, SIGNATURE, signature.len() as u64, signature.as_bytes(), &mut |_| Ok(()))?;
        let sealing = archive.into_inner().map_err(BackupError::Write)?;
        sealing.finish().and_then(|out| out.flush()).map_err(BackupError::Write)?;
        Ok(self.about)
    }

    fn length(&self, path: &str) -> Result<u64, BackupError> {
        let place = self.folder.0.join(path);
        fs::metadata(&place).map(|about| about.len()).map_err(|source| cannot(&place, "read", source))
    }
}

/// Adds a file of a length: so many bytes, whatever is appended to it meanwhile.
fn add(
    archive: &mut tar::Builder<impl Write>,
    path: &str,
    length: u64,
    file: impl Read,
    each: &mut dyn FnMut(u64) -> io::Result<()>,
) -> Result<FileDigest, BackupError> {
    let mut header = tar::Header::new_ustar();
    header.set_path(path).map_err(BackupError::Write)?;
    header.set_size(length);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut hashed = Hashed { file: file.take(length), hash: Sha256::new(), left: length, each };
    archive.append(&header, &mut hashed).map_err(BackupError::Write)?;
    if hashed.left != 0 {
        return Err(BackupError::Missing(path.to_owned()));
    }
    let sha256 = Sha256Hex::from_bytes(hashed.hash.finalize().into());
    Ok(FileDigest { path: path.to_owned(), bytes: length, sha256 })
}

/// A file that is hashed as it is read.
struct Hashed<'a, R> {
    file: R,
    hash: Sha256,
    left: u64,
    each: &'a mut dyn FnMut(u64) -> io::Result<()>,
}

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.hash.update(&into[..read]);
        self.left -= read as u64;
        (self.each)(read as u64)?;
        Ok(read)
    }
}

/// The working folder; gone when it is dropped.
struct Working(PathBuf);

impl Working {
    fn new(root: &Path) -> Result<Working, BackupError> {
        let path = root.join(WORKING);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(BackupError::UnderWay),
            Err(source) => Err(cannot(&path, "made", source)),
            Ok(()) => Ok(Working(path)),
        }
    }

    fn empty(&self) -> Result<(), BackupError> {
        for entry in fs::read_dir(&self.0).map_err(|source| cannot(&self.0, "read", source))? {
            let path = entry.map_err(|source| cannot(&self.0, "read", source))?.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|source| cannot(&path, "removed", source))?;
        }
        Ok(())
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        // Start-up removes what is left.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Copies the database, and gives everything that the copy names a second name.
fn hold(store: &Store, to: &Path, watch: Watch<'_>) -> Result<(Copied, Vec<String>), BackupError> {
    let root = store.folder().root();
    link_all(root, to)?;
    let copied = store.copy_database(&to.join(DATABASE), watch)?;
    let mut files = BTreeMap::from([(DATABASE.to_owned(), ())]);
    for (name, needed) in &copied.staged {
        let path = format!("staged/{}", name.as_str());
        if link(root, to, &path)? {
            files.insert(path, ());
        } else if *needed {
            return Err(BackupError::Missing(path));
        }
    }
    for folder in &copied.snapshots {
        let path = format!("snapshots/{folder}");
        let names = names(&root.join(&path))?.or(names(&to.join(&path))?);
        let names = names.filter(|names| names.iter().any(|name| name == crate::snapshot::SNAPSHOT_FILE));
        for name in names.ok_or_else(|| BackupError::Missing(path.clone()))? {
            let path = format!("{path}/{name}");
            if is_known(&path) {
                if !link(root, to, &path)? {
                    return Err(BackupError::Missing(path));
                }
                files.insert(path, ());
            }
        }
    }
    Ok((copied, files.into_keys().collect()))
}

/// Gives everything that is there a second name.
fn link_all(root: &Path, to: &Path) -> Result<(), BackupError> {
    for name in names(&root.join("staged"))?.unwrap_or_default() {
        let path = format!("staged/{name}");
        if is_known(&path) {
            link(root, to, &path)?;
        }
    }
    for folder in names(&root.join("snapshots"))?.unwrap_or_default() {
        if crate::snapshot::generation_of(&folder).is_none() {
            continue;
        }
        for name in names(&root.join("snapshots").join(&folder))?.unwrap_or_default() {
            let path = format!("snapshots/{folder}/{name}");
            if is_known(&path) {
                link(root, to, &path)?;
            }
        }
    }
    Ok(())
}

/// The names in a folder; `None` where there is none.
fn names(folder: &Path) -> Result<Option<Vec<String>>, BackupError> {
    let cannot = |source| cannot(folder, "read", source);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(cannot)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(cannot)?.file_name().into_string());
    }
    Ok(Some(names))
}

/// Gives a file a second name, or, on a file system without, a copy. `false` where it is gone.
fn link(root: &Path, to: &Path, path: &str) -> Result<bool, BackupError> {
    let (from, to) = (root.join(path), to.join(path));
    if to.exists() {
        return Ok(true);
    }
    let parent = to.parent().expect("it lies in the working folder");
    fs::create_dir_all(parent).map_err(|source| cannot(parent, "made", source))?;
    match fs::hard_link(&from, &to).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Err(error),
        _ => fs::copy(&from, &to).map(|_| ()),
    }) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        linked => linked.map(|()| true).map_err(|source| cannot(&from, "linked", source)),
    }
}

fn cannot(path: &Path, doing: &'static str, source: io::Error) -> BackupError {
    BackupError::Io { path: path.to_owned(), doing, source }
}
