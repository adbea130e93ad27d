//! Which column of the file is which column of the dataset, and how a field of it is read.

use rustc_hash::FxHashMap;

use super::findings::Reason;
use super::mapping::{ColumnMapping, DateForm, Mapping};
use super::read::Written;
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
    pub dates: DateForm,
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
    /// Finds the columns by a mapping where there is one, and else by the headers that the dataset knows.
    pub fn map(
        header: &[String],
        dataset: &Dataset,
        programme: &Programme,
        mapping: Option<&Mapping>,
    ) -> Result<Columns, HeaderError> {
        let header = header.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
        let mut used = vec![false; header.len()];
        let mut list = Vec::with_capacity(dataset.columns.len());
        for column in &dataset.columns {
            let own = mapping.and_then(|mapping| mapping.columns.get(&column.id));
            let known = |name: &String| match (mapping, own) {
                (None, _) => {
                    name == column.id.as_str()
                        || column.headers.iter().any(|header| header.to_lowercase() == *name)
                }
                (Some(_), own) => own.is_some_and(|own| own.header.to_lowercase() == *name),
            };
            let mut found = header.iter().enumerate().filter(|(_, name)| known(name)).map(|(at, _)| at);
            let nth = own.and_then(|own| own.nth);
            let at = found.nth(nth.map_or(0, |nth| usize::from(nth.get()) - 1));
            if let (Some(first), Some(second), None) = (at, found.next(), nth) {
                return Err(HeaderError::Twice {
                    column: column.id.clone(),
                    first: first + 1,
                    second: second + 1,
                });
            }
            if at.is_none() && column.required {
                let mut known = match own {
                    Some(own) => vec![own.header.clone()],
                    None => column.headers.clone(),
                };
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
                missing: column
                    .missing
                    .iter()
                    .chain(own.into_iter().flat_map(|own| &own.missing))
                    .map(|text| text.to_lowercase())
                    .collect(),
                dates: own.map(|own| own.dates).unwrap_or_default(),
                reads: reads(column, programme, own),
            });
        }
        let dropped = used.iter().enumerate().filter(|(_, used)| !**used).map(|(at, _)| at + 1).collect();
        Ok(Columns { list, dropped })
    }
}

