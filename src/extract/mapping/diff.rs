//! What a newer definition of a dataset asks for that a mapping does not know.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::check::list;
use super::{Mapping, asks_the_file};
use crate::digest::Sha256Hex;
use crate::language::Spoken;
use crate::name::{CodeId, ColumnId};
use crate::programme::{Column, Dataset, Programme, Role};

/// What a dataset asked for in one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The role's word.
    pub role: String,
    /// Whether it must be filled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Codes of a category, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<CodeId>,
    /// Texts that mean "missing", in the order of the alphabet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl Asked {
    fn of(column: &Column, programme: &Programme) -> Asked {
        let mut codes = match column.role {
            Role::Category { list } => {
                programme.code_lists[list].codes.iter().map(|code| code.id.clone()).collect()
            }
            _ => Vec::new(),
        };
        codes.sort();
        let mut missing = column.missing.clone();
        missing.sort();
        Asked { role: column.role.word().to_owned(), required: column.required, codes, missing }
    }

    /// What a dataset asks for, by column. Columns that are not read in the file are left out.
    #[must_use]
    pub fn by(dataset: &Dataset, programme: &Programme) -> BTreeMap<ColumnId, Asked> {
        let columns = dataset.columns.iter().filter(|column| asks_the_file(column));
        columns.map(|column| (column.id.clone(), Asked::of(column, programme))).collect()
    }

    /// Digest of what is asked for: SHA-256 of its JSON, columns in the order of their names.
    #[must_use]
    pub fn digest(asked: &BTreeMap<ColumnId, Asked>) -> String {
        let text = serde_json::to_vec(asked).expect("names and texts are plain data");
        format!("sha256:{}", Sha256Hex::of(&text))
    }
}

/// Something that a newer definition asks for otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A column that was not asked for.
    Added {
        /// The column.
        column: ColumnId,
        /// Whether it must be filled.
        required: bool,
    },
    /// A column that is not asked for any more.
    Removed {
        /// The column.
        column: ColumnId,
        /// Whether the mapping names it.
        mapped: bool,
    },
    /// A column that is something else now.
    Role {
        /// The column.
        column: ColumnId,
        /// The role's word until now.
        from: String,
        /// The role's word now.
        to: &'static str,
    },
    /// A column that must be filled now, or need not be.
    Required {
        /// The column.
        column: ColumnId,
        /// Whether it must be filled now.
        now: bool,
        /// Whether the mapping names it.
        mapped: bool,
    },
    /// New codes.
    CodesAdded {
        /// The column.
        column: ColumnId,
        /// The codes.
        codes: Vec<CodeId>,
    },
    /// Codes that are gone.
    CodesGone {
        /// The column.
        column: ColumnId,
        /// The codes.
        codes: Vec<CodeId>,
        /// Those of them that the mapping's own texts point to.
        pointed: Vec<CodeId>,
    },
    /// Other texts mean "missing".
    Missing {
        /// The column.
        column: ColumnId,
    },
}

impl Change {
    /// Whether the mapping cannot be used until it is changed.
    #[must_use]
    pub fn must_act(&self) -> bool {
        match self {
            Change::Added { required, .. } => *required,
            Change::Role { .. } => true,
            Change::Required { now, mapped, .. } => *now && !*mapped,
            Change::CodesGone { pointed, .. } => !pointed.is_empty(),
            Change::Removed { .. } | Change::CodesAdded { .. } | Change::Missing { .. } => false,
        }
    }
}

fn codes(codes: &[CodeId]) -> String {
    list(codes.iter().map(CodeId::as_str))
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added { column, required: true } => {
                write!(f, "{column}: new, and must be filled: map it")
            }
            Change::Added { column, required: false } => {
                write!(f, "{column}: new; map it if your file has it")
            }
            Change::Removed { column, mapped: true } => {
                write!(f, "{column}: no longer asked for; your column stays at home from now on")
            }
            Change::Removed { column, mapped: false } => write!(f, "{column}: no longer asked for"),
            Change::Role { column, from, to } => {
                write!(f, "{column}: was {from}, is {to} now: map it again")
            }
            Change::Required { column, now: true, mapped: false } => {
                write!(f, "{column}: must be filled now: map it")
            }
            Change::Required { column, now: true, mapped: true } => {
                write!(f, "{column}: must be filled now; rows without it are rejected")
            }
            Change::Required { column, now: false, .. } => write!(f, "{column}: need not be filled any more"),
            Change::CodesAdded { column, codes: new } => write!(f, "{column}: new codes: {}", codes(new)),
            Change::CodesGone { column, codes: gone, pointed } if pointed.is_empty() => {
                write!(f, "{column}: codes that are gone: {}", codes(gone))
            }
            Change::CodesGone { column, codes: gone, pointed } => write!(
                f,
                "{column}: codes that are gone: {}; your own texts still mean {}: map them anew",
                codes(gone),
                codes(pointed)
            ),
            Change::Missing { column } => write!(f, "{column}: other texts mean \"missing\" now"),
        }
    }
}

