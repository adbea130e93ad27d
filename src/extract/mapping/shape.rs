//! What a column of a file looks like: counts of the forms of its fields, and the class that they make.
//!
//! A field is looked at once and counted; what is kept of it is its class and, of short texts, a 64-bit hash to be held
//! against known codes. Examples are fixed words of the class, never taken from the file.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashMap, FxHasher};

use super::DateForm;
use super::forms::{is_date, is_replacement, is_scientific, number};
use crate::extract::columns::Decimal;
use crate::extract::read::Written;
use crate::token::looks_like_cpr;

/// Different texts that are told apart in a column; beyond it there are "many".
const TOLD_APART: usize = 512;
/// Longest text that can be a code, in bytes.
const LONGEST_CODE: usize = 96;
/// Different texts up to which a column is one of few.
const FEW: usize = 40;

/// What the fields of a column look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing in any row that was looked at.
    Empty,
    /// CPR numbers.
    Cpr {
        /// Some have a hyphen or a space.
        hyphens: bool,
        /// Some have nine digits: a leading zero is lost.
        lost_zeros: bool,
    },
    /// CPR numbers among other things.
    SomeCpr,
    /// Dates written as text.
    Dates {
        /// How, by most.
        form: DateForm,
        /// Whether all of them are `yyyy-mm-dd`.
        iso: bool,
        /// Whether day first and month first would both do.
        ambiguous: bool,
        /// Whether a time of day follows.
        time: bool,
    },
    /// Dates as a spreadsheet or a table has them.
    DateCells,
    /// Digits alone, at least two of them different in number or length; they may be dates that a spreadsheet counted.
    WholeNumbers {
        /// Whether all would be days of 1954 to 2064 as a spreadsheet counts them.
        serial: bool,
    },
    /// Numbers with a sign in them.
    Numbers {
        /// The decimal sign; `None` where either would do.
        decimal: Option<Decimal>,
    },
    /// Numbers that a spreadsheet shortened.
    Scientific,
    /// A few texts, each many times.
    FewTexts,
    /// A few whole numbers, each many times.
    FewNumbers,
    /// Texts, by the longest.
    Texts {
        /// Characters of the longest, rounded up to 10, 30 or 100; `None` for more.
        up_to: Option<u8>,
    },
}

/// Counts of the forms of a column's fields.
#[derive(Clone, Default)]
pub(super) struct Tally {
    /// Fields that are not empty.
    pub filled: u64,
    cpr_plain: u64,
    cpr_separated: u64,
    nine: u64,
    replacement: u64,
    dates: [u64; DateForm::ALL.len()],
    iso: u64,
    slash: u64,
    time: u64,
    whole: u64,
    serial: u64,
    comma: u64,
    point: u64,
    signs: u64,
    number_cells: u64,
    day_cells: u64,
    scientific: u64,
    longest: usize,
    /// By hash of the text in lower case.
    texts: FxHashMap<u64, u64>,
    /// Whether texts were left out of `texts`.
    more: bool,
}

/// The hash under which texts are held against codes.
pub(super) fn hash_of(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    text.to_lowercase().hash(&mut hasher);
    hasher.finish()
}

impl Tally {
    /// Looks at one field, trimmed.
    pub fn add(&mut self, field: &[u8], written: Written) {
        if field.is_empty() {
            return;
        }
        self.filled += 1;
        let text = String::from_utf8_lossy(field);
        self.longest = self.longest.max(text.chars().count());
        if field.len() > LONGEST_CODE {
            self.more = true;
        } else {
            let known = self.texts.len();
            match self.texts.entry(hash_of(&text)) {
                std::collections::hash_map::Entry::Occupied(mut entry) => *entry.get_mut() += 1,
                std::collections::hash_map::Entry::Vacant(entry) if known < TOLD_APART => {
                    entry.insert(1);
                }
                std::collections::hash_map::Entry::Vacant(_) => self.more = true,
            }
        }
        if written == Written::Day {
            self.day_cells += 1;
            return;
        }
        self.number_cells += u64::from(written == Written::Number);
        let digits = field.iter().all(u8::is_ascii_digit);
        if looks_like_cpr(field) {
            *(if field.len() == 10 { &mut self.cpr_plain } else { &mut self.cpr_separated }) += 1;
        }
        self.nine += u64::from(digits && field.len() == 9);
        self.replacement += u64::from(is_replacement(field));
        if digits {
            self.whole += 1;
            let value = text.parse::<u32>().unwrap_or(0);
            self.serial += u64::from((20_000..=60_000).contains(&value));
        }
        if let Some(form) = number(field) {
            let cell = written == Written::Number;
            self.comma += u64::from(form.comma || cell);
            self.point += u64::from(form.point);
            self.signs += u64::from(form.signs);
        }
        self.scientific += u64::from(is_scientific(field));
        if field.first().is_some_and(u8::is_ascii_digit) && (5..=40).contains(&field.len()) {
            for (count, form) in self.dates.iter_mut().zip(DateForm::ALL) {
                *count += u64::from(form != DateForm::Serial && is_date(field, form));
            }
            self.iso += u64::from(field.get(4) == Some(&b'-') && is_date(field, DateForm::Danish));
            self.slash += u64::from(field.iter().filter(|byte| **byte == b'/').count() == 2);
            self.time += u64::from(field.contains(&b':'));
        }
    }

