//! Bad input, one by one: each is refused with an error that says what to do, the service goes on, and what was
//! acknowledged before is there afterwards.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[cfg(unix)]
#[expect(dead_code, reason = "this binary uses a part of it")]
#[path = "kit/machine.rs"]
mod machine;

use std::sync::{Mutex, MutexGuard, PoisonError};

use kit::{Raw, Running, consent, linkage_key, package, package_of, raw, signing_key};
use kobling::auth::Role;
use kobling::clock::{Clock, FixedClock};
use kobling::extract::Package;
use kobling::extract::manifest::{SIGNATURE_CONTEXT, Sha256Hex};
use kobling::key::{LinkageKey, ServiceKey, SigningKey};
use kobling::secret::{SeededRandom, SystemRandom};
use kobling::service::{Service, ServiceError};
use kobling::store::StoreError;
use serde_json::{Value, json};

/// One test at a time. A program that is started has the folder locks of this process for the moment between fork and
/// exec, and a service that opens its folder again just then would find it in use.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const PATCH: [(&str, &str); 2] =
    [("Tus-Resumable", "1.0.0"), ("Content-Type", "application/offset+octet-stream")];

/// A manifest, the key that signs it, and the rows that are sent under it.
struct Crafted {
    manifest: Value,
    key: SigningKey,
    data: Vec<u8>,
}

impl Crafted {
    /// What an honest partner would send.
    fn honest(package: &Package) -> Crafted {
        Crafted {
            manifest: serde_json::from_slice(&package.manifest_bytes).expect("JSON"),
            key: signing_key("lokk"),
            data: std::fs::read(package.data_path()).expect("readable"),
        }
    }

    /// Other rows, in one block, with a manifest that describes them.
    fn rows(mut self, data: Vec<u8>, rows: usize) -> Crafted {
        let sha256 = Sha256Hex::of(&data).to_string();
        let resource = &mut self.manifest["resources"][0];
        resource["bytes"] = json!(data.len());
        resource["hash"] = json!(format!("sha256:{sha256}"));
        resource["blocks"] = json!([{ "bytes": data.len(), "rows": rows, "sha256": sha256 }]);
        self.data = data;
        self
    }

    fn edit(mut self, edit: impl FnOnce(&mut Value)) -> Crafted {
        edit(&mut self.manifest);
        self
    }
}

/// A service in which something was acknowledged, and the partner that sends what is bad.
struct Scene {
    running: Running,
    bearer: String,
    /// The upload that was complete before, and its receipt.
    before: (String, String),
}

