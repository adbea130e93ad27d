//! What an extract's CPR numbers look like together: clients, or numbers that somebody tries out.
//!
//! Whoever has the linkage key can tokenise every number there is and see from answers which of them are known. One pass
//! marks each number once, by birth date and serial number; what is held is bounded by the calendar
//! ([`limits::MAX_BIRTH_DATES`]) and wiped. What is said of it is a count and lines, never a number or a date.
//!
//! | looked at | alarm |
//! | --- | --- |
//! | persons on one birth date | a Poisson tail below one in a million for the whole extract, with three times the mean of the half years around it expected; at least `LEAST_CROWD`; more than are born on one date in the country |
//! | runs | `LONGEST_RUN` consecutive serial numbers of one birth date and one remainder of modulus 11, or a quarter of all numbers in runs of `SHORT_RUN` or more |
//! | ages | more than one in a hundred over 115 years, or one in twenty over 100 |
//! | check digits | no remainder of modulus 11 that half of the numbers have |
//!
//! The thresholds let pass what clients look like: a town, twins, one year's children, refugees whose unknown birth
//! date is 1 January or 1 July.

use zeroize::Zeroize as _;

use crate::clock::Day;
use crate::id::{IdKind, Identifier, remainder_of};
use crate::language::{Language, Spoken};
use crate::limits;

/// Version of these rules, which a manifest states.
pub const SCREEN: u32 = 1;

/// Fewer on one date are never a crowd.
const LEAST_CROWD: u32 = 12;
/// More than are born in the country on one date, with those who moved there.
const BORN_ON_A_DATE: u32 = 350;
/// The same of 1 January and 1 July, which stand for birth dates that nobody knows.
const UNKNOWN_ON_A_DATE: u32 = 2000;
/// Days on either side of a date from which is told how many to expect on it.
const HALF_WINDOW: usize = 182;
/// Births differ by season, weekday and house: so many times the mean are still ordinary.
const SWING: f64 = 3.0;
/// Share of all persons that one 1 January or 1 July may have besides.
const UNKNOWN_SHARE: f64 = 0.03;
/// Logarithm of the chance with which an extract of ordinary clients is refused for a crowd.
const LN_FALSE_ALARM: f64 = -13.815_510_557_964_274;
/// Consecutive serial numbers that nobody's clients have.
const LONGEST_RUN: u32 = 20;
/// The same of 1 January and 1 July, whose numbers are given out nearly all.
const LONGEST_UNKNOWN_RUN: u32 = 100;
/// Consecutive serial numbers that twins and triplets do not have.
const SHORT_RUN: u32 = 4;
/// Fewer numbers in such runs, and fewer numbers in all, say nothing.
const FEW: u32 = 60;

/// Days of a century, over which a person's birth date lies anywhere.
const CENTURY: f64 = 36_525.0;
/// Words of a date's bits, one for each of 10,000 serial numbers.
const WORDS: usize = 10_000 / 64 + 1;

/// What is unusual about an extract. Counts and lines alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusual {
    /// Too many with one birth date.
    #[error(
        "{persons} different CPR numbers have one birth date; they stand from line {first} to line {last}"
    )]
    Crowd {
        /// How many.
        persons: u32,
        /// Line of the first.
        first: u64,
        /// Line of the last.
        last: u64,
    },
    /// Serial numbers that follow each other.
    #[error(
        "{numbers} CPR numbers stand in runs of consecutive serial numbers, the longest of them from line {first} to line {last}"
    )]
    Runs {
        /// Numbers in runs that are longer than births explain.
        numbers: u32,
        /// Line of the first number of that birth date.
        first: u64,
        /// Line of the last.
        last: u64,
    },
    /// Ages that nobody has.
    #[error("{persons} persons would be over 100 years old")]
    Ages {
        /// How many.
        persons: u32,
    },
    /// Check digits that agree on nothing.
    #[error("most of the {numbers} CPR numbers cannot have been issued: their check digits are wrong")]
    CheckDigits {
        /// How many there are.
        numbers: u32,
    },
    /// More persons than the programme says that the partner can have.
    #[error("{persons} persons are more than the {population} that the programme declares for this dataset")]
    Population {
        /// How many.
        persons: u32,
        /// Most there can be.
        population: u32,
    },
    /// Fewer persons than a package must be about.
    #[error("{persons} persons are fewer than the {least} that a package of this dataset is about")]
    Few {
        /// How many.
        persons: u32,
        /// Fewest there must be.
        least: u32,
    },
}

