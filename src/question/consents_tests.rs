//! What persons said, by hand.

use super::super::made_up::{cell, persons, planned, programme, row, snapshot, units};
use super::*;
use crate::consent::ConsentEvent;
use crate::programme::{Purpose, QuestionKind, Unit};

type Recorded = BTreeMap<(u8, u32), Vec<Known>>;

/// An event: kind, day, record, the record that it names, purposes, last day of validity.
#[derive(Clone, Copy)]
struct Said<'a>(&'a str, &'a str, &'a str, Option<&'a str>, &'a [&'a str], Option<&'a str>);

fn event(said: Said<'_>) -> Known {
    let Said(kind, day, record, names, purposes, valid_to) = said;
    let mut json = serde_json::json!({
        "record": record, "schema": 1, "kind": kind, "purposes": purposes, "recipients": [], "datasets": [],
        "at": format!("{day}T10:00:00Z"), "valid_from": day,
        "notice": { "id": "samtykke", "version": "1", "sha256": "0f".repeat(32), "language": "da" },
        "method": "written", "given_by": "self", "recorded_by": "staff 17",
        "legal_basis": "consent", "withdrawal_method": "digital", "retention_until": "2030-12-31"
    });
    if let Some(names) = names {
        json["names"] = names.into();
    }
    if let Some(valid_to) = valid_to {
        json["valid_to"] = valid_to.into();
    }
    let event: ConsentEvent = serde_json::from_value(json).expect("an event");
    Known::new(0, &event, "2023-12-31T00:00:00Z".parse().expect("a moment"))
}

fn asked(by: &[&str], period: &str, known: &Recorded) -> Tabulation {
    let mut programme = programme(QuestionKind::Consents, Unit::Person);
    let title = programme.purposes[0].title.clone();
    programme.purposes.push(Purpose {
        id: "other".parse().expect("a name"),
        title,
        recipients: Vec::new(),
        statistical: true,
    });
    let plan = planned(&programme, by, period).expect("a plan");
    assert!(plan.is_of_consents() && plan.datasets().is_empty());
    // Persons 1 and 2 are one family; the snapshot knows nobody above 3, and 3 has no row.
    let rows = [row(1, "2022-01-01", 'a'), row(2, "2022-01-01", 'a'), row(4, "2022-01-01", 'a')];
    let snapshot =
        snapshot(&rows, |person| if person == 3 || person == 0 { 0 } else { person.min(3).div_ceil(2) });
    count_consents(&plan, &snapshot, known)
}

