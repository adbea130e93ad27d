//! Which column of the file is which column of the dataset, and how a field of it is read.

use rustc_hash::FxHashMap;

use super::derive::{Bands, Derived, What};
use super::mapping::{ColumnMapping, DateForm, Mapping};
use super::read::Written;
use super::report::Reason;
use crate::clock::Day;
use crate::language::Spoken;
use crate::name::{CodeId, ColumnId};
use crate::programme::{Column, Dataset, Derive, Measure, Precision, Programme, Role};

/// Why a header does not fit a dataset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Nothing in the header means this column.
    #[error("the header has no column for {column}; if titles stand above it, say on which line it is with --header-row; any of these headers would do: {}", known.join(", "))]
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

impl Spoken for HeaderError {
    fn danish(&self) -> String {
        match self {
            HeaderError::Missing { column, known } => format!(
                "overskriften har ingen kolonne til {column}; står der titler over den, så sig med --header-row, på hvilken linje den er; en af disse overskrifter ville kunne bruges: {}",
                known.join(", ")
            ),
            HeaderError::Twice { column, first, second } => format!(
                "kolonne {first} og {second} i filen (talt fra 1) betyder begge {column}; tag en af dem ud"
            ),
        }
    }
}

/// How the columns of one file serve a dataset.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub list: Vec<Mapped>,
    /// Positions in the file, from 1, of columns that stay at home.
    pub dropped: Vec<usize>,
    /// The headers of the file in lower case, in its order.
    pub headers: Vec<String>,
    /// How fine days leave.
    pub precision: Precision,
    /// Bytes by which rows that differ in what stays at home are told apart.
    pub apart: usize,
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
    Category {
        forms: FxHashMap<String, u8>,
        codes: Vec<CodeId>,
    },
    Measure(Measure),
    /// A number that leaves as a code.
    Band(Bands),
    /// Worked out from an identifier, and in no file.
    Derived(Derived),
}

impl Reads {
    /// The role's word in a definition.
    pub const fn role(&self) -> &'static str {
        match self {
            Reads::Person => Role::Person.word(),
            Reads::RelatedPerson => Role::RelatedPerson.word(),
            Reads::Case => Role::Case.word(),
            Reads::Staff => Role::Staff.word(),
            Reads::Date => Role::Date.word(),
            Reads::Derived(Derived { what: What::Year(_), .. }) | Reads::Measure(_) => "measure",
            Reads::Category { .. } | Reads::Band(_) | Reads::Derived(_) => "category",
        }
    }
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
            let known = |name: &String| column.is_in_files() && known(name);
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
            if at.is_none() && column.required && column.is_in_files() {
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
        let precision = dataset.precision();
        let bands = list.iter().filter(|column: &&Mapped| matches!(column.reads, Reads::Band(_))).count();
        let apart = bands * size_of::<i64>() + if precision == Precision::Day { 0 } else { size_of::<i32>() };
        Ok(Columns { list, dropped, headers: header, precision, apart })
    }
}

