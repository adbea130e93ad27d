//! The seal: staged rows of all partners become a snapshot.

use std::io;
use std::path::{Path, PathBuf};

use super::columns::Columns;
use super::file;
use super::folder::{Draft, Output};
use super::manifest::{FileEntry, Manifest, PERSONS_FILE, SNAPSHOT_FILE, dataset_file};
use super::rows::{self, Numbering, ReadError, Rows};
use crate::clock::{Day, Timestamp};
use crate::extract::manifest::Sha256Hex;
use crate::linkage::family::Families;
use crate::linkage::quality::KnownAt;
use crate::linkage::work::in_parallel;
use crate::linkage::{Alias, Interner, Quality, Spine, SpineError, Stated};
use crate::programme::Programme;
use crate::secret::Random;

/// A complete upload. Which uploads are in force is for the caller to say.
pub struct StagedInput {
    /// The staged file.
    pub path: PathBuf,
    /// Position of the partner.
    pub source: u8,
    /// Position of the dataset.
    pub dataset: usize,
    /// What its manifest says. The file must hold the rows sent, no more and no fewer.
    pub stated: Stated,
}

/// What a seal takes.
pub struct SealInputs<'a> {
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

/// Why a seal failed. The spine is as before, and no folder is left. Files are named without their folder.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A partner or dataset that the programme does not have, or does not let go together.
    #[error(
        "the staged upload {file} belongs to no dataset of its partner: withdraw it and ask for a new one"
    )]
    Unknown {
        /// The staged file.
        file: String,
    },
    /// A staged file cannot be read.
    #[error("the staged upload {file} cannot be read")]
    Read {
        /// The staged file.
        file: String,
        /// Cause.
        source: io::Error,
    },
    /// A staged file is torn, or holds another number of rows than its manifest says.
    #[error(
        "the staged upload {file} is not whole: withdraw it and let the partner upload the package again, or restore the file from a backup"
    )]
    Incomplete {
        /// The staged file.
        file: String,
    },
    /// A staged file holds something that intake refuses.
    #[error(
        "the staged upload {file} holds {what}: withdraw it and let the partner upload the package again"
    )]
    Content {
        /// The staged file.
        file: String,
        /// What.
        what: &'static str,
    },
    /// More rows of a dataset than a column has places.
    #[error("the dataset {dataset} has more than {} rows: shorten the programme's period", u32::MAX)]
    TooManyRows {
        /// The dataset.
        dataset: crate::name::DatasetId,
    },
    /// More cases than numbers.
    #[error(
        "the uploads hold more than {} cases: shorten the programme's period",
        crate::limits::MAX_PERSONS
    )]
    TooManyCases,
    /// More staff than numbers.
    #[error(
        "the uploads hold more than {} staff: shorten the programme's period",
        crate::limits::MAX_PERSONS
    )]
    TooManyStaff,
    /// The spine refuses.
    #[error(transparent)]
    Spine(#[from] SpineError),
    /// A file of the snapshot cannot be written.
    #[error(
        "{file} of the snapshot cannot be written: see that the disk has room and the folder is not in use"
    )]
    Write {
        /// The snapshot's file, or its folder.
        file: String,
        /// Cause.
        source: io::Error,
    },
}

impl SealError {
    fn write(file: &str) -> impl FnOnce(io::Error) -> SealError {
        let file = file.to_owned();
        move |source| SealError::Write { file, source }
    }

    fn read(input: &StagedInput, error: ReadError) -> SealError {
        let file = input.name();
        match error {
            ReadError::Io(source) => SealError::Read { file, source },
            ReadError::Incomplete => SealError::Incomplete { file },
            ReadError::Content(what) => SealError::Content { file, what },
        }
    }
}

