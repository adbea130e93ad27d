//! Sums both ways of the index, and the table made of what is shown, by hand.

use super::super::made_up::{AMOUNT, Row, counted, item, parts, planned, programme, row, title, units};
use super::*;
use crate::disclosure::{Ledger, Released, Rules, Tabulation, release};
use crate::programme::{BudgetElement, Item, QuestionKind, Unit};

/// One unit of the measure is 100 kr.
fn priced(steps: &[u8]) -> Item {
    Item { events: vec![super::super::made_up::event(0, steps)], ..item(Some(AMOUNT), Some(10_000)) }
}

fn budget(years: u32, days: u32) -> Asked {
    let element = |id: &str, payer: &str, steps: &[u8]| BudgetElement {
        id: id.to_owned(),
        title: title(),
        payer: payer.to_owned(),
        item: priced(steps),
    };
    Asked {
        index: 0,
        days,
        elements: vec![
            element("care", "municipality", &[2]),
            element("visit", "region", &[1]),
            element("all", "municipality", &[1, 2]),
        ],
        years,
        discount: 350,
        scenarios: [50, 80, 100],
    }
}

fn sums(asked: &Asked, rows: &[Row]) -> Tabulation {
    counted(&QuestionKind::Budget(asked.clone()), Unit::Person, &[], "2022-Q1..2023-Q4", rows)
}

fn of(person: u32, day: &str, step: char, amount: i64) -> Row {
    Row { amount, ..row(person, day, step) }
}

#[test]
fn as_many_days_each_way_and_not_the_index_day() {
    let rows = [
        row(1, "2022-07-01", 'a'),
        of(1, "2022-06-20", 'c', 1),
        of(1, "2022-06-21", 'c', 20),
        of(1, "2022-06-30", 'b', 300),
        of(1, "2022-07-01", 'c', 4000),
        of(1, "2022-07-11", 'c', 50_000),
        of(1, "2022-07-12", 'c', 600_000),
    ];
    let table = sums(&budget(2, 10), &rows);
    // A tenth of a unit is 10 kr., 1000 øre.
    assert_eq!(parts(&table, &["care", "before"]), [(1, 0, 20_000)]);
    assert_eq!(parts(&table, &["care", "after"]), [(1, 0, 50_000_000)]);
    assert_eq!(parts(&table, &["visit", "before"]), [(1, 0, 300_000)]);
    assert_eq!(parts(&table, &["visit", "after"]), []);
    assert_eq!(parts(&table, &["all", "before"]), [(1, 0, 320_000)]);
    assert!(table.cells.iter().all(|cell| cell.units == 1));
    let counts = |day: &str| units(&sums(&budget(2, 10), &[row(1, day, 'a')]), &["care", "before"]);
    let edges = ["2022-01-10", "2022-01-11", "2023-12-31"].map(counts);
    assert_eq!(edges, [0, 1, 1], "ten days before, from the programme's first day on");
    assert_eq!(units(&sums(&budget(2, 11), &[row(1, "2023-12-31", 'a')]), &["care", "before"]), 0);
}

/// Twenty persons with 1,000 kr. of care before and 400 kr. after; `visits` of them with visits both ways.
fn released(asked: &Asked, visits: u32) -> Released<Table> {
    let mut rows = Vec::new();
    for person in 1..=20 {
        rows.push(row(person, "2022-07-01", 'a'));
        rows.push(of(person, "2022-06-01", 'c', 100));
        rows.push(of(person, "2022-08-01", 'c', 40));
        if person <= visits {
            rows.push(of(person, "2022-06-02", 'b', 10));
            rows.push(of(person, "2022-08-02", 'b', 30));
        }
    }
    let kind = QuestionKind::Budget(asked.clone());
    let plan = planned(&programme(kind.clone(), Unit::Person), &[], "2022-Q1..2023-Q4").expect("a plan");
    let mut ledger = Ledger::default();
    let counted = sums(asked, &rows);
    let pending = release(
        super::super::made_up::not_crossing(counted),
        &plan.release_context(1, None),
        &Rules::standard(),
        &ledger,
    )
    .expect("released");
    let released = ledger.commit(pending, |_| Ok::<_, ()>(())).expect("committed");
    let labels: Vec<_> = plan.labels().iter().map(|label| label.column.clone()).collect();
    let derived = plan.derive(released);
    assert_eq!(derived.value().columns, labels);
    derived
}

