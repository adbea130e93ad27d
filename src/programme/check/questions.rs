//! What may be asked: dimensions, populations, stages, questions, and whether every column is read by one.

use toml::Spanned;

use super::super::model::{Dimension, DimensionSource, Population, Programme, Role};
use super::super::question::{Audience, Event, Filter, Question, QuestionKind, Stage, Unit};
use super::super::raw;
use super::Checker;

impl Checker<'_> {
    pub(super) fn dimensions(&mut self, raw: Vec<raw::Dimension>, programme: &Programme) -> Vec<Dimension> {
        self.unique("dimension", raw.iter().map(|d| (d.id.get_ref().clone(), d.id.span())));
        let mut dimensions = Vec::new();
        for dimension in raw {
            let field = format!("dimension.{}", dimension.id.get_ref());
            if (dimension.kind == raw::DimensionWord::Column) == dimension.columns.is_empty() {
                let message = "a dimension of kind column names its columns, and no other kind does";
                self.wrong(dimension.id.span(), &field, message);
            }
            let source = match dimension.kind {
                raw::DimensionWord::Partner => DimensionSource::Partner,
                raw::DimensionWord::Quarter => DimensionSource::Quarter,
                raw::DimensionWord::Column => self.column_dimension(&dimension, &field, programme),
            };
            dimensions.push(Dimension { id: dimension.id.into_inner(), title: dimension.title, source });
        }
        dimensions
    }

    pub(super) fn column_dimension(
        &mut self,
        raw: &raw::Dimension,
        field: &str,
        programme: &Programme,
    ) -> DimensionSource {
        let mut columns: Vec<(usize, usize)> = Vec::new();
        let mut list = None;
        for reference in &raw.columns {
            let Some((dataset, column)) =
                self.column_ref(&reference.dataset, &reference.column, field, programme)
            else {
                continue;
            };
            let span = reference.column.span();
            let Role::Category { list: of } = programme.datasets[dataset].columns[column].role else {
                self.wrong(span, field, "only a category column can be a dimension");
                continue;
            };
            if *list.get_or_insert(of) != of {
                self.wrong(span.clone(), field, "all columns of a dimension share one list of codes");
            }
            if columns.iter().any(|(d, _)| *d == dataset) {
                self.wrong(span, field, "a dimension takes one column of a dataset");
                continue;
            }
            columns.push((dataset, column));
        }
        DimensionSource::Columns { list: list.unwrap_or(0), columns }
    }

    pub(super) fn populations(
        &mut self,
        raw: Vec<raw::Population>,
        programme: &Programme,
    ) -> Vec<Population> {
        self.unique("population", raw.iter().map(|p| (p.id.get_ref().clone(), p.id.span())));
        let mut populations = Vec::new();
        for population in raw {
            let field = format!("population.{}", population.id.get_ref());
            let known = programme.dimensions.iter().map(|d| d.id.clone());
            let Some(dimension) = self.resolve(&population.dimension, &field, "dimension", known) else {
                continue;
            };
            let DimensionSource::Columns { list, .. } = programme.dimensions[dimension].source else {
                self.wrong(
                    population.dimension.span(),
                    &field,
                    "a population is codes of a column dimension",
                );
                continue;
            };
            let codes = self.codes(list, &population.codes, &field, programme);
            if codes.is_empty() {
                self.wrong(population.id.span(), &field, "a population has at least one code");
            }
            populations.push(Population {
                id: population.id.into_inner(),
                title: population.title,
                dimension,
                codes,
            });
        }
        populations
    }

    pub(super) fn stages(&mut self, raw: Vec<raw::Stage>, programme: &Programme) -> Vec<Stage> {
        self.unique("stage", raw.iter().map(|s| (s.id.get_ref().clone(), s.id.span())));
        let mut stages = Vec::new();
        for stage in raw {
            let field = format!("stage.{}", stage.id.get_ref());
            let mut events = Vec::new();
            for event in &stage.events {
                let Some((dataset, column)) =
                    self.column_ref(&event.dataset, &event.column, &field, programme)
                else {
                    continue;
                };
                let Role::Category { list } = programme.datasets[dataset].columns[column].role else {
                    self.wrong(event.column.span(), &field, "a stage is codes of a category column");
                    continue;
                };
                let codes = self.codes(list, &event.codes, &field, programme);
                events.push(Event { dataset, filters: vec![Filter { column, codes }] });
            }
            if events.iter().all(|event| event.filters.iter().any(|filter| filter.codes.is_empty())) {
                self.wrong(stage.id.span(), &field, "a stage has at least one event with at least one code");
            }
            stages.push(Stage { id: stage.id.into_inner(), title: stage.title, events });
        }
        stages
    }

    pub(super) fn questions(&mut self, raw: Vec<raw::Question>, programme: &Programme) -> Vec<Question> {
        self.unique("question", raw.iter().map(|q| (q.id.get_ref().clone(), q.id.span())));
        raw.into_iter().filter_map(|question| self.question(question, programme)).collect()
    }

    pub(super) fn question(&mut self, raw: raw::Question, programme: &Programme) -> Option<Question> {
        let field = format!("question.{}", raw.id.get_ref());
        let span = raw.id.span();
        self.resolve(
            &raw.purpose,
            &format!("{field}.purpose"),
            "purpose",
            programme.purposes.iter().map(|p| p.id.clone()),
        );
        let mut positions =
            |list: &[Spanned<_>], at: &str, what: &str, known: &[crate::name::DimensionId]| {
                list.iter()
                    .filter_map(|r| self.resolve(r, &format!("{field}.{at}"), what, known.iter().cloned()))
                    .collect()
            };
        let dimension_ids = programme.dimensions.iter().map(|d| d.id.clone()).collect::<Vec<_>>();
        let dimensions: Vec<usize> = positions(&raw.dimensions, "dimensions", "dimension", &dimension_ids);
        let populations = raw
            .populations
            .iter()
            .filter_map(|p| {
                let known = programme.populations.iter().map(|p| p.id.clone());
                self.resolve(p, &format!("{field}.populations"), "population", known)
            })
            .collect();
        let datasets: Vec<usize> = raw
            .datasets
            .iter()
            .filter_map(|d| {
                let known = programme.datasets.iter().map(|d| d.id.clone());
                self.resolve(d, &format!("{field}.datasets"), "dataset", known)
            })
            .collect();
        let stages: Vec<usize> = raw
            .stages
            .iter()
            .filter_map(|s| {
                let known = programme.stages.iter().map(|s| s.id.clone());
                self.resolve(s, &format!("{field}.stages"), "stage", known)
            })
            .collect();
        let word = *raw.kind.get_ref();
        let takes_datasets = matches!(word, raw::QuestionWord::Reach | raw::QuestionWord::Overlap);
        if takes_datasets == raw.datasets.is_empty() {
            self.wrong(
                span.clone(),
                format!("{field}.datasets"),
                "reach and overlap name datasets, other kinds none",
            );
        }
        if (word == raw::QuestionWord::Funnel) != (raw.stages.len() >= 2) {
            self.wrong(
                span.clone(),
                format!("{field}.stages"),
                "a funnel names at least two stages, other kinds none",
            );
        }
        if word != raw::QuestionWord::Quality && !raw.completeness.is_empty() {
            self.wrong(
                span.clone(),
                format!("{field}.completeness"),
                "only a question of kind quality has it",
            );
        }
        let kind = match word {
            raw::QuestionWord::Reach => QuestionKind::Reach { datasets },
            raw::QuestionWord::Overlap => QuestionKind::Overlap { datasets },
            raw::QuestionWord::Funnel => QuestionKind::Funnel { stages, within: None },
            raw::QuestionWord::Quality => QuestionKind::Quality {
                completeness: raw
                    .completeness
                    .iter()
                    .filter_map(|r| self.column_ref(&r.dataset, &r.column, &field, programme))
                    .collect(),
            },
        };
        let question = Question {
            id: raw.id.into_inner(),
            number: raw.number,
            title: raw.title,
            definition: raw.definition,
            purpose: raw.purpose.into_inner(),
            unit: Unit::Person,
            audience: Audience::Evaluators,
            standing: false,
            dimensions,
            populations,
            kind,
        };
        if !matches!(question.kind, QuestionKind::Quality { .. }) {
            for dataset in programme.datasets_of(&question) {
                let dataset = &programme.datasets[dataset];
                if dataset.basis(&question.purpose).is_none() {
                    let message =
                        format!("{} has no legal basis for the purpose {}", dataset.id, question.purpose);
                    self.wrong(span.clone(), &field, message);
                }
            }
        }
        Some(question)
    }

    /// Nobody sends what nobody uses: every category, measure and staff column must be read by a question.
    /// Person, related person, case and date are read by all questions and by the disclosure rules.
    pub(super) fn unread_columns(&mut self, programme: &Programme) {
        let mut read: Vec<(usize, usize)> = Vec::new();
        for question in &programme.questions {
            let populations = question.populations.iter().map(|p| programme.populations[*p].dimension);
            for dimension in question.dimensions.iter().copied().chain(populations) {
                if let DimensionSource::Columns { columns, .. } = &programme.dimensions[dimension].source {
                    let datasets = programme.datasets_of(question);
                    read.extend(columns.iter().filter(|(dataset, _)| datasets.contains(dataset)));
                }
            }
            let events = question.kind.stages().into_iter().flat_map(|stage| &programme.stages[stage].events);
            for event in events {
                read.extend(event.filters.iter().map(|filter| (event.dataset, filter.column)));
            }
            if let QuestionKind::Quality { completeness } = &question.kind {
                read.extend(completeness);
            }
        }
        for (d, dataset) in programme.datasets.iter().enumerate() {
            for (c, column) in dataset.columns.iter().enumerate() {
                let always =
                    matches!(column.role, Role::Person | Role::RelatedPerson | Role::Case | Role::Date);
                if !always && !read.contains(&(d, c)) {
                    let message = "no registered question reads this column; nobody sends what nobody uses: take it out";
                    self.wrong(0..0, format!("dataset.{}.column.{}", dataset.id, column.id), message);
                }
            }
        }
    }
}
