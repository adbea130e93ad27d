use proptest::prelude::*;

use super::super::example::{
    ASKED, COURSE, DONE, HOURS, NONE, Row, SEEN, WAY, column, counted, counted_without, planned, programme,
    row, snapshot,
};
use super::super::{CountError, count};
use crate::programme::{Condition, Criteria, QuestionKind, Test, Unit};

fn condition(id: &str, of: Option<usize>, test: Test) -> Condition {
    Condition { id: id.to_owned(), title: super::text(id, id), of, test }
}

fn kind(conditions: Vec<Condition>) -> QuestionKind {
    QuestionKind::Criteria(Criteria { index: ASKED, conditions })
}

fn one(test: Test) -> QuestionKind {
    kind(vec![condition("it", None, test)])
}

fn stage(stage: usize, window: Option<(i32, i32)>) -> Test {
    Test::Stage { stage, window, persons: 1 }
}

fn trained() -> Test {
    let staff = vec![(WAY, column(WAY, "staff"))];
    Test::Trained { stage: SEEN, staff, trained: (COURSE, column(COURSE, "staff")) }
}

fn hours(percent: u32) -> Test {
    let (done, planned) = (column(HOURS, "done"), column(HOURS, "planned"));
    Test::Sum { dataset: HOURS, done, planned, percent }
}

fn event(person: u32, stage: usize, day: i32) -> Row {
    row(WAY, person, day, &[stage as i64, NONE])
}

/// Units of which the condition `it` can be told, and those that meet it.
fn told(rows: &[Row], test: Test, sealed: i32) -> (u64, u64) {
    let counts = counted(rows, one(test), Unit::Person, sealed);
    (counts.of("it of"), counts.of("it met"))
}

#[test]
fn a_window_holds_both_its_days() {
    let rows = |day| [event(1, ASKED, 40), event(1, SEEN, day)];
    let within = |day| told(&rows(day), stage(SEEN, Some((-3, 5))), 300);
    assert_eq!([36, 37, 40, 45, 46].map(within), [(1, 0), (1, 1), (1, 1), (1, 1), (1, 0)]);
}

#[test]
fn without_a_window_every_day_read_counts() {
    let rows = |day| [event(1, ASKED, 40), event(1, SEEN, day)];
    let anywhere = |day| told(&rows(day), stage(SEEN, None), 300);
    // Nothing is read before the period, as no condition looks back.
    assert_eq!([-1, 0, 300, 301].map(anywhere), [(1, 0), (1, 1), (1, 1), (1, 0)]);
}

/// Incomplete follow-up is never taken as "none".
#[test]
fn a_window_that_was_not_followed_is_not_told() {
    let of = |rows: &[Row], window| told(rows, stage(SEEN, Some(window)), 100);
    assert_eq!(of(&[event(1, ASKED, 80)], (0, 20)), (1, 0), "the last day is that of the snapshot");
    assert_eq!(of(&[event(1, ASKED, 80)], (0, 21)), (0, 0));
    assert_eq!(
        of(&[event(1, ASKED, 80), event(1, SEEN, 85)], (0, 21)),
        (0, 0),
        "nor of those with the event"
    );
    // The programme's data begin on the first day of the period.
    assert_eq!(of(&[event(1, ASKED, 10)], (-10, 0)), (1, 0));
    assert_eq!(of(&[event(1, ASKED, 10)], (-11, 0)), (0, 0));
    assert_eq!(of(&[event(1, ASKED, 10), event(1, SEEN, 1)], (-11, 0)), (0, 0));
}

#[test]
fn the_index_lies_in_the_period() {
    let rows = [event(1, ASKED, -1), event(1, SEEN, 2), event(2, ASKED, 90), event(2, SEEN, 91)];
    assert_eq!(told(&rows, stage(SEEN, None), 300), (0, 0));
}