fn numbers(table: &Table, row: usize) -> Option<Vec<f64>> {
    let of = |id: &&str| match table.figure(row, id) {
        Some(Figure::Number(number)) => Some(number),
        _ => None,
    };
    FIGURES.as_flattened().iter().map(of).collect()
}

#[test]
fn effects_are_discounted_from_the_second_year_and_summed() {
    let mut asked = budget(3, 146);
    asked.elements.truncate(2);
    let table = released(&asked, 20).into_value();
    let keys: Vec<_> = table.rows.iter().map(|row| row.key.join(" ")).collect();
    let of_payer = |payer: &str| ["1", "2", "3", "all"].map(|year| format!("{payer} {year}"));
    assert_eq!(keys, [of_payer("municipality"), of_payer("region")].concat());
    // Care: (400 − 1,000) × 365 / 146 = −1,500 kr. a year; visits: 200 × 365 / 146 = 500 kr.
    assert_eq!(
        numbers(&table, 0).expect("shown"),
        [-750.0, -1200.0, -1500.0, -15_000.0, -24_000.0, -30_000.0]
    );
    // ÷ 1.035: −1,449.28 kr.; ÷ 1.035²: −1,400.27 kr.; together −4,349.54 kr.
    assert_eq!(numbers(&table, 1).expect("shown")[2], -1449.0);
    assert_eq!(numbers(&table, 2).expect("shown")[2], -1400.0);
    assert_eq!(numbers(&table, 3).expect("shown")[2], -4350.0);
    assert_eq!(numbers(&table, 4).expect("shown")[2], 500.0);
    assert!(table.rows.iter().all(|row| row.count().count() == Some(20)));
    assert!(table.rows.iter().all(|row| row.figures.len() == table.figures.len()));
}

#[test]
fn a_hidden_element_hides_its_payer_and_no_other() {
    // One person's visits: the sum of visits is hidden, that of both together is not.
    let table = released(&budget(2, 146), 1).into_value();
    assert!((0..3).all(|row| numbers(&table, row).is_some()), "care, and both together");
    assert!((3..6).all(|row| numbers(&table, row).is_none()));
    let hidden = table.rows[3].figures[2..].iter().all(|figure| *figure == Some(Figure::Hidden));
    assert!(hidden);
    // An element more of the same payer, hidden: all of the payer is.
    let mut asked = budget(2, 146);
    asked.elements[1].payer = "municipality".to_owned();
    let table = released(&asked, 1).into_value();
    assert_eq!(table.rows.len(), 3);
    assert!((0..3).all(|row| numbers(&table, row).is_none()));
}

#[test]
fn no_effect_is_zero_and_not_minus_zero() {
    let asked = budget(1, 365);
    let plan =
        planned(&programme(QuestionKind::Budget(asked), Unit::Person), &[], "2022-Q1").expect("a plan");
    let table = |before: f64, after: f64| {
        let figures = vec![Head::of("count"), Head::of("families"), Head::of("sum"), Head::of("mean")];
        let count = Some(Figure::Count(crate::disclosure::Shown::Count(20)));
        let rows = (0..6).map(|tail| crate::disclosure::Row {
            key: vec!["e".to_owned(), "s".to_owned()],
            figures: vec![
                count,
                count,
                Some(Figure::Number(0.0)),
                Some(Figure::Number(if tail % 2 == 0 { before } else { after })),
            ],
            snapshot: Some(1),
        });
        Table {
            columns: vec!["element".to_owned(), "side".to_owned()],
            figures,
            rows: rows.collect(),
            totals: None,
            left_out: crate::disclosure::Shown::Hidden,
            response: None,
            max_error: 9,
            rules: "r",
            snapshot: 1,
            reasons: Vec::new(),
            coarser: Vec::new(),
        }
    };
    let of = |before, after| {
        let derived = plan.kernel.derive(0, table(before, after));
        numbers(&derived, 2).expect("shown")
    };
    assert_eq!(of(0.2, 0.0), [0.0, 0.0, 0.0, -2.0, -3.0, -4.0]);
    assert!(of(0.2, 0.0)[..3].iter().all(|number| number.is_sign_positive()));
    assert_eq!(of(3.0, 3.0), [0.0; 6]);
}
