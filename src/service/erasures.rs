//! Erasure, from the event to the packages: what was said is on record, what may stay is decided, the rest leaves the staged
//! files at once. Snapshots follow within the programme's days ([`super::erasing`]), and no question reads it meanwhile.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{MutexGuard, PoisonError, TryLockError};

use super::{Service, ServiceError};
use crate::audit::{Actor, Item, ReceiptKind, SignedReceipt, Subject};
use crate::auth::Principal;
use crate::clock::{Day, Timestamp};
use crate::consent::{AsOf, ConsentEvent, Known, denied, keepable};
use crate::extract::manifest::Sha256Hex;
use crate::intake::{StagedErasure, erase_staged};
use crate::linkage::{Alias, Joined};
use crate::name::{DatasetId, PartnerId, QuestionId};
use crate::programme::{Dataset, QuestionKind};
use crate::store::{
    ConsentRow, ErasureCause, ErasureRow, ErasureState, OrderRow, PackageRow, StagedName, StoreError,
    Stretches, UploadState,
};
use crate::token::Link;

/// What of a partner's data was shown, and where it lies: the same for everybody who asks, whoever is in it.
pub(super) struct Effects {
    snapshots: Vec<u32>,
    released: Vec<String>,
}

/// The orders of one dataset of one partner, by link.
type ByLink<'a> = HashMap<Link, Vec<&'a OrderRow>>;

fn inside(stretches: &Stretches, day: Day) -> bool {
    stretches.iter().any(|(from, to)| (*from..=*to).contains(&day))
}

impl Service {
    /// Records a batch of a partner's consent events and erases what they leave without permission from its packages.
    /// What else has to be done is on record, and done by the daily upkeep.
    ///
    /// # Errors
    /// [`ServiceError`]; nothing was recorded then.
    pub(super) fn record_events(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        batch: Sha256Hex,
        rows: &[ConsentRow],
        now: Timestamp,
    ) -> Result<SignedReceipt, ServiceError> {
        let effects = self.effects(partner)?;
        let id = batch.to_string();
        let receipt = self.store.record_consents(now, actor, partner, batch, rows, |subject, head| {
            let subject = self.with_effects(subject, &effects, now);
            self.receipt(ReceiptKind::Consents, &id, now, partner, subject, head)
        });
        let receipt = receipt.map_err(|error| match error {
            StoreError::Consent { index, refusal } => {
                let index = usize::try_from(index).unwrap_or(usize::MAX);
                ServiceError::Consent { index, refusal }
            }
            error => error.into(),
        })?;
        self.recorded(partner);
        Ok(receipt)
    }

    /// What follows from events of a partner that have just been recorded, before that is acknowledged.
    pub(super) fn recorded(&self, partner: &PartnerId) {
        // Blocks that come in from here on are held against it.
        if let Some(source) = self.programme().source(partner) {
            self.arrivals.changed(source);
        }
        // They are recorded whatever happens here; what could not be done is tried again.
        if let Err(error) = self.erase_from_packages() {
            tracing::warn!(code = error.code(), "rows could not be erased from packages yet");
        }
    }

    /// Tells, where the batch opened an erasure, by when it is done and what was shown of the partner's data.
    pub(super) fn with_effects(&self, subject: Subject, effects: &Effects, now: Timestamp) -> Subject {
        let since = match subject.item("since") {
            Some(Item::Text(since)) => since.parse().ok(),
            _ => None,
        };
        let Some(since) = since else { return subject };
        let subject = subject.id("erase-by", self.erase_by(since, now));
        effects.tell(subject)
    }

    /// The last day on which an erasure may be done: counted from the event, but never the day on which it came in.
    pub(super) fn erase_by(&self, since: Day, opened_at: Timestamp) -> Day {
        let days = i32::try_from(self.programme().consent.erasure_days).unwrap_or(i32::MAX);
        since.plus(days).max(opened_at.day().plus(1))
    }

