//! Uploads that are cut everywhere, and a tus client of others: what arrives is what an uncut upload brings.
#![cfg(all(unix, feature = "service"))]

#[path = "kit/cutter.rs"]
mod cutter;
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cutter::{Cut, Cutter};
use kit::{Running, connect, package, raw};
use kobling::client::{Client, Patience, UploadError, upload, upload_patiently};
use kobling::extract::Package;
use kobling::secret::SeededRandom;
use machine::Machine;
use proptest::prelude::*;

/// One package for all, of some blocks.
fn shared() -> &'static (tempfile::TempDir, Package) {
    static SHARED: OnceLock<(tempfile::TempDir, Package)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a folder");
        let package = package(dir.path(), "lokk", 0..300, 90);
        assert!(package.manifest.resources[0].blocks.len() >= 3);
        (dir, package)
    })
}

/// Staged rows, and facts of the receipt.
type Outcome = (Vec<u8>, Vec<(String, String)>);

/// What a service holds of the one package that it has: the staged rows, byte for byte, and the facts of the receipt.
fn outcome(running: &Running, client: &Client, receipt: &[u8]) -> Outcome {
    let mut staged = kit::clear_files(&running.data());
    staged.retain(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with("staged")));
    let [(_, rows)] = &staged[..] else { panic!("{} files are staged", staged.len()) };
    let read = running.receipt(receipt);
    let facts = read.subject.items().filter(|(name, _)| *name != "package");
    let facts = facts.map(|(name, item)| (name.to_owned(), format!("{item:?}"))).collect();
    let [listed] = &client.packages().expect("listed")[..] else { panic!("more than one upload") };
    assert_eq!((listed.state.as_str(), &listed.id), ("complete", &read.id));
    (rows.clone(), facts)
}

/// The outcome without a cut.
fn uncut() -> &'static Outcome {
    static UNCUT: OnceLock<Outcome> = OnceLock::new();
    UNCUT.get_or_init(|| {
        let running = Running::new();
        let client = running.partner("lokk");
        let (_, package) = shared();
        let done = upload(&client, package, &package.signature().expect("signed"), |_| ());
        outcome(&running, &client, &done.unwrap_or_else(|error| panic!("{error}")).receipt)
    })
}

