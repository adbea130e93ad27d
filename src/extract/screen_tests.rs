//! Ordinary extracts pass, whatever their size; lists of numbers tried out do not.

use proptest::prelude::*;

use super::*;
use crate::id::{LeadingZero, Sex, generate_made_up_cpr};
use crate::secret::{Random, SeededRandom};

fn today() -> Day {
    Day::from_ymd(2025, 6, 1).expect("a day")
}

fn day(year: i16, month: u8, day: u8) -> Day {
    Day::from_ymd(year, month, day).expect("a day")
}

/// A number of a birth date, as the screen marks it.
fn number(birth: Day, serial: usize) -> Number {
    let date = u32::try_from(birth.days() - first_date().days()).expect("later");
    Number(date << 14 | u32::try_from(serial).expect("small"))
}

/// A made-up person of a birth date.
fn person(birth: Day, random: &mut dyn Random) -> Number {
    let sex = if random.below(2) == 0 { Sex::Man } else { Sex::Woman };
    let text = generate_made_up_cpr(birth, sex, random);
    let id = Identifier::parse(&text, today(), LeadingZero::Refuse);
    Number::of(&id.unwrap_or_else(|_| panic!("a number")), false).expect("a CPR number")
}

/// The made-up numbers of a date that its offices have given out, one after the other: those of the 1900s and, from
/// 2000, those whose seventh digit is 4 or more.
fn issued(birth: Day) -> Vec<Number> {
    static TABLE: std::sync::LazyLock<Remainders> = std::sync::LazyLock::new(Remainders::new);
    let of_date = TABLE.of(birth);
    let first = if birth < day(2000, 1, 1) { 0 } else { 4000 };
    (first..first + 4000).filter(|serial| of_date(*serial) == 1).map(|serial| number(birth, serial)).collect()
}

fn screen(numbers: &[Number]) -> Screen {
    let mut run = Numbers::of_bytes(10 * numbers.len());
    numbers.iter().zip(2..).for_each(|(number, line)| run.push(*number, line));
    let mut screen = Screen::default();
    screen.take(&run);
    screen
}

fn looked(numbers: &[Number]) -> Result<(), Unusual> {
    screen(numbers).look(today(), false)
}

