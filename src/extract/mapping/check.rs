//! A mapping held against a programme: every finding at once.

use std::collections::BTreeMap;

use super::error::Found;
use super::forms::looks_like_data;
use super::{ColumnMapping, DateForm, Mapping, parse_encoding};
use crate::name::{CodeId, ColumnId};
use crate::programme::{Column, Dataset, Programme, Role};

/// Whether a column of a dataset is read from the partner's file, and so can be mapped.
#[must_use]
pub fn asks_the_file(column: &Column) -> bool {
    column.is_in_files()
}

pub(super) fn problems(mapping: &Mapping, programme: &Programme) -> Vec<Found> {
    let mut found = Vec::new();
    head(mapping, programme, &mut found);
    form(mapping, &mut found);
    if let Some((_, dataset)) = programme.dataset(&mapping.dataset) {
        columns(mapping, dataset, programme, &mut found);
        twice(mapping, dataset, &mut found);
    }
    found
}

fn head(mapping: &Mapping, programme: &Programme, found: &mut Vec<Found>) {
    let mut say = |field: &str, da: String, en: String| found.push(Found::new(&[field], da, en));
    if mapping.version == 0 {
        say("version", "versioner tælles fra 1".to_owned(), "versions are counted from 1".to_owned());
    }
    if mapping.programme != programme.id {
        say(
            "programme",
            format!("kortlægningen er til {}, og programmet er {}", mapping.programme, programme.id),
            format!("the mapping is for {}, and the programme is {}", mapping.programme, programme.id),
        );
    }
    let source = programme.source(&mapping.partner);
    if source.is_none() {
        let known = list(programme.partners.iter().map(|partner| partner.id.as_str()));
        say(
            "partner",
            format!("programmet har ingen partner {}; det har: {known}", mapping.partner),
            format!("the programme has no partner {}; it has: {known}", mapping.partner),
        );
    }
    let Some((_, dataset)) = programme.dataset(&mapping.dataset) else {
        let known = list(programme.datasets.iter().map(|dataset| dataset.id.as_str()));
        return say(
            "dataset",
            format!("programmet har intet datasæt {}; det har: {known}", mapping.dataset),
            format!("the programme has no dataset {}; it has: {known}", mapping.dataset),
        );
    };
    if source.is_some_and(|source| !dataset.partners.contains(&source)) {
        say(
            "dataset",
            format!("{} afleverer ikke {}", mapping.partner, mapping.dataset),
            format!("{} does not hand over {}", mapping.partner, mapping.dataset),
        );
    }
}

fn form(mapping: &Mapping, found: &mut Vec<Found>) {
    let mut say = |field: &str, da: &str, en: &str| found.push(Found::new(&["file", field], da, en));
    let file = &mapping.file;
    if file.encoding.as_deref().is_some_and(|name| parse_encoding(name).is_err()) {
        say(
            "encoding",
            "tegnsættet kendes ikke; utf-8, windows-1252 og utf-16le gør",
            "the encoding is not known; utf-8, windows-1252 and utf-16le are",
        );
    }
    let separates =
        |sign: char| sign == '\t' || sign.is_ascii_graphic() && !sign.is_ascii_alphanumeric() && sign != '"';
    if file.separator.is_some_and(|sign| !separates(sign)) {
        say(
            "separator",
            "et skilletegn er ét ASCII-tegn: semikolon, komma, tabulator",
            "a separator is one ASCII character: semicolon, comma, tab",
        );
    }
    if file.decimal.is_some_and(|sign| !matches!(sign, ',' | '.')) {
        say("decimal", "decimaltegnet er , eller .", "the decimal sign is , or .");
    }
    if file.sheet.as_ref().is_some_and(|sheet| sheet.trim().is_empty()) {
        say("sheet", "arkets navn er tomt; tag linjen ud", "the sheet's name is empty; take the line out");
    }
    if file.header_row == Some(0) {
        say("header_row", "rækker tælles fra 1", "rows are counted from 1");
    }
}

