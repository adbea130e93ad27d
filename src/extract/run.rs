//! The line from an extract to a report or a package: one reader, a worker a core, one collector.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::columns::{Columns, Decimal, HeaderError, Mapped};
use super::limit::MaxRejected;
use super::line::{Batch, Reads, line};
use super::manifest::{FORMAT, Head, Manifest, Schema};
use super::mapping::Mapping;
use super::pack::{PackageError, PackageWriter, written};
use super::read::{Declared, ReadError, Rows, Source};
use super::report::{Finding, KINDS, Matter, Notes, Remark, Report, Spot, kind_code};
use super::row::{Tally, Terms, Total};
use super::screen::{SCREEN, Screen, Unusual};
use super::shuffle::Shuffler;
use crate::clock::{Day, Period, Timestamp};
use crate::id::{IdKind, LeadingZero};
use crate::key::{KeyId, LinkageKey, SigningKey};
use crate::language::{Language, Spoken};
use crate::limits;
use crate::name::{DatasetId, PartnerId};
use crate::programme::{Dataset, Programme};
use crate::secret::Random;
use crate::token::Tokeniser;

/// What manifests say that they were made by: a program, or the page.
const TOOL: &str = if cfg!(target_family = "wasm") {
    concat!("kobling-page ", env!("CARGO_PKG_VERSION"))
} else {
    concat!("kobling ", env!("CARGO_PKG_VERSION"))
};

/// An extract and what it is held against.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Where the extract comes from.
    pub source: &'a Source,
    /// What is said about its form.
    pub declared: Declared<'a>,
    /// Which column of the file is which of the dataset, where the partner has said so; by the headers when absent.
    pub mapping: Option<&'a Mapping>,
    /// The programme.
    pub programme: &'a Programme,
    /// The partner that it belongs to.
    pub partner: &'a PartnerId,
    /// The dataset that it becomes.
    pub dataset: &'a DatasetId,
    /// The quarters that it covers; the programme's when absent.
    pub period: Option<Period>,
    /// What nine digits mean.
    pub zero: LeadingZero,
    /// The decimal sign.
    pub decimal: Decimal,
    /// The day of the check.
    pub today: Day,
}

/// Why an extract came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The programme has no such partner.
    #[error("the programme has no partner {0}; it has: {1}")]
    UnknownPartner(PartnerId, String),
    /// The programme has no such dataset.
    #[error("the programme has no dataset {0}; it has: {1}")]
    UnknownDataset(DatasetId, String),
    /// The partner does not hand that dataset over.
    #[error("{0} does not hand over {1}; it hands over: {2}")]
    NotYours(PartnerId, DatasetId, String),
    /// Quarters outside the programme's.
    #[error("the period {0} lies outside the programme's {1}")]
    Period(Period, Period),
    /// The file as a whole.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The header.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Where all findings are written.
    #[error("the findings cannot be written")]
    Findings(#[source] io::Error),
    /// Spilled rows.
    #[error("rows that wait to be shuffled cannot be kept on disk; make room where the package is to lie")]
    Spill(#[source] io::Error),
    /// No disk to spill to, as in the page.
    #[error(
        "the file has more rows than this page has room for; use the program `kobling tokenise`, or divide the period and make a package for each part"
    )]
    NoRoom,
    /// Another file than the one that was checked.
    #[error("the file has changed since it was checked; check it again")]
    Changed,
    /// A field that is larger than any.
    #[error("line {0}: a field is damaged beyond reading; export the file again")]
    Damaged(u64),
    /// More rejected rows than allowed.
    #[error("{} of {} rows were rejected, more than the limit given; no package was made", .0.rows.rejected, .0.rows.read)]
    TooManyRejected(Box<Report>),
    /// An extract that is not one of clients, or of more or fewer than the programme lets in.
    #[error("{0}; no package was made: {advice}", advice = .0.advice(Language::En))]
    Unusual(Unusual, Box<Report>),
}

