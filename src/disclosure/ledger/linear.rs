//! The ledger without an index, as the rule is written: the oracle of the indexed one.

use std::collections::HashMap;

use super::{Content, Cover, Entry, PersonSet, Settled};
use crate::disclosure::shown::Value;

#[derive(Default)]
pub(super) struct Linear {
    pub(super) entries: Vec<Entry>,
    /// By question, cell and measure: the set, and whether it was entered for the cell.
    ties: HashMap<(String, String, String), (u64, bool)>,
}

impl Linear {
    pub(super) fn push(&mut self, entry: Entry) {
        let key = (entry.question_key.clone(), entry.cell_key.clone(), entry.measure.clone());
        let tie = match entry.content {
            Content::Set { .. } => (entry.seq, true),
            Content::TiedTo { to, .. } => (to, self.ties.get(&key) == Some(&(to, true))),
        };
        self.ties.insert(key, tie);
        self.entries.push(entry);
    }

    /// Settles the cells of one answer, entering nothing.
    pub(super) fn answer(
        &self,
        (held, question, snapshot): (u64, &str, u32),
        cells: &[(String, String, PersonSet, Value)],
    ) -> (Vec<Settled>, Vec<Entry>) {
        let (mut new, mut settled) = (Vec::new(), Vec::new());
        for (measure, cell, set, own) in cells {
            settled.push(self.settle((held, question, snapshot), (measure, cell, set, own), &mut new));
        }
        (settled, new)
    }

    fn settle(
        &self,
        (held, question, snapshot): (u64, &str, u32),
        (measure, cell, set, own): (&str, &str, &PersonSet, &Value),
        new: &mut Vec<Entry>,
    ) -> Settled {
        let key = (question.to_owned(), cell.to_owned(), measure.to_owned());
        let tie = self.ties.get(&key);
        let near: Vec<(&Entry, &Value, u64)> = self
            .entries
            .iter()
            .chain(&*new)
            .filter(|entry| entry.measure == measure)
            .filter_map(|entry| match &entry.content {
                Content::Set { contributors, value } => {
                    let distance = contributors.symmetric_difference_len(set);
                    (distance <= held).then_some((entry, value, distance))
                }
                Content::TiedTo { .. } => None,
            })
            .collect();
        let shows = |(entry, value, distance): &(&Entry, &Value, u64)| Settled {
            value: (*value).clone(),
            snapshot: entry.snapshot,
            entry: entry.seq,
            exact: *distance == 0,
            own: false,
            before: None,
            persons: set.len(),
        };
        // 1. The tie of this very cell.
        if let Some((to, own)) = tie
            && let Some(tied) = near.iter().find(|(entry, _, _)| entry.seq == *to)
        {
            return Settled { own: *own, before: Some(Cover::Shown), ..shows(tied) };
        }
        let seq = (self.entries.len() + new.len()) as u64 + 1;
        let all_hidden = own.is_hidden() && near.iter().all(|(_, value, _)| value.is_hidden());
        let equal = near.iter().find(|(_, _, distance)| *distance == 0);
        // 2. An equal set. 3. The earliest near one. 4. Its own.
        let (content, settled) = match equal.or(near.first().filter(|_| !all_hidden)) {
            Some(found) => (Content::TiedTo { to: found.0.seq, exact: found.2 == 0 }, shows(found)),
            None => (
                Content::Set { contributors: set.clone(), value: own.clone() },
                Settled {
                    value: own.clone(),
                    snapshot,
                    entry: seq,
                    exact: true,
                    own: true,
                    before: None,
                    persons: set.len(),
                },
            ),
        };
        let (question_key, cell_key, measure) = key;
        new.push(Entry { seq, question_key, cell_key, measure, snapshot, covered: false, content });
        settled
    }
}
