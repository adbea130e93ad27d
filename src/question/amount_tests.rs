//! Windows at their edges, prices, codes and cases, by hand.

use proptest::prelude::*;

use super::super::made_up::{
    AMOUNT, PAYER, Row, at, cell, counted, event, item, parts, persons, programme, row, units,
};
use super::*;
use crate::disclosure::{Figure, Ledger, Rules, Tabulation, release};
use crate::programme::{Item, QuestionKind, Unit};

fn asked(item: Item, window: (i32, i32), by: Option<usize>, view: AmountView) -> QuestionKind {
    QuestionKind::Amount(Asked { index: 0, item, window, by, view })
}

fn sum(item: Item, window: (i32, i32), by: Option<usize>, rows: &[Row]) -> Tabulation {
    counted(&asked(item, window, by, AmountView::Sum), Unit::Person, &[], "2022-Q1..2022-Q4", rows)
}

fn with(row: Row, amount: i64) -> Row {
    Row { amount, ..row }
}

#[test]
fn both_ends_of_the_window_count_and_a_missing_measure_is_nothing() {
    let rows = [
        row(1, "2022-03-10", 'a'),
        with(row(1, "2022-03-10", 'c'), 1),
        with(row(1, "2022-03-11", 'c'), 20),
        row(1, "2022-03-15", 'c'),
        with(row(1, "2022-03-20", 'c'), 300),
        with(row(1, "2022-03-21", 'c'), 4000),
        with(row(2, "2022-03-12", 'c'), 50_000),
    ];
    let table = sum(item(Some(AMOUNT), None), (1, 10), None, &rows);
    assert_eq!(parts(&table, &[]), [(1, 0, 320)], "no index, no amount");
    assert_eq!(persons(&table, &[]), [1]);
    let of_rows = sum(item(None, None), (1, 10), None, &rows);
    assert_eq!(parts(&of_rows, &[]), [(1, 0, 3)]);
}

#[test]
fn a_window_that_is_cut_off_counts_nobody() {
    let first = |day: &str| [row(1, day, 'a')];
    let item = || item(None, None);
    let counts = |window, day: &str| units(&sum(item(), window, None, &first(day)), &[]);
    // The programme's first day is 2022-01-01, the seal was on 2024-01-10.
    assert_eq!(counts((-9, 0), "2022-01-10"), 1);
    assert_eq!(counts((-10, 0), "2022-01-10"), 0);
    let to_seal = at("2024-01-10") - at("2022-12-31");
    assert_eq!(counts((0, to_seal), "2022-12-31"), 1);
    assert_eq!(counts((0, to_seal + 1), "2022-12-31"), 0);
    // The first index decides, and a later one is none.
    let twice = [row(1, "2022-01-05", 'a'), row(1, "2022-06-05", 'a')];
    assert_eq!(units(&sum(item(), (-10, 0), None, &twice), &[]), 0);
}

#[test]
fn money_is_rounded_once_by_unit_and_partner_half_away_from_zero() {
    // 0.1 + 0.2 + 0.2 units at 35 øre: 17.5, which is 18; rounded row by row it would be 4 + 7 + 7.
    let c = |day, amount, source| Row { source, ..with(row(1, day, 'c'), amount) };
    let rows = [
        row(1, "2022-03-01", 'a'),
        c("2022-03-02", 1, 0),
        c("2022-03-03", 2, 0),
        c("2022-03-04", 2, 0),
        c("2022-03-05", 1, 2),
    ];
    let table = sum(item(Some(AMOUNT), Some(35)), (0, 30), None, &rows);
    assert_eq!(parts(&table, &[]), [(1, 0, 18), (1, 2, 4)]);
    let of_rows = sum(item(None, Some(35)), (0, 30), None, &rows);
    assert_eq!(parts(&of_rows, &[]), [(1, 0, 105), (1, 2, 35)], "a row is one whole unit");
    let less = [row(1, "2022-03-01", 'a'), c("2022-03-02", -1, 0)];
    assert_eq!(parts(&sum(item(Some(AMOUNT), Some(35)), (0, 30), None, &less), &[]), [(1, 0, -4)]);
}

