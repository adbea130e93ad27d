//! A restored folder: what partners' receipts prove to be missing, what of it is done again, and its release.
//!
//! A receipt bears the head of its partner's strand. One that lies beyond what was restored, and is not of the strand as it went on
//! here, proves that the strand once went so far, and says what was acknowledged there. Withdrawals of packages are done again by it.
//! Rows and consent events are in no receipt: their partner sends them again.

use std::collections::HashSet;

use serde::Serialize;

use super::{Reason, Service, ServiceError};
use crate::audit::{Actor, Item, Receipt, ReceiptKind, SignedReceipt, Strand, Subject};
use crate::auth::Principal;
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;
use crate::name::PartnerId;
use crate::store::{RestorationRow, StoreError, StrandRow};

/// What is known of a partner's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// It has handed in no receipts.
    Unknown,
    /// Something that its receipts name is not here.
    Missing,
    /// Everything that its receipts name is here.
    Complete,
}

impl Completeness {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Completeness::Unknown => "unknown",
            Completeness::Missing => "missing",
            Completeness::Complete => "complete",
        }
    }
}

/// Something that was acknowledged and is not here: its partner sends it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingReceipt {
    /// What its receipt is for.
    pub kind: ReceiptKind,
    /// Id in the receipt.
    pub id: String,
    /// When it was acknowledged.
    pub at: Timestamp,
    /// Its dataset, of a package.
    pub dataset: Option<String>,
    /// Its quarters, of a package.
    pub period: Option<String>,
}

/// A partner's part of a restoration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRestored {
    /// The partner.
    pub partner: PartnerId,
    /// Entries of its strand that the backup had.
    pub restored: u64,
    /// Entries that its receipts prove; `None` before it has handed any in.
    pub proven: Option<u64>,
    /// What is missing, in the order in which it was acknowledged.
    pub missing: Vec<MissingReceipt>,
}

impl PartnerRestored {
    /// What is known of it.
    #[must_use]
    pub const fn completeness(&self) -> Completeness {
        match (self.proven, self.missing.is_empty()) {
            (None, _) => Completeness::Unknown,
            (Some(_), true) => Completeness::Complete,
            (Some(_), false) => Completeness::Missing,
        }
    }

    /// Entries of its strand that are known to be lost, from the first to the last.
    #[must_use]
    pub fn lost(&self) -> Option<(u64, u64)> {
        self.proven.filter(|proven| *proven > self.restored).map(|proven| (self.restored + 1, proven))
    }
}

/// A restoration, with the parts of those whom it may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restoration {
    /// When, from what, and whether it is released.
    pub row: RestorationRow,
    /// Partners' parts.
    pub partners: Vec<PartnerRestored>,
}

/// What came of receipts that were handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedIn {
    /// Receipts that were looked at.
    pub receipts: u64,
    /// Those of something later than the backup.
    pub later: u64,
    /// Packages that were withdrawn again.
    pub withdrawn: u64,
    /// Where the partner's part stands now.
    pub standing: PartnerRestored,
}

