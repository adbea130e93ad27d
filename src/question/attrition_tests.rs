use proptest::prelude::*;

use super::super::CountError;
use super::super::example::{ASKED, DONE, GONE, NONE, Row, SEEN, WAY, counted, counted_without, row};
use crate::programme::{QuestionKind, Unit};

const STEPS: [&str; 3] = ["asked", "seen", "done"];

fn kind(reason: bool) -> QuestionKind {
    QuestionKind::Attrition { stages: vec![ASKED, SEEN, DONE], exit: GONE, reason: reason.then_some(0) }
}

/// An event of a stage, whose number is that of its code.
fn event(person: u32, stage: usize, day: i32) -> Row {
    row(WAY, person, day, &[stage as i64, NONE])
}

fn gone(person: u32, day: i32, reason: i64) -> Row {
    row(WAY, person, day, &[GONE as i64, reason])
}

/// The one cell that somebody is in.
fn cell(rows: &[Row]) -> String {
    let counts = counted(rows, kind(true), Unit::Person, 300);
    let some = counts.some();
    assert!(some.len() == 1 && some[0].1 == 1, "{some:?}");
    some[0].0.to_owned()
}

#[test]
fn the_furthest_step_and_why() {
    assert_eq!(cell(&[event(1, ASKED, 0)]), "asked not-left");
    assert_eq!(cell(&[event(1, ASKED, 0), event(1, SEEN, 5), gone(1, 6, 1)]), "seen tired");
    assert_eq!(cell(&[event(1, ASKED, 0), event(1, SEEN, 5), gone(1, 6, NONE)]), "seen (missing)");
    assert_eq!(cell(&[event(1, ASKED, 0), event(1, DONE, 5)]), "asked not-left", "no step is jumped over");
}

#[test]
fn steps_count_up_to_the_day_of_leaving() {
    assert_eq!(cell(&[event(1, ASKED, 0), gone(1, 6, 0), event(1, SEEN, 6)]), "seen moved");
    assert_eq!(cell(&[event(1, ASKED, 0), gone(1, 6, 0), event(1, SEEN, 7)]), "asked moved");
    assert_eq!(
        cell(&[event(1, ASKED, 0), event(1, SEEN, 0), event(1, DONE, 0), gone(1, 0, 0)]),
        "done moved"
    );
}

#[test]
fn the_first_leaving_from_the_index_day_on_says_why() {
    let rows = [gone(1, 3, 0), event(1, ASKED, 4), gone(1, 9, 1), gone(1, 8, 0)];
    assert_eq!(cell(&rows), "asked moved");
    let rows = [gone(1, 3, 0), event(1, ASKED, 4)];
    assert_eq!(cell(&rows), "asked not-left", "leaving before the index is another course");
    // Of one day: the partner named first, then the reason named first, one that is missing last.
    let rows = [event(1, ASKED, 4), gone(1, 4, NONE), gone(1, 4, 1), gone(1, 4, 0).from(1)];
    assert_eq!(cell(&rows), "asked tired");
}

#[test]
fn the_index_lies_in_the_period_and_the_rest_up_to_the_seal() {
    let counts = counted(&[event(1, ASKED, -1), event(2, ASKED, 90)], kind(true), Unit::Person, 300);
    assert!(counts.some().is_empty(), "2022-Q1 has 90 days");
    assert_eq!(cell(&[event(1, ASKED, 89), event(1, SEEN, 300), gone(1, 301, 0)]), "seen not-left");
}

#[test]
fn without_a_dimension_there_is_left_and_not_left() {
    let rows = [event(1, ASKED, 0), gone(1, 6, 1), event(2, ASKED, 0)];
    let counts = counted(&rows, kind(false), Unit::Person, 300);
    assert_eq!(counts.some(), [("asked left", 1), ("asked not-left", 1)]);
    assert_eq!(counts.units.len(), 6);
}

#[test]
fn a_reason_that_the_programme_does_not_have_is_a_fault() {
    let rows = [event(1, ASKED, 0), gone(1, 6, 2)];
    let counts = counted_without(&rows, kind(true), Unit::Person, 300, None);
    assert_eq!(counts.err(), Some(CountError::OtherProgramme));
}

#[test]
fn a_case_has_the_steps_of_all_its_persons() {
    let of = |case: u32, rows: &[Row]| rows.iter().map(|row| row.clone().case(case)).collect::<Vec<_>>();
    let one = of(1, &[event(1, ASKED, 0), event(2, SEEN, 3), gone(1, 9, 0)]);
    let other = of(2, &[event(1, ASKED, 1)]);
    let counts = counted(&[one, other].concat(), kind(true), Unit::Case, 300);
    assert_eq!(counts.some(), [("asked not-left", 1), ("seen moved", 1)], "person 1 is in both cases");
}

/// The same in another way: by trying every step against every event.
fn slowly(rows: &[Row], person: u32) -> Option<String> {
    let days = |stage: usize| {
        let rows = rows.iter().filter(move |row| row.person == person && row.values[0] == stage as i64);
        rows.map(|row| row.day).filter(|day| (0..=300).contains(day))
    };
    let index = days(ASKED).filter(|day| *day < 90).min()?;
    let left = days(GONE).filter(|day| *day >= index).min();
    let end = left.unwrap_or(300);
    let seen = days(SEEN).filter(|day| (index..=end).contains(day)).min();
    let done = seen.and_then(|seen| days(DONE).filter(|day| (seen..=end).contains(day)).min());
    let step = usize::from(seen.is_some()) + usize::from(done.is_some());
    let reasons = rows.iter().filter(|row| row.person == person && row.values[0] == GONE as i64);
    let reasons = reasons.filter(|row| Some(row.day) == left);
    let why = reasons.map(|row| if row.values[1] == NONE { 9 } else { row.values[1] }).min();
    let why = match why {
        None => "not-left",
        Some(0) => "moved",
        Some(1) => "tired",
        Some(_) => "(missing)",
    };
    Some(format!("{} {why}", STEPS[step]))
}

proptest! {
    /// Each unit with an index is in exactly one cell, the one that the slow way finds.
    #[test]
    fn everybody_is_in_one_cell(
        rows in prop::collection::vec((1u32..5, -3i32..8, 0usize..4, -1i64..2, any::<bool>()), 0..40),
    ) {
        let place = |(person, day, stage, reason, late): (u32, i32, usize, i64, bool)| {
            let day = if late { 87 + day } else { day };
            row(WAY, person, day, &[stage as i64, if stage == GONE { reason } else { NONE }])
        };
        let rows: Vec<Row> = rows.into_iter().map(place).collect();
        let counts = counted(&rows, kind(true), Unit::Person, 300);
        let mut wanted = std::collections::BTreeMap::new();
        for cell in (1..5).filter_map(|person| slowly(&rows, person)) {
            *wanted.entry(cell).or_insert(0) += 1;
        }
        let wanted: Vec<(&str, u64)> = wanted.iter().map(|(cell, units)| (cell.as_str(), *units)).collect();
        prop_assert_eq!(counts.some(), wanted);
    }
}