#[test]
fn a_condition_of_a_stage_is_told_of_units_with_it() {
    let conditions = || {
        kind(vec![
            condition("seen", None, stage(SEEN, None)),
            condition("done", Some(SEEN), stage(DONE, None)),
            condition("both", None, Test::All(vec![0, 1])),
        ])
    };
    let rows = [
        event(1, ASKED, 0),
        event(2, ASKED, 0),
        event(2, SEEN, 1),
        event(3, ASKED, 5),
        event(3, SEEN, 6),
        event(3, DONE, 7),
        event(4, ASKED, 0),
        event(4, DONE, 0),
    ];
    let counts = counted(&rows, conditions(), Unit::Person, 300);
    let of = |id: &str| (counts.of(&format!("{id} of")), counts.of(&format!("{id} met")));
    assert_eq!((of("seen"), of("done"), of("both")), ((4, 2), (2, 1), (4, 1)));
}

#[test]
fn all_conditions_wait_for_the_last_window() {
    let conditions = kind(vec![
        condition("now", None, stage(SEEN, Some((0, 5)))),
        condition("later", None, stage(DONE, Some((0, 50)))),
        condition("both", None, Test::All(vec![0, 1])),
    ]);
    let rows = [
        event(1, ASKED, 80),
        event(1, SEEN, 81),
        event(2, ASKED, 80),
        event(2, SEEN, 81),
        event(2, DONE, 82),
        event(3, ASKED, 20),
        event(3, SEEN, 21),
        event(3, DONE, 70),
    ];
    let counts = counted(&rows, conditions, Unit::Person, 100);
    let of = |id: &str| (counts.of(&format!("{id} of")), counts.of(&format!("{id} met")));
    assert_eq!((of("now"), of("later"), of("both")), ((3, 3), (1, 1), (1, 1)));
}

#[test]
fn several_persons_of_a_case_each_have_the_event() {
    let test = || Test::Stage { stage: SEEN, window: Some((0, 10)), persons: 2 };
    let of = |rows: Vec<Row>| {
        let counts = counted(&rows, one(test()), Unit::Case, 300);
        (counts.of("it of"), counts.of("it met"))
    };
    let asked = || event(1, ASKED, 0).case(1);
    let seen = |person, day| event(person, SEEN, day).case(1);
    assert_eq!(of(vec![asked(), seen(1, 2), seen(2, 3)]), (1, 1));
    assert_eq!(of(vec![asked(), seen(1, 2), seen(1, 3)]), (1, 0), "one person twice");
    assert_eq!(of(vec![asked(), seen(1, 2), seen(2, 11)]), (1, 0));
    assert_eq!(of(vec![asked(), seen(1, 2), seen(2, 3).case(2)]), (1, 0), "another case");
    // Person 1 is asked in two cases, and each case is one unit.
    let rows = vec![asked(), seen(1, 2), seen(2, 3), event(1, ASKED, 4).case(2)];
    assert_eq!(of(rows), (2, 1));
}

#[test]
fn both_of_a_pair_have_the_event() {
    let test = || Test::Stage { stage: SEEN, window: Some((0, 10)), persons: 2 };
    let of = |rows: &[Row]| {
        let counts = counted(rows, one(test()), Unit::Pair, 300);
        (counts.of("it of"), counts.of("it met"))
    };
    let (asked, seen) = (event(1, ASKED, 0).with(2), event(1, SEEN, 2).with(2));
    assert_eq!(of(&[asked.clone(), seen.clone(), event(2, SEEN, 3).with(1)]), (1, 1));
    assert_eq!(of(&[asked.clone(), seen.clone(), event(2, SEEN, 3)]), (1, 0), "outside the pair");
    assert_eq!(of(&[asked, seen, event(2, SEEN, 3).with(3)]), (1, 0), "of another pair");
}