    /// Times that any of some texts stands in the column, compared without regard to case.
    pub fn times(&self, texts: &[String]) -> u64 {
        texts.iter().map(|text| self.texts.get(&hash_of(text)).copied().unwrap_or(0)).sum()
    }

    /// The different texts and how often each stands there, and whether there are more than these.
    pub fn texts(&self) -> (&FxHashMap<u64, u64>, bool) {
        (&self.texts, self.more)
    }

    /// Fields that have the form of a CPR number or of a replacement number.
    pub const fn persons(&self) -> u64 {
        self.cpr() + self.nine + self.replacement
    }

    /// Fields with the form of a CPR number, whole.
    pub const fn cpr(&self) -> u64 {
        self.cpr_plain + self.cpr_separated
    }

    /// Fields with nine digits.
    pub const fn nine_digits(&self) -> u64 {
        self.nine
    }

    /// The form that most dates have, fields in it, and whether another form would do as well. Cells that are dates, or
    /// count one, are dates in every form.
    pub fn dates(&self) -> (DateForm, u64, bool) {
        let [danish, short, month, compact, _] = self.dates;
        let best = danish.max(short).max(month).max(compact);
        let form = match best {
            0 if self.number_cells == 0 && self.serial > 0 => DateForm::Serial,
            _ if danish == best => DateForm::Danish,
            _ if short == best => DateForm::ShortYear,
            _ if month == best => DateForm::MonthFirst,
            _ => DateForm::Compact,
        };
        let serials = if form == DateForm::Serial || self.number_cells > 0 { self.serial } else { 0 };
        let ambiguous = form == DateForm::Danish && best > 0 && month == danish && self.slash > 0;
        (form, best + self.day_cells + serials, ambiguous)
    }

    /// Fields that are numbers with this decimal sign.
    pub const fn numbers(&self, decimal: Decimal) -> u64 {
        match decimal {
            Decimal::Comma => self.comma,
            Decimal::Point => self.point,
        }
    }

    /// Fields that are numbers with one decimal sign and not with the other: comma, point.
    pub const fn decided(&self) -> (u64, u64) {
        let either = if self.comma < self.point { self.comma } else { self.point };
        (self.comma - either, self.point - either)
    }

    /// Numbers with a sign in them that could be read with either decimal sign.
    pub const fn undecided(&self) -> bool {
        let (comma, point) = self.decided();
        self.signs > 0 && comma == 0 && point == 0 && self.number_cells == 0
    }

    /// The class of the column.
    pub fn shape(&self) -> Shape {
        if self.filled == 0 {
            return Shape::Empty;
        }
        let most = |count: u64| count * 10 >= self.filled * 9;
        if most(self.cpr() + self.nine + self.replacement) && (self.cpr() > 0 || most(self.nine)) {
            let (hyphens, lost_zeros) = (self.cpr_separated > 0, self.nine > 0);
            return Shape::Cpr { hyphens, lost_zeros };
        }
        if self.cpr() * 10 >= self.filled {
            return Shape::SomeCpr;
        }
        if most(self.day_cells) {
            return Shape::DateCells;
        }
        let (form, dates, ambiguous) = self.dates();
        if form != DateForm::Serial && most(dates) && self.number_cells == 0 {
            return Shape::Dates { form, iso: most(self.iso), ambiguous, time: self.time > 0 };
        }
        let few = !self.more && self.texts.len() <= FEW && self.texts.len() as u64 * 3 <= self.filled;
        if most(self.whole) {
            let serial = most(self.serial);
            return if few && !serial { Shape::FewNumbers } else { Shape::WholeNumbers { serial } };
        }
        if most(self.scientific) {
            return Shape::Scientific;
        }
        if most(self.comma.max(self.point)) {
            let decimal = match self.decided() {
                _ if self.number_cells > 0 => None,
                (0, 0) => None,
                (comma, point) if point > comma => Some(Decimal::Point),
                _ => Some(Decimal::Comma),
            };
            return Shape::Numbers { decimal };
        }
        if few {
            return Shape::FewTexts;
        }
        let up_to = [10, 30, 100].into_iter().find(|most| self.longest <= usize::from(*most));
        Shape::Texts { up_to }
    }
}
