//! Attacks on sums, means, rates and curves: figures beside the counts, which must tell nothing that the counts hide.
#![cfg(feature = "service")]

use std::convert::Infallible;

use kobling::disclosure::{
    Contribution, Dimensions, EndedPeriod, Extra, ExtraHead, Figure, Incidence, Ledger, Moments, PersonSet,
    RawCell, ReleaseContext, Rules, Shape, Shown, Table, Tabulation, release,
};
use kobling::stats::survival::Curve;

/// Somebody who asks, and the ledger of what was released.
#[derive(Default)]
struct Asking {
    ledger: Ledger,
}

const MEASURE: &str = "figures";

impl Asking {
    fn table(&mut self, question: &str, tabulation: Tabulation) -> Table {
        let rules = Rules::standard();
        let period = "2022-Q1..2022-Q4".parse().expect("a period");
        let context = ReleaseContext::new(
            question.to_owned(),
            1,
            Dimensions::check(Vec::new(), &rules).expect("none"),
            EndedPeriod::check(period, "2023-06-01".parse().expect("a day"), 30).expect("ended"),
        );
        let pending = release(tabulation, &context, &rules, &self.ledger).expect("well formed");
        self.ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("kept").into_value()
    }

    /// A question with one cell of so many families.
    fn one(&mut self, question: &str, persons: PersonSet, families: u64, extra: Option<Extra>) -> Table {
        let cell = RawCell { extra, ..RawCell::persons(vec!["all".to_owned()], persons, families) };
        self.table(question, table(Shape::Overlap, vec![cell]))
    }

    /// A sum over persons who are a family each.
    fn sum(&mut self, question: &str, amounts: &[(u32, i64)]) -> Table {
        let persons: PersonSet = amounts.iter().map(|(person, _)| *person).collect();
        let families = persons.len();
        self.one(question, persons, families, Some(Extra::Sum(parts(amounts))))
    }
}

fn table(shape: Shape, cells: Vec<RawCell>) -> Tabulation {
    let head = ExtraHead { measure: MEASURE.to_owned(), unit: None, decimals: 0, bands: vec![92, 184, 366] };
    Tabulation { extra: Some(head), ..Tabulation::counts(shape, vec!["cell".to_owned()], cells) }
}

/// By family.
fn parts(amounts: &[(u32, i64)]) -> Vec<Contribution> {
    amounts
        .iter()
        .map(|(family, amount)| Contribution { family: *family, source: 0, amount: *amount })
        .collect()
}

fn people(range: std::ops::Range<u32>) -> PersonSet {
    range.collect()
}

/// Amounts that differ, nobody's large.
fn amounts(persons: std::ops::Range<u32>) -> Vec<(u32, i64)> {
    persons.map(|person| (person, 1000 + i64::from(person * 37 % 500))).collect()
}

fn moments(values: impl Iterator<Item = i64>) -> Extra {
    Extra::Mean(Moments::of(values))
}

fn bytes(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("JSON")
}

/// Everybody but one, as two questions, in either order: what one person costs.
#[test]
fn one_person_taken_off_a_sum() {
    for size in 11..60 {
        let (all, but_one) = (amounts(0..size), amounts(1..size));
        for (first, second) in [(&all, &but_one), (&but_one, &all)] {
            let mut asking = Asking::default();
            let before = asking.sum("one", first);
            assert_eq!(bytes(&before.rows), bytes(&asking.sum("other", second).rows), "{size}");
        }
    }
}

/// Two numbers turn out to be one person, and its amounts come together.
#[test]
fn one_person_under_two_numbers() {
    for size in 12..60 {
        let mut asking = Asking::default();
        let before = asking.sum("q", &amounts(0..size));
        let mut merged = amounts(1..size);
        merged[0].1 += amounts(0..1)[0].1;
        assert_eq!(bytes(&before.rows), bytes(&asking.sum("q", &merged).rows), "{size}");
        let mean = |asking: &mut Asking, persons: std::ops::Range<u32>| {
            let values = moments(persons.clone().map(i64::from));
            asking.one("mean", people(persons.clone()), u64::from(persons.end - persons.start), Some(values))
        };
        let mut asking = Asking::default();
        let before = mean(&mut asking, 0..size);
        assert_eq!(bytes(&before.rows), bytes(&mean(&mut asking, 1..size).rows), "{size}");
    }
}

