//! Raw figures of linkage quality (Q24) per partner and dataset. Unprotected: no `Debug`, no `Display`, no serde.
//!
//! They are kept with the snapshot in the data folder, and leave it through `disclosure` only.

use std::collections::BTreeMap;

use crate::extract::manifest::Head;
use crate::programme::Programme;

/// A number of distinct persons, unprotected.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct PersonCount(u64);

impl PersonCount {
    /// Takes a count made elsewhere.
    #[must_use]
    pub const fn new(persons: u64) -> PersonCount {
        PersonCount(persons)
    }

    /// The number, for the reason given.
    #[must_use]
    pub const fn expose(self, _reason: &'static str) -> u64 {
        self.0
    }
}

/// What the manifests of sealed packages say, added up.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// Packages.
    pub packages: u64,
    /// Rows in the extracts.
    pub read: u64,
    /// Rows in the packages.
    pub sent: u64,
    /// Rows left out because the same row was sent already.
    pub duplicates: u64,
    /// Rows rejected, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Rows remarked on, by remark.
    pub warnings: BTreeMap<String, u64>,
    /// Identifiers in the person column, by kind.
    pub identifiers: BTreeMap<String, u64>,
}

impl Stated {
    /// What one package's manifest says.
    #[must_use]
    pub fn of(head: &Head) -> Stated {
        Stated {
            packages: 1,
            read: head.rows.read,
            sent: head.rows.sent,
            duplicates: head.rows.duplicates,
            rejected: head.rejected.clone(),
            warnings: head.warnings.clone(),
            identifiers: head.identifiers.clone(),
        }
    }

    /// Adds another package's.
    pub fn add(&mut self, other: &Stated) {
        self.packages += other.packages;
        self.read = self.read.saturating_add(other.read);
        self.sent = self.sent.saturating_add(other.sent);
        self.duplicates = self.duplicates.saturating_add(other.duplicates);
        for (into, from) in [
            (&mut self.rejected, &other.rejected),
            (&mut self.warnings, &other.warnings),
            (&mut self.identifiers, &other.identifiers),
        ] {
            for (word, count) in from {
                let sum = into.entry(word.clone()).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
    }
}

/// What one partner handed over of one dataset.
#[derive(Clone, PartialEq, Eq)]
pub struct PartQuality {
    /// Position of the partner.
    pub source: u8,
    /// Position of the dataset.
    pub dataset: usize,
    /// Rows in the snapshot.
    pub rows: u64,
    /// Rows without a person.
    pub anonymous: u64,
    /// Distinct persons.
    pub persons: PersonCount,
    /// Those of them who have rows of another partner, in any dataset.
    pub elsewhere: PersonCount,
    /// What the manifests say.
    pub stated: Stated,
}

/// The figures of a snapshot: a part for each partner of each dataset, in the programme's order, those that handed
/// nothing over included.
#[derive(Clone, PartialEq, Eq)]
pub struct Quality {
    /// The parts.
    pub parts: Vec<PartQuality>,
}

/// Which partner each person has rows of.
pub(crate) struct KnownAt(Vec<u8>);

/// Nobody yet.
const NOBODY: u8 = u8::MAX;
/// More than one partner. Positions of partners lie below it (`limits::MAX_PARTNERS`).
const SEVERAL: u8 = u8::MAX - 1;

impl KnownAt {
    /// Person numbers up to `persons`, nobody known anywhere.
    pub(crate) fn new(persons: u32) -> KnownAt {
        KnownAt(vec![NOBODY; persons as usize + 1])
    }

    /// A row of a person at a partner.
    pub(crate) fn row(&mut self, person: u32, source: u8) {
        let known = &mut self.0[person as usize];
        match *known {
            NOBODY => *known = source,
            other if other != source => *known = SEVERAL,
            _ => {}
        }
    }
}

impl Quality {
    /// Empty parts for everything that the programme lets partners hand over.
    pub(crate) fn new(programme: &Programme) -> Quality {
        let part = |dataset, source| PartQuality {
            source,
            dataset,
            rows: 0,
            anonymous: 0,
            persons: PersonCount::default(),
            elsewhere: PersonCount::default(),
            stated: Stated::default(),
        };
        let parts = programme.datasets.iter().enumerate();
        Quality { parts: parts.flat_map(|(at, d)| d.partners.iter().map(move |s| part(at, *s))).collect() }
    }

    /// The part of a partner and a dataset.
    #[must_use]
    pub fn part(&self, source: u8, dataset: usize) -> Option<&PartQuality> {
        self.parts.iter().find(|part| part.source == source && part.dataset == dataset)
    }

    /// Adds what a package's manifest says.
    pub(crate) fn state(&mut self, source: u8, dataset: usize, stated: &Stated) {
        let part = self.parts.iter_mut().find(|part| part.source == source && part.dataset == dataset);
        if let Some(part) = part {
            part.stated.add(stated);
        }
    }

    /// Adds what was counted of a dataset.
    pub(crate) fn add(&mut self, dataset: usize, counted: &PartCount) {
        for part in self.parts.iter_mut().filter(|part| part.dataset == dataset) {
            let tally = &counted.by_source[usize::from(part.source)];
            part.rows += tally.rows;
            part.anonymous += tally.anonymous;
            part.persons.0 += tally.persons;
            part.elsewhere.0 += tally.elsewhere;
        }
    }
}

/// Counts the rows of one dataset by partner, as they come in the order of persons.
pub(crate) struct PartCount {
    by_source: Vec<Tally>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    rows: u64,
    anonymous: u64,
    persons: u64,
    elsewhere: u64,
    /// The last person counted; 0 is nobody.
    last: u32,
}

impl PartCount {
    /// Nothing counted.
    pub(crate) fn new() -> PartCount {
        PartCount { by_source: vec![Tally::default(); 256] }
    }

    /// Counts a row, when everything about `known` is known.
    pub(crate) fn row(&mut self, known: &KnownAt, person: u32, source: u8) {
        let tally = &mut self.by_source[usize::from(source)];
        tally.rows += 1;
        if person == 0 {
            tally.anonymous += 1;
        } else if tally.last != person {
            tally.last = person;
            tally.persons += 1;
            tally.elsewhere += u64::from(known.0[person as usize] == SEVERAL);
        }
    }
}
