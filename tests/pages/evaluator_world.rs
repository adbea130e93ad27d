//! What evaluators' and payers' pages are tried on: two partners' courses of help in 2022, sealed, with cells of 0 and 7.

use kobling::auth::Role;
use kobling::client::upload;
use kobling::clock::Day;
use kobling::consent::ConsentRecord;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::contract::programme;
use crate::kit::{Raw, Running, consent, cpr, linkage_key, package_of, raw, signing_key};

pub const PERIOD: &str = "2022-Q1..2022-Q4";

/// Persons by municipality: one cell of nobody and one of seven.
const MUNICIPALITIES: [(&str, u64); 5] = [("101", 90), ("147", 60), ("155", 0), ("185", 7), ("Andet", 45)];

pub struct World {
    pub running: Running,
    pub vive: String,
    pub investor: String,
}

impl World {
    pub fn new() -> World {
        World::of(&programme())
    }

    /// With a programme that has other words.
    pub fn of(text: &str) -> World {
        let running = Running::of(text);
        let world = World {
            vive: running.bearer("vive-1", Role::Evaluator, "vive"),
            investor: running.bearer("investor-1", Role::Payer, "investor"),
            running,
        };
        // The police and a municipality trace two of three; two organisations have the courses, each of half of every municipality.
        let mut sent = ["lokk", "mandecentret", "koebenhavns-politi", "frederiksberg"].map(|id| {
            let case = if id == "koebenhavns-politi" { "Sagsnummer" } else { "Sagsnr" };
            let head = format!("CPR-nr;{case};Dato;Trin;Rolle;Kommune\r\n");
            (id, world.running.partner(id), head, Vec::<ConsentRecord>::new())
        });
        let mut n = 0;
        for (municipality, persons) in MUNICIPALITIES {
            for _ in 0..persons {
                let mut row = |at: usize, after: i32, step: &str| {
                    let day = Day::from_ymd(2022, 1, 1).expect("a day");
                    let day = day.plus(i32::try_from(n * 7 % 330).expect("small") + after);
                    let (y, m, d) = day.ymd();
                    let role = if n % 4 == 0 { "Voldsudøver" } else { "Voldsudsat" };
                    let cpr = cpr(n);
                    let row = format!("{cpr};S-{n};{d:02}-{m:02}-{y};{step};{role};{municipality}\r\n");
                    sent[at].2.push_str(&row);
                };
                let course = usize::from(n % 2 == 1);
                let tracer = [Some(2), None, Some(3)][usize::try_from(n % 3).expect("small")];
                if let Some(tracer) = tracer {
                    row(tracer, 0, "Opsporet");
                    if n % 11 != 0 {
                        row(tracer, 1, "Tilbudt");
                        row(tracer, 2, "Samtykke givet");
                    }
                }
                row(course, 4, "Kontakt");
                if n % 5 != 0 {
                    row(course, 8, "Startet");
                }
                if n % 5 > 1 {
                    row(course, 14, "Gennemført");
                }
                for at in [Some(course), tracer].into_iter().flatten() {
                    // A yes to the police holds for a year.
                    let said = if at == 2 { "2025-05-01T08:00:00Z" } else { "2022-01-01T08:00:00Z" };
                    let record = consent(sent[at].0, n, "given", said);
                    let mut record = serde_json::to_value(record).expect("JSON");
                    if at < 2 {
                        record["event"]["purposes"] = json!(["evaluation", "payment"]);
                    }
                    record["event"]["rows"] = json!({ "from": "2021-01-01" });
                    record["event"]["recipients"] = json!(["vive", "investor"]);
                    sent[at].3.push(serde_json::from_value(record).expect("a record"));
                }
                n += 1;
            }
        }
        for (id, client, text, consents) in &sent {
            client.record_consents(linkage_key().id(), consents, &signing_key(id)).expect("recorded");
            let package = package_of(&world.running.packages(), id, text, &linkage_key());
            let signature = package.signature().expect("signed");
            upload(client, &package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}"));
        }
        world.running.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
        let steward = world.running.bearer("steward-1", Role::Steward, "styregruppe");
        assert_eq!(raw(&world.running.address, "POST", "/v1/seals", Some(&steward), &[], &[]).status, 201);
        world
    }

    /// A browser in which somebody is signed in.
    pub fn browser(&self, language: &str, bearer: &str) -> Browser {
        let browser = Browser::start();
        browser.sign_in_with(&self.running, language, bearer);
        browser
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.address)
    }

    /// What the API answers.
    pub fn ask(&self, question: &str, by: &[&str], population: Option<&str>) -> Raw {
        let body = json!({ "by": by, "period": PERIOD, "population": population }).to_string();
        let path = format!("/v1/questions/{question}");
        raw(&self.running.address, "POST", &path, Some(&self.vive), &[], body.as_bytes())
    }
}

/// What an address of this service answers to the browser: status and bytes.
pub fn fetched(browser: &Browser, path: &str) -> (u64, Vec<u8>) {
    use base64::Engine as _;
    let found = browser.script_later(
        "const done = arguments[1];
         fetch(arguments[0]).then(async answer => {
             const bytes = new Uint8Array(await answer.arrayBuffer());
             let text = '';
             for (const byte of bytes) text += String.fromCharCode(byte);
             done([answer.status, btoa(text)]);
         }, error => done([0, btoa(String(error))]));",
        vec![json!(path)],
    );
    let (status, text): (u64, String) = serde_json::from_value(found).expect("a status and bytes");
    (status, base64::engine::general_purpose::STANDARD.decode(text).expect("base64"))
}

/// Cells of a table's body, row by row, as they read.
pub fn cells(browser: &Browser, table: &str) -> Vec<Vec<String>> {
    let script = "return [...document.querySelectorAll(arguments[0] + ' tbody tr')].map(row =>
        [...row.children].map(cell => {
            const hidden = cell.querySelector('.kb-hidden');
            return (hidden || cell).textContent.trim();
        }))";
    let found: Value = browser.script(script, vec![json!(table)]);
    serde_json::from_value(found).expect("cells")
}
