//! What is worked out from an identifier or a number before a row leaves, so that the number itself does not.

use rustc_hash::FxHashMap;

use super::columns::{Decimal, parse_number};
use super::report::Reason;
use crate::clock::Day;
use crate::id::{Identifier, Sex};
use crate::name::CodeId;
use crate::programme::{Code, Measure, Whose, age_on};

/// Ranges of whole numbers, and the code that each means.
#[derive(Clone, Debug)]
pub(super) struct Bands {
    /// First, last and code, ascending and apart.
    ranges: Vec<([i64; 2], CodeId)>,
    /// The file's own words for a code, where a mapping says some.
    words: FxHashMap<String, CodeId>,
}

impl Bands {
    pub fn of(codes: &[Code]) -> Bands {
        let ranges = codes.iter().flat_map(|code| code.ranges.iter().map(|range| (*range, code.id.clone())));
        let mut ranges = ranges.collect::<Vec<_>>();
        ranges.sort_unstable_by_key(|(range, _)| *range);
        Bands { ranges, words: FxHashMap::default() }
    }

    /// Takes a word for a code, compared without regard to case.
    pub fn word(&mut self, word: &str, code: CodeId) {
        self.words.insert(word.to_lowercase(), code);
    }

    /// The code in whose ranges a number lies.
    pub fn code(&self, number: i64) -> Result<&CodeId, Reason> {
        let at = self.ranges.partition_point(|([_, last], _)| *last < number);
        match self.ranges.get(at) {
            Some(([first, _], code)) if *first <= number => Ok(code),
            _ => Err(Reason::OutOfRange),
        }
    }

    /// The code of a field, and the number that it was read as, if it was.
    pub fn read(&self, field: &[u8], decimal: Decimal) -> Result<(&CodeId, Option<i64>), Reason> {
        if !self.words.is_empty()
            && let Ok(text) = std::str::from_utf8(field)
            && let Some(code) = self.words.get(&text.to_lowercase())
        {
            return Ok((code, None));
        }
        let number = whole_number(field, decimal)?;
        Ok((self.code(number)?, Some(number)))
    }
}

/// What is worked out from an identifier.
#[derive(Clone, Debug)]
pub(super) struct Derived {
    pub of: Whose,
    pub what: What,
}

/// Which of it leaves.
#[derive(Clone, Debug)]
pub(super) enum What {
    Age(Bands),
    Sex { man: CodeId, woman: CodeId },
    Year(Measure),
    YearBand(Bands),
}

/// What leaves of somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Code(&'a CodeId),
    Number(i64),
}

/// What an identifier tells besides whose it is.
#[derive(Clone, Copy, Default)]
pub(super) enum Subject {
    /// There is none.
    #[default]
    Nobody,
    /// There is one that was rejected.
    Rejected,
    /// Birth date and sex, where its kind has them.
    Known(Option<Day>, Option<Sex>),
}

impl Subject {
    pub fn of(id: &Identifier) -> Subject {
        Subject::Known(id.birth(), id.sex())
    }
}

impl Derived {
    /// What leaves of a subject on the day of an event; `None` where there is nothing to work it out from.
    pub fn value(&self, subject: Subject, day: Day) -> Result<Option<Value<'_>>, Reason> {
        let Subject::Known(birth, sex) = subject else { return Ok(None) };
        let year = |birth: Day| i64::from(birth.ymd().0);
        let value = match &self.what {
            What::Sex { man, woman } => sex.map(|sex| match sex {
                Sex::Man => Value::Code(man),
                Sex::Woman => Value::Code(woman),
            }),
            What::Age(bands) => match birth {
                Some(birth) => {
                    let age = age_on(birth, day).ok_or(Reason::OutOfRange)?;
                    Some(Value::Code(bands.code(i64::from(age))?))
                }
                None => None,
            },
            What::Year(measure) => match birth.map(year) {
                Some(year) if !(measure.min..=measure.max).contains(&year) => return Err(Reason::OutOfRange),
                year => year.map(Value::Number),
            },
            What::YearBand(bands) => match birth.map(year) {
                Some(year) => Some(Value::Code(bands.code(year)?)),
                None => None,
            },
        };
        Ok(value)
    }
}

