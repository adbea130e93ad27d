//! Days and moments in options: one way to write them, everywhere.

use kobling::clock::{Day, Timestamp};
use kobling::extract::read_day;
use kobling::language::Spoken;

/// A day or a moment that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DateError {
    /// No day.
    #[error("a day is written 2025-03-01 or 01-03-2025")]
    Day,
    /// No moment.
    #[error("a moment is written 2025-03-01T09:00:00Z, 2025-03-01 or 01-03-2025")]
    Moment,
}

impl Spoken for DateError {
    fn danish(&self) -> String {
        match self {
            DateError::Day => "en dag skrives 2025-03-01 eller 01-03-2025",
            DateError::Moment => "et tidspunkt skrives 2025-03-01T09:00:00Z, 2025-03-01 eller 01-03-2025",
        }
        .to_owned()
    }
}

/// A day: `2025-03-01` or `01-03-2025` (also with points or strokes).
pub(crate) fn day(text: &str) -> Result<Day, DateError> {
    read_day(text).ok_or(DateError::Day)
}

/// A moment: as in RFC 3339 (`2025-03-01T09:00:00Z`), or a day, at whose first moment (UTC) it lies.
pub(crate) fn moment(text: &str) -> Result<Timestamp, DateError> {
    let text = text.trim();
    text.parse().ok().or_else(|| read_day(text).map(Timestamp::at_start_of)).ok_or(DateError::Moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danish_and_international_days_are_the_same_day() {
        let expected = Day::from_ymd(2025, 3, 1);
        for text in ["2025-03-01", "01-03-2025", "1.3.2025", "01/03/2025", " 2025-03-01 "] {
            assert_eq!(day(text).ok(), expected, "{text}");
            assert_eq!(moment(text).ok(), expected.map(Timestamp::at_start_of), "{text}");
        }
        for text in ["", "2025-13-01", "31-02-2025", "03-01-25", "2025-03-01T09:00:00Z", "2025-03-01 x"] {
            assert!(day(text).is_err(), "{text}");
        }
        assert_eq!(moment("2025-03-01T09:00:00Z").ok().map(Timestamp::day), expected);
        assert!(moment("2025-03-01T25:00:00Z").is_err() && moment("2025-03-01T09:00").is_err());
    }
}
