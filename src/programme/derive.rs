//! What a partner works out at home, so that what it is worked out from stays there: derived columns, and dates that are
//! coarser than a day.

use serde::{Deserialize, Serialize};

use crate::clock::Day;

/// Whose identifier a column is worked out from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The person whom the row is about.
    #[default]
    Person,
    /// The other one of the pair.
    RelatedPerson,
}

/// How a column is worked out at the partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derive {
    /// Age in whole years on the day of the event, as the code in whose ranges it lies.
    AgeBand(Whose),
    /// Sex, as the code that is known as `man` or `woman`.
    Sex(Whose),
    /// Year of birth: a number, or the code in whose ranges it lies.
    BirthYear(Whose),
    /// A number or a postal code of the column itself, as the code in whose ranges it lies.
    Band,
}

impl Derive {
    /// The word in a definition.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Derive::AgeBand(_) => "age-band",
            Derive::Sex(_) => "sex",
            Derive::BirthYear(_) => "birth-year",
            Derive::Band => "band",
        }
    }

    /// Whose identifier it is worked out from; `None` when the column stands in the file itself.
    #[must_use]
    pub const fn of(self) -> Option<Whose> {
        match self {
            Derive::AgeBand(whose) | Derive::Sex(whose) | Derive::BirthYear(whose) => Some(whose),
            Derive::Band => None,
        }
    }
}

/// How fine the days of a dataset may leave a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// The day itself.
    #[default]
    Day,
    /// The Monday of the week, but never a day of the quarter before.
    Week,
    /// The first of the month.
    Month,
}

impl Precision {
    /// Its word in a definition and in a manifest.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Precision::Day => "day",
            Precision::Week => "week",
            Precision::Month => "month",
        }
    }

    /// Whether days leave as they are. By reference, as serde asks.
    #[must_use]
    pub fn is_day(&self) -> bool {
        *self == Precision::Day
    }

    /// Most days that leave as one.
    #[must_use]
    pub const fn days(self) -> u32 {
        match self {
            Precision::Day => 1,
            Precision::Week => 7,
            Precision::Month => 31,
        }
    }

    /// The day that leaves in place of a day: of the same quarter, and not after it.
    #[must_use]
    pub fn coarsened(self, day: Day) -> Day {
        match self {
            Precision::Day => day,
            Precision::Week => {
                // 1970-01-01 was a Thursday.
                let since_monday = (day.days() + 3).rem_euclid(7);
                day.plus(-since_monday).max(day.quarter().first())
            }
            Precision::Month => {
                let (_, _, dom) = day.ymd();
                day.plus(1 - i32::from(dom))
            }
        }
    }
}

/// Age in whole years on a day; `None` before birth.
///
/// A year is full on the same day of the same month. Who is born on 29 February is a year older on 1 March where the year
/// has no such day: the eve has not passed then. No Danish statute was found that says otherwise; the choice moves one day
/// of three years in four.
#[must_use]
pub fn age_on(birth: Day, day: Day) -> Option<u8> {
    let ((year, month, dom), (then, month_then, dom_then)) = (birth.ymd(), day.ymd());
    let years = then - year - i16::from((month_then, dom_then) < (month, dom));
    u8::try_from(years).ok().filter(|_| birth <= day)
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;

    use super::*;

    fn date(day: Day) -> Date {
        day.to_string().parse().expect("a date")
    }

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    proptest! {
        /// Counting birthdays one by one in another calendar gives the same age.
        #[test]
        fn an_age_is_the_number_of_birthdays(birth in -40_000i32..30_000, days in 0i32..45_000) {
            let (birth, then) = (Day::from_days(birth), Day::from_days(birth + days));
            let (born, now) = (date(birth), date(then));
            let birthday = |year: i16| {
                Date::new(year, born.month(), born.day()).unwrap_or_else(|_| Date::constant(year, 3, 1))
            };
            let had = (born.year() + 1..=now.year()).filter(|year| birthday(*year) <= now).count();
            prop_assert_eq!(age_on(birth, then).map(usize::from), Some(had));
        }

        /// A coarser day is of the same quarter, not later, at most the precision's days away, and its own coarser day;
        /// week and month are those of an independent calendar.
        #[test]
        fn coarser_days(days in -40_000i32..84_000) {
            let day = Day::from_days(days);
            for precision in [Precision::Day, Precision::Week, Precision::Month] {
                let coarse = precision.coarsened(day);
                prop_assert!(coarse <= day);
                prop_assert!(day.days() - coarse.days() < i32::try_from(precision.days()).expect("small"));
                prop_assert_eq!(coarse.quarter(), day.quarter());
                prop_assert_eq!(precision.coarsened(coarse), coarse);
            }
            let own = date(day);
            prop_assert_eq!(date(Precision::Month.coarsened(day)), own.first_of_month());
            let week = date(Precision::Week.coarsened(day));
            prop_assert_eq!(week.iso_week_date().week(), own.iso_week_date().week());
            prop_assert!(
                week.weekday() == jiff::civil::Weekday::Monday || (week.day() == 1 && week.month() % 3 == 1)
            );
        }
    }

    #[test]
    fn birthdays_on_29_february() {
        let birth = day("2004-02-29");
        for (then, age) in [
            ("2004-02-28", None),
            ("2004-02-29", Some(0)),
            ("2005-02-28", Some(0)),
            ("2005-03-01", Some(1)),
            ("2008-02-28", Some(3)),
            ("2008-02-29", Some(4)),
        ] {
            assert_eq!(age_on(birth, day(then)), age, "{then}");
        }
    }

    #[test]
    fn a_week_never_begins_in_the_quarter_before() {
        // 1 April 2022 was a Friday.
        for (then, week) in
            [("2022-03-31", "2022-03-28"), ("2022-04-01", "2022-04-01"), ("2022-04-04", "2022-04-04")]
        {
            assert_eq!(Precision::Week.coarsened(day(then)), day(week));
        }
    }
}
