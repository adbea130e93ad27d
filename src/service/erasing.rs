//! Erasure from snapshots, and its end: folders written anew, numbers of those of whom nothing is left forgotten, tombstones
//! and receipts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{MutexGuard, PoisonError};

use roaring::RoaringBitmap;

use super::ask::Answering;
use super::seal::Sealed;
use super::{Service, ServiceError};
use crate::audit::{Actor, ReceiptKind, Subject};
use crate::clock::Day;
use crate::intake::named_in;
use crate::linkage::{Alias, Joined};
use crate::snapshot::{Erasure, folder_name, generation_of, remove_folder, rewrite};
use crate::store::{ErasureRow, ErasureState, Finished, SnapshotRow, StoreError};
use crate::token::Link;

/// What an erasure from snapshots did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Erasures that are done.
    pub erasures: usize,
    /// Snapshots that were written anew.
    pub snapshots: usize,
}

impl Service {
    /// What is decided to be erased from a snapshot, by the numbers under which it knows persons.
    pub(super) fn ordered(&self, snapshot: u32) -> Result<Erasure, ServiceError> {
        self.ordered_by(snapshot, |_| true)
    }

    /// The same of some erasures, by their ids.
    fn ordered_by(&self, snapshot: u32, of: impl Fn(&str) -> bool) -> Result<Erasure, ServiceError> {
        let mut erasure = Erasure::default();
        let mut orders = self.store.orders()?;
        orders.retain(|order| order.until.is_none_or(|until| snapshot <= until) && of(&order.erasure));
        let links: Vec<Link> = orders.iter().map(|order| order.link).collect();
        let numbers = self.store.numbers_of(&links)?;
        let damaged = || StoreError::Damaged("an erasure");
        for (order, number) in orders.into_iter().zip(numbers) {
            // Every link of a person has an order, so whichever of the numbers a snapshot uses is among these.
            let Some(number) = number else { continue };
            let source = self.programme().source(&order.source).ok_or_else(damaged)?;
            let (dataset, _) = self.programme().dataset(&order.dataset).ok_or_else(damaged)?;
            erasure.order((dataset, source), number, order.keep);
        }
        Ok(erasure)
    }

    /// Takes what is decided and off the packages out of every snapshot, and with it rows from before the days in
    /// `horizons`, by dataset. Those of the erasures end that are `ripe`; the others keep waiting for their own day, or a
    /// partner would see from when its own is done that somebody else's was due. Nobody seals meanwhile: the caller holds
    /// the lock.
    pub(super) fn erase_snapshots(
        &self,
        sealing: &MutexGuard<'_, ()>,
        actor: &Actor,
        horizons: &BTreeMap<usize, Day>,
        ripe: impl Fn(&ErasureRow) -> bool,
    ) -> Result<Erased, ServiceError> {
        let mut erasures = self.store.erasures_at(ErasureState::Staged)?;
        erasures.retain(ripe);
        if erasures.is_empty() && horizons.is_empty() {
            return Ok(Erased::default());
        }
        let mut named = RoaringBitmap::new();
        let mut snapshots = 0;
        for row in self.store.snapshots()? {
            // Rows leave the packages first: what was decided a moment ago waits for the next time.
            let mut erasure = self.ordered_by(row.id, |id| erasures.iter().any(|staged| staged.id == id))?;
            horizons.iter().for_each(|(dataset, day)| erasure.keep_from(*dataset, *day));
            snapshots += usize::from(self.erase_snapshot(&row, actor, &erasure, &mut named)?);
        }
        let gone = self.gone(sealing, &named)?;
        let now = self.now();
        let effects =
            erasures.iter().map(|done| self.effects(&done.source)).collect::<Result<Vec<_>, _>>()?;
        let effects: HashMap<&str, _> = erasures.iter().map(|done| done.id.as_str()).zip(effects).collect();
        let finished = Finished { erasures: &erasures, gone: &gone };
        self.store.finish_erasures(now, actor, &finished, |done, head| {
            let subject = Subject::new()
                .id("cause", done.cause.as_str())
                .id("opened", done.opened_at.day())
                .id("erase-by", self.erase_by(done.since, done.opened_at))
                .count("packages", done.packages)
                .count("rows", done.rows);
            let subject = effects.get(done.id.as_str()).map_or(subject.clone(), |of| of.tell(subject));
            self.receipt(ReceiptKind::Erasure, &done.id, now, &done.source, subject, head)
        })?;
        self.arrivals.changed_for_all();
        self.store.scrub()?;
        Ok(Erased { erasures: erasures.len(), snapshots })
    }

