//! Consents in foreign forms: what goes out comes back as it was, nothing that is over is called active, nothing is
//! ignored or repeated, and public definitions take what is written.

mod commands;
mod events;
mod foreign;
#[cfg(feature = "service")]
#[expect(dead_code, reason = "this binary uses a part of the kit")]
#[path = "../kit/mod.rs"]
mod kit;
#[cfg(feature = "service")]
mod service;

use kobling::clock::{Day, Timestamp};
use kobling::consent::{AsOf, ConsentEvent, EventKind, Known, Use, fold};
use kobling::exchange::{ExchangeError, Format, Standing, Statement, read, standings, write};
use kobling::id::{Identifier, LeadingZero};
use kobling::name::DatasetId;
use kobling::token::Tokeniser;
use proptest::prelude::*;
use serde_json::Value;

use events::{History, NOW, any_event, any_history, history, key, numbered, partner, statements, tokened};

const FORMATS: [Format; 2] = [Format::Fhir, Format::Iso27560];

fn written(format: Format, statements: &[Statement]) -> Value {
    let bytes = write(format, statements, &partner(), NOW).expect("sound events are written");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn taken(format: Format, document: &Value) -> Result<Vec<Statement>, ExchangeError> {
    read(format, document.to_string().as_bytes(), &partner(), NOW)
}

/// Where the entries of a document stand, and what each says of its status.
fn entries(format: Format, document: &Value) -> Vec<(&Value, bool)> {
    let (list, active): (_, fn(&Value) -> bool) = match format {
        Format::Fhir => ("entry", |e| e["resource"]["status"] == "active"),
        Format::Iso27560 => ("dct:hasPart", |e| {
            let states = e["dpv:hasConsentStatus"][1]["@type"].as_array().expect("states");
            states.iter().any(|s| s == "dpv:ConsentStatusValidForProcessing")
        }),
    };
    document[list].as_array().expect("a list").iter().map(|e| (e, active(e))).collect()
}

/// What the fold says of every use that the record lists, with all events of the person.
fn gates(events: &[ConsentEvent], yes: &ConsentEvent) -> Vec<bool> {
    let known: Vec<Known> = events.iter().map(|e| Known::new(0, e, e.at)).collect();
    let all = ["d0", "d1", "none"].map(|d| d.parse::<DatasetId>().expect("a name")).to_vec();
    let datasets = if yes.datasets.is_empty() { &all } else { &yes.datasets };
    let mut gates = Vec::new();
    for purpose in &yes.purposes {
        for recipient in &yes.recipients {
            for dataset in datasets {
                let asked = Use { source: 0, purpose, recipient, dataset, longest: None };
                gates.push(fold(&known, &asked, AsOf::known_then(NOW)).gate());
            }
        }
    }
    gates
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_event_always_comes_back_as_it_went_out(history in any_history(), by_number: bool) {
        let made = if by_number { numbered(&history) } else { tokened(&history) };
        for format in FORMATS {
            let bytes = write(format, &made, &partner(), NOW).expect("sound events are written");
            let back = read(format, &bytes, &partner(), NOW).unwrap_or_else(|e| panic!("{e}"));
            prop_assert_eq!(back.len(), made.len());
            let tokeniser = Tokeniser::new(&key(), &partner(), &partner());
            for (at, (back, made)) in back.into_iter().zip(statements(&history, by_number)).enumerate() {
                prop_assert!(back.event == made.event, "{:?}", back.event.kind);
                let back = back.into_record(at, key().id(), &tokeniser).expect("the same key");
                let made = made.into_record(at, key().id(), &tokeniser).expect("the same key");
                prop_assert!(back == made);
            }
        }
    }

    #[test]
    fn a_record_is_active_only_if_it_opens_the_gate_for_all_it_lists(history in any_history()) {
        let made = tokened(&history);
        for format in FORMATS {
            let document = written(format, &made);
            for ((_, active), event) in entries(format, &document).iter().zip(&history.events) {
                if *active {
                    prop_assert!(event.kind.is_permit());
                    prop_assert!(gates(&history.events, event).iter().all(|open| *open));
                }
            }
        }
    }

    #[test]
    fn what_the_fold_permits_always_has_a_record_in_force(history in any_history()) {
        let events: Vec<&ConsentEvent> = history.events.iter().collect();
        let standings = standings(&events, NOW);
        for yes in history.events.iter().filter(|e| e.kind.is_permit()) {
            if gates(&history.events, yes).contains(&true) {
                let holds = |s: &Standing| matches!(s, Standing::InForce | Standing::InPart);
                prop_assert!(standings.iter().any(holds));
            }
        }
    }

    #[test]
    fn after_an_event_that_ends_it_no_record_is_ever_active(
        yes in any_event(EventKind::Given),
        kind in proptest::sample::select(vec![
            EventKind::Withdrawn, EventKind::Invalidated, EventKind::Expired, EventKind::Renewed, EventKind::Refused,
        ]),
        end in any_event(EventKind::Given),
    ) {
        let mut end = ConsentEvent { kind, purposes: yes.purposes.clone(), ..end };
        (end.recipients, end.datasets) = (yes.recipients.clone(), yes.datasets.clone());
        end.retention_until = Day::from_days(20_000);
        (end.record, end.at) = ("the-end".parse().expect("an id"), yes.at.plus_millis(1));
        if kind != EventKind::Refused {
            end.names = Some(yes.record.clone());
        }
        let history = History { events: vec![yes, end] };
        for format in FORMATS {
            let document = written(format, &tokened(&history));
            prop_assert!(!entries(format, &document)[0].1);
        }
    }

    /// Whatever is taken is written again as it was: so nothing in a file that is taken was ignored.
    #[test]
    fn nothing_in_a_file_is_ever_ignored(
        history in any_history(),
        place in any::<proptest::sample::Index>(),
        change in 0..4u8,
    ) {
        for format in FORMATS {
            let mut document = written(format, &tokened(&history));
            let mut places = Vec::new();
            pointers(&document, String::new(), &mut places);
            let pointer = place.get(&places).clone();
            alter(document.pointer_mut(&pointer).expect("there"), change);
            if let Ok(back) = taken(format, &document) {
                let moment: Timestamp = match format {
                    Format::Fhir => &document["timestamp"],
                    Format::Iso27560 => &document["dct:created"]["@value"],
                }.as_str().expect("text").parse().expect("an instant");
                let again = write(format, &back, &partner(), moment).expect("written");
                let again: Value = serde_json::from_slice(&again).expect("JSON");
                prop_assert!(again == document, "{}", pointer);
            }
        }
    }

    #[test]
    fn attack_a_number_anywhere_in_a_file_is_never_repeated(
        history in any_history(), place in any::<proptest::sample::Index>(), name: bool,
    ) {
        for format in FORMATS {
            let mut document = written(format, &tokened(&history));
            let mut places = Vec::new();
            pointers(&document, String::new(), &mut places);
            let found = document.pointer_mut(place.get(&places).as_str()).expect("there");
            match found {
                Value::Object(fields) if name => { fields.insert("0707614286".into(), 1.into()); }
                _ => *found = "0707614286".into(),
            }
            let error = taken(format, &document).expect_err("no such value anywhere");
            let said = format!("{error} {error:?} {}", error.advice());
            prop_assert!(!said.contains("0707614286"), "{}", said);
        }
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in FORMATS {
            prop_assert!(read(format, &bytes, &partner(), NOW).is_err());
        }
    }
}

/// Every place in a document.
fn pointers(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                pointers(inner, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                pointers(inner, format!("{at}/{index}"), places);
            }
        }
        _ => {}
    }
    places.push(at);
}

