//! Rows made up with what is the matter with each said beside it, and the report that a plain reader makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use kobling::clock::{Day, Timestamp};
use kobling::extract::report::{Finding, Paper, Report};
use kobling::extract::{Decimal, Declared, ExtractError, Job, Source, Watch, check};
use kobling::id::{LeadingZero, Sex, generate_made_up_cpr};
use kobling::programme::Programme;
use kobling::secret::{SeededRandom, SystemRandom};

pub const INTERVENTION: &str = include_str!("../../programmes/interventionsmodel.toml");

/// The columns of the dataset that the rows are of, in its order.
pub const COLUMNS: [&str; 7] = ["person", "modpart", "sag", "dato", "trin", "rolle", "kommune"];

/// The file's own order, with a column that the dataset does not know.
pub const HEADER: &str = "Trin;CPR-nr;Bemærkning;Dato;Modpart;Journalnr;Kommune;Rolle\n";

/// A field, and what is to be said of it.
#[derive(Clone, Debug, Default)]
pub struct Field {
    pub text: String,
    pub reason: Option<&'static str>,
    pub remarks: Vec<&'static str>,
    /// What it is once it is read: equal ones are the same.
    pub read: String,
}

impl Field {
    pub fn good(text: &str, read: &str) -> Field {
        Field { text: text.to_owned(), read: read.to_owned(), ..Field::default() }
    }

    pub fn bad(text: &str, reason: &'static str) -> Field {
        Field { text: text.to_owned(), reason: Some(reason), ..Field::default() }
    }

    fn with(text: &str, read: &str, remarks: &[&'static str]) -> Field {
        Field { remarks: remarks.to_vec(), ..Field::good(text, read) }
    }
}

/// A made-up number.
pub fn cpr(seed: u64) -> String {
    let born =
        Day::from_ymd(1935, 5, 6).expect("a day").plus(i32::try_from(seed * 37 % 24_000).expect("small"));
    let sex = if seed.is_multiple_of(2) { Sex::Woman } else { Sex::Man };
    let text = generate_made_up_cpr(born, sex, &mut SeededRandom::from_number(seed));
    String::from_utf8(text.to_vec()).expect("ASCII")
}

fn hyphenated(cpr: &str) -> String {
    format!("{}-{}", &cpr[..6], &cpr[6..])
}

/// Fields of a person column, by what is the matter.
pub const PERSONS: usize = 20;

pub fn person(variant: usize, seed: u64) -> Field {
    let made = cpr(seed);
    let changed = |at: usize, by: u8| {
        let mut bytes = made.clone().into_bytes();
        bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
        String::from_utf8(bytes).expect("ASCII")
    };
    match variant {
        1 => Field::with(&hyphenated(&made), &made, &["hyphenated", "made-up-number"]),
        2 => {
            let zero = (seed..).map(cpr).find(|cpr| cpr.starts_with('0')).expect("some day is below 10");
            Field::bad(&zero[1..], "nine-digits")
        }
        3 => Field::bad("1,01E+09", "scientific-notation"),
        4 => Field::bad("123456", "identifier-length"),
        5 => Field::bad("07076142\u{e9}5", "identifier-character"),
        6 => Field::bad("3102991234", "invalid-birth-date"),
        7 => Field::bad("0101364999", "future-birth-date"),
        8 => Field::bad("", "missing"),
        // Nothing but a separator, which is nothing.
        9 => Field::bad(" ", "missing"),
        10 => Field::with("2512489996", "2512489996", &["test-number"]),
        11 => Field::with("251248-4916", "2512484916", &["hyphenated", "test-number"]),
        // Remainder 2, on a date without such numbers.
        12 if !made.ends_with('9') => {
            let other = changed(9, 1);
            Field::with(&other, &other, &["modulus-11-elsewhere"])
        }
        // 1 January 1965 is one of the dates with numbers that fail.
        13 => Field::with("0101651230", "0101651230", &["modulus-11-listed-date"]),
        14 => {
            let local = changed(0, 6);
            Field::with(&local, &local, &["local-day-plus-60"])
        }
        15 => Field::with("070761-1ab5", "0707611AB5", &["hyphenated", "xecpr"]),
        16 => Field::with("0707610AB5", "0707610AB5", &["d-ecpr"]),
        17 => Field::with("070761ABCD", "070761ABCD", &["fictive"]),
        _ => Field::with(&made, &made, &["made-up-number"]),
    }
}

pub fn counterpart(variant: usize, seed: u64) -> Field {
    match variant {
        8 | 9 => Field::default(),
        18 => Field::good("Uoplyst", ""),
        _ => person(variant, seed),
    }
}

pub const CASES: usize = 6;

pub fn case(variant: usize, seed: u64) -> Field {
    match variant {
        0 => Field::default(),
        1 => Field::bad(&hyphenated(&cpr(seed)), "cpr-in-another-column"),
        2 => Field::bad(&"x".repeat(65), "number-too-long"),
        3 => Field::bad("a\u{7}b", "number-character"),
        _ => Field::good(&format!("Sag{seed}/q"), &format!("Sag{seed}/q")),
    }
}

pub const DATES: usize = 9;

pub fn date(variant: usize, seed: u64) -> Field {
    match variant {
        0 => Field::bad("31-02-2022", "date"),
        1 => Field::bad("01-01-2020", "outside-period"),
        2 => Field::bad("01-01-2026", "future-date"),
        3 => Field::bad("", "missing"),
        _ => {
            let day =
                Day::from_ymd(2021, 1, 1).expect("a day").plus(i32::try_from(seed % 1461).expect("small"));
            let (year, month, dom) = day.ymd();
            Field::good(&format!("{dom:02}-{month:02}-{year}"), &day.to_string())
        }
    }
}

pub const CODES: usize = 6;

pub fn code(variant: usize, seed: u64, forms: [(&str, &str); 2]) -> Field {
    match variant {
        0 => Field::bad(&format!("Kaffe {}", seed % 7), "unknown-code"),
        1 => Field::bad("", "missing"),
        _ => Field::good(forms[variant % 2].0, forms[variant % 2].1),
    }
}

/// A row, by the dataset's columns. `None` behind the end of one that is cut off.
#[derive(Clone, Debug)]
pub struct Row {
    pub fields: [Field; 7],
    /// A row that ends behind its first field.
    pub cut: bool,
}

impl Row {
    /// A row without fault.
    pub fn good(seed: u64) -> Row {
        Row::of([0, 8, 4, 4, 2, 2, 2], seed)
    }

