//! A service in this process on a clock that the test moves, with two partners that record consents and send rows.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use kobling::audit::{Receipt, SignedReceipt};
use kobling::auth::{Principal, Role};
use kobling::clock::{Clock, Day, FixedClock, Timestamp};
use kobling::consent::{ConsentBatch, ConsentRecord};
use kobling::programme::Programme;
use kobling::question::Ask;
use kobling::service::{Erase, Service, UploadRequest};
use kobling::snapshot::Snapshot;

use crate::kit::{self, linkage_key, package_of, signing_key};

const START: &str = "2025-06-01T08:00:00Z";

/// A row of a course of help: person, day of 2022, from 0.
pub type Row = (u64, i32);

/// A service on a clock that the test moves.
pub struct Desk {
    service: Option<Service>,
    pub clock: Arc<FixedClock>,
    dir: tempfile::TempDir,
    pub records: u32,
}

pub fn instant(at: &str) -> Timestamp {
    at.parse().expect("an instant")
}

pub fn day(n: i32) -> Day {
    Day::from_ymd(2022, 1, 1).expect("a day").plus(n)
}

pub fn partner(name: &str) -> Principal {
    Principal {
        id: format!("{name}-it").parse().expect("a name"),
        name: name.to_owned(),
        role: Role::Partner,
        organisation: name.parse().expect("a name"),
        person: None,
    }
}

pub fn vive() -> Principal {
    let organisation = "vive".parse().expect("a name");
    Principal {
        id: "vive-1".parse().expect("a name"),
        name: "v".to_owned(),
        role: Role::Evaluator,
        organisation,
        person: None,
    }
}

impl Desk {
    pub fn new() -> Desk {
        Desk::of(kit::PROGRAMME)
    }

    pub fn of(text: &str) -> Desk {
        let dir = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(FixedClock::new(instant(START)));
        let key = kit::service_key();
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let data = dir.path().join("data");
        Service::initialise(&data, &programme, text, linkage_key().id(), &key, clock.now())
            .unwrap_or_else(|error| panic!("{error}"));
        let mut desk = Desk { service: None, clock, dir, records: 0 };
        desk.start();
        for partner in ["lokk", "mandecentret"] {
            let (actor, id) = (desk.it().operator(), partner.parse().expect("a name"));
            desk.it().enrol_key(&actor, &id, &signing_key(partner).verifying_key()).expect("enrolled");
        }
        desk
    }

    pub fn it(&self) -> &Service {
        self.service.as_ref().expect("started")
    }

    pub fn start(&mut self) {
        self.service = None;
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        self.service = Some(kit::open(&self.dir.path().join("data"), &clock));
    }

    pub fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    pub fn advance(&self, days: i64) {
        self.clock.set(self.clock.now().plus_millis(days * 86_400_000));
    }

    /// Sends rows as a package; returns its id.
    pub fn send(&self, from: &str, rows: &[Row]) -> String {
        let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
        for (person, at) in rows {
            let (y, m, d) = day(*at).ymd();
            let cpr = kit::cpr(*person);
            text.push_str(&format!("{cpr};S-{person};{d:02}-{m:02}-{y};Kontakt;Voldsudsat;147\r\n"));
        }
        let folder = tempfile::tempdir_in(self.dir.path()).expect("a folder");
        let package = package_of(folder.path(), from, &text, &linkage_key());
        let manifest = String::from_utf8(package.manifest_bytes.clone()).expect("UTF-8");
        let signature = package.signature().expect("signed").to_string();
        let request = UploadRequest { manifest: &manifest, signature: &signature };
        let caller = partner(from);
        let opened = self.it().open_upload(&caller, request).unwrap_or_else(|error| panic!("{error}"));
        let mut bytes = Some(std::fs::read(package.data_path()).expect("readable"));
        let standing = self.it().append(&caller, &opened.id, opened.offset, || bytes.take());
        assert!(standing.unwrap_or_else(|error| panic!("{error}")).complete);
        opened.id
    }

    /// An event that happens now, of a record of its own.
    pub fn event(&mut self, from: &str, person: u64, kind: &str) -> serde_json::Value {
        self.records += 1;
        let at = self.clock.now().to_string();
        let mut record = serde_json::to_value(kit::consent(from, person, kind, &at)).expect("JSON");
        record["event"]["record"] = format!("r-{}", self.records).into();
        record["event"]["rows"] = serde_json::json!({ "from": "2021-01-01" });
        record
    }

