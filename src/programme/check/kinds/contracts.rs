//! What an effect is held against, and what it pays: comparison and payment.

use super::super::super::question::{Cohort, Comparison, Indicator, Outcome, Payment, QuestionKind};
use super::super::super::raw;
use super::super::Checker;
use super::Asked;
use crate::limits;

/// R16: an amount moves in tranches of at least so many successes.
const LEAST_TRANCHE: u32 = 5;
/// The code of everybody enrolled, beside the indicators'.
const ENROLLED: &str = "enrolled";

impl Checker<'_> {
    pub(super) fn comparison(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let raw = asked.raw;
        let listed = raw.cohorts.as_deref().unwrap_or_default();
        self.parts(asked, listed.iter().map(|cohort| &cohort.id), "cohort");
        if !matches!(listed.len(), 0 | 2) {
            let message = "exactly two cohorts: the programme's, and the one that it is held against";
            self.wrong(raw.id.span(), asked.at("cohort"), message);
        }
        let mut cohorts = Vec::new();
        for cohort in listed {
            let index = self.stage(asked, &cohort.index, &format!("cohort.{}.index", cohort.id.get_ref()));
            cohorts.extend(index.map(|index| Cohort {
                id: cohort.id.get_ref().to_string(),
                title: cohort.title.clone(),
                index,
            }));
        }
        let ends = self.stage_list(asked, raw.ends.as_ref(), "ends");
        let outcome = self.needed_stage(asked, raw.outcome.as_ref(), "outcome");
        let [first, second] = <[Cohort; 2]>::try_from(cohorts).ok()?;
        if first.index == second.index {
            let message = "both cohorts have the same index: nobody would be in the second";
            self.wrong(listed[1].index.span(), asked.at("cohort"), message);
        }
        let cohorts = [first, second];
        let outcome = self.outcome(asked, &cohorts, outcome?)?;
        Some(QuestionKind::Comparison(Comparison { cohorts, outcome, ends }))
    }

    /// Within a number of days after the index, or in the index row itself.
    fn outcome(&mut self, asked: &Asked<'_>, cohorts: &[Cohort; 2], stage: usize) -> Option<Outcome> {
        let raw = asked.raw;
        if raw.at_index.as_ref().is_none_or(|at| !at.get_ref()) {
            let days = self.needed(asked, raw.within_days.as_ref(), "within_days")?;
            let days = self.number_of_days(asked, days, 1, "within_days");
            let from_day = raw.from_day.as_ref().map_or(1, |day| *day.get_ref());
            if let Some(place) = raw.from_day.as_ref().filter(|_| from_day > days) {
                self.wrong(place.span(), asked.at("from_day"), "the first day lies after the last");
            }
            return Some(Outcome::Within { stage, from_day, days });
        }
        let others = [
            ("within_days", raw.within_days.as_ref().map(toml::Spanned::span)),
            ("from_day", raw.from_day.as_ref().map(toml::Spanned::span)),
            ("ends", raw.ends.as_ref().map(toml::Spanned::span)),
        ];
        for (name, span) in others {
            if let Some(span) = span {
                self.wrong(span, asked.at(name), "with at_index nobody is followed: leave it out");
            }
        }
        let programme = asked.programme;
        for event in cohorts.iter().flat_map(|cohort| &programme.stages[cohort.index].events) {
            if !programme.stages[stage].events.iter().any(|outcome| outcome.dataset == event.dataset) {
                let span = raw.outcome.as_ref().map_or(raw.id.span(), toml::Spanned::span);
                let dataset = &programme.datasets[event.dataset].id;
                let message = format!("an index row is one of {dataset}, and the outcome has no event of it");
                self.wrong(span, asked.at("outcome"), message);
            }
        }
        Some(Outcome::AtIndex { stage })
    }

    pub(super) fn payment(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let raw = asked.raw;
        let nobody = [
            ("dimensions", raw.dimensions.first().map(toml::Spanned::span)),
            ("populations", raw.populations.first().map(toml::Spanned::span)),
        ];
        for (name, span) in nobody {
            if let Some(span) = span {
                self.wrong(span, asked.at(name), "a statement is of the whole cohort, and of nothing less");
            }
        }
        if let Some(standing) = raw.standing.as_ref().filter(|standing| *standing.get_ref()) {
            let message = "a statement is made once, when a payer asks for it: leave it out";
            self.wrong(standing.span(), asked.at("standing"), message);
        }
        let index = self.needed_stage(asked, raw.index.as_ref(), "index");
        let tranche = self.needed(asked, raw.tranche.as_ref(), "tranche");
        let cap = self.needed(asked, raw.cap_oere.as_ref(), "cap_oere");
        let floor = raw.floor_oere.as_ref().map_or(0, |floor| *floor.get_ref());
        if let Some(tranche) = tranche.filter(|tranche| *tranche.get_ref() < LEAST_TRANCHE) {
            let message = format!("a tranche is at least {LEAST_TRANCHE} successes (rule R16)");
            self.wrong(tranche.span(), asked.at("tranche"), message);
        }
        if let (Some(place), Some(cap)) = (&raw.floor_oere, cap)
            && floor > *cap.get_ref()
        {
            self.wrong(place.span(), asked.at("floor_oere"), "the floor lies above the cap");
        }
        let listed = raw.indicators.as_deref().unwrap_or_default();
        self.parts(asked, listed.iter().map(|indicator| &indicator.id), "indicator");
        let (tranche, cap) = (tranche.map(|t| *t.get_ref()), cap.map(|c| *c.get_ref()));
        let indicators: Vec<_> =
            listed.iter().filter_map(|indicator| self.indicator(asked, indicator, tranche, cap)).collect();
        (indicators.len() == listed.len()).then_some(())?;
        let mode = raw.mode.as_ref().map(|mode| *mode.get_ref()).unwrap_or_default();
        Some(QuestionKind::Payment(Payment {
            index: index?,
            mode,
            tranche: tranche?,
            indicators,
            cap: cap?,
            floor,
        }))
    }

    fn indicator(
        &mut self,
        asked: &Asked<'_>,
        raw: &raw::Indicator,
        tranche: Option<u32>,
        whole_cap: Option<u64>,
    ) -> Option<Indicator> {
        let name = |field: &str| format!("indicator.{}.{field}", raw.id.get_ref());
        if raw.id.get_ref().as_str() == ENROLLED {
            let message = "it is the code of everybody enrolled: give the indicator another id";
            self.wrong(raw.id.span(), asked.at(&name("id")), message);
        }
        let success = self.stage(asked, &raw.success, &name("success"));
        let window = self.window(asked, &raw.window, &name("window"));
        if *raw.baseline_per_1000.get_ref() > 1000 {
            let message = "successes per 1,000 units that would have come anyhow: at most 1000";
            self.wrong(raw.baseline_per_1000.span(), asked.at(&name("baseline_per_1000")), message);
        }
        let (tariff, cap) = (*raw.tariff_oere.get_ref(), *raw.cap_oere.get_ref());
        // Nobody is more than once in a cohort, so this bounds every amount.
        let bounded = tariff.checked_mul(u64::from(limits::MAX_PERSONS));
        if tariff == 0 || bounded.is_none() {
            let most = u64::MAX / u64::from(limits::MAX_PERSONS);
            self.wrong(raw.tariff_oere.span(), asked.at(&name("tariff_oere")), format!("1 to {most} øre"));
        } else if tranche.is_some_and(|tranche| u64::from(tranche).saturating_mul(tariff) > cap) {
            let message = "one tranche is worth more than the cap: it would never be paid in full";
            self.wrong(raw.cap_oere.span(), asked.at(&name("cap_oere")), message);
        }
        if whole_cap.is_some_and(|whole| cap > whole) {
            let message = "the cap of one indicator lies above the cap over all";
            self.wrong(raw.cap_oere.span(), asked.at(&name("cap_oere")), message);
        }
        Some(Indicator {
            id: raw.id.get_ref().to_string(),
            title: raw.title.clone(),
            success: success?,
            window,
            baseline: *raw.baseline_per_1000.get_ref(),
            tariff,
            cap,
        })
    }
}
