//! The real program, killed without warning during upload, consent and seal: nothing acknowledged is lost.
#![cfg(all(unix, feature = "service"))]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use kit::{consent, linkage_key, package, raw, signing_key};
use kobling::audit::{Receipt, SignedReceipt, verify_extension};
use kobling::client::{Client, ClientError, upload};
use kobling::secret::{Random as _, SeededRandom};
use machine::{Machine, Serving};

/// How far the upload has come, as the service says.
fn offset(machine: &Machine, serving: &Serving, id: &str) -> u64 {
    let (path, bearer) = (format!("/v1/uploads/{id}"), machine.bearer("lokk-it"));
    let head = raw(&serving.address, "HEAD", &path, Some(&bearer), &[("Tus-Resumable", "1.0.0")], &[]);
    assert_eq!(head.status, 200);
    head.header("upload-offset").expect("an offset").parse().expect("a number")
}

/// Begins a request that never ends: all but the last byte it announced.
fn begin_patch(
    machine: &Machine,
    serving: &Serving,
    id: &str,
    offset: u64,
    bytes: &[u8],
) -> std::net::TcpStream {
    let host = serving.address.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).expect("connected");
    let bearer = machine.bearer("lokk-it");
    write!(
        stream,
        "PATCH /v1/uploads/{id} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {bearer}\r\n\
         Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\n\
         Content-Length: {}\r\n\r\n",
        bytes.len() + 1
    )
    .expect("sent");
    stream.write_all(bytes).expect("sent");
    stream
}

