//! A snapshot's folder: written under another name, durable, then renamed; what a crash leaves is removed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::extract::manifest::Sha256Hex;
use crate::vault::{SealedWriter, Vault, encrypt_file};

/// End of the name of a folder that is being written.
const DRAFT: &str = ".sealing";

/// A folder being written. Dropped before [`Draft::publish`], it is removed.
pub(super) struct Draft {
    vault: Vault,
    path: PathBuf,
    out: PathBuf,
    published: bool,
}

impl Draft {
    /// Makes the folder next to `out`, which must not exist.
    pub(super) fn begin(vault: &Vault, out: &Path) -> io::Result<Draft> {
        if out.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let name = out.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let mut draft = std::ffi::OsString::from(".");
        draft.push(name);
        draft.push(DRAFT);
        let path = out.with_file_name(draft);
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Draft { vault: vault.clone(), path, out: out.to_owned(), published: false })
    }

    /// Creates a file in the folder, sealed under its name.
    pub(super) fn create(&self, name: &str) -> io::Result<Output> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.path.join(name))?;
        let file = io::BufWriter::with_capacity(1 << 20, file);
        let file = SealedWriter::new(&self.vault, file, &bound_name(name))?;
        Ok(Output { file, hash: Sha256::new(), bytes: 0 })
    }

    /// Creates a working file, to be read again by whoever wrote it and removed before the folder is published.
    pub(super) fn create_work(&self, name: &str) -> io::Result<(File, PathBuf)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = self.path.join(name);
        Ok((options.open(&path)?, path))
    }

    /// Takes a durable file of another folder over, under a name here.
    pub(super) fn link(&self, from: &Path, name: &str) -> io::Result<()> {
        let to = self.path.join(name);
        // A file system without a second name for a file gets a second file.
        fs::hard_link(from, &to).or_else(|_| {
            fs::copy(from, &to)?;
            File::open(&to)?.sync_all()
        })
    }

    /// Makes the folder durable under its own name. Its files are durable already ([`Output::finish`]).
    pub(super) fn publish(mut self) -> io::Result<()> {
        sync_folder(&self.path)?;
        fs::rename(&self.path, &self.out)?;
        self.published = true;
        match self.out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
            _ => sync_folder(Path::new(".")),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // Start-up removes what is left where even this fails.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Makes the names in a folder durable.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "only Unix has folders that can be synced"))]
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// The name that a file of a snapshot is bound to. The folder is not in it: a file that stays as it was when others are written
/// anew is in two. Which of two files of a name is meant, their digests say.
pub(super) fn bound_name(name: &str) -> String {
    format!("snapshot/{name}")
}

/// A file being written, with the length and digest of what it holds in clear.
pub(super) struct Output {
    file: SealedWriter<io::BufWriter<File>>,
    hash: Sha256,
    bytes: u64,
}

impl Output {
    /// Makes the file durable; returns the length and digest of what it holds.
    pub(super) fn finish(self) -> io::Result<(u64, Sha256Hex)> {
        self.file.finish()?.get_ref().sync_all()?;
        Ok((self.bytes, Sha256Hex::from_bytes(self.hash.finalize().into())))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Name of the folder of a snapshot that was written anew so many times because rows of it were erased.
#[must_use]
pub fn folder_name(id: u32, generation: u32) -> String {
    if generation == 0 { id.to_string() } else { format!("{id}-{generation}") }
}

/// How often a snapshot was written anew, by the name of its folder; `None` for what is no snapshot's name.
#[must_use]
pub fn generation_of(name: &str) -> Option<u32> {
    let (id, generation) = name.split_once('-').unwrap_or((name, "0"));
    let (id, generation) = (id.parse().ok()?, generation.parse().ok()?);
    // Only the plain form of a number is a snapshot's name: `+7` and `007` are somebody else's.
    (folder_name(id, generation) == name).then_some(generation)
}

/// Encrypts the files of a snapshot's folder that a version before 0.2.0 made, for its migration: each by a new file that takes its
/// name when it is durable. What they hold stays, and so do the digests. Whatever ends it midway, done again, it carries on.
/// Returns how many there were to encrypt.
///
/// # Errors
/// I/O errors.
pub fn encrypt_plain(vault: &Vault, dir: &Path) -> io::Result<usize> {
    let mut encrypted = 0;
    // What an end in the middle left goes before anything new gets such a name.
    let entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    let (left, files): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.file_name().to_string_lossy().ends_with(DRAFT));
    left.iter().try_for_each(|entry| fs::remove_file(entry.path()))?;
    for entry in files {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if entry.file_type()?.is_file() {
            encrypted += usize::from(encrypt_file(vault, &entry.path(), DRAFT, &bound_name(&name))?);
        }
    }
    sync_folder(dir)?;
    Ok(encrypted)
}

/// Removes what a crash left in the folder of snapshots: folders being written, and folders of snapshots that never came
/// into force, or that another has replaced, because their name is not in `keep`. Anything else is left alone. Returns the
/// names removed.
///
/// For start-up, before any seal. A folder that does not exist holds no orphans.
///
/// # Errors
/// I/O errors.
pub fn remove_orphans(dir: &Path, keep: &[&str]) -> io::Result<Vec<String>> {
    let mut removed = Vec::new();
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(removed),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let draft = name.strip_prefix('.').and_then(|name| name.strip_suffix(DRAFT)).is_some();
        let dropped = generation_of(&name).is_some() && !keep.contains(&name.as_str());
        if (draft || dropped) && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
            removed.push(name);
        }
    }
    if !removed.is_empty() {
        sync_folder(dir)?;
    }
    removed.sort_unstable();
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::SealedFile;

    #[test]
    fn a_draft_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a folder");
        let out = dir.path().join("3");
        let vault = Vault::throwaway();
        {
            let draft = Draft::begin(&vault, &out).expect("begun");
            draft.create("a").expect("created").write_all(b"x").expect("written");
            assert!(!out.exists());
        }
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 0);
        let draft = Draft::begin(&vault, &out).expect("begun");
        assert!(Draft::begin(&vault, &out).is_err(), "a second seal into the same folder");
        let mut file = draft.create("a").expect("created");
        file.write_all(b"abc").expect("written");
        let (bytes, hash) = file.finish().expect("durable");
        assert_eq!((bytes, hash), (3, Sha256Hex::of(b"abc")));
        draft.publish().expect("published");
        let sealed = SealedFile::open(&vault, &out.join("a"), "snapshot/a").expect("opens");
        let mut read = [0; 3];
        assert_eq!((sealed.len(), sealed.read_at(0, &mut read).expect("read"), &read), (3, 3, b"abc"));
        assert!(Draft::begin(&vault, &out).is_err(), "a snapshot is never written over");
    }

    #[test]
    fn orphans_go_and_everything_else_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in [
            "1",
            "2",
            "2-1",
            "30",
            "30-1",
            "30-2",
            ".30-3.sealing",
            ".31.sealing",
            "007",
            "2-01",
            "2-0",
            "notes",
            "+7",
        ] {
            fs::create_dir(dir.path().join(name)).expect("made");
        }
        fs::write(dir.path().join("4"), b"a file").expect("written");
        fs::write(dir.path().join("1").join("x"), b"x").expect("written");
        assert_eq!(
            remove_orphans(dir.path(), &["2", "30-2"]).expect("removed"),
            [".30-3.sealing", ".31.sealing", "1", "2-1", "30", "30-1"]
        );
        let mut left: Vec<_> =
            fs::read_dir(dir.path()).expect("read").map(|e| e.expect("entry").file_name()).collect();
        left.sort_unstable();
        assert_eq!(left, ["+7", "007", "2", "2-0", "2-01", "30-2", "4", "notes"]);
        assert!(remove_orphans(&dir.path().join("none"), &[]).expect("nothing").is_empty());
    }
}
