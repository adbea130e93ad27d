//! Which entered sets lie within a few persons of a new one, without comparing with every one.
//!
//! A large set is found by a block that it shares ([`sketch`](super::sketch)), is then held against the sizes of the
//! blocks, and only then read and compared. Of a small set the persons are here. One that differs from the new set by at
//! most `held` either has one of any `held` + 1 persons of the new set, or is disjoint from it, and then both are so
//! small that their sizes tell the distance.

use super::LedgerError;
use super::PersonSet;
use super::postings::Postings;
use super::sketch::{self, Sketch, largest_small};
use crate::disclosure::shown::Value;

/// The entered sets of one measure, in their order. Their numbers are the callers'.
#[derive(Clone)]
pub(super) struct Index {
    held: u64,
    /// By place.
    records: Vec<Record>,
    /// Persons of small sets, and sizes of blocks, each record's in a row.
    words: Vec<u32>,
    /// Small sets by person.
    persons: Postings,
    /// Large sets by the hash of each block.
    blocks: Vec<Postings>,
    /// Of the sizes up to `held`: the first set, and whether one of them is shown.
    smallest: Vec<Option<(u32, bool)>>,
}

/// An entered set, but for its persons.
#[derive(Clone)]
struct Record {
    seq: u64,
    snapshot: u32,
    persons: u32,
    /// Where its words begin.
    words: usize,
    figures: Option<Box<[i64]>>,
}

/// A new set, made ready to be compared.
pub(super) struct Probe<'a> {
    set: &'a PersonSet,
    /// When it may be near a small one.
    persons: Option<Vec<u32>>,
    /// When it may be near a large one.
    blocks: Option<(Vec<u32>, Vec<u32>)>,
}

/// What was found near a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Near {
    /// The earliest equal set.
    pub(super) equal: Option<u64>,
    /// The earliest set within `held`.
    pub(super) first: Option<u64>,
    /// The set that was asked about by number, when it is within `held`: whether it is equal.
    pub(super) tied: Option<bool>,
    /// Whether every one of those within `held` is hidden.
    pub(super) all_hidden: bool,
}

impl Near {
    pub(super) const NONE: Near = Near { equal: None, first: None, tied: None, all_hidden: true };

    /// Both findings; those of `self` are of earlier sets.
    pub(super) fn and(self, later: Near) -> Near {
        Near {
            equal: self.equal.or(later.equal),
            first: self.first.or(later.first),
            tied: self.tied.or(later.tied),
            all_hidden: self.all_hidden && later.all_hidden,
        }
    }
}

impl<'a> Probe<'a> {
    pub(super) fn of(set: &'a PersonSet, held: u64) -> Probe<'a> {
        let small = largest_small(held);
        let blocks = (set.len() + held > small).then(|| sketch::blocks(set, held));
        Probe {
            set,
            persons: (set.len() <= small + held).then(|| set.iter().collect()),
            blocks: blocks.and_then(|sketch| match sketch {
                Sketch::Blocks { hashes, sizes } => Some((hashes, sizes)),
                Sketch::Small(_) => None,
            }),
        }
    }

    /// What the index keeps of the set, when it is entered.
    pub(super) fn into_sketch(self, held: u64) -> Sketch {
        match (self.persons, self.blocks) {
            (Some(persons), _) if self.set.len() <= largest_small(held) => Sketch::Small(persons),
            (_, Some((hashes, sizes))) => Sketch::Blocks { hashes, sizes },
            _ => Sketch::of(self.set, held),
        }
    }
}

impl Index {
    pub(super) fn new(held: u64) -> Index {
        let blocks = usize::try_from(held + 1).expect("held is at most 10,000");
        Index {
            held,
            records: Vec::new(),
            words: Vec::new(),
            persons: Postings::default(),
            blocks: vec![Postings::default(); blocks],
            smallest: vec![None; blocks],
        }
    }

    /// Enters a set, after all that are there. The sketch is for this index's `held`.
    pub(super) fn push(&mut self, (seq, snapshot): (u64, u32), persons: u64, sketch: &Sketch, value: &Value) {
        let place = u32::try_from(self.records.len()).expect("memory ends before four thousand million sets");
        let words = self.words.len();
        match sketch {
            Sketch::Small(of) => {
                of.iter().for_each(|person| self.persons.push(*person, place));
                self.words.extend(of);
            }
            Sketch::Blocks { hashes, sizes } => {
                for (block, hash) in self.blocks.iter_mut().zip(hashes) {
                    block.push(*hash, place);
                }
                self.words.extend(sizes);
            }
        }
        if let Some(size) = usize::try_from(persons).ok().and_then(|size| self.smallest.get_mut(size)) {
            let (first, shown) = size.unwrap_or((place, false));
            *size = Some((first, shown || !value.is_hidden()));
        }
        let figures = match value {
            Value::Hidden => None,
            Value::Shown(figures) => Some(figures.clone().into_boxed_slice()),
        };
        let persons = u32::try_from(persons).expect("person numbers are above 0");
        self.records.push(Record { seq, snapshot, persons, words, figures });
    }

    /// Sorts in what was entered since: after each answer, or, once, after many entries.
    pub(super) fn settle(&mut self, all: bool) {
        self.persons.settle(all);
        self.blocks.iter_mut().for_each(|block| block.settle(all));
    }

