//! Days, quarters and instants, and the clock as something that is passed in.
//!
//! Logic never asks the machine for the time: it takes a [`Clock`], a [`Timestamp`] or a [`Day`].
//! Only the two programs construct [`SystemClock`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::language::Spoken;

/// A civil day in Denmark, as days since 1970-01-01. Small enough to be a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// Why a text is no day, quarter or instant. Carries no part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not `YYYY-MM-DD`, or no such date.
    #[error("not a date written YYYY-MM-DD")]
    Day,
    /// Not `YYYY-Qn`.
    #[error("not a quarter written YYYY-Qn, for instance 2022-Q3")]
    Quarter,
    /// The first quarter lies after the last.
    #[error("the period ends before it begins")]
    EmptyPeriod,
    /// Not an RFC 3339 instant.
    #[error("not an instant written as in RFC 3339, for instance 2022-07-01T12:00:00Z")]
    Timestamp,
}

impl Spoken for TimeError {
    fn danish(&self) -> String {
        let words = match self {
            TimeError::Day => "ikke en dato skrevet ÅÅÅÅ-MM-DD",
            TimeError::Quarter => "ikke et kvartal skrevet ÅÅÅÅ-Qn, for eksempel 2022-Q3",
            TimeError::EmptyPeriod => "perioden slutter, før den begynder",
            TimeError::Timestamp => {
                "ikke et tidspunkt skrevet som i RFC 3339, for eksempel 2022-07-01T12:00:00Z"
            }
        };
        words.to_owned()
    }
}

impl Day {
    /// The earliest day that data may carry: 1850-01-01, before the oldest CPR birth date (1858).
    pub const MIN: Day = Day(-43_829);
    /// The last day that data may carry: 2199-12-31.
    pub const MAX: Day = Day(84_005);

    /// The day `days` days after 1970-01-01.
    #[must_use]
    pub const fn from_days(days: i32) -> Day {
        Day(days)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The day of a calendar date; `None` when the date does not exist or lies outside 1850-2199.
    #[must_use]
    pub fn from_ymd(year: i16, month: u8, day: u8) -> Option<Day> {
        if !(1850..=2199).contains(&year)
            || !(1..=12).contains(&month)
            || day < 1
            || day > days_in_month(year, month)
        {
            return None;
        }
        // Days from civil, proleptic Gregorian: counted from 1 March so that leap days come last.
        let (y, m) = if month <= 2 {
            (i32::from(year) - 1, i32::from(month) + 9)
        } else {
            (i32::from(year), i32::from(month) - 3)
        };
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let day_of_year = (153 * m + 2) / 5 + i32::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Day(era * 146_097 + day_of_era - 719_468))
    }

    /// Year, month (1-12) and day of the month (1-31).
    #[must_use]
    pub fn ymd(self) -> (i16, u8, u8) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let m = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * m + 2) / 5 + 1;
        let month = if m < 10 { m + 3 } else { m - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (
            i16::try_from(year).unwrap_or(i16::MAX),
            u8::try_from(month).unwrap_or(12),
            u8::try_from(day).unwrap_or(31),
        )
    }

    /// The day `days` later (or earlier, when negative).
    #[must_use]
    pub const fn plus(self, days: i32) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// Reads `YYYY-MM-DD` from bytes; nothing else.
    ///
    /// # Errors
    /// [`TimeError::Day`] for any other form, or a date that does not exist.
    pub fn parse_iso(bytes: &[u8]) -> Result<Day, TimeError> {
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *bytes else { return Err(TimeError::Day) };
        let digit = |b: u8| if b.is_ascii_digit() { Ok(b - b'0') } else { Err(TimeError::Day) };
        let year = i16::from(digit(y1)?) * 1000
            + i16::from(digit(y2)?) * 100
            + i16::from(digit(y3)?) * 10
            + i16::from(digit(y4)?);
        let month = digit(m1)? * 10 + digit(m2)?;
        let day = digit(d1)? * 10 + digit(d2)?;
        Day::from_ymd(year, month, day).ok_or(TimeError::Day)
    }

    /// The quarter that the day lies in.
    #[must_use]
    pub fn quarter(self) -> Quarter {
        let (year, month, _) = self.ymd();
        Quarter { year, index: (month - 1) / 3 + 1 }
    }
}

