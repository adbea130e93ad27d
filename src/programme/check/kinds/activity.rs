//! Work done and waiting, quarter by quarter.

use super::super::super::model::Role;
use super::super::super::question::{QuestionKind, Series, SeriesKind};
use super::super::super::raw;
use super::super::Checker;
use super::Asked;

impl Checker<'_> {
    pub(super) fn activity(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let raw = asked.raw.series.as_deref().unwrap_or_default();
        self.parts(asked, raw.iter().map(|series| &series.id), "series");
        let series: Vec<_> = raw.iter().filter_map(|series| self.series(asked, series)).collect();
        (series.len() == raw.len()).then_some(QuestionKind::Activity { series })
    }

    fn series(&mut self, asked: &Asked<'_>, raw: &raw::Series) -> Option<Series> {
        let name = format!("series.{}", raw.id.get_ref());
        let given = [raw.new.is_some(), raw.active.is_some(), raw.waiting.is_some(), raw.staff.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            let message = "a series is one of: new; active; waiting with until; staff";
            self.wrong(raw.id.span(), asked.at(&name), message);
            return None;
        }
        if raw.waiting.is_some() != raw.until.is_some() {
            let message = "waiting and until go together: what begins the wait, and what ends it";
            self.wrong(raw.id.span(), asked.at(&name), message);
        }
        let what = if let Some(stage) = &raw.new {
            SeriesKind::New { stage: self.stage(asked, stage, &name)? }
        } else if let Some(stage) = &raw.active {
            SeriesKind::Active { stage: self.stage(asked, stage, &name)? }
        } else if let Some(stage) = &raw.waiting {
            let until = self.stage_list(asked, raw.until.as_ref(), &name);
            let stage = self.stage(asked, stage, &name)?;
            if until.is_empty() || until.contains(&stage) {
                let message = "a wait ends by at least one other stage";
                self.wrong(raw.id.span(), asked.at(&name), message);
            }
            SeriesKind::Waiting { stage, until }
        } else {
            let listed = raw.staff.as_ref()?;
            let datasets = listed.get_ref();
            self.unique(&asked.at(&name), datasets.iter().map(|d| (d.get_ref().clone(), d.span())));
            if datasets.is_empty() {
                self.wrong(listed.span(), asked.at(&name), "name at least one dataset");
            }
            let mut columns = Vec::new();
            for dataset in datasets {
                let Some(at) = self.dataset_of(asked, dataset, &name) else { continue };
                match asked.programme.datasets[at].position(|role| *role == Role::Staff) {
                    Some(column) => columns.push((at, column)),
                    None => {
                        let message = format!("{} has no staff column", dataset.get_ref());
                        self.wrong(dataset.span(), asked.at(&name), message);
                    }
                }
            }
            (columns.len() == datasets.len()).then_some(())?;
            SeriesKind::Staff { columns }
        };
        Some(Series { id: raw.id.get_ref().to_string(), title: raw.title.clone(), what })
    }
}
