//! `datapackage.json`: what a package says about itself (Frictionless Data Package, with a `kobling` part).
//!
//! Written at the partner, signed as it stands, and read again by the service: both sides use this file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::screen::SCREEN;
use crate::clock::{Period, Timestamp};
use crate::consent::CONSENT_COLUMNS;
pub use crate::digest::Sha256Hex;
use crate::key::KeyId;
use crate::language::Spoken;
use crate::limits;
use crate::name::{DatasetId, PartnerId, ProgrammeId};
use crate::programme::{ALIASES, CONSENTS, Dataset, Precision, Programme, Role};

/// File name of the manifest in a package's folder.
pub const MANIFEST_FILE: &str = "datapackage.json";
/// File name of the signature over the manifest's bytes.
pub const SIGNATURE_FILE: &str = "datapackage.json.sig";
/// File name of the rows.
pub const DATA_FILE: &str = "data.csv";
/// Context under which the manifest is signed.
pub const SIGNATURE_CONTEXT: &str = "kobling/v1/package";
/// Version of the package format.
pub const FORMAT: u32 = 1;

/// Columns of a package of aliases: name, type and role. The old number is the one that `identifiers` counts.
pub const ALIAS_COLUMNS: [(&str, &str, &str); 2] = [("old", "string", "person"), ("new", "string", "alias")];

/// A list that goes as a package of its own, under a name that no dataset has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Consent events.
    Consents,
    /// Aliases.
    Aliases,
}

impl ListKind {
    /// Both.
    pub const ALL: [ListKind; 2] = [ListKind::Consents, ListKind::Aliases];

    /// The name that its packages go under.
    #[must_use]
    pub const fn dataset(self) -> &'static str {
        match self {
            ListKind::Consents => CONSENTS,
            ListKind::Aliases => ALIASES,
        }
    }
}

/// The manifest of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the package: programme, partner and dataset.
    pub name: String,
    /// When it was made, as the Data Package standard has it.
    pub created: Timestamp,
    /// One resource: the rows.
    pub resources: [Resource; 1],
    /// What the standard has no field for.
    pub kobling: Head,
}

/// What a package is, and what became of the rows of the extract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Version of the package format.
    pub format: u32,
    /// The programme.
    pub programme: ProgrammeId,
    /// The partner that sends it.
    pub partner: PartnerId,
    /// The dataset that its rows belong to.
    pub dataset: DatasetId,
    /// The quarters that it covers. A newer package of the same dataset and period replaces an older one.
    pub period: Period,
    /// The linkage key that made the tokens.
    pub key_id: KeyId,
    /// Program and version that made it.
    pub tool: String,
    /// Rows by fate.
    pub rows: RowCounts,
    /// Rows rejected, by reason; a row is counted under its first reason.
    pub rejected: BTreeMap<String, u64>,
    /// Rows accepted but remarked on, by remark.
    pub warnings: BTreeMap<String, u64>,
    /// Identifiers in the person column of rows sent, by kind.
    pub identifiers: BTreeMap<String, u64>,
    /// Version of the rules under which the numbers were looked at together before they became tokens; none of consents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screened: Option<u32>,
}

/// Rows by fate: `read = sent + rejected + duplicates`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowCounts {
    /// Rows in the extract, without headers and empty lines.
    pub read: u64,
    /// Rows in the package.
    pub sent: u64,
    /// Rows left out because something was wrong with them.
    pub rejected: u64,
    /// Rows left out because the same row was sent already.
    pub duplicates: u64,
    /// Rows sent without an identifier: contacts, never persons.
    pub anonymous: u64,
}

/// The rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// `data`.
    pub name: String,
    /// `data.csv`.
    pub path: String,
    /// `csv`.
    pub format: String,
    /// `text/csv`.
    pub mediatype: String,
    /// `utf-8`.
    pub encoding: String,
    /// Size of the file in bytes, header line included.
    pub bytes: u64,
    /// `sha256:` and the digest of the file.
    pub hash: String,
    /// Columns and their types (Table Schema).
    pub schema: Schema,
    /// Blocks of whole rows that the file is cut into, in order; the first begins with the header line.
    pub blocks: Vec<Block>,
}

