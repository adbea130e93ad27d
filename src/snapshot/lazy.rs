//! A snapshot whose datasets come into memory when a question needs them, within a limit.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::columns::{Columns, Snapshot};
use super::erase::Erasure;
use super::load::{self, LoadError};
use super::manifest::{FileEntry, PERSONS_FILE, WITHHELD_FILE, dataset_file};
use super::read::Bounds;
use super::withheld::Withheld;
use crate::clock::Day;
use crate::extract::manifest::Sha256Hex;
use crate::linkage::work::in_parallel;
use crate::programme::{Dataset, Programme, Role};
use crate::vault::Vault;

/// A sealed snapshot on disk, and those of its datasets that questions used last. No `Debug`: it is everybody's rows.
pub struct LazySnapshot {
    vault: Vault,
    dir: PathBuf,
    id: u32,
    day: Day,
    persons: u32,
    families: Arc<[u32]>,
    sets: Vec<Set>,
    partners: usize,
    /// Rows of all datasets, as sealed.
    rows: u64,
    /// What is to be erased and may still lie on disk.
    erasure: Erasure,
    withheld_bytes: u64,
    limit: u64,
    held: Mutex<Held>,
}

/// A dataset on disk.
struct Set {
    entry: FileEntry,
    dataset: Dataset,
    /// Number of codes of each column.
    codes: Vec<usize>,
    /// Bytes it takes in memory.
    bytes: u64,
}

/// What is in memory.
struct Held {
    /// Who is withheld: on disk, and by erasure from what was loaded.
    withheld: Withheld,
    sets: Vec<Option<(Arc<Columns>, u64)>>,
    /// Counts the questions: a dataset carries the number of the last that used it.
    questions: u64,
}

impl LazySnapshot {
    /// Opens the snapshot in `dir`: verifies its manifest and loads its persons, and no dataset yet. `sha256` is the
    /// digest that its seal reported ([`super::SealReport::sha256`]); `limit` is the most bytes that persons and
    /// datasets may take in memory together.
    ///
    /// # Errors
    /// A [`LoadError`] that names the file.
    pub fn open(
        vault: &Vault,
        dir: &Path,
        programme: &Programme,
        sha256: &Sha256Hex,
        limit: u64,
    ) -> Result<LazySnapshot, LoadError> {
        let manifest = load::load_manifest(vault, dir, programme, sha256)?;
        let entry = |name: String| {
            let found = manifest.files.iter().find(|entry| entry.name == name).cloned();
            found.ok_or(LoadError::Content { file: name, what: "the manifest does not list it" })
        };
        let persons = manifest.persons;
        let families = load::load_persons((vault, dir), &entry(PERSONS_FILE.to_owned())?, persons)?.into();
        let bounds = (programme.datasets.len(), programme.partners.len(), persons);
        let withheld = load::load_withheld((vault, dir), &entry(WITHHELD_FILE.to_owned())?, bounds)?;
        let set = |dataset: &Dataset| {
            let entry = entry(dataset_file(&dataset.id))?;
            let bytes = bytes_in_memory(dataset, entry.rows, persons);
            let codes = dataset.columns.iter().map(|column| programme.codes(column).map_or(0, <[_]>::len));
            Ok::<_, LoadError>(Set { codes: codes.collect(), dataset: dataset.clone(), entry, bytes })
        };
        let sets = programme.datasets.iter().map(set).collect::<Result<Vec<_>, _>>()?;
        Ok(LazySnapshot {
            vault: vault.clone(),
            dir: dir.to_owned(),
            id: manifest.id,
            day: manifest.day,
            persons,
            families,
            partners: programme.partners.len(),
            rows: manifest.rows,
            erasure: Erasure::default(),
            withheld_bytes: withheld.bytes(),
            limit,
            held: Mutex::new(Held { sets: sets.iter().map(|_| None).collect(), withheld, questions: 0 }),
            sets,
        })
    }

    /// Number of the snapshot.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Whether it was opened from this folder.
    #[must_use]
    pub fn is_of(&self, dir: &Path) -> bool {
        self.dir == dir
    }

    /// Leaves out from here on what is to be erased: nobody gets to see these rows, whether they are off the disk yet or
    /// not. Orders are added and never taken back.
    pub fn erase(&mut self, erasure: Erasure) {
        self.erasure = erasure;
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut withheld = Vec::new();
        for (at, set) in held.sets.iter_mut().enumerate() {
            if let Some((columns, _)) = set
                && let Some(erased) = self.erasure.of(at, columns)
            {
                *columns = Arc::new(erased.columns);
                withheld.extend(erased.withheld.into_iter().map(|(source, set)| ((at, source), set)));
            }
        }
        held.withheld = held.withheld.with(withheld);
    }

    /// Bytes that persons and the datasets at these positions take in memory, before any of it is loaded.
    #[must_use]
    pub fn bytes_of(&self, datasets: &[usize]) -> u64 {
        let sets = self.sets.iter().enumerate().filter(|(at, _)| datasets.contains(at));
        sets.fold(self.bytes_of_persons(), |sum, (_, set)| sum.saturating_add(set.bytes))
    }