fn alter(value: &mut Value, change: u8) {
    match (value, change) {
        (Value::Object(fields), 0) => {
            let first = fields.keys().next().cloned();
            first.and_then(|name| fields.remove(&name));
        }
        (Value::Object(fields), _) => {
            fields.insert("comment".into(), "x".into());
        }
        (Value::Array(items), 0 | 1) => {
            items.pop();
        }
        (Value::Array(items), _) => {
            let last = items.last().cloned();
            items.extend(last);
        }
        (value, 0) => *value = Value::Null,
        (value, 1) => *value = "2020-01-01".into(),
        (Value::String(text), _) => text.push('1'),
        (value, _) => *value = 1.into(),
    }
}

#[test]
fn attack_an_invalidated_consent_set_to_active() {
    for format in FORMATS {
        let made = history(&["given a 10", "invalidated b 20 a"]);
        let mut document = written(format, &tokened(&made));
        match format {
            Format::Fhir => {
                assert_eq!(document["entry"][0]["resource"]["status"], "entered-in-error");
                document["entry"][0]["resource"]["status"] = "active".into();
            }
            Format::Iso27560 => {
                let states = &mut document["dct:hasPart"][0]["dpv:hasConsentStatus"][1]["@type"];
                assert_eq!(states[1], "dpv:ConsentInvalidated");
                *states = serde_json::json!(["dpv:ConsentStatusValidForProcessing"]);
            }
        }
        assert!(matches!(taken(format, &document), Err(ExchangeError::Status(_))));
    }
}

