//! What each kind of question has of its own, a file for each group of kinds.

mod activity;
mod change;
mod conditions;
mod contracts;
mod sums;
mod ways;

use toml::Spanned;

use super::super::model::Programme;
use super::super::question::QuestionKind;
use super::super::raw::{self, KindWord, ViewWord};
use super::Checker;
use crate::limits;
use crate::name::{CodeId, DatasetId, StageId};

/// A question that is being read.
pub(super) struct Asked<'a> {
    pub raw: &'a raw::Question,
    /// `question.ID`.
    pub field: String,
    pub programme: &'a Programme,
}

impl Asked<'_> {
    /// The path of one of its fields.
    pub(super) fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.field)
    }
}

impl Checker<'_> {
    /// Reads the fields of a kind. Nothing, where a reference does not resolve or a needed field is missing: the
    /// finding is made.
    pub(super) fn kind(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let raw = asked.raw;
        match *raw.kind.get_ref() {
            KindWord::Reach => Some(QuestionKind::Reach { datasets: self.read_datasets(asked)? }),
            KindWord::Overlap => Some(QuestionKind::Overlap { datasets: self.read_datasets(asked)? }),
            KindWord::Funnel => self.funnel(asked),
            KindWord::Attrition => self.attrition(asked),
            KindWord::TimeTo => self.follow_up(asked, 0),
            KindWord::Repeat => self.follow_up(asked, 1),
            KindWord::Criteria | KindWord::Share | KindWord::Fidelity => self.criteria(asked),
            KindWord::Change => self.change(asked),
            KindWord::Amount => self.amount(asked),
            KindWord::Comparison => self.comparison(asked),
            KindWord::Budget => self.budget(asked),
            KindWord::Payment => self.payment(asked),
            KindWord::Activity => self.activity(asked),
            KindWord::Consents => Some(QuestionKind::Consents),
            KindWord::Quality => {
                let columns = raw.completeness.iter().flatten();
                let at = asked.at("completeness");
                let completeness =
                    columns.filter_map(|c| self.column_ref(&c.dataset, &c.column, &at, asked.programme));
                Some(QuestionKind::Quality { completeness: completeness.collect() })
            }
        }
    }

    /// A field that the kind cannot do without.
    fn needed<'a, T>(
        &mut self,
        asked: &Asked<'_>,
        value: Option<&'a Spanned<T>>,
        name: &str,
    ) -> Option<&'a Spanned<T>> {
        if value.is_none() {
            let message = format!("a question of kind {} has it", asked.raw.kind.get_ref().word());
            self.wrong(asked.raw.id.span(), asked.at(name), message);
        }
        value
    }

    fn stage(&mut self, asked: &Asked<'_>, stage: &Spanned<StageId>, name: &str) -> Option<usize> {
        let known = asked.programme.stages.iter().map(|s| s.id.clone());
        self.resolve(stage, &asked.at(name), "stage", known)
    }

    /// The position of a stage that must be named.
    fn needed_stage(
        &mut self,
        asked: &Asked<'_>,
        stage: Option<&Spanned<StageId>>,
        name: &str,
    ) -> Option<usize> {
        let stage = self.needed(asked, stage, name)?;
        self.stage(asked, stage, name)
    }

    /// The stages of a list, each named once.
    fn stage_list(
        &mut self,
        asked: &Asked<'_>,
        list: Option<&Spanned<Vec<Spanned<StageId>>>>,
        name: &str,
    ) -> Vec<usize> {
        let stages = list.map_or(&[][..], |list| list.get_ref());
        self.unique(&asked.at(name), stages.iter().map(|s| (s.get_ref().clone(), s.span())));
        stages.iter().filter_map(|stage| self.stage(asked, stage, name)).collect()
    }

    fn dataset_of(&mut self, asked: &Asked<'_>, dataset: &Spanned<DatasetId>, name: &str) -> Option<usize> {
        let known = asked.programme.datasets.iter().map(|d| d.id.clone());
        self.resolve(dataset, &asked.at(name), "dataset", known)
    }

    /// A window of days from the index.
    fn window(&mut self, asked: &Asked<'_>, window: &Spanned<[i32; 2]>, name: &str) -> (i32, i32) {
        let [first, last] = *window.get_ref();
        let most = limits::MAX_FOLLOW_UP_DAYS;
        if first > last || first.unsigned_abs() > most || last.unsigned_abs() > most {
            let message = format!(
                "a window is [first, last] day from the index, first at most last, within {most} days of it"
            );
            self.wrong(window.span(), asked.at(name), message);
        }
        (first, last)
    }

    /// A number of days, from `least` on.
    fn number_of_days(&mut self, asked: &Asked<'_>, days: &Spanned<u32>, least: u32, name: &str) -> u32 {
        let most = limits::MAX_FOLLOW_UP_DAYS;
        if !(least..=most).contains(days.get_ref()) {
            self.wrong(days.span(), asked.at(name), format!("{least} to {most} days are allowed"));
        }
        *days.get_ref()
    }

    /// The parts of a question: 1 to a ceiling, ids unique.
    fn parts<'a>(&mut self, asked: &Asked<'_>, ids: impl Iterator<Item = &'a Spanned<CodeId>>, name: &str) {
        let ids: Vec<_> = ids.map(|id| (id.get_ref().clone(), id.span())).collect();
        if ids.is_empty() || ids.len() > limits::MAX_QUESTION_PARTS {
            let kind = asked.raw.kind.get_ref().word();
            let message =
                format!("a question of kind {kind} has 1 to {} of them", limits::MAX_QUESTION_PARTS);
            self.wrong(asked.raw.id.span(), asked.at(name), message);
        }
        self.unique(&asked.at(name), ids.into_iter());
    }

    /// The view chosen, or the first of those that the kind has.
    fn view<T: Copy>(&mut self, asked: &Asked<'_>, views: &[(ViewWord, &str, T)]) -> T {
        let Some(chosen) = &asked.raw.view else { return views[0].2 };
        if let Some((.., view)) = views.iter().find(|(word, ..)| word == chosen.get_ref()) {
            return *view;
        }
        let words: Vec<_> = views.iter().map(|(_, word, _)| *word).collect();
        let kind = asked.raw.kind.get_ref().word();
        let message = format!("kind {kind} has the views {}", words.join(", "));
        self.wrong(chosen.span(), asked.at("view"), message);
        views[0].2
    }
}
