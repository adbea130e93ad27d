//! What is told, held against plain loops over the raw rows and events of small random worlds.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::clock::{Day, Timestamp};
use crate::consent::{AsOf, ConsentEvent, Known};
use crate::intake::staged::MISSING_CODE;
use crate::programme::{Followup, Programme};
use crate::snapshot::{Columns, Snapshot, Withheld};

const PERSONS: u32 = 3;
/// Two that refer, of whom the second helps too; two that help.
const PARTNERS: [&str; 4] = ["koebenhavns-politi", "frederiksberg", "lokk", "mandecentret"];
const TODAY: i32 = 40;

fn programme() -> Programme {
    let text = include_str!("../../programmes/interventionsmodel.toml");
    Programme::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn day(n: i32) -> Day {
    Day::from_ymd(2024, 1, 1).expect("a day").plus(n)
}

/// A row: a referral, or a step of the way.
#[derive(Clone, Debug)]
struct Row {
    partner: usize,
    person: u32,
    day: i32,
    /// `None` is a referral.
    step: Option<&'static str>,
}

/// What somebody said.
#[derive(Clone, Debug)]
struct Said {
    partner: usize,
    person: u32,
    /// Day, and minute of it.
    at: (i32, i32),
    yes: bool,
    follow_up: bool,
    recipient: usize,
    /// Days that a yes holds; without end when absent.
    holds: Option<i32>,
    dataset: Option<&'static str>,
}

/// First day of the rows that yeses of a person at a partner cover.
fn rows_from(partner: usize, person: u32) -> i32 {
    [-100, 5, -100, 12][(partner + person as usize) % 4]
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let steps = prop::sample::select(vec![
        None,
        None,
        Some("kontaktet"),
        Some("startet"),
        Some("stoppet"),
        Some("henvendt"),
        Some("udebleven"),
    ]);
    let row = (0usize..4, 1..=PERSONS, 0..TODAY, steps);
    let row = row.prop_map(|(partner, person, day, step)| Row { partner, person, day, step });
    prop::collection::vec(row, 0..24)
}

fn saids() -> impl Strategy<Value = Vec<Said>> {
    let dataset = prop::sample::select(vec![None, None, None, Some("forloeb"), Some("henvisninger")]);
    let said = (
        0usize..4,
        1..=PERSONS,
        (0..TODAY, 0..3),
        prop::bool::weighted(0.75),
        prop::bool::weighted(0.9),
        0usize..2,
        prop::option::weighted(0.3, 0..50),
        dataset,
    );
    let said = said.prop_map(|(partner, person, at, yes, follow_up, recipient, holds, dataset)| Said {
        partner,
        person,
        at,
        yes,
        follow_up,
        recipient,
        holds,
        dataset,
    });
    prop::collection::vec(said, 0..24)
}

fn snapshot(programme: &Programme, rows: &[Row]) -> Snapshot {
    let mut datasets = Vec::new();
    for dataset in &programme.datasets {
        let name = dataset.id.as_str();
        let mut own: Vec<&Row> = rows.iter().filter(|row| dataset_of(row) == name).collect();
        own.sort_by_key(|row| (row.person, row.day));
        let mut columns = Columns { categories: vec![None; dataset.columns.len()], ..Columns::default() };
        let before = |person: u32| own.iter().filter(|row| row.person < person).count();
        columns.offsets = (0..=PERSONS + 1).map(|p| u32::try_from(before(p)).expect("small")).collect();
        columns.day = own.iter().map(|row| day(row.day).days()).collect();
        let source =
            |row: &&&Row| programme.source(&PARTNERS[row.partner].parse().expect("a name")).expect("known");
        columns.source = own.iter().map(|row| source(&row)).collect();
        for (at, column) in dataset.columns.iter().enumerate() {
            let Some(codes) = programme.codes(column) else { continue };
            let code = |row: &&Row| {
                let at = codes.iter().position(|code| row.step == Some(code.id.as_str()));
                at.map_or(MISSING_CODE, |at| u8::try_from(at).expect("small"))
            };
            columns.categories[at] = Some(own.iter().map(code).collect());
        }
        datasets.push(Arc::new(columns));
    }
    let families = (0..=PERSONS).collect::<Vec<_>>().into();
    Snapshot { id: 1, day: day(TODAY), persons: PERSONS, families, withheld: Withheld::default(), datasets }
}

fn dataset_of(row: &Row) -> &'static str {
    match row.step {
        None => "henvisninger",
        Some("udebleven") => "forloebsstop",
        Some(_) => "forloeb",
    }
}

