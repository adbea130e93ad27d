//! R7: whole quarters that have ended and whose closing day has come.

use crate::clock::{Day, Period};

/// A period that may be asked about: evidence that R7 holds. Only [`EndedPeriod::check`] makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedPeriod(Period);

/// Why a period is refused; from the question and the calendar alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The last quarter is still open.
    #[error("the period {period} cannot be asked about before {from}; end it with an earlier quarter")]
    NotEnded {
        /// What was asked about.
        period: Period,
        /// The first day on which it can be.
        from: Day,
    },
}

impl EndedPeriod {
    /// Checks a period (whole quarters by its type) on a day. `closing_days` is the programme's number of days after
    /// the end of a quarter until its closing day; a quarter is never askable on its own last day.
    ///
    /// # Errors
    /// [`PeriodError`].
    pub fn check(period: Period, today: Day, closing_days: u16) -> Result<EndedPeriod, PeriodError> {
        let from = period.last_day().plus(i32::from(closing_days.max(1)));
        if today < from { Err(PeriodError::NotEnded { period, from }) } else { Ok(EndedPeriod(period)) }
    }

    /// The quarters.
    #[must_use]
    pub const fn period(self) -> Period {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(today: &str, closing_days: u16) -> bool {
        let period = "2022-Q1..2022-Q4".parse().expect("a period");
        EndedPeriod::check(period, today.parse().expect("a day"), closing_days).is_ok()
    }

    #[test]
    fn a_quarter_opens_on_its_closing_day() {
        assert!(!check("2022-11-15", 0));
        assert!(!check("2022-12-31", 0));
        assert!(check("2023-01-01", 0));
        assert!(!check("2023-01-29", 30));
        assert!(check("2023-01-30", 30));
    }

    #[test]
    fn the_refusal_says_from_when() {
        let period = "2022-Q4".parse().expect("a period");
        let today = "2022-12-01".parse().expect("a day");
        let refused = EndedPeriod::check(period, today, 14).expect_err("open");
        assert_eq!(
            refused.to_string(),
            "the period 2022-Q4..2022-Q4 cannot be asked about before 2023-01-14; end it with an earlier quarter"
        );
    }
}
