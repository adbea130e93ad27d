//! `kobling check`, `kobling tokenise`.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use kobling::clock::{Clock as _, Period, SystemClock, Timestamp};
use kobling::extract::report::{Finding, Paper, Report};
use kobling::extract::{
    Decimal, Declared, ExtractError, Job, Mapping, MaxRejected, Source, Watch, check as check_extract,
    parse_encoding, tokenise as tokenise_extract,
};
use kobling::id::LeadingZero;
use kobling::key::{Example, LinkageKey};
use kobling::language::{Language, Spoken as _};
use kobling::name::DatasetId;
use kobling::programme::Programme;
use kobling::secret::SystemRandom;

use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::quality::ReportArguments;
use crate::say::language;
use crate::settings::{GivenKey, GivenPartner, GivenProgramme, GivenSigningKey};
use crate::write::{Dry, Over};

/// What an extract is and how it is written.
#[derive(Args)]
pub(crate) struct Extract {
    /// The extract, a CSV file or a workbook (.xlsx); - reads standard input.
    file: PathBuf,
    #[command(flatten)]
    programme: GivenProgramme,
    #[command(flatten)]
    partner: GivenPartner,
    /// The dataset that it becomes; that of the mapping when not given.
    #[arg(long, required_unless_present = "mapping")]
    dataset: Option<DatasetId>,
    /// Quarters that it covers, for instance 2022-Q1..2022-Q4; the programme's when not given.
    #[arg(long)]
    period: Option<Period>,
    /// Read nine digits as ten whose leading zero a spreadsheet took.
    #[arg(long)]
    repair_leading_zero: bool,
    /// Encoding: utf-8, windows-1252 or utf-16le; found out when not given.
    #[arg(long)]
    encoding: Option<String>,
    /// Separator, one character; found out when not given.
    #[arg(long)]
    separator: Option<char>,
    /// Sheet of a workbook: its name, or its number from the left; the only one with rows when not given.
    #[arg(long)]
    sheet: Option<String>,
    /// Line or row of the headers, from 1; the first that is not empty when not given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    header_row: Option<u32>,
    /// A mapping: which column of the file is which column of the dataset, and how the file is written.
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// Decimal sign; comma when not given.
    #[arg(long, value_enum)]
    decimal: Option<DecimalSign>,
    /// Most rows that may be rejected: a number, or a share such as 0.5%.
    #[arg(long)]
    max_rejected: Option<MaxRejected>,
    /// Write every finding to a new CSV file: line, column, code, and whether the row is rejected for it.
    #[arg(long)]
    findings: Option<PathBuf>,
    #[command(flatten)]
    report: ReportArguments,
    #[command(flatten)]
    dry: Dry,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DecimalSign {
    Comma,
    Point,
}

impl From<DecimalSign> for Decimal {
    fn from(sign: DecimalSign) -> Decimal {
        match sign {
            DecimalSign::Comma => Decimal::Comma,
            DecimalSign::Point => Decimal::Point,
        }
    }
}

/// `kobling check FILE --programme P.toml --partner ID --dataset ID`
#[derive(Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    extract: Extract,
}

/// `kobling tokenise FILE --programme P.toml --partner ID --dataset ID --key KEYFILE --out DIR`
#[derive(Args)]
pub(crate) struct TokeniseArguments {
    #[command(flatten)]
    extract: Extract,
    #[command(flatten)]
    key: GivenKey,
    /// Folder to write the package to; it must not exist.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    signing: GivenSigningKey,
}

/// Reads a programme definition.
pub(crate) fn programme(path: &Path) -> Result<Programme, Trouble> {
    let text = std::fs::read_to_string(path).map_err(file(path))?;
    Programme::parse(&text).map_err(|error| {
        let path = path.display();
        Trouble::Usage(both(format!("{path}: {}", error.danish()), format!("{path}: {error}")))
    })
}

/// What is said about the form of an extract.
pub(crate) fn declared(
    encoding: Option<&str>,
    separator: Option<char>,
) -> Result<Declared<'static>, Trouble> {
    let encoding = encoding.map(parse_encoding).transpose()?;
    let separator = match separator {
        Some(separator) => Some(u8::try_from(separator).ok().filter(u8::is_ascii).ok_or_else(|| {
            Trouble::Usage(both("--separator tager ét ASCII-tegn", "--separator takes one ASCII character"))
        })?),
        None => None,
    };
    Ok(Declared { encoding, separator, ..Declared::default() })
}

