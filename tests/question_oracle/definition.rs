//! Random programmes: partners, datasets, dimensions, populations, stages.

use kobling::programme::{
    Code, CodeList, Column, Dataset, Dimension, DimensionSource, Event, Filter, Measure, Partner,
    PartnerKind, Population, Precision, Programme, Role, Stage, Text,
};
use kobling::secret::SeededRandom;

use crate::random::{below, codes, once_in, pick, some_of, up_to};

/// Lists of codes, with how many they have.
pub(crate) const LISTS: [(&str, u8); 5] =
    [("step", 3), ("role", 2), ("area", 3), ("moment", 3), ("rating", 4)];
/// Category columns that a dataset may have, with the list of each.
pub(crate) const CATEGORIES: [(&str, usize); 6] =
    [("step", 0), ("role", 1), ("area", 2), ("area2", 2), ("moment", 3), ("rating", 4)];
/// Measure columns that a dataset may have.
pub(crate) const MEASURES: [&str; 2] = ["amount", "planned"];
/// Dimensions.
pub(crate) const DIMENSIONS: [&str; 4] = ["area", "partner", "quarter", "role"];

/// What is replaced: a programme that passes the check.
const SKELETON: &str = r#"
[programme]
id = "x"
version = 1
title = { da = "t", en = "t" }
period = "2022-Q1..2023-Q4"
[roles]
custodian = "c"
operator = "o"
steward = "s"
evaluators = [{ id = "e", name = "E" }]
[[purpose]]
id = "p"
title = { da = "t", en = "t" }
[[partner]]
id = "org0"
name = "n"
kind = "ngo"
[[dataset]]
id = "set0"
title = { da = "t", en = "t" }
partners = ["org0"]
[[dataset.basis]]
purpose = "p"
kind = "task"
rests_on = "r"
[[dataset.column]]
id = "person"
role = "person"
[[dataset.column]]
id = "day"
role = "date"
[[question]]
id = "reach"
number = "Q1"
kind = "reach"
purpose = "p"
title = { da = "t", en = "t" }
definition = { da = "d", en = "e" }
dimensions = []
populations = []
datasets = ["set0"]
"#;

pub(crate) fn text() -> Text {
    Text { da: "t".to_owned(), en: "t".to_owned() }
}

/// A programme of 1 to 4 partners and 1 to 3 datasets; the first dataset has all columns. Its questions are added by
/// whoever asks.
pub(crate) fn definition(random: &mut SeededRandom) -> Programme {
    let mut programme = Programme::parse(SKELETON).unwrap_or_else(|error| panic!("{error}"));
    let partners = 1 + below(random, 4);
    programme.partners = (0..partners)
        .map(|n| Partner {
            id: format!("org{n}").parse().expect("a name"),
            name: "n".to_owned(),
            kind: PartnerKind::Ngo,
        })
        .collect();
    programme.code_lists = LISTS
        .iter()
        .map(|(list, number)| CodeList {
            id: (*list).to_owned(),
            codes: (0..*number)
                .map(|n| Code {
                    id: format!("{list}{n}").parse().expect("a name"),
                    title: text(),
                    also: Vec::new(),
                    ranges: Vec::new(),
                })
                .collect(),
        })
        .collect();
    let bases = programme.datasets[0].bases.clone();
    programme.datasets = (0..1 + below(random, 3))
        .map(|n| {
            let mut theirs = some_of(random, &(0..partners as u8).collect::<Vec<_>>());
            theirs.sort_unstable();
            let issuer = pick(random, &theirs);
            Dataset {
                id: format!("set{n}").parse().expect("a name"),
                title: text(),
                partners: theirs,
                bases: bases.clone(),
                retention_days: None,
                staff_issuer: once_in(random, 2).then(|| programme.partners[usize::from(issuer)].id.clone()),
                columns: columns(random, n == 0),
            }
        })
        .collect();
    programme.dimensions = DIMENSIONS.iter().map(|id| dimension(random, &programme, id)).collect();
    programme.populations = [("some", 3), ("other", 0)]
        .into_iter()
        .map(|(id, dimension)| Population {
            id: id.parse().expect("a name"),
            title: text(),
            dimension,
            codes: codes(random, if dimension == 3 { 2 } else { 3 }),
        })
        .collect();
    programme.stages = (0..6)
        .map(|n| Stage {
            id: format!("stage{n}").parse().expect("a name"),
            title: text(),
            events: events(random, &programme),
        })
        .collect();
    programme
}