impl Service {
    /// Whether the folder was restored and nothing is answered from it yet.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn is_held(&self) -> Result<bool, ServiceError> {
        Ok(self.store.restoration()?.is_some_and(|row| row.released_at.is_none()))
    }

    /// Refuses what would tell anything of a folder that lacks withdrawals that were acknowledged.
    pub(super) fn answers(&self) -> Result<(), ServiceError> {
        if self.is_held()? { Err(ServiceError::Refused(Reason::Restored)) } else { Ok(()) }
    }

    /// The last restoration with every partner's part: for steward and operator.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn restoration(&self) -> Result<Option<Restoration>, ServiceError> {
        let Some(row) = self.store.restoration()? else { return Ok(None) };
        let strands = self.store.restored_strands(row.number)?;
        let partners = strands.into_iter().map(|strand| self.part(row.number, strand)).collect();
        Ok(Some(Restoration {
            row,
            partners: {
                let partners: Result<_, ServiceError> = partners;
                partners?
            },
        }))
    }

    /// The same with the caller's own part alone.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn own_restoration(&self, caller: &Principal) -> Result<Option<Restoration>, ServiceError> {
        let partner = self.partner(caller)?;
        let Some(row) = self.store.restoration()? else { return Ok(None) };
        let strand = self.strand_of(&row, &partner)?;
        let part = self.part(row.number, strand)?;
        Ok(Some(Restoration { row, partners: vec![part] }))
    }

    /// Takes the receipts that the caller holds.
    ///
    /// # Errors
    /// [`Reason::NotFound`] where nothing was restored, [`Reason::ReceiptOther`], [`Reason::ReceiptFork`].
    pub fn hand_in(&self, caller: &Principal, receipts: &[SignedReceipt]) -> Result<HandedIn, ServiceError> {
        self.hand_in_for(&caller.actor(), &self.partner(caller)?, receipts)
    }

    /// The same of a partner that gave them to the operator.
    ///
    /// # Errors
    /// As [`Service::hand_in`].
    pub fn hand_in_for(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        receipts: &[SignedReceipt],
    ) -> Result<HandedIn, ServiceError> {
        let row = self.store.restoration()?.ok_or(ServiceError::Refused(Reason::NotFound))?;
        let strand = self.strand_of(&row, partner)?;
        let mut later = Vec::new();
        let mut proven = strand.restored;
        for signed in receipts {
            let receipt = self.own_receipt(partner, signed)?;
            let position = receipt.head.position;
            let here = self.store.strand_hash(&Strand::Partner(partner.clone()), position)?;
            if here == Some(receipt.head.hash) {
                continue;
            }
            // An entry that the backup had, and another one than the partner was told.
            if position <= strand.restored {
                return Err(ServiceError::Refused(Reason::ReceiptFork));
            }
            proven = proven.max(position);
            later.push((position, signed.clone()));
        }
        let counts = (receipts.len() as u64, later.len() as u64);
        self.store.keep_receipts((self.now(), actor), (row.number, partner), proven, &later, counts.0)?;
        let withdrawn = self.withdraw_again(actor, &row, partner)?;
        let standing = self.part(row.number, self.strand_of(&row, partner)?)?;
        Ok(HandedIn { receipts: counts.0, later: counts.1, withdrawn, standing })
    }

    /// Lets questions be asked again. Whoever decides names the partners whose part is not known to be complete, as they saw them.
    ///
    /// # Errors
    /// A conflict when nothing is held, or other partners are incomplete by now.
    pub fn release_restoration(&self, actor: &Actor, incomplete: &[PartnerId]) -> Result<(), ServiceError> {
        let found = self.restoration()?.ok_or(ServiceError::Refused(Reason::NotFound))?;
        let open = found.partners.iter().filter(|part| part.completeness() != Completeness::Complete);
        let open: HashSet<&PartnerId> = open.map(|part| &part.partner).collect();
        if open != incomplete.iter().collect() {
            return Err(StoreError::Conflict("what is missing is not what was seen; look again").into());
        }
        let named = |of: Completeness| {
            let parts = found.partners.iter().filter(move |part| part.completeness() == of);
            parts.map(|part| part.partner.to_string()).collect::<Vec<_>>()
        };
        let subject = Subject::new()
            .id("from", found.row.made_at)
            .id("until", found.row.restored_at)
            .list("unknown", named(Completeness::Unknown))
            .list("missing", named(Completeness::Missing));
        let strands: Vec<StrandRow> = found
            .partners
            .iter()
            .map(|part| StrandRow {
                partner: part.partner.clone(),
                restored: part.restored,
                proven: part.proven,
            })
            .collect();
        Ok(self.store.release_restored(self.now(), actor, subject, &strands)?)
    }

    fn strand_of(&self, row: &RestorationRow, partner: &PartnerId) -> Result<StrandRow, ServiceError> {
        let strands = self.store.restored_strands(row.number)?;
        let found = strands.into_iter().find(|strand| strand.partner == *partner);
        found.ok_or(ServiceError::Refused(Reason::NotFound))
    }

    /// A receipt that this service gave this partner.
    fn own_receipt(&self, partner: &PartnerId, signed: &SignedReceipt) -> Result<Receipt, ServiceError> {
        let receipt = signed.verify(&self.verifying_key()).ok();
        let receipt = receipt.filter(|it| it.partner == *partner && it.programme == self.programme().id);
        receipt.ok_or(ServiceError::Refused(Reason::ReceiptOther))
    }

    fn kept(&self, number: u64, partner: &PartnerId) -> Result<Vec<Receipt>, ServiceError> {
        let signed = self.store.kept_receipts(number, partner)?;
        let damaged = || ServiceError::from(StoreError::Damaged("a receipt"));
        signed.iter().map(|it| serde_json::from_str(&it.receipt).map_err(|_| damaged())).collect()
    }

    /// Withdraws the packages whose withdrawal was acknowledged, and which are here again.
    fn withdraw_again(
        &self,
        actor: &Actor,
        row: &RestorationRow,
        partner: &PartnerId,
    ) -> Result<u64, ServiceError> {
        let mut withdrawn = 0;
        for receipt in self.kept(row.number, partner)? {
            if receipt.kind != ReceiptKind::Withdrawal {
                continue;
            }
            let here = self.store.upload(&receipt.id)?;
            if here.is_some_and(|upload| upload.partner == *partner && upload.state.is_package()) {
                self.withdraw_for(actor, partner, &receipt.id)?;
                withdrawn += 1;
            }
        }
        Ok(withdrawn)
    }

    fn part(&self, number: u64, strand: StrandRow) -> Result<PartnerRestored, ServiceError> {
        let kept = self.kept(number, &strand.partner)?;
        let withdrawn: HashSet<&str> =
            kept.iter().filter(|it| it.kind == ReceiptKind::Withdrawal).map(|it| it.id.as_str()).collect();
        let mut missing: Vec<MissingReceipt> = Vec::new();
        for receipt in &kept {
            let here = match receipt.kind {
                // The one was done again where there was anything to do; the other follows from the events.
                ReceiptKind::Withdrawal | ReceiptKind::Erasure => true,
                _ if withdrawn.contains(receipt.id.as_str()) => true,
                _ => match (digest(receipt, "manifest"), digest(receipt, "batch")) {
                    (Some(manifest), _) => self.store.has_package(&strand.partner, manifest)?,
                    (None, Some(batch)) => self.store.has_consents(&strand.partner, batch)?,
                    (None, None) => false,
                },
            };
            let (dataset, period) = (text(receipt, "dataset"), text(receipt, "period"));
            if receipt.kind == ReceiptKind::Upload {
                // A later one of the same dataset and quarters takes its place.
                missing.retain(|it| {
                    it.kind != ReceiptKind::Upload || (&it.dataset, &it.period) != (&dataset, &period)
                });
            }
            if !here {
                let (kind, id, at) = (receipt.kind, receipt.id.clone(), receipt.at);
                missing.push(MissingReceipt { kind, id, at, dataset, period });
            }
        }
        let StrandRow { partner, restored, proven } = strand;
        Ok(PartnerRestored { partner, restored, proven, missing })
    }
}

fn text(receipt: &Receipt, name: &str) -> Option<String> {
    match receipt.subject.item(name) {
        Some(Item::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn digest(receipt: &Receipt, name: &str) -> Option<Sha256Hex> {
    serde_json::from_value(serde_json::Value::String(text(receipt, name)?)).ok()
}
