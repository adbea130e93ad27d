//! The worked cases of `docs/CONSENT.md`, read from the page and run, forwards and backwards.
#![cfg(feature = "service")]

use kobling::clock::{Day, Timestamp};
use kobling::consent::{
    AsOf, CONSENT_SCHEMA, ConsentEvent, EventKind, GivenBy, Known, LegalBasis, Method, Notice, RowWindow,
    Use, fold,
};

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

#[test]
fn the_worked_cases_of_the_page_hold() {
    let (_, table) = PAGE.split_once("\n## Worked cases\n").expect("the section");
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [case, events, asked, known, gate, expected] = cells.as_slice() else {
            panic!("six cells: {row}")
        };
        let events: Vec<_> = events.split(';').filter(|e| !e.trim().is_empty()).map(event).collect();
        let as_of = match *known {
            "" => AsOf::known_then(instant(asked)),
            known => AsOf::known_now(instant(asked), instant(known)),
        };
        let expected: Vec<(Day, Day)> = expected
            .split(',')
            .filter(|stretch| !stretch.is_empty())
            .map(|text| stretch(text.trim()))
            .map(|(from, to)| (from.expect("a first day"), to.unwrap_or(Day::MAX)))
            .collect();
        let (purpose, recipient, dataset) =
            ("evaluation".parse().expect("a name"), "vive".parse().expect("a name"), "contacts".parse());
        let dataset = dataset.expect("a name");
        let asked =
            Use { source: 0, purpose: &purpose, recipient: &recipient, dataset: &dataset, longest: None };
        let under = |second| events.iter().filter(move |e| e.1 == second).map(|e| &e.0);
        let forwards = fold(under(false).chain(under(true)), &asked, as_of);
        let backwards = fold(events.iter().rev().map(|e| &e.0), &asked, as_of);
        assert_eq!(forwards, backwards, "{case}");
        assert_eq!(forwards.gate(), *gate == "open", "{case}");
        assert!(["open", "shut"].contains(gate), "{case}");
        assert_eq!(forwards.windows(), expected, "{case}");
        count += 1;
    }
    assert!(count >= 50, "the table of cases was not found whole: {count}");
}
