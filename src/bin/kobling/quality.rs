//! How the quality report of an extract is shown and filed.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kobling::extract::report::Paper;

use crate::exit::Trouble;
use crate::say::language;
use crate::write::{Dry, Over};

/// How the report is shown and filed.
#[derive(Args)]
pub(crate) struct ReportArguments {
    /// Form of the report: on standard output, or in the file of --report-out (there the file's ending decides when not
    /// given).
    #[arg(long, value_enum)]
    report: Option<ReportForm>,
    /// Write the report to a new file, to be filed; standard output has it as text.
    #[arg(long)]
    report_out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportForm {
    Text,
    Json,
    Html,
}

impl ReportForm {
    /// The form that a file's name asks for.
    fn of(path: &Path) -> ReportForm {
        let ending = path.extension().unwrap_or_default();
        match ending.to_ascii_lowercase().to_str() {
            Some("json") => ReportForm::Json,
            Some("html" | "htm") => ReportForm::Html,
            _ => ReportForm::Text,
        }
    }

    fn write(self, paper: &Paper<'_>) -> String {
        match self {
            ReportForm::Text => paper.to_text(language()),
            ReportForm::Json => paper.to_json(),
            ReportForm::Html => paper.to_html(language()),
        }
    }
}

impl ReportArguments {
    /// Refuses, before anything is read, to write over a file.
    pub(crate) fn ready(&self, dry: Dry) -> Result<(), Trouble> {
        self.report_out.as_ref().map_or(Ok(()), |path| dry.may_take(path, Over::Never))
    }

    /// Shows the report, and files it where that was asked for.
    pub(crate) fn show(&self, paper: &Paper<'_>, dry: Dry) -> Result<(), Trouble> {
        let Some(path) = &self.report_out else {
            let form = self.report.unwrap_or(ReportForm::Text);
            out!("{}", form.write(paper).trim_end());
            return Ok(());
        };
        let form = self.report.unwrap_or_else(|| ReportForm::of(path));
        // It holds no value, but lines of a file about persons: for its owner alone, like the file.
        dry.private(path, form.write(paper).as_bytes())?;
        out!("{}", paper.to_text(language()).trim_end());
        Ok(())
    }
}
