//! Aliases: a partner proposes that two of its tokens are one person's, the steward approves.

use super::{Reason, Service, ServiceError};
use crate::auth::Principal;
use crate::token::{Linker, Token};

impl Service {
    /// Enters a proposal. The answer to the partner says nothing but that it is entered: its number counts over all
    /// partners.
    ///
    /// # Errors
    /// [`Reason::AliasToken`].
    pub fn propose_alias(&self, caller: &Principal, old: &str, new: &str) -> Result<(), ServiceError> {
        let partner = self.partner(caller)?;
        let linker = Linker::new(&self.key, &partner, &partner);
        let link = |text: &str| {
            let token = Token::parse(text.as_bytes()).ok().filter(|token| token.kind().is_person());
            token.map(|token| linker.link(&token)).ok_or(ServiceError::Refused(Reason::AliasToken))
        };
        let (old, new) = (link(old)?, link(new)?);
        if old == new {
            return Err(ServiceError::Refused(Reason::AliasToken));
        }
        self.store.propose_alias(self.now(), &caller.actor(), &partner, old, new)?;
        Ok(())
    }

    /// Numbers of proposals that wait for approval, with who made them. Neither link is shown.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn open_proposals(&self) -> Result<Vec<(i64, crate::name::PartnerId)>, ServiceError> {
        let aliases = self.store.aliases()?;
        Ok(aliases.into_iter().filter(|a| a.approved_at.is_none()).map(|a| (a.id, a.partner)).collect())
    }

    /// Approves a proposal; it takes effect at the next seal.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn approve_alias(&self, caller: &Principal, id: i64) -> Result<(), ServiceError> {
        self.store.approve_alias(self.now(), &caller.actor(), id)?;
        self.arrivals.changed_for_all();
        Ok(())
    }
}
