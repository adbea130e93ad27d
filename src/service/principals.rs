//! Principals: added, listed and revoked by the operator at the machine.

use super::{Reason, Service, ServiceError};
use crate::audit::Actor;
use crate::auth::{BearerToken, Lifetime, Overlap, Principal, Thumbprint};
use crate::clock::{Day, Timestamp};
use crate::name::PrincipalId;
use crate::store::{CertificateRow, PrincipalRow, Provided, TokenRow};

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

/// A token that was just made.
#[derive(Debug)]
pub struct NewToken {
    /// The token, to be shown once.
    pub token: BearerToken,
    /// From when on it is no longer good.
    pub expires_at: Timestamp,
    /// Until when the tokens before it are good, those that do not end earlier.
    pub old_until: Timestamp,
}

impl Service {
    /// Adds a principal and makes its first token, good for [`Lifetime::default`], which is shown once and kept nowhere.
    ///
    /// # Errors
    /// [`Reason::RoleOrganisation`] when the programme does not give the role to the organisation; a conflict when the
    /// id is taken.
    pub fn add_principal(&self, principal: &Principal) -> Result<BearerToken, ServiceError> {
        self.add_principal_for(principal, Lifetime::default())
    }

    /// The same, with a first token that is good for so long.
    ///
    /// # Errors
    /// As [`Service::add_principal`].
    pub fn add_principal_for(
        &self,
        principal: &Principal,
        lifetime: Lifetime,
    ) -> Result<BearerToken, ServiceError> {
        if !principal.role.fits(&principal.organisation, self.programme()) {
            return Err(ServiceError::Refused(Reason::RoleOrganisation));
        }
        let token = BearerToken::generate(self.random().as_mut());
        let now = self.now();
        self.store.add_principal(now, &self.operator(), principal, &token.hash(), lifetime.from(now))?;
        Ok(token)
    }

    /// Makes a principal a new token; those that it has stay good for `overlap` at most.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`](crate::store::StoreError::NoSuch), and a conflict for a principal that is revoked, has no
    /// tokens, or has as many as it may have.
    pub fn rotate_token(
        &self,
        actor: &Actor,
        id: &PrincipalId,
        lifetime: Lifetime,
        overlap: Overlap,
    ) -> Result<NewToken, ServiceError> {
        let token = BearerToken::generate(self.random().as_mut());
        let now = self.now();
        let (expires_at, old_until) = (lifetime.from(now), overlap.from(now));
        self.store.rotate_token(now, actor, id, &token.hash(), expires_at, old_until)?;
        Ok(NewToken { token, expires_at, old_until })
    }

    /// The tokens of a principal, without what they could be known by.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn tokens_of(&self, id: &PrincipalId) -> Result<Vec<TokenRow>, ServiceError> {
        Ok(self.store.tokens_of(id)?)
    }

    /// Revokes one token of a principal.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn revoke_token(&self, id: &PrincipalId, number: u64) -> Result<(), ServiceError> {
        Ok(self.store.revoke_token(self.now(), &self.operator(), id, number)?)
    }

    /// Principals of which no token is good from so many days on, with the day on which the last one ends, or ended.
    /// Who signs in through an identity provider has none, and is none of them.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn tokens_ending(&self, within_days: i64) -> Result<Vec<(PrincipalId, Day)>, ServiceError> {
        let soon = self.now().plus_millis(within_days.saturating_mul(DAY));
        let mut ending = Vec::new();
        for row in self.store.principals()?.into_iter().filter(|row| row.revoked_at.is_none()) {
            let tokens = self.store.tokens_of(&row.principal.id)?;
            let tokens = tokens.into_iter().filter(|token| token.revoked_at.is_none());
            let ends: Option<Vec<Timestamp>> = tokens.map(|token| token.expires_at).collect();
            if let Some(last) = ends.and_then(|ends| ends.into_iter().max()).filter(|end| *end <= soon) {
                ending.push((row.principal.id, last.day()));
            }
        }
        Ok(ending)
    }

    /// Binds a principal to a client certificate: its tokens are then good over connections that present it alone.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn bind_certificate(&self, id: &PrincipalId, thumbprint: &Thumbprint) -> Result<(), ServiceError> {
        Ok(self.store.bind_certificate(self.now(), &self.operator(), id, thumbprint)?)
    }

    /// Undoes that.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn unbind_certificate(&self, id: &PrincipalId, thumbprint: &Thumbprint) -> Result<(), ServiceError> {
        Ok(self.store.unbind_certificate(self.now(), &self.operator(), id, thumbprint)?)
    }

    /// The client certificates that a principal is bound to.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn certificates_of(&self, id: &PrincipalId) -> Result<Vec<CertificateRow>, ServiceError> {
        Ok(self.store.certificates_of(id)?)
    }

    /// All principals.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn principals(&self) -> Result<Vec<PrincipalRow>, ServiceError> {
        Ok(self.store.principals()?)
    }

    /// Revokes a principal: it is out at once, whatever token or session it has.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn revoke_principal(&self, id: &PrincipalId) -> Result<(), ServiceError> {
        Ok(self.store.revoke_principal(self.now(), &self.operator(), id)?)
    }

    /// A person whom the identity provider vouched for, by their id, unless revoked.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn person(&self, id: &PrincipalId) -> Result<Option<Principal>, ServiceError> {
        Ok(self.store.principal(id)?)
    }

    /// Who a person is here whom the identity provider vouched for before.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn identity(&self, issuer: &str, subject: &str) -> Result<Option<PrincipalId>, ServiceError> {
        Ok(self.store.identity(issuer, subject)?)
    }

    /// Lets in whom the identity provider vouches for, as the principal that its claims make of them.
    ///
    /// # Errors
    /// [`Reason::RoleOrganisation`] when the programme does not give the role to the organisation.
    pub fn let_in(&self, issuer: &str, subject: &str, said: &Principal) -> Result<Provided, ServiceError> {
        if !said.role.fits(&said.organisation, self.programme()) {
            return Err(ServiceError::Refused(Reason::RoleOrganisation));
        }
        Ok(self.store.let_in(self.now(), issuer, subject, &self.operator(), said)?)
    }
}
