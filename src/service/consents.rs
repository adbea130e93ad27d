//! Recording consent events: signed by the partner, over its own rows only, re-keyed in memory.

use super::{Reason, Service, ServiceError};
use crate::audit::SignedReceipt;
use crate::auth::Principal;
use crate::consent::{ConsentBatch, ConsentRefusal};
use crate::extract::manifest::Sha256Hex;
use crate::key::Signature;
use crate::store::ConsentRow;
use crate::token::Linker;

/// Context under which a batch of consents is signed.
const CONTEXT: &str = "kobling/v1/consents";

impl Service {
    /// Records a batch of consent events, all of them or none. The same bytes again give the same receipt.
    ///
    /// # Errors
    /// [`Reason::ConsentSignature`]; [`ServiceError::ConsentBatch`], [`ServiceError::ConsentKey`]; [`ServiceError::Consent`]
    /// with the position of the first record that is refused.
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
        let source = self.programme().source(&partner).ok_or(ServiceError::Refused(Reason::NotFound))?;
        for (index, record) in sent.records.into_iter().enumerate() {
            let refused = |refusal| ServiceError::Consent { index, refusal };
            record.event.check(now).map_err(refused)?;
            record.event.fits(self.programme(), source).map_err(refused)?;
            let token = record.token().ok().filter(|token| token.kind().is_person());
            let token = token.ok_or_else(|| refused(ConsentRefusal::Token))?;
            rows.push(ConsentRow::new(linker.link(&token), &record.event));
        }
        self.record_events(&caller.actor(), &partner, Sha256Hex::of(body), &rows, now)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_sides_sign_under_the_same_context() {
        assert_eq!(super::CONTEXT, crate::client::CONSENT_CONTEXT);
    }
}
