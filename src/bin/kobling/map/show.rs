//! What `kobling map` shows: headers, shapes with made-up examples, changes. Never a field of the file.

use std::path::Path;

use kobling::extract::{Difference, Mapping, Seen, Shape, Survey};
use kobling::language::Spoken as _;
use kobling::programme::Dataset;

use super::save::Target;
use crate::say::language;

/// Letters of a header that are shown.
const SHOWN: usize = 40;

/// A header as it is shown: in quotation marks, without control characters, and not endless.
pub(super) fn header(seen: &Seen) -> String {
    match seen.shown() {
        Some(name) => quoted(name),
        None => language().choose("(vises ikke)", "(not shown)").to_owned(),
    }
}

fn quoted(name: &str) -> String {
    let mut text = name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect::<String>();
    if name.chars().count() > SHOWN {
        text.push('…');
    }
    format!("\"{text}\"")
}

/// A shape in words, with its made-up example.
pub(super) fn shape(shape: Shape) -> String {
    let words = shape.words(language());
    match shape.example() {
        "" => words.to_owned(),
        example => format!("{words}, {} {example}", language().choose("fx", "such as")),
    }
}

pub(super) fn columns(path: &Path, survey: &Survey) {
    tell!(
        "{}: {} kolonner, {} rækker set på. Eksemplerne er opdigtede; intet felt under overskrifterne vises.\n",
        "{}: {} columns, {} rows looked at. The examples are made up; no field below the headers is shown.\n",
        path.display(),
        survey.columns.len(),
        language().count(survey.rows)
    );
    if !survey.certain {
        tell!(
            "ingen overskrift i række {} er en, programmet kender: rækken kan være en persons og vises ikke\n",
            "no header in row {} is one that the programme knows: the row may be a person's, and is not shown\n",
            survey.header_row.unwrap_or(1)
        );
    } else if let Some(row) = survey.header_row {
        tell!("overskrifterne står i række {row}\n", "the headers stand in row {row}\n");
    }
    let headers = survey.columns.iter().map(header).collect::<Vec<_>>();
    let width = headers.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (at, (name, seen)) in headers.iter().zip(&survey.columns).enumerate() {
        let gap = " ".repeat(width - name.chars().count());
        out!("{:>4}  {name}{gap}  {}", at + 1, shape(seen.shape()));
    }
    out!("");
}

pub(super) fn heading(path: &Path, mapping: &Mapping) {
    tell!(
        "{}: version {}, til {} og {} i {}",
        "{}: version {}, for {} and {} of {}",
        path.display(),
        mapping.version,
        mapping.partner,
        mapping.dataset,
        mapping.programme
    );
}

pub(super) fn difference(difference: &Difference) {
    if !difference.known {
        tell!(
            "den siger ikke, hvad datasættet bad om, da den blev lavet: kun det, der mangler eller er for meget, kan ses",
            "it does not say what the dataset asked for when it was made: only what is missing or too much can be seen"
        );
    }
    if difference.changes.is_empty() {
        if difference.known {
            tell!(
                "datasættet beder om det samme som dengang",
                "nothing changed: the dataset asks for the same as then"
            );
        }
        return;
    }
    tell!("ændret siden:", "changed since:");
    for change in &difference.changes {
        let mark = if change.must_act() { "!" } else { "-" };
        out!("  {mark} {}", change.say(language()));
    }
}

pub(super) fn summary(mapping: &Mapping, dataset: &Dataset, survey: &Survey) {
    out!("");
    for column in &dataset.columns {
        match mapping.columns.get(&column.id) {
            Some(own) => {
                let nth = own.nth.map(|nth| format!(" ({nth})")).unwrap_or_default();
                let same = |seen: &&Seen| seen.header() == Some(&own.header);
                match survey.columns.iter().position(|seen| same(&seen)) {
                    // A header that is a code as well.
                    Some(at) if survey.columns[at].shown().is_none() => {
                        tell!("  {:<20} kolonne {}", "  {:<20} column {}", column.id, at + 1);
                    }
                    _ => out!("  {:<20} {}{nth}", column.id, quoted(&own.header)),
                }
            }
            None => tell!("  {:<20} ikke i filen", "  {:<20} not in the file", column.id),
        }
    }
    let stay = survey.columns.len().saturating_sub(mapping.columns.len());
    tell!("  {stay} af filens kolonner bliver hjemme", "  {stay} of the file's columns stay at home");
    out!("");
}

pub(super) fn written(target: &Target, mapping: &Mapping, extract: &Path, programme: &Path) {
    let path = target.path().display();
    tell!("skrevet til {path}, version {}", "written to {path}, version {}", mapping.version);
    if let Some(kept) = target.kept() {
        tell!("den gamle er gemt som {}", "the old one is kept as {}", kept.display());
    }
    tell!("fra nu af uden spørgsmål:", "from now on without questions:");
    out!("  kobling check {} --programme {} --mapping {path}", extract.display(), programme.display());
}
