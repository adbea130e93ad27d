//! A bucket of leave to act: so many at once, and so many a minute again. Time is passed in.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use serde::Deserialize;

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// In the long run, each minute.
    pub per_minute: u32,
    /// At once, after a while of nothing.
    pub at_once: u32,
}

impl Rate {
    /// Time until one more is there.
    fn each(self) -> Duration {
        Duration::from_secs(60) / self.per_minute.max(1)
    }
}

/// Buckets by whom they are of, each kept as the instant at which it is full again (the generic cell rate algorithm of
/// ITU-T I.371): one number, nothing to tick.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    rate: Rate,
    /// Most that are kept: of more, those that are full again or nearest to it go.
    most: usize,
    full_at: HashMap<K, Duration>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    pub(super) fn new(rate: Rate, most: usize) -> Buckets<K> {
        Buckets { rate, most, full_at: HashMap::new() }
    }

    /// Takes one out at an instant.
    ///
    /// # Errors
    /// How long until there is one, when there is none.
    pub(super) fn take(&mut self, of: &K, now: Duration) -> Result<(), Duration> {
        self.look(of, now)?;
        let full_at = self.full_at.get(of).copied().unwrap_or(now).max(now) + self.rate.each();
        if !self.full_at.contains_key(of) && self.full_at.len() >= self.most {
            self.make_room(now);
        }
        self.full_at.insert(of.clone(), full_at);
        Ok(())
    }

    /// Whether there is one, without taking it.
    ///
    /// # Errors
    /// As [`Buckets::take`].
    pub(super) fn look(&self, of: &K, now: Duration) -> Result<(), Duration> {
        let full_at = self.full_at.get(of).copied().unwrap_or(now).max(now);
        let depth = self.rate.each() * self.rate.at_once.saturating_sub(1);
        match (full_at - now).checked_sub(depth) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(()),
        }
    }

    fn make_room(&mut self, now: Duration) {
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= self.most {
            let mut instants: Vec<Duration> = self.full_at.values().copied().collect();
            let middle = instants.len() / 2;
            let (_, median, _) = instants.select_nth_unstable(middle);
            let median = *median;
            self.full_at.retain(|_, full_at| *full_at > median);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Held against the slow reading: a bucket that is filled drop by drop.
        #[test]
        fn never_more_than_the_bucket_and_what_flowed_in(
            per_minute in 1u32..2000, at_once in 1u32..50, steps in proptest::collection::vec(0u64..3000, 1..200),
        ) {
            let rate = Rate { per_minute, at_once };
            let mut buckets = Buckets::new(rate, 10);
            let (mut now, mut taken) = (Duration::from_secs(5), Vec::new());
            for step in steps {
                now += Duration::from_millis(step);
                match buckets.take(&"a", now) {
                    Ok(()) => taken.push(now),
                    // Who waits as long as was said gets through.
                    Err(wait) => prop_assert!(buckets.look(&"a", now + wait).is_ok() && !wait.is_zero()),
                }
            }
            // Of any stretch: no more than the bucket, what flowed in, and one that was begun.
            for (at, from) in taken.iter().enumerate() {
                for (count, to) in (1u32..).zip(&taken[at..]) {
                    let flowed = (*to - *from).as_secs_f64() * f64::from(per_minute) / 60.0;
                    prop_assert!(f64::from(count) <= f64::from(at_once) + flowed + 1e-6);
                }
            }
        }

        #[test]
        fn of_many_no_more_are_kept_than_there_is_room_for(most in 1usize..50, keys in proptest::collection::vec(0u32..500, 1..500)) {
            let mut buckets = Buckets::new(Rate { per_minute: 1, at_once: 3 }, most);
            for key in keys {
                buckets.take(&key, Duration::from_secs(1)).ok();
                prop_assert!(buckets.full_at.len() <= most.max(1));
            }
        }
    }

    #[test]
    fn what_one_used_up_is_there_for_another() {
        let mut buckets = Buckets::new(Rate { per_minute: 60, at_once: 2 }, 10);
        let now = Duration::from_secs(100);
        assert!(buckets.take(&1, now).is_ok() && buckets.take(&1, now).is_ok());
        assert_eq!(buckets.take(&1, now), Err(Duration::from_secs(1)));
        assert!(buckets.take(&2, now).is_ok());
        assert!(buckets.take(&1, now + Duration::from_secs(1)).is_ok());
    }
}
