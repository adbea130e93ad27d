//! The worked cases of `docs/CONSENT.md`, read from the page and run, forwards and backwards.
#![cfg(feature = "service")]

use kobling::clock::{Day, Timestamp};
use kobling::consent::{
    AsOf, CONSENT_SCHEMA, ConsentEvent, EventKind, GivenBy, Known, LegalBasis, Method, Notice, RowWindow,
    Use, disclosable, fold, keepable,
};
use kobling::name::DatasetId;
use kobling::programme::{Basis, BasisKind, Dataset, Text};

const PAGE: &str = include_str!("../docs/CONSENT.md");

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| Timestamp::at_start_of(text.parse().expect("a day or an instant")))
}

/// `first..last`, either of which may be missing.
fn stretch(text: &str) -> (Option<Day>, Option<Day>) {
    let (from, to) = text.split_once("..").expect("a stretch of days");
    let day = |text: &str| (!text.is_empty()).then(|| text.parse().expect("a day"));
    (day(from), day(to))
}

fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<T> {
    text.split(',').filter(|name| !name.is_empty()).map(|name| name.parse().expect("a name")).collect()
}

/// One event as the page writes it, and whether it stands under the second token.
fn event(text: &str) -> (Known, bool) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [record, kind, at, rest @ ..] = words.as_slice() else { panic!("an event: {text}") };
    let at = instant(at);
    if *kind == "tombstone" {
        return tombstone(at, rest);
    }
    let kind: EventKind = serde_json::from_value((*kind).into()).expect("a kind");
    let mut event = ConsentEvent {
        record: record.parse().expect("an id"),
        schema: CONSENT_SCHEMA,
        kind,
        names: None,
        purposes: list("evaluation"),
        recipients: list("vive"),
        datasets: Vec::new(),
        at,
        valid_from: at.day(),
        valid_to: None,
        rows: RowWindow::default(),
        notice: Notice {
            id: "notice".parse().expect("a name"),
            version: "1".into(),
            sha256: "ab".repeat(32),
            language: "da".into(),
        },
        method: Method::Written,
        given_by: GivenBy::Person,
        recorded_by: "page".into(),
        legal_basis: LegalBasis::Consent,
        withdrawal_method: Method::Written,
        retention_until: Day::MAX,
    };
    let (mut source, mut recorded, mut second) = (0, at, false);
    for word in rest {
        match word.split_once('=').expect("field=value") {
            ("names", value) => event.names = Some(value.parse().expect("an id")),
            ("purposes", value) => event.purposes = list(value),
            ("recipients", value) => event.recipients = list(value),
            ("datasets", value) => event.datasets = list(value),
            ("valid", value) => {
                let (from, to) = stretch(value);
                (event.valid_from, event.valid_to) = (from.expect("a first day"), to);
            }
            ("rows", value) => (event.rows.from, event.rows.to) = stretch(value),
            ("by", "custodian") => event.given_by = GivenBy::Custodian,
            ("source", "other") => source = 1,
            ("known", value) => recorded = instant(value),
            ("token", "2") => second = true,
            _ => panic!("an unknown word in an event: {word}"),
        }
    }
    assert_eq!(event.check("2100-01-01T00:00:00Z".parse().expect("an instant")), Ok(()), "{text}");
    (Known::new(source, &event, recorded), second)
}

/// A tombstone as the page writes it.
fn tombstone(at: Timestamp, words: &[&str]) -> (Known, bool) {
    let (mut source, mut by, mut second) = (0, GivenBy::Person, false);
    let mut dataset: DatasetId = "contacts".parse().expect("a name");
    for word in words {
        match word.split_once('=').expect("field=value") {
            ("datasets", value) => dataset = value.parse().expect("a name"),
            ("by", "custodian") => by = GivenBy::Custodian,
            ("source", "other") => source = 1,
            ("token", "2") => second = true,
            _ => panic!("an unknown word in a tombstone: {word}"),
        }
    }
    (Known::tombstone(source, dataset, at, by), second)
}

