//! The numbers that made-up persons are known by.

use std::collections::HashSet;

use super::world::PARTNERS;
use crate::clock::Day;
use crate::id::{Sex, generate_made_up_cpr};
use crate::secret::Random;

/// What a made-up person is known by. No `Debug`: habits are formed in demos.
#[derive(Clone)]
pub enum Identity {
    /// A CPR number, the same at every partner.
    Cpr([u8; 10]),
    /// A national replacement number (X-eCPR), the same at every partner.
    XeCpr([u8; 10]),
    /// A replacement number that each partner issues for itself, by position in [`PARTNERS`].
    Local(Box<[[u8; 10]; PARTNERS.len()]>),
}

impl Identity {
    /// The number by which the partner at a position of [`PARTNERS`] knows the person.
    #[must_use]
    pub fn at(&self, partner: usize) -> [u8; 10] {
        match self {
            Identity::Cpr(number) | Identity::XeCpr(number) => *number,
            Identity::Local(numbers) => numbers[partner],
        }
    }

    /// Whether the number means the same person everywhere.
    #[must_use]
    pub const fn is_national(&self) -> bool {
        !matches!(self, Identity::Local(_))
    }
}

/// Hands out numbers and never the same one twice at a partner.
#[derive(Default)]
pub(super) struct Issuer {
    used: HashSet<[u8; 10]>,
    /// Fictive numbers issued, by partner: each counts from 1, so that the same text means different persons at
    /// different partners.
    fictive: [u32; PARTNERS.len()],
}

impl Issuer {
    /// An identity for an adult: nearly always a CPR number, a few replacement numbers of every kind.
    pub(super) fn issue(&mut self, sex: Sex, random: &mut dyn Random) -> Identity {
        match random.below(1000) {
            0..=2 => Identity::XeCpr(self.fresh(|random| lettered(sex, b"17", random), random)),
            3..=8 => {
                let number = |random: &mut dyn Random| {
                    let mut number = made_up(sex, random);
                    number[0] += 6;
                    number
                };
                Identity::Local(Box::new(std::array::from_fn(|_| self.fresh(number, random))))
            }
            9..=11 => {
                let number = |random: &mut dyn Random| lettered(sex, b"05", random);
                Identity::Local(Box::new(std::array::from_fn(|_| self.fresh(number, random))))
            }
            12..=14 => Identity::Local(Box::new(std::array::from_fn(|partner| {
                self.fictive[partner] += 1;
                let mut number = *b"UKENDT0000";
                let mut count = self.fictive[partner];
                for digit in number[6..].iter_mut().rev() {
                    *digit = b'0' + u8::try_from(count % 10).unwrap_or(0);
                    count /= 10;
                }
                number
            }))),
            _ => Identity::Cpr(self.fresh(|random| made_up(sex, random), random)),
        }
    }

    /// An identity for a child, born between 2006 and 2019: always a CPR number.
    pub(super) fn child(&mut self, sex: Sex, random: &mut dyn Random) -> Identity {
        let oldest = Day::from_ymd(2006, 1, 1).expect("a day");
        let make = |random: &mut dyn Random| {
            let age = i32::try_from(random.below(5000)).unwrap_or(0);
            generate_made_up_cpr(oldest.plus(age), sex, random)
        };
        Identity::Cpr(self.fresh(make, random))
    }

    fn fresh(&mut self, make: impl Fn(&mut dyn Random) -> [u8; 10], random: &mut dyn Random) -> [u8; 10] {
        loop {
            let number = make(random);
            if self.used.insert(number) {
                return number;
            }
        }
    }
}

/// A made-up CPR number of somebody of 18 to 84 years in 2021.
fn made_up(sex: Sex, random: &mut dyn Random) -> [u8; 10] {
    let oldest = Day::from_ymd(1936, 6, 1).expect("a day");
    // Two draws, added up: most are in the middle of life.
    let span = |random: &mut dyn Random| i32::try_from(random.below(12_150)).unwrap_or(0);
    let birth = oldest.plus(span(random) + span(random));
    generate_made_up_cpr(birth, sex, random)
}

/// `DDMMYY`, a seventh character (the first given for 19xx, the second for 20xx), two letters and a digit.
fn lettered(sex: Sex, seventh: &[u8; 2], random: &mut dyn Random) -> [u8; 10] {
    let mut number = made_up(sex, random);
    number[6] = if number[4] >= b'3' { seventh[0] } else { seventh[1] };
    for letter in &mut number[7..9] {
        *letter = b'A' + u8::try_from(random.below(26)).unwrap_or(0);
    }
    number
}
