//! Attacks by a partner with the linkage key that uploads numbers instead of clients: to see which are known.
//!
//! What an honest tool refuses is tried with the partner's own; what a forged one can still send, against the service.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "this binary uses a part of the desk")]
#[path = "kit/desk.rs"]
mod desk;
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;

use std::collections::BTreeSet;
use std::path::Path;

use desk::{Desk, Row, day, partner};
use kit::{linkage_key, package_of, signing_key};
use kobling::auth::{Principal, Role};
use kobling::clock::{Day, Timestamp};
use kobling::extract::manifest::SIGNATURE_CONTEXT;
use kobling::extract::{Decimal, Declared, ExtractError, Job, Package, Source, Unusual, Unwatched, tokenise};
use kobling::id::{LeadingZero, Sex, generate_made_up_cpr};
use kobling::programme::Programme;
use kobling::secret::{Random as _, SeededRandom, SystemRandom};
use kobling::service::{ServiceError, UploadRequest};

const HEADER: &str = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n";

/// The programme with another population of `lokk`, and with a least number of persons where one is given.
fn supplied(population: u32, least: Option<u32>) -> String {
    let stated = "partner = \"lokk\"\npopulation = 60000\n";
    let least = least.map(|least| format!("least_persons = {least}\n")).unwrap_or_default();
    let text = kit::PROGRAMME.replacen(
        stated,
        &format!("partner = \"lokk\"\npopulation = {population}\n{least}"),
        1,
    );
    assert_ne!(text, kit::PROGRAMME);
    text
}

fn steward() -> Principal {
    Principal {
        id: "steward".parse().expect("a name"),
        name: "s".to_owned(),
        role: Role::Steward,
        organisation: "styregruppe".parse().expect("a name"),
        person: None,
    }
}

/// Persons with a first contact each, on days of their own.
fn rows(persons: std::ops::Range<u64>) -> Vec<Row> {
    persons.map(|person| (person, i32::try_from(person * 7 % 360).expect("small"))).collect()
}

/// What the partner's own tool makes of an extract.
fn tool(programme: &str, text: &str, folder: &Path) -> Result<(), ExtractError> {
    let extract = folder.join("extract.csv");
    std::fs::write(&extract, text).expect("written");
    let programme = Programme::parse(programme).unwrap_or_else(|error| panic!("{error}"));
    let (source, id, dataset) =
        (Source::File(extract), "lokk".parse().expect("a name"), "forloeb".parse().expect("a name"));
    let job = Job {
        source: &source,
        declared: Declared::default(),
        mapping: None,
        programme: &programme,
        partner: &id,
        dataset: &dataset,
        period: None,
        zero: LeadingZero::Refuse,
        decimal: Decimal::Comma,
        today: Day::from_ymd(2025, 6, 1).expect("a day"),
    };
    let out = (folder.join("package"), Timestamp::from_millis(1_748_800_000_000));
    let random = &mut SystemRandom::new();
    tokenise(&job, &linkage_key(), None, None, (&out.0, out.1), random, &mut Unwatched).map(|_| ())
}

fn extract_of(numbers: impl IntoIterator<Item = String>) -> String {
    let rows = numbers.into_iter().map(|cpr| format!("{cpr};S-1;01-02-2022;Kontakt;Voldsudsat;147\r\n"));
    HEADER.to_owned() + &rows.collect::<String>()
}

/// A package that is sent for a period by somebody who signs it; what the service says of it.
fn sent(
    desk: &Desk,
    rows: &[Row],
    edit: impl FnOnce(&mut serde_json::Value),
) -> Result<String, ServiceError> {
    let mut text = HEADER.to_owned();
    for (person, at) in rows {
        let (y, m, d) = day(*at).ymd();
        let cpr = kit::cpr(*person);
        text += &format!("{cpr};S-{person};{d:02}-{m:02}-{y};Kontakt;Voldsudsat;147\r\n");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let package = package_of(folder.path(), "lokk", &text, &linkage_key());
    resent(desk, &package, edit)
}

fn resent(
    desk: &Desk,
    package: &Package,
    edit: impl FnOnce(&mut serde_json::Value),
) -> Result<String, ServiceError> {
    let mut manifest: serde_json::Value = serde_json::from_slice(&package.manifest_bytes).expect("JSON");
    edit(&mut manifest);
    let manifest = manifest.to_string();
    let signature = signing_key("lokk").sign(SIGNATURE_CONTEXT, manifest.as_bytes()).to_string();
    let caller = partner("lokk");
    let opened =
        desk.it().open_upload(&caller, UploadRequest { manifest: &manifest, signature: &signature })?;
    let mut bytes = Some(std::fs::read(package.data_path()).expect("readable"));
    let standing = desk.it().append(&caller, &opened.id, opened.offset, || bytes.take())?;
    assert!(standing.complete);
    Ok(opened.id)
}

fn quarter(of: &'static str) -> impl FnOnce(&mut serde_json::Value) {
    move |manifest| manifest["kobling"]["period"] = of.into()
}

#[track_caller]
fn code(refused: Result<String, ServiceError>) -> &'static str {
    match refused.expect_err("refused") {
        ServiceError::Intake(refusal) => refusal.code(),
        other => panic!("{other}"),
    }
}

