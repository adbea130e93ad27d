//! The rows of one person that a plan may read.

use super::Plan;
use super::count::CountError;
use super::index::RowAt;
use crate::clock::Day;
use crate::consent::{Allowed, Permits};
use crate::snapshot::{Columns, Snapshot};

/// What stands of a person in a question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// In it, if there are rows.
    In,
    /// Left out: at some source of some dataset the person has rows in the span, and none of them is permitted.
    LeftOut,
}

/// Reads the rows of a plan.
pub(super) struct Walk<'a> {
    sets: Vec<Set<'a>>,
    first: i32,
    last: i32,
}

struct Set<'a> {
    columns: &'a Columns,
    permits: &'a Permits,
    /// By source: whether every row of the span is permitted.
    open: [bool; 256],
}

impl<'a> Walk<'a> {
    /// Holds snapshot and permits against the plan.
    pub(super) fn new(
        plan: &Plan,
        snapshot: &'a Snapshot,
        permits: &'a [Permits],
    ) -> Result<Walk<'a>, CountError> {
        if snapshot.day != plan.sealed() || snapshot.datasets.len() != plan.datasets_of_programme {
            return Err(CountError::OtherSnapshot);
        }
        if permits.len() != plan.datasets().len() {
            return Err(CountError::Permits { given: permits.len(), datasets: plan.datasets().len() });
        }
        let mut sets = Vec::new();
        for ((dataset, permits), categories) in plan.datasets().iter().zip(permits).zip(&plan.categories) {
            let columns = &snapshot.datasets[*dataset];
            let there = |column: &usize| columns.categories.get(*column).is_some_and(Option::is_some);
            if !categories.iter().all(there) {
                return Err(CountError::OtherProgramme);
            }
            let open = std::array::from_fn(|source| {
                permits.permitted(u8::try_from(source).expect("256 sources")).is_none()
            });
            sets.push(Set { columns, permits, open });
        }
        let span = plan.span();
        Ok(Walk { sets, first: span.start().days(), last: span.end().days() })
    }

    /// The columns that a row stands in.
    pub(super) fn columns(&self, at: RowAt) -> &'a Columns {
        self.sets[at.set].columns
    }

    /// Gives the permitted rows of a person to `each`, dataset by dataset, in the order of days within each. What was
    /// given counts only when the person is [`Standing::In`].
    pub(super) fn person(&self, person: u32, mut each: impl FnMut(&'a Columns, RowAt)) -> Standing {
        let mut standing = Standing::In;
        for (at, set) in self.sets.iter().enumerate() {
            let rows = set.columns.rows(person);
            if rows.is_empty() {
                continue;
            }
            let (mut present, mut kept) = ([0u64; 4], [0u64; 4]);
            let mut current: Option<(u8, Allowed<'_>)> = None;
            for row in rows {
                let day = set.columns.day[row];
                if day < self.first {
                    continue;
                }
                if day > self.last {
                    break;
                }
                let source = set.columns.source[row];
                if !set.open[usize::from(source)] {
                    let (word, bit) = (usize::from(source / 64), 1 << (source % 64));
                    present[word] |= bit;
                    let (_, allowed) = match &mut current {
                        Some(same) if same.0 == source => same,
                        other => other.insert((source, set.permits.person(source, person))),
                    };
                    if !allowed.allows(Day::from_days(day)) {
                        continue;
                    }
                    kept[word] |= bit;
                }
                each(set.columns, RowAt { set: at, row });
            }
            if present != kept {
                standing = Standing::LeftOut;
            }
        }
        standing
    }
}
