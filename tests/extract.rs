//! From raw extracts to packages, through the library as the commands use it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kobling::clock::{Day, Timestamp};
use kobling::extract::manifest::SIGNATURE_CONTEXT;
use kobling::extract::report::{Finding, Paper};
use kobling::extract::{
    Decimal, Declared, ExtractError, Job, MaxRejected, Package, PackageError, ReadError, Source, Unwatched,
    Watch, check, tokenise,
};
use kobling::id::{LeadingZero, Sex, generate_made_up_cpr};
use kobling::key::{LinkageKey, SigningKey};
use kobling::language::Language;
use kobling::programme::Programme;
use kobling::secret::{SeededRandom, SystemRandom};
use proptest::prelude::*;

const PROGRAMME: &str = include_str!("../programmes/interventionsmodel.toml");

struct Partner {
    programme: Programme,
    key: LinkageKey,
    dir: tempfile::TempDir,
}

impl Partner {
    fn new() -> Partner {
        let programme = Programme::parse(PROGRAMME).unwrap_or_else(|error| panic!("{error}"));
        let key = LinkageKey::from_bytes(programme.id.clone(), &mut [7; 32]);
        Partner { programme, key, dir: tempfile::tempdir().expect("a folder") }
    }

    fn write(&self, bytes: &[u8]) -> Source {
        let path = self.dir.path().join("extract.csv");
        std::fs::write(&path, bytes).expect("written");
        Source::File(path)
    }

    fn out(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn with<T>(&self, source: &Source, run: impl FnOnce(Job<'_>) -> T) -> T {
        let (partner, dataset) = ("lokk".parse().expect("a name"), "forloeb".parse().expect("a name"));
        run(Job {
            source,
            declared: Declared::default(),
            mapping: None,
            programme: &self.programme,
            partner: &partner,
            dataset: &dataset,
            period: None,
            zero: LeadingZero::Refuse,
            decimal: Decimal::Comma,
            today: Day::from_ymd(2025, 6, 1).expect("a day"),
        })
    }

    fn tokenise(&self, bytes: &[u8], out: &Path) -> Result<kobling::extract::report::Report, ExtractError> {
        let source = self.write(bytes);
        let now = Timestamp::from_millis(1_750_000_000_000);
        self.with(&source, |job| {
            let random = &mut SystemRandom::new();
            tokenise(&job, &self.key, None, None, (out, now), random, &mut Unwatched)
                .map(|(report, _)| report)
        })
    }
}

const HEADER: &str = "CPR-nr;Bemærkning;Sagsnr;Dato;Trin;Rolle;Kommune\r\n";

fn cpr(seed: u64) -> String {
    let born = Day::from_ymd(1970, 5, 6).expect("a day").plus(i32::try_from(seed % 9000).expect("small"));
    let text = generate_made_up_cpr(born, Sex::Woman, &mut SeededRandom::from_number(seed));
    String::from_utf8(text.to_vec()).expect("ASCII")
}

fn row(cpr: &str, note: &str) -> String {
    format!("{cpr};{note};S-1;05-03-2022;Kontakt;Voldsudsat;147\r\n")
}

#[test]
fn a_raw_extract_becomes_a_package_with_tokens_alone() {
    let partner = Partner::new();
    let (a, b) = (cpr(1), cpr(2));
    let hyphenated = format!("{}-{}", &b[..6], &b[6..]);
    let text = format!(
        "{HEADER}{}{}{}{}",
        row(&a, "hemmeligt"),
        row(&hyphenated, ""),
        row(&a, "igen"),
        row("Anonym", "")
    );
    let out = partner.out("package");
    let report = partner.tokenise(text.as_bytes(), &out).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        (report.rows.read, report.rows.sent, report.rows.duplicates, report.rows.anonymous),
        (4, 3, 1, 1)
    );
    assert_eq!(report.warnings["hyphenated"], 1);
    assert_eq!(report.warnings["made-up-number"], 3);
    assert_eq!(report.dropped_columns, [2]);
    let data = std::fs::read_to_string(out.join("data.csv")).expect("readable");
    assert!(data.starts_with("person,sag,dato,trin,rolle,kommune\n"));
    assert_eq!(data.matches(",2022-03-05,kontaktet,udsat,frederiksberg\n").count(), 3);
    assert_eq!(data.matches("\ncpr.").count(), 2);
    assert!(data.contains("\n,case."));
    for secret in [a.as_str(), b.as_str(), hyphenated.as_str(), "hemmeligt", "S-1"] {
        assert!(!data.contains(secret));
    }
    let package = Package::open(&out).unwrap_or_else(|error| panic!("{error}"));
    package.verify().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(package.manifest.check(&partner.programme, Some(partner.key.id())).ok(), Some(2));
    assert!(matches!(package.signature(), Err(PackageError::Unsigned(_))));
    let signing = SigningKey::generate(&mut SystemRandom::new());
    let signature = package.sign(&signing).unwrap_or_else(|error| panic!("{error}"));
    assert!(signing.verifying_key().verifies(SIGNATURE_CONTEXT, &package.manifest_bytes, &signature));
    assert_eq!(package.signature().ok(), Some(signature));
}

/// Keeps every finding.
struct Listed(Vec<Finding>);

impl Watch for Listed {
    fn wants_findings(&self) -> bool {
        true
    }