#[test]
fn every_counted_unit_is_in_every_code() {
    let rows = [
        row(1, "2022-03-01", 'a'),
        Row { payer: 0, ..with(row(1, "2022-03-02", 'c'), 10) },
        Row { payer: 1, source: 1, ..with(row(1, "2022-03-02", 'c'), 200) },
        with(row(1, "2022-03-03", 'c'), 3000),
        row(2, "2022-03-01", 'a'),
    ];
    let table = sum(item(Some(AMOUNT), None), (0, 30), Some(PAYER), &rows);
    let keys: Vec<_> = table.cells.iter().map(|cell| cell.key.concat()).collect();
    assert_eq!(keys, ["all", "x", "y", "(missing)"]);
    assert!(table.cells.iter().all(|cell| cell.units == 2 && cell.contributors.len() == 2));
    assert_eq!(parts(&table, &["all"]), [(1, 0, 3010), (1, 1, 200)]);
    assert_eq!(parts(&table, &["x"]), [(1, 0, 10)]);
    assert_eq!(parts(&table, &["y"]), [(1, 1, 200)]);
    assert_eq!(parts(&table, &["(missing)"]), [(1, 0, 3000)]);
}

#[test]
fn a_row_gives_each_measure_once_whatever_events_it_is() {
    let rows = [row(1, "2022-03-01", 'a'), with(row(1, "2022-03-02", 'c'), 70)];
    let twice = |measure: [Option<usize>; 2]| Item {
        events: vec![event(0, &[2]), event(0, &[1, 2])],
        measure: measure.to_vec(),
        ..item(Some(AMOUNT), None)
    };
    assert_eq!(parts(&sum(twice([Some(AMOUNT); 2]), (0, 30), None, &rows), &[]), [(1, 0, 70)]);
    assert_eq!(parts(&sum(twice([Some(AMOUNT), None]), (0, 30), None, &rows), &[]), [(1, 0, 80)]);
}

#[test]
fn without_any_is_among_all() {
    let rows = [
        row(1, "2022-03-01", 'a'),
        with(row(1, "2022-03-02", 'c'), 0),
        row(2, "2022-03-01", 'a'),
        with(row(2, "2022-03-02", 'c'), 1),
        row(3, "2022-03-01", 'a'),
        with(row(3, "2022-05-02", 'c'), 1),
    ];
    let none = |item| {
        let kind = asked(item, (0, 30), None, AmountView::None);
        counted(&kind, Unit::Person, &[], "2022-Q1..2022-Q4", &rows)
    };
    let measured = none(item(Some(AMOUNT), None));
    assert_eq!(persons(&measured, &["all"]), [1, 2, 3]);
    assert_eq!(persons(&measured, &["none"]), [1, 3]);
    assert_eq!(cell(&measured, &["none"]).of, Some(0));
    assert!(measured.extra.is_none());
    assert_eq!(persons(&none(item(None, None)), &["none"]), [3], "a row of 0 is a row");
}

#[test]
fn a_case_sums_the_rows_of_its_persons() {
    let of = |row: Row| Row { case: 7, ..row };
    let rows = [
        of(row(1, "2022-03-01", 'a')),
        of(with(row(1, "2022-03-02", 'c'), 5)),
        of(with(row(2, "2022-03-03", 'c'), 60)),
        Row { case: 8, ..with(row(2, "2022-03-03", 'c'), 700) },
    ];
    let kind = asked(item(Some(AMOUNT), None), (0, 30), None, AmountView::Sum);
    let table = counted(&kind, Unit::Case, &[], "2022-Q1", &rows);
    assert_eq!((units(&table, &[]), persons(&table, &[])), (1, vec![1, 2]));
    assert_eq!(parts(&table, &[]), [(1, 0, 65)]);
}

