//! Follow-up over the whole service: what a partner learns of its own referrals, and what nobody learns by asking.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use kit::{Raw, Running, linkage_key, programme, raw, signing_key, token};
use kobling::audit::{Entry, Item};
use kobling::auth::{Principal, Role};
use kobling::client::{Client, upload};
use kobling::clock::{Clock, Day, FixedClock};
use kobling::consent::ConsentRecord;
use kobling::extract::{Decimal, Declared, Job, Package, Source, Unwatched, tokenise};
use kobling::followup::{LOOKUP_CONTEXT, Lookup, leaves_after};
use kobling::id::LeadingZero;
use kobling::key::{LinkageKey, ServiceKey};
use kobling::limits;
use kobling::secret::{SeededRandom, SystemRandom};
use kobling::service::{Service, ServiceError};
use kobling::token::{Linker, Token};

const POLICE: &str = "koebenhavns-politi";
const TOWN: &str = "frederiksberg";
const HELP: &str = "lokk";

/// A signed package from rows that are written as an extract.
fn package(dir: &Path, partner: &str, dataset: &str, text: &str) -> Package {
    let number = std::fs::read_dir(dir).expect("readable").count();
    let extract = dir.join(format!("{partner}-{number}.csv"));
    std::fs::write(&extract, text).expect("written");
    let (partner_id, dataset) = (partner.parse().expect("a name"), dataset.parse().expect("a name"));
    let source = Source::File(extract);
    let job = Job {
        source: &source,
        declared: Declared::default(),
        programme: programme(),
        partner: &partner_id,
        dataset: &dataset,
        period: None,
        zero: LeadingZero::Refuse,
        decimal: Decimal::Comma,
        today: Day::from_ymd(2025, 6, 1).expect("a day"),
    };
    let out = dir.join(format!("{partner}-{number}-package"));
    let now = "2025-06-01T08:00:00Z".parse().expect("an instant");
    let made =
        tokenise(&job, &linkage_key(), None, None, (&out, now), &mut SystemRandom::new(), &mut Unwatched);
    let (report, _) = made.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.rows.rejected, 0, "{}", report.to_text(5));
    let package = Package::open(&out).unwrap_or_else(|error| panic!("{error}"));
    package.sign(&signing_key(partner)).unwrap_or_else(|error| panic!("{error}"));
    package
}

fn send(running: &Running, client: &Client, partner: &str, dataset: &str, text: &str) {
    let package = package(&running.packages(), partner, dataset, text);
    let signature = package.signature().expect("signed");
    upload(client, &package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}"));
}

/// An extract of referrals: person and day.
fn referrals(rows: &[(u64, &str)]) -> String {
    let row = |(n, day): &(u64, &str)| format!("{};{day};Ja;Ja;Ja;Ingen\r\n", kit::cpr(*n));
    let header = "CPR-nr;Henvisningsdato;Partnerrelation;Voksen;Tidlig vold;Eksklusion\r\n";
    header.to_owned() + &rows.iter().map(row).collect::<String>()
}

/// An extract of steps: person, day, step.
fn steps(rows: &[(u64, &str, &str)]) -> String {
    let row =
        |(n, day, step): &(u64, &str, &str)| format!("{};{day};{step};Voldsudsat;147\r\n", kit::cpr(*n));
    "CPR-nr;Dato;Trin;Rolle;Kommune\r\n".to_owned() + &rows.iter().map(row).collect::<String>()
}