    pub fn record(&self, from: &str, events: Vec<serde_json::Value>) -> Receipt {
        let records: Vec<ConsentRecord> =
            events.into_iter().map(|event| serde_json::from_value(event).expect("a record")).collect();
        let body = serde_json::to_vec(&ConsentBatch { key_id: linkage_key().id(), records }).expect("JSON");
        let signature = signing_key(from).sign("kobling/v1/consents", &body).to_string();
        let receipt = self.it().record_consents(&partner(from), &body, &signature);
        self.receipt(&receipt.unwrap_or_else(|error| panic!("{error}")))
    }

    pub fn say(&mut self, from: &str, persons: Range<u64>, kind: &str) -> Receipt {
        let events = persons.map(|person| self.event(from, person, kind)).collect();
        self.record(from, events)
    }

    pub fn receipt(&self, signed: &SignedReceipt) -> Receipt {
        signed.verify(&self.it().verifying_key()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn seal(&self) -> u32 {
        self.it().seal(&self.it().operator()).unwrap_or_else(|error| panic!("{error}")).snapshot.id
    }

    pub fn look_after(&self, erase: Erase) -> kobling::service::Upkeep {
        self.it().look_after(&self.it().operator(), erase).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn ask(&self, question: &str, by: &[&str]) -> String {
        let ask: Ask = serde_json::from_value(serde_json::json!({
            "question": question, "by": by, "period": "2022-Q1..2022-Q4"
        }))
        .expect("a question");
        self.it().ask(&vive(), &ask).unwrap_or_else(|error| panic!("{question}: {error}"))
    }

    /// Rows of a snapshot of one partner's courses of help, by person number.
    pub fn snapshot(&self, id: u32) -> Snapshot {
        let row =
            self.it().snapshots().expect("listed").into_iter().find(|row| row.id == id).expect("sealed");
        let manifest: serde_json::Value = serde_json::from_str(&row.manifest).expect("JSON");
        let sha256 = serde_json::from_value(manifest["sha256"].clone()).expect("a digest");
        let dir = self.data().join("snapshots").join(&row.folder);
        Snapshot::load(&kit::vault(), &dir, self.it().programme(), &sha256)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Link and person number of those who recorded something at a partner, by the order in which they did.
    pub fn link(&self, from: &str, person: u64) -> Option<Vec<u8>> {
        let token = kit::token(from, person);
        let token = kobling::token::Token::parse(token.as_bytes()).unwrap_or_else(|_| panic!("a token"));
        let key = kit::service_key();
        let partner: kobling::name::PartnerId = from.parse().expect("a name");
        let link = kobling::token::Linker::new(&key, &partner, &partner).link(&token);
        Some(link.as_stored().to_vec())
    }

    pub fn query<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let db = kit::database(&self.data(), &kit::service_key());
        db.query_row(sql, [], |row| row.get(0)).expect("a row")
    }

    /// Files of the data folder, and tables of the database, in which some bytes stand: raw, in hexadecimal or base64.
    pub fn where_is(&self, bytes: &[u8]) -> BTreeSet<String> {
        use base64::Engine as _;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
        for engine in [
            base64::engine::general_purpose::STANDARD_NO_PAD,
            base64::engine::general_purpose::URL_SAFE_NO_PAD,
        ] {
            forms.push(engine.encode(bytes).into_bytes());
        }
        let holds = |content: &[u8]| {
            forms.iter().any(|form| content.windows(form.len()).any(|window| window == form))
        };
        let mut found = BTreeSet::new();
        for (path, content) in kit::clear_files(&self.data()) {
            if holds(&content) {
                let inside = path.strip_prefix(self.data()).expect("inside");
                found.insert(
                    inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned(),
                );
            }
        }
        let db = kit::database(&self.data(), &kit::service_key());
        for table in ["consent_events", "tombstones", "spine", "aliases", "erasure_links", "erasure_orders"] {
            let columns = if table == "aliases" { "first || second" } else { "link" };
            let count: i64 = db
                .query_row(
                    &format!("SELECT count(*) FROM {table} WHERE instr({columns}, ?1)"),
                    [bytes],
                    |row| row.get(0),
                )
                .expect("counted");
            if count != 0 {
                found.insert(format!("table {table}"));
            }
        }
        found
    }
}
