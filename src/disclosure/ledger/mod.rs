//! R8 and R9: the release ledger. What was shown once is shown for every set within a few persons of it.
//!
//! A cell is settled in this order; the first that fits decides:
//!
//! 1. This very cell of this question is tied to an entered set, and is still within 7 of it: that set's value.
//! 2. Its set equals an entered set: that set's value.
//! 3. It is within 7 of entered sets: the value of the earliest. It enters no set of its own, so that a row of small
//!    steps cannot carry a value away from the truth.
//! 4. Otherwise: its own value, and its set is entered.
//!
//! Step 1 is what makes "nothing that was shown changes" true also where sets entered later lie nearby. A set that R1
//! hides is entered even when it is within 7 of another hidden one (every small set is that close to the empty one):
//! else a cell of 7, held by the empty set, would show itself when an eighth person comes. `docs/DISCLOSURE.md` says
//! what this means for cells of 8 to 14.
//!
//! Sets stay where they were written; in memory is what finds the few that have to be compared ([`index`]). No set is
//! within `held` of a new one that the index would not find.

mod check;
mod draft;
mod index;
mod postings;
mod sketch;
mod ties;

#[cfg(test)]
mod linear;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use check::{Checked, Finding, LedgerCheck, LedgerComparison};
pub(super) use draft::{Cover, Draft, Settled};

use super::entry::{self, Content, Entry, EntryError};
use super::release::{Pending, Released};
use super::rules::Rules;
use super::table::Table;
use super::tabulation::PersonSet;
use crate::store::LedgerRow;
use index::Index;
use sketch::Sketch;
use ties::{Tie, Ties};

/// Where the sets of a ledger lie that does not hold them itself.
pub trait Sets: Send + Sync {
    /// The set entered under a number, in the portable Roaring format; `None` when it cannot be read.
    fn stored_set(&self, seq: u64) -> Option<Vec<u8>>;
}

/// Every release of a programme. No `Debug`.
#[derive(Clone)]
pub struct Ledger {
    /// The largest difference that the indexes are made for.
    held: u64,
    /// Lines.
    len: u64,
    /// By measure.
    indexes: FxHashMap<String, Index>,
    ties: Ties,
    kept: Kept,
}

/// The sets themselves.
#[derive(Clone)]
enum Kept {
    Here(FxHashMap<u64, PersonSet>),
    Elsewhere(Arc<dyn Sets>),
}

/// Why stored entries are no ledger, or a ledger is of no use for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A gap, a repetition or another order.
    #[error("the release ledger has entry {found} where {expected} belongs; restore the store")]
    Sequence {
        /// The number that belongs here.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// A tie to something that is no earlier set of its measure.
    #[error(
        "release ledger entry {seq} is tied to {to}, which is no earlier set of its measure; restore the store"
    )]
    Tie {
        /// Which entry.
        seq: u64,
        /// What it names.
        to: u64,
    },
    /// An entry that is damaged by itself.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A set that has to be compared cannot be read.
    #[error("the set of release ledger entry {seq} cannot be read; run `koblingd ledger check`")]
    Unread {
        /// Which entry.
        seq: u64,
    },
    /// The ledger finds sets that differ by fewer persons than the rules hold together.
    #[error(
        "the release ledger is indexed for sets that differ by {indexed}, and the rules hold {held}; open it for them"
    )]
    Held {
        /// What it is indexed for.
        indexed: u64,
        /// What the rules say.
        held: u64,
    },
}

/// Why an answer was not handed out.
#[derive(Debug, thiserror::Error)]
pub enum CommitError<E> {
    /// Another answer was committed since this one was made.
    #[error("another answer was released meanwhile; ask again")]
    Stale,
    /// The entries could not be made durable.
    #[error("the release ledger could not be written")]
    Persist(#[source] E),
}

/// A ledger that holds its sets itself, for the default rules.
impl Default for Ledger {
    fn default() -> Ledger {
        Ledger::holding(Rules::standard().held())
    }
}

impl Ledger {
    /// An empty ledger that holds its sets itself, for rules that hold sets together that differ by at most so many
    /// persons.
    #[must_use]
    pub fn holding(held: u64) -> Ledger {
        Ledger {
            held,
            len: 0,
            indexes: FxHashMap::default(),
            ties: Ties::default(),
            kept: Kept::Here(FxHashMap::default()),
        }
    }

