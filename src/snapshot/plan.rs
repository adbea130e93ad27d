//! How a seal divides its work: what stays in memory, how long a run is.

use std::io;

use super::error::SealError;
use super::file::GROUP_ROWS;
use super::folder::Draft;
use super::group::Group;
use super::record::{self, Record};
use super::seal::{SealInputs, SealLimits};
use super::sort;
use super::work::{Room, WorkFile};
use crate::programme::Dataset;

/// Rows of a run at most, however much memory there is: shorter runs sort faster.
const RUN_ROWS: usize = 1 << 21;

/// The division.
pub(super) struct Plan<'a> {
    /// By dataset of the programme.
    pub(super) sets: Vec<Set<'a>>,
    /// Threads.
    pub(super) threads: usize,
    /// Rows of a run.
    pub(super) run_rows: usize,
    /// Bytes for reading the runs of one dataset from disk.
    pub(super) merge_bytes: usize,
    in_memory: bool,
    disk: u64,
}

/// The rows of one dataset.
pub(super) struct Set<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) record: Record,
    /// Rows of all uploads.
    pub(super) rows: u32,
    /// The uploads: position among the inputs, and rows.
    pub(super) uploads: Vec<(usize, usize)>,
}

impl Set<'_> {
    fn bytes(&self) -> u64 {
        u64::from(self.rows) * self.record.width() as u64
    }
}

impl<'a> Plan<'a> {
    /// Holds the inputs against the programme and their files' lengths, and divides the work.
    pub(super) fn of(inputs: &SealInputs<'a>, limits: &SealLimits) -> Result<Plan<'a>, SealError> {
        let programme = inputs.programme;
        let mut uploads: Vec<Vec<(usize, usize)>> = programme.datasets.iter().map(|_| Vec::new()).collect();
        let mut rows = vec![0u64; uploads.len()];
        for (at, input) in inputs.staged.iter().enumerate() {
            let dataset = programme.datasets.get(input.dataset);
            let dataset = dataset.filter(|dataset| dataset.partners.contains(&input.source));
            let dataset = dataset.ok_or_else(|| SealError::Unknown { file: input.name() })?;
            let fits = record::can_hold(&input.path, dataset, input.rows);
            let sent = usize::try_from(input.rows).ok();
            let sent = sent.filter(|_| !matches!(fits, Ok(false)));
            let sent = sent.ok_or_else(|| SealError::Incomplete { file: input.name() })?;
            fits.map_err(|error| SealError::read(input.name(), error.into()))?;
            uploads[input.dataset].push((at, sent));
            rows[input.dataset] += input.rows;
        }
        let sets = programme.datasets.iter().zip(uploads).zip(rows).map(|((dataset, uploads), rows)| {
            let rows =
                u32::try_from(rows).map_err(|_| SealError::TooManyRows { dataset: dataset.id.clone() })?;
            Ok(Set { dataset, record: Record::of(dataset), rows, uploads })
        });
        Ok(Plan::divide(sets.collect::<Result<_, SealError>>()?, limits))
    }

    fn divide(sets: Vec<Set<'a>>, limits: &SealLimits) -> Plan<'a> {
        let threads = limits.threads.max(1);
        let rows: u64 = sets.iter().map(|set| u64::from(set.rows)).sum();
        let bytes: u64 = sets.iter().map(Set::bytes).sum();
        // Each thread has a row group in the making, and one being written.
        let group = sets.iter().map(|set| Group::bytes(set.dataset, u64::from(set.rows))).max().unwrap_or(0);
        let groups = 2 * group * threads as u64;
        let widest = sets.iter().map(|set| set.record.width()).max().unwrap_or(1);
        let overhead = sets.iter().map(|set| sort::overhead(&set.record)).max().unwrap_or(1);

        // A thread has a run of its own.
        let share = usize::try_from(rows.div_ceil(threads as u64)).unwrap_or(RUN_ROWS).clamp(1, RUN_ROWS);
        let sorting = (share * overhead * threads) as u64;
        let in_memory = bytes.saturating_add(groups.max(sorting)) <= limits.memory;

        // The groups are made after the runs, but merging goes on beside them.
        let for_rows = limits.memory.saturating_sub(groups).max(limits.memory / 2) / threads as u64;
        let for_rows = usize::try_from(for_rows).unwrap_or(usize::MAX);
        let run_rows = if in_memory { share } else { (for_rows / (widest + overhead)).clamp(1, RUN_ROWS) };
        Plan { sets, threads, run_rows, merge_bytes: for_rows, in_memory, disk: limits.disk }
    }

    /// Room for the records of each dataset.
    pub(super) fn rooms(&self, draft: &Draft) -> io::Result<Vec<Room>> {
        let room = |(at, set): (usize, &Set<'_>)| {
            if self.in_memory {
                let bytes = usize::try_from(set.bytes()).map_err(|_| io::ErrorKind::OutOfMemory)?;
                return Ok(Room::Memory(vec![0; bytes]));
            }
            WorkFile::create(draft, &format!("work-{at}"), self.disk).map(|file| Room::File(Box::new(file)))
        };
        self.sets.iter().enumerate().map(room).collect()
    }

    /// The bytes of each run of a dataset, which follow each other in its room.
    pub(super) fn runs(&self, set: &Set<'_>) -> Vec<usize> {
        let (width, rows) = (set.record.width(), set.rows as usize);
        (0..rows).step_by(self.run_rows).map(|from| self.run_rows.min(rows - from) * width).collect()
    }

    /// Whether a dataset is so much of the whole that its merging and its writing get a thread each.
    pub(super) fn is_heavy(&self, set: &Set<'_>) -> bool {
        let rows: u64 = self.sets.iter().map(|set| u64::from(set.rows)).sum();
        self.threads > 1 && set.rows as usize > GROUP_ROWS && u64::from(set.rows) * self.threads as u64 > rows
    }
}
