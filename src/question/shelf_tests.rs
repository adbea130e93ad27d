//! What is kept is given out for the same basis only, and never takes more room than there is.

use std::cell::RefCell;

use super::*;
use crate::clock::Day;
use crate::disclosure::Rules;
use crate::programme::{Programme, Role};
use crate::question::{Ask, count, count_prepared, plan};
use crate::snapshot::Columns;

const PERSONS: u32 = 300;

fn programme() -> Programme {
    Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("a programme")
}

fn snapshot(programme: &Programme, id: u32) -> Snapshot {
    let datasets = programme.datasets.iter().map(|dataset| {
        let rows = PERSONS as usize;
        let categories = dataset
            .columns
            .iter()
            .map(|column| matches!(column.role, Role::Category { .. }).then(|| vec![0; rows]));
        Arc::new(Columns {
            offsets: std::iter::once(0).chain(0..=PERSONS).collect(),
            day: vec![19_000; rows],
            source: vec![dataset.partners[0]; rows],
            related: None,
            case: Some((0..PERSONS).map(|person| 1 + person / 2).collect()),
            staff: dataset.columns.iter().map(|_| None).collect(),
            categories: categories.collect(),
            measures: dataset.columns.iter().map(|_| None).collect(),
        })
    });
    Snapshot {
        id,
        day: "2024-01-31".parse().expect("a day"),
        persons: PERSONS,
        families: (0..=PERSONS).collect(),
        withheld: crate::snapshot::Withheld::default(),
        datasets: datasets.collect(),
    }
}

fn planned(programme: &Programme, question: &str, day: Day) -> Plan {
    let ask = Ask {
        question: question.parse().expect("a name"),
        by: Vec::new(),
        period: "2022-Q1".parse().expect("a period"),
        population: None,
    };
    plan(programme, &ask, day, day, &Rules::standard()).expect("a plan")
}

fn open(programme: &Programme, plan: &Plan, dataset: usize) -> Permits {
    let builder = Permits::builder(plan.span());
    programme.datasets[dataset].partners.iter().fold(builder, |builder, source| builder.open(*source)).build()
}

/// Asks a question of a shelf; the number of persons counted in all cells, and the datasets whose permits were asked for.
fn ask(
    shelf: &mut Shelf,
    programme: &Programme,
    snapshot: &Snapshot,
    question: &str,
    basis: &str,
) -> (u64, Vec<usize>) {
    let plan = planned(programme, question, snapshot.day);
    let asked = RefCell::new(Vec::new());
    let closed = basis == "withdrawn";
    let basis = Basis::new(snapshot.id, basis.to_owned());
    let prepared = shelf.prepared(&plan, snapshot, &basis, |dataset| {
        asked.borrow_mut().push(dataset);
        let permits =
            if closed { Permits::builder(plan.span()).build() } else { open(programme, &plan, dataset) };
        Ok::<_, CountError>(permits)
    });
    let counted = count_prepared(&plan, &prepared.expect("prepared"), &super::super::Progress::default());
    (counted.expect("counted").cells.iter().map(|cell| cell.units).sum(), asked.into_inner())
}

#[test]
fn a_second_question_compiles_nothing_again() {
    let programme = programme();
    let snapshot = snapshot(&programme, 1);
    let mut shelf = Shelf::new(1 << 20);
    let first = ask(&mut shelf, &programme, &snapshot, "reach", "state 1");
    let datasets = planned(&programme, "reach", snapshot.day).datasets().to_vec();
    assert!(first.0 > 0);
    assert_eq!(first.1, datasets);
    assert_eq!(ask(&mut shelf, &programme, &snapshot, "reach", "state 1"), (first.0, vec![]));
    // Of the same days and other datasets: those alone that are not there yet.
    let (_, asked) = ask(&mut shelf, &programme, &snapshot, "overlap", "state 1");
    assert!(asked.iter().all(|dataset| !datasets.contains(dataset)), "{asked:?}");
    let plan = planned(&programme, "reach", snapshot.day);
    let permits: Vec<Permits> = plan.datasets().iter().map(|at| open(&programme, &plan, *at)).collect();
    let plain = count(&plan, &snapshot, &permits).expect("counted");
    assert_eq!(plain.cells.iter().map(|cell| cell.units).sum::<u64>(), first.0);
}

/// Attack: asking again after a withdrawal, in the hope that what was kept still counts.
#[test]
fn after_a_withdrawal_nothing_that_was_kept_is_given_out() {
    let programme = programme();
    let snapshot = snapshot(&programme, 1);
    let mut shelf = Shelf::new(1 << 20);
    assert!(ask(&mut shelf, &programme, &snapshot, "reach", "state 1").0 > 0);
    assert_eq!(ask(&mut shelf, &programme, &snapshot, "reach", "withdrawn").0, 0);
    assert!(ask(&mut shelf, &programme, &snapshot, "reach", "state 1").0 > 0);
    // Nor after another seal.
    let later = self::snapshot(&programme, 2);
    assert_eq!(ask(&mut shelf, &programme, &later, "reach", "state 1").1.len(), 3);
}

#[test]
fn what_is_kept_has_a_bound_and_the_answer_does_not_depend_on_it() {
    let mut programme = programme();
    programme.questions.iter_mut().for_each(|question| question.unit = Unit::Case);
    let snapshot = snapshot(&programme, 1);
    for limit in [0, 1_000, 9_000, 20_000, 60_000, 1 << 20] {
        let mut shelf = Shelf::new(limit);
        for basis in ["state 1", "state 2", "state 3", "state 1"] {
            for question in ["reach", "funnel", "overlap"] {
                let got = ask(&mut shelf, &programme, &snapshot, question, basis).0;
                assert_eq!(got, ask(&mut Shelf::new(0), &programme, &snapshot, question, basis).0);
                assert!(shelf.bytes() <= limit, "{} of {limit}", shelf.bytes());
            }
        }
    }
}