impl Scene {
    fn new() -> Scene {
        let running = Running::new();
        let (actor, lokk) = (running.service.operator(), "lokk".parse().expect("a name"));
        running.service.enrol_key(&actor, &lokk, &signing_key("lokk").verifying_key()).expect("enrolled");
        let bearer = running.bearer("lokk-it", Role::Partner, "lokk");
        let mut scene = Scene { running, bearer, before: (String::new(), String::new()) };
        let good = Crafted::honest(&package(&scene.running.packages(), "lokk", 0..30, 1));
        let id = scene.opened(&good);
        assert_eq!(scene.patch(&id, &good.data).status, 204);
        let receipt = scene.receipt(&id);
        assert_eq!(receipt.status, 200, "{}", receipt.body);
        scene.before = (id, receipt.body);
        scene
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Raw {
        raw(&self.running.address, method, path, Some(&self.bearer), headers, body)
    }

    fn open(&self, crafted: &Crafted) -> Raw {
        let manifest = crafted.manifest.to_string();
        let signature = crafted.key.sign(SIGNATURE_CONTEXT, manifest.as_bytes()).to_string();
        let body = json!({ "manifest": manifest, "signature": signature });
        self.send("POST", "/v1/uploads", &[], body.to_string().as_bytes())
    }

    fn opened(&self, crafted: &Crafted) -> String {
        let opened = self.open(crafted);
        assert_eq!(opened.status, 201, "{}", opened.body);
        let opened: Value = serde_json::from_str(&opened.body).expect("JSON");
        opened["id"].as_str().expect("an id").to_owned()
    }

    fn patch(&self, id: &str, bytes: &[u8]) -> Raw {
        let headers = [&PATCH[..], &[("Upload-Offset", "0")]].concat();
        self.send("PATCH", &format!("/v1/uploads/{id}"), &headers, bytes)
    }

    fn receipt(&self, id: &str) -> Raw {
        self.send("GET", &format!("/v1/uploads/{id}/receipt"), &[], &[])
    }

    /// Opens it, sends its rows, and gives the first answer that is a refusal.
    fn refusal(&self, crafted: &Crafted) -> Raw {
        let opened = self.open(crafted);
        if opened.status != 201 {
            return opened;
        }
        let id = serde_json::from_str::<Value>(&opened.body).expect("JSON")["id"].clone();
        let id = id.as_str().expect("an id");
        let sent = self.patch(id, &crafted.data);
        let answer = if sent.status == 204 { self.receipt(id) } else { sent };
        assert!(answer.status >= 400, "it was taken");
        let path = format!("/v1/uploads/{id}");
        assert_eq!(self.send("DELETE", &path, &[("Tus-Resumable", "1.0.0")], &[]).status, 204);
        answer
    }

    /// What was acknowledged is there, word for word, and a new package is taken.
    fn goes_on(&self, after: &str) {
        let (id, receipt) = &self.before;
        assert_eq!(&self.receipt(id).body, receipt, "{after}");
        let path = format!("/v1/uploads/{id}");
        let head = self.send("HEAD", &path, &[("Tus-Resumable", "1.0.0")], &[]);
        assert_eq!(head.header("upload-offset"), head.header("upload-length"), "{after}");
        let dir = self.running.packages();
        let n = std::fs::read_dir(&dir).expect("readable").count() as u64;
        let next = Crafted::honest(&package(&dir, "lokk", n..n + 3, 1));
        let id = self.opened(&next);
        assert_eq!(self.patch(&id, &next.data).status, 204, "{after}");
        assert_eq!(self.receipt(&id).status, 200, "{after}");
        assert!(self.running.service.store().verify_chain().expect("readable").is_ok(), "{after}");
    }
}

#[test]
fn every_bad_package_is_refused_with_advice_and_the_service_goes_on() {
    let _turn = turn();
    let scene = Scene::new();
    let dir = scene.running.packages();
    let honest = || Crafted::honest(&package(&dir, "lokk", 100..140, 1));
    let row = |n: u64| format!("{},,2022-03-05,kontaktet,udsat,frederiksberg\n", kit::token("lokk", n));
    const HEADER: &str = "person,sag,dato,trin,rolle,kommune\n";
    let counted = |crafted: Crafted, rows: u64| {
        crafted.edit(|manifest| {
            let head = &mut manifest["kobling"];
            head["rows"] =
                json!({ "read": rows, "sent": rows, "rejected": 0, "duplicates": 0, "anonymous": 0 });
            (head["rejected"], head["warnings"]) = (json!({}), json!({}));
            head["identifiers"] = if rows == 0 { json!({}) } else { json!({ "cpr": rows }) };
        })
    };
    let one_row = |row: &str| counted(honest().rows(format!("{HEADER}{row}").into_bytes(), 1), 1);
    // The way they are made is sound: without a fault in it such a package is taken.
    let sound = one_row(&row(1));
    let id = scene.opened(&sound);
    assert_eq!(scene.patch(&id, &sound.data).status, 204);
    assert_eq!(scene.receipt(&id).status, 200);

    let stranger = LinkageKey::from_bytes(linkage_key().programme().clone(), &mut [8; 32]);
    let text = "CPR-nr;Dato;Trin;Rolle;Kommune\r\nAnonym;05-03-2022;Kontakt;Voldsudsat;147\r\n";
    let other_key = Crafted::honest(&package_of(&dir, "lokk", text, &stranger));
    let named = format!(
        "this package was made with key {}, the programme expects {}",
        stranger.id(),
        linkage_key().id()
    );
    let mut truncated = honest();
    truncated.data.truncate(truncated.data.len() - 100);
    let mut damaged = honest();
    *damaged.data.last_mut().expect("bytes") ^= 1;
    let mut not_enrolled = honest();
    not_enrolled.key = SigningKey::from_seed(&mut [9; 32]);
    let head = |name: &'static str, value: &'static str| {
        honest().edit(move |manifest| manifest["kobling"][name] = json!(value))
    };
    let long = format!("{}\n", "x".repeat((1 << 20) - HEADER.len() - 1));
    let nothing = counted(honest().rows(Vec::new(), 0), 0);
    let no_blocks = counted(honest().rows(Vec::new(), 0), 0)
        .edit(|manifest| manifest["resources"][0]["blocks"] = json!([]));
    let cases = [
        ("a truncated upload", truncated, 409, "incomplete", "the upload is not complete"),
        ("a wrong digest", damaged, 422, "block-digest", "block"),
        ("a wrong signature", not_enrolled, 422, "signature", "sign"),
        ("a wrong key", other_key, 422, "other-key", named.as_str()),
        ("a wrong programme", head("programme", "other"), 422, "other-programme", "other"),
        ("an unknown dataset", head("dataset", "visits"), 422, "unknown-dataset", "visits"),
        (
            "another's dataset",
            head("dataset", "politi-opsporing"),
            422,
            "not-your-dataset",
            "politi-opsporing",
        ),
        ("another's package", head("partner", "mandecentret"), 422, "other-partner", "mandecentret"),
        (
            "an unknown code",
            one_row(&row(1).replace("kontaktet", "kaffe")),
            422,
            "row-code",
            "line 2 of data.csv, column trin",
        ),
        ("a NUL byte", one_row(&row(1).replace("kontaktet", "kon\0taktet")), 422, "row-nul", "line 2"),
        ("a line as long as a block", one_row(&long), 422, "row-columns", "line 2"),
        ("an empty file", nothing, 422, "manifest-contradiction", "a block is empty"),
        ("an empty file without blocks", no_blocks, 422, "manifest-contradiction", "the data are empty"),
        (
            "a file without its header",
            counted(honest().rows(row(1).into_bytes(), 1), 1),
            422,
            "header",
            "line 1 of data.csv",
        ),
    ];
    for (name, crafted, status, code, said) in cases {
        let answer = scene.refusal(&crafted);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{name}: {}", answer.body);
        let problem = answer.problem();
        let title = problem["title"].as_str().expect("a title");
        assert!(title.contains(said), "{name}: {title}");
        assert!(!answer.body.contains("kaffe") && !answer.body.contains("xxxx"), "no value: {}", answer.body);
        scene.goes_on(name);
    }
}

/// Streams text into `kobling check -` until it stops reading or all is sent: bytes that it took, status and message.
/// The command may have no more address space than is said, in KiB.
#[cfg(target_os = "linux")]
fn check_stream(begin: &[u8], endless: &[u8], most: u64, memory: u32) -> (u64, Option<i32>, String) {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    let example = |file: &str| format!("{}/keys-example/{file}", env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {memory} && exec \"$@\""))
        .args(["sh", env!("CARGO_BIN_EXE_kobling"), "check", "-", "--programme", &example("programme.toml")])
        .args(["--partner", "townhall", "--dataset", "course"])
        // On a machine of many cores, the allocator's arenas alone would take more than that.
        .env("MALLOC_ARENA_MAX", "2")
        .env("KOBLING_LANG", "en")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kobling runs");
    let mut input = child.stdin.take().expect("an input");
    let mut taken = 0;
    if input.write_all(begin).is_ok() {
        while taken < most && input.write_all(endless).is_ok() {
            taken += endless.len() as u64;
        }
    }
    drop(input);
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
    (taken, child.wait().expect("ended").code(), said)
}