/// What the steward is shown: outcome and reason.
fn listed(desk: &Desk) -> Vec<(bool, String, Option<u64>)> {
    let unusual = desk.it().unusual_uploads().expect("listed").into_iter();
    // On a clock that stands still they all come at the same moment.
    let mut listed: Vec<_> = unusual.map(|it| (it.row.refused, it.row.remark, it.persons)).collect();
    listed.sort();
    listed
}

fn staged(desk: &Desk) -> usize {
    std::fs::read_dir(desk.data().join("staged")).expect("readable").count()
}

/// What an answer shows, and since which snapshot.
fn figures(answer: &str) -> serde_json::Value {
    let answer: serde_json::Value = serde_json::from_str(answer).expect("JSON");
    let (rows, totals) = (answer["table"]["rows"].clone(), answer["table"]["totals"].clone());
    assert!(rows.as_array().is_some_and(|rows| !rows.is_empty()), "{answer}");
    serde_json::json!([rows, totals])
}

#[test]
fn attack_a_partner_uploads_all_serial_numbers_of_one_date() {
    let random = &mut SeededRandom::from_number(1);
    let born = Day::from_ymd(1984, 3, 9).expect("a day");
    let mut numbers = BTreeSet::new();
    for n in 0..4000 {
        let sex = if n % 2 == 0 { Sex::Man } else { Sex::Woman };
        numbers.insert(String::from_utf8(generate_made_up_cpr(born, sex, random).to_vec()).expect("ASCII"));
    }
    assert!(numbers.len() > 350, "{}", numbers.len());
    let folder = tempfile::tempdir().expect("a folder");
    let error = tool(kit::PROGRAMME, &extract_of(numbers.clone()), folder.path()).expect_err("refused");
    let ExtractError::Unusual(Unusual::Crowd { persons, first: 2, last }, _) = &error else {
        panic!("{error}")
    };
    assert_eq!((*persons as usize, *last as usize), (numbers.len(), numbers.len() + 1));
    assert!(!folder.path().join("package").exists());
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("readable").count(),
        1,
        "nothing is left but the extract"
    );
    // What is said holds no number and no part of one.
    let said = format!("{error} {error:?}");
    assert!(!said.contains("0903") && numbers.iter().all(|number| !said.contains(&number[6..])), "{said}");
}

