//! A rating or scale at several moments.

use super::super::super::model::{Measure, Role};
use super::super::super::question::{Change, ChangeView, QuestionKind};
use super::super::super::raw::ViewWord;
use super::super::Checker;
use super::Asked;
use crate::limits;

impl Checker<'_> {
    pub(super) fn change(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let raw = asked.raw;
        let index = self.needed_stage(asked, raw.index.as_ref(), "index");
        let completed = raw.completed.as_ref().map(|stage| self.stage(asked, stage, "completed"));
        let view = self.view(
            asked,
            &[
                (ViewWord::Status, "status", ChangeView::Status),
                (ViewWord::Direction, "direction", ChangeView::Direction),
                (ViewWord::Mean, "mean", ChangeView::Mean),
            ],
        );
        let moment = self.needed(asked, raw.moment.as_ref(), "moment");
        let moments = self.needed(asked, raw.moments.as_ref(), "moments");
        let value = self.needed(asked, raw.value.as_ref(), "value");
        let dataset = self.needed(asked, raw.dataset.as_ref(), "dataset")?;
        let dataset = self.dataset_of(asked, dataset, "dataset")?;
        let programme = asked.programme;
        let columns = &programme.datasets[dataset].columns;

        let moment = moment.and_then(|column| {
            let at = self.column_of(dataset, column, &asked.at("moment"), programme)?;
            let Role::Category { list } = columns[at].role else {
                self.wrong(column.span(), asked.at("moment"), "the moment is a category column");
                return None;
            };
            Some((at, list))
        });
        let value = value.and_then(|column| {
            let at = self.column_of(dataset, column, &asked.at("value"), programme)?;
            if !matches!(columns[at].role, Role::Category { .. } | Role::Measure(_)) {
                self.wrong(column.span(), asked.at("value"), "a value is a category or a measure");
                return None;
            }
            Some(at)
        });
        let (moment, list) = moment?;
        let moments = moments?;
        self.unique(&asked.at("moments"), moments.get_ref().iter().map(|m| (m.get_ref().clone(), m.span())));
        if moments.get_ref().len() < 2 {
            let message = "name at least two moments, in order of time: the first is the baseline";
            self.wrong(moments.span(), asked.at("moments"), message);
        }
        let mut positions = Vec::new();
        for code in moments.get_ref() {
            positions.extend(self.codes(list, std::slice::from_ref(code), &asked.at("moments"), programme));
        }
        let value = value?;
        match &columns[value].role {
            Role::Measure(measure) => self.scale(asked, view, measure),
            _ => self.rating(asked, view),
        }
        let completed = match completed {
            Some(completed) => Some(completed?),
            None => None,
        };
        Some(QuestionKind::Change(Change {
            index: index?,
            completed,
            dataset,
            moment,
            moments: positions,
            value,
            bands: raw.bands.as_ref().map(|bands| bands.get_ref().clone()).unwrap_or_default(),
            least_change: raw.least_change.as_ref().map_or(1, |least| *least.get_ref()),
            view,
        }))
    }

    /// A category: its list is its order, and no sum of it is ever made.
    fn rating(&mut self, asked: &Asked<'_>, view: ChangeView) {
        let message = "the value is a rating, not a measure";
        if let Some(bands) = &asked.raw.bands {
            self.wrong(bands.span(), asked.at("bands"), message);
        }
        if let Some(least) = &asked.raw.least_change {
            self.wrong(least.span(), asked.at("least_change"), message);
        }
        if let Some(place) = asked.raw.view.as_ref().filter(|_| view == ChangeView::Mean) {
            self.wrong(place.span(), asked.at("view"), "a rating has no mean: status or direction");
        }
    }

    /// A measure: status has bands, direction the least change, a mean neither.
    fn scale(&mut self, asked: &Asked<'_>, view: ChangeView, measure: &Measure) {
        if view == ChangeView::Status {
            if let Some(bands) = self.needed(asked, asked.raw.bands.as_ref(), "bands") {
                let list = bands.get_ref();
                let inside = list.iter().all(|band| (measure.min..measure.max).contains(band));
                let ascending = list.windows(2).all(|pair| pair[0] < pair[1]);
                if list.is_empty() || list.len() > limits::MAX_QUESTION_PARTS || !inside || !ascending {
                    let message = format!(
                        "upper limits, ascending, from {} to below {}; the last band is open",
                        measure.min, measure.max
                    );
                    self.wrong(bands.span(), asked.at("bands"), message);
                }
            }
        } else if let Some(bands) = &asked.raw.bands {
            self.wrong(bands.span(), asked.at("bands"), "bands go with view status");
        }
        if view == ChangeView::Direction {
            if let Some(least) = self.needed(asked, asked.raw.least_change.as_ref(), "least_change") {
                let widest = measure.max.saturating_sub(measure.min);
                if !(1..=widest.max(1)).contains(least.get_ref()) {
                    let message = format!("1 to {widest}, in the measure's smallest unit");
                    self.wrong(least.span(), asked.at("least_change"), message);
                }
            }
        } else if let Some(least) = &asked.raw.least_change {
            self.wrong(least.span(), asked.at("least_change"), "the least change goes with view direction");
        }
    }
}