/// A line of 1 GiB: refused once it is longer than any line may be, within half of that as address space.
#[test]
#[cfg(target_os = "linux")]
fn a_line_of_a_gibibyte_is_refused_after_its_first_part_in_bounded_memory() {
    let _turn = turn();
    const GIB: u64 = 1 << 30;
    let header: &[u8] = b"CPR-nr;Sagsnr;Dato;Status\n";
    let good: &[u8] = b"Anonym;1;10-01-2022;Kontakt\n";
    let piece = vec![b'x'; 64 << 10];
    let quoted = [header, good, b"\"never closed "].concat();
    let lines = [&[b'y'; 1023][..], b"\n"].concat().repeat(64);
    for (name, begin, endless, line) in [
        ("a row", &[header, good].concat()[..], &piece, "line 3 is longer than 1048576 bytes"),
        ("the header", b"", &piece, "line 1 is longer than 1048576 bytes"),
        ("a quoted field over many lines", &quoted[..], &lines, "line 3 is longer than 1048576 bytes"),
    ] {
        let (taken, status, said) = check_stream(begin, endless, GIB, 512 << 10);
        assert_eq!(status, Some(3), "{name}: {said}");
        assert!(said.contains(line) && said.contains("a quotation mark may be missing"), "{name}: {said}");
        assert!(taken <= 8 << 20, "{name}: {taken} bytes were read");
    }
    // The limit is one of a line: many short ones of the same length in all go through within the same memory.
    let many = b"Anonym;1;10-01-2022;Kaffe\n".repeat(4000);
    let (taken, status, said) = check_stream(header, &many, 32 << 20, 512 << 10);
    assert_eq!((status, said.as_str()), (Some(1), ""));
    assert!(taken >= 32 << 20);
}

