//! Quarters at their edges, waits, and staff, by hand.

use proptest::prelude::*;

use super::super::made_up::{Row, STAFF, cell, counted, persons, planned, programme, row, title, units};
use super::*;
use crate::disclosure::{Ledger, Rules, Tabulation, release};
use crate::programme::{QuestionKind, Unit};

fn series() -> Vec<Series> {
    let one = |id: &str, what| Series { id: id.to_owned(), title: title(), what };
    vec![
        one("new", SeriesKind::New { stage: 0 }),
        one("active", SeriesKind::Active { stage: 0 }),
        one("waiting", SeriesKind::Waiting { stage: 0, until: vec![1, 2] }),
        one("staff", SeriesKind::Staff { columns: vec![(0, STAFF), (1, STAFF)] }),
    ]
}

fn asked(by: &[&str], period: &str, rows: &[Row]) -> Tabulation {
    counted(&QuestionKind::Activity { series: series() }, Unit::Person, by, period, rows)
}

#[test]
fn new_is_new_to_the_programme_and_not_to_the_period() {
    let rows = [
        row(1, "2022-03-31", 'a'),
        row(1, "2022-04-01", 'a'),
        row(1, "2022-06-30", 'a'),
        row(2, "2022-04-01", 'a'),
        row(3, "2022-07-01", 'a'),
    ];
    let table = asked(&[], "2022-Q2..2022-Q3", &rows);
    assert_eq!(persons(&table, &["2022-Q2", "new"]), [2]);
    assert_eq!(persons(&table, &["2022-Q2", "active"]), [1, 2]);
    assert_eq!(persons(&table, &["2022-Q3", "new"]), [3]);
    assert_eq!(persons(&table, &["2022-Q3", "active"]), [3]);
}

#[test]
fn a_wait_ends_on_its_day_or_later_and_may_begin_again() {
    let waits = |rows: &[Row]| {
        let table = asked(&[], "2022-Q1..2022-Q3", rows);
        ["2022-Q1", "2022-Q2", "2022-Q3"].map(|quarter| units(&table, &[quarter, "waiting"]))
    };
    let began = row(1, "2022-02-01", 'a');
    assert_eq!(waits(&[began]), [1, 1, 1], "it goes on in later quarters");
    assert_eq!(waits(&[began, row(1, "2022-02-01", 'b')]), [0, 0, 0]);
    assert_eq!(waits(&[began, row(1, "2022-01-31", 'b')]), [1, 1, 1]);
    assert_eq!(waits(&[began, row(1, "2022-03-31", 'c')]), [0, 0, 0]);
    assert_eq!(waits(&[began, row(1, "2022-04-01", 'c')]), [1, 0, 0]);
    assert_eq!(waits(&[began, row(1, "2022-03-01", 'b'), row(1, "2022-09-30", 'a')]), [0, 0, 1]);
    assert_eq!(waits(&[row(1, "2022-02-01", 'b')]), [0, 0, 0]);
    let old = row(1, "2022-02-01", 'a');
    assert_eq!(units(&asked(&[], "2023-Q4", &[old]), &["2023-Q4", "waiting"]), 1, "begun before the period");
}

#[test]
fn staff_are_counted_once_and_protected_by_the_persons_behind_them() {
    let by = |row: Row, staff| Row { staff, ..row };
    let rows = [
        by(row(1, "2022-01-10", 'a'), 7),
        by(row(1, "2022-01-11", 'c'), 7),
        by(row(2, "2022-01-10", 'a'), 7),
        by(row(2, "2022-01-12", 'a'), 9),
        by(Row { dataset: 1, ..row(2, "2022-04-12", 'a') }, 7),
        // About nobody.
        by(row(0, "2022-01-10", 'a'), 11),
        // Of whom no series counts a stage.
        by(row(3, "2022-01-10", 'c'), 12),
        row(4, "2022-01-10", 'a'),
    ];
    let table = asked(&[], "2022-Q1..2022-Q2", &rows);
    let staff = cell(&table, &["2022-Q1", "staff"]);
    assert_eq!((staff.units, staff.counted), (3, Counted::Staff));
    assert_eq!(persons(&table, &["2022-Q1", "staff"]), [1, 2, 3]);
    assert_eq!(staff.families, 3);
    assert_eq!(units(&table, &["2022-Q2", "staff"]), 1);
    assert_eq!(persons(&table, &["2022-Q2", "staff"]), [2]);
    assert_eq!(cell(&table, &["2022-Q1", "new"]).counted, Counted::Person);
}

