//! `kobling check`, `kobling tokenise`, `kobling inspect`.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use kobling::clock::{Clock as _, Period, SystemClock};
use kobling::extract::findings::{Finding, Report};
use kobling::extract::{
    Decimal, Declared, ExtractError, Job, MaxRejected, Package, Source, Watch, check as check_extract,
    parse_encoding, tokenise as tokenise_extract,
};
use kobling::id::LeadingZero;
use kobling::key::{Example, LinkageKey, SigningKey};
use kobling::name::{DatasetId, PartnerId};
use kobling::programme::Programme;
use kobling::secret::SystemRandom;

use crate::exit::{Done, Outcome, Trouble, file};
use crate::key::example;

/// Findings that are listed on the terminal.
const LISTED: usize = 20;
/// Rows that `inspect` shows.
const SAMPLE: usize = 10;

/// What an extract is and how it is written.
#[derive(Args)]
pub(crate) struct Extract {
    /// The extract, a CSV file; - reads standard input.
    file: PathBuf,
    /// The programme definition.
    #[arg(long)]
    programme: PathBuf,
    /// The partner whose extract it is.
    #[arg(long)]
    partner: PartnerId,
    /// The dataset that it becomes.
    #[arg(long)]
    dataset: DatasetId,
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
    /// Decimal sign.
    #[arg(long, value_enum, default_value_t = DecimalSign::Comma)]
    decimal: DecimalSign,
    /// Most rows that may be rejected: a number, or a share such as 0.5%.
    #[arg(long)]
    max_rejected: Option<MaxRejected>,
    /// Write every finding to a new CSV file: line, column, code.
    #[arg(long)]
    findings: Option<PathBuf>,
    /// How the report is written to standard output.
    #[arg(long, value_enum, default_value_t = ReportForm::Text)]
    report: ReportForm,
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

#[derive(Clone, Copy, ValueEnum)]
enum ReportForm {
    Text,
    Json,
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
    /// The linkage key's file.
    #[arg(long)]
    key: PathBuf,
    /// Folder to write the package to; it must not exist.
    #[arg(long)]
    out: PathBuf,
    /// Sign the package with this partner's signing key.
    #[arg(long)]
    signing_key: Option<PathBuf>,
    /// Take a published example key: for exercises only.
    #[arg(long)]
    allow_example_key: bool,
}

/// `kobling inspect DIR`
#[derive(Args)]
pub(crate) struct InspectArguments {
    /// The package's folder.
    package: PathBuf,
}

/// Reads a programme definition.
pub(crate) fn programme(path: &Path) -> Result<Programme, Trouble> {
    let text = std::fs::read_to_string(path).map_err(file(path))?;
    Programme::parse(&text)
        .map_err(|error| Trouble::Usage(crate::exit::english(format!("{}: {error}", path.display()))))
}

/// What is said about the form of an extract.
pub(crate) fn declared(
    encoding: Option<&str>,
    separator: Option<char>,
) -> Result<Declared<'static>, Trouble> {
    let encoding = encoding.map(parse_encoding).transpose()?;
    let separator =
        match separator {
            Some(separator) => Some(u8::try_from(separator).ok().filter(u8::is_ascii).ok_or_else(|| {
                Trouble::Usage(crate::exit::english("--separator takes one ASCII character"))
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
        let message = format!(
            "{}: this is key {}, the programme expects {expected}: ask the custodian for that key",
            path.display(),
            key.id()
        );
        return Err(Trouble::Key(crate::exit::english(message)));
    }
    Ok(key)
}

/// Shows progress on a terminal and writes findings to a file.
struct Watcher {
    bar: ProgressBar,
    findings: Option<BufWriter<File>>,
}

impl Watcher {
    fn new(source: &Source, findings: Option<&Path>) -> Result<Watcher, Trouble> {
        let bar = match source.size().filter(|_| io::stderr().is_terminal()) {
            Some(size) => {
                let style = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
                ProgressBar::new(size)
                    .with_style(ProgressStyle::with_template(style).expect("a fixed template"))
            }
            None => ProgressBar::hidden(),
        };
        let findings = match findings {
            Some(path) => {
                let mut writer = BufWriter::new(File::create_new(path).map_err(file(path))?);
                writeln!(writer, "line,column,code,rejected").map_err(file(path))?;
                Some(writer)
            }
            None => None,
        };
        Ok(Watcher { bar, findings })
    }

    fn finish(mut self) -> Result<(), Trouble> {
        self.bar.finish_and_clear();
        let flushed = self.findings.as_mut().map_or(Ok(()), io::Write::flush);
        flushed.map_err(|error| Trouble::Files(crate::exit::english(ExtractError::Findings(error))))
    }
}

impl Watch for Watcher {
    fn read(&mut self, bytes: u64) {
        self.bar.set_position(bytes);
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
    fn job<'a>(&'a self, source: &'a Source, programme: &'a Programme) -> Result<Job<'a>, Trouble> {
        Ok(Job {
            source,
            declared: declared(self.encoding.as_deref(), self.separator)?,
            mapping: None,
            programme,
            partner: &self.partner,
            dataset: &self.dataset,
            period: self.period,
            zero: if self.repair_leading_zero { LeadingZero::Repair } else { LeadingZero::Refuse },
            decimal: self.decimal.into(),
            today: SystemClock.today(),
        })
    }

    fn show(&self, report: &Report) {
        match self.report {
            ReportForm::Text => out!("{}", report.to_text(LISTED).trim_end()),
            ReportForm::Json => {
                out!("{}", serde_json::to_string_pretty(report).expect("a report is plain data"));
            }
        }
    }

    /// The report of an extract of which no package is made.
    fn show_refused(&self, error: &ExtractError) {
        if let ExtractError::TooManyRejected(report) | ExtractError::Unusual(_, report) = error {
            self.show(report);
        }
    }

    fn done(&self, report: &Report) -> Done {
        let limit = self.max_rejected.unwrap_or(MaxRejected::Count(0));
        if limit.exceeded(report) { Done::RowsRejected } else { Done::Clean }
    }
}

pub(crate) fn check(arguments: &CheckArguments) -> Outcome {
    let extract = &arguments.extract;
    let source = Source::from_argument(&extract.file);
    let programme = programme(&extract.programme)?;
    let mut watcher = Watcher::new(&source, extract.findings.as_deref())?;
    let result = check_extract(&extract.job(&source, &programme)?, &mut SystemRandom::new(), &mut watcher);
    watcher.finish()?;
    let report = result.inspect_err(|error| extract.show_refused(error))?;
    extract.show(&report);
    Ok(extract.done(&report))
}

pub(crate) fn tokenise(arguments: &TokeniseArguments) -> Outcome {
    let extract = &arguments.extract;
    let source = Source::from_argument(&extract.file);
    let programme = programme(&extract.programme)?;
    let key = linkage_key(&arguments.key, &programme, example(arguments.allow_example_key))?;
    let signing = match &arguments.signing_key {
        Some(path) => Some(SigningKey::load(path, example(arguments.allow_example_key))?),
        None => None,
    };
    let mut watcher = Watcher::new(&source, extract.findings.as_deref())?;
    let job = extract.job(&source, &programme)?;
    let out = (arguments.out.as_path(), SystemClock.now());
    let random = &mut SystemRandom::new();
    let result =
        tokenise_extract(&job, &key, signing.as_ref(), extract.max_rejected, out, random, &mut watcher);
    watcher.finish()?;
    let (report, _) = result.inspect_err(|error| extract.show_refused(error))?;
    extract.show(&report);
    eprintln!("package written to {}; look at it with `kobling inspect {0}`", arguments.out.display());
    Ok(extract.done(&report))
}

pub(crate) fn inspect(arguments: &InspectArguments) -> Outcome {
    let package = Package::open(&arguments.package)?;
    package.verify()?;
    let manifest = &package.manifest;
    let head = &manifest.kobling;
    out!("programme  {}", head.programme);
    out!("partner    {}", head.partner);
    out!("dataset    {}", head.dataset);
    out!("period     {}", head.period);
    out!("key id     {}", head.key_id);
    out!("made       {} by {}", manifest.created, head.tool);
    out!("signed     {}", if package.signature().is_ok() { "yes" } else { "not yet" });
    out!(
        "rows       {} sent, {} rejected, {} repeated",
        head.rows.sent,
        head.rows.rejected,
        head.rows.duplicates
    );
    out!("bytes      {} in {} block(s)", manifest.resources[0].bytes, manifest.resources[0].blocks.len());
    for (kind, n) in &head.identifiers {
        out!("           {n} identifiers of kind {kind}");
    }
    out!("           {} rows without an identifier", head.rows.anonymous);
    out!("columns that leave the house:");
    for field in &manifest.resources[0].schema.fields {
        out!("  {:<20} {:<16} {}", field.name, field.role, field.kind);
    }
    let path = package.data_path();
    out!("the first rows of {}, in random order as they leave:", path.display());
    let lines = BufReader::new(File::open(&path).map_err(file(&path))?).lines();
    for line in lines.take(SAMPLE + 1) {
        out!("  {}", line.map_err(file(&path))?);
    }
    Ok(Done::Clean)
}
