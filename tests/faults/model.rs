//! Random operations against the real service and against a model of a few lines: after every end, by signal or by kill,
//! and every start, they agree about each package, each person and each snapshot.

use std::collections::{BTreeMap, BTreeSet};

use kobling::client::{Client, upload};
use kobling::consent::HeldRequest;
use kobling::secret::{Random as _, SeededRandom};
use serde_json::{Value, json};

use crate::kit::{consent, cpr, linkage_key, package_in, signing_key, token};
use crate::machine::{Machine, Serving};
use crate::{number, turn};

const PERSONS: u64 = 24;
const QUARTERS: usize = 4;

/// What is in force of a quarter.
struct InForce {
    id: String,
    rows: BTreeMap<u64, u64>,
}

/// The service, in a few lines.
#[derive(Default)]
struct Model {
    permitted: BTreeSet<u64>,
    quarters: [Option<InForce>; QUARTERS],
    /// Rows kept on arrival, and state but for `complete` and `replaced`, of each package.
    packages: BTreeMap<String, (u64, bool)>,
    snapshots: usize,
    receipts: Vec<(String, Vec<u8>)>,
}

impl Model {
    fn rows(&self, person: u64) -> u64 {
        self.quarters.iter().flatten().filter_map(|package| package.rows.get(&person)).sum()
    }
}

struct Run {
    machine: Machine,
    serving: Option<Serving>,
    model: Model,
    random: SeededRandom,
    said: u64,
    /// The last answer, while nothing has happened since.
    answer: Option<Vec<u8>>,
}

impl Run {
    fn client(&self, id: &str) -> Client {
        self.machine.client(self.serving.as_ref().expect("serving"), id)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.random.below(n)
    }

    /// Some persons say yes, or no.
    fn say(&mut self) -> String {
        let (from, count) = (self.below(PERSONS), 1 + self.below(6));
        let yes = self.below(3) > 0;
        let persons: Vec<u64> = (from..from + count).map(|n| n % PERSONS).collect();
        let records: Vec<_> = persons
            .iter()
            .map(|person| {
                self.said += 1;
                let n = self.said;
                let at = format!("2022-05-{:02}T{:02}:{:02}:00Z", 1 + n / 1440, n / 60 % 24, n % 60);
                let kind = if yes { "given" } else { "withdrawn" };
                let mut record = serde_json::to_value(consent("lokk", *person, kind, &at)).expect("JSON");
                record["event"]["record"] = format!("r-{n}").into();
                record["event"]["rows"] = json!({ "from": "2021-01-01" });
                serde_json::from_value(record).expect("a record")
            })
            .collect();
        let client = self.client("lokk-it");
        client.record_consents(linkage_key().id(), &records, &signing_key("lokk")).expect("recorded");
        for person in &persons {
            if yes {
                self.model.permitted.insert(*person);
            } else {
                self.model.permitted.remove(person);
                for package in self.model.quarters.iter_mut().flatten() {
                    package.rows.remove(person);
                }
            }
        }
        format!("{persons:?} say {}", if yes { "yes" } else { "no" })
    }

    /// A package of a quarter about at least half of the persons; it replaces the one before.
    fn send(&mut self) -> String {
        let quarter = usize::try_from(self.below(QUARTERS as u64)).expect("small");
        let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
        let mut sent = BTreeMap::new();
        for person in 0..PERSONS {
            if person % 2 == 0 || self.below(2) == 0 {
                let rows = 1 + self.below(3);
                for row in 0..rows {
                    let (day, month) = (1 + (person + row * 9) % 28, 1 + quarter * 3);
                    let cpr = cpr(person);
                    text.push_str(&format!(
                        "{cpr};S-{person};{day:02}-{month:02}-2022;Kontakt;Voldsudsat;147\r\n"
                    ));
                }
                sent.insert(person, rows);
            }
        }
        let period = format!("2022-Q{}", quarter + 1).parse().ok();
        let package = package_in(&self.machine.path("packages"), "lokk", &text, &linkage_key(), period);
        let done = upload(&self.client("lokk-it"), &package, &package.signature().expect("signed"), |_| ())
            .unwrap_or_else(|error| panic!("{error}"));
        sent.retain(|person, _| self.model.permitted.contains(person));
        let kept = sent.values().sum();
        self.model.packages.insert(done.id.clone(), (kept, false));
        self.model.receipts.push((done.id.clone(), done.receipt));
        self.model.quarters[quarter] = Some(InForce { id: done.id, rows: sent });
        format!("a package of quarter {}, {kept} rows kept", quarter + 1)
    }

    /// Takes back all packages of a quarter, the newest first.
    fn withdraw(&mut self) -> String {
        let quarter = usize::try_from(self.below(QUARTERS as u64)).expect("small");
        let Some(package) = &self.model.quarters[quarter] else { return "nothing to withdraw".to_owned() };
        let (id, client) = (package.id.clone(), self.client("lokk-it"));
        let period = |own: &Value| own["period"].clone();
        let own: Vec<Value> =
            serde_json::from_slice(&client.fetch("/v1/packages").expect("a list")).expect("JSON");
        let of = own.iter().find(|own| own["id"] == *id).map(period).expect("it is listed");
        for own in own.iter().rev().filter(|own| period(own) == of && own["state"] != "withdrawn") {
            let id = own["id"].as_str().expect("an id");
            client
                .post(&format!("/v1/packages/{id}/withdraw"), b"", None)
                .unwrap_or_else(|error| panic!("{id}: {error}"));
            self.model.packages.get_mut(id).expect("known").1 = true;
        }
        self.model.quarters[quarter] = None;
        format!("quarter {} is taken back", quarter + 1)
    }

