//! Counts as numbers, and counts that are known to within an error.

use super::StatsError;

/// The largest count taken: person numbers are 32 bits wide, and every count up to here is exact as `f64`.
pub const LARGEST_COUNT: u64 = u32::MAX as u64;

/// A count as a number, without loss.
pub(super) fn exact(count: u64) -> Result<f64, StatsError> {
    u32::try_from(count).map(f64::from).map_err(|_| StatsError::TooLarge)
}

/// A count that is known to within an error: the truth is a whole number from `value - error`, or 0, to
/// `value + error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncertain {
    /// The count as shown.
    pub value: u64,
    /// The largest distance from the truth.
    pub error: u64,
}

impl Uncertain {
    /// A count that is the truth.
    #[must_use]
    pub const fn known(value: u64) -> Uncertain {
        Uncertain { value, error: 0 }
    }

    /// The least that it can be.
    #[must_use]
    pub const fn least(self) -> u64 {
        self.value.saturating_sub(self.error)
    }

    /// The most that it can be.
    #[must_use]
    pub const fn greatest(self) -> u64 {
        self.value.saturating_add(self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_never_below_nobody() {
        let shown = Uncertain { value: 5, error: 9 };
        assert_eq!((shown.least(), shown.greatest()), (0, 14));
        assert_eq!((Uncertain::known(5).least(), Uncertain::known(5).greatest()), (5, 5));
        assert_eq!(Uncertain { value: u64::MAX, error: 1 }.greatest(), u64::MAX);
    }

    #[test]
    fn counts_beyond_a_snapshot_are_refused() {
        assert_eq!(exact(LARGEST_COUNT), Ok(4_294_967_295.0));
        assert_eq!(exact(LARGEST_COUNT + 1), Err(StatsError::TooLarge));
    }
}
