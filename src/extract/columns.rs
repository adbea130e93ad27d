//! Which column of the file is which column of the dataset, and how a field of it is read.

use rustc_hash::FxHashMap;

use super::findings::Reason;
use crate::clock::Day;
use crate::name::{CodeId, ColumnId};
use crate::programme::{Column, Dataset, Measure, Programme, Role};

/// Why a header does not fit a dataset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Nothing in the header means this column.
    #[error("the file's first line has no column for {column}; take out titles above the headers, and any of these headers would do: {}", known.join(", "))]
    Missing {
        /// The dataset's column.
        column: ColumnId,
        /// Headers that are known.
        known: Vec<String>,
    },
    /// Two columns of the file mean the same.
    #[error("the columns {first} and {second} of the file (counted from 1) both mean {column}; take one out")]
    Twice {
        /// The dataset's column.
        column: ColumnId,
        /// Position in the file, from 1.
        first: usize,
        /// Position in the file, from 1.
        second: usize,
    },
}

/// How the columns of one file serve a dataset.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub list: Vec<Mapped>,
    /// Positions in the file, from 1, of columns that stay at home.
    pub dropped: Vec<usize>,
}

/// One column of the dataset.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    pub id: ColumnId,
    /// Position in the file, from 0; `None` when an optional column is not in it.
    pub at: Option<usize>,
    pub required: bool,
    missing: Vec<String>,
    pub reads: Reads,
}

/// How a field is read.
#[derive(Clone, Debug)]
pub(super) enum Reads {
    Person,
    RelatedPerson,
    Case,
    Staff,
    Date,
    Category { forms: FxHashMap<String, u8>, codes: Vec<CodeId> },
    Measure(Measure),
}

impl Columns {
    pub fn map(header: &[String], dataset: &Dataset, programme: &Programme) -> Result<Columns, HeaderError> {
        let header = header.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
        let mut used = vec![false; header.len()];
        let mut list = Vec::with_capacity(dataset.columns.len());
        for column in &dataset.columns {
            let known = |name: &String| {
                name == column.id.as_str()
                    || column.headers.iter().any(|header| header.to_lowercase() == *name)
            };
            let mut found = header.iter().enumerate().filter(|(_, name)| known(name)).map(|(at, _)| at);
            let at = found.next();
            if let (Some(first), Some(second)) = (at, found.next()) {
                return Err(HeaderError::Twice {
                    column: column.id.clone(),
                    first: first + 1,
                    second: second + 1,
                });
            }
            if at.is_none() && column.required {
                let mut known = column.headers.clone();
                known.push(column.id.to_string());
                return Err(HeaderError::Missing { column: column.id.clone(), known });
            }
            if let Some(at) = at {
                used[at] = true;
            }
            list.push(Mapped {
                id: column.id.clone(),
                at,
                required: column.required,
                missing: column.missing.iter().map(|text| text.to_lowercase()).collect(),
                reads: reads(column, programme),
            });
        }
        let dropped = used.iter().enumerate().filter(|(_, used)| !**used).map(|(at, _)| at + 1).collect();
        Ok(Columns { list, dropped })
    }
}

fn reads(column: &Column, programme: &Programme) -> Reads {
    match &column.role {
        Role::Person => Reads::Person,
        Role::RelatedPerson => Reads::RelatedPerson,
        Role::Case => Reads::Case,
        Role::Staff => Reads::Staff,
        Role::Date => Reads::Date,
        Role::Measure(measure) => Reads::Measure(measure.clone()),
        Role::Category { list } => {
            let codes = &programme.code_lists[*list].codes;
            let mut forms = FxHashMap::default();
            for (at, code) in codes.iter().enumerate() {
                let at = u8::try_from(at).expect("a list has at most 254 codes");
                forms.insert(code.id.to_string(), at);
                forms.extend(code.also.iter().map(|form| (form.to_lowercase(), at)));
            }
            Reads::Category { forms, codes: codes.iter().map(|code| code.id.clone()).collect() }
        }
    }
}

impl Mapped {
    /// Whether a field, trimmed, says that there is nothing.
    pub fn is_missing(&self, field: &[u8]) -> bool {
        field.is_empty()
            || (!self.missing.is_empty()
                && std::str::from_utf8(field).is_ok_and(|text| self.missing.contains(&text.to_lowercase())))
    }
}

