//! A snapshot written anew without what is erased: another folder, whole or not there, that takes the old one's place.
//!
//! Person, case and staff numbers stay as they were sealed, and so do families: nobody who stays is tied to more, or to
//! fewer, than before. A number that no row names and that is not withheld has no family any more. The figures of
//! linkage quality stay those of the seal: they are of what was handed over.

use std::fs;
use std::io;
use std::path::Path;

use parquet::errors::ParquetError;
use roaring::RoaringBitmap;

use super::columns::Columns;
use super::erase::Erasure;
use super::error::SealError;
use super::file::{self, GROUP_ROWS, Part, Values, parts};
use super::folder::Draft;
use super::load::{self, LoadError};
use super::manifest::{FileEntry, PERSONS_FILE, WITHHELD_FILE, dataset_file};
use super::publish::{entry, into_io, write_manifest};
use super::read::Bounds;
use super::withheld::Withheld;
use crate::extract::manifest::Sha256Hex;
use crate::programme::{Dataset, Programme};
use crate::vault::Vault;

/// Why a snapshot was not written anew. The old one is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// It cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The new one cannot be written.
    #[error(transparent)]
    Write(#[from] SealError),
}

/// Writes the snapshot in `dir` anew in `out`, which must not exist, without what `erasure` orders; returns the digest of its
/// `snapshot.json`, or `None` when all of it may stay. Adds every person number that a row of it still names to `named`. A dataset is in memory at a time.
///
/// # Errors
/// A [`RewriteError`] that names the file.
pub fn rewrite(
    vault: &Vault,
    (dir, sha256): (&Path, &Sha256Hex),
    out: &Path,
    programme: &Programme,
    erasure: &Erasure,
    named: &mut RoaringBitmap,
) -> Result<Option<Sha256Hex>, RewriteError> {
    let manifest = load::load_manifest(vault, dir, programme, sha256)?;
    let listed = |name: &str| {
        let found = manifest.files.iter().find(|entry| entry.name == name);
        let missing = || LoadError::Content { file: name.to_owned(), what: "the manifest does not list it" };
        found.ok_or_else(missing)
    };
    let persons = manifest.persons;
    let bounds = (programme.datasets.len(), programme.partners.len(), persons);
    let withheld = load::load_withheld((vault, dir), listed(WITHHELD_FILE)?, bounds)?;
    let mut sets = withheld.sets().clone();
    let mut still = RoaringBitmap::new();
    let (mut draft, mut files) = (None::<Draft>, Vec::new());
    for (at, dataset) in programme.datasets.iter().enumerate() {
        let listed = listed(&dataset_file(&dataset.id))?;
        let codes: Vec<usize> =
            dataset.columns.iter().map(|column| programme.codes(column).map_or(0, <[_]>::len)).collect();
        let bounds =
            Bounds { persons, partners: programme.partners.len(), rows: manifest.rows, codes: &codes };
        let columns = load::load_rows((vault, dir), listed, dataset, &bounds)?;
        match erasure.of(at, &columns) {
            None => {
                name(&columns, &mut still);
                files.push((listed.clone(), true));
            }
            Some(erased) => {
                drop(columns);
                name(&erased.columns, &mut still);
                let draft = begun(&mut draft, vault, out)?;
                files.push((write_rows(draft, dataset, &erased.columns)?, false));
                for (source, persons) in erased.withheld {
                    *sets.entry((at, source)).or_default() |= persons;
                }
            }
        }
    }
    *named |= &still;
    let Some(draft) = draft else { return Ok(None) };
    let withheld = Withheld::from_sets(sets);
    files.push((write_withheld(&draft, &withheld)?, false));
    let mut families = load::load_persons((vault, dir), listed(PERSONS_FILE)?, persons)?;
    withheld.sets().values().for_each(|set| still |= set);
    for (person, family) in (0..=persons).zip(&mut families) {
        if !still.contains(person) {
            *family = 0;
        }
    }
    files.push((write_persons(&draft, &families)?, false));
    for (listed, _) in files.iter().filter(|(_, as_it_was)| *as_it_was) {
        // The same bytes under a second name: the first goes with the old folder.
        draft.link(&dir.join(&listed.name), &listed.name).map_err(SealError::write(&listed.name))?;
    }
    let manifest = manifest.with_files(files.into_iter().map(|(listed, _)| listed).collect());
    let sha256 = write_manifest(&manifest, &draft)?;
    draft.publish().map_err(SealError::write("the folder"))?;
    Ok(Some(sha256))
}