/// The rows of the table in a section of the page, as cells.
fn table(section: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = PAGE.split_once(&format!("\n## {section}\n")).expect("the section");
    let section = rest.split("\n## ").next().expect("a first part");
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |row: &'static str| {
        let row = row.strip_prefix('|').and_then(|row| row.strip_suffix('|')).expect("a row");
        row.split('|').map(str::trim).collect()
    };
    rows.map(cells).collect()
}

fn events(text: &str) -> Vec<(Known, bool)> {
    text.split(';').filter(|e| !e.trim().is_empty()).map(event).collect()
}

fn stretches(text: &str) -> Vec<(Day, Day)> {
    let stretches = text.split(',').filter(|stretch| !stretch.is_empty());
    let stretches = stretches.map(|text| stretch(text.trim()));
    stretches.map(|(from, to)| (from.expect("a first day"), to.unwrap_or(Day::MAX))).collect()
}

#[test]
fn the_worked_cases_of_the_page_hold() {
    let mut count = 0;
    for cells in table("Worked cases") {
        let [case, text, asked, known, gate, expected] = cells.as_slice() else {
            panic!("six cells: {cells:?}")
        };
        let events = events(text);
        let (asked, longest) = match asked.split_once(" longest=") {
            Some((asked, longest)) => (asked, Some(longest.parse().expect("days"))),
            None => (*asked, None),
        };
        let as_of = match *known {
            "" => AsOf::known_then(instant(asked)),
            known => AsOf::known_now(instant(asked), instant(known)),
        };
        let expected = stretches(expected);
        let (purpose, recipient, dataset) =
            ("evaluation".parse().expect("a name"), "vive".parse().expect("a name"), "contacts".parse());
        let dataset = dataset.expect("a name");
        let asked = Use { source: 0, purpose: &purpose, recipient: &recipient, dataset: &dataset, longest };
        let under = |second| events.iter().filter(move |e| e.1 == second).map(|e| &e.0);
        let forwards = fold(under(false).chain(under(true)), &asked, as_of);
        let backwards = fold(events.iter().rev().map(|e| &e.0), &asked, as_of);
        assert_eq!(forwards, backwards, "{case}");
        assert_eq!(forwards.gate(), *gate == "open", "{case}");
        assert!(["open", "shut"].contains(gate), "{case}");
        assert_eq!(forwards.windows(), expected, "{case}");
        count += 1;
    }
    assert!(count >= 75, "the table of cases was not found whole: {count}");
}

/// The dataset that the section describes.
fn contacts() -> Dataset {
    let basis = |purpose: &str, disclosure_days, use_days| Basis {
        purpose: purpose.parse().expect("a name"),
        kind: BasisKind::Consent,
        rests_on: "GDPR article 6(1)(a)".into(),
        special_categories: false,
        offences: false,
        disclosure_days,
        use_days,
        forbids: Vec::new(),
    };
    Dataset {
        id: "contacts".parse().expect("a name"),
        title: Text { da: "t".into(), en: "t".into() },
        partners: vec![0, 1],
        bases: vec![basis("evaluation", Some(90), Some(365)), basis("follow-up", None, None)],
        retention_days: None,
        staff_issuer: None,
        columns: Vec::new(),
    }
}

#[test]
fn the_worked_cases_of_coming_in_and_staying_hold() {
    let (dataset, mut count) = (contacts(), 0);
    for cells in table("Coming in and staying") {
        let [case, text, asked, handed_over, kept] = cells.as_slice() else {
            panic!("five cells: {cells:?}")
        };
        let mut events: Vec<Known> = events(text).into_iter().map(|(event, _)| event).collect();
        let as_of = AsOf::known_then(instant(asked));
        for _ in 0..2 {
            let found = disclosable(&events, 0, &dataset, as_of);
            assert_eq!(found.stretches(), stretches(handed_over), "{case}: handed over");
            let found = keepable(&events, 0, &dataset, as_of, 30);
            assert_eq!(found.stretches(), stretches(kept), "{case}: kept");
            events.reverse();
        }
        count += 1;
    }
    assert!(count >= 30, "the table of cases was not found whole: {count}");
}
