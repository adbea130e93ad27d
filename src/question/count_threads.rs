//! The count does not depend on how the work is shared.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::clock::{Day, Timestamp};
use crate::consent::{AsOf, ConsentEvent, Known, Use, fold};
use crate::disclosure::{RawCell, Rules};
use crate::programme::{Programme, Role};
use crate::question::{Ask, plan};
use crate::snapshot::Columns;

const PERSONS: u32 = 40_000;

fn programme() -> Programme {
    Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("a programme")
}

/// SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((z ^ (z >> 27)) >> 11) % bound
    }
}

/// Rows of all datasets: few of most persons, thousands of some, none of others, so that parts are of unequal weight.
fn snapshot(programme: &Programme, seed: u64) -> Snapshot {
    let mut numbers = Numbers(seed);
    let datasets = programme.datasets.iter().map(|dataset| {
        let mut rows: Vec<(u32, i32, u8)> = Vec::new();
        for person in 0..=PERSONS {
            let many = if numbers.below(9_000) == 0 { 3_000 } else { numbers.below(3) };
            for _ in 0..many {
                let source = dataset.partners[numbers.below(dataset.partners.len() as u64) as usize];
                rows.push((person, 18_600 + numbers.below(1_000) as i32, source));
            }
        }
        rows.sort_unstable();
        let until = |person: u32| rows.partition_point(|row| row.0 < person) as u32;
        let mut some = |bound: u64| rows.iter().map(|_| numbers.below(bound) as u32).collect::<Vec<_>>();
        let categories: Vec<Option<Vec<u8>>> = dataset
            .columns
            .iter()
            .map(|column| {
                let Role::Category { list } = column.role else { return None };
                let codes = programme.code_lists[list].codes.len() as u64;
                Some(some(codes).into_iter().map(|code| code as u8).collect())
            })
            .collect();
        Arc::new(Columns {
            offsets: (0..=PERSONS + 1).map(until).collect(),
            day: rows.iter().map(|row| row.1).collect(),
            source: rows.iter().map(|row| row.2).collect(),
            related: Some(some(u64::from(PERSONS))),
            case: Some(some(9_000)),
            staff: dataset.columns.iter().map(|_| None).collect(),
            categories,
            measures: dataset.columns.iter().map(|_| None).collect(),
        })
    });
    Snapshot {
        id: 1,
        day: "2024-01-31".parse().expect("a day"),
        persons: PERSONS,
        families: (0..=PERSONS).map(|person| person - person % 3).collect(),
        withheld: crate::snapshot::Withheld::default(),
        datasets: datasets.collect(),
    }
}

/// Of every ten persons, one permits nothing at a source that rests on consent, and one a window.
fn permits(programme: &Programme, plan: &Plan, seed: u64) -> Vec<Permits> {
    let permission = |source: u8, dataset: usize, from: &str| {
        let event: ConsentEvent = serde_json::from_value(serde_json::json!({
            "record": "c-1", "schema": 1, "kind": "given", "purposes": ["evaluation"], "recipients": ["vive"],
            "at": "2022-03-01T10:00:00Z", "valid_from": "2022-03-01", "rows": { "from": from },
            "notice": { "id": "samtykke", "version": "1", "sha256": "0f".repeat(32), "language": "da" },
            "method": "written", "given_by": "self", "recorded_by": "test", "legal_basis": "explicit-consent",
            "withdrawal_method": "digital", "retention_until": "2030-12-31"
        }))
        .expect("an event");
        let (purpose, recipient) = ("evaluation".parse().expect("a name"), "vive".parse().expect("a name"));
        let asked = Use {
            source,
            purpose: &purpose,
            recipient: &recipient,
            dataset: &programme.datasets[dataset].id,
            longest: None,
        };
        let now = AsOf::known_then(Timestamp::at_start_of(Day::from_days(19_800)));
        fold(&[Known::new(source, &event, event.at)], &asked, now)
    };
    let of = |dataset: &usize| {
        let mut builder = Permits::builder(plan.span());
        for (at, source) in programme.datasets[*dataset].partners.iter().enumerate() {
            if (at as u64).wrapping_add(seed).is_multiple_of(3) {
                builder = builder.open(*source);
                continue;
            }
            let (whole, late) =
                (permission(*source, *dataset, "2020-01-01"), permission(*source, *dataset, "2022-07-01"));
            let of = |person: u32| match (u64::from(person) * 7 + at as u64).wrapping_add(seed) % 10 {
                0 => None,
                1 => Some((person, late.clone())),
                _ => Some((person, whole.clone())),
            };
            builder = builder.consent(*source, &(1..=PERSONS).filter_map(of).collect::<BTreeMap<_, _>>());
        }
        builder.build()
    };
    plan.datasets().iter().map(of).collect()
}

fn said(cell: &RawCell) -> impl PartialEq + std::fmt::Debug + use<> {
    let crossing =
        cell.crossing.as_ref().map(|of| (of.supplied.clone(), of.suppliers.clone(), of.among.clone()));
    (cell.key.clone(), cell.contributors.clone(), cell.units, cell.families, crossing)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1))]

    #[test]
    fn one_thread_and_many_give_the_same_tabulation(seed in any::<u64>()) {
        let mut programme = programme();
        let snapshot = snapshot(&programme, seed);
        for unit in [Unit::Person, Unit::Case, Unit::Pair] {
            programme.questions.iter_mut().for_each(|question| question.unit = unit);
            for (question, by) in [("reach", &["role", "quarter"][..]), ("funnel", &["role"]), ("overlap", &[])] {
                let ask = Ask {
                    question: question.parse().expect("a name"),
                    by: by.iter().map(|name| name.parse().expect("a name")).collect(),
                    period: "2021-Q1..2023-Q2".parse().expect("a period"),
                    population: None,
                };
                let plan = plan(&programme, &ask, snapshot.day, snapshot.day, &Rules::standard()).expect("a plan");
                let prepared = Prepared::new(&plan, &snapshot, &permits(&programme, &plan, seed)).expect("prepared");
                let count = |threads| count_on(threads, &plan, &prepared, &Progress::default()).expect("counted");
                let (one, many) = (count(1), count(5));
                prop_assert_eq!(one.left_out, many.left_out);
                prop_assert!(one.cells.iter().any(|cell| cell.units > 0), "{} counts nobody", question);
                prop_assert!(question == "reach" || one.cells.iter().any(|cell| cell.crossing.is_some()));
                for (one, many) in one.cells.iter().zip(&many.cells) {
                    prop_assert_eq!(said(one), said(many));
                }
            }
        }
    }
}
