//! The last pass of a seal: sorted runs become files, and the folder the snapshot's.

use std::io;
use std::sync::mpsc;

use parquet::errors::ParquetError;

use super::error::{SealError, WORK_FILE};
use super::file::{self, GROUP_ROWS};
use super::folder::{Draft, Output};
use super::gather::Gathered;
use super::group::{Group, Numbers};
use super::manifest::{FileEntry, Manifest, PERSONS_FILE, SNAPSHOT_FILE, WITHHELD_FILE, dataset_file};
use super::merge::Merge;
use super::plan::Plan;
use super::record;
use super::seal::{SealInputs, SealReport};
use super::withheld::Withheld;
use super::work::Room;
use crate::extract::manifest::Sha256Hex;
use crate::linkage::Quality;
use crate::linkage::quality::PartCount;
use crate::linkage::work::in_parallel_on;

/// Records that go from a merge into a row group at a time.
const BATCH_ROWS: usize = 1 << 12;

/// Everything sorted and numbered.
pub(super) struct Linked<'a> {
    pub(super) inputs: &'a SealInputs<'a>,
    pub(super) plan: &'a Plan<'a>,
    pub(super) rooms: &'a [Room],
    pub(super) gathered: Gathered,
    /// Who is withheld.
    pub(super) withheld: Withheld,
    /// Highest person number.
    pub(super) highest: u32,
}

/// Every file but the manifest written.
pub(super) struct Written {
    files: Vec<FileEntry>,
    quality: Quality,
    rows: u64,
    highest: u32,
}

/// One of the things that the pass makes, side by side.
enum Job {
    Persons,
    Rows(usize),
}

/// Why a file of rows was not written.
enum Failed {
    /// The working file cannot be read.
    Work(io::Error),
    /// The file cannot be written.
    Out(ParquetError),
}

impl From<ParquetError> for Failed {
    fn from(error: ParquetError) -> Failed {
        Failed::Out(error)
    }
}

