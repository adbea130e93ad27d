//! A small programme and hand-written rows, for the tests of kernels: two datasets with the same columns, three
//! partners, a case and a staff number where a row has one.
//!
//! Steps `a`, `b` and `c` of dataset 0 are stages 0 to 2; every row of dataset 1 is stage 3. The programme is of 2022
//! and 2023, and the snapshot of 2024-01-10.

use std::sync::Arc;

use super::{Ask, AskRefusal, Plan, count, plan};
use crate::clock::Day;
use crate::consent::Permits;
use crate::disclosure::{Contribution, Extra, RawCell, Rules, Tabulation};
use crate::intake::staged::{MISSING_CODE, MISSING_MEASURE};
use crate::programme::{
    Code, CodeList, Column, Dimension, DimensionSource, Event, Filter, Item, Measure, Partner, Precision,
    Programme, QuestionKind, Role, Stage, Text, Unit,
};
use crate::snapshot::{Columns, Snapshot};

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
id = "q"
number = "Q1"
kind = "reach"
purpose = "p"
title = { da = "t", en = "t" }
definition = { da = "d", en = "e" }
dimensions = []
populations = []
datasets = ["set0"]
"#;

/// Columns: staff, step, payer, amount with one decimal.
pub(super) const STAFF: usize = 2;
pub(super) const STEP: usize = 3;
pub(super) const PAYER: usize = 4;
pub(super) const AMOUNT: usize = 5;

/// A row.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) dataset: usize,
    pub(super) person: u32,
    pub(super) day: i32,
    pub(super) source: u8,
    pub(super) case: u32,
    pub(super) staff: u32,
    pub(super) step: u8,
    pub(super) payer: u8,
    pub(super) amount: i64,
}

/// A row of dataset 0 at partner 0, with a step and nothing else.
pub(super) fn row(person: u32, day: &str, step: char) -> Row {
    Row {
        dataset: 0,
        person,
        day: at(day),
        source: 0,
        case: 0,
        staff: 0,
        step: u8::try_from(step).expect("ASCII") - b'a',
        payer: MISSING_CODE,
        amount: MISSING_MEASURE,
    }
}

/// A day.
pub(super) fn at(day: &str) -> i32 {
    day.parse::<Day>().expect("a day").days()
}

pub(super) fn title() -> Text {
    Text { da: "t".to_owned(), en: "t".to_owned() }
}

/// Rows of a dataset with some steps; without any, every row.
pub(super) fn event(dataset: usize, steps: &[u8]) -> Event {
    let filter = Filter { column: STEP, codes: steps.to_vec() };
    Event { dataset, filters: if steps.is_empty() { Vec::new() } else { vec![filter] } }
}

/// Step `c` of dataset 0: its amounts, or its rows.
pub(super) fn item(measure: Option<usize>, price: Option<u64>) -> Item {
    let decimals = if price.is_some() { 2 } else { u8::from(measure.is_some()) };
    Item { events: vec![event(0, &[2])], measure: vec![measure], price, unit: title(), decimals }
}

/// The programme, with one question `q`.
pub(super) fn programme(kind: QuestionKind, unit: Unit) -> Programme {
    let mut programme = Programme::parse(SKELETON).unwrap_or_else(|error| panic!("{error}"));
    let partner =
        |n| Partner { id: format!("org{n}").parse().expect("a name"), ..programme.partners[0].clone() };
    programme.partners = (0..3).map(partner).collect();
    let list = |id: &str, codes: &[&str]| CodeList {
        id: id.to_owned(),
        codes: codes
            .iter()
            .map(|code| Code {
                id: code.parse().expect("a name"),
                title: title(),
                also: Vec::new(),
                ranges: Vec::new(),
            })
            .collect(),
    };
    programme.code_lists = vec![list("step", &["a", "b", "c"]), list("payer", &["x", "y"])];
    let roles = [
        ("person", Role::Person, true),
        ("day", Role::Date, true),
        ("staff", Role::Staff, false),
        ("step", Role::Category { list: 0 }, true),
        ("payer", Role::Category { list: 1 }, false),
        (
            "amount",
            Role::Measure(Measure { unit: "u".to_owned(), decimals: 1, min: -1_000_000, max: 1_000_000 }),
            false,
        ),
        ("kase", Role::Case, false),
    ];
    programme.datasets[0].partners = vec![0, 1, 2];
    programme.datasets[0].columns = roles
        .into_iter()
        .map(|(id, role, required)| Column {
            id: id.parse().expect("a name"),
            headers: Vec::new(),
            role,
            required,
            missing: Vec::new(),
            shareable: None,
            derive: None,
            precision: Precision::Day,
        })
        .collect();
    let mut second = programme.datasets[0].clone();
    second.id = "set1".parse().expect("a name");
    programme.datasets.push(second);
    let sources = [
        ("partner", DimensionSource::Partner),
        ("quarter", DimensionSource::Quarter),
        ("step", DimensionSource::Columns { list: 0, columns: vec![(0, STEP), (1, STEP)] }),
    ];
    programme.dimensions = sources
        .into_iter()
        .map(|(id, source)| Dimension { id: id.parse().expect("a name"), title: title(), source })
        .collect();
    let stage = |(n, event): (usize, Event)| Stage {
        id: format!("stage{n}").parse().expect("a name"),
        title: title(),
        events: vec![event],
    };
    let events = vec![event(0, &[0]), event(0, &[1]), event(0, &[2]), event(1, &[])];
    programme.stages = events.into_iter().enumerate().map(stage).collect();
    let question = &mut programme.questions[0];
    question.kind = kind;
    question.unit = unit;
    question.dimensions = vec![0, 1, 2];
    programme
}