fn reads(column: &Column, programme: &Programme, own: Option<&ColumnMapping>) -> Reads {
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
            // The file's own ways of writing come last: they decide.
            for (form, code) in own.into_iter().flat_map(|own| &own.codes) {
                if let Some(at) = codes.iter().position(|known| known.id == *code) {
                    forms
                        .insert(form.to_lowercase(), u8::try_from(at).expect("a list has at most 254 codes"));
                }
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

/// Reads a date in the form of its column; a time of day behind it is dropped. A date cell is a date, and a number cell
/// the serial number of one, whatever the form.
pub(super) fn parse_date(field: &[u8], written: Written, form: DateForm) -> Result<Day, Reason> {
    match (written, form) {
        (Written::Day, _) => Day::parse_iso(field).map_err(|_| Reason::Date),
        (Written::Number, _) | (Written::Text, DateForm::Serial) => serial(field),
        (Written::Text, DateForm::Danish) => {
            let date = without_time(field);
            Day::parse_iso(date).or_else(|_| parts(date, [Part::Day, Part::Month, Part::Year]))
        }
        (Written::Text, DateForm::ShortYear) => {
            parts(without_time(field), [Part::Day, Part::Month, Part::ShortYear])
        }
        (Written::Text, DateForm::MonthFirst) => {
            parts(without_time(field), [Part::Month, Part::Day, Part::Year])
        }
        (Written::Text, DateForm::Compact) => match without_time(field) {
            [year @ .., m1, m2, d1, d2] if year.len() == 4 => {
                let number = |digits: &[u8]| digits_of(digits).ok_or(Reason::Date);
                let small = |value: i16| u8::try_from(value).map_err(|_| Reason::Date);
                let (year, month, day) = (number(year)?, number(&[*m1, *m2])?, number(&[*d1, *d2])?);
                Day::from_ymd(year, small(month)?, small(day)?).ok_or(Reason::Date)
            }
            _ => Err(Reason::Date),
        },
    }
}

fn without_time(field: &[u8]) -> &[u8] {
    field.split(|byte| matches!(byte, b' ' | b'T')).next().unwrap_or(field)
}

/// The day that a spreadsheet counts from 30 December 1899; what is behind the decimal sign is a time of day. Days
/// before 1 March 1900 are refused: spreadsheets do not agree on them.
fn serial(field: &[u8]) -> Result<Day, Reason> {
    const FIRST: i32 = 61;
    const LAST: i32 = 109_574;
    let whole = field.split(|byte| matches!(byte, b'.' | b',')).next().unwrap_or(field);
    let days = std::str::from_utf8(whole).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let days = days.and_then(|text| text.parse::<i32>().ok()).ok_or(Reason::Date)?;
    let epoch = Day::from_ymd(1899, 12, 30).ok_or(Reason::Date)?;
    if (FIRST..=LAST).contains(&days) { Ok(epoch.plus(days)) } else { Err(Reason::Date) }
}

#[derive(Clone, Copy)]
enum Part {
    Day,
    Month,
    Year,
    /// Two digits: of this century.
    ShortYear,
}

fn digits_of(digits: &[u8]) -> Option<i16> {
    let small = digits.len() <= 4 && digits.iter().all(u8::is_ascii_digit);
    small.then(|| digits.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0')))
}

/// Reads three numbers with one of `-`, `.` and `/` between them, the same twice; one digit will do for day and month.
fn parts(date: &[u8], order: [Part; 3]) -> Result<Day, Reason> {
    let separator =
        date.iter().copied().find(|byte| matches!(byte, b'-' | b'.' | b'/')).ok_or(Reason::Date)?;
    let mut texts = date.split(|byte| *byte == separator);
    let (mut day, mut month, mut year) = (0, 0, 0);
    for part in order {
        let text = texts.next().ok_or(Reason::Date)?;
        let lengths = match part {
            Part::Day | Part::Month => 1..=2,
            Part::Year => 4..=4,
            Part::ShortYear => 2..=2,
        };
        let value = digits_of(text).filter(|_| lengths.contains(&text.len())).ok_or(Reason::Date)?;
        match part {
            Part::Day => day = value,
            Part::Month => month = value,
            Part::Year => year = value,
            Part::ShortYear => year = 2000 + value,
        }
    }
    if texts.next().is_some() {
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
    fn dates_follow_the_form_of_their_column() {
        let day = Day::from_ymd(2022, 3, 5);
        let read = |text: &str, form| parse_date(text.as_bytes(), Written::Text, form);
        for (form, right, wrong) in [
            (
                DateForm::Danish,
                &[
                    "05-03-2022",
                    "5-3-2022",
                    "05.03.2022",
                    "05/03/2022",
                    "2022-03-05",
                    "05-03-2022 13:45",
                    "2022-03-05T01:02:03",
                ][..],
                &["31-02-2022", "05-03-22", "03-2022", "05-03.2022", "x", "", "5-3-2022-1", "44625"][..],
            ),
            (DateForm::ShortYear, &["05-03-22", "5.3.22"], &["05-03-2022", "05-03-2"]),
            (DateForm::MonthFirst, &["3/5/2022", "03/05/2022 1:02"], &["13/05/2022", "3/5/22"]),
            (
                DateForm::Compact,
                &["20220305", "20220305 0102"],
                &["220305", "2022035", "20221305", "2022030x"],
            ),
            (DateForm::Serial, &["44625", "44625,5", "44625.25"], &["60", "-1", "05-03-2022", "1000000", ""]),
        ] {
            for text in right {
                assert_eq!(read(text, form).ok(), day, "{form:?} {text}");
            }
            for text in wrong {
                assert_eq!(read(text, form), Err(Reason::Date), "{form:?} {text}");
            }
        }
        assert_eq!(parse_date(b"44625", Written::Number, DateForm::Danish).ok(), day);
        assert_eq!(parse_date(b"2022-03-05", Written::Day, DateForm::MonthFirst).ok(), day);
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