#[test]
fn killed_during_an_upload() {
    let machine = Machine::new();
    let package = package(&machine.path("packages"), "lokk", 0..600, 70);
    let data = std::fs::read(package.data_path()).expect("readable");
    let blocks = &package.manifest.resources[0].blocks;
    assert!(blocks.len() >= 4, "{} blocks", blocks.len());
    let opening = serde_json::json!({
        "manifest": std::str::from_utf8(&package.manifest_bytes).expect("UTF-8"),
        "signature": package.signature().expect("signed").to_string(),
    })
    .to_string();
    let mut random = SeededRandom::from_number(1);
    let (mut id, mut acknowledged, mut at_block) = (String::new(), 0, 0);
    for round in 0..8 {
        let serving = machine.serve();
        let bearer = machine.bearer("lokk-it");
        let opened = raw(&serving.address, "POST", "/v1/uploads", Some(&bearer), &[], opening.as_bytes());
        let opened: serde_json::Value = serde_json::from_str(&opened.body).expect("JSON");
        let opened_id = opened["id"].as_str().expect("an id").to_owned();
        assert!(round == 0 || opened_id == id, "the opening was acknowledged, so it is still there");
        id = opened_id;
        let stands = offset(&machine, &serving, &id);
        assert!(stands >= acknowledged, "round {round}: {stands} of {acknowledged} acknowledged");
        if at_block < blocks.len() - 1 {
            // Acknowledge one more block, then be killed while the next ones are under way.
            let from = usize::try_from(stands).expect("small");
            at_block = {
                let ends = blocks.iter().scan(0, |at, block| {
                    *at += u64::from(block.bytes);
                    Some(*at)
                });
                ends.take_while(|end| *end <= stands).count()
            };
            if at_block < blocks.len() - 1 {
                let length = blocks[at_block].bytes as usize;
                let offset = stands.to_string();
                let headers = [
                    ("Tus-Resumable", "1.0.0"),
                    ("Upload-Offset", offset.as_str()),
                    ("Content-Type", "application/offset+octet-stream"),
                ];
                let path = format!("/v1/uploads/{id}");
                let sent = raw(
                    &serving.address,
                    "PATCH",
                    &path,
                    Some(&bearer),
                    &headers,
                    &data[from..from + length],
                );
                assert_eq!(sent.status, 204, "{}", sent.body);
                acknowledged = sent.header("upload-offset").expect("an offset").parse().expect("a number");
                assert_eq!(acknowledged, stands + length as u64);
                let rest = &data[from + length..];
                let part = usize::try_from(random.below(rest.len() as u64)).expect("small");
                let stream = begin_patch(&machine, &serving, &id, acknowledged, &rest[..part]);
                std::thread::sleep(Duration::from_millis(random.below(60)));
                serving.kill();
                drop(stream);
                continue;
            }
        }
        serving.kill();
    }
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    let signature = package.signature().expect("signed");
    let done = upload(&lokk, &package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(done.id, id);
    serving.kill();
    // The receipt was given: it is the same for ever.
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    assert_eq!(lokk.fetch(&format!("/v1/uploads/{id}/receipt")).expect("a receipt"), done.receipt);
    serving.kill();
    machine.is_sound();
}

#[test]
fn killed_while_consents_are_recorded() {
    let machine = Machine::new();
    let mut random = SeededRandom::from_number(2);
    let mut receipts: Vec<(usize, Vec<u8>)> = Vec::new();
    let batches: Vec<Vec<_>> = (0..400)
        .map(|n| (n * 5..n * 5 + 5).map(|p| consent("lokk", p, "given", "2022-01-01T08:00:00Z")).collect())
        .collect();
    let batch = |n: usize| batches[n % batches.len()].as_slice();
    let mut next = 0usize;
    for _ in 0..5 {
        let serving = machine.serve();
        let lokk = machine.client(&serving, "lokk-it");
        // What was acknowledged before the kill is there, word for word.
        for (n, receipt) in &receipts {
            assert_eq!(
                &lokk
                    .record_consents(kit::linkage_key().id(), batch(*n), &signing_key("lokk"))
                    .expect("recorded"),
                receipt
            );
        }
        let mut serving = Some(serving);
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| {
                let mut given = Vec::new();
                loop {
                    match lokk.record_consents(kit::linkage_key().id(), batch(next), &signing_key("lokk")) {
                        Ok(receipt) => given.push((next, receipt)),
                        Err(ClientError::Unreachable { .. } | ClientError::Answer) => break,
                        Err(refused) => panic!("{refused}"),
                    }
                    next += 1;
                }
                given
            });
            std::thread::sleep(Duration::from_millis(30 + random.below(80)));
            serving.take().expect("serving").kill();
            receipts.extend(sender.join().expect("no panic"));
        });
    }
    assert!(receipts.len() >= 10, "{} batches were acknowledged", receipts.len());
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    let strand: serde_json::Value =
        serde_json::from_slice(&lokk.fetch("/v1/audit/strand").expect("entries")).expect("JSON");
    let entries: Vec<kobling::audit::Entry> =
        serde_json::from_value(strand["entries"].clone()).expect("entries");
    let receipt = |body: &[u8]| -> Receipt {
        let signed: SignedReceipt = serde_json::from_slice(body).expect("a receipt");
        serde_json::from_str(&signed.receipt).expect("a receipt")
    };
    let first = receipt(&receipts[0].1).head;
    for (_, later) in &receipts[1..] {
        let later = receipt(later).head;
        let place = |n: u64| usize::try_from(n).expect("small");
        verify_extension(&first, &later, &entries[place(first.position)..place(later.position)])
            .expect("every receipt extends the first");
    }
    serving.kill();
    machine.is_sound();
}