/// The second largest takes its own amount off the sum, and comes within a tenth of the largest.
#[test]
fn a_runner_up_guessing_the_dominant_contributor() {
    let mut dominated = amounts(0..20);
    dominated.extend([(20, 400_000), (21, 60_000)]);
    let table = Asking::default().sum("q", &dominated);
    assert_eq!(table.rows[0].count(), Shown::Count(20));
    assert_eq!(
        (table.figure(0, "sum"), table.figure(0, "mean")),
        (Some(Figure::Hidden), Some(Figure::Hidden))
    );
}

/// A sum of one row each is the count; three digits of it, or mean times count, would be the exact one.
#[test]
fn mean_times_count() {
    let of = |size: u32, each: i64| {
        let rows: Vec<(u32, i64)> = (0..size).map(|person| (person, each)).collect();
        bytes(&Asking::default().sum("q", &rows).rows)
    };
    for size in (13..100).step_by(5) {
        for more in 1..5 {
            assert_eq!(of(size, 1), of(size + more, 1), "{size} and {more} more, one row each");
        }
    }
    assert_ne!(of(13, 1), of(18, 1), "the comparison can tell");
}

/// R1 hides a group of few families; its sum must not come out in the name of a larger group that it is held for.
#[test]
fn the_sum_of_a_hidden_cell_does_not_leave_by_another() {
    let sum = |persons: std::ops::Range<u32>, families: u32| {
        Some(Extra::Sum(
            persons.map(|p| Contribution { family: p % families, source: 0, amount: 500 }).collect(),
        ))
    };
    let mut asking = Asking::default();
    let hidden = asking.one("q", people(0..12), 4, sum(0..12, 4));
    assert_eq!(hidden.rows[0].count(), Shown::Hidden);
    let larger = asking.one("larger", people(0..17), 9, sum(0..17, 9));
    assert_ne!(larger.figure(0, "sum"), Some(Figure::Number(6000.0)), "of the twelve");
    // The other way round: the count of few families is held at a larger group's, and no sum of it was ever shown.
    let mut asking = Asking::default();
    asking.one("reach", people(0..17), 9, None);
    let held = asking.one("q", people(0..12), 4, sum(0..12, 4));
    assert_eq!(held.rows[0].count(), Shown::Count(15));
    assert_eq!(held.figure(0, "sum"), Some(Figure::Hidden));
    let mean = asking.one("q2", people(0..12), 4, Some(moments(0..12)));
    assert_eq!(mean.figure(0, "sum"), None);
    assert_eq!(mean.figure(0, "mean"), Some(Figure::Hidden));
}

/// Sixty are counted in the cell of a code, and four of them have it.
#[test]
fn a_sum_to_which_few_families_have_a_part() {
    for few in 3..5 {
        let mut rows: Vec<(u32, i64)> = (0..60).map(|person| (person, 0)).collect();
        rows.iter_mut().take(few).for_each(|(_, amount)| *amount = 40_000);
        let table = Asking::default().sum("q", &rows);
        assert_eq!(table.figure(0, "sum"), Some(Figure::Hidden), "{few}");
    }
}

/// The cell of those with an event is hidden, and their events are not.
#[test]
fn the_events_of_few() {
    for few in 3..8 {
        let followed: Vec<(u32, i64)> = (0..60).map(|person| (person, 400)).collect();
        let events: Vec<(u32, i64)> =
            (0..60).map(|person| (person, if person < few { 3 } else { 0 })).collect();
        let rate = Extra::Rate { events: parts(&events), days: parts(&followed) };
        let cells = vec![
            RawCell { extra: Some(rate), ..RawCell::persons(vec!["followed".to_owned()], people(0..60), 60) },
            RawCell {
                of: Some(0),
                ..RawCell::persons(vec!["event".to_owned()], people(0..few), u64::from(few))
            },
        ];
        let table = Asking::default().table("q", table(Shape::Parts, cells));
        assert_eq!(table.rows[1].count(), Shown::Hidden);
        assert_eq!(table.figure(0, "events"), Some(Figure::Hidden), "{few}");
        assert_eq!(table.figure(0, "per_100_years"), Some(Figure::Hidden), "{few}");
    }
}

