//! When an answer leaves: at a tick since its request came in, whatever the way to it, so that its time shows no finer
//! than in whole ticks.

use std::time::Duration;

use crate::limits::{ANSWER_LATE_TICK, ANSWER_TICK, ANSWER_TICKS_UNTIL};

/// How long after its request came in an answer leaves, when the work on it took `worked`: at the end of the tick, and one
/// tick at the least.
pub(super) fn leaves_after(worked: Duration) -> Duration {
    let tick = if worked <= ANSWER_TICKS_UNTIL { ANSWER_TICK } else { ANSWER_LATE_TICK };
    let ticks = worked.as_nanos().div_ceil(tick.as_nanos()).max(1);
    tick.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Attack: the clock is held against the work.
        #[test]
        fn work_within_one_tick_never_shows(tick in 0u64..20, a in 1u64..=50_000, b in 1u64..=50_000) {
            let leaves = |micros| leaves_after(Duration::from_micros(tick * 50_000 + micros));
            prop_assert_eq!(leaves(a), leaves(b));
        }

        #[test]
        fn late_work_shows_in_longer_ticks(tick in 4u64..400, a in 1u64..=250_000, b in 1u64..=250_000) {
            let leaves = |micros| leaves_after(Duration::from_micros(tick * 250_000 + micros));
            prop_assert_eq!(leaves(a), leaves(b));
        }

        #[test]
        fn an_answer_leaves_after_the_work_and_at_the_next_tick(micros in 0u64..60_000_000) {
            let worked = Duration::from_micros(micros);
            let leaves = leaves_after(worked);
            prop_assert!(leaves >= worked && leaves - worked <= ANSWER_LATE_TICK);
            prop_assert_eq!(leaves.as_millis() % ANSWER_TICK.as_millis(), 0);
        }
    }

    #[test]
    fn nothing_leaves_before_the_first_tick_and_long_work_does_not_overflow() {
        assert_eq!(leaves_after(Duration::ZERO), ANSWER_TICK);
        assert!(leaves_after(Duration::from_secs(86_400 * 30)) >= Duration::from_secs(86_400 * 30));
    }
}