fn reads(column: &Column, programme: &Programme, own: Option<&ColumnMapping>) -> Reads {
    if let Some(derive) = column.derive {
        return derived(derive, column, programme, own);
    }
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
            // What a code is called means it too, where nothing else does.
            for (at, code) in codes.iter().enumerate() {
                let at = u8::try_from(at).expect("a list has at most 254 codes");
                for title in [&code.title.da, &code.title.en] {
                    forms.entry(title.to_lowercase()).or_insert(at);
                }
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

/// How what is worked out is read. The check of the programme holds role, list and derivation against each other.
fn derived(derive: Derive, column: &Column, programme: &Programme, own: Option<&ColumnMapping>) -> Reads {
    let list = match column.role {
        Role::Category { list } => programme.code_lists.get(list),
        _ => None,
    };
    let bands = || Bands::of(list.map_or(&[], |list| &list.codes));
    let what = match derive {
        Derive::Band => {
            let mut bands = bands();
            for (word, code) in own.into_iter().flat_map(|own| &own.codes) {
                bands.word(word, code.clone());
            }
            return Reads::Band(bands);
        }
        Derive::AgeBand(_) => What::Age(bands()),
        Derive::Sex(_) => {
            let code = |word| {
                let known = list.and_then(|list| Some(list.codes[list.knowing(word)?].id.clone()));
                known.expect("the check of the programme finds a code for both")
            };
            What::Sex { man: code("man"), woman: code("woman") }
        }
        Derive::BirthYear(_) => match &column.role {
            Role::Measure(measure) => What::Year(measure.clone()),
            _ => What::YearBand(bands()),
        },
    };
    Reads::Derived(Derived { of: derive.of().unwrap_or_default(), what })
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
        (Written::Fault, _) => Err(Reason::CellError),
        (Written::Day, _) => Day::parse_iso(field).map_err(|_| Reason::Date),
        (Written::Number | Written::Number1904, DateForm::Compact) if field.len() == 8 => compact(field),
        (Written::Number1904, _) => serial(field, SERIAL_1904),
        (Written::Number, _) | (Written::Text, DateForm::Serial) => serial(field, SERIAL),
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
        (Written::Text, DateForm::Compact) => compact(without_time(field)),
    }
}

/// Reads `yyyymmdd`.
fn compact(date: &[u8]) -> Result<Day, Reason> {
    match date {
        [year @ .., m1, m2, d1, d2] if year.len() == 4 => {
            let number = |digits: &[u8]| digits_of(digits).ok_or(Reason::Date);
            let small = |value: i16| u8::try_from(value).map_err(|_| Reason::Date);
            let (year, month, day) = (number(year)?, number(&[*m1, *m2])?, number(&[*d1, *d2])?);
            Day::from_ymd(year, small(month)?, small(day)?).ok_or(Reason::Date)
        }
        _ => Err(Reason::Date),
    }
}

fn without_time(field: &[u8]) -> &[u8] {
    field.split(|byte| matches!(byte, b' ' | b'T')).next().unwrap_or(field)
}

/// Day 0, and the first and the last day that are read. Days before 1 March 1900 are refused: spreadsheets do not agree
/// on them.
type Serial = ((i16, u8, u8), i32, i32);
const SERIAL: Serial = ((1899, 12, 30), 61, 109_574);
const SERIAL_1904: Serial = ((1904, 1, 1), 0, 108_112);

/// The day that a spreadsheet counts; what is behind the decimal sign is a time of day.
fn serial(field: &[u8], ((year, month, day), first, last): Serial) -> Result<Day, Reason> {
    let whole = field.split(|byte| matches!(byte, b'.' | b',')).next().unwrap_or(field);
    let days = std::str::from_utf8(whole).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let days = days.and_then(|text| text.parse::<i32>().ok()).ok_or(Reason::Date)?;
    let epoch = Day::from_ymd(year, month, day).ok_or(Reason::Date)?;
    if (first..=last).contains(&days) { Ok(epoch.plus(days)) } else { Err(Reason::Date) }
}

/// What spreadsheets write, in English and Danish, where they could not work a field out, or had no room to show it.
const CELL_ERRORS: [&str; 20] = [
    "#N/A",
    "#I/T",
    "#DIV/0!",
    "#DIVISION/0!",
    "#REF!",
    "#REFERENCE!",
    "#NAME?",
    "#NAVN?",
    "#VALUE!",
    "#VÆRDI!",
    "#NUM!",
    "#NULL!",
    "#NUL!",
    "#SPILL!",
    "#OVERLØB!",
    "#CALC!",
    "#BEREGN!",
    "#GETTING_DATA",
    "#FIELD!",
    "#FELT!",
];

/// Whether a text is what a spreadsheet writes instead of a field: `#N/A`, `########`.
pub(super) fn is_cell_error(field: &[u8]) -> bool {
    field.first() == Some(&b'#')
        && (field.len() > 2 && field.iter().all(|byte| *byte == b'#')
            || std::str::from_utf8(field)
                .is_ok_and(|text| CELL_ERRORS.contains(&text.to_uppercase().as_str())))
}

/// Whether a text heads a row of totals: `I alt`, `Total:`.
pub(super) fn is_total(field: &[u8]) -> bool {
    const WORDS: [&str; 11] = [
        "total",
        "totalt",
        "i alt",
        "ialt",
        "sum",
        "summer",
        "hovedtotal",
        "subtotal",
        "grand total",
        "antal i alt",
        "antal rækker",
    ];
    // No word begins with a digit, and nearly every row does: nothing else is done for it.
    if field.first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(field) else { return false };
    // A count may follow in the same field.
    let text =
        text.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '.' | ','));
    WORDS.contains(&text.trim_end_matches(':').trim_end().to_lowercase().as_str())
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

/// Reads a number into its smallest unit. More decimals than the measure keeps are refused, not rounded. Thousands may
/// stand apart by the group sign, or by spaces of any width.
pub(super) fn parse_number(field: &[u8], decimal: Decimal, measure: &Measure) -> Result<i64, Reason> {
    let (mark, group) = match decimal {
        Decimal::Comma => (b',', b'.'),
        Decimal::Point => (b'.', b','),
    };
    if field.iter().any(|byte| *byte == b' ' || !byte.is_ascii()) {
        let text = std::str::from_utf8(field).map_err(|_| Reason::Number)?;
        if text.contains(char::from(group)) {
            return Err(Reason::Number);
        }
        let grouped = text.replace(char::is_whitespace, &char::from(group).to_string());
        if !grouped.is_ascii() {
            return Err(Reason::Number);
        }
        return parse_number(grouped.as_bytes(), decimal, measure);
    }
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
        assert_eq!(parse_date(b"43163", Written::Number1904, DateForm::Danish).ok(), day);
        assert_eq!(parse_date(b"20220305", Written::Number, DateForm::Compact).ok(), day);
        assert_eq!(parse_date(b"20220305", Written::Number, DateForm::Danish), Err(Reason::Date));
        assert_eq!(parse_date(b"1900-02-29", Written::Day, DateForm::Danish), Err(Reason::Date));
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
        for text in ["1 234,5", "1\u{A0}234,50", "1\u{2009}234,5", "1\u{202F}234,5"] {
            assert_eq!(comma(text), Ok(123_450), "{text}");
        }
        for text in ["12 34", "1 234.567", "1 234,5 kr", "1\u{2212}2", "1 2 3", "- 1"] {
            assert_eq!(comma(text), Err(Reason::Number), "{text}");
        }
    }

    #[test]
    fn words_of_spreadsheets_are_told_from_fields() {
        for text in ["#N/A", "#i/t", "#VÆRDI!", "####", "#REFERENCE!"] {
            assert!(is_cell_error(text.as_bytes()), "{text}");
        }
        for text in ["", "#", "##", "#1", "#hashtag", "N/A", "S-1"] {
            assert!(!is_cell_error(text.as_bytes()), "{text}");
        }
        for text in ["Total", "I ALT", "i alt:", "Sum: 17", "Total 1.234", "Antal rækker: 12"] {
            assert!(is_total(text.as_bytes()), "{text}");
        }
        for text in ["", "Totalskade", "17", "Total kommune", "Summa", "alt"] {
            assert!(!is_total(text.as_bytes()), "{text}");
        }
    }
}
