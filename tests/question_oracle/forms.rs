//! What no row decides: the form of a table, and the order of rows on a day.

use std::collections::{BTreeMap, BTreeSet};

use kobling::disclosure::{Ledger, RawCell, Rules, Shape, Tabulation, release};
use kobling::programme::{Event, Question, QuestionKind, Series, SeriesKind, Unit};
use kobling::question::Ask;
use kobling::secret::SeededRandom;
use proptest::prelude::*;

use crate::answer::answer;
use crate::asked::{KINDS, ask, question};
use crate::consents::Basis;
use crate::definition::has_column;
use crate::world::{Row, World};
use crate::{counted, planned};

/// A world, and one question of each kind.
fn world_and_asks(seed: u64) -> (World, Vec<Ask>) {
    let mut world = World::generate(seed);
    let random = &mut SeededRandom::from_number(seed ^ 0x51);
    world.programme.questions = KINDS.iter().map(|kind| question(random, &world, kind)).collect();
    let asks = world.programme.questions.iter().map(|question| ask(random, &world, question)).collect();
    (world, asks)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Shapes are what totals and rates rest on, and every table can be released.
    #[test]
    fn cells_lie_to_each_other_as_the_shape_says(seed in any::<u64>()) {
        let (world, asks) = world_and_asks(seed);
        for ask in asks {
            let tabulation = counted(&world, &ask);
            let mut sorted = ask.by.iter().map(ToString::to_string).collect::<Vec<_>>();
            sorted.sort();
            prop_assert_eq!(&tabulation.columns[..sorted.len()], &sorted[..]);
            match tabulation.shape {
                Shape::Partition => {
                    let units = tabulation.cells.iter().map(|cell| cell.units).sum::<u64>();
                    let persons = tabulation.cells.iter().map(|cell| cell.contributors.len()).sum::<u64>();
                    let all = tabulation.cells.iter().fold(roaring::RoaringBitmap::new(), |all, c| all | &c.contributors);
                    // A person can be in several pairs and cases.
                    let by_person = tabulation.cells.iter().all(|cell| cell.counted == kobling::disclosure::Counted::Person);
                    prop_assert!(!by_person || (units, persons) == (all.len(), all.len()), "nobody is in two cells");
                }
                Shape::Chain { step_column } => for pair in tabulation.cells.windows(2) {
                    if pair[0].key[..step_column] == pair[1].key[..step_column] {
                        prop_assert!(pair[1].contributors.is_subset(&pair[0].contributors), "steps are nested");
                        prop_assert!(pair[1].units <= pair[0].units);
                    }
                },
                Shape::Parts => for cell in &tabulation.cells {
                    if let Some(of) = cell.of {
                        let whole = &tabulation.cells[of];
                        prop_assert!(cell.contributors.is_subset(&whole.contributors), "a part of its whole");
                        prop_assert!(cell.units <= whole.units);
                    }
                },
                Shape::Overlap => {}
            }
            let context = planned(&world, &ask).release_context(1, None);
            prop_assert!(release(tabulation, &context, &Rules::standard(), &Ledger::default()).is_ok());
        }
    }

    /// Every combination of codes is a cell, in the programme's order, whether anybody is there or not; rows that say
    /// nothing have a code where the definition leaves room for such rows, and nowhere else.
    #[test]
    fn every_combination_of_codes_is_a_cell(seed in any::<u64>()) {
        let (world, asks) = world_and_asks(seed);
        for ask in asks {
            let question = world.programme.question(&ask.question).expect("registered");
            if matches!(question.kind, QuestionKind::Activity { .. }) {
                // It is by quarter already.
                continue;
            }
            let ask = Ask { by: vec!["role".parse().expect("a name"), "quarter".parse().expect("a name")], ..ask };
            let roles = roles(&world, &ask);
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
    fn the_form_of_a_table_tells_nothing_of_the_rows(seed in any::<u64>()) {
        let (full, asks) = world_and_asks(seed);
        let empty = full.with_rows(Vec::new());
        for ask in asks {
            let (full, empty) = (counted(&full, &ask), counted(&empty, &ask));
            prop_assert_eq!(full.columns, empty.columns);
            prop_assert_eq!(full.shape, empty.shape);
            prop_assert_eq!(full.differences, empty.differences);
            prop_assert_eq!(full.response, empty.response);
            prop_assert_eq!(full.complete, empty.complete);
            prop_assert_eq!(full.cells.len(), empty.cells.len());
            for (one, other) in full.cells.iter().zip(&empty.cells) {
                prop_assert_eq!(&one.key, &other.key);
                prop_assert_eq!((one.of, one.counted), (other.of, other.counted));
                prop_assert_eq!(one.extra.is_some(), other.extra.is_some());
                let crossing = |cell: &RawCell| cell.crossing.as_ref().map(|of| (of.suppliers.clone(), of.among.clone()));
                prop_assert_eq!(crossing(one), crossing(other));
            }
        }
    }

    /// What a cell says is decided by the index row, or by rows of one partner, unless it crosses: whatever another
    /// partner hands over besides rows of the index stage changes nothing of it.
    #[test]
    fn a_cell_that_does_not_cross_says_nothing_that_two_partners_know(seed in any::<u64>()) {
        let (mut world, asks) = world_and_asks(seed);
        world.bases.values_mut().for_each(|basis| *basis = Basis::Open);
        world.withheld.clear();
        // Amounts are told by family, and every partner's rows make families.
        world.rows.iter_mut().for_each(|row| (row.related, row.case) = (0, 0));
        for ask in asks {
            let question = world.programme.question(&ask.question).expect("registered");
            // Without an index stage, whose row is the first is told by the group.
            let by_group = question.kind.index().is_none() && !(ask.by.is_empty() && ask.population.is_none());
            let plain = matches!(question.kind, QuestionKind::Activity { .. } | QuestionKind::Reach { .. });
            // Other rows make the cases that a person's rows are followed in.
            if by_group || plain || question.unit != Unit::Person {
                continue;
            }
            let all = counted(&world, &ask);
            let said = |tabulation: &Tabulation| answer(tabulation).cells;
            let full = said(&all);
            let mut of_cell: BTreeMap<Vec<String>, BTreeSet<u8>> = BTreeMap::new();
            for source in 0..world.programme.partners.len() as u8 {
                let rows = world.rows.iter().filter(|row| row.source != source || starts(&world, question, row));
                let less = said(&counted(&world.with_rows(rows.cloned().collect()), &ask));
                for cell in all.cells.iter().filter(|cell| cell.crossing.is_none()) {
                    let one = full.get(&cell.key).map(|cell| (&cell.persons, &cell.extra));
                    if one != less.get(&cell.key).map(|cell| (&cell.persons, &cell.extra)) {
                        of_cell.entry(cell.key.clone()).or_default().insert(source);
                    }
                }
            }
            for (key, sources) in of_cell {
                prop_assert!(sources.len() == 1, "{:?} of {} depends on {:?}", key, ask.key(), sources);
            }
        }
    }

    /// Cells that are put together of others.
    #[test]
    fn parts_of_a_complete_whole_add_up(seed in any::<u64>()) {
        let (world, asks) = world_and_asks(seed);
        for ask in asks {
            let tabulation = counted(&world, &ask);
            for (whole, parts) in &tabulation.complete {
                let units = parts.iter().map(|part| tabulation.cells[*part].units).sum::<u64>();
                prop_assert_eq!(units, tabulation.cells[*whole].units);
                prop_assert!(parts.iter().all(|part| tabulation.cells[*part].of == Some(*whole)));
            }
        }
    }

    /// The order of rows within a person and day is the file's, which is random: it never decides anything.
    #[test]
    fn the_order_of_rows_on_a_day_never_matters(seed in any::<u64>()) {
        let (one, asks) = world_and_asks(seed);
        let other = one.with_rows(one.rows.iter().rev().cloned().collect());
        for ask in asks {
            prop_assert_eq!(answer(&counted(&one, &ask)), answer(&counted(&other, &ask)), "{}", ask.key());
        }
    }
}

/// Whether a row can be an index row: of a question without an index stage none counts as one.
fn starts(world: &World, question: &Question, row: &Row) -> bool {
    let programme = &world.programme;
    let stages = match &question.kind {
        QuestionKind::Comparison(comparison) => {
            comparison.cohorts.iter().map(|cohort| cohort.index).collect()
        }
        kind => kind.index().into_iter().collect::<Vec<_>>(),
    };
    let is = |event: &Event| {
        let columns = &programme.datasets[event.dataset].columns;
        event.dataset == row.dataset
            && event.filters.iter().all(|filter| {
                let id = columns[filter.column].id.as_str();
                let at = world.categories.iter().position(|known| known == id).expect("a category");
                row.codes[at].is_some_and(|code| filter.codes.contains(&code))
            })
    };
    stages.iter().any(|stage| programme.stages[*stage].events.iter().any(is))
}

/// The codes that the dimension `role` has in a question, as the definition has them.
fn roles(world: &World, ask: &Ask) -> Vec<String> {
    let programme = &world.programme;
    let question = programme.question(&ask.question).expect("registered");
    let stages = match &question.kind {
        QuestionKind::Comparison(comparison) => {
            comparison.cohorts.iter().map(|cohort| cohort.index).collect()
        }
        QuestionKind::Activity { series } => {
            let stage = |series: &Series| match series.what {
                SeriesKind::New { stage }
                | SeriesKind::Active { stage }
                | SeriesKind::Waiting { stage, .. } => Some(stage),
                SeriesKind::Staff { .. } => None,
            };
            series.iter().filter_map(stage).collect()
        }
        kind => kind.index().into_iter().collect::<Vec<_>>(),
    };
    let datasets = if stages.is_empty() {
        programme.datasets_of(question)
    } else {
        stages
            .iter()
            .flat_map(|stage| programme.stages[*stage].events.iter().map(|event| event.dataset))
            .collect()
    };
    let mut datasets = datasets;
    if let QuestionKind::Activity { series } = &question.kind {
        if stages.is_empty() {
            datasets.clear();
        }
        for series in series {
            if let SeriesKind::Staff { columns } = &series.what {
                datasets.extend(columns.iter().map(|(dataset, _)| *dataset));
            }
        }
    }
    let always = datasets.iter().all(|dataset| has_column(programme, "role", *dataset));
    let missing = (!always).then_some("(missing)");
    ["role0", "role1"].into_iter().chain(missing).map(str::to_owned).collect()
}
