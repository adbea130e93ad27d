//! One row: every field read, every finding noted, and the tokenised line written.

use rustc_hash::FxHashMap;

use super::columns::{Columns, Decimal, Mapped, Reads, is_cell_error, is_total, parse_date, parse_number};
use super::days::Days;
use super::derive::{Derived, Subject, Value};
use super::read::{Row, Written};
use super::report::{Notes, Reason, Remark};
use super::screen::{Number, Numbers};
use super::shuffle::RowBuffer;
use crate::clock::Day;
use crate::id::{IdKind, Identifier, LeadingZero, Modulus};
use crate::programme::{Precision, Whose as Of};
use crate::token::{LocalIdError, Token, Tokeniser, looks_like_cpr};

/// Raw forms of one category column that are remembered at most.
const REMEMBERED_FORMS: usize = 4096;
/// Digits of a number that spreadsheets keep.
const KEPT_DIGITS: usize = 15;

/// What rows are held against.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub today: Day,
    pub first_day: Day,
    pub last_day: Day,
    pub zero: LeadingZero,
    pub decimal: Decimal,
    pub made_up_numbers: bool,
}

/// A rejected row that looks like one of totals: if no other row follows it, it is no row.
pub(super) struct Total {
    pub line: u64,
    pub reason: Reason,
    pub notes: Notes,
}

/// What became of a run of rows.
#[derive(Default)]
pub(super) struct Tally {
    pub read: u64,
    /// Whether there was anything that is not empty.
    pub any: bool,
    /// The last row that is not empty, where it looks like one of totals; it is counted nowhere else.
    pub total: Option<Total>,
    pub rejected: Vec<(Reason, u64)>,
    pub notes: Notes,
    /// CPR numbers of rows that are not rejected, where somebody looks at them together.
    pub numbers: Option<Numbers>,
}

/// What one row is about.
#[derive(Default)]
struct Whose {
    kind: Option<IdKind>,
    numbers: [Option<Number>; 2],
    /// The person and the related person.
    subjects: [Subject; 2],
    day: Option<Day>,
    /// Month of the event, counted from the first of the period.
    month: Option<usize>,
}

impl Tally {
    /// Counts what looked like a row of totals as the rejected row that it is, because another row follows it.
    pub fn settle(&mut self, total: Total) {
        self.read += 1;
        self.reject(total.reason);
        self.notes.append(total.notes);
    }

    fn reject(&mut self, reason: Reason) {
        match self.rejected.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, n)) => *n += 1,
            None => self.rejected.push((reason, 1)),
        }
    }
}

/// Reads the rows of chunks, one after another, on one thread.
pub(super) struct RowReader<'a> {
    columns: &'a Columns,
    tokeniser: &'a Tokeniser,
    terms: Terms,
    /// The first month of the period, counted from the year 0.
    first_month: i32,
    seen_forms: Vec<FxHashMap<Vec<u8>, u8>>,
    days: Vec<Days>,
    line: Vec<u8>,
    /// What is worked out of this row when all of it is read: place in the line, and column.
    later: Vec<(usize, usize)>,
    /// What tells this row from others that leave alike: the day and the numbers that stay at home.
    apart: Vec<u8>,
    /// Whether a row that is the header once more can be told from one that is meant: its date is none.
    header_is_no_row: bool,
}

