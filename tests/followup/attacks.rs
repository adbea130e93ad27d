//! Attacks by those who may ask.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::kit::{Raw, programme, raw, signing_key, token};
use kobling::followup::{Lookup, leaves_after};
use kobling::key::LinkageKey;
use kobling::limits;
use kobling::token::Token;

use crate::kit;
use crate::world::*;

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
        raw.headers.iter().filter(|(name, _)| name != "date" && name != "kobling-request").cloned().collect()
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
    for (path, bytes) in kit::clear_files(&world.running.data()) {
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
