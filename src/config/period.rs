//! Words for quarters that a monthly job needs: what they mean follows from the day that is passed in.

use std::fmt;
use std::str::FromStr;

use crate::clock::{Day, Period, Quarter};
use crate::language::Spoken;

/// The quarters of a `[[send]]`, as they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeriodWord {
    /// All quarters of the programme, where nothing is written.
    #[default]
    Programme,
    /// The last quarter that has ended.
    LastClosedQuarter,
    /// Quarters by name.
    Quarters(Period),
}

/// Why a text is no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a period is `programme`, `last-closed-quarter`, or quarters such as 2022-Q1..2022-Q4, and lies within the programme's"
)]
pub struct PeriodWordError;

impl Spoken for PeriodWordError {
    fn danish(&self) -> String {
        "en periode er `programme`, `last-closed-quarter` eller kvartaler som 2022-Q1..2022-Q4, og ligger inden for programmets".to_owned()
    }
}

impl PeriodWord {
    /// The quarters that it means on a day, for a programme of these quarters.
    ///
    /// # Errors
    /// [`PeriodWordError`] where no quarter of the programme has ended yet, or the last one that has lies after it.
    pub fn resolve(self, today: Day, programme: Period) -> Result<Period, PeriodWordError> {
        match self {
            PeriodWord::Programme => Ok(programme),
            PeriodWord::Quarters(period) => Ok(period),
            PeriodWord::LastClosedQuarter => {
                let last = last_closed(today).ok_or(PeriodWordError)?;
                let within = programme.first() <= last && last <= programme.last();
                if within { Ok(Period::of(last)) } else { Err(PeriodWordError) }
            }
        }
    }
}

/// The last quarter whose last day lies before a day.
fn last_closed(today: Day) -> Option<Quarter> {
    let (year, month, _) = today.ymd();
    match (month - 1) / 3 {
        0 => Quarter::new(year - 1, 4),
        index => Quarter::new(year, index),
    }
}

impl FromStr for PeriodWord {
    type Err = PeriodWordError;

    fn from_str(text: &str) -> Result<PeriodWord, PeriodWordError> {
        match text {
            "programme" => Ok(PeriodWord::Programme),
            "last-closed-quarter" => Ok(PeriodWord::LastClosedQuarter),
            _ => text.parse().map(PeriodWord::Quarters).map_err(|_| PeriodWordError),
        }
    }
}

impl fmt::Display for PeriodWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeriodWord::Programme => f.write_str("programme"),
            PeriodWord::LastClosedQuarter => f.write_str("last-closed-quarter"),
            PeriodWord::Quarters(period) => period.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_mean_what_the_day_makes_them_mean() {
        let programme: Period = "2022-Q1..2023-Q4".parse().expect("a period");
        let on = |word: &str, day: &str| {
            let word: PeriodWord = word.parse().expect("a word");
            word.resolve(day.parse().expect("a day"), programme).map(|period| period.to_string())
        };
        let closed = |day| on("last-closed-quarter", day);
        assert_eq!(closed("2022-03-31"), Err(PeriodWordError), "no quarter of the programme has ended");
        assert_eq!(closed("2022-04-01"), Ok("2022-Q1..2022-Q1".to_owned()));
        assert_eq!(closed("2022-06-30"), Ok("2022-Q1..2022-Q1".to_owned()));
        assert_eq!(closed("2023-01-01"), Ok("2022-Q4..2022-Q4".to_owned()));
        assert_eq!(closed("2024-03-31"), Ok("2023-Q4..2023-Q4".to_owned()));
        assert_eq!(closed("2024-04-01"), Err(PeriodWordError), "the programme is over");
        assert_eq!(on("programme", "2022-01-01"), Ok("2022-Q1..2023-Q4".to_owned()));
        assert_eq!(on("2022-Q2", "2022-01-01"), Ok("2022-Q2..2022-Q2".to_owned()));
        for wrong in ["", "last-quarter", "2022", "2022-Q5", "2023-Q1..2022-Q1"] {
            assert_eq!(wrong.parse::<PeriodWord>(), Err(PeriodWordError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_last_closed_quarter_ended_and_the_next_has_not(days in -40_000i32..80_000) {
            let today = Day::from_days(days);
            let quarter = last_closed(today).expect("within the years");
            prop_assert!(quarter.last() < today && today <= quarter.next().last());
        }
    }
}