/// The linkage key that a programme expects.
pub(crate) fn linkage_key(
    path: &Path,
    programme: &Programme,
    allowed: Example,
) -> Result<LinkageKey, Trouble> {
    let key = LinkageKey::load(path, &programme.id, allowed)?;
    if let Some(expected) = programme.key_id.filter(|expected| *expected != key.id()) {
        let (path, id) = (path.display(), key.id());
        return Err(Trouble::Key(both(
            format!(
                "{path}: dette er nøgle {id}, og programmet venter {expected}: bed nøgleforvalteren om den"
            ),
            format!(
                "{path}: this is key {id}, the programme expects {expected}: ask the custodian for that key"
            ),
        )));
    }
    Ok(key)
}

/// Shows progress on a terminal and writes findings to a file.
struct Watcher {
    bar: ProgressBar,
    findings: Option<BufWriter<File>>,
}

impl Watcher {
    fn new(source: &Source, findings: Option<&Path>, dry: Dry) -> Result<Watcher, Trouble> {
        let bar = match source.size().filter(|_| io::stderr().is_terminal()) {
            Some(size) => {
                let left = language().choose("tilbage", "left");
                let style = format!("{{bar:40}} {{bytes}}/{{total_bytes}} {{bytes_per_sec}} {{eta}} {left}");
                ProgressBar::new(size)
                    .with_style(ProgressStyle::with_template(&style).expect("a fixed template"))
            }
            None => ProgressBar::hidden(),
        };
        let findings = match findings {
            // It holds no value, but lines of a file about persons: for its owner alone, like the file.
            Some(path) => match dry.create_private(path)? {
                Some(to) => {
                    let mut writer = BufWriter::new(to);
                    writeln!(writer, "line,column,code,rejected").map_err(file(path))?;
                    Some(writer)
                }
                None => None,
            },
            None => None,
        };
        Ok(Watcher { bar, findings })
    }

    fn finish(mut self) -> Result<(), Trouble> {
        self.bar.finish_and_clear();
        let flushed = self.findings.as_mut().map_or(Ok(()), io::Write::flush);
        flushed.map_err(|error| Trouble::Files(Box::new(ExtractError::Findings(error))))
    }
}

impl Watch for Watcher {
    fn read(&mut self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    fn wants_findings(&self) -> bool {
        self.findings.is_some()
    }

    fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        let Some(writer) = &mut self.findings else { return Ok(()) };
        findings.iter().try_for_each(|f| {
            let column = f.column.as_ref().map_or("", AsRef::as_ref);
            writeln!(writer, "{},{column},{},{}", f.line, f.code, f.rejected)
        })
    }
}

impl Extract {
    /// The mapping that is named: of this programme, and of the partner and dataset that are given.
    fn mapping(&self, programme: &Programme) -> Result<Option<Mapping>, Trouble> {
        let Some(path) = &self.mapping else { return Ok(None) };
        let (mapping, _) = crate::map::load(path, programme)?;
        let other = |what: (&str, &str), found: &str, wanted: &str| {
            let path = path.display();
            Trouble::Usage(both(
                format!("{path}: kortlægningen er for {} {found}, ikke {wanted}", what.0),
                format!("{path}: the mapping is of {} {found}, not {wanted}", what.1),
            ))
        };
        if let Some(wanted) = self.dataset.as_ref().filter(|wanted| **wanted != mapping.dataset) {
            return Err(other(("datasættet", "the dataset"), mapping.dataset.as_str(), wanted.as_str()));
        }
        if let Some(wanted) = self.partner.if_any().filter(|wanted| **wanted != mapping.partner) {
            return Err(other(("parten", "the partner"), mapping.partner.as_str(), wanted.as_str()));
        }
        Ok(Some(mapping))
    }