    /// What the set of a number is shown as, and in which snapshot it was entered.
    pub(super) fn shown(&self, seq: u64) -> Option<(Value, u32)> {
        let record = &self.records[self.place(seq)? as usize];
        let value = record.figures.as_ref().map_or(Value::Hidden, |figures| Value::Shown(figures.to_vec()));
        Some((value, record.snapshot))
    }

    /// The numbers of all sets, in order.
    pub(super) fn seqs(&self) -> impl Iterator<Item = u64> + '_ {
        self.records.iter().map(|record| record.seq)
    }

    /// Whether a set was entered under a number.
    pub(super) fn has(&self, seq: u64) -> bool {
        self.place(seq).is_some()
    }

    fn place(&self, seq: u64) -> Option<u32> {
        let place = self.records.binary_search_by_key(&seq, |record| record.seq).ok()?;
        u32::try_from(place).ok()
    }

    /// What lies within `held` (at most the index's own) of a set. `distance` reads an entered set and compares it.
    ///
    /// # Errors
    /// Those of `distance`.
    pub(super) fn near(
        &self,
        probe: &Probe<'_>,
        held: u64,
        tie: Option<u64>,
        distance: &dyn Fn(u64, &PersonSet) -> Result<u64, LedgerError>,
    ) -> Result<Near, LedgerError> {
        let tie = tie.and_then(|seq| self.place(seq));
        let mut places = self.candidates(probe);
        places.extend(tie);
        places.sort_unstable();
        places.dedup();
        let mut near = Near::NONE;
        let mut first = None;
        for place in places {
            let record = &self.records[place as usize];
            let Some(apart) = self.apart(record, probe, held, distance)? else { continue };
            if tie == Some(place) {
                near.tied = Some(apart == 0);
            }
            if apart == 0 {
                near.equal = near.equal.or(Some(record.seq));
            }
            first = first.or(Some(place));
            near.all_hidden &= record.figures.is_none();
        }
        // Those so small that both together are no more than `held`, whoever is in them.
        if let Some(room) = held.checked_sub(probe.set.len()) {
            let small = self.smallest.iter().take(usize::try_from(room).map_or(usize::MAX, |room| room + 1));
            for (place, shown) in small.flatten() {
                first = Some(first.map_or(*place, |first: u32| first.min(*place)));
                near.all_hidden &= !shown;
            }
        }
        near.first = first.map(|place| self.records[place as usize].seq);
        Ok(near)
    }

    /// Every place whose set may be within `held`, but for disjoint ones.
    fn candidates(&self, probe: &Probe<'_>) -> Vec<u32> {
        let mut places = Vec::new();
        if let Some(persons) = &probe.persons {
            // Of any `held` + 1 persons at most `held` are missing from a set that near. Those in the fewest sets.
            let mut rarest: Vec<(usize, u32)> =
                persons.iter().map(|person| (self.persons.count(*person), *person)).collect();
            rarest.sort_unstable();
            for (_, person) in rarest.iter().take(self.blocks.len()) {
                places.extend(self.persons.of(*person));
            }
            if persons.is_empty() {
                // Nobody is shared with an empty set, and those of nobody are equal to it.
                places.extend(self.smallest[0].map(|(place, _)| place));
            }
        }
        if let Some((hashes, sizes)) = &probe.blocks {
            for (block, hash) in self.blocks.iter().zip(hashes) {
                places.extend(block.of(*hash).filter(|place| self.blocks_fit(*place, sizes)));
            }
        }
        places
    }

    /// Whether the sizes of a large set's blocks let it be within `held`.
    fn blocks_fit(&self, place: u32, sizes: &[u32]) -> bool {
        let words = &self.words[self.records[place as usize].words..][..sizes.len()];
        let apart: u64 = words.iter().zip(sizes).map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
        apart <= self.held
    }

    /// How many persons an entered set and a new one differ by, when that is at most `held`.
    fn apart(
        &self,
        record: &Record,
        probe: &Probe<'_>,
        held: u64,
        distance: &dyn Fn(u64, &PersonSet) -> Result<u64, LedgerError>,
    ) -> Result<Option<u64>, LedgerError> {
        let (here, there) = (u64::from(record.persons), probe.set.len());
        if here.abs_diff(there) > held {
            return Ok(None);
        }
        let apart = match &probe.persons {
            Some(persons) if here <= largest_small(self.held) => {
                let of = &self.words[record.words..][..record.persons as usize];
                let shared = of.iter().filter(|person| persons.binary_search(person).is_ok()).count() as u64;
                here + there - 2 * shared
            }
            _ => distance(record.seq, probe.set)?,
        };
        Ok(Some(apart).filter(|apart| *apart <= held))
    }

    /// Sets entered.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Roughly what it takes of memory.
    pub(super) fn bytes(&self) -> usize {
        let figures: usize =
            self.records.iter().flat_map(|record| &record.figures).map(|of| of.len() * 8).sum();
        self.records.capacity() * size_of::<Record>()
            + figures
            + self.words.capacity() * size_of::<u32>()
            + self.persons.bytes()
            + self.blocks.iter().map(Postings::bytes).sum::<usize>()
    }
}
