//! What the service does every day by itself: uploads that nothing reaches expire, permissions end, erasures are carried out,
//! and what was kept for as long as it was to be kept goes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::MutexGuard;

use super::{Erased, Service, ServiceError};
use crate::audit::{Actor, Deed, Subject};
use crate::clock::Day;
use crate::consent::{ConsentEvent, Known, due};
use crate::name::PartnerId;
use crate::store::{ErasureRow, ErasureState, StoreError, TombstoneRow};
use crate::token::Link;

/// Which erasures are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erase {
    /// Those of earlier stretches of the calendar, each of half the days: so that several are one rewriting, and there is
    /// time left when it fails. An event that came in late is not kept waiting. The rows of all others go with them, but
    /// these are done, and told to be, when their own stretch is over.
    Ripe,
    /// All.
    All,
}

/// Days for which it stays on record who looked what up.
const LOOKUPS_KEPT_DAYS: i64 = 365;

/// What upkeep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Uploads that expired.
    pub uploads: usize,
    /// Erasures that were opened because permissions ended.
    pub ended: usize,
    /// What was erased.
    pub erased: Erased,
    /// Datasets of which rows past their days were removed.
    pub aged: usize,
    /// Consent events that were removed.
    pub events: usize,
    /// Look-ups whose record was removed.
    pub lookups: usize,
    /// Whether somebody was working on an upload that rows have to leave: it is tried again.
    pub waiting: bool,
}

impl Service {
    /// Does what is to be done on a day. Doing it again on the same day does no more.
    ///
    /// # Errors
    /// [`ServiceError`]; what was done until then stays, the rest is done the next time.
    pub fn look_after(&self, actor: &Actor, erase: Erase) -> Result<Upkeep, ServiceError> {
        let mut done = Upkeep { uploads: self.expire_uploads()?, ..Upkeep::default() };
        done.ended = self.open_ended(actor)?;
        let sealing = self.seal_lock();
        (done.erased, done.aged) = self.erase_with(&sealing, actor, erase)?;
        drop(sealing);
        // Whoever recorded something meanwhile found the lock taken.
        if let Err(error) = self.erase_from_packages() {
            tracing::warn!(code = error.code(), "not all rows could be erased from packages yet");
        }
        done.waiting = !self.store.erasures_at(ErasureState::Decided)?.is_empty();
        done.events = self.drop_past_events(actor)?;
        let year = self.now().plus_millis(-LOOKUPS_KEPT_DAYS * 86_400_000);
        done.lookups = usize::try_from(self.store.drop_lookups_before(year)?).unwrap_or(usize::MAX);
        if done.lookups != 0 {
            self.store.scrub()?;
            let subject = Subject::new().id("what", "look-ups").count("count", done.lookups as u64);
            self.store.record_reading(self.now(), actor, Deed::RetentionApplied, subject)?;
        }
        Ok(done)
    }

    /// Takes rows off packages, and off snapshots where it is time. The caller holds the lock of sealing.
    pub(super) fn erase_with(
        &self,
        sealing: &MutexGuard<'_, ()>,
        actor: &Actor,
        erase: Erase,
    ) -> Result<(Erased, usize), ServiceError> {
        self.decide_erasures()?;
        // What could not be done waits; the rest goes on.
        if let Err(error) = self.erase_staged_rows(sealing) {
            tracing::warn!(code = error.code(), "not all rows could be erased from packages yet");
        }
        let horizons = self.horizons(erase)?;
        let horizons = self.age_packages(horizons)?;
        let today = self.now().day();
        let half = i32::try_from(self.programme().consent.erasure_days / 2).unwrap_or(0);
        // By the calendar: what is opened in one stretch of days is done together at the beginning of the next.
        let stretch = |day: Day| day.days().div_euclid(half.max(1));
        let ripe = |row: &ErasureRow| {
            let by = self.erase_by(row.since, row.opened_at);
            let due = stretch(row.opened_at.day()) < stretch(today) || today.plus(half) >= by;
            row.state == ErasureState::Staged && (erase == Erase::All || due)
        };
        let some = self.store.open_erasures()?.iter().any(ripe);
        if !some && horizons.is_empty() {
            return Ok((Erased::default(), 0));
        }
        let erased = self.erase_snapshots(sealing, actor, &horizons, ripe)?;
        for (dataset, from) in &horizons {
            let dataset = &self.programme().datasets[*dataset].id;
            self.store.record_retention(self.now(), actor, (dataset, *from))?;
        }
        Ok((erased, horizons.len()))
    }