    /// Bytes that persons and the datasets in memory take now.
    #[must_use]
    pub fn bytes_held(&self) -> u64 {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let sets = held.sets.iter().zip(&self.sets).filter(|(held, _)| held.is_some());
        sets.fold(self.bytes_of_persons(), |sum, (_, set)| sum.saturating_add(set.bytes))
    }

    /// The snapshot with the datasets at these positions; the others are empty in it. A dataset that is not in memory
    /// is verified against its digest and read; those used longest ago make room, but for those that an earlier answer
    /// still holds. Others who ask meanwhile wait.
    ///
    /// # Errors
    /// [`LoadError::OverLimit`], [`LoadError::InUse`], and whatever is wrong with a file, by its name.
    pub fn with(&self, datasets: &[usize]) -> Result<Snapshot, LoadError> {
        if let Some(at) = datasets.iter().find(|at| **at >= self.sets.len()) {
            return Err(LoadError::NoSuchDataset { at: *at, datasets: self.sets.len() });
        }
        let needed = self.bytes_of(datasets);
        if needed > self.limit {
            return Err(LoadError::OverLimit { needed, limit: self.limit });
        }
        // A thread that panicked while it loaded has put nothing down.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.questions += 1;
        let question = held.questions;
        for at in datasets {
            if let Some((_, used)) = &mut held.sets[*at] {
                *used = question;
            }
        }
        self.make_room(&mut held, datasets, needed)?;
        let absent = (0..self.sets.len()).filter(|at| datasets.contains(at) && held.sets[*at].is_none());
        let jobs = absent.map(|at| (self.sets[at].entry.bytes, at)).collect();
        let loaded = in_parallel(jobs, |at: usize| {
            let set = &self.sets[at];
            let bounds =
                Bounds { persons: self.persons, partners: self.partners, rows: self.rows, codes: &set.codes };
            let columns = load::load_rows((&self.vault, &self.dir), &set.entry, &set.dataset, &bounds)?;
            let erased = self.erasure.of(at, &columns).map(|erased| (erased.columns, erased.withheld));
            Ok::<_, LoadError>((at, erased.unwrap_or_else(|| (columns, Default::default()))))
        })?;
        let mut withheld = Vec::new();
        for (at, (columns, erased)) in loaded {
            held.sets[at] = Some((Arc::new(columns), question));
            withheld.extend(erased.into_iter().map(|(source, set)| ((at, source), set)));
        }
        if !withheld.is_empty() {
            held.withheld = held.withheld.with(withheld);
        }
        let empty = Arc::new(Columns::default());
        let columns = |(at, set): (usize, &Option<(Arc<Columns>, u64)>)| match set {
            Some((columns, _)) if datasets.contains(&at) => Arc::clone(columns),
            _ => Arc::clone(&empty),
        };
        Ok(Snapshot {
            id: self.id,
            day: self.day,
            persons: self.persons,
            families: Arc::clone(&self.families),
            withheld: held.withheld.clone(),
            datasets: held.sets.iter().enumerate().map(columns).collect(),
        })
    }

    /// Lets go datasets that are not asked for until what is asked for fits.
    fn make_room(&self, held: &mut Held, asked: &[usize], needed: u64) -> Result<(), LoadError> {
        let others = |held: &Held| {
            let sets = held.sets.iter().zip(&self.sets).enumerate();
            let others = sets.filter(|(at, (held, _))| held.is_some() && !asked.contains(at));
            others.map(|(_, (_, set))| set.bytes).sum::<u64>()
        };
        while needed.saturating_add(others(held)) > self.limit {
            // Whoever holds a dataset has it from here, under the lock: one that nobody holds, nobody can come to hold.
            let free = held.sets.iter().enumerate().filter_map(|(at, set)| {
                let (columns, used) = set.as_ref()?;
                (!asked.contains(&at) && Arc::strong_count(columns) == 1).then_some((*used, at))
            });
            let Some((_, oldest)) = free.min() else {
                return Err(LoadError::InUse { needed, in_use: others(held), limit: self.limit });
            };
            held.sets[oldest] = None;
        }
        Ok(())
    }

    fn bytes_of_persons(&self) -> u64 {
        size_of_val(&*self.families) as u64 + self.withheld_bytes
    }
}

/// Bytes that a dataset of so many rows takes in memory, with an offset for each person.
fn bytes_in_memory(dataset: &Dataset, rows: u64, persons: u32) -> u64 {
    let width = |role: &Role| match role {
        // Persons are offsets.
        Role::Person => 0,
        Role::RelatedPerson | Role::Case | Role::Staff | Role::Date => 4,
        Role::Category { .. } => 1,
        Role::Measure(_) => 8,
    };
    let source = 1;
    let row = dataset.columns.iter().map(|column| width(&column.role)).sum::<u64>() + source;
    rows.saturating_mul(row).saturating_add((u64::from(persons) + 2) * 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_reckoned_by_row_and_person() {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        // Related person, case, day and source; three codes.
        assert_eq!(programme.datasets[0].columns.len(), 7);
        assert_eq!(bytes_in_memory(&programme.datasets[0], 0, 0), 8);
        assert_eq!(bytes_in_memory(&programme.datasets[0], 10, 3), 10 * (4 + 4 + 4 + 1 + 3) + 5 * 4);
    }
}