impl Unusual {
    /// Its name for scripts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Unusual::Crowd { .. } => "crowd",
            Unusual::Runs { .. } => "runs",
            Unusual::Ages { .. } => "ages",
            Unusual::CheckDigits { .. } => "check-digits",
            Unusual::Population { .. } => "population",
            Unusual::Few { .. } => "few-persons",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self, language: Language) -> &'static str {
        let (da, en) = match self {
            Unusual::Few { .. } => (
                "angiv en længere --period, fra programmets begyndelse: den nyere pakke erstatter den ældre",
                "give a longer --period, from the programme's beginning: the newer package replaces the older",
            ),
            Unusual::Population { .. } => (
                "se efter, om udtrækket kun rummer jeres egne borgere i dette datasæt; gør det det, så bed styregruppen om at angive flere",
                "check that the extract holds your own clients of this dataset alone; if so, ask the steward to declare more",
            ),
            Unusual::Crowd { .. }
            | Unusual::Runs { .. }
            | Unusual::Ages { .. }
            | Unusual::CheckDigits { .. } => (
                "se efter, om filen er et udtræk af jeres egne borgere med CPR-numre i personkolonnen; er den det, så vis styregruppen denne meddelelse",
                "check that the file is an export of your own clients, with CPR numbers in the person column; if so, show this message to the steward",
            ),
        };
        language.choose(da, en)
    }
}

impl Spoken for Unusual {
    fn danish(&self) -> String {
        match self {
            Unusual::Crowd { persons, first, last } => {
                format!(
                    "{persons} forskellige CPR-numre har én fødselsdag; de står fra linje {first} til linje {last}"
                )
            }
            Unusual::Runs { numbers, first, last } => format!(
                "{numbers} CPR-numre står i rækker af på hinanden følgende løbenumre, den længste fra linje {first} til linje {last}"
            ),
            Unusual::Ages { persons } => format!("{persons} personer ville være over 100 år"),
            Unusual::CheckDigits { numbers } => format!(
                "de fleste af de {numbers} CPR-numre kan ikke være udstedt: deres kontrolcifre er forkerte"
            ),
            Unusual::Population { persons, population } => format!(
                "{persons} personer er flere end de {population}, som programmet angiver for dette datasæt"
            ),
            Unusual::Few { persons, least } => format!(
                "{persons} personer er færre end de {least}, som en pakke af dette datasæt handler om"
            ),
        }
    }
}

/// CPR numbers of one run of rows, on their way to the screen. Wiped when dropped; no `Debug`.
#[derive(Default)]
pub(super) struct Numbers(Vec<(u32, u64)>);

impl Numbers {
    /// Room for all numbers that so many bytes of an extract can hold, so that they never move and leave a copy.
    pub fn of_bytes(bytes: usize) -> Numbers {
        Numbers(Vec::with_capacity(bytes / 10 + 1))
    }

