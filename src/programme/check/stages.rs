//! Stages, and the rows that count as their events.

use toml::Spanned;

use super::super::model::{Measure, Programme, Role};
use super::super::question::{Event, Filter, Stage};
use super::super::raw;
use super::Checker;
use crate::limits;
use crate::name::{CodeId, ColumnId};

impl Checker<'_> {
    pub(super) fn stages(&mut self, raw: Vec<raw::Stage>, programme: &Programme) -> Vec<Stage> {
        self.unique("stage", raw.iter().map(|s| (s.id.get_ref().clone(), s.id.span())));
        let mut stages = Vec::new();
        for stage in raw {
            let field = format!("stage.{}", stage.id.get_ref());
            if stage.events.is_empty() || stage.events.len() > limits::MAX_QUESTION_EVENTS {
                let message = format!("a stage has 1 to {} events", limits::MAX_QUESTION_EVENTS);
                self.wrong(stage.id.span(), &field, message);
            }
            for event in &stage.events {
                if let Some(measure) = &event.measure {
                    self.wrong(measure.span(), &field, "an event of a stage has no measure: only sums do");
                }
            }
            let events = stage.events.iter().filter_map(|event| self.event(event, &field, programme));
            let events = events.collect();
            stages.push(Stage { id: stage.id.into_inner(), title: stage.title, events });
        }
        stages
    }

    /// Rows of a dataset: all, those with codes of `column`, or those that pass every filter of `where`.
    pub(super) fn event(&mut self, raw: &raw::Event, field: &str, programme: &Programme) -> Option<Event> {
        let known = programme.datasets.iter().map(|d| d.id.clone());
        let dataset = self.resolve(&raw.dataset, field, "dataset", known)?;
        let mut filters = Vec::new();
        match (&raw.column, &raw.codes) {
            (Some(column), Some(codes)) => {
                filters.extend(self.filter(dataset, column, codes, field, programme));
            }
            (None, None) => {}
            _ => self.wrong(raw.dataset.span(), field, "column and codes go together"),
        }
        if raw.column.is_some() && !raw.filters.is_empty() {
            let message = "either column and codes, or where with several of them";
            self.wrong(raw.dataset.span(), field, message);
        }
        let columns = raw.filters.iter().map(|f| (f.column.get_ref().clone(), f.column.span()));
        self.unique(&format!("{field}.where"), columns);
        for filter in &raw.filters {
            filters.extend(self.filter(dataset, &filter.column, &filter.codes, field, programme));
        }
        Some(Event { dataset, filters })
    }

    fn filter(
        &mut self,
        dataset: usize,
        column: &Spanned<ColumnId>,
        codes: &[Spanned<CodeId>],
        field: &str,
        programme: &Programme,
    ) -> Option<Filter> {
        let at = self.column_of(dataset, column, field, programme)?;
        let Role::Category { list } = programme.datasets[dataset].columns[at].role else {
            self.wrong(column.span(), field, "a stage is codes of a category column");
            return None;
        };
        if codes.is_empty() {
            self.wrong(column.span(), field, "name at least one code, or leave the column out");
        }
        Some(Filter { column: at, codes: self.codes(list, codes, field, programme) })
    }

    /// A measure column that may be summed: R11 sums nothing negative.
    pub(super) fn summed<'p>(
        &mut self,
        dataset: usize,
        column: &Spanned<ColumnId>,
        field: &str,
        programme: &'p Programme,
    ) -> Option<(usize, &'p Measure)> {
        let at = self.column_of(dataset, column, field, programme)?;
        let Role::Measure(measure) = &programme.datasets[dataset].columns[at].role else {
            self.wrong(column.span(), field, "only a measure can be summed");
            return None;
        };
        if measure.min < 0 {
            self.wrong(column.span(), field, "only a measure with min 0 or more can be summed");
        }
        Some((at, measure))
    }
}