impl Spoken for ExtractError {
    fn danish(&self) -> String {
        match self {
            ExtractError::UnknownPartner(partner, known) => {
                format!("programmet har ingen partner {partner}; det har: {known}")
            }
            ExtractError::UnknownDataset(dataset, known) => {
                format!("programmet har intet datasæt {dataset}; det har: {known}")
            }
            ExtractError::NotYours(partner, dataset, own) => {
                format!("{partner} afleverer ikke {dataset}; {partner} afleverer: {own}")
            }
            ExtractError::Period(period, programme) => {
                format!("perioden {period} ligger uden for programmets {programme}")
            }
            ExtractError::Read(error) => error.danish(),
            ExtractError::Header(error) => error.danish(),
            ExtractError::Package(error) => error.danish(),
            ExtractError::Findings(_) => "fundene kan ikke skrives".to_owned(),
            ExtractError::Spill(_) => {
                "rækker, der venter på at blive blandet, kan ikke ligge på disken; skaf plads dér, hvor pakken skal ligge"
                    .to_owned()
            }
            ExtractError::NoRoom => {
                "filen har flere rækker, end siden her har plads til; brug programmet `kobling tokenise`, eller del perioden op, og lav en pakke for hver del"
                    .to_owned()
            }
            ExtractError::Changed => "filen er ændret, siden den blev kontrolleret; kontrollér den igen".to_owned(),
            ExtractError::Damaged(line) => {
                format!("linje {line}: et felt er så beskadiget, at det ikke kan læses; træk filen ud igen")
            }
            ExtractError::TooManyRejected(report) => format!(
                "{} af {} rækker er afvist, flere end grænsen; der er ikke lavet nogen pakke",
                report.rows.rejected, report.rows.read
            ),
            ExtractError::Unusual(unusual, _) => format!(
                "{}; der er ikke lavet nogen pakke: {}",
                unusual.danish(),
                unusual.advice(Language::Da)
            ),
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            ExtractError::Findings(error) | ExtractError::Spill(error) => Some(error),
            ExtractError::Read(error) => error.because(),
            ExtractError::Header(error) => error.because(),
            ExtractError::Package(error) => error.because(),
            _ => None,
        }
    }
}

impl ExtractError {
    /// What keeps rows from waiting to be shuffled.
    fn spilled(error: io::Error) -> ExtractError {
        match error.kind() {
            io::ErrorKind::OutOfMemory => ExtractError::NoRoom,
            _ => ExtractError::Spill(error),
        }
    }
}

/// What watches a run.
pub trait Watch {
    /// Raw bytes of the extract read so far.
    fn read(&mut self, _bytes: u64) {}

    /// Whether [`Watch::findings`] is to be called: findings are kept one by one only for somebody who wants them.
    fn wants_findings(&self) -> bool {
        false
    }