    fn findings(&mut self, findings: &[Finding]) -> std::io::Result<()> {
        self.0.extend_from_slice(findings);
        Ok(())
    }
}

#[test]
fn every_bad_row_is_found_in_one_pass_without_its_value() {
    let partner = Partner::new();
    let good = cpr(1);
    let bad = [
        ("310299-1234", "2022-03-05", "Kontakt", "invalid-birth-date", "person"),
        ("101015555", "2022-03-05", "Kontakt", "nine-digits", "person"),
        ("1,01E+09", "2022-03-05", "Kontakt", "scientific-notation", "person"),
        (good.as_str(), "31-02-2022", "Kontakt", "date", "dato"),
        (good.as_str(), "01-01-2020", "Kontakt", "outside-period", "dato"),
        (good.as_str(), "01-01-2026", "Kontakt", "future-date", "dato"),
        (good.as_str(), "05-03-2022", "Kaffe", "unknown-code", "trin"),
    ];
    let mut text = HEADER.to_owned();
    for (id, date, step, _, _) in &bad {
        text += &format!("{id};;;{date};{step};U;147\r\n");
    }
    text += "070761;;\r\n";
    let source = partner.write(text.as_bytes());
    let mut listed = Listed(Vec::new());
    let report = partner
        .with(&source, |job| check(&job, &mut SystemRandom::new(), &mut listed))
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((report.rows.read, report.rows.rejected, report.rows.sent), (8, 8, 0));
    for (at, (_, _, _, code, column)) in bad.iter().enumerate() {
        let finding = listed.0.iter().find(|f| f.line == at as u64 + 2 && f.rejected).expect("found");
        assert_eq!((finding.code, finding.column.as_ref().map(AsRef::as_ref)), (*code, Some(*column)));
    }
    let text = partner.with(&source, |job| {
        let paper = Paper::of(&job, &report, Timestamp::from_millis(0), None);
        [
            paper.to_text(Language::Da),
            paper.to_text(Language::En),
            paper.to_json(),
            paper.to_html(Language::Da),
        ]
        .concat()
    });
    assert!(text.contains("invalid-birth-date"));
    for value in ["310299", "101015555", "1,01E", "Kaffe", good.as_str()] {
        assert!(!text.contains(value), "{value}");
    }
}

#[test]
fn nine_digits_are_repaired_when_asked_for() {
    let partner = Partner::new();
    let zero = (1..).map(cpr).find(|cpr| cpr.starts_with('0')).expect("some day is below 10");
    let source = partner.write(format!("{HEADER}{}", row(&zero[1..], "")).as_bytes());
    let run = |zero| {
        partner.with(&source, |job| check(&Job { zero, ..job }, &mut SystemRandom::new(), &mut Unwatched))
    };
    assert_eq!(run(LeadingZero::Refuse).map(|r| r.rows.rejected).ok(), Some(1));
    let repaired = run(LeadingZero::Repair).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((repaired.rows.sent, repaired.warnings["leading-zero-repaired"]), (1, 1));
}

#[test]
fn an_existing_folder_is_left_alone_and_a_failed_run_leaves_nothing() {
    let partner = Partner::new();
    let out = partner.out("package");
    std::fs::create_dir(&out).expect("made");
    let text = format!("{HEADER}{}", row(&cpr(1), ""));
    assert!(matches!(
        partner.tokenise(text.as_bytes(), &out),
        Err(ExtractError::Package(PackageError::Exists(_)))
    ));
    let fresh = partner.out("fresh");
    assert!(matches!(partner.tokenise(b"CPR;x\n1;2\n", &fresh), Err(ExtractError::Header(_))));
    let nul = format!("{HEADER}{}\0", row(&cpr(1), ""));
    assert!(matches!(
        partner.tokenise(nul.as_bytes(), &fresh),
        Err(ExtractError::Read(ReadError::Nul { .. }))
    ));
    let left = std::fs::read_dir(partner.dir.path()).expect("there").filter_map(Result::ok);
    let left = left.map(|entry| entry.file_name().into_string().expect("text")).collect::<BTreeSet<_>>();
    assert_eq!(left, BTreeSet::from(["extract.csv".to_owned(), "package".to_owned()]));
}

#[test]
fn a_limit_decides_and_no_package_is_made_beyond_it() {
    let partner = Partner::new();
    let source = partner.write(format!("{HEADER}{}{}", row(&cpr(1), ""), row("x", "")).as_bytes());
    let out = partner.out("package");
    let run = |limit: &str| {
        let limit: MaxRejected = limit.parse().expect("a limit");
        partner.with(&source, |job| {
            let now = Timestamp::from_millis(0);
            tokenise(
                &job,
                &partner.key,
                None,
                Some(limit),
                (&out, now),
                &mut SystemRandom::new(),
                &mut Unwatched,
            )
        })
    };
    assert!(matches!(run("0"), Err(ExtractError::TooManyRejected(_))));
    assert!(matches!(run("49%"), Err(ExtractError::TooManyRejected(_))));
    assert!(!out.exists());
    assert!(run("50%").is_ok());
}

#[test]
fn wrong_names_say_what_there_is() {
    let partner = Partner::new();
    let source = partner.write(HEADER.as_bytes());
    let police = "politi-opsporing".parse().expect("a name");
    let refused = partner.with(&source, |job| {
        check(&Job { dataset: &police, ..job }, &mut SystemRandom::new(), &mut Unwatched)
    });
    let Err(error @ ExtractError::NotYours(..)) = refused else { panic!("not refused") };
    assert!(error.to_string().contains("forloeb"));
}

#[test]
fn a_large_extract_spills_and_stays_whole() {
    let partner = Partner::new();
    let mut text = HEADER.to_owned();
    // Above the memory that rows may wait in: about 110 bytes a row there.
    let rows = 700_000u64;
    let numbers = (0..1000).map(cpr).collect::<Vec<_>>();
    let first = Day::from_ymd(2021, 1, 1).expect("a day");
    for n in 0..rows {
        let day = first.plus(i32::try_from(n / 1000).expect("small"));
        text += &format!("{};;;{day};Kontakt;U;147\n", numbers[(n % 1000) as usize]);
    }
    let out = partner.out("package");
    let report = partner.tokenise(text.as_bytes(), &out).unwrap_or_else(|error| panic!("{error}"));
    let distinct = numbers.iter().collect::<BTreeSet<_>>().len() as u64 * rows / 1000;
    assert_eq!((report.rows.read, report.rows.sent, report.rows.rejected), (rows, distinct, 0));
    let data = std::fs::read_to_string(out.join("data.csv")).expect("readable");
    assert_eq!(data.lines().skip(1).collect::<BTreeSet<_>>().len() as u64, distinct);
    let package = Package::open(&out).unwrap_or_else(|error| panic!("{error}"));
    assert!(package.manifest.resources[0].blocks.len() > 30);
    package.verify().unwrap_or_else(|error| panic!("{error}"));
    // The first thousand rows of the package come from all over the extract.
    let days =
        data.lines().skip(1).take(1000).filter_map(|line| line.split(',').nth(2)).collect::<BTreeSet<_>>();
    assert!(days.len() > 300, "{}", days.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_file_panics_and_rows_are_never_lost(body in proptest::collection::vec("[0-9a-zæ;,\"\\-\n]{0,40}", 0..20)) {
        let partner = Partner::new();
        let text = format!("{HEADER}{}", body.join("\r\n"));
        let source = partner.write(text.as_bytes());
        let run = partner.with(&source, |job| check(&job, &mut SystemRandom::new(), &mut Unwatched));
        if let Ok(report) = run {
            prop_assert_eq!(report.rows.read, report.rows.sent + report.rows.rejected + report.rows.duplicates);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let partner = Partner::new();
        let mut text = HEADER.as_bytes().to_vec();
        text.extend(bytes);
        let source = partner.write(&text);
        let _ = partner.with(&source, |job| check(&job, &mut SystemRandom::new(), &mut Unwatched));
    }
}
