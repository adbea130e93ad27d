//! Loading a snapshot: every byte as it was sealed, or not at all.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::columns::{Columns, Snapshot};
use super::folder::bound_name;
use super::lazy::LazySnapshot;
use super::manifest::{self, FileEntry, Manifest, SNAPSHOT_FILE};
use super::read::{self, Bounds, FileError};
use super::withheld::Withheld;
use crate::extract::manifest::Sha256Hex;
use crate::linkage::Quality;
use crate::name::ProgrammeId;
use crate::programme::{Dataset, Programme};
use crate::vault::{SealedFile, SealedReader, Unsealed, Vault};

/// Name of the setting that limits the memory of loaded datasets, in bytes: what messages name.
pub const MEMORY_SETTING: &str = "snapshot-memory";

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
    /// The datasets of one question are more than the limit allows.
    #[error(
        "the datasets that the question reads take {needed} bytes of memory, and {limit} are allowed: set {MEMORY_SETTING} to {needed} or more"
    )]
    OverLimit {
        /// Bytes that they take, the persons included.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The datasets of one question fit, but not beside those that other questions are reading.
    #[error(
        "the datasets that the question reads take {needed} bytes of memory beside {in_use} in use by others, and {limit} are allowed: ask again later, or set {MEMORY_SETTING} higher"
    )]
    InUse {
        /// Bytes that they take, the persons included.
        needed: u64,
        /// Bytes of the datasets that others are reading.
        in_use: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A position behind the last dataset.
    #[error("the snapshot has {datasets} datasets, and number {at} (from 0) is asked for")]
    NoSuchDataset {
        /// The position.
        at: usize,
        /// Datasets.
        datasets: usize,
    },
    /// The same as [`LoadError::Content`], in the words of the Parquet reader.
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
    pub fn load(
        vault: &Vault,
        dir: &Path,
        programme: &Programme,
        sha256: &Sha256Hex,
    ) -> Result<Snapshot, LoadError> {
        let all: Vec<usize> = (0..programme.datasets.len()).collect();
        LazySnapshot::open(vault, dir, programme, sha256, u64::MAX)?.with(&all)
    }
}

/// The figures of linkage quality of the snapshot in `dir`, without its rows.
///
/// # Errors
/// A [`LoadError`] that names the file.
pub fn load_quality(
    vault: &Vault,
    dir: &Path,
    programme: &Programme,
    sha256: &Sha256Hex,
) -> Result<Quality, LoadError> {
    load_manifest(vault, dir, programme, sha256)?.into_quality(programme).ok_or(LoadError::Form(None))
}

pub(super) fn load_manifest(
    vault: &Vault,
    dir: &Path,
    programme: &Programme,
    sha256: &Sha256Hex,
) -> Result<Manifest, LoadError> {
    let mut bytes = Vec::new();
    let read =
        SealedFile::open(vault, &dir.join(SNAPSHOT_FILE), &bound_name(SNAPSHOT_FILE)).and_then(|file| {
            SealedReader::new(Arc::new(file), 0).take(manifest::MAX_BYTES + 1).read_to_end(&mut bytes)
        });
    read.map_err(unreadable(SNAPSHOT_FILE))?;
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

/// Verifies and reads the file of the persons: the family of each.
pub(super) fn load_persons(
    (vault, dir): (&Vault, &Path),
    entry: &FileEntry,
    persons: u32,
) -> Result<Vec<u32>, LoadError> {
    let file = open_verified(vault, dir, entry)?;
    read::read_persons(file, entry.rows, persons).map_err(|error| wrong(entry, error))
}

/// Verifies and reads the file of those of whom rows were not kept; `bounds` are datasets, partners and persons.
pub(super) fn load_withheld(
    (vault, dir): (&Vault, &Path),
    entry: &FileEntry,
    bounds: (usize, usize, u32),
) -> Result<Withheld, LoadError> {
    let file = open_verified(vault, dir, entry)?;
    Withheld::read(SealedReader::new(file, 0), bounds).map_err(|error| wrong(entry, error))
}

/// Verifies and reads the file of a dataset.
pub(super) fn load_rows(
    (vault, dir): (&Vault, &Path),
    entry: &FileEntry,
    dataset: &Dataset,
    bounds: &Bounds<'_>,
) -> Result<Columns, LoadError> {
    let file = open_verified(vault, dir, entry)?;
    read::read_rows(file, dataset, entry.rows, bounds).map_err(|error| wrong(entry, error))
}

/// Opens a file of the snapshot that holds what was sealed.
fn open_verified(vault: &Vault, dir: &Path, entry: &FileEntry) -> Result<Arc<SealedFile>, LoadError> {
    let file = SealedFile::open(vault, &dir.join(&entry.name), &bound_name(&entry.name));
    let file = Arc::new(file.map_err(unreadable(&entry.name))?);
    if file.len() != entry.bytes || digest(&file).map_err(unreadable(&entry.name))? != entry.sha256 {
        return Err(LoadError::Digest { file: entry.name.clone() });
    }
    Ok(file)
}

/// What is wrong with a file that cannot be read, or does not open.
fn unreadable(file: &str) -> impl Fn(io::Error) -> LoadError {
    let file = file.to_owned();
    move |source| match Unsealed::of(&source) {
        Some(_) => LoadError::Digest { file: file.clone() },
        None => LoadError::Read { file: file.clone(), source },
    }
}

fn wrong(entry: &FileEntry, error: FileError) -> LoadError {
    let file = entry.name.clone();
    match error {
        FileError::Parquet(source) => LoadError::Parquet { file, source },
        FileError::Content(what) => LoadError::Content { file, what },
    }
}

/// Digest of what a file holds.
fn digest(file: &SealedFile) -> io::Result<Sha256Hex> {
    let (mut hash, mut at, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read_at(at, &mut buffer)?;
        if read == 0 {
            return Ok(Sha256Hex::from_bytes(hash.finalize().into()));
        }
        hash.update(&buffer[..read]);
        at += read as u64;
    }
}
