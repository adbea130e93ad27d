//! What a quality report says of an extract: counts and places, never a value.

mod reason;
mod remark;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

pub use self::reason::{REASON_CODES, Reason};
pub use self::remark::{KINDS, Remark, kind_code};
use super::manifest::RowCounts;
use crate::limits;
use crate::name::ColumnId;

/// One thing found at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line in the file, from 1.
    pub line: u64,
    /// The dataset's column; absent when the whole row is meant.
    pub column: Option<ColumnId>,
    /// Name of the reason or remark.
    pub code: &'static str,
    /// Whether the row is left out for it.
    pub rejected: bool,
}

/// The quality report of one extract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows by fate.
    pub rows: RowCounts,
    /// Rows left out, by the row's first reason.
    pub rejected: BTreeMap<String, u64>,
    /// Rows remarked on, by remark.
    pub warnings: BTreeMap<String, u64>,
    /// Identifiers in the person column of rows sent, by kind.
    pub identifiers: BTreeMap<String, u64>,
    /// Columns of the file that the dataset does not name, by position from 1: they are dropped.
    pub dropped_columns: Vec<usize>,
    /// The first findings by line; the counts above cover all.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(in crate::extract) fn add(counts: &mut BTreeMap<String, u64>, code: &str, n: u64) {
        if n > 0 {
            *counts.entry(code.to_owned()).or_default() += n;
        }
    }

    /// Keeps the first findings by line within the limit.
    pub(in crate::extract) fn list(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        if self.findings.len() > 2 * limits::MAX_LISTED_FINDINGS {
            self.trim();
        }
    }

    pub(in crate::extract) fn trim(&mut self) {
        self.findings.sort_by(|a, b| (a.line, &a.column, a.code).cmp(&(b.line, &b.column, b.code)));
        self.findings.truncate(limits::MAX_LISTED_FINDINGS);
    }

    /// The report as people read it. `listed` is the most findings to list one by one.
    #[must_use]
    pub fn to_text(&self, listed: usize) -> String {
        use fmt::Write as _;
        let mut text = String::new();
        let rows = &self.rows;
        let _ = writeln!(text, "rows read        {:>12}", rows.read);
        let _ = writeln!(text, "rows to send     {:>12}", rows.sent);
        let _ = writeln!(text, "  of them without an identifier (contacts) {}", rows.anonymous);
        let _ = writeln!(text, "rows repeated    {:>12}  (sent once)", rows.duplicates);
        let _ = writeln!(text, "rows rejected    {:>12}", rows.rejected);
        for (title, counts) in [
            ("rejected, by first reason", &self.rejected),
            ("remarks", &self.warnings),
            ("identifiers sent", &self.identifiers),
        ] {
            if !counts.is_empty() {
                let _ = writeln!(text, "{title}:");
                for (code, n) in counts {
                    let _ = writeln!(text, "  {code:<28}{n:>12}");
                }
            }
        }
        if !self.dropped_columns.is_empty() {
            let positions = self.dropped_columns.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "columns of the file that stay at home (by position): {positions}");
        }
        let bad = self.findings.iter().filter(|finding| finding.rejected).collect::<Vec<_>>();
        for finding in bad.iter().take(listed) {
            let column =
                finding.column.as_ref().map_or_else(String::new, |column| format!(", column {column}"));
            let _ = writeln!(text, "line {}{column}: {}", finding.line, finding.code);
        }
        if bad.len() > listed {
            let _ = writeln!(text, "… and more: list them all with --findings FILE");
        }
        text
    }
}
