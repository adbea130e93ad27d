//! One line of the release ledger, and the form in which a store keeps it.

use super::ledger::sketch_of;
use super::shown::Value;
use super::tabulation::PersonSet;
use crate::store::LedgerRow;

/// One line of the ledger: a set with the value it was shown as, or the note that a cell of a question is tied to an
/// earlier set. Append-only. No `Debug`: it holds persons.
#[derive(Clone)]
pub struct Entry {
    pub(super) seq: u64,
    pub(super) question_key: String,
    pub(super) cell_key: String,
    /// What the figures measure: only values of one measure are held against each other.
    pub(super) measure: String,
    pub(super) snapshot: u32,
    /// Whether the cell was hidden to cover others (R5), whatever its set would show.
    pub(super) covered: bool,
    pub(super) content: Content,
}

/// What an entry records.
#[derive(Clone)]
pub(super) enum Content {
    /// A set of its own and what it is shown as, for good.
    Set {
        /// The contributors when it was first released.
        contributors: PersonSet,
        /// What was shown.
        value: Value,
    },
    /// The cell shows the value of an earlier set. It adds no set (R8).
    TiedTo {
        /// The number of that set.
        to: u64,
        /// Whether the cell's own set equalled it.
        exact: bool,
    },
}

/// Why stored columns are no entry. Names the entry, never what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Both or neither of a set and a tie; a tie with figures; figures that are no numbers.
    #[error("release ledger entry {seq} is damaged: its columns contradict each other; restore the store")]
    Contradiction {
        /// Which.
        seq: u64,
    },
    /// The set cannot be read.
    #[error("release ledger entry {seq} is damaged: its set cannot be read; restore the store")]
    Set {
        /// Which.
        seq: u64,
    },
}

impl Entry {
    /// Position in the ledger.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The entry as columns, with a sketch for ledgers that hold sets together which differ by at most `held` persons.
    #[must_use]
    pub fn to_stored(&self, held: u64) -> LedgerRow {
        let mut stored = LedgerRow {
            seq: self.seq,
            question_key: self.question_key.clone(),
            cell_key: self.cell_key.clone(),
            measure: self.measure.clone(),
            snapshot: self.snapshot,
            contributors: None,
            persons: None,
            sketch: None,
            tied_to: None,
            exact: None,
            covered: self.covered,
            figures: None,
        };
        match &self.content {
            Content::TiedTo { to, exact } => (stored.tied_to, stored.exact) = (Some(*to), Some(*exact)),
            Content::Set { contributors, value } => {
                let mut bytes = Vec::with_capacity(contributors.serialized_size());
                contributors.serialize_into(&mut bytes).expect("a vector takes every byte");
                (stored.persons, stored.contributors) = (Some(contributors.len()), Some(bytes));
                stored.sketch = Some(sketch_of(contributors, held));
                if let Value::Shown(figures) = value {
                    let figures: Vec<String> = figures.iter().map(ToString::to_string).collect();
                    stored.figures = Some(figures.join(" "));
                }
            }
        }
        stored
    }

    /// The entry of columns that [`Entry::to_stored`] made.
    ///
    /// # Errors
    /// [`EntryError`] when they are damaged.
    pub fn from_stored(stored: LedgerRow) -> Result<Entry, EntryError> {
        let seq = stored.seq;
        if stored.tied_to.is_some() != stored.exact.is_some() {
            return Err(EntryError::Contradiction { seq });
        }
        if stored.tied_to.is_some() != stored.persons.is_none()
            || stored.persons.is_some() != stored.sketch.is_some()
        {
            return Err(EntryError::Contradiction { seq });
        }
        let content = match (stored.contributors, stored.tied_to.zip(stored.exact), stored.figures) {
            (None, Some((to, exact)), None) => Content::TiedTo { to, exact },
            (Some(bytes), None, figures) => {
                let value = value_of(figures.as_deref()).ok_or(EntryError::Contradiction { seq })?;
                let contributors = set_of(&bytes).ok_or(EntryError::Set { seq })?;
                Content::Set { contributors, value }
            }
            _ => return Err(EntryError::Contradiction { seq }),
        };
        Ok(Entry {
            seq,
            question_key: stored.question_key,
            cell_key: stored.cell_key,
            measure: stored.measure,
            snapshot: stored.snapshot,
            covered: stored.covered,
            content,
        })
    }
}

/// The value of stored figures.
pub(super) fn value_of(figures: Option<&str>) -> Option<Value> {
    let Some(figures) = figures else { return Some(Value::Hidden) };
    figures.split(' ').map(|figure| figure.parse().ok()).collect::<Option<_>>().map(Value::Shown)
}

/// The set of stored bytes, when they are one set and nothing else.
pub(super) fn set_of(mut bytes: &[u8]) -> Option<PersonSet> {
    let set = PersonSet::deserialize_from(&mut bytes).ok()?;
    bytes.is_empty().then_some(set)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored() -> LedgerRow {
        Entry {
            seq: 3,
            question_key: "reach".to_owned(),
            cell_key: "[]".to_owned(),
            measure: "person".to_owned(),
            snapshot: 2,
            covered: false,
            content: Content::Set { contributors: (1..=12).collect(), value: Value::counts(10, 5) },
        }
        .to_stored(7)
    }

    #[test]
    fn damaged_columns_are_refused_by_number_alone() {
        let refused = |change: fn(&mut LedgerRow)| {
            let mut columns = stored();
            change(&mut columns);
            Entry::from_stored(columns).err().expect("damaged")
        };
        assert_eq!(refused(|c| c.contributors = None), EntryError::Contradiction { seq: 3 });
        assert_eq!(refused(|c| c.tied_to = Some(1)), EntryError::Contradiction { seq: 3 });
        assert_eq!(refused(|c| c.figures = Some("10 five".to_owned())), EntryError::Contradiction { seq: 3 });
        assert_eq!(refused(|c| c.contributors = Some(vec![1, 2, 3])), EntryError::Set { seq: 3 });
        assert_eq!(refused(|c| c.contributors.as_mut().expect("a set").push(0)), EntryError::Set { seq: 3 });
        assert!(Entry::from_stored(stored()).is_ok_and(|entry| entry.to_stored(7) == stored()));
    }

    proptest! {
        #[test]
        fn columns_read_back_as_they_were_written(
            persons in prop::collection::btree_set(any::<u32>(), 0..50),
            shown in prop::option::of(prop::collection::vec(any::<i64>(), 1..4)),
            tie in prop::option::of((1_u64..9, any::<bool>())),
            covered in any::<bool>(),
        ) {
            let content = match (tie, shown) {
                (Some((to, exact)), _) => Content::TiedTo { to, exact },
                (None, None) => Content::Set { contributors: persons.into_iter().collect(), value: Value::Hidden },
                (None, Some(figures)) => Content::Set {
                    contributors: persons.into_iter().collect(),
                    value: Value::Shown(figures),
                },
            };
            let entry = Entry {
                seq: 9,
                question_key: "q".to_owned(),
                cell_key: "c".to_owned(),
                measure: "m".to_owned(),
                snapshot: 4,
                covered,
                content,
            };
            let columns = entry.to_stored(7);
            let again = Entry::from_stored(columns.clone()).expect("sound").to_stored(7);
            prop_assert!(columns == again);
        }
    }
}