/// What a person says at a partner about follow-up by another.
fn said(
    partner: &str,
    n: u64,
    kind: &str,
    at: &str,
    recipient: &str,
    valid_to: Option<&str>,
) -> ConsentRecord {
    let notice = programme().notices.iter().find(|notice| notice.id.as_str() == "samtykke-opfoelgning");
    let notice = notice.expect("a notice");
    serde_json::from_value(serde_json::json!({
        "token": token(partner, n),
        "event": {
            "record": format!("{kind}-{recipient}-{n}"), "schema": 1, "kind": kind,
            "purposes": ["follow-up"], "recipients": [recipient], "datasets": [],
            "at": at, "valid_from": "2021-01-01", "valid_to": valid_to,
            "notice": { "id": notice.id, "version": notice.version.to_string(), "sha256": notice.sha256,
                        "language": notice.language },
            "method": "written", "given_by": "self", "recorded_by": "staff 17",
            "legal_basis": "explicit-consent", "withdrawal_method": "digital", "retention_until": "2060-12-31"
        }
    }))
    .expect("a record")
}

fn record(client: &Client, partner: &str, records: &[ConsentRecord]) {
    client.record_consents(linkage_key().id(), records, &signing_key(partner)).expect("recorded");
}

/// A look-up as a partner signs it.
fn lookup(tokens: Vec<String>, change: impl FnOnce(&mut Lookup)) -> Vec<u8> {
    let mut lookup = Lookup {
        followup: "henvisning".parse().expect("a name"),
        key_id: linkage_key().id(),
        label: "worklist 7".to_owned(),
        nonce: "00112233445566778899aabbccddeeff".to_owned(),
        tokens,
    };
    change(&mut lookup);
    serde_json::to_vec(&lookup).expect("JSON")
}

fn post(running: &Running, bearer: &str, body: &[u8], signed_by: Option<&str>) -> Raw {
    let signature = signed_by.map(|partner| signing_key(partner).sign(LOOKUP_CONTEXT, body).to_string());
    let header: Vec<(&str, &str)> =
        signature.iter().map(|text| ("Kobling-Signature", text.as_str())).collect();
    raw(&running.address, "POST", "/v1/followups", Some(bearer), &header, body)
}

/// A world that a test sets up: two that refer, one that helps.
struct World {
    running: Running,
    police: (Client, String),
    town: (Client, String),
    help: (Client, String),
    steward: String,
}

impl World {
    fn new() -> World {
        let running = Running::new();
        let partner = |id: &str| {
            let client = running.partner(id);
            (client, running.bearer(&format!("{id}-raw"), Role::Partner, id))
        };
        let (police, town, help) = (partner(POLICE), partner(TOWN), partner(HELP));
        let steward = running.bearer("steward", Role::Steward, "styregruppe");
        World { running, police, town, help, steward }
    }

    fn clock(&self, at: &str) {
        self.running.clock.set(at.parse().expect("an instant"));
    }

    fn seal(&self, at: &str) {
        self.clock(at);
        let sealed = raw(&self.running.address, "POST", "/v1/seals", Some(&self.steward), &[], &[]);
        assert_eq!(sealed.status, 201, "{}", sealed.body);
    }

    /// Everybody's yes at a partner for a recipient.
    fn yes(&self, partner: &str, persons: impl IntoIterator<Item = u64>, recipient: &str) {
        let client = match partner {
            POLICE => &self.police.0,
            TOWN => &self.town.0,
            _ => &self.help.0,
        };
        let at = "2022-01-01T08:00:00Z";
        let records: Vec<_> = persons
            .into_iter()
            .map(|n| said(partner, n, "given", at, recipient, Some("2030-12-31")))
            .collect();
        record(client, partner, &records);
    }