/// Reads a date as Danish systems write it: `dd-mm-yyyy`, `dd.mm.yyyy`, `dd/mm/yyyy` (one digit will do for day
/// and month) or `yyyy-mm-dd`; a time of day behind it is dropped.
pub(super) fn parse_date(field: &[u8]) -> Result<Day, Reason> {
    let date = field.split(|byte| matches!(byte, b' ' | b'T')).next().unwrap_or(field);
    if let Ok(day) = Day::parse_iso(date) {
        return Ok(day);
    }
    let separator =
        date.iter().copied().find(|byte| matches!(byte, b'-' | b'.' | b'/')).ok_or(Reason::Date)?;
    let mut parts = date.split(|byte| *byte == separator);
    let mut number = |digits: std::ops::RangeInclusive<usize>| -> Result<i16, Reason> {
        let part = parts.next().ok_or(Reason::Date)?;
        if !digits.contains(&part.len()) || !part.iter().all(u8::is_ascii_digit) {
            return Err(Reason::Date);
        }
        Ok(part.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0')))
    };
    let (day, month, year) = (number(1..=2)?, number(1..=2)?, number(4..=4)?);
    if parts.next().is_some() {
        return Err(Reason::Date);
    }
    let small = |value: i16| u8::try_from(value).map_err(|_| Reason::Date);
    Day::from_ymd(year, small(month)?, small(day)?).ok_or(Reason::Date)
}

/// The sign between whole numbers and decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimal {
    /// `1.234,5`, as Danish systems write.
    #[default]
    Comma,
    /// `1,234.5`.
    Point,
}

/// Reads a number into its smallest unit. More decimals than the measure keeps are refused, not rounded.
pub(super) fn parse_number(field: &[u8], decimal: Decimal, measure: &Measure) -> Result<i64, Reason> {
    let (mark, group) = match decimal {
        Decimal::Comma => (b',', b'.'),
        Decimal::Point => (b'.', b','),
    };
    let (negative, digits) = match field {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, field),
    };
    let (whole, decimals) = match digits.iter().position(|byte| *byte == mark) {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, &[][..]),
    };
    let decimals = decimals.strip_suffix(b"0").map_or(decimals, |_| {
        let kept = decimals.iter().rposition(|byte| *byte != b'0').map_or(0, |at| at + 1);
        &decimals[..kept.max(usize::from(measure.decimals).min(decimals.len()))]
    });
    if whole.is_empty() || decimals.len() > usize::from(measure.decimals) || !grouped(whole, group) {
        return Err(Reason::Number);
    }
    let padding = std::iter::repeat_n(b'0', usize::from(measure.decimals) - decimals.len());
    let mut value = 0i64;
    for byte in
        whole.iter().copied().filter(|byte| *byte != group).chain(decimals.iter().copied()).chain(padding)
    {
        if !byte.is_ascii_digit() {
            return Err(Reason::Number);
        }
        let digit = i64::from(byte - b'0');
        value = value.checked_mul(10).and_then(|value| value.checked_add(digit)).ok_or(Reason::OutOfRange)?;
    }
    let value = if negative { -value } else { value };
    if (measure.min..=measure.max).contains(&value) { Ok(value) } else { Err(Reason::OutOfRange) }
}

/// Whether grouping signs, if any, stand before every three digits.
fn grouped(whole: &[u8], group: u8) -> bool {
    if memchr::memchr(group, whole).is_none() {
        return true;
    }
    whole
        .split(|byte| *byte == group)
        .enumerate()
        .all(|(at, part)| if at == 0 { (1..=3).contains(&part.len()) } else { part.len() == 3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danish_dates() {
        let day = Day::from_ymd(2022, 3, 5);
        for text in [
            "05-03-2022",
            "5-3-2022",
            "05.03.2022",
            "05/03/2022",
            "2022-03-05",
            "05-03-2022 13:45",
            "2022-03-05T01:02:03",
        ] {
            assert_eq!(parse_date(text.as_bytes()).ok(), day, "{text}");
        }
        for text in ["31-02-2022", "05-03-22", "03-2022", "05-03.2022", "x", "", "5-3-2022-1"] {
            assert_eq!(parse_date(text.as_bytes()), Err(Reason::Date), "{text}");
        }
    }

    #[test]
    fn numbers_follow_the_declared_form() {
        let measure = Measure { unit: "kr".into(), decimals: 2, min: 0, max: 100_000_000 };
        let comma = |text: &str| parse_number(text.as_bytes(), Decimal::Comma, &measure);
        assert_eq!(comma("1.234,5"), Ok(123_450));
        assert_eq!(comma("1234,50"), Ok(123_450));
        assert_eq!(comma("7"), Ok(700));
        assert_eq!(comma("7,1000"), Ok(710));
        assert_eq!(comma("1234.50"), Err(Reason::Number));
        assert_eq!(comma("7,125"), Err(Reason::Number));
        assert_eq!(comma("-1"), Err(Reason::OutOfRange));
        assert_eq!(comma("99999999999999999999"), Err(Reason::OutOfRange));
        assert_eq!(comma("1e5"), Err(Reason::Number));
        assert_eq!(parse_number(b"1,234.5", Decimal::Point, &measure), Ok(123_450));
    }
}
