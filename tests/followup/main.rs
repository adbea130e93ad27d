//! Follow-up over the whole service: what a partner learns of its own referrals, and what nobody learns by asking.
#![cfg(feature = "service")]

mod attacks;
mod commands;
#[expect(dead_code, reason = "other tests use the rest of the kit")]
#[path = "../kit/mod.rs"]
mod kit;
mod world;

use std::sync::Arc;

use kit::{linkage_key, programme, raw, signing_key, token};
use kobling::audit::{Entry, Item};
use kobling::clock::{Clock, FixedClock};
use kobling::key::ServiceKey;
use kobling::limits;
use kobling::secret::SeededRandom;
use kobling::service::Service;
use kobling::token::{Linker, Token};

use world::*;

#[test]
fn a_partner_follows_up_on_its_own_referrals() {
    let world = World::new();
    world.yes(POLICE, 0..6, POLICE);
    world.yes(HELP, 0..6, POLICE);
    world.yes(TOWN, 0..6, POLICE);
    send(
        &world.running,
        &world.police.0,
        POLICE,
        "henvisninger",
        &referrals(&[
            (0, "01-03-2024"),
            (1, "01-03-2024"),
            (2, "01-03-2024"),
            (3, "01-03-2024"),
            (4, "01-03-2024"),
        ]),
    );
    send(
        &world.running,
        &world.help.0,
        HELP,
        "forloeb",
        &steps(&[
            (0, "05-03-2024", "Kontakt"),
            (1, "05-03-2024", "Afbrudt"),
            (1, "01-03-2024", "Kontakt"),
            (1, "02-03-2024", "Startet"),
            // Before the referral, and before a second one.
            (2, "29-02-2024", "Kontakt"),
            (5, "05-03-2024", "Kontakt"),
        ]),
    );
    let stopped = format!("CPR-nr;Stopdato;Stopårsag\r\n{};10-03-2024;Udebleven\r\n", kit::cpr(3));
    send(&world.running, &world.help.0, HELP, "forloebsstop", &stopped);
    send(&world.running, &world.town.0, TOWN, "forloeb", &steps(&[(0, "06-03-2024", "Startet")]));
    world.seal("2025-06-02T08:00:00Z");

    let everybody = [5, 4, 3, 2, 1, 0];
    // A referral counts a week after its first seal, to the moment.
    assert_eq!(world.told(&everybody), [""; 6]);
    world.clock("2025-06-09T07:59:59Z");
    assert_eq!(world.told(&everybody), [""; 6]);
    world.clock("2025-06-09T08:00:00Z");
    let expected = ["", "", "ikke-naaet", "", "kontaktet startet slut", "kontaktet startet"];
    assert_eq!(world.told(&everybody), expected, "in the order asked; statuses in the programme's");
    let answer: serde_json::Value = serde_json::from_str(&world.asks_by(POLICE, &[0]).body).expect("JSON");
    assert_eq!(
        answer,
        serde_json::json!({ "followup": "henvisning",
            "answers": [{ "statuses": ["kontaktet", "startet"], "consent_ends": "2030-12-31" }] }),
        "nothing but ids, and the partner's own record"
    );

    // A newer snapshot with the same referrals: they go on counting.
    world.seal("2025-06-10T08:00:00Z");
    assert_eq!(world.told(&everybody), expected);

    // What is offered, to whom it is.
    let offered = raw(&world.running.address, "GET", "/v1/followups", Some(&world.police.1), &[], &[]);
    let offered: serde_json::Value = serde_json::from_str(&offered.body).expect("JSON");
    assert_eq!((&offered[0]["id"], &offered[0]["delay_days"]), (&"henvisning".into(), &7.into()));
    assert_eq!(offered[0]["statuses"][3]["means"], "not-reached");
    let helps = raw(&world.running.address, "GET", "/v1/followups", Some(&world.help.1), &[], &[]);
    assert_eq!(helps.body, "[]");
}