#[test]
fn trained_means_every_event_by_somebody_in_the_list_by_then() {
    let course = |staff, day| row(COURSE, 0, day, &[]).by(staff);
    let asked = || event(1, ASKED, 40);
    let seen = |staff, day| event(1, SEEN, day).by(staff);
    let of = |rows: &[Row]| told(rows, trained(), 300);
    assert_eq!(of(&[asked(), course(7, 10), seen(7, 41)]), (1, 1));
    assert_eq!(of(&[asked(), course(7, 41), seen(7, 41)]), (1, 1), "on the very day");
    assert_eq!(of(&[asked(), course(7, 42), seen(7, 41)]), (1, 0), "a day later");
    assert_eq!(of(&[asked(), course(7, 10), seen(7, 41), seen(8, 50)]), (1, 0), "one of two");
    assert_eq!(of(&[asked(), course(7, 10), seen(8, 39), seen(7, 40)]), (1, 1), "before the index");
    assert_eq!(of(&[asked(), course(7, 10)]), (1, 0), "no event");
    assert_eq!(of(&[asked(), course(7, 10), seen(0, 41)]), (1, 0), "nobody known");
    assert_eq!(of(&[asked(), course(0, 10), seen(0, 41)]), (1, 0), "nobody known on either side");
    // Staff who are also persons of the data stand in the list as well.
    assert_eq!(of(&[asked(), row(COURSE, 2, 10, &[]).by(7), seen(7, 41)]), (1, 1));
}

/// Attack on the list: rows that nothing permits must train nobody.
#[test]
fn a_list_that_is_not_permitted_trains_nobody() {
    let rows = [event(1, ASKED, 40), row(COURSE, 0, 10, &[]).by(7), event(1, SEEN, 41).by(7)];
    let counts =
        counted_without(&rows, one(trained()), Unit::Person, 300, Some(COURSE)).expect("it is counted");
    assert_eq!((counts.of("it of"), counts.of("it met")), (1, 0));
}

#[test]
fn training_is_read_from_the_beginning_of_the_programme() {
    let programme = programme();
    let from = |test| planned(&programme, one(test), Unit::Person, 300).span().start().to_string();
    assert_eq!(from(stage(SEEN, Some((-3, 5)))), "2022-01-01");
    let mut later = programme.clone();
    later.period = "2021-Q1..2023-Q4".parse().expect("a period");
    let from = |test| planned(&later, one(test), Unit::Person, 300).span().start().to_string();
    assert_eq!(from(stage(SEEN, Some((-3, 5)))), "2021-12-29");
    assert_eq!(from(trained()), "2021-01-01");
}

#[test]
fn a_snapshot_without_the_staff_is_of_another_programme() {
    let programme = programme();
    let plan = planned(&programme, one(trained()), Unit::Person, 300);
    let mut snapshot = snapshot(&programme, &[event(1, ASKED, 40)], 300);
    std::sync::Arc::make_mut(&mut snapshot.datasets[COURSE]).staff.clear();
    let permits = super::super::example::permits(&plan, None);
    assert_eq!(count(&plan, &snapshot, &permits).err(), Some(CountError::OtherProgramme));
}

#[test]
fn hours_are_added_up_from_the_index_day_on() {
    let hours_of = |day, done, planned| row(HOURS, 1, day, &[done, planned]);
    let of = |rows: &[Row]| told(&[&[event(1, ASKED, 40)], rows].concat(), hours(80), 300);
    assert_eq!(of(&[hours_of(40, 8, 10)]), (1, 1));
    assert_eq!(of(&[hours_of(40, 79, 100)]), (1, 0));
    assert_eq!(of(&[hours_of(39, 100, 10), hours_of(41, 7, 10)]), (1, 0), "before the index");
    assert_eq!(of(&[hours_of(41, 2, 10), hours_of(300, 14, 10)]), (1, 1), "over all rows");
    assert_eq!(of(&[hours_of(41, 8, 10), hours_of(301, 0, 10)]), (1, 1), "after the snapshot");
    assert_eq!(of(&[hours_of(41, 5, 0)]), (1, 0), "nothing planned");
    assert_eq!(of(&[]), (1, 0), "no row");
    assert_eq!(of(&[hours_of(41, NONE, 10), hours_of(42, 8, NONE)]), (1, 1), "a missing value adds nothing");
}

