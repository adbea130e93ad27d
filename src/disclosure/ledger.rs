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

use std::collections::{BTreeMap, HashMap};

use super::entry::{Content, Entry};
use super::release::{Pending, Released};
use super::shown::Value;
use super::table::Table;
use super::tabulation::PersonSet;

/// Every release of a programme, in order, in memory. No `Debug`.
#[derive(Clone, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    ties: Ties,
}

/// The entered set that each cell of each question shows, by question, cell and measure. Numbers as in the ledger.
type Ties = HashMap<(String, String, String), Tie>;

/// One tie: to which set, by a line of which snapshot, and whether the cell's set equalled it then.
#[derive(Clone, Copy)]
struct Tie {
    to: u64,
    snapshot: u32,
    exact: bool,
    covered: bool,
}

/// Why stored entries are no ledger.
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
    /// A tie to something that is no earlier set.
    #[error("release ledger entry {seq} is tied to {to}, which is no earlier set; restore the store")]
    Tie {
        /// Which entry.
        seq: u64,
        /// What it names.
        to: u64,
    },
    /// A set that has to be compared cannot be read.
    #[error("the set of release ledger entry {seq} cannot be read; run `koblingd ledger check`")]
    Unread {
        /// Which entry.
        seq: u64,
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

/// What a cell shows.
#[derive(Clone)]
pub(super) struct Settled {
    pub(super) value: Value,
    /// The snapshot of first release.
    pub(super) snapshot: u32,
    /// The number of the set whose value is shown.
    pub(super) entry: u64,
    /// Whether the cell's own set equals that set.
    pub(super) exact: bool,
    /// Whether that set was entered for this very cell. What a cell equals by chance, or lies near, is not its own.
    pub(super) own: bool,
    /// Whether the cell stands as it did when it was asked before, and what was done with it then (R5).
    pub(super) before: Option<Cover>,
    /// Persons in the cell's own set.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the audit across tables"))]
    pub(super) persons: u64,
}

/// What was done with a cell that could have been shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    /// It was shown.
    Shown,
    /// It was hidden to cover others (R5).
    Covered,
}

/// A cell as it is tied under a question.
#[cfg_attr(not(test), expect(dead_code, reason = "for the audit across tables"))]
#[derive(Clone)]
pub(super) struct Known {
    pub(super) cell_key: String,
    pub(super) value: Value,
    /// The number of the set whose value is shown.
    pub(super) entry: u64,
    /// The snapshot of the line that tied the cell, not of the set's first release.
    pub(super) snapshot: u32,
    /// Whether the cell's set equalled that set then.
    pub(super) exact: bool,
}

impl Ledger {
    /// The ledger of entries in their order, as a store kept them.
    ///
    /// # Errors
    /// [`LedgerError`] when an entry is missing, out of order, or tied to nothing.
    pub fn from_entries(entries: Vec<Entry>) -> Result<Ledger, LedgerError> {
        let mut ledger = Ledger::default();
        for entry in entries {
            let expected = ledger.next_seq();
            if entry.seq != expected {
                return Err(LedgerError::Sequence { expected, found: entry.seq });
            }
            if let Content::TiedTo { to, .. } = entry.content
                && ledger.set(to).is_none()
            {
                return Err(LedgerError::Tie { seq: entry.seq, to });
            }
            ledger.push(entry);
        }
        Ok(ledger)
    }

    /// The entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
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
        Ok(released)
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    fn push(&mut self, entry: Entry) {
        let tie = tie(&entry);
        let key = (entry.question_key.clone(), entry.cell_key.clone(), entry.measure.clone());
        self.ties.insert(key, tie);
        self.entries.push(entry);
    }

    /// The set entered under a number.
    fn set(&self, seq: u64) -> Option<&Entry> {
        set_at(&self.entries, seq, 1)
    }
}

/// The tie that an entry makes.
fn tie(entry: &Entry) -> Tie {
    let (to, exact) = match entry.content {
        Content::Set { .. } => (entry.seq, true),
        Content::TiedTo { to, exact } => (to, exact),
    };
    Tie { to, snapshot: entry.snapshot, exact, covered: entry.covered }
}

/// The set entered under `seq` in a run of entries that begins with number `first`.
fn set_at(entries: &[Entry], seq: u64, first: u64) -> Option<&Entry> {
    let entry = entries.get(usize::try_from(seq.checked_sub(first)?).ok()?)?;
    matches!(entry.content, Content::Set { .. }).then_some(entry)
}