#[test]
fn killed_while_sealing() {
    let machine = Machine::new();
    let package = package(&machine.path("packages"), "lokk", 0..1500, 20);
    {
        let serving = machine.serve();
        let lokk = machine.client(&serving, "lokk-it");
        upload(&lokk, &package, &package.signature().expect("signed"), |_| ())
            .unwrap_or_else(|error| panic!("{error}"));
        serving.kill();
    }
    let snapshots = |machine: &Machine, serving: &Serving| -> Vec<serde_json::Value> {
        let body = machine.client(serving, "auditor").fetch("/v1/snapshots").expect("a list");
        serde_json::from_slice(&body).expect("JSON")
    };
    let mut random = SeededRandom::from_number(3);
    let mut acknowledged: Vec<serde_json::Value> = Vec::new();
    let mut cut = 0;
    for round in 0..8 {
        let serving = machine.serve();
        let there = snapshots(&machine, &serving);
        assert!(acknowledged.iter().all(|snapshot| there.contains(snapshot)), "round {round}");
        let folders = folders(&machine.path("data/snapshots"));
        assert_eq!(folders.len(), there.len(), "no orphan is left: {folders:?}");
        let steward = machine.client(&serving, "steward");
        let mut serving = Some(serving);
        std::thread::scope(|scope| {
            let sealing = scope.spawn(|| steward.post("/v1/seals", b"", None));
            std::thread::sleep(Duration::from_millis(random.below(if round % 2 == 0 { 40 } else { 400 })));
            serving.take().expect("serving").kill();
            match sealing.join().expect("no panic") {
                Ok(body) => {
                    let sealed: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
                    acknowledged.push(sealed["snapshot"].clone());
                }
                Err(_) => cut += 1,
            }
        });
    }
    assert!(cut > 0, "no seal was ever cut");
    // One that was acknowledged is there after a kill.
    let serving = machine.serve();
    let sealed = machine.client(&serving, "steward").post("/v1/seals", b"", None).expect("sealed");
    serving.kill();
    let sealed: serde_json::Value = serde_json::from_slice(&sealed).expect("JSON");
    let serving = machine.serve();
    assert!(snapshots(&machine, &serving).contains(&sealed["snapshot"]));
    serving.kill();
    machine.sound(&["seal"]);
    machine.is_sound();
}

/// Rows of every snapshot, and of every staged file that is in force.
fn rows(machine: &Machine) -> (Vec<usize>, i64) {
    let db = machine.database();
    let mut query = db.prepare("SELECT folder, manifest FROM snapshots ORDER BY id").expect("a query");
    let snapshots = query
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .expect("rows")
        .map(|row| {
            let (folder, manifest) = row.expect("a row");
            let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
            let sha256 = serde_json::from_value(manifest["sha256"].clone()).expect("a digest");
            let dir = machine.path("data/snapshots").join(folder);
            // It is whole: every byte is what its digests say.
            let snapshot = kobling::snapshot::Snapshot::load(
                &kobling::vault::Vault::of(&machine.service_key()),
                &dir,
                kit::programme(),
                &sha256,
            )
            .unwrap_or_else(|error| panic!("{error}"));
            snapshot.datasets.iter().map(|set| set.len()).sum()
        });
    let snapshots = snapshots.collect();
    (snapshots, db.query_row("SELECT sum(stored) FROM uploads", [], |row| row.get(0)).expect("a sum"))
}

