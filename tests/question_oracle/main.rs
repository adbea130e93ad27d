//! The kernels against plain SQL over the raw rows, on random programmes, snapshots and consents. The SQL shares no
//! code with them: not the walk over permitted rows, not the index row, not the cells.
#![cfg(feature = "service")]

mod sql;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use kobling::disclosure::{Ledger, ReleaseContext, Rules, Shape, Tabulation, release};
use kobling::question::{Ask, count, plan};
use proptest::prelude::*;
use world::World;

/// What a tabulation says, in a form that can be compared and shown: these persons are made up.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Answer {
    /// By key: the persons, and how many families. Cells that nobody is in are left out.
    pub cells: BTreeMap<Vec<String>, (BTreeSet<u32>, u64)>,
    /// Persons left out, and how many families.
    pub left_out: (BTreeSet<u32>, u64),
}

fn answer(tabulation: &Tabulation) -> Answer {
    let cells = tabulation.cells.iter().filter(|cell| !cell.contributors.is_empty());
    Answer {
        cells: cells.map(|c| (c.key.clone(), (c.contributors.iter().collect(), c.families))).collect(),
        left_out: (tabulation.left_out.iter().collect(), tabulation.left_out_families),
    }
}

fn counted(world: &World, ask: &Ask) -> Tabulation {
    planned_and_counted(world, ask).1
}

fn planned_and_counted(world: &World, ask: &Ask) -> (ReleaseContext, Tabulation) {
    let plan = plan(&world.programme, ask, world.snapshot.day, world.snapshot.day, &Rules::standard())
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    let permits = world.permits(&plan);
    let tabulation = count(&plan, &world.snapshot, &permits).unwrap_or_else(|error| panic!("{error}"));
    (plan.release_context(world.snapshot.id), tabulation)
}

/// Which combinations of dimensions and population are asked: all up to two dimensions.
fn asks(world: &World) -> Vec<Ask> {
    let dimensions = ["area", "partner", "quarter", "role"];
    let mut by = vec![vec![], dimensions[..3].to_vec(), dimensions[1..].to_vec()];
    for (at, one) in dimensions.iter().enumerate() {
        by.push(vec![*one]);
        by.extend(dimensions[at + 1..].iter().map(|other| vec![*other, *one]));
    }
    let mut asks = Vec::new();
    for question in ["reach", "funnel", "overlap", "quality"] {
        for (at, by) in by.iter().enumerate() {
            asks.push(Ask {
                question: question.parse().expect("a name"),
                by: by.iter().map(|name| name.parse().expect("a name")).collect(),
                period: world.period,
                population: (at % 2 == 1).then(|| "some".parse().expect("a name")),
            });
        }
    }
    asks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_question_is_answered_as_plain_sql_answers_it(seed in any::<u64>(), rows in 0..120u64, persons in 1..14u32) {
        let world = World::generate(seed, rows, persons);
        let sql = sql::Oracle::new(&world);
        for ask in asks(&world) {
            let (context, tabulation) = planned_and_counted(&world, &ask);
            prop_assert_eq!(answer(&tabulation), sql.answer(&world, &ask), "{}", ask.key());
            let keys = tabulation.cells.iter().map(|cell| cell.key.clone()).collect::<BTreeSet<_>>();
            prop_assert_eq!(keys.len(), tabulation.cells.len(), "a key stands once");
            let sorted = ask.by.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
            prop_assert!(tabulation.columns.iter().take(sorted.len()).eq(sorted.iter()), "{:?}", tabulation.columns);
            match tabulation.shape {
                Shape::Partition => {
                    let sum = tabulation.cells.iter().map(|cell| cell.contributors.len()).sum::<u64>();
                    let all = tabulation.cells.iter().fold(roaring::RoaringBitmap::new(), |all, c| all | &c.contributors);
                    prop_assert_eq!(sum, all.len(), "nobody is in two cells");
                }
                Shape::Chain { step_column } => for pair in tabulation.cells.windows(2) {
                    if pair[0].key[..step_column] == pair[1].key[..step_column] {
                        prop_assert!(pair[1].contributors.is_subset(&pair[0].contributors), "steps are nested");
                    }
                },
                Shape::Overlap => {}
            }
            prop_assert!(release(tabulation, &context, &Rules::standard(), &Ledger::default()).is_ok());
        }
    }

    /// Every combination of codes is a cell, in the programme's order, whether anybody is there or not; rows that say
    /// nothing have a code where the definition leaves room for such rows, and nowhere else.
    #[test]
    fn every_combination_of_codes_is_a_cell(seed in any::<u64>()) {
        let world = World::generate(seed, 20, 5);
        for question in ["reach", "funnel", "overlap"] {
            let ask = Ask {
                question: question.parse().expect("a name"),
                by: vec!["role".parse().expect("a name"), "quarter".parse().expect("a name")],
                period: world.period,
                population: None,
            };
            let roles = world.roles(question);
            let mut groups = Vec::new();
            for quarter in world.period.quarters() {
                groups.extend(roles.iter().map(|role| vec![quarter.to_string(), role.clone()]));
            }
            let tabulation = counted(&world, &ask);
            let mut keys = tabulation.cells.iter().map(|cell| cell.key[..2].to_vec()).collect::<Vec<_>>();
            prop_assert_eq!(keys.len() % groups.len(), 0);
            keys.dedup();
            prop_assert_eq!(keys, groups);
        }
    }

    /// Attack: reading the pattern of rows. Keys, columns and their order come from the question, never from the rows.
    #[test]
    fn the_form_of_a_table_tells_nothing_of_the_rows(seed in any::<u64>(), rows in 1..80u64) {
        let full = World::generate(seed, rows, 9);
        let empty = full.without_rows();
        for ask in asks(&full) {
            let (full, empty) = (counted(&full, &ask), counted(&empty, &ask));
            prop_assert_eq!(full.columns, empty.columns);
            prop_assert!(full.cells.iter().map(|c| &c.key).eq(empty.cells.iter().map(|c| &c.key)));
            prop_assert!(full.cells.iter().chain(&empty.cells).all(|c| !c.structural_zero));
        }
    }

    /// The order of rows within a person and day is the file's, which is random: it never decides anything.
    #[test]
    fn the_order_of_rows_on_a_day_never_matters(seed in any::<u64>(), rows in 1..80u64) {
        let one = World::generate(seed, rows, 5);
        let other = one.with_days_reversed();
        for ask in asks(&one) {
            prop_assert_eq!(answer(&counted(&one, &ask)), answer(&counted(&other, &ask)), "{}", ask.key());
        }
    }
}