    /// Findings in the order of the file, and then repeated rows in no order; all but those that say how the whole file
    /// is written ([`Remark::is_habit`]).
    ///
    /// # Errors
    /// I/O errors end the run.
    fn findings(&mut self, _findings: &[Finding]) -> io::Result<()> {
        Ok(())
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// Checks an extract: the whole line, with a key that is forgotten, and nothing kept.
///
/// # Errors
/// [`ExtractError`]; rejected rows are no error.
pub fn check(job: &Job<'_>, random: &mut dyn Random, watch: &mut dyn Watch) -> Result<Report, ExtractError> {
    let key = LinkageKey::generate(job.programme.id.clone(), random);
    let target = job.target()?;
    let tokeniser = Tokeniser::new(&key, job.partner, target.issuer(job));
    checked(job, &target, &tokeniser, random, watch)
}

/// The check, with whatever tokens: they go nowhere.
pub(super) fn checked(
    job: &Job<'_>,
    target: &Target<'_>,
    tokeniser: &Tokeniser,
    random: &mut dyn Random,
    watch: &mut dyn Watch,
) -> Result<Report, ExtractError> {
    // Repeated rows are found by the piles, so rows go through them here too; nothing of them is kept.
    // The page has no such folder, and no disk.
    let folder = if cfg!(target_family = "wasm") { PathBuf::new() } else { std::env::temp_dir() };
    let collected = collect(job, target, tokeniser, &folder, random, watch)?;
    let (report, screen) = collected.drain(target.period, watch, |_| Ok(()))?;
    match usual(job, target, &screen, &report) {
        Ok(()) => Ok(report),
        Err(unusual) => Err(ExtractError::Unusual(unusual, Box::new(report))),
    }
}

/// Turns an extract into a package in a new folder.
///
/// # Errors
/// [`ExtractError`]; with a limit given, [`ExtractError::TooManyRejected`] carries the report.
pub fn tokenise(
    job: &Job<'_>,
    key: &LinkageKey,
    signing: Option<&SigningKey>,
    max_rejected: Option<MaxRejected>,
    out: (&Path, Timestamp),
    random: &mut dyn Random,
    watch: &mut dyn Watch,
) -> Result<(Report, Manifest), ExtractError> {
    let target = job.target()?;
    let tokeniser = Tokeniser::new(key, job.partner, target.issuer(job));
    packed(job, &target, (&tokeniser, key.id()), signing, max_rejected, out, random, watch)
}

/// The package, with whatever makes its tokens.
#[expect(clippy::too_many_arguments, reason = "those of `tokenise`, and what they resolve to")]
pub(super) fn packed(
    job: &Job<'_>,
    target: &Target<'_>,
    (tokeniser, key_id): (&Tokeniser, KeyId),
    signing: Option<&SigningKey>,
    max_rejected: Option<MaxRejected>,
    out: (&Path, Timestamp),
    random: &mut dyn Random,
    watch: &mut dyn Watch,
) -> Result<(Report, Manifest), ExtractError> {
    let (folder, now) = out;
    let mut writer = PackageWriter::create(folder, Schema::of(target.dataset))?;
    let collected = collect(job, target, tokeniser, writer.partial(), random, watch)?;
    if !tokeniser.is_complete() {
        return Err(ExtractError::Changed);
    }
    if max_rejected.is_some_and(|limit| limit.exceeded(&collected.report)) {
        // The report is whole all the same: what is repeated shows only here.
        let (report, _) = collected.drain(target.period, watch, |_| Ok(()))?;
        return Err(ExtractError::TooManyRejected(Box::new(report)));
    }
    let send = |lines: &[u8]| writer.rows(lines).map_err(|error| written(folder)(error).into());
    let (report, screen) = collected.drain(target.period, watch, send)?;
    if let Err(unusual) = usual(job, target, &screen, &report) {
        return Err(ExtractError::Unusual(unusual, Box::new(report)));
    }
    let head = Head {
        format: FORMAT,
        programme: job.programme.id.clone(),
        partner: job.partner.clone(),
        dataset: job.dataset.clone(),
        period: target.period,
        key_id,
        tool: TOOL.to_owned(),
        rows: report.rows,
        rejected: report.rejected.clone(),
        warnings: report.warnings.clone(),
        identifiers: report.identifiers.clone(),
        screened: Some(SCREEN),
    };
    let manifest = writer.finish(head, now, signing)?;
    Ok((report, manifest))
}

/// What a job resolves to.
pub(super) struct Target<'a> {
    pub(super) dataset: &'a Dataset,
    /// Position of the dataset.
    pub(super) at: usize,
    /// Position of the partner.
    pub(super) source: u8,
    pub(super) period: Period,
}

impl<'a> Target<'a> {
    /// The partner whose staff numbers are used.
    pub(super) fn issuer(&self, job: &Job<'a>) -> &'a PartnerId {
        self.dataset.staff_issuer.as_ref().unwrap_or(job.partner)
    }
}

impl<'a> Job<'a> {
    pub(super) fn target(&self) -> Result<Target<'a>, ExtractError> {
        let list = |names: Vec<&str>| names.join(", ");
        let programme = self.programme;
        let Some(source) = programme.source(self.partner) else {
            let known = list(programme.partners.iter().map(|p| p.id.as_str()).collect());
            return Err(ExtractError::UnknownPartner(self.partner.clone(), known));
        };
        let Some((at, dataset)) = programme.dataset(self.dataset) else {
            let known = list(programme.datasets.iter().map(|d| d.id.as_str()).collect());
            return Err(ExtractError::UnknownDataset(self.dataset.clone(), known));
        };
        if !dataset.partners.contains(&source) {
            let own = programme.datasets.iter().filter(|d| d.partners.contains(&source));
            let own = list(own.map(|d| d.id.as_str()).collect());
            return Err(ExtractError::NotYours(self.partner.clone(), self.dataset.clone(), own));
        }
        let period = self.period.unwrap_or(programme.period);
        if period.first() < programme.period.first() || period.last() > programme.period.last() {
            return Err(ExtractError::Period(period, programme.period));
        }
        Ok(Target { dataset, at, source, period })
    }
}

impl Job<'_> {
    pub(super) fn terms(&self, period: Period) -> Terms {
        Terms {
            today: self.today,
            first_day: period.first_day(),
            last_day: period.last_day(),
            zero: self.zero,
            decimal: self.decimal,
            made_up_numbers: self.programme.made_up_numbers,
        }
    }
}