/// Removes a snapshot's folder that another one has replaced.
///
/// # Errors
/// I/O errors; a folder that is not there is removed.
pub fn remove_folder(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn begun<'a>(draft: &'a mut Option<Draft>, vault: &Vault, out: &Path) -> Result<&'a Draft, SealError> {
    if draft.is_none() {
        *draft = Some(Draft::begin(vault, out).map_err(SealError::write("the folder"))?);
    }
    Ok(draft.as_ref().expect("begun above"))
}

/// Adds everybody whom a row names.
fn name(columns: &Columns, named: &mut RoaringBitmap) {
    let runs = columns.offsets.windows(2).zip(0u32..);
    named.extend(runs.filter(|(run, person)| run[0] != run[1] && *person != 0).map(|(_, person)| person));
    named.extend(columns.related.iter().flatten().copied().filter(|person| *person != 0));
}

fn write_withheld(draft: &Draft, withheld: &Withheld) -> Result<FileEntry, SealError> {
    let mut out = draft.create(WITHHELD_FILE).map_err(SealError::write(WITHHELD_FILE))?;
    withheld.write(&mut out).map_err(SealError::write(WITHHELD_FILE))?;
    let persons = withheld.sets().values().map(RoaringBitmap::len).sum();
    entry(WITHHELD_FILE.to_owned(), out, persons)
}

fn write_persons(draft: &Draft, families: &[u32]) -> Result<FileEntry, SealError> {
    let out = draft.create(PERSONS_FILE).map_err(SealError::write(PERSONS_FILE))?;
    let written = file::write_persons(out, families);
    let (out, rows) = written.map_err(|error| SealError::write(PERSONS_FILE)(into_io(error)))?;
    entry(PERSONS_FILE.to_owned(), out, rows)
}

fn write_rows(draft: &Draft, dataset: &Dataset, columns: &Columns) -> Result<FileEntry, SealError> {
    let name = dataset_file(&dataset.id);
    let out = draft.create(&name).map_err(SealError::write(&name))?;
    let persons: Vec<u32> = columns.persons().collect();
    let written = file::write_rows(out, dataset, |put| {
        for from in (0..columns.len()).step_by(GROUP_ROWS) {
            let rows = from..columns.len().min(from + GROUP_ROWS);
            let values = |(_, part): (String, Part)| values(part, columns, &persons, rows.clone());
            let group: Vec<Values> = parts(dataset).into_iter().map(values).collect();
            put(&group)?;
        }
        Ok::<_, ParquetError>(())
    });
    let out = written.map_err(|error| SealError::write(&name)(into_io(error)))?;
    entry(name, out, columns.len() as u64)
}

/// The values of a column of the file, as Parquet takes them.
fn values(part: Part, columns: &Columns, persons: &[u32], rows: std::ops::Range<usize>) -> Values {
    let has = "the columns were read as those of this dataset";
    let numbers = |of: &[u32]| Values::Int32(of[rows.clone()].iter().map(|n| n.cast_signed()).collect());
    let bytes = |of: &[u8]| Values::Int32(of[rows.clone()].iter().map(|byte| i32::from(*byte)).collect());
    match part {
        Part::Person | Part::Family => numbers(persons),
        Part::Day => Values::Int32(columns.day[rows].to_vec()),
        Part::Source => bytes(&columns.source),
        Part::Related => numbers(columns.related.as_ref().expect(has)),
        Part::Case => numbers(columns.case.as_ref().expect(has)),
        Part::Staff(at) => numbers(columns.staff[at].as_ref().expect(has)),
        Part::Category(at) => bytes(columns.categories[at].as_ref().expect(has)),
        Part::Measure(at) => Values::Int64(columns.measures[at].as_ref().expect(has)[rows].to_vec()),
    }
}
