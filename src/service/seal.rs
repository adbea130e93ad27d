//! Sealing: the packages in force become a snapshot.

use std::sync::MutexGuard;

use serde::{Deserialize, Serialize};

use super::sealing::{SealStep, Watched};
use super::{Erase, Service, ServiceError};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::extract::manifest::{Manifest, Sha256Hex};
use crate::intake::IntakeRefusal;
use crate::linkage::{Alias, Spine, SpineError, Stated};
use crate::snapshot::{self, SealError, SealInputs, SealLimits, SealPhase, StagedInput};
use crate::store::{NewSnapshot, PackageRow, SnapshotRow, SpineRow, StoreError};

/// What the store keeps of a snapshot besides its place: enough to load it and to say what went in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    /// Digest of the folder's `snapshot.json`.
    pub(super) sha256: Sha256Hex,
    /// Ids of the packages that went in.
    pub(super) packages: Vec<String>,
}

/// What a seal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealOutcome {
    /// The snapshot that is in force now.
    pub snapshot: SnapshotRow,
    /// Packages that went in.
    pub packages: usize,
    /// Packages that newer ones replaced.
    pub replaced: usize,
    /// Standing reports that became due and were made.
    pub reports: usize,
}

impl Service {
    /// Seals what is in force now. One seal at a time; a crash leaves the old snapshot in force.
    ///
    /// # Errors
    /// [`ServiceError::Seal`]; a conflict when a package was withdrawn meanwhile.
    pub fn seal(&self, actor: &Actor) -> Result<SealOutcome, ServiceError> {
        let sealing = self.seal_lock();
        let watched = self.watched(actor);
        let outcome = self.seal_in_turn(actor, sealing, &watched);
        watched.end(&outcome);
        outcome
    }

    /// The same, when it is this seal's turn.
    fn seal_in_turn(
        &self,
        actor: &Actor,
        sealing: MutexGuard<'_, ()>,
        watched: &Watched<'_>,
    ) -> Result<SealOutcome, ServiceError> {
        // What is to be erased is not sealed again.
        self.decide_erasures()?;
        self.erase_staged_rows(&sealing)?;
        let outcome = self.seal_in_force(actor, watched)?;
        watched.step(SealStep::Finish);
        // The snapshot is in force whatever happens to erasures and reports: what is not done now is done later.
        if let Err(error) = self.erase_with(&sealing, actor, Erase::Ripe) {
            tracing::warn!(code = error.code(), "rows could not be erased yet");
        }
        drop(sealing);
        // Whoever recorded something meanwhile found the lock taken.
        if let Err(error) = self.erase_from_packages() {
            tracing::warn!(code = error.code(), "rows could not be erased from packages yet");
        }
        let reports = self.make_reports(actor).unwrap_or_else(|error| {
            tracing::warn!(code = error.code(), "standing reports could not be made");
            0
        });
        // Erasure may have given it another folder.
        let snapshot = self.store.latest_snapshot()?.filter(|row| row.id == outcome.snapshot.id);
        Ok(SealOutcome { snapshot: snapshot.unwrap_or(outcome.snapshot), reports, ..outcome })
    }