/// Attack: the same persons stand behind other numbers of staff. Under one name in the ledger, the first number would be
/// shown for all of them.
#[test]
fn staff_of_the_same_persons_are_released_apart() {
    let by = |person, day, staff| Row { staff, ..row(person, day, 'a') };
    let rows: Vec<Row> = (1..=20)
        .flat_map(|person| [by(person, "2022-01-10", person % 10 + 1), by(person, "2022-04-10", person)])
        .collect();
    let kind = QuestionKind::Activity { series: series() };
    let period = "2022-Q1..2022-Q2";
    let plan = planned(&programme(kind, Unit::Person), &[], period).expect("a plan");
    let mut ledger = Ledger::default();
    let counted = asked(&[], period, &rows);
    let pending =
        release(counted, &plan.release_context(1, None), &Rules::standard(), &ledger).expect("released");
    let table = ledger.commit(pending, |_| Ok::<_, ()>(())).expect("committed").into_value();
    let staff = [3, 7].map(|row| (table.rows[row].key.join(" "), table.rows[row].count().count()));
    assert_eq!(staff, [("2022-Q1 staff".to_owned(), Some(10)), ("2022-Q2 staff".to_owned(), Some(20))]);
}

#[test]
fn categories_are_those_of_the_first_event_that_is_counted() {
    let rows = [
        Row { source: 2, ..row(1, "2022-01-09", 'b') },
        Row { source: 1, staff: 7, ..row(1, "2022-01-10", 'a') },
        Row { source: 0, staff: 9, ..row(1, "2022-04-10", 'a') },
        Row { source: 2, staff: 9, ..row(2, "2022-04-10", 'c') },
    ];
    let table = asked(&["partner"], "2022-Q2", &rows);
    assert_eq!(persons(&table, &["org1", "2022-Q2", "active"]), [1], "an event that ends a wait is no index");
    assert_eq!(units(&table, &["org0", "2022-Q2", "active"]), 0);
    assert_eq!(units(&table, &["org1", "2022-Q2", "staff"]), 1);
    assert_eq!(units(&table, &["org2", "2022-Q2", "staff"]), 1, "known by a staff number alone");
}

#[test]
fn the_answer_is_by_quarter_already() {
    let programme = programme(QuestionKind::Activity { series: series() }, Unit::Person);
    let refused = planned(&programme, &["quarter"], "2022-Q1").expect_err("refused");
    assert_eq!(
        refused.to_string(),
        "the question is not registered by quarter; registered are: partner, step"
    );
}

proptest! {
    /// Staff over many units, so over several threads where there are several: the distinct numbers and persons of a loop
    /// over the rows, and everybody new once.
    #[test]
    fn distinct_whatever_the_order(
        drawn in prop::collection::vec((1u32..40_000, 0i32..180, 0u32..6, 0u8..3), 1..80),
    ) {
        let begin = super::super::made_up::at("2022-01-01");
        let rows: Vec<Row> = drawn.iter().map(|(person, day, staff, step)| Row {
            day: begin + day, staff: *staff, step: *step, ..row(*person, "2022-01-01", 'a')
        }).collect();
        let table = asked(&[], "2022-Q1..2022-Q2", &rows);
        let quarters = ["2022-Q1", "2022-Q2"];
        for (quarter, days) in quarters.into_iter().zip([0..90, 90..181]) {
            let of = || drawn.iter().filter(|(_, day, staff, _)| days.contains(day) && *staff != 0);
            let staff = of().map(|(_, _, staff, _)| *staff).collect::<std::collections::BTreeSet<_>>();
            let behind = of().map(|(person, ..)| *person).collect::<std::collections::BTreeSet<_>>();
            prop_assert_eq!(units(&table, &[quarter, "staff"]), staff.len() as u64);
            prop_assert!(persons(&table, &[quarter, "staff"]).into_iter().eq(behind));
        }
        let started = drawn.iter().filter(|(.., step)| *step == 0).map(|(person, ..)| *person);
        let started = started.collect::<std::collections::BTreeSet<_>>();
        let new: u64 = quarters.iter().map(|quarter| units(&table, &[*quarter, "new"])).sum();
        prop_assert_eq!(new, started.len() as u64);
    }
}
