//! What is kept between questions: which rows may be read, and rows in the order of units.
//!
//! Kept are [`Reading`]s by dataset, rows copied in the order of units by datasets and unit, and the
//! [`Marks`] that follow from both. Nothing here holds a dataset of the snapshot in memory. A withdrawal counts
//! from the next question on: everything that depends on consent is kept under a [`Basis`], and nothing of another one is
//! ever given out. Together they take no more bytes than the shelf may have; what was used longest ago goes first.

use std::sync::Arc;

use super::Plan;
use super::count::CountError;
use super::grouped::Grouped;
use super::prepared::{Marks, Prepared, fits};
use super::reading::Reading;
use crate::consent::Permits;
use crate::name::PurposeId;
use crate::programme::Unit;
use crate::snapshot::Snapshot;

/// From what rows are permitted to be read: a snapshot, a state of consent, a day and a recipient, in one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    snapshot: u32,
    rest: String,
}

impl Basis {
    /// A basis. `consents` must say everything that permits are made from, but for dataset, span and purpose: when the
    /// permits of these can be others, it must be another text.
    #[must_use]
    pub const fn new(snapshot: u32, consents: String) -> Basis {
        Basis { snapshot, rest: consents }
    }
}

/// Keeps what questions have in common. No `Debug`: it is everybody's rows.
pub struct Shelf {
    limit: u64,
    /// Used last comes last.
    kept: Vec<Kept>,
}

struct Kept {
    of: Of,
    what: What,
    bytes: u64,
}

/// What something on the shelf is of.
#[derive(PartialEq, Eq)]
enum Of {
    Reading { basis: Basis, dataset: usize, span: (i32, i32), purpose: PurposeId },
    Grouped { snapshot: u32, datasets: Vec<usize>, unit: (Unit, bool) },
    Marks { basis: Basis, datasets: Vec<usize>, span: (i32, i32), purpose: PurposeId, unit: (Unit, bool) },
}

#[derive(Clone)]
enum What {
    Reading(Arc<Reading>),
    Grouped(Arc<Grouped>),
    Marks(Arc<Marks>),
}

impl Shelf {
    /// An empty one, for so many bytes.
    #[must_use]
    pub const fn new(limit: u64) -> Shelf {
        Shelf { limit, kept: Vec::new() }
    }

    /// Bytes that are kept now.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kept.iter().map(|kept| kept.bytes).sum()
    }

    /// What a plan reads. `permits` compiles the permits of a dataset, given by its position, for [`Plan::span`] and the
    /// purpose of the plan; it is asked for those alone of which nothing is kept.
    ///
    /// # Errors
    /// [`CountError`], and those of `permits`.
    pub fn prepared<E: From<CountError>>(
        &mut self,
        plan: &Plan,
        snapshot: &Snapshot,
        basis: &Basis,
        mut permits: impl FnMut(usize) -> Result<Permits, E>,
    ) -> Result<Prepared, E> {
        fits(plan, snapshot)?;
        // Of what is no longer in force nothing is asked again.
        self.kept.retain(|kept| match &kept.of {
            Of::Grouped { snapshot: of, .. } => *of == snapshot.id,
            Of::Reading { basis: of, .. } | Of::Marks { basis: of, .. } => of.snapshot == snapshot.id,
        });
        let span = (plan.span().start().days(), plan.span().end().days());
        let unit = (plan.unit, plan.with_persons);
        let mut readings = Vec::new();
        for dataset in plan.datasets() {
            let of = Of::Reading {
                basis: basis.clone(),
                dataset: *dataset,
                span,
                purpose: plan.purpose().clone(),
            };
            let reading = match self.take(&of) {
                Some(What::Reading(kept)) => kept,
                _ => {
                    let permits = permits(*dataset)?;
                    let made = Arc::new(Reading::compile(snapshot, *dataset, &plan.span(), &permits));
                    self.put(of, What::Reading(Arc::clone(&made)), made.bytes());
                    made
                }
            };
            readings.push(reading);
        }
        let grouping = Of::Grouped { snapshot: snapshot.id, datasets: plan.datasets().to_vec(), unit };
        let grouped = match self.take(&grouping) {
            Some(What::Grouped(kept)) => Some(kept),
            _ => Grouped::of(unit, snapshot, plan.datasets()).map(|made| {
                let made = Arc::new(made);
                self.put(grouping, What::Grouped(Arc::clone(&made)), made.bytes());
                made
            }),
        };
        let of = Of::Marks {
            basis: basis.clone(),
            datasets: plan.datasets().to_vec(),
            span,
            purpose: plan.purpose().clone(),
            unit,
        };
        let marks = match self.take(&of) {
            Some(What::Marks(kept)) => kept,
            _ => {
                let made = Arc::new(Marks::of(snapshot.persons, &readings, grouped.as_deref()));
                self.put(of, What::Marks(Arc::clone(&made)), made.bytes());
                made
            }
        };
        Ok(Prepared::of(plan, snapshot, readings, grouped, marks))
    }

    /// Something kept, which is then the one used last.
    fn take(&mut self, of: &Of) -> Option<What> {
        let at = self.kept.iter().position(|kept| kept.of == *of)?;
        let kept = self.kept.remove(at);
        let what = kept.what.clone();
        self.kept.push(kept);
        Some(what)
    }

    /// Keeps something, where it has room at all.
    fn put(&mut self, of: Of, what: What, bytes: u64) {
        if bytes > self.limit {
            return;
        }
        while self.bytes() + bytes > self.limit {
            self.kept.remove(0);
        }
        self.kept.push(Kept { of, what, bytes });
    }
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
mod tests;
