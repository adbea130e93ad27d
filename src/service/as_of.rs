//! What a partner's own consent records permitted for a token at a moment, as known then or as known now.
//!
//! The answer comes from the partner's own events and from aliases that it proposed itself, and from nothing else: it is
//! the same whoever else knows the person, and a token that nobody has met is one of whom nothing was said.

use std::collections::BTreeSet;

use super::{Reason, Service, ServiceError};
use crate::auth::Principal;
use crate::clock::{Day, Timestamp};
use crate::consent::{
    AS_OF_CONTEXT, AsOf, AsOfAnswer, AsOfLine, AsOfQuestion, ConsentEvent, Known, KnownAt, RowWindow, Use,
    fold,
};
use crate::digest::Sha256Hex;
use crate::key::Signature;
use crate::name::PartnerId;
use crate::programme::BasisKind;
use crate::store::StoreError;
use crate::token::{Link, Linker, Token};

impl Service {
    /// Answers a signed question, which is `body`. That it was asked is entered in the partner's strand first, by its
    /// digest.
    ///
    /// # Errors
    /// [`Reason::ConsentSignature`]; [`Reason::Body`]; and as [`Service::permission_as_of`].
    pub fn answer_as_of(
        &self,
        caller: &Principal,
        body: &[u8],
        signature: &str,
    ) -> Result<AsOfAnswer, ServiceError> {
        let partner = self.partner(caller)?;
        let unsigned = || ServiceError::Refused(Reason::ConsentSignature);
        let signature: Signature = signature.parse().map_err(|_| unsigned())?;
        if !self.keys_in_force(&partner)?.iter().any(|key| key.verifies(AS_OF_CONTEXT, body, &signature)) {
            return Err(unsigned());
        }
        let asked: AsOfQuestion =
            serde_json::from_slice(body).map_err(|_| ServiceError::Refused(Reason::Body))?;
        if asked.key_id != self.key_id() {
            return Err(ServiceError::ConsentKey { found: asked.key_id, expected: self.key_id() });
        }
        let token = Token::parse(asked.token.as_bytes()).ok().filter(|token| token.kind().is_person());
        let token = token.ok_or(ServiceError::Refused(Reason::PersonToken))?;
        self.store.record_consents_read(self.now(), &caller.actor(), &partner, Sha256Hex::of(body))?;
        self.permission_as_of(&partner, &token, asked.moment, asked.known)
    }

    /// What the records of a partner permitted for a token at a moment.
    ///
    /// # Errors
    /// [`Reason::AsOfFuture`].
    pub fn permission_as_of(
        &self,
        partner: &PartnerId,
        token: &Token,
        moment: Timestamp,
        known: KnownAt,
    ) -> Result<AsOfAnswer, ServiceError> {
        let programme = self.programme();
        let source = programme.source(partner).ok_or(ServiceError::Refused(Reason::NotFound))?;
        let (state, now) = self.store.consent_state_at(self.now())?;
        if moment > now {
            return Err(ServiceError::Refused(Reason::AsOfFuture));
        }
        let (as_of, known_at) = match known {
            KnownAt::Then => (AsOf::known_then(moment), moment),
            KnownAt::Now => (AsOf::known_now(moment, now), now),
        };
        let link = Linker::new(&self.key, partner, partner).link(token);
        let mut events = Vec::new();
        for link in self.own_links(partner, link, known_at)? {
            for stored in self.store.consents_up_to(partner, &link, state.events)? {
                let event: ConsentEvent = serde_json::from_str(&stored.event)
                    .map_err(|_| StoreError::Damaged("a consent event"))?;
                events.push(Known::new(source, &event, stored.recorded_at));
            }
            let stones = self.store.tombstones_of(partner, &link)?.into_iter();
            events.extend(stones.map(|row| Known::tombstone(source, row.dataset, row.denied_at, row.by)));
        }
        let mut permissions = Vec::new();
        for dataset in programme.datasets.iter().filter(|dataset| dataset.partners.contains(&source)) {
            for basis in dataset.bases.iter().filter(|basis| basis.kind == BasisKind::Consent) {
                let purpose = programme.purposes.iter().find(|purpose| purpose.id == basis.purpose);
                for recipient in purpose.iter().flat_map(|purpose| &purpose.recipients) {
                    let longest = basis.use_days;
                    let asked =
                        Use { source, purpose: &basis.purpose, recipient, dataset: &dataset.id, longest };
                    let permission = fold(&events, &asked, as_of);
                    let rows = permission.windows().iter().map(|(from, to)| RowWindow {
                        from: Some(*from),
                        to: Some(*to).filter(|to| *to < Day::MAX),
                    });
                    permissions.push(AsOfLine {
                        dataset: dataset.id.clone(),
                        purpose: basis.purpose.clone(),
                        recipient: recipient.clone(),
                        gate: permission.gate(),
                        rows: rows.collect(),
                    });
                }
            }
        }
        Ok(AsOfAnswer { moment, known_at, permissions })
    }

    /// The links that the partner's own aliases, approved by an instant, hold together with one.
    fn own_links(
        &self,
        partner: &PartnerId,
        link: Link,
        known_at: Timestamp,
    ) -> Result<BTreeSet<Link>, ServiceError> {
        let aliases = self.store.aliases()?;
        let own = aliases.iter().filter(|row| row.partner == *partner);
        let own: Vec<_> = own.filter(|row| row.approved_at.is_some_and(|at| at <= known_at)).collect();
        let mut links = BTreeSet::from([link]);
        loop {
            let before = links.len();
            for row in &own {
                if links.contains(&row.first) || links.contains(&row.second) {
                    links.extend([row.first, row.second]);
                }
            }
            if links.len() == before {
                return Ok(links);
            }
        }
    }
}
