//! A world that tests set up: two that refer, one that helps.

use std::path::Path;

use crate::kit::{Raw, Running, linkage_key, programme, raw, signing_key, token};
use kobling::auth::{Principal, Role};
use kobling::client::{Client, upload};
use kobling::clock::Day;
use kobling::consent::ConsentRecord;
use kobling::extract::{Decimal, Declared, Job, Package, Source, Unwatched, tokenise};
use kobling::followup::{LOOKUP_CONTEXT, Lookup};
use kobling::id::LeadingZero;
use kobling::secret::SystemRandom;
use kobling::service::{Service, ServiceError};

use crate::kit;

pub const POLICE: &str = "koebenhavns-politi";
pub const TOWN: &str = "frederiksberg";
pub const HELP: &str = "lokk";

/// A signed package from rows that are written as an extract.
pub fn package(dir: &Path, partner: &str, dataset: &str, text: &str) -> Package {
    let number = std::fs::read_dir(dir).expect("readable").count();
    let extract = dir.join(format!("{partner}-{number}.csv"));
    std::fs::write(&extract, text).expect("written");
    let (partner_id, dataset) = (partner.parse().expect("a name"), dataset.parse().expect("a name"));
    let source = Source::File(extract);
    let job = Job {
        source: &source,
        declared: Declared::default(),
        mapping: None,
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
    assert_eq!(report.rows.rejected, 0, "{}", report.to_text(kobling::language::Language::En));
    let package = Package::open(&out).unwrap_or_else(|error| panic!("{error}"));
    package.sign(&signing_key(partner)).unwrap_or_else(|error| panic!("{error}"));
    package
}

pub fn send(running: &Running, client: &Client, partner: &str, dataset: &str, text: &str) {
    let package = package(&running.packages(), partner, dataset, text);
    let signature = package.signature().expect("signed");
    upload(client, &package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}"));
}

/// An extract of referrals: person and day.
pub fn referrals(rows: &[(u64, &str)]) -> String {
    let row = |(n, day): &(u64, &str)| format!("{};{day};Ja;Ja;Ja;Ingen\r\n", kit::cpr(*n));
    let header = "CPR-nr;Henvisningsdato;Partnerrelation;Voksen;Tidlig vold;Eksklusion\r\n";
    header.to_owned() + &rows.iter().map(row).collect::<String>()
}

/// An extract of steps: person, day, step.
pub fn steps(rows: &[(u64, &str, &str)]) -> String {
    let row =
        |(n, day, step): &(u64, &str, &str)| format!("{};{day};{step};Voldsudsat;147\r\n", kit::cpr(*n));
    "CPR-nr;Dato;Trin;Rolle;Kommune\r\n".to_owned() + &rows.iter().map(row).collect::<String>()
}

/// What a person says at a partner about follow-up by another.
pub fn said(
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

pub fn record(client: &Client, partner: &str, records: &[ConsentRecord]) {
    client.record_consents(linkage_key().id(), records, &signing_key(partner)).expect("recorded");
}

/// A look-up as a partner signs it.
pub fn lookup(tokens: Vec<String>, change: impl FnOnce(&mut Lookup)) -> Vec<u8> {
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

pub fn post(running: &Running, bearer: &str, body: &[u8], signed_by: Option<&str>) -> Raw {
    let signature = signed_by.map(|partner| signing_key(partner).sign(LOOKUP_CONTEXT, body).to_string());
    let header: Vec<(&str, &str)> =
        signature.iter().map(|text| ("Kobling-Signature", text.as_str())).collect();
    raw(&running.address, "POST", "/v1/followups", Some(bearer), &header, body)
}

/// A world that a test sets up: two that refer, one that helps.
pub struct World {
    pub running: Running,
    pub police: (Client, String),
    pub town: (Client, String),
    pub help: (Client, String),
    pub steward: String,
}

impl World {
    pub fn new() -> World {
        let running = Running::new();
        let partner = |id: &str| {
            let client = running.partner(id);
            (client, running.bearer(&format!("{id}-raw"), Role::Partner, id))
        };
        let (police, town, help) = (partner(POLICE), partner(TOWN), partner(HELP));
        let steward = running.bearer("steward", Role::Steward, "styregruppe");
        World { running, police, town, help, steward }
    }

    pub fn clock(&self, at: &str) {
        self.running.clock.set(at.parse().expect("an instant"));
    }

    pub fn seal(&self, at: &str) {
        self.clock(at);
        let sealed = raw(&self.running.address, "POST", "/v1/seals", Some(&self.steward), &[], &[]);
        assert_eq!(sealed.status, 201, "{}", sealed.body);
    }

    /// Everybody's yes at a partner for a recipient.
    pub fn yes(&self, partner: &str, persons: impl IntoIterator<Item = u64>, recipient: &str) {
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

    pub fn asks_by(&self, partner: &str, persons: &[u64]) -> Raw {
        let bearer = if partner == POLICE { &self.police.1 } else { &self.town.1 };
        let body = lookup(persons.iter().map(|n| token(partner, *n)).collect(), |_| ());
        let answer = post(&self.running, bearer, &body, Some(partner));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// What the police is told, as texts.
    pub fn told(&self, persons: &[u64]) -> Vec<String> {
        statuses(&self.asks_by(POLICE, persons))
    }

    pub fn volumes(&self) -> Vec<serde_json::Value> {
        let got = raw(&self.running.address, "GET", "/v1/followups/volumes", Some(&self.steward), &[], &[]);
        serde_json::from_str(&got.body).expect("JSON")
    }

    pub fn volume(&self, partner: &str) -> serde_json::Value {
        self.volumes().into_iter().find(|volume| volume["partner"] == partner).expect("a volume")
    }

    pub fn approve(&self, partner: &str, held: u64) -> Raw {
        let body =
            serde_json::json!({ "followup": "henvisning", "partner": partner, "held": held }).to_string();
        raw(&self.running.address, "POST", "/v1/followups/volumes", Some(&self.steward), &[], body.as_bytes())
    }
}

pub fn statuses(answer: &Raw) -> Vec<String> {
    let told: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    let texts = told["answers"].as_array().expect("answers").iter().map(|told| {
        let ids = told["statuses"].as_array().expect("statuses");
        ids.iter().map(|id| id.as_str().expect("an id")).collect::<Vec<_>>().join(" ")
    });
    texts.collect()
}

/// One who asks for the police, straight at the service.
pub fn asks(service: &Service, tokens: usize) -> Result<usize, ServiceError> {
    let caller = Principal {
        id: "politi-it".parse().expect("a name"),
        name: String::new(),
        role: Role::Partner,
        organisation: POLICE.parse().expect("a name"),
        person: None,
    };
    let body = lookup(vec![token(POLICE, 0); tokens], |_| ());
    let signature = signing_key(POLICE).sign(LOOKUP_CONTEXT, &body).to_string();
    service.look_up(&caller, &body, &signature).map(|told| told.answers.len())
}
