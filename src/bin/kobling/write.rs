//! Files that are written whole and never over others unless that was said, and `--dry-run` for everything that writes
//! or sends.
//!
//! A command that writes or sends has `#[command(flatten)] dry: Dry`, and asks it before each: [`Dry::file`] for a file
//! whose bytes are at hand, `if dry.makes(path)? { … }` for what something else writes, `if dry.sends(da, en) { … }` for
//! the service. All checks come before the first of them, in a dry run as in a real one.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use clap::Args;

use crate::exit::{Trouble, both, file};
use crate::say::language;

/// Whether anything is written or sent.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Dry {
    /// Check everything, say what would be written or sent and where, and write and send nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Whether a file may be written over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Over {
    /// It may not.
    Never,
    /// Where the command's `--replace` says so.
    Replace(bool),
    /// It may: what is written is the same whenever it is.
    Always,
}

impl Over {
    const fn may(self) -> bool {
        matches!(self, Over::Replace(true) | Over::Always)
    }
}

impl Dry {
    /// Whether this is a dry run.
    pub(crate) const fn on(self) -> bool {
        self.dry_run
    }

    /// Whether a new file or folder is to be made now. Refuses what is there already and what has no folder to stand in;
    /// a dry run then says that it would be made.
    pub(crate) fn makes(self, path: &Path) -> Result<bool, Trouble> {
        check_new(path, Over::Never)?;
        Ok(!self.dry_run || would_write(path, None))
    }

    /// That a file may be written, for when its bytes are dear to get. Says nothing.
    pub(crate) fn may_take(self, path: &Path, over: Over) -> Result<(), Trouble> {
        if over.may() { check_folder(path) } else { check_new(path, over) }
    }

    /// Says that a file would be written whose bytes a dry run does not get.
    pub(crate) fn would(self, path: &Path) {
        would_write(path, None);
    }

    /// A file, whole: a new one, or over one that is there.
    pub(crate) fn file(self, path: &Path, bytes: &[u8], over: Over) -> Result<(), Trouble> {
        self.may_take(path, over)?;
        if self.dry_run {
            would_write(path, Some(bytes.len()));
            return Ok(());
        }
        let mut options = OpenOptions::new();
        if over.may() {
            options.create(true).truncate(true);
        } else {
            options.create_new(true);
        }
        let mut to = open(&mut options, path, over)?;
        to.write_all(bytes).and_then(|()| to.sync_all()).map_err(file(path))
    }

    /// A new file that its owner alone can read, whole.
    pub(crate) fn private(self, path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
        self.may_take(path, Over::Never)?;
        if self.dry_run {
            would_write(path, Some(bytes.len()));
            return Ok(());
        }
        let mut to = open_private(path)?;
        to.write_all(bytes).and_then(|()| to.sync_all()).map_err(file(path))
    }

    /// A new file that its owner alone can read, to be written bit by bit; none in a dry run.
    pub(crate) fn create_private(self, path: &Path) -> Result<Option<File>, Trouble> {
        if self.makes(path)? { open_private(path).map(Some) } else { Ok(None) }
    }

    /// Whether something is to be sent now; a dry run says what it would be.
    pub(crate) fn sends(self, da: impl AsRef<str>, en: impl AsRef<str>) -> bool {
        if self.dry_run {
            eprintln!("{}", language().choose(da.as_ref(), en.as_ref()));
        }
        !self.dry_run
    }
}

/// Says what would be written; never true, for the end of a condition.
fn would_write(path: &Path, bytes: Option<usize>) -> bool {
    let language = language();
    let size = bytes
        .map(|bytes| format!(" ({} {})", language.count(bytes as u64), language.choose("byte", "bytes")));
    let size = size.unwrap_or_default();
    eprintln!("{} {}{size}", language.choose("ville skrive", "would write"), path.display());
    false
}

