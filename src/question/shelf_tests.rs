//! What is kept is given out for the same basis only, and never takes more room than there is.

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

/// Permits of one text: everybody's, or nobody's under `withdrawn`. Counts the datasets that were made.
struct Texts<'a> {
    programme: &'a Programme,
    plan: &'a Plan,
    basis: &'a str,
    made: Vec<Permits>,
}

impl Permitting for Texts<'_> {
    type Error = CountError;

    fn recipient(&self) -> &str {
        "vive"
    }

    fn permits(&mut self, dataset: usize) -> Result<(&Permits, u64), CountError> {
        self.made.push(if self.basis == "withdrawn" {
            Permits::builder(self.plan.span()).build()
        } else {
            open(self.programme, self.plan, dataset)
        });
        let version = u64::from(self.basis.as_bytes()[self.basis.len() - 1]);
        Ok((self.made.last().expect("made just now"), version))
    }

    fn changed_since(&mut self, _: usize, _: u64) -> Option<Vec<u32>> {
        None
    }
}

/// Asks a question of a shelf; the number of persons counted in all cells, and how many readings were not there.
fn ask(
    shelf: &mut Shelf,
    programme: &Programme,
    snapshot: &Snapshot,
    question: &str,
    basis: &str,
) -> (u64, usize) {
    let plan = planned(programme, question, snapshot.day);
    let mut texts = Texts { programme, plan: &plan, basis, made: Vec::new() };
    let prepared = shelf.prepared(&plan, snapshot, &mut texts);
    let counted = count_prepared(&plan, &prepared.expect("prepared"), &super::super::Progress::default());
    // Each dataset is asked for its version, and those that are not there for their permits.
    let compiled = texts.made.len() - plan.datasets().len();
    (counted.expect("counted").cells.iter().map(|cell| cell.units).sum(), compiled)
}

#[test]
fn a_second_question_compiles_nothing_again() {
    let programme = programme();
    let snapshot = snapshot(&programme, 1);
    let mut shelf = Shelf::new(1 << 20);
    let first = ask(&mut shelf, &programme, &snapshot, "reach", "state 1");
    let datasets = planned(&programme, "reach", snapshot.day).datasets().to_vec();
    assert!(first.0 > 0);
    assert_eq!(first.1, datasets.len());
    assert_eq!(ask(&mut shelf, &programme, &snapshot, "reach", "state 1"), (first.0, 0));
    // Of the same days and other datasets: those alone that are not there yet.
    let others = planned(&programme, "overlap", snapshot.day).datasets().to_vec();
    let new = others.iter().filter(|dataset| !datasets.contains(dataset)).count();
    assert_eq!(ask(&mut shelf, &programme, &snapshot, "overlap", "state 1").1, new);
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
    assert_eq!(ask(&mut shelf, &programme, &later, "reach", "state 1").1, 3);
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

/// Permits of a row of versions, each of which some persons withdrew from.
struct Versions<'a> {
    programme: &'a Programme,
    plan: &'a Plan,
    version: u64,
    withdrawn: &'a [Vec<u32>],
    made: Option<Permits>,
}

impl Permitting for Versions<'_> {
    type Error = CountError;

    fn recipient(&self) -> &str {
        "vive"
    }

    fn permits(&mut self, dataset: usize) -> Result<(&Permits, u64), CountError> {
        let gone: Vec<u32> = self.withdrawn[..self.version as usize].concat();
        let mut builder = Permits::builder(self.plan.span());
        for source in &self.programme.datasets[dataset].partners {
            let all = (*self.plan.span().start(), *self.plan.span().end());
            builder = builder.in_order(*source, |each| {
                (0..=PERSONS).filter(|person| !gone.contains(person)).for_each(|person| each(person, &[all]));
            });
        }
        Ok((self.made.insert(builder.build()), self.version))
    }

    fn changed_since(&mut self, _: usize, version: u64) -> Option<Vec<u32>> {
        let mut changed = self.withdrawn[version as usize..self.version as usize].concat();
        changed.sort_unstable();
        Some(changed)
    }
}

#[test]
fn a_reading_made_from_the_one_before_is_the_one_made_anew() {
    let programme = programme();
    let snapshot = snapshot(&programme, 1);
    let withdrawn = [vec![3, 64, 299], vec![1], vec![], (100..200).collect()];
    for question in ["reach", "funnel", "overlap"] {
        let plan = planned(&programme, question, snapshot.day);
        let mut shelf = Shelf::new(1 << 20);
        let mut counted = Vec::new();
        for version in 0..=4 {
            let mut of =
                Versions { programme: &programme, plan: &plan, version, withdrawn: &withdrawn, made: None };
            let kept = shelf.prepared(&plan, &snapshot, &mut of).expect("prepared");
            let anew = Shelf::new(0).prepared(&plan, &snapshot, &mut of).expect("prepared");
            for (kept, anew) in kept.sets.iter().zip(&anew.sets) {
                assert!(*kept.reading == *anew.reading, "version {version}");
            }
            assert_eq!(kept.leaving(), anew.leaving());
            let of = count_prepared(&plan, &kept, &super::super::Progress::default()).expect("counted");
            counted.push(of.cells.iter().map(|cell| cell.units).sum::<u64>());
        }
        assert!(counted[0] > counted[1] && counted[1] > counted[2] && counted[2] == counted[3]);
        assert!(counted[3] > counted[4], "{counted:?}");
    }
}