fn collect(
    job: &Job<'_>,
    target: &Target<'_>,
    tokeniser: &Tokeniser,
    folder: &Path,
    random: &mut dyn Random,
    watch: &mut dyn Watch,
) -> Result<Collected, ExtractError> {
    let rows = Rows::open(job.source, job.declared)?;
    let columns = Columns::map(&rows.header, target.dataset, job.programme, job.mapping)?;
    rows.need(columns.list.iter().filter_map(|column| column.at))?;
    let terms = job.terms(target.period);
    let mut shuffler = Shuffler::new(random, limits::SHUFFLE_MEMORY_BYTES, columns.apart);
    let one_by_one = watch.wants_findings();
    let mut collector = Collector::new(&columns, one_by_one);
    collector.hidden_columns(&rows, watch)?;
    let empty = shuffler.buffer();
    let reads = Reads { columns: &columns, tokeniser, terms, empty: &empty, one_by_one };
    line(rows, &reads, |batch| {
        let Batch { sequence, read_bytes, rows: mut spent, tally } = batch;
        shuffler.take(&mut spent, folder).map_err(ExtractError::spilled)?;
        watch.read(read_bytes);
        collector.add(sequence, tally, watch)?;
        Ok(spent)
    })?;
    let Collector { report, notes, screen, .. } = collector.finish(watch)?;
    Ok(Collected { columns, report, notes, screen, shuffler })
}

/// Holds what an extract is about, as a whole, against what clients look like and what the programme says of them.
fn usual(job: &Job<'_>, target: &Target<'_>, screen: &Screen, report: &Report) -> Result<(), Unusual> {
    let supply = job.programme.supply(target.at, target.source);
    screen.look(job.today, supply.is_some_and(|supply| supply.few_birth_dates))?;
    let Some(supply) = supply else { return Ok(()) };
    let (persons, population) = (screen.persons(), supply.population);
    if persons > population {
        return Err(Unusual::Population { persons, population });
    }
    // Of other identifiers each may be a person: the service tells.
    let others = report.identifiers.iter().filter(|(kind, _)| *kind != kind_code(IdKind::Cpr));
    let most = others.map(|(_, rows)| *rows).sum::<u64>() + u64::from(persons);
    match supply.least_persons {
        Some(least) if most < u64::from(least) => Err(Unusual::Few { persons, least }),
        _ => Ok(()),
    }
}

/// Puts the tallies of all chunks together; findings leave in the order of the file.
struct Collector<'a> {
    columns: &'a Columns,
    report: Report,
    notes: Notes,
    next: u64,
    waiting: BTreeMap<u64, InOrder>,
    /// The last row so far, where it looks like one of totals.
    total: Option<Total>,
    screen: Screen,
}

/// What of a tally is looked at in the order of the file.
struct InOrder {
    any: bool,
    total: Option<Total>,
    spots: Vec<Spot>,
}