fn known(of: &[(u8, u32, &[Said<'_>])]) -> Recorded {
    of.iter()
        .map(|(source, person, said)| ((*source, *person), said.iter().map(|said| event(*said)).collect()))
        .collect()
}

/// States of person 1 for purpose `p`, in the year 2022.
fn states(said: &[Said<'_>]) -> String {
    let table = asked(&[], "2022-Q1..2022-Q4", &known(&[(0, 1, said)]));
    let is = |(state, ..): &&(&str, &str, &str)| units(&table, &["p", state]) == 1;
    STATES.iter().filter(is).map(|(state, ..)| *state).collect::<Vec<_>>().join(" ")
}

const YES: Said<'_> = Said("given", "2022-03-01", "r1", None, &["p"], Some("2023-02-28"));

#[test]
fn every_kind_of_event_counts_as_what_it_is() {
    let one = |kind| states(&[Said(kind, "2022-05-01", "r", None, &["p"], None)]);
    assert_eq!(one("requested"), "asked");
    assert_eq!(one("given"), "asked given");
    assert_eq!(one("refused"), "asked refused");
    assert_eq!(one("withdrawn"), "asked withdrawn");
    assert_eq!(one("invalidated"), "asked");
    for (day, expected) in [("2021-12-31", ""), ("2022-01-01", "asked given"), ("2022-12-31", "asked given")]
    {
        assert_eq!(states(&[Said("given", day, "r", None, &["p"], None)]), expected, "{day}");
    }
    assert_eq!(states(&[Said("given", "2023-01-01", "r", None, &["p"], None)]), "");
}

#[test]
fn asking_and_a_no_without_purposes_are_of_all_and_a_yes_of_none() {
    assert_eq!(states(&[Said("refused", "2022-05-01", "r", None, &[], None)]), "asked refused");
    assert_eq!(states(&[Said("requested", "2022-05-01", "r", None, &[], None)]), "asked");
    assert_eq!(states(&[Said("given", "2022-05-01", "r", None, &[], None)]), "");
    assert_eq!(states(&[Said("refused", "2022-05-01", "r", None, &["other"], None)]), "");
    // The end of a record is of the record's purposes.
    let expired = Said("expired", "2022-05-01", "r2", Some("r0"), &[], None);
    let earlier = |purpose| Said("given", "2021-05-01", "r0", None, purpose, Some("2022-04-30"));
    assert_eq!(states(&[earlier(&["p"]), expired]), "asked");
    assert_eq!(states(&[earlier(&["other"]), expired]), "");
}

#[test]
fn expired_is_run_out_by_the_seal_without_renewal() {
    let until = |last| Said("given", "2022-03-01", "r1", None, &["p"], last);
    assert_eq!(states(&[until(Some("2024-01-09"))]), "asked given expired");
    assert_eq!(states(&[until(Some("2024-01-10"))]), "asked given", "it holds on the day of the seal");
    assert_eq!(states(&[until(None)]), "asked given");
    let said = Said("expired", "2023-06-01", "r2", Some("r1"), &[], None);
    assert_eq!(states(&[until(None), said]), "asked given expired");
    let late = Said("expired", "2024-01-11", "r2", Some("r1"), &[], None);
    assert_eq!(states(&[until(None), late]), "asked given", "not known on the day of the seal");
    for kind in ["renewed", "given"] {
        let again = |day| Said(kind, day, "r2", Some("r1").filter(|_| kind == "renewed"), &["p"], None);
        assert_eq!(states(&[YES, again("2023-06-01")]), "asked given", "{kind}");
        assert_eq!(states(&[YES, again("2024-01-11")]), "asked given expired", "{kind}");
    }
    let other = Said("given", "2023-06-01", "r2", None, &["other"], None);
    assert_eq!(states(&[YES, other]), "asked given expired");
    let no = |day| Said("withdrawn", day, "r2", None, &[], None);
    assert_eq!(states(&[YES, no("2023-02-28")]), "asked given", "taken back while it held");
    assert_eq!(states(&[YES, no("2023-03-01")]), "asked given expired");
}

#[test]
fn a_person_counts_once_a_purpose_and_once_a_partner_when_asked_by_partner() {
    let no = Said("refused", "2022-04-01", "r5", None, &["p"], None);
    let both = Said("given", "2022-04-01", "r6", None, &["p", "other"], None);
    let said = known(&[(0, 1, &[YES, YES]), (1, 1, &[no]), (1, 2, &[both]), (2, 3, &[no]), (2, 9, &[no])]);
    let table = asked(&[], "2022-Q1..2022-Q4", &said);
    assert_eq!(persons(&table, &["p", "asked"]), [1, 2, 3, 9]);
    assert_eq!(persons(&table, &["p", "given"]), [1, 2]);
    assert_eq!(persons(&table, &["p", "refused"]), [1, 3, 9]);
    assert_eq!(persons(&table, &["other", "asked"]), [2]);
    assert_eq!(cell(&table, &["p", "asked"]).families, 3, "who has no row is a family");
    assert_eq!(cell(&table, &["other", "given"]).of, Some(STATES.len()));
    assert!(table.left_out.is_empty());
    let table = asked(&["partner"], "2022-Q1..2022-Q4", &said);
    assert_eq!(persons(&table, &["org0", "p", "asked"]), [1]);
    assert_eq!(persons(&table, &["org1", "p", "refused"]), [1]);
    assert_eq!(persons(&table, &["org2", "p", "asked"]), [3, 9]);
    assert_eq!(cell(&table, &["org1", "p", "given"]).of, Some(2 * STATES.len()));
}

#[test]
fn validity_is_of_the_last_yes_in_bands_of_days() {
    let lasting = |last| Said("given", "2022-03-01", "r1", None, &["p"], last);
    let bands = |said: &[Said<'_>]| {
        let table = asked(&[], "2022-Q1..2022-Q4", &known(&[(0, 1, said)]));
        match &cell(&table, &["p", "given"]).extra {
            Some(Extra::Median(bands)) => bands.iter().position(|units| *units == 1),
            _ => None,
        }
    };
    for (last, band) in [
        (Some("2022-05-31"), 0),
        (Some("2022-06-01"), 1),
        (Some("2023-02-28"), 2),
        (Some("2023-03-02"), 3),
        (Some("2024-02-29"), 3),
        (Some("2024-03-01"), 4),
        (None, 4),
    ] {
        assert_eq!(bands(&[lasting(last)]), Some(band), "{last:?}");
    }
    let later = Said("renewed", "2022-07-01", "r2", Some("r1"), &["p"], Some("2022-08-01"));
    assert_eq!(bands(&[lasting(None), later]), Some(0));
    assert_eq!(bands(&[later, lasting(None)]), Some(0), "whatever the order of arrival");
}

#[test]
fn nothing_of_a_row_can_be_asked() {
    let programme = programme(QuestionKind::Consents, Unit::Person);
    for by in ["step", "quarter"] {
        let refused = planned(&programme, &[by], "2022-Q1").expect_err("refused").to_string();
        assert_eq!(refused, format!("the question is not registered by {by}; registered are: partner"));
    }
}