impl<'a> RowReader<'a> {
    pub fn new(columns: &'a Columns, tokeniser: &'a Tokeniser, terms: Terms) -> RowReader<'a> {
        let seen_forms = vec![FxHashMap::default(); columns.list.len()];
        let (year, month, _) = terms.first_day.ymd();
        let first_month = i32::from(year) * 12 + i32::from(month);
        let days = columns.list.iter().map(|column| Days::new(column.dates)).collect();
        let mut dates = columns.list.iter().filter(|column| matches!(column.reads, Reads::Date));
        let header_is_no_row = dates.any(|column| {
            let header = column.at.and_then(|at| columns.headers.get(at));
            column.required
                && header
                    .is_some_and(|text| parse_date(text.as_bytes(), Written::Text, column.dates).is_err())
        });
        RowReader {
            columns,
            tokeniser,
            terms,
            first_month,
            seen_forms,
            days,
            line: Vec::with_capacity(256),
            later: Vec::new(),
            apart: Vec::new(),
            header_is_no_row,
        }
    }

    /// How many columns the dataset has.
    pub const fn columns(&self) -> usize {
        self.columns.list.len()
    }

    /// Reads one record that begins on `line`; nothing comes of one that is empty.
    pub fn read(&mut self, record: &Row<'_>, line: u64, rows: &mut RowBuffer, tally: &mut Tally) {
        if let Some(kind) = self.begun(record, line, tally) {
            // Rows that leave alike were not the same rows: each leaves.
            self.line.extend_from_slice(&self.apart);
            rows.push(&self.line, kind, line);
        }
    }

    /// Whether a record is the header once more.
    fn is_header(&self, record: &Row<'_>) -> bool {
        let headers = &self.columns.headers;
        self.header_is_no_row
            && (0..record.len().max(headers.len())).all(|at| {
                let field = record.field(at).map_or(&b""[..], |(field, _)| field);
                let header = headers.get(at).map_or("", String::as_str);
                field.eq_ignore_ascii_case(header.as_bytes())
                    || !field.is_ascii()
                        && std::str::from_utf8(field).is_ok_and(|text| text.to_lowercase() == header)
            })
    }

    /// Whether a record has a word for totals first, and besides that field no person and no date.
    fn is_total(&self, record: &Row<'_>) -> bool {
        let Some(first) = record.fields().position(|field| !field.is_empty()) else { return false };
        record.field(first).is_some_and(|(field, _)| is_total(field))
            && self.columns.list.iter().all(|column| {
                let tells = matches!(column.reads, Reads::Person | Reads::RelatedPerson | Reads::Date);
                let field = column.at.filter(|at| *at != first).and_then(|at| record.field(at));
                !tells || field.is_none_or(|(field, _)| column.is_missing(field))
            })
    }

    /// The tokenised line of one record; `None` when it is empty, left out or rejected.
    pub fn tokenised(
        &mut self,
        record: &Row<'_>,
        line: u64,
        tally: &mut Tally,
    ) -> Option<(&[u8], Option<IdKind>)> {
        let kind = self.begun(record, line, tally)?;
        Some((&self.line, kind))
    }

    /// Reads a record into the line at hand; nothing of one that is empty, left out or rejected.
    fn begun(&mut self, record: &Row<'_>, line: u64, tally: &mut Tally) -> Option<Option<IdKind>> {
        if record.is_empty() {
            return None;
        }
        tally.any = true;
        if let Some(total) = tally.total.take() {
            tally.settle(total);
        }
        if self.is_header(record) {
            tally.notes.next_row();
            tally.notes.remark(Remark::RepeatedHeader, line, None);
            return None;
        }
        if !self.is_total(record) {
            tally.read += 1;
            return self.row(record, line, tally).map_err(|reason| tally.reject(reason)).ok();
        }
        // What is found of it stays apart until it is known whether it is a row.
        let apart = Notes::new(self.columns(), tally.notes.spots.is_some());
        let others = std::mem::replace(&mut tally.notes, apart);
        let read = self.row(record, line, tally);
        let notes = std::mem::replace(&mut tally.notes, others);
        match read {
            Ok(kind) => {
                tally.read += 1;
                tally.notes.append(notes);
                Some(kind)
            }
            Err(reason) => {
                tally.total = Some(Total { line, reason, notes });
                None
            }
        }
    }

    /// Reads a record that is a row into the line at hand; the first reason where it is rejected.
    fn row(&mut self, record: &Row<'_>, line: u64, tally: &mut Tally) -> Result<Option<IdKind>, Reason> {
        tally.notes.next_row();
        if record.is_hidden() {
            tally.notes.remark(Remark::HiddenRow, line, None);
        }
        self.line.clear();
        self.apart.clear();
        self.later.clear();
        let columns = self.columns;
        let mut first_reason = None;
        let mut whose = Whose::default();
        let width = columns.headers.len();
        if (width..record.len()).any(|at| record.field(at).is_some_and(|(field, _)| !field.is_empty())) {
            first_reason = Some(Reason::TooManyColumns);
            tally.notes.reason(Reason::TooManyColumns, line, None);
        }
        for (at, column) in columns.list.iter().enumerate() {
            if first_reason == Some(Reason::TooManyColumns) {
                break;
            }
            if at > 0 {
                self.line.push(b',');
            }
            if let Err(reason) = self.field(at, column, record, line, &mut whose, tally) {
                first_reason.get_or_insert(reason);
                match column.reads {
                    Reads::Person => whose.subjects[0] = Subject::Rejected,
                    Reads::RelatedPerson => whose.subjects[1] = Subject::Rejected,
                    _ => {}
                }
                if reason.plain() == Reason::Missing {
                    tally.notes.missing(at);
                }
                tally.notes.reason(reason, line, (reason != Reason::TooFewColumns).then_some(at));
                if reason == Reason::TooFewColumns {
                    break;
                }
            }
        }
        let cut_short = matches!(first_reason, Some(Reason::TooFewColumns | Reason::TooManyColumns));
        if !self.later.is_empty() && !cut_short {
            self.work_out(&whose, line, &mut first_reason, tally);
        }
        match first_reason {
            Some(reason) => Err(reason),
            None => {
                if let Some(numbers) = &mut tally.numbers {
                    whose.numbers.into_iter().flatten().for_each(|number| numbers.push(number, line));
                }
                if let Some(month) = whose.month {
                    tally.notes.month(month);
                }
                Ok(whose.kind)
            }
        }
    }

    fn field(
        &mut self,
        at: usize,
        column: &Mapped,
        record: &Row<'_>,
        line: u64,
        whose: &mut Whose,
        tally: &mut Tally,
    ) -> Result<(), Reason> {
        let (field, written) = match column.at {
            Some(at) => record.field(at).ok_or(Reason::TooFewColumns)?,
            None if matches!(column.reads, Reads::Derived(_)) => {
                self.later.push((self.line.len(), at));
                return Ok(());
            }
            None => (&b""[..], Written::Text),
        };
        if column.is_missing(field) {
            if column.required {
                return Err(Reason::Missing);
            }
            if matches!(column.reads, Reads::Band(_)) {
                self.apart.extend_from_slice(&i64::MIN.to_le_bytes());
            }
            tally.notes.missing(at);
            return Ok(());
        }
        if written == Written::Fault || is_cell_error(field) {
            return Err(Reason::CellError);
        }
        match &column.reads {
            Reads::Person => {
                let id = self.identifier(field, at, line, tally)?;
                whose.kind = Some(id.kind());
                whose.numbers[0] = Number::of(&id, false);
                whose.subjects[0] = Subject::of(&id);
                self.tokeniser.person(&id).write_to(&mut self.line);
            }
            Reads::RelatedPerson => {
                let id = self.identifier(field, at, line, tally)?;
                whose.numbers[1] = Number::of(&id, true);
                whose.subjects[1] = Subject::of(&id);
                self.tokeniser.person(&id).write_to(&mut self.line);
            }
            Reads::Case => self.local(field, written, Tokeniser::case)?,
            Reads::Staff => self.local(field, written, Tokeniser::staff)?,
            Reads::Date => {
                let day = self.days[at].read(field, written)?;
                if day > self.terms.today {
                    return Err(Reason::FutureDate);
                }
                if day < self.terms.first_day || day > self.terms.last_day {
                    return Err(Reason::OutsidePeriod);
                }
                whose.day = Some(day);
                let precision = self.columns.precision;
                if precision != Precision::Day {
                    self.apart.extend_from_slice(&day.days().to_le_bytes());
                }
                write_day(precision.coarsened(day), &mut self.line);
                let (year, month, _) = day.ymd();
                let month = i32::from(year) * 12 + i32::from(month) - self.first_month;
                whose.month = usize::try_from(month).ok();
            }
            Reads::Band(bands) => {
                if written == Written::Day {
                    return Err(Reason::Number);
                }
                let (code, number) = bands.read(field, self.decimal(written))?;
                self.apart.extend_from_slice(&number.unwrap_or(i64::MAX).to_le_bytes());
                self.line.extend_from_slice(code.as_str().as_bytes());
            }
            // It is in no file, and has been put off above.
            Reads::Derived(_) => {}
            Reads::Category { forms, codes } => {
                let seen = &mut self.seen_forms[at];
                let code = match seen.get(field) {
                    Some(code) => *code,
                    None => {
                        let text = std::str::from_utf8(field).ok();
                        let code = text.and_then(|text| forms.get(text.to_lowercase().as_str()).copied());
                        let Some(code) = code else {
                            tally.notes.unknown(at, field);
                            return Err(Reason::UnknownCode);
                        };
                        if seen.len() < REMEMBERED_FORMS {
                            seen.insert(field.to_vec(), code);
                        }
                        code
                    }
                };
                self.line.extend_from_slice(codes[usize::from(code)].as_str().as_bytes());
            }
            Reads::Measure(measure) => {
                let value = parse_number(field, self.decimal(written), measure)?;
                let at = self.line.len();
                write_measure(value, measure.decimals, &mut self.line);
                // The service refuses a whole package for it; here the row is named.
                let digits = self.line[at..].iter().copied().filter(u8::is_ascii_digit).collect::<Vec<_>>();
                let whole = &digits[..digits.len() - usize::from(measure.decimals)];
                if looks_like_cpr(&digits) || looks_like_cpr(whole) {
                    return Err(Reason::LocalNumber(LocalIdError::LooksLikeCpr));
                }
            }
        }
        Ok(())
    }

    /// Puts what is worked out from identifiers in its place. Nothing is said of a row whose identifier or day was rejected:
    /// that has been.
    fn work_out(&mut self, whose: &Whose, line: u64, first_reason: &mut Option<Reason>, tally: &mut Tally) {
        let Some(day) = whose.day else { return };
        let columns = self.columns;
        let mut shift = 0;
        let later = std::mem::take(&mut self.later);
        for (place, at) in &later {
            let column = &columns.list[*at];
            let Reads::Derived(derived) = &column.reads else { continue };
            let subject = whose.subjects[usize::from(derived.of == Of::RelatedPerson)];
            if matches!(subject, Subject::Rejected) {
                continue;
            }
            match worked_out(derived, column, subject, day) {
                Ok(text) => {
                    if text.is_empty() {
                        tally.notes.missing(*at);
                    }
                    let place = *place + shift;
                    shift += text.len();
                    self.line.splice(place..place, text);
                }
                Err(reason) => {
                    first_reason.get_or_insert(reason);
                    if reason == Reason::Missing {
                        tally.notes.missing(*at);
                    }
                    tally.notes.reason(reason, line, Some(*at));
                }
            }
        }
        self.later = later;
    }

    fn identifier(
        &self,
        field: &[u8],
        column: usize,
        line: u64,
        tally: &mut Tally,
    ) -> Result<Identifier, Reason> {
        let id = Identifier::parse(field, self.terms.today, self.terms.zero).map_err(Reason::Identifier)?;
        let mut remark = |remark: Remark| tally.notes.remark(remark, line, Some(column));
        match id.modulus() {
            // Whatever its check digit says, it explains itself.
            Some(_) if id.is_test_number() => remark(Remark::TestNumber),
            None | Some(Modulus::Passes) => {}
            Some(Modulus::FailsOnListedDate) => remark(Remark::ModulusListed),
            Some(Modulus::FailsElsewhere { remainder: 1 }) if self.terms.made_up_numbers => {
                remark(Remark::MadeUp);
            }
            Some(Modulus::FailsElsewhere { .. }) => remark(Remark::ModulusElsewhere),
        }
        if let Some(of_kind) = Remark::on_kind(id.kind()) {
            remark(of_kind);
        }
        if id.writing().zero_repaired {
            remark(Remark::ZeroRepaired);
        }
        if id.writing().separated {
            remark(Remark::Hyphenated);
        }
        Ok(id)
    }

    /// The decimal sign of a field: a number cell has a point, whatever is declared.
    const fn decimal(&self, written: Written) -> Decimal {
        match written {
            Written::Number | Written::Number1904 => Decimal::Point,
            Written::Text | Written::Day | Written::Fault => self.terms.decimal,
        }
    }

    fn local(
        &mut self,
        field: &[u8],
        written: Written,
        token: impl Fn(&Tokeniser, &str) -> Result<Token, LocalIdError>,
    ) -> Result<(), Reason> {
        // A spreadsheet makes dates of `5-3-22`, and keeps 15 digits of a number: the rest is lost.
        let whole = field.len() <= KEPT_DIGITS && field.iter().all(u8::is_ascii_digit);
        if written != Written::Text && !(written.is_number() && whole) {
            return Err(Reason::CellError);
        }
        let text = std::str::from_utf8(field).map_err(|_| Reason::LocalNumber(LocalIdError::Character))?;
        token(self.tokeniser, text).map_err(Reason::LocalNumber)?.write_to(&mut self.line);
        Ok(())
    }
}

