//! What is worked out at home: random extracts held against a slow oracle that shares no code, and the programs as a
//! partner and a steward run them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::civil::{Date, Weekday};
use kobling::clock::{Day, Timestamp};
use kobling::extract::report::Report;
use kobling::extract::{
    ColumnMapping, Decimal, Declared, ExtractError, FileForm, Job, MAPPING_FORMAT, Mapping, Package, Source,
    Unwatched, tokenise,
};
use kobling::id::{LeadingZero, Sex, generate_made_up_cpr};
use kobling::key::LinkageKey;
use kobling::programme::Programme;
use kobling::secret::{SeededRandom, SystemRandom};
use proptest::prelude::*;

const PROGRAMME: &str = include_str!("fixtures/minimised.toml");
const HEADER: &str = "CPR-nr;CPR-nr partner;Navn;Dato;Postnr;Indkomst\n";

fn programme() -> Programme {
    Programme::parse(PROGRAMME).unwrap_or_else(|error| panic!("{error}"))
}

fn key() -> LinkageKey {
    LinkageKey::from_bytes("minimised".parse().expect("a name"), &mut [7; 32])
}

/// Tokenises the text of an extract into a folder.
fn package(
    text: &str,
    (partner, dataset): (&str, &str),
    mapping: Option<&Mapping>,
    out: &Path,
) -> Result<Report, ExtractError> {
    let extract = out.with_extension("csv");
    std::fs::write(&extract, text).expect("written");
    let source = Source::File(extract);
    let (partner, dataset) = (partner.parse().expect("a name"), dataset.parse().expect("a name"));
    let programme = programme();
    let job = Job {
        source: &source,
        declared: Declared::default(),
        mapping,
        programme: &programme,
        partner: &partner,
        dataset: &dataset,
        period: None,
        zero: LeadingZero::Refuse,
        decimal: Decimal::Comma,
        today: "2025-06-01".parse().expect("a day"),
    };
    let now = Timestamp::from_millis(1_750_000_000_000);
    tokenise(&job, &key(), None, None, (out, now), &mut SystemRandom::new(), &mut Unwatched)
        .map(|(report, _)| report)
}

/// The rows of a package, without the line of headers.
fn rows(folder: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.join("data.csv")).expect("readable");
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn day(date: Date) -> Day {
    date.to_string().parse().expect("a day")
}

fn number(born: Date, man: bool, seed: u64) -> String {
    let sex = if man { Sex::Man } else { Sex::Woman };
    let text = generate_made_up_cpr(day(born), sex, &mut SeededRandom::from_number(seed));
    String::from_utf8(text.to_vec()).expect("ASCII")
}

/// Age by counting birthdays.
fn age(born: Date, then: Date) -> i16 {
    let mut age = -1;
    for year in born.year()..=then.year() {
        let birthday = Date::new(year, born.month(), born.day());
        if birthday.unwrap_or_else(|_| Date::constant(year, 3, 1)) <= then {
            age += 1;
        }
    }
    age
}

fn age_band(age: i16) -> &'static str {
    match age {
        0..18 => "under-18",
        18..30 => "18-29",
        30..50 => "30-49",
        _ => "50-plus",
    }
}

fn municipality(postal: u32) -> Option<&'static str> {
    match postal {
        1000..=1799 | 2100 | 2150 | 2200 | 2300 | 2400 | 2450 | 2500 | 2700 | 2720 => Some("101"),
        1800..=2000 => Some("147"),
        2791 => Some("155"),
        2770 => Some("185"),
        800..=999 | 2600..=2699 | 2730..=2769 | 2800..=9990 => Some("andre"),
        _ => None,
    }
}

fn income(kroner: i32) -> &'static str {
    match kroner {
        ..=0 => "ingen",
        1..200_000 => "lav",
        _ => "hoej",
    }
}

/// A person of an extract.
#[derive(Clone, Debug)]
struct Somebody {
    born: Date,
    man: bool,
}

/// A row before it is written.
#[derive(Clone, Debug)]
struct Raw {
    person: Somebody,
    related: Option<Somebody>,
    on: Date,
    postal: Option<(u32, usize)>,
    income: Option<i32>,
}

