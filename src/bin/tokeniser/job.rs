//! What the page asks for: `job.json`.

use std::path::Path;

use kobling::clock::{Clock as _, Period, SystemClock};
use kobling::extract::{Declared, Job, Mapping, MaxRejected, Source};
use kobling::id::LeadingZero;
use kobling::key::KeyId;
use kobling::language::Spoken as _;
use kobling::name::{ColumnId, DatasetId, PartnerId};
use kobling::programme::Programme;
use serde::Deserialize;

use crate::trouble::{Trouble, file};

/// `job.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Asked {
    /// Path of the extract.
    pub(crate) extract: String,
    pub(crate) partner: PartnerId,
    pub(crate) dataset: DatasetId,
    /// Quarters, as text; the programme's when empty.
    #[serde(default)]
    pub(crate) period: String,
    /// Most rows that may be rejected, as text; no limit when empty.
    #[serde(default)]
    pub(crate) max_rejected: String,
    /// Whether `mapping.toml` is to be used.
    #[serde(default)]
    pub(crate) mapped: bool,
    /// Whether nine digits are ten whose leading zero a spreadsheet took.
    #[serde(default)]
    pub(crate) repair_leading_zero: bool,
    /// Sheet of a workbook.
    #[serde(default)]
    pub(crate) sheet: Option<String>,
    /// Row of the headers, from 1.
    #[serde(default)]
    pub(crate) header_row: Option<u32>,
    /// Id of the key that made the tokens.
    #[serde(default)]
    pub(crate) key_id: Option<KeyId>,
    /// What was chosen: column of the dataset, position in the file.
    #[serde(default)]
    pub(crate) chosen: Vec<(ColumnId, usize)>,
}

/// What was asked, with what it is held against.
pub(crate) struct Given {
    pub(crate) asked: Asked,
    pub(crate) programme: Programme,
    pub(crate) mapping: Option<Mapping>,
    pub(crate) source: Source,
    pub(crate) period: Option<Period>,
    pub(crate) limit: Option<MaxRejected>,
}

/// Reads the programme definition.
pub(crate) fn programme() -> Result<Programme, Trouble> {
    let text = std::fs::read("programme.toml").map_err(file("programme.toml"))?;
    let text = String::from_utf8(text).map_err(|_| {
        Trouble::new(
            "programdefinitionen er ikke tekst i UTF-8; er det den rigtige fil?",
            "the programme definition is no text in UTF-8; is it the right file?",
        )
    })?;
    Ok(Programme::parse(&text)?)
}

impl Given {
    /// Reads what is asked for.
    pub(crate) fn load() -> Result<Given, Trouble> {
        let text = std::fs::read("job.json").map_err(file("job.json"))?;
        let asked: Asked = serde_json::from_slice(&text)
            .map_err(|error| Trouble::new(format!("job.json: {error}"), format!("job.json: {error}")))?;
        let programme = programme()?;
        let mapping = if asked.mapped {
            let text = std::fs::read_to_string("mapping.toml").map_err(file("mapping.toml"))?;
            let mapping = Mapping::parse_for(&text, &programme)?;
            if mapping.partner != asked.partner || mapping.dataset != asked.dataset {
                return Err(Trouble::new(
                    format!(
                        "kortlægningen er for {} og {}, ikke for dem, der er valgt",
                        mapping.partner, mapping.dataset
                    ),
                    format!(
                        "the mapping is of {} and {}, not of those that are chosen",
                        mapping.partner, mapping.dataset
                    ),
                ));
            }
            Some(mapping)
        } else {
            None
        };
        let period = match asked.period.trim() {
            "" => None,
            text => Some(
                text.parse::<Period>().map_err(|error| Trouble::new(error.danish(), error.to_string()))?,
            ),
        };
        let limit = match asked.max_rejected.trim() {
            "" => None,
            text => Some(
                text.parse::<MaxRejected>()
                    .map_err(|error| Trouble::new(error.danish(), error.to_string()))?,
            ),
        };
        let source = Source::from_argument(Path::new(&asked.extract));
        Ok(Given { asked, programme, mapping, source, period, limit })
    }

    /// The job: what the page says goes before what the mapping says.
    pub(crate) fn job(&self) -> Result<Job<'_>, Trouble> {
        let of_mapping = self.mapping.as_ref().map(Mapping::declared).transpose()?.unwrap_or_default();
        let zero = match (self.asked.repair_leading_zero, &self.mapping) {
            (false, Some(mapping)) => mapping.zero(),
            (false, None) => LeadingZero::Refuse,
            (true, _) => LeadingZero::Repair,
        };
        Ok(Job {
            source: &self.source,
            declared: Declared {
                sheet: self.asked.sheet.as_deref().or(of_mapping.sheet),
                header_row: self.asked.header_row.or(of_mapping.header_row),
                ..of_mapping
            },
            mapping: self.mapping.as_ref(),
            programme: &self.programme,
            partner: &self.asked.partner,
            dataset: &self.asked.dataset,
            period: self.period,
            zero,
            decimal: self
                .mapping
                .as_ref()
                .and_then(Mapping::decimal)
                .unwrap_or(kobling::extract::Decimal::Comma),
            today: SystemClock.today(),
        })
    }
}
