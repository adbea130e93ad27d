//! The report as people read it on a terminal.

use std::fmt::Write as _;

use super::{Paper, Report, words};
use crate::escape::terminal;
use crate::language::Language;

/// Lines that are named of one reason in one column; JSON and the page have more.
const LISTED: usize = 20;
/// Width of a bar.
const BAR: u64 = 30;

pub(super) fn paper(paper: &Paper<'_>, language: Language) -> String {
    let mut text = String::new();
    for (title, value) in words::facts(paper, language) {
        let _ = writeln!(text, "{title:<20}{}", terminal(&value));
    }
    text.push('\n');
    text += &body(paper.report, words::unusual(paper, language), language);
    text
}

pub(super) fn body(report: &Report, unusual: Option<String>, language: Language) -> String {
    let mut text = String::new();
    for (title, count, word) in words::rows(report, language) {
        let line = format!("{title:<28}{:>12}  {word}", language.count(count));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if let Some(unusual) = unusual {
        let _ = writeln!(text, "\n{unusual}");
    }
    for rejects in [true, false] {
        findings(&mut text, report, rejects, language);
    }
    if !report.identifiers.is_empty() {
        let _ =
            writeln!(text, "\n{}", language.choose("Numre, der sendes, efter art", "Numbers sent, by kind"));
        for (kind, count) in &report.identifiers {
            let _ = writeln!(text, "  {kind:<26}{:>12}", language.count(*count));
        }
    }
    columns(&mut text, report, language);
    months(&mut text, report, language);
    text
}

fn findings(text: &mut String, report: &Report, rejects: bool, language: Language) {
    let found = words::found(report, rejects);
    if found.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", words::title(rejects, language));
    for found in found {
        let _ = writeln!(text, "  {:<26}{:>12}", found.matter.code(), language.count(found.places.rows));
        let _ = writeln!(text, "      {}", words::matter(found.matter, language));
        for of in &found.columns {
            let whole = of.column.is_none();
            let column = if whole { String::new() } else { format!("{}: ", words::column(of, language)) };
            let different =
                words::different(of, language).map_or_else(String::new, |words| format!(" ({words})"));
            let lines = words::lines(&of.places, LISTED, language);
            let _ = writeln!(text, "      {column}{lines}{different}");
        }
    }
}

fn columns(text: &mut String, report: &Report, language: Language) {
    if report.columns.is_empty() {
        return;
    }
    let title = language.choose("Datasættets kolonner", "Columns of the dataset");
    let (place, empty) =
        language.choose("i filen|tomme", "in the file|empty").split_once('|').unwrap_or_default();
    let _ = writeln!(text, "\n{title:<28}{place:>12}{empty:>12}");
    for column in &report.columns {
        let position = column.place(language);
        let missing = language.count(column.missing);
        let _ = writeln!(text, "  {:<26}{position:>12}{missing:>12}", column.column.as_str());
    }
    if !report.dropped_columns.is_empty() {
        let positions = report.dropped_columns.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let stay = language.choose(
            "kolonner i filen, der bliver hjemme (nr.)",
            "columns of the file that stay at home (by position)",
        );
        let _ = writeln!(text, "  {stay}: {positions}");
    }
}

fn months(text: &mut String, report: &Report, language: Language) {
    let most = report.months.iter().map(|month| month.rows).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let title =
        language.choose("Rækker efter måned, uden de afviste", "Rows by month, without those rejected");
    let _ = writeln!(text, "\n{title}");
    for (name, rows) in words::months(report) {
        let length = usize::try_from((rows * BAR).div_ceil(most)).unwrap_or(0);
        let line = format!("  {name:<26}{:>12}  {}", language.count(rows), "#".repeat(length));
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
