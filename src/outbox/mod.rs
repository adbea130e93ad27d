//! The outbox: what a partner has made, sent and got a receipt for, on its own disk.
//!
//! A *parcel* is one package on its way, and what lies beside it under the same name:
//!
//! | name | holds | written |
//! | --- | --- | --- |
//! | `NAME.note.json` | dataset, quarters, and the mark of the extract it was made of | first |
//! | `NAME.report.json`, `.html`, `.txt` | the quality report | when it is made |
//! | `NAME/` | the package: it appears whole, or not at all | when it is made |
//! | `NAME.receipt.json` | the service's receipt, verified | when it is received |
//!
//! One process works on an outbox at a time. Whatever the moment at which it ends, the next one finds every parcel in one
//! of these states and carries on; what was half made is removed. What stands in it is trusted, so on Unix a folder that
//! others may change is refused, and nothing is written through a link.
//!
//! Must never: touch an extract; write a plain digest of one. Callers: the partner's commands.

mod mark;
mod parcel;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub use mark::Marker;
pub use parcel::{Note, Parcel};

use crate::key::private::Writers;
use crate::language::Spoken;

/// Folders in which a package is being made end so, with what a writer adds.
const MAKING: &str = ".making";
/// Files that are being written end so.
const PARTIAL: &str = ".partial";
/// Notes end so.
const NOTE: &str = ".note.json";

/// Why an outbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The file system said no.
    #[error("{}: cannot be {doing}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// Another process is at work in it.
    #[error("{}: another `kobling send` works in this outbox; wait for it to end", .0.display())]
    Busy(PathBuf),
    /// Others may change what lies in it.
    #[error("{}: others than you may change what lies in this outbox; run `chmod go-w` on it, or `chown` where it is somebody else's", .0.display())]
    Open(PathBuf),
    /// A note that is none.
    #[error("{}: is no note of this outbox; move it away", .0.display())]
    Note(PathBuf),
}

impl Spoken for OutboxError {
    fn danish(&self) -> String {
        match self {
            OutboxError::Io { path, doing, .. } => {
                let doing = if *doing == "read" { "læses" } else { "skrives" };
                format!("{}: kan ikke {doing}", path.display())
            }
            OutboxError::Busy(path) => {
                format!(
                    "{}: en anden `kobling send` arbejder i denne mappe; vent til den er færdig",
                    path.display()
                )
            }
            OutboxError::Open(path) => {
                format!(
                    "{}: andre end du kan ændre, hvad der ligger i udbakken; kør `chmod go-w` på den, eller `chown`, hvis den er en andens",
                    path.display()
                )
            }
            OutboxError::Note(path) => {
                format!("{}: er ingen note i denne mappe; flyt den væk", path.display())
            }
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            OutboxError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

fn read(path: &Path) -> impl FnOnce(io::Error) -> OutboxError {
    let path = path.to_owned();
    move |source| OutboxError::Io { path, doing: "read", source }
}

fn written(path: &Path) -> impl FnOnce(io::Error) -> OutboxError {
    let path = path.to_owned();
    move |source| OutboxError::Io { path, doing: "written", source }
}

/// A folder of parcels.
#[derive(Debug)]
pub struct Outbox {
    folder: PathBuf,
    /// Held while this process works in it.
    lock: Option<File>,
}

impl Outbox {
    /// Opens an outbox to work in it: makes the folder, for its owner alone; takes the lock; removes what was half made.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn open(folder: &Path) -> Result<Outbox, OutboxError> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(written(folder))?;
        Outbox::look(folder).is_ones_own()?;
        let path = folder.join(".lock");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        }
        let lock = options.open(&path).map_err(written(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(OutboxError::Busy(folder.to_owned())),
            Err(std::fs::TryLockError::Error(error)) => return Err(written(&path)(error)),
        }
        let outbox = Outbox { folder: folder.to_owned(), lock: Some(lock) };
        outbox.tidy()?;
        Ok(outbox)
    }

    /// Looks at an outbox that another process may work in. One that is not there is empty.
    #[must_use]
    pub fn look(folder: &Path) -> Outbox {
        Outbox { folder: folder.to_owned(), lock: None }
    }

    /// That nobody else may change what lies in it. One that is not there is nobody else's.
    ///
    /// # Errors
    /// [`OutboxError::Open`], [`OutboxError::Io`].
    pub fn is_ones_own(&self) -> Result<(), OutboxError> {
        match std::fs::metadata(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(read(&self.folder)(error)),
            Ok(about) if Writers::of(&about) == Writers::Nobody => Ok(()),
            Ok(_) => Err(OutboxError::Open(self.folder.clone())),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn names(&self) -> Result<Vec<String>, OutboxError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(read(&self.folder))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(read(&self.folder))?.file_name();
            names.extend(name.into_string().ok());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Removes what a process that ended left half made: nothing of it was sent.
    fn tidy(&self) -> Result<(), OutboxError> {
        let names = self.names()?;
        for name in &names {
            let path = self.folder.join(name);
            if name.starts_with('.') && name.contains(MAKING) {
                std::fs::remove_dir_all(&path).map_err(written(&path))?;
            } else if name.starts_with('.') && name.ends_with(PARTIAL) {
                std::fs::remove_file(&path).map_err(written(&path))?;
            } else if let Some(parcel) = name.strip_suffix(NOTE)
                && !self.folder.join(parcel).exists()
            {
                std::fs::remove_file(&path).map_err(written(&path))?;
            }
        }
        Ok(())
    }

    /// All parcels, oldest first.
    ///
    /// # Errors
    /// [`OutboxError`].
    pub fn parcels(&self) -> Result<Vec<Parcel>, OutboxError> {
        let mut parcels = Vec::new();
        for name in self.names()? {
            if let Some(parcel) = name.strip_suffix(NOTE).filter(|name| !name.starts_with('.'))
                && self.folder.join(parcel).is_dir()
            {
                parcels.push(Parcel::load(&self.folder, parcel)?);
            }
        }
        parcels.sort_by(|a, b| (a.note.made_at, &a.name).cmp(&(b.note.made_at, &b.name)));
        Ok(parcels)
    }

    /// Begins a parcel: its note is there before anything else of it.
    ///
    /// # Errors
    /// [`OutboxError`].
    ///
    /// # Panics
    /// When the outbox was opened to look at only.
    pub fn begin(&self, note: Note) -> Result<Parcel, OutboxError> {
        assert!(self.lock.is_some(), "an outbox that is only looked at takes no parcel");
        let base = note.name();
        let names = (1..).map(|n| if n == 1 { base.clone() } else { format!("{base}-{n}") });
        let free = |name: &String| {
            !self.folder.join(name).exists() && !self.folder.join(format!("{name}.report.json")).exists()
        };
        let name = names.into_iter().find(free).expect("there are more numbers than parcels");
        Parcel::begin(&self.folder, &name, note)
    }
}

/// Writes a file that appears whole or not at all, for its owner alone, and durably.
fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), OutboxError> {
    let (partial, path) = (folder.join(format!(".{name}{PARTIAL}")), folder.join(name));
    // Half of one that was being written; or a link, which goes and is not followed.
    parcel::remove(&partial, |path| std::fs::remove_file(path))?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial).map_err(written(&partial))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(written(&partial))?;
    drop(file);
    std::fs::rename(&partial, &path).map_err(written(&path))?;
    sync_folder(folder).map_err(written(folder))
}

/// Makes names in a folder durable. Windows has no such call, and needs none on NTFS; that is untested.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests;
