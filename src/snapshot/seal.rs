//! The seal: staged rows of all partners become a snapshot.
//!
//! Rows pass three times, and are held in memory or, beyond the limit, in working files: read and numbered, upload by
//! upload; sorted in runs under their final numbers; merged into the files. Nothing of it depends on the limit, on the
//! number of threads, or on which of them came first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::error::{SealError, WORK_FILE};
use super::folder::Draft;
use super::gather::{Gather, Gathered};
use super::plan::{Plan, Set};
use super::publish::Linked;
use super::record::{self, Numbering};
use super::sort::Sorter;
use super::withheld::Withheld;
use super::work::{Place, Room};
use crate::clock::{Day, Timestamp};
use crate::extract::manifest::Sha256Hex;
use crate::limits;
use crate::linkage::work::{cores, in_parallel_on};
use crate::linkage::{Alias, Interner, Quality, Spine, SpineError, Stated};
use crate::programme::Programme;
use crate::secret::Random;
use crate::token::Link;
use crate::vault::Vault;

/// A complete upload. Which uploads are in force is for the caller to say.
pub struct StagedInput {
    /// The staged file.
    pub path: PathBuf,
    /// Position of the partner.
    pub source: u8,
    /// Position of the dataset.
    pub dataset: usize,
    /// Rows that the file must hold, no more and no fewer: those sent, but for what was refused on arrival or erased.
    pub rows: u64,
    /// What its manifest says.
    pub stated: Stated,
}

/// What a seal takes.
pub struct SealInputs<'a> {
    /// What the staged files are encrypted under, and the snapshot's.
    pub vault: &'a Vault,
    /// The programme.
    pub programme: &'a Programme,
    /// The uploads in force. Their order decides the order of rows of one person and day, and nothing else.
    pub staged: &'a [StagedInput],
    /// Every alias approved so far.
    pub aliases: &'a [Alias],
    /// Number of the snapshot.
    pub id: u32,
    /// Day of the seal.
    pub day: Day,
    /// Moment of the seal.
    pub sealed_at: Timestamp,
    /// The folder to make. It must not exist; the folder it lies in must.
    pub out: &'a Path,
}

/// What a seal may take of the machine. It decides how fast a seal is, never what it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealLimits {
    /// Memory for rows, in bytes: what is sorted, merged and written at a time. Beyond it rows wait in working files in
    /// the draft's folder. The spine, the links met (24 bytes each and more while
    /// their tables grow), and up to 56 bytes a case and member of staff come on top.
    pub memory: u64,
    /// Most bytes of the working file of one dataset.
    pub disk: u64,
    /// Threads, at least one.
    pub threads: usize,
}

impl Default for SealLimits {
    /// [`limits::SEAL_MEMORY_BYTES`], any disk, the machine's cores.
    fn default() -> SealLimits {
        SealLimits { memory: limits::SEAL_MEMORY_BYTES, disk: u64::MAX, threads: cores() }
    }
}

/// How far a seal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPhase {
    /// Staged rows are read, their links numbered.
    Read,
    /// New persons get their numbers.
    Number,
    /// Rows are sorted.
    Sort,
    /// Files are written.
    Write,
}

/// What a seal made. No `Debug`: it holds unprotected counts.
pub struct SealReport {
    /// Rows.
    pub rows: u64,
    /// Highest person number.
    pub persons: u32,
    /// Digest of `snapshot.json`, which holds the digests of the rest: for the store, and for loading.
    pub sha256: Sha256Hex,
    /// Figures of linkage quality.
    pub quality: Quality,
}

