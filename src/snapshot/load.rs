//! Loading a snapshot: every byte as it was sealed, or not at all.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::columns::{Columns, Snapshot};
use super::file::{self, Bounds, FileError};
use super::manifest::{self, FileEntry, Manifest, PERSONS_FILE, SNAPSHOT_FILE, dataset_file};
use crate::extract::manifest::Sha256Hex;
use crate::linkage::Quality;
use crate::linkage::work::in_parallel;
use crate::name::ProgrammeId;
use crate::programme::Programme;

/// Why a snapshot cannot be loaded. Files are named without their folder.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file is missing or cannot be read.
    #[error(
        "{file} of the snapshot cannot be read: restore the snapshot's folder from a backup, or seal again"
    )]
    Read {
        /// The file.
        file: String,
        /// Cause.
        source: io::Error,
    },
    /// A file differs from what was sealed.
    #[error("{file} of the snapshot is not what was sealed: restore the folder from a backup, or seal again")]
    Digest {
        /// The file.
        file: String,
    },
    /// The manifest is not one that this version understands.
    #[error("{SNAPSHOT_FILE} cannot be understood: it was sealed by another version; seal again")]
    Form(#[source] Option<serde_json::Error>),
    /// Sealed for another programme.
    #[error("the snapshot belongs to the programme {found}, and this is {expected}")]
    OtherProgramme {
        /// The snapshot's.
        found: ProgrammeId,
        /// The one expected.
        expected: ProgrammeId,
    },
    /// The programme's partners, datasets, columns or codes have changed since the seal.
    #[error(
        "the programme's partners, datasets, columns or codes have changed since the snapshot was sealed: seal again, or go back to version {sealed_under} of the definition"
    )]
    OtherStructure {
        /// Version of the definition at the seal.
        sealed_under: u32,
    },
    /// The bytes are those that were sealed, and still make no snapshot.
    #[error("{file} of the snapshot is no part of one: {what}; seal again")]
    Content {
        /// The file.
        file: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The same, in the words of the Parquet reader.
    #[error("{file} of the snapshot is not readable as Parquet: seal again")]
    Parquet {
        /// The file.
        file: String,
        /// Cause.
        source: parquet::errors::ParquetError,
    },
}

impl Snapshot {
    /// Loads the snapshot in `dir`. `sha256` is the digest that its seal reported ([`super::SealReport::sha256`]).
    ///
    /// # Errors
    /// A [`LoadError`] that names the file.
    pub fn load(dir: &Path, programme: &Programme, sha256: &Sha256Hex) -> Result<Snapshot, LoadError> {
        let manifest = load_manifest(dir, programme, sha256)?;
        let persons = manifest.persons;
        let names = programme.datasets.iter().map(|dataset| dataset_file(&dataset.id));
        let mut jobs = Vec::new();
        for (at, name) in std::iter::once(PERSONS_FILE.to_owned()).chain(names).enumerate() {
            let missing = |file| LoadError::Content { file, what: "the manifest does not list it" };
            let entry =
                manifest.files.iter().find(|entry| entry.name == name).ok_or_else(|| missing(name))?;
            jobs.push((entry.bytes, (at.checked_sub(1), entry)));
        }
        let loaded =
            in_parallel(jobs, |(dataset, entry)| load_part(dir, programme, persons, dataset, entry))?;
        let mut snapshot = Snapshot {
            id: manifest.id,
            day: manifest.day,
            persons,
            families: Vec::new(),
            datasets: Vec::new(),
        };
        for part in loaded {
            match part {
                Part::Families(families) => snapshot.families = families,
                Part::Rows(columns) => snapshot.datasets.push(columns),
            }
        }
        Ok(snapshot)
    }
}

/// The figures of linkage quality of the snapshot in `dir`, without its rows.
///
/// # Errors
/// A [`LoadError`] that names the file.
pub fn load_quality(dir: &Path, programme: &Programme, sha256: &Sha256Hex) -> Result<Quality, LoadError> {
    load_manifest(dir, programme, sha256)?.into_quality(programme).ok_or(LoadError::Form(None))
}

fn load_manifest(dir: &Path, programme: &Programme, sha256: &Sha256Hex) -> Result<Manifest, LoadError> {
    let wrong = |source| LoadError::Read { file: SNAPSHOT_FILE.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(dir.join(SNAPSHOT_FILE)).map_err(wrong)?;
    file.take(manifest::MAX_BYTES + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if Sha256Hex::of(&bytes) != *sha256 {
        return Err(LoadError::Digest { file: SNAPSHOT_FILE.to_owned() });
    }
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| LoadError::Form(Some(error)))?;
    if manifest.format != manifest::FORMAT {
        return Err(LoadError::Form(None));
    }
    if manifest.programme != programme.id {
        let (found, expected) = (manifest.programme, programme.id.clone());
        return Err(LoadError::OtherProgramme { found, expected });
    }
    if manifest.structure_sha256 != manifest::structure(programme) {
        return Err(LoadError::OtherStructure { sealed_under: manifest.programme_version });
    }
    Ok(manifest)
}

/// A file, loaded.
enum Part {
    Families(Vec<u32>),
    Rows(Columns),
}

/// Verifies and reads the file of a dataset, or of the persons.
fn load_part(
    dir: &Path,
    programme: &Programme,
    persons: u32,
    dataset: Option<usize>,
    entry: &FileEntry,
) -> Result<Part, LoadError> {
    let name = || entry.name.clone();
    let wrong = |source| LoadError::Read { file: name(), source };
    let mut file = File::open(dir.join(&entry.name)).map_err(wrong)?;
    let (bytes, sha256) = digest(&mut file).map_err(wrong)?;
    if (bytes, sha256) != (entry.bytes, entry.sha256) {
        return Err(LoadError::Digest { file: name() });
    }
    let part = match dataset {
        None => file::read_persons(file, entry.rows, persons).map(Part::Families),
        Some(at) => {
            let dataset = &programme.datasets[at];
            let codes: Vec<usize> =
                dataset.columns.iter().map(|column| programme.codes(column).map_or(0, <[_]>::len)).collect();
            let bounds = Bounds { persons, partners: programme.partners.len(), codes: &codes };
            file::read_rows(file, dataset, entry.rows, &bounds).map(Part::Rows)
        }
    };
    part.map_err(|error| match error {
        FileError::Parquet(source) => LoadError::Parquet { file: name(), source },
        FileError::Content(what) => LoadError::Content { file: name(), what },
    })
}

/// Length and digest of a file, which is then at its beginning again.
fn digest(file: &mut File) -> io::Result<(u64, Sha256Hex)> {
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    file.rewind()?;
    Ok((bytes, Sha256Hex::from_bytes(hash.finalize().into())))
}
