//! Who may come in, asked for every block of an upload.
//!
//! Compiled from the partner's own events when an upload needs it, and again when the partner has recorded something, an
//! alias was approved or a day has begun. What has been recorded counts from the next block on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::{Service, ServiceError};
use crate::clock::Day;
use crate::consent::{Arrival, AsOf, ConsentEvent, Known, disclosable};
use crate::linkage::{Alias, Joined};
use crate::programme::Programme;
use crate::store::StoreError;
use crate::token::Link;

/// Compiled for so many uploads at a time.
const KEPT: usize = 8;

/// What every compiled [`Arrival`] is held against, by source.
pub(super) struct Arrivals {
    /// Counted up after something was recorded that may change who may come in.
    changes: Vec<AtomicU64>,
    kept: Mutex<Vec<(ArrivalKey, Arc<Arrival>)>>,
}

/// What an [`Arrival`] was compiled from, and for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ArrivalKey {
    source: u8,
    dataset: usize,
    changes: u64,
    today: Day,
}

impl ArrivalKey {
    /// Position of the partner.
    pub(super) const fn source(&self) -> u8 {
        self.source
    }

    /// Position of the dataset.
    pub(super) const fn dataset(&self) -> usize {
        self.dataset
    }
}

impl Arrivals {
    /// Nothing compiled yet.
    pub(super) fn new(programme: &Programme) -> Arrivals {
        let changes = programme.partners.iter().map(|_| AtomicU64::new(0)).collect();
        Arrivals { changes, kept: Mutex::default() }
    }

    /// A source has recorded something. Called after it is durable, and before it is acknowledged.
    pub(super) fn changed(&self, source: u8) {
        if let Some(changes) = self.changes.get(usize::from(source)) {
            changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// An alias was approved.
    pub(super) fn changed_for_all(&self) {
        self.changes.iter().for_each(|changes| {
            changes.fetch_add(1, Ordering::SeqCst);
        });
    }
}

impl Service {
    /// What would be compiled now for a source and dataset; the same as before as long as nothing has changed.
    pub(super) fn arrival_key(&self, source: u8, dataset: usize) -> ArrivalKey {
        let changes = self.arrivals.changes.get(usize::from(source));
        let changes = changes.map_or(0, |changes| changes.load(Ordering::SeqCst));
        ArrivalKey { source, dataset, changes, today: self.clock.today() }
    }

    /// Who may come in, for a dataset that rests on consent alone.
    pub(super) fn arrival(&self, key: ArrivalKey) -> Result<Arc<Arrival>, ServiceError> {
        let kept = || self.arrivals.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, arrival)) = kept().iter().find(|(of, _)| *of == key) {
            return Ok(Arc::clone(arrival));
        }
        let made = Arc::new(self.compile_arrival(key)?);
        let mut kept = kept();
        kept.retain(|(of, _)| (of.source, of.dataset) != (key.source, key.dataset));
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((key, Arc::clone(&made)));
        Ok(made)
    }

    fn compile_arrival(&self, key: ArrivalKey) -> Result<Arrival, ServiceError> {
        let partner = &self.programme().partners[usize::from(key.source)].id;
        // Aliases of its own alone: how many rows were kept is told to the partner, who is not to see from it what others
        // know. What only another's alias forbids comes in, and is read by no question.
        let aliases = self.store.aliases()?;
        let own = aliases.iter().filter(|row| row.approved_at.is_some() && row.partner == *partner);
        let own: Vec<Alias> = own.map(|row| Alias { old: row.first, new: row.second }).collect();
        let joined = Joined::of(&own);
        let mut of_group: Vec<Vec<Known>> = vec![Vec::new(); joined.groups().len()];

        // Of events that are gone, their noes are left.
        let mut stones: FxHashMap<Link, Vec<Known>> = FxHashMap::default();
        for stone in self.store.tombstones()?.into_iter().filter(|stone| stone.source == *partner) {
            let known = Known::tombstone(key.source, stone.dataset, stone.denied_at, stone.by);
            match joined.group(&stone.link) {
                Some(group) => of_group[group].push(known),
                None => stones.entry(stone.link).or_default().push(known),
            }
        }

        // Not before anything that is on record: a clock put back would forget what was said last.
        let as_of = AsOf::known_then(self.store.consent_state_at(self.now())?.1);
        let dataset = &self.programme().datasets[key.dataset];
        let mut arrival = Arrival::default();
        let mut current: Option<(Link, Vec<Known>)> = None;
        let close = |arrival: &mut Arrival, of: Option<(Link, Vec<Known>)>| {
            if let Some((link, mut events)) = of {
                events.extend(stones.get(&link).into_iter().flatten().cloned());
                arrival.permit(link, disclosable(&events, key.source, dataset, as_of));
            }
        };
        self.store.for_each_consent_of(partner, |link, event, recorded_at| {
            let event: ConsentEvent =
                serde_json::from_str(event).map_err(|_| StoreError::Damaged("a consent event"))?;
            let known = Known::new(key.source, &event, recorded_at);
            match joined.group(&link) {
                Some(group) => of_group[group].push(known),
                None => match &mut current {
                    Some((of, events)) if *of == link => events.push(known),
                    _ => close(&mut arrival, current.replace((link, vec![known]))),
                },
            }
            Ok(())
        })?;
        close(&mut arrival, current);
        for (links, events) in joined.groups().iter().zip(of_group) {
            let days = disclosable(&events, key.source, dataset, as_of);
            links.iter().for_each(|link| arrival.permit(*link, days.clone()));
        }
        Ok(arrival)
    }
}
