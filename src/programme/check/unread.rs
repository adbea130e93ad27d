//! Nobody sends what nobody uses: every category, measure and staff column must be read by a question.

use super::super::model::{DimensionSource, Programme, Role};
use super::super::question::{Question, QuestionKind, SeriesKind, Test};
use super::Checker;

impl Checker<'_> {
    /// Person, related person, case and date are read by all questions and by the disclosure rules.
    pub(super) fn unread_columns(&mut self, programme: &Programme) {
        let mut read: Vec<(usize, usize)> = Vec::new();
        for question in &programme.questions {
            read.extend(columns_of(question, programme));
        }
        let followups = programme.followups.iter();
        let told = followups.flat_map(|f| f.statuses.iter().flat_map(|s| &s.events).chain(&f.referrals));
        for event in told {
            read.extend(event.filters.iter().map(|filter| (event.dataset, filter.column)));
        }
        for (d, dataset) in programme.datasets.iter().enumerate() {
            for (c, column) in dataset.columns.iter().enumerate() {
                let always =
                    matches!(column.role, Role::Person | Role::RelatedPerson | Role::Case | Role::Date);
                if !always && !read.contains(&(d, c)) {
                    let message = "no registered question or follow-up reads this column; nobody sends what nobody uses: take it out";
                    self.wrong(0..0, format!("dataset.{}.column.{}", dataset.id, column.id), message);
                }
            }
        }
    }
}

/// The category, measure and staff columns that a question reads.
fn columns_of(question: &Question, programme: &Programme) -> Vec<(usize, usize)> {
    let mut read = Vec::new();
    let datasets = programme.datasets_of(question);
    let populations = question.populations.iter().map(|p| programme.populations[*p].dimension);
    let reason = match &question.kind {
        QuestionKind::Attrition { reason, .. } => *reason,
        _ => None,
    };
    for dimension in question.dimensions.iter().copied().chain(populations).chain(reason) {
        if let DimensionSource::Columns { columns, .. } = &programme.dimensions[dimension].source {
            read.extend(columns.iter().copied().filter(|(dataset, _)| datasets.contains(dataset)));
        }
    }
    let of_stages = question.kind.stages().into_iter().flat_map(|stage| &programme.stages[stage].events);
    let of_items = question.kind.items().into_iter().flat_map(|item| &item.events);
    for event in of_stages.chain(of_items) {
        read.extend(event.filters.iter().map(|filter| (event.dataset, filter.column)));
    }
    for item in question.kind.items() {
        let measures = item.events.iter().zip(&item.measure);
        read.extend(measures.filter_map(|(event, measure)| Some((event.dataset, (*measure)?))));
    }
    match &question.kind {
        QuestionKind::Criteria(criteria) => {
            for condition in &criteria.conditions {
                match &condition.test {
                    Test::Trained { staff, trained, .. } => {
                        read.extend(staff);
                        read.push(*trained);
                    }
                    Test::Sum { dataset, done, planned, .. } => {
                        read.extend([(*dataset, *done), (*dataset, *planned)]);
                    }
                    Test::Stage { .. } | Test::All(_) => {}
                }
            }
        }
        QuestionKind::Change(change) => {
            read.extend([(change.dataset, change.moment), (change.dataset, change.value)]);
        }
        QuestionKind::Amount(amount) => {
            let by = amount.by.zip(amount.item.events.first());
            read.extend(by.map(|(column, event)| (event.dataset, column)));
        }
        QuestionKind::Activity { series } => {
            for series in series {
                if let SeriesKind::Staff { columns } = &series.what {
                    read.extend(columns);
                }
            }
        }
        QuestionKind::Quality { completeness } => read.extend(completeness),
        QuestionKind::Reach { .. }
        | QuestionKind::Funnel { .. }
        | QuestionKind::Attrition { .. }
        | QuestionKind::FollowUp(_)
        | QuestionKind::Overlap { .. }
        | QuestionKind::Comparison(_)
        | QuestionKind::Budget(_)
        | QuestionKind::Payment(_)
        | QuestionKind::Consents => {}
    }
    read
}