fn columns(mapping: &Mapping, dataset: &Dataset, programme: &Programme, found: &mut Vec<Found>) {
    for (id, own) in &mapping.columns {
        // What the dataset asked for when the mapping was made and no longer does stays at home: no fault.
        match dataset.columns.iter().find(|column| column.id == *id) {
            None if mapping.asked.contains_key(id) => texts(id, own, found),
            None => {
                let known = list(dataset.columns.iter().map(|column| column.id.as_str()));
                found.push(Found::new(
                    &["column", id.as_str()],
                    format!("datasættet {} har ingen sådan kolonne; det har: {known}", dataset.id),
                    format!("the dataset {} has no such column; it has: {known}", dataset.id),
                ));
            }
            Some(column) if !asks_the_file(column) => {
                if !mapping.asked.contains_key(id) {
                    found.push(Found::new(
                        &["column", id.as_str()],
                        "kolonnen regnes ud af andre og læses ikke i filen; tag afsnittet ud",
                        "the column is derived from others and not read in the file; take the section out",
                    ));
                }
            }
            Some(column) => {
                texts(id, own, found);
                fits(column, own, programme, found);
            }
        }
    }
    for column in dataset.columns.iter().filter(|column| column.required && asks_the_file(column)) {
        if !mapping.columns.contains_key(&column.id) {
            let id = &column.id;
            found.push(Found::new(
                &["column", id.as_str()],
                "kolonnen skal udfyldes, men er ikke kortlagt: `kobling map --update` spørger om den",
                "the column must be filled but is not mapped: `kobling map --update` asks about it",
            ));
        }
    }
}

/// What a mapping says in words of the file must be words, never something of a person.
fn texts(id: &ColumnId, own: &ColumnMapping, found: &mut Vec<Found>) {
    let mut say = |field: &str, da: &str, en: &str| {
        found.push(Found::new(&["column", id.as_str(), field], da, en));
    };
    let data = (
        "det ligner data om en person, som ikke må stå i en kortlægning",
        "this looks like data of a person, which must not stand in a mapping",
    );
    if own.header.trim().is_empty() {
        say("header", "overskriften er tom", "the header is empty");
    } else if looks_like_data(&own.header) {
        say("header", data.0, data.1);
    }
    if own.missing.iter().any(|text| looks_like_data(text)) {
        say("missing", data.0, data.1);
    }
    if own.codes.keys().any(|text| looks_like_data(text)) {
        say("codes", data.0, data.1);
    }
}

fn fits(column: &Column, own: &ColumnMapping, programme: &Programme, found: &mut Vec<Found>) {
    let id = column.id.as_str();
    if own.dates != DateForm::Danish && column.role != Role::Date {
        found.push(Found::new(
            &["column", id, "dates"],
            "kolonnen er ingen dato; tag linjen ud",
            "the column is no date; take the line out",
        ));
    }
    let Role::Category { list: at } = column.role else {
        if !own.codes.is_empty() {
            found.push(Found::new(
                &["column", id, "codes"],
                "kolonnen har ingen koder; tag afsnittet ud",
                "the column has no codes; take the section out",
            ));
        }
        return;
    };
    let known = &programme.code_lists[at].codes;
    let mut seen = BTreeMap::<String, &CodeId>::new();
    for (text, code) in own.codes.iter().filter(|(text, _)| !looks_like_data(text)) {
        let path = ["column", id, "codes", text.as_str()];
        if text.trim().is_empty() {
            found.push(Found::new(
                &["column", id, "codes"],
                "en tom tekst er ingen kode; den betyder, at noget mangler",
                "an empty text is no code: it means that something is missing",
            ));
        }
        if !known.iter().any(|one| one.id == *code) {
            let codes = list(known.iter().map(|code| code.id.as_str()));
            found.push(Found::new(
                &path,
                format!("koden {code} findes ikke; der er: {codes}"),
                format!("there is no code {code}; there are: {codes}"),
            ));
        }
        if seen.insert(text.trim().to_lowercase(), code).is_some_and(|other| other != code) {
            found.push(Found::new(
                &path,
                "den samme tekst (store og små bogstaver er ens) har to koder",
                "the same text (case does not count) has two codes",
            ));
        }
    }
}

/// One column of the file may serve two of the dataset where both are categories of different lists, or a category and
/// a number: never where one is an identifier or a date.
fn twice(mapping: &Mapping, dataset: &Dataset, found: &mut Vec<Found>) {
    let mut seen = BTreeMap::<(String, u8), Vec<&Column>>::new();
    for column in dataset.columns.iter().filter(|column| asks_the_file(column)) {
        let Some(own) = mapping.columns.get(&column.id) else { continue };
        let place = (own.header.trim().to_lowercase(), own.nth.map_or(1, u8::from));
        let others = seen.entry(place).or_default();
        if let Some(other) = others.iter().find(|other| !may_share(&other.role, &column.role)) {
            found.push(Found::new(
                &["column", column.id.as_str(), "header"],
                format!("filens kolonne er allerede kortlagt til {}", other.id),
                format!("the file's column is mapped to {} already", other.id),
            ));
        }
        others.push(column);
    }
}

/// Whether one column of a file may serve two roles.
pub(super) fn may_share(one: &Role, other: &Role) -> bool {
    match (one, other) {
        (Role::Category { list: one }, Role::Category { list: other }) => one != other,
        (Role::Category { .. }, Role::Measure(_)) | (Role::Measure(_), Role::Category { .. }) => true,
        _ => false,
    }
}

pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