    fn seal(&mut self) -> String {
        self.client("steward").post("/v1/seals", b"", None).unwrap_or_else(|error| panic!("{error}"));
        self.model.snapshots += 1;
        format!("snapshot {}", self.model.snapshots)
    }

    fn ask(&mut self) -> String {
        let ask = json!({ "by": [], "period": "2022-Q1..2022-Q4" });
        let answer = self.client("vive-1").ask(&"reach".parse().expect("a name"), &ask);
        match answer {
            Err(error) => {
                assert_eq!(self.model.snapshots, 0, "{error}");
                "no answer yet".to_owned()
            }
            Ok(answer) => {
                assert!(
                    self.answer.as_ref().is_none_or(|before| *before == answer),
                    "the answer changed by itself"
                );
                self.answer = Some(answer);
                "an answer".to_owned()
            }
        }
    }

    /// Ends the service one way or the other, erases what is to be erased, and starts it again.
    fn restart(&mut self) -> String {
        let mut serving = self.serving.take().expect("serving");
        let kill = self.below(2) == 0;
        if kill {
            serving.kill();
        } else {
            let pid = i32::try_from(serving.child.id()).expect("a number");
            let pid = rustix::process::Pid::from_raw(pid).expect("a process");
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("told");
            assert!(serving.child.wait().expect("ended").success(), "told to end, it ends with status 0");
        }
        self.machine.sound(&["erase", "--all-now"]);
        self.serving = Some(self.machine.serve_unhurried());
        self.agrees();
        format!("restarted after {}", if kill { "a kill" } else { "a signal" })
    }

    fn agrees(&mut self) {
        let lokk = self.client("lokk-it");
        let own: Vec<Value> =
            serde_json::from_slice(&lokk.fetch("/v1/packages").expect("a list")).expect("JSON");
        assert_eq!(own.len(), self.model.packages.len());
        for package in &own {
            let (kept, withdrawn) = &self.model.packages[package["id"].as_str().expect("an id")];
            assert_eq!(package["kept"], *kept, "{package}");
            assert_eq!(package["state"] == "withdrawn", *withdrawn, "{package}");
        }
        for person in 0..PERSONS {
            let request = HeldRequest {
                key_id: linkage_key().id(),
                token: token("lokk", person),
                note: "the model".to_owned(),
            };
            let held =
                lokk.held(true, &request, &signing_key("lokk")).unwrap_or_else(|error| panic!("{error}"));
            let held: Value = serde_json::from_slice(&held).expect("JSON");
            let list = |value: &Value| value.as_array().expect("a list").clone();
            let datasets = list(&held["datasets"]);
            let rows = &datasets.iter().find(|set| set["id"] == "forloeb").expect("the dataset")["rows"];
            assert_eq!(*rows, self.model.rows(person), "rows of person {person}");
            let permits = list(&held["consents"]["permits"]);
            let permit = permits.iter().find(|p| {
                p["dataset"] == "forloeb" && p["purpose"] == "evaluation" && p["recipient"] == "vive"
            });
            let permitted = self.model.permitted.contains(&person);
            assert_eq!(permit.expect("a permit")["permitted"], permitted, "permit of person {person}");
        }
        let snapshots = self.client("auditor").fetch("/v1/snapshots").expect("a list");
        let snapshots: Vec<Value> = serde_json::from_slice(&snapshots).expect("JSON");
        assert_eq!(snapshots.len(), self.model.snapshots);
        for (id, receipt) in &self.model.receipts {
            let again = lokk.fetch(&format!("/v1/uploads/{id}/receipt"));
            if let Ok(again) = again {
                assert_eq!(again, *receipt, "{id}");
            } else {
                assert!(self.model.packages[id].1, "{id} has no receipt any more");
            }
        }
    }
}

/// `KOBLING_OPERATIONS` and `KOBLING_HISTORIES` for longer runs; `KOBLING_SEED` plays one again.
#[test]
fn a_model_of_a_few_lines_agrees_after_every_restart() {
    let _turn = turn();
    let (operations, histories) = (number("KOBLING_OPERATIONS", 60), number("KOBLING_HISTORIES", 3));
    let first = number("KOBLING_SEED", 1);
    let mut restarts = 0;
    for seed in first..first + histories {
        let machine = Machine::new();
        machine.principal("vive-1", "evaluator", "vive");
        let serving = Some(machine.serve_unhurried());
        let random = SeededRandom::from_number(seed);
        let mut run = Run { machine, serving, model: Model::default(), random, said: 0, answer: None };
        for at in 0..operations {
            let which = run.below(20);
            let told = match which {
                0..=5 => run.say(),
                6..=10 => run.send(),
                11 => run.withdraw(),
                12..=13 => run.seal(),
                14..=16 => run.ask(),
                _ => {
                    restarts += 1;
                    run.restart()
                }
            };
            // Shown when it fails.
            println!("seed {seed}, operation {at}: {told}");
            if which <= 13 {
                run.answer = None;
            }
        }
        run.restart();
        run.serving.take().expect("serving").kill();
        run.machine.is_sound();
    }
    println!("{} operations, {} restarts: no difference", operations * histories, restarts + histories);
}