#[test]
fn attack_a_partner_uploads_a_random_sample_of_possible_numbers() {
    // A million of them, one by one, in `extract::screen`; here through the whole tool.
    let random = &mut SeededRandom::from_number(2);
    let mut numbers = Vec::new();
    while numbers.len() < 20_000 {
        let (day, month, year) = (random.below(28) + 1, random.below(12) + 1, random.below(100));
        numbers.push(format!("{day:02}{month:02}{year:02}{:04}", random.below(10_000)));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let error = tool(kit::PROGRAMME, &extract_of(numbers), folder.path()).expect_err("refused");
    assert!(matches!(error, ExtractError::Unusual(Unusual::Ages { .. }, _)), "{error}");
}

#[test]
fn attack_a_package_beyond_the_declared_population_is_refused_and_shown_to_the_steward() {
    let desk = Desk::of(&supplied(50, None));
    assert_eq!(code(sent(&desk, &rows(0..51), |_| ())), "unusual-population");
    assert_eq!(staged(&desk), 0, "nothing of it is kept");
    assert_eq!(listed(&desk), [(true, "unusual-population".to_owned(), Some(50))]);
    let entry: String =
        desk.query("SELECT entry FROM audit WHERE strand = 'partner/lokk' AND entry LIKE '%upload-refused%'");
    assert!(entry.contains("\"reason\":\"unusual-population\""), "{entry}");
    // It is over: no receipt, nothing to go on with, nothing that a seal would read.
    let id = desk.it().unusual_uploads().expect("listed").remove(0).row.id;
    let gone = desk.it().standing(&partner("lokk"), &id).expect_err("gone");
    assert_eq!(gone.code(), "gone");
    assert!(desk.it().upload_receipt(&partner("lokk"), &id).is_err());
    assert!(sent(&desk, &rows(0..50), |_| ()).is_ok());
}

#[test]
fn the_steward_lets_a_refused_package_in_and_no_other() {
    let desk = Desk::of(&supplied(50, None));
    let folder = tempfile::tempdir().expect("a folder");
    let text = extract_of((0..60).map(kit::cpr));
    let package = package_of(folder.path(), "lokk", &text, &linkage_key());
    assert_eq!(code(resent(&desk, &package, |_| ())), "unusual-population");
    let id = desk.it().unusual_uploads().expect("listed").remove(0).row.id;
    assert!(desk.it().approve_upload(&steward(), &"0".repeat(32)).is_err());
    desk.it().approve_upload(&steward(), &id).expect("approved");
    desk.it().approve_upload(&steward(), &id).expect("again");
    assert_eq!(code(sent(&desk, &rows(0..60), |_| ())), "unusual-population", "another package");
    assert!(resent(&desk, &package, |_| ()).is_ok());
    let approvals: i64 = desk.query("SELECT count(*) FROM audit WHERE entry LIKE '%upload-approved%'");
    assert_eq!(approvals, 1);
}

#[test]
fn attack_a_package_with_one_person_asks_how_many_are_known() {
    let mut desk = Desk::of(&supplied(1000, Some(30)));
    desk.say("lokk", 0..60, "given");
    // The partner's own tool refuses before anything leaves.
    let folder = tempfile::tempdir().expect("a folder");
    let one = extract_of([kit::cpr(0)]);
    let error = tool(&supplied(1000, Some(30)), &one, folder.path()).expect_err("refused");
    assert!(matches!(error, ExtractError::Unusual(Unusual::Few { persons: 1, least: 30 }, _)), "{error}");
    // A forged one does not, and the service does.
    assert_eq!(code(sent(&desk, &rows(0..1), |_| ())), "few-persons");
    assert_eq!(code(sent(&desk, &rows(0..29), |_| ())), "few-persons");
    assert!(sent(&desk, &rows(0..30), |_| ()).is_ok());
    assert_eq!(
        listed(&desk),
        [(true, "few-persons".to_owned(), None), (true, "few-persons".to_owned(), Some(30))]
    );
}

/// One person who said yes, among many whose rows are not even kept.
#[test]
fn attack_the_least_number_is_made_up_of_persons_whose_rows_are_not_kept() {
    let mut desk = Desk::of(&supplied(1000, Some(30)));
    desk.say("lokk", 0..1, "given");
    assert_eq!(code(sent(&desk, &rows(0..200), |_| ())), "few-persons");
}

#[test]
fn attack_a_slow_drip_of_small_packages_adds_up_to_an_enumeration() {
    // By periods that all stay in force.
    let desk = Desk::of(&supplied(100, None));
    let in_quarter = |n: u64, quarter: i32| {
        let days = (n * 30..n * 30 + 30).map(move |person| (person, 90 * quarter + 5));
        days.collect::<Vec<Row>>()
    };
    for (n, of) in [(0, "2022-Q1"), (1, "2022-Q2"), (2, "2022-Q3")] {
        assert!(sent(&desk, &in_quarter(n, i32::try_from(n).expect("small")), quarter(of)).is_ok(), "{of}");
    }
    assert_eq!(code(sent(&desk, &in_quarter(3, 3), quarter("2022-Q4"))), "unusual-cumulative");
    // The same persons again are nobody new.
    let again: Vec<Row> = (0..90).map(|person| (person, 300)).collect();
    assert!(sent(&desk, &again, quarter("2022-Q4")).is_ok());

    // By packages that replace each other, sealed or not.
    for seals in [true, false] {
        let desk = Desk::of(&supplied(100, None));
        let mut taken = 0;
        for n in 0..6 {
            match sent(&desk, &rows(n * 30..n * 30 + 30), |_| ()) {
                Ok(_) => taken += 1,
                Err(error) => assert_eq!(code(Err(error)), "unusual-cumulative"),
            }
            if seals {
                desk.seal();
            }
        }
        assert_eq!(taken, 3);
    }
}

#[test]
fn attack_packages_withdrawn_after_others_were_held_against_them_bring_nobody() {
    let desk = Desk::of(&supplied(100, None));
    let lokk = partner("lokk");
    // One that nothing was held against was never there: a mistake is taken back for nothing.
    for _ in 0..5 {
        let id = sent(&desk, &rows(200..290), |_| ()).expect("taken");
        desk.it().withdraw_package(&lokk, &id).expect("withdrawn");
    }
    // The same persons of another period, and then the first one goes: they count all the same.
    let first = sent(&desk, &(0..60).map(|n| (n, 5)).collect::<Vec<_>>(), quarter("2022-Q1")).expect("taken");
    sent(&desk, &(0..60).map(|n| (n, 95)).collect::<Vec<_>>(), quarter("2022-Q2")).expect("taken");
    desk.it().withdraw_package(&lokk, &first).expect("withdrawn");
    let more: Vec<Row> = (60..110).map(|n| (n, 185)).collect();
    assert_eq!(code(sent(&desk, &more, quarter("2022-Q3"))), "unusual-cumulative");
}

#[test]
fn attack_a_forged_client_that_looks_at_no_numbers() {
    let desk = Desk::new();
    let removed = |manifest: &mut serde_json::Value| {
        manifest["kobling"].as_object_mut().expect("an object").remove("screened");
    };
    assert_eq!(code(sent(&desk, &rows(0..20), removed)), "not-screened");
    assert_eq!(code(sent(&desk, &rows(0..20), |m| m["kobling"]["screened"] = 0.into())), "not-screened");
    assert!(std::fs::read_dir(desk.data().join("staged")).expect("readable").next().is_none());
}

/// R9 keeps a difference of 1 to 7 persons from showing; both packages are taken.
#[test]
fn attack_packages_that_differ_by_one_to_seven_persons_are_compared() {
    // All in the first quarter, so that no other cell holds some of them: a cell is held against the set that it was tied to
    // first, and one tied to a neighbouring set moves sooner.
    let rows = |persons: std::ops::Range<u64>| -> Vec<Row> {
        persons.map(|person| (person, i32::try_from(person % 80).expect("small"))).collect()
    };
    for more in [1, 4, 7] {
        let mut desk = Desk::new();
        desk.say("lokk", 0..80, "given");
        let asked = |desk: &Desk| {
            [desk.ask("reach", &[]), desk.ask("reach", &["partner"]), desk.ask("funnel", &[])]
                .map(|answer| figures(&answer))
        };
        sent(&desk, &rows(0..40), |_| ()).expect("taken");
        desk.seal();
        let before = asked(&desk);
        assert!(before[0].to_string().contains("40"), "something is shown: {}", before[0]);
        sent(&desk, &rows(0..40 + more), |_| ()).expect("taken");
        desk.seal();
        assert_eq!(asked(&desk), before, "{more} persons more");
        sent(&desk, &rows(1..39 + more), |_| ()).expect("taken");
        desk.seal();
        assert_eq!(asked(&desk), before, "one gone, and {more} others less one");
        // More than that does show: the test could fail.
        sent(&desk, &rows(0..70), |_| ()).expect("taken");
        desk.seal();
        assert_ne!(asked(&desk), before);
        assert_eq!(listed(&desk), [], "nothing of it is unusual");
    }
}

/// What a partner is answered is the same, whoever else has its persons.
#[test]
fn attack_a_refusal_tells_whom_others_know() {
    let refusals = |others: bool| {
        let mut desk = Desk::of(&supplied(50, Some(30)));
        desk.say("lokk", 0..90, "given");
        if others {
            desk.send("mandecentret", &rows(0..300));
            desk.seal();
        }
        let wanted = [rows(0..29), rows(0..51), rows(0..50), rows(30..80)];
        wanted.map(|rows| match sent(&desk, &rows, |_| ()) {
            Ok(_) => "taken".to_owned(),
            Err(error) => format!("{} {} {}", error.code(), error.public_message(), error.advice()),
        })
    };
    let alone = refusals(false);
    assert_eq!(alone, refusals(true));
}

#[test]
fn a_package_that_has_grown_much_is_let_in_and_noted() {
    let desk = Desk::new();
    sent(&desk, &rows(0..100), |_| ()).expect("taken");
    sent(&desk, &rows(0..1099), |_| ()).expect("taken");
    assert_eq!(listed(&desk), []);
    sent(&desk, &rows(0..3000), |_| ()).expect("taken");
    assert_eq!(listed(&desk), [(false, "growth".to_owned(), Some(3000))]);
}