/// A plan of `q`, asked and sealed after the programme's end.
pub(super) fn planned(programme: &Programme, by: &[&str], period: &str) -> Result<Plan, AskRefusal> {
    let ask = Ask {
        question: "q".parse().expect("a name"),
        by: by.iter().map(|name| name.parse().expect("a name")).collect(),
        period: period.parse().expect("a period"),
        population: None,
    };
    let day = "2024-01-10".parse().expect("a day");
    plan(programme, &ask, day, day, &Rules::standard())
}

/// The snapshot of some rows; person `p` is of family `families(p)`.
pub(super) fn snapshot(rows: &[Row], families: fn(u32) -> u32) -> Snapshot {
    let persons = rows.iter().map(|row| row.person).max().unwrap_or(0);
    let datasets = (0..2).map(|dataset| {
        let mut rows: Vec<&Row> = rows.iter().filter(|row| row.dataset == dataset).collect();
        rows.sort_by_key(|row| (row.person, row.day));
        let until = |person: u32| rows.partition_point(|row| row.person < person);
        let mut columns = Columns {
            offsets: (0..=persons + 1).map(|person| u32::try_from(until(person)).expect("few")).collect(),
            day: rows.iter().map(|row| row.day).collect(),
            source: rows.iter().map(|row| row.source).collect(),
            related: None,
            case: Some(rows.iter().map(|row| row.case).collect()),
            staff: vec![None; 7],
            categories: vec![None; 7],
            measures: vec![None; 7],
        };
        columns.staff[STAFF] = Some(rows.iter().map(|row| row.staff).collect());
        columns.categories[STEP] = Some(rows.iter().map(|row| row.step).collect());
        columns.categories[PAYER] = Some(rows.iter().map(|row| row.payer).collect());
        columns.measures[AMOUNT] = Some(rows.iter().map(|row| row.amount).collect());
        Arc::new(columns)
    });
    Snapshot {
        id: 1,
        day: "2024-01-10".parse().expect("a day"),
        persons,
        families: (0..=persons).map(families).collect(),
        withheld: crate::snapshot::Withheld::default(),
        datasets: datasets.collect(),
    }
}

/// What is counted of some rows, all of them permitted, every person a family.
pub(super) fn counted(
    kind: &QuestionKind,
    unit: Unit,
    by: &[&str],
    period: &str,
    rows: &[Row],
) -> Tabulation {
    let programme = programme(kind.clone(), unit);
    let plan = planned(&programme, by, period).expect("a plan");
    let open = |_: &usize| {
        (0..3).fold(Permits::builder(plan.span()), |builder, source| builder.open(source)).build()
    };
    let permits: Vec<Permits> = plan.datasets().iter().map(open).collect();
    count(&plan, &snapshot(rows, |person| person), &permits).expect("counted")
}

/// The same cells, where nobody asks who supplied them: one partner supplies all of most made-up rows, and R10 hides what
/// crosses partners then.
pub(super) fn not_crossing(mut tabulation: Tabulation) -> Tabulation {
    tabulation.cells.iter_mut().for_each(|cell| cell.crossing = None);
    tabulation
}

/// The cell of a key.
pub(super) fn cell<'a>(tabulation: &'a Tabulation, key: &[&str]) -> &'a RawCell {
    let found =
        tabulation.cells.iter().find(|cell| cell.key.iter().map(String::as_str).eq(key.iter().copied()));
    found.expect("a cell of this key")
}

/// Units of the cell of a key.
pub(super) fn units(tabulation: &Tabulation, key: &[&str]) -> u64 {
    cell(tabulation, key).units
}

/// Persons of the cell of a key.
pub(super) fn persons(tabulation: &Tabulation, key: &[&str]) -> Vec<u32> {
    cell(tabulation, key).contributors.iter().collect()
}

/// Parts of the sum of a key: family, partner, amount; in order.
pub(super) fn parts(tabulation: &Tabulation, key: &[&str]) -> Vec<(u32, u8, i64)> {
    let Some(Extra::Sum(parts)) = &cell(tabulation, key).extra else { panic!("no sum") };
    let part = |part: &Contribution| (part.family, part.source, part.amount);
    let mut parts: Vec<_> = parts.iter().map(part).collect();
    parts.sort_unstable();
    parts
}