    /// A ledger that holds its sets itself, of entries in their order, for the default rules.
    ///
    /// # Errors
    /// [`LedgerError`] when an entry is missing, out of order, or tied to nothing.
    pub fn from_entries(entries: Vec<Entry>) -> Result<Ledger, LedgerError> {
        let mut ledger = Ledger::default();
        for entry in entries {
            ledger.follows(entry.seq)?;
            if let Content::TiedTo { to, .. } = entry.content {
                ledger.is_set(entry.seq, &entry.measure, to)?;
            }
            ledger.push(entry);
        }
        ledger.settle(true);
        Ok(ledger)
    }

    /// A ledger whose sets lie elsewhere. Its lines are added one by one; no set is read but those whose sketch was made
    /// for another `held`.
    #[must_use]
    pub fn opening(held: u64, sets: Arc<dyn Sets>) -> Opening {
        Opening { ledger: Ledger { kept: Kept::Elsewhere(sets), ..Ledger::holding(held) } }
    }

    /// Lines: sets, and ties.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was ever released.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sets entered, in all measures.
    #[must_use]
    pub fn sets(&self) -> usize {
        self.indexes.values().map(Index::len).sum()
    }

    /// Roughly how many bytes of memory it takes, sets that it holds itself not counted.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.indexes.values().map(Index::bytes).sum::<usize>() + self.ties.bytes()
    }

    /// Makes an answer's entries durable, then known, and only then hands the answer out. `persist` gets the new
    /// entries (none, when everything was shown before) and must have made them durable when it returns `Ok`. When it
    /// fails, nothing is released and the ledger in memory is as before.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when the ledger has grown since the answer was made, [`CommitError::Persist`] with the
    /// error of `persist`.
    pub fn commit<E>(
        &mut self,
        pending: Pending,
        persist: impl FnOnce(&[Entry]) -> Result<(), E>,
    ) -> Result<Released<Table>, CommitError<E>> {
        if pending.base() != self.next_seq() {
            return Err(CommitError::Stale);
        }
        persist(pending.entries()).map_err(CommitError::Persist)?;
        let (entries, released) = pending.into_parts();
        for entry in entries {
            self.push(entry);
        }
        self.settle(false);
        Ok(released)
    }

    pub(super) const fn next_seq(&self) -> u64 {
        self.len + 1
    }

    fn push(&mut self, entry: Entry) {
        let Entry { seq, question_key, cell_key, measure, snapshot, covered, content } = entry;
        self.len = seq;
        let tie = match content {
            Content::TiedTo { to, exact } => {
                let own = self.ties.is_own(&question_key, &measure, &cell_key, to);
                Tie { to, snapshot, exact, own, covered }
            }
            Content::Set { contributors, value } => {
                let sketch = Sketch::of(&contributors, self.held);
                self.index(&measure).push((seq, snapshot), contributors.len(), &sketch, &value);
                if let Kept::Here(sets) = &mut self.kept {
                    sets.insert(seq, contributors);
                }
                Tie { to: seq, snapshot, exact: true, own: true, covered }
            }
        };
        self.ties.set(&question_key, &measure, &cell_key, tie);
    }

    fn settle(&mut self, all: bool) {
        self.indexes.values_mut().for_each(|index| index.settle(all));
    }

    fn index(&mut self, measure: &str) -> &mut Index {
        if !self.indexes.contains_key(measure) {
            self.indexes.insert(measure.to_owned(), Index::new(self.held));
        }
        self.indexes.get_mut(measure).expect("put there above")
    }

