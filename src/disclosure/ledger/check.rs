//! Is a stored ledger what it should be? Everything is read; nothing of a person is told.

use std::sync::Arc;

use super::index::{Index, Near, Probe};
use super::{Ledger, LedgerError, Opening, PersonSet, Sets, Sketch, entry, sketch};
use crate::disclosure::entry::{Content, Entry, EntryError};
use crate::disclosure::rounding::rounded;
use crate::disclosure::rules::Rules;
use crate::disclosure::shown::Value;
use crate::disclosure::tabulation::Counted;
use crate::store::LedgerRow;

/// So many findings are listed; the rest is counted.
const LISTED: usize = 100;
/// Sets for which what the index finds is held against a comparison with every set.
const SAMPLE: usize = 50;

/// What is wrong with a line of the ledger. Says where, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A number is missing, or comes twice.
    #[error("entry {seq}: number {expected} belongs here; restore the store from a backup")]
    Gap {
        /// Which line.
        seq: u64,
        /// What belongs here.
        expected: u64,
    },
    /// Its columns.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A tie to what is no earlier set of its measure.
    #[error(
        "entry {seq}: tied to {to}, which is no earlier set of its measure; restore the store from a backup"
    )]
    Tie {
        /// Which line.
        seq: u64,
        /// What it names.
        to: u64,
    },
    /// The number of persons, or the sketch, is not that of the set.
    #[error(
        "entry {seq}: its sketch is not of its set, which would not be found again; restore the store from a backup"
    )]
    Sketch {
        /// Which line.
        seq: u64,
    },
    /// A count that is no multiple of the rounding base, or not two counts.
    #[error("entry {seq}: its counts are not on the rounding grid; restore the store from a backup")]
    Grid {
        /// Which line.
        seq: u64,
    },
    /// Shown, and too small to be.
    #[error(
        "entry {seq}: shown, and below what rule R1 lets be shown; restore the store from a backup, and tell the steward"
    )]
    Small {
        /// Which line.
        seq: u64,
    },
    /// Two sets that should have one value.
    #[error(
        "entry {seq}: too near to the set of entry {other} to be entered beside it; restore the store from a backup, and tell the steward"
    )]
    Near {
        /// The later line, or a hidden one between.
        seq: u64,
        /// The earlier one.
        other: u64,
    },
    /// The index does not find what a comparison with every set finds.
    #[error("entry {seq}: the index does not find the sets near it; answer nothing, and report the fault")]
    Index {
        /// The line that was looked for.
        seq: u64,
    },
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Lines read.
    pub lines: u64,
    /// Sets among them.
    pub sets: usize,
    /// Sets compared with every other.
    pub sample: usize,
    /// What is wrong, the first ones.
    pub findings: Vec<Finding>,
    /// Further findings.
    pub more: u64,
}

/// Findings so far.
#[derive(Default)]
struct Findings {
    listed: Vec<Finding>,
    more: u64,
}

impl Findings {
    fn add(&mut self, finding: Finding) {
        if self.listed.len() < LISTED { self.listed.push(finding) } else { self.more += 1 }
    }
}

/// The first reading: each line by itself and after those before it.
pub struct LedgerCheck {
    rules: Rules,
    opening: Opening,
    findings: Findings,
    lines: u64,
}

impl LedgerCheck {
    /// Checks against some rules; `sets` are read after the first reading.
    #[must_use]
    pub fn new(rules: &Rules, sets: Arc<dyn Sets>) -> LedgerCheck {
        let opening = Ledger::opening(rules.held(), sets);
        LedgerCheck { rules: *rules, opening, findings: Findings::default(), lines: 0 }
    }

    /// The next line, with its set.
    pub fn line(&mut self, row: &LedgerRow) {
        let (seq, held) = (row.seq, self.rules.held());
        self.lines += 1;
        let expected = self.opening.ledger.next_seq();
        if seq != expected {
            self.findings.add(Finding::Gap { seq, expected });
            self.opening.ledger.len = seq.saturating_sub(1);
        }
        match Entry::from_stored(row.clone()) {
            Err(error) => self.findings.add(error.into()),
            Ok(entry) => {
                let mut of_service = row.clone();
                if let Content::Set { contributors, value } = &entry.content {
                    let made_for =
                        row.sketch.as_ref().is_some_and(|s| s.starts_with(&sketch::made_for(held)));
                    let same = Sketch::of(contributors, held).to_bytes(held);
                    if row.persons != Some(contributors.len()) || (made_for && row.sketch != Some(same)) {
                        self.findings.add(Finding::Sketch { seq });
                    }
                    self.value(&entry, contributors, value);
                    if made_for {
                        of_service.contributors = None;
                    }
                }
                // Other errors are of the sketch, which was found above.
                if let Err(LedgerError::Tie { seq, to }) = self.opening.add(&of_service) {
                    self.findings.add(Finding::Tie { seq, to });
                }
            }
        }
        self.opening.ledger.len = seq;
    }