/// Days of a month in the Gregorian calendar.
#[must_use]
pub const fn days_in_month(year: i16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Day {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Day, TimeError> {
        Day::parse_iso(text.as_bytes())
    }
}

/// A calendar quarter, written `2022-Q3`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter {
    year: i16,
    index: u8,
}

impl Quarter {
    /// Quarter `index` (1-4) of `year`.
    #[must_use]
    pub const fn new(year: i16, index: u8) -> Option<Quarter> {
        if index >= 1 && index <= 4 && year >= 1850 && year <= 2199 {
            Some(Quarter { year, index })
        } else {
            None
        }
    }

    /// First day.
    #[must_use]
    pub fn first(self) -> Day {
        Day::from_ymd(self.year, (self.index - 1) * 3 + 1, 1).unwrap_or(Day::MAX)
    }

    /// Last day.
    #[must_use]
    pub fn last(self) -> Day {
        self.next().first().plus(-1)
    }

    /// The quarter after this one.
    #[must_use]
    pub const fn next(self) -> Quarter {
        if self.index == 4 {
            Quarter { year: self.year + 1, index: 1 }
        } else {
            Quarter { year: self.year, index: self.index + 1 }
        }
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.year, self.index)
    }
}

impl fmt::Debug for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Quarter {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Quarter, TimeError> {
        let (year, index) = text.split_once("-Q").ok_or(TimeError::Quarter)?;
        if year.len() != 4
            || index.len() != 1
            || !year.bytes().chain(index.bytes()).all(|b| b.is_ascii_digit())
        {
            return Err(TimeError::Quarter);
        }
        let year = year.parse().map_err(|_| TimeError::Quarter)?;
        let index = index.parse().map_err(|_| TimeError::Quarter)?;
        Quarter::new(year, index).ok_or(TimeError::Quarter)
    }
}

/// Whole quarters, first to last, both included; written `2022-Q1..2022-Q4`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    first: Quarter,
    last: Quarter,
}

impl Period {
    /// One quarter.
    #[must_use]
    pub const fn of(quarter: Quarter) -> Period {
        Period { first: quarter, last: quarter }
    }

    /// From the first day of `first` to the last day of `last`.
    ///
    /// # Errors
    /// [`TimeError::EmptyPeriod`] when `last` lies before `first`.
    pub fn new(first: Quarter, last: Quarter) -> Result<Period, TimeError> {
        if last < first { Err(TimeError::EmptyPeriod) } else { Ok(Period { first, last }) }
    }

    /// First quarter.
    #[must_use]
    pub const fn first(self) -> Quarter {
        self.first
    }

    /// Last quarter.
    #[must_use]
    pub const fn last(self) -> Quarter {
        self.last
    }

    /// First day.
    #[must_use]
    pub fn first_day(self) -> Day {
        self.first.first()
    }

    /// Last day.
    #[must_use]
    pub fn last_day(self) -> Day {
        self.last.last()
    }

    /// Whether a day lies in the period.
    #[must_use]
    pub fn contains(self, day: Day) -> bool {
        self.first_day() <= day && day <= self.last_day()
    }

    /// The quarters in order.
    pub fn quarters(self) -> impl Iterator<Item = Quarter> {
        std::iter::successors(Some(self.first), |q| Some(q.next())).take_while(move |q| *q <= self.last)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.last)
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Period {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Period, TimeError> {
        match text.split_once("..") {
            Some((first, last)) => Period::new(first.parse()?, last.parse()?),
            None => {
                let quarter = text.parse()?;
                Period::new(quarter, quarter)
            }
        }
    }
}

/// An instant, in whole milliseconds since 1970-01-01T00:00:00Z; written as in RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `millis` milliseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Midnight (UTC) at which a day begins.
    #[must_use]
    pub const fn at_start_of(day: Day) -> Timestamp {
        Timestamp(day.0 as i64 * 86_400_000)
    }