    fn follows(&self, found: u64) -> Result<(), LedgerError> {
        let expected = self.next_seq();
        if found == expected { Ok(()) } else { Err(LedgerError::Sequence { expected, found }) }
    }

    fn is_set(&self, seq: u64, measure: &str, to: u64) -> Result<(), LedgerError> {
        let is = self.indexes.get(measure).is_some_and(|index| index.has(to));
        if is { Ok(()) } else { Err(LedgerError::Tie { seq, to }) }
    }

    /// How many persons an entered set and another differ by.
    fn distance(&self, seq: u64, other: &PersonSet) -> Result<u64, LedgerError> {
        match &self.kept {
            Kept::Here(sets) => {
                let set = sets.get(&seq).ok_or(LedgerError::Unread { seq })?;
                Ok(set.symmetric_difference_len(other))
            }
            Kept::Elsewhere(_) => Ok(self.read(seq)?.symmetric_difference_len(other)),
        }
    }

    /// An entered set.
    fn read(&self, seq: u64) -> Result<PersonSet, LedgerError> {
        let set = match &self.kept {
            Kept::Here(sets) => sets.get(&seq).cloned(),
            Kept::Elsewhere(sets) => sets.stored_set(seq).and_then(|bytes| entry::set_of(&bytes)),
        };
        set.ok_or(LedgerError::Unread { seq })
    }
}

/// What a store keeps of a set, so that no set is read when a ledger is opened.
pub(super) fn sketch_of(set: &PersonSet, held: u64) -> Vec<u8> {
    Sketch::of(set, held).to_bytes(held)
}

/// A ledger that is being read.
pub struct Opening {
    ledger: Ledger,
}

impl Opening {
    /// The first bytes of the sketches that need no set beside them.
    #[must_use]
    pub fn sketched(&self) -> [u8; 8] {
        sketch::made_for(self.ledger.held)
    }

    /// The next line. Its set has to be with it when its sketch does not begin with [`Opening::sketched`].
    ///
    /// # Errors
    /// [`LedgerError`] when it does not follow, or is damaged.
    pub fn add(&mut self, line: &LedgerRow) -> Result<(), LedgerError> {
        let (ledger, seq) = (&mut self.ledger, line.seq);
        ledger.follows(seq)?;
        let key = (&line.question_key, &line.measure, &line.cell_key);
        let (snapshot, covered) = (line.snapshot, line.covered);
        let contradiction = LedgerError::Entry(EntryError::Contradiction { seq });
        let tie = match (line.persons, line.tied_to.zip(line.exact)) {
            (None, Some((to, exact))) if line.figures.is_none() => {
                ledger.is_set(seq, key.1, to)?;
                let own = ledger.ties.is_own(key.0, key.1, key.2, to);
                Tie { to, snapshot, exact, own, covered }
            }
            (Some(persons), None) => {
                let value = entry::value_of(line.figures.as_deref()).ok_or(contradiction)?;
                let damaged = LedgerError::Entry(EntryError::Set { seq });
                let sketch = match &line.contributors {
                    Some(bytes) => {
                        let set = entry::set_of(bytes).filter(|set| set.len() == persons).ok_or(damaged)?;
                        Sketch::of(&set, ledger.held)
                    }
                    None => {
                        let bytes = line.sketch.as_deref().ok_or(damaged)?;
                        Sketch::from_bytes(bytes, ledger.held, persons).ok_or(damaged)?
                    }
                };
                ledger.index(key.1).push((seq, snapshot), persons, &sketch, &value);
                Tie { to: seq, snapshot, exact: true, own: true, covered }
            }
            _ => return Err(contradiction),
        };
        ledger.len = seq;
        ledger.ties.set(key.0, key.1, key.2, tie);
        Ok(())
    }

    /// The ledger, when every line was added.
    #[must_use]
    pub fn finish(mut self) -> Ledger {
        self.ledger.settle(true);
        self.ledger
    }
}
