//! How many persons a partner's own consent records leave where: by purpose and standing.
//!
//! Counted from the partner's own events and from nothing else: no alias, no event and no erasure of anybody else changes a
//! number. A person is a number as the partner sent it; two numbers of one person are two.

use super::{Reason, Service, ServiceError};
use crate::auth::Principal;
use crate::clock::Day;
use crate::consent::{AsOf, ConsentEvent, EventKind, Known, Use, fold};
use crate::name::PurposeId;
use crate::programme::Purpose;
use crate::store::StoreError;
use crate::token::Link;

/// Where a person stands with a purpose, by what one partner recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsentStanding {
    /// A yes permits use today: of a dataset, for a recipient.
    Permitted,
    /// A yes that begins later.
    Ahead,
    /// A yes that has run out.
    Ended,
    /// A yes taken back.
    Withdrawn,
    /// A no to the asking.
    Refused,
    /// A yes found not to be valid.
    Invalidated,
    /// Asked, and no answer recorded.
    Asked,
}

impl ConsentStanding {
    /// Every one, in the order in which they are shown.
    pub const ALL: [ConsentStanding; 7] = [
        ConsentStanding::Permitted,
        ConsentStanding::Ahead,
        ConsentStanding::Ended,
        ConsentStanding::Withdrawn,
        ConsentStanding::Refused,
        ConsentStanding::Invalidated,
        ConsentStanding::Asked,
    ];
}

/// Persons by where they stand with a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurposeNumbers {
    /// The purpose.
    pub purpose: PurposeId,
    /// Persons, in the order of [`ConsentStanding::ALL`].
    pub persons: [u64; ConsentStanding::ALL.len()],
}

/// A partner's own consent records in number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentNumbers {
    /// Events on record.
    pub events: u64,
    /// Persons they are about.
    pub persons: u64,
    /// By purpose, in the programme's order; those of which nothing was said are not among them.
    pub purposes: Vec<PurposeNumbers>,
}

impl Service {
    /// The caller's own consent records in number, as they stand today. Nothing is told of any one person.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn consent_numbers(&self, caller: &Principal) -> Result<ConsentNumbers, ServiceError> {
        let partner = self.partner(caller)?;
        let source = self.programme().source(&partner).ok_or(ServiceError::Refused(Reason::NotFound))?;
        let as_of = AsOf::known_then(self.now());
        let purposes = self.programme().purposes.iter();
        let mut numbers = ConsentNumbers {
            events: 0,
            persons: 0,
            purposes: purposes
                .map(|purpose| PurposeNumbers { purpose: purpose.id.clone(), persons: [0; 7] })
                .collect(),
        };
        let (mut of, mut events): (Option<Link>, Vec<Known>) = (None, Vec::new());
        self.store.for_each_consent_of(&partner, |link, event, recorded_at| {
            let event: ConsentEvent =
                serde_json::from_str(event).map_err(|_| StoreError::Damaged("a consent event"))?;
            if of.replace(link).is_some_and(|before| before != link) {
                self.count_person(source, &events, as_of, &mut numbers);
                events.clear();
            }
            numbers.events += 1;
            events.push(Known::new(source, &event, recorded_at));
            Ok(())
        })?;
        self.count_person(source, &events, as_of, &mut numbers);
        numbers.purposes.retain(|of| of.persons.iter().any(|persons| *persons > 0));
        Ok(numbers)
    }

    /// Counts a person with the events of one link.
    fn count_person(&self, source: u8, events: &[Known], as_of: AsOf, numbers: &mut ConsentNumbers) {
        if events.is_empty() {
            return;
        }
        numbers.persons += 1;
        for (purpose, counted) in self.programme().purposes.iter().zip(&mut numbers.purposes) {
            if let Some(standing) = self.standing_with(source, events, purpose, as_of) {
                let at = ConsentStanding::ALL.iter().position(|one| *one == standing);
                counted.persons[at.expect("all of them are listed")] += 1;
            }
        }
    }

    /// Where a person stands with a purpose; `None` where nothing was said of it.
    fn standing_with(
        &self,
        source: u8,
        events: &[Known],
        purpose: &Purpose,
        as_of: AsOf,
    ) -> Option<ConsentStanding> {
        let own = self.programme().datasets.iter().filter(|dataset| dataset.partners.contains(&source));
        let permits = own.into_iter().any(|dataset| {
            let basis = dataset.bases.iter().find(|basis| basis.purpose == purpose.id);
            let longest = basis.and_then(|basis| basis.use_days);
            purpose.recipients.iter().any(|recipient| {
                let (purpose, dataset) = (&purpose.id, &dataset.id);
                fold(events, &Use { source, purpose, recipient, dataset, longest }, as_of).gate()
            })
        });
        if permits {
            return Some(ConsentStanding::Permitted);
        }
        let about = |event: &&Known| {
            let all = event.kind().is_deny() && event.purposes().is_empty();
            all || event.purposes().contains(&purpose.id)
        };
        // At one moment a no comes after a yes, as in the fold.
        let last = |event: &&Known| (event.at(), event.kind().is_deny(), event.kind().as_str());
        let said = || events.iter().filter(about);
        let standing = |kind: EventKind, (from, _): (Day, Day)| match kind {
            EventKind::Given | EventKind::Renewed if from > as_of.day() => ConsentStanding::Ahead,
            EventKind::Given | EventKind::Renewed | EventKind::Expired => ConsentStanding::Ended,
            EventKind::Withdrawn => ConsentStanding::Withdrawn,
            EventKind::Refused => ConsentStanding::Refused,
            EventKind::Invalidated => ConsentStanding::Invalidated,
            EventKind::Requested => ConsentStanding::Asked,
        };
        let newest = said().max_by_key(last)?;
        // A yes that holds by its days and permits nothing is beaten by a no.
        let (from, to) = newest.valid();
        let holds = newest.kind().is_permit() && (from..=to).contains(&as_of.day());
        let deny = said().filter(|event| holds && event.kind().is_deny()).max_by_key(last);
        let decides = deny.unwrap_or(newest);
        Some(standing(decides.kind(), decides.valid()))
    }
}