    /// Seals. The caller holds the lock.
    fn seal_in_force(&self, actor: &Actor, watched: &Watched<'_>) -> Result<SealOutcome, ServiceError> {
        let sealed_at = self.now();
        let packages = self.store.packages_in_force()?;
        let staged = packages.iter().map(|p| self.staged_input(p)).collect::<Result<Vec<_>, _>>()?;
        let id = self.store.next_snapshot()?;
        let (mut spine, approved) = self.spine()?;
        let aliases: Vec<Alias> =
            approved.into_iter().filter(|(at, _)| *at < sealed_at).map(|(_, alias)| alias).collect();
        let folder = id.to_string();
        let out = self.store.folder().snapshots().join(&folder);
        let inputs = SealInputs {
            vault: self.store.vault(),
            programme: self.programme(),
            staged: &staged,
            aliases: &aliases,
            id,
            day: sealed_at.day(),
            sealed_at,
            out: &out,
        };
        let report = {
            let mut random = crate::secret::SeededRandom::fork(self.random().as_mut());
            let mut progress = |phase: SealPhase| watched.step(phase.into());
            snapshot::seal_within(&inputs, &SealLimits::default(), &mut spine, &mut random, &mut progress)?
        };
        let links: Vec<SpineRow> =
            spine.fresh().iter().map(|(link, number)| SpineRow { link: *link, number: *number }).collect();
        let used: Vec<String> = packages.iter().map(|package| package.id.clone()).collect();
        let sealed = Sealed { sha256: report.sha256, packages: used };
        let manifest = serde_json::to_string(&sealed).expect("plain data is JSON");
        let new = NewSnapshot {
            id,
            day: inputs.day,
            sealed_at,
            folder: &folder,
            manifest: &manifest,
            links: &links,
            packages: &sealed.packages,
        };
        watched.step(SealStep::Commit);
        let replaced = match self.store.commit_seal(self.now(), actor, &new) {
            Ok(replaced) => replaced,
            Err(error) => {
                // The folder never came into force; when it cannot be removed now, start-up does it.
                if std::fs::remove_dir_all(&out).is_err() {
                    tracing::warn!(
                        snapshot = id,
                        "a snapshot that did not come into force could not be removed"
                    );
                }
                return Err(error.into());
            }
        };
        spine.settle();
        for id in &replaced {
            self.remove_staged(id);
        }
        let snapshot = self.store.latest_snapshot()?.ok_or(StoreError::NoSuch("snapshot"))?;
        // Since when a referral counts is kept by now; when it cannot be, the next look-up does it.
        let offered = !self.programme().followups.is_empty();
        if let Some(error) = offered.then(|| self.followups_ready().err()).flatten() {
            tracing::warn!(code = error.code(), "referrals could not be brought up to the snapshot");
        }
        Ok(SealOutcome { snapshot, packages: sealed.packages.len(), replaced: replaced.len(), reports: 0 })
    }

    fn staged_input(&self, package: &PackageRow) -> Result<StagedInput, ServiceError> {
        let row = self.store.upload(&package.id)?.ok_or(StoreError::NoSuch("package"))?;
        let manifest = Manifest::parse(&row.manifest).map_err(IntakeRefusal::from)?;
        let programme = self.programme();
        let unknown = || SealError::Unknown { file: package.id.clone() };
        Ok(StagedInput {
            path: self.store.folder().staged_file(&package.staged),
            source: programme.source(&package.partner).ok_or_else(unknown)?,
            dataset: programme.dataset(&package.dataset).ok_or_else(unknown)?.0,
            rows: package.stored.ok_or(StoreError::Damaged("a package"))?,
            stated: Stated::of(&manifest.kobling),
        })
    }

    /// The spine as the last seal left it, and every alias approved so far with the moment of its approval.
    pub(super) fn spine(&self) -> Result<(Spine, Vec<(Timestamp, Alias)>), ServiceError> {
        let last = self.store.latest_snapshot()?.map(|snapshot| snapshot.sealed_at);
        let approved: Vec<(Timestamp, Alias)> = self
            .store
            .aliases()?
            .iter()
            .filter_map(|row| Some((row.approved_at?, Alias { old: row.first, new: row.second })))
            .collect();
        let in_force: Vec<Alias> =
            approved.iter().filter(|(at, _)| Some(*at) < last).map(|(_, alias)| *alias).collect();
        let pairs = self.store.spine()?.into_iter().map(|row| (row.link, row.number));
        let spine = Spine::load(pairs, self.store.highest_person()?, &in_force);
        Ok((spine.map_err(|error: SpineError| SealError::from(error))?, approved))
    }

    /// All snapshots, oldest first.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn snapshots(&self) -> Result<Vec<SnapshotRow>, ServiceError> {
        Ok(self.store.snapshots()?)
    }
}