/// Whether this partner hands such rows over in the programme at all.
fn possible(row: &Row) -> bool {
    match row.step {
        None => row.partner < 2,
        Some(_) => row.partner > 0,
    }
}

fn instant(said: &Said) -> Timestamp {
    Timestamp::at_start_of(day(said.at.0)).plus_millis(i64::from(said.at.1) * 60_000)
}

fn known(programme: &Programme, said: &Said, n: usize) -> Known {
    let notice = &programme.notices[0];
    let list = |of: Option<&str>| of.map_or_else(Vec::new, |of| vec![of.to_owned()]);
    let event: ConsentEvent = serde_json::from_value(serde_json::json!({
        "record": format!("r-{n}"), "schema": 1, "kind": if said.yes { "given" } else { "withdrawn" },
        "purposes": [if said.follow_up { "follow-up" } else { "evaluation" }],
        "recipients": [PARTNERS[said.recipient]], "datasets": list(said.dataset),
        "at": instant(said), "valid_from": day(said.at.0), "valid_to": said.holds.map(|holds| day(said.at.0 + holds)),
        "rows": { "from": day(rows_from(said.partner, said.person)) },
        "notice": { "id": notice.id, "version": notice.version.to_string(), "sha256": notice.sha256, "language": notice.language },
        "method": "written", "given_by": "self", "recorded_by": "staff 17", "legal_basis": "explicit-consent",
        "withdrawal_method": "digital", "retention_until": "2040-12-31"
    }))
    .expect("an event");
    let source = programme.source(&PARTNERS[said.partner].parse().expect("a name")).expect("known");
    Known::new(source, &event, instant(said))
}

/// The plain reading: is a row of this partner and day permitted for this recipient today?
fn permitted(
    said: &[Said],
    partner: usize,
    person: u32,
    dataset: &str,
    recipient: usize,
    row_day: i32,
) -> bool {
    let about = |s: &&Said| {
        s.partner == partner
            && s.person == person
            && s.follow_up
            && s.recipient == recipient
            && s.dataset.is_none_or(|d| d == dataset)
    };
    let last_no = said.iter().filter(about).filter(|s| !s.yes).map(|s| s.at).max();
    let mut open = false;
    for yes in said.iter().filter(about).filter(|s| s.yes) {
        let after = last_no.is_none_or(|no| yes.at > no);
        let holds = yes.holds.is_none_or(|days| yes.at.0 + days >= TODAY);
        open |= after && holds;
    }
    open && row_day >= rows_from(partner, person)
}

/// The plain reading: which statuses are told of a person to a partner?
fn oracle(rows: &[Row], said: &[Said], asks: usize, person: u32) -> BTreeSet<&'static str> {
    let mut referred = i32::MAX;
    for row in rows.iter().filter(|row| row.step.is_none() && row.partner == asks && row.person == person) {
        if permitted(said, asks, person, "henvisninger", asks, row.day) {
            referred = referred.min(row.day);
        }
    }
    let mut told = BTreeSet::new();
    for row in rows.iter().filter(|row| row.partner != asks && row.person == person && row.day >= referred) {
        let status = match row.step {
            Some("kontaktet") => "kontaktet",
            Some("startet") => "startet",
            Some("stoppet") => "slut",
            Some("udebleven") => "ikke-naaet",
            _ => continue,
        };
        if permitted(said, row.partner, person, dataset_of(row), asks, row.day) {
            told.insert(status);
        }
    }
    told
}

