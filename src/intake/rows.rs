//! Reads the rows of a verified block into a staged frame: strict text in, links and small integers out.
//!
//! Every value that a package may hold is plain ASCII without commas: tokens, dates, codes, numbers. So a line is cut
//! at commas and line feeds alone, and whatever else a file can hold fails as a value; only then is it looked at
//! closer, to name the reason. Nothing is allocated for a row.

use rustc_hash::FxHashMap;

use super::staged::{Frame, Layout, MISSING_CODE, MISSING_MEASURE, Value};
use super::{IntakeRefusal, RowProblem};
use crate::clock::{Day, Period};
use crate::consent::Arrival;
use crate::name::ColumnId;
use crate::programme::{Column, Measure, Precision, Programme, Role};
use crate::token::{Link, Linker, Token, TokenKind, looks_like_cpr};

/// Reads rows of one dataset.
///
/// Where the dataset rests on consent alone, a row whose person does not permit it is read and not kept: what stays is whose
/// it was ([`Frame::refuse_row`]). A related person without a permission of their own is dropped from the row.
pub(super) struct RowReader {
    layout: Layout,
    related: Option<usize>,
    columns: Vec<Reader>,
    linker: Linker,
    period: Period,
    first: Day,
    last: Day,
    today: Day,
}

/// What of a row decides whether it is kept.
#[derive(Default)]
struct Owner {
    person: Option<Link>,
    related: Option<Link>,
    day: Option<Day>,
}

struct Reader {
    id: ColumnId,
    required: bool,
    kind: Kind,
}

enum Kind {
    Person,
    RelatedPerson,
    Case,
    Staff,
    Date(Precision),
    Category(FxHashMap<Box<[u8]>, u8>),
    Measure(Measure),
}

impl Reader {
    fn new(column: &Column, programme: &Programme) -> Reader {
        let kind = match &column.role {
            Role::Person => Kind::Person,
            Role::RelatedPerson => Kind::RelatedPerson,
            Role::Case => Kind::Case,
            Role::Staff => Kind::Staff,
            Role::Date => Kind::Date(column.precision),
            Role::Category { list } => {
                let codes = programme.code_lists[*list].codes.iter();
                let text = codes.map(|code| code.id.as_str().as_bytes());
                // A code that looks like a CPR number could hide one, whatever the definition says.
                let plain = (0u8..).zip(text).filter(|(_, text)| !looks_like_cpr(text));
                Kind::Category(plain.map(|(at, text)| (text.into(), at)).collect())
            }
            Role::Measure(measure) => Kind::Measure(measure.clone()),
        };
        Reader { id: column.id.clone(), required: column.required, kind }
    }
}

impl RowReader {
    /// A reader of rows of the dataset at a position, with dates in `period` and up to `today`.
    pub(super) fn new(
        programme: &Programme,
        dataset: usize,
        linker: Linker,
        period: Period,
        today: Day,
    ) -> RowReader {
        let of = &programme.datasets[dataset];
        let columns = of.columns.iter();
        RowReader {
            layout: Layout::of(of),
            related: of.position(|role| *role == Role::RelatedPerson),
            columns: columns.map(|column| Reader::new(column, programme)).collect(),
            linker,
            period,
            first: period.first_day(),
            last: period.last_day().min(today),
            today,
        }
    }

    /// The header line that the dataset's packages begin with, line feed included.
    pub(super) fn header(&self) -> String {
        let names = self.columns.iter().map(|column| column.id.as_str()).collect::<Vec<_>>();
        names.join(",") + "\n"
    }

    /// Reads whole lines, of which the first is line `line` of the file, and keeps those that `arrival` lets in; `None` for a
    /// dataset that does not rest on consent alone.
    pub(super) fn read(
        &self,
        text: &[u8],
        mut line: u64,
        arrival: Option<&Arrival>,
        frame: &mut Frame,
    ) -> Result<(), IntakeRefusal> {
        let (mut line_start, mut start, mut column) = (0, 0, 0);
        let mut owner = Owner::default();
        for end in memchr::memchr2_iter(b',', b'\n', text) {
            let ends_line = text[end] == b'\n';
            let last = column + 1 == self.columns.len();
            if ends_line != last {
                let rest = &text[line_start..];
                let whole = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
                let problem = strange(whole).unwrap_or(RowProblem::Columns);
                return Err(IntakeRefusal::Row { line, column: None, problem });
            }
            let reader = &self.columns[column];
            let field = &text[start..end];
            self.value(reader, field, frame, &mut owner).map_err(|problem| {
                let problem = strange(field).unwrap_or(problem);
                IntakeRefusal::Row { line, column: Some(reader.id.clone()), problem }
            })?;
            start = end + 1;
            column += 1;
            if ends_line {
                self.end_row(&std::mem::take(&mut owner), arrival, frame);
                (column, line_start) = (0, start);
                line += 1;
            }
        }
        if start != text.len() || column != 0 {
            let problem = strange(&text[line_start..]).unwrap_or(RowProblem::Unfinished);
            return Err(IntakeRefusal::Row { line, column: None, problem });
        }
        Ok(())
    }

