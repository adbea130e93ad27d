//! What became of each dataset, as one table and a status.

use std::path::PathBuf;

use comfy_table::{Cell, CellAlignment, Table, presets};
use kobling::audit::Receipt;
use kobling::clock::{Period, Timestamp};
use kobling::config::SendEntry;
use kobling::extract::manifest::RowCounts;
use kobling::language::{Language, Spoken};
use kobling::name::DatasetId;

use crate::exit::{Trouble, both};
use crate::upload::count;

/// How far one dataset came.
pub(super) enum What {
    /// Nowhere yet.
    Begun,
    /// Sent, and its receipt verified.
    Sent,
    /// Nothing has changed since it was received.
    Unchanged(Timestamp),
    /// It would be sent.
    WouldGo,
    /// It was not sent, or not received.
    Failed(Trouble),
}

/// What became of one dataset.
pub(super) struct Fate {
    dataset: DatasetId,
    pub(super) period: Option<Period>,
    pub(super) rows: Option<RowCounts>,
    kept: Option<u64>,
    /// The service's name of the package.
    id: Option<String>,
    pub(super) resumed: bool,
    /// Rows were rejected, and no limit was given.
    rejected: bool,
    /// What is worth saying and stops nothing.
    noted: Vec<Box<dyn Spoken>>,
    pub(super) what: What,
    pub(super) report: Option<PathBuf>,
    pub(super) receipt: Option<PathBuf>,
}

impl Fate {
    pub(super) fn of(dataset: DatasetId) -> Fate {
        Fate {
            dataset,
            period: None,
            rows: None,
            kept: None,
            id: None,
            resumed: false,
            rejected: false,
            noted: Vec::new(),
            what: What::Begun,
            report: None,
            receipt: None,
        }
    }

    /// Notes what a verified receipt says.
    pub(super) fn received(&mut self, receipt: &Receipt) {
        self.kept = count(receipt, "kept");
        self.id = Some(receipt.id.clone());
        if self.rows.is_none()
            && let Some(sent) = count(receipt, "rows")
        {
            self.rows = Some(RowCounts { sent, read: 0, rejected: 0, duplicates: 0, anonymous: 0 });
        }
    }

    /// Notes whether rows were rejected though no limit was given: as `kobling tokenise`, status 1.
    pub(super) fn rejected_unasked(&mut self, entry: &SendEntry) {
        self.rejected = entry.max_rejected.is_none() && self.rows.is_some_and(|rows| rows.rejected > 0);
    }

    /// Notes rejected rows over the limit that the service has all the same: status 1.
    pub(super) fn rejected_too_late(&mut self, said: Box<dyn Spoken>) {
        self.rejected = true;
        self.noted.push(said);
    }

    /// Notes trouble with something of before that stops nothing now.
    pub(super) fn note(&mut self, trouble: &Trouble) {
        self.noted.push(both(message(trouble, Language::Da), message(trouble, Language::En)));
    }

    /// The exit status that this one alone would give.
    pub(super) fn status(&self) -> u8 {
        match &self.what {
            What::Failed(trouble) => status(trouble),
            _ if self.rejected => 1,
            _ => 0,
        }
    }

    fn word(&self, language: Language) -> String {
        let choose = |da: &str, en: &str| language.choose(da, en).to_owned();
        match &self.what {
            What::Begun => String::new(),
            What::Sent if self.resumed => choose("sendt (genoptaget)", "sent (carried on)"),
            What::Sent => choose("sendt", "sent"),
            What::Unchanged(at) => {
                format!("{} {}", language.choose("uændret, modtaget", "unchanged, received"), at.day())
            }
            What::WouldGo if self.resumed => choose("ville blive sendt færdig", "would be carried on"),
            What::WouldGo => choose("ville blive sendt", "would be sent"),
            What::Failed(_) => choose("IKKE SENDT", "NOT SENT"),
        }
    }

    /// What the table has no room for.
    pub(super) fn remarks(&self, language: Language) -> Vec<String> {
        let mut lines = Vec::new();
        let dataset = &self.dataset;
        if let What::Failed(trouble) = &self.what {
            lines.push(format!("{dataset}: {}", message(trouble, language)));
        }
        lines.extend(self.noted.iter().map(|noted| format!("{dataset}: {}", noted.say(language))));
        if let (Some(rows), Some(kept)) = (self.rows, self.kept)
            && kept < rows.sent
        {
            let lost = language.count(rows.sent - kept);
            lines.push(match language {
                Language::Da => format!("{dataset}: {lost} rækker havde ingen tilladelse ved modtagelsen og blev ikke beholdt; registrér de samtykker, der mangler, og kør `kobling send {dataset} --again`"),
                Language::En => format!("{dataset}: {lost} rows had no permission on arrival and were not kept; record the consents that are missing, then run `kobling send {dataset} --again`"),
            });
        }
        if matches!(self.what, What::Unchanged(_)) {
            lines.push(match language {
                Language::Da => {
                    format!("{dataset}: udtrækket er det samme som sidst; --again sender det alligevel")
                }
                Language::En => {
                    format!("{dataset}: the extract is the same as last time; --again sends it all the same")
                }
            });
        }
        for (da, en, path) in [("rapport", "report", &self.report), ("kvittering", "receipt", &self.receipt)]
        {
            if let Some(path) = path {
                lines.push(format!("{dataset}: {}  {}", language.choose(da, en), path.display()));
            }
        }
        lines
    }
}

/// The status of a trouble.
pub(crate) fn status(trouble: &Trouble) -> u8 {
    match trouble {
        Trouble::Rows(_) => 1,
        Trouble::Usage(_) => 2,
        Trouble::Files(_) => 3,
        Trouble::Key(_) => 4,
        Trouble::Service(_) => 5,
    }
}

/// A trouble on one line, with what it comes from.
pub(crate) fn message(trouble: &Trouble, language: Language) -> String {
    let (Trouble::Rows(error)
    | Trouble::Usage(error)
    | Trouble::Files(error)
    | Trouble::Key(error)
    | Trouble::Service(error)) = trouble;
    let mut text = error.say(language);
    let mut cause = error.because();
    while let Some(inner) = cause {
        text += &format!("; {}: {}", language.choose("fordi", "because"), inner.say(language));
        cause = inner.because();
    }
    text
}

/// A table in the form in which this program shows them; columns of numbers from `numbers` on stand to the right.
pub(crate) fn new_table(head: &[&str], numbers: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(head);
    for at in numbers {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// All fates, one a row.
pub(super) fn table(fates: &[Fate], language: Language) -> Table {
    let head = match language {
        Language::Da => ["datasæt", "kvartaler", "læst", "afvist", "sendt", "beholdt", "", "pakke"],
        Language::En => ["dataset", "quarters", "read", "rejected", "sent", "kept", "", "package"],
    };
    let mut table = new_table(&head, 2..6);
    for fate in fates {
        let number = |count: Option<u64>| Cell::new(count.map_or_else(String::new, |n| language.count(n)));
        // Of a package that was received before, the receipt alone is read here.
        let made = fate.rows.filter(|rows| rows.read > 0 || rows.sent == 0);
        table.add_row([
            Cell::new(&fate.dataset),
            Cell::new(fate.period.map_or_else(String::new, |period| period.to_string())),
            number(made.map(|rows| rows.read)),
            number(made.map(|rows| rows.rejected)),
            number(fate.rows.map(|rows| rows.sent)),
            number(fate.kept),
            Cell::new(fate.word(language)),
            Cell::new(fate.id.as_deref().unwrap_or_default()),
        ]);
    }
    table
}