/// What leaves in a column that is worked out, as text.
fn worked_out(derived: &Derived, column: &Mapped, subject: Subject, day: Day) -> Result<Vec<u8>, Reason> {
    match derived.value(subject, day)? {
        Some(Value::Code(code)) => Ok(code.as_str().as_bytes().to_vec()),
        Some(Value::Number(number)) => {
            let mut text = Vec::new();
            write_measure(number, 0, &mut text);
            Ok(text)
        }
        None if column.required => Err(Reason::Missing),
        None => Ok(Vec::new()),
    }
}

/// Writes a day; returns its year and month.
fn write_day(day: Day, out: &mut Vec<u8>) -> (i16, u8) {
    let (year, of_year, dom) = day.ymd();
    let digit = |value: i16| b'0' + u8::try_from(value % 10).unwrap_or(0);
    let (month, dom) = (i16::from(of_year), i16::from(dom));
    out.extend_from_slice(&[
        digit(year / 1000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(month / 10),
        digit(month),
        b'-',
        digit(dom / 10),
        digit(dom),
    ]);
    (year, of_year)
}

/// Writes a fixed-point number with a decimal point and all its decimals: `-12.50`.
fn write_measure(value: i64, decimals: u8, out: &mut Vec<u8>) {
    use std::io::Write as _;
    let unit = 10u64.pow(u32::from(decimals));
    let size = value.unsigned_abs();
    let sign = if value < 0 { "-" } else { "" };
    let written = match decimals {
        0 => write!(out, "{sign}{size}"),
        _ => write!(out, "{sign}{}.{:0width$}", size / unit, size % unit, width = usize::from(decimals)),
    };
    written.expect("writing into memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_measures_are_written_in_one_form() {
        let mut out = Vec::new();
        write_day(Day::from_ymd(2022, 3, 5).expect("a day"), &mut out);
        write_measure(-1205, 2, &mut out);
        write_measure(7, 0, &mut out);
        assert_eq!(String::from_utf8(out).expect("ASCII"), "2022-03-05-12.057");
    }
}