    fn asks_by(&self, partner: &str, persons: &[u64]) -> Raw {
        let bearer = if partner == POLICE { &self.police.1 } else { &self.town.1 };
        let body = lookup(persons.iter().map(|n| token(partner, *n)).collect(), |_| ());
        let answer = post(&self.running, bearer, &body, Some(partner));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// What the police is told, as texts.
    fn told(&self, persons: &[u64]) -> Vec<String> {
        statuses(&self.asks_by(POLICE, persons))
    }

    fn volumes(&self) -> Vec<serde_json::Value> {
        let got = raw(&self.running.address, "GET", "/v1/followups/volumes", Some(&self.steward), &[], &[]);
        serde_json::from_str(&got.body).expect("JSON")
    }

    fn volume(&self, partner: &str) -> serde_json::Value {
        self.volumes().into_iter().find(|volume| volume["partner"] == partner).expect("a volume")
    }

    fn approve(&self, partner: &str, held: u64) -> Raw {
        let body =
            serde_json::json!({ "followup": "henvisning", "partner": partner, "held": held }).to_string();
        raw(&self.running.address, "POST", "/v1/followups/volumes", Some(&self.steward), &[], body.as_bytes())
    }
}

fn statuses(answer: &Raw) -> Vec<String> {
    let told: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    let texts = told["answers"].as_array().expect("answers").iter().map(|told| {
        let ids = told["statuses"].as_array().expect("statuses");
        ids.iter().map(|id| id.as_str().expect("an id")).collect::<Vec<_>>().join(" ")
    });
    texts.collect()
}

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

/// Attack: somebody asks, to learn whether a person is known, referred, or has said no.
#[test]
fn attack_unknown_forbidden_and_nothing_are_the_same_bytes() {
    let world = World::new();
    let all = 0..9u64;
    // The same own record for every token, so that what differs is not the asker's own.
    world.yes(POLICE, all.clone(), POLICE);
    // 0: told, so that the test can fail. 1: unknown. 2: known, not referred. 3: referred by another. 4: said nothing at
    // the helper. 5: yes for another recipient. 6: withdrawn. 7: nothing to tell. 8: referred too lately.
    world.yes(HELP, [0, 2, 3, 6, 7, 8], POLICE);
    world.yes(HELP, [5], TOWN);
    world.yes(TOWN, [3], TOWN);
    let own: Vec<(u64, &str)> = [0, 4, 5, 6, 7].map(|n| (n, "01-03-2024")).to_vec();
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&own));
    send(&world.running, &world.town.0, TOWN, "henvisninger", &referrals(&[(3, "01-03-2024")]));
    let helped = |n: u64| (n, "05-03-2024", "Kontakt");
    let rows: Vec<(u64, &str, &str)> = [0, 2, 3, 5, 6, 8].into_iter().map(helped).collect();
    send(&world.running, &world.help.0, HELP, "forloeb", &steps(&rows));
    world.seal("2025-06-02T08:00:00Z");
    let more = [own, vec![(8, "01-03-2024")]].concat();
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&more));
    world.seal("2025-06-08T08:00:00Z");
    world.clock("2025-06-12T08:00:00Z");
    assert_eq!(world.told(&[6]), ["kontaktet"]);
    let no = said(HELP, 6, "withdrawn", "2025-06-12T07:00:00Z", POLICE, None);
    record(&world.help.0, HELP, &[no]);

    assert_eq!(world.told(&[0]), ["kontaktet"]);
    let first = world.asks_by(POLICE, &[1]);
    let kept = |raw: &Raw| -> Vec<(String, String)> {
        raw.headers.iter().filter(|(name, _)| name != "date").cloned().collect()
    };
    for n in 2..9 {
        let other = world.asks_by(POLICE, &[n]);
        assert_eq!(
            (other.status, &other.body, kept(&other)),
            (first.status, &first.body, kept(&first)),
            "{n}"
        );
    }
}

/// Attack: the time of an answer tells what is in it. It leaves at the end of its slot, whatever it says; how long a slot
/// is, and that work within it does not show, is held by the tests of `leaves_after`.
#[test]
fn attack_an_answer_leaves_when_its_slot_ends() {
    let world = World::new();
    world.yes(POLICE, [0], POLICE);
    world.yes(HELP, [0], POLICE);
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&[(0, "01-03-2024")]));
    send(&world.running, &world.help.0, HELP, "forloeb", &steps(&[(0, "05-03-2024", "Kontakt")]));
    world.seal("2025-06-02T08:00:00Z");
    world.clock("2025-06-10T08:00:00Z");
    for (persons, told) in [(vec![0u64], "kontaktet"), (vec![1], ""), (vec![1; 40], "")] {
        let began = Instant::now();
        assert_eq!(world.told(&persons)[0], told);
        assert!(began.elapsed() >= leaves_after(persons.len(), Duration::ZERO));
    }
}

