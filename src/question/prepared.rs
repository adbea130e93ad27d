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
    pub(super) with_persons: bool,
    span: (i32, i32),
    /// By dataset of the plan.
    pub(super) sets: Vec<Set>,
    marks: Arc<Marks>,
    pub(super) grouped: Option<Arc<Grouped>>,
    units: u32,
}

/// What follows from readings and a grouping, as bits: it holds no row.
pub(super) struct Marks {
    /// By dataset of the plan, a bit a row in the order of units; empty where units are persons.
    rows: Vec<Arc<[u64]>>,
    /// Everybody who leaves.
    leaving: Vec<u64>,
    /// The units that leave; none where units are persons.
    leaving_units: Option<Vec<u64>>,
}

impl Marks {
    /// Of readings in the order of the plan's datasets, for a snapshot with so many persons.
    pub(super) fn of(persons: u32, readings: &[Arc<Reading>], grouped: Option<&Grouped>) -> Marks {
        let mut leaving = vec![0; persons as usize / 64 + 1];
        for reading in readings {
            leaving.iter_mut().zip(&reading.leaving).for_each(|(all, own)| *all |= own);
        }
        let span = readings.first().map_or((0, 0), |reading| reading.span);
        let rows = grouped.map(|grouped| {
            readings.iter().enumerate().map(|(at, reading)| grouped.rows(at, reading).into()).collect()
        });
        Marks {
            rows: rows.unwrap_or_default(),
            leaving_units: grouped.map(|grouped| grouped.leaving(&leaving, span)),
            leaving,
        }
    }

    /// Bytes that they take in memory.
    pub(super) fn bytes(&self) -> u64 {
        let rows: usize = self.rows.iter().map(|rows| size_of_val(&**rows)).sum();
        let units = self.leaving_units.as_ref().map_or(0, |units| size_of_val(&**units));
        (rows + size_of_val(&*self.leaving) + units) as u64
    }
}

/// The rows of one dataset in the order of units.
pub(super) struct Set {
    pub(super) columns: Arc<Columns>,
    /// The person of each row, where that is not the unit.
    pub(super) persons: Option<Arc<[u32]>>,
    /// What is read of the dataset in the order of persons.
    pub(super) reading: Arc<Reading>,
    /// A bit a row: whether it is read. None where rows stand in the order of persons: the reading has it.
    rows: Option<Arc<[u64]>>,
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
        let readings =
            plan.datasets().iter().zip(permits).map(|(dataset, permits)| {
                Arc::new(Reading::compile(snapshot, *dataset, &plan.span(), permits))
            });
        let readings: Vec<Arc<Reading>> = readings.collect();
        let grouped = Grouped::of((plan.unit, plan.with_persons), snapshot, plan.datasets()).map(Arc::new);
        let marks = Marks::of(snapshot.persons, &readings, grouped.as_deref());
        Ok(Prepared::of(plan, snapshot, readings, grouped, Arc::new(marks)))
    }

    /// From readings in the order of [`Plan::datasets`], the grouping of these datasets where the unit is not the
    /// person, and the marks of both. The snapshot must fit the plan.
    pub(super) fn of(
        plan: &Plan,
        snapshot: &Snapshot,
        readings: Vec<Arc<Reading>>,
        grouped: Option<Arc<Grouped>>,
        marks: Arc<Marks>,
    ) -> Prepared {
        let sets = plan.datasets().iter().zip(readings).enumerate().map(|(at, (dataset, reading))| {
            let of = grouped.as_ref().map(|grouped| &grouped.sets[at]);
            let columns = of.map_or(&snapshot.datasets[*dataset], |of| &of.columns);
            Set {
                columns: Arc::clone(columns),
                persons: of.map(|of| Arc::clone(&of.persons)),
                reading,
                rows: marks.rows.get(at).cloned(),
            }
        });
        Prepared {
            sets: sets.collect(),
            datasets: plan.datasets().to_vec(),
            unit: plan.unit,
            with_persons: plan.with_persons,
            span: (plan.span().start().days(), plan.span().end().days()),
            units: grouped.as_ref().map_or(snapshot.persons, |grouped| grouped.units()),
            marks,
            grouped,
            snapshot: snapshot.clone(),
        }
    }

    /// Whether it was made for a plan like this one.
    pub(super) fn is_for(&self, plan: &Plan) -> bool {
        let span = (plan.span().start().days(), plan.span().end().days());
        self.datasets == plan.datasets()
            && (self.unit, self.with_persons) == (plan.unit, plan.with_persons)
            && self.span == span
    }

    /// Units: their numbers are `1..=units`.
    pub(super) const fn units(&self) -> u32 {
        self.units
    }

    /// Everybody who leaves the question, as bits.
    pub(super) fn leaving(&self) -> &[u64] {
        &self.marks.leaving
    }

    /// Whether a unit leaves the question: it does when one of its persons does.
    #[inline]
    pub(super) fn leaves(&self, unit: u32) -> bool {
        let marks = &self.marks;
        bits::holds(marks.leaving_units.as_deref().unwrap_or(&marks.leaving), unit as usize)
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
