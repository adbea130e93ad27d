//! Made-up CPR numbers that are no living person's.
//!
//! They fail modulus 11 with remainder 1, on dates for which no failing number is issued.

use super::Sex;
use super::cpr::{MADE_UP_REMAINDER, is_listed, remainder, year};
use crate::clock::Day;
use crate::secret::Random;

/// A made-up CPR number, ten digits, for a birth date from 1900 on that is not listed as having numbers outside
/// modulus 11; such a date is moved by one day.
#[must_use]
pub fn generate_made_up_cpr(birth: Day, sex: Sex, random: &mut dyn Random) -> [u8; 10] {
    let birth = if is_listed(birth) { birth.plus(1) } else { birth };
    let (birth_year, month, day) = birth.ymd();
    let yy = u8::try_from(birth_year.rem_euclid(100)).unwrap_or(0);
    let digit = |value: u64| b'0' + u8::try_from(value % 10).unwrap_or(0);
    let mut text = [b'0'; 10];
    for (at, value) in [(0, day), (2, month), (4, yy)] {
        text[at] = b'0' + value / 10;
        text[at + 1] = b'0' + value % 10;
    }
    loop {
        text[6] = digit(random.below(10));
        if year(yy, text[6] - b'0') != birth_year {
            continue;
        }
        text[7] = digit(random.below(10));
        text[8] = digit(random.below(10));
        for last in 0..10 {
            text[9] = b'0' + last;
            if (last % 2 == 1) == (sex == Sex::Man) && remainder(&text) == MADE_UP_REMAINDER {
                return text;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Identifier, LeadingZero, Modulus};
    use super::*;
    use crate::secret::SeededRandom;

    #[test]
    fn a_made_up_number_is_well_formed_and_never_issued() {
        let mut random = SeededRandom::from_number(7);
        let today = Day::from_ymd(2026, 1, 1).expect("a day");
        for _ in 0..2000 {
            let born = Day::from_ymd(1930, 1, 1)
                .expect("a day")
                .plus(i32::try_from(random.below(34_000)).expect("small"));
            let sex = if random.below(2) == 0 { Sex::Man } else { Sex::Woman };
            let text = generate_made_up_cpr(born, sex, &mut random);
            let id = Identifier::parse(&text, today, LeadingZero::Refuse);
            let Ok(id) = id else { panic!("a made-up number was refused") };
            assert_eq!(id.sex(), Some(sex));
            assert_eq!(id.modulus(), Some(Modulus::FailsElsewhere { remainder: 1 }));
            let shift = id.birth().expect("a birth date").days() - born.days();
            assert!((0..=1).contains(&shift));
        }
    }
}
