//! Files for their owner alone: keys, identities, bearer tokens, a CPR number in a file.
//!
//! One place opens and makes them all, so that none is read while others may read it and none is written over. It also
//! tells who may change what lies on the disk, for files and folders that are no secret but are trusted. On Windows a file stands under the access rules of its folder alone: that is neither checked nor tested.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Why a private file could not be read or written. Never carries any of its content.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The file system said no.
    #[error("{}: cannot be {}", path.display(), doing.english())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was to be done.
        doing: Doing,
        /// The cause.
        source: std::io::Error,
    },
    /// A new file, and one that is there.
    #[error("{}: exists already, and a secret is never written over; give the name of a new file", .0.display())]
    Exists(PathBuf),
    /// Others than the owner may read it.
    #[error("{}: others than you may read this file; run `chmod 600` on it, and ask yourself who has read it", .0.display())]
    Open(PathBuf),
    /// Others may change what lies in a folder that secrets were to be written to.
    #[error("{}: others than you may change what lies in this folder; run `chmod go-w` on it if it is yours, or name a new folder", .0.display())]
    Folder(PathBuf),
    /// Larger than any such file.
    #[error("{}: too large, at most {most} bytes are expected; is it the right file?", path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// The ceiling, in bytes.
        most: u64,
    },
}

/// What was to be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// To read it.
    Read,
    /// To write it.
    Written,
}

impl Doing {
    const fn english(self) -> &'static str {
        match self {
            Doing::Read => "read",
            Doing::Written => "written",
        }
    }
}

/// Who may read a file that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone: refused on Unix if it is open to others.
    OwnerOnly,
    /// Anybody: published examples, and what is encrypted.
    Anybody,
}

/// Who may change a file, or what lies in a folder, besides the user whose process this is and root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// Nobody, as far as owner and mode tell.
    Nobody,
    /// A group.
    Group,
    /// Everybody on the machine.
    Everybody,
    /// Its owner, who is somebody else.
    Owner,
}

impl Writers {
    /// What owner and mode say, the owner first. On other systems than Unix: not known, so nobody.
    #[must_use]
    pub fn of(about: &std::fs::Metadata) -> Writers {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Writers::by(about.uid(), about.mode(), rustix::process::geteuid().as_raw())
        }
        #[cfg(not(unix))]
        {
            let _ = about;
            Writers::Nobody
        }
    }

    /// What an owner and a mode mean to a process of user `own`.
    #[cfg(unix)]
    const fn by(owner: u32, mode: u32, own: u32) -> Writers {
        match (owner, mode) {
            (owner, _) if owner != 0 && owner != own => Writers::Owner,
            (_, mode) if mode & 0o002 != 0 => Writers::Everybody,
            (_, mode) if mode & 0o020 != 0 => Writers::Group,
            _ => Writers::Nobody,
        }
    }
}

/// Reads a file of text or bytes, up to a size.
///
/// # Errors
/// [`PrivateFileError::Io`], [`PrivateFileError::Open`], [`PrivateFileError::Large`].
pub fn read_bytes(path: &Path, most: u64, readers: Readers) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    let io = |source| PrivateFileError::Io { path: path.to_owned(), doing: Doing::Read, source };
    let file = File::open(path).map_err(io)?;
    if readers == Readers::OwnerOnly && is_open(&file).map_err(io)? {
        return Err(PrivateFileError::Open(path.to_owned()));
    }
    let large = || PrivateFileError::Large { path: path.to_owned(), most };
    // Room for all of it at once: a vector that grows leaves copies behind. One byte more shows that it is too large.
    let size = file.metadata().map_err(io)?.len();
    let room = usize::try_from(size.min(most)).map_err(|_| large())?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room + 64));
    file.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > most {
        return Err(large());
    }
    Ok(bytes)
}

/// Reads a file of text, up to a size.
///
/// # Errors
/// As [`read_bytes`]; what is no UTF-8 is [`PrivateFileError::Io`].
pub fn read_text(path: &Path, most: u64, readers: Readers) -> Result<Zeroizing<String>, PrivateFileError> {
    let mut bytes = read_bytes(path, most, readers)?;
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            let source = std::io::ErrorKind::InvalidData.into();
            Err(PrivateFileError::Io { path: path.to_owned(), doing: Doing::Read, source })
        }
    }
}

