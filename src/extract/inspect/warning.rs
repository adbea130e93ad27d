//! What deserves a second look before a package leaves.

use std::fmt;

use serde::Serialize;

use super::{Advice, FEW, Inspection};
use crate::clock::Timestamp;
use crate::extract::pack::Package;
use crate::key::KeyId;
use crate::language::{Language, Spoken};
use crate::programme::{Precision, Programme};

/// Days after which a package that still lies there is remarked on.
const OLD_DAYS: i32 = 30;

/// Something about a package that deserves a second look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Warning {
    /// No signature.
    Unsigned,
    /// Made long ago.
    Old {
        /// Days since.
        days: i32,
    },
    /// Another linkage key than the programme's.
    OtherKey {
        /// The package's.
        found: KeyId,
        /// The programme's.
        expected: KeyId,
    },
    /// It does not fit the programme for another reason.
    Unfit {
        /// In English.
        reason: String,
        /// In Danish.
        da: String,
    },
    /// Values that single out more than one row in a hundred.
    SinglesOut {
        /// The columns.
        columns: Vec<String>,
        /// Rows with values that fewer than [`FEW`] persons have.
        rows: u64,
        /// Persons whom they are about.
        persons: u64,
        /// Rows of the package.
        of: u64,
        /// Whether rows and persons are estimates.
        estimated: bool,
        /// What would help most.
        advice: Option<Advice>,
    },
}

/// The worst combinations that are warned of, one for each number of columns.
pub(super) fn of(
    inspection: &Inspection,
    package: &Package,
    programme: Option<&Programme>,
    now: Timestamp,
) -> Vec<Warning> {
    let manifest = &package.manifest;
    let mut warnings = Vec::new();
    if !inspection.signed {
        warnings.push(Warning::Unsigned);
    }
    let days = now.day().days() - manifest.created.day().days();
    if days > OLD_DAYS {
        warnings.push(Warning::Old { days });
    }
    if let Some(programme) = programme {
        let found = manifest.kobling.key_id;
        if let Some(expected) = programme.key_id.filter(|expected| *expected != found) {
            warnings.push(Warning::OtherKey { found, expected });
        }
        let fits = match manifest.list_kind() {
            Some(kind) => manifest.check_list(programme, None, kind).err(),
            None => manifest.check(programme, None).err(),
        };
        warnings.extend(fits.map(|error| Warning::Unfit { reason: error.to_string(), da: error.danish() }));
    }
    for columns in 1..=super::MOST_COLUMNS {
        let mut of_so_many = inspection.combinations.iter().filter(|one| one.columns.len() == columns);
        if let Some(worst) = of_so_many.next().filter(|one| inspection.singles_out(one)) {
            warnings.push(Warning::SinglesOut {
                columns: worst.columns.clone(),
                rows: worst.rows_of_few_persons,
                persons: worst.persons,
                of: inspection.rows,
                estimated: worst.estimated,
                advice: worst.advice.clone(),
            });
        }
    }
    warnings
}

impl Precision {
    /// How days leave, for people.
    fn by(self, language: Language) -> &'static str {
        match self {
            Precision::Day => language.choose("dag", "day"),
            Precision::Week => language.choose("uge", "week"),
            Precision::Month => language.choose("måned", "month"),
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |rows: &u64| Language::En.count(*rows);
        match self {
            Advice::Precision { column, now, then, rows } => write!(
                f,
                "{column} by the {} instead of the {} brings it to {} rows",
                then.by(Language::En),
                now.by(Language::En),
                count(rows)
            ),
            Advice::Without { column, rows } => {
                write!(f, "without {column}, or with a coarser one, it is {} rows", count(rows))
            }
        }
    }
}

impl Spoken for Advice {
    fn danish(&self) -> String {
        let count = |rows: &u64| Language::Da.count(*rows);
        match self {
            Advice::Precision { column, now, then, rows } => format!(
                "{column} pr. {} i stedet for pr. {} bringer det ned på {} rækker",
                then.by(Language::Da),
                now.by(Language::Da),
                count(rows)
            ),
            Advice::Without { column, rows } => {
                format!("uden {column}, eller med en grovere, er det {} rækker", count(rows))
            }
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Unsigned => {
                f.write_str("the package is not signed, and cannot be sent so: give --signing-key")
            }
            Warning::Old { days } => write!(
                f,
                "the package is {days} days old: delete it when it has been received, or make a new one before you send it"
            ),
            Warning::OtherKey { found, expected } => write!(
                f,
                "it was made with key {found}, the programme expects {expected}: ask the custodian for that key"
            ),
            Warning::Unfit { reason, .. } => write!(f, "the service would refuse it: {reason}"),
            Warning::SinglesOut { columns, rows, persons, of, estimated, advice } => {
                let count = |number: &u64| Language::En.count(*number);
                let about = if *estimated { "about " } else { "" };
                write!(
                    f,
                    "{} single out: {about}{} of {} rows have values that fewer than {FEW} persons share, {about}{} persons in all",
                    columns.join(" + "),
                    count(rows),
                    count(of),
                    count(persons)
                )?;
                advice.as_ref().map_or(Ok(()), |advice| write!(f, "; {advice}"))
            }
        }
    }
}

impl Spoken for Warning {
    fn danish(&self) -> String {
        match self {
            Warning::Unsigned => {
                "pakken er ikke underskrevet og kan ikke sendes sådan: angiv --signing-key".to_owned()
            }
            Warning::Old { days } => format!(
                "pakken er {days} dage gammel: slet den, når den er modtaget, eller lav en ny, før du sender den"
            ),
            Warning::OtherKey { found, expected } => format!(
                "den er lavet med nøglen {found}, programmet venter {expected}: bed nøgleforvalteren om den"
            ),
            Warning::Unfit { da, .. } => format!("tjenesten ville afvise den: {da}"),
            Warning::SinglesOut { columns, rows, persons, of, estimated, advice } => {
                let count = |number: &u64| Language::Da.count(*number);
                let about = if *estimated { "omkring " } else { "" };
                let advice =
                    advice.as_ref().map_or_else(String::new, |advice| format!("; {}", advice.danish()));
                format!(
                    "{} udpeger: {about}{} af {} rækker har værdier, som færre end {FEW} personer deler, i alt {about}{} personer{advice}",
                    columns.join(" + "),
                    count(rows),
                    count(of),
                    count(persons)
                )
            }
        }
    }
}
