//! Where a mapping is written: a new file, or in the place of an older version that is kept beside it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::exit::{Trouble, both, file};

pub(super) struct Target {
    path: PathBuf,
    /// The older version: its number, and where it is kept.
    before: Option<(u32, PathBuf)>,
}

impl Target {
    /// Refuses, before anything is asked, what could not be written.
    pub fn of(old: Option<(&Path, u32)>, out: PathBuf) -> Result<Target, Trouble> {
        let (path, before) = match old {
            Some((path, version)) => (path.to_owned(), Some((version, beside(path, version)))),
            None => (out, None),
        };
        let new = before.as_ref().map_or(&path, |(_, kept)| kept);
        if new.exists() {
            return Err(Trouble::Files(both(
                format!("{}: findes allerede; skriv et andet navn eller flyt den", new.display()),
                format!("{}: is there already; give another name or move it", new.display()),
            )));
        }
        Ok(Target { path, before })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the older version is kept.
    pub fn kept(&self) -> Option<&Path> {
        self.before.as_ref().map(|(_, kept)| kept.as_path())
    }

    /// The version that is written.
    pub fn version(&self) -> u32 {
        self.before.as_ref().map_or(1, |(version, _)| version.saturating_add(1))
    }

    pub fn write(&self, text: &[u8]) -> Result<(), Trouble> {
        let Some((_, kept)) = &self.before else { return new_file(&self.path, text) };
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let new = PathBuf::from(name);
        new_file(&new, text)?;
        fs::rename(&self.path, kept).map_err(file(kept))?;
        fs::rename(&new, &self.path).map_err(file(&self.path))
    }
}

fn new_file(path: &Path, text: &[u8]) -> Result<(), Trouble> {
    let mut to = File::create_new(path).map_err(file(path))?;
    to.write_all(text).and_then(|()| to.sync_all()).map_err(file(path))
}

/// `forloeb.map.toml` of version 2 is kept as `forloeb.map.v2.toml`.
fn beside(path: &Path, version: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = path.extension().map_or_else(String::new, |e| format!(".{}", e.to_string_lossy()));
    path.with_file_name(format!("{stem}.v{version}{ending}"))
}