/// The disk is full while rows are staged: refused by name, other requests are answered, and what was acknowledged is
/// gone on with when there is room.
#[test]
#[cfg(unix)]
fn a_disk_that_fills_while_rows_are_staged_loses_nothing_acknowledged() {
    let _turn = turn();
    use kobling::client::{ClientError, UploadError, upload};

    let machine = machine::Machine::new();
    let large = package(&machine.path("packages"), "lokk", 0..600, 70);
    let small = package(&machine.path("packages"), "lokk", 0..5, 1);
    let serving = machine.serve();
    let batch: Vec<_> = (0..600).map(|n| kit::consent("lokk", n, "given", "2022-01-01T08:00:00Z")).collect();
    let lokk = machine.client(&serving, "lokk-it");
    lokk.record_consents(kit::linkage_key().id(), &batch, &kit::signing_key("lokk")).expect("recorded");
    serving.kill();
    let signed = |package: &Package| package.signature().expect("signed");
    let blocks = &large.manifest.resources[0].blocks;
    let first = blocks[0].bytes as usize;
    let body = json!({
        "manifest": std::str::from_utf8(&large.manifest_bytes).expect("UTF-8"),
        "signature": signed(&large).to_string(),
    })
    .to_string();
    let data = std::fs::read(large.data_path()).expect("readable");

    // 1 MiB for any one file: room for the first block, and not for all of them.
    let serving = machine.serve_with_room(2048);
    let bearer = machine.bearer("lokk-it");
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        raw(&serving.address, method, path, Some(&bearer), headers, body)
    };
    let opened: Value =
        serde_json::from_str(&send("POST", "/v1/uploads", &[], body.as_bytes()).body).expect("JSON");
    let path = format!("/v1/uploads/{}", opened["id"].as_str().expect("an id"));
    let zero = [&PATCH[..], &[("Upload-Offset", "0")]].concat();
    assert_eq!(send("PATCH", &path, &zero, &data[..first]).status, 204);
    let mut stands = first;
    let refused = loop {
        let at = stands.to_string();
        let headers = [&PATCH[..], &[("Upload-Offset", at.as_str())]].concat();
        let answer = send("PATCH", &path, &headers, &data[stands..]);
        if answer.status != 204 {
            break answer;
        }
        stands = answer.header("upload-offset").expect("an offset").parse().expect("a number");
        assert!(stands < data.len(), "the disk never filled");
    };
    assert_eq!((refused.status, refused.code().as_str()), (507, "disk-full"), "{}", refused.body);
    assert_eq!(refused.problem()["title"], "the service has no room left");
    assert!(refused.body.contains("nothing that was acknowledged is lost"), "{}", refused.body);
    let offset = |serving: &machine::Serving| -> usize {
        let version = [("Tus-Resumable", "1.0.0")];
        let head = raw(&serving.address, "HEAD", &path, Some(&bearer), &version, &[]);
        assert_eq!(head.status, 200);
        head.header("upload-offset").expect("an offset").parse().expect("a number")
    };
    let kept = offset(&serving);
    assert!(kept >= stands && kept < data.len(), "{kept} of {stands} acknowledged");
    // It goes on: a package for which there is room is taken, and the command says what is wrong with the other.
    let lokk = machine.client(&serving, "lokk-it");
    let receipt = upload(&lokk, &small, &signed(&small), |_| ()).expect("there is room for it");
    let again = upload(&lokk, &large, &signed(&large), |_| ()).expect_err("still full");
    let UploadError::Client(ClientError::Refused { code, advice, .. }) = again else { panic!("{again}") };
    assert_eq!(code, "disk-full");
    assert!(advice.expect("advice").contains("tell the operator"));
    assert_eq!(offset(&serving), kept);
    serving.kill();

    // Room again, after a kill on top.
    let serving = machine.serve();
    assert_eq!(offset(&serving), kept);
    let lokk = machine.client(&serving, "lokk-it");
    let path = format!("/v1/uploads/{}/receipt", receipt.id);
    assert_eq!(lokk.fetch(&path).expect("a receipt"), receipt.receipt);
    assert!(upload(&lokk, &large, &signed(&large), |_| ()).is_ok());
    serving.kill();
    machine.is_sound();
}

