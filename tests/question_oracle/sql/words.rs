//! A programme's words as conditions of SQL.

use kobling::programme::{DimensionSource, Event, Programme};

use super::Asked;

/// Numbers in a list.
pub(crate) fn list<T: ToString>(numbers: impl Iterator<Item = T>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(", ")
}

/// Positions and names, as rows of a table.
pub(crate) fn names(ids: impl Iterator<Item = String>) -> String {
    ids.enumerate().map(|(at, id)| format!("({at}, '{id}')")).collect::<Vec<_>>().join(", ")
}

/// The name of a column.
pub(crate) fn column(programme: &Programme, dataset: usize, column: usize) -> String {
    name(programme.datasets[dataset].columns[column].id.as_str())
}

/// The name of a column of that id, none of the tables' own.
pub(crate) fn name(id: &str) -> String {
    format!("c_{}", id.replace('-', "_"))
}

/// Most category columns of a dataset.
pub(crate) const PLACES: usize = 8;

/// What decides between rows of one unit and day.
pub(crate) fn order() -> String {
    let places = (0..PLACES).map(|place| format!(", o{place}"));
    format!("dataset, source{}", places.collect::<String>())
}

/// The id of a code, from its position in a list; NULL stays NULL.
pub(crate) fn code_id(programme: &Programme, list: usize, position: &str) -> String {
    let codes = programme.code_lists[list].codes.iter().enumerate();
    let cases = codes.map(|(at, code)| format!("WHEN {at} THEN '{}'", code.id)).collect::<Vec<_>>();
    format!("CASE {position} {} END", cases.join(" "))
}

/// Whether a row of `seen` is a row of this kind.
pub(crate) fn row_of(programme: &Programme, event: &Event) -> String {
    let mut text = format!("(dataset = {}", event.dataset);
    for filter in &event.filters {
        let column = column(programme, event.dataset, filter.column);
        text += &format!(" AND {column} IS NOT NULL AND {column} IN ({})", list(filter.codes.iter()));
    }
    text + ")"
}

/// Whether a row of `seen` is an event of a stage.
pub(crate) fn event(programme: &Programme, stage: usize) -> String {
    let events = programme.stages[stage].events.iter().map(|event| row_of(programme, event));
    format!("({})", events.collect::<Vec<_>>().join(" OR "))
}

/// Whether it is an event of any of some stages.
pub(crate) fn any_event(programme: &Programme, stages: &[usize]) -> String {
    let events = stages.iter().map(|stage| event(programme, *stage)).collect::<Vec<_>>();
    if events.is_empty() { "0".to_owned() } else { format!("({})", events.join(" OR ")) }
}

/// The code of a column dimension in a row, NULL where the row says nothing or its dataset has no such column.
pub(crate) fn code(programme: &Programme, dimension: usize) -> String {
    let DimensionSource::Columns { columns, .. } = &programme.dimensions[dimension].source else {
        panic!("a column dimension");
    };
    let cases = columns
        .iter()
        .map(|(dataset, at)| format!("WHEN {dataset} THEN {}", column(programme, *dataset, *at)));
    format!("CASE dataset {} END", cases.collect::<Vec<_>>().join(" "))
}

/// The code of a column dimension as the table has it.
pub(crate) fn named_code(programme: &Programme, dimension: usize) -> String {
    let DimensionSource::Columns { list, .. } = &programme.dimensions[dimension].source else {
        panic!("a column dimension");
    };
    format!("COALESCE({}, '(missing)')", code_id(programme, *list, &code(programme, dimension)))
}

/// Whether an index row is in the population asked for.
pub(crate) fn population(asked: &Asked<'_>) -> String {
    let Some(id) = &asked.ask.population else { return "1".to_owned() };
    let population = asked.programme.populations.iter().find(|p| p.id == *id).expect("registered");
    // A row that says nothing is NULL here, which is in no list.
    format!("{} IN ({})", code(asked.programme, population.dimension), list(population.codes.iter()))
}

/// The code of an index row in a dimension.
pub(crate) fn dimension(asked: &Asked<'_>, id: &str) -> String {
    let programme = asked.programme;
    let at = programme.dimensions.iter().position(|d| d.id.as_str() == id).expect("registered");
    match &programme.dimensions[at].source {
        DimensionSource::Partner => {
            let cases = programme.partners.iter().enumerate();
            let cases =
                cases.map(|(at, partner)| format!("WHEN {at} THEN '{}'", partner.id)).collect::<Vec<_>>();
            format!("CASE source {} END", cases.join(" "))
        }
        DimensionSource::Quarter => quarter(asked, "day"),
        DimensionSource::Columns { .. } => named_code(programme, at),
    }
}

/// The quarter of a day of the period.
pub(crate) fn quarter(asked: &Asked<'_>, day: &str) -> String {
    let cases = asked.ask.period.quarters().map(|quarter| {
        let (first, last) = (quarter.first().days(), quarter.last().days());
        format!("WHEN {day} BETWEEN {first} AND {last} THEN '{quarter}'")
    });
    format!("CASE {} END", cases.collect::<Vec<_>>().join(" "))
}
