//! One answer being settled.

use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::index::{Index, Near, Probe};
use super::ties::Tie;
use super::{Content, Entry, Ledger, LedgerError, PersonSet};
use crate::disclosure::shown::Value;

/// What a cell shows.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::disclosure) struct Settled {
    pub(in crate::disclosure) value: Value,
    /// The snapshot of first release.
    pub(in crate::disclosure) snapshot: u32,
    /// The number of the set whose value is shown.
    pub(in crate::disclosure) entry: u64,
    /// Whether the cell's own set equals that set.
    pub(in crate::disclosure) exact: bool,
    /// Whether that set was entered for this very cell. What a cell equals by chance, or lies near, is not its own.
    pub(in crate::disclosure) own: bool,
    /// Whether the cell stands as it did when it was asked before, and what was done with it then (R5).
    pub(in crate::disclosure) before: Option<Cover>,
    /// Persons in the cell's own set.
    pub(in crate::disclosure) persons: u64,
}

/// What was done with a cell that could have been shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::disclosure) enum Cover {
    /// It was shown.
    Shown,
    /// It was hidden to cover others (R5).
    Covered,
}

/// A cell as it is tied under a question.
#[derive(Clone)]
pub(in crate::disclosure) struct Known {
    pub(in crate::disclosure) cell_key: String,
    pub(in crate::disclosure) value: Value,
    /// The number of the set whose value is shown.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold it against the ledger without an index"))]
    pub(in crate::disclosure) entry: u64,
    /// The snapshot of the line that tied the cell, not of the set's first release.
    pub(in crate::disclosure) snapshot: u32,
    /// Whether the cell's set equalled that set then.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold it against the ledger without an index"))]
    pub(in crate::disclosure) exact: bool,
    /// Whether that set was entered for this very cell.
    pub(in crate::disclosure) own: bool,
}

/// One answer being settled: the ledger, and after it the entries that the answer's own cells add.
pub(in crate::disclosure) struct Draft<'a> {
    ledger: &'a Ledger,
    held: u64,
    question_key: &'a str,
    snapshot: u32,
    /// Whether other snapshots are looked at (R9).
    across: bool,
    new: Vec<Entry>,
    /// Places of the lines among them, by cell key.
    lines: FxHashMap<String, Vec<usize>>,
    /// Of the sets among them, by measure.
    fresh: FxHashMap<String, Index>,
    failed: Option<LedgerError>,
}