/// Table Schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Columns in order.
    pub fields: Vec<Field>,
}

/// A column of the Table Schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Header.
    pub name: String,
    /// `string`, `date` or `number`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The column's role in the programme.
    pub role: String,
    /// How it was worked out at the partner: `age-band`, `sex`, `birth-year` or `band`; absent when it leaves as it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<String>,
    /// How fine a date leaves; absent when by the day.
    #[serde(default, skip_serializing_if = "Precision::is_day")]
    pub precision: Precision,
}

/// A block of whole rows: the unit that is verified and made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Bytes, at most [`limits::MAX_BLOCK_BYTES`].
    pub bytes: u32,
    /// Rows, the header line not counted.
    pub rows: u32,
    /// Digest.
    pub sha256: Sha256Hex,
}

/// Why a manifest is none, or does not fit the programme.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON of this shape.
    #[error("{MANIFEST_FILE} cannot be read: make the package again with a current `kobling tokenise`")]
    Form(#[from] serde_json::Error),
    /// Made by a newer or older tool.
    #[error("the package has format {found}, and format {FORMAT} is understood here: update the older side")]
    Format {
        /// What it says.
        found: u32,
    },
    /// Its own numbers do not agree.
    #[error("the manifest contradicts itself: {0}; make the package again")]
    Contradiction(&'static str),
    /// Another programme.
    #[error("this package was made for the programme {found}, and this is {expected}")]
    OtherProgramme {
        /// The package's.
        found: ProgrammeId,
        /// The one expected.
        expected: ProgrammeId,
    },
    /// Another key.
    #[error(
        "this package was made with key {found}, the programme expects {expected}: ask the custodian for that key"
    )]
    OtherKey {
        /// The package's.
        found: KeyId,
        /// The one expected.
        expected: KeyId,
    },
    /// No such partner.
    #[error("the programme has no partner {0}")]
    UnknownPartner(PartnerId),
    /// No such dataset.
    #[error("the programme has no dataset {0}")]
    UnknownDataset(DatasetId),
    /// A dataset that this partner does not hand over.
    #[error("the partner {partner} does not hand over the dataset {dataset}")]
    NotYours {
        /// The package's partner.
        partner: PartnerId,
        /// The package's dataset.
        dataset: DatasetId,
    },
    /// Quarters outside the programme's period.
    #[error("the period {found} lies outside the programme's {expected}")]
    Period {
        /// The package's.
        found: Period,
        /// The programme's.
        expected: Period,
    },
    /// Columns other than the dataset's.
    #[error(
        "the columns are not those of the dataset {0}: make the package again with the current programme definition"
    )]
    Columns(DatasetId),
    /// Numbers that nobody looked at together.
    #[error(
        "the manifest does not say that the numbers were looked at together before they became tokens (`screened`)"
    )]
    NotScreened,
}

impl Spoken for ManifestError {
    fn danish(&self) -> String {
        match self {
            ManifestError::Form(_) => {
                format!("{MANIFEST_FILE} kan ikke læses: lav pakken igen med den nyeste `kobling tokenise`")
            }
            ManifestError::Format { found } => {
                format!("pakken har format {found}, og her forstås format {FORMAT}: opdater den ældste side")
            }
            ManifestError::Contradiction(what) => {
                format!("manifestet modsiger sig selv ({what}); lav pakken igen")
            }
            ManifestError::OtherProgramme { found, expected } => {
                format!("pakken er lavet til programmet {found}, og dette er {expected}")
            }
            ManifestError::OtherKey { found, expected } => format!(
                "pakken er lavet med nøglen {found}, programmet venter {expected}: bed nøgleforvalteren om den nøgle"
            ),
            ManifestError::UnknownPartner(partner) => format!("programmet har ingen partner {partner}"),
            ManifestError::UnknownDataset(dataset) => format!("programmet har intet datasæt {dataset}"),
            ManifestError::NotYours { partner, dataset } => {
                format!("partneren {partner} afleverer ikke datasættet {dataset}")
            }
            ManifestError::Period { found, expected } => {
                format!("perioden {found} ligger uden for programmets {expected}")
            }
            ManifestError::Columns(dataset) => format!(
                "kolonnerne er ikke dem, datasættet {dataset} har: lav pakken igen med den gældende programdefinition"
            ),
            ManifestError::NotScreened => {
                "manifestet siger ikke, at numrene er set efter samlet, før de blev til tokens (`screened`)"
                    .to_owned()
            }
        }
    }
}