#[test]
fn attack_a_withdrawal_left_out_does_not_bring_the_yes_back() {
    for format in FORMATS {
        let mut document = written(format, &tokened(&history(&["given a 10", "withdrawn b 20"])));
        let list = if format == Format::Fhir { "entry" } else { "dct:hasPart" };
        document[list].as_array_mut().expect("a list").pop();
        assert!(matches!(taken(format, &document), Err(ExchangeError::Status(_))));
    }
}

#[test]
fn statuses_of_the_worked_cases() {
    for (events, statuses) in [
        (&["requested a 10"][..], &["proposed"][..]),
        (&["given a 10"], &["active"]),
        (&["refused a 10"], &["rejected"]),
        (&["given a 10", "withdrawn b 20"], &["inactive", "inactive"]),
        (&["given a 10", "invalidated b 20"], &["entered-in-error", "inactive"]),
        (&["given a 10", "expired b 20 a"], &["inactive", "inactive"]),
        (&["given a 10", "renewed b 20 a"], &["inactive", "active"]),
        (&["given a 10", "withdrawn b 20", "given c 30"], &["inactive", "inactive", "active"]),
        (&["refused a 10", "given b 20"], &["rejected", "active"]),
        (&["given a 10", "refused b 20"], &["inactive", "rejected"]),
    ] {
        let document = written(Format::Fhir, &tokened(&history(events)));
        let found: Vec<_> =
            entries(Format::Fhir, &document).iter().map(|(e, _)| e["resource"]["status"].clone()).collect();
        assert_eq!(found, statuses, "{events:?}");
    }
}

#[test]
fn a_yes_that_holds_in_part_or_later_or_no_longer_is_not_active() {
    let mut partly = history(&["given a 10", "withdrawn b 20"]);
    partly.events[0].purposes.push("p1".parse().expect("a name"));
    let mut later = history(&["given a 10"]);
    later.events[0].valid_from = NOW.day().plus(1);
    later.events[0].valid_to = None;
    let mut over = history(&["given a 10"]);
    over.events[0].valid_to = Some(NOW.day().plus(-1));
    let mut last = history(&["given a 10"]);
    last.events[0].valid_to = Some(NOW.day());
    for (history, wanted) in [
        (partly, Standing::InPart),
        (later, Standing::NotYet),
        (over, Standing::RunOut),
        (last, Standing::InForce),
    ] {
        let events: Vec<&ConsentEvent> = history.events.iter().collect();
        assert_eq!(standings(&events, NOW)[0], wanted);
        let document = written(Format::Fhir, &tokened(&history));
        assert_eq!(entries(Format::Fhir, &document)[0].1, wanted == Standing::InForce);
    }
}