    /// Writes a snapshot anew where anything of it goes. The old folder is gone when this returns.
    fn erase_snapshot(
        &self,
        row: &SnapshotRow,
        actor: &Actor,
        erasure: &Erasure,
        named: &mut RoaringBitmap,
    ) -> Result<bool, ServiceError> {
        let damaged = || StoreError::Damaged("the row of a snapshot");
        let sealed: Sealed = serde_json::from_str(&row.manifest).map_err(|_| damaged())?;
        let generation = generation_of(&row.folder).ok_or_else(damaged)?;
        let folder = folder_name(row.id, generation + 1);
        let root = self.store.folder().snapshots();
        let (dir, out) = (root.join(&row.folder), root.join(&folder));
        // Left by an attempt that was not put into force.
        remove_folder(&out)?;
        let Some(sha256) =
            rewrite(self.store.vault(), (&dir, &sealed.sha256), &out, self.programme(), erasure, named)?
        else {
            return Ok(false);
        };
        let manifest = serde_json::to_string(&Sealed { sha256, ..sealed }).expect("plain data is JSON");
        // No question and no look-up is half-way through the old folder.
        let mut answering = self.answering();
        let mut followups = self.followups.lock().unwrap_or_else(PoisonError::into_inner);
        let before = (row.id, row.folder.as_str());
        self.store.replace_snapshot((self.now(), actor), before, (&folder, &manifest))?;
        answering.forget_rows();
        *followups = None;
        remove_folder(&dir)?;
        Ok(true)
    }

    /// The links of persons of whom no row is left: in no snapshot (`named` are the numbers that are), and in no staged
    /// file.
    fn gone(&self, _sealing: &MutexGuard<'_, ()>, named: &RoaringBitmap) -> Result<Vec<Link>, ServiceError> {
        let aliases: Vec<Alias> =
            self.store.aliases()?.iter().map(|row| Alias { old: row.first, new: row.second }).collect();
        // Proposals count too: what may be one person goes together.
        let joined = Joined::of(&aliases);
        let mut kept_groups = HashSet::new();
        let mut gone = HashSet::new();
        for row in self.store.spine()? {
            match joined.group(&row.link) {
                Some(group) if named.contains(row.number) => _ = kept_groups.insert(group),
                None if named.contains(row.number) => {}
                _ => _ = gone.insert(row.link),
            }
        }
        if gone.is_empty() {
            return Ok(Vec::new());
        }
        for package in self.store.packages_staged()? {
            let Some((_, dataset)) = self.programme().dataset(&package.dataset) else { continue };
            let path = self.store.folder().staged_file(&package.staged);
            let read = named_in(self.store.vault(), &path, dataset, &mut |link| {
                gone.remove(link);
                kept_groups.extend(joined.group(link));
            });
            match read {
                // An upload of which nothing has arrived has no file.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                read => read?,
            }
        }
        gone.retain(|link| joined.group(link).is_none_or(|group| !kept_groups.contains(&group)));
        let mut gone: Vec<Link> = gone.into_iter().collect();
        gone.sort_unstable();
        Ok(gone)
    }
}

impl Answering {
    /// Lets go of everything that was read of a snapshot.
    fn forget_rows(&mut self) {
        self.snapshot = None;
        self.shelf = None;
    }
}
