//! Partners' raw extracts, written the way their systems would, with the faults that such files have.
//!
//! One CSV file a partner and dataset, at `<partner>/<dataset>.csv`. Columns that the programme does not ask for are
//! there too; they must never leave.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::DemoError;
use super::hand::{Days, Encoding, Hand, hand};
use super::world::{Contact, PARTNERS, World};
use crate::clock::Day;
use crate::name::{DatasetId, PartnerId};
use crate::programme::{Column, Dataset, Programme, Role};
use crate::secret::{Random, SeededRandom};

/// Words of the free text column, found nowhere else: a search for them shows whether it left.
pub const REMARK_WORDS: [&str; 6] =
    ["blåbærgrød", "kaffekande", "paraplystativ", "vindmøllesav", "snegleskæl", "tøjklemme"];
/// The header of the free text column.
pub const REMARK_HEADER: &str = "Bemærkning";

/// A file that was written, and what was put wrong in it on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFile {
    /// Whose it is.
    pub partner: PartnerId,
    /// Which dataset.
    pub dataset: DatasetId,
    /// Where it is.
    pub path: PathBuf,
    /// Rows, the header not counted.
    pub rows: u64,
    /// What was put in.
    pub faults: Faults,
}

/// Rows by what was done to them. Every row counted from `nine_digits` on is to be rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Exact copies of the row before, which is sound.
    pub duplicates: u64,
    /// Without a person, where that is allowed; some of them bad in another way.
    pub anonymous: u64,
    /// CPR numbers that a spreadsheet took the leading zero from.
    pub nine_digits: u64,
    /// CPR numbers that a spreadsheet turned into `1,01E+09`.
    pub scientific: u64,
    /// Ten digits whose date does not exist.
    pub impossible: u64,
    /// Without a person, where that is not allowed.
    pub absent: u64,
    /// Days that do not exist.
    pub bad_days: u64,
    /// Days before or after the programme.
    pub other_days: u64,
    /// Codes that nobody knows.
    pub unknown_codes: u64,
}

impl Faults {
    /// Rows to be rejected when nine digits are refused.
    #[must_use]
    pub const fn rejected(&self) -> u64 {
        self.nine_digits
            + self.scientific
            + self.impossible
            + self.absent
            + self.bad_days
            + self.other_days
            + self.unknown_codes
    }
}

/// Writes every partner's extracts under a folder, which is made where it is missing. The same world gives the same
/// bytes.
///
/// # Errors
/// [`DemoError`]: a file cannot be written, or the programme is another one.
pub fn write_extracts(
    world: &World,
    programme: &Programme,
    folder: &Path,
) -> Result<Vec<RawFile>, DemoError> {
    let mut files = Vec::new();
    for (partner, name) in PARTNERS.iter().enumerate() {
        let missing = |what: String| DemoError::Programme { what };
        let id: PartnerId = name.parse().expect("partners have plain names");
        let source = programme.source(&id).ok_or_else(|| missing(format!("partner {name}")))?;
        // Datasets that nobody in the demo's world has rows of are left alone.
        let played = |d: &Dataset| world.contacts.iter().any(|c| c.dataset == d.id.as_str());
        let of_partner = programme.datasets.iter().filter(|d| d.partners.contains(&source) && played(d));
        for dataset in of_partner {
            let folder = folder.join(name);
            std::fs::create_dir_all(&folder).map_err(DemoError::io(&folder, "written"))?;
            let path = folder.join(format!("{}.csv", dataset.id));
            // One stream a file: a partner's files stay the same when another's change.
            let seed = world.settings.seed.wrapping_mul(1009) + files.len() as u64;
            let rows =
                world.contacts.iter().filter(|c| c.partner == partner && dataset.id.as_str() == c.dataset);
            let mut writer = Writer {
                world,
                programme,
                dataset,
                partner,
                hand: hand(partner),
                random: SeededRandom::from_number(seed),
                faults: Faults::default(),
                text: String::new(),
                rows: 0,
            };
            writer.file(rows)?;
            std::fs::write(&path, writer.bytes()).map_err(DemoError::io(&path, "written"))?;
            let (rows, faults) = (writer.rows, writer.faults);
            files.push(RawFile { partner: id.clone(), dataset: dataset.id.clone(), path, rows, faults });
        }
    }
    Ok(files)
}

