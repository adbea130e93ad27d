//! A partner's own packages: listing and withdrawing them.

use super::{Service, ServiceError};
use crate::audit::{ReceiptKind, SignedReceipt, Subject};
use crate::auth::Principal;
use crate::store::PackageRow;

impl Service {
    /// The caller's uploads and packages, oldest first.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn packages(&self, caller: &Principal) -> Result<Vec<PackageRow>, ServiceError> {
        Ok(self.store.packages_of(&self.partner(caller)?)?)
    }

    /// Withdraws one of the caller's packages: its staged rows go at once, and the next seal is without it.
    ///
    /// # Errors
    /// [`super::Reason::NotFound`] for somebody else's; a conflict for an upload that is no package.
    pub fn withdraw_package(&self, caller: &Principal, id: &str) -> Result<SignedReceipt, ServiceError> {
        let row = self.own_upload(caller, id)?;
        let now = self.now();
        let receipt = self.store.withdraw_package(now, &caller.actor(), id, |head| {
            let subject = Subject::new().id("package", id);
            self.receipt(ReceiptKind::Withdrawal, id, now, &row.partner, subject, head)
        })?;
        self.remove_staged(id);
        Ok(receipt)
    }
}