/// Nobody's value differs, or one person's does: a spread would tell which, and with it what everybody has.
#[test]
fn everybody_has_the_same_value() {
    for different in 0..8 {
        let values = (0..30).map(|person| if person < different { 9 } else { 3 });
        let table = Asking::default().one("q", people(0..30), 30, Some(moments(values)));
        assert_eq!(table.figure(0, "spread"), Some(Figure::Hidden), "{different}");
    }
    let table = Asking::default().one("q", people(0..30), 30, Some(moments((0..30).map(|p| p % 7))));
    assert!(matches!(table.figure(0, "spread"), Some(Figure::Number(_))));
}

/// Cases and pairs are more than the persons behind them.
#[test]
fn a_mean_over_cases_of_few_persons() {
    let cell = RawCell {
        units: 30,
        extra: Some(moments(0..30)),
        ..RawCell::persons(vec!["all".to_owned()], people(0..9), 9)
    };
    let table = Asking::default().table("q", table(Shape::Overlap, vec![cell]));
    assert_eq!(table.figure(0, "mean"), Some(Figure::Hidden));
}

/// One withdrawal, asked about in a table of means, whose counts would not be held against those of other tables.
#[test]
fn a_count_beside_a_mean_is_held_like_every_other() {
    for size in 9..60 {
        let mut asking = Asking::default();
        let before = asking.one("reach", people(0..size), u64::from(size), None).rows[0].count();
        let all = RawCell {
            measure: Some("change/all".to_owned()),
            ..RawCell::persons(vec!["all".to_owned()], people(1..size), u64::from(size - 1))
        };
        assert_eq!(asking.table("change", table(Shape::Parts, vec![all])).rows[0].count(), before, "{size}");
    }
}

/// Almost everybody who was asked said yes: a count and a median of nearly the same persons are never each other's.
#[test]
fn a_median_is_not_held_at_a_count() {
    let cell = |key: &str, persons: std::ops::Range<u32>| RawCell {
        measure: Some("validity".to_owned()),
        ..RawCell::persons(vec![key.to_owned()], people(persons.clone()), u64::from(persons.end))
    };
    let median = Some(Extra::Median(vec![0, 0, 38, 0]));
    let cells = vec![cell("asked", 0..40), RawCell { of: Some(0), extra: median, ..cell("given", 0..38) }];
    let mut asking = Asking::default();
    let first = asking.table("q", table(Shape::Parts, cells));
    assert_eq!(first.figure(1, "median"), Some(Figure::Range(184.0, 366.0)));
    let again = asking.table("asked alone", table(Shape::Parts, vec![cell("asked", 0..39)]));
    assert_eq!(again.rows[0].count(), Shown::Count(40));
}

/// A curve of persons who are all followed to the end: `events` of `units` by day 100.
fn curve(units: u32, events: u32) -> Table {
    let days = [(100, (u64::from(events), 0)), (400, (0, u64::from(units - events)))].into_iter().collect();
    let at = Curve::of_days(&days).expect("a curve").at(100);
    let point = Incidence {
        units: u64::from(units),
        at_risk: at.at_risk_after,
        events: at.events,
        share: 1.0 - at.survival,
    };
    let cells = vec![
        RawCell::persons(vec!["0".to_owned()], people(0..units), u64::from(units)),
        RawCell {
            of: Some(0),
            extra: Some(Extra::Incidence(point)),
            ..RawCell::persons(vec!["100".to_owned()], people(0..events), u64::from(events))
        },
    ];
    Asking::default().table("q", table(Shape::Parts, cells))
}

/// Two whole per cents of an interval around `events` of `units` give both numbers, if they are those of the true ones.
#[test]
fn the_counts_behind_the_interval_of_a_curve() {
    for (units, events) in [(25, 10), (40, 15), (100, 50), (400, 100)] {
        let middle = bytes(&curve(units, events).rows);
        for units in units - 2..=units + 2 {
            for events in events - 2..=events + 2 {
                assert_eq!(bytes(&curve(units, events).rows), middle, "{events} of {units}");
            }
        }
    }
}