struct Writer<'a> {
    world: &'a World,
    programme: &'a Programme,
    dataset: &'a Dataset,
    partner: usize,
    hand: Hand,
    random: SeededRandom,
    faults: Faults,
    text: String,
    rows: u64,
}

impl Writer<'_> {
    fn file<'c>(&mut self, contacts: impl Iterator<Item = &'c Contact>) -> Result<(), DemoError> {
        if self.hand.sep_line {
            self.text.push_str("sep=;");
            self.text.push_str(self.hand.line_end);
        }
        let dataset = self.dataset;
        let mut headers = vec!["Løbenr".to_owned()];
        let choose =
            |column: &Column| column.headers.get(self.partner % column.headers.len().max(1)).cloned();
        for column in self.columns(dataset) {
            headers.push(choose(column).unwrap_or_else(|| column.id.to_string()));
        }
        headers.insert(headers.len() - 1, REMARK_HEADER.to_owned());
        self.line(&headers);
        for contact in contacts {
            let rejected = self.faults.rejected();
            let cells = self.row(contact)?;
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
    fn columns<'d>(&self, dataset: &'d Dataset) -> Vec<&'d Column> {
        let mut columns: Vec<&Column> = dataset.columns.iter().collect();
        columns.rotate_left(self.partner % dataset.columns.len());
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
        if self.hand.trailing {
            self.text.push_str(";;");
        }
        self.text.push_str(self.hand.line_end);
    }

    fn row(&mut self, contact: &Contact) -> Result<Vec<String>, DemoError> {
        let mut cells = vec![(self.rows + 1).to_string()];
        // At most one fault a row, so that each is counted under its own name.
        let fault = self.random.below(10_000);
        for column in self.columns(self.dataset) {
            let cell = match column.role {
                Role::Person => self.person(contact, column, fault),
                Role::RelatedPerson => match contact.related {
                    Some(person) => self.number(person),
                    None => self.missing(column),
                },
                Role::Case => contact.case.map_or_else(String::new, self.hand.case),
                Role::Date => self.day(contact.day, fault),
                Role::Category { .. } => self.code(contact, column, fault)?,
                Role::Staff | Role::Measure(_) => {
                    let what = format!("use in the demo for column {} of {}", column.id, self.dataset.id);
                    return Err(DemoError::Programme { what });
                }
            };
            cells.push(cell);
        }
        let remark = self.remark();
        cells.insert(cells.len() - 1, remark);
        Ok(cells)
    }

    fn person(&mut self, contact: &Contact, column: &Column, fault: u64) -> String {
        let Some(person) = contact.person else {
            self.faults.anonymous += 1;
            return self.missing(column);
        };
        let number = self.world.number(person, self.partner);
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
            let lost = self.chance(self.hand.lost_zeros);
            if lost {
                self.faults.nine_digits += 1;
                return text(&number[1..]);
            }
        }
        self.number(person)
    }

    /// A number as the partner writes it.
    fn number(&mut self, person: u32) -> String {
        let number = text(&self.world.number(person, self.partner));
        if self.random.below(100) < self.hand.hyphens {
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
        match self.hand.days {
            Days::Hyphens => format!("{of_month:02}-{month:02}-{year}"),
            Days::Dots => format!("{of_month:02}.{month:02}.{year}"),
            Days::Slashes => format!("{of_month:02}/{month:02}/{year}"),
            Days::Iso => format!("{year}-{month:02}-{of_month:02}"),
        }
    }

    fn code(&mut self, contact: &Contact, column: &Column, fault: u64) -> Result<String, DemoError> {
        let code = match column.id.as_str() {
            "trin" => contact.step,
            "rolle" => contact.part.code(),
            _ => contact.home,
        };
        if column.id.as_str() == "trin" && (24..=29).contains(&fault) {
            self.faults.unknown_codes += 1;
            return Ok("Ukendt trin".to_owned());
        }
        let codes = self.programme.codes(column).unwrap_or_default();
        let found = codes.iter().find(|c| c.id.as_str() == code);
        let found = found.ok_or_else(|| DemoError::Programme { what: format!("code {code}") })?;
        // A system writes a code in one way, and people who type it in another case.
        let written = found.also.get(self.partner % (found.also.len() + 1));
        let written = written.map_or_else(|| code.to_owned(), Clone::clone);
        Ok(if self.chance(5) { written.to_uppercase() } else { written })
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
        match self.hand.encoding {
            Encoding::Windows1252 => encoding_rs::WINDOWS_1252.encode(&self.text).0.into_owned(),
            Encoding::Utf8 => self.text.as_bytes().to_vec(),
            Encoding::Utf8Bom => ["\u{feff}".as_bytes(), self.text.as_bytes()].concat(),
        }
    }
}