impl Linked<'_> {
    /// Writes the files side by side.
    pub(super) fn write(&self, draft: &Draft) -> Result<Written, SealError> {
        let sets = self.plan.sets.iter();
        let rows: u64 = sets.clone().map(|set| u64::from(set.rows)).sum();
        let mut jobs = vec![(u64::from(self.highest), Job::Persons)];
        jobs.extend(sets.enumerate().map(|(at, set)| (u64::from(set.rows), Job::Rows(at))));
        let made = in_parallel_on(self.plan.threads, jobs, |job| match job {
            Job::Persons => self.write_persons(draft).map(|file| (file, None)),
            Job::Rows(at) => self.write_rows(draft, at).map(|(file, count)| (file, Some((at, count)))),
        })?;
        let mut quality = Quality::new(self.inputs.programme);
        for input in self.inputs.staged {
            quality.state(input.source, input.dataset, &input.stated);
        }
        let mut files = vec![self.write_withheld(draft)?];
        for (file, counted) in made {
            files.push(file);
            if let Some((at, count)) = counted {
                quality.add(at, &count);
            }
        }
        Ok(Written { files, quality, rows, highest: self.highest })
    }

    fn write_withheld(&self, draft: &Draft) -> Result<FileEntry, SealError> {
        let mut out = draft.create(WITHHELD_FILE).map_err(SealError::write(WITHHELD_FILE))?;
        self.withheld.write(&mut out).map_err(SealError::write(WITHHELD_FILE))?;
        let persons = self.withheld.sets().values().map(roaring::RoaringBitmap::len).sum();
        entry(WITHHELD_FILE.to_owned(), out, persons)
    }

    fn write_persons(&self, draft: &Draft) -> Result<FileEntry, SealError> {
        let out = draft.create(PERSONS_FILE).map_err(SealError::write(PERSONS_FILE))?;
        let written = file::write_persons(out, &self.gathered.families);
        let (out, rows) = written.map_err(|error| SealError::write(PERSONS_FILE)(into_io(error)))?;
        entry(PERSONS_FILE.to_owned(), out, rows)
    }

    fn write_rows(&self, draft: &Draft, at: usize) -> Result<(FileEntry, PartCount), SealError> {
        let set = &self.plan.sets[at];
        let name = dataset_file(&set.dataset.id);
        let out = draft.create(&name).map_err(SealError::write(&name))?;
        let mut count = PartCount::new();
        let written = file::write_rows(out, set.dataset, |put| {
            if !self.plan.is_heavy(set) {
                return self.groups(at, &mut count, |group| put(&group.values));
            }
            // One thread merges while this one writes, a row group behind.
            std::thread::scope(|scope| {
                let (give, take) = mpsc::sync_channel::<Group>(0);
                let count = &mut count;
                let merging = scope.spawn(move || {
                    let gone = |_| Failed::Work(io::ErrorKind::BrokenPipe.into());
                    self.groups(at, count, |group| give.send(group).map_err(gone))
                });
                let written = take.into_iter().try_for_each(|group| put(&group.values));
                let merged = merging.join().expect("merging does not panic");
                // A merge that finds nobody to give to is not what went wrong.
                written.and(merged)
            })
        });
        let out = written.map_err(|error| match error {
            Failed::Work(error) => SealError::write(WORK_FILE)(error),
            Failed::Out(error) => SealError::write(&name)(into_io(error)),
        })?;
        Ok((entry(name, out, u64::from(set.rows))?, count))
    }

    /// Merges a dataset's runs into row groups, counting on the way.
    fn groups(
        &self,
        at: usize,
        count: &mut PartCount,
        mut each: impl FnMut(Group) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let set = &self.plan.sets[at];
        let numbers = Numbers { cases: &self.gathered.cases, staff: &self.gathered.staff };
        let (runs, memory) = (self.plan.runs(set), self.plan.merge_bytes);
        let mut merge = Merge::new(&set.record, &self.rooms[at], &runs, memory).map_err(Failed::Work)?;
        let mut batch = Vec::with_capacity(BATCH_ROWS * set.record.width());
        let mut left = set.rows as usize;
        while left != 0 {
            let rows = left.min(GROUP_ROWS);
            let mut group = Group::new(set.dataset, rows);
            while group.len() < rows {
                batch.clear();
                merge.fill(&mut batch, BATCH_ROWS.min(rows - group.len())).map_err(Failed::Work)?;
                if batch.is_empty() {
                    return Err(Failed::Work(io::ErrorKind::UnexpectedEof.into()));
                }
                for row in batch.chunks_exact(set.record.width()) {
                    count.row(&self.gathered.known, record::person(row), record::source(row));
                }
                group.take(&set.record, &batch, numbers);
            }
            left -= rows;
            each(group)?;
        }
        Ok(())
    }
}

impl Written {
    /// Writes the manifest, and makes the folder the snapshot's.
    pub(super) fn publish(self, inputs: &SealInputs<'_>, draft: Draft) -> Result<SealReport, SealError> {
        let head = (inputs.id, inputs.day, inputs.sealed_at);
        let manifest =
            Manifest::new(head, inputs.programme, (self.highest, self.rows), self.files, &self.quality);
        let sha256 = write_manifest(&manifest, &draft)?;
        draft.publish().map_err(SealError::write("the folder"))?;
        Ok(SealReport { rows: self.rows, persons: self.highest, sha256, quality: self.quality })
    }
}

/// Writes the manifest; returns its digest.
pub(super) fn write_manifest(manifest: &Manifest, draft: &Draft) -> Result<Sha256Hex, SealError> {
    let mut text = serde_json::to_vec_pretty(manifest).expect("plain data become JSON");
    text.push(b'\n');
    let wrong = || SealError::write(SNAPSHOT_FILE);
    let mut out = draft.create(SNAPSHOT_FILE).map_err(wrong())?;
    io::Write::write_all(&mut out, &text).map_err(wrong())?;
    Ok(out.finish().map_err(wrong())?.1)
}

/// Makes a file of the snapshot durable.
pub(super) fn entry(name: String, out: Output, rows: u64) -> Result<FileEntry, SealError> {
    let (bytes, sha256) = out.finish().map_err(SealError::write(&name))?;
    Ok(FileEntry { name, rows, bytes, sha256 })
}

/// The disk's word inside Parquet's.
pub(super) fn into_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => {
            cause.downcast::<io::Error>().map_or_else(io::Error::other, |cause| *cause)
        }
        other => io::Error::other(other),
    }
}