    /// Keeps the row that is read, or not. A row of nobody rests on nobody's consent.
    fn end_row(&self, owner: &Owner, arrival: Option<&Arrival>, frame: &mut Frame) {
        let (Some(arrival), Some(day)) = (arrival, owner.day) else { return frame.end_row() };
        if let Some(person) = owner.person.filter(|person| !arrival.permits(person, day)) {
            return frame.refuse_row(person);
        }
        let refused = owner.related.is_some_and(|related| !arrival.permits(&related, day));
        if let Some(column) = self.related.filter(|_| refused) {
            frame.drop_link(&self.layout, column);
        }
        frame.end_row();
    }

    fn value(
        &self,
        reader: &Reader,
        field: &[u8],
        frame: &mut Frame,
        owner: &mut Owner,
    ) -> Result<(), RowProblem> {
        if field.is_empty() {
            if reader.required {
                return Err(RowProblem::Missing);
            }
            frame.push(match reader.kind {
                Kind::Category(_) => Value::Code(MISSING_CODE),
                Kind::Measure(_) => Value::Measure(MISSING_MEASURE),
                // The programme check makes the date required; a definition that does not is refused like a bad date.
                Kind::Date(_) => return Err(RowProblem::Missing),
                Kind::Person | Kind::RelatedPerson | Kind::Case | Kind::Staff => Value::Link(None),
            });
            return Ok(());
        }
        let value = match &reader.kind {
            Kind::Date(precision) => {
                let day = self.date(field)?;
                if precision.coarsened(day) != day {
                    return Err(RowProblem::Precision);
                }
                owner.day = Some(day);
                Value::Day(day)
            }
            Kind::Category(codes) => Value::Code(*codes.get(field).ok_or(RowProblem::Code)?),
            Kind::Measure(measure) => Value::Measure(number(measure, field)?),
            kind => {
                let token = Token::parse(field).map_err(RowProblem::Token)?;
                let fits = match kind {
                    Kind::Case => token.kind() == TokenKind::Case,
                    Kind::Staff => token.kind() == TokenKind::Staff,
                    _ => token.kind().is_person(),
                };
                if !fits {
                    return Err(RowProblem::TokenKind);
                }
                if matches!(kind, Kind::Person) {
                    frame.count_person(token.kind());
                }
                let link = self.linker.link(&token);
                match kind {
                    Kind::Person => owner.person = Some(link),
                    Kind::RelatedPerson => owner.related = Some(link),
                    _ => {}
                }
                Value::Link(Some(link))
            }
        };
        frame.push(value);
        Ok(())
    }

    fn date(&self, field: &[u8]) -> Result<Day, RowProblem> {
        let day = Day::parse_iso(field).map_err(|_| RowProblem::Date)?;
        if day < self.first || day > self.last {
            let future = self.period.contains(day) && day > self.today;
            return Err(if future { RowProblem::Future } else { RowProblem::OutsidePeriod });
        }
        Ok(day)
    }
}

/// A number with exactly the measure's decimals after a point, a hyphen before it when it is below zero, and no
/// leading zeros: one number has one text. A number whose digits have the form of a CPR number is refused.
fn number(measure: &Measure, field: &[u8]) -> Result<i64, RowProblem> {
    let (negative, digits) = match field {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let decimals = usize::from(measure.decimals);
    let (whole, fraction) = match decimals {
        0 => (digits, &[][..]),
        _ => {
            let point = digits.len().checked_sub(decimals + 1).ok_or(RowProblem::Number)?;
            if digits[point] != b'.' {
                return Err(RowProblem::Number);
            }
            (&digits[..point], &digits[point + 1..])
        }
    };
    let mut plain = [0; 19];
    let length = whole.len() + fraction.len();
    let plain = plain.get_mut(..length).ok_or(RowProblem::Number)?;
    plain[..whole.len()].copy_from_slice(whole);
    plain[whole.len()..].copy_from_slice(fraction);
    if !plain.iter().all(u8::is_ascii_digit) {
        return Err(RowProblem::Number);
    }
    if looks_like_cpr(plain) || looks_like_cpr(whole) {
        return Err(RowProblem::LooksLikeCpr);
    }
    if whole.is_empty() || (whole[0] == b'0' && whole.len() > 1) {
        return Err(RowProblem::Number);
    }
    let value = plain.iter().try_fold(0i64, |sum, digit| {
        sum.checked_mul(10).and_then(|sum| sum.checked_add(i64::from(digit - b'0')))
    });
    let value = value.ok_or(RowProblem::Bounds)?;
    if negative && value == 0 {
        return Err(RowProblem::Number);
    }
    let value = if negative { -value } else { value };
    if value < measure.min || value > measure.max { Err(RowProblem::Bounds) } else { Ok(value) }
}

/// What is strange about bytes that are not the value expected, where that says more.
pub(super) fn strange(bytes: &[u8]) -> Option<RowProblem> {
    let has = |byte| memchr::memchr(byte, bytes).is_some();
    if has(0) {
        Some(RowProblem::Nul)
    } else if std::str::from_utf8(bytes).is_err() {
        Some(RowProblem::Encoding)
    } else if bytes
        .split(|b| !matches!(b, b'0'..=b'9' | b'-' | b' '))
        .any(|part| looks_like_cpr(part.trim_ascii()))
    {
        Some(RowProblem::LooksLikeCpr)
    } else if has(b'"') {
        Some(RowProblem::Quote)
    } else if has(b'\r') {
        Some(RowProblem::CarriageReturn)
    } else {
        None
    }
}