#[test]
fn a_withdrawal_counts_at_once_at_either_end() {
    let world = World::new();
    world.yes(POLICE, 0..2, POLICE);
    world.yes(HELP, 0..2, POLICE);
    send(
        &world.running,
        &world.police.0,
        POLICE,
        "henvisninger",
        &referrals(&[(0, "01-03-2024"), (1, "01-03-2024")]),
    );
    let rows = [(0, "05-03-2024", "Kontakt"), (1, "05-03-2024", "Kontakt")];
    send(&world.running, &world.help.0, HELP, "forloeb", &steps(&rows));
    world.seal("2025-06-02T08:00:00Z");
    world.clock("2025-06-10T08:00:00Z");
    assert_eq!(world.told(&[0, 1]), ["kontaktet"; 2]);
    let no = said(HELP, 0, "withdrawn", "2025-06-10T07:00:00Z", POLICE, None);
    record(&world.help.0, HELP, &[no]);
    assert_eq!(world.told(&[0, 1]), ["", "kontaktet"]);
    let no = said(POLICE, 1, "withdrawn", "2025-06-10T07:00:00Z", POLICE, None);
    record(&world.police.0, POLICE, &[no]);
    assert_eq!(world.told(&[0, 1]), ["", ""]);
    let answer: serde_json::Value = serde_json::from_str(&world.asks_by(POLICE, &[0, 1]).body).expect("JSON");
    assert_eq!(answer["answers"][0]["consent_ends"], "2030-12-31");
    assert_eq!(answer["answers"][1]["consent_ends"], serde_json::Value::Null);
}

#[test]
fn every_look_up_is_entered_under_its_label() {
    let world = World::new();
    world.yes(POLICE, [0], POLICE);
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&[(0, "01-03-2024")]));
    world.seal("2025-06-02T08:00:00Z");
    world.told(&[0, 1, 0]);
    let strand = raw(&world.running.address, "GET", "/v1/audit/strand", Some(&world.police.1), &[], &[]).body;
    let strand: serde_json::Value = serde_json::from_str(&strand).expect("JSON");
    let entries: Vec<Entry> = serde_json::from_value(strand["entries"].clone()).expect("entries");
    let entry = serde_json::to_value(entries.last().expect("an entry")).expect("JSON");
    assert_eq!(entry["deed"], "followed-up");
    let subject = &entry["subject"];
    assert_eq!((&subject["followup"], &subject["purpose"]), (&"henvisning".into(), &"follow-up".into()));
    assert_eq!((&subject["label"], &subject["tokens"]), (&"worklist?7".into(), &3.into()));
    assert_eq!(subject["asked"].as_str().map(str::len), Some(64));
    assert!(matches!(entries.last().expect("an entry").subject.item("tokens"), Some(Item::Count(3))));

    // What the person's own access is made of, for a year.
    let store = world.running.service.store();
    let link = |partner: &str, n: u64| {
        let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
        let partner = partner.parse().expect("a name");
        let token = Token::parse(token(POLICE, n).as_bytes()).unwrap_or_else(|_| panic!("a token"));
        Linker::new(&key, &partner, &partner).link(&token)
    };
    let (police, town) = (POLICE.parse().expect("a name"), TOWN.parse().expect("a name"));
    let of = |partner, n| store.lookups_of(partner, &link(POLICE, n)).expect("rows");
    assert_eq!((of(&police, 0).len(), of(&police, 1).len(), of(&police, 2).len()), (2, 1, 0));
    assert_eq!(of(&police, 0)[0].label, "worklist 7");
    assert!(of(&town, 0).is_empty(), "another's look-ups are not shown");
    let year = limits::LOOKUP_RETENTION_DAYS;
    let after = world.running.clock.now().plus_millis(i64::from(year) * 86_400_000);
    assert_eq!(
        store.drop_lookups_before(after.plus_millis(-i64::from(year) * 86_400_000)).expect("dropped"),
        0
    );
    assert_eq!(store.drop_lookups_before(after).expect("dropped"), 3);
    assert!(of(&police, 0).is_empty());
}