impl Manifest {
    /// Reads a manifest and holds its own numbers against each other.
    ///
    /// # Errors
    /// [`ManifestError::Form`], [`ManifestError::Format`], [`ManifestError::Contradiction`].
    pub fn parse(bytes: &[u8]) -> Result<Manifest, ManifestError> {
        let manifest: Manifest = serde_json::from_slice(bytes)?;
        if manifest.kobling.format != FORMAT {
            return Err(ManifestError::Format { found: manifest.kobling.format });
        }
        let [resource] = &manifest.resources;
        let contradiction = |what| Err(ManifestError::Contradiction(what));
        let sum =
            |counts: &BTreeMap<String, u64>| counts.values().try_fold(0u64, |sum, n| sum.checked_add(*n));
        let rows = &manifest.kobling.rows;
        if [rows.sent, rows.rejected, rows.duplicates].iter().try_fold(0u64, |sum, n| sum.checked_add(*n))
            != Some(rows.read)
        {
            return contradiction("rows read are not rows sent, rejected and repeated");
        }
        if sum(&manifest.kobling.rejected) != Some(rows.rejected) {
            return contradiction("the reasons do not add up to the rows rejected");
        }
        if sum(&manifest.kobling.identifiers).and_then(|n| n.checked_add(rows.anonymous)) != Some(rows.sent) {
            return contradiction("identifiers and anonymous rows do not add up to the rows sent");
        }
        let fixed =
            [&resource.name, &resource.path, &resource.format, &resource.mediatype, &resource.encoding];
        let hex =
            |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fixed != ["data", DATA_FILE, "csv", "text/csv", "utf-8"]
            || !resource.hash.strip_prefix("sha256:").is_some_and(hex)
        {
            return contradiction("the resource is not data.csv with a SHA-256");
        }
        let head = &manifest.kobling;
        // Everything in a manifest is kept, and reasons are shown to evaluators: no place for free text.
        if !is_plain(&head.tool.replace(' ', "-")) {
            return contradiction("the tool is not a name and a version");
        }
        if !head
            .rejected
            .keys()
            .chain(head.warnings.keys())
            .chain(head.identifiers.keys())
            .all(|key| is_plain(key))
        {
            return contradiction("a reason, a remark or a kind is none");
        }
        if resource.blocks.iter().map(|block| u64::from(block.bytes)).sum::<u64>() != resource.bytes {
            return contradiction("the blocks do not add up to the bytes");
        }
        if resource.blocks.iter().map(|block| u64::from(block.rows)).sum::<u64>() != rows.sent {
            return contradiction("the blocks do not add up to the rows sent");
        }
        if resource
            .blocks
            .iter()
            .any(|block| block.bytes == 0 || block.bytes as usize > limits::MAX_BLOCK_BYTES)
        {
            return contradiction("a block is empty or too large");
        }
        if resource.bytes == 0 || resource.bytes > limits::MAX_PACKAGE_BYTES {
            return contradiction("the data are empty or too large");
        }
        Ok(manifest)
    }

    /// Holds the manifest against the programme; returns the position of its dataset.
    ///
    /// # Errors
    /// A [`ManifestError`] that says by name what was found and what was expected.
    pub fn check(&self, programme: &Programme, key_id: Option<KeyId>) -> Result<usize, ManifestError> {
        let head = &self.kobling;
        let source = self.check_head(programme, key_id)?;
        let (at, dataset) = programme
            .dataset(&head.dataset)
            .ok_or_else(|| ManifestError::UnknownDataset(head.dataset.clone()))?;
        if !dataset.partners.contains(&source) {
            return Err(ManifestError::NotYours {
                partner: head.partner.clone(),
                dataset: head.dataset.clone(),
            });
        }
        if head.screened != Some(SCREEN) {
            return Err(ManifestError::NotScreened);
        }
        self.check_rest(programme, &Schema::of(dataset))?;
        Ok(at)
    }

