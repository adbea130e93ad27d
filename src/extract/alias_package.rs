//! A list of aliases as a package: the same folder as of an extract, and the same way to the service.

use std::collections::BTreeMap;
use std::path::Path;

use super::Source;
use super::aliases::{AliasListError, Pair, read_pairs};
use super::list::LISTED_ROWS;
use super::manifest::{FORMAT, Head, ListKind, Manifest, RowCounts, Schema};
use super::pack::{PackageWriter, written};
use super::report::{KINDS, kind_code};
use super::shuffle::Shuffler;
use crate::clock::Timestamp;
use crate::key::{LinkageKey, SigningKey};
use crate::limits;
use crate::name::PartnerId;
use crate::programme::Programme;
use crate::secret::Random;
use crate::token::Tokeniser;

/// The remark on a new number that is itself a replacement number.
const REPLACEMENT: &str = "new-is-replacement";

/// What a list is.
#[derive(Clone, Copy, Debug)]
pub struct AliasJob<'a> {
    /// The list.
    pub source: &'a Source,
    /// The programme.
    pub programme: &'a Programme,
    /// Whose list it is: a partner of the programme.
    pub partner: &'a PartnerId,
    /// The instant whose day is the last that a date may have.
    pub now: Timestamp,
}

/// What became of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AliasReport {
    /// Rows by fate.
    pub rows: RowCounts,
    /// Rows whose new number is itself a replacement number, which is unusual.
    pub replacements: u64,
    /// The first of their lines.
    pub replacement_lines: Vec<u64>,
}

/// Reads a list and says what is in it, without making anything.
///
/// # Errors
/// [`AliasListError`], with every row that is wrong.
pub fn check_aliases(job: &AliasJob<'_>, key: &LinkageKey) -> Result<AliasReport, AliasListError> {
    let pairs = read(job, key)?;
    let mut report = report(&pairs);
    let mut different: Vec<_> = pairs.iter().map(|pair| (pair.old, pair.new)).collect();
    different.sort_unstable();
    different.dedup();
    report.rows.sent = different.len() as u64;
    report.rows.duplicates = report.rows.read - report.rows.sent;
    Ok(report)
}

fn read(job: &AliasJob<'_>, key: &LinkageKey) -> Result<Vec<Pair>, AliasListError> {
    if job.programme.source(job.partner).is_none() {
        return Err(AliasListError::UnknownPartner(job.partner.clone()));
    }
    let tokeniser = Tokeniser::new(key, job.partner, job.partner);
    read_pairs(job.source, &tokeniser, job.now.day())
}

fn report(pairs: &[Pair]) -> AliasReport {
    let unusual = pairs.iter().filter(|pair| pair.replacement).map(|pair| pair.line);
    AliasReport {
        rows: RowCounts { read: pairs.len() as u64, ..RowCounts::default() },
        replacements: unusual.clone().count() as u64,
        replacement_lines: unusual.take(LISTED_ROWS).collect(),
    }
}

/// Makes a package of a list: a row a pair of tokens, in random order, each once. Where rows are wrong all of them are told,
/// and nothing is left behind. No date is in it.
///
/// # Errors
/// [`AliasListError`].
pub fn package_aliases(
    job: &AliasJob<'_>,
    key: &LinkageKey,
    signing: Option<&SigningKey>,
    folder: &Path,
    random: &mut dyn Random,
) -> Result<(Manifest, AliasReport), AliasListError> {
    let pairs = read(job, key)?;
    let mut report = report(&pairs);
    let mut writer = PackageWriter::create(folder, Schema::of_list(ListKind::Aliases))?;
    let mut shuffler = Shuffler::new(random, limits::SHUFFLE_MEMORY_BYTES, 0);
    let (mut buffer, mut line) = (shuffler.buffer(), Vec::new());
    for pair in &pairs {
        line.clear();
        pair.old.write_to(&mut line);
        line.push(b',');
        pair.new.write_to(&mut line);
        buffer.push(&line, Some(pair.old_kind), pair.line);
    }
    shuffler.take(&mut buffer, writer.partial())?;
    let mut kinds = [0u64; KINDS.len()];
    let data = folder.to_owned();
    shuffler.drain(|pile| {
        for (sum, n) in kinds.iter_mut().zip(pile.kinds) {
            *sum += n;
        }
        report.rows.duplicates += pile.repeated.len() as u64;
        writer.rows(&pile.lines).map_err(written(&data))?;
        Ok::<(), AliasListError>(())
    })?;
    report.rows.sent = report.rows.read - report.rows.duplicates;
    let identifiers = KINDS.into_iter().zip(kinds).filter(|(_, n)| *n > 0);
    let mut warnings = BTreeMap::new();
    if report.replacements > 0 {
        warnings.insert(REPLACEMENT.to_owned(), report.replacements);
    }
    let head = Head {
        format: FORMAT,
        programme: job.programme.id.clone(),
        partner: job.partner.clone(),
        dataset: ListKind::Aliases.dataset().parse().expect("a plain name"),
        period: job.programme.period,
        key_id: key.id(),
        tool: concat!("kobling ", env!("CARGO_PKG_VERSION")).to_owned(),
        rows: report.rows,
        rejected: BTreeMap::new(),
        warnings,
        identifiers: identifiers.map(|(kind, n)| (kind_code(kind).to_owned(), n)).collect(),
        screened: None,
    };
    Ok((writer.finish(head, job.now, signing)?, report))
}
