//! Consent between questions: the store's events in a ledger, brought up to date with what has come in since.
//!
//! Events are read once. What is new is added; where aliases, a seal or an erasure make other persons of links, the events
//! of those links, and of all that hang together with them, are read again. When it cannot be known what has changed, all
//! is read again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use super::{Service, ServiceError};
use crate::clock::Timestamp;
use crate::consent::{ConsentEvent, ConsentLedger, Known, Permits, Wanted};
use crate::linkage::{Alias, Joined, Spine};
use crate::name::OrganisationId;
use crate::programme::Programme;
use crate::question::{CountError, Permitting, Plan};
use crate::snapshot::SealError;
use crate::store::{ConsentState, SnapshotRow, Store, StoreError, StoredConsent, TombstoneRow};
use crate::token::Link;

/// Links that are looked up one by one; for more the whole spine is read.
const FEW_LINKS: usize = if cfg!(test) { 6 } else { 100_000 };
/// Events that are read at a time: the store is busy meanwhile.
const EVENTS_AT_ONCE: u64 = if cfg!(test) { 5 } else { 200_000 };

/// What consent stands at: whatever it is worked out from.
#[derive(Clone, Copy)]
pub(super) struct Standing<'a> {
    /// The snapshot in force.
    pub(super) snapshot: &'a SnapshotRow,
    /// The state of consent.
    pub(super) state: ConsentState,
    /// The moment.
    pub(super) now: Timestamp,
}

/// The events of everybody whom the spine knows, and the permits that follow.
pub(super) struct Consented {
    ledger: ConsentLedger,
    /// What has been read; `None` when all is to be read.
    read: Option<Read>,
    /// Links with events that no seal has met.
    waiting: HashSet<Link>,
}

struct Read {
    snapshot: u32,
    state: ConsentState,
    aliases: Aliases,
}

/// Approved aliases, and whether each was in force at the last seal.
type Aliases = BTreeSet<(Link, Link, bool)>;

/// What erasures took away, by their generation: links, with the number that each had, as far as is known.
#[derive(Default)]
pub(super) struct Touched(Mutex<BTreeMap<u64, Vec<Erased>>>);

/// A link, and the person number that it had before.
type Erased = (Link, Option<u32>);

impl Touched {
    /// Enters what the erasure that counted [`ConsentState::erasures`] up to `generation` has touched.
    fn enter(&self, generation: u64, links: Vec<Erased>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(generation, links);
    }

    /// What the erasures after one generation, up to another one, have touched; `None` where any of them is not known.
    fn between(&self, after: u64, last: u64) -> Option<Vec<Erased>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody asks about earlier ones again.
        *known = known.split_off(&after.saturating_add(1));
        if after > last {
            return None;
        }
        let each = (after + 1..=last).map(|generation| known.get(&generation).cloned());
        each.collect::<Option<Vec<_>>>().map(|all| all.concat())
    }
}

impl Consented {
    /// Nothing read yet; permits are kept up to so many bytes.
    pub(super) fn new(limit: u64) -> Consented {
        Consented { ledger: ConsentLedger::new(limit), read: None, waiting: HashSet::new() }
    }

    /// The events as they stood, brought up to date.
    pub(super) fn ledger(&mut self) -> &mut ConsentLedger {
        &mut self.ledger
    }

    /// Brings it up to date.
    ///
    /// # Errors
    /// [`ServiceError`]; all is then read again the next time.
    pub(super) fn bring(
        &mut self,
        store: &Store,
        programme: &Programme,
        touched: &Touched,
        standing: &Standing<'_>,
    ) -> Result<(), ServiceError> {
        let Standing { snapshot, state, now } = *standing;
        let aliases = aliases(store, snapshot)?;
        let before = self.read.take().filter(|read| read.state.events <= state.events);
        let known = before.and_then(|read| {
            let erased = touched.between(read.state.erasures, state.erasures)?;
            Some((read, erased))
        });
        let done = match known {
            Some((read, _))
                if (read.snapshot, read.state) == (snapshot.id, state) && read.aliases == aliases =>
            {
                true
            }
            Some((read, erased)) => {
                self.follow(store, programme, &read, &erased, (snapshot.id, state, now), &aliases)?
            }
            None => false,
        };
        if !done {
            self.ledger.clear();
            self.waiting.clear();
            let persons = Persons::all(store, &aliases)?;
            self.read_events(
                store,
                programme,
                Some(&persons),
                &aliases,
                (0, state.events, now),
                &HashSet::new(),
            )?;
            for stone in store.tombstones()? {
                self.add_tombstone(programme, &persons, stone, now);
            }
        }
        self.read = Some(Read { snapshot: snapshot.id, state, aliases });
        Ok(())
    }

