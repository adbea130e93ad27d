//! The spine: link → dense person number.
//!
//! In memory; the caller keeps the pairs. A seal adds the links it met for the first time; until the caller says
//! that they are kept, they can be forgotten as one, so that a seal that fails leaves no trace.

use rustc_hash::FxHashMap;

use super::alias::{Alias, Merged};
use super::batch::Batch;
use super::intern::{self, Interner, SHARDS};
use super::work;
use crate::limits;
use crate::secret::{Random, SeededRandom, shuffle};
use crate::token::Link;

/// Why a spine cannot be built or grow. Carries no link and no number of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpineError {
    /// The stored pairs name a link or a number twice.
    #[error("the stored spine names one link or one number twice: restore the store from a backup")]
    Twice,
    /// A stored number is 0, or above the highest ever allotted.
    #[error("the stored spine holds a number outside those ever allotted: restore the store from a backup")]
    OutOfRange,
    /// There are no more numbers.
    #[error("the programme has more than {} persons: split it", limits::MAX_PERSONS)]
    Full,
    /// The pairs of an earlier seal are neither kept nor forgotten.
    #[error(
        "the person numbers of the last seal are neither kept nor forgotten: settle them before the next"
    )]
    Unsettled,
}

/// Link → person number, from 1, never reused.
pub struct Spine {
    /// As allotted, by [`intern::shard`].
    shards: Vec<FxHashMap<Link, u32>>,
    merged: Merged,
    highest: u32,
    fresh: Option<Fresh>,
}

/// What the last seal added, and what to go back to.
struct Fresh {
    pairs: Vec<(Link, u32)>,
    merged_before: Merged,
    highest_before: u32,
}

impl Default for Spine {
    fn default() -> Spine {
        Spine {
            shards: (0..SHARDS).map(|_| FxHashMap::default()).collect(),
            merged: Merged::default(),
            highest: 0,
            fresh: None,
        }
    }
}

impl Spine {
    /// The spine of the stored pairs. `highest` is the highest number ever allotted, erased ones included; `aliases`
    /// are those in force at the last seal.
    ///
    /// # Errors
    /// [`SpineError::Twice`], [`SpineError::OutOfRange`].
    pub fn load(
        pairs: impl IntoIterator<Item = (Link, u32)>,
        highest: u32,
        aliases: &[Alias],
    ) -> Result<Spine, SpineError> {
        if highest > limits::MAX_PERSONS {
            return Err(SpineError::OutOfRange);
        }
        let mut spine = Spine { highest, ..Spine::default() };
        let mut taken = roaring::RoaringBitmap::new();
        for (link, number) in pairs {
            if number == 0 || number > highest {
                return Err(SpineError::OutOfRange);
            }
            if !taken.insert(number) || spine.shards[intern::shard(&link)].insert(link, number).is_some() {
                return Err(SpineError::Twice);
            }
        }
        spine.merged = Merged::of(aliases, |link| spine.allotted(link));
        Ok(spine)
    }

    /// The number of the person whom a link stands for, after aliases; `None` when no seal has met the link.
    #[must_use]
    pub fn person(&self, link: &Link) -> Option<u32> {
        self.allotted(link).map(|number| self.merged.person(number))
    }

    /// The highest number ever allotted.
    #[must_use]
    pub const fn highest(&self) -> u32 {
        self.highest
    }

