use std::convert::Infallible;

use super::super::{Rate, RawCell, Shape, Shown};
use super::*;

pub(in super::super) fn context(question_key: &str, snapshot: u32) -> ReleaseContext {
    let rules = Rules::standard();
    let today = "2024-01-01".parse().expect("a day");
    let dimensions = Dimensions::check(vec!["role".to_owned()], &rules).expect("one");
    let period = EndedPeriod::check("2022-Q1..2022-Q4".parse().expect("a period"), today, 0).expect("ended");
    ReleaseContext::new(question_key.to_owned(), snapshot, dimensions, period)
}

fn cell(key: &str, persons: std::ops::Range<u32>, families: u64) -> RawCell {
    RawCell::persons(vec![key.to_owned()], persons.collect(), families)
}

fn table_of(shape: Shape, cells: Vec<RawCell>) -> Table {
    commit(Tabulation {
        left_out: (1000..1012).collect(),
        left_out_families: 6,
        ..Tabulation::counts(shape, vec!["role".to_owned()], cells)
    })
}

fn commit(tabulation: Tabulation) -> Table {
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
        vec![cell("exposed", 0..31, 20), cell("child", 100..117, 9), cell("using", 200..202, 2), none],
    );
    let expected = serde_json::json!({
        "columns": ["role"],
        "figures": [
            {"id": "count", "kind": "count", "title": {"da": "Antal", "en": "Count"}, "unit": null, "decimals": 0},
            {"id": "families", "kind": "count", "title": {"da": "Familier", "en": "Families"}, "unit": null,
             "decimals": 0},
            {"id": "share", "kind": "rate", "title": {"da": "Andel af summen", "en": "Share of the sum"},
             "unit": null, "decimals": 0},
        ],
        "rows": [
            {"key": ["exposed"], "figures": [{"count": 30}, {"count": 20}, {"percent": 67}], "snapshot": 3},
            {"key": ["child"], "figures": [{"count": 15}, {"count": 10}, {"percent": 33}], "snapshot": 3},
            {"key": ["using"], "figures": [{"hidden": true}, {"hidden": true}, {"hidden": true}],
             "snapshot": null},
            {"key": ["none"], "figures": [{"count": 0}, {"count": 0}, {"at_most": 16}], "snapshot": null},
        ],
        "totals": {"count": {"count": 45}, "families": {"count": 30}, "max_error": 18,
                   "note": "sum of the shown cells; a family counts in every cell that it is part of"},
        "left_out": {"count": 10},
        "response": null,
        "max_error": 9,
        "rules": "dk-standard/2",
        "snapshot": 3,
        "reasons": ["few_persons_or_families", "rounded", "held_at_earlier_value", "rates_from_shown_counts",
                    "totals_of_shown_cells", "covered_to_protect_others", "held_against_everything_shown",
                    "few_in_margin"],
        "coarser": [{"by": [], "population": null, "period": null,
                     "title": {"da": "uden fordeling", "en": "without dimensions"}}],
    });
    let mut written = serde_json::to_value(&table).expect("JSON");
    for reason in written["reasons"].as_array_mut().expect("reasons") {
        *reason = reason["code"].take();
    }
    assert_eq!(written, expected);
}

#[test]
fn a_chain_has_step_and_cumulative_rates() {
    let table = table_of(
        Shape::Chain { step_column: 0 },
        vec![cell("traced", 0..100, 80), cell("offered", 0..60, 50), cell("started", 0..30, 25)],
    );
    let rates: Vec<_> =
        (0..3).map(|row| (table.rate(row, "step_rate"), table.rate(row, "cumulative_rate"))).collect();
    assert_eq!(
        rates,
        [
            (None, None),
            (Some(Rate::Percent(60)), Some(Rate::Percent(60))),
            (Some(Rate::Percent(50)), Some(Rate::Percent(30))),
        ]
    );
    assert!(table.totals.is_none() && table.rate(0, "share").is_none());
}

#[test]
fn each_group_of_a_chain_is_its_own() {
    let step = |step: &str, role: &str, persons: std::ops::Range<u32>| {
        let families = u64::from(persons.end - persons.start);
        RawCell::persons(vec![step.to_owned(), role.to_owned()], persons.collect(), families)
    };
    let table = commit(Tabulation::counts(
        Shape::Chain { step_column: 0 },
        vec!["step".to_owned(), "role".to_owned()],
        vec![
            step("traced", "a", 0..50),
            step("traced", "b", 100..120),
            step("offered", "a", 0..25),
            step("offered", "b", 100..110),
        ],
    ));
    let rates: Vec<_> = (0..4).map(|row| table.rate(row, "step_rate")).collect();
    assert_eq!(rates, [None, None, Some(Rate::Percent(50)), Some(Rate::Percent(50))]);
}

#[test]
fn a_malformed_tabulation_is_refused_by_form_alone() {
    let rules = Rules::standard();
    let refused = |shape, cells| {
        let tabulation = Tabulation::counts(shape, vec!["role".to_owned()], cells);
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
    assert_eq!(table.rows[0].count(), Shown::Count(0));
}

#[test]
fn the_api_description_knows_the_parts_of_an_answer() {
    let mut parts = Vec::new();
    <Table as utoipa::ToSchema>::schemas(&mut parts);
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["Row", "Shown", "Figure", "Head", "Totals", "Reason"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}
