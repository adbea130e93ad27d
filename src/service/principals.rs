//! Principals: added, listed and revoked by the operator at the machine.

use super::{Reason, Service, ServiceError};
use crate::auth::{BearerToken, Principal};
use crate::name::PrincipalId;
use crate::store::PrincipalRow;

impl Service {
    /// Adds a principal and makes its token, which is shown once and kept nowhere.
    ///
    /// # Errors
    /// [`Reason::RoleOrganisation`] when the programme does not give the role to the organisation; a conflict when the
    /// id is taken.
    pub fn add_principal(&self, principal: &Principal) -> Result<BearerToken, ServiceError> {
        if !principal.role.fits(&principal.organisation, self.programme()) {
            return Err(ServiceError::Refused(Reason::RoleOrganisation));
        }
        let token = BearerToken::generate(self.random().as_mut());
        self.store.add_principal(self.now(), &self.operator(), principal, &token.hash())?;
        Ok(token)
    }

    /// All principals.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn principals(&self) -> Result<Vec<PrincipalRow>, ServiceError> {
        Ok(self.store.principals()?)
    }

    /// Revokes a principal's token.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn revoke_principal(&self, id: &PrincipalId) -> Result<(), ServiceError> {
        Ok(self.store.revoke_principal(self.now(), &self.operator(), id)?)
    }
}