#[test]
fn killed_while_erasing() {
    let machine = Machine::new();
    let package = package(&machine.path("packages"), "lokk", 0..400, 10);
    let batch = |persons: std::ops::Range<u64>, kind: &str, at: &str| -> Vec<_> {
        persons.map(|n| consent("lokk", n, kind, at)).collect()
    };
    let key = kit::linkage_key().id();
    {
        let serving = machine.serve();
        let lokk = machine.client(&serving, "lokk-it");
        let yes = batch(0..400, "given", "2022-01-01T08:00:00Z");
        lokk.record_consents(key, &yes, &signing_key("lokk")).expect("recorded");
        upload(&lokk, &package, &package.signature().expect("signed"), |_| ())
            .unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..2 {
            machine.client(&serving, "steward").post("/v1/seals", b"", None).expect("sealed");
        }
        serving.kill();
    }
    assert_eq!(rows(&machine), (vec![4000, 4000], 4000));
    let mut random = SeededRandom::from_number(5);
    let (mut acknowledged, mut cut) = (Vec::new(), 0);
    // Those acknowledged before an erasure that ended by itself: a no that comes in while one is under way, or a seal, waits
    // for its end to leave the packages; no answer reads its rows meanwhile.
    let mut settled = 0;
    // As long as it takes here when nobody kills it.
    let mut whole = Duration::from_millis(100);
    for round in 0..18u64 {
        let no = batch(round * 5..round * 5 + 5, "withdrawn", "2022-06-01T08:00:00Z");
        let serving = machine.serve();
        let lokk = machine.client(&serving, "lokk-it");
        let mut serving = Some(serving);
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| lokk.record_consents(key, &no, &signing_key("lokk")));
            std::thread::sleep(Duration::from_millis(random.below(if round % 2 == 0 { 30 } else { 200 })));
            serving.take().expect("serving").kill();
            match sending.join().expect("no panic") {
                Ok(receipt) => acknowledged.push((round, no.clone(), receipt)),
                Err(_) => cut += 1,
            }
        });
        let mut erasing = machine.command(&["erase", "--all-now"]);
        let mut erasing = erasing.stdout(std::process::Stdio::null()).spawn().expect("started");
        if round == 0 {
            let begun = Instant::now();
            assert!(erasing.wait().expect("ended").success());
            whole = begun.elapsed();
            settled = acknowledged.len();
        } else {
            let most = u64::try_from(whole.as_micros()).expect("short").max(1);
            std::thread::sleep(Duration::from_micros(random.below(most)));
            erasing.kill().expect("killed");
            if erasing.wait().expect("ended").success() {
                settled = acknowledged.len();
            } else {
                cut += 1;
            }
        }
        // Whatever was cut: every snapshot in force is whole, and what was settled is off the packages.
        machine.sound(&["doctor"]);
        let (snapshots, staged) = rows(&machine);
        let gone = 50 * i64::try_from(settled).expect("few");
        assert!(staged <= 4000 - gone, "round {round}: {staged}");
        assert!(snapshots.iter().all(|rows| i64::try_from(*rows).is_ok_and(|rows| rows >= staged)));
        assert_eq!(folders(&machine.path("data/snapshots")).len(), snapshots.len(), "no orphan is left");
        assert_eq!(folders(&machine.path("data/staged")).len(), 1, "no orphan is left");
    }
    assert!(cut > 4, "hardly anything was ever cut: {cut}");
    machine.sound(&["erase", "--all-now"]);
    let (snapshots, staged) = rows(&machine);
    assert!(snapshots.iter().all(|rows| i64::try_from(*rows) == Ok(staged)), "{snapshots:?} {staged}");
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    for (round, no, receipt) in &acknowledged {
        let again = lokk.record_consents(key, no, &signing_key("lokk")).expect("recorded");
        assert_eq!(again, *receipt, "round {round}: the same receipt");
    }
    let erasures: Vec<serde_json::Value> =
        serde_json::from_slice(&lokk.fetch("/v1/erasures").expect("a list")).expect("JSON");
    assert!(erasures.len() >= acknowledged.len());
    assert!(erasures.iter().all(|erasure| erasure["state"] == "done" && erasure["rows"] == 50));
    serving.kill();
    machine.is_sound();
}

#[test]
fn killed_after_an_answer() {
    let machine = Machine::new();
    machine.principal("vive-1", "evaluator", "vive");
    let package = package(&machine.path("packages"), "lokk", 0..13, 1);
    let batch = |persons: std::ops::Range<u64>, kind: &str| -> Vec<_> {
        persons.map(|n| consent("lokk", n, kind, "2022-01-01T08:00:00Z")).collect()
    };
    let ask = |serving: &Serving| -> serde_json::Value {
        let ask = serde_json::json!({ "by": [], "period": "2022-Q1..2022-Q4" });
        let vive = machine.client(serving, "vive-1");
        let body = vive.ask(&"reach".parse().expect("a name"), &ask).expect("an answer");
        serde_json::from_slice::<serde_json::Value>(&body).expect("JSON")["table"]["rows"].clone()
    };
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    lokk.record_consents(kit::linkage_key().id(), &batch(0..13, "given"), &signing_key("lokk"))
        .expect("recorded");
    upload(&lokk, &package, &package.signature().expect("signed"), |_| ())
        .unwrap_or_else(|error| panic!("{error}"));
    machine.client(&serving, "steward").post("/v1/seals", b"", None).expect("sealed");
    let shown = ask(&serving);
    assert_eq!(shown[0]["figures"][0]["count"], 15, "13, rounded to 15");
    serving.kill();
    // The answer left, so the ledger knows: 12 by itself would read 10, and one withdrawal would show.
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    lokk.record_consents(kit::linkage_key().id(), &batch(0..1, "withdrawn"), &signing_key("lokk"))
        .expect("recorded");
    assert_eq!(ask(&serving), shown);
    serving.kill();
    machine.is_sound();
}