prop_compose! {
    fn somebody()(days in 0i32..27_000, leap in 0..4, man in any::<bool>()) -> Somebody {
        let born = match leap {
            0 => Date::constant(1948 + 4 * i16::try_from(days % 15).expect("small"), 2, 29),
            _ => Date::constant(1935, 1, 1).checked_add(jiff::Span::new().days(days)).expect("in range"),
        };
        Somebody { born, man }
    }
}

prop_compose! {
    fn raw()(
        person in somebody(), related in proptest::option::of(somebody()), on in 0i32..1096, birthday in 0..3i8,
        postal in proptest::option::of((800u32..9999, 0usize..5)),
        income in proptest::option::of(-20_000i32..500_000),
    ) -> Raw {
        let on = match birthday {
            // About the birthday of somebody born at the end of February.
            0 => [Date::constant(2023, 2, 28), Date::constant(2023, 3, 1), Date::constant(2024, 2, 29)]
                [usize::try_from(on % 3).expect("small")],
            _ => Date::constant(2022, 1, 1).checked_add(jiff::Span::new().days(on)).expect("in range"),
        };
        Raw { person, related, on, postal, income }
    }
}

impl Raw {
    /// The line of the extract; `seed` is the row's own.
    fn line(&self, seed: u64) -> String {
        let number_of = |somebody: &Somebody, seed| number(somebody.born, somebody.man, seed);
        let postal = self.postal.map_or("Uoplyst".to_owned(), |(code, form)| match form {
            0 => format!("{code:04}"),
            1 => format!("DK-{code:04}"),
            2 => format!(" {code:04} Frederiksberg C"),
            3 => format!("dk {code:04}"),
            _ => format!("DK-{code:04} Østerby"),
        });
        let income = self.income.map_or(String::new(), |kroner| format!("{kroner},00"));
        format!(
            "{};{};Hemmelig Person;{:02}-{:02}-{};{postal};{income}\n",
            number_of(&self.person, 2 * seed),
            self.related.as_ref().map_or(String::new(), |related| number_of(related, 2 * seed + 1)),
            self.on.day(),
            self.on.month(),
            self.on.year(),
        )
    }

    /// What leaves besides tokens; `None` when the row is rejected.
    fn leaves(&self) -> Option<[String; 7]> {
        let of = |somebody: &Somebody| age_band(age(somebody.born, self.on)).to_owned();
        let bopael = match self.postal {
            Some((code, _)) => municipality(code)?,
            None => "",
        };
        Some([
            of(&self.person),
            self.on.first_of_month().to_string(),
            if self.person.man { "mand" } else { "kvinde" }.to_owned(),
            self.related.as_ref().map_or(String::new(), of),
            self.person.born.year().to_string(),
            bopael.to_owned(),
            self.income.map_or("", income).to_owned(),
        ])
    }
}

