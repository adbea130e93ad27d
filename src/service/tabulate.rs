//! Counting without releasing: for the report of what each rule costs, which puts the same cells under other rules. Built
//! only where rules can be switched off.

use super::{Reason, Service, ServiceError};
use crate::disclosure::{ReleaseContext, Table, Tabulation};
use crate::question::{Ask, Progress, plan};

impl Service {
    /// The unprotected cells of a question asked by the programme's first evaluator, and what `release` has to know of
    /// it; `above` is the released table of [`Service::asked_above`]. Nothing is entered in the service's ledger.
    ///
    /// # Errors
    /// [`ServiceError::Ask`] for a question that is not registered so; [`Reason::NoSnapshot`] before the first seal.
    pub fn tabulate(
        &self,
        ask: &Ask,
        above: Option<&Table>,
    ) -> Result<(Tabulation, ReleaseContext), ServiceError> {
        let evaluator = self.programme().evaluators.first().ok_or(ServiceError::Refused(Reason::Internal))?;
        let mut answering = self.answering();
        let moment = self.moment()?;
        let plan = plan(self.programme(), ask, moment.row.day, moment.now.day(), &self.rules)?;
        let of = (&moment, &evaluator.id);
        let counted = self.count(&mut answering, &plan, of, &Progress::default())?;
        Ok((counted, self.context(&plan, &moment, &evaluator.id, above)))
    }

    /// The question that is settled before a question that is narrowed to one code.
    ///
    /// # Errors
    /// As [`Service::tabulate`].
    pub fn asked_above(&self, ask: &Ask) -> Result<Option<Ask>, ServiceError> {
        let moment = self.moment()?;
        let plan = plan(self.programme(), ask, moment.row.day, moment.now.day(), &self.rules)?;
        Ok(plan.above().cloned())
    }
}