    /// What list the rows are; `None` where they are of a dataset.
    #[must_use]
    pub fn list_kind(&self) -> Option<ListKind> {
        ListKind::ALL.into_iter().find(|kind| kind.dataset() == self.kobling.dataset.as_str())
    }

    /// Holds the manifest of a package of a list against the programme; returns the position of its partner.
    ///
    /// # Errors
    /// As [`Manifest::check`].
    pub fn check_list(
        &self,
        programme: &Programme,
        key_id: Option<KeyId>,
        kind: ListKind,
    ) -> Result<u8, ManifestError> {
        let source = self.check_head(programme, key_id)?;
        self.check_rest(programme, &Schema::of_list(kind))?;
        Ok(source)
    }

    /// What any package says about itself; returns the position of its partner.
    fn check_head(&self, programme: &Programme, key_id: Option<KeyId>) -> Result<u8, ManifestError> {
        let head = &self.kobling;
        if head.programme != programme.id {
            let (found, expected) = (head.programme.clone(), programme.id.clone());
            return Err(ManifestError::OtherProgramme { found, expected });
        }
        if let Some(expected) = key_id.filter(|expected| *expected != head.key_id) {
            return Err(ManifestError::OtherKey { found: head.key_id, expected });
        }
        programme.source(&head.partner).ok_or_else(|| ManifestError::UnknownPartner(head.partner.clone()))
    }

    /// What depends on what the rows are.
    fn check_rest(&self, programme: &Programme, schema: &Schema) -> Result<(), ManifestError> {
        let head = &self.kobling;
        if head.period.first() < programme.period.first() || head.period.last() > programme.period.last() {
            return Err(ManifestError::Period { found: head.period, expected: programme.period });
        }
        if self.resources[0].schema != *schema {
            return Err(ManifestError::Columns(head.dataset.clone()));
        }
        if self.name != format!("{}-{}-{}", head.programme, head.partner, head.dataset) {
            return Err(ManifestError::Contradiction(
                "its name is not that of programme, partner and dataset",
            ));
        }
        Ok(())
    }
}

/// A word of a manifest: 1 to 40 of `a-z 0-9 . -`, and nowhere more digits in a row, hyphens and points aside, than a
/// date or a version has. A CPR number has ten.
fn is_plain(word: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    (1..=40).contains(&word.len())
        && word.bytes().all(plain)
        && word.split(|c: char| c.is_ascii_lowercase()).all(|part| digits(part) <= 8)
}

impl Schema {
    /// The schema of packages of a list.
    #[must_use]
    pub fn of_list(kind: ListKind) -> Schema {
        let columns = match kind {
            ListKind::Consents => &CONSENT_COLUMNS[..],
            ListKind::Aliases => &ALIAS_COLUMNS[..],
        };
        let fields = columns.iter().map(|(name, kind, role)| Field {
            name: (*name).to_owned(),
            kind: (*kind).to_owned(),
            role: (*role).to_owned(),
            derived: None,
            precision: Precision::Day,
        });
        Schema { fields: fields.collect() }
    }

    /// The schema of a dataset's packages.
    #[must_use]
    pub fn of(dataset: &Dataset) -> Schema {
        let fields = dataset.columns.iter().map(|column| Field {
            name: column.id.to_string(),
            kind: match column.role {
                Role::Date => "date",
                Role::Measure(_) => "number",
                _ => "string",
            }
            .to_owned(),
            role: column.role.word().to_owned(),
            derived: column.derive.map(|derive| derive.word().to_owned()),
            precision: column.precision,
        });
        Schema { fields: fields.collect() }
    }
}