/// A token, and nothing else.
fn is_token(text: &str) -> bool {
    text.strip_prefix("cpr.").is_some_and(|rest| {
        rest.len() == 43 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Of random extracts nothing leaves but tokens, codes, coarse days and declared numbers, each as the oracle has it;
    /// what it was worked out from is in no file of the package.
    #[test]
    fn only_what_is_declared_leaves(extract in proptest::collection::vec(raw(), 1..30)) {
        let dir = tempfile::tempdir().expect("a folder");
        let text = extract.iter().zip(0u64..).map(|(row, seed)| row.line(seed)).collect::<String>();
        let out = dir.path().join("package");
        let report = package(&format!("{HEADER}{text}"), ("kommune", "henvendelse"), None, &out)
            .unwrap_or_else(|error| panic!("{error}"));
        let mut expected = extract.iter().filter_map(Raw::leaves).collect::<Vec<_>>();
        prop_assert_eq!(report.rows.sent, expected.len() as u64);
        let rejected = extract.iter().filter(|row| row.leaves().is_none()).count() as u64;
        prop_assert_eq!(report.rejected.get("out-of-range").copied().unwrap_or(0), rejected);
        let mut found = Vec::new();
        for row in rows(&out) {
            let [alder, person, partner, rest @ ..] = &row[..] else { panic!("ten columns") };
            prop_assert!(is_token(person) && (partner.is_empty() || is_token(partner)));
            let mut leaving = vec![alder.clone()];
            leaving.extend(rest.iter().cloned());
            found.push(<[String; 7]>::try_from(leaving).expect("seven columns"));
        }
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
        let all = ["data.csv", "datapackage.json"].map(|name| std::fs::read(out.join(name)).expect("readable"));
        for line in text.lines() {
            let fields = line.split(';').collect::<Vec<_>>();
            for secret in [fields[0], fields[1], fields[2], fields[3], "Østerby", "Frederiksberg C"] {
                for bytes in &all {
                    let there = bytes.windows(secret.len().max(1)).any(|part| part == secret.as_bytes());
                    prop_assert!(secret.is_empty() || !there, "something of the extract left");
                }
            }
        }
    }

    /// Weeks begin on Mondays, and never in another quarter.
    #[test]
    fn weeks_leave_as_their_first_day(days in proptest::collection::vec(0i32..1096, 1..20)) {
        let dir = tempfile::tempdir().expect("a folder");
        let mut text = "beboer;dato;haendelse\n".to_owned();
        let mut expected = Vec::new();
        for (seed, days) in (0u64..).zip(days) {
            let on = Date::constant(2022, 1, 1).checked_add(jiff::Span::new().days(days)).expect("in range");
            let born = Date::constant(1950, 1, 1).checked_add(jiff::Span::new().days(997 * days)).expect("small");
            let born = if born < Date::constant(2010, 1, 1) { born } else { Date::constant(1979, 12, 31) };
            let day_of_birth = if seed % 2 == 0 { born } else { Date::constant(1980, 1, 1) };
            text += &format!("{};{on};ind\n", number(day_of_birth, true, seed));
            let mut first = on;
            while first.weekday() != Weekday::Monday
                && !(first.day() == 1 && [1, 4, 7, 10].contains(&first.month()))
            {
                first = first.yesterday().expect("in range");
            }
            let decade = if day_of_birth.year() < 1980 { "foer-1980" } else { "fra-1980" };
            expected.push(vec![first.to_string(), "ind".to_owned(), "mand".to_owned(), decade.to_owned()]);
        }
        let out = dir.path().join("package");
        let made = package(&text, ("krisecenter", "ophold"), None, &out);
        // Many on 1 January 1980 do not look like clients, which is another room's business.
        prop_assume!(made.is_ok());
        let mut found = rows(&out).into_iter().map(|row| row[1..].to_vec()).collect::<Vec<_>>();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}

fn born(year: i16, month: i8, dom: i8) -> Date {
    Date::constant(year, month, dom)
}

/// Rows that differ only in what stays at home were not the same row.
#[test]
fn rows_that_leave_alike_all_leave() {
    let dir = tempfile::tempdir().expect("a folder");
    let person = number(born(1980, 5, 6), false, 1);
    let line = |day: &str, postal: &str| format!("{person};;;{day};{postal};\n");
    let text = [
        HEADER.to_owned(),
        line("03-05-2022", "2000"),
        line("04-05-2022", "2000"),
        line("04-05-2022", "1900"),
        line("04-05-2022", "DK-1900"),
        line("04-05-2022", "1900 Frederiksberg"),
    ];
    let out = dir.path().join("package");
    let report = package(&text.concat(), ("kommune", "henvendelse"), None, &out)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((report.rows.read, report.rows.sent, report.rows.duplicates), (5, 3, 2));
    let rows = rows(&out);
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| *row == rows[0]), "they look alike: {rows:?}");
    let package = Package::open(&out).unwrap_or_else(|error| panic!("{error}"));
    package.verify().unwrap_or_else(|error| panic!("{error}"));
    assert!(package.manifest.check(&programme(), None).is_ok());
}

#[test]
fn an_identifier_without_birth_date_or_sex_leaves_the_field_empty() {
    let dir = tempfile::tempdir().expect("a folder");
    // X-eCPR and numbers with 60 added to the day have a birth date and no sex; others have neither.
    let text =
        format!("{HEADER}0101801AB2;;;03-05-2022;;\n6101801111;;;03-05-2022;;\n0101800AB2;;;03-05-2022;;\n");
    let out = dir.path().join("package");
    let report = package(&text, ("kommune", "henvendelse"), None, &out).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((report.rows.sent, report.rows.rejected), (3, 0));
    let mut found = BTreeMap::new();
    for row in rows(&out) {
        *found.entry([row[0].clone(), row[4].clone(), row[6].clone()]).or_insert(0) += 1;
    }
    let of = |age: &str, year: &str| [age.to_owned(), String::new(), year.to_owned()];
    assert_eq!(found, BTreeMap::from([(of("30-49", "1980"), 2), (of("", ""), 1)]));

    // Where the column is required, the row is rejected, once, by the reason that is known.
    let text = "beboer;dato;haendelse\n0101801AB2;2022-05-03;ind\nx;2022-05-03;ind\n010180-1111;x;ind\n";
    let out = dir.path().join("required");
    let report = package(text, ("krisecenter", "ophold"), None, &out).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((report.rows.sent, report.rows.rejected), (0, 3));
    assert_eq!(report.rejected["missing"], 1);
    assert_eq!(
        rejected(&report),
        [(2, "koen", "missing"), (3, "beboer", "identifier-length"), (4, "dato", "date")]
    );
}

/// Line, column and code of why each row was rejected.
fn rejected(report: &Report) -> Vec<(u64, &str, &str)> {
    let reasons = report.found.iter().filter(|found| found.matter.rejects());
    let places = reasons.flat_map(|found| found.columns.iter().map(move |of| (of, found.matter.code())));
    let all = places.flat_map(|(of, code)| {
        let column = of.column.as_ref().expect("a column").as_str();
        of.places.lines.iter().map(move |line| (*line, column, code))
    });
    let mut all = all.collect::<Vec<_>>();
    all.sort_unstable();
    all
}

#[test]
fn what_lies_in_no_range_is_rejected_without_its_value() {
    let dir = tempfile::tempdir().expect("a folder");
    let person = number(born(1980, 5, 6), false, 1);
    let child = number(born(2022, 5, 7), false, 2);
    let text = format!(
        "{HEADER}{person};;;03-05-2022;2001;\n{person};;;03-05-2022;Amager;\n{child};;;06-05-2022;;\n{child};;;07-05-2022;;\n{person};;;03-05-2022;;999999999\n"
    );
    let out = dir.path().join("package");
    let report = package(&text, ("kommune", "henvendelse"), None, &out).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(
        rejected(&report),
        [
            (2, "bopael", "out-of-range"),
            (3, "bopael", "number"),
            // Not born on the day of the event.
            (4, "alder", "out-of-range"),
            (6, "indkomst", "out-of-range"),
        ]
    );
    assert_eq!(rows(&out)[0][0], "under-18");
    assert!(!format!("{report:?}").contains("2001"));
}

#[test]
fn a_mapping_may_say_words_for_a_band_and_nothing_of_what_is_worked_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let column = |header: &str, codes: &[(&str, &str)]| ColumnMapping {
        header: header.to_owned(),
        nth: None,
        missing: Vec::new(),
        dates: Default::default(),
        codes: codes.iter().map(|(word, code)| ((*word).to_owned(), code.parse().expect("a name"))).collect(),
    };
    let mapping = Mapping {
        format: MAPPING_FORMAT,
        version: 1,
        programme: "minimised".parse().expect("a name"),
        partner: "kommune".parse().expect("a name"),
        dataset: "henvendelse".parse().expect("a name"),
        definition: None,
        asked: BTreeMap::new(),
        file: FileForm::default(),
        columns: [
            ("borger", column("A", &[])),
            ("dato", column("B", &[])),
            ("bopael", column("C", &[("Hemmelig adresse", "andre")])),
            // The file's own column of sexes is not what leaves.
            ("koen", column("D", &[("x", "mand")])),
        ]
        .map(|(id, column)| (id.parse().expect("a name"), column))
        .into(),
    };
    let person = number(born(1980, 5, 6), false, 1);
    let text = format!("A;B;C;D\n{person};03-05-2022;HEMMELIG ADRESSE;x\n");
    let out = dir.path().join("package");
    let report = package(&text, ("kommune", "henvendelse"), Some(&mapping), &out)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((report.rows.sent, &report.dropped_columns[..]), (1, &[4][..]));
    let rows = rows(&out);
    assert_eq!((rows[0][4].as_str(), rows[0][7].as_str()), ("kvinde", "andre"));
}

