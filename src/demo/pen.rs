//! The pen with which a partner's system writes its rows down, with the faults that such files have.

use std::collections::BTreeSet;
use std::path::Path;

use super::DemoError;
use super::hand::{Days, Encoding, Hand};
use super::raw::{Faults, REMARK_HEADER, REMARK_WORDS, RawFile};
use crate::clock::Day;
use crate::name::PartnerId;
use crate::programme::{Column, Dataset, Measure, Programme, Role};
use crate::secret::{Random, SeededRandom};

/// A row before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whom it is about, by position among the world's persons; absent for an anonymous client.
    pub person: Option<u32>,
    /// The other one of the pair.
    pub related: Option<u32>,
    /// The partner's running case number.
    pub case: Option<u32>,
    /// Day.
    pub day: Day,
    /// What stands in the dataset's further columns, by position of the column; [`Value::Nothing`] elsewhere.
    pub values: Vec<Value>,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// Nothing is known, or the column is of another kind.
    #[default]
    Nothing,
    /// Position of a code in the column's list.
    Code(u8),
    /// A measure, in its smallest unit.
    Number(i64),
    /// The issuer's running number of an employee.
    Staff(u32),
}

/// What a file is about.
pub(super) struct About<'a> {
    pub(super) programme: &'a Programme,
    pub(super) dataset: &'a Dataset,
    pub(super) partner: &'a PartnerId,
    /// Position of the partner.
    pub(super) at: usize,
    pub(super) hand: Hand,
    /// How the issuer of the staff numbers writes them.
    pub(super) staff: fn(u32) -> String,
    /// The number by which the partner knows a person.
    pub(super) number: &'a dyn Fn(u32) -> [u8; 10],
}

/// Writes a file at `<folder>/<partner>/<dataset>.csv`. One stream of chance a file: a partner's files stay the same
/// when another's change.
pub(super) fn write(
    about: About<'_>,
    seed: u64,
    entries: impl Iterator<Item = Entry>,
    folder: &Path,
) -> Result<RawFile, DemoError> {
    let folder = folder.join(about.partner.as_str());
    std::fs::create_dir_all(&folder).map_err(DemoError::io(&folder, "written"))?;
    let path = folder.join(format!("{}.csv", about.dataset.id));
    let mut pen = Pen {
        about,
        random: SeededRandom::from_number(seed),
        faults: Faults::default(),
        text: String::new(),
        rows: 0,
    };
    pen.file(entries)?;
    std::fs::write(&path, pen.bytes()).map_err(DemoError::io(&path, "written"))?;
    let (partner, dataset) = (pen.about.partner.clone(), pen.about.dataset.id.clone());
    Ok(RawFile { partner, dataset, path, rows: pen.rows, faults: pen.faults })
}

struct Pen<'a> {
    about: About<'a>,
    random: SeededRandom,
    faults: Faults,
    text: String,
    rows: u64,
}

