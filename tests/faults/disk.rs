//! Disks: full at every write, read-only, and damaged.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kobling::client::{ClientError, UploadError, upload};
use kobling::extract::Package;
use serde_json::{Value, json};

use crate::kit::{self, connect, consent, linkage_key, package, raw, signing_key};
use crate::machine::Machine;
use crate::{number, turn};

/// A service whose data folder is a file system of its own, of a size that the test chooses. What lies on it when the
/// service ends is copied out to where it was copied from.
struct Confined {
    shell: Child,
    /// The service itself: the shell waits for it.
    service: u32,
    address: String,
    log: PathBuf,
}

impl Confined {
    /// `options` are those of mount(8) for a tmpfs; `then` is done to it when the folder is in.
    fn serve(machine: &Machine, options: &str, then: &str) -> Confined {
        let (data, log) = (machine.path("data"), machine.path("serve.log"));
        let place = machine.path("place");
        std::fs::create_dir_all(&place).expect("made");
        // In a mount namespace of its own: nobody else sees it, and it goes with the last process in it.
        let script = "set -e
            mount -t tmpfs -o \"$4\" tmpfs \"$2\"
            cp -a \"$1/.\" \"$2/\"
            eval \"$5\"
            \"$6\" serve --listen 127.0.0.1:0 --data \"$2\" --service-key \"$3\" 2>\"$7\" &
            echo \"service $!\"
            wait $! || true
            mount -o remount,rw \"$2\" || true
            rm -rf \"$1\" && cp -a \"$2\" \"$1\"";
        let mut shell = Command::new("unshare")
            .args(if rustix::process::geteuid().is_root() { &["-m"][..] } else { &["-m", "-r"][..] })
            .args(["sh", "-c", script, "sh"])
            .args([&data, &place, &machine.path("service.key")])
            .args([options, then, env!("CARGO_BIN_EXE_koblingd")])
            .arg(&log)
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare runs: it is part of util-linux");
        let mut lines = BufReader::new(shell.stdout.take().expect("piped")).lines();
        let (mut service, mut address) = (0, String::new());
        for line in lines.by_ref() {
            let line = line.expect("a line");
            if let Some(pid) = line.strip_prefix("service ") {
                service = pid.parse().expect("a number");
            } else if let Some(at) = line.strip_prefix("listening on ") {
                at.clone_into(&mut address);
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        Confined { shell, service, address, log }
    }

    fn lives(&self) -> bool {
        raw(&self.address, "GET", "/v1/health", None, &[], &[]).status == 200
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGKILL, and what was on the disk is where it came from.
    fn kill(mut self) -> String {
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(self.service).expect("a number")) {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
        }
        self.shell.wait().expect("ended");
        self.said()
    }
}

/// A machine with rows, consents and a snapshot, and an evaluator.
fn furnished() -> (Machine, Package) {
    let machine = Machine::new();
    machine.principal("vive-1", "evaluator", "vive");
    let first = package(&machine.path("packages"), "lokk", 0..60, 30);
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    let batch: Vec<_> = (0..60).map(|n| consent("lokk", n, "given", "2022-01-01T08:00:00Z")).collect();
    lokk.record_consents(linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded");
    upload(&lokk, &first, &first.signature().expect("signed"), |_| ()).expect("taken");
    machine.client(&serving, "steward").post("/v1/seals", b"", None).expect("sealed");
    assert!(ask(&machine, &serving.address).is_ok());
    serving.kill();
    (machine, first)
}

fn ask(machine: &Machine, address: &str) -> Result<Vec<u8>, ClientError> {
    ask_for(machine, address, "reach")
}

/// `funnel` is one that nobody has asked: its answer has to be counted.
fn ask_for(machine: &Machine, address: &str, question: &str) -> Result<Vec<u8>, ClientError> {
    let vive = connect(machine.dir.path(), address, "vive-1", &machine.bearer("vive-1"));
    let ask = json!({ "by": ["role"], "period": "2022-Q1..2022-Q4" });
    vive.ask(&question.parse().expect("a name"), &ask)
}

fn copy_of(machine: &Machine, name: &str) -> PathBuf {
    let kept = machine.path(name);
    let status = Command::new("cp").arg("-a").args([&machine.path("data"), &kept]).status().expect("cp runs");
    assert!(status.success());
    kept
}

fn put_back(machine: &Machine, kept: &Path) {
    std::fs::remove_dir_all(machine.path("data")).ok();
    let status = Command::new("cp").arg("-a").arg(kept).arg(machine.path("data")).status().expect("cp runs");
    assert!(status.success());
}

fn bytes_of(dir: &Path) -> u64 {
    // As a tmpfs counts: whole pages.
    kit::files(dir).iter().map(|(_, bytes)| (bytes.len() as u64).div_ceil(4096) * 4096).sum()
}

/// The refusal of something that may be refused for want of room, and for nothing else.
fn room_or<T>(what: &str, result: Result<T, ClientError>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(ClientError::Refused { status: 507, code, .. }) if code == "disk-full" => None,
        Err(ClientError::Refused { status, code, title, .. }) => panic!("{what}: {status} {code}: {title}"),
        Err(error) => panic!("{what}: {error}"),
    }
}

/// The disk fills at another write each time: a refusal by name or success, the service lives, and once there is room what
/// was acknowledged is there and the rest can be done. `KOBLING_SIZES` tries more sizes.
#[test]
fn a_disk_that_is_full_at_any_write() {
    let _turn = turn();
    let (machine, _) = furnished();
    let kept = copy_of(&machine, "kept");
    let second = package(&machine.path("packages"), "lokk", 0..60, 60);
    let base = bytes_of(&kept) / 1024;
    let sizes = number("KOBLING_SIZES", 14);
    let (mut refused, mut whole, mut never) = (0, 0, 0);
    // From no room at all to plenty, in steps that grow.
    for step in 0..sizes {
        let room = 4 * step * step + 12 * step;
        put_back(&machine, &kept);
        let serving = Confined::serve(&machine, &format!("size={}k", base + 24 + room), "");
        if serving.address.is_empty() {
            // It could not even start: it says why.
            let said = serving.kill();
            assert!(said.contains("room") || said.contains("full"), "{room} KiB: {said}");
            never += 1;
            machine.is_sound();
            continue;
        }
        let connected = |id: &str| connect(machine.dir.path(), &serving.address, id, &machine.bearer(id));
        let (lokk, steward) = (connected("lokk-it"), connected("steward"));
        let no: Vec<_> = (0..5).map(|n| consent("lokk", n, "withdrawn", "2022-06-01T08:00:00Z")).collect();
        let recorded = lokk.record_consents(linkage_key().id(), &no, &signing_key("lokk"));
        let recorded = room_or(&format!("{room} KiB, consents"), recorded);
        let sent = match upload(&lokk, &second, &second.signature().expect("signed"), |_| ()) {
            Err(UploadError::Client(error)) => room_or(&format!("{room} KiB, upload"), Err(error)),
            Ok(done) => Some(done),
            Err(error) => panic!("{room} KiB: {error}"),
        };
        let sealed = room_or(&format!("{room} KiB, seal"), steward.post("/v1/seals", b"", None));
        let answered = room_or(&format!("{room} KiB, answer"), ask(&machine, &serving.address));
        assert!(serving.lives(), "{room} KiB: {}", serving.said());
        let done = [recorded.is_some(), sent.is_some(), sealed.is_some(), answered.is_some()];
        serving.kill();
        // Room again: sound as it lies, and everything acknowledged is there.
        machine.is_sound();
        let serving = machine.serve();
        let lokk = machine.client(&serving, "lokk-it");
        let again = lokk.record_consents(linkage_key().id(), &no, &signing_key("lokk")).expect("room now");
        assert!(recorded.is_none_or(|receipt| receipt == again), "{room} KiB");
        let receipt = upload(&lokk, &second, &second.signature().expect("signed"), |_| ()).expect("room now");
        assert!(sent.is_none_or(|sent| sent.receipt == receipt.receipt), "{room} KiB");
        let snapshots = machine.client(&serving, "auditor").fetch("/v1/snapshots").expect("a list");
        let snapshots: Vec<Value> = serde_json::from_slice(&snapshots).expect("JSON");
        assert_eq!(snapshots.len(), 1 + usize::from(sealed.is_some()), "{room} KiB");
        machine.client(&serving, "steward").post("/v1/seals", b"", None).expect("room now");
        ask(&machine, &serving.address).expect("room now");
        serving.kill();
        if done.iter().all(|done| *done) {
            whole += 1
        } else {
            refused += 1
        }
        println!("{room} KiB of room: consents, upload, seal, answer: {done:?}");
    }
    println!("{sizes} sizes: {never} did not start, {refused} refused something, {whole} did everything");
    assert!(refused > 2 && whole > 0, "the sizes miss the interesting ones: {never}, {refused}, {whole}");
}

/// A disk that became read-only, as after an error of its hardware.
#[test]
fn a_disk_that_is_read_only() {
    let _turn = turn();
    let (machine, _) = furnished();
    let before = machine.sound(&["audit", "verify"]);
    let output = {
        let serving = Confined::serve(&machine, "size=64m", "mount -o remount,ro \"$2\"");
        assert!(serving.address.is_empty(), "it cannot promise anything on such a disk");
        serving.kill()
    };
    assert!(output.to_lowercase().contains("read-only") || output.contains("readonly"), "{output}");
    assert_eq!(machine.sound(&["audit", "verify"]), before);
    machine.is_sound();
}

/// Changes a file: its middle byte, its end, or all of it.
fn damage(path: &Path, how: &str) {
    let mut bytes = std::fs::read(path).expect("readable");
    match how {
        "missing" => return std::fs::remove_file(path).expect("removed"),
        "flipped" => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
        }
        "truncated" => bytes.truncate(bytes.len() * 2 / 3),
        "empty" => bytes.clear(),
        other => panic!("{other}"),
    }
    std::fs::write(path, bytes).expect("written");
}

fn found(machine: &Machine, inside: &str, name: &str) -> PathBuf {
    let mut all: Vec<PathBuf> =
        kit::files(&machine.path("data").join(inside)).into_iter().map(|(path, _)| path).collect();
    all.retain(|path| path.to_string_lossy().contains(name));
    all.sort();
    all.into_iter().next().unwrap_or_else(|| panic!("no {name} under {inside}"))
}

/// A part of a snapshot is damaged: the question is refused, the service lives and takes other requests, the operator's
/// look names it, and a new seal is without the damage.
#[test]
fn a_snapshot_that_is_damaged() {
    let _turn = turn();
    let (machine, _) = furnished();
    let kept = copy_of(&machine, "kept");
    for name in ["forloeb", "persons", "snapshot.json"] {
        for how in ["missing", "flipped", "truncated", "empty"] {
            put_back(&machine, &kept);
            damage(&found(&machine, "snapshots", name), how);
            let serving = machine.serve();
            let refused = ask_for(&machine, &serving.address, "funnel");
            let Err(ClientError::Refused { status, code, title, .. }) = refused else {
                panic!("{name} {how}: {refused:?}")
            };
            assert_eq!((status, code.as_str()), (500, "internal"), "{name} {how}");
            assert!(!title.contains("parquet") && !title.contains('/'), "{title}");
            let lokk = machine.client(&serving, "lokk-it");
            let batch = [consent("lokk", 100, "given", "2022-01-01T08:00:00Z")];
            lokk.record_consents(linkage_key().id(), &batch, &signing_key("lokk")).expect("it lives");
            machine.client(&serving, "steward").post("/v1/seals", b"", None).expect("a new one");
            ask_for(&machine, &serving.address, "funnel")
                .unwrap_or_else(|error| panic!("{name} {how}: {error}"));
            serving.kill();
        }
    }
}

/// A staged file is damaged: a seal says so and does nothing, questions go on with the snapshot that is in force.
#[test]
fn a_staged_file_that_is_damaged() {
    let _turn = turn();
    let (machine, first) = furnished();
    let kept = copy_of(&machine, "kept");
    for how in ["missing", "flipped", "truncated", "empty"] {
        put_back(&machine, &kept);
        damage(&found(&machine, "staged", ""), how);
        let serving = machine.serve();
        let refused = machine.client(&serving, "steward").post("/v1/seals", b"", None);
        let Err(ClientError::Refused { status, code, advice, .. }) = refused else {
            panic!("{how}: {refused:?}")
        };
        assert_eq!((status, code.as_str()), (500, "seal"), "{how}");
        assert!(advice.is_some_and(|advice| !advice.is_empty()), "{how}");
        ask(&machine, &serving.address).unwrap_or_else(|error| panic!("{how}: {error}"));
        // The way out: the partner withdraws it and sends it again.
        let lokk = machine.client(&serving, "lokk-it");
        let own: Vec<Value> =
            serde_json::from_slice(&lokk.fetch("/v1/packages").expect("a list")).expect("JSON");
        let id = own[0]["id"].as_str().expect("an id");
        lokk.post(&format!("/v1/packages/{id}/withdraw"), b"", None)
            .unwrap_or_else(|error| panic!("{how}: {error}"));
        let again = package(&machine.path("packages"), "lokk", 0..60, 31);
        assert_ne!(again.manifest_bytes, first.manifest_bytes);
        upload(&lokk, &again, &again.signature().expect("signed"), |_| ()).expect("taken");
        machine.client(&serving, "steward").post("/v1/seals", b"", None).expect("sealed");
        serving.kill();
        machine.is_sound();
    }
}

/// The operator's look names what is damaged before anybody asks.
#[test]
fn the_operators_look_names_damaged_files() {
    let _turn = turn();
    let (machine, _) = furnished();
    let kept = copy_of(&machine, "kept");
    for (inside, name) in
        [("snapshots", "forloeb"), ("snapshots", "persons"), ("snapshots", "snapshot.json"), ("staged", "")]
    {
        for how in ["missing", "flipped", "truncated", "empty"] {
            put_back(&machine, &kept);
            damage(&found(&machine, inside, name), how);
            let seen = machine.run(&["doctor"]);
            let said = String::from_utf8_lossy(&[seen.stdout, seen.stderr].concat()).into_owned();
            assert!(
                !seen.status.success() && said.contains(inside.trim_end_matches('s')),
                "{inside} {name} {how}: {said}"
            );
        }
    }
}

/// Pages of the database are damaged, one after the other: the service refuses to start and says what to do, or the
/// operator's look finds it; it is never taken for sound.
#[test]
fn a_database_page_that_is_damaged() {
    let _turn = turn();
    let (machine, _) = furnished();
    // What the last service left in its log is brought in by a start that ends as it should.
    machine.is_sound();
    let kept = copy_of(&machine, "kept");
    let length = std::fs::metadata(kept.join("kobling.sqlite")).expect("there").len();
    let (pages, step) = (length / 4096, (length / 4096 / number("KOBLING_PAGES", 12)).max(1));
    let (mut at_start, mut seen) = (0, 0);
    for page in (0..pages).step_by(usize::try_from(step).expect("small")) {
        put_back(&machine, &kept);
        let path = machine.path("data/kobling.sqlite");
        let mut bytes = std::fs::read(&path).expect("readable");
        let at = usize::try_from(page * 4096).expect("small");
        for byte in &mut bytes[at + 16..at + 4000] {
            *byte ^= 0x5A;
        }
        std::fs::write(&path, bytes).expect("written");
        let looked = machine.run(&["doctor"]);
        let said = String::from_utf8_lossy(&[looked.stdout, looked.stderr].concat()).into_owned();
        assert!(!looked.status.success(), "page {page} of {pages}: {said}");
        // The first page of an encrypted database, damaged, cannot be told from another key.
        let named = said.contains("database") || (page == 0 && said.contains("service key"));
        assert!(!said.contains("panicked") && named, "page {page}: {said}");
        if looked.status.code() == Some(1) { seen += 1 } else { at_start += 1 }
    }
    println!("{pages} pages: {at_start} refused at start, {seen} found by a look");
    put_back(&machine, &kept);
    machine.is_sound();
}

/// A copy of the database that is cut short.
#[test]
fn a_database_that_is_cut_short_or_gone() {
    let _turn = turn();
    let (machine, _) = furnished();
    machine.is_sound();
    let kept = copy_of(&machine, "kept");
    for how in ["truncated", "empty", "missing"] {
        put_back(&machine, &kept);
        damage(&machine.path("data/kobling.sqlite"), how);
        let mut child = machine
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("readable");
        if !line.is_empty() {
            child.kill().ok();
        }
        let mut said = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
        child.wait().expect("ended");
        assert!(line.is_empty(), "{how}: it serves: {line}");
        assert!(!said.contains("panicked") && !said.trim().is_empty(), "{how}: {said}");
    }
}
