//! What partners write down about persons who are on their way: assessments, sessions, costs, notifications, stays.
//!
//! Driven by the programme: every dataset gets rows, column by column, from the courses of a [`Cast`]. What a dataset is
//! about, for whom and when, stands in one table (`habits`); how likely a code and how large a number is, in another
//! (`weights`); a dataset or a code list that neither knows gets plain rows with even chances.
//!
//! Must never: draw a date outside the programme; let one dataset's chances depend on another's. Callers: the demo and
//! its tests.

mod cast;
mod families;
mod habits;
mod sheet;
mod weights;

use std::path::Path;

pub use cast::{Anchor, Cast, Course, Kin, Member};
pub use sheet::Sheet;

use super::DemoError;
use super::pen::{About, write};
use super::raw::RawFile;
use crate::programme::Programme;

/// The rows of every dataset but those named, by partner and dataset. The same cast gives the same rows.
#[must_use]
pub fn sheets(cast: &Cast, programme: &Programme, but: &[&str]) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    for (at, dataset) in programme.datasets.iter().enumerate() {
        if !but.contains(&dataset.id.as_str()) {
            sheets.extend(sheet::of_dataset(cast, programme, at));
        }
    }
    sheets.sort_by_key(|sheet| (sheet.partner, sheet.dataset));
    sheets
}

/// Writes sheets as extracts under a folder, which is made where it is missing.
///
/// # Errors
/// [`DemoError`]: a file cannot be written.
pub fn write_sheets(
    cast: &Cast,
    programme: &Programme,
    sheets: &[Sheet],
    folder: &Path,
) -> Result<Vec<RawFile>, DemoError> {
    let mut files = Vec::new();
    for sheet in sheets {
        let dataset = &programme.datasets[sheet.dataset];
        let issuer = dataset.staff_issuer.as_ref().and_then(|issuer| programme.source(issuer));
        let about = About {
            programme,
            dataset,
            partner: &programme.partners[sheet.partner].id,
            at: sheet.partner,
            hand: (cast.hand)(sheet.partner),
            staff: (cast.hand)(issuer.map_or(sheet.partner, usize::from)).staff,
            number: &|person| cast.number(person, sheet.partner),
        };
        let seed = cast.seed.wrapping_mul(1009) + 1000 + (sheet.dataset * 100 + sheet.partner) as u64;
        files.push(write(about, seed, sheet.entries.iter().cloned(), folder)?);
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