/// A town: most in the middle of life, fewer births at weekends, some whose birth date nobody knows, twins.
fn town(persons: u64, unknown_percent: u64, random: &mut SeededRandom) -> Vec<Number> {
    let mut all = Vec::new();
    while (all.len() as u64) < persons {
        let days = random.below(16_500) + random.below(16_500);
        let mut birth = day(1930, 1, 1).plus(i32::try_from(days).expect("small"));
        if birth.days().rem_euclid(7) < 2 && random.below(4) == 0 {
            birth = birth.plus(2);
        }
        if random.below(100) < unknown_percent {
            let issued = issued(day(birth.ymd().0, if random.below(5) == 0 { 7 } else { 1 }, 1));
            all.push(issued[usize::try_from(random.below(issued.len() as u64)).expect("small")]);
            continue;
        }
        all.push(person(birth, random));
        if random.below(70) == 0 {
            // The other twin: the next number of the date.
            let issued = issued(birth);
            let at = usize::try_from(random.below(issued.len() as u64 - 1)).expect("small");
            all.extend(&issued[at..at + 2]);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn towns_of_every_size_pass(size in 1u32..=12, unknown in 0u64..=25, seed in any::<u64>()) {
        let random = &mut SeededRandom::from_number(seed);
        let persons = 10 + random.below(1 << size);
        prop_assert_eq!(looked(&town(persons, unknown, random)), Ok(()));
    }

    /// A municipality's share of each date's births, out of numbers that were given one after the other.
    #[test]
    fn the_children_of_one_birth_year_pass(percent in 1u64..=20, year in 1995i16..=2024, seed in any::<u64>()) {
        let random = &mut SeededRandom::from_number(seed);
        let mut all = Vec::new();
        for at in 0..365 {
            let births = issued(day(year, 1, 1).plus(at));
            let born = 120 + usize::try_from(random.below(60)).expect("small");
            all.extend(births[..born].iter().filter(|_| random.below(100) < percent));
        }
        prop_assert_eq!(looked(&all), Ok(()));
    }

    /// Attack: numbers of one birth date, so many that one of them may be the right one, among any number of clients.
    #[test]
    fn attack_numbers_of_one_birth_date_among_clients(tried in 60u64..=350, clients in 0u64..4000, seed in any::<u64>()) {
        let random = &mut SeededRandom::from_number(seed);
        let mut all = town(clients, 0, random);
        let birth = day(1930, 1, 2).plus(i32::try_from(random.below(30_000)).expect("small"));
        let birth = if is_unknown(birth) { birth.plus(1) } else { birth };
        let issued = issued(birth);
        let mut places: Vec<usize> = (0..issued.len()).collect();
        crate::secret::shuffle(&mut places, random);
        all.extend(places.iter().take(usize::try_from(tried).expect("small")).map(|at| issued[*at]));
        let found = matches!(looked(&all), Err(Unusual::Crowd { .. }));
        prop_assert!(found);
    }

    #[test]
    fn the_tail_is_no_less_than_the_sum_of_its_terms(n in 1u32..60, mean in 0.01f64..20.0) {
        let mut term = (-mean).exp();
        let mut below = 0.0;
        for k in 0..n {
            below += term;
            term *= mean / f64::from(k + 1);
        }
        let tail: f64 = 1.0 - below;
        prop_assert!(ln_tail(n, mean) >= (tail - 1e-12).max(1e-300).ln() - 1e-9);
        prop_assert!(f64::from(n) > mean || ln_tail(n, mean) == 0.0);
    }

    /// The order of the rows decides nothing, and a number that comes again is the same person.
    #[test]
    fn a_list_by_date_is_the_list_in_any_order(seed in any::<u64>()) {
        let random = &mut SeededRandom::from_number(seed);
        let all = town(300, 10, random);
        let mut sorted = all.clone();
        sorted.sort_unstable_by_key(|number| number.0);
        sorted.extend(&all);
        prop_assert_eq!(screen(&sorted).persons(), screen(&all).persons());
        prop_assert_eq!(looked(&sorted), looked(&all));
    }
}

#[test]
fn a_hundred_thousand_clients_pass() {
    let random = &mut SeededRandom::from_number(5);
    for unknown in [2, 25] {
        assert_eq!(looked(&town(100_000, unknown, random)), Ok(()));
    }
}

#[test]
fn a_school_class_of_twins_and_a_family_pass() {
    let random = &mut SeededRandom::from_number(6);
    let mut class = Vec::new();
    for at in 0..14 {
        class.extend(&issued(day(2012, 1, 3).plus(25 * at))[50..52]);
    }
    let family: Vec<Number> = (0..11).map(|at| person(day(1990, 5, 6).plus(at % 2), random)).collect();
    assert_eq!((looked(&class), looked(&family), looked(&[])), (Ok(()), Ok(()), Ok(())));
}

#[test]
fn attack_all_serial_numbers_of_one_date() {
    let made_up = issued(day(1984, 3, 9));
    let crowd = Unusual::Crowd { persons: made_up.len() as u32, first: 2, last: made_up.len() as u64 + 1 };
    assert_eq!(looked(&made_up), Err(crowd));
    let every: Vec<Number> = (0..4000).map(|serial| number(day(1984, 3, 9), serial)).collect();
    assert!(matches!(looked(&every), Err(Unusual::CheckDigits { .. })), "without check digits");
    // A date that stands for an unknown one, among so many clients that a crowd on it is nothing unusual.
    let mut hidden = town(20_000, 0, &mut SeededRandom::from_number(7));
    hidden.extend(issued(day(1984, 1, 1)));
    assert!(matches!(looked(&hidden), Err(Unusual::Runs { .. })));
}

#[test]
fn attack_serial_numbers_one_after_the_other_on_many_dates() {
    let few_of_each: Vec<Number> =
        (0..2000).flat_map(|at| issued(day(1970, 2, 3).plus(7 * at))[100..108].to_vec()).collect();
    assert!(matches!(looked(&few_of_each), Err(Unusual::Runs { .. })));
    let one_run = issued(day(1970, 2, 3));
    let mut among = town(50, 0, &mut SeededRandom::from_number(8));
    among.extend(&one_run[10..10 + LONGEST_RUN as usize]);
    assert!(looked(&among).is_err());
}

#[test]
fn attack_every_number_of_a_year() {
    let all: Vec<Number> = (0..365).flat_map(|at| issued(day(1971, 1, 1).plus(at))).collect();
    assert!(matches!(looked(&all), Err(Unusual::Crowd { .. })));
}

#[test]
fn attack_a_random_sample_of_a_million_possible_numbers() {
    let random = &mut SeededRandom::from_number(9);
    let days = u64::try_from(today().days() - first_date().days()).expect("positive");
    let any_date: Vec<Number> = (0..1_000_000)
        .map(|_| {
            let birth = first_date().plus(i32::try_from(random.below(days)).expect("small"));
            number(birth, usize::try_from(random.below(10_000)).expect("small"))
        })
        .collect();
    assert!(matches!(looked(&any_date), Err(Unusual::Ages { .. })));
    // By somebody who keeps to the ages of the living, and then to check digits as well.
    let young: Vec<Number> = any_date.iter().copied().filter(|n| n.0 >> 14 > 30_000).collect();
    assert!(young.len() > 400_000);
    assert!(looked(&young).is_err());
}

#[test]
fn related_persons_are_looked_at_by_themselves() {
    let mut numbers = issued(day(1984, 3, 9));
    numbers.iter_mut().for_each(|number| number.0 |= RELATED);
    numbers.extend(town(40, 0, &mut SeededRandom::from_number(10)));
    assert!(matches!(looked(&numbers), Err(Unusual::Crowd { .. })));
    assert!((40..60).contains(&screen(&numbers).persons()));
}

/// A maternity ward, where the programme says so.
#[test]
fn few_birth_dates_are_let_in_where_they_are_declared() {
    let births: Vec<Number> =
        (0..30).flat_map(|at| issued(day(2024, 3, 1).plus(at))[..25].to_vec()).collect();
    assert!(looked(&births).is_err());
    assert_eq!(screen(&births).look(today(), true), Ok(()));
    let all: Vec<Number> = (0..30).flat_map(|at| issued(day(2024, 3, 1).plus(at))).collect();
    assert!(screen(&all).look(today(), true).is_err(), "never more than are born");
}

#[test]
fn numbers_of_a_run_of_rows_never_outgrow_their_room() {
    let mut run = Numbers::of_bytes(25);
    let room = run.0.capacity();
    (0..100).for_each(|line| run.push(number(day(1984, 3, 9), 7), line));
    assert_eq!((run.0.len(), run.0.capacity()), (room, room));
}
