//! Links met during a seal that have no number yet, each under a provisional one.
//!
//! Provisional numbers depend on which thread met a link first. They never leave the seal: whoever uses this
//! replaces them by numbers that do not depend on it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;

use super::batch::Batch;
use crate::limits;
use crate::token::Link;

/// Parts that lock and sort on their own. A link's first byte chooses, so parts stand in the order of the links.
pub(super) const SHARDS: usize = 64;

/// The part of a link.
pub(super) fn shard(link: &Link) -> usize {
    usize::from(link.as_stored()[0]) * SHARDS / 256
}

/// Gives links provisional numbers from `base + 1` on.
pub(crate) struct Interner {
    base: u32,
    met: AtomicU64,
    shards: Vec<Mutex<FxHashMap<Link, u32>>>,
}

impl Interner {
    /// Nothing met yet.
    pub(crate) fn new(base: u32) -> Interner {
        let shards = (0..SHARDS).map(|_| Mutex::new(FxHashMap::default())).collect();
        Interner { base, met: AtomicU64::new(0), shards }
    }

    /// Gives every link of a batch that has no number its provisional one. Meaningless once [`Interner::met`] says that
    /// there are too many.
    pub(crate) fn intern(&self, batch: &mut Batch) {
        for (at, part) in self.shards.iter().enumerate() {
            if !batch.is_open(at) {
                continue;
            }
            let mut part = part.lock().expect("no thread panics while it holds a part");
            batch.open(at, |link| {
                let number = part.entry(*link).or_insert_with(|| {
                    let number = u64::from(self.base) + 1 + self.met.fetch_add(1, Ordering::Relaxed);
                    u32::try_from(number).unwrap_or(u32::MAX)
                });
                Some(*number)
            });
        }
    }

    /// Distinct links met; `None` when there are more than numbers.
    pub(crate) fn met(&self) -> Option<u32> {
        let met = self.met.load(Ordering::Relaxed);
        let fits = u64::from(self.base) + met <= u64::from(limits::MAX_PERSONS);
        fits.then(|| u32::try_from(met).expect("below the number of persons"))
    }

    /// The links met with their provisional numbers, by part, each part unsorted.
    pub(super) fn into_shards(self) -> Vec<Vec<(Link, u32)>> {
        let whole = |part: Mutex<FxHashMap<Link, u32>>| {
            part.into_inner().expect("no thread panics while it holds a part").into_iter().collect()
        };
        self.shards.into_iter().map(whole).collect()
    }
}
