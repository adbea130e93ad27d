//! What a package shows: counts held against counting one by one, and the program as a partner runs it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use kobling::clock::{Day, Timestamp};
use kobling::extract::inspect::{Advice, Combination, Warning, inspect};
use kobling::extract::{Decimal, Declared, Job, Package, Source, Unwatched, tokenise};
use kobling::id::{LeadingZero, Sex, generate_made_up_cpr};
use kobling::key::{LinkageKey, SigningKey};
use kobling::language::{Language, Spoken as _};
use kobling::programme::Programme;
use kobling::secret::{SeededRandom, SystemRandom};
use proptest::prelude::*;

const PROGRAMME: &str = include_str!("../programmes/interventionsmodel.toml");
const HEADER: &str = "CPR-nr;Bemærkning;Sagsnr;Dato;Trin;Rolle;Kommune\n";
const MADE: &str = "2025-06-15T12:00:00Z";

fn number(person: u64) -> String {
    let born =
        Day::from_ymd(1970, 5, 6).expect("a day").plus(i32::try_from(person * 37 % 9000).expect("small"));
    let text = generate_made_up_cpr(born, Sex::Woman, &mut SeededRandom::from_number(person));
    String::from_utf8(text.to_vec()).expect("ASCII")
}

fn now() -> Timestamp {
    MADE.parse().expect("an instant")
}

/// A package of `forloeb` from the lines of an extract, in a folder.
fn package(dir: &Path, lines: &str) -> Package {
    let extract = dir.join("extract.csv");
    std::fs::write(&extract, format!("{HEADER}{lines}")).expect("written");
    let source = Source::File(extract);
    let programme = Programme::parse(PROGRAMME).unwrap_or_else(|error| panic!("{error}"));
    let (partner, dataset) = ("lokk".parse().expect("a name"), "forloeb".parse().expect("a name"));
    let job = Job {
        source: &source,
        declared: Declared::default(),
        mapping: None,
        programme: &programme,
        partner: &partner,
        dataset: &dataset,
        period: None,
        zero: LeadingZero::Refuse,
        decimal: Decimal::Comma,
        today: "2025-06-01".parse().expect("a day"),
    };
    let key = LinkageKey::from_bytes(programme.id.clone(), &mut [7; 32]);
    let out = dir.join("package");
    tokenise(&job, &key, None, None, (&out, now()), &mut SystemRandom::new(), &mut Unwatched)
        .unwrap_or_else(|error| panic!("{error}"));
    Package::open(&out).unwrap_or_else(|error| panic!("{error}"))
}

/// Rows with few rows, rows with few persons, persons: counted one by one, over values chosen by the caller.
fn naive(data: &str, values: impl Fn(&[&str]) -> Vec<String>) -> (u64, u64, u64) {
    let mut groups: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (at, line) in data.lines().skip(1).enumerate() {
        let fields = line.split(',').collect::<Vec<_>>();
        let whose = if fields[0].is_empty() { format!("row {at}") } else { fields[0].to_owned() };
        groups.entry(values(&fields)).or_default().push(whose);
    }
    let (mut few_rows, mut few_persons, mut persons) = (0, 0, BTreeSet::new());
    for members in groups.values() {
        let different = members.iter().collect::<BTreeSet<_>>();
        if members.len() < 5 {
            few_rows += members.len() as u64;
        }
        if different.len() < 5 {
            few_persons += members.len() as u64;
            persons.extend(different);
        }
    }
    (few_rows, few_persons, persons.len() as u64)
}

/// The field of a column of `forloeb`, the date perhaps cut.
fn value(fields: &[&str], column: &str, date: &str) -> String {
    let at = ["person", "sag", "dato", "trin", "rolle", "kommune"].iter().position(|name| *name == column);
    let text = fields[at.expect("a column")];
    match (column, date) {
        ("dato", "month") => text[..7].to_owned(),
        ("dato", "week") => {
            let day: jiff::civil::Date = text.parse().expect("a date");
            let mut first = day;
            while first.weekday() != jiff::civil::Weekday::Monday
                && !(first.day() == 1 && [1, 4, 7, 10].contains(&first.month()))
            {
                first = first.yesterday().expect("in range");
            }
            first.to_string()
        }
        _ => text.to_owned(),
    }
}

