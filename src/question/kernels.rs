//! From a registered question to its kernel.

use std::sync::Arc;

use super::activity::Activity;
use super::amount::Amount;
use super::attrition::Attrition;
use super::axis;
use super::budget::Budget;
use super::change::Change;
use super::comparison::Comparison;
use super::consents::Consents;
use super::criteria::Criteria;
use super::follow_up::FollowUp;
use super::funnel::Funnel;
use super::kernel::Kernel;
use super::overlap::Overlap;
use super::payment::Payment;
use super::plan::Frame;
use super::quality::Quality;
use super::reach::Reach;
use crate::programme::QuestionKind;

/// The kernel of a question.
pub(super) fn kernel(frame: &Frame<'_>) -> Arc<dyn Kernel> {
    match &frame.question.kind {
        QuestionKind::Reach { .. } => Arc::new(Reach),
        QuestionKind::Funnel { stages, within } => Arc::new(Funnel::new(frame, stages, *within)),
        QuestionKind::Amount(amount) => Arc::new(Amount::new(frame, amount)),
        QuestionKind::Comparison(comparison) => Arc::new(Comparison::new(frame, comparison)),
        QuestionKind::Activity { series } => Arc::new(Activity::new(frame, series)),
        QuestionKind::Budget(budget) => Arc::new(Budget::new(frame, budget)),
        QuestionKind::Consents => Arc::new(Consents::new(frame)),
        QuestionKind::Attrition { stages, exit, reason } => {
            Arc::new(Attrition::new(frame, stages, *exit, *reason))
        }
        QuestionKind::Criteria(criteria) => Arc::new(Criteria::new(frame, criteria)),
        QuestionKind::Change(change) => Arc::new(Change::new(frame, change)),
        QuestionKind::FollowUp(follow) => Arc::new(FollowUp::new(frame, follow)),
        QuestionKind::Overlap { .. } => {
            let partners = axis::partners(frame.programme, frame.datasets.iter().copied());
            Arc::new(Overlap::new(&partners, axis::names(frame.programme, &partners)))
        }
        QuestionKind::Payment(payment) => Arc::new(Payment::new(frame, payment)),
        QuestionKind::Quality { .. } => {
            let parts = frame.datasets.iter().map(|dataset| {
                let dataset = &frame.programme.datasets[*dataset];
                let names = axis::names(frame.programme, &dataset.partners);
                let partners = dataset.partners.iter().copied().zip(names).collect();
                ((dataset.id.to_string(), dataset.title.clone()), partners)
            });
            Arc::new(Quality::new(parts.collect()))
        }
    }
}
