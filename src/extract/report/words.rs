//! What text and page say alike, in both languages.

use super::{Found, InColumn, Matter, Paper, Places, Report};
use crate::language::{Language, Spoken};
use crate::limits::MAX_UNKNOWN_TEXTS;

/// What the report is a report of: title and value.
pub(super) fn facts(paper: &Paper<'_>, language: Language) -> Vec<(&'static str, String)> {
    let programme = paper.programme;
    let file = match (&paper.file, paper.name_held_back) {
        (Some(name), _) => name.clone(),
        (None, true) => language
            .choose(
                "(navnet vises ikke: det kunne rumme et personnummer)",
                "(name not shown: it could hold a number of a person)",
            )
            .to_owned(),
        (None, false) => "standard input".to_owned(),
    };
    let size = paper.bytes.map_or_else(String::new, |bytes| {
        format!(", {} {}", language.count(bytes), language.choose("byte", "bytes"))
    });
    let partner = programme.partners.iter().find(|partner| partner.id == *paper.partner);
    let dataset = programme.datasets.iter().find(|dataset| dataset.id == *paper.dataset);
    let made = paper.made.to_string();
    let (day, time) = made.split_once('T').unwrap_or((&made, ""));
    vec![
        (language.choose("Fil", "File"), file + &size),
        (
            language.choose("Kontrolleret", "Checked"),
            format!("{day} {} UTC, {}", time.get(..5).unwrap_or_default(), paper.tool()),
        ),
        (
            language.choose("Program", "Programme"),
            format!("{} ({}), version {}", language.of(&programme.title), programme.id, programme.version),
        ),
        (
            language.choose("Partner", "Partner"),
            named(partner.map(|p| p.name.as_str()), paper.partner.as_str()),
        ),
        (
            language.choose("Datasæt", "Dataset"),
            named(dataset.map(|d| language.of(&d.title)), paper.dataset.as_str()),
        ),
        (language.choose("Periode", "Period"), paper.period.to_string()),
        (language.choose("Læst med", "Read with"), options(paper, language)),
        (language.choose("Grænse for afviste", "Limit of rejected"), limit(paper, language)),
    ]
}

fn named(name: Option<&str>, id: &str) -> String {
    name.map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
}

fn options(paper: &Paper<'_>, language: Language) -> String {
    let options = &paper.options;
    let mut words = Vec::new();
    if let Some(version) = options.mapping_version {
        words.push(format!("{} {version}", language.choose("kortlægning, version", "mapping, version")));
    }
    if let Some(encoding) = options.encoding {
        words.push(format!("{} {encoding}", language.choose("tegnsæt", "encoding")));
    }
    if let Some(separator) = options.separator {
        let shown = if separator == '\t' {
            language.choose("tabulator", "tab").to_owned()
        } else {
            separator.to_string()
        };
        words.push(format!("{} {shown}", language.choose("skilletegn", "separator")));
    }
    if options.sheet_named {
        words.push(language.choose("et navngivet ark", "a sheet by name").to_owned());
    }
    if let Some(row) = options.header_row {
        words.push(format!("{} {row}", language.choose("overskrifter i række", "headers in row")));
    }
    words.push(format!("{} {}", language.choose("decimaltegn", "decimal sign"), options.decimal));
    if options.repair_leading_zero {
        words.push(language.choose("tabte nuller sat tilbage", "lost zeros put back").to_owned());
    }
    words.join(" · ")
}

fn limit(paper: &Paper<'_>, language: Language) -> String {
    let limit = paper.limit.map_or_else(
        || language.choose("ingen angivet", "none given").to_owned(),
        |limit| {
            let limit = limit.to_string();
            match limit.strip_suffix('%') {
                Some(share) => format!("{}%", language.grouped(share)),
                None => language.grouped(&limit),
            }
        },
    );
    let held = match (paper.exceeded(), paper.limit.is_some()) {
        (true, true) => language.choose("overskredet: ingen pakke", "exceeded: no package"),
        (true, false) => language.choose("nogle er afvist", "some are rejected"),
        (false, true) => language.choose("overholdt", "kept"),
        (false, false) => language.choose("ingen er afvist", "none is rejected"),
    };
    format!("{limit}; {held}")
}