fn rows_of(combination: &Combination) -> (u64, u64, u64) {
    (combination.rows_of_few_rows, combination.rows_of_few_persons, combination.persons)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every combination has the counts of counting one by one, the worst stands first, and the advice is the best there is.
    #[test]
    fn counts_are_those_of_counting_one_by_one(
        rows in proptest::collection::vec((0u64..30, 0i32..40, 0usize..3, 0usize..2, 0usize..3), 1..120),
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let lines = rows.iter().map(|(person, day, step, role, town)| {
            let day = Day::from_ymd(2022, 3, 1).expect("a day").plus(*day);
            let id = if *person == 0 { String::new() } else { number(*person) };
            let step = ["Kontakt", "Kontakt", "Opstart"][*step];
            let role = ["Voldsudsat", "Voldsudøver"][*role];
            format!("{id};;;{day};{step};{role};{}\n", ["147", "101", "147"][*town])
        });
        let lines = lines.collect::<String>();
        let package = package(dir.path(), &lines);
        let seen = inspect(&package, None, now(), &mut SystemRandom::new()).unwrap_or_else(|e| panic!("{e}"));
        let data = std::fs::read_to_string(package.data_path()).expect("readable");
        prop_assert_eq!(seen.rows, data.lines().count() as u64 - 1);
        // Four columns that are no tokens: 4 + 6 + 4.
        prop_assert_eq!((seen.combinations.len(), seen.left_out), (14, 0));
        let order = seen.combinations.iter().map(|one| one.rows_of_few_persons).collect::<Vec<_>>();
        prop_assert!(order.is_sorted_by(|a, b| a >= b), "{:?}", order);
        for one in &seen.combinations {
            let of = |columns: &[&String], date: &str| {
                naive(&data, |fields| columns.iter().map(|column| value(fields, column, date)).collect())
            };
            let all = one.columns.iter().collect::<Vec<_>>();
            let now = of(&all, "day");
            prop_assert_eq!(rows_of(one), now);
            prop_assert!(!one.estimated);
            let mut best = now.1;
            for date in ["week", "month"].into_iter().filter(|_| one.columns.iter().any(|c| c == "dato")) {
                best = best.min(of(&all, date).1);
            }
            for left in all.iter().filter(|_| all.len() > 1) {
                let rest = all.iter().copied().filter(|column| column != left).collect::<Vec<_>>();
                best = best.min(of(&rest, "day").1);
            }
            let advised = match &one.advice {
                None => now.1,
                Some(Advice::Precision { column, then, rows, .. }) => {
                    prop_assert_eq!(column, "dato");
                    prop_assert_eq!(of(&all, then.word()).1, *rows);
                    *rows
                }
                Some(Advice::Without { column, rows }) => {
                    let rest = all.iter().copied().filter(|other| *other != column).collect::<Vec<_>>();
                    prop_assert_eq!(of(&rest, "day").1, *rows);
                    *rows
                }
            };
            prop_assert_eq!(advised, best);
        }
        for (at, column) in seen.columns.iter().enumerate() {
            let values = data.lines().skip(1).map(|line| line.split(',').nth(at).expect("a field").to_owned());
            let filled = values.filter(|value| !value.is_empty()).collect::<Vec<_>>();
            let different = filled.iter().collect::<BTreeSet<_>>().len() as u64;
            prop_assert_eq!((column.filled, column.different, column.estimated), (filled.len() as u64, different, false));
        }
        let sample = data.lines().skip(1).take(10).collect::<Vec<_>>();
        prop_assert_eq!(&seen.sample, &sample);
    }
}

/// Persons matter, not rows: six rows of one person single her out.
#[test]
fn many_rows_of_one_person_hide_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut lines = String::new();
    for n in 0..6u64 {
        let id = number(1);
        lines += &format!("{id};;S-{n};2022-03-05;Kontakt;Voldsudsat;101\n");
        lines += &format!("{};;;2022-03-06;Kontakt;Voldsudsat;147\n", number(10 + n));
    }
    let package = package(dir.path(), &lines);
    let seen = inspect(&package, None, now(), &mut SystemRandom::new()).unwrap_or_else(|e| panic!("{e}"));
    let of = |columns: &[&str]| {
        let found = seen.combinations.iter().find(|one| one.columns == columns);
        rows_of(found.expect("a combination"))
    };
    assert_eq!(of(&["kommune"]), (0, 6, 1));
    assert_eq!(of(&["trin"]), (0, 0, 0));
    let warned =
        seen.warnings.iter().any(|warning| matches!(warning, Warning::SinglesOut { persons: 1, .. }));
    assert!(warned, "{:?}", seen.warnings);
}