impl Pen<'_> {
    fn file(&mut self, entries: impl Iterator<Item = Entry>) -> Result<(), DemoError> {
        if self.about.hand.sep_line {
            self.text.push_str("sep=;");
            self.text.push_str(self.about.hand.line_end);
        }
        let dataset = self.about.dataset;
        let mut headers = vec!["Løbenr".to_owned()];
        let choose =
            |column: &Column| column.headers.get(self.about.at % column.headers.len().max(1)).cloned();
        for (_, column) in self.columns(dataset) {
            headers.push(choose(column).unwrap_or_else(|| column.id.to_string()));
        }
        headers.insert(headers.len() - 1, REMARK_HEADER.to_owned());
        self.line(&headers);
        for entry in entries {
            let rejected = self.faults.rejected();
            let cells = self.row(&entry)?;
            self.line(&cells);
            self.rows += 1;
            if rejected == self.faults.rejected() && self.chance(3) {
                self.faults.duplicates += 1;
                self.line(&cells);
                self.rows += 1;
            }
        }
        Ok(())
    }

    /// The dataset's columns in this partner's order.
    fn columns<'d>(&self, dataset: &'d Dataset) -> Vec<(usize, &'d Column)> {
        let mut columns: Vec<(usize, &Column)> = dataset.columns.iter().enumerate().collect();
        columns.rotate_left(self.about.at % dataset.columns.len());
        columns
    }

    /// Once in a thousand, times `per_mille`.
    fn chance(&mut self, per_mille: u64) -> bool {
        self.random.below(1000) < per_mille
    }

    fn line(&mut self, cells: &[String]) {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.text.push(';');
            }
            if cell.contains([';', '"']) {
                self.text.push('"');
                self.text.push_str(&cell.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(cell);
            }
        }
        if self.about.hand.trailing {
            self.text.push_str(";;");
        }
        self.text.push_str(self.about.hand.line_end);
    }

    fn row(&mut self, entry: &Entry) -> Result<Vec<String>, DemoError> {
        let mut cells = vec![(self.rows + 1).to_string()];
        // At most one fault a row, so that each is counted under its own name.
        let fault = self.random.below(10_000);
        let dataset = self.about.dataset;
        let first = dataset.position(|role| matches!(role, Role::Category { .. }));
        for (at, column) in self.columns(dataset) {
            let value = entry.values.get(at).copied().unwrap_or_default();
            let cell = match (&column.role, value) {
                (Role::Person, _) => self.person(entry, column, fault),
                (Role::RelatedPerson, _) => match entry.related {
                    Some(person) => self.number(person),
                    None => self.missing(column),
                },
                (Role::Case, _) => entry.case.map_or_else(String::new, self.about.hand.case),
                (Role::Date, _) => self.day(entry.day, fault),
                (Role::Category { .. }, _) if first == Some(at) && (24..=29).contains(&fault) => {
                    self.faults.unknown_codes += 1;
                    format!("Ukendt {}", column.id)
                }
                (Role::Category { .. }, Value::Code(code)) => self.code(column, code)?,
                (Role::Measure(measure), Value::Number(number)) => self.measure(measure, number),
                (Role::Staff, Value::Staff(number)) => (self.about.staff)(number),
                (Role::Category { .. } | Role::Measure(_) | Role::Staff, _) => self.missing(column),
            };
            cells.push(cell);
        }
        let remark = self.remark();
        cells.insert(cells.len() - 1, remark);
        Ok(cells)
    }

    fn person(&mut self, entry: &Entry, column: &Column, fault: u64) -> String {
        let Some(person) = entry.person else {
            self.faults.anonymous += 1;
            return self.missing(column);
        };
        let number = (self.about.number)(person);
        match fault {
            0..=3 => {
                self.faults.scientific += 1;
                return "1,01E+09".to_owned();
            }
            4..=9 => {
                self.faults.impossible += 1;
                let mut number = number;
                // A thirteenth month.
                (number[2], number[3]) = (b'1', b'3');
                number[0] = number[0].min(b'2');
                if !number.iter().all(u8::is_ascii_digit) {
                    number = *b"2413650123";
                }
                return text(&number);
            }
            10..=12 if column.required => {
                self.faults.absent += 1;
                return String::new();
            }
            _ => {}
        }
        let sound = !(13..=29).contains(&fault);
        if number[0] == b'0' && number.iter().all(u8::is_ascii_digit) && sound {
            let lost = self.chance(self.about.hand.lost_zeros);
            if lost {
                self.faults.nine_digits += 1;
                return text(&number[1..]);
            }
        }
        self.number(person)
    }

    /// A number as the partner writes it.
    fn number(&mut self, person: u32) -> String {
        let number = text(&(self.about.number)(person));
        if self.random.below(100) < self.about.hand.hyphens {
            format!("{}-{}", &number[..6], &number[6..])
        } else if self.chance(4) {
            format!("{} {}", &number[..6], &number[6..])
        } else if self.chance(10) {
            format!(" {number} ")
        } else {
            number
        }
    }

    fn missing(&mut self, column: &Column) -> String {
        let at = usize::try_from(self.random.below(column.missing.len() as u64 + 1)).unwrap_or(0);
        column.missing.get(at).cloned().unwrap_or_default()
    }

    fn day(&mut self, day: Day, fault: u64) -> String {
        let (mut year, mut month, mut of_month) = day.ymd();
        match fault {
            13..=18 => {
                self.faults.bad_days += 1;
                (month, of_month) = (2, 30);
            }
            19..=23 => {
                self.faults.other_days += 1;
                year = 2019;
                of_month = of_month.min(28);
            }
            _ => {}
        }
        match self.about.hand.days {
            Days::Hyphens => format!("{of_month:02}-{month:02}-{year}"),
            Days::Dots => format!("{of_month:02}.{month:02}.{year}"),
            Days::Slashes => format!("{of_month:02}/{month:02}/{year}"),
            Days::Iso => format!("{year}-{month:02}-{of_month:02}"),
        }
    }

    fn code(&mut self, column: &Column, at: u8) -> Result<String, DemoError> {
        let codes = self.about.programme.codes(column).unwrap_or_default();
        let found = codes.get(usize::from(at));
        let found =
            found.ok_or_else(|| DemoError::Programme { what: format!("code {at} of {}", column.id) })?;
        // A system writes a code in one way, and people who type it in another case.
        let written = found.also.get(self.about.at % (found.also.len() + 1));
        let written = written.map_or_else(|| found.id.to_string(), Clone::clone);
        Ok(if self.chance(5) { written.to_uppercase() } else { written })
    }

    /// A number with a decimal comma, with or without dots between thousands, with or without empty decimals.
    fn measure(&mut self, measure: &Measure, number: i64) -> String {
        let unit = 10i64.pow(u32::from(measure.decimals));
        let (whole, part) = (number / unit, number % unit);
        let whole = match (self.about.hand.dots, whole) {
            (true, 1000..1_000_000) => format!("{}.{:03}", whole / 1000, whole % 1000),
            _ => whole.to_string(),
        };
        if measure.decimals == 0 || (part == 0 && self.chance(500)) {
            return whole;
        }
        format!("{whole},{part:0width$}", width = usize::from(measure.decimals))
    }

    fn remark(&mut self) -> String {
        let mut words = BTreeSet::new();
        for _ in 0..self.random.below(4) {
            words.insert(usize::try_from(self.random.below(REMARK_WORDS.len() as u64)).unwrap_or(0));
        }
        let words: Vec<&str> = words.into_iter().map(|at| REMARK_WORDS[at]).collect();
        if self.chance(30) { format!("\"{}\"; se arkiv", words.join(" ")) } else { words.join(" ") }
    }

    fn bytes(&self) -> Vec<u8> {
        match self.about.hand.encoding {
            Encoding::Windows1252 => encoding_rs::WINDOWS_1252.encode(&self.text).0.into_owned(),
            Encoding::Utf8 => self.text.as_bytes().to_vec(),
            Encoding::Utf8Bom => ["\u{feff}".as_bytes(), self.text.as_bytes()].concat(),
        }
    }
}

fn text(number: &[u8]) -> String {
    number.iter().map(|byte| char::from(*byte)).collect()
}