impl Spoken for Change {
    fn danish(&self) -> String {
        match self {
            Change::Added { column, required: true } => {
                format!("{column}: ny, og skal udfyldes: kortlæg den")
            }
            Change::Added { column, required: false } => {
                format!("{column}: ny; kortlæg den, hvis jeres fil har den")
            }
            Change::Removed { column, mapped: true } => {
                format!("{column}: der spørges ikke længere om den; jeres kolonne bliver hjemme fra nu af")
            }
            Change::Removed { column, mapped: false } => {
                format!("{column}: der spørges ikke længere om den")
            }
            Change::Role { column, from, to } => {
                format!("{column}: var {from}, er nu {to}: kortlæg den igen")
            }
            Change::Required { column, now: true, mapped: false } => {
                format!("{column}: skal nu udfyldes: kortlæg den")
            }
            Change::Required { column, now: true, mapped: true } => {
                format!("{column}: skal nu udfyldes; rækker uden den afvises")
            }
            Change::Required { column, now: false, .. } => {
                format!("{column}: behøver ikke længere at være udfyldt")
            }
            Change::CodesAdded { column, codes: new } => format!("{column}: nye koder: {}", codes(new)),
            Change::CodesGone { column, codes: gone, pointed } if pointed.is_empty() => {
                format!("{column}: koder, der er udgået: {}", codes(gone))
            }
            Change::CodesGone { column, codes: gone, pointed } => format!(
                "{column}: koder, der er udgået: {}; jeres egne tekster betyder stadig {}: kortlæg dem på ny",
                codes(gone),
                codes(pointed)
            ),
            Change::Missing { column } => format!("{column}: andre tekster betyder nu »mangler«"),
        }
    }
}

/// A mapping beside a definition of its dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whether the mapping knows what it was made for; without it only what is missing or too much can be told.
    pub known: bool,
    /// What changed, in the order of the dataset; what is gone comes last.
    pub changes: Vec<Change>,
}

impl Difference {
    /// Whether the mapping cannot be used until it is changed.
    #[must_use]
    pub fn must_act(&self) -> bool {
        self.changes.iter().any(Change::must_act)
    }
}

impl Mapping {
    /// What the programme's definition of the dataset asks for otherwise than when the mapping was made. Nothing when
    /// only the definition's version or other parts of it moved; `None` when the programme has no such dataset.
    #[must_use]
    pub fn diff(&self, programme: &Programme) -> Option<Difference> {
        let (_, dataset) = programme.dataset(&self.dataset)?;
        let now = Asked::by(dataset, programme);
        let known = !self.asked.is_empty();
        let mut changes = Vec::new();
        for column in dataset.columns.iter().filter(|column| asks_the_file(column)) {
            let mapped = self.columns.contains_key(&column.id);
            match self.asked.get(&column.id) {
                Some(before) => self.compare(column, before, &now[&column.id], &mut changes),
                None if mapped || !known && !column.required => {}
                None => {
                    changes.push(Change::Added { column: column.id.clone(), required: column.required });
                }
            }
        }
        let before = self.asked.keys().chain(self.columns.keys().filter(|id| !self.asked.contains_key(*id)));
        for id in before.filter(|id| !now.contains_key(*id)) {
            changes.push(Change::Removed { column: id.clone(), mapped: self.columns.contains_key(id) });
        }
        Some(Difference { known, changes })
    }

    fn compare(&self, column: &Column, before: &Asked, now: &Asked, changes: &mut Vec<Change>) {
        let own = self.columns.get(&column.id);
        let id = || column.id.clone();
        if before.role != now.role {
            changes.push(Change::Role { column: id(), from: before.role.clone(), to: column.role.word() });
            return;
        }
        if before.required != now.required {
            changes.push(Change::Required { column: id(), now: now.required, mapped: own.is_some() });
        }
        let without = |these: &[CodeId], those: &[CodeId]| {
            these.iter().filter(|code| !those.contains(code)).cloned().collect::<Vec<_>>()
        };
        let added = without(&now.codes, &before.codes);
        if !added.is_empty() {
            changes.push(Change::CodesAdded { column: id(), codes: added });
        }
        let gone = without(&before.codes, &now.codes);
        if !gone.is_empty() {
            let mut pointed = own.map_or_else(Vec::new, |own| own.codes.values().cloned().collect());
            pointed.retain(|code| gone.contains(code));
            pointed.sort();
            pointed.dedup();
            changes.push(Change::CodesGone { column: id(), codes: gone, pointed });
        }
        if before.missing != now.missing {
            changes.push(Change::Missing { column: id() });
        }
    }
}