/// Conditions a to d of one person in another way: what is told (`of`, `met`) of each, or nothing without an index. The
/// snapshot is of day 120, and staff number 1 was trained on day 20.
fn slowly(rows: &[Row], person: u32, (from, to): (i32, i32)) -> Option<[(bool, bool); 4]> {
    let events = |stage: usize| {
        let of = rows.iter().filter(move |row| row.set == WAY && row.person == person);
        of.filter(move |row| row.values[0] == stage as i64 && row.day >= 0 && row.day <= 120)
    };
    let index = events(ASKED).map(|row| row.day).filter(|day| *day < 90).min()?;
    let seen = events(SEEN).count() > 0;
    let done = events(DONE).any(|row| row.day - index >= from && row.day - index <= to);
    let followed = index + from >= 0 && index + to <= 120;
    let a = (seen && followed, seen && followed && done);
    let after: Vec<&Row> = events(SEEN).filter(|row| row.day >= index).collect();
    let c = !after.is_empty() && after.iter().all(|row| row.staff == 1 && row.day >= 20);
    let waiting = seen && !followed;
    Some([a, (true, seen), (true, c), (!waiting, a.1 && seen)])
}

proptest! {
    /// Each condition is told of, and met by, those whom the slow way finds.
    #[test]
    fn conditions_are_those_of_the_slow_way(
        rows in prop::collection::vec((1u32..6, -2i32..125, 0usize..4, 0u32..3), 0..50),
        window in (-30i32..30, 0i32..60),
    ) {
        let window = (window.0, window.0 + window.1);
        let conditions = kind(vec![
            condition("a", Some(SEEN), stage(DONE, Some(window))),
            condition("b", None, stage(SEEN, None)),
            condition("c", None, trained()),
            condition("d", None, Test::All(vec![0, 1])),
        ]);
        let mut all: Vec<Row> =
            rows.into_iter().map(|(person, day, stage, staff)| event(person, stage, day).by(staff)).collect();
        all.push(row(COURSE, 0, 20, &[]).by(1));
        let counts = counted(&all, conditions, Unit::Person, 120);
        let told: Vec<_> = (1..6).filter_map(|person| slowly(&all, person, window)).collect();
        for (at, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
            let of = told.iter().filter(|told| told[at].0).count() as u64;
            let met = told.iter().filter(|told| told[at].1).count() as u64;
            let counted = (counts.of(&format!("{id} of")), counts.of(&format!("{id} met")));
            prop_assert_eq!(counted, (of, met), "{}", id);
        }
    }

    /// Whoever meets a condition is one of those of whom it can be told (the release asserts the sets); and more rows
    /// of the stage never make a unit meet less.
    #[test]
    fn who_meets_it_is_told_of_and_events_only_help(
        rows in prop::collection::vec((1u32..6, -2i32..100, 0usize..4, 0u32..3), 0..40),
        window in (-30i32..30, 0i32..60),
        more in prop::collection::vec((1u32..6, -2i32..100, 0u32..3), 0..10),
    ) {
        let conditions = || {
            let window = Some((window.0, window.0 + window.1));
            kind(vec![
                condition("a", Some(SEEN), stage(DONE, window)),
                condition("b", None, Test::Stage { stage: SEEN, window: None, persons: 2 }),
                condition("c", None, trained()),
                condition("d", None, Test::All(vec![0, 1])),
            ])
        };
        let mut all: Vec<Row> = rows
            .into_iter()
            .map(|(person, day, stage, case)| event(person, stage, day).by(case).case(case))
            .collect();
        all.push(row(COURSE, 0, 20, &[]).by(1));
        for unit in [Unit::Person, Unit::Case] {
            let counts = counted(&all, conditions(), unit, 120);
            for id in ["a", "b", "c", "d"] {
                let (met, of) = (counts.of(&format!("{id} met")), counts.of(&format!("{id} of")));
                prop_assert!(met <= of);
            }
            prop_assert!(counts.of("d met") <= counts.of("a met").min(counts.of("b met")));
            let mut more: Vec<Row> =
                more.iter().map(|(person, day, case)| event(*person, SEEN, *day).case(*case)).collect();
            more.extend(all.clone());
            let helped = counted(&more, conditions(), unit, 120);
            prop_assert!(helped.of("b met") >= counts.of("b met"));
            prop_assert!(helped.of("a met") >= counts.of("a met"));
        }
    }
}
