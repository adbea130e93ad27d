//! What is kept between questions: which rows may be read, and rows in the order of units.
//!
//! Kept are [`Reading`]s by dataset, rows copied in the order of units by datasets and unit, and the
//! [`Marks`] that follow from both. Nothing here holds a dataset of the snapshot in memory. A withdrawal counts
//! from the next question on: everything that depends on consent is kept with the version of the permits that it was made
//! from, and nothing of another one is ever given out. Where few permissions are others, a reading is made from the one
//! before. Together they take no more bytes than the shelf may have; what was used longest ago goes first.

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

/// What is permitted of the datasets of a plan, asked for one by one.
pub trait Permitting {
    /// Why permits cannot be made.
    type Error: From<CountError>;

    /// For whom rows are read: whatever the permits of a dataset depend on besides its span and purpose, and what
    /// happens in between.
    fn recipient(&self) -> &str;

    /// The permits of a dataset, given by its position, for [`Plan::span`] and the purpose of the plan, and their
    /// version: when they are others, for the same recipient, it must be another number.
    ///
    /// # Errors
    /// Whatever making them meets.
    fn permits(&mut self, dataset: usize) -> Result<(&Permits, u64), Self::Error>;

    /// Whose permissions are others in the version given last than in an earlier one, ascending; `None` where that is
    /// not known.
    fn changed_since(&mut self, dataset: usize, version: u64) -> Option<Vec<u32>>;
}

/// From what rows are permitted to be read.
#[derive(Clone, PartialEq, Eq)]
struct Basis {
    snapshot: u32,
    span: (i32, i32),
    purpose: PurposeId,
    recipient: String,
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
    Reading { basis: Basis, dataset: usize },
    Grouped { snapshot: u32, datasets: Vec<usize>, unit: (Unit, bool) },
    Marks { basis: Basis, datasets: Vec<usize>, unit: (Unit, bool) },
}

enum What {
    /// With the version of its permits.
    Reading(Arc<Reading>, u64),
    Grouped(Arc<Grouped>),
    /// With those of each dataset.
    Marks(Arc<Marks>, Vec<u64>),
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

    /// What a plan reads, of what is permitted.
    ///
    /// # Errors
    /// [`CountError`], and those of `permitting`.
    pub fn prepared<P: Permitting>(
        &mut self,
        plan: &Plan,
        snapshot: &Snapshot,
        permitting: &mut P,
    ) -> Result<Prepared, P::Error> {
        fits(plan, snapshot)?;
        // Of what is no longer in force nothing is asked again.
        self.kept.retain(|kept| match &kept.of {
            Of::Grouped { snapshot: of, .. } => *of == snapshot.id,
            Of::Reading { basis: of, .. } | Of::Marks { basis: of, .. } => of.snapshot == snapshot.id,
        });
        let unit = (plan.unit, plan.with_persons);
        let basis = Basis {
            snapshot: snapshot.id,
            span: (plan.span().start().days(), plan.span().end().days()),
            purpose: plan.purpose().clone(),
            recipient: permitting.recipient().to_owned(),
        };
        let (mut readings, mut versions) = (Vec::new(), Vec::new());
        for dataset in plan.datasets() {
            let of = Of::Reading { basis: basis.clone(), dataset: *dataset };
            let (reading, version) = self.reading(of, *dataset, plan, snapshot, permitting)?;
            readings.push(reading);
            versions.push(version);
        }
        let datasets = plan.datasets().to_vec();
        let grouping = Of::Grouped { snapshot: snapshot.id, datasets: datasets.clone(), unit };
        let grouped = match self.take(&grouping) {
            Some(What::Grouped(kept)) => {
                self.put(grouping, What::Grouped(Arc::clone(&kept)), kept.bytes());
                Some(kept)
            }
            _ => Grouped::of(unit, snapshot, plan.datasets()).map(|made| {
                let made = Arc::new(made);
                self.put(grouping, What::Grouped(Arc::clone(&made)), made.bytes());
                made
            }),
        };
        let of = Of::Marks { basis, datasets, unit };
        let marks = match self.take(&of) {
            Some(What::Marks(kept, of_versions)) if of_versions == versions => kept,
            _ => Arc::new(Marks::of(snapshot.persons, &readings, grouped.as_deref())),
        };
        self.put(of, What::Marks(Arc::clone(&marks), versions), marks.bytes());
        Ok(Prepared::of(plan, snapshot, readings, grouped, marks))
    }

    /// What is read of one dataset, and the version of its permits.
    fn reading<P: Permitting>(
        &mut self,
        of: Of,
        dataset: usize,
        plan: &Plan,
        snapshot: &Snapshot,
        permitting: &mut P,
    ) -> Result<(Arc<Reading>, u64), P::Error> {
        let before = match self.take(&of) {
            Some(What::Reading(kept, version)) => Some((kept, version)),
            _ => None,
        };
        let span = plan.span();
        let version = permitting.permits(dataset)?.1;
        let reading = match before {
            Some((kept, of_version)) if of_version == version => kept,
            before => {
                let changed = before.and_then(|(kept, of_version)| {
                    permitting.changed_since(dataset, of_version).map(|changed| (kept, changed))
                });
                let permits = permitting.permits(dataset)?.0;
                Arc::new(match changed {
                    Some((kept, changed)) => kept.compile_again(snapshot, dataset, &span, permits, &changed),
                    None => Reading::compile(snapshot, dataset, &span, permits),
                })
            }
        };
        self.put(of, What::Reading(Arc::clone(&reading), version), reading.bytes());
        Ok((reading, version))
    }

    /// Takes something kept off the shelf.
    fn take(&mut self, of: &Of) -> Option<What> {
        let at = self.kept.iter().position(|kept| kept.of == *of)?;
        Some(self.kept.remove(at).what)
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