fn folders(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).expect("readable");
    entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn refusals_have_their_exit_status() {
    let machine = Machine::new();
    let status = |arguments: &[&str]| {
        let output = machine.run(arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // 2: configuration.
    let (code, said) = status(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("--behind-proxy-that-ends-tls"), "{said}");
    let (code, _) = status(&["principal", "add", "--id", "x", "--role", "steward", "--organisation", "lokk"]);
    assert_eq!(code, Some(2), "the programme gives that role to somebody else");
    // A public key that begins with a hyphen is no option.
    let public = "-RTHEndG16uxPSK7tNqvQLv9nVcHrgqy7d90QuPwIDc";
    let (code, said) = status(&["partner", "enrol", "--partner", "mandecentret", "--public", public]);
    assert_eq!(code, Some(0), "{said}");
    // 3: files.
    let programme = concat!(env!("CARGO_MANIFEST_DIR"), "/programmes/interventionsmodel.toml");
    let id = linkage_key().id().to_string();
    let (code, said) = status(&["init", "--programme", programme, "--key-id", &id]);
    assert_eq!(code, Some(3), "{said}");
    // 4: keys. Another service key, and one inside the data folder.
    let inside = machine.path("data/service.key");
    std::fs::copy(machine.path("service.key"), &inside).expect("copied");
    let with_key = |key: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koblingd"));
        command.arg("doctor").arg("--data").arg(machine.path("data")).arg("--service-key").arg(key);
        let output = command.output().expect("run");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = with_key(&inside);
    assert_eq!(code, Some(4));
    assert!(said.contains("lies in the data folder"), "{said}");
    std::os::unix::fs::symlink(&inside, machine.path("linked.key")).expect("linked");
    assert_eq!(with_key(&machine.path("linked.key")).0, Some(4));
    std::fs::remove_file(&inside).expect("removed");
    let other = Machine::new();
    let (code, said) = with_key(&other.path("service.key"));
    assert_eq!(code, Some(4));
    assert!(said.contains("not the service key"), "{said}");
    // 5: refused. A second writer, by name; and a principal that is not there.
    let serving = machine.serve();
    let (code, said) = status(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("another koblingd is using this data folder"), "{said}");
    assert_eq!(code, Some(5));
    assert_eq!(status(&["principal", "revoke", "--id", "nobody"]).0, Some(5), "asked of the one that runs");
    // A polite end gives the folder back.
    let pid = serving.child.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().expect("run").success());
    let mut serving = serving;
    assert!(serving.child.wait().expect("ended").success(), "SIGTERM is a normal end");
    assert_eq!(status(&["principal", "revoke", "--id", "nobody"]).0, Some(5));
    let listed = machine.sound(&["principal", "list"]);
    assert!(listed.contains("lokk-it partner lokk") && !listed.contains("kobling-token"), "{listed}");
    machine.is_sound();
}

#[test]
fn over_tls_the_right_authority_is_answered_and_another_is_not() {
    let machine = Machine::new();
    // Made for this test, and trusted by nobody else.
    let tls = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kit/tls");
    let file = |name: &str| tls.join(name).to_str().expect("UTF-8").to_owned();
    let serving =
        machine.serve_with(&["--tls-cert", &file("service.pem"), "--tls-key", &file("service.key")]);
    assert!(serving.address.starts_with("https://"), "{}", serving.address);
    let token = machine.path("lokk-it.token");
    let trusting = Client::new(&serving.address, &token, Some(&tls.join("authority.pem"))).expect("a client");
    assert!(trusting.fetch("/v1/packages").is_ok());
    let distrusting = Client::new(&serving.address, &token, None).expect("a client");
    assert!(matches!(distrusting.fetch("/v1/packages"), Err(ClientError::Unreachable { .. })));
    serving.kill();
    let swapped =
        machine.run(&["serve", "--tls-cert", &file("service.key"), "--tls-key", &file("service.key")]);
    assert_eq!(swapped.status.code(), Some(3));
}
