//! SIGKILL at random moments under mixed load: uploads, consents, withdrawals, seals, answers and erasures at once.
//!
//! After each kill the service starts by itself, and what it acknowledged before is there: receipts word for word,
//! offsets, snapshots, answers in the log. At the end the chain verifies, every receipt extends the one before, and the
//! same question has the same answer after further kills.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kobling::audit::{Entry, Receipt, SignedReceipt, verify_extension};
use kobling::client::{Client, ClientError};
use kobling::consent::ConsentRecord;
use kobling::extract::Package;
use kobling::secret::{Random as _, SeededRandom};
use serde_json::{Value, json};

use crate::kit::{consent, linkage_key, package, raw, signing_key};
use crate::machine::{Machine, Serving};
use crate::{number, turn};

const LOKK: &str = "lokk";
const OTHER: &str = "mandecentret";
/// Persons of whom both partners speak.
const PERSONS: u64 = 60;

/// What was acknowledged, over all kills.
#[derive(Default)]
struct Acknowledged {
    /// Batches of consents by their partner: the batch, and its receipt.
    consents: Vec<(&'static str, Vec<ConsentRecord>, Vec<u8>)>,
    /// Uploads: how far each came.
    offsets: BTreeMap<String, u64>,
    /// Receipts of uploads.
    uploads: Vec<(String, Vec<u8>)>,
    snapshots: Vec<Value>,
    /// Digests of answers.
    answers: Vec<String>,
}

impl Acknowledged {
    fn add(&mut self, other: Acknowledged) {
        self.consents.extend(other.consents);
        for (id, offset) in other.offsets {
            let known = self.offsets.entry(id).or_default();
            *known = offset.max(*known);
        }
        self.uploads.extend(other.uploads);
        self.snapshots.extend(other.snapshots);
        self.answers.extend(other.answers);
    }
}

/// Whether an operation ended because the service did.
fn cut(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } | ClientError::Answer => true,
        // One operation can be in another's way: nothing was done.
        ClientError::Refused { status, code, .. } => {
            let known = matches!(code.as_str(), "no-snapshot" | "conflict" | "busy");
            assert!(known, "refused with {status} {code}");
            false
        }
        other => panic!("{other}"),
    }
}

fn id_of(partner: &str) -> String {
    format!("{partner}-it")
}

/// Records consents and withdrawals, one batch after the other, until the service is gone.
fn say(client: &Client, partner: &'static str, count: &AtomicU64, seed: u64) -> Acknowledged {
    let mut random = SeededRandom::from_number(seed);
    let mut done = Acknowledged::default();
    loop {
        let n = count.fetch_add(1, Ordering::SeqCst);
        let person = random.below(PERSONS);
        let kind = if n % 4 == 3 { "withdrawn" } else { "given" };
        // Each a minute later than the one before.
        let at = format!("2022-03-{:02}T{:02}:{:02}:00Z", 1 + n / 1440 % 28, n / 60 % 24, n % 60);
        let mut record = serde_json::to_value(consent(partner, person, kind, &at)).expect("JSON");
        record["event"]["record"] = format!("r-{n}").into();
        record["event"]["rows"] = json!({ "from": "2021-01-01" });
        let batch: Vec<ConsentRecord> = vec![serde_json::from_value(record).expect("a record")];
        match client.record_consents(linkage_key().id(), &batch, &signing_key(partner)) {
            Ok(receipt) => done.consents.push((partner, batch, receipt)),
            Err(error) if cut(&error) => return done,
            Err(_) => {}
        }
    }
}

/// Sends packages block by block, until the service is gone.
fn send(address: &str, bearer: &str, packages: &[Package], next: &AtomicU64) -> Acknowledged {
    let mut done = Acknowledged::default();
    let client = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let ask = |method: &str, path: &str, headers: &[(&str, String)], body: &[u8]| {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{address}{path}"))
            .header("Authorization", format!("Bearer {bearer}"));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        client.run(request.body(body.to_vec()).expect("a request")).ok()
    };
    loop {
        let at = usize::try_from(next.load(Ordering::SeqCst)).expect("small");
        let package = &packages[at % packages.len()];
        let body = json!({
            "manifest": std::str::from_utf8(&package.manifest_bytes).expect("UTF-8"),
            "signature": package.signature().expect("signed").to_string(),
        });
        let Some(mut opened) = ask("POST", "/v1/uploads", &[], body.to_string().as_bytes()) else {
            return done;
        };
        let Ok(text) = opened.body_mut().read_to_string() else { return done };
        assert!(opened.status().is_success(), "{} {text}", opened.status());
        let opened: Value = serde_json::from_str(&text).expect("JSON");
        let id = opened["id"].as_str().expect("an id").to_owned();
        let data = std::fs::read(package.data_path()).expect("readable");
        let mut offset = usize::try_from(opened["offset"].as_u64().expect("a number")).expect("small");
        done.offsets.insert(id.clone(), offset as u64);
        let blocks = &package.manifest.resources[0].blocks;
        let mut end = 0;
        for block in blocks {
            end += block.bytes as usize;
            if end <= offset {
                continue;
            }
            let headers = [
                ("Tus-Resumable", "1.0.0".to_owned()),
                ("Upload-Offset", offset.to_string()),
                ("Content-Type", "application/offset+octet-stream".to_owned()),
            ];
            let Some(mut sent) = ask("PATCH", &format!("/v1/uploads/{id}"), &headers, &data[offset..end])
            else {
                return done;
            };
            if sent.status() == 423 {
                continue;
            }
            let said = sent.body_mut().read_to_string().unwrap_or_default();
            assert_eq!(sent.status(), 204, "{said}");
            offset = end;
            done.offsets.insert(id.clone(), offset as u64);
        }
        let Some(mut receipt) = ask("GET", &format!("/v1/uploads/{id}/receipt"), &[], &[]) else {
            return done;
        };
        let Ok(receipt_body) = receipt.body_mut().read_to_vec() else { return done };
        assert_eq!(receipt.status(), 200, "{}", String::from_utf8_lossy(&receipt_body));
        done.uploads.push((id, receipt_body));
        next.fetch_add(1, Ordering::SeqCst);
    }
}

