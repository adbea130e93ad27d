//! How long a bearer token is good.

use std::str::FromStr;

use crate::clock::Timestamp;
use crate::limits;

/// Days for which a new token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(u16);

/// Hours for which the tokens before a new one stay good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap(u16);

/// Why a text is no such time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LifetimeError {
    /// Not a number of days, or too many.
    #[error("a token is good for 1 to {} whole days", limits::MAX_TOKEN_DAYS)]
    Days,
    /// Not a number of hours, or too many.
    #[error("an old token stays good for 0 to {} whole hours", limits::MAX_TOKEN_OVERLAP_HOURS)]
    Hours,
}

impl Lifetime {
    /// So many days: 1 to [`limits::MAX_TOKEN_DAYS`].
    #[must_use]
    pub fn days(days: u16) -> Option<Lifetime> {
        (1..=limits::MAX_TOKEN_DAYS).contains(&days).then_some(Lifetime(days))
    }

    /// When a token ends that is made at an instant.
    #[must_use]
    pub const fn from(self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.0 as i64 * 86_400_000)
    }
}

impl Default for Lifetime {
    fn default() -> Lifetime {
        Lifetime(limits::TOKEN_DAYS)
    }
}

impl FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Lifetime, LifetimeError> {
        text.parse().ok().and_then(Lifetime::days).ok_or(LifetimeError::Days)
    }
}

impl Overlap {
    /// None: the tokens before the new one end at once.
    pub const NONE: Overlap = Overlap(0);

    /// So many hours: 0 to [`limits::MAX_TOKEN_OVERLAP_HOURS`].
    #[must_use]
    pub fn hours(hours: u16) -> Option<Overlap> {
        (hours <= limits::MAX_TOKEN_OVERLAP_HOURS).then_some(Overlap(hours))
    }

    /// When the tokens end that are replaced at an instant.
    #[must_use]
    pub const fn from(self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.0 as i64 * 3_600_000)
    }
}

impl Default for Overlap {
    fn default() -> Overlap {
        Overlap(limits::TOKEN_OVERLAP_HOURS)
    }
}

impl FromStr for Overlap {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Overlap, LifetimeError> {
        text.parse().ok().and_then(Overlap::hours).ok_or(LifetimeError::Hours)
    }
}