    /// Follows from what was read; `false` where reading all is no more work.
    fn follow(
        &mut self,
        store: &Store,
        programme: &Programme,
        read: &Read,
        erased: &[Erased],
        (snapshot, state, now): (u32, ConsentState, Timestamp),
        aliases: &Aliases,
    ) -> Result<bool, ServiceError> {
        // Whose events may be other persons' now: links of aliases that came, went or came into force, what was erased,
        // and after a seal whoever waited for one. With each link goes every one that hangs, or hung, together with it.
        let mut met: HashSet<Link> = erased.iter().map(|(link, _)| *link).collect();
        met.extend(read.aliases.symmetric_difference(aliases).flat_map(|(old, new, _)| [*old, *new]));
        if read.snapshot != snapshot {
            met.extend(self.waiting.iter().copied());
            met.extend(
                aliases.iter().filter(|(.., in_force)| !in_force).flat_map(|(old, new, _)| [*old, *new]),
            );
        }
        let both = joined(read.aliases.union(aliases));
        let again: HashSet<Link> = met.iter().flat_map(|link| both.links(link)).copied().collect();
        if again.len() > FEW_LINKS {
            return Ok(false);
        }
        if !again.is_empty() {
            let persons = Persons::some(store, aliases, again.iter().copied())?;
            let numbers = again.iter().filter_map(|link| persons.spine.allotted(link));
            let numbers: HashSet<u32> =
                numbers.chain(erased.iter().filter_map(|(_, number)| *number)).collect();
            for number in numbers {
                self.ledger.forget(number);
            }
            for link in &again {
                self.waiting.remove(link);
                for partner in &programme.partners {
                    for event in store.consents_up_to(&partner.id, link, state.events)? {
                        self.add(programme, &persons, &event, now)?;
                    }
                    for stone in store.tombstones_of(&partner.id, link)? {
                        self.add_tombstone(programme, &persons, stone, now);
                    }
                }
            }
        }
        self.read_events(store, programme, None, aliases, (read.state.events, state.events, now), &again)?;
        Ok(true)
    }

    /// Adds the events with numbers after one, up to another one, but for those of some links.
    fn read_events(
        &mut self,
        store: &Store,
        programme: &Programme,
        persons: Option<&Persons>,
        aliases: &Aliases,
        (after, last, now): (u64, u64, Timestamp),
        but: &HashSet<Link>,
    ) -> Result<(), ServiceError> {
        let mut all = None;
        let mut first = after + 1;
        while first <= last {
            let until = last.min(first + (EVENTS_AT_ONCE - 1));
            let mut events = Vec::new();
            store.for_each_consent_in(first..=until, |event| {
                if !but.contains(&event.link) {
                    events.push(event);
                }
                Ok(())
            })?;
            first = until + 1;
            let some;
            let persons = match persons.or(all.as_ref()) {
                Some(persons) => persons,
                None if events.len() > FEW_LINKS => all.insert(Persons::all(store, aliases)?),
                None => {
                    some = Persons::some(store, aliases, events.iter().map(|event| event.link))?;
                    &some
                }
            };
            for event in &events {
                self.add(programme, persons, event, now)?;
            }
        }
        Ok(())
    }

    /// Adds what is left of events that are gone, under every person of its link.
    fn add_tombstone(
        &mut self,
        programme: &Programme,
        persons: &Persons,
        stone: TombstoneRow,
        now: Timestamp,
    ) {
        let persons = persons.of(&stone.link);
        if persons.is_empty() {
            self.waiting.insert(stone.link);
            return;
        }
        // What a partner or dataset that is no longer there said no to is asked by nobody.
        let Some(source) = programme.source(&stone.source) else { return };
        let known = Known::tombstone(source, stone.dataset, stone.denied_at, stone.by);
        for person in persons {
            self.ledger.add(person, &known, now);
        }
    }

    /// Adds an event under every person of its link; one whose link no seal has met waits for one.
    fn add(
        &mut self,
        programme: &Programme,
        persons: &Persons,
        stored: &StoredConsent,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let persons = persons.of(&stored.link);
        if persons.is_empty() {
            self.waiting.insert(stored.link);
            return Ok(());
        }
        let damaged = || StoreError::Damaged("a consent event");
        let source = programme.source(&stored.source).ok_or_else(damaged)?;
        let event: ConsentEvent = serde_json::from_str(&stored.event).map_err(|_| damaged())?;
        let known = Known::new(source, &event, stored.recorded_at);
        for person in persons {
            self.ledger.add(person, &known, now);
        }
        Ok(())
    }
}

