use std::convert::Infallible;

use proptest::prelude::*;

use super::super::count;
use super::super::example::{
    ASKED, Counts, DONE, NONE, Row, SCALE, WAY, column, counted, counted_without, permits, planned,
    programme, row, snapshot,
};
use super::*;
use crate::disclosure::{Figure, Ledger, Rate, Rules, release};
use crate::programme::QuestionKind;

const LOW: i64 = 0;
const MEDIUM: i64 = 1;
const HIGH: i64 = 2;

/// Ratings (`risk`) or scores at t0, t1 and t2.
fn kind(value: &str, view: ChangeView) -> QuestionKind {
    QuestionKind::Change(Asked {
        index: ASKED,
        completed: Some(DONE),
        dataset: SCALE,
        moment: column(SCALE, "moment"),
        moments: vec![0, 1, 2],
        value: column(SCALE, value),
        bands: if value == "score" { vec![350, 500] } else { Vec::new() },
        least_change: 100,
        view,
    })
}

fn event(person: u32, stage: usize, day: i32) -> Row {
    row(WAY, person, day, &[stage as i64, NONE])
}

fn risk(person: u32, day: i32, moment: i64, risk: i64) -> Row {
    row(SCALE, person, day, &[moment, risk, NONE])
}

/// A score in tenths of a point.
fn score(person: u32, day: i32, moment: i64, score: i64) -> Row {
    row(SCALE, person, day, &[moment, NONE, score])
}

fn status(rows: &[Row], unit: Unit) -> Counts {
    counted(rows, kind("risk", ChangeView::Status), unit, 300)
}

#[test]
fn status_of_a_rating_by_moment_for_all_and_for_completers() {
    let rows = [
        event(1, ASKED, 3),
        risk(1, 3, 0, HIGH),
        risk(1, 90, 2, LOW),
        event(1, DONE, 99),
        event(2, ASKED, 3),
        risk(2, 3, 0, HIGH),
        event(2, DONE, 2),
        event(3, ASKED, 3),
        event(4, ASKED, 90),
        risk(4, 91, 0, LOW),
    ];
    let counts = status(&rows, Unit::Person);
    let wanted = [
        ("all t0 answered", 2),
        ("all t0 base", 3),
        ("all t0 high", 2),
        ("all t1 base", 3),
        ("all t2 answered", 1),
        ("all t2 base", 3),
        ("all t2 low", 1),
        ("completers t0 answered", 1),
        ("completers t0 base", 1),
        ("completers t0 high", 1),
        ("completers t1 base", 1),
        ("completers t2 answered", 1),
        ("completers t2 base", 1),
        ("completers t2 low", 1),
    ];
    assert_eq!(counts.some(), wanted);
    // Analyses, moments, and two cells besides the codes.
    assert_eq!(counts.units.len(), 2 * 3 * (2 + 3));
    let cell = |key: &str| {
        let cells = &counts.tabulation.cells;
        cells.iter().position(|cell| cell.key.join(" ") == key).expect("there")
    };
    let of = |key: &str| counts.tabulation.cells[cell(key)].of;
    assert_eq!(of("completers t1 medium"), Some(cell("completers t1 answered")));
    assert_eq!(of("completers t1 answered"), Some(cell("completers t1 base")));
    assert_eq!(of("completers t1 base"), None);
    let response = (vec![cell("all t2 answered")], vec![cell("all t2 base")]);
    assert_eq!(counts.tabulation.response, Some(response), "answered at the end, of all who started");
}

