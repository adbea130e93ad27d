//! What has no answer.

/// Why a statistic cannot be had. Carries no number that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatsError {
    /// No observation, or a whole of 0.
    #[error("there is nobody to compute it for; ask about a larger group or period")]
    Nobody,
    /// More in the part than in the whole, whatever the errors of both.
    #[error("the part is larger than its whole; check that both count the same persons")]
    PartAboveWhole,
    /// No person-time.
    #[error("there is no person-time to divide by; ask about a longer follow-up")]
    NoTime,
    /// Fewer observations than the statistic needs.
    #[error("there are too few observations for a spread; two are needed")]
    TooFew,
    /// All values are alike, so that nothing can be standardised by their spread.
    #[error("all values are alike; a standardised difference needs a spread")]
    NoSpread,
    /// Sums that no whole numbers have.
    #[error(
        "no whole numbers have this count, sum and sum of squares; check that the three come from the same values"
    )]
    ImpossibleSums,
    /// A number above what a snapshot can hold ([`LARGEST_COUNT`](super::count::LARGEST_COUNT)), or sums too large.
    #[error("a number is too large to compute with; counts go to 4,294,967,295")]
    TooLarge,
    /// Not a level from 0.5 to 0.999999.
    #[error("a confidence level lies from 0.5 to 0.999999, for instance 0.95")]
    Confidence,
    /// Not a relative error from 0 to below 1.
    #[error("a relative error lies from 0 to below 1, for instance 0.02")]
    RelativeError,
}