impl StagedInput {
    fn name(&self) -> String {
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
/// The same inputs, spine and randomness give the same bytes, however many cores there are.
///
/// # Errors
/// A [`SealError`] that names the file.
pub fn seal(
    inputs: &SealInputs<'_>,
    spine: &mut Spine,
    random: &mut dyn Random,
) -> Result<SealReport, SealError> {
    if !spine.is_settled() {
        return Err(SpineError::Unsettled.into());
    }
    let draft = Draft::begin(inputs.out).map_err(SealError::write("the folder"))?;
    let numbered = number(inputs, spine, random)?;
    let sealed = numbered.link(inputs, spine).and_then(|linked| linked.publish(inputs, draft));
    if sealed.is_err() {
        spine.forget_fresh();
    }
    sealed
}

/// Everything read, and person numbers allotted.
struct Numbered {
    /// The rows by dataset and upload, persons and cases provisional.
    parts: Vec<Vec<Rows>>,
    cases: u32,
    staff: u32,
    /// Numbers of the provisional persons.
    final_of: Vec<u32>,
}

/// Reads everything and allots person numbers.
fn number(
    inputs: &SealInputs<'_>,
    spine: &mut Spine,
    random: &mut dyn Random,
) -> Result<Numbered, SealError> {
    let programme = inputs.programme;
    let numbering = Numbering {
        spine,
        persons: Interner::new(spine.highest()),
        cases: Interner::new(0),
        staff: Interner::new(0),
    };
    for input in inputs.staged {
        let known = programme.datasets.get(input.dataset).is_some_and(|d| d.partners.contains(&input.source));
        if !known {
            return Err(SealError::Unknown { file: input.name() });
        }
    }
    let items = inputs.staged.iter().map(|input| (input.stated.sent, input)).collect();
    let read = in_parallel(items, |input: &StagedInput| {
        let dataset = &programme.datasets[input.dataset];
        Rows::read(&input.path, input.source, input.stated.sent, (programme, dataset), &numbering)
            .map_err(|error| SealError::read(input, error))
    })?;
    let Numbering { persons, cases, staff, .. } = numbering;
    let cases = cases.met().ok_or(SealError::TooManyCases)?;
    let staff = staff.met().ok_or(SealError::TooManyStaff)?;

    let mut parts: Vec<Vec<Rows>> = programme.datasets.iter().map(|_| Vec::new()).collect();
    for (input, rows) in inputs.staged.iter().zip(read) {
        parts[input.dataset].push(rows);
    }
    for (part, dataset) in parts.iter().zip(&programme.datasets) {
        if part.iter().map(|rows| rows.len() as u64).sum::<u64>() > u64::from(u32::MAX) {
            return Err(SealError::TooManyRows { dataset: dataset.id.clone() });
        }
    }
    let final_of = spine.allot(persons, inputs.aliases, random)?;
    Ok(Numbered { parts, cases, staff, final_of })
}

/// Everything linked, sorted and numbered.
struct Linked {
    datasets: Vec<Columns>,
    cases: u32,
    highest: u32,
}

impl Numbered {
    /// Sorts each dataset under its final numbers, and numbers the cases.
    fn link(self, inputs: &SealInputs<'_>, spine: &Spine) -> Result<Linked, SealError> {
        let (highest, final_of) = (spine.highest(), self.final_of);
        let base = highest - u32::try_from(final_of.len()).expect("one number for each");
        let number = |read: u32| {
            let number = if read > base { final_of[(read - base - 1) as usize] } else { read };
            spine.person_of(number)
        };
        let items = self.parts.into_iter().zip(&inputs.programme.datasets);
        let items = items.map(|(rows, dataset)| (rows.iter().map(|r| r.len() as u64).sum(), (rows, dataset)));
        let mut datasets = in_parallel(items.collect(), |(rows, dataset)| {
            Ok::<_, SealError>(rows::sort(rows, dataset, number, highest))
        })?;

        // Cases and staff are numbered as the sorted rows meet them: by persons in random order, not by arrival.
        let (mut cases, mut staff) = (Renumbered::new(self.cases), Renumbered::new(self.staff));
        for columns in &mut datasets {
            columns.case.iter_mut().flatten().for_each(|case| cases.meet(case));
            for row in 0..columns.len() {
                columns.staff.iter_mut().flatten().for_each(|column| staff.meet(&mut column[row]));
            }
        }
        Ok(Linked { datasets, cases: self.cases, highest })
    }
}

/// New numbers for provisional ones, in the order in which they are met.
struct Renumbered {
    number_of: Vec<u32>,
    next: u32,
}

impl Renumbered {
    fn new(highest: u32) -> Renumbered {
        Renumbered { number_of: vec![0; highest as usize + 1], next: 0 }
    }

    /// Replaces a provisional number; 0 stays.
    fn meet(&mut self, number: &mut u32) {
        if *number != 0 {
            let met = &mut self.number_of[*number as usize];
            if *met == 0 {
                self.next += 1;
                *met = self.next;
            }
            *number = *met;
        }
    }
}

/// One of the things that the last pass makes, side by side.
enum Job {
    Rows(usize),
    Persons,
    Quality,
}

/// What a job made.
enum Made {
    File(FileEntry),
    Quality(Quality),
}

impl Linked {
    /// Writes the files side by side, then the manifest, then makes the folder the snapshot's.
    fn publish(self, inputs: &SealInputs<'_>, draft: Draft) -> Result<SealReport, SealError> {
        let rows: u64 = self.datasets.iter().map(|columns| columns.len() as u64).sum();
        let mut jobs = vec![(rows, Job::Persons), (0, Job::Quality)];
        jobs.extend(
            self.datasets.iter().enumerate().map(|(at, columns)| (columns.len() as u64, Job::Rows(at))),
        );
        let made = in_parallel(jobs, |job| match job {
            Job::Rows(at) => self.write_rows(inputs, &draft, at).map(Made::File),
            Job::Persons => self.write_persons(&draft).map(Made::File),
            Job::Quality => Ok(Made::Quality(self.quality(inputs))),
        })?;
        let (mut files, mut quality) = (Vec::new(), Quality::new(inputs.programme));
        for made in made {
            match made {
                Made::File(file) => files.push(file),
                Made::Quality(found) => quality = found,
            }
        }

        let head = (inputs.id, inputs.day, inputs.sealed_at);
        let manifest = Manifest::new(head, inputs.programme, self.highest, files, &quality);
        let mut text = serde_json::to_vec_pretty(&manifest).expect("plain data become JSON");
        text.push(b'\n');
        let wrong = || SealError::write(SNAPSHOT_FILE);
        let mut out = draft.create(SNAPSHOT_FILE).map_err(wrong())?;
        io::Write::write_all(&mut out, &text).map_err(wrong())?;
        let (_, sha256) = out.finish().map_err(wrong())?;
        draft.publish().map_err(SealError::write("the folder"))?;
        Ok(SealReport { rows, persons: self.highest, sha256, quality })
    }

    fn write_rows(&self, inputs: &SealInputs<'_>, draft: &Draft, at: usize) -> Result<FileEntry, SealError> {
        let (dataset, columns) = (&inputs.programme.datasets[at], &self.datasets[at]);
        let name = dataset_file(&dataset.id);
        entry(draft, name, |out| {
            file::write_rows(out, dataset, columns).map(|out| (out, columns.len() as u64))
        })
    }

    fn write_persons(&self, draft: &Draft) -> Result<FileEntry, SealError> {
        let mut families = Families::new(self.highest, self.cases);
        for columns in &self.datasets {
            let value =
                |column: &Option<Vec<u32>>, row: usize| column.as_ref().map_or(0, |column| column[row]);
            for (row, person) in columns.persons().enumerate() {
                families.row(person, value(&columns.related, row), value(&columns.case, row));
            }
        }
        let families = families.finish();
        entry(draft, PERSONS_FILE.to_owned(), |out| file::write_persons(out, &families))
    }

    fn quality(&self, inputs: &SealInputs<'_>) -> Quality {
        let mut quality = Quality::new(inputs.programme);
        for input in inputs.staged {
            quality.state(input.source, input.dataset, &input.stated);
        }
        let mut known = KnownAt::new(self.highest);
        for columns in &self.datasets {
            columns.persons().zip(&columns.source).for_each(|(person, source)| known.row(person, *source));
        }
        for (at, columns) in self.datasets.iter().enumerate() {
            quality.count(at, &known, columns.persons().zip(columns.source.iter().copied()));
        }
        quality
    }
}

/// Writes a file of the snapshot and makes it durable.
fn entry(
    draft: &Draft,
    name: String,
    write: impl FnOnce(Output) -> Result<(Output, u64), parquet::errors::ParquetError>,
) -> Result<FileEntry, SealError> {
    let out = draft.create(&name).map_err(SealError::write(&name))?;
    let (out, rows) = write(out).map_err(|error| SealError::write(&name)(into_io(error)))?;
    let (bytes, sha256) = out.finish().map_err(SealError::write(&name))?;
    Ok(FileEntry { name, rows, bytes, sha256 })
}

/// The disk's word inside Parquet's.
fn into_io(error: parquet::errors::ParquetError) -> io::Error {
    match error {
        parquet::errors::ParquetError::External(cause) => {
            cause.downcast::<io::Error>().map_or_else(io::Error::other, |cause| *cause)
        }
        other => io::Error::other(other),
    }
}
