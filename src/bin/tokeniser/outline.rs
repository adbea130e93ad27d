//! `programme`: what the page offers to choose from.

use kobling::programme::Programme;
use serde_json::{Value, json};

use crate::trouble::Trouble;
use crate::{job, save};

pub(crate) fn write() -> Result<(), Trouble> {
    save("out.json", &outline(&job::programme()?))
}

fn outline(programme: &Programme) -> Value {
    let datasets = programme.datasets.iter().map(|dataset| {
        let columns = dataset.columns.iter().map(|column| {
            json!({
                "id": column.id,
                "role": column.role.word(),
                "required": column.required,
                "inFile": column.is_in_files(),
                "headers": column.headers,
            })
        });
        json!({ "id": dataset.id, "title": dataset.title, "columns": columns.collect::<Vec<_>>() })
    });
    let partners = programme.partners.iter().enumerate().map(|(at, partner)| {
        let own = programme.datasets.iter().filter(|dataset| dataset.partners.iter().any(|one| usize::from(*one) == at));
        json!({ "id": partner.id, "name": partner.name, "datasets": own.map(|dataset| &dataset.id).collect::<Vec<_>>() })
    });
    json!({
        "id": programme.id,
        "title": programme.title,
        "version": programme.version,
        "period": programme.period.to_string(),
        "madeUpNumbers": programme.made_up_numbers,
        "keyId": programme.key_id.map(|id| id.to_string()),
        "keyWords": programme.key_id.map(|id| id.words()),
        "partners": partners.collect::<Vec<_>>(),
        "datasets": datasets.collect::<Vec<_>>(),
    })
}