/// Uploads through a line that is cut by a plan, in as many runs as it takes; how many cuts there were.
fn cut_by(plan: Vec<Cut>, seed: u64) -> usize {
    let (_, package) = shared();
    let running = Running::new();
    let direct = running.partner("lokk");
    let line = Cutter::new(&running.address, plan, Duration::ZERO);
    let bearer = std::fs::read_to_string(running.dir.path().join("lokk-it.token")).expect("there");
    let client = connect(running.dir.path(), &line.address, "cut", bearer.trim());
    let mut random = SeededRandom::from_number(seed);
    let signature = package.signature().expect("signed");
    let mut runs = 0;
    let done = loop {
        runs += 1;
        let mut wait = |_| std::thread::sleep(Duration::from_millis(1));
        let mut patience = Patience::new(&mut random, &mut wait);
        match upload_patiently(&client, package, &signature, &mut patience, |_| ()) {
            Ok(done) => break done,
            // A run may give up; the next goes on.
            Err(UploadError::Client(error)) if runs < 100 => {
                let said = error.to_string();
                assert!(
                    said.contains("reached")
                        || said.contains("cut")
                        || said.contains("understood")
                        || said.contains("status 423"),
                    "{said}"
                );
            }
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(&outcome(&running, &direct, &done.receipt), uncut());
    let again = upload(&direct, package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again, done, "asked twice, the receipt is the same bytes");
    line.cuts()
}

/// Every kind of place: around every end of a block, within what is asked and what is answered, and before the answer.
#[test]
fn cut_at_every_kind_of_place() {
    let (_, package) = shared();
    let mut end = 0;
    let mut plan = Vec::new();
    for block in &package.manifest.resources[0].blocks {
        end += u64::from(block.bytes);
        // The rows of a request stand after some 300 bytes of header; what was sent before adds to it.
        for around in [0, 1, 250, 280, 300, 320, 350, 400, 1000] {
            plan.push(Cut::Up(end + around));
        }
        plan.extend([0, 1, 15, 100, 200].map(Cut::Down));
    }
    plan.extend((0..30).map(|n| Cut::Down(n * 13)));
    plan.extend((0..30).map(|n| Cut::Up(n * 37)));
    // A plan is a queue of connections; a run that gets through early leaves the rest of it. So: in portions, each of an
    // upload of its own.
    let mut cuts = 0;
    for (at, portion) in plan.chunks(8).enumerate() {
        cuts += cut_by(portion.to_vec(), at as u64);
    }
    eprintln!("{cuts} cuts");
    assert!(cuts >= 60, "{cuts} cuts");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn cut_anywhere_the_outcome_is_that_of_an_uncut_upload(
        plan in proptest::collection::vec((any::<bool>(), 0u64..4_000_000, 0u64..900), 1..10),
        seed: u64,
    ) {
        let plan = plan.into_iter().map(|(up, far, near)| if up { Cut::Up(far) } else { Cut::Down(near) });
        cut_by(plan.collect(), seed);
    }
}

/// Somebody who says how long to be left alone is left alone so long, by a client that has the time.
#[test]
fn retry_after_is_waited_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            // All of the request is read: a socket closed with something unread takes the answer with it.
            stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
            while stream.read(&mut [0; 65536]).is_ok_and(|read| read > 0) {}
            let body = r#"{"title":"busy","code":"busy"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let (dir, package) = shared();
    let client = connect(dir.path(), &address, "waiting", "kobling-token-1.x");
    let mut waited = Vec::new();
    let mut wait = |time| waited.push(time);
    let mut random = SeededRandom::from_number(1);
    let mut patience = Patience::new(&mut random, &mut wait);
    let refused =
        upload_patiently(&client, package, &package.signature().expect("signed"), &mut patience, |_| ());
    assert!(refused.expect_err("busy").to_string().contains("busy"));
    assert_eq!(waited, [Duration::from_secs(7); 2]);
}

/// The real `kobling upload`, killed (SIGKILL) while rows are on their way, and carried on by a new process.
#[test]
fn a_killed_process_is_carried_on_by_another() {
    let machine = Machine::new();
    let serving = machine.serve();
    let (_, package) = shared();
    let folder = package.data_path().parent().expect("a folder").to_owned();
    let client = machine.client(&serving, "lokk-it");
    let slow = Cutter::new(&serving.address, Vec::new(), Duration::from_millis(4));
    let command = |address: &str, receipt: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
        command.arg("upload").arg(&folder).args(["--service", address, "--receipt"]);
        command.arg(machine.path(receipt)).arg("--token-file").arg(machine.path("lokk-it.token"));
        command.stdout(Stdio::null()).stderr(Stdio::null()).env("KOBLING_LANG", "en");
        command
    };
    let mut reached = 0;
    for after in [30, 150, 300, 450, 600, 750] {
        let mut child = command(&slow.address, "killed.json").spawn().expect("started");
        std::thread::sleep(Duration::from_millis(after));
        child.kill().expect("killed");
        if child.wait().expect("ended").success() {
            break;
        }
        if let Some(open) = client.packages().expect("listed").iter().find(|p| p.state == "open") {
            let mut standing = client.standing(&open.id);
            // The cut connection may not have been noticed yet.
            for _ in 0..100 {
                if standing.is_ok() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
                standing = client.standing(&open.id);
            }
            let offset = standing.unwrap_or_else(|error| panic!("{error}")).offset;
            assert!(offset >= reached, "what is durable stays: {offset} after {reached}");
            reached = offset;
        }
    }
    assert!(command(&serving.address, "last.json").status().expect("run").success());
    let receipt = std::fs::read(machine.path("last.json")).expect("a receipt");
    let [listed] = &client.packages().expect("listed")[..] else { panic!("more than one upload") };
    assert_eq!((listed.state.as_str(), listed.rows), ("complete", package.manifest.kobling.rows.sent));
    let again = upload(&client, package, &package.signature().expect("signed"), |_| ()).expect("known");
    assert_eq!(again.receipt, receipt);
    drop(serving);
    machine.is_sound();
}