/// Writes a new file with mode 0600, synced; one that is there is left alone.
///
/// # Errors
/// [`PrivateFileError::Io`], [`PrivateFileError::Exists`].
pub fn write_new(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    let io = |source| PrivateFileError::Io { path: path.to_owned(), doing: Doing::Written, source };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => PrivateFileError::Exists(path.to_owned()),
        _ => io(error),
    })?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key helps nobody, and would stand in the way of the next attempt.
        drop(file);
        let _ = std::fs::remove_file(path);
    }
    written.map_err(io)
}

/// Whether others than its owner may read the file. On other systems than Unix: not known, so no.
fn is_open(file: &File) -> std::io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let about = file.metadata()?;
        let own = rustix::process::geteuid().as_raw();
        Ok(open_by(about.uid(), about.gid(), about.mode(), own))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(false)
    }
}

/// What owner, group and mode mean to a process of user `own`.
///
/// A credential that systemd lays for a service (systemd.exec(5)) can be root's and root's group's, with an access list
/// that lets the service's user in: such a list shows as the group's right to read. Root's group is not more than root.
#[cfg(unix)]
const fn open_by(owner: u32, group: u32, mode: u32, own: u32) -> bool {
    let roots_alone = owner == 0 && group == 0 && own != 0;
    mode & (if roots_alone { 0o037 } else { 0o077 }) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_once_and_never_written_over() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("secret");
        write_new(&path, b"abc").expect("written");
        assert!(matches!(write_new(&path, b"x"), Err(PrivateFileError::Exists(_))));
        assert_eq!(read_text(&path, 3, Readers::OwnerOnly).expect("readable").as_str(), "abc");
        let large = read_text(&path, 2, Readers::OwnerOnly);
        assert!(matches!(large, Err(PrivateFileError::Large { most: 2, .. })));
        let nowhere = dir.path().join("nowhere").join("secret");
        assert!(matches!(write_new(&nowhere, b"x"), Err(PrivateFileError::Io { .. })));
        assert!(matches!(
            read_text(&nowhere, 2, Readers::Anybody),
            Err(PrivateFileError::Io { doing: Doing::Read, .. })
        ));
    }

    #[test]
    fn what_is_no_text_is_said_to_be_none() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("secret");
        write_new(&path, &[0xff, 0xfe]).expect("written");
        assert!(read_bytes(&path, 9, Readers::OwnerOnly).is_ok());
        let refused = read_text(&path, 9, Readers::OwnerOnly);
        assert!(matches!(
            refused,
            Err(PrivateFileError::Io { source, .. }) if source.kind() == std::io::ErrorKind::InvalidData
        ));
    }

    #[cfg(unix)]
    #[test]
    fn who_may_change_a_file_follows_from_owner_and_mode() {
        for (owner, mode, own, writers) in [
            (7, 0o100_644, 7, Writers::Nobody),
            (0, 0o100_644, 7, Writers::Nobody),
            (8, 0o100_600, 7, Writers::Owner),
            // Root trusts its own files alone.
            (8, 0o100_600, 0, Writers::Owner),
            (7, 0o100_664, 7, Writers::Group),
            (0, 0o100_620, 7, Writers::Group),
            (7, 0o100_602, 7, Writers::Everybody),
            (0, 0o041_777, 7, Writers::Everybody),
        ] {
            assert_eq!(Writers::by(owner, mode, own), writers, "{owner} {mode:o} {own}");
        }
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(Writers::of(&dir.path().metadata().expect("there")), Writers::Nobody);
    }

    #[cfg(unix)]
    #[test]
    fn a_credential_of_systemd_with_an_access_list_is_open_to_nobody_else() {
        // Owner, group and mode as tmpfs shows them, and who asks.
        assert!(!open_by(0, 0, 0o440, 998));
        for (owner, group, mode, own) in [
            (0, 0, 0o444, 998),
            (0, 0, 0o460, 998),
            (0, 0, 0o450, 998),
            (0, 998, 0o440, 998),
            (998, 0, 0o440, 998),
            (998, 998, 0o440, 998),
            (0, 0, 0o440, 0),
        ] {
            assert!(open_by(owner, group, mode, own), "{owner} {group} {mode:o} {own}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_open_to_anybody_else_is_refused_whoever_they_are() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("secret");
        write_new(&path, b"abc").expect("written");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600 | bit)).expect("allowed");
            assert!(
                matches!(read_text(&path, 9, Readers::OwnerOnly), Err(PrivateFileError::Open(_))),
                "{bit:o}"
            );
            assert!(read_text(&path, 9, Readers::Anybody).is_ok());
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).expect("allowed");
        assert!(read_text(&path, 9, Readers::OwnerOnly).is_ok());
    }
}
