//! Linkage quality (Q24), the part about rows: what the manifests of the sealed packages say, per partner and dataset.
//!
//! Persons, and how many of them are known elsewhere, are a registered question and go through the release ledger; no
//! count of persons is read here. Counts of rows are hidden below 8 and else rounded to 5 (R2, R3), and held as R9 holds
//! counts of persons: a number of rows can be one of persons.

use std::collections::BTreeMap;

use serde::Serialize;

use super::seal::Sealed;
use super::{Reason, Service, ServiceError};
use crate::audit::{Deed, Subject};
use crate::auth::Principal;
use crate::extract::report::{KINDS, REASON_CODES, kind_code};
use crate::linkage::Quality;
use crate::name::{DatasetId, PartnerId};
use crate::snapshot::load_quality;
use crate::store::{HeldRows, SnapshotRow, StoreError};

/// A count of rows as it is shown: rounded, or `None` when hidden.
type RowsShown = Option<u64>;

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QualityReport {
    /// The snapshot.
    pub snapshot: u32,
    /// One part for each partner of each dataset, those that handed nothing over included.
    pub parts: Vec<QualityPart>,
}

/// What one partner handed over of one dataset. Counts are rounded to 5; `null` is hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QualityPart {
    /// The partner.
    #[schema(value_type = String)]
    pub partner: PartnerId,
    /// The dataset.
    #[schema(value_type = String)]
    pub dataset: DatasetId,
    /// Rows sent.
    pub sent: RowsShown,
    /// Rows rejected.
    pub rejected: RowsShown,
    /// Rows left out as repeated.
    pub duplicates: RowsShown,
    /// Rows without an identifier.
    pub anonymous: RowsShown,
    /// Rows rejected, by reason.
    pub reasons: BTreeMap<String, RowsShown>,
    /// Identifiers by kind.
    pub identifiers: BTreeMap<String, RowsShown>,
}

impl Service {
    /// The figures of the snapshot in force. Erasure may give it another folder while it is read.
    fn quality_of(&self, row: &SnapshotRow) -> Result<Quality, ServiceError> {
        let damaged = |_| StoreError::Damaged("the row of a snapshot");
        let mut row = row.clone();
        loop {
            let sealed: Sealed = serde_json::from_str(&row.manifest).map_err(damaged)?;
            let dir = self.store.folder().snapshots().join(&row.folder);
            let read = load_quality(self.store.vault(), &dir, self.programme(), &sealed.sha256);
            let now = self.store.snapshots()?.into_iter().find(|other| other.id == row.id);
            match now.filter(|now| now.folder != row.folder) {
                Some(now) if read.is_err() => row = now,
                _ => return Ok(read?),
            }
        }
    }

    /// The report of the snapshot in force. That it was read is entered first.
    ///
    /// # Errors
    /// [`Reason::NoSnapshot`] before the first seal.
    pub fn quality(&self, caller: &Principal) -> Result<QualityReport, ServiceError> {
        let row = self.store.latest_snapshot()?.ok_or(ServiceError::Refused(Reason::NoSnapshot))?;
        let subject = Subject::new().count("snapshot", u64::from(row.id));
        self.store.record_reading(self.now(), &caller.actor(), Deed::QualityRead, subject)?;
        let programme = self.programme();
        let counted: Vec<_> = self
            .quality_of(&row)?
            .parts
            .into_iter()
            .map(|part| {
                let partner = &programme.partners[usize::from(part.source)].id;
                let stated = part.stated;
                let mut counts = vec![
                    ("sent".to_owned(), stated.sent),
                    ("rejected".to_owned(), stated.rejected.values().sum()),
                    ("duplicates".to_owned(), stated.duplicates),
                    ("anonymous".to_owned(), part.anonymous),
                ];
                counts.extend(all_counted("reason", &REASON_CODES, &stated.rejected));
                counts.extend(all_counted("identifier", &KINDS.map(kind_code), &stated.identifiers));
                (partner, &programme.datasets[part.dataset].id, counts)
            })
            .collect();
        let all: Vec<HeldRows<'_>> = counted
            .iter()
            .flat_map(|(partner, dataset, counts)| {
                counts.iter().map(move |(figure, rows)| HeldRows {
                    partner,
                    dataset,
                    figure,
                    rows: *rows,
                    shown: shown(*rows),
                })
            })
            .collect();
        let mut held = self.store.hold_rows(&all, self.rules.held())?.into_iter();
        let mut next = || -> RowsShown { held.next().flatten() };
        let parts = counted.iter().map(|(partner, dataset, _)| QualityPart {
            partner: (*partner).clone(),
            dataset: (*dataset).clone(),
            sent: next(),
            rejected: next(),
            duplicates: next(),
            anonymous: next(),
            reasons: REASON_CODES.iter().map(|name| ((*name).to_owned(), next())).collect(),
            identifiers: KINDS.iter().map(|kind| (kind_code(*kind).to_owned(), next())).collect(),
        });
        Ok(QualityReport { snapshot: row.id, parts: parts.collect() })
    }
}

/// Every name that there is, counted or not: which names stand in a report tells nothing. Rows read are not told at
/// all, as they would bound the hidden ones.
fn all_counted(of: &str, names: &[&str], counts: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    names.iter().map(|name| (format!("{of}/{name}"), counts.get(*name).copied().unwrap_or(0))).collect()
}

pub(super) fn shown(rows: u64) -> RowsShown {
    (rows >= 8).then(|| (rows + 2) / 5 * 5)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn small_counts_look_alike_and_others_are_rounded() {
        assert!((0..8).all(|rows| shown(rows).is_none()));
        assert_eq!([8, 12, 13, 17, 18].map(shown), [10, 10, 15, 15, 20].map(Some));
    }
}
