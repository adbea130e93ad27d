//! The answer in this process: standard output, and a new file that is there whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use super::answer::Outlet;
use crate::exit::Failure;

/// Standard output and the file that was asked for.
pub(super) struct Here {
    file: Option<NewFile>,
    watched: bool,
    drawn: bool,
}

/// A file for its owner alone that has its name only once it is whole.
struct NewFile {
    path: PathBuf,
    file: File,
    /// The name that it has meanwhile, where the system gives none without.
    draft: Option<PathBuf>,
    kept: bool,
}

impl Here {
    /// Begins with the file: what cannot be written down need not be asked for.
    pub(super) fn new(path: Option<&Path>) -> Result<Here, Failure> {
        let file = path.map(NewFile::new).transpose()?;
        Ok(Here { file, watched: io::stderr().is_terminal(), drawn: false })
    }

    fn rub_out(&mut self) {
        if std::mem::take(&mut self.drawn) {
            eprint!("\r\x1b[K");
        }
    }
}

impl Outlet for Here {
    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.rub_out();
        io::stdout().write_all(bytes)
    }

    fn file(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.file {
            Some(new) => new.file.write_all(bytes).map_err(|error| named(&new.path, &error)),
            None => io::stdout().write_all(bytes),
        }
    }

    fn keep(&mut self) -> io::Result<()> {
        self.rub_out();
        self.file.as_mut().map_or(Ok(()), |file| file.keep().map_err(|error| named(&file.path, &error)))
    }

    fn progress(&mut self, done: u64, of: u64) -> io::Result<()> {
        if self.watched {
            let share = (done.min(of) * 100).checked_div(of).unwrap_or(100);
            self.drawn = true;
            eprint!("\r{share:3} %");
        }
        Ok(())
    }
}

impl NewFile {
    fn new(path: &Path) -> Result<NewFile, Failure> {
        let fail = |error: &io::Error| Failure::Files(named(path, error).to_string());
        if path.symlink_metadata().is_ok() {
            return Err(fail(&io::ErrorKind::AlreadyExists.into()));
        }
        let (file, draft) = match unnamed(folder_of(path)) {
            Some(file) => (file, None),
            None => {
                let mut draft = path.as_os_str().to_owned();
                draft.push(".partial");
                let draft = PathBuf::from(draft);
                (draft_file(&draft).map_err(|error| fail(&error))?, Some(draft))
            }
        };
        Ok(NewFile { path: path.to_owned(), file, draft, kept: false })
    }

    fn keep(&mut self) -> io::Result<()> {
        if self.kept {
            return Ok(());
        }
        self.file.sync_all()?;
        match &self.draft {
            // A name that somebody took meanwhile stays theirs.
            Some(draft) => {
                std::fs::hard_link(draft, &self.path)?;
                std::fs::remove_file(draft)?;
            }
            None => name(&self.file, &self.path)?,
        }
        self.kept = true;
        if cfg!(unix) { File::open(folder_of(&self.path))?.sync_all() } else { Ok(()) }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(draft) = self.draft.as_ref().filter(|_| !self.kept) {
            // What is left is a draft by its name.
            let _ = std::fs::remove_file(draft);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn draft_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file without a name in a folder: whatever ends the process, nothing is left of it. Not every file system has them.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    openat(CWD, folder, flags, Mode::RUSR | Mode::WUSR).ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_folder: &Path) -> Option<File> {
    None
}

/// Gives it its name, unless that is taken (open(2), `O_TMPFILE`).
#[cfg(target_os = "linux")]
fn name(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};
    let from = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, from, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn name(_file: &File, _path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all_and_never_written_over() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("out");
        {
            let mut given_up = Here::new(Some(&path)).unwrap_or_else(|_| panic!("made"));
            given_up.file(b"half").expect("written");
        }
        assert_eq!(std::fs::read_dir(dir.path()).expect("read").count(), 0, "nothing is left");
        let mut whole = Here::new(Some(&path)).unwrap_or_else(|_| panic!("made"));
        let mut second = Here::new(Some(&path)).unwrap_or_else(|_| panic!("made"));
        whole.file(b"whole").expect("written");
        assert!(!path.exists());
        whole.keep().expect("kept");
        assert_eq!(std::fs::read(&path).expect("read"), b"whole");
        second.file(b"other").expect("written");
        assert!(second.keep().is_err(), "the name was taken meanwhile");
        assert!(matches!(Here::new(Some(&path)), Err(Failure::Files(_))), "and is now");
        assert_eq!(std::fs::read(&path).expect("read"), b"whole");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
