//! What a plan reads, put in order before anything is counted: rows by unit, which of them are permitted, who leaves.

use std::sync::Arc;

use super::Plan;
use super::bits;
use super::count::CountError;
use super::grouped::Grouped;
use super::reading::Reading;
use crate::consent::Permits;
use crate::programme::Unit;
use crate::snapshot::{Columns, Snapshot};

/// A plan's datasets, ready to be read unit by unit. It depends on the plan's datasets, span, purpose and unit and on
/// nothing else of the question. No `Debug`: it is everybody's rows.
pub struct Prepared {
    pub(super) snapshot: Snapshot,
    datasets: Vec<usize>,
    unit: Unit,
    span: (i32, i32),
    /// By dataset of the plan.
    pub(super) sets: Vec<Set>,
    /// Everybody who leaves, as bits.
    leaving: Vec<u64>,
    /// The units that leave, as bits; none where units are persons.
    leaving_units: Option<Vec<u64>>,
    pub(super) grouped: Option<Arc<Grouped>>,
    units: u32,
}

/// The rows of one dataset in the order of units.
pub(super) struct Set {
    pub(super) columns: Arc<Columns>,
    /// The person of each row, where that is not the unit.
    pub(super) persons: Option<Arc<[u32]>>,
    /// What is read of the dataset in the order of persons.
    pub(super) reading: Arc<Reading>,
    /// A bit a row: whether it is read. None where rows stand in the order of persons: the reading has it.
    rows: Option<Vec<u64>>,
}

impl Set {
    /// A bit a row: whether it is read.
    #[inline]
    pub(super) fn rows(&self) -> &[u64] {
        self.rows.as_deref().unwrap_or(&self.reading.rows)
    }
}

impl Prepared {
    /// Compiles permits, which stand in the order of [`Plan::datasets`], and groups rows.
    ///
    /// # Errors
    /// [`CountError`].
    pub fn new(plan: &Plan, snapshot: &Snapshot, permits: &[Permits]) -> Result<Prepared, CountError> {
        if permits.len() != plan.datasets().len() {
            return Err(CountError::Permits { given: permits.len(), datasets: plan.datasets().len() });
        }
        fits(plan, snapshot)?;
        let readings = plan.datasets().iter().zip(permits).map(|(dataset, permits)| {
            let columns = &snapshot.datasets[*dataset];
            Arc::new(Reading::compile(columns, snapshot.persons, &plan.span(), permits))
        });
        let grouped = Grouped::of(plan.unit, snapshot, plan.datasets()).map(Arc::new);
        Prepared::of(plan, snapshot, readings.collect(), grouped)
    }

    /// From readings in the order of [`Plan::datasets`], and the grouping of these datasets where the unit is not the
    /// person.
    ///
    /// # Errors
    /// [`CountError`].
    pub(super) fn of(
        plan: &Plan,
        snapshot: &Snapshot,
        readings: Vec<Arc<Reading>>,
        grouped: Option<Arc<Grouped>>,
    ) -> Result<Prepared, CountError> {
        fits(plan, snapshot)?;
        let span = (plan.span().start().days(), plan.span().end().days());
        let mut leaving = vec![0; snapshot.persons as usize / 64 + 1];
        for reading in &readings {
            leaving.iter_mut().zip(&reading.leaving).for_each(|(all, own)| *all |= own);
        }
        let sets =
            plan.datasets().iter().zip(readings).enumerate().map(|(at, (dataset, reading))| match &grouped {
                None => Set {
                    columns: Arc::clone(&snapshot.datasets[*dataset]),
                    persons: None,
                    reading,
                    rows: None,
                },
                Some(grouped) => Set {
                    columns: Arc::clone(&grouped.sets[at].columns),
                    persons: Some(Arc::clone(&grouped.sets[at].persons)),
                    rows: Some(grouped.rows(at, &reading)),
                    reading,
                },
            });
        Ok(Prepared {
            sets: sets.collect(),
            datasets: plan.datasets().to_vec(),
            unit: plan.unit,
            span,
            leaving_units: grouped.as_ref().map(|grouped| grouped.leaving(&leaving, span)),
            units: grouped.as_ref().map_or(snapshot.persons, |grouped| grouped.units()),
            leaving,
            grouped,
            snapshot: snapshot.clone(),
        })
    }

    /// Whether it was made for a plan like this one.
    pub(super) fn is_for(&self, plan: &Plan) -> bool {
        let span = (plan.span().start().days(), plan.span().end().days());
        self.datasets == plan.datasets() && self.unit == plan.unit && self.span == span
    }

    /// Units: their numbers are `1..=units`.
    pub(super) const fn units(&self) -> u32 {
        self.units
    }

    /// Everybody who leaves the question, as bits.
    pub(super) fn leaving(&self) -> &[u64] {
        &self.leaving
    }

    /// Whether a unit leaves the question: it does when one of its persons does.
    #[inline]
    pub(super) fn leaves(&self, unit: u32) -> bool {
        bits::holds(self.leaving_units.as_deref().unwrap_or(&self.leaving), unit as usize)
    }

    /// Bytes that it takes in memory besides readings, rows and groupings.
    pub(super) fn bytes(&self) -> u64 {
        let own = |set: &Set| set.rows.as_ref().map_or(0, |words| size_of_val(&**words));
        let rows: usize = self.sets.iter().map(own).sum();
        (rows + size_of_val(&*self.leaving) + self.leaving_units.as_ref().map_or(0, |of| size_of_val(&**of)))
            as u64
    }
}

/// Holds a snapshot against a plan.
pub(super) fn fits(plan: &Plan, snapshot: &Snapshot) -> Result<(), CountError> {
    if snapshot.day != plan.sealed() || snapshot.datasets.len() != plan.datasets_of_programme {
        return Err(CountError::OtherSnapshot);
    }
    for (dataset, needed) in plan.datasets().iter().zip(&plan.columns) {
        let columns = &snapshot.datasets[*dataset];
        let category = |column: &usize| columns.categories.get(*column).is_some_and(Option::is_some);
        let measure = |column: &usize| columns.measures.get(*column).is_some_and(Option::is_some);
        let staff = |column: &usize| columns.staff.get(*column).is_some_and(Option::is_some);
        if !needed.categories.iter().all(category)
            || !needed.measures.iter().all(measure)
            || !needed.staff.iter().all(staff)
        {
            return Err(CountError::OtherProgramme);
        }
    }
    Ok(())
}
