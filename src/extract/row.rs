//! One row: every field read, every finding noted, and the tokenised line written.

use rustc_hash::FxHashMap;

use super::columns::{Columns, Decimal, Mapped, Reads, parse_number};
use super::days::Days;
use super::findings::{Finding, Reason, Remark};
use super::read::{Row, Written};
use super::screen::{Number, Numbers};
use super::shuffle::RowBuffer;
use crate::clock::Day;
use crate::id::{IdKind, Identifier, LeadingZero, Modulus};
use crate::name::ColumnId;
use crate::token::{LocalIdError, Token, Tokeniser, looks_like_cpr};

/// Raw forms of one category column that are remembered at most.
const REMEMBERED_FORMS: usize = 4096;

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

/// What became of a run of rows.
#[derive(Default)]
pub(super) struct Tally {
    pub read: u64,
    pub rejected: Vec<(Reason, u64)>,
    pub remarks: [u64; Remark::ALL.len()],
    pub findings: Vec<Finding>,
    /// CPR numbers of rows that are not rejected, where somebody looks at them together.
    pub numbers: Option<Numbers>,
}

/// What one row is about.
#[derive(Default)]
struct Whose {
    kind: Option<IdKind>,
    numbers: [Option<Number>; 2],
}

impl Tally {
    fn reject(&mut self, reason: Reason) {
        match self.rejected.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, n)) => *n += 1,
            None => self.rejected.push((reason, 1)),
        }
    }

    fn remark(&mut self, remark: Remark) {
        self.remarks[Remark::ALL.iter().position(|known| *known == remark).unwrap_or(0)] += 1;
    }
}

/// Reads the rows of chunks, one after another, on one thread.
pub(super) struct RowReader<'a> {
    columns: &'a Columns,
    tokeniser: &'a Tokeniser,
    terms: Terms,
    seen_forms: Vec<FxHashMap<Vec<u8>, u8>>,
    days: Vec<Days>,
    line: Vec<u8>,
}

