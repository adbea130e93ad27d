//! Follow-ups: whose referrals, what may be answered, and that a person can have permitted it.

use super::super::followup::{Followup, FollowupStatus};
use super::super::model::{BasisKind, Programme};
use super::super::question::Event;
use super::super::raw;
use super::Checker;
use crate::limits;
use crate::name::OrganisationId;

const MOST_DELAY_DAYS: u16 = 90;
const MOST_A_DAY: u32 = 100_000;

impl Checker<'_> {
    pub(super) fn followups(&mut self, raw: Vec<raw::Followup>, programme: &Programme) -> Vec<Followup> {
        self.unique("followup", raw.iter().map(|f| (f.id.get_ref().clone(), f.id.span())));
        let followups: Vec<Followup> = raw.into_iter().map(|raw| self.followup(raw, programme)).collect();
        self.unread_shares(&followups, programme);
        followups
    }

    fn followup(&mut self, raw: raw::Followup, programme: &Programme) -> Followup {
        let field = format!("followup.{}", raw.id.get_ref());
        let known = programme.purposes.iter().map(|purpose| purpose.id.clone());
        let purpose = self.resolve(&raw.purpose, &format!("{field}.purpose"), "purpose", known);
        let purpose = purpose.map(|at| &programme.purposes[at]);
        if purpose.is_some_and(|purpose| purpose.statistical) {
            let message = "follow-up is about one person: its purpose may not be statistical";
            self.wrong(raw.purpose.span(), format!("{field}.purpose"), message);
        }
        let bounds = [
            (
                "delay_days",
                raw.delay_days.span(),
                u32::from(*raw.delay_days.get_ref()),
                u32::from(MOST_DELAY_DAYS),
            ),
            ("new_per_30_days", raw.new_per_30_days.span(), *raw.new_per_30_days.get_ref(), MOST_A_DAY),
            ("lookups_per_day", raw.lookups_per_day.span(), *raw.lookups_per_day.get_ref(), MOST_A_DAY),
        ];
        for (name, span, value, most) in bounds {
            if !(1..=most).contains(&value) {
                self.wrong(span, format!("{field}.{name}"), format!("1 to {most} is expected"));
            }
        }
        let referrals = self.shown(&raw.referrals, &format!("{field}.referrals"), raw.id.span(), programme);
        for event in &referrals {
            let dataset = &programme.datasets[event.dataset];
            let at = format!("{field}.referrals");
            match dataset.basis(raw.purpose.get_ref()).map(|basis| basis.kind) {
                Some(BasisKind::Consent | BasisKind::Task) => {}
                Some(BasisKind::Statistics) => {
                    let message =
                        format!("{} is held for statistics, which may never feed follow-up", dataset.id);
                    self.wrong(raw.id.span(), at, message);
                }
                None => {
                    let message = format!("{} has no basis for {}", dataset.id, raw.purpose.get_ref());
                    self.wrong(raw.id.span(), at, message);
                }
            }
            let asks = |source: &u8| {
                let partner = OrganisationId::from(programme.partners[usize::from(*source)].id.clone());
                purpose.is_none_or(|purpose| purpose.recipients.contains(&partner))
            };
            if !dataset.partners.iter().filter(|at| usize::from(**at) < programme.partners.len()).any(asks) {
                let message =
                    format!("no partner that hands over {} is a recipient of the purpose", dataset.id);
                self.wrong(raw.id.span(), format!("{field}.referrals"), message);
            }
        }
        self.unique(&field, raw.statuses.iter().map(|s| (s.id.get_ref().clone(), s.id.span())));
        if raw.statuses.is_empty() || raw.statuses.len() > limits::MAX_QUESTION_PARTS {
            let message = format!("a follow-up has 1 to {} statuses", limits::MAX_QUESTION_PARTS);
            self.wrong(raw.id.span(), format!("{field}.status"), message);
        }
        let mut statuses = Vec::new();
        for status in raw.statuses {
            let at = format!("{field}.status.{}", status.id.get_ref());
            let events = self.shown(&status.events, &at, status.id.span(), programme);
            for event in &events {
                let dataset = &programme.datasets[event.dataset];
                let basis = dataset.basis(raw.purpose.get_ref()).map(|basis| basis.kind);
                if basis != Some(BasisKind::Consent) {
                    let message = format!(
                        "a status is told of those alone who said yes: {} needs consent as its basis for {}",
                        dataset.id,
                        raw.purpose.get_ref()
                    );
                    self.wrong(status.id.span(), &at, message);
                }
                let marked = event.filters.iter().any(|filter| {
                    let shareable = dataset.columns[filter.column].shareable.as_ref();
                    shareable.is_some_and(|s| filter.codes.iter().all(|code| s.codes.contains(code)))
                });
                if !marked {
                    let message = format!("{} does not mark these codes as shareable", dataset.id);
                    self.wrong(status.id.span(), &at, message);
                }
            }
            statuses.push(FollowupStatus {
                id: status.id.into_inner(),
                title: status.title,
                means: status.means,
                events,
            });
        }
        Followup {
            id: raw.id.into_inner(),
            title: raw.title,
            purpose: raw.purpose.into_inner(),
            referrals,
            delay_days: raw.delay_days.into_inner(),
            new_per_30_days: raw.new_per_30_days.into_inner(),
            lookups_per_day: raw.lookups_per_day.into_inner(),
            statuses,
        }
    }

    /// Rows that are referrals, or show a status: 1 and more kinds of them, and nothing summed.
    fn shown(
        &mut self,
        raw: &[raw::Event],
        field: &str,
        span: std::ops::Range<usize>,
        programme: &Programme,
    ) -> Vec<Event> {
        if raw.is_empty() || raw.len() > limits::MAX_QUESTION_EVENTS {
            self.wrong(span, field, format!("1 to {} events are expected", limits::MAX_QUESTION_EVENTS));
        }
        for measure in raw.iter().filter_map(|event| event.measure.as_ref()) {
            self.wrong(measure.span(), field, "an event of a follow-up has no measure: nothing is summed");
        }
        raw.iter().filter_map(|event| self.event(event, field, programme)).collect()
    }

    /// Nobody shares what nobody follows up on.
    fn unread_shares(&mut self, followups: &[Followup], programme: &Programme) {
        let told: Vec<&Event> =
            followups.iter().flat_map(|f| &f.statuses).flat_map(|status| &status.events).collect();
        for (d, dataset) in programme.datasets.iter().enumerate() {
            for (c, column) in dataset.columns.iter().enumerate() {
                let Some(shareable) = &column.shareable else { continue };
                let read = |code: &u8| {
                    let of = told.iter().filter(|event| event.dataset == d).flat_map(|event| &event.filters);
                    of.filter(|filter| filter.column == c).any(|filter| filter.codes.contains(code))
                };
                if !shareable.codes.iter().all(read) {
                    let message = "a code is shareable that no follow-up tells of: take it out";
                    let field = format!("dataset.{}.column.{}.shareable", dataset.id, column.id);
                    self.wrong(0..0, field, message);
                }
            }
        }
    }
}
