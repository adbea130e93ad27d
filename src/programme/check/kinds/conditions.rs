//! Which conditions units meet: criteria, share, fidelity.

use toml::Spanned;

use super::super::super::model::{Programme, Role};
use super::super::super::question::{Condition, Criteria, QuestionKind, Test, Unit};
use super::super::super::raw;
use super::super::Checker;
use super::Asked;

impl Checker<'_> {
    pub(super) fn criteria(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let index = self.needed_stage(asked, asked.raw.index.as_ref(), "index");
        let raw = asked.raw.conditions.as_deref().unwrap_or_default();
        self.parts(asked, raw.iter().map(|condition| &condition.id), "condition");
        let conditions: Vec<_> =
            raw.iter().enumerate().filter_map(|(at, of)| self.condition(asked, of, &raw[..at])).collect();
        let index = index?;
        (conditions.len() == raw.len()).then_some(QuestionKind::Criteria(Criteria { index, conditions }))
    }

    fn condition(
        &mut self,
        asked: &Asked<'_>,
        raw: &raw::Condition,
        before: &[raw::Condition],
    ) -> Option<Condition> {
        let name = format!("condition.{}", raw.id.get_ref());
        let of = raw.of.as_ref().map(|of| self.stage(asked, of, &format!("{name}.of")));
        let tests = [
            raw.stage.is_some() && raw.trained_in.is_none(),
            raw.trained_in.is_some(),
            raw.delivered.is_some(),
            raw.all.is_some(),
        ];
        if tests.iter().filter(|given| **given).count() != 1 {
            let message = "a condition is one of: stage; stage and trained_in; delivered; all";
            self.wrong(raw.id.span(), asked.at(&name), message);
            return None;
        }
        if !tests[0] {
            let spans = [raw.window.as_ref().map(Spanned::span), raw.persons.as_ref().map(Spanned::span)];
            for span in spans.into_iter().flatten() {
                self.wrong(span, asked.at(&name), "window and persons go with a stage alone");
            }
        }
        let test = if let Some(trained) = &raw.trained_in {
            let stage = self.needed_stage(asked, raw.stage.as_ref(), &format!("{name}.stage"));
            let dataset = self.dataset_of(asked, trained, &format!("{name}.trained_in"));
            self.trained(asked, stage?, (dataset?, trained), &name)?
        } else if let Some(delivered) = &raw.delivered {
            self.delivered(asked, delivered, &name)?
        } else if let Some(all) = &raw.all {
            Test::All(self.earlier(asked, all, before, &name)?)
        } else {
            let window = raw.window.as_ref().map(|w| self.window(asked, w, &format!("{name}.window")));
            let persons = self.persons(asked, raw.persons.as_ref(), &name);
            let stage = self.needed_stage(asked, raw.stage.as_ref(), &format!("{name}.stage"))?;
            Test::Stage { stage, window, persons }
        };
        let of = match of {
            Some(of) => Some(of?),
            None => None,
        };
        Some(Condition { id: raw.id.get_ref().to_string(), title: raw.title.clone(), of, test })
    }

    fn persons(&mut self, asked: &Asked<'_>, persons: Option<&Spanned<u32>>, name: &str) -> u32 {
        let Some(persons) = persons else { return 1 };
        let most = match asked.raw.unit.as_ref().map(|unit| *unit.get_ref()).unwrap_or_default() {
            Unit::Person => 1,
            Unit::Pair => 2,
            Unit::Case => 100,
        };
        if !(1..=most).contains(persons.get_ref()) {
            let message = format!("1 to {most} persons of this question's unit");
            self.wrong(persons.span(), asked.at(&format!("{name}.persons")), message);
        }
        *persons.get_ref()
    }

    /// Conditions that stand before this one.
    fn earlier(
        &mut self,
        asked: &Asked<'_>,
        all: &Spanned<Vec<Spanned<crate::name::CodeId>>>,
        before: &[raw::Condition],
        name: &str,
    ) -> Option<Vec<usize>> {
        let at = asked.at(&format!("{name}.all"));
        let named = all.get_ref();
        self.unique(&at, named.iter().map(|id| (id.get_ref().clone(), id.span())));
        if named.len() < 2 {
            self.wrong(all.span(), &at, "name at least two earlier conditions");
        }
        let mut positions = Vec::new();
        for id in named {
            let known = before.iter().map(|condition| condition.id.get_ref().clone());
            positions.extend(self.resolve(id, &at, "earlier condition", known));
        }
        (positions.len() == named.len()).then_some(positions)
    }

    /// Staff of a stage's rows, held against a list of those trained: the same numbers of the same issuers.
    fn trained(
        &mut self,
        asked: &Asked<'_>,
        stage: usize,
        (dataset, place): (usize, &Spanned<crate::name::DatasetId>),
        name: &str,
    ) -> Option<Test> {
        let at = asked.at(&format!("{name}.trained_in"));
        let programme = asked.programme;
        let column = |dataset: usize| programme.datasets[dataset].position(|role| *role == Role::Staff);
        let mut datasets: Vec<_> = programme.stages[stage].events.iter().map(|event| event.dataset).collect();
        datasets.sort_unstable();
        datasets.dedup();
        let Some(list) = column(dataset) else {
            self.wrong(place.span(), at, format!("{} has no staff column", place.get_ref()));
            return None;
        };
        let issued = issuers(dataset, programme);
        let mut staff = Vec::new();
        for of in datasets {
            let id = &programme.datasets[of].id;
            match column(of) {
                Some(column) => staff.push((of, column)),
                None => self.wrong(place.span(), &at, format!("{id}, of the stage, has no staff column")),
            }
            if let Some(strange) = issuers(of, programme).iter().find(|issuer| !issued.contains(issuer)) {
                let message = format!(
                    "{id} has staff numbers of {strange}, and {} has none of them: they would never be found",
                    place.get_ref()
                );
                self.wrong(place.span(), &at, message);
            }
        }
        Some(Test::Trained { stage, staff, trained: (dataset, list) })
    }

    fn delivered(&mut self, asked: &Asked<'_>, raw: &raw::Delivered, name: &str) -> Option<Test> {
        let name = format!("{name}.delivered");
        let dataset = self.dataset_of(asked, &raw.dataset, &name)?;
        let done = self.summed(dataset, &raw.done, &asked.at(&name), asked.programme);
        let planned = self.summed(dataset, &raw.planned, &asked.at(&name), asked.programme);
        if !(1..=100).contains(raw.percent.get_ref()) {
            self.wrong(raw.percent.span(), asked.at(&name), "1 to 100 per cent of what was planned");
        }
        let ((done, of_done), (planned, of_planned)) = (done?, planned?);
        if of_done.decimals != of_planned.decimals || of_done.unit != of_planned.unit {
            let message = "done and planned have one unit and one number of decimals";
            self.wrong(raw.done.span(), asked.at(&name), message);
        }
        Some(Test::Sum { dataset, done, planned, percent: *raw.percent.get_ref() })
    }
}

/// Whose staff numbers a dataset has: its issuer's, else each sender's own.
fn issuers(dataset: usize, programme: &Programme) -> Vec<String> {
    let dataset = &programme.datasets[dataset];
    match &dataset.staff_issuer {
        Some(issuer) => vec![issuer.to_string()],
        None => {
            let partners = dataset.partners.iter().filter_map(|at| programme.partners.get(usize::from(*at)));
            partners.map(|partner| partner.id.to_string()).collect()
        }
    }
}