    /// The civil day of the instant in UTC. Danish time is one or two hours ahead; where the difference
    /// matters (birth dates, closing days) the earlier day is the careful one.
    #[must_use]
    pub fn day(self) -> Day {
        Day(i32::try_from(self.0.div_euclid(86_400_000)).unwrap_or(i32::MAX))
    }

    /// The instant `millis` milliseconds later.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day_millis = self.0.rem_euclid(86_400_000);
        let (seconds, millis) = (day_millis / 1000, day_millis % 1000);
        write!(f, "{}T{:02}:{:02}:{:02}", self.day(), seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if millis == 0 { f.write_str("Z") } else { write!(f, ".{millis:03}Z") }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Timestamp, TimeError> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Timestamp(instant.as_millisecond()));
        }
        Err(TimeError::Timestamp)
    }
}

/// Serde in the one wire form, which is the `Display` form.
macro_rules! serde_as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
serde_as_text!(Day, Quarter, Period, Timestamp);

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The instant now.
    fn now(&self) -> Timestamp;

    /// The day now.
    fn today(&self) -> Day {
        self.now().day()
    }
}

/// The machine's clock. Only the programs construct it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// A clock that stands still until it is moved: for tests and for the demo's past.
#[derive(Debug)]
pub struct FixedClock(std::sync::atomic::AtomicI64);

impl FixedClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> FixedClock {
        FixedClock(std::sync::atomic::AtomicI64::new(now.0))
    }

    /// Moves the clock.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;

    /// The civil date as `jiff` sees it.
    fn jiff_date(day: Day) -> Date {
        Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(day.days())).expect("in range")
    }

    #[test]
    fn every_day_agrees_with_an_independent_calendar() {
        for days in Day::MIN.days()..=Day::MAX.days() {
            let day = Day::from_days(days);
            let date = jiff_date(day);
            let (year, month, dom) = day.ymd();
            assert_eq!(
                (year, i16::from(month), i16::from(dom)),
                (date.year(), i16::from(date.month()), i16::from(date.day()))
            );
            assert_eq!(Day::from_ymd(year, month, dom), Some(day));
        }
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        assert_eq!(Day::from_ymd(1900, 2, 29), None);
        assert!(Day::from_ymd(2000, 2, 29).is_some());
        for text in
            ["2022-13-01", "2022-00-10", "2022-04-31", "22-01-01", "2022-1-1", "2022-01-01 ", "+022-01-01"]
        {
            assert_eq!(text.parse::<Day>(), Err(TimeError::Day), "{text}");
        }
    }

    #[test]
    fn quarters_and_periods_read_and_write() {
        let period: Period = "2022-Q3..2023-Q1".parse().expect("a period");
        assert_eq!(period.to_string(), "2022-Q3..2023-Q1");
        assert_eq!(period.first_day().to_string(), "2022-07-01");
        assert_eq!(period.last_day().to_string(), "2023-03-31");
        assert_eq!(period.quarters().count(), 3);
        assert_eq!("2022-Q5".parse::<Quarter>(), Err(TimeError::Quarter));
        assert_eq!("2022-Q4..2022-Q1".parse::<Period>(), Err(TimeError::EmptyPeriod));
        assert_eq!("2022-Q2".parse::<Period>().expect("one quarter").to_string(), "2022-Q2..2022-Q2");
    }

    #[test]
    fn instants_read_and_write() {
        let instant: Timestamp = "2022-07-01T12:34:56.789Z".parse().expect("an instant");
        assert_eq!(instant.to_string(), "2022-07-01T12:34:56.789Z");
        assert_eq!(instant.day().to_string(), "2022-07-01");
        assert_eq!(Timestamp::at_start_of(instant.day()).to_string(), "2022-07-01T00:00:00Z");
    }
}
