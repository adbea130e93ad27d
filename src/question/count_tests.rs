use std::sync::Arc;

use super::super::{Ask, plan};
use super::*;
use crate::disclosure::Rules;
use crate::programme::Programme;
use crate::snapshot::Columns;

/// Rows without a person, at a source that rests on consent: nobody can permit them, and nobody leaves because of them.
#[test]
fn nobody_leaves_with_anonymous_rows() {
    let programme = Programme::parse(include_str!("../../programmes/interventionsmodel.toml"))
        .unwrap_or_else(|error| panic!("{error}"));
    let day = |text: &str| text.parse::<crate::clock::Day>().expect("a day");
    let at = programme.datasets.iter().position(|dataset| dataset.id.as_str() == "forloeb").expect("there");
    let columns = |dataset: usize| {
        let rows = if dataset == at { 3 } else { 0 };
        let of = |role: fn(&crate::programme::Role) -> bool| {
            programme.datasets[dataset].columns.iter().map(move |column| role(&column.role))
        };
        Arc::new(Columns {
            offsets: vec![0, rows, rows],
            day: vec![day("2022-02-02").days(); rows as usize],
            source: vec![programme.datasets[dataset].partners[0]; rows as usize],
            categories: of(|role| matches!(role, crate::programme::Role::Category { .. }))
                .map(|category| category.then(|| vec![0; rows as usize]))
                .collect(),
            measures: of(|role| matches!(role, crate::programme::Role::Measure(_)))
                .map(|measure| measure.then(|| vec![0; rows as usize]))
                .collect(),
            ..Columns::default()
        })
    };
    let sealed = day("2023-02-01");
    let snapshot = Snapshot {
        id: 1,
        day: sealed,
        persons: 1,
        families: vec![0, 1].into(),
        withheld: crate::snapshot::Withheld::default(),
        datasets: (0..programme.datasets.len()).map(columns).collect(),
    };
    let ask = Ask {
        question: "reach".parse().expect("a name"),
        by: Vec::new(),
        period: "2022-Q1".parse().expect("a period"),
        population: None,
    };
    let plan = plan(&programme, &ask, sealed, sealed, &Rules::standard()).expect("a plan");
    let permits = plan.datasets().iter().map(|dataset| {
        let none = std::collections::BTreeMap::new();
        let partners = programme.datasets[*dataset].partners.iter();
        partners
            .fold(Permits::builder(plan.span()), |builder, source| builder.consent(*source, &none))
            .build()
    });
    let counted = count(&plan, &snapshot, &permits.collect::<Vec<_>>()).expect("counted");
    assert!(counted.left_out.is_empty() && counted.cells.iter().all(|cell| cell.contributors.is_empty()));
}