    /// Datasets with rows past their days that are to go now: once in half of the programme's days for erasure, for the
    /// whole of a snapshot is written anew for it. No question reads them meanwhile.
    fn horizons(&self, erase: Erase) -> Result<BTreeMap<usize, Day>, ServiceError> {
        let programme = self.programme();
        let today = self.now().day();
        let half = i32::try_from(programme.consent.erasure_days / 2).unwrap_or(0);
        let mut horizons = BTreeMap::new();
        for (at, dataset) in programme.datasets.iter().enumerate() {
            let Some(from) = dataset.kept_from(today) else { continue };
            let last = self.store.mark(&format!("kept-from/{}", dataset.id))?;
            let last = last.and_then(|days| i32::try_from(days).ok()).map(Day::from_days);
            let first = programme.period.first_day();
            let due = match last {
                // Rows can be older than the programme, by the days that a partner's extract may reach back.
                None => from > first,
                Some(last) if erase == Erase::All => from > last,
                Some(last) => from > last.plus(half),
            };
            if due {
                horizons.insert(at, from);
            }
        }
        Ok(horizons)
    }

    /// Takes rows past their days off the packages; returns the datasets of which all are off.
    fn age_packages(&self, mut horizons: BTreeMap<usize, Day>) -> Result<BTreeMap<usize, Day>, ServiceError> {
        if horizons.is_empty() {
            return Ok(horizons);
        }
        for package in self.store.packages_staged()? {
            let Some((dataset, _)) = self.programme().dataset(&package.dataset) else { continue };
            let Some(from) = horizons.get(&dataset) else { continue };
            match self.erase_package(&package, &HashMap::new(), Some(*from)) {
                Ok(true) => {}
                Ok(false) => _ = horizons.remove(&dataset),
                Err(error) => {
                    let (upload, code) = (&package.id, error.code());
                    tracing::warn!(
                        upload,
                        code,
                        "rows past their days could not be removed from a staged file"
                    );
                    horizons.remove(&dataset);
                }
            }
        }
        Ok(horizons)
    }

    /// Removes consent events that have been kept for as long as they were to be kept; what they denied stays denied.
    fn drop_past_events(&self, actor: &Actor) -> Result<usize, ServiceError> {
        let now = self.now();
        let today = now.day();
        let damaged = |_| StoreError::Damaged("a consent event");
        let read = |text: &str| serde_json::from_str::<ConsentEvent>(text).map_err(damaged);
        let mut of: BTreeMap<PartnerId, HashSet<Link>> = BTreeMap::new();
        self.store.for_each_event(|_, stored| {
            if read(&stored.event)?.retention_until < today {
                of.entry(stored.source).or_default().insert(stored.link);
            }
            Ok(())
        })?;
        if of.is_empty() {
            return Ok(0);
        }
        let groups = self.groups()?;
        let (mut gone, mut stones) = (Vec::new(), Vec::new());
        for (partner, links) in of {
            let Some(source) = self.programme().source(&partner) else { continue };
            let mut met = HashSet::new();
            for link in &links {
                let links = groups.links(link);
                if !met.insert(links[0]) {
                    continue;
                }
                let mut numbers = Vec::new();
                let mut events = Vec::new();
                for (number, stored) in self.store.consents_numbered(&partner, links)? {
                    let event = read(&stored.event)?;
                    events.push((Known::new(source, &event, stored.recorded_at), event.retention_until));
                    numbers.push(number);
                }
                let own = self.programme().datasets.iter().filter(|d| d.partners.contains(&source));
                let due = due(&events, source, own, today);
                gone.extend(due.events.iter().map(|at| numbers[*at]));
                for stone in due.tombstones {
                    stones.extend(links.iter().map(|link| TombstoneRow {
                        source: partner.clone(),
                        link: *link,
                        dataset: stone.dataset.clone(),
                        denied_at: stone.denied_at,
                        by: stone.by,
                    }));
                }
            }
        }
        if gone.is_empty() {
            return Ok(0);
        }
        self.store.drop_consents(now, actor, &gone, &stones)?;
        self.arrivals.changed_for_all();
        self.store.scrub()?;
        Ok(gone.len())
    }
}
