//! One package on its way, and what lies beside it.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{MAKING, NOTE, OutboxError, place, read, sync_folder, written};
use crate::audit::SignedReceipt;
use crate::clock::{Period, Timestamp};
use crate::digest::Sha256Hex;
use crate::extract::{Package, PackageError};
use crate::name::DatasetId;

/// What is noted of a parcel before it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Version of the note: 1.
    pub format: u32,
    /// The dataset.
    pub dataset: DatasetId,
    /// Its quarters.
    pub period: Period,
    /// The mark of the extract and of what else the package follows from.
    pub mark: Sha256Hex,
    /// When it was begun.
    pub made_at: Timestamp,
}

impl Note {
    /// The name that a parcel gets: dataset, quarters, and the second at which it was begun.
    pub(super) fn name(&self) -> String {
        let at: String = self.made_at.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        // Seconds are enough: a second parcel of the same second gets a number.
        let second = at.get(..15).unwrap_or(&at);
        format!("{}_{}_{}_{second}Z", self.dataset, self.period.first(), self.period.last())
    }
}

/// A package on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    folder: PathBuf,
    /// Its name in the outbox.
    pub name: String,
    /// What is noted of it.
    pub note: Note,
}

impl Parcel {
    pub(super) fn load(folder: &Path, name: &str) -> Result<Parcel, OutboxError> {
        let path = folder.join(format!("{name}{NOTE}"));
        let text = std::fs::read(&path).map_err(read(&path))?;
        let note: Note = serde_json::from_slice(&text).map_err(|_| OutboxError::Note(path.clone()))?;
        if note.format != 1 {
            return Err(OutboxError::Note(path));
        }
        Ok(Parcel { folder: folder.to_owned(), name: name.to_owned(), note })
    }

    pub(super) fn begin(folder: &Path, name: &str, note: Note) -> Result<Parcel, OutboxError> {
        let text = serde_json::to_vec(&note).expect("a note is plain data");
        place(folder, &format!("{name}{NOTE}"), &text)?;
        Ok(Parcel { folder: folder.to_owned(), name: name.to_owned(), note })
    }

    /// Where the package is made: nobody takes it for one.
    #[must_use]
    pub fn making(&self) -> PathBuf {
        self.folder.join(format!(".{}{MAKING}", self.name))
    }

    /// Where the package lies.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Where the quality report lies, as text.
    #[must_use]
    pub fn report_path(&self) -> PathBuf {
        self.beside("report.txt")
    }

    /// Where the receipt lies.
    #[must_use]
    pub fn receipt_path(&self) -> PathBuf {
        self.beside("receipt.json")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    /// Keeps the quality report, as JSON, as a page and as text.
    ///
    /// # Errors
    /// [`OutboxError::Io`].
    pub fn keep_report(&self, json: &[u8], text: &str, page: &str) -> Result<(), OutboxError> {
        place(&self.folder, &format!("{}.report.json", self.name), json)?;
        place(&self.folder, &format!("{}.report.html", self.name), page.as_bytes())?;
        place(&self.folder, &format!("{}.report.txt", self.name), text.as_bytes())
    }

    /// The package that was made is the parcel's from now on: the last step, after the report.
    ///
    /// # Errors
    /// [`OutboxError::Io`].
    pub fn made(&self) -> Result<(), OutboxError> {
        let path = self.path();
        std::fs::rename(self.making(), &path).map_err(written(&path))?;
        sync_folder(&self.folder).map_err(written(&self.folder))
    }

    /// No package came of it, and what was made of one goes; a report that is kept stays.
    ///
    /// # Errors
    /// [`OutboxError::Io`].
    pub fn came_to_nothing(&self) -> Result<(), OutboxError> {
        remove(&self.making(), |path| std::fs::remove_dir_all(path))?;
        let note = self.beside(&NOTE[1..]);
        remove(&note, |path| std::fs::remove_file(path))
    }

    /// The package, with its rows or without.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn package(&self) -> Result<Package, PackageError> {
        Package::open(&self.path())
    }

    /// Whether the rows are still there.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        self.path().join(crate::extract::manifest::DATA_FILE).is_file()
    }

    /// The receipt as it is kept, unverified.
    ///
    /// # Errors
    /// [`OutboxError::Io`]. A file that holds no receipt is none.
    pub fn receipt(&self) -> Result<Option<SignedReceipt>, OutboxError> {
        let path = self.receipt_path();
        match std::fs::read(&path) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(read(&path)(error)),
        }
    }

    /// Keeps the receipt.
    ///
    /// # Errors
    /// [`OutboxError::Io`].
    pub fn keep_receipt(&self, receipt: &[u8]) -> Result<(), OutboxError> {
        place(&self.folder, &format!("{}.receipt.json", self.name), receipt)
    }

    /// Removes the rows. Manifest, signature, report and receipt stay.
    ///
    /// # Errors
    /// [`OutboxError::Io`].
    pub fn drop_rows(&self) -> Result<(), OutboxError> {
        let rows = self.path().join(crate::extract::manifest::DATA_FILE);
        remove(&rows, |path| std::fs::remove_file(path))
    }

    /// Removes all of a parcel that was not sent: a newer one takes its place. The note goes last.
    ///
    /// # Errors
    /// [`OutboxError::Io`].
    pub fn give_up(&self) -> Result<(), OutboxError> {
        remove(&self.path(), |path| std::fs::remove_dir_all(path))?;
        for ending in ["report.json", "report.html", "report.txt", &NOTE[1..]] {
            remove(&self.beside(ending), |path| std::fs::remove_file(path))?;
        }
        Ok(())
    }
}

/// Removes something; nothing there is as good.
pub(super) fn remove(path: &Path, by: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), OutboxError> {
    match by(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(written(path)(error)),
        _ => Ok(()),
    }
}
