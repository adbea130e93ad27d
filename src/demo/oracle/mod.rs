//! The plain path: the true counts of reach, funnel, overlap and follow-up, straight from the raw extracts and the raw consent files.
//!
//! It judges the service, so it shares no code with `id`, `extract`, `intake`, `linkage`, `snapshot`, `consent` or
//! `question`: text is read naively, persons are texts in maps, and nothing is fast. It obeys the same definitions:
//!
//! - A row is out when its person is invalid (or missing where one is required), its related person invalid, its day
//!   no day or outside the programme, or a code unknown. Nine digits are invalid unless the partner is named among
//!   those that repair them. A row twice is the same as once.
//! - A row rests on what its dataset's basis for the question's purpose says: under consent it needs a yes that is
//!   valid at the moment of the question and a window that holds the row's day. A person who leaves, leaves
//!   altogether: see [`Leaving`].
//! - **Index rule.** A person's index is the first permitted row that qualifies in the period, ordered by day, then the
//!   dataset's position in the programme, then the partner's, then the positions of the row's category codes in column
//!   order (a missing code last). Rows that tie in all of it have the same coordinates, so the rule is total and no
//!   order of rows can matter.
//! - Reach and overlap qualify every row of their datasets. A funnel's index is a row of its first stage; each later
//!   stage is the earliest row of it on the day of the stage before or later, up to the day of the snapshot.
//! - A follow-up (kinds `time_to` and `repeat`, view `within`, of persons) runs from the index to the first event that
//!   ends it, or to the day of the snapshot, that day included. An outcome counts from the day that the question names;
//!   whoever is followed for fewer days and had none is in no cell of those days.
//! - A question reads every row of its datasets in its days, a funnel's too: a row that is no event of a stage counts
//!   for who leaves.
//! - A person whose index is outside the population is in no cell.
//! - On arrival ([`Plain::arrive`]) a row of a dataset that rests on consent alone is dropped unless its person permits it
//!   for something that day, and a related person who does not is dropped from it. Of whom a row was dropped leaves every
//!   question that reads the dataset of that partner, unless a row of theirs there may be read.
//! - A family is a connected component over the case numbers and related persons of all rows of all partners that have
//!   arrived, permitted for the question or not.

mod consent;
mod count;
mod family;
mod follow;
mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

pub use count::{Answer, Asked, Cell, knows};

use super::DemoError;
use crate::clock::{Day, Timestamp};
use crate::disclosure::FamilyOf;
use crate::name::PartnerId;
use crate::programme::{BasisKind, Programme};
use consent::Event;

/// When a person leaves a question that reads rows under consent. The caller says which, in words: the two differ where
/// a window holds some of a person's rows at a source and not others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// As soon as one row that the question reads is forbidden.
    AnyForbiddenRow,
    /// When every row that the question reads of the person in some dataset of some source is forbidden, as
    /// `docs/CONSENT.md` has it; rows outside a window merely stay out otherwise.
    NoPermittedRowAtASource,
}

/// A row that is not out.
struct Row {
    dataset: usize,
    source: u8,
    /// From 1; 0 for an anonymous contact.
    person: u32,
    /// The other one of a pair; 0 for nobody.
    related: u32,
    case: Option<String>,
    day: Day,
    /// Positions of codes, by column; absent for other columns and missing codes.
    codes: Vec<Option<u8>>,
}

/// Everything that the raw files say, read the plain way.
pub struct Plain<'a> {
    programme: &'a Programme,
    leaving: Leaving,
    /// Person number by identifier: the number itself where it is national, else `partner/number`. Numbers count from
    /// 1 in the order of the texts; they are the oracle's own.
    persons: BTreeMap<String, u32>,
    /// Family by person number.
    families: Vec<u32>,
    rows: Vec<Row>,
    consents: HashMap<(u8, u32), Vec<Event>>,
    /// What was said on other papers, about uses that no question here is about.
    elsewhere: HashMap<(u8, u32), Vec<Event>>,
    /// Of whom a row was dropped on arrival: person, source, dataset.
    withheld: BTreeSet<(u32, u8, usize)>,
    rejected: BTreeMap<(u8, usize), u64>,
}