impl StagedInput {
    /// The name that messages give.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Links the staged rows and writes the snapshot.
///
/// When it returns, the snapshot is durable, `spine` holds the numbers of the links it met for the first time, and
/// `aliases` are in force. The caller then keeps [`Spine::fresh`], [`Spine::highest`] and the report's digest in one
/// transaction and settles the spine; where it cannot, it forgets the fresh numbers and removes the folder
/// ([`super::remove_orphans`]).
///
/// The same inputs, spine and randomness give the same bytes.
///
/// # Errors
/// A [`SealError`] that names the file.
pub fn seal(
    inputs: &SealInputs<'_>,
    spine: &mut Spine,
    random: &mut dyn Random,
) -> Result<SealReport, SealError> {
    seal_within(inputs, &SealLimits::default(), spine, random, &mut |_| {})
}

/// [`seal`] within limits other than the default; `progress` is told of each phase as it begins.
///
/// The same inputs, spine and randomness give the same bytes, whatever the limits.
///
/// # Errors
/// As [`seal`].
pub fn seal_within(
    inputs: &SealInputs<'_>,
    limits: &SealLimits,
    spine: &mut Spine,
    random: &mut dyn Random,
    progress: &mut dyn FnMut(SealPhase),
) -> Result<SealReport, SealError> {
    if !spine.is_settled() {
        return Err(SpineError::Unsettled.into());
    }
    let draft = Draft::begin(inputs.vault, inputs.out).map_err(SealError::write("the folder"))?;
    let plan = Plan::of(inputs, limits)?;
    let mut rooms = plan.rooms(&draft).map_err(SealError::write(WORK_FILE))?;
    progress(SealPhase::Read);
    let met = read(inputs, &plan, &mut rooms, spine)?;
    progress(SealPhase::Number);
    let (cases, staff, withheld) = (met.cases, met.staff, met.withheld);
    let final_of = spine.allot(met.persons, inputs.aliases, random)?;
    progress(SealPhase::Sort);
    let sorted = sort(&plan, &mut rooms, spine, &final_of, (cases, staff));
    drop(final_of);
    let sealed = sorted.and_then(|gathered| {
        progress(SealPhase::Write);
        let highest = spine.highest();
        let withheld = Withheld::of(withheld, (spine, inputs.aliases), &gathered.families);
        Linked { inputs, plan: &plan, rooms: &rooms, gathered, withheld, highest }.write(&draft)
    });
    // Before the folder is the snapshot's.
    drop(rooms);
    let sealed = sealed.and_then(|written| written.publish(inputs, draft));
    if sealed.is_err() {
        spine.forget_fresh();
    }
    sealed
}

/// Everything met while reading.
struct Met {
    persons: Interner,
    cases: u32,
    staff: u32,
    /// Links withheld, by (dataset, source).
    withheld: BTreeMap<(usize, u8), Vec<Link>>,
}

/// Reads everything into the rooms, with provisional numbers.
fn read(
    inputs: &SealInputs<'_>,
    plan: &Plan<'_>,
    rooms: &mut [Room],
    spine: &Spine,
) -> Result<Met, SealError> {
    let numbering = Numbering {
        spine,
        persons: Interner::new(spine.highest()),
        cases: Interner::new(0),
        staff: Interner::new(0),
    };
    let mut jobs = Vec::new();
    for (set, room) in plan.sets.iter().zip(rooms) {
        let places = room.places(set.uploads.iter().map(|(_, rows)| rows * set.record.width()));
        jobs.extend(set.uploads.iter().zip(places).map(|((at, rows), place)| (*rows as u64, (*at, place))));
    }
    let withheld = in_parallel_on(plan.threads, jobs, |(at, mut place)| {
        let input = &inputs.staged[at];
        let dataset = &inputs.programme.datasets[input.dataset];
        let expected = (input.source, input.rows);
        let put = |records: &[u8]| place.put(records);
        let mut withheld = Vec::new();
        record::read(
            (inputs.vault, &input.path),
            expected,
            (inputs.programme, dataset),
            &numbering,
            &mut withheld,
            put,
        )
        .map_err(|error| SealError::read(input.name(), error))?;
        Ok::<_, SealError>(((input.dataset, input.source), withheld))
    })?;
    let mut by_source: BTreeMap<(usize, u8), Vec<Link>> = BTreeMap::new();
    withheld.into_iter().for_each(|(of, links)| by_source.entry(of).or_default().extend(links));
    let Numbering { persons, cases, staff, .. } = numbering;
    let cases = cases.met().ok_or(SealError::TooManyCases)?;
    let staff = staff.met().ok_or(SealError::TooManyStaff)?;
    Ok(Met { persons, cases, staff, withheld: by_source })
}

/// Puts final person numbers into the rooms and sorts each run, gathering on the way.
fn sort(
    plan: &Plan<'_>,
    rooms: &mut [Room],
    spine: &Spine,
    final_of: &[u32],
    (cases, staff): (u32, u32),
) -> Result<Gathered, SealError> {
    let base = spine.highest() - u32::try_from(final_of.len()).expect("one number for each");
    let number = |read: u32| {
        let number = if read > base { final_of[(read - base - 1) as usize] } else { read };
        spine.person_of(number)
    };
    let gather = Mutex::new(Gather::new(spine.highest(), cases, staff));
    let sorters = Mutex::new(Vec::new());
    let mut jobs = Vec::new();
    for ((dataset, set), room) in plan.sets.iter().enumerate().zip(rooms) {
        let runs = plan.runs(set);
        let firsts = (0..set.rows).step_by(plan.run_rows);
        let runs = room.places(runs.iter().copied()).into_iter().zip(runs).zip(firsts);
        jobs.extend(runs.map(|((place, bytes), first)| (bytes as u64, (dataset, first, place))));
    }
    in_parallel_on(plan.threads, jobs, |(dataset, first, place)| {
        let set = &plan.sets[dataset];
        let held = || sorters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorter: Sorter = held().pop().unwrap_or_default();
        let run = |sorter: &mut Sorter, rows: &mut [u8]| {
            renumber(set, rows, number);
            let (sorted, keys) = sorter.sort(&set.record, rows);
            let mut gather = gather.lock().expect("nothing panics while it gathers");
            gather.take((dataset, &set.record), first, sorted, keys);
        };
        let done = match place {
            Place::Memory(rows) => {
                run(&mut sorter, rows);
                rows.copy_from_slice(sorter.sorted());
                Ok(())
            }
            Place::File(file, range) => {
                let length = usize::try_from(range.end - range.start).expect("a run fits in memory");
                let mut rows = vec![0; length];
                file.read(range.start, &mut rows).and_then(|()| {
                    run(&mut sorter, &mut rows);
                    file.write(range.start, sorter.sorted())
                })
            }
        };
        held().push(sorter);
        done.map_err(SealError::write(WORK_FILE))
    })?;
    // The sorts' memory goes before cases and staff are numbered, which takes some of its own.
    drop(sorters);
    Ok(gather.into_inner().expect("nothing panics while it gathers").finish())
}

/// Puts final numbers in the place of those read.
fn renumber(set: &Set<'_>, rows: &mut [u8], number: impl Fn(u32) -> u32) {
    let record = &set.record;
    for row in rows.chunks_exact_mut(record.width()) {
        let person = number(record::person(row));
        record::put(row, 0, person);
        if let Some(at) = record.related {
            let related = number(record::number(row, at));
            record::put(row, at, related);
        }
    }
}
