//! The extract of one `[[send]]`: how it is read, and its mark.

use std::fs::File;
use std::path::Path;

use kobling::clock::{Day, Period};
use kobling::config::SendEntry;
use kobling::digest::Sha256Hex;
use kobling::extract::{Decimal, Declared, Job, Mapping, Source, parse_encoding};
use kobling::id::LeadingZero;
use kobling::key::LinkageKey;
use kobling::name::PartnerId;
use kobling::outbox::Marker;
use kobling::programme::Programme;

use crate::exit::{Trouble, both, file};

/// An extract that is to be read.
pub(super) struct Extract<'a> {
    entry: &'a SendEntry,
    source: Source,
    mapping: Option<(Mapping, String)>,
    pub(super) period: Period,
    stamp: (u64, Option<std::time::SystemTime>),
}

impl<'a> Extract<'a> {
    /// Looks at an entry's files; the period's words mean what the day makes them mean.
    pub(super) fn open(
        entry: &'a SendEntry,
        programme: &Programme,
        today: Day,
    ) -> Result<Extract<'a>, Trouble> {
        let period = entry.period.resolve(today, programme.period);
        let period = period.map_err(|error| Trouble::Usage(Box::new(error)))?;
        let mapping = entry.mapping.as_deref().map(|path| crate::map::load(path, programme)).transpose()?;
        if let Some((mapping, _)) = &mapping {
            is_of(mapping, entry)?;
        }
        let source = Source::File(entry.file.clone());
        Ok(Extract { entry, source, mapping, period, stamp: stamp(&entry.file)? })
    }

    /// Bytes of the file.
    pub(super) fn size(&self) -> u64 {
        self.stamp.0
    }

    /// What is read, and how: what the entry says counts, then what the mapping says of the file.
    pub(super) fn job<'b>(
        &'b self,
        programme: &'b Programme,
        partner: &'b PartnerId,
        today: Day,
    ) -> Result<Job<'b>, Trouble> {
        let form = self.mapping.as_ref().map(|(mapping, _)| &mapping.file);
        let encoding = self.entry.encoding.as_deref().or(form.and_then(|form| form.encoding.as_deref()));
        let separator = self.entry.separator.or(form.and_then(|form| form.separator));
        let separator = separator.map(u8::try_from).transpose().map_err(|_| {
            Trouble::Usage(both("et skilletegn er ét ASCII-tegn", "a separator is one ASCII character"))
        })?;
        let point = form.is_some_and(|form| form.decimal == Some('.'));
        let repair = self.entry.repair_leading_zero || form.is_some_and(|form| form.repair_leading_zero);
        Ok(Job {
            source: &self.source,
            declared: Declared {
                encoding: encoding.map(parse_encoding).transpose()?,
                separator,
                sheet: form.and_then(|form| form.sheet.as_deref()),
                header_row: form.and_then(|form| form.header_row),
            },
            mapping: self.mapping.as_ref().map(|(mapping, _)| mapping),
            programme,
            partner,
            dataset: &self.entry.dataset,
            period: Some(self.period),
            zero: if repair { LeadingZero::Repair } else { LeadingZero::Refuse },
            decimal: if point { Decimal::Point } else { self.entry.decimal },
            today,
        })
    }

    /// The mark of the file, and of all else that its package follows from.
    pub(super) fn mark(
        &self,
        marker: &Marker,
        programme: &Programme,
        key: &LinkageKey,
    ) -> Result<Sha256Hex, Trouble> {
        let entry = self.entry;
        let form = format!(
            "{:?} {:?} {:?} {}",
            entry.encoding, entry.separator, entry.decimal, entry.repair_leading_zero
        );
        let (period, key_id) = (self.period.to_string(), key.id().to_string());
        let mapping = self.mapping.as_ref().map_or(&[][..], |(_, text)| text.as_bytes());
        let terms: [&[u8]; 6] = [
            programme.sha256.as_slice(),
            entry.dataset.as_str().as_bytes(),
            period.as_bytes(),
            key_id.as_bytes(),
            form.as_bytes(),
            mapping,
        ];
        let mut extract = File::open(&entry.file).map_err(file(&entry.file))?;
        marker.mark(&terms, &mut extract).map_err(file(&entry.file))
    }

    /// Refuses an extract that was changed while it was read: its package would be of neither.
    pub(super) fn is_unchanged(&self) -> Result<(), Trouble> {
        if stamp(&self.entry.file)? == self.stamp {
            return Ok(());
        }
        let path = self.entry.file.display();
        Err(Trouble::Files(both(
            format!(
                "{path}: filen blev ændret, mens den blev læst; kør kommandoen igen, når udtrækket er færdigt"
            ),
            format!(
                "{path}: the file was changed while it was read; run the command again when the export is done"
            ),
        )))
    }
}

/// Size, and when it was last written.
fn stamp(path: &Path) -> Result<(u64, Option<std::time::SystemTime>), Trouble> {
    let known = std::fs::metadata(path).map_err(file(path))?;
    Ok((known.len(), known.modified().ok()))
}

/// Refuses a mapping of another dataset than the entry's.
fn is_of(mapping: &Mapping, entry: &SendEntry) -> Result<(), Trouble> {
    let (wanted, found) = (&entry.dataset, &mapping.dataset);
    if wanted == found {
        return Ok(());
    }
    Err(Trouble::Usage(both(
        format!("kobling.toml, [[send]] {wanted}: kortlægningen er for {found}"),
        format!("kobling.toml, [[send]] {wanted}: the mapping is of {found}"),
    )))
}
