//! Where a package stands, in words, and the order in which packages are listed.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::extract::manifest::ListKind;
use crate::language::Language;
use crate::service::SealedIn;
use crate::store::{PackageRow, UploadState};

/// A package's state in words: one that is short, and what it means.
pub(super) struct Standing {
    pub(super) tag: &'static str,
    /// Whether its rows count, or will: shown beside the words, never alone.
    pub(super) good: bool,
    pub(super) means: String,
}

/// What one looks at to say where a package stands.
pub(super) struct Seen<'a> {
    pub(super) row: &'a PackageRow,
    /// Whether the next seal reads it: it is the newest whole one of its dataset and period.
    pub(super) in_force: bool,
    pub(super) sealed: Option<SealedIn>,
}

impl Seen<'_> {
    /// In words.
    pub(super) fn standing(&self, l: Language) -> Standing {
        let say = |da: (&'static str, &str), en: (&'static str, &str), good| Standing {
            tag: l.choose(da.0, en.0),
            good,
            means: l.choose(da.1, en.1).to_owned(),
        };
        match (self.row.state, self.in_force, self.sealed) {
            (UploadState::Open, ..) => say(
                ("Undervejs", "Ikke alt er kommet. Vælg samme pakke igen under Send, så fortsætter den."),
                ("On its way", "Not all has come. Choose the same package again under Send, and it goes on."),
                false,
            ),
            (UploadState::Complete, true, None) => say(
                ("Modtaget", "Går med i den næste forsegling."),
                ("Received", "Goes into the next seal."),
                true,
            ),
            (UploadState::Complete, true, Some(at)) => {
                let (number, day) = (at.snapshot, at.day);
                Standing {
                    tag: l.choose("Forseglet", "Sealed"),
                    good: true,
                    means: match l {
                        Language::Da => format!("I øjebliksbillede {number} fra {day} og de følgende."),
                        Language::En => format!("In snapshot {number} of {day} and those after it."),
                    },
                }
            }
            (UploadState::Complete, false, _) => say(
                (
                    "Afløst",
                    "En nyere pakke for samme datasæt og periode træder i stedet ved næste forsegling.",
                ),
                (
                    "Superseded",
                    "A newer package of the same dataset and period takes its place at the next seal.",
                ),
                false,
            ),
            (UploadState::Replaced, ..) => say(
                ("Afløst", "En nyere pakke for samme datasæt og periode er trådt i stedet."),
                ("Superseded", "A newer package of the same dataset and period has taken its place."),
                false,
            ),
            (UploadState::Recorded, ..) => match list(self.row) {
                Some(ListKind::Aliases) => say(
                    ("Foreslået", "Styregruppen afgør forslagene; de godkendte gælder fra næste forsegling."),
                    (
                        "Proposed",
                        "The steward decides on the proposals; those approved hold from the next seal on.",
                    ),
                    true,
                ),
                _ => say(
                    ("Registreret", "Gælder fra det næste spørgsmål."),
                    ("Recorded", "Holds from the next question on."),
                    true,
                ),
            },
            (UploadState::Withdrawn, ..) => say(
                ("Taget tilbage", "Er ikke med i forseglinger, der er lavet siden."),
                ("Withdrawn", "Is in no seal made since."),
                false,
            ),
            (UploadState::Aborted, ..) => say(
                ("Opgivet", "Blev opgivet, før alt var kommet. Intet af den er gemt."),
                ("Given up", "Was given up before all had come. Nothing of it is kept."),
                false,
            ),
            (UploadState::Expired, ..) => say(
                ("Udløbet", "Der kom ikke mere i tide. Intet af den er gemt; send den igen."),
                ("Expired", "No more came in time. Nothing of it is kept; send it again."),
                false,
            ),
            (UploadState::Refused, ..) => say(
                (
                    "Afvist",
                    "Antallet af personer er usædvanligt. Intet af den er gemt. Spørg styregruppen; godkender den pakken, så send den igen, som den er.",
                ),
                (
                    "Refused",
                    "The number of persons is unusual. Nothing of it is kept. Ask the steward; once approved, send the package again as it is.",
                ),
                false,
            ),
        }
    }
}

fn list(row: &PackageRow) -> Option<ListKind> {
    ListKind::ALL.into_iter().find(|kind| kind.dataset() == row.dataset.as_str())
}

/// By dataset and period, the one with the newest package first; within it the newest first.
pub(super) fn ordered(mut rows: Vec<PackageRow>) -> Vec<PackageRow> {
    let when = |row: &PackageRow| row.completed_at.unwrap_or(row.opened_at);
    let mut last: HashMap<(String, String), _> = HashMap::new();
    for row in &rows {
        let of = last.entry((row.dataset.to_string(), row.period.to_string())).or_insert(when(row));
        *of = when(row).max(*of);
    }
    rows.sort_by_cached_key(|row| {
        let group = (row.dataset.to_string(), row.period.to_string());
        (Reverse(last[&group]), group, Reverse(when(row)), Reverse(row.id.clone()))
    });
    rows
}
