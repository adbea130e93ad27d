//! The CPR number: century, date, sex, modulus 11.

use zeroize::Zeroize as _;

use super::{Facts, IdKind, IdRejection};
use crate::clock::Day;

/// Sex as the CPR number's last digit gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Odd last digit.
    Man,
    /// Even last digit.
    Woman,
}

/// How the modulus-11 check came out. A failure is a warning in the quality report, nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modulus {
    /// The weighted sum is divisible by 11.
    Passes,
    /// It is not, on a birth date for which such numbers are known to be issued.
    FailsOnListedDate,
    /// It is not, on another date: more likely a typing error, or a made-up number (remainder 1).
    FailsElsewhere {
        /// The weighted sum modulo 11, 1-10.
        remainder: u8,
    },
}

/// Remainder of made-up numbers.
pub(super) const MADE_UP_REMAINDER: u8 = 1;

const WEIGHTS: [u32; 10] = [4, 3, 2, 7, 6, 5, 4, 3, 2, 1];

/// Years whose 1 January is known to have numbers that fail modulus 11. The list is not exhaustive.
const LISTED_YEARS: [i16; 25] = [
    1960, 1962, 1964, 1965, 1966, 1967, 1969, 1970, 1974, 1975, 1978, 1980, 1981, 1982, 1983, 1984, 1985,
    1986, 1987, 1988, 1989, 1990, 1991, 1992, 1994,
];
const LAST_LISTED_YEAR: i16 = 1995;

pub(super) fn is_listed(birth: Day) -> bool {
    let (year, month, day) = birth.ymd();
    month == 1 && day == 1 && (year == LAST_LISTED_YEAR || LISTED_YEARS.contains(&year))
}

/// The year of birth that two digits and the seventh digit give.
pub(super) const fn year(yy: u8, seventh: u8) -> i16 {
    let century = match (seventh, yy) {
        (0..=3, _) | (4 | 9, 37..) => 1900,
        (4 | 9, _) | (5..=8, 0..=57) => 2000,
        _ => 1800,
    };
    century + yy as i16
}

/// Two digits as a number.
pub(super) const fn two(text: &[u8; 10], at: usize) -> u8 {
    (text[at] - b'0') * 10 + (text[at + 1] - b'0')
}

pub(super) fn classify(text: &[u8; 10], today: Day) -> Result<Facts, IdRejection> {
    let (day, local) = match two(text, 0) {
        day @ 1..=31 => (day, false),
        day @ 61..=91 => (day - 60, true),
        _ => return Err(IdRejection::InvalidDate),
    };
    let birth = Day::from_ymd(year(two(text, 4), text[6] - b'0'), two(text, 2), day)
        .ok_or(IdRejection::InvalidDate)?;
    if birth > today {
        return Err(IdRejection::FutureDate);
    }
    if local {
        return Ok((IdKind::LocalDayPlus60, Some(birth), None));
    }
    let modulus = match remainder(text) {
        0 => Modulus::Passes,
        _ if is_listed(birth) => Modulus::FailsOnListedDate,
        remainder => Modulus::FailsElsewhere { remainder },
    };
    Ok((IdKind::Cpr, Some(birth), Some(modulus)))
}

/// The weighted sum modulo 11.
pub(super) fn remainder(text: &[u8; 10]) -> u8 {
    let sum: u32 = text.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    (sum % 11) as u8
}

/// The weighted sum modulo 11 of the number with a birth date and the last four digits given; 0 to 10.
#[must_use]
pub fn remainder_of(birth: Day, serial: u16) -> u8 {
    let (year, month, day) = birth.ymd();
    let yy = u8::try_from(year.rem_euclid(100)).unwrap_or(0);
    let mut text = [b'0'; 10];
    for (at, value) in [(0, day), (2, month), (4, yy)] {
        text[at] += value / 10 % 10;
        text[at + 1] += value % 10;
    }
    let mut rest = serial;
    for digit in text[6..].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    let remainder = remainder(&text);
    text.zeroize();
    remainder
}

pub(super) const fn sex(text: &[u8; 10]) -> Sex {
    if text[9] & 1 == 1 { Sex::Man } else { Sex::Woman }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The century table of the CPR Office, cell by cell.
    #[test]
    fn the_century_table() {
        for seventh in 0..10 {
            for yy in 0..100 {
                let expected = match (seventh, yy) {
                    (0..=3, _) => 1900,
                    (4 | 9, 0..=36) => 2000,
                    (4 | 9, _) => 1900,
                    (_, 0..=57) => 2000,
                    (_, _) => 1800,
                };
                assert_eq!(year(yy, seventh), expected + i16::from(yy), "{seventh} {yy}");
            }
        }
    }

    #[test]
    fn about_365_million_numbers_are_well_formed() {
        // Every date in every century, times the serial numbers that give that century.
        let mut count = 0u64;
        let last = Day::from_ymd(2057, 12, 31).expect("a day");
        let mut day = Day::from_ymd(1858, 1, 1).expect("a day");
        while day <= last {
            let (year_of_day, _, _) = day.ymd();
            let yy = u8::try_from(year_of_day.rem_euclid(100)).expect("two digits");
            count += (0..10).filter(|seventh| year(yy, *seventh) == year_of_day).count() as u64 * 1000;
            day = day.plus(1);
        }
        assert!((364_000_000..367_000_000).contains(&count), "{count}");
    }
}
