//! How fine days must be for what is asked: a precision coarser than a question's days is refused, and one finer than any
//! use of it is remarked on.

use super::super::derive::Precision;
use super::super::model::{BasisKind, Programme, Role};
use super::super::question::{Event, Outcome, QuestionKind, SeriesKind, Since, Test, View};
use super::Checker;

/// Something worth saying of a definition that is sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The field, as a path.
    pub field: String,
    /// What could be better.
    pub message: String,
}

/// What is read of the days of some datasets.
enum Days {
    /// Which event came first: days must be cut alike.
    Order,
    /// Numbers of days, of which this is the smallest.
    Count(u32),
}

/// Who reads days, of which datasets, and what of them.
struct Reads {
    who: String,
    datasets: Vec<usize>,
    days: Days,
}

impl Checker<'_> {
    pub(super) fn precisions(&mut self, programme: &Programme) {
        let reads = reads(programme);
        for (at, dataset) in programme.datasets.iter().enumerate() {
            if dataset.precision() == Precision::Day {
                continue;
            }
            let of = |other: usize| programme.datasets[other].precision();
            let span = self.precisions.get(at).cloned().flatten().unwrap_or(0..0);
            let objections = reads.iter().filter_map(|read| read.objection(at, &of, programme));
            for message in objections.collect::<Vec<_>>() {
                self.wrong(span.clone(), field(programme, at), message);
            }
        }
    }
}

impl Programme {
    /// What is finer than anything registered needs: the coarsest precision of a date that no question, consent or
    /// follow-up objects to, where it is not declared.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        let reads = reads(self);
        let mut notes = Vec::new();
        for at in 0..self.datasets.len() {
            let now = self.datasets[at].precision();
            let coarser = [Precision::Month, Precision::Week].into_iter().find(|coarser| {
                let of = |other: usize| if other == at { *coarser } else { self.datasets[other].precision() };
                *coarser > now
                    && reads.iter().all(|read| {
                        let mut datasets = read.datasets.iter();
                        datasets.all(|other| read.objection(*other, &of, self).is_none())
                    })
            });
            if let Some(coarser) = coarser {
                let message = format!(
                    "no question, consent or follow-up needs days by the {}: `precision = \"{}\"` would do",
                    now.word(),
                    coarser.word()
                );
                notes.push(Note { field: field(self, at), message });
            }
        }
        notes
    }
}

fn field(programme: &Programme, dataset: usize) -> String {
    let dataset = &programme.datasets[dataset];
    let date = dataset.columns.iter().find(|column| column.role == Role::Date);
    format!("dataset.{}.column.{}.precision", dataset.id, date.map_or("", |column| column.id.as_str()))
}

impl Reads {
    /// What speaks against the precision of a dataset.
    fn objection(
        &self,
        dataset: usize,
        precision: &impl Fn(usize) -> Precision,
        programme: &Programme,
    ) -> Option<String> {
        let own = precision(dataset);
        if own == Precision::Day || !self.datasets.contains(&dataset) {
            return None;
        }
        match self.days {
            Days::Count(least) if least < own.days() => Some(match least {
                1 => format!("{} reads single days: a {} is too coarse for it", self.who, own.word()),
                least => format!("{} counts {least} days: a {} is too coarse for it", self.who, own.word()),
            }),
            Days::Count(_) => None,
            Days::Order => {
                let other = self.datasets.iter().find(|other| precision(**other) != own)?;
                Some(format!(
                    "{} asks what came first, here or in {}, whose days leave by the {}: give both the same precision",
                    self.who,
                    programme.datasets[*other].id,
                    precision(*other).word()
                ))
            }
        }
    }
}

/// All that reads days.
fn reads(programme: &Programme) -> Vec<Reads> {
    let mut all = Vec::new();
    for (at, dataset) in programme.datasets.iter().enumerate() {
        // A permission has a first and a last day for rows: a row of another day would slip in or fall out.
        if dataset.bases.iter().any(|basis| basis.kind == BasisKind::Consent) {
            let who = "the consent that this dataset rests on".to_owned();
            all.push(Reads { who, datasets: vec![at], days: Days::Count(1) });
        }
    }
    for followup in &programme.followups {
        let events = followup.statuses.iter().flat_map(|status| &status.events).chain(&followup.referrals);
        let who = format!("the follow-up {}", followup.id);
        all.push(Reads { who, datasets: events.map(|event| event.dataset).collect(), days: Days::Count(1) });
    }
    for question in &programme.questions {
        let who = format!("the question {}", question.id);
        for (datasets, days) in of_question(&question.kind, programme) {
            all.push(Reads { who: who.clone(), datasets, days });
        }
    }
    all
}