/// What a plan's datasets are permitted by, at a moment, for a recipient.
pub(super) struct OfPlan<'a> {
    pub(super) ledger: &'a mut ConsentLedger,
    pub(super) programme: &'a Programme,
    pub(super) plan: &'a Plan,
    pub(super) recipient: &'a OrganisationId,
    pub(super) now: Timestamp,
}

impl OfPlan<'_> {
    fn current(&mut self, dataset: usize) -> &crate::consent::Current {
        let wanted = Wanted {
            dataset: &self.programme.datasets[dataset],
            purpose: self.plan.purpose(),
            recipient: self.recipient,
            span: self.plan.span(),
        };
        self.ledger.permits(&wanted, self.now)
    }
}

impl Permitting for OfPlan<'_> {
    type Error = CountError;

    fn recipient(&self) -> &str {
        self.recipient.as_str()
    }

    fn permits(&mut self, dataset: usize) -> Result<(&Permits, u64), CountError> {
        let current = self.current(dataset);
        Ok((current.permits(), current.version()))
    }

    fn changed_since(&mut self, dataset: usize, version: u64) -> Option<Vec<u32>> {
        self.current(dataset).changed_since(version)
    }
}

/// Who stands behind links: the numbers of the spine, or of those links of it that are asked for, and aliases. Over an
/// approved alias, also one that no seal has taken up yet, an event counts for all its links (`docs/CONSENT.md`).
struct Persons {
    spine: Spine,
    same: Joined,
}

impl Persons {
    /// Of every link.
    fn all(store: &Store, aliases: &Aliases) -> Result<Persons, ServiceError> {
        let rows = store.spine()?;
        Persons::load(store, aliases, rows.into_iter().map(|row| (row.link, row.number)))
    }

    /// Of these links, and of those that hang together with them.
    fn some(
        store: &Store,
        aliases: &Aliases,
        links: impl Iterator<Item = Link>,
    ) -> Result<Persons, ServiceError> {
        let mut links: HashSet<Link> = links.collect();
        links.extend(aliases.iter().flat_map(|(old, new, _)| [*old, *new]));
        let rows = store.spine_of(&links)?;
        Persons::load(store, aliases, rows.into_iter().map(|row| (row.link, row.number)))
    }

    fn load(
        store: &Store,
        aliases: &Aliases,
        pairs: impl Iterator<Item = (Link, u32)>,
    ) -> Result<Persons, ServiceError> {
        let in_force = aliases.iter().filter(|(.., in_force)| *in_force);
        let in_force: Vec<Alias> = in_force.map(|(old, new, _)| Alias { old: *old, new: *new }).collect();
        let spine = Spine::load(pairs, store.highest_person()?, &in_force).map_err(SealError::from)?;
        Ok(Persons { spine, same: joined(aliases) })
    }

    /// The persons of a link.
    fn of(&self, link: &Link) -> Vec<u32> {
        let numbers = self.same.links(link).iter().filter_map(|link| self.spine.person(link));
        let mut persons: Vec<u32> = numbers.collect();
        persons.sort_unstable();
        persons.dedup();
        persons
    }
}

/// Approved aliases, and whether each is in force in a snapshot.
fn aliases(store: &Store, snapshot: &SnapshotRow) -> Result<Aliases, StoreError> {
    let approved = store.aliases()?.into_iter().filter_map(|row| {
        let approved_at = row.approved_at?;
        Some((row.first, row.second, approved_at < snapshot.sealed_at))
    });
    Ok(approved.collect())
}

/// The links that approved aliases hold together.
fn joined<'a>(aliases: impl IntoIterator<Item = &'a (Link, Link, bool)>) -> Joined {
    let aliases: Vec<Alias> =
        aliases.into_iter().map(|(old, new, _)| Alias { old: *old, new: *new }).collect();
    Joined::of(&aliases)
}

impl Service {
    /// Tells whoever keeps consent in memory what an erasure took away when it counted [`ConsentState::erasures`] up to
    /// `generation`: the links whose events, aliases, tombstones or place in the spine are others now, each with the
    /// number that it had in the spine. An erasure that says nothing is followed too, by reading everything again.
    pub fn consents_touched(&self, generation: u64, links: Vec<(Link, Option<u32>)>) {
        self.touched.enter(generation, links);
    }
}

#[cfg(test)]
#[path = "consented_tests.rs"]
mod tests;