/// How long answers take, told and not told. Run with `--ignored` and look at it.
#[test]
#[ignore = "a measurement"]
fn how_long_answers_take() {
    let world = World::new();
    world.yes(POLICE, 0..50, POLICE);
    world.yes(HELP, 0..50, POLICE);
    let own: Vec<(u64, &str)> = (0..50).map(|n| (n, "01-03-2024")).collect();
    let rows: Vec<(u64, &str, &str)> = (0..50).map(|n| (n, "05-03-2024", "Kontakt")).collect();
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&own));
    send(&world.running, &world.help.0, HELP, "forloeb", &steps(&rows));
    world.seal("2025-06-02T08:00:00Z");
    world.clock("2025-06-10T08:00:00Z");
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..50 {
        for (person, times) in [(n, &mut known), (1000 + n, &mut unknown)] {
            let began = Instant::now();
            world.told(&[person]);
            times.push(began.elapsed());
        }
    }
    for (name, times) in [("known", &mut known), ("unknown", &mut unknown)] {
        times.sort_unstable();
        eprintln!("{name}: least {:?}, median {:?}, most {:?}", times[0], times[25], times[49]);
    }
}

/// Attack: somebody is referred only so that one can ask.
#[test]
fn attack_a_referral_made_to_ask() {
    let world = World::new();
    // The person said yes to the helper, for the municipality that referred her. The police refers her too.
    world.yes(HELP, [0], TOWN);
    world.yes(TOWN, [0], TOWN);
    world.yes(POLICE, [0], POLICE);
    send(&world.running, &world.town.0, TOWN, "henvisninger", &referrals(&[(0, "01-03-2024")]));
    send(&world.running, &world.help.0, HELP, "forloeb", &steps(&[(0, "05-03-2024", "Kontakt")]));
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&[(0, "01-03-2024")]));
    world.seal("2025-06-02T08:00:00Z");
    world.clock("2025-06-20T08:00:00Z");
    assert_eq!(statuses(&world.asks_by(TOWN, &[0])), ["kontaktet"]);
    assert_eq!(world.told(&[0]), [""], "the yes was to the municipality");
    // And a referral that is taken back again tells nothing any more.
    let own = raw(&world.running.address, "GET", "/v1/packages", Some(&world.town.1), &[], &[]);
    let own: serde_json::Value = serde_json::from_str(&own.body).expect("JSON");
    let id = own[0]["id"].as_str().expect("an id");
    let gone = raw(
        &world.running.address,
        "POST",
        &format!("/v1/packages/{id}/withdraw"),
        Some(&world.town.1),
        &[],
        &[],
    );
    assert_eq!(gone.status, 200, "{}", gone.body);
    world.seal("2025-06-21T08:00:00Z");
    assert_eq!(statuses(&world.asks_by(TOWN, &[0])), [""]);
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

