//! What stays in the memory of the real programs after use: it is searched from outside for planted keys, identifiers, tokens.
//! Each search first proves, on the same process, that it finds what is there at that moment.
#![cfg(all(target_os = "linux", feature = "service"))]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::{linkage_key, package, raw, signing_key};
use kobling::clock::Timestamp;
use kobling::key::Example;
use machine::Machine;

/// A region that is larger is read in pieces; they overlap by as much as a needle is long at most.
const PIECE: usize = 8 << 20;
const LONGEST: usize = 256;

/// Something that must be found, or must not.
struct Needle {
    /// What it is; never what it says.
    name: String,
    bytes: Vec<u8>,
}

impl Needle {
    fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Needle {
        let needle = Needle { name: name.into(), bytes: bytes.into() };
        assert!((10..=LONGEST).contains(&needle.bytes.len()), "{}", needle.name);
        needle
    }
}

/// How often each needle stands in a process's writable memory, and where.
fn found(process: u32, needles: &[Needle]) -> Vec<(String, Vec<String>)> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("maps");
    let memory = File::open(format!("/proc/{process}/mem")).expect("memory of a child can be read");
    let mut places: Vec<(String, Vec<String>)> =
        needles.iter().map(|n| (n.name.clone(), Vec::new())).collect();
    let mut buffer = vec![0; PIECE + LONGEST];
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, rights) = (fields.next().expect("a range"), fields.next().expect("rights"));
        if !rights.starts_with("rw") {
            continue;
        }
        let region = fields.nth(3).unwrap_or("anonymous").to_owned();
        let (from, to) = range.split_once('-').expect("from and to");
        let number = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
        let (mut at, end) = (number(from), number(to));
        while at < end {
            let wanted = usize::try_from(end - at).expect("64 bits").min(PIECE + LONGEST);
            let Ok(read) = memory.read_at(&mut buffer[..wanted], at) else { break };
            if read == 0 {
                break;
            }
            for (needle, (_, places)) in needles.iter().zip(&mut places) {
                let found = memchr::memmem::find_iter(&buffer[..read], &needle.bytes);
                // What begins in the overlap is found with the next piece.
                places.extend(found.filter(|at| *at < PIECE).map(|_| region.clone()));
            }
            at += PIECE as u64;
        }
    }
    places.retain(|(_, places)| !places.is_empty());
    places
}

/// Waits until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process waits, as every thread of it says.
fn waits(process: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("tasks");
    tasks
        .map(|task| std::fs::read_to_string(task.expect("a task").path().join("stat")).unwrap_or_default())
        .all(|stat| stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('S')))
}

/// The 43 characters that say the secret in a key file.
fn secret_line(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("readable");
    let line = text.lines().find(|line| !line.is_empty() && !line.starts_with('#')).expect("a secret line");
    line.to_owned()
}

/// The 32 bytes that such a line says: a kind, the secret in base64url, a checksum.
fn secret(line: &str) -> Vec<u8> {
    let secret = line.split(':').nth(1).expect("a secret");
    URL_SAFE_NO_PAD.decode(secret).expect("base64url")
}

