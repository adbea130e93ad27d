//! What one person's rows and events let be told to a partner.

use std::collections::BTreeMap;

use super::request::Told;
use super::sheet::{OwnRow, ShownRow};
use crate::clock::Day;
use crate::consent::{AsOf, Known, Permission, Use, fold, last_day};
use crate::name::OrganisationId;
use crate::programme::{BasisKind, Followup, Programme};

/// Who asks what, at which moment.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The programme.
    pub programme: &'a Programme,
    /// The follow-up.
    pub followup: &'a Followup,
    /// Position of the partner that asks.
    pub source: u8,
    /// The same, as a recipient.
    pub recipient: OrganisationId,
    /// The moment.
    pub as_of: AsOf,
}

impl Asked<'_> {
    /// Asks about the rows of a source; `None` where the dataset does not rest on consent for the purpose.
    fn folded<T>(&self, source: u8, dataset: usize, with: impl FnOnce(&Use<'_>) -> T) -> Option<T> {
        let (purpose, recipient) = (&self.followup.purpose, &self.recipient);
        let dataset = &self.programme.datasets[dataset];
        let basis = dataset.basis(purpose).filter(|basis| basis.kind == BasisKind::Consent)?;
        Some(with(&Use { source, purpose, recipient, dataset: &dataset.id, longest: basis.use_days }))
    }

    /// Whether a referral may be read for this: under consent, the person's yes to the partner that asks.
    fn referral_permitted(&self, row: OwnRow, events: &[Known]) -> bool {
        let basis = self.programme.datasets[row.dataset].basis(&self.followup.purpose);
        match basis.map(|basis| basis.kind) {
            None | Some(BasisKind::Statistics) => false,
            Some(BasisKind::Task) => true,
            Some(BasisKind::Consent) => {
                let folded = self.folded(self.source, row.dataset, |asked| fold(events, asked, self.as_of));
                folded.is_some_and(|permission| permission.allows(row.day))
            }
        }
    }
}

/// What is told of one person. `own` are the referrals by the partner that asks, `counts` whether they count yet, `shown` what rows of anybody show,
/// `events` everything that is known of the person's consent, `own_events` what the partner that asks knows of it itself.
///
/// A status is told when a row of another partner shows it, on the day of the first referral that may be read or later,
/// and that partner has recorded the person's yes for the purpose, for the partner that asks, for that day. The work is
/// the same whether anything may be told or not.
#[must_use]
pub fn tell(
    asked: &Asked<'_>,
    own: &[OwnRow],
    counts: bool,
    shown: &[ShownRow],
    events: &[Known],
    own_events: &[Known],
) -> Told {
    let permitted = own.iter().filter(|row| asked.referral_permitted(**row, events));
    let referred = permitted.map(|row| row.day).min();
    let mut permissions: BTreeMap<(u8, usize), Permission> = BTreeMap::new();
    let mut seen = vec![false; asked.followup.statuses.len()];
    for row in shown.iter().filter(|row| row.source != asked.source) {
        let permission = permissions.entry((row.source, row.dataset)).or_insert_with(|| {
            let folded = asked.folded(row.source, row.dataset, |of| fold(events, of, asked.as_of));
            folded.unwrap_or_else(Permission::none)
        });
        seen[row.status] |=
            counts && referred.is_some_and(|day| day <= row.day) && permission.allows(row.day);
    }
    let statuses = asked.followup.statuses.iter().zip(seen).filter(|(_, seen)| *seen);
    Told {
        statuses: statuses.map(|(status, _)| status.id.clone()).collect(),
        consent_ends: ends(asked, own_events),
    }
}

/// The last day of the partner's own permission: of the dataset of referrals where it ends first.
fn ends(asked: &Asked<'_>, own_events: &[Known]) -> Option<Day> {
    let referring = asked.followup.referring();
    let handed =
        referring.iter().filter(|at| asked.programme.datasets[**at].partners.contains(&asked.source));
    let ends = handed.filter_map(|at| {
        asked.folded(asked.source, *at, |of| last_day(own_events, of, asked.as_of)).flatten()
    });
    ends.min()
}