    /// Which snapshots there are, and what was released of questions that read the partner's datasets.
    pub(super) fn effects(&self, partner: &PartnerId) -> Result<Effects, ServiceError> {
        let snapshots = self.store.snapshots()?.iter().map(|row| row.id).collect();
        let mut released = Vec::new();
        for key in self.store.answered_questions()? {
            let (question, rest) = key.split_once('?').unwrap_or((&key, ""));
            if self.reads(question, partner) {
                released.push(released_name(question, rest));
            }
        }
        for question in
            self.programme().questions.iter().filter(|q| matches!(q.kind, QuestionKind::Payment(_)))
        {
            if self.reads(question.id.as_str(), partner) {
                for made in self.store.statements(&question.id)? {
                    let (first, last) = made.days;
                    released.push(format!("{}/{first}..{last}/{}", question.id, made.payer));
                }
            }
        }
        released.sort_unstable();
        Ok(Effects { snapshots, released })
    }

    /// Whether a question reads a dataset of the partner, or what was said to it.
    fn reads(&self, question: &str, partner: &PartnerId) -> bool {
        let programme = self.programme();
        let Ok(id) = question.parse::<QuestionId>() else { return true };
        // A question of an earlier definition: it is told rather than not.
        let Some(question) = programme.question(&id) else { return true };
        let Some(source) = programme.source(partner) else { return false };
        question.kind == QuestionKind::Consents
            || programme
                .datasets_of(question)
                .into_iter()
                .any(|dataset| programme.datasets[dataset].partners.contains(&source))
    }

    /// Links that approved aliases hold together.
    pub(super) fn groups(&self) -> Result<Joined, ServiceError> {
        let approved = self.store.aliases()?.into_iter().filter(|row| row.approved_at.is_some());
        let aliases: Vec<Alias> = approved.map(|row| Alias { old: row.first, new: row.second }).collect();
        Ok(Joined::of(&aliases))
    }

    /// What a partner recorded about a person, as the fold takes it: events, and what is left of those that are gone.
    pub(super) fn said_to(&self, source: &PartnerId, links: &[Link]) -> Result<Vec<Known>, ServiceError> {
        let damaged = || StoreError::Damaged("a consent event");
        let at = self.programme().source(source).ok_or_else(damaged)?;
        let mut known = Vec::new();
        for (_, stored) in self.store.consents_numbered(source, links)? {
            let event: ConsentEvent = serde_json::from_str(&stored.event).map_err(|_| damaged())?;
            known.push(Known::new(at, &event, stored.recorded_at));
        }
        for link in links {
            let tombstones = self.store.tombstones_of(source, link)?.into_iter();
            known.extend(tombstones.map(|row| Known::tombstone(at, row.dataset, row.denied_at, row.by)));
        }
        Ok(known)
    }

    /// Datasets of a partner whose rows go when nobody permits them any more.
    pub(super) fn erasable(&self, partner: &PartnerId) -> impl Iterator<Item = (u8, &Dataset)> {
        let source = self.programme().source(partner);
        let datasets = self.programme().datasets.iter();
        datasets.filter_map(move |dataset| {
            let source = source.filter(|source| dataset.partners.contains(source))?;
            dataset.rests_on_consent_alone().then_some((source, dataset))
        })
    }

