use std::convert::Infallible;

use super::super::{Rate, RawCell};
use super::*;

pub(in super::super) fn context(question_key: &str, snapshot: u32) -> ReleaseContext {
    let rules = Rules::standard();
    let today = "2024-01-01".parse().expect("a day");
    ReleaseContext {
        question_key: question_key.to_owned(),
        snapshot,
        dimensions: Dimensions::check(vec!["role".to_owned()], &rules).expect("one"),
        period: EndedPeriod::check("2022-Q1..2022-Q4".parse().expect("a period"), today, 0).expect("ended"),
    }
}

fn cell(key: &str, persons: std::ops::Range<u32>, families: u64) -> RawCell {
    RawCell { key: vec![key.to_owned()], contributors: persons.collect(), families, structural_zero: false }
}

fn table_of(shape: Shape, cells: Vec<RawCell>) -> Table {
    let tabulation = Tabulation {
        shape,
        columns: vec!["role".to_owned()],
        cells,
        left_out: (1000..1012).collect(),
        left_out_families: 6,
    };
    let mut ledger = Ledger::default();
    let pending = release(tabulation, &context("q", 3), &Rules::standard(), &ledger).expect("well formed");
    ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("kept").into_value()
}

#[test]
fn a_partition_reads_as_documented() {
    let mut none = cell("none", 0..0, 0);
    none.structural_zero = true;
    let table = table_of(
        Shape::Partition,
        vec![cell("exposed", 0..31, 20), cell("child", 100..117, 9), cell("using", 200..207, 7), none],
    );
    let expected = serde_json::json!({
        "columns": ["role"],
        "rows": [
            {"key": ["exposed"], "persons": {"count": 30}, "families": {"count": 20}, "snapshot": 3,
             "share": {"percent": 67}},
            {"key": ["child"], "persons": {"count": 15}, "families": {"count": 10}, "snapshot": 3,
             "share": {"percent": 33}},
            {"key": ["using"], "persons": {"hidden": true}, "families": {"hidden": true}, "snapshot": null,
             "share": {"hidden": true}},
            {"key": ["none"], "persons": {"count": 0}, "families": {"count": 0}, "snapshot": null,
             "share": {"at_most": 16}},
        ],
        "totals": {"persons": {"count": 45}, "families": {"count": 30}, "max_error": 27,
                   "note": "sum of the shown cells; a family counts in every cell that it is part of"},
        "left_out": {"count": 10},
        "max_error": 9,
        "rules": "dk-standard/1",
        "snapshot": 3,
        "reasons": ["few_persons_or_families", "rounded", "held_at_earlier_value", "rates_from_shown_counts",
                    "totals_of_shown_cells"],
        "coarser": ["without dimensions"],
    });
    assert_eq!(serde_json::to_value(&table).expect("JSON"), expected);
}

#[test]
fn a_chain_has_step_and_cumulative_rates() {
    let table = table_of(
        Shape::Chain { step_column: 0 },
        vec![cell("traced", 0..100, 80), cell("offered", 0..60, 50), cell("started", 0..30, 25)],
    );
    let rates: Vec<_> = table.rows.iter().map(|row| (row.step_rate, row.cumulative_rate)).collect();
    assert_eq!(
        rates,
        [
            (None, None),
            (Some(Rate::Percent(60)), Some(Rate::Percent(60))),
            (Some(Rate::Percent(50)), Some(Rate::Percent(30))),
        ]
    );
    assert!(table.totals.is_none() && table.rows.iter().all(|row| row.share.is_none()));
}

#[test]
fn each_group_of_a_chain_is_its_own() {
    let step = |step: &str, role: &str, persons: std::ops::Range<u32>| RawCell {
        key: vec![step.to_owned(), role.to_owned()],
        families: u64::from(persons.end - persons.start),
        contributors: persons.collect(),
        structural_zero: false,
    };
    let tabulation = Tabulation {
        shape: Shape::Chain { step_column: 0 },
        columns: vec!["step".to_owned(), "role".to_owned()],
        cells: vec![
            step("traced", "a", 0..50),
            step("traced", "b", 100..120),
            step("offered", "a", 0..25),
            step("offered", "b", 100..110),
        ],
        left_out: PersonSet::new(),
        left_out_families: 0,
    };
    let mut ledger = Ledger::default();
    let pending = release(tabulation, &context("q", 1), &Rules::standard(), &ledger).expect("well formed");
    let table = ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("kept").into_value();
    let rates: Vec<_> = table.rows.iter().map(|row| row.step_rate).collect();
    assert_eq!(rates, [None, None, Some(Rate::Percent(50)), Some(Rate::Percent(50))]);
}

#[test]
fn a_malformed_tabulation_is_refused_by_form_alone() {
    let rules = Rules::standard();
    let refused = |shape, cells| {
        let tabulation = Tabulation {
            shape,
            columns: vec!["role".to_owned()],
            cells,
            left_out: PersonSet::new(),
            left_out_families: 0,
        };
        release(tabulation, &context("q", 1), &rules, &Ledger::default()).err()
    };
    let short = RawCell { key: vec![], ..cell("a", 0..1, 1) };
    assert_eq!(
        refused(Shape::Overlap, vec![short]),
        Some(ReleaseError::Key { cell: 0, codes: 0, columns: 1 })
    );
    assert_eq!(
        refused(Shape::Overlap, vec![cell("a", 0..1, 1), cell("a", 0..1, 1)]),
        Some(ReleaseError::Repeated { cell: 1 })
    );
    assert_eq!(
        refused(Shape::Chain { step_column: 1 }, vec![]),
        Some(ReleaseError::StepColumn { step_column: 1 })
    );
}

#[test]
fn a_structural_zero_is_shown_whatever_stands_in_it() {
    let mut wrong = cell("none", 0..3, 3);
    wrong.structural_zero = true;
    let table = table_of(Shape::Overlap, vec![wrong]);
    assert_eq!(table.rows[0].persons, Shown::Count(0));
}

#[test]
fn the_api_description_knows_the_parts_of_an_answer() {
    let mut parts = Vec::new();
    <Table as utoipa::ToSchema>::schemas(&mut parts);
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["Row", "Shown", "Rate", "Totals", "Reason"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}