impl<'a> Collector<'a> {
    fn new(columns: &'a Columns, one_by_one: bool) -> Collector<'a> {
        Collector {
            columns,
            report: Report::default(),
            notes: Notes::new(columns.list.len(), one_by_one),
            next: 0,
            waiting: BTreeMap::new(),
            total: None,
            screen: Screen::default(),
        }
    }

    /// Notes which of the dataset's columns the spreadsheet hides.
    fn hidden_columns(&mut self, rows: &Rows, watch: &mut dyn Watch) -> Result<(), ExtractError> {
        let hidden = |column: &Mapped| column.at.is_some_and(|at| rows.hidden_columns.contains(&at));
        let hidden = (0..self.columns.list.len()).filter(|at| hidden(&self.columns.list[*at]));
        self.notes.next_row();
        hidden.for_each(|at| self.notes.remark(Remark::HiddenColumn, rows.header_line, Some(at)));
        self.tell(watch)
    }

    fn add(&mut self, sequence: u64, mut tally: Tally, watch: &mut dyn Watch) -> Result<(), ExtractError> {
        if let Some(numbers) = &tally.numbers {
            self.screen.take(numbers);
        }
        let (any, total) = (tally.any, tally.total.take());
        let spots = tally.notes.spots.take().unwrap_or_default();
        self.count(&tally);
        self.waiting.insert(sequence, InOrder { any, total, spots });
        while let Some(mut chunk) = self.waiting.remove(&self.next) {
            self.next += 1;
            if chunk.any
                && let Some(total) = self.total.take()
            {
                // It stands between rows: it is one.
                let notes = Notes::new(self.columns.list.len(), self.notes.spots.is_some());
                let mut tally = Tally { notes, ..Tally::default() };
                tally.settle(total);
                let mut found = tally.notes.spots.take().unwrap_or_default();
                self.count(&tally);
                if let Some(spots) = &mut self.notes.spots {
                    spots.append(&mut found);
                }
            }
            self.total = chunk.total.take().or(self.total.take());
            if let Some(spots) = &mut self.notes.spots {
                spots.append(&mut chunk.spots);
            }
            self.tell(watch)?;
        }
        Ok(())
    }

    fn count(&mut self, tally: &Tally) {
        self.report.rows.read += tally.read;
        for (reason, n) in &tally.rejected {
            Report::add(&mut self.report.rejected, reason.code(), *n);
            self.report.rows.rejected += n;
        }
        self.notes.merge(&tally.notes);
    }

    /// Hands on what was found one by one.
    fn tell(&mut self, watch: &mut dyn Watch) -> Result<(), ExtractError> {
        let Some(spots) = &mut self.notes.spots else { return Ok(()) };
        let findings = spots.drain(..).map(|spot| Finding {
            line: spot.line,
            column: spot.column.map(|at| self.columns.list[at].id.clone()),
            code: spot.matter.code(),
            rejected: spot.matter.rejects(),
        });
        watch.findings(&findings.collect::<Vec<_>>()).map_err(ExtractError::Findings)
    }

    /// Ends the file: what looks like a row of totals and has nothing behind it is no row.
    fn finish(mut self, watch: &mut dyn Watch) -> Result<Collector<'a>, ExtractError> {
        if let Some(total) = self.total.take() {
            self.notes.next_row();
            self.notes.remark(Remark::TotalRow, total.line, None);
            self.tell(watch)?;
        }
        Ok(self)
    }
}

/// An extract that was read: what was found of it, and its rows.
struct Collected {
    columns: Columns,
    report: Report,
    notes: Notes,
    screen: Screen,
    shuffler: Shuffler,
}

impl Collected {
    /// Lets the rows out in random order, counting those that are sent and those that are repeated.
    fn drain(
        mut self,
        period: Period,
        watch: &mut dyn Watch,
        mut send: impl FnMut(&[u8]) -> Result<(), ExtractError>,
    ) -> Result<(Report, Screen), ExtractError> {
        struct Wrapped(ExtractError);
        impl From<io::Error> for Wrapped {
            fn from(error: io::Error) -> Wrapped {
                Wrapped(ExtractError::Spill(error))
            }
        }
        let (report, notes) = (&mut self.report, &mut self.notes);
        let mut kinds = [0u64; KINDS.len()];
        let repeated = Matter::Remark(Remark::Repeated);
        let result = self.shuffler.drain(|pile| {
            if watch.wants_findings() {
                let finding = |line| Finding {
                    line,
                    column: None,
                    code: repeated.code(),
                    rejected: repeated.rejects(),
                };
                let findings = pile.repeated.iter().copied().map(finding).collect::<Vec<_>>();
                watch.findings(&findings).map_err(|error| Wrapped(ExtractError::Findings(error)))?;
            }
            report.rows.duplicates += pile.repeated.len() as u64;
            notes.rows(Remark::Repeated, &pile.repeated);
            for (sum, n) in kinds.iter_mut().zip(pile.kinds) {
                *sum += n;
            }
            report.rows.sent += pile.kinds.iter().sum::<u64>() + pile.anonymous;
            report.rows.anonymous += pile.anonymous;
            send(&pile.lines).map_err(Wrapped)
        });
        result.map_err(|Wrapped(error)| error)?;
        for (kind, n) in KINDS.into_iter().zip(kinds) {
            Report::add(&mut report.identifiers, kind_code(kind), n);
        }
        report.take(notes, &self.columns, period);
        Ok((self.report, self.screen))
    }
}