fn columns(random: &mut SeededRandom, all: bool) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut add = |random: &mut SeededRandom, id: &str, role: Role, always: bool| {
        if always || all || !once_in(random, 3) {
            let required = role == Role::Date || once_in(random, 2);
            let id = id.parse().expect("a name");
            columns.push(Column {
                id,
                headers: Vec::new(),
                role,
                required,
                missing: Vec::new(),
                shareable: None,
                derive: None,
                precision: Precision::Day,
            });
        }
    };
    add(random, "person", Role::Person, true);
    add(random, "day", Role::Date, true);
    add(random, "related", Role::RelatedPerson, false);
    add(random, "kase", Role::Case, false);
    add(random, "staff", Role::Staff, false);
    for (id, list) in CATEGORIES {
        add(random, id, Role::Category { list }, false);
    }
    for id in MEASURES {
        let measure = Measure {
            unit: "u".to_owned(),
            decimals: 1,
            min: if id == "planned" { 0 } else { -15 },
            max: 1000,
        };
        add(random, id, Role::Measure(measure), false);
    }
    kobling::secret::shuffle(&mut columns, random);
    columns
}

fn dimension(random: &mut SeededRandom, programme: &Programme, id: &str) -> Dimension {
    let list = LISTS.iter().position(|(list, _)| *list == id);
    let source = match id {
        "partner" => DimensionSource::Partner,
        "quarter" => DimensionSource::Quarter,
        _ => {
            let mut columns = Vec::new();
            for (at, dataset) in programme.datasets.iter().enumerate() {
                let fit = |column: &Column| column.role == (Role::Category { list: list.expect("its list") });
                let fit = dataset.columns.iter().enumerate().filter(|(_, column)| fit(column));
                let fit = fit.map(|(column, _)| (at, column)).collect::<Vec<_>>();
                if !fit.is_empty() && (at == 0 || !once_in(random, 4)) {
                    columns.push(pick(random, &fit));
                }
            }
            DimensionSource::Columns { list: list.expect("its list"), columns }
        }
    };
    Dimension { id: id.parse().expect("a name"), title: text(), source }
}

/// One to three kinds of rows, mostly told apart by their step.
pub(crate) fn events(random: &mut SeededRandom, programme: &Programme) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for _ in 0..1 + below(random, 3) {
        let dataset = below(random, programme.datasets.len());
        let event = event(random, programme, dataset);
        if !events.contains(&event) {
            events.push(event);
        }
    }
    events
}

/// Rows of a dataset.
pub(crate) fn event(random: &mut SeededRandom, programme: &Programme, dataset: usize) -> Event {
    let columns = programme.datasets[dataset].columns.iter().enumerate();
    let categories = columns.filter_map(|(at, column)| match column.role {
        Role::Category { list } => Some((at, list)),
        _ => None,
    });
    let most = pick(random, &[1, 1, 2]);
    let filters = up_to(random, most, &categories.collect::<Vec<_>>());
    let mut filters: Vec<Filter> = filters
        .into_iter()
        .map(|(column, list)| Filter { column, codes: codes(random, LISTS[list].1) })
        .collect();
    filters.sort_by_key(|filter| filter.column);
    Event { dataset, filters }
}

/// Whether every row of a dataset has a code in a column dimension.
pub(crate) fn has_column(programme: &Programme, dimension: &str, dataset: usize) -> bool {
    let dimension =
        programme.dimensions.iter().find(|known| known.id.as_str() == dimension).expect("registered");
    let DimensionSource::Columns { columns, .. } = &dimension.source else { return true };
    let mut of = columns.iter().filter(|(at, _)| *at == dataset);
    of.any(|(_, column)| programme.datasets[dataset].columns[*column].required)
}