#[test]
fn the_latest_assessment_of_a_moment_counts() {
    let of = |rows: &[Row]| {
        let counts = status(&[&[event(1, ASKED, 10)], rows].concat(), Unit::Person);
        let some = counts.some();
        let some = some.iter().filter(|(key, _)| !key.ends_with("base") && !key.ends_with("answered"));
        some.map(|(key, _)| (*key).to_owned()).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(of(&[risk(1, 5, 0, HIGH), risk(1, 20, 0, LOW)]), "all t0 low");
    assert_eq!(of(&[risk(1, 20, 0, LOW), risk(1, 5, 0, HIGH)]), "all t0 low", "whatever the order of rows");
    assert_eq!(of(&[risk(1, 5, 0, HIGH), risk(1, 20, 0, NONE)]), "all t0 high", "no value, no assessment");
    assert_eq!(of(&[risk(1, -1, 0, HIGH)]), "", "before the period");
    assert_eq!(of(&[risk(1, 0, 0, HIGH), risk(1, 301, 0, LOW)]), "all t0 high", "after the snapshot");
    // Of one day: the partner named first, then the code named first.
    assert_eq!(of(&[risk(1, 20, 0, LOW).from(1), risk(1, 20, 0, HIGH)]), "all t0 high");
    assert_eq!(of(&[risk(1, 20, 0, HIGH), risk(1, 20, 0, MEDIUM)]), "all t0 medium");
}

#[test]
fn scores_that_tie_in_all_else_count_as_the_least() {
    let rows = |a, b| [event(1, ASKED, 0), score(1, 5, 0, a), score(1, 5, 0, b)];
    for rows in [rows(600, 350), rows(350, 600)] {
        let counts = counted(&rows, kind("score", ChangeView::Status), Unit::Person, 300);
        assert_eq!(counts.of("all t0 ..35.0"), 1);
    }
}

#[test]
fn bands_reach_up_to_their_limits() {
    let rows = [
        (1, 0, "..35.0"),
        (2, 350, "..35.0"),
        (3, 351, "35.1..50.0"),
        (4, 500, "35.1..50.0"),
        (5, 501, "50.1.."),
        (6, 1000, "50.1.."),
    ];
    for (person, value, band) in rows {
        let rows = [event(person, ASKED, 0), score(person, 5, 1, value)];
        let counts = counted(&rows, kind("score", ChangeView::Status), Unit::Person, 300);
        assert_eq!(counts.of(&format!("all t1 {band}")), 1, "{value}");
    }
    let measure = Measure { unit: "point".to_owned(), decimals: 0, min: -9, max: 9 };
    let bands = bands(&measure, &[-3, 4]);
    let bands: Vec<_> = bands.iter().map(|(code, title)| (code.as_str(), title.en.as_str())).collect();
    assert_eq!(bands, [("..-3", "at most -3"), ("-2..4", "-2 to 4"), ("5..", "5 or more")]);
}

#[test]
fn direction_needs_both_ends_and_the_least_change() {
    let rows = |a, b| [event(1, ASKED, 0), score(1, 1, 0, a), score(1, 60, 1, 0), score(1, 90, 2, b)];
    for (a, b, wanted) in [
        (400, 499, "same"),
        (400, 500, "higher"),
        (400, 301, "same"),
        (400, 300, "lower"),
        (400, 400, "same"),
    ] {
        let counts = counted(&rows(a, b), kind("score", ChangeView::Direction), Unit::Person, 300);
        let wanted = format!("all {wanted}");
        let some = [("all base", 1), ("all both", 1), (wanted.as_str(), 1)];
        assert_eq!(counts.some(), some, "{a} {b}");
    }
    let half = [event(1, ASKED, 0), score(1, 1, 0, 400), score(1, 60, 1, 0)];
    let counts = counted(&half, kind("score", ChangeView::Direction), Unit::Person, 300);
    assert_eq!(counts.some(), [("all base", 1)], "not assessed at the end");
    // The least change of a scale is none of a rating.
    let rated = [event(1, ASKED, 0), risk(1, 1, 0, LOW), risk(1, 90, 2, MEDIUM)];
    let counts = counted(&rated, kind("risk", ChangeView::Direction), Unit::Person, 300);
    assert_eq!(counts.of("all higher"), 1);
}

#[test]
fn a_case_has_the_highest_of_its_persons() {
    let of = |rows: &[Row]| rows.iter().map(|row| row.clone().case(1)).collect::<Vec<_>>();
    let asked = event(1, ASKED, 0);
    let mut rows = of(&[asked.clone(), risk(1, 0, 0, LOW), risk(2, 1, 0, HIGH), risk(2, 3, 0, MEDIUM)]);
    // Person 1 is in another case too, with assessments of its own, the highest first.
    rows.extend([asked.case(2), risk(1, 8, 0, HIGH).case(2), risk(3, 9, 0, LOW).case(2)]);
    let counts = status(&rows, Unit::Case);
    assert_eq!((counts.of("all t0 base"), counts.of("all t0 answered")), (2, 2));
    assert_eq!((counts.of("all t0 medium"), counts.of("all t0 high")), (1, 1));
}

#[test]
fn a_rating_that_the_programme_does_not_have_is_a_fault() {
    let rows = [event(1, ASKED, 10), risk(1, 5, 0, 3)];
    let counts = counted_without(&rows, kind("risk", ChangeView::Status), Unit::Person, 300, None);
    assert_eq!(counts.err(), Some(CountError::OtherProgramme));
}

/// Units, sum and sum of squares.
type Sums = (u64, i128, i128);

fn means(rows: &[Row]) -> Vec<(String, Option<Sums>)> {
    let counts = counted(rows, kind("score", ChangeView::Mean), Unit::Person, 300);
    let moments = |cell: &crate::disclosure::RawCell| match &cell.extra {
        Some(Extra::Mean(moments)) => Some((moments.units, moments.sum, moments.squares)),
        _ => None,
    };
    counts.tabulation.cells.iter().map(|cell| (cell.key.join(" "), moments(cell))).collect()
}

#[test]
fn means_are_of_those_assessed_at_both_ends() {
    let rows = [
        event(1, ASKED, 0),
        score(1, 1, 0, 300),
        score(1, 90, 2, 200),
        event(2, ASKED, 0),
        event(2, DONE, 9),
        score(2, 1, 0, 500),
        score(2, 90, 2, 505),
        event(3, ASKED, 0),
        score(3, 1, 0, 999),
    ];
    let wanted = [
        ("all base", None),
        ("all baseline", Some((2, 800, 340_000))),
        ("all end", Some((2, 705, 295_025))),
        ("all change", Some((2, -95, 10_025))),
        ("completers base", None),
        ("completers baseline", Some((1, 500, 250_000))),
        ("completers end", Some((1, 505, 255_025))),
        ("completers change", Some((1, 5, 25))),
    ];
    assert_eq!(means(&rows), wanted.map(|(key, moments)| (key.to_owned(), moments)));
}

/// Baseline, end and change are of the same persons, and R8 holds figures of the same persons against each other: each
/// must be shown as its own. The two analyses of one figure are held, as they would else be subtracted.
#[test]
fn each_mean_is_shown_as_its_own() {
    let mut rows = Vec::new();
    for person in 1..=40 {
        rows.extend([event(person, ASKED, 0), score(person, 1, 0, 200), score(person, 90, 2, 600)]);
        if person != 1 {
            rows.push(event(person, DONE, 90));
        }
    }
    rows.push(score(1, 91, 2, 1000));
    let programme = programme();
    let plan = planned(&programme, kind("score", ChangeView::Mean), Unit::Person, 300);
    let snapshot = snapshot(&programme, &rows, 300);
    let tabulation = count(&plan, &snapshot, &permits(&plan, None)).expect("it is counted");
    let mut ledger = Ledger::default();
    let pending = release(
        super::super::made_up::not_crossing(tabulation),
        &plan.release_context(1, None),
        &Rules::standard(),
        &ledger,
    )
    .expect("well formed");
    let table = ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("kept").into_value();
    let at = table.figures.iter().position(|head| head.id == "mean").expect("a mean");
    assert_eq!(table.figures[at].unit.as_ref().map(|unit| unit.en.as_str()), Some("point"));
    let mean = |key: &str| {
        let row = table.rows.iter().find(|row| row.key.join(" ") == key).expect("there");
        match row.figures[at] {
            Some(Figure::Number(mean)) => Some(mean),
            _ => None,
        }
    };
    // 61 points at the end on the grid of sums: 2440 over 40.
    for (what, wanted) in [("baseline", 20.0), ("end", 61.0), ("change", 41.0)] {
        let (all, completers) = (mean(&format!("all {what}")), mean(&format!("completers {what}")));
        assert!((all.expect("shown") - wanted).abs() < 0.01, "{what}: {all:?}");
        assert_eq!(all, completers, "nobody learns what the one who left had");
    }
    // All 40 answered, and at most 7 may be said not to have: R4.
    assert_eq!((mean("all base"), table.response), (None, Some(Rate::AtLeast(82))));
}

/// 15 points more, at a deviation of 10.1 at baseline, which is shown as 10.
#[test]
fn the_standardised_change_is_made_of_shown_figures() {
    let mut rows = Vec::new();
    for person in 1..=40 {
        let before = if person % 2 == 0 { 300 } else { 100 };
        rows.extend([
            event(person, ASKED, 0),
            score(person, 1, 0, before),
            score(person, 90, 2, before + 150),
        ]);
    }
    let programme = programme();
    let plan = planned(&programme, kind("score", ChangeView::Mean), Unit::Person, 300);
    let snapshot = snapshot(&programme, &rows, 300);
    let tabulation = count(&plan, &snapshot, &permits(&plan, None)).expect("it is counted");
    let mut ledger = Ledger::default();
    let pending = release(
        super::super::made_up::not_crossing(tabulation),
        &plan.release_context(1, None),
        &Rules::standard(),
        &ledger,
    )
    .expect("well formed");
    let released = ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("kept");
    let table = plan.derive(released).into_value();
    let at = table.rows.iter().position(|row| row.key.join(" ") == "all change").expect("there");
    assert_eq!(table.figure(at, "standardised"), Some(Figure::Number(1.5)));
    assert_eq!(table.figure(at - 1, "standardised"), None, "of the change alone");
    assert!(table.rows.iter().all(|row| row.figures.len() == table.figures.len()));
}

/// A person's score at a moment in another way: every row is held against every other one.
fn slowly(rows: &[Row], person: u32, moment: i64) -> Option<i64> {
    let known = |row: &&Row| {
        let of = row.set == SCALE && row.person == person && row.values[0] == moment;
        of && row.values[2] != NONE && (0..=300).contains(&row.day)
    };
    // The latest day; then partner, moment and rating as the programme names them, a missing one last; then the score.
    let key = |row: &Row| {
        let risk = if row.values[1] == NONE { 255 } else { row.values[1] };
        (-row.day, row.source, risk, row.values[2])
    };
    let known: Vec<&Row> = rows.iter().filter(known).collect();
    let first = known.iter().find(|row| known.iter().all(|other| key(row) <= key(other)))?;
    Some(first.values[2])
}

proptest! {
    /// The sums of the scores are those of the slow way.
    #[test]
    fn means_are_those_of_the_slow_way(
        rows in prop::collection::vec((1u32..5, -2i32..6, 0u8..2, 0i64..3, -1i64..3, -1i64..1001), 0..60),
        steps in prop::collection::vec((1u32..5, -2i32..95, any::<bool>()), 0..20),
    ) {
        let mut all: Vec<Row> = rows
            .iter()
            .map(|(person, day, source, moment, risk, score)| {
                row(SCALE, *person, *day, &[*moment, *risk, *score]).from(*source)
            })
            .collect();
        let stage = |done: bool| if done { DONE } else { ASKED };
        all.extend(steps.iter().map(|(person, day, done)| event(*person, stage(*done), *day)));
        let index = |person: u32| {
            let asked = steps.iter().filter(|(of, day, done)| *of == person && !*done && (0..90).contains(day));
            asked.map(|(_, day, _)| *day).min()
        };
        let completed = |person: u32| {
            index(person).is_some_and(|index| {
                steps.iter().any(|(of, day, done)| *of == person && *done && *day >= index)
            })
        };
        let mut wanted = Vec::new();
        for analysis in ["all", "completers"] {
            let units: Vec<u32> = (1..5)
                .filter(|person| index(*person).is_some() && (analysis == "all" || completed(*person)))
                .collect();
            let both = units.iter().filter_map(|person| {
                slowly(&all, *person, 0).zip(slowly(&all, *person, 2))
            });
            let both: Vec<(i64, i64)> = both.collect();
            let sums = |of: fn(&(i64, i64)) -> i64| {
                let values: Vec<i128> = both.iter().map(|pair| i128::from(of(pair))).collect();
                let squares = values.iter().map(|value| value * value).sum::<i128>();
                Some((values.len() as u64, values.iter().sum::<i128>(), squares))
            };
            wanted.push((format!("{analysis} base"), None));
            wanted.push((format!("{analysis} baseline"), sums(|pair| pair.0)));
            wanted.push((format!("{analysis} end"), sums(|pair| pair.1)));
            wanted.push((format!("{analysis} change"), sums(|pair| pair.1 - pair.0)));
        }
        prop_assert_eq!(means(&all), wanted);
    }

    /// Whatever the rows: codes sum to those assessed, directions to those assessed at both ends, completers are some
    /// of all; and the order of rows never matters.
    #[test]
    fn the_cells_add_up(
        rows in prop::collection::vec((1u32..6, -2i32..95, 0i64..3, -1i64..3, -1i64..1001), 0..50),
        steps in prop::collection::vec((1u32..6, -2i32..95, any::<bool>()), 0..20),
    ) {
        let mut all: Vec<Row> = rows
            .iter()
            .map(|(person, day, moment, risk, score)| row(SCALE, *person, *day, &[*moment, *risk, *score]))
            .collect();
        let stage = |done: bool| if done { DONE } else { ASKED };
        all.extend(steps.iter().map(|(person, day, done)| event(*person, stage(*done), *day)));
        for value in ["risk", "score"] {
            let states: &[&str] = match value {
                "risk" => &["low", "medium", "high"],
                _ => &["..35.0", "35.1..50.0", "50.1.."],
            };
            let status = counted(&all, kind(value, ChangeView::Status), Unit::Person, 300);
            let direction = counted(&all, kind(value, ChangeView::Direction), Unit::Person, 300);
            for analysis in ["all", "completers"] {
                for moment in ["t0", "t1", "t2"] {
                    let of = |state: &str| status.of(&format!("{analysis} {moment} {state}"));
                    prop_assert_eq!(states.iter().map(|state| of(state)).sum::<u64>(), of("answered"));
                    prop_assert!(of("answered") <= of("base"));
                }
                let of = |state: &str| direction.of(&format!("{analysis} {state}"));
                prop_assert_eq!(of("lower") + of("same") + of("higher"), of("both"));
                let answered = status.of(&format!("{analysis} t0 answered"));
                prop_assert!(of("both") <= answered);
            }
            for (table, whole) in [(&status, "answered"), (&direction, "both")] {
                let cells = &table.tabulation.cells;
                let wholes = (0..cells.len()).filter(|at| cells[*at].key.last().is_some_and(|id| id == whole));
                let parts = |at: usize| (0..cells.len()).filter(|part| cells[*part].of == Some(at)).collect();
                let complete = wholes.map(|at| (at, parts(at))).collect::<Vec<(usize, Vec<usize>)>>();
                prop_assert_eq!(&table.tabulation.complete, &complete);
                for (at, parts) in complete {
                    let units = parts.iter().map(|part| cells[*part].units).sum::<u64>();
                    prop_assert_eq!(units, cells[at].units);
                }
            }
            for (key, units) in &status.units {
                if let Some(rest) = key.strip_prefix("completers") {
                    let of_all = status.of(&format!("all{rest}"));
                    prop_assert!(*units <= of_all);
                }
            }
            let mut reversed = all.clone();
            reversed.reverse();
            let again = counted(&reversed, kind(value, ChangeView::Status), Unit::Person, 300);
            prop_assert_eq!(&again.units, &status.units);
        }
    }
}
