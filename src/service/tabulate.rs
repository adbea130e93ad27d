//! Counting without releasing: for the report of what each rule costs, which puts the same cells under other rules. Built
//! only where rules can be switched off.

use super::ask::asked_by;
use super::{Reason, Service, ServiceError};
use crate::disclosure::{ReleaseContext, Tabulation};
use crate::question::{Ask, Progress, plan};

impl Service {
    /// The unprotected cells of a question asked by the programme's first evaluator, and what `release` has to know of
    /// it. Nothing is entered in the service's ledger.
    ///
    /// # Errors
    /// [`ServiceError::Ask`] for a question that is not registered so; [`Reason::NoSnapshot`] before the first seal.
    pub fn tabulate(&self, ask: &Ask) -> Result<(Tabulation, ReleaseContext), ServiceError> {
        let evaluator = self.programme().evaluators.first().ok_or(ServiceError::Refused(Reason::Internal))?;
        let mut answering = self.answering();
        let moment = self.moment()?;
        let plan = plan(self.programme(), ask, moment.row.day, moment.now.day(), &self.rules)?;
        let counted = self.count(&mut answering, &plan, (&moment, &evaluator.id), &Progress::default())?;
        let mut context = plan.release_context(moment.row.id);
        context.question_key = asked_by(&plan, &evaluator.id);
        Ok((counted, context))
    }
}
