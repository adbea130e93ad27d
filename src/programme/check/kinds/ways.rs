//! Who is reached, how far they come, and what happens after: reach, overlap, funnel, attrition, time to, repeat.

use super::super::super::model::DimensionSource;
use super::super::super::question::{FollowUp, QuestionKind, Since, View};
use super::super::super::raw::ViewWord;
use super::super::Checker;
use super::Asked;
use crate::limits;

impl Checker<'_> {
    pub(super) fn read_datasets(&mut self, asked: &Asked<'_>) -> Option<Vec<usize>> {
        let list = self.needed(asked, asked.raw.datasets.as_ref(), "datasets")?;
        let datasets = list.get_ref();
        self.unique(&asked.at("datasets"), datasets.iter().map(|d| (d.get_ref().clone(), d.span())));
        if datasets.is_empty() {
            self.wrong(list.span(), asked.at("datasets"), "name at least one dataset");
        }
        let found: Vec<_> = datasets.iter().filter_map(|d| self.dataset_of(asked, d, "datasets")).collect();
        (found.len() == datasets.len()).then_some(found)
    }

    /// Stages in order, of which the first is the index.
    fn way(&mut self, asked: &Asked<'_>, least: usize) -> Option<Vec<usize>> {
        let list = self.needed(asked, asked.raw.stages.as_ref(), "stages")?;
        let stages = self.stage_list(asked, Some(list), "stages");
        if list.get_ref().len() < least {
            let kind = asked.raw.kind.get_ref().word();
            let message = format!("a question of kind {kind} names at least {least} stage(s), in order");
            self.wrong(list.span(), asked.at("stages"), message);
        }
        (stages.len() >= least && stages.len() == list.get_ref().len()).then_some(stages)
    }

    pub(super) fn funnel(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let within = asked.raw.within_days.as_ref();
        let within = within.map(|days| self.number_of_days(asked, days, 1, "within_days"));
        Some(QuestionKind::Funnel { stages: self.way(asked, 2)?, within })
    }

    pub(super) fn attrition(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let stages = self.way(asked, 1);
        let exit = self.needed_stage(asked, asked.raw.exit.as_ref(), "exit");
        let reason = asked.raw.reason.as_ref().map(|reason| {
            let known = asked.programme.dimensions.iter().map(|d| d.id.clone());
            self.resolve(reason, &asked.at("reason"), "dimension", known).map(|at| (at, reason.span()))
        });
        let (stages, exit) = (stages?, exit?);
        if let Some(place) = asked.raw.exit.as_ref().filter(|_| stages.contains(&exit)) {
            self.wrong(place.span(), asked.at("exit"), "leaving is none of the stages on the way");
        }
        let Some(reason) = reason else {
            return Some(QuestionKind::Attrition { stages, exit, reason: None });
        };
        let (reason, span) = reason?;
        if let DimensionSource::Columns { columns, .. } = &asked.programme.dimensions[reason].source {
            for event in &asked.programme.stages[exit].events {
                if !columns.iter().any(|(dataset, _)| *dataset == event.dataset) {
                    let dataset = &asked.programme.datasets[event.dataset].id;
                    let message =
                        format!("leaving is a row of {dataset}, and the dimension has no column of it");
                    self.wrong(span.clone(), asked.at("reason"), message);
                }
            }
        } else {
            self.wrong(span, asked.at("reason"), "a reason is a dimension of kind column");
        }
        Some(QuestionKind::Attrition { stages, exit, reason: Some(reason) })
    }

    /// Kinds `time_to` (`from_day` 0) and `repeat` (1).
    pub(super) fn follow_up(&mut self, asked: &Asked<'_>, from_day: u32) -> Option<QuestionKind> {
        let raw = asked.raw;
        let index = self.needed_stage(asked, raw.index.as_ref(), "index");
        let outcome = self.needed_stage(asked, raw.outcome.as_ref(), "outcome");
        let via = raw.via.as_ref().map(|via| self.stage(asked, via, "via"));
        let ends = self.stage_list(asked, raw.ends.as_ref(), "ends");
        let view = self.view(
            asked,
            &[
                (ViewWord::Within, "within", View::Within),
                (ViewWord::Curve, "curve", View::Curve),
                (ViewWord::Rate, "rate", View::Rate),
                (ViewWord::BeforeAfter, "before_after", View::BeforeAfter),
            ],
        );
        let since = raw.since.as_ref().map(|since| *since.get_ref()).unwrap_or_default();
        let days = self.days(asked, view, from_day);
        if let Some(place) = raw.since.as_ref().filter(|_| since == Since::Previous && view != View::Within) {
            let message = "since = \"previous\" goes with view within alone";
            self.wrong(place.span(), asked.at("since"), message);
        }
        if view == View::BeforeAfter {
            if let Some(via) = &raw.via {
                let message = "nothing comes between in view before_after";
                self.wrong(via.span(), asked.at("via"), message);
            }
            if let Some(place) = raw.view.as_ref().filter(|_| from_day == 0) {
                let message = "before and after are days other than the index: kind repeat has the view before_after, time_to has not";
                self.wrong(place.span(), asked.at("view"), message);
            }
        }
        let (index, outcome) = (index?, outcome?);
        if let Some(place) = raw.outcome.as_ref().filter(|_| from_day == 0 && index == outcome) {
            let message =
                "the outcome is the index itself: always on day 0; kind repeat counts from the day after";
            self.wrong(place.span(), asked.at("outcome"), message);
        }
        if let Some(place) = raw.ends.as_ref().filter(|_| ends.contains(&outcome)) {
            self.wrong(place.span(), asked.at("ends"), "the outcome does not end its own follow-up");
        }
        let via = match via {
            Some(via) => Some(via?),
            None => None,
        };
        Some(QuestionKind::FollowUp(FollowUp { index, outcome, from_day, via, since, days, ends, view }))
    }

    fn days(&mut self, asked: &Asked<'_>, view: View, from_day: u32) -> Vec<u32> {
        if view == View::Rate {
            if let Some(days) = &asked.raw.days {
                self.wrong(days.span(), asked.at("days"), "view rate is of all follow-up: leave days out");
            }
            return Vec::new();
        }
        let Some(days) = self.needed(asked, asked.raw.days.as_ref(), "days") else { return Vec::new() };
        let list = days.get_ref();
        let (most, parts) = (limits::MAX_FOLLOW_UP_DAYS, limits::MAX_QUESTION_PARTS);
        let ascending = list.windows(2).all(|pair| pair[0] < pair[1]);
        // A curve begins on day 0 by itself.
        let from_day = if view == View::Curve { from_day.max(1) } else { from_day };
        let within = list.iter().all(|day| (from_day..=most).contains(day));
        if list.is_empty() || list.len() > parts || !ascending || !within {
            let message = format!("1 to {parts} numbers of days, ascending, from {from_day} to {most}");
            self.wrong(days.span(), asked.at("days"), message);
        }
        list.clone()
    }
}