/// Opens a file to write to.
fn open(options: &mut OpenOptions, path: &Path, over: Over) -> Result<File, Trouble> {
    options.write(true).open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => there_already(path, over),
        _ => file(path)(error),
    })
}

/// A new file that its owner alone can read; one that is there is left as it is.
fn open_private(path: &Path) -> Result<File, Trouble> {
    let mut options = OpenOptions::new();
    options.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    open(&mut options, path, Over::Never)
}

fn there_already(path: &Path, over: Over) -> Trouble {
    let path = path.display();
    let (da, en) = match over {
        Over::Replace(_) => (", eller --replace", ", or --replace"),
        Over::Never | Over::Always => ("", ""),
    };
    Trouble::Files(both(
        format!("{path}: findes allerede; giv et andet navn{da}"),
        format!("{path}: exists already, and what is there already stays as it is; give another name{en}"),
    ))
}

/// That nothing stands at a path, and that its folder takes a new name.
fn check_new(path: &Path, over: Over) -> Result<(), Trouble> {
    match path.symlink_metadata() {
        Ok(_) => Err(there_already(path, over)),
        Err(error) if error.kind() == ErrorKind::NotFound => check_folder(path),
        Err(error) => Err(file(path)(error)),
    }
}

/// That the folder of a path is there and may be written to.
fn check_folder(path: &Path) -> Result<(), Trouble> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let about = folder.metadata().map_err(file(folder))?;
    if !about.is_dir() {
        return Err(file(folder)(ErrorKind::NotADirectory.into()));
    }
    if may_write(folder, &about) { Ok(()) } else { Err(file(folder)(ErrorKind::PermissionDenied.into())) }
}

#[cfg(unix)]
fn may_write(folder: &Path, _: &std::fs::Metadata) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// What the attributes say; access lists are met when it is written.
#[cfg(not(unix))]
fn may_write(_: &Path, about: &std::fs::Metadata) -> bool {
    !about.permissions().readonly()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_refuses_as_a_real_one_and_writes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (there, new) = (folder.path().join("there"), folder.path().join("new"));
        std::fs::write(&there, "old").expect("written");
        for dry in [Dry { dry_run: true }, Dry { dry_run: false }] {
            assert!(matches!(dry.makes(&there), Err(Trouble::Files(_))));
            assert!(matches!(dry.file(&there, b"new", Over::Never), Err(Trouble::Files(_))));
            assert!(matches!(dry.makes(&folder.path().join("no/new")), Err(Trouble::Files(_))));
            assert!(matches!(dry.makes(&there.join("new")), Err(Trouble::Files(_))));
            assert!(matches!(dry.private(&there, b"new"), Err(Trouble::Files(_))));
            assert!(matches!(dry.create_private(&there), Err(Trouble::Files(_))));
            assert_eq!(dry.makes(&new).expect("may be made"), !dry.on());
            assert_eq!(dry.sends("sender", "sends"), !dry.on());
        }
        let dry = Dry { dry_run: true };
        dry.file(&new, b"new", Over::Never).expect("may be made");
        dry.file(&there, b"new", Over::Replace(true)).expect("may be replaced");
        dry.private(&new, b"new").expect("may be made");
        assert!(dry.create_private(&new).expect("may be made").is_none());
        assert!(!new.exists() && std::fs::read(&there).expect("readable") == b"old");
        let wet = Dry { dry_run: false };
        wet.file(&new, b"new", Over::Never).expect("made");
        wet.file(&there, b"new", Over::Replace(true)).expect("replaced");
        assert!(
            std::fs::read(&new).expect("made") == b"new" && std::fs::read(&there).expect("there") == b"new"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (whole, bits) = (folder.path().join("whole"), folder.path().join("bits"));
        let wet = Dry { dry_run: false };
        wet.private(&whole, b"new").expect("made");
        assert!(wet.create_private(&bits).expect("made").is_some());
        for path in [whole, bits] {
            let mode = path.metadata().expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
    }
}