    /// What the arguments say goes before what the mapping says.
    fn job<'a>(
        &'a self,
        source: &'a Source,
        programme: &'a Programme,
        mapping: Option<&'a Mapping>,
    ) -> Result<Job<'a>, Trouble> {
        let form = mapping.map(|mapping| &mapping.file);
        let encoding = self.encoding.as_deref().or(form.and_then(|form| form.encoding.as_deref()));
        let separator = self.separator.or(form.and_then(|form| form.separator));
        let of_mapping = match form.and_then(|form| form.decimal) {
            Some('.') => DecimalSign::Point,
            _ => DecimalSign::Comma,
        };
        let repaired = self.repair_leading_zero || form.is_some_and(|form| form.repair_leading_zero);
        Ok(Job {
            source,
            declared: Declared {
                sheet: self.sheet.as_deref().or(form.and_then(|form| form.sheet.as_deref())),
                header_row: self.header_row.or(form.and_then(|form| form.header_row)),
                ..declared(encoding, separator)?
            },
            mapping,
            programme,
            partner: match (self.partner.if_any(), mapping) {
                (None, Some(mapping)) => &mapping.partner,
                _ => self.partner.id()?,
            },
            dataset: self
                .dataset
                .as_ref()
                .or(mapping.map(|mapping| &mapping.dataset))
                .expect("one of --dataset and --mapping is given"),
            period: self.period,
            zero: if repaired { LeadingZero::Repair } else { LeadingZero::Refuse },
            decimal: self.decimal.unwrap_or(of_mapping).into(),
            today: SystemClock.today(),
        })
    }

    /// The report of a run, also of one of which no package is made.
    fn show<T>(
        &self,
        job: &Job<'_>,
        made: Timestamp,
        result: Result<T, ExtractError>,
        report: impl Fn(&T) -> &Report,
    ) -> Result<T, Trouble> {
        let paper = |report, unusual| Paper { unusual, ..Paper::of(job, report, made, self.max_rejected) };
        match &result {
            Ok(done) => self.report.show(&paper(report(done), None), self.dry)?,
            Err(ExtractError::TooManyRejected(report)) => self.report.show(&paper(report, None), self.dry)?,
            Err(ExtractError::Unusual(unusual, report)) => {
                self.report.show(&paper(report, Some(*unusual)), self.dry)?;
            }
            Err(_) => {}
        }
        Ok(result?)
    }

    fn done(&self, report: &Report) -> Done {
        let limit = self.max_rejected.unwrap_or(MaxRejected::Count(0));
        if limit.exceeded(report) { Done::RowsRejected } else { Done::Clean }
    }
}

pub(crate) fn check(arguments: &CheckArguments) -> Outcome {
    let extract = &arguments.extract;
    extract.report.ready(extract.dry)?;
    let source = Source::from_argument(&extract.file);
    let programme = extract.programme.load()?;
    let mut watcher = Watcher::new(&source, extract.findings.as_deref(), extract.dry)?;
    let mapping = extract.mapping(&programme)?;
    let job = extract.job(&source, &programme, mapping.as_ref())?;
    let result = check_extract(&job, &mut SystemRandom::new(), &mut watcher);
    watcher.finish()?;
    let report = extract.show(&job, SystemClock.now(), result, |report| report)?;
    Ok(extract.done(&report))
}

pub(crate) fn tokenise(arguments: &TokeniseArguments) -> Outcome {
    let extract = &arguments.extract;
    extract.report.ready(extract.dry)?;
    let source = Source::from_argument(&extract.file);
    let programme = extract.programme.load()?;
    let key = arguments.key.load(&programme)?;
    let signing = arguments.signing.load_if_any(arguments.key.allow_example_key)?;
    if extract.dry.on() {
        extract.dry.may_take(&arguments.out, Over::Never)?;
    }
    let mut watcher = Watcher::new(&source, extract.findings.as_deref(), extract.dry)?;
    let mapping = extract.mapping(&programme)?;
    let job = extract.job(&source, &programme, mapping.as_ref())?;
    let now = SystemClock.now();
    if extract.dry.on() {
        let checked = check_extract(&job, &mut SystemRandom::new(), &mut watcher).and_then(|report| {
            match extract.max_rejected.is_some_and(|limit| limit.exceeded(&report)) {
                true => Err(ExtractError::TooManyRejected(Box::new(report))),
                false => Ok(report),
            }
        });
        watcher.finish()?;
        let report = extract.show(&job, now, checked, |report| report)?;
        extract.dry.would(&arguments.out);
        return Ok(extract.done(&report));
    }
    let out = (arguments.out.as_path(), now);
    let random = &mut SystemRandom::new();
    let result =
        tokenise_extract(&job, &key, signing.as_ref(), extract.max_rejected, out, random, &mut watcher);
    // Nothing is left to be done with them; what follows is looked at for as long as somebody likes.
    drop((key, signing));
    watcher.finish()?;
    let (report, _) = extract.show(&job, now, result, |(report, _)| report)?;
    let out = arguments.out.display();
    match language() {
        Language::Da => eprintln!("pakken ligger i {out}; se den med `kobling inspect {out}`"),
        Language::En => eprintln!("package written to {out}; look at it with `kobling inspect {out}`"),
    }
    Ok(extract.done(&report))
}
