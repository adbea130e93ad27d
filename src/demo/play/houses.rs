//! A partner at home: its files, its keys, its packages.

use std::path::{Path, PathBuf};

use super::super::consents::ConsentFile;
use super::super::oracle::Plain;
use super::super::raw::RawFile;
use super::PlayError;
use crate::clock::Timestamp;
use crate::extract::findings::Report;
use crate::extract::{Decimal, Declared, Job, Package, Source, Unwatched, check, tokenise};
use crate::id::LeadingZero;
use crate::key::{Example, LinkageKey, SigningKey};
use crate::name::{DatasetId, PartnerId};
use crate::programme::Programme;
use crate::secret::SystemRandom;

/// A package that a partner made, and from what.
pub(super) struct Made {
    pub dataset: DatasetId,
    pub raw: PathBuf,
    pub folder: PathBuf,
    pub report: Report,
}

/// A partner.
pub(super) struct House {
    pub partner: PartnerId,
    pub signing: SigningKey,
    pub consents: Vec<ConsentFile>,
    pub folder: PathBuf,
    pub made: Vec<Made>,
}

/// An extract as every partner of the demo reads it: everything found out, nothing repaired.
fn job<'a>(
    programme: &'a Programme,
    partner: &'a PartnerId,
    dataset: &'a DatasetId,
    source: &'a Source,
    now: Timestamp,
) -> Job<'a> {
    Job {
        source,
        declared: Declared::default(),
        mapping: None,
        programme,
        partner,
        dataset,
        period: None,
        zero: LeadingZero::Refuse,
        decimal: Decimal::Comma,
        today: now.day(),
    }
}

impl House {
    /// Every partner checks, tokenises and packs its extracts.
    pub(super) fn all(
        programme: &Programme,
        files: &[RawFile],
        mut consents: Vec<ConsentFile>,
        folder: &Path,
        key: &LinkageKey,
        now: Timestamp,
    ) -> Result<Vec<House>, PlayError> {
        let keys = folder.join("keys");
        std::fs::create_dir_all(&keys).map_err(PlayError::io(&keys))?;
        key.save(&keys.join("linkage.key"), now, Example::Refuse)?;
        let random = &mut SystemRandom::new();
        let mut houses = Vec::new();
        for partner in &programme.partners {
            let signing = SigningKey::generate(random);
            let file = keys.join(format!("{}.signing.key", partner.id));
            signing.save(&file, partner.id.as_str(), now, Example::Refuse)?;
            let packages = folder.join("packages").join(partner.id.as_str());
            std::fs::create_dir_all(&packages).map_err(PlayError::io(&packages))?;
            let mut made = Vec::new();
            for file in files.iter().filter(|file| file.partner == partner.id) {
                let source = Source::File(file.path.clone());
                let job = job(programme, &partner.id, &file.dataset, &source, now);
                let checked = check(&job, random, &mut Unwatched)?;
                let out = packages.join(file.dataset.as_str());
                let (report, _) =
                    tokenise(&job, key, Some(&signing), None, (&out, now), random, &mut Unwatched)?;
                if report != checked {
                    return Err(PlayError::Check(format!(
                        "{} and {}: check and tokenise disagree",
                        partner.id, file.dataset
                    )));
                }
                made.push(Made {
                    dataset: file.dataset.clone(),
                    raw: file.path.clone(),
                    folder: out,
                    report,
                });
            }
            let own = consents.extract_if(.., |file| file.partner == partner.id).collect();
            houses.push(House {
                partner: partner.id.clone(),
                signing,
                consents: own,
                folder: packages,
                made,
            });
        }
        Ok(houses)
    }

    /// The first sound row of the first extract with its header, raw and as it leaves: that row alone goes through the
    /// same tool once more, so that both can be seen side by side.
    pub(super) fn one_row(
        &self,
        programme: &Programme,
        key: &LinkageKey,
        now: Timestamp,
        scratch: &Path,
    ) -> Result<Option<[String; 4]>, PlayError> {
        let Some(made) = self.made.first() else { return Ok(None) };
        std::fs::create_dir_all(scratch).map_err(PlayError::io(scratch))?;
        let raw = std::fs::read(&made.raw).map_err(PlayError::io(&made.raw))?;
        let mut lines = raw.split_inclusive(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"sep="));
        let Some(header) = lines.next() else { return Ok(None) };
        for (n, row) in lines.take(20).enumerate() {
            let file = scratch.join(format!("{n}.csv"));
            std::fs::write(&file, [header, row].concat()).map_err(PlayError::io(&file))?;
            let source = Source::File(file);
            let job = job(programme, &self.partner, &made.dataset, &source, now);
            let out = scratch.join(n.to_string());
            let random = &mut SystemRandom::new();
            let (report, _) = tokenise(&job, key, None, None, (&out, now), random, &mut Unwatched)?;
            if report.rows.sent == 1 && report.rows.anonymous == 0 {
                let packed = out.join(crate::extract::manifest::DATA_FILE);
                let packed = std::fs::read_to_string(&packed).map_err(PlayError::io(&packed))?;
                let mut packed = packed.lines().map(str::to_owned);
                let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
                    Ok(text) => text.trim_end().trim_start_matches('\u{feff}').to_owned(),
                    Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.trim_end().to_owned(),
                };
                let mut next = || packed.next().unwrap_or_default();
                return Ok(Some([text(header), text(row), next(), next()]));
            }
        }
        Ok(None)
    }

    /// Rows sent.
    pub(super) fn rows(&self) -> u64 {
        self.made.iter().map(|made| made.report.rows.sent).sum()
    }

    /// The packages, opened.
    pub(super) fn packages(&self) -> Result<Vec<Package>, PlayError> {
        let open =
            |made: &Made| Package::open(&made.folder).map_err(|error| PlayError::Extract(error.into()));
        self.made.iter().map(open).collect()
    }

    /// Holds the tool's rejections against those of the plain path.
    pub(super) fn agrees_with(&self, programme: &Programme, plain: &Plain<'_>) -> Result<(), PlayError> {
        for made in &self.made {
            let source = programme.source(&self.partner);
            let dataset = programme.dataset(&made.dataset).map(|(at, _)| at);
            let place = source.zip(dataset);
            let expected = place.and_then(|place| plain.rejected().get(&place)).copied().unwrap_or(0);
            if made.report.rows.rejected != expected {
                return Err(PlayError::Check(format!(
                    "{} and {}: {} rows were rejected, the plain path says {expected}",
                    self.partner, made.dataset, made.report.rows.rejected
                )));
            }
        }
        Ok(())
    }
}
