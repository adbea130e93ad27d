//! A raw extract, read the plain way: whole in memory, as text, cell by cell.

use std::path::Path;

use super::super::DemoError;
use crate::clock::Day;
use crate::programme::{Column, Dataset, Programme, Role};

/// A row in the words of the file.
pub(super) struct Found {
    pub(super) person: Option<String>,
    pub(super) related: Option<String>,
    pub(super) case: Option<String>,
    pub(super) day: Day,
    pub(super) codes: Vec<Option<u8>>,
}

pub(super) struct Reader<'a> {
    pub(super) programme: &'a Programme,
    pub(super) dataset: &'a Dataset,
    pub(super) partner: &'a str,
    pub(super) today: Day,
    pub(super) repair: bool,
}

impl Reader<'_> {
    /// The rows that are not out, and how many are.
    pub(super) fn file(&self, path: &Path) -> Result<(Vec<Found>, u64), DemoError> {
        let wrong = |what| DemoError::File { path: path.to_owned(), what };
        let bytes = std::fs::read(path).map_err(DemoError::io(path, "read"))?;
        let text = decode(&bytes);
        let text = text.strip_prefix("sep=;").map_or(text.as_str(), str::trim_start);
        let mut lines = csv::ReaderBuilder::new()
            .delimiter(b';')
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes())
            .into_records();
        let headers = lines.next().and_then(Result::ok).ok_or_else(|| wrong("has no header line"))?;
        let mut places = Vec::new();
        for column in &self.dataset.columns {
            let named = |header: &str| {
                let header = header.trim().to_lowercase();
                header == column.id.as_str()
                    || column.headers.iter().any(|name| name.to_lowercase() == header)
            };
            let place = headers.iter().position(named);
            if place.is_none() && column.required {
                return Err(wrong("lacks a required column"));
            }
            places.push(place);
        }
        let (mut rows, mut out) = (Vec::new(), 0);
        for line in lines {
            let line = line.map_err(|_| wrong("is no CSV file"))?;
            let cells: Vec<&str> =
                places.iter().map(|at| at.and_then(|at| line.get(at)).unwrap_or("").trim()).collect();
            match self.row(&cells) {
                Some(row) => rows.push(row),
                None => out += 1,
            }
        }
        Ok((rows, out))
    }

    /// `None` when the row is out.
    fn row(&self, cells: &[&str]) -> Option<Found> {
        let (first, last) = self.programme.days(self.today);
        let mut row =
            Found { person: None, related: None, case: None, day: first, codes: vec![None; cells.len()] };
        for (at, (column, cell)) in self.dataset.columns.iter().zip(cells).enumerate() {
            if cell.is_empty() || column.missing.iter().any(|mark| mark.to_lowercase() == cell.to_lowercase())
            {
                if column.required {
                    return None;
                }
                continue;
            }
            match column.role {
                Role::Person => row.person = Some(identifier(cell, self.partner, self.today, self.repair)?),
                Role::RelatedPerson => {
                    row.related = Some(identifier(cell, self.partner, self.today, self.repair)?);
                }
                Role::Case => row.case = Some((*cell).to_owned()),
                Role::Date => row.day = day(cell).filter(|day| first <= *day && *day <= last)?,
                Role::Category { .. } => row.codes[at] = Some(self.code(column, cell)?),
                Role::Staff | Role::Measure(_) => {}
            }
        }
        Some(row)
    }

    fn code(&self, column: &Column, cell: &str) -> Option<u8> {
        let cell = cell.to_lowercase();
        let codes = self.programme.codes(column)?;
        let at = codes.iter().position(|code| {
            code.id.as_str() == cell || code.also.iter().any(|also| also.to_lowercase() == cell)
        })?;
        u8::try_from(at).ok()
    }
}

/// UTF-8 with or without its mark, else one byte a character: Latin 1, which Windows-1252 is for letters.
fn decode(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec());
    let text = text.unwrap_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect());
    text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned)
}

