//! Recording consent events: signed by the partner, over its own rows only, re-keyed in memory.

use super::{Reason, Service, ServiceError};
use crate::audit::SignedReceipt;
use crate::auth::Principal;
use crate::consent::{ConsentBatch, ConsentEvent};
use crate::extract::manifest::Sha256Hex;
use crate::key::Signature;
use crate::name::PartnerId;
use crate::store::ConsentRow;
use crate::token::Linker;

/// Context under which a batch of consents is signed.
const CONTEXT: &str = "kobling/v1/consents";

impl Service {
    /// Records a batch of consent events, all of them or none. The same bytes again give the same receipt.
    ///
    /// # Errors
    /// [`Reason::ConsentSignature`]; [`ServiceError::ConsentBatch`], [`ServiceError::ConsentKey`], [`ServiceError::Consent`],
    /// [`ServiceError::ConsentReason`] with the position of the first record that is refused.
    pub fn record_consents(
        &self,
        caller: &Principal,
        body: &[u8],
        signature: &str,
    ) -> Result<SignedReceipt, ServiceError> {
        let partner = self.partner(caller)?;
        let unsigned = || ServiceError::Refused(Reason::ConsentSignature);
        let signature: Signature = signature.parse().map_err(|_| unsigned())?;
        if !self.keys_in_force(&partner)?.iter().any(|key| key.verifies(CONTEXT, body, &signature)) {
            return Err(unsigned());
        }
        let now = self.now();
        let linker = Linker::new(&self.key, &partner, &partner);
        let mut rows = Vec::new();
        let sent = ConsentBatch::parse(body)?;
        if sent.key_id != self.key_id() {
            return Err(ServiceError::ConsentKey { found: sent.key_id, expected: self.key_id() });
        }
        for (index, record) in sent.records.into_iter().enumerate() {
            let refused = |reason| ServiceError::ConsentReason { index, reason };
            record.event.check(now).map_err(|refusal| ServiceError::Consent { index, refusal })?;
            self.fits_programme(&partner, &record.event).map_err(refused)?;
            let token = record.token().ok().filter(|token| token.kind().is_person());
            let token = token.ok_or_else(|| refused(Reason::ConsentToken))?;
            rows.push(ConsentRow {
                link: linker.link(&token),
                record: record.event.record.as_str().to_owned(),
                event: serde_json::to_string(&record.event).expect("an event is plain data"),
            });
        }
        self.record_events(&caller.actor(), &partner, Sha256Hex::of(body), &rows, now)
    }

    /// Holds an event's names against the programme: what is unknown is refused, never ignored.
    fn fits_programme(&self, partner: &PartnerId, event: &ConsentEvent) -> Result<(), Reason> {
        let programme = self.programme();
        let source = programme.source(partner).ok_or(Reason::NotFound)?;
        let must = |holds: bool, reason: Reason| if holds { Ok(()) } else { Err(reason) };
        for purpose in &event.purposes {
            must(programme.purposes.iter().any(|p| p.id == *purpose), Reason::ConsentPurpose)?;
        }
        for recipient in &event.recipients {
            let known = programme.evaluators.iter().chain(&programme.payers).any(|o| o.id == *recipient)
                || programme.partners.iter().any(|p| p.id.as_str() == recipient.as_str());
            must(known, Reason::ConsentRecipient)?;
        }
        for dataset in &event.datasets {
            let own = programme.dataset(dataset).is_some_and(|(_, d)| d.partners.contains(&source));
            must(own, Reason::ConsentDataset)?;
        }
        let shown = &event.notice;
        let known = programme.notices.iter().any(|notice| {
            notice.id == shown.id
                && notice.version.to_string() == shown.version
                && notice.language == shown.language
                && notice.sha256 == shown.sha256
        });
        must(known, Reason::ConsentNotice)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_sides_sign_under_the_same_context() {
        assert_eq!(super::CONTEXT, crate::client::CONSENT_CONTEXT);
    }
}
