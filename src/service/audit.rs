//! Reading the audit chain: the whole of it for the auditor, its own strand for a partner.

use serde::Serialize;

use super::{Service, ServiceError};
use crate::audit::{ChainReport, Deed, Entry, Head, Strand, Subject};
use crate::auth::Principal;

/// Entries of one answer.
const PAGE: u32 = 1000;

/// The chain as the auditor sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// What the whole chain was found to be; `None` when it does not verify.
    pub verified: Option<ChainReport>,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// A page of entries with their place in the chain.
    pub entries: Vec<(u64, Entry)>,
}

impl Service {
    /// Verifies the whole chain and gives the entries after a place in it. That it was read is entered first.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn audit(&self, caller: &Principal, after: u64) -> Result<AuditReport, ServiceError> {
        let subject = Subject::new().count("after", after);
        self.store.record_reading(self.now(), &caller.actor(), Deed::AuditRead, subject)?;
        let (verified, problem) = match self.store.verify_chain()? {
            Ok(report) => (Some(report), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let rows = self.store.chain_entries(after, PAGE)?;
        let entries =
            rows.iter().filter_map(|row| Some((row.sequence, Entry::from_canonical(&row.entry)?))).collect();
        Ok(AuditReport { verified, problem, entries })
    }

    /// The caller's own strand: entries after a position, and its head.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn strand(&self, caller: &Principal, after: u64) -> Result<(Vec<Entry>, Head), ServiceError> {
        let strand = Strand::Partner(self.partner(caller)?);
        let entries = self.store.strand_entries(&strand, after, PAGE)?;
        Ok((entries, self.store.strand_head(&strand)?))
    }
}
