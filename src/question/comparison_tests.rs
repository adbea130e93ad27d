//! Cohorts, edges of follow-up and the pair of rates, by hand.

use super::super::made_up::{Row, at, cell, counted, persons, row, title};
use super::*;
use crate::disclosure::Tabulation;
use crate::programme::{Cohort, QuestionKind, Unit};

fn asked(outcome: Outcome, ends: &[usize], rows: &[Row]) -> Tabulation {
    let cohort = |id: &str, index| Cohort { id: id.to_owned(), title: title(), index };
    let cohorts = [cohort("ours", 0), cohort("theirs", 1)];
    let kind = QuestionKind::Comparison(Asked { cohorts, outcome, ends: ends.to_vec() });
    counted(&kind, Unit::Person, &[], "2022-Q1..2023-Q4", rows)
}

const WITHIN: Outcome = Outcome::Within { stage: 2, from_day: 1, days: 30 };

#[test]
fn a_unit_of_both_is_in_the_first_alone_whichever_came_first() {
    let rows = [
        row(1, "2022-03-01", 'b'),
        row(1, "2022-05-01", 'a'),
        row(1, "2022-03-10", 'c'),
        row(2, "2022-03-01", 'b'),
        row(2, "2022-03-31", 'c'),
        row(3, "2022-03-01", 'c'),
    ];
    let table = asked(WITHIN, &[], &rows);
    assert_eq!(persons(&table, &["ours", "followed"]), [1]);
    assert!(persons(&table, &["ours", "event"]).is_empty(), "before the index of its cohort");
    assert_eq!(persons(&table, &["theirs", "followed"]), [2]);
    assert_eq!(persons(&table, &["theirs", "event"]), [2]);
    assert_eq!(table.differences, [(1, 3)]);
    assert_eq!(cell(&table, &["theirs", "event"]).of, Some(2));
}

#[test]
fn the_window_holds_its_first_and_last_day() {
    let table = |day: &str| asked(WITHIN, &[], &[row(1, "2022-03-01", 'a'), row(1, day, 'c')]);
    for (day, event) in [("2022-03-01", 0), ("2022-03-02", 1), ("2022-03-31", 1), ("2022-04-01", 0)] {
        let table = table(day);
        assert_eq!(persons(&table, &["ours", "event"]).len(), event, "{day}");
        assert_eq!(persons(&table, &["ours", "followed"]), [1]);
    }
}

#[test]
fn who_is_not_followed_so_long_is_not_counted_with_the_event_or_without() {
    // Stage 3 ends follow-up.
    let end = |day: &str| Row { dataset: 1, ..row(1, day, 'a') };
    let table = |rows: &[Row]| {
        let table = asked(WITHIN, &[3], rows);
        (persons(&table, &["ours", "followed"]).len(), persons(&table, &["ours", "event"]).len())
    };
    let index = row(1, "2022-03-01", 'a');
    assert_eq!(table(&[index, end("2022-03-30")]), (0, 0));
    assert_eq!(table(&[index, end("2022-03-31")]), (1, 0));
    assert_eq!(table(&[index, row(1, "2022-03-31", 'c'), end("2022-03-31")]), (1, 1), "its last day counts");
    assert_eq!(table(&[index, row(1, "2022-04-01", 'c'), end("2022-03-31")]), (1, 0), "and no later one");
    assert_eq!(table(&[index, row(1, "2022-03-20", 'c'), end("2022-03-20")]), (0, 0));
    assert_eq!(table(&[index, end("2022-02-01")]), (1, 0), "before the index it ends nothing");
    // 2024-01-10 is the day of the snapshot.
    assert_eq!(at("2024-01-10") - at("2023-12-11"), 30);
    assert_eq!(table(&[row(1, "2023-12-11", 'a')]), (1, 0));
    assert_eq!(table(&[row(1, "2023-12-12", 'a')]), (0, 0));
}

#[test]
fn an_outcome_at_the_index_is_of_the_index_row_itself() {
    let outcome = Outcome::AtIndex { stage: 0 };
    let rows = [
        row(1, "2022-03-01", 'a'),
        row(2, "2022-03-01", 'b'),
        Row { source: 1, ..row(2, "2022-03-01", 'b') },
        row(3, "2023-12-31", 'b'),
    ];
    let table = asked(outcome, &[], &rows);
    assert_eq!(persons(&table, &["ours", "event"]), [1]);
    assert_eq!(persons(&table, &["theirs", "followed"]), [2, 3]);
    assert!(persons(&table, &["theirs", "event"]).is_empty());
    // Another row of the same day, which is not the index row, decides nothing.
    let outcome = Outcome::AtIndex { stage: 2 };
    let rows = [row(1, "2022-03-01", 'a'), row(1, "2022-03-01", 'c')];
    assert!(persons(&asked(outcome, &[], &rows), &["ours", "event"]).is_empty());
}