/// Attack: the cells of one table are the same persons. Under one name in the ledger, every code would show the sum over
/// all, and a hidden one would show at all.
#[test]
fn sums_of_the_same_units_are_released_apart() {
    let mut rows = Vec::new();
    for person in 1..=20 {
        rows.push(row(person, "2022-03-01", 'a'));
        rows.push(Row { payer: 0, ..with(row(person, "2022-03-02", 'c'), 100) });
        if person == 1 {
            rows.push(Row { payer: 1, ..with(row(person, "2022-03-02", 'c'), 50) });
        }
    }
    let kind = asked(item(Some(AMOUNT), None), (0, 30), Some(PAYER), AmountView::Sum);
    let plan = super::super::made_up::planned(&programme(kind.clone(), Unit::Person), &[], "2022-Q1")
        .expect("a plan");
    let table = counted(&kind, Unit::Person, &[], "2022-Q1", &rows);
    let mut ledger = Ledger::default();
    let pending = release(
        super::super::made_up::not_crossing(table),
        &plan.release_context(1, None),
        &Rules::standard(),
        &ledger,
    )
    .expect("released");
    let table = ledger.commit(pending, |_| Ok::<_, ()>(())).expect("committed").into_value();
    let shown: Vec<_> = (0..4).map(|row| table.figure(row, "sum").expect("a figure")).collect();
    assert_eq!(shown[..2], [Figure::Number(205.0), Figure::Number(200.0)]);
    assert_eq!(shown[2..], [Figure::Hidden; 2]);
}

/// Attack: who asks for a sum, and after a withdrawal for the same one by another question, takes one off the other.
#[test]
fn two_questions_that_sum_the_same_have_one_name_for_it() {
    let kind = |window, by| asked(item(Some(AMOUNT), None), window, by, AmountView::Sum);
    let mut two = programme(kind((0, 10), None), Unit::Person);
    let one = two.questions[0].clone();
    let names = |programme: &crate::programme::Programme| {
        let plan = super::super::made_up::planned(programme, &[], "2022-Q1").expect("a plan");
        let head = plan.kernel.extra_head().expect("sums").measure;
        [0, 1].map(|tail| plan.kernel.measure(tail).unwrap_or(head.clone()))
    };
    let alone = names(&two);
    let other = crate::programme::Question {
        id: "other".parse().expect("a name"),
        kind: kind((0, 10), Some(PAYER)),
        ..one.clone()
    };
    // The one that is asked stands second.
    two.questions = vec![other, one.clone()];
    assert_eq!(names(&two)[0], "amount/other");
    two.questions = vec![one.clone()];
    assert_eq!(names(&two)[0], alone[0]);
    let by = programme(kind((0, 10), Some(PAYER)), Unit::Person);
    assert_eq!(names(&by)[0], alone[0]);
    assert_ne!(names(&by)[1], alone[0], "a code has a name of its own");
    // Other days are another figure.
    let longer = crate::programme::Question {
        id: "longer".parse().expect("a name"),
        kind: kind((0, 11), None),
        ..one.clone()
    };
    two.questions = vec![longer, one];
    assert_eq!(names(&two), alone);
}

proptest! {
    /// Without a price, codes add up to all, and the sum is that of a loop over the rows.
    #[test]
    fn codes_add_up(
        drawn in prop::collection::vec((1u32..6, 0i32..60, 0u8..3, 0u8..3, 0i64..50, 0u8..4), 0..60),
        from in -20i32..5, days in 0i32..40,
    ) {
        let begin = at("2022-03-01");
        let rows: Vec<Row> = drawn.iter().map(|(person, day, source, payer, amount, step)| Row {
            day: begin + day,
            source: *source,
            payer: if *payer == 2 { MISSING_CODE } else { *payer },
            amount: *amount,
            step: (*step).min(2),
            ..row(*person, "2022-03-01", 'a')
        }).collect();
        let table = sum(item(Some(AMOUNT), None), (from, from + days), Some(PAYER), &rows);
        let total = |key: &str| parts(&table, &[key]).iter().map(|(_, _, amount)| amount).sum::<i64>();
        prop_assert_eq!(total("all"), total("x") + total("y") + total("(missing)"));
        let mut expected = 0;
        for person in 1..6 {
            let of = || rows.iter().filter(|row| row.person == person);
            let Some(index) = of().filter(|row| row.step == 0).map(|row| row.day).min() else { continue };
            let window = index + from..=index + from + days;
            expected += of().filter(|row| row.step == 2 && window.contains(&row.day)).map(|row| row.amount).sum::<i64>();
        }
        prop_assert_eq!(total("all"), expected);
    }
}
