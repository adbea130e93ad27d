//! What a person wants to see.

use std::io::{self, Write};
use std::time::Duration;

use super::super::consents::ConsentFile;
use super::super::raw::RawFile;
use super::super::records::Cast;
use super::PlayError;
use super::houses::House;
use super::town::Town;
use crate::client::{Answer, HIDDEN_MARK};
use crate::extract::manifest::RowCounts;
use crate::language::Language;
use crate::programme::Programme;

/// Rows of an answer that are printed before hidden ones are only counted.
const LONG: usize = 40;

pub(super) fn world(
    out: &mut dyn Write,
    cast: &Cast,
    programme: &Programme,
    files: &[RawFile],
    consents: &[ConsentFile],
) -> io::Result<()> {
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let events: u64 = consents.iter().map(|file| file.events).sum();
    writeln!(
        out,
        "   {} persons in {} families; {rows} rows in {} extracts of {} datasets by {} partners; {events} consent events",
        cast.members.len(),
        cast.families,
        files.len(),
        programme.datasets.len(),
        programme.partners.len()
    )
}

pub(super) fn packages(out: &mut dyn Write, houses: &[House]) -> io::Result<()> {
    for house in houses {
        let sum =
            |what: fn(&RowCounts) -> u64| house.made.iter().map(|made| what(&made.report.rows)).sum::<u64>();
        writeln!(
            out,
            "   {:<20} {:>2} packages {:>7} read {:>7} sent {:>5} repeated {:>5} rejected {:>5} anonymous",
            house.partner.as_str(),
            house.made.len(),
            sum(|rows| rows.read),
            sum(|rows| rows.sent),
            sum(|rows| rows.duplicates),
            sum(|rows| rows.rejected),
            sum(|rows| rows.anonymous)
        )?;
    }
    Ok(())
}

/// The first extract's quality report.
pub(super) fn report(out: &mut dyn Write, house: &House) -> io::Result<()> {
    let Some(made) = house.made.first() else { return Ok(()) };
    writeln!(out, "\n   {}'s quality report on {}, as its IT person sees it:", house.partner, made.dataset)?;
    for line in made.report.to_text(Language::En).lines() {
        writeln!(out, "     {line}")?;
    }
    Ok(())
}

/// A raw row beside its tokenised row.
pub(super) fn one_row(out: &mut dyn Write, partner: &str, row: &[String; 4]) -> io::Result<()> {
    let [raw_header, raw, header, tokenised] = row;
    writeln!(out, "\n   a raw row of {partner} (made up), and the same row as it leaves:")?;
    for line in [raw_header, raw, header, tokenised] {
        writeln!(out, "     {line}")?;
    }
    Ok(())
}

pub(super) fn receipt(out: &mut dyn Write, town: &Town, partner: &str) -> io::Result<()> {
    if let Some(receipt) = town.reply(partner, "/receipt") {
        writeln!(out, "   a receipt of {partner}:\n     {}", String::from_utf8_lossy(&receipt).trim_end())?;
    }
    Ok(())
}

/// What the evaluator is told of a partner's rows.
pub(super) fn quality(
    out: &mut dyn Write,
    town: &Town,
    partner: &str,
    took: Duration,
) -> Result<(), PlayError> {
    writeln!(
        out,
        "   sealed in {:.2} s; rows of {partner} per dataset, under the rules ({HIDDEN_MARK} is hidden):",
        took.as_secs_f64()
    )?;
    let report: serde_json::Value = crate::client::parse(&town.quality()?)?;
    let parts = report["parts"].as_array().into_iter().flatten();
    for part in parts.filter(|part| part["partner"].as_str() == Some(partner)) {
        let count =
            |field: &str| part[field].as_u64().map_or_else(|| HIDDEN_MARK.to_owned(), |n| n.to_string());
        writeln!(
            out,
            "   {:<20} {:<18} {:>7} sent {:>6} rejected {:>6} repeated {:>6} anonymous",
            partner,
            part["dataset"].as_str().unwrap_or_default(),
            count("sent"),
            count("rejected"),
            count("duplicates"),
            count("anonymous")
        )?;
    }
    Ok(())
}

pub(super) fn audit(out: &mut dyn Write, town: &Town) -> Result<(), PlayError> {
    let report: serde_json::Value = crate::client::parse(&town.audit()?)?;
    let entries = report["entries"].as_array().map_or(0, Vec::len);
    writeln!(out, "   the auditor reads the chain: {entries} entries, whole and in order")?;
    Ok(())
}

pub(super) fn answer(out: &mut dyn Write, answer: &Answer) -> io::Result<()> {
    let mut shown = answer.clone();
    let hidden = shown.table.rows.iter().filter(|row| row.is_hidden()).count();
    let long = shown.table.rows.len() > LONG;
    if long {
        shown.table.rows.retain(|row| !row.is_hidden());
    }
    writeln!(out)?;
    for line in shown.to_table(Language::En).lines() {
        writeln!(out, "   {line}")?;
    }
    if long {
        writeln!(out, "   and {hidden} more cells, all of them hidden")?;
    }
    Ok(())
}

/// What differs between two rounds of the same answers.
pub(super) fn changes(out: &mut dyn Write, before: &[Answer], after: &[Answer]) -> io::Result<()> {
    let mut changed = 0;
    for (before, after) in before.iter().zip(after) {
        for (old, new) in before.table.rows.iter().zip(&after.table.rows) {
            for (column, (was, is)) in before.table.figures.iter().zip(old.figures.iter().zip(&new.figures)) {
                if let (Some(was), Some(is)) = (was, is)
                    && was != is
                {
                    changed += 1;
                    writeln!(out, "   {} {} {}: {was} → {is}", before.number, old.key.join(" "), column.id)?;
                }
            }
        }
        if before.table.left_out != after.table.left_out {
            writeln!(
                out,
                "   {} left out by consent: {} → {}",
                before.number, before.table.left_out, after.table.left_out
            )?;
        }
    }
    writeln!(out, "   {changed} figures read differently now")
}