#[test]
fn what_deserves_a_second_look_is_said_in_both_languages() {
    let dir = tempfile::tempdir().expect("a folder");
    let package = package(dir.path(), &format!("{};;;2022-03-05;Kontakt;Voldsudsat;101\n", number(1)));
    let random = &mut SystemRandom::new();
    let warnings = |package: &Package, programme: Option<&str>, at: &str| {
        let programme =
            programme.map(|text| Programme::parse(text).unwrap_or_else(|error| panic!("{error}")));
        let now = at.parse().expect("an instant");
        let seen = inspect(package, programme.as_ref(), now, &mut SystemRandom::new());
        seen.unwrap_or_else(|error| panic!("{error}")).warnings
    };
    let kinds = |warnings: &[Warning]| {
        let kind = |warning: &Warning| {
            serde_json::to_value(warning).expect("JSON")["kind"].as_str().map(str::to_owned)
        };
        warnings.iter().filter_map(kind).collect::<Vec<_>>()
    };
    let unsigned = warnings(&package, None, MADE);
    assert_eq!(kinds(&unsigned), ["unsigned", "singles-out", "singles-out", "singles-out"]);
    package.sign(&SigningKey::generate(random)).unwrap_or_else(|error| panic!("{error}"));
    let old = warnings(&package, None, "2025-07-16T12:00:00Z");
    assert_eq!(kinds(&old)[0], "old");
    let at_first = warnings(&package, None, "2025-07-15T12:00:00Z");
    assert_eq!(kinds(&at_first)[0], "singles-out");
    let head = "[programme]\n";
    let other_key = PROGRAMME.replacen(head, &format!("{head}key_id = \"0011223344556677\"\n"), 1);
    let other_key = if other_key == PROGRAMME { panic!("no head") } else { other_key };
    let keyed = warnings(&package, Some(&other_key), MADE);
    assert_eq!(kinds(&keyed)[0], "other-key");
    let short = PROGRAMME.replacen("id = \"interventionsmodel\"", "id = \"another\"", 1);
    let unfit = warnings(&package, Some(&short), MADE);
    assert_eq!(kinds(&unfit)[0], "unfit");
    assert_eq!(kinds(&warnings(&package, Some(PROGRAMME), MADE))[0], "singles-out");
    for warning in [&unsigned[..], &old, &keyed, &unfit].concat() {
        let (da, en) = (warning.say(Language::Da), warning.say(Language::En));
        assert!(da != en && !da.is_empty(), "{da}");
    }
}

/// Runs the program in a language.
fn run(language: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
    let output = command.env("KOBLING_LANG", language).args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

#[test]
fn the_program_shows_exactly_what_leaves() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut lines = String::new();
    for n in 1..=60u64 {
        let day = Day::from_ymd(2022, 3, 1).expect("a day").plus(i32::try_from(n % 28).expect("small"));
        lines += &format!("{};hemmeligt;S-{n};{day};Kontakt;Voldsudsat;101\n", number(n));
    }
    let package = package(dir.path(), &lines);
    let folder = dir.path().join("package").to_str().expect("UTF-8").to_owned();
    let data = std::fs::read_to_string(package.data_path()).expect("readable");
    let (status, out, err) = run("en", &["inspect", &folder]);
    assert_eq!((status, err.as_str()), (0, ""));
    for line in data.lines().take(11) {
        assert!(out.contains(line), "a row as it leaves: {out}");
    }
    assert!(!out.contains(data.lines().nth(12).expect("more rows")), "ten rows are enough");
    for part in [
        "a token; the number stays at home",
        "the day itself",
        "filled in 100 %, 60 different",
        "filled in 100 %, 28 different",
        "WARNING: the package is not signed",
        "WARNING: dato single out: 60 of 60 rows have values that fewer than 5 persons share, 60 persons in all; dato by the month instead of the day brings it to 0 rows",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (_, danish, _) = run("da", &["inspect", &folder]);
    for part in [
        "kolonner, der forlader huset",
        "OBS: pakken er ikke underskrevet",
        "udfyldt i 100 %",
        "dato pr. måned i stedet for pr. dag",
    ] {
        assert!(danish.contains(part), "{part}: {danish}");
    }
    let (status, json, _) = run("en", &["inspect", &folder, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((status, &json["rows"], &json["package"]["dataset"]), (0, &60.into(), &"forloeb".into()));
    assert_eq!(json["columns"][2]["name"], "dato");
    assert_eq!(json["combinations"].as_array().map(Vec::len), Some(14));
    assert_eq!(json["sample"].as_array().map(Vec::len), Some(10));
    // Another programme, and rows that were changed.
    let programme: PathBuf = dir.path().join("p.toml");
    std::fs::write(&programme, PROGRAMME.replacen("id = \"interventionsmodel\"", "id = \"another\"", 1))
        .expect("written");
    let (_, out, _) = run("en", &["inspect", &folder, "--programme", programme.to_str().expect("UTF-8")]);
    assert!(
        out.contains("WARNING: the service would refuse it: this package was made for the programme"),
        "{out}"
    );
    std::fs::write(package.data_path(), data.replacen("koebenhavn", "frederiksberg", 1)).expect("written");
    let (status, out, err) = run("en", &["inspect", &folder]);
    assert_eq!((status, out.as_str()), (3, ""));
    assert!(err.contains("not those that the manifest describes"), "{err}");
}