/// Attack: hundreds are referred at once, to see which of them turn up.
#[test]
fn attack_a_flood_of_referrals_is_held_until_the_steward_has_looked() {
    let world = World::new();
    let many = u64::from(programme().followups[0].new_per_30_days) + 1;
    world.yes(POLICE, 0..=many, POLICE);
    world.yes(HELP, 0..=many, POLICE);
    let flood: Vec<(u64, &str)> = (0..many).map(|n| (n, "01-03-2024")).collect();
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&flood));
    let rows = [(0, "05-03-2024", "Kontakt"), (many, "05-03-2024", "Kontakt")];
    send(&world.running, &world.help.0, HELP, "forloeb", &steps(&rows));
    world.seal("2025-06-02T08:00:00Z");
    world.clock("2025-06-20T08:00:00Z");
    assert_eq!(world.told(&[0, many]), ["", ""]);
    let held = world.volume(POLICE);
    assert_eq!((&held["held"], &held["new_in_30_days"]), (&many.into(), &many.into()));
    assert_eq!(world.volume(TOWN)["held"], 0);
    assert_eq!(world.approve(POLICE, many - 1).status, 409, "not what the steward saw");
    assert_eq!(world.approve(HELP, many).code(), "followup-unknown");

    // One more a week later is beyond the flood, and held with it.
    let more: Vec<(u64, &str)> = (0..=many).map(|n| (n, "01-03-2024")).collect();
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&more));
    world.seal("2025-06-21T08:00:00Z");
    assert_eq!(world.volume(POLICE)["held"], many + 1);
    assert_eq!(world.approve(POLICE, many + 1).status, 204);
    assert_eq!(world.volume(POLICE)["held"], 0);
    assert_eq!(world.told(&[0, many]), ["kontaktet", ""], "the first seal still decides since when");
    world.clock("2025-06-28T08:00:00Z");
    assert_eq!(world.told(&[0, many]), ["kontaktet", "kontaktet"]);

    // The police sees nothing of it in its strand.
    let strand = raw(&world.running.address, "GET", "/v1/audit/strand", Some(&world.police.1), &[], &[]).body;
    assert!(strand.contains("followed-up") && !strand.contains("referrals-approved"), "{strand}");
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
fn look_ups_that_are_not_sound_are_refused_and_cost_nothing() {
    let world = World::new();
    world.yes(POLICE, [0], POLICE);
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&[(0, "01-03-2024")]));
    let tokens = vec![token(POLICE, 0)];
    let sound = lookup(tokens.clone(), |_| ());
    let early = post(&world.running, &world.police.1, &sound, Some(POLICE));
    assert_eq!((early.status, early.code().as_str()), (409, "no-snapshot"));
    world.seal("2025-06-02T08:00:00Z");
    let refused =
        |body: &[u8], signed_by: Option<&str>| post(&world.running, &world.police.1, body, signed_by).code();
    assert_eq!(refused(&sound, None), "followup-signature");
    assert_eq!(refused(&sound, Some(TOWN)), "followup-signature");
    // A signature over consents is none over a look-up.
    let consents = signing_key(POLICE).sign("kobling/v1/consents", &sound).to_string();
    let header = [("Kobling-Signature", consents.as_str())];
    let other = raw(&world.running.address, "POST", "/v1/followups", Some(&world.police.1), &header, &sound);
    assert_eq!(other.code(), "followup-signature");
    let with = |change: &dyn Fn(&mut Lookup)| refused(&lookup(tokens.clone(), change), Some(POLICE));
    assert_eq!(with(&|l| l.label = format!("sag {}", kit::cpr(0))), "followup-label-cpr");
    assert_eq!(with(&|l| l.label = "x".repeat(65)), "followup-label");
    assert_eq!(with(&|l| l.label = token(POLICE, 0)), "followup-label");
    assert_eq!(with(&|l| l.nonce = String::new()), "followup-nonce");
    assert_eq!(with(&|l| l.tokens = Vec::new()), "followup-tokens");
    assert_eq!(
        with(&|l| l.tokens = vec![token(POLICE, 0); limits::MAX_LOOKUP_TOKENS + 1]),
        "followup-tokens"
    );
    assert_eq!(with(&|l| l.tokens.push("cpr.x".to_owned())), "followup-token");
    assert_eq!(with(&|l| l.followup = "other".parse().expect("a name")), "followup-unknown");
    let key = LinkageKey::from_bytes(programme().id.clone(), &mut [8; 32]);
    assert_eq!(with(&|l| l.key_id = key.id()), "other-key");
    assert_eq!(refused(b"{}", Some(POLICE)), "followup-form");
    // Whoever refers nobody has nothing to ask.
    let helps = post(&world.running, &world.help.1, &sound, Some(HELP));
    assert_eq!((helps.status, helps.code().as_str()), (422, "followup-unknown"));
    let volume = world.volume(POLICE);
    assert_eq!((&volume["lookups_today"], &volume["refused_today"]), (&0.into(), &0.into()));
    for _ in 0..programme().followups[0].lookups_per_day / 1000 {
        assert_eq!(asks(&world.running.service, 1000).expect("told"), 1000);
    }
    let over = post(&world.running, &world.police.1, &sound, Some(POLICE));
    assert_eq!((over.status, over.code().as_str()), (429, "followup-quota"));
}