    /// Adds the number of a row.
    pub fn push(&mut self, number: Number, line: u64) {
        if self.0.len() < self.0.capacity() {
            self.0.push((number.0, line));
        }
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A CPR number as a birth date and a serial number, in 17 and 14 bits, under a bit that says whose it is.
#[derive(Clone, Copy)]
pub(super) struct Number(u32);

const RELATED: u32 = 1 << 31;

impl Number {
    /// The number of an identifier; `None` for what is no CPR number.
    pub fn of(id: &Identifier, related: bool) -> Option<Number> {
        let birth = id.birth().filter(|_| id.kind() == IdKind::Cpr)?;
        let text = id.expose("it is marked among the numbers of the extract");
        let serial = text[6..].iter().fold(0u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        let date = u32::try_from(birth.days() - first_date().days()).ok()?;
        Some(Number((u32::from(related) * RELATED) | (date << 14) | serial))
    }
}

fn first_date() -> Day {
    Day::from_ymd(1858, 1, 1).expect("a day")
}

/// The numbers of one birth date.
struct Date {
    /// A bit a serial number.
    serials: [u64; WORDS],
    persons: u32,
    first: u64,
    last: u64,
}

impl Drop for Date {
    fn drop(&mut self) {
        self.serials.zeroize();
    }
}

impl Date {
    /// Serial numbers, ascending.
    fn serials(&self) -> impl Iterator<Item = usize> {
        self.serials.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }

    /// Lengths of the runs of consecutive serial numbers within each remainder: three digits decide the fourth, and the
    /// three that have no fourth of this remainder are passed over.
    fn runs(&self, birth: Day, remainders: &Remainders, mut each: impl FnMut(u32)) {
        let of_date = remainders.of(birth);
        // By remainder: the first three digits of the last number, and how many there are in a row.
        let mut rows = [(usize::MAX, 0u32); 11];
        for serial in self.serials() {
            let remainder = of_date(serial);
            let (last, run) = &mut rows[usize::from(remainder)];
            let mut before = (serial / 10).checked_sub(1);
            while let Some(three) = before.filter(|three| (11 + remainder - of_date(three * 10)) % 11 == 10) {
                before = three.checked_sub(1);
            }
            if *run > 0 && before == Some(*last) {
                *run += 1;
            } else {
                each(std::mem::replace(run, 1));
            }
            *last = serial / 10;
        }
        rows.iter().for_each(|(_, run)| each(*run));
    }
}

/// What four digits add to the remainder of modulus 11, for each four.
struct Remainders(Vec<u8>);

impl Remainders {
    fn new() -> Remainders {
        let day = first_date();
        let start = remainder_of(day, 0);
        Remainders((0..10_000).map(|serial| (11 + remainder_of(day, serial) - start) % 11).collect())
    }

    /// The remainder of each serial number of a birth date.
    fn of(&self, birth: Day) -> impl Fn(usize) -> u8 {
        let start = remainder_of(birth, 0);
        move |serial| (start + self.0[serial]) % 11
    }
}

/// All numbers of one column, each once.
#[derive(Default)]
struct Column {
    dates: Vec<Option<Box<Date>>>,
    persons: u32,
}

/// The numbers of an extract, each once: those of persons, and those of related persons.
#[derive(Default)]
pub(super) struct Screen {
    persons: Column,
    related: Column,
}

impl Screen {
    /// Marks the numbers of some rows.
    pub fn take(&mut self, numbers: &Numbers) {
        for (number, line) in &numbers.0 {
            let column = if number & RELATED == 0 { &mut self.persons } else { &mut self.related };
            column.mark((number & !RELATED) >> 14, number & ((1 << 14) - 1), *line);
        }
    }

    /// Different CPR numbers in the person column.
    pub const fn persons(&self) -> u32 {
        self.persons.persons
    }

    /// Looks at what was marked. With `few_birth_dates`, many on one date and runs of serial numbers are ordinary.
    ///
    /// # Errors
    /// The first thing that is [`Unusual`].
    pub fn look(&self, today: Day, few_birth_dates: bool) -> Result<(), Unusual> {
        [&self.persons, &self.related].into_iter().try_for_each(|column| column.look(today, few_birth_dates))
    }
}

impl Column {
    fn mark(&mut self, date: u32, serial: u32, line: u64) {
        if self.dates.is_empty() {
            self.dates.resize_with(limits::MAX_BIRTH_DATES, || None);
        }
        let Some(slot) = self.dates.get_mut(date as usize) else { return };
        let date = slot.get_or_insert_with(|| {
            Box::new(Date { serials: [0; WORDS], persons: 0, first: line, last: line })
        });
        date.first = date.first.min(line);
        date.last = date.last.max(line);
        let (word, bit) = (serial as usize / 64, 1 << (serial % 64));
        if date.serials[word] & bit == 0 {
            date.serials[word] |= bit;
            date.persons += 1;
            self.persons += 1;
        }
    }

    fn occupied(&self) -> impl Iterator<Item = (usize, Day, &Date)> {
        let dates = self.dates.iter().enumerate();
        dates.filter_map(|(at, date)| {
            let days = i32::try_from(at).expect("a few centuries of days");
            Some((at, first_date().plus(days), date.as_deref()?))
        })
    }

    fn look(&self, today: Day, few_birth_dates: bool) -> Result<(), Unusual> {
        let remainders = Remainders::new();
        self.ages(today)?;
        self.check_digits(&remainders)?;
        self.crowds(few_birth_dates)?;
        if few_birth_dates { Ok(()) } else { self.runs(&remainders) }
    }

    fn ages(&self, today: Day) -> Result<(), Unusual> {
        let older = |years: i32| {
            let before = today.plus(-years * 36_525 / 100);
            self.occupied()
                .filter(|(_, birth, _)| *birth < before)
                .map(|(.., date)| date.persons)
                .sum::<u32>()
        };
        let (over_100, over_115) = (older(100), older(115));
        if over_115 > (self.persons / 100).max(5) || over_100 > (self.persons / 20).max(20) {
            return Err(Unusual::Ages { persons: over_100 });
        }
        Ok(())
    }

    fn check_digits(&self, table: &Remainders) -> Result<(), Unusual> {
        let mut remainders = [0u32; 11];
        for (_, birth, date) in self.occupied().filter(|(_, birth, _)| !is_unknown(*birth)) {
            let of_date = table.of(birth);
            date.serials().for_each(|serial| remainders[usize::from(of_date(serial))] += 1);
        }
        let numbers = remainders.iter().sum::<u32>();
        let agree = remainders.into_iter().max().unwrap_or(0);
        if numbers >= FEW && agree < numbers.div_ceil(2) {
            return Err(Unusual::CheckDigits { numbers });
        }
        Ok(())
    }

    fn crowds(&self, few_birth_dates: bool) -> Result<(), Unusual> {
        let count = |date: &Option<Box<Date>>| date.as_ref().map_or(0, |date| date.persons);
        // Sums up to each date, so that a window is a difference.
        let sums = std::iter::once(0).chain(self.dates.iter().scan(0, |sum, date| {
            *sum += count(date);
            Some(*sum)
        }));
        let sums: Vec<u32> = sums.collect();
        let occupied = self.dates.iter().flatten().count().max(1) as f64;
        for (at, birth, date) in self.occupied() {
            let around = (at.saturating_sub(HALF_WINDOW), (at + HALF_WINDOW + 1).min(self.dates.len()));
            let others = sums[around.1] - sums[around.0] - date.persons;
            let mean = f64::from(others) / (2.0 * HALF_WINDOW as f64);
            let (unknown, persons) = (is_unknown(birth), f64::from(self.persons));
            let expected =
                SWING * mean.max(persons / CENTURY) + if unknown { UNKNOWN_SHARE * persons } else { 0.0 };
            let crowd = !few_birth_dates
                && date.persons >= LEAST_CROWD
                && ln_tail(date.persons, expected) + occupied.ln() < LN_FALSE_ALARM;
            let most = if unknown { UNKNOWN_ON_A_DATE } else { BORN_ON_A_DATE };
            if crowd || date.persons > most {
                return Err(Unusual::Crowd { persons: date.persons, first: date.first, last: date.last });
            }
        }
        Ok(())
    }

    fn runs(&self, remainders: &Remainders) -> Result<(), Unusual> {
        let (mut in_runs, mut ordinary, mut longest) = (0, 0, (0, 0, 0));
        for (_, birth, date) in self.occupied() {
            let unknown = is_unknown(birth);
            let mut of_date = 0;
            date.runs(birth, remainders, |run| {
                of_date = run.max(of_date);
                in_runs += if unknown || run < SHORT_RUN { 0 } else { run };
            });
            if of_date >= if unknown { LONGEST_UNKNOWN_RUN } else { LONGEST_RUN } {
                return Err(Unusual::Runs { numbers: of_date, first: date.first, last: date.last });
            }
            if !unknown {
                ordinary += date.persons;
                longest = longest.max((of_date, date.first, date.last));
            }
        }
        let (_, first, last) = longest;
        if in_runs >= FEW && in_runs > ordinary / 4 {
            return Err(Unusual::Runs { numbers: in_runs, first, last });
        }
        Ok(())
    }
}

/// Dates that are given to those whose birth date nobody knows.
fn is_unknown(birth: Day) -> bool {
    matches!(birth.ymd(), (_, 1 | 7, 1))
}

/// An upper bound of the logarithm of the chance that a Poisson count of this mean is `n` or more: the first term and a
/// geometric series for the rest. 0 up to the mean.
fn ln_tail(n: u32, mean: f64) -> f64 {
    let count = f64::from(n);
    if count <= mean {
        return 0.0;
    }
    let ln_factorial: f64 = (2..=n).map(|k| f64::from(k).ln()).sum();
    count * mean.ln() - mean - ln_factorial - (1.0 - mean / (count + 1.0)).ln()
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