    /// Counts are on the grid and large enough. What other measures round by, they say themselves.
    fn value(&mut self, entry: &Entry, contributors: &PersonSet, value: &Value) {
        let is = |counted: Counted| counted.word() == entry.measure;
        let counts = [Counted::Person, Counted::Pair, Counted::Case, Counted::Staff].into_iter().any(is);
        let Value::Shown(figures) = value else { return };
        if !counts {
            return;
        }
        let (seq, rules) = (entry.seq, &self.rules);
        let on_grid = |figure: &i64| *figure >= 0 && figure.unsigned_abs().is_multiple_of(rules.rounding());
        if figures.len() != 2 || !figures.iter().all(on_grid) {
            return self.findings.add(Finding::Grid { seq });
        }
        let least = [rules.persons(), rules.families()].map(|least| rounded(least, rules.rounding()));
        let few = figures.iter().zip(least).any(|(figure, least)| figure.unsigned_abs() < least);
        if few || contributors.len() < rules.persons() {
            self.findings.add(Finding::Small { seq });
        }
    }

    /// Looks for every set near every other by the index, and chooses sets to be compared with all.
    #[must_use]
    pub fn compare(self) -> LedgerComparison {
        let LedgerCheck { rules, opening, mut findings, lines } = self;
        let (ledger, held) = (opening.finish(), rules.held());
        let each = (ledger.sets() / SAMPLE).max(1);
        let mut sample = Vec::new();
        let mut measures: Vec<(&String, &Index)> = ledger.indexes.iter().collect();
        measures.sort_unstable_by_key(|(measure, _)| *measure);
        for (at, (measure, index, seq)) in
            measures.iter().flat_map(|(m, index)| index.seqs().map(move |seq| (m, index, seq))).enumerate()
        {
            // What cannot be read was found in the first reading.
            let Ok(set) = ledger.read(seq) else { continue };
            let Ok(near) = near(&ledger, index, &set, held) else { continue };
            let hidden = index.shown(seq).is_some_and(|(value, _)| value.is_hidden());
            let earlier = |other: Option<u64>| other.filter(|other| *other < seq);
            let first = earlier(near.first).filter(|_| !(hidden && near.all_hidden));
            if let Some(other) = earlier(near.equal).or(first) {
                findings.add(Finding::Near { seq, other });
            }
            if at % each == 0 {
                // As it is, and without a few.
                let fewer: PersonSet = set.iter().skip(usize::try_from(held / 2).unwrap_or(0)).collect();
                for set in [set, fewer] {
                    sample.push(Sampled { seq, measure: (*measure).clone(), set, found: Near::NONE });
                }
            }
        }
        LedgerComparison { ledger, held, sample, findings, lines }
    }
}

/// A set that is compared with all, and what was found so.
struct Sampled {
    seq: u64,
    measure: String,
    set: PersonSet,
    found: Near,
}

/// The second reading: some sets are compared with all.
pub struct LedgerComparison {
    ledger: Ledger,
    held: u64,
    sample: Vec<Sampled>,
    findings: Findings,
    lines: u64,
}

impl LedgerComparison {
    /// The next line again, with its set.
    pub fn line(&mut self, row: &LedgerRow) {
        let Some(set) = row.contributors.as_deref().and_then(entry::set_of) else { return };
        for sampled in self.sample.iter_mut().filter(|sampled| sampled.measure == row.measure) {
            if set.len().abs_diff(sampled.set.len()) > self.held {
                continue;
            }
            let distance = set.symmetric_difference_len(&sampled.set);
            if distance <= self.held {
                sampled.found = sampled.found.and(Near {
                    equal: (distance == 0).then_some(row.seq),
                    first: Some(row.seq),
                    tied: None,
                    all_hidden: row.figures.is_none(),
                });
            }
        }
    }

    /// What was found.
    #[must_use]
    pub fn finish(mut self) -> Checked {
        for sampled in &self.sample {
            let index = self.ledger.indexes.get(&sampled.measure);
            let by_index = index.map(|index| near(&self.ledger, index, &sampled.set, self.held));
            if !matches!(by_index, Some(Ok(by_index)) if by_index == sampled.found) {
                self.findings.add(Finding::Index { seq: sampled.seq });
            }
        }
        Checked {
            lines: self.lines,
            sets: self.ledger.sets(),
            sample: self.sample.len(),
            findings: self.findings.listed,
            more: self.findings.more,
        }
    }
}

fn near(ledger: &Ledger, index: &Index, set: &PersonSet, held: u64) -> Result<Near, LedgerError> {
    let distance = |seq: u64, other: &PersonSet| ledger.distance(seq, other);
    index.near(&Probe::of(set, held), held, None, &distance)
}
