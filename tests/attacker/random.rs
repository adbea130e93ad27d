//! Choosing at random, repeatably.

use kobling::secret::{Random as _, SeededRandom};

/// A number below a bound.
pub(crate) fn below(random: &mut SeededRandom, bound: usize) -> usize {
    usize::try_from(random.below(bound as u64)).expect("small")
}

/// Once in so many times.
pub(crate) fn once_in(random: &mut SeededRandom, times: usize) -> bool {
    below(random, times) == 0
}

/// A number from `low` to `high`, both possible.
pub(crate) fn between(random: &mut SeededRandom, low: usize, high: usize) -> usize {
    low + below(random, high - low + 1)
}

/// A place below `bound`; low ones much more often where `skewed`.
pub(crate) fn code(random: &mut SeededRandom, bound: u8, skewed: bool) -> u8 {
    let place = below(random, usize::from(bound));
    let place = if skewed { place.min(below(random, usize::from(bound))) } else { place };
    u8::try_from(place).expect("small")
}