impl<'a> RowReader<'a> {
    pub fn new(columns: &'a Columns, tokeniser: &'a Tokeniser, terms: Terms) -> RowReader<'a> {
        let seen_forms = vec![FxHashMap::default(); columns.list.len()];
        let days = columns.list.iter().map(|column| Days::new(column.dates)).collect();
        RowReader { columns, tokeniser, terms, seen_forms, days, line: Vec::with_capacity(256) }
    }

    /// Reads one record that begins on `line`; nothing comes of one that is empty.
    pub fn read(&mut self, record: &Row<'_>, line: u64, rows: &mut RowBuffer, tally: &mut Tally) {
        if let Some((text, kind)) = self.tokenised(record, line, tally) {
            rows.push(text, kind, line);
        }
    }

    /// The tokenised line of one record; `None` when it is empty or rejected.
    pub fn tokenised(
        &mut self,
        record: &Row<'_>,
        line: u64,
        tally: &mut Tally,
    ) -> Option<(&[u8], Option<IdKind>)> {
        if record.is_empty() {
            return None;
        }
        tally.read += 1;
        self.line.clear();
        let columns = self.columns;
        let mut first_reason = None;
        let mut whose = Whose::default();
        for (at, column) in columns.list.iter().enumerate() {
            if at > 0 {
                self.line.push(b',');
            }
            if let Err(reason) = self.field(at, column, record, line, &mut whose, tally) {
                first_reason.get_or_insert(reason);
                let column = (reason != Reason::TooFewColumns).then(|| column.id.clone());
                tally.findings.push(Finding { line, column, code: reason.code(), rejected: true });
                if reason == Reason::TooFewColumns {
                    break;
                }
            }
        }
        match first_reason {
            Some(reason) => {
                tally.reject(reason);
                None
            }
            None => {
                if let Some(numbers) = &mut tally.numbers {
                    whose.numbers.into_iter().flatten().for_each(|number| numbers.push(number, line));
                }
                Some((&self.line, whose.kind))
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
            None => (&b""[..], Written::Text),
        };
        if column.is_missing(field) {
            return if column.required { Err(Reason::Missing) } else { Ok(()) };
        }
        match &column.reads {
            Reads::Person => {
                let id = self.identifier(field, &column.id, line, tally)?;
                *whose = Whose { kind: Some(id.kind()), numbers: [Number::of(&id, false), whose.numbers[1]] };
                self.tokeniser.person(&id).write_to(&mut self.line);
            }
            Reads::RelatedPerson => {
                let id = self.identifier(field, &column.id, line, tally)?;
                whose.numbers[1] = Number::of(&id, true);
                self.tokeniser.person(&id).write_to(&mut self.line);
            }
            Reads::Case => self.local(field, Tokeniser::case)?,
            Reads::Staff => self.local(field, Tokeniser::staff)?,
            Reads::Date => {
                let day = self.days[at].read(field, written)?;
                if day > self.terms.today {
                    return Err(Reason::FutureDate);
                }
                if day < self.terms.first_day || day > self.terms.last_day {
                    return Err(Reason::OutsidePeriod);
                }
                write_day(day, &mut self.line);
            }
            Reads::Category { forms, codes } => {
                let seen = &mut self.seen_forms[at];
                let code = match seen.get(field) {
                    Some(code) => *code,
                    None => {
                        let text = std::str::from_utf8(field).map_err(|_| Reason::UnknownCode)?;
                        let code = *forms.get(text.to_lowercase().as_str()).ok_or(Reason::UnknownCode)?;
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

    fn identifier(
        &self,
        field: &[u8],
        column: &ColumnId,
        line: u64,
        tally: &mut Tally,
    ) -> Result<Identifier, Reason> {
        let id = Identifier::parse(field, self.terms.today, self.terms.zero).map_err(Reason::Identifier)?;
        let mut list = |remark: Remark| {
            tally.findings.push(Finding {
                line,
                column: Some(column.clone()),
                code: remark.code(),
                rejected: false,
            });
        };
        let modulus = match id.modulus() {
            None | Some(Modulus::Passes) => None,
            Some(Modulus::FailsOnListedDate) => Some(Remark::ModulusListed),
            Some(Modulus::FailsElsewhere { remainder: 1 }) if self.terms.made_up_numbers => {
                Some(Remark::MadeUp)
            }
            Some(Modulus::FailsElsewhere { .. }) => {
                list(Remark::ModulusElsewhere);
                Some(Remark::ModulusElsewhere)
            }
        };
        if id.writing().zero_repaired {
            list(Remark::ZeroRepaired);
            tally.remark(Remark::ZeroRepaired);
        }
        if id.writing().separated {
            tally.remark(Remark::Hyphenated);
        }
        if let Some(remark) = modulus {
            tally.remark(remark);
        }
        Ok(id)
    }

    /// The decimal sign of a field: a number cell has a point, whatever is declared.
    const fn decimal(&self, written: Written) -> Decimal {
        match written {
            Written::Number => Decimal::Point,
            Written::Text | Written::Day => self.terms.decimal,
        }
    }

    fn local(
        &mut self,
        field: &[u8],
        token: impl Fn(&Tokeniser, &str) -> Result<Token, LocalIdError>,
    ) -> Result<(), Reason> {
        let text = std::str::from_utf8(field).map_err(|_| Reason::LocalNumber(LocalIdError::Character))?;
        token(self.tokeniser, text).map_err(Reason::LocalNumber)?.write_to(&mut self.line);
        Ok(())
    }
}

fn write_day(day: Day, out: &mut Vec<u8>) {
    let (year, month, dom) = day.ymd();
    let digit = |value: i16| b'0' + u8::try_from(value % 10).unwrap_or(0);
    let (month, dom) = (i16::from(month), i16::from(dom));
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
