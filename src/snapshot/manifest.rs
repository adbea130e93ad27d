//! `snapshot.json`: what a sealed folder says about itself. It stays in the data folder: its figures are unprotected.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::clock::{Day, Timestamp};
use crate::extract::manifest::Sha256Hex;
use crate::linkage::{PartQuality, PersonCount, Quality, Stated};
use crate::name::{DatasetId, PartnerId, ProgrammeId};
use crate::programme::{Precision, Programme, Role};

/// File name of the manifest.
pub const SNAPSHOT_FILE: &str = "snapshot.json";
/// File name of the persons.
pub(super) const PERSONS_FILE: &str = "persons.parquet";
/// File name of the persons of whom rows were not kept.
pub(super) const WITHHELD_FILE: &str = "withheld.roaring";
/// Version of the folder's format. From 2 on, staff are in it; from 3 on, who is withheld.
pub(super) const FORMAT: u32 = 3;
/// Largest manifest: 64 datasets of 200 partners with their reasons.
pub(super) const MAX_BYTES: u64 = 64 << 20;

/// File name of a dataset's rows.
pub(super) fn dataset_file(dataset: &DatasetId) -> String {
    // A dataset may be called `persons`.
    format!("rows-{dataset}.parquet")
}

/// The manifest.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) id: u32,
    pub(super) day: Day,
    pub(super) sealed_at: Timestamp,
    pub(super) programme: ProgrammeId,
    pub(super) programme_version: u32,
    /// Digest of the definition's text.
    pub(super) programme_sha256: Sha256Hex,
    /// Digest of the part of the definition that the files depend on ([`structure`]).
    pub(super) structure_sha256: Sha256Hex,
    /// Highest person number.
    pub(super) persons: u32,
    /// Rows of all datasets as sealed: no case or member of staff has a number that they do not account for. Erasure
    /// leaves fewer.
    pub(super) rows: u64,
    pub(super) files: Vec<FileEntry>,
    quality: Vec<Part>,
}

/// A file of the folder.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    pub(super) name: String,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sha256: Sha256Hex,
}

/// [`PartQuality`] as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    partner: PartnerId,
    dataset: DatasetId,
    rows: u64,
    anonymous: u64,
    persons: u64,
    persons_elsewhere: u64,
    packages: u64,
    read: u64,
    sent: u64,
    duplicates: u64,
    rejected: BTreeMap<String, u64>,
    warnings: BTreeMap<String, u64>,
    identifiers: BTreeMap<String, u64>,
}

impl Manifest {
    /// The manifest of a snapshot.
    pub(super) fn new(
        (id, day, sealed_at): (u32, Day, Timestamp),
        programme: &Programme,
        (persons, rows): (u32, u64),
        files: Vec<FileEntry>,
        quality: &Quality,
    ) -> Manifest {
        let reason = "it is kept with the snapshot, in the data folder";
        let quality = quality.parts.iter().map(|part| Part {
            partner: programme.partners[usize::from(part.source)].id.clone(),
            dataset: programme.datasets[part.dataset].id.clone(),
            rows: part.rows,
            anonymous: part.anonymous,
            persons: part.persons.expose(reason),
            persons_elsewhere: part.elsewhere.expose(reason),
            packages: part.stated.packages,
            read: part.stated.read,
            sent: part.stated.sent,
            duplicates: part.stated.duplicates,
            rejected: part.stated.rejected.clone(),
            warnings: part.stated.warnings.clone(),
            identifiers: part.stated.identifiers.clone(),
        });
        Manifest {
            format: FORMAT,
            id,
            day,
            sealed_at,
            programme: programme.id.clone(),
            programme_version: programme.version,
            programme_sha256: Sha256Hex::from_bytes(programme.sha256),
            structure_sha256: structure(programme),
            persons,
            rows,
            files,
            quality: quality.collect(),
        }
    }

    /// The same snapshot in other files.
    pub(super) fn with_files(self, files: Vec<FileEntry>) -> Manifest {
        Manifest { files, ..self }
    }