fn text(number: &[u8]) -> String {
    number.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::world::WorldSettings;
    use super::*;

    #[test]
    fn files_look_like_partners_files() {
        let world = World::generate(WorldSettings { persons: 4000, ..WorldSettings::default() });
        let programme =
            Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("sound");
        let folder = tempfile::tempdir().expect("a folder");
        let files = write_extracts(&world, &programme, folder.path()).expect("written");
        assert_eq!(files.len(), 12);
        let again = tempfile::tempdir().expect("a folder");
        for (file, twin) in
            files.iter().zip(write_extracts(&world, &programme, again.path()).expect("written"))
        {
            let (bytes, same) = (std::fs::read(&file.path), std::fs::read(twin.path));
            assert!(bytes.expect("read") == same.expect("read"), "{}", file.partner);
        }
        let rows: u64 = files.iter().map(|f| f.rows).sum();
        let duplicates: u64 = files.iter().map(|f| f.faults.duplicates).sum();
        assert_eq!(rows, world.contacts.len() as u64 + duplicates);
        let total = |what: fn(&Faults) -> u64| files.iter().map(|f| what(&f.faults)).sum::<u64>();
        for (name, what) in [
            ("duplicates", (|f| f.duplicates) as fn(&Faults) -> u64),
            ("anonymous", |f| f.anonymous),
            ("nine digits", |f| f.nine_digits),
            ("scientific", |f| f.scientific),
            ("impossible", |f| f.impossible),
            ("absent", |f| f.absent),
            ("bad days", |f| f.bad_days),
            ("other days", |f| f.other_days),
            ("unknown codes", |f| f.unknown_codes),
        ] {
            assert!(total(what) > 0, "no {name}");
        }
        assert!(total(Faults::rejected) * 30 < rows, "too many bad rows to be a likely file");
        let read = |partner: &str, dataset: &str| {
            std::fs::read(folder.path().join(partner).join(format!("{dataset}.csv"))).expect("there")
        };
        let police = read("koebenhavns-politi", "politi-opsporing");
        assert!(std::str::from_utf8(&police).is_err() && police.windows(2).any(|w| w == b"\r\n"));
        assert!(read("frederiksberg", "forloeb").starts_with(b"\xEF\xBB\xBF"));
        assert!(read("moedrehjaelpen", "forloeb").starts_with(b"sep=;\r\n"));
        let remark = encoding_rs::WINDOWS_1252.decode(&police).0;
        assert!(remark.contains(REMARK_HEADER) && REMARK_WORDS.iter().all(|w| remark.contains(w)));
    }
}
