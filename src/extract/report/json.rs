//! The report as programs read it. Its fields and their meaning are in `docs/PROTOCOL.md`, "Quality report"; new fields
//! may come, and [`REPORT_FORMAT`] counts up when one changes or goes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::paper::{Options, Paper};
use super::{ColumnReport, Found, MonthRows, Places, REPORT_FORMAT};
use crate::clock::{Period, Timestamp};
use crate::extract::Unusual;
use crate::extract::manifest::RowCounts;
use crate::name::{ColumnId, DatasetId, PartnerId, ProgrammeId};

#[derive(Serialize)]
struct Whole<'a> {
    report_format: u32,
    tool: &'static str,
    made: Timestamp,
    file: File<'a>,
    programme: ProgrammeVersion<'a>,
    partner: &'a PartnerId,
    dataset: &'a DatasetId,
    period: Period,
    options: &'a Options,
    max_rejected: Option<String>,
    exceeded: bool,
    unusual: Option<&'static str>,
    rows: RowCounts,
    rejected: &'a BTreeMap<String, u64>,
    identifiers: &'a BTreeMap<String, u64>,
    found: Vec<OneMatter<'a>>,
    columns: &'a [ColumnReport],
    dropped_columns: &'a [usize],
    months: &'a [MonthRows],
}

#[derive(Serialize)]
struct File<'a> {
    name: Option<&'a str>,
    name_held_back: bool,
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct ProgrammeVersion<'a> {
    id: &'a ProgrammeId,
    version: u32,
}

#[derive(Serialize)]
struct OneMatter<'a> {
    code: &'static str,
    rejected: bool,
    findings: u64,
    #[serde(flatten)]
    places: &'a Places,
    columns: Vec<OneColumn<'a>>,
}

#[derive(Serialize)]
struct OneColumn<'a> {
    column: Option<&'a ColumnId>,
    #[serde(flatten)]
    places: &'a Places,
    #[serde(skip_serializing_if = "Option::is_none")]
    different_texts: Option<u64>,
}

impl<'a> OneMatter<'a> {
    fn of(found: &'a Found) -> OneMatter<'a> {
        let columns = found.columns.iter().map(|of| OneColumn {
            column: of.column.as_ref(),
            places: &of.places,
            different_texts: of.different,
        });
        OneMatter {
            code: found.matter.code(),
            rejected: found.matter.rejects(),
            findings: found.findings(),
            places: &found.places,
            columns: columns.collect(),
        }
    }
}

pub(super) fn paper(paper: &Paper<'_>) -> String {
    let report = paper.report;
    let whole = Whole {
        report_format: REPORT_FORMAT,
        tool: paper.tool(),
        made: paper.made,
        file: File { name: paper.file.as_deref(), name_held_back: paper.name_held_back, bytes: paper.bytes },
        programme: ProgrammeVersion { id: &paper.programme.id, version: paper.programme.version },
        partner: paper.partner,
        dataset: paper.dataset,
        period: paper.period,
        options: &paper.options,
        max_rejected: paper.limit.map(|limit| limit.to_string()),
        exceeded: paper.exceeded(),
        unusual: paper.unusual.map(Unusual::code),
        rows: report.rows,
        rejected: &report.rejected,
        identifiers: &report.identifiers,
        found: report.found.iter().map(OneMatter::of).collect(),
        columns: &report.columns,
        dropped_columns: &report.dropped_columns,
        months: &report.months,
    };
    let mut text = serde_json::to_string_pretty(&whole).expect("a report is plain data");
    text.push('\n');
    text
}
