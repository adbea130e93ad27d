//! The release ledger over the store: its lines are read once, its sets when they have to be compared.

use std::sync::Arc;

use super::{Service, ServiceError};
use crate::disclosure::{Ledger, Sets};
use crate::store::{Store, StoreError};

impl Sets for Store {
    fn stored_set(&self, seq: u64) -> Option<Vec<u8>> {
        self.ledger_set(seq).ok().flatten()
    }
}

impl Service {
    /// The release ledger: the one that was kept, or read from the store. The caller takes it out and puts it back, so
    /// that a failure in between leads to reading it again.
    pub(super) fn ledger(&self, kept: Option<Ledger>) -> Result<Ledger, ServiceError> {
        if let Some(ledger) = kept {
            return Ok(ledger);
        }
        let sets: Arc<dyn Sets> = Arc::clone(&self.store) as _;
        let mut opening = Ledger::opening(self.rules.held(), sets);
        self.store.each_ledger_line(Some(opening.sketched()), |line| {
            opening
                .add(&line)
                .map_err(|_| StoreError::Damaged("the release ledger; `koblingd ledger check` says where"))
        })?;
        Ok(opening.finish())
    }
}