fn seal(client: &Client) -> Acknowledged {
    let mut done = Acknowledged::default();
    loop {
        match client.post("/v1/seals", b"", None) {
            Ok(body) => {
                let sealed: Value = serde_json::from_slice(&body).expect("JSON");
                done.snapshots.push(sealed["snapshot"].clone());
            }
            Err(error) if cut(&error) => return done,
            Err(_) => {}
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn ask(client: &Client) -> Result<Value, ClientError> {
    let ask = json!({ "by": ["role"], "period": "2022-Q1..2022-Q4" });
    let body = client.ask(&"reach".parse().expect("a name"), &ask)?;
    Ok(serde_json::from_slice(&body).expect("JSON"))
}

fn evaluate(client: &Client) -> Acknowledged {
    let mut done = Acknowledged::default();
    loop {
        match ask(client) {
            Ok(answer) => done.answers.push(answer["sha256"].as_str().expect("a digest").to_owned()),
            Err(error) if cut(&error) => return done,
            Err(_) => {}
        }
    }
}

/// Everything of a sample that was acknowledged is there.
fn is_there(machine: &Machine, serving: &Serving, done: &Acknowledged, random: &mut SeededRandom) {
    let pick = |random: &mut SeededRandom, length: usize| -> Vec<usize> {
        // The newest, and some from before.
        let newest = length.saturating_sub(4)..length;
        let older = (0..4).filter(|_| length > 0).map(|_| random.below(length as u64));
        newest.chain(older.map(|at| usize::try_from(at).expect("small"))).collect()
    };
    for at in pick(random, done.consents.len()) {
        let (partner, batch, receipt) = &done.consents[at];
        let client = machine.client(serving, &id_of(partner));
        let again = client.record_consents(linkage_key().id(), batch, &signing_key(partner));
        assert!(&again.expect("recorded") == receipt, "batch {at} of {partner} has another receipt");
    }
    let bearer = machine.bearer(&id_of(LOKK));
    let lokk = machine.client(serving, &id_of(LOKK));
    for at in pick(random, done.uploads.len()) {
        let (id, receipt) = &done.uploads[at];
        let again = lokk.fetch(&format!("/v1/uploads/{id}/receipt")).expect("a receipt");
        assert!(&again == receipt, "upload {id} has another receipt");
    }
    for (id, acknowledged) in done.offsets.iter().rev().take(3) {
        let path = format!("/v1/uploads/{id}");
        let head = raw(&serving.address, "HEAD", &path, Some(&bearer), &[("Tus-Resumable", "1.0.0")], &[]);
        let offset: u64 = head.header("upload-offset").expect("an offset").parse().expect("a number");
        assert!(offset >= *acknowledged, "{id}: {offset} of {acknowledged} acknowledged");
    }
    let snapshots: Vec<Value> =
        serde_json::from_slice(&machine.client(serving, "auditor").fetch("/v1/snapshots").expect("a list"))
            .expect("JSON");
    assert!(done.snapshots.iter().all(|sealed| snapshots.contains(sealed)), "a snapshot is lost");
    if let Some(answer) = done.answers.last() {
        let log = machine.client(serving, "steward").fetch("/v1/answers/log").expect("a log");
        let log: Value = serde_json::from_slice(&log).expect("JSON");
        let logged = log["lines"].as_array().expect("lines").iter().any(|line| line["sha256"] == **answer);
        assert!(logged, "an answer left that the log does not know");
    }
}

/// Every receipt of a partner extends every earlier one.
fn receipts_extend(machine: &Machine, serving: &Serving, done: &Acknowledged) {
    for partner in [LOKK, OTHER] {
        let client = machine.client(serving, &id_of(partner));
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let page = client.fetch(&format!("/v1/audit/strand?from={}", entries.len())).expect("entries");
            let page: Value = serde_json::from_slice(&page).expect("JSON");
            let page: Vec<Entry> = serde_json::from_value(page["entries"].clone()).expect("entries");
            if page.is_empty() {
                break;
            }
            entries.extend(page);
        }
        let own = done.consents.iter().filter(|(of, _, _)| *of == partner).map(|(_, _, receipt)| receipt);
        let uploads = done.uploads.iter().filter(|_| partner == LOKK).map(|(_, receipt)| receipt);
        let mut heads: Vec<_> = own
            .chain(uploads)
            .map(|body| {
                let signed: SignedReceipt = serde_json::from_slice(body).expect("a receipt");
                serde_json::from_str::<Receipt>(&signed.receipt).expect("a receipt").head
            })
            .collect();
        heads.sort_by_key(|head| head.position);
        let place = |n: u64| usize::try_from(n).expect("small");
        for pair in heads.windows(2) {
            let between = &entries[place(pair[0].position)..place(pair[1].position)];
            verify_extension(&pair[0], &pair[1], between).expect("it extends the one before");
        }
        assert!(heads.len() > 10, "{partner}: {} receipts", heads.len());
    }
}

/// `KOBLING_KILLS=1000` kills more often; `KOBLING_SEED` plays a run again, as far as threads allow.
#[test]
fn killed_at_random_moments_under_mixed_load() {
    let _turn = turn();
    let (kills, seed) = (number("KOBLING_KILLS", 100), number("KOBLING_SEED", 1));
    println!("{kills} kills, seed {seed}");
    let machine = Machine::new();
    let public = signing_key(OTHER).verifying_key().to_string();
    machine.sound(&["partner", "enrol", "--partner", OTHER, &format!("--public={public}")]);
    machine.principal(&id_of(OTHER), "partner", OTHER);
    machine.principal("vive-1", "evaluator", "vive");
    let packages: Vec<Package> =
        (0..4).map(|n| package(&machine.path("packages"), LOKK, 0..PERSONS, 500 + 40 * n)).collect();
    assert!(packages.iter().all(|package| package.manifest.resources[0].blocks.len() >= 2));
    let mut random = SeededRandom::from_number(seed);
    let mut done = Acknowledged::default();
    let (said, sent) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut erased = 0;
    for round in 0..kills {
        let serving = machine.serve_unhurried();
        is_there(&machine, &serving, &done, &mut random);
        let address = serving.address.clone();
        let bearer = machine.bearer(&id_of(LOKK));
        let clients = [LOKK, OTHER].map(|partner| (partner, machine.client(&serving, &id_of(partner))));
        let (steward, vive) = (machine.client(&serving, "steward"), machine.client(&serving, "vive-1"));
        let mut serving = Some(serving);
        std::thread::scope(|scope| {
            let mut working = Vec::new();
            for (at, (partner, client)) in clients.iter().enumerate() {
                let (said, seed) = (&said, seed * 1_000_000 + round * 2 + at as u64);
                working.push(scope.spawn(move || say(client, partner, said, seed)));
            }
            working.push(scope.spawn(|| send(&address, &bearer, &packages, &sent)));
            working.push(scope.spawn(|| seal(&steward)));
            working.push(scope.spawn(|| evaluate(&vive)));
            std::thread::sleep(Duration::from_millis(
                20 + random.below(if round % 4 == 0 { 1500 } else { 200 }),
            ));
            serving.take().expect("serving").kill();
            for work in working {
                done.add(work.join().expect("no panic"));
            }
        });
        if round % 10 == 9 {
            // The operator's command is killed too, while it erases.
            let mut erasing = machine.command(&["erase", "--all-now"]);
            let mut erasing = erasing
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .expect("started");
            std::thread::sleep(Duration::from_millis(random.below(400)));
            erasing.kill().ok();
            erasing.wait().expect("ended");
            erased += 1;
        }
        if round % 25 == 24 {
            machine.is_sound();
        }
    }
    println!(
        "{kills} kills of the service and {erased} of an erasure: {} batches, {} uploads, {} seals, {} answers acknowledged",
        done.consents.len(),
        done.uploads.len(),
        done.snapshots.len(),
        done.answers.len()
    );
    assert!(
        !done.uploads.is_empty() && !done.snapshots.is_empty() && !done.answers.is_empty(),
        "too little was done"
    );
    machine.sound(&["erase", "--all-now"]);
    let serving = machine.serve_unhurried();
    let all: Vec<_> = (0..done.consents.len()).collect();
    for at in all {
        let (partner, batch, receipt) = &done.consents[at];
        let client = machine.client(&serving, &id_of(partner));
        let again = client.record_consents(linkage_key().id(), batch, &signing_key(partner));
        assert!(&again.expect("recorded") == receipt, "batch {at} of {partner} has another receipt");
    }
    receipts_extend(&machine, &serving, &done);
    let answer = ask(&machine.client(&serving, "vive-1")).expect("an answer");
    serving.kill();
    for _ in 0..3 {
        let serving = machine.serve_unhurried();
        assert_eq!(ask(&machine.client(&serving, "vive-1")).expect("an answer"), answer, "the same answer");
        serving.kill();
    }
    machine.is_sound();
}
