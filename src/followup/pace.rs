//! When an answer leaves: after a time that depends on how many tokens were asked about, and on nothing else.

use std::time::Duration;

/// What a look-up takes at least, and each token of it besides: more than the work takes on a slow machine.
const BASE: Duration = Duration::from_millis(200);
const EACH: Duration = Duration::from_millis(2);

/// How long after it came a look-up of `tokens` tokens is answered, when the work on it took `worked`: one slot of time,
/// whose length depends on the number of tokens alone. Work that overran its slot (a cold start, a busy machine) waits for
/// the end of a later one, so that its length shows no finer than in whole slots.
#[must_use]
pub fn leaves_after(tokens: usize, worked: Duration) -> Duration {
    let each = EACH.saturating_mul(u32::try_from(tokens).unwrap_or(u32::MAX));
    let slot = BASE.saturating_add(each);
    let slots = worked.as_nanos().div_ceil(slot.as_nanos()).max(1);
    slot.saturating_mul(u32::try_from(slots).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn work_within_the_slot_never_shows(tokens in 1usize..2000, a in 0u64..200, b in 0u64..200) {
            let leaves = |worked| leaves_after(tokens, Duration::from_millis(worked));
            prop_assert_eq!(leaves(a), leaves(b));
        }

        #[test]
        fn an_answer_leaves_after_the_work_and_at_the_end_of_a_slot(tokens in 1usize..2000, worked in 0u64..60_000) {
            let worked = Duration::from_millis(worked);
            let (leaves, slot) = (leaves_after(tokens, worked), leaves_after(tokens, Duration::ZERO));
            prop_assert!(leaves >= worked && leaves - worked <= slot);
            prop_assert_eq!(leaves.as_nanos() % slot.as_nanos(), 0);
        }
    }

    #[test]
    fn more_tokens_take_longer() {
        assert_eq!(leaves_after(1, Duration::ZERO), Duration::from_millis(202));
        assert_eq!(leaves_after(1000, Duration::ZERO), Duration::from_millis(2200));
    }
}
