//! Lists: named columns, a statement a row, and everything that is wrong with them in one pass.

use std::fmt;

use super::columns::parse_date;
use super::mapping::DateForm;
use super::read::{Declared, ReadError, Rows, Source, Written};
use crate::clock::Day;
use crate::language::{Language, Spoken};

/// Wrong rows that a message names; it says how many more there are.
pub const LISTED_ROWS: usize = 50;

/// Why a list cannot be read as one.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The file as a whole.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A column is missing.
    #[error("the list has no column {missing}; needed are {}", needed.join(", "))]
    Missing {
        /// The column.
        missing: &'static str,
        /// Those that a list cannot do without.
        needed: &'static [&'static str],
    },
    /// A column that no list has.
    #[error("column {at} of the list (counted from 1) is none of: {}", known.join(", "))]
    Unknown {
        /// Its position, from 1.
        at: usize,
        /// The columns that a list may have.
        known: &'static [&'static str],
    },
    /// A row that cannot be found the end of.
    #[error("line {0}: the row is damaged")]
    Damaged(u64),
    /// Two columns of one name.
    #[error("the list has two columns {0}; take one out")]
    Twice(&'static str),
}

impl Spoken for ListError {
    fn danish(&self) -> String {
        match self {
            // The way to an ending takes this error by itself, in its own words.
            ListError::Read(error) => error.to_string(),
            ListError::Missing { missing, needed } => {
                format!("listen har ingen kolonne {missing}; den skal have {}", needed.join(", "))
            }
            ListError::Unknown { at, known } => {
                format!("kolonne {at} i listen (talt fra 1) er ikke en af: {}", known.join(", "))
            }
            ListError::Damaged(line) => format!("linje {line}: rækken er beskadiget"),
            ListError::Twice(name) => format!("listen har to kolonner {name}; tag den ene ud"),
        }
    }
}

/// What is wrong with a row. Never carries a value of it.
pub trait RowFault: Spoken {
    /// The column, where one is at fault.
    fn column(&self) -> Option<&'static str>;
}

/// The rows of a list that are wrong, by line: all are counted, the first [`LISTED_ROWS`] are named.
#[derive(Debug)]
pub struct WrongRows<P> {
    listed: Vec<(u64, P)>,
    all: u64,
}

impl<P: RowFault> WrongRows<P> {
    pub(super) const fn none() -> WrongRows<P> {
        WrongRows { listed: Vec::new(), all: 0 }
    }

    pub(super) fn push(&mut self, line: u64, problem: P) {
        self.all += 1;
        if self.listed.len() < LISTED_ROWS {
            self.listed.push((line, problem));
        }
    }

    pub(super) const fn is_none(&self) -> bool {
        self.all == 0
    }

    pub(super) fn sort(&mut self) {
        self.listed.sort_by_key(|(line, _)| *line);
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.all
    }

    /// Those that are named, with their lines.
    #[must_use]
    pub fn listed(&self) -> &[(u64, P)] {
        &self.listed
    }

    fn told(&self, language: Language) -> String {
        let line = |(line, problem): &(u64, P)| {
            let column = problem.column().map(|name| match language {
                Language::Da => format!(", kolonne {name}"),
                Language::En => format!(", column {name}"),
            });
            let word = language.choose("linje", "line");
            format!("{word} {line}{}: {}", column.unwrap_or_default(), problem.say(language))
        };
        if let ([one], 1) = (&self.listed[..], self.all) {
            return line(one);
        }
        let all = language.count(self.all);
        let mut text = match language {
            Language::Da => format!("{all} fejl i listen, og intet er lavet eller sendt:"),
            Language::En => format!("{all} faults in the list, and nothing was made or sent:"),
        };
        for row in &self.listed {
            text += "\n  ";
            text += &line(row);
        }
        let more = self.all - self.listed.len() as u64;
        if more > 0 {
            let more = language.count(more);
            text += &match language {
                Language::Da => format!("\n  og {more} til"),
                Language::En => format!("\n  and {more} more"),
            };
        }
        text
    }
}

impl<P: RowFault> fmt::Display for WrongRows<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Language::En))
    }
}

impl<P: RowFault> std::error::Error for WrongRows<P> {}

impl<P: RowFault> Spoken for WrongRows<P> {
    fn danish(&self) -> String {
        self.told(Language::Da)
    }
}

/// The columns of a kind of list, of which it cannot do without the first ones.
#[derive(Clone, Copy)]
pub(super) struct ListColumns {
    pub known: &'static [&'static str],
    pub needed: usize,
}

/// A row: the field of each column in the order of [`ListColumns::known`], trimmed, empty where there is none; `None`
/// for a row that cannot be cut into fields.
pub(super) type Fields<'f> = Option<&'f dyn Fn(usize) -> &'f str>;

/// Reads a list, and gives line and fields of each row to `each`. Returns how many there are.
pub(super) fn read_fields<E: From<ListError>>(
    source: &Source,
    columns: ListColumns,
    mut each: impl FnMut(u64, Fields<'_>) -> Result<(), E>,
) -> Result<u64, E> {
    let mut rows = Rows::open(source, Declared::default()).map_err(ListError::from)?;
    let mut at = vec![None; columns.known.len()];
    for (position, name) in rows.header.iter().enumerate() {
        let known = columns.known.iter().position(|column| name.eq_ignore_ascii_case(column));
        let known = known.ok_or(ListError::Unknown { at: position + 1, known: columns.known })?;
        if at[known].replace(position).is_some() {
            return Err(ListError::Twice(columns.known[known]).into());
        }
    }
    let needed = &columns.known[..columns.needed];
    if let Some(missing) = at[..columns.needed].iter().position(Option::is_none) {
        return Err(ListError::Missing { missing: needed[missing], needed }.into());
    }
    let mut count = 0;
    while let Some(chunk) = rows.next_chunk().map_err(ListError::from)? {
        chunk.each(
            |line| E::from(ListError::Damaged(line)),
            |line, row| {
                if row.is_empty() {
                    return Ok(());
                }
                count += 1;
                let text = |column: usize| {
                    at[column].and_then(|at| row.field(at)).map_or(&b""[..], |(text, _)| text)
                };
                if (0..columns.known.len()).any(|column| std::str::from_utf8(text(column)).is_err()) {
                    return each(line, None);
                }
                let field = |column: usize| std::str::from_utf8(text(column)).unwrap_or_default().trim();
                each(line, Some(&field))
            },
        )?;
    }
    Ok(count)
}

/// A date as an extract has it, where no mapping says otherwise.
pub(super) fn day_of(text: &str) -> Option<Day> {
    parse_date(text.as_bytes(), Written::Text, DateForm::Danish).ok()
}

/// Reads a day as people write one: `01-03-2022` (also with points or strokes, and with one digit) or `2022-03-01`.
#[must_use]
pub fn read_day(text: &str) -> Option<Day> {
    let text = text.trim();
    if text.contains([' ', 'T']) { None } else { day_of(text) }
}