impl<'a> Plain<'a> {
    /// Reads extracts: partner, dataset and path of each. `today` is the day of intake; `repairing` are the partners
    /// that put lost leading zeros back.
    ///
    /// # Errors
    /// [`DemoError`]: a file cannot be read, lacks a column, or belongs to nobody in the programme.
    pub fn read(
        programme: &'a Programme,
        files: &[super::raw::RawFile],
        today: Day,
        repairing: &[PartnerId],
        leaving: Leaving,
    ) -> Result<Plain<'a>, DemoError> {
        let mut found = Vec::new();
        let mut rejected = BTreeMap::new();
        for file in files {
            let missing = |what: String| DemoError::Programme { what };
            let source = programme
                .source(&file.partner)
                .ok_or_else(|| missing(format!("partner {}", file.partner)))?;
            let (dataset, definition) = programme
                .dataset(&file.dataset)
                .ok_or_else(|| missing(format!("dataset {}", file.dataset)))?;
            let reader = read::Reader {
                programme,
                dataset: definition,
                partner: file.partner.as_str(),
                today,
                repair: repairing.contains(&file.partner),
            };
            let (rows, out) = reader.file(&file.path)?;
            rejected.insert((source, dataset), out);
            found.extend(rows.into_iter().map(|row| (dataset, source, row)));
        }
        let texts: BTreeSet<&String> =
            found.iter().flat_map(|(_, _, row)| row.person.iter().chain(&row.related)).collect();
        let persons: BTreeMap<String, u32> = texts.into_iter().cloned().zip(1..).collect();
        let number = |text: &Option<String>| text.as_ref().map_or(0, |text| persons[text]);
        let rows = found.iter().map(|(dataset, source, row)| Row {
            dataset: *dataset,
            source: *source,
            person: number(&row.person),
            related: number(&row.related),
            case: row.case.clone(),
            day: row.day,
            codes: row.codes.clone(),
        });
        let mut plain = Plain {
            programme,
            leaving,
            rows: rows.collect(),
            persons,
            families: Vec::new(),
            consents: HashMap::new(),
            elsewhere: HashMap::new(),
            withheld: BTreeSet::new(),
            rejected,
        };
        plain.join_families();
        Ok(plain)
    }

    fn join_families(&mut self) {
        let mut joined = family::Families::new(self.persons.len());
        for row in self.rows.iter().filter(|row| row.person != 0) {
            joined.pair(row.person, row.related);
            if let Some(case) = &row.case {
                joined.case(row.person, row.source, case);
            }
        }
        self.families = joined.components();
    }

    /// All rows arrive at a moment, under what has been recorded so far.
    pub fn arrive(&mut self, moment: Timestamp) {
        let (consents, elsewhere) = (&self.consents, &self.elsewhere);
        let programme = self.programme;
        let permits = |person: u32, row: &Row| {
            let dataset = &programme.datasets[row.dataset];
            if dataset.bases.iter().any(|basis| basis.kind != BasisKind::Consent) {
                return true;
            }
            // The bases of a dataset agree about handing over, in every programme that is played.
            let longest = dataset.bases.iter().map(|basis| basis.disclosure_days).max().flatten();
            [consents, elsewhere].iter().any(|said| {
                let events = said.get(&(row.source, person));
                events.is_some_and(|events| consent::allows(events, moment, row.day, longest))
            })
        };
        let mut arrived = Vec::new();
        for mut row in std::mem::take(&mut self.rows) {
            if row.person != 0 && !permits(row.person, &row) {
                self.withheld.insert((row.person, row.source, row.dataset));
                continue;
            }
            if row.related != 0 && !permits(row.related, &row) {
                row.related = 0;
            }
            arrived.push(row);
        }
        self.rows = arrived;
        self.join_families();
    }

    /// Adds the events of a paper about uses that no question here is about: rows may be handed over for these too.
    ///
    /// # Errors
    /// As [`Plain::record_consents`].
    pub fn record_elsewhere(&mut self, partner: &PartnerId, path: &Path) -> Result<(), DemoError> {
        let asked = std::mem::take(&mut self.consents);
        self.consents = std::mem::take(&mut self.elsewhere);
        let recorded = self.record_consents(partner, path);
        self.elsewhere = std::mem::replace(&mut self.consents, asked);
        recorded
    }

    /// Adds the events of a partner's consent file; a later file adds to an earlier one.
    ///
    /// # Errors
    /// [`DemoError`]: the file cannot be read or is no consent file, or the partner is unknown.
    pub fn record_consents(&mut self, partner: &PartnerId, path: &Path) -> Result<(), DemoError> {
        let source = self
            .programme
            .source(partner)
            .ok_or_else(|| DemoError::Programme { what: format!("partner {partner}") })?;
        for (text, event) in consent::read(partner.as_str(), path)? {
            // Somebody without a row that counts: nothing to permit.
            if let Some(person) = self.persons.get(&text) {
                self.consents.entry((source, *person)).or_default().push(event);
            }
        }
        Ok(())
    }

    /// Rows that are out, by partner and dataset (positions in the programme).
    #[must_use]
    pub const fn rejected(&self) -> &BTreeMap<(u8, usize), u64> {
        &self.rejected
    }

    /// Persons with a number of the oracle's own, those known only as somebody's related person included.
    #[must_use]
    pub fn persons(&self) -> usize {
        self.persons.len()
    }

    /// The oracle's number of a person, by ten canonical characters; a partner's name for a number local to it.
    #[must_use]
    pub fn person(&self, number: &str, partner: Option<&PartnerId>) -> Option<u32> {
        match partner {
            Some(partner) => self.persons.get(&format!("{partner}/{number}")).copied(),
            None => self.persons.get(number).copied(),
        }
    }

    /// Everybody with a number of the oracle's own: the text, as [`Plain::person`] takes it or with `partner/` before it,
    /// and the number.
    pub fn identities(&self) -> impl Iterator<Item = (&str, u32)> {
        self.persons.iter().map(|(text, number)| (text.as_str(), *number))
    }

    /// The family of each person.
    #[must_use]
    pub fn family_of(&self) -> FamilyOf {
        // From 1: 0 says that a person has none.
        FamilyOf::new(self.families.iter().map(|family| family + 1).collect())
    }

    /// Distinct families of some persons.
    #[must_use]
    pub fn families_of(&self, persons: &BTreeSet<u32>) -> usize {
        persons.iter().map(|person| self.families[*person as usize]).collect::<BTreeSet<_>>().len()
    }
}

impl std::fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plain({} rows, {} persons)", self.rows.len(), self.persons.len())
    }
}