/// Rows by fate: title, count, and a word on it.
pub(super) fn rows(report: &Report, language: Language) -> [(&'static str, u64, &'static str); 5] {
    let rows = &report.rows;
    [
        (language.choose("rækker læst", "rows read"), rows.read, ""),
        (language.choose("rækker at sende", "rows to send"), rows.sent, ""),
        (
            language.choose("  heraf uden nummer", "  of them without a number"),
            rows.anonymous,
            language.choose("kontakter, ikke personer", "contacts, never persons"),
        ),
        (
            language.choose("rækker gentaget", "rows repeated"),
            rows.duplicates,
            language.choose("sendes én gang", "sent once"),
        ),
        (language.choose("rækker afvist", "rows rejected"), rows.rejected, ""),
    ]
}

/// What the numbers together look like, where that is unusual.
pub(super) fn unusual(paper: &Paper<'_>, language: Language) -> Option<String> {
    let unusual = paper.unusual?;
    let none = language.choose("Ingen pakke", "No package");
    Some(format!("{none}: {}; {}", unusual.say(language), unusual.advice(language)))
}

/// A matter in one sentence, and what to do.
pub(super) fn matter(matter: Matter, language: Language) -> String {
    format!("{}. {}.", capital(&matter.say(language)), capital(matter.advice(language)))
}

/// The text with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The column, or the row as a whole.
pub(super) fn column(of: &InColumn, language: Language) -> String {
    of.column
        .as_ref()
        .map_or_else(|| language.choose("hele rækken", "the whole row").to_owned(), ToString::to_string)
}

/// How many different texts were no code.
pub(super) fn different(of: &InColumn, language: Language) -> Option<String> {
    let different = of.different?;
    let most = different >= MAX_UNKNOWN_TEXTS as u64;
    let count = language.count(different);
    Some(match (different, most) {
        (1, _) => language.choose("1 forskellig tekst", "1 different text").to_owned(),
        (_, false) => format!("{count} {}", language.choose("forskellige tekster", "different texts")),
        (_, true) => {
            format!(
                "{count} {}",
                language.choose("forskellige tekster eller flere", "different texts or more")
            )
        }
    })
}

/// Lines, the first of them, and how many more there are.
pub(super) fn lines(places: &Places, listed: usize, language: Language) -> String {
    let named: Vec<String> = places.lines.iter().take(listed).map(u64::to_string).collect();
    let more = places.rows - named.len() as u64;
    let word = if places.rows == 1 {
        language.choose("linje", "line")
    } else {
        language.choose("linjerne", "lines")
    };
    let mut text = format!("{word} {}", named.join(", "));
    if more > 0 {
        let count = language.count(more);
        text += &match language {
            Language::Da => format!(" og {count} flere"),
            Language::En => format!(" and {count} more"),
        };
    }
    text
}

/// Months and their rows; a long time without rows is one of them.
pub(super) fn months(report: &Report) -> Vec<(String, u64)> {
    let runs = report.months.chunk_by(|a, b| a.rows == 0 && b.rows == 0);
    let named = runs.filter_map(|run| match run {
        [] => None,
        [one] => Some((one.month.clone(), one.rows)),
        [first, .., last] => Some((format!("{}..{}", first.month, last.month), first.rows)),
    });
    named.collect()
}

/// What was found, rejecting or not.
pub(super) fn found(report: &Report, rejects: bool) -> Vec<&Found> {
    report.found.iter().filter(|found| found.matter.rejects() == rejects).collect()
}

/// Title of what rejects, and of what does not.
pub(super) const fn title(rejects: bool, language: Language) -> &'static str {
    if rejects {
        language.choose("Afviste rækker, efter årsag", "Rejected rows, by reason")
    } else {
        language
            .choose("Bemærkninger: rækkerne sendes alligevel", "Remarks: these rows are sent all the same")
    }
}