impl<'a> Draft<'a> {
    pub(in crate::disclosure) fn new(
        ledger: &'a Ledger,
        held: u64,
        question_key: &'a str,
        snapshot: u32,
    ) -> Draft<'a> {
        let indexed = ledger.held;
        let failed = (held > indexed).then_some(LedgerError::Held { indexed, held });
        let (across, new, fresh) = (true, Vec::new(), FxHashMap::default());
        Draft {
            ledger,
            held,
            question_key,
            snapshot,
            across,
            new,
            lines: FxHashMap::default(),
            fresh,
            failed,
        }
    }

    /// R9 switched off: what other snapshots showed is not looked at.
    pub(in crate::disclosure) const fn forget_other_snapshots(&mut self) {
        self.across = false;
    }

    /// The measure under which sets are kept: without R9 each snapshot has its own.
    fn kept_under<'m>(&self, measure: &'m str) -> Cow<'m, str> {
        match self.across {
            true => Cow::Borrowed(measure),
            false => Cow::Owned(format!("{measure} of snapshot {}", self.snapshot)),
        }
    }

    /// Decides what a cell shows of a measure (the order at the head of `ledger`). `own` is what it would show by
    /// itself. Each cell key may come once for a measure. Sets of other measures are not looked at. After a failure
    /// to read, everything is hidden, and [`Draft::into_entries`] tells.
    pub(in crate::disclosure) fn settle(
        &mut self,
        measure: &str,
        cell_key: String,
        set: PersonSet,
        own: Value,
    ) -> Settled {
        let measure = &*self.kept_under(measure);
        let persons = set.len();
        let seq = self.next_seq();
        if self.failed.is_some() {
            return Settled {
                value: Value::Hidden,
                snapshot: self.snapshot,
                entry: seq,
                exact: false,
                own: false,
                before: None,
                persons,
            };
        }
        // The comparison is made whole even where the tie decides or an equal set is found: else a quick answer would
        // tell that no hidden set has moved.
        let probe = Probe::of(&set, self.ledger.held);
        let before = self.ledger.ties.tie(self.question_key, measure, &cell_key);
        let tie = before.map(|tie| tie.to);
        let near = match self.near(measure, &probe, tie) {
            Ok(near) => near,
            Err(error) => {
                self.failed = Some(error);
                return Settled {
                    value: Value::Hidden,
                    snapshot: self.snapshot,
                    entry: seq,
                    exact: false,
                    own: false,
                    before: None,
                    persons,
                };
            }
        };
        if let Some(settled) =
            tie.zip(near.tied).and_then(|(to, exact)| self.settled(measure, to, exact, persons))
        {
            let (own, covered) = before.map_or((false, false), |tie| (tie.own, tie.covered));
            let before = Some(if covered { Cover::Covered } else { Cover::Shown });
            return Settled { own, before, ..settled };
        }

        let exact = near.equal.is_some();
        let held = near.first.filter(|_| !(near.all_hidden && own.is_hidden()));
        let held = near.equal.or(held).and_then(|to| self.settled(measure, to, exact, persons));
        let (content, settled) = match held {
            Some(settled) => (Content::TiedTo { to: settled.entry, exact }, settled),
            None => {
                let sketch = probe.into_sketch(self.ledger.held);
                if !self.fresh.contains_key(measure) {
                    self.fresh.insert(measure.to_owned(), Index::new(self.ledger.held));
                }
                let fresh = self.fresh.get_mut(measure).expect("put there above");
                fresh.push((seq, self.snapshot), persons, &sketch, &own);
                fresh.settle(false);
                (
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
                )
            }
        };
        let (question_key, measure) = (self.question_key.to_owned(), measure.to_owned());
        let (snapshot, covered) = (self.snapshot, false);
        self.lines.entry(cell_key.clone()).or_default().push(self.new.len());
        self.new.push(Entry { seq, question_key, cell_key, measure, snapshot, covered, content });
        settled
    }

    /// Notes whether a cell that was settled is hidden to cover others. It is remembered for as long as the cell stands
    /// as it does: what hid others must not be shown later.
    pub(in crate::disclosure) fn cover(
        &mut self,
        measure: &str,
        cell_key: &str,
        settled: &Settled,
        covered: bool,
    ) {
        let measure = &*self.kept_under(measure);
        let lines = self.lines.get(cell_key).into_iter().flatten();
        if let Some(line) = lines.copied().find(|line| self.new[*line].measure == measure) {
            self.new[line].covered = covered;
        } else if covered && settled.before == Some(Cover::Shown) {
            self.new.push(Entry {
                seq: self.next_seq(),
                question_key: self.question_key.to_owned(),
                cell_key: cell_key.to_owned(),
                measure: measure.to_owned(),
                snapshot: self.snapshot,
                covered,
                content: Content::TiedTo { to: settled.entry, exact: settled.exact },
            });
        }
    }

    fn next_seq(&self) -> u64 {
        self.ledger.next_seq() + self.new.len() as u64
    }

    /// What lies near a set in the ledger, and then in this answer.
    fn near(&self, measure: &str, probe: &Probe<'_>, tie: Option<u64>) -> Result<Near, LedgerError> {
        let mut near = Near::NONE;
        if let Some(index) = self.ledger.indexes.get(measure) {
            near = index.near(probe, self.held, tie, &|seq, set| self.ledger.distance(seq, set))?;
        }
        if let Some(index) = self.fresh.get(measure) {
            let distance = |seq: u64, set: &PersonSet| match self.entry(seq) {
                Some(Entry { content: Content::Set { contributors, .. }, .. }) => {
                    Ok(contributors.symmetric_difference_len(set))
                }
                _ => Err(LedgerError::Unread { seq }),
            };
            near = near.and(index.near(probe, self.held, None, &distance)?);
        }
        Ok(near)
    }

    /// An entry of this answer.
    fn entry(&self, seq: u64) -> Option<&Entry> {
        self.new.get(usize::try_from(seq.checked_sub(self.ledger.next_seq())?).ok()?)
    }

    /// Every cell that is tied under a question in a measure, those of this answer included, by cell key.
    pub(in crate::disclosure) fn known(&self, question_key: &str, measure: &str) -> Vec<Known> {
        let measure = &*self.kept_under(measure);
        let ties = self.ledger.ties.of(question_key, measure);
        let mut ties: BTreeMap<&str, Tie> = ties.collect();
        for entry in self.new.iter().filter(|e| e.question_key == question_key && e.measure == measure) {
            let (to, exact) = match entry.content {
                Content::Set { .. } => (entry.seq, true),
                Content::TiedTo { to, exact } => (to, exact),
            };
            let (snapshot, covered) = (entry.snapshot, entry.covered);
            let own = matches!(entry.content, Content::Set { .. });
            ties.insert(&entry.cell_key, Tie { to, snapshot, exact, own, covered });
        }
        ties.into_iter()
            .filter_map(|(cell_key, Tie { to, snapshot, exact, own, .. })| {
                let value = self.settled(measure, to, exact, 0)?.value;
                Some(Known { cell_key: cell_key.to_owned(), value, entry: to, snapshot, exact, own })
            })
            .collect()
    }

    /// What the set entered under a number shows, to a cell of so many persons.
    fn settled(&self, measure: &str, entry: u64, exact: bool, persons: u64) -> Option<Settled> {
        let of = |indexes: &FxHashMap<String, Index>| indexes.get(measure)?.shown(entry);
        let (value, snapshot) = of(&self.ledger.indexes).or_else(|| of(&self.fresh))?;
        Some(Settled { value, snapshot, entry, exact, own: false, before: None, persons })
    }

    /// What the answer adds.
    ///
    /// # Errors
    /// [`LedgerError`] when a set could not be read, or the ledger is of no use for these rules: then nothing that was
    /// settled may leave.
    pub(in crate::disclosure) fn into_entries(self) -> Result<Vec<Entry>, LedgerError> {
        self.failed.map_or(Ok(self.new), Err)
    }
}
