//! A service in which every route has something to answer: two partners with rows and consents, a sealed snapshot, a
//! contract, proposals that wait.

use kobling::client::{Client, upload};
use serde_json::{Value, json};

use crate::contract;
use crate::kit::{self, consent, linkage_key, package, signing_key, token};
use crate::machine::{Machine, Serving};

/// The partner whose key signs: it may follow up.
pub const POLICE: &str = "koebenhavns-politi";
/// Another.
pub const LOKK: &str = "lokk";
/// A principal of each role, with its organisation.
pub const PRINCIPALS: [(&str, &str, &str); 6] = [
    ("police-it", "partner", POLICE),
    ("lokk-it", "partner", LOKK),
    ("vive-1", "evaluator", "vive"),
    ("investor-1", "payer", "investor"),
    ("steward", "steward", "styregruppe"),
    ("auditor", "auditor", "rigsrevisionen"),
];
/// Persons whom both partners know.
const PERSONS: u64 = 60;

/// The service, and what is in it.
pub struct World {
    pub machine: Machine,
    pub serving: Serving,
    /// Ids that exist, as `tests/outside/hooks.py` reads them.
    pub known: Value,
}

impl World {
    pub fn new() -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let programme = folder.path().join("programme.toml");
        std::fs::write(&programme, contract::programme()).expect("written");
        let machine = Machine::of(&programme);
        let public = signing_key(POLICE).verifying_key().to_string();
        machine.sound(&["partner", "enrol", "--partner", POLICE, &format!("--public={public}")]);
        for (id, role, organisation) in PRINCIPALS {
            if !machine.path(&format!("{id}.token")).exists() {
                machine.principal(id, role, organisation);
            }
        }
        let serving = machine.serve_unhurried();
        let mut world = World { machine, serving, known: Value::Null };
        world.known = world.fill();
        world
    }

    pub fn client(&self, id: &str) -> Client {
        self.machine.client(&self.serving, id)
    }

    /// Consents, packages, a seal, and what waits for a decision. Returns what is known of it.
    fn fill(&self) -> Value {
        let (police, lokk) = (self.client("police-it"), self.client("lokk-it"));
        let mut uploads = Vec::new();
        for (client, partner) in [(&police, POLICE), (&lokk, LOKK)] {
            let batch: Vec<_> =
                (0..PERSONS).map(|n| consent(partner, n, "given", "2022-01-01T08:00:00Z")).collect();
            client
                .record_consents(linkage_key().id(), &batch, &signing_key(partner))
                .unwrap_or_else(|error| panic!("{partner}: {error}"));
            let package = package(&self.machine.path("packages"), partner, 0..PERSONS, 2);
            let signature = package.signature().expect("signed");
            let sent = upload(client, &package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}"));
            uploads.push(sent.id);
        }
        // One that is open.
        let open = package(&self.machine.path("packages"), POLICE, 0..PERSONS, 3);
        let body = json!({
            "manifest": std::str::from_utf8(&open.manifest_bytes).expect("UTF-8"),
            "signature": open.signature().expect("signed").to_string(),
        });
        let opened = self.post("police-it", "/v1/uploads", &body);
        uploads.push(opened["id"].as_str().expect("an id").to_owned());
        self.post("steward", "/v1/seals", &Value::Null);
        self.post("vive-1", "/v1/questions/reach", &json!({ "by": [], "period": "2022-Q1..2022-Q4" }));
        for n in 0..3 {
            let alias = json!({ "old": token(POLICE, n), "new": token(POLICE, 1000 + n) });
            self.post("police-it", "/v1/aliases", &alias);
        }
        let ids: Vec<Value> = uploads.iter().map(|id| json!({ "id": id })).collect();
        let questions: Vec<Value> =
            ["reach", "funnel", "pay", "pay-exact"].iter().map(|id| json!({ "id": id })).collect();
        let waiting: Vec<Value> = (1..=3).map(|id| json!({ "id": id.to_string() })).collect();
        let partners = json!([{ "id": POLICE }, { "id": LOKK }]);
        let fingerprint = signing_key(LOKK).verifying_key().fingerprint().to_string();
        json!({
            "seed": seed(POLICE),
            "key_id": linkage_key().id().to_string(),
            "token": token(POLICE, 1),
            "followup": kit::programme().followups[0].id.to_string(),
            "paths": {
                "/v1/uploads/{id}": ids,
                "/v1/uploads/{id}/receipt": ids,
                "/v1/packages/{id}/withdraw": [ids[1]],
                "/v1/questions/{id}": questions,
                "/v1/payments/{id}": questions,
                "/v1/reports/{id}/{quarter}": [{ "id": "reach", "quarter": "2022-Q1" }],
                "/v1/aliases/{id}/approve": waiting,
                "/v1/aliases/{id}/reject": waiting,
                "/v1/partners/{id}/keys": partners,
                "/v1/partners/{id}/keys/{fingerprint}": [{ "id": LOKK, "fingerprint": fingerprint }],
            },
        })
    }

    fn post(&self, id: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer =
            self.client(id).post(path, &body, None).unwrap_or_else(|error| panic!("{path}: {error}"));
        if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer).expect("JSON") }
    }
}

/// The seed of a partner's signing key, in hexadecimal.
fn seed(partner: &str) -> String {
    let mut seed = [0x5A; 32];
    seed[..partner.len()].copy_from_slice(partner.as_bytes());
    seed.iter().map(|byte| format!("{byte:02x}")).collect()
}