/// One answer being settled: the ledger, and after it the entries that the answer's own cells add.
pub(super) struct Draft<'a> {
    ledger: &'a Ledger,
    held: u64,
    question_key: &'a str,
    snapshot: u32,
    /// Whether the entries of other snapshots are looked at.
    across: bool,
    new: Vec<Entry>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(ledger: &'a Ledger, held: u64, question_key: &'a str, snapshot: u32) -> Draft<'a> {
        Draft { ledger, held, question_key, snapshot, across: true, new: Vec::new() }
    }

    /// R9 switched off: what other snapshots showed is not looked at.
    pub(super) const fn forget_other_snapshots(&mut self) {
        self.across = false;
    }

    /// Decides what a cell shows of a measure (the order at the head of this file). `own` is what it would show by
    /// itself. Each cell key may come once for a measure. Sets of other measures are not looked at.
    pub(super) fn settle(&mut self, measure: &str, cell_key: String, set: PersonSet, own: Value) -> Settled {
        // The comparison is made whole even where the tie decides or an equal set is found: else a quick answer would
        // tell that no hidden set has moved.
        let persons = set.len();
        let mut equal: Option<u64> = None;
        let mut near: Option<u64> = None;
        let mut tied: Option<(u64, bool)> = None;
        let mut all_hidden = true;
        let key = (self.question_key.to_owned(), cell_key, measure.to_owned());
        let before = self.ledger.ties.get(&key).copied();
        let tie = before.map(|tie| tie.to);
        for entry in self.ledger.entries.iter().chain(&self.new).filter(|entry| entry.measure == measure) {
            if !self.across && entry.snapshot != self.snapshot {
                continue;
            }
            let Content::Set { contributors, value } = &entry.content else { continue };
            let Some(distance) = self.within(contributors, &set) else { continue };
            if tie == Some(entry.seq) {
                tied = Some((entry.seq, distance == 0));
            }
            if distance == 0 {
                equal = equal.or(Some(entry.seq));
            }
            near = near.or(Some(entry.seq));
            all_hidden &= value.is_hidden();
        }
        if let Some(settled) = tied.and_then(|(seq, exact)| self.settled(seq, exact, persons)) {
            let covered = before.is_some_and(|tie| tie.covered);
            let before = Some(if covered { Cover::Covered } else { Cover::Shown });
            let of_cell = |entry: &Entry| {
                (&entry.question_key, &entry.cell_key, &entry.measure) == (&key.0, &key.1, &key.2)
            };
            return Settled { before, own: self.ledger.set(settled.entry).is_some_and(of_cell), ..settled };
        }

        let seq = self.ledger.next_seq() + self.new.len() as u64;
        let held = near.filter(|_| !(all_hidden && own.is_hidden()));
        let exact = equal.is_some();
        let held = equal.or(held).and_then(|to| self.settled(to, exact, persons));
        let (content, settled) = match held {
            Some(settled) => (Content::TiedTo { to: settled.entry, exact }, settled),
            None => (
                Content::Set { contributors: set, value: own.clone() },
                Settled {
                    value: own,
                    snapshot: self.snapshot,
                    entry: seq,
                    exact: true,
                    own: true,
                    before: None,
                    persons,
                },
            ),
        };
        let (question_key, cell_key, measure) = key;
        let snapshot = self.snapshot;
        self.new.push(Entry { seq, question_key, cell_key, measure, snapshot, covered: false, content });
        settled
    }

    /// Notes whether a cell that was settled is hidden to cover others. It is remembered for as long as the cell stands
    /// as it does: what hid others must not be shown later.
    pub(super) fn cover(&mut self, measure: &str, cell_key: &str, settled: &Settled, covered: bool) {
        let it = |entry: &&mut Entry| entry.measure == measure && entry.cell_key == cell_key;
        if let Some(entry) = self.new.iter_mut().find(it) {
            entry.covered = covered;
        } else if covered && settled.before == Some(Cover::Shown) {
            self.new.push(Entry {
                seq: self.ledger.next_seq() + self.new.len() as u64,
                question_key: self.question_key.to_owned(),
                cell_key: cell_key.to_owned(),
                measure: measure.to_owned(),
                snapshot: self.snapshot,
                covered,
                content: Content::TiedTo { to: settled.entry, exact: settled.exact },
            });
        }
    }

    /// Every cell that is tied under a question in a measure, those of this answer included, by cell key.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the audit across tables"))]
    pub(super) fn known(&self, question_key: &str, measure: &str) -> Vec<Known> {
        let of = |key: &(String, String, String)| key.0 == question_key && key.2 == measure;
        let mut ties: BTreeMap<String, Tie> = self
            .ledger
            .ties
            .iter()
            .filter(|(key, _)| of(key))
            .map(|(key, tie)| (key.1.clone(), *tie))
            .collect();
        for entry in self.new.iter().filter(|e| e.question_key == question_key && e.measure == measure) {
            ties.insert(entry.cell_key.clone(), tie(entry));
        }
        ties.into_iter()
            .filter_map(|(cell_key, Tie { to, snapshot, exact, .. })| {
                let value = self.settled(to, exact, 0)?.value;
                Some(Known { cell_key, value, entry: to, snapshot, exact })
            })
            .collect()
    }

    /// What the set entered under a number shows, to a cell of so many persons.
    fn settled(&self, seq: u64, exact: bool, persons: u64) -> Option<Settled> {
        let entry = self.ledger.set(seq).or_else(|| set_at(&self.new, seq, self.ledger.next_seq()))?;
        match &entry.content {
            Content::Set { value, .. } => Some(Settled {
                value: value.clone(),
                snapshot: entry.snapshot,
                entry: seq,
                exact,
                own: false,
                before: None,
                persons,
            }),
            Content::TiedTo { .. } => None,
        }
    }

    /// What the answer adds.
    ///
    /// # Errors
    /// [`LedgerError::Unread`] when a set could not be read: then nothing that was settled may leave.
    pub(super) fn into_entries(self) -> Result<Vec<Entry>, LedgerError> {
        Ok(self.new)
    }

    /// The symmetric difference in persons, when it is small enough to share a value.
    fn within(&self, one: &PersonSet, other: &PersonSet) -> Option<u64> {
        if one.len().abs_diff(other.len()) > self.held {
            return None;
        }
        Some(one.symmetric_difference_len(other)).filter(|distance| *distance <= self.held)
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