    /// Erases what has lost its permission from the packages, as far as nobody is working on them.
    ///
    /// # Errors
    /// [`ServiceError`]; what is not done yet is done by the next upkeep.
    pub(super) fn erase_from_packages(&self) -> Result<(), ServiceError> {
        self.decide_erasures()?;
        match self.sealing.try_lock() {
            Ok(one) => self.erase_staged_rows(&one),
            Err(TryLockError::Poisoned(one)) => self.erase_staged_rows(&one.into_inner()),
            // Whoever seals does it at the end.
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    /// Decides which rows of each opened erasure may stay: those that something permitted when it was opened.
    pub(super) fn decide_erasures(&self) -> Result<(), ServiceError> {
        let opened = self.store.erasures_at(ErasureState::Opened)?;
        if opened.is_empty() {
            return Ok(());
        }
        let groups = self.groups()?;
        for erasure in &opened {
            self.decide(erasure, &groups)?;
        }
        // Follow-up reads the rest from the next look-up on.
        *self.followups.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    fn decide(&self, erasure: &ErasureRow, groups: &Joined) -> Result<(), ServiceError> {
        let as_of = AsOf::known_then(erasure.opened_at);
        let grace = self.programme().consent.lapsed_days;
        let named: Vec<Link> = self.store.erasure_links(&erasure.id)?;
        let told = erasure.cause != ErasureCause::Joined;
        let set: HashSet<Link> = named.iter().copied().filter(|_| told).collect();
        let mut met = HashSet::new();
        let mut orders = Vec::new();
        for link in &named {
            let links = groups.links(link);
            if !met.insert(links[0]) {
                continue;
            }
            let events = self.said_to(&erasure.source, links)?;
            for (source, dataset) in self.erasable(&erasure.source) {
                let days = keepable(&events, source, dataset, as_of, grace);
                let keep = days.stretches().to_vec();
                let denied = if keep.is_empty() { denied(&events, source, dataset, as_of) } else { None };
                orders.extend(links.iter().map(|link| OrderRow {
                    erasure: erasure.id.clone(),
                    source: erasure.source.clone(),
                    dataset: dataset.id.clone(),
                    link: *link,
                    named: set.contains(link),
                    keep: keep.clone(),
                    denied,
                    opened_at: erasure.opened_at,
                    until: None,
                }));
            }
        }
        Ok(self.store.decide_erasure(&erasure.id, &orders)?)
    }

    /// Carries the decided erasures out in the staged files. Nobody seals meanwhile: the caller holds the lock.
    pub(super) fn erase_staged_rows(&self, _sealing: &MutexGuard<'_, ()>) -> Result<(), ServiceError> {
        let decided = self.store.erasures_at(ErasureState::Decided)?;
        if decided.is_empty() {
            return Ok(());
        }
        let orders = self.store.orders()?;
        let ids: HashSet<&str> = decided.iter().map(|erasure| erasure.id.as_str()).collect();
        let mut of: BTreeMap<(&PartnerId, &DatasetId), ByLink<'_>> = BTreeMap::new();
        for order in orders.iter().filter(|order| ids.contains(order.erasure.as_str())) {
            let by_link = of.entry((&order.source, &order.dataset)).or_default();
            by_link.entry(order.link).or_default().push(order);
        }
        let mut waiting: HashSet<PartnerId> = HashSet::new();
        for package in self.store.packages_staged()? {
            let Some(orders) = of.get(&(&package.partner, &package.dataset)) else { continue };
            if !self.erase_package(&package, orders, None)? {
                waiting.insert(package.partner);
            }
        }
        let staged = decided.into_iter().filter(|erasure| !waiting.contains(&erasure.source));
        let staged: Vec<String> = staged.map(|erasure| erasure.id).collect();
        Ok(self.store.erasures_staged(&staged)?)
    }

    /// Writes an upload's staged file anew without what goes; `false` when somebody is working on it.
    pub(super) fn erase_package(
        &self,
        package: &PackageRow,
        orders: &ByLink<'_>,
        from: Option<Day>,
    ) -> Result<bool, ServiceError> {
        let slot = self.slot(&package.id);
        let done = match slot.try_lock() {
            // Nobody writes to a complete one: a request at it can wait for its client as long as that likes.
            None if self
                .store
                .package_staged(&package.id)?
                .is_some_and(|it| it.state == UploadState::Complete) =>
            {
                self.rewrite_package(&package.id, orders, from)?;
                true
            }
            None => false,
            Some(mut session) => {
                // What is on disk decides, the next time.
                *session = None;
                self.rewrite_package(&package.id, orders, from)?;
                true
            }
        };
        drop(slot);
        self.forget_slot(&package.id);
        Ok(done)
    }

    fn rewrite_package(&self, id: &str, orders: &ByLink<'_>, from: Option<Day>) -> Result<(), ServiceError> {
        // As it stands now that nobody else is at it.
        let Some(package) = self.store.package_staged(id)? else { return Ok(()) };
        let Some((_, dataset)) = self.programme().dataset(&package.dataset) else { return Ok(()) };
        let generation = package.staged.generation();
        let folder = self.store.folder();
        let (path, out) =
            (folder.staged_file(&package.staged), folder.staged_file(&StagedName::new(id, generation + 1)));
        // What was opened after the event has been held against it on arrival.
        let of = |link: &Link| {
            let orders = orders.get(link).into_iter().flatten();
            orders.filter(|order| package.opened_at <= order.opened_at)
        };
        let keeps = |link: &Link, day: Day| of(link).all(|order| inside(&order.keep, day));
        let gone = |link: &Link| of(link).any(|order| order.keep.is_empty());
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut lost = |link: &Link| {
            if let Some(order) = of(link).find(|order| order.named) {
                *counts.entry(order.erasure.clone()).or_default() += 1;
            }
        };
        let erasure = StagedErasure { stays: &keeps, gone: &gone, from };
        let left = match erase_staged(self.store.vault(), (&path, &out), dataset, &erasure, &mut lost) {
            // An upload of which nothing has arrived has no file.
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound && package.state == UploadState::Open =>
            {
                None
            }
            left => left?,
        };
        let Some(left) = left else { return Ok(()) };
        let stored = package.stored.map(|_| left);
        let counts: Vec<(String, u64)> = counts.into_iter().collect();
        if let Err(error) = self.store.restage((id, generation), stored, &counts) {
            // The partner took the package back meanwhile.
            std::fs::remove_file(&out)?;
            return Err(error.into());
        }
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(upload = id, kind = ?error.kind(), "erased rows could not be removed");
        }
        Ok(())
    }

    /// The caller's erasures, oldest first, each with the last day on which it may be done.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn erasures(&self, caller: &Principal) -> Result<Vec<(ErasureRow, Day)>, ServiceError> {
        let rows = self.store.erasures_of(&self.partner(caller)?)?;
        let by = |row: ErasureRow| {
            let by = self.erase_by(row.since, row.opened_at);
            (row, by)
        };
        Ok(rows.into_iter().map(by).collect())
    }

    /// Erasures of every partner that are not done, each with the last day on which it may be: for the operator.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn open_erasures(&self) -> Result<Vec<(ErasureRow, Day)>, ServiceError> {
        let rows = self.store.open_erasures()?.into_iter();
        Ok(rows
            .map(|row| {
                let by = self.erase_by(row.since, row.opened_at);
                (row, by)
            })
            .collect())
    }

    /// Held by whoever seals, or takes rows out of what was sealed.
    pub(super) fn seal_lock(&self) -> MutexGuard<'_, ()> {
        self.sealing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Effects {
    /// As facts of a receipt.
    pub(super) fn tell(&self, subject: Subject) -> Subject {
        subject.list("snapshots", &self.snapshots).list("released", &self.released)
    }
}

/// A released question as receipts name it: `question/quarters/dimensions/population/recipient`, and `-` for what it does
/// not have.
fn released_name(question: &str, rest: &str) -> String {
    let of = |name: &str| {
        let found = rest.split('&').filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name);
        let value = found.map_or("", |(_, value)| value).replace(',', ".");
        if value.is_empty() { "-".to_owned() } else { value }
    };
    format!("{question}/{}/{}/{}/{}", of("period"), of("by"), of("population"), of("recipient"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_released_question_is_named_in_the_characters_of_ids() {
        let name = super::released_name(
            "reach",
            "by=partner,role&population=&period=2022-Q1..2022-Q4&recipient=vive",
        );
        assert_eq!(name, "reach/2022-Q1..2022-Q4/partner.role/-/vive");
    }
}
