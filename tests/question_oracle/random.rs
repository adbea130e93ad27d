//! Choosing at random, repeatably.

use kobling::secret::{Random as _, SeededRandom, shuffle};

/// A number below a bound.
pub(crate) fn below(random: &mut SeededRandom, bound: usize) -> usize {
    usize::try_from(random.below(bound as u64)).expect("small")
}

/// Once in so many times.
pub(crate) fn once_in(random: &mut SeededRandom, times: usize) -> bool {
    below(random, times) == 0
}

/// One of them.
pub(crate) fn pick<T: Clone>(random: &mut SeededRandom, of: &[T]) -> T {
    of[below(random, of.len())].clone()
}

/// At least one of them, in any order.
pub(crate) fn some_of<T: Clone>(random: &mut SeededRandom, all: &[T]) -> Vec<T> {
    let mut all = all.to_vec();
    shuffle(&mut all, random);
    let keep = 1 + below(random, all.len());
    all.truncate(keep);
    all
}

/// Up to `most` of them, in any order.
pub(crate) fn up_to<T: Clone>(random: &mut SeededRandom, most: usize, all: &[T]) -> Vec<T> {
    let mut all = all.to_vec();
    shuffle(&mut all, random);
    all.truncate(below(random, most + 1));
    all
}

/// At least one code of a list of so many, ascending.
pub(crate) fn codes(random: &mut SeededRandom, of: u8) -> Vec<u8> {
    let mut codes = some_of(random, &(0..of).collect::<Vec<_>>());
    codes.sort_unstable();
    codes
}