#[test]
fn a_manifest_says_how_columns_were_made_and_old_ones_fit_still() {
    let dir = tempfile::tempdir().expect("a folder");
    let person = number(born(1980, 5, 6), false, 1);
    let out = dir.path().join("package");
    let text = format!("{HEADER}{person};;;03-05-2022;2000;1\n");
    package(&text, ("kommune", "henvendelse"), None, &out).unwrap_or_else(|error| panic!("{error}"));
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("datapackage.json")).expect("readable"))
            .expect("JSON");
    let fields = manifest["resources"][0]["schema"]["fields"].as_array().expect("fields").clone();
    let said = fields.iter().map(|field| {
        let text = |name: &str| field.get(name).and_then(|value| value.as_str()).unwrap_or("").to_owned();
        (text("name"), text("derived"), text("precision"))
    });
    let said = said.filter(|(_, derived, precision)| !derived.is_empty() || !precision.is_empty());
    let said =
        said.map(|(name, derived, precision)| format!("{name} {derived}{precision}")).collect::<Vec<_>>();
    assert_eq!(
        said,
        [
            "alder age-band",
            "dato month",
            "koen sex",
            "partner-alder age-band",
            "foedselsaar birth-year",
            "bopael band",
            "indkomst band"
        ]
    );
    // A field of which nothing is said is written as before there was anything to say.
    assert_eq!(fields[1], serde_json::json!({ "name": "borger", "type": "string", "role": "person" }));
}