    /// A row by the variant of each field.
    pub fn of(variants: [usize; 7], seed: u64) -> Row {
        let [of_person, of_counterpart, of_case, of_date, trin, rolle, kommune] = variants;
        let fields = [
            person(of_person, seed),
            counterpart(of_counterpart, seed + 1),
            case(of_case, seed),
            date(of_date, seed),
            code(trin, seed, [("Tilbudt", "tilbudt"), ("opsporet", "opsporet")]),
            code(rolle, seed + 1, [("U", "udsat"), ("Voldsudsat", "udsat")]),
            code(kommune, seed + 2, [("147", "frederiksberg"), ("Frederiksberg", "frederiksberg")]),
        ];
        Row { fields, cut: false }
    }

    pub fn line(&self) -> String {
        let [person, counterpart, case, date, trin, rolle, kommune] = self.fields.each_ref().map(|f| &f.text);
        if self.cut {
            return "x\n".to_owned();
        }
        format!("{trin};{person};fri tekst;{date};{counterpart};{case};{kommune};{rolle}\n")
    }
}

/// What a plain reader says: by code, the lines of rows in order, and by column.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub read: u64,
    pub sent: u64,
    pub rejected: u64,
    pub repeated: u64,
    pub by_code: BTreeMap<String, Vec<u64>>,
    pub by_column: BTreeMap<(String, String), Vec<u64>>,
    pub first_reasons: BTreeMap<String, u64>,
    pub empty: BTreeMap<String, u64>,
    pub months: BTreeMap<String, u64>,
    pub unknown: BTreeMap<String, u64>,
}