    /// The figures of linkage quality; `None` when they name a partner or dataset that the programme does not have.
    pub(super) fn into_quality(self, programme: &Programme) -> Option<Quality> {
        let part = |part: Part| {
            Some(PartQuality {
                source: programme.source(&part.partner)?,
                dataset: programme.dataset(&part.dataset)?.0,
                rows: part.rows,
                anonymous: part.anonymous,
                persons: PersonCount::new(part.persons),
                elsewhere: PersonCount::new(part.persons_elsewhere),
                stated: Stated {
                    packages: part.packages,
                    read: part.read,
                    sent: part.sent,
                    duplicates: part.duplicates,
                    rejected: part.rejected,
                    warnings: part.warnings,
                    identifiers: part.identifiers,
                },
            })
        };
        Some(Quality { parts: self.quality.into_iter().map(part).collect::<Option<_>>()? })
    }
}

/// Digest of what the files' meaning depends on: partners, datasets, columns and codes, each in order. A programme may
/// change its titles, questions and rules, and its snapshots stay readable.
pub(super) fn structure(programme: &Programme) -> Sha256Hex {
    let mut text = format!("kobling/v1/structure\nprogramme {}\n", programme.id);
    let mut line = |words: std::fmt::Arguments<'_>| {
        text.write_fmt(words).expect("a String takes everything");
        text.push('\n');
    };
    for partner in &programme.partners {
        line(format_args!("partner {}", partner.id));
    }
    for dataset in &programme.datasets {
        line(format_args!("dataset {}", dataset.id));
        for column in &dataset.columns {
            line(format_args!("column {} {}", column.id, column.role.word()));
            // Days and codes that were made otherwise mean something else.
            if column.precision != Precision::Day {
                line(format_args!("precision {}", column.precision.word()));
            }
            if let Some(derive) = column.derive {
                line(format_args!("derive {} {:?}", derive.word(), derive.of()));
            }
            match &column.role {
                Role::Category { list } => {
                    for code in &programme.code_lists[*list].codes {
                        line(format_args!("code {}", code.id));
                        if column.derive.is_some() && !code.ranges.is_empty() {
                            line(format_args!("ranges {:?}", code.ranges));
                        }
                    }
                }
                Role::Measure(measure) => line(format_args!("decimals {}", measure.decimals)),
                _ => {}
            }
        }
    }
    Sha256Hex::of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_is_columns_and_codes_and_not_titles_or_questions() {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        let digest = |from: &str, to: &str| {
            let text = text.replacen(from, to, 1);
            structure(&Programme::parse(&text).unwrap_or_else(|error| panic!("{error}")))
        };
        let same = digest("", "");
        assert_eq!(digest("en = \"Who do we reach?\"", "en = \"Whom do we reach?\""), same);
        assert_eq!(digest("version = 1", "version = 2"), same);
        assert_ne!(digest("id = \"anden\"", "id = \"andre\""), same);
        assert_ne!(digest("id = \"modpart\"", "id = \"partner\""), same);
        let (one, other) = ("id = \"dragoer\"\nname", "id = \"taarnby\"\nname");
        let swapped = text.replacen(one, "SWAP", 1).replacen(other, one, 1).replacen("SWAP", other, 1);
        let swapped = Programme::parse(&swapped).unwrap_or_else(|error| panic!("{error}"));
        assert_ne!(structure(&swapped), same);
    }

    #[test]
    fn what_is_worked_out_otherwise_is_of_another_structure() {
        let text = include_str!("../../tests/fixtures/minimised.toml");
        let digest = |from: &str, to: &str| {
            let text = text.replacen(from, to, 1);
            structure(&Programme::parse(&text).unwrap_or_else(|error| panic!("{error}")))
        };
        let same = digest("", "");
        assert_eq!(digest("title = { da = \"Henvendelser\"", "title = { da = \"Samtaler\""), same);
        for (from, to) in [
            ("precision = \"month\"", "precision = \"week\""),
            ("precision = \"month\"\n", ""),
            ("[[18, 29]]", "[[18, 28], [29, 29]]"),
            ("of = \"related_person\"\n", ""),
        ] {
            assert_ne!(digest(from, to), same, "{from}");
        }
    }
}