/// Runs `kobling tokenise` on rows that come little by little, and looks at it while it reads and when all is written.
#[test]
fn tokenising_leaves_no_linkage_key_and_no_identifier_behind() {
    let dir = tempfile::tempdir().expect("a folder");
    let key = dir.path().join("linkage.key");
    linkage_key()
        .save(&key, Timestamp::from_millis(0), Example::Refuse)
        .unwrap_or_else(|error| panic!("{error}"));
    let signing = dir.path().join("signing.key");
    signing_key("lokk")
        .save(&signing, "lokk", Timestamp::from_millis(0), Example::Refuse)
        .unwrap_or_else(|error| panic!("{error}"));
    let numbers: Vec<String> = (0..4000).map(kit::cpr).collect();
    let mut rows = String::from("CPR;Sagsnr;Dato;Trin;Rolle;Kommune\n");
    for (n, number) in numbers.iter().enumerate() {
        writeln!(rows, "{number};sagsnummer-{n};0{}-01-2022;Kontakt;udsat;101", n % 9 + 1).expect("text");
    }
    // What it prints waits in a pipe that is full, so that it waits too, with its work done.
    let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
    let full = vec![b'.'; 65_536];
    writer.write_all(&full).expect("a pipe holds as much");
    let out = dir.path().join("package");
    let programme = concat!(env!("CARGO_MANIFEST_DIR"), "/programmes/interventionsmodel.toml");
    let mut child: Child = Command::new(env!("CARGO_BIN_EXE_kobling"))
        .args([
            "tokenise",
            "-",
            "--programme",
            programme,
            "--partner",
            "lokk",
            "--dataset",
            "forloeb",
            "--lang",
            "en",
        ])
        .args(["--max-rejected", "100%", "--key"])
        .arg(&key)
        .arg("--signing-key")
        .arg(&signing)
        .arg("--out")
        .arg(&out)
        .stdin(Stdio::piped())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let half = rows.len() / 2;
    let half = half + rows[half..].find('\n').expect("a row ends") + 1;
    stdin.write_all(&rows.as_bytes()[..half]).expect("taken");
    stdin.flush().expect("taken");
    let line = secret_line(&key);
    let mut needles = vec![
        Needle::new("the linkage key's text", line.as_bytes()),
        Needle::new("the linkage key", secret(&line)),
    ];
    // Identifiers one by one: the first ones, some of the middle, the last ones.
    let chosen = (0..40).chain(1980..2020).chain(3960..4000);
    needles.extend(chosen.map(|n: usize| Needle::new(format!("identifier {n}"), numbers[n].as_bytes())));
    // Proof that this search finds: rows that were read and are being worked on.
    until("the first rows are in its memory", || {
        found(child.id(), &needles).iter().any(|(name, _)| name.starts_with("identifier"))
    });
    stdin.write_all(&rows.as_bytes()[half..]).expect("taken");
    drop(stdin);
    until("the package is there", || {
        out.join("datapackage.json").exists() || child.try_wait().expect("asked").is_some()
    });
    until("it waits to print", || {
        std::thread::sleep(Duration::from_millis(300));
        waits(child.id())
    });
    let left = found(child.id(), &needles);
    drop(reader.read_exact(&mut vec![0; 65_536]));
    let mut said = String::new();
    std::io::BufReader::new(reader).read_to_string(&mut said).expect("text");
    let ended = child.wait_with_output().expect("it ends");
    assert!(
        said.contains("3") && out.join("data.csv").exists(),
        "{said} {}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let rows_sent = std::fs::read_to_string(out.join("data.csv")).expect("readable").lines().count();
    assert!(rows_sent > 3000, "{rows_sent} rows were sent");
    assert!(left.is_empty(), "{left:?}");
}

/// Serves, takes an upload, and is searched for what came in.
#[test]
fn a_service_keeps_no_bearer_token_and_no_raw_token_and_its_key_once() {
    let machine = Machine::new();
    let package = package(&machine.path("packages"), "lokk", 0..300, 4);
    let bearer = machine.bearer("lokk-it");
    let serving = machine.serve();
    let data = std::fs::read(package.data_path()).expect("readable");
    let lines: Vec<&[u8]> =
        data.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty()).collect();
    let token = |line: &[u8]| line.split(|byte| *byte == b',').next().expect("a first cell").to_vec();
    let service_key = secret_line(&machine.path("service.key"));
    let mut needles = vec![
        Needle::new("the bearer token", bearer.rsplit(['.', '-']).next().expect("a secret").as_bytes()),
        Needle::new("the service key's text", service_key.as_bytes()),
    ];
    let chosen = (0..20).chain(lines.len() - 20..lines.len());
    needles.extend(chosen.map(|n| Needle::new(format!("raw token {n}"), token(lines[n]))));
    let process = serving.child.id();
    // By hand, so that it can be looked at in the middle of a request.
    let manifest = String::from_utf8(package.manifest.to_json()).expect("UTF-8");
    let signature = package.signature().expect("signed");
    let opening = serde_json::json!({ "manifest": manifest, "signature": signature.to_string() }).to_string();
    let kind = [("Content-Type", "application/json")];
    let opened = raw(&serving.address, "POST", "/v1/uploads", Some(&bearer), &kind, opening.as_bytes());
    assert_eq!(opened.status, 201, "{}", opened.body);
    let opened: serde_json::Value = serde_json::from_str(&opened.body).expect("JSON");
    let opened = opened["id"].as_str().expect("an id");
    let address = serving.address.strip_prefix("http://").expect("plain").to_owned();
    let mut line = TcpStream::connect(&address).expect("connected");
    let head = format!(
        "PATCH /v1/uploads/{opened} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {bearer}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        data.len()
    );
    // Proof that this search finds: each is in its memory at its time, in the middle of the head, and in the middle of the rows.
    let there = |kind: &str| found(process, &needles).iter().any(|(name, _)| name.starts_with(kind));
    let (head, end) = head.split_at(head.len() - 2);
    line.write_all(head.as_bytes()).expect("sent");
    until("the token is in its memory", || there("the bearer token"));
    line.write_all(end.as_bytes()).expect("sent");
    line.write_all(&data[..data.len() / 2]).expect("sent");
    until("rows are in its memory", || there("raw token"));
    line.write_all(&data[data.len() / 2..]).expect("sent");
    let mut answer = String::new();
    line.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    drop(line);
    let mut left = Vec::new();
    let begun = Instant::now();
    // Connections are let go a moment after they ended.
    while begun.elapsed() < Duration::from_secs(5) {
        left = found(process, &needles);
        if left.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(left.is_empty(), "{left:?}");
    // The key itself it needs; once.
    let places = found(process, &[Needle::new("the service key", secret(&service_key))]);
    assert_eq!(places.iter().map(|(_, places)| places.len()).sum::<usize>(), 1, "{places:?}");
}
