//! Which sets have a key: a block's hash, or a person.

/// Pairs of key and place, sorted, and those that came since.
#[derive(Clone, Default)]
pub(super) struct Postings {
    sorted: Vec<u64>,
    recent: Vec<u64>,
}

/// So many recent pairs are looked through for each key.
const RECENT: usize = 1024;

impl Postings {
    pub(super) fn push(&mut self, key: u32, place: u32) {
        self.recent.push(pair(key, place));
    }

    /// Sorts recent pairs in when they have become many, or however few they are.
    pub(super) fn settle(&mut self, all: bool) {
        if self.recent.len() > if all { 0 } else { RECENT } {
            self.recent.sort_unstable();
            self.sorted.append(&mut self.recent);
            // Two runs: merged, not sorted anew.
            self.sorted.sort();
        }
    }

    /// The places that have a key.
    pub(super) fn of(&self, key: u32) -> impl Iterator<Item = u32> + '_ {
        let recent = self.recent.iter().filter(move |pair| **pair >> 32 == u64::from(key));
        self.run(key).iter().chain(recent).map(|pair| (*pair & u64::from(u32::MAX)) as u32)
    }

    /// How many places have a key, not counting recent ones.
    pub(super) fn count(&self, key: u32) -> usize {
        self.run(key).len()
    }

    fn run(&self, key: u32) -> &[u64] {
        let from = self.sorted.partition_point(|other| *other < pair(key, 0));
        let rest = &self.sorted[from..];
        &rest[..rest.partition_point(|other| *other <= pair(key, u32::MAX))]
    }

    pub(super) fn bytes(&self) -> usize {
        (self.sorted.capacity() + self.recent.capacity()) * size_of::<u64>()
    }
}

fn pair(key: u32, place: u32) -> u64 {
    u64::from(key) << 32 | u64::from(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_sorted_in_or_not() {
        let mut postings = Postings::default();
        for (key, place) in [(7, 1), (u32::MAX, 2), (7, 3), (0, u32::MAX)] {
            postings.push(key, place);
        }
        for all in [false, true] {
            postings.settle(all);
            postings.push(7, 9);
            let mut found: Vec<u32> = postings.of(7).collect();
            found.sort_unstable();
            found.dedup();
            assert_eq!(found, [1, 3, 9]);
            assert_eq!(postings.of(u32::MAX).collect::<Vec<_>>(), [2]);
            assert_eq!(postings.of(0).collect::<Vec<_>>(), [u32::MAX]);
            assert_eq!(postings.of(8).count(), 0);
        }
    }
}