fn ask(programme: &Programme, rows: &[Row], said: &[Said], asks: usize, person: u32, counts: bool) -> Told {
    let followup: &Followup = &programme.followups[0];
    let source = programme.source(&PARTNERS[asks].parse().expect("a name")).expect("known");
    let sheet = Sheet::of(programme, &snapshot(programme, rows));
    let events: Vec<Known> = said
        .iter()
        .enumerate()
        .filter(|(_, said)| said.person == person)
        .map(|(n, said)| known(programme, said, n))
        .collect();
    let asked = Asked {
        programme,
        followup,
        source,
        recipient: PARTNERS[asks].parse().expect("a name"),
        as_of: AsOf::known_then(Timestamp::at_start_of(day(TODAY))),
    };
    tell(&asked, sheet.own(0, source, person), counts, sheet.shown(0, person), &events, &events)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_what_a_plain_reading_tells(rows in rows(), said in saids()) {
        let programme = programme();
        let rows: Vec<Row> = rows.into_iter().filter(possible).collect();
        for asks in 0..2 {
            for person in 1..=PERSONS {
                let told = ask(&programme, &rows, &said, asks, person, true);
                let expected = oracle(&rows, &said, asks, person);
                let order = programme.followups[0].statuses.iter().map(|status| status.id.as_str());
                let expected: Vec<&str> = order.filter(|id| expected.contains(id)).collect();
                let ids: Vec<&str> = told.statuses.iter().map(|id| id.as_str()).collect();
                prop_assert_eq!(ids, expected);
            }
        }
    }

    #[test]
    fn nothing_is_told_of_a_referral_that_does_not_count(rows in rows(), said in saids()) {
        let programme = programme();
        let rows: Vec<Row> = rows.into_iter().filter(possible).collect();
        let told = ask(&programme, &rows, &said, 0, 1, false);
        prop_assert!(told.statuses.is_empty());
    }

    /// Whatever others hold or permit, a partner's own end of consent is its own alone.
    #[test]
    fn the_end_of_consent_is_of_ones_own_events(rows in rows(), said in saids()) {
        let programme = programme();
        let rows: Vec<Row> = rows.into_iter().filter(possible).collect();
        let own: Vec<Said> = said.iter().filter(|said| said.partner == 0).cloned().collect();
        let alone = ask(&programme, &[], &own, 0, 1, true).consent_ends;
        prop_assert_eq!(ask(&programme, &rows, &said, 0, 1, true).consent_ends, alone);
        let today = permitted(&own, 0, 1, "henvisninger", 0, 1000);
        prop_assert_eq!(alone.is_some(), today);
    }
}

/// That the random worlds are not all silent.
#[test]
fn the_plain_reading_has_something_to_tell() {
    let programme = programme();
    let referral = Row { partner: 0, person: 1, day: 20, step: None };
    let step = |day, step| Row { partner: 2, person: 1, day, step: Some(step) };
    let rows = [referral, step(19, "kontaktet"), step(20, "startet"), step(30, "stoppet")];
    let yes = |partner, recipient, holds| Said {
        partner,
        person: 1,
        at: (15, 0),
        yes: true,
        follow_up: true,
        recipient,
        holds,
        dataset: None,
    };
    let told = |said: &[Said]| {
        let told = ask(&programme, &rows, said, 0, 1, true);
        assert_eq!(told.statuses.len(), oracle(&rows, said, 0, 1).len());
        (told.statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), told.consent_ends)
    };
    assert_eq!(told(&[yes(0, 0, Some(60)), yes(2, 0, None)]), ("startet slut".to_owned(), Some(day(75))));
    assert_eq!(
        told(&[yes(0, 0, None), yes(2, 1, None)]),
        (String::new(), Some(Day::MAX)),
        "for another recipient"
    );
    assert_eq!(told(&[yes(2, 0, None)]), (String::new(), None), "the referral itself may not be read");
    let no = Said { yes: false, at: (35, 0), ..yes(2, 0, None) };
    assert_eq!(told(&[yes(0, 0, None), yes(2, 0, None), no]).0, "", "withdrawn");
}

#[test]
fn only_those_who_refer_and_are_recipients_may_ask() {
    let programme = programme();
    let may = |partner: &str| {
        may_ask(
            &programme,
            &programme.followups[0],
            programme.source(&partner.parse().expect("a name")).expect("known"),
        )
    };
    assert!(PARTNERS[..2].iter().all(|partner| may(partner)));
    assert!(!PARTNERS[2..].iter().any(|partner| may(partner)));
    assert!(!may_ask(&programme, &programme.followups[0], 250));
}