#[test]
fn attack_a_deny_does_not_get_an_end() {
    let mut made = history(&["withdrawn a 10"]);
    made.events[0].valid_to = Some(Day::from_days(10));
    let document = written(Format::Fhir, &tokened(&made));
    let rule = &document["entry"][0]["resource"]["provision"]["provision"][0];
    assert!(rule["type"] == "deny" && rule.get("period").is_none() && rule.get("dataPeriod").is_none());
    let document = written(Format::Iso27560, &tokened(&made));
    let duration = &document["dct:hasPart"][0]["dpv:hasConsentStatus"][0]["dpv:hasDuration"];
    assert!(duration["@type"] == "dpv:EndlessDuration" && duration.get("rdf:value").is_none());
}

#[test]
fn attack_a_field_twice_is_refused() {
    for format in FORMATS {
        let text = written(format, &tokened(&history(&["refused a 10"]))).to_string();
        let twice = text.replacen("{", "{\"resourceType\":\"Bundle\",\"resourceType\":\"Bundle\",", 1);
        let error = read(format, twice.as_bytes(), &partner(), NOW).expect_err("twice");
        assert!(matches!(error, ExchangeError::Malformed { .. }), "{error}");
    }
}

#[test]
fn a_number_leaves_only_where_it_was_passed_in_and_comes_back_as_its_token() {
    let made = history(&["given a 10"]);
    let number = events::number();
    for format in FORMATS {
        assert!(!written(format, &tokened(&made)).to_string().contains(&number));
        let document = written(format, &numbered(&made));
        let text = document.to_string();
        assert!(text.contains(&number) && text.contains("urn:oid:1.2.208.176.1.2"));
        let back = taken(format, &document).expect("taken").remove(0);
        assert!(!format!("{back:?}").contains(&number));
        let tokeniser = Tokeniser::new(&key(), &partner(), &partner());
        let record = back.into_record(0, key().id(), &tokeniser).expect("a token");
        let id = Identifier::parse(number.as_bytes(), NOW.day(), LeadingZero::Refuse);
        let token = tokeniser.person(&id.unwrap_or_else(|e| panic!("{e}")));
        assert!(record.token() == Ok(token));
    }
}

#[test]
fn attack_tokens_of_another_key_and_files_of_another_partner() {
    let made = history(&["given a 10"]);
    let other = kobling::key::LinkageKey::from_bytes("demo".parse().expect("a name"), &mut [9; 32]);
    for format in FORMATS {
        let document = written(format, &tokened(&made));
        let back = taken(format, &document).expect("taken").remove(0);
        let tokeniser = Tokeniser::new(&other, &partner(), &partner());
        assert_eq!(back.into_record(0, other.id(), &tokeniser).err(), Some(ExchangeError::Key(0)));
        let foreign = "other".parse().expect("a name");
        let error = read(format, document.to_string().as_bytes(), &foreign, NOW).expect_err("another's");
        assert!(matches!(error, ExchangeError::Field(..)), "{error}");
    }
}

#[test]
fn attack_a_file_from_the_future() {
    for format in FORMATS {
        let document = written(format, &tokened(&history(&["given a 10"]))).to_string();
        let before = NOW.plus_millis(-1);
        let error = read(format, document.as_bytes(), &partner(), before).expect_err("the future");
        assert!(matches!(error, ExchangeError::Later(_)), "{error}");
    }
}

#[test]
fn persons_are_judged_apart_and_named_in_one_way() {
    let withdrawn = history(&["withdrawn b 20"]);
    let mut made = numbered(&history(&["given a 10"]));
    made.extend(events::of_another(&withdrawn));
    let document = written(Format::Fhir, &made);
    assert!(entries(Format::Fhir, &document)[0].1, "another person's withdrawal is none of theirs");
    made.extend(tokened(&history(&["given c 10"])));
    let error = write(Format::Fhir, &made, &partner(), NOW).expect_err("two ways");
    assert!(matches!(error, ExchangeError::Mixed(_)), "{error}");
    let twice = tokened(&history(&["given a 10", "given a 20"]));
    assert!(matches!(write(Format::Fhir, &twice, &partner(), NOW), Err(ExchangeError::Twice(_))));
    assert!(matches!(write(Format::Fhir, &[], &partner(), NOW), Err(ExchangeError::Empty)));
}