fn of_question(kind: &QuestionKind, programme: &Programme) -> Vec<(Vec<usize>, Days)> {
    let of_events = |events: &[Event]| events.iter().map(|event| event.dataset).collect::<Vec<_>>();
    let of = |stages: &[usize]| {
        stages.iter().flat_map(|stage| of_events(&programme.stages[*stage].events)).collect::<Vec<_>>()
    };
    // Days are counted from one event to another, so they are cut alike as well.
    let counted = |datasets: Vec<usize>, least: u32| {
        vec![(datasets.clone(), Days::Order), (datasets, Days::Count(least))]
    };
    match kind {
        QuestionKind::Reach { .. }
        | QuestionKind::Overlap { .. }
        | QuestionKind::Consents
        | QuestionKind::Quality { .. } => Vec::new(),
        QuestionKind::Funnel { stages, within } => match within {
            Some(within) => counted(of(stages), *within),
            None => vec![(of(stages), Days::Order)],
        },
        QuestionKind::Attrition { stages, exit, .. } => {
            vec![(of(&[&stages[..], &[*exit]].concat()), Days::Order)]
        }
        QuestionKind::FollowUp(follow) => {
            let datasets = of(&kind.stages());
            let single = follow.from_day > 0
                || follow.since == Since::Previous
                || matches!(follow.view, View::Curve | View::BeforeAfter);
            match follow.days.iter().min() {
                _ if single => counted(datasets, 1),
                Some(least) => counted(datasets, *least),
                None => vec![(datasets, Days::Order)],
            }
        }
        QuestionKind::Criteria(criteria) => {
            let mut reads = Vec::new();
            for condition in &criteria.conditions {
                match &condition.test {
                    Test::Stage { stage, window: Some(window), .. } => {
                        reads.extend(counted(of(&[criteria.index, *stage]), least_of(*window)));
                    }
                    Test::Stage { window: None, .. } | Test::All(_) => {}
                    Test::Trained { stage, trained, .. } => {
                        reads.push(([of(&[*stage]), vec![trained.0]].concat(), Days::Order));
                    }
                    Test::Sum { dataset, .. } => {
                        reads.push(([of(&[criteria.index]), vec![*dataset]].concat(), Days::Order));
                    }
                }
            }
            reads
        }
        QuestionKind::Change(change) => {
            vec![([of(&kind.stages()), vec![change.dataset]].concat(), Days::Order)]
        }
        QuestionKind::Amount(amount) => {
            let datasets = [of(&[amount.index]), of_events(&amount.item.events)].concat();
            counted(datasets, least_of(amount.window))
        }
        QuestionKind::Comparison(comparison) => match comparison.outcome {
            Outcome::AtIndex { .. } => Vec::new(),
            Outcome::Within { from_day, days, .. } => {
                let least = if from_day > 0 { from_day.min(days) } else { days };
                counted(of(&kind.stages()), least)
            }
        },
        // Money follows the days of a contract, and a year before and after are told apart by the day.
        QuestionKind::Budget(_) | QuestionKind::Payment(_) => {
            let items = kind.items().into_iter().flat_map(|item| of_events(&item.events));
            vec![(of(&kind.stages()).into_iter().chain(items).collect(), Days::Count(1))]
        }
        QuestionKind::Activity { series } => {
            let waits = series.iter().filter_map(|series| match &series.what {
                SeriesKind::Waiting { stage, until } => {
                    Some((of(&[&[*stage][..], until].concat()), Days::Order))
                }
                _ => None,
            });
            waits.collect()
        }
    }
}

/// The smallest number of days that a window tells apart: its length, and how far its ends lie from the index.
fn least_of((first, last): (i32, i32)) -> u32 {
    let length = last.saturating_sub(first).saturating_add(1).unsigned_abs();
    let ends = [first, last].into_iter().filter(|end| *end != 0).map(i32::unsigned_abs);
    ends.fold(length, u32::min)
}