#[test]
fn a_days_look_ups_are_spent_for_good() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let fixed = Arc::new(FixedClock::new("2025-06-02T08:00:00Z".parse().expect("an instant")));
    let clock: Arc<dyn Clock> = fixed.clone();
    let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
    Service::initialise(&data, programme(), kit::PROGRAMME, linkage_key().id(), &key, clock.now())
        .expect("made");
    let service = kit::open(&data, &clock);
    let (actor, police) = (service.operator(), POLICE.parse().expect("a name"));
    service.enrol_key(&actor, &police, &signing_key(POLICE).verifying_key()).expect("enrolled");
    service.seal(&actor).expect("sealed");
    let most = usize::try_from(programme().followups[0].lookups_per_day).expect("small");
    // The same look-up again costs again; what does not fit as a whole is refused as a whole.
    for _ in 0..most / limits::MAX_LOOKUP_TOKENS {
        assert_eq!(
            asks(&service, limits::MAX_LOOKUP_TOKENS - 1).expect("told"),
            limits::MAX_LOOKUP_TOKENS - 1
        );
    }
    let left = most / limits::MAX_LOOKUP_TOKENS;
    assert_eq!(asks(&service, left + 1).expect_err("too many").code(), "followup-quota");
    assert_eq!(asks(&service, left).expect("told"), left);
    let refused = asks(&service, 1).expect_err("spent");
    assert_eq!(refused.code(), "followup-quota");
    assert!(refused.public_message().contains("2025-06-03T00:00:00Z"), "{refused}");
    let volumes = service.followup_volumes().expect("volumes");
    let of =
        |partner: &str| volumes.iter().find(|v| v.partner.as_str() == partner).expect("a volume").clone();
    assert_eq!((of(POLICE).lookups_today, of(POLICE).refused_today), (most as u64, left as u64 + 2));
    assert_eq!(of(TOWN).lookups_today, 0);

    // A service that is started again remembers; the next day (UTC) is new.
    drop(service);
    let again = kit::open(&data, &clock);
    assert_eq!(asks(&again, 1).expect_err("spent").code(), "followup-quota");
    fixed.set("2025-06-02T23:59:59Z".parse().expect("an instant"));
    assert_eq!(asks(&again, 1).expect_err("spent").code(), "followup-quota");
    fixed.set("2025-06-03T00:00:00Z".parse().expect("an instant"));
    assert_eq!(asks(&again, 1).expect("told"), 1);
}

/// A person who got another number: what is known under either counts, and what is denied under either too.
#[test]
fn another_token_of_the_same_person_counts_as_the_person() {
    let world = World::new();
    world.yes(POLICE, [0], POLICE);
    world.yes(HELP, [1], POLICE);
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&[(0, "01-03-2024")]));
    send(&world.running, &world.help.0, HELP, "forloeb", &steps(&[(1, "05-03-2024", "Kontakt")]));
    world.seal("2025-06-02T08:00:00Z");
    world.clock("2025-06-10T08:00:00Z");
    assert_eq!(world.told(&[0, 1]), ["", ""]);
    let body = serde_json::json!({ "old": token(HELP, 0), "new": token(HELP, 1) }).to_string();
    let proposed =
        raw(&world.running.address, "POST", "/v1/aliases", Some(&world.help.1), &[], body.as_bytes());
    assert_eq!(proposed.status, 202);
    let approved =
        raw(&world.running.address, "POST", "/v1/aliases/1/approve", Some(&world.steward), &[], &[]);
    assert_eq!(approved.status, 204);
    world.seal("2025-06-11T08:00:00Z");
    // The referral is as old as it was, whatever number the person has now.
    assert_eq!(world.told(&[0, 1]), ["kontaktet", "kontaktet"]);
    let answer: serde_json::Value = serde_json::from_str(&world.asks_by(POLICE, &[0, 1]).body).expect("JSON");
    // The police did not propose the alias: its own record under one token says nothing under the other.
    assert_eq!(answer["answers"][0]["consent_ends"], "2030-12-31");
    assert_eq!(answer["answers"][1]["consent_ends"], serde_json::Value::Null);
    let no = said(HELP, 0, "withdrawn", "2025-06-11T07:00:00Z", POLICE, None);
    record(&world.help.0, HELP, &[no]);
    assert_eq!(world.told(&[0, 1]), ["", ""]);
}