/// Attack: what the police has signed is sent again by the municipality.
#[test]
fn attack_another_partners_look_up_sent_again() {
    let world = World::new();
    world.yes(POLICE, [0], POLICE);
    world.yes(HELP, [0], POLICE);
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&[(0, "01-03-2024")]));
    send(&world.running, &world.help.0, HELP, "forloeb", &steps(&[(0, "05-03-2024", "Kontakt")]));
    world.seal("2025-06-02T08:00:00Z");
    world.clock("2025-06-10T08:00:00Z");
    let body = lookup(vec![token(POLICE, 0)], |_| ());
    assert_eq!(statuses(&post(&world.running, &world.police.1, &body, Some(POLICE))), ["kontaktet"]);
    assert_eq!(post(&world.running, &world.town.1, &body, Some(POLICE)).code(), "followup-signature");
    // Signed anew, it is the municipality's own question about a person that it has not referred.
    assert_eq!(statuses(&post(&world.running, &world.town.1, &body, Some(TOWN))), [""]);
}

/// One who asks for the police, straight at the service.
fn asks(service: &Service, tokens: usize) -> Result<usize, ServiceError> {
    let caller = Principal {
        id: "politi-it".parse().expect("a name"),
        name: String::new(),
        role: Role::Partner,
        organisation: POLICE.parse().expect("a name"),
    };
    let body = lookup(vec![token(POLICE, 0); tokens], |_| ());
    let signature = signing_key(POLICE).sign(LOOKUP_CONTEXT, &body).to_string();
    service.look_up(&caller, &body, &signature).map(|told| told.answers.len())
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

/// Everything that the service logs in this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .init();
        log
    })
}

#[test]
fn nothing_that_was_asked_is_on_disk_or_in_the_log() {
    let log = log();
    let world = World::new();
    world.yes(POLICE, [0], POLICE);
    world.yes(HELP, [0], POLICE);
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&[(0, "01-03-2024")]));
    send(&world.running, &world.help.0, HELP, "forloeb", &steps(&[(0, "05-03-2024", "Kontakt")]));
    world.seal("2025-06-02T08:00:00Z");
    world.clock("2025-06-10T08:00:00Z");
    assert_eq!(world.told(&[0, 700]), ["kontaktet", ""]);
    let said = [0, 700].map(|n| token(POLICE, n));
    let mut needles: Vec<Vec<u8>> = said.iter().map(|text| text.as_bytes()[4..].to_vec()).collect();
    needles.extend(said.iter().map(|text| {
        let token = Token::parse(text.as_bytes()).unwrap_or_else(|_| panic!("a token"));
        token.expose("the test looks for it").to_vec()
    }));
    let holds = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let mut searched = 0;
    for (path, bytes) in kit::files(&world.running.data()) {
        searched += bytes.len();
        assert!(!needles.iter().any(|needle| holds(&bytes, needle)), "{}", path.display());
        // No answer is kept: the codes stand in the programme's text alone.
        if path.extension().is_none_or(|e| e != "sqlite" && e != "sqlite-wal") {
            assert!(!holds(&bytes, b"\"kontaktet\""), "{}", path.display());
        }
    }
    assert!(searched > 10_000);
    let logged = log.0.lock().expect("nobody panics with it").clone();
    assert!(holds(&logged, b"/v1/followups"), "there is a log to search");
    assert!(!needles.iter().any(|needle| holds(&logged, needle)));
    assert!(!holds(&logged, b"worklist 7"), "nor the label");
}