#[test]
#[cfg(unix)]
fn a_second_writer_is_refused_by_name_and_the_first_goes_on() {
    let _turn = turn();
    let machine = machine::Machine::new();
    let serving = machine.serve();
    let lokk = machine.client(&serving, "lokk-it");
    let batch = [consent("lokk", 1, "given", "2022-01-01T08:00:00Z")];
    let recorded =
        lokk.record_consents(kit::linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded");
    let public = format!("--public={}", signing_key("lev-uden-vold").verifying_key());
    let output = machine.run(&["serve", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("another koblingd is using this data folder"), "{said}");
    // Without its socket, as over a file system that has none, so is every command.
    std::fs::rename(machine.path("data/control"), machine.path("data/elsewhere")).expect("moved");
    let enrol = ["partner", "enrol", "--partner", "lev-uden-vold", public.as_str()];
    for second in [&["seal"][..], &["doctor"], &enrol] {
        let output = machine.run(second);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(5), "{second:?}: {said}");
        assert!(said.contains("another koblingd is using this data folder"), "{second:?}: {said}");
    }
    // With it, the first carries them out.
    std::fs::rename(machine.path("data/elsewhere"), machine.path("data/control")).expect("moved");
    for second in [&["seal"][..], &["doctor"], &enrol] {
        machine.sound(second);
    }
    assert_eq!(
        lokk.record_consents(kit::linkage_key().id(), &batch, &signing_key("lokk")).expect("again"),
        recorded
    );
    let more = [consent("lokk", 2, "given", "2022-01-01T08:00:00Z")];
    lokk.record_consents(kit::linkage_key().id(), &more, &signing_key("lokk")).expect("the first goes on");
    serving.kill();
    machine.is_sound();
}

#[test]
fn a_clock_before_the_last_event_takes_nothing_in_until_it_is_set() {
    let _turn = turn();
    use kobling::client::ClientError;

    let mut running = Running::new();
    let lokk = running.partner("lokk");
    let key = signing_key("lokk");
    let batch = |n: u64| [consent("lokk", n, "given", "2022-01-01T08:00:00Z")];
    let at = |text: &str| text.parse().expect("an instant");
    running.clock.set(at("2025-06-02T08:00:00Z"));
    let recorded = lokk.record_consents(kit::linkage_key().id(), &batch(1), &key).expect("recorded");
    running.clock.set(at("2025-06-01T08:00:00Z"));
    let refused =
        lokk.record_consents(kit::linkage_key().id(), &batch(2), &key).expect_err("the clock runs behind");
    let ClientError::Refused { status, code, title, advice, .. } = refused else { panic!("{refused}") };
    assert_eq!((status, code.as_str(), title.as_str()), (503, "clock", "the service's clock is set wrong"));
    assert_eq!(advice.as_deref(), Some("tell the operator to set the clock"));
    let package = package(&running.packages(), "lokk", 0..3, 1);
    let signature = package.signature().expect("signed");
    let refused = kobling::client::upload(&lokk, &package, &signature, |_| ()).expect_err("behind");
    assert!(refused.to_string().contains("tell the operator to set the clock"), "{refused}");
    // Reading goes on, and with the clock set so does everything.
    assert!(lokk.fetch("/v1/packages").is_ok());
    running.clock.set(at("2025-06-02T08:00:01Z"));
    lokk.record_consents(kit::linkage_key().id(), &batch(2), &key).expect("recorded");
    assert_eq!(lokk.record_consents(kit::linkage_key().id(), &batch(1), &key).expect("again"), recorded);
    kobling::client::upload(&lokk, &package, &signature, |_| ()).expect("taken");
    assert!(running.service.store().verify_chain().expect("readable").is_ok());

    // Nor does a service start on such a clock: it says both instants, and what to do.
    let data = running.data();
    let _kept = std::mem::replace(&mut running.dir, tempfile::tempdir().expect("a folder"));
    drop(running);
    let open = |now: &str| {
        let clock = std::sync::Arc::new(FixedClock::new(at(now))) as std::sync::Arc<dyn Clock>;
        let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
        Service::open(&data, key, clock, Box::new(SystemRandom::new()))
    };
    let Err(refused) = open("2025-06-02T07:00:00Z") else { panic!("the clock runs behind") };
    assert!(matches!(refused, ServiceError::Store(StoreError::Clock { .. })), "{refused}");
    assert!(refused.to_string().contains("set the clock"), "{refused}");
    assert!(open("2025-06-02T08:00:01Z").is_ok(), "and nothing was done to the folder");
}
