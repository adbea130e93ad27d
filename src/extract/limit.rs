//! How many rejected rows are too many: a number, or a share that is compared exactly.

use std::fmt;
use std::str::FromStr;

use super::manifest::RowCounts;
use super::report::Report;
use crate::language::Spoken;

/// How many rejected rows are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxRejected {
    /// Rows.
    Count(u64),
    /// Share of the rows read.
    Share(Percent),
}

/// Decimals of a percentage.
const DECIMALS: usize = 9;
/// Parts of a percent that are told apart.
const PARTS: u64 = 10u64.pow(DECIMALS as u32);

/// A percentage from 0 to 100 with up to nine decimals, kept as it is written: a binary fraction would not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(u64);

impl MaxRejected {
    /// Whether a report exceeds the limit.
    #[must_use]
    pub fn exceeded(self, report: &Report) -> bool {
        self.exceeded_by(&report.rows)
    }

    /// Whether the rows of a package exceed the limit.
    #[must_use]
    pub fn exceeded_by(self, rows: &RowCounts) -> bool {
        let (rejected, read) = (rows.rejected, rows.read);
        match self {
            MaxRejected::Count(most) => rejected > most,
            MaxRejected::Share(Percent(parts)) => {
                u128::from(rejected) * u128::from(100 * PARTS) > u128::from(parts) * u128::from(read)
            }
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:0DECIMALS$}", self.0 % PARTS);
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{}%", self.0 / PARTS),
            decimals => write!(f, "{}.{decimals}%", self.0 / PARTS),
        }
    }
}

/// As it is read.
impl fmt::Display for MaxRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaxRejected::Count(most) => most.fmt(f),
            MaxRejected::Share(percent) => percent.fmt(f),
        }
    }
}

/// Why a text is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a limit is a number of rows, for instance 10, or a share, for instance 0.5%")]
pub struct MaxRejectedError;

impl Spoken for MaxRejectedError {
    fn danish(&self) -> String {
        "en grænse er et antal rækker, f.eks. 10, eller en andel, f.eks. 0,5%".to_owned()
    }
}

impl FromStr for MaxRejected {
    type Err = MaxRejectedError;

    fn from_str(text: &str) -> Result<MaxRejected, MaxRejectedError> {
        match text.trim().strip_suffix('%') {
            Some(share) => percent(share.trim()).map(MaxRejected::Share).ok_or(MaxRejectedError),
            None => text.parse().map(MaxRejected::Count).map_err(|_| MaxRejectedError),
        }
    }
}

/// Digits, perhaps a decimal point or comma and up to nine more.
fn percent(text: &str) -> Option<Percent> {
    let (whole, decimals) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && decimals.is_empty() || !digits(whole) || !digits(decimals) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let decimals: u64 = if decimals.len() <= DECIMALS {
        format!("{decimals:0<DECIMALS$}").parse().ok()?
    } else {
        return None;
    };
    let parts = whole.checked_mul(PARTS)?.checked_add(decimals)?;
    (parts <= 100 * PARTS).then_some(Percent(parts))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::extract::manifest::RowCounts;

    fn report(read: u64, rejected: u64) -> Report {
        let rows = RowCounts { read, rejected, sent: read - rejected, ..RowCounts::default() };
        Report { rows, ..Report::default() }
    }

    #[test]
    fn what_is_written_is_what_holds() {
        let share = |text: &str| text.parse::<MaxRejected>().map(|limit| limit.to_string());
        for (text, shown) in
            [("0.5%", "0.5%"), ("0,50 %", "0.5%"), ("100%", "100%"), (".5%", "0.5%"), ("7", "7")]
        {
            assert_eq!(share(text).as_deref(), Ok(shown));
        }
        for wrong in [
            "",
            "%",
            "x",
            "-1",
            "-1%",
            "101%",
            "100.000000001%",
            "1e1%",
            "NaN%",
            "inf%",
            ".%",
            "1.2.3%",
            "0.0000000001%",
        ] {
            assert_eq!(share(wrong), Err(MaxRejectedError), "{wrong}");
        }
        // A binary fraction says that 57 of 100 are more than 57%.
        let limit: MaxRejected = "57%".parse().expect("a limit");
        assert!(!limit.exceeded(&report(100, 57)) && limit.exceeded(&report(100, 58)));
    }

    proptest! {
        /// In whole numbers: r of n are at most p hundredths of a percent when r * 10,000 is at most p * n.
        #[test]
        fn a_share_is_compared_exactly(read in 0u64..1_000_000_000_000, part in 0.0f64..=1.0, parts in 0u64..=10_000) {
            let at = u64::try_from(u128::from(read) * u128::from(parts) / 10_000).expect("at most read");
            let anywhere = ((read as f64 * part) as u64).min(read);
            for text in [format!("{}.{:02}%", parts / 100, parts % 100), format!("{},{:02}%", parts / 100, parts % 100)] {
                let limit: MaxRejected = text.parse().expect("a limit");
                for rejected in [at.saturating_sub(1), at, (at + 1).min(read), anywhere] {
                    let more = u128::from(rejected) * 10_000 > u128::from(parts) * u128::from(read);
                    prop_assert_eq!(limit.exceeded(&report(read, rejected)), more);
                }
            }
        }

        #[test]
        fn a_count_is_compared_exactly(most in 0u64..1000, rejected in 0u64..1000) {
            let limit: MaxRejected = most.to_string().parse().expect("a limit");
            prop_assert_eq!(limit.exceeded(&report(1000, rejected)), rejected > most);
        }
    }
}