/// Reads the rows one by one, the slow way.
pub fn oracle(rows: &[Row]) -> Said {
    let mut said = Said::default();
    let mut seen = BTreeSet::new();
    let mut unknown: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let line = at as u64 + 2;
        said.read += 1;
        let mut codes: Vec<(&str, &str)> = Vec::new();
        if row.cut {
            codes.push(("too-few-columns", ""));
            *said.first_reasons.entry("too-few-columns".into()).or_default() += 1;
            said.rejected += 1;
        } else {
            for (field, column) in row.fields.iter().zip(COLUMNS) {
                codes.extend(field.reason.iter().chain(&field.remarks).map(|code| (*code, column)));
                let empty = field.text.trim().is_empty() || field.text == "Uoplyst";
                *said.empty.entry(column.to_owned()).or_default() += u64::from(empty);
                if field.reason == Some("unknown-code") {
                    unknown.entry(column).or_default().insert(field.text.to_lowercase());
                }
            }
            match row.fields.iter().find_map(|field| field.reason) {
                Some(first) => {
                    *said.first_reasons.entry(first.to_owned()).or_default() += 1;
                    said.rejected += 1;
                }
                None => {
                    *said.months.entry(row.fields[3].read[..7].to_owned()).or_default() += 1;
                    if seen.insert(row.fields.each_ref().map(|field| &field.read)) {
                        said.sent += 1;
                    } else {
                        said.repeated += 1;
                        codes.push(("repeated-row", ""));
                    }
                }
            }
        }
        for (code, column) in &codes {
            said.by_column.entry(((*code).to_owned(), (*column).to_owned())).or_default().push(line);
        }
        for code in codes.iter().map(|(code, _)| *code).collect::<BTreeSet<_>>() {
            said.by_code.entry(code.to_owned()).or_default().push(line);
        }
    }
    said.empty.retain(|_, n| *n > 0);
    said.unknown =
        unknown.into_iter().map(|(column, texts)| (column.to_owned(), texts.len() as u64)).collect();
    said
}

/// Keeps every finding.
#[derive(Default)]
pub struct Listed(pub Vec<Finding>);

impl Watch for Listed {
    fn wants_findings(&self) -> bool {
        true
    }

    fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        self.0.extend_from_slice(findings);
        Ok(())
    }
}

pub fn programme() -> Programme {
    Programme::parse(INTERVENTION).unwrap_or_else(|error| panic!("{error}"))
}

pub fn made() -> Timestamp {
    "2025-06-01T08:30:00Z".parse().expect("an instant")
}

/// Checks a file of the police, and gives what is made of the report.
pub fn checked<T>(
    programme: &Programme,
    path: &Path,
    watch: &mut dyn Watch,
    run: impl FnOnce(&Paper<'_>) -> T,
) -> T {
    let (partner, dataset) =
        ("koebenhavns-politi".parse().expect("a name"), "politi-opsporing".parse().expect("a name"));
    let source = Source::File(path.to_owned());
    let job = Job {
        source: &source,
        declared: Declared::default(),
        mapping: None,
        programme,
        partner: &partner,
        dataset: &dataset,
        period: None,
        zero: LeadingZero::Refuse,
        decimal: Decimal::Comma,
        today: Day::from_ymd(2025, 6, 1).expect("a day"),
    };
    match check(&job, &mut SystemRandom::new(), watch) {
        Ok(report) => run(&Paper::of(&job, &report, made(), None)),
        Err(ExtractError::Unusual(unusual, report)) => {
            run(&Paper { unusual: Some(unusual), ..Paper::of(&job, &report, made(), None) })
        }
        Err(error) => panic!("{error}"),
    }
}

/// The report, in the oracle's form. Lines that are not listed cannot be compared: the oracle's are cut to as many.
pub fn said_by(report: &Report) -> Said {
    let id = |column: &Option<kobling::name::ColumnId>| {
        column.as_ref().map_or_else(String::new, ToString::to_string)
    };
    let mut said = Said {
        read: report.rows.read,
        sent: report.rows.sent,
        rejected: report.rows.rejected,
        repeated: report.rows.duplicates,
        first_reasons: report.rejected.clone(),
        ..Said::default()
    };
    for found in &report.found {
        said.by_code.insert(found.matter.code().to_owned(), found.places.lines.clone());
        for of in &found.columns {
            said.by_column.insert((found.matter.code().to_owned(), id(&of.column)), of.places.lines.clone());
            if let (Some(different), Some(column)) = (of.different, &of.column) {
                said.unknown.insert(column.to_string(), different);
            }
        }
    }
    for column in report.columns.iter().filter(|column| column.missing > 0) {
        said.empty.insert(column.column.to_string(), column.missing);
    }
    for month in report.months.iter().filter(|month| month.rows > 0) {
        said.months.insert(month.month.clone(), month.rows);
    }
    said
}