/// Runs a program.
fn run(program: &str, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(program).env("KOBLING_LANG", "en").args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

#[test]
fn the_program_works_it_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| -> String { dir.path().join(name).to_str().expect("UTF-8").to_owned() };
    let kobling = env!("CARGO_BIN_EXE_kobling");
    std::fs::write(at("programme.toml"), PROGRAMME).expect("written");
    let person = number(born(2004, 2, 29), true, 1);
    std::fs::write(at("x.csv"), format!("{HEADER}{person};;;28-02-2022;DK-2770;199.999,99\n"))
        .expect("written");
    let (status, ..) = run(kobling, &["key", "new", "--programme", "minimised", "--out", &at("linkage.key")]);
    assert_eq!(status, 0);
    let (programme, extract, key, out) = (at("programme.toml"), at("x.csv"), at("linkage.key"), at("out"));
    let arguments = [
        "tokenise",
        &extract,
        "--programme",
        &programme,
        "--key",
        &key,
        "--out",
        &out,
        "--partner",
        "kommune",
        "--dataset",
        "henvendelse",
    ];
    let (status, _, err) = run(kobling, &arguments);
    assert_eq!(status, 0, "{err}");
    let rows = rows(&PathBuf::from(at("out")));
    let [row] = &rows[..] else { panic!("one row") };
    // Eighteen the day after.
    assert_eq!(row[0], "under-18");
    assert_eq!(row[3..], ["2022-02-01", "mand", "", "2004", "185", "lav"]);
}

#[cfg(feature = "service")]
#[test]
fn the_steward_is_told_of_days_that_nobody_needs() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("programme.toml");
    std::fs::write(&path, PROGRAMME.replace("precision = \"month\"\n", "")).expect("written");
    let arguments = ["programme", "check", path.to_str().expect("UTF-8")];
    let (status, out, err) = run(env!("CARGO_BIN_EXE_koblingd"), &arguments);
    assert_eq!(status, 0, "{err}");
    let note = "note: dataset.henvendelse.column.dato.precision: no question, consent or follow-up needs days by the day: `precision = \"month\"` would do";
    assert!(out.contains(note), "{out}");
    assert!(!out.contains("dataset.ophold"), "{out}");
}
