//! Packages as the steward sees them: which the next seal takes up, and which went into which snapshot.
//!
//! Whose, of what, for which quarters, and when; never how many rows. A number of rows can be one of persons, and one for
//! each package beside the report's totals would bound those that the report hides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::seal::Sealed;
use super::{Reason, Service, ServiceError};
use crate::clock::{Period, Timestamp};
use crate::name::{DatasetId, PartnerId};
use crate::store::{PackageRow, SnapshotRow, StoreError};

/// A package without its rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageLine {
    /// Whose.
    pub partner: PartnerId,
    /// Of which dataset.
    pub dataset: DatasetId,
    /// Of which quarters, as they are written.
    pub period: String,
    /// When it was whole.
    pub received_at: Option<Timestamp>,
    /// Its id.
    pub id: String,
}

impl From<PackageRow> for PackageLine {
    fn from(row: PackageRow) -> PackageLine {
        let period: Period = row.period;
        PackageLine {
            partner: row.partner,
            dataset: row.dataset,
            period: period.to_string(),
            received_at: row.completed_at,
            id: row.id,
        }
    }
}

/// What the next seal would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The snapshot in force.
    pub in_force: Option<SnapshotRow>,
    /// Packages that are not in it; with whether they replace one that is.
    pub new: Vec<(PackageLine, bool)>,
    /// Packages in it that are withdrawn.
    pub withdrawn: Vec<PackageLine>,
    /// Packages in it that stay.
    pub stay: Vec<PackageLine>,
}

/// Two snapshots beside each other, by their packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotsCompared {
    /// The one.
    pub from: SnapshotRow,
    /// The other.
    pub to: SnapshotRow,
    /// Packages that are in the other alone.
    pub added: Vec<PackageLine>,
    /// Packages that are in the one alone.
    pub gone: Vec<PackageLine>,
    /// Packages that are in both.
    pub both: Vec<PackageLine>,
}

fn used(row: &SnapshotRow) -> Result<BTreeSet<String>, ServiceError> {
    let sealed: Result<Sealed, _> = serde_json::from_str(&row.manifest);
    let sealed = sealed.map_err(|_| StoreError::Damaged("the row of a snapshot"))?;
    Ok(sealed.packages.into_iter().collect())
}

impl Service {
    /// Every package there ever was, by its id.
    fn lines(&self) -> Result<HashMap<String, PackageLine>, ServiceError> {
        let mut lines = HashMap::new();
        for partner in &self.programme().partners {
            let rows = self.store.packages_of(&partner.id)?;
            lines.extend(rows.into_iter().map(|row| (row.id.clone(), PackageLine::from(row))));
        }
        Ok(lines)
    }

    /// What the next seal would change.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn staged(&self) -> Result<Staged, ServiceError> {
        let in_force = self.store.latest_snapshot()?;
        let sealed = in_force.as_ref().map(used).transpose()?.unwrap_or_default();
        let lines = self.lines()?;
        let key = |line: &PackageLine| (line.partner.clone(), line.dataset.clone(), line.period.clone());
        let mut before: BTreeMap<_, PackageLine> =
            sealed.iter().filter_map(|id| lines.get(id)).map(|line| (key(line), line.clone())).collect();
        let (mut new, mut stay) = (Vec::new(), Vec::new());
        for line in self.store.packages_in_force()?.into_iter().map(PackageLine::from) {
            let replaces = before.remove(&key(&line)).is_some();
            if sealed.contains(&line.id) {
                stay.push(line);
            } else {
                new.push((line, replaces));
            }
        }
        Ok(Staged { in_force, new, withdrawn: before.into_values().collect(), stay })
    }

    /// Two snapshots beside each other.
    ///
    /// # Errors
    /// [`Reason::NotFound`] when there is no such snapshot.
    pub fn compare_snapshots(&self, from: u32, to: u32) -> Result<SnapshotsCompared, ServiceError> {
        let all = self.store.snapshots()?;
        let find = |id: u32| {
            let found = all.iter().find(|row| row.id == id).cloned();
            found.ok_or(ServiceError::Refused(Reason::NotFound))
        };
        let (from, to) = (find(from)?, find(to)?);
        let (before, after) = (used(&from)?, used(&to)?);
        let lines = self.lines()?;
        let of = |ids: &mut dyn Iterator<Item = &String>| -> Vec<PackageLine> {
            let mut found: Vec<PackageLine> = ids.filter_map(|id| lines.get(id).cloned()).collect();
            found.sort();
            found
        };
        let added = of(&mut after.difference(&before));
        let gone = of(&mut before.difference(&after));
        let both = of(&mut before.intersection(&after));
        Ok(SnapshotsCompared { from, to, added, gone, both })
    }
}
