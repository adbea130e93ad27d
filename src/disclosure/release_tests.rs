use std::convert::Infallible;

use super::super::{Extra, Figure, Rate, RawCell, Shape, Shown};
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
        "rules": "dk-standard/3",
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

/// Counts of one question at each of some snapshots, with rules switched off.
#[cfg(any(debug_assertions, feature = "weakened"))]
fn counts_without(off: &[super::super::Rule], sizes: &[u32]) -> Vec<Shown> {
    let (mut ledger, rules) = (Ledger::default(), Rules::standard().without(off));
    let mut asked = |(size, snapshot): (&u32, u32)| {
        let cells = vec![cell("a", 0..*size, u64::from(*size))];
        let tabulation = Tabulation::counts(Shape::Partition, vec!["role".to_owned()], cells);
        let pending = release(tabulation, &context("q", snapshot), &rules, &ledger).expect("well formed");
        ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("kept").into_value().rows[0].count()
    };
    sizes.iter().zip(1..).map(&mut asked).collect()
}

#[cfg(any(debug_assertions, feature = "weakened"))]
#[test]
fn a_rule_that_is_switched_off_leaves_the_others() {
    use super::super::Rule::{R1, R2, R3, R8, R9};
    let (hidden, shown) = (Shown::Hidden, Shown::Count);
    for (off, sizes, reads) in [
        (vec![], vec![0, 3, 28, 27], vec![hidden, hidden, shown(30), shown(30)]),
        (vec![R1], vec![3, 28, 27], vec![shown(5), shown(30), shown(30)]),
        (vec![R2], vec![0, 3, 28, 27], vec![shown(0), hidden, shown(30), shown(30)]),
        (vec![R3], vec![3, 28, 27], vec![hidden, shown(28), shown(28)]),
        (vec![R8], vec![3, 28, 27], vec![hidden, shown(30), shown(25)]),
        (vec![R9], vec![3, 28, 27], vec![hidden, shown(30), shown(25)]),
        (vec![R1, R3, R8], vec![0, 3, 28, 27], vec![shown(0), shown(3), shown(28), shown(27)]),
    ] {
        assert_eq!(counts_without(&off, &sizes), reads, "without {off:?}");
    }
    // Without R9 the cells of one snapshot are still held together; without R8 they are not.
    let steps = |off: &[super::super::Rule]| {
        let cells = vec![cell("all", 0..28, 28), cell("but one", 0..27, 27)];
        let tabulation = Tabulation::counts(Shape::Overlap, vec!["step".to_owned()], cells);
        let rules = Rules::standard().without(off);
        let pending = release(tabulation, &context("q", 1), &rules, &Ledger::default()).expect("well formed");
        pending.table.rows[1].count()
    };
    assert_eq!((steps(&[R9]), steps(&[R8])), (shown(30), shown(25)));
}

/// A sum, a mean, a median band and a point of a curve of one unit.
#[cfg(any(debug_assertions, feature = "weakened"))]
#[test]
fn figures_of_one_show_without_their_rules() {
    use super::super::Rule::{R1, R3, R11, R12, R13, R14};
    use super::super::{Contribution, ExtraHead, Incidence, Moments};
    let figure = |extra: Extra, off: &[super::super::Rule]| {
        let cells = vec![RawCell { extra: Some(extra), ..cell("a", 0..1, 1) }];
        let head = ExtraHead { measure: "m".to_owned(), unit: None, decimals: 0, bands: vec![5] };
        let tabulation = Tabulation {
            extra: Some(head),
            ..Tabulation::counts(Shape::Overlap, vec!["role".to_owned()], cells)
        };
        let rules = Rules::standard().without(off);
        let pending = release(tabulation, &context("q", 1), &rules, &Ledger::default()).expect("well formed");
        pending.table.rows[0].figures[2].expect("a figure")
    };
    type Make = fn() -> Extra;
    let kinds: [(Make, super::super::Rule); 4] = [
        (|| Extra::Sum(vec![Contribution { family: 1, source: 0, amount: 700 }]), R11),
        (|| Extra::Mean(Moments::of([40])), R12),
        (|| Extra::Median(vec![0, 1]), R13),
        (|| Extra::Incidence(Incidence { units: 1, at_risk: 0, events: 1, share: 1.0 }), R14),
    ];
    for (extra, rule) in kinds {
        assert_ne!(figure(extra(), &[R1, R3, rule]), Figure::Hidden, "{rule:?}");
        assert_eq!(figure(extra(), &[rule]), Figure::Hidden, "R1 goes on hiding what {rule:?} would not");
        if rule != R14 {
            assert_eq!(figure(extra(), &[R1, R3]), Figure::Hidden, "{rule:?} hides by itself");
        }
    }
}
