//! Questions: what every kind has. What each kind has of its own is in [`super::kinds`].

use super::super::model::{BasisKind, DimensionSource, Programme, Role};
use super::super::question::{Audience, Question, QuestionKind, Test, Unit};
use super::super::raw;
use super::Checker;
use super::kinds::Asked;
use crate::limits;

/// The purpose whose consent lets successes be counted exactly.
pub(super) const PAYMENT: &str = "payment";

impl Checker<'_> {
    /// The questions, and whether all could be read.
    pub(super) fn questions(
        &mut self,
        raw: Vec<raw::Question>,
        programme: &Programme,
    ) -> (Vec<Question>, bool) {
        self.unique("question", raw.iter().map(|q| (q.id.get_ref().clone(), q.id.span())));
        let asked = raw.len();
        let questions: Vec<_> =
            raw.iter().filter_map(|question| self.question(question, programme)).collect();
        let whole = questions.len() == asked;
        (questions, whole)
    }

    fn question(&mut self, raw: &raw::Question, programme: &Programme) -> Option<Question> {
        let asked = Asked { raw, field: format!("question.{}", raw.id.get_ref()), programme };
        let purposes = programme.purposes.iter().map(|p| p.id.clone());
        self.resolve(&raw.purpose, &asked.at("purpose"), "purpose", purposes);
        if raw.number.trim().is_empty() {
            self.wrong(raw.id.span(), asked.at("number"), "give its number in the catalogue, such as Q1");
        }
        let dimensions = raw.dimensions.iter().filter_map(|d| {
            let known = programme.dimensions.iter().map(|d| d.id.clone());
            self.resolve(d, &asked.at("dimensions"), "dimension", known)
        });
        let dimensions = dimensions.collect();
        let populations = raw.populations.iter().filter_map(|p| {
            let known = programme.populations.iter().map(|p| p.id.clone());
            self.resolve(p, &asked.at("populations"), "population", known)
        });
        let populations = populations.collect();
        let word = *raw.kind.get_ref();
        for (name, span) in raw.given() {
            if !word.takes().contains(&name) {
                let takes = match word.takes() {
                    [] => "it has no fields of its own".to_owned(),
                    takes => format!("its own fields are {}", takes.join(", ")),
                };
                self.wrong(span, asked.at(name), format!("kind {} does not have it; {takes}", word.word()));
            }
        }
        let kind = self.kind(&asked)?;
        let question = Question {
            id: raw.id.get_ref().clone(),
            number: raw.number.clone(),
            title: raw.title.clone(),
            definition: raw.definition.clone(),
            purpose: raw.purpose.get_ref().clone(),
            unit: raw.unit.as_ref().map(|unit| *unit.get_ref()).unwrap_or_default(),
            audience: raw.audience.as_ref().map(|audience| *audience.get_ref()).unwrap_or_default(),
            standing: raw.standing.as_ref().is_some_and(|standing| *standing.get_ref()),
            dimensions,
            populations,
            kind,
        };
        self.unit(&asked, &question);
        self.audience(&asked, &question);
        self.bases_of(&asked, &question);
        self.ceilings(&asked, &question);
        self.own_cells(&asked, &question);
        Some(question)
    }

    /// Codes that a kind has for cells of its own, dimensions that it cannot be broken down by, and lists that nobody
    /// could read.
    fn own_cells(&mut self, asked: &Asked<'_>, question: &Question) {
        let (programme, span) = (asked.programme, asked.raw.id.span());
        let of_dimension = |dimension: usize| match programme.dimensions[dimension].source {
            DimensionSource::Columns { list, .. } => Some(list),
            DimensionSource::Partner | DimensionSource::Quarter => None,
        };
        let (at, list, own): (&str, Option<usize>, &[&str]) = match &question.kind {
            QuestionKind::Attrition { reason, .. } => {
                ("reason", reason.and_then(of_dimension), &["not-left"])
            }
            QuestionKind::Change(change) => {
                let column = &programme.datasets[change.dataset].columns[change.value];
                let list = match column.role {
                    Role::Category { list } => Some(list),
                    _ => None,
                };
                ("value", list, &["base", "answered"])
            }
            QuestionKind::Activity { .. } => {
                let quarter =
                    |dimension: &&usize| programme.dimensions[**dimension].source == DimensionSource::Quarter;
                if let Some(dimension) = question.dimensions.iter().find(quarter) {
                    let message = format!(
                        "activity is by quarter already: take {} out",
                        programme.dimensions[*dimension].id
                    );
                    self.wrong(span, asked.at("dimensions"), message);
                }
                return;
            }
            QuestionKind::Criteria(criteria) => {
                for condition in &criteria.conditions {
                    let Test::Trained { trained: (dataset, _), .. } = condition.test else { continue };
                    let dataset = &programme.datasets[dataset];
                    if dataset.basis(&question.purpose).is_some_and(|basis| basis.kind == BasisKind::Consent)
                    {
                        let message = format!(
                            "{} rests on consent, which rows without a person never have: a list of staff rests on a task or on statistics",
                            dataset.id
                        );
                        self.wrong(span.clone(), asked.at(&format!("{}.trained_in", condition.id)), message);
                    }
                }
                return;
            }
            _ => return,
        };
        let codes = list.map(|list| &programme.code_lists[list].codes[..]).unwrap_or_default();
        if let Some(code) = codes.iter().find(|code| own.contains(&code.id.as_str())) {
            let message = format!("the answer has a cell {} of its own: give the code another name", code.id);
            self.wrong(span, asked.at(at), message);
        }
    }

    /// A pair needs rows with two persons, a case rows with a case number.
    fn unit(&mut self, asked: &Asked<'_>, question: &Question) {
        let Some(span) = asked.raw.unit.as_ref().map(toml::Spanned::span) else { return };
        if matches!(question.kind, QuestionKind::Quality { .. } | QuestionKind::Consents)
            && question.unit != Unit::Person
        {
            let message = "consents and linkage quality are of persons";
            self.wrong(span.clone(), asked.at("unit"), message);
        }
        let (needed, role) = match question.unit {
            Unit::Person => return,
            Unit::Pair => ("related_person", Role::RelatedPerson),
            Unit::Case => ("case", Role::Case),
        };
        for dataset in index_datasets(question, asked.programme) {
            let dataset = &asked.programme.datasets[dataset];
            if dataset.position(|of| *of == role).is_none() {
                let message = format!("{} is read for its units and has no {needed} column", dataset.id);
                self.wrong(span.clone(), asked.at("unit"), message);
            }
        }
    }

    fn audience(&mut self, asked: &Asked<'_>, question: &Question) {
        let span = asked.raw.audience.as_ref().map_or(asked.raw.id.span(), toml::Spanned::span);
        let at = asked.at("audience");
        if question.audience == Audience::Payers && asked.programme.payers.is_empty() {
            self.wrong(span, at, "the programme has no payers: name them in roles.payers");
        } else if matches!(question.kind, QuestionKind::Payment(_)) && question.audience != Audience::Payers {
            self.wrong(span, at, "a statement goes to the payers: audience = \"payers\"");
        }
    }

    /// Every dataset read has a basis for the purpose; a payment rests on no statistics, and an exact one on consent.
    fn bases_of(&mut self, asked: &Asked<'_>, question: &Question) {
        let span = asked.raw.purpose.span();
        if let QuestionKind::Payment(payment) = &question.kind
            && payment.mode == super::super::PaymentMode::Verified
            && question.purpose.as_str() != PAYMENT
        {
            let message = "mode verified counts exactly, and only for the purpose payment";
            self.wrong(span.clone(), asked.at("purpose"), message);
        }
        if matches!(question.kind, QuestionKind::Quality { .. }) {
            return;
        }
        for dataset in asked.programme.datasets_of(question) {
            let dataset = &asked.programme.datasets[dataset];
            let Some(basis) = dataset.basis(&question.purpose) else {
                let message =
                    format!("{} has no legal basis for the purpose {}", dataset.id, question.purpose);
                self.wrong(asked.raw.id.span(), &asked.field, message);
                continue;
            };
            let QuestionKind::Payment(payment) = &question.kind else { continue };
            let message = match (payment.mode, basis.kind) {
                (_, BasisKind::Statistics) => "is held for statistics, and may never decide a payment",
                (super::super::PaymentMode::Verified, BasisKind::Task) => {
                    "does not rest on consent for the purpose payment, and mode verified counts exactly"
                }
                _ => continue,
            };
            self.wrong(span.clone(), asked.at("purpose"), format!("{} {message}", dataset.id));
        }
    }

    fn ceilings(&mut self, asked: &Asked<'_>, question: &Question) {
        let most = limits::MAX_QUESTION_EVENTS;
        let stages = question.kind.stages();
        if stages.len() > most {
            let message = format!("it names {} stages, and a question at most {most}", stages.len());
            self.wrong(asked.raw.id.span(), &asked.field, message);
        }
        let of_stages = stages.iter().flat_map(|stage| &asked.programme.stages[*stage].events);
        let of_items = question.kind.items().into_iter().flat_map(|item| &item.events);
        let mut events: Vec<&super::super::Event> = Vec::new();
        for event in of_stages.chain(of_items) {
            if !events.contains(&event) {
                events.push(event);
            }
        }
        for dataset in asked.programme.datasets_of(question) {
            let named = events.iter().filter(|event| event.dataset == dataset).count();
            if named > most {
                let dataset = &asked.programme.datasets[dataset].id;
                let message = format!("it names {named} different events of {dataset}, and may name {most}");
                self.wrong(asked.raw.id.span(), &asked.field, message);
            }
        }
    }
}

/// Positions of the datasets whose rows make a unit one of the question.
pub(super) fn index_datasets(question: &Question, programme: &Programme) -> Vec<usize> {
    let stages = match &question.kind {
        QuestionKind::Reach { datasets } | QuestionKind::Overlap { datasets } => return datasets.clone(),
        QuestionKind::Comparison(of) => of.cohorts.iter().map(|cohort| cohort.index).collect(),
        QuestionKind::Activity { .. } => question.kind.stages(),
        kind => kind.index().into_iter().collect(),
    };
    let events = stages.into_iter().flat_map(|stage| &programme.stages[stage].events);
    let mut datasets: Vec<usize> = events.map(|event| event.dataset).collect();
    datasets.sort_unstable();
    datasets.dedup();
    datasets
}
