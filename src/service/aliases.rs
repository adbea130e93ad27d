//! Aliases: a partner proposes that two of its tokens are one person's, alone or in a package; the steward decides.

use super::{Reason, Service, ServiceError};
use crate::auth::Principal;
use crate::store::{AliasPackageRow, Proposals, Verdict};
use crate::token::{Linker, Token};

/// A proposal that waits, as the steward sees it. Neither link is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenProposal {
    /// Its number.
    pub id: i64,
    /// Who made it.
    pub partner: crate::name::PartnerId,
    /// When it came.
    pub proposed_at: crate::clock::Timestamp,
    /// The upload that it came with; `None` for one that came alone.
    pub package: Option<String>,
}

impl Service {
    /// Enters a proposal. The answer to the partner says nothing but that it is entered: its number counts over all
    /// partners.
    ///
    /// # Errors
    /// [`Reason::AliasToken`]; a conflict when too many of the partner's wait.
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

    /// Proposals that wait for a decision, in the order in which they came.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn open_proposals(&self) -> Result<Vec<OpenProposal>, ServiceError> {
        let waiting = self.store.aliases()?.into_iter().filter(|row| row.approved_at.is_none());
        let view = |row: crate::store::AliasRow| OpenProposal {
            id: row.id,
            partner: row.partner,
            proposed_at: row.proposed_at,
            package: row.package,
        };
        Ok(waiting.map(view).collect())
    }

    /// Packages of which some proposals wait.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn alias_packages(&self) -> Result<Vec<AliasPackageRow>, ServiceError> {
        Ok(self.store.alias_packages()?)
    }

    /// Approves a proposal; it takes effect at the next seal.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn approve_alias(&self, caller: &Principal, id: i64) -> Result<(), ServiceError> {
        self.decide_aliases(caller, Proposals::One(id), Verdict::Approve).map(|_| ())
    }

    /// Decides on a proposal, or on all that wait of a package; returns how many. What is approved takes effect at the
    /// next seal; what is rejected is forgotten.
    ///
    /// # Errors
    /// [`ServiceError`]: there is no such proposal or package, or what is to be rejected is approved.
    pub fn decide_aliases(
        &self,
        caller: &Principal,
        which: Proposals<'_>,
        verdict: Verdict,
    ) -> Result<u64, ServiceError> {
        let decided = self.store.decide_aliases(self.now(), &caller.actor(), which, verdict)?;
        if verdict == Verdict::Approve && decided > 0 {
            self.arrivals.changed_for_all();
        }
        Ok(decided)
    }
}