    /// Links with a number.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(FxHashMap::len).sum()
    }

    /// Whether no link has a number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the last seal added, in the order of the numbers, for the caller to keep. Numbers are as allotted, before
    /// aliases.
    #[must_use]
    pub fn fresh(&self) -> &[(Link, u32)] {
        self.fresh.as_ref().map_or(&[], |fresh| &fresh.pairs)
    }

    /// The caller has kept [`Spine::fresh`].
    pub fn settle(&mut self) {
        self.fresh = None;
    }

    /// The caller could not keep [`Spine::fresh`]: the spine is again as before that seal, whose snapshot must go.
    pub fn forget_fresh(&mut self) {
        let Some(fresh) = self.fresh.take() else { return };
        for (link, _) in &fresh.pairs {
            self.shards[intern::shard(link)].remove(link);
        }
        (self.merged, self.highest) = (fresh.merged_before, fresh.highest_before);
    }

    /// Whether the last seal's numbers are kept or forgotten.
    pub(crate) const fn is_settled(&self) -> bool {
        self.fresh.is_none()
    }

    /// The number that a link was allotted, before aliases.
    pub(crate) fn allotted(&self, link: &Link) -> Option<u32> {
        self.shards[intern::shard(link)].get(link).copied()
    }

    /// Gives the links of a batch that have a number theirs, before aliases.
    pub(crate) fn find(&self, batch: &mut Batch) {
        for (at, part) in self.shards.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            batch.open(at, |link| part.get(link).copied());
        }
    }

    /// The person that an allotted number stands for, after aliases.
    pub(crate) fn person_of(&self, number: u32) -> u32 {
        self.merged.person(number)
    }

    /// Allots numbers, in random order, to the links that `met` holds, and puts `aliases` in force. Returns the number
    /// of each provisional one, less the interner's base and 1. The outcome depends on the set of links and on
    /// `random`, not on who met which link first.
    ///
    /// # Errors
    /// [`SpineError::Full`], [`SpineError::Unsettled`]; the spine is then unchanged.
    pub(crate) fn allot(
        &mut self,
        met: Interner,
        aliases: &[Alias],
        random: &mut dyn Random,
    ) -> Result<Vec<u32>, SpineError> {
        if !self.is_settled() {
            return Err(SpineError::Unsettled);
        }
        let count = met.met().ok_or(SpineError::Full)?;
        let (base, first) = (self.highest, self.highest + 1);
        let mut numbers: Vec<u32> = (first..=base + count).collect();
        shuffle(&mut numbers, &mut SeededRandom::fork(random));

        // Each part takes the next of the shuffled numbers, so that parts sort and grow side by side.
        let mut rest = numbers.as_slice();
        let mut jobs = Vec::with_capacity(SHARDS);
        for (known, met) in self.shards.iter_mut().zip(met.into_shards()) {
            let (mine, others) = rest.split_at(met.len());
            rest = others;
            jobs.push((met.len() as u64, (known, met, mine)));
        }
        let parts = work::in_parallel(jobs, |(known, mut met, numbers)| {
            met.sort_unstable_by_key(|(link, _)| *link);
            known.reserve(met.len());
            for ((link, _), number) in met.iter().zip(numbers) {
                known.insert(*link, *number);
            }
            Ok::<_, SpineError>(met)
        })?;

        let mut final_of = vec![0; count as usize];
        let mut pairs: Vec<(Link, u32)> = vec![(Link::from_stored([0; 16]), 0); count as usize];
        for ((link, provisional), number) in parts.into_iter().flatten().zip(&numbers) {
            final_of[(provisional - first) as usize] = *number;
            pairs[(number - first) as usize] = (link, *number);
        }
        self.highest = base + count;
        let merged = Merged::of(aliases, |link| self.allotted(link));
        let merged_before = std::mem::replace(&mut self.merged, merged);
        self.fresh = Some(Fresh { pairs, merged_before, highest_before: base });
        Ok(final_of)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(n: u16) -> Link {
        let mut bytes = [7; 16];
        bytes[..2].copy_from_slice(&n.wrapping_mul(40_503).to_be_bytes());
        bytes[2..4].copy_from_slice(&n.to_be_bytes());
        Link::from_stored(bytes)
    }

    fn meet(spine: &mut Spine, links: &[u16], aliases: &[Alias], seed: u64) {
        let met = Interner::new(spine.highest());
        let mut batch = Batch::default();
        for some in links.chunks(7) {
            batch.fill(some.iter().map(|n| Some(link(*n))));
            spine.find(&mut batch);
            let found: Vec<Option<u32>> = some.iter().map(|n| spine.allotted(&link(*n))).collect();
            assert!(batch.numbers().iter().zip(&found).all(|(n, found)| *n == found.unwrap_or(0)));
            met.intern(&mut batch);
            assert!(
                batch
                    .numbers()
                    .iter()
                    .zip(&found)
                    .all(|(n, found)| found.map_or(*n > spine.highest(), |f| f == *n))
            );
        }
        spine.allot(met, aliases, &mut SeededRandom::from_number(seed)).expect("room enough");
    }

    fn numbers(spine: &Spine) -> Vec<Option<u32>> {
        (0..200).map(|n| spine.person(&link(n))).collect()
    }

    proptest! {
        #[test]
        fn numbers_are_dense_stable_and_never_reused(
            seals in prop::collection::vec((prop::collection::vec(0u16..200, 0..60), any::<bool>()), 1..6),
            seed in any::<u64>(),
        ) {
            let mut spine = Spine::default();
            let mut stored: Vec<(Link, u32)> = Vec::new();
            for (links, kept) in seals {
                let (before, highest) = (numbers(&spine), spine.highest());
                meet(&mut spine, &links, &[], seed);
                let fresh: Vec<u32> = spine.fresh().iter().map(|(_, number)| *number).collect();
                prop_assert_eq!(fresh, (highest + 1..=spine.highest()).collect::<Vec<_>>());
                for (now, then) in numbers(&spine).iter().zip(&before) {
                    prop_assert!(then.is_none() || now == then);
                    prop_assert!(now.is_none_or(|now| then.is_some() || now > highest));
                }
                if kept {
                    stored.extend_from_slice(spine.fresh());
                    spine.settle();
                } else {
                    spine.forget_fresh();
                    prop_assert!(numbers(&spine) == before && spine.highest() == highest);
                }
                prop_assert_eq!(spine.len(), stored.len());
                let again = Spine::load(stored.iter().copied(), spine.highest(), &[]).expect("sound");
                prop_assert_eq!(numbers(&again), numbers(&spine));
            }
        }

        #[test]
        fn the_order_of_arrival_decides_nothing(
            links in prop::collection::btree_set(0u16..200, 0..80),
            seed in any::<u64>(),
        ) {
            let forward: Vec<u16> = links.iter().copied().collect();
            let backward: Vec<u16> = links.iter().rev().copied().collect();
            let (mut a, mut b) = (Spine::default(), Spine::default());
            meet(&mut a, &forward, &[], seed);
            meet(&mut b, &backward, &[], seed);
            prop_assert_eq!(numbers(&a), numbers(&b));
        }
    }

    #[test]
    fn a_number_tells_neither_arrival_nor_the_order_of_links() {
        // Among 200 numbers in random order about half the neighbours rise: 100, with a standard deviation of 4.
        let mut spine = Spine::default();
        meet(&mut spine, &(0..200).collect::<Vec<_>>(), &[], 3);
        let rises = |numbers: &[u32]| numbers.windows(2).filter(|pair| pair[0] < pair[1]).count();
        let by_arrival: Vec<u32> = numbers(&spine).into_iter().flatten().collect();
        let mut by_link: Vec<(Link, u32)> = spine.fresh().to_vec();
        by_link.sort_unstable_by_key(|(link, _)| *link);
        let by_link: Vec<u32> = by_link.into_iter().map(|(_, number)| number).collect();
        assert!((75..125).contains(&rises(&by_arrival)), "{}", rises(&by_arrival));
        assert!((75..125).contains(&rises(&by_link)), "{}", rises(&by_link));
        let mut other = Spine::default();
        meet(&mut other, &(0..200).collect::<Vec<_>>(), &[], 4);
        assert_ne!(numbers(&spine), numbers(&other));
    }

    #[test]
    fn an_alias_gives_the_older_number_from_its_seal_on() {
        let mut spine = Spine::default();
        meet(&mut spine, &[1], &[], 1);
        spine.settle();
        meet(&mut spine, &[2, 3], &[], 1);
        spine.settle();
        assert_ne!(spine.person(&link(1)), spine.person(&link(2)));
        let aliases = [Alias { old: link(2), new: link(1) }, Alias { old: link(9), new: link(3) }];
        meet(&mut spine, &[4], &aliases, 1);
        assert_eq!((spine.person(&link(1)), spine.person(&link(2))), (Some(1), Some(1)));
        spine.forget_fresh();
        assert_ne!(spine.person(&link(2)), Some(1));
        meet(&mut spine, &[9], &aliases, 1);
        assert_eq!(spine.person(&link(9)), spine.person(&link(3)));
    }

    #[test]
    fn erased_numbers_are_not_reused() {
        let mut spine = Spine::load([(link(1), 2)], 10, &[]).expect("sound");
        meet(&mut spine, &[5], &[], 1);
        assert_eq!(spine.person(&link(5)), Some(11));
    }

    #[test]
    fn a_damaged_store_is_refused() {
        let load = |pairs: &[(Link, u32)], highest| Spine::load(pairs.iter().copied(), highest, &[]).err();
        assert_eq!(load(&[(link(1), 1), (link(2), 1)], 5), Some(SpineError::Twice));
        assert_eq!(load(&[(link(1), 1), (link(1), 2)], 5), Some(SpineError::Twice));
        assert_eq!(load(&[(link(1), 0)], 5), Some(SpineError::OutOfRange));
        assert_eq!(load(&[(link(1), 6)], 5), Some(SpineError::OutOfRange));
        assert_eq!(load(&[(link(1), 5)], 5), None);
    }

    #[test]
    fn a_seal_waits_until_the_last_one_is_settled() {
        let mut spine = Spine::default();
        meet(&mut spine, &[1], &[], 1);
        let again = spine.allot(Interner::new(1), &[], &mut SeededRandom::from_number(1));
        assert_eq!(again.err(), Some(SpineError::Unsettled));
    }

    #[test]
    fn the_last_number_can_be_allotted_and_no_further() {
        let mut spine = Spine::load([], limits::MAX_PERSONS - 1, &[]).expect("sound");
        meet(&mut spine, &[1], &[], 1);
        assert_eq!(spine.person(&link(1)), Some(limits::MAX_PERSONS));
        spine.settle();
        let met = Interner::new(spine.highest());
        let mut batch = Batch::default();
        batch.fill([None, Some(link(2))].into_iter());
        met.intern(&mut batch);
        assert_eq!(batch.numbers()[0], 0, "an absent link");
        let full = spine.allot(met, &[], &mut SeededRandom::from_number(1));
        assert_eq!(full.err(), Some(SpineError::Full));
        assert_eq!(spine.person(&link(2)), None);
    }
}
