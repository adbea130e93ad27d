//! The rows of a snapshot that follow-ups are about: referrals, and what became of those who were referred.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::clock::Day;
use crate::name::OrganisationId;
use crate::programme::{Event, Followup, Programme};
use crate::snapshot::{Columns, Snapshot};

/// A referral's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnRow {
    /// Position of the dataset.
    pub dataset: usize,
    /// Day of the referral.
    pub day: Day,
}

/// A row that shows a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShownRow {
    /// Position of the status in the follow-up's list.
    pub status: usize,
    /// Position of the partner whose row it is.
    pub source: u8,
    /// Position of the dataset.
    pub dataset: usize,
    /// Day of the event.
    pub day: Day,
}

/// What a snapshot holds for all follow-ups of a programme. No `Debug`: it is persons' rows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    followups: Vec<Rows>,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Rows {
    /// Referrals by partner and person.
    own: FxHashMap<(u8, u32), Vec<OwnRow>>,
    /// What is shown of those who were referred, by person.
    shown: FxHashMap<u32, Vec<ShownRow>>,
}

/// Whether a partner may ask: it hands over referrals, and the purpose is for it.
#[must_use]
pub fn may_ask(programme: &Programme, followup: &Followup, source: u8) -> bool {
    let Some(partner) = programme.partners.get(usize::from(source)) else { return false };
    let organisation = OrganisationId::from(partner.id.clone());
    let recipient =
        programme.purpose(&followup.purpose).is_some_and(|p| p.recipients.contains(&organisation));
    recipient && followup.referring().iter().any(|at| programme.datasets[*at].partners.contains(&source))
}

impl Sheet {
    /// Positions of the datasets that it is made of, ascending.
    #[must_use]
    pub fn datasets(programme: &Programme) -> Vec<usize> {
        let of = |followup: &Followup| [followup.referring(), followup.showing()].concat();
        let mut datasets: Vec<usize> = programme.followups.iter().flat_map(of).collect();
        datasets.sort_unstable();
        datasets.dedup();
        datasets
    }

    /// Reads a snapshot in which these datasets are loaded.
    #[must_use]
    pub fn of(programme: &Programme, snapshot: &Snapshot) -> Sheet {
        let followups = programme.followups.iter().map(|followup| {
            let mut rows = Rows::default();
            let asks: Vec<bool> =
                (0u8..).take(programme.partners.len()).map(|at| may_ask(programme, followup, at)).collect();
            for event in &followup.referrals {
                each_row(snapshot, event, 1..=snapshot.persons, |person, source, day| {
                    if asks.get(usize::from(source)).copied().unwrap_or(false) {
                        let row = OwnRow { dataset: event.dataset, day };
                        rows.own.entry((source, person)).or_default().push(row);
                    }
                });
            }
            let mut referred: Vec<u32> = rows.own.keys().map(|(_, person)| *person).collect();
            referred.sort_unstable();
            referred.dedup();
            for (status, of_status) in followup.statuses.iter().enumerate() {
                for event in &of_status.events {
                    each_row(snapshot, event, referred.iter().copied(), |person, source, day| {
                        let row = ShownRow { status, source, dataset: event.dataset, day };
                        rows.shown.entry(person).or_default().push(row);
                    });
                }
            }
            tidy(&mut rows.own);
            tidy(&mut rows.shown);
            rows
        });
        Sheet { followups: followups.collect() }
    }

    /// The first day on which each partner that may ask referred each person.
    #[must_use]
    pub fn referred(&self, followup: usize) -> BTreeMap<(u8, u32), Day> {
        let own = self.followups.get(followup).into_iter().flat_map(|rows| &rows.own);
        own.filter_map(|(of, rows)| Some((*of, rows.iter().map(|row| row.day).min()?))).collect()
    }

    /// The referrals of a person at a partner.
    #[must_use]
    pub fn own(&self, followup: usize, source: u8, person: u32) -> &[OwnRow] {
        let rows = self.followups.get(followup).and_then(|rows| rows.own.get(&(source, person)));
        rows.map_or(&[], Vec::as_slice)
    }

    /// What is shown of a person, whoever's rows show it.
    #[must_use]
    pub fn shown(&self, followup: usize, person: u32) -> &[ShownRow] {
        self.followups.get(followup).and_then(|rows| rows.shown.get(&person)).map_or(&[], Vec::as_slice)
    }
}

fn tidy<K, T: Ord>(rows: &mut FxHashMap<K, Vec<T>>) {
    for rows in rows.values_mut() {
        rows.sort_unstable();
        rows.dedup();
        rows.shrink_to_fit();
    }
}

/// The rows of an event: person, source, day.
fn each_row(
    snapshot: &Snapshot,
    event: &Event,
    persons: impl Iterator<Item = u32>,
    mut each: impl FnMut(u32, u8, Day),
) {
    let Some(columns) = snapshot.datasets.get(event.dataset) else { return };
    let columns: &Columns = columns;
    let filters: Vec<(&[u8], &[u8])> = event
        .filters
        .iter()
        .map(|filter| {
            let values = columns.categories.get(filter.column).and_then(Option::as_deref).unwrap_or(&[]);
            (values, filter.codes.as_slice())
        })
        .collect();
    for person in persons {
        for row in columns.rows(person) {
            let fits = |(values, codes): &(&[u8], &[u8])| values.get(row).is_some_and(|v| codes.contains(v));
            if filters.iter().all(fits) {
                each(person, columns.source[row], Day::from_days(columns.day[row]));
            }
        }
    }
}