/// A number without its decimals (rounded down), or the four digits of a postal code: `2000`, `DK-2000`,
/// `2000 Frederiksberg`, `1.234,50`.
fn whole_number(field: &[u8], decimal: Decimal) -> Result<i64, Reason> {
    const ANY: Measure = Measure { unit: String::new(), decimals: 0, min: i64::MIN, max: i64::MAX };
    if let Some(postal) = postal_code(field) {
        return parse_number(postal, decimal, &ANY);
    }
    let mark = match decimal {
        Decimal::Comma => b',',
        Decimal::Point => b'.',
    };
    let at = field.iter().position(|byte| *byte == mark);
    let (whole, decimals) = at.map_or((field, &[][..]), |at| (&field[..at], &field[at + 1..]));
    if !decimals.iter().all(u8::is_ascii_digit) || at.is_some_and(|at| at + 1 == field.len()) {
        return Err(Reason::Number);
    }
    let number = parse_number(whole, decimal, &ANY)?;
    let below = whole.first() == Some(&b'-') && decimals.iter().any(|digit| *digit != b'0');
    number.checked_sub(i64::from(below)).ok_or(Reason::OutOfRange)
}

/// The four digits of a Danish postal code, where the field is one with its country or its town.
fn postal_code(field: &[u8]) -> Option<&[u8]> {
    let after_country = match field {
        [b'D' | b'd', b'K' | b'k', b'-' | b' ', rest @ ..] => Some(rest),
        [b'D' | b'd', b'K' | b'k', rest @ ..] => Some(rest),
        _ => None,
    };
    let (code, town) = after_country.unwrap_or(field).split_at_checked(4)?;
    let digits = code.iter().all(u8::is_ascii_digit);
    let town = std::str::from_utf8(town).ok()?;
    let named = town.starts_with(char::is_whitespace) && town.trim_start().starts_with(char::is_alphabetic);
    (digits && (named || (after_country.is_some() && town.trim().is_empty()))).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_postal_codes_are_read_in_their_forms() {
        for (text, number) in [
            ("2000", Ok(2000)),
            ("DK-2000", Ok(2000)),
            ("dk 2000", Ok(2000)),
            ("DK2000", Ok(2000)),
            ("DK-2000 Frederiksberg", Ok(2000)),
            ("2000 Frederiksberg", Ok(2000)),
            ("2000\u{a0}Frederiksberg C", Ok(2000)),
            ("0800 Høje Taastrup", Ok(800)),
            ("0999", Ok(999)),
            ("1.234,50", Ok(1234)),
            ("1234,99", Ok(1234)),
            ("-0,5", Ok(-1)),
            ("-3", Ok(-3)),
            ("-3,0", Ok(-3)),
            ("-3,01", Ok(-4)),
            ("2000Frederiksberg", Err(Reason::Number)),
            ("200 Frederiksberg", Err(Reason::Number)),
            ("20000 Frederiksberg", Err(Reason::Number)),
            ("2000 2100", Err(Reason::Number)),
            ("DK-20000", Err(Reason::Number)),
            ("SE-2000", Err(Reason::Number)),
            ("Frederiksberg", Err(Reason::Number)),
            ("12,", Err(Reason::Number)),
            ("1,2,3", Err(Reason::Number)),
            ("1e5", Err(Reason::Number)),
            (",5", Err(Reason::Number)),
            ("", Err(Reason::Number)),
            ("99999999999999999999", Err(Reason::OutOfRange)),
        ] {
            assert_eq!(whole_number(text.as_bytes(), Decimal::Comma), number, "{text}");
        }
        assert_eq!(whole_number(b"1,234.9", Decimal::Point), Ok(1234));
    }

    proptest::proptest! {
        /// Looking through all ranges one after another finds the same code.
        #[test]
        fn a_band_is_the_one_range_that_holds_the_number(
            cuts in proptest::collection::btree_set(-50i64..50, 2..12),
            skipped in 0usize..6,
            number in -60i64..60,
        ) {
            let cuts = cuts.into_iter().collect::<Vec<_>>();
            let ranges = cuts.windows(2).map(|pair| [pair[0], pair[1] - 1]).enumerate();
            let codes = ranges.filter(|(at, _)| *at != skipped).map(|(at, range)| Code {
                id: format!("c{at}").parse().expect("a name"),
                title: crate::programme::Text { da: String::new(), en: String::new() },
                also: Vec::new(),
                ranges: vec![range],
            });
            let codes = codes.collect::<Vec<_>>();
            let naive = codes.iter().find(|code| (code.ranges[0][0]..=code.ranges[0][1]).contains(&number));
            let bands = Bands::of(&codes);
            proptest::prop_assert_eq!(bands.code(number).ok(), naive.map(|code| &code.id));
        }

        /// No bytes make reading a number panic.
        #[test]
        fn any_bytes_are_a_number_or_none(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..24)) {
            let _ = whole_number(&bytes, Decimal::Comma);
        }
    }
}
