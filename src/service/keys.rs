//! Partners' signing keys: the steward enrols and revokes them.

use super::{Reason, Service, ServiceError};
use crate::audit::Actor;
use crate::key::VerifyingKey;
use crate::name::PartnerId;
use crate::store::EnrolledKey;

impl Service {
    fn known_partner(&self, partner: &PartnerId) -> Result<(), ServiceError> {
        let known = self.programme().partner(partner);
        known.map(|_| ()).ok_or(ServiceError::Refused(Reason::NotFound))
    }

    /// A partner's keys, revoked ones included.
    ///
    /// # Errors
    /// [`Reason::NotFound`] for no partner of the programme.
    pub fn keys(&self, partner: &PartnerId) -> Result<Vec<EnrolledKey>, ServiceError> {
        self.known_partner(partner)?;
        Ok(self.store.keys_of(partner)?)
    }

    /// Enrols a key, after both sides have compared its fingerprint.
    ///
    /// # Errors
    /// [`Reason::NotFound`]; a conflict for a key that was revoked.
    pub fn enrol_key(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        key: &VerifyingKey,
    ) -> Result<(), ServiceError> {
        self.known_partner(partner)?;
        Ok(self.store.enrol_key(self.now(), actor, partner, key)?)
    }

    /// Revokes a key by its fingerprint.
    ///
    /// # Errors
    /// [`Reason::NotFound`].
    pub fn revoke_key(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        fingerprint: &str,
    ) -> Result<(), ServiceError> {
        self.known_partner(partner)?;
        Ok(self.store.revoke_key(self.now(), actor, partner, fingerprint)?)
    }
}