/// `dd-mm-yyyy`, `dd.mm.yyyy`, `dd/mm/yyyy` or `yyyy-mm-dd`.
fn day(text: &str) -> Option<Day> {
    let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
    let (day, month, year) = match parts[..] {
        [day, month, year] if year.len() == 4 => (day, month, year),
        [year, month, day] if year.len() == 4 => (day, month, year),
        _ => return None,
    };
    Day::from_ymd(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// Canonical text of a person's number, with the partner before it where it means nothing elsewhere; `None` when it is
/// no number.
pub(super) fn identifier(text: &str, partner: &str, today: Day, repair: bool) -> Option<String> {
    let mut text: String = text.chars().filter(|c| !matches!(c, '-' | '\u{2013}' | ' ' | '\u{a0}')).collect();
    text.make_ascii_uppercase();
    let digits = text.chars().all(|c| c.is_ascii_digit());
    if digits && text.len() == 9 && repair {
        text.insert(0, '0');
    }
    if text.len() != 10 || !text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let local = Some(format!("{partner}/{text}"));
    if !digits {
        let seventh = text.as_bytes()[6];
        let dated = text[..6].chars().all(|c| c.is_ascii_digit());
        let national = dated
            && matches!(seventh, b'1' | b'7')
            && text[7..9].chars().all(|c| c.is_ascii_uppercase())
            && text[9..].chars().all(|c| c.is_ascii_digit());
        if national {
            let century = if seventh == b'1' { 1900 } else { 2000 };
            return born(&text, 0, century).filter(|day| *day <= today).map(|_| text);
        }
        return text.chars().any(|c| c.is_ascii_digit()).then_some(local).flatten();
    }
    let yy: i16 = text[4..6].parse().ok()?;
    let century = match text.as_bytes()[6] {
        b'0'..=b'3' => 1900,
        b'4' | b'9' if yy <= 36 => 2000,
        b'4' | b'9' => 1900,
        _ if yy <= 57 => 2000,
        _ => 1800,
    };
    let plain = born(&text, 0, century).filter(|day| *day <= today);
    match plain {
        Some(_) => Some(text),
        None => born(&text, 60, century).filter(|day| *day <= today).and(local),
    }
}

fn born(text: &str, added: u8, century: i16) -> Option<Day> {
    let part = |at: usize| text[at..at + 2].parse::<u8>().ok();
    Day::from_ymd(century + i16::from(part(4)?), part(2)?, part(0)?.checked_sub(added)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_page_reads_as_it_says() {
        let today = Day::from_ymd(2026, 1, 1).expect("a day");
        let read = |text: &str| identifier(text, "p", today, false);
        for sound in ["0707614285", "2110625629", "0610937438", "0101374000", "0101585000", "0101009000"] {
            assert_eq!(read(sound).as_deref(), Some(sound));
        }
        for unborn in ["2110525629", "0101364999"] {
            assert_eq!(read(unborn), None);
        }
        assert_eq!(read("2902000123"), None);
        assert_eq!(read("290200-4123").as_deref(), Some("2902004123"));
        assert_eq!(read("6707614285").as_deref(), Some("p/6707614285"));
        assert_eq!(read("0707611ab3").as_deref(), Some("0707611AB3"));
        assert_eq!(read("0707610AB3").as_deref(), Some("p/0707610AB3"));
        assert_eq!(read("3213611AB3"), None);
        assert_eq!(read("UKENDT0001").as_deref(), Some("p/UKENDT0001"));
        for none in ["UKENDTKVIN", "707614285", "1,01E+09", "07076142851", "", "3213610000"] {
            assert_eq!(read(none), None, "{none}");
        }
        assert_eq!(identifier("707614285", "p", today, true).as_deref(), Some("0707614285"));
    }

    #[test]
    fn days_read_in_four_writings() {
        let wanted = Day::from_ymd(2022, 3, 9);
        for text in ["09-03-2022", "09.03.2022", "09/03/2022", "2022-03-09"] {
            assert_eq!(day(text), wanted, "{text}");
        }
        for text in ["30-02-2022", "09-03-22", "", "x", "2022"] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