/// What tuspy did, as it says.
fn tuspy(address: &str, token: &Path, package: &Path, seed: u64, create: &str) -> Option<serde_json::Value> {
    let Some(python) = std::env::var_os("KOBLING_EXCHANGE_PYTHON") else {
        eprintln!(
            "KOBLING_EXCHANGE_PYTHON is not set: tests/tus/upload.py was NOT run; tests/run installs what it needs"
        );
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tus/upload.py");
    let output = Command::new(python)
        .args([Path::new(script), Path::new(address), token, package])
        .args([&seed.to_string(), create])
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// `tuspy` from PyPI, against the real program: chunks, checksums (SHA-1), cut at random bytes and carried on, created by our
/// form and by its own.
#[test]
fn a_foreign_client_uploads_and_its_receipt_is_as_good() {
    let (_, package) = shared();
    let folder = package.data_path().parent().expect("a folder").to_owned();
    let length = package.manifest.resources[0].bytes;
    let mut cuts = 0;
    for (seed, create) in [(1, "json"), (2, "tus"), (3, "json"), (4, "tus")] {
        let machine = Machine::new();
        let serving = machine.serve();
        let mut random = SeededRandom::from_number(seed);
        // The first connections create; then every second one is cut somewhere.
        let plan = (0..40).map(|n| {
            use kobling::secret::Random as _;
            if n < 3 || n % 2 == 0 { Cut::Up(u64::MAX) } else { Cut::Up(random.below(length)) }
        });
        let line = Cutter::new(&serving.address, plan.collect(), Duration::ZERO);
        let token = machine.path("lokk-it.token");
        let Some(said) = tuspy(&line.address, &token, &folder, seed, create) else { return };
        cuts += line.cuts();
        assert_eq!(said["extensions"], "creation,checksum,expiration,termination");
        let client = machine.client(&serving, "lokk-it");
        let own = upload(&client, package, &package.signature().expect("signed"), |_| ()).expect("known");
        assert_eq!((said["id"].as_str(), said["receipt"].as_bytes_text()), (Some(&*own.id), &*own.receipt));
        let shown: serde_json::Value =
            serde_json::from_slice(&client.fetch("/v1/programme").expect("shown")).expect("JSON");
        let key = shown["service_key"].as_str().expect("a key").parse().expect("a key");
        let signed: kobling::audit::SignedReceipt = serde_json::from_slice(&own.receipt).expect("a receipt");
        let receipt = signed.verify(&key).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(receipt.id, own.id);
    }
    eprintln!("{cuts} cuts of tuspy");
    assert!(cuts >= 4, "{cuts} cuts");
}

/// The bytes of a JSON string.
trait Text {
    fn as_bytes_text(&self) -> &[u8];
}

impl Text for serde_json::Value {
    fn as_bytes_text(&self) -> &[u8] {
        self.as_str().expect("a text").as_bytes()
    }
}

/// tus' own creation: what it takes, and that everything else is refused without a word of what came.
#[test]
fn creation_takes_a_signed_manifest_and_nothing_else() {
    let running = Running::new();
    running.partner("lokk");
    let bearer = std::fs::read_to_string(running.dir.path().join("lokk-it.token")).expect("there");
    let (_, package) = shared();
    let encoded = |text: &[u8]| STANDARD.encode(text);
    let manifest = encoded(&package.manifest_bytes);
    let signature = encoded(package.signature().expect("signed").to_string().as_bytes());
    let length = package.manifest.resources[0].bytes.to_string();
    let create = |headers: &[(&str, &str)], body: &[u8]| {
        raw(&running.address, "POST", "/v1/uploads", Some(bearer.trim()), headers, body)
    };
    let metadata = format!("manifest {manifest},signature {signature}");
    let tus = ("Tus-Resumable", "1.0.0");
    let whole = [tus, ("Upload-Length", &*length), ("Upload-Metadata", &*metadata)];
    let made = create(&whole, &[]);
    assert_eq!(
        (made.status, made.header("upload-offset"), made.header("tus-resumable")),
        (201, Some("0"), Some("1.0.0"))
    );
    let again = create(&whole, &[]);
    assert_eq!((again.status, again.header("location")), (201, made.header("location")));
    // A key that is not asked for does no harm; tus clients add a file's name.
    let more = format!("filename {}, {metadata}", encoded(b"data.csv"));
    assert_eq!(create(&[tus, whole[1], ("Upload-Metadata", &*more)], &[]).status, 201);
    let twice = format!("{metadata},manifest {manifest}");
    let unsigned = format!("manifest {manifest}");
    for (headers, body, status, code) in [
        (&[whole[1], whole[2]][..], &b""[..], 412, "tus-version"),
        (&[tus, whole[2]], b"", 400, "creation"),
        (&[tus, ("Upload-Length", "1"), whole[2]], b"", 400, "creation"),
        (&[tus, ("Upload-Defer-Length", "1"), whole[2]], b"", 400, "creation"),
        (&whole, b"token,dato\n", 400, "creation"),
        (&[tus, whole[1], ("Upload-Metadata", &*twice)], b"", 400, "creation"),
        (&[tus, whole[1], ("Upload-Metadata", &*unsigned)], b"", 400, "creation"),
        (&[tus, whole[1], ("Upload-Metadata", "manifest ???,signature x")], b"", 400, "creation"),
        (&[tus, whole[1], ("Upload-Metadata", "")], b"", 400, "creation"),
        (&[tus, whole[1]], b"", 400, "body"),
    ] {
        let refused = create(headers, body);
        assert_eq!((refused.status, &*refused.code()), (status, code), "{headers:?}");
    }
    // Another's signature is refused as in the other form.
    let forged = kit::signing_key("other").sign("kobling/v1/package", &package.manifest_bytes).to_string();
    let forged = format!("manifest {manifest},signature {}", encoded(forged.as_bytes()));
    assert_eq!(create(&[tus, whole[1], ("Upload-Metadata", &*forged)], &[]).code(), "signature");
    // More than the headers of a request may have: refused, not cut off.
    let host = running.address.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).expect("connected");
    let huge = "A".repeat(500_000);
    let head = format!(
        "POST /v1/uploads HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Length: {length}\r\nUpload-Metadata: manifest {huge},signature {signature}\r\nContent-Length: 0\r\n\r\n",
        bearer.trim()
    );
    // It may be refused before all of it is sent.
    let _ = stream.write_all(head.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    // How much of a header comes in at once decides whether it is too long or only wrong.
    let refused = ["HTTP/1.1 431", "HTTP/1.1 422"].iter().any(|status| answer.starts_with(status));
    assert!(answer.is_empty() || refused, "{answer}");
    let options = raw(&running.address, "OPTIONS", "/v1/uploads", None, &[], &[]);
    assert_eq!(options.header("tus-extension"), Some("creation,checksum,expiration,termination"));
}
