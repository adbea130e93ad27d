//! `look` and `map`: which column of the file is which of the dataset.

use kobling::extract::{Certainty, Choice, Decimal, FileForm, Known, Mapping, Survey, propose};
use kobling::programme::{Dataset, Role};
use serde_json::json;

use crate::job::Given;
use crate::save;
use crate::trouble::{Trouble, file};

fn dataset(given: &Given) -> Result<&Dataset, Trouble> {
    given.programme.dataset(&given.asked.dataset).map(|(_, dataset)| dataset).ok_or_else(|| {
        let id = &given.asked.dataset;
        Trouble::new(
            format!("programmet har intet datasæt {id}"),
            format!("the programme has no dataset {id}"),
        )
    })
}

fn survey(given: &Given) -> Result<(Survey, &Dataset), Trouble> {
    let dataset = dataset(given)?;
    let known = Known { dataset, programme: &given.programme, mapping: given.mapping.as_ref() };
    let declared = given.job()?.declared;
    Ok((Survey::of(&given.source, declared, known)?, dataset))
}

/// Headers and proposals; nothing of a field.
pub(crate) fn look() -> Result<(), Trouble> {
    let given = Given::load()?;
    let (survey, dataset) = survey(&given)?;
    let columns = survey
        .columns
        .iter()
        .map(|seen| json!({ "header": seen.shown(), "nth": seen.nth(), "lostZeros": seen.lost_zeros() }));
    let proposed = propose(&survey, dataset, &given.programme).into_iter().map(|proposed| {
        let at = proposed.at.map(|(at, _)| at);
        // As a header is found when there is no mapping.
        let own = dataset.columns.iter().find(|column| column.id == proposed.column);
        let known = own.is_some_and(|column| {
            let headers = column.headers.iter().map(String::as_str).chain([column.id.as_str()]);
            let headers = headers.map(str::to_lowercase).collect::<Vec<_>>();
            let mut seen = survey.columns.iter().filter_map(|seen| seen.header());
            seen.any(|header| headers.contains(&header.trim().to_lowercase()))
        });
        let sure = proposed.at.is_some_and(|(_, certainty)| certainty == Certainty::Sure);
        json!({ "column": proposed.column, "at": at, "sure": sure, "known": known })
    });
    let out = json!({
        "columns": columns.collect::<Vec<_>>(),
        "proposed": proposed.collect::<Vec<_>>(),
        "headerRow": survey.header_row,
        "certain": survey.certain,
    });
    save("out.json", &out)
}

/// Writes the mapping of what was chosen.
pub(crate) fn map() -> Result<(), Trouble> {
    let given = Given::load()?;
    let (survey, dataset) = survey(&given)?;
    let mut choices = Vec::new();
    let mut numbers = Vec::new();
    for (id, at) in &given.asked.chosen {
        let column = dataset.columns.iter().find(|column| column.id == *id);
        let (Some(column), Some(_)) = (column, survey.columns.get(*at)) else { continue };
        if matches!(column.role, Role::Measure(_)) {
            numbers.push(*at);
        }
        choices.push(Choice::of(column, *at, &survey));
    }
    let decimal = survey.decimal(&numbers).map(|(sign, _)| if sign == Decimal::Point { '.' } else { ',' });
    let form = FileForm {
        decimal,
        sheet: given.asked.sheet.clone(),
        repair_leading_zero: given.asked.repair_leading_zero,
        ..FileForm::default()
    };
    let whose = (&given.programme, &given.asked.partner, dataset);
    let text = Mapping::of(&survey, &choices, form, whose, 1).to_toml_for(dataset);
    Mapping::parse_for(&text, &given.programme)?;
    std::fs::write("mapping.toml", text).map_err(file("mapping.toml"))
}
