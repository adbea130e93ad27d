//! The API and the pages as programs and browsers reach them: bytes are a run of requests, sound and unsound, of every role, to a
//! service with its store. No request is a fault of the service's own, and what an upload says of itself holds.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::body::{Body, Bytes};
use axum::http::{Request, Response, header};
use http_body_util::BodyExt as _;
use kobling::auth::{Action, Principal, Role};
use kobling::clock::{FixedClock, Timestamp};
use kobling::extract::manifest::{Block, FORMAT, Head, Manifest, Resource, RowCounts, SIGNATURE_CONTEXT, Schema, Sha256Hex};
use kobling::http::ROUTES;
use kobling::key::{LinkageKey, ServiceKey, SigningKey};
use kobling::programme::Programme;
use kobling::secret::SeededRandom;
use kobling::service::Service;
use libfuzzer_sys::fuzz_target;
use tower::ServiceExt as _;

const TEXT: &str = include_str!("../../programmes/interventionsmodel.toml");
static PROGRAMME: LazyLock<Programme> = LazyLock::new(|| Programme::parse(TEXT).expect("a sound programme"));
static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
});
/// As many inputs are tried on one service; then a new one is made, so that it stays small.
const INPUTS: u32 = 400;
/// What was acknowledged of an upload that is made here.
struct Upload {
    id: String,
    data: Vec<u8>,
    offset: u64,
}

struct World {
    clock: Arc<FixedClock>,
    app: axum::Router,
    bearers: Vec<String>,
    inputs: u32,
    _dir: tempfile::TempDir,
}

static WORLD: Mutex<Option<World>> = Mutex::new(None);

impl World {
    fn new() -> World {
        // In memory, where there is such a folder: every acknowledgement is synced.
        let shm = std::path::Path::new("/dev/shm");
        let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.expect("a folder");
        let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_748_764_800_000)));
        let (data, key) = (dir.path().join("data"), || ServiceKey::generate(&mut SeededRandom::from_number(1)));
        let linkage = LinkageKey::from_bytes(PROGRAMME.id.clone(), &mut [7; 32]);
        let now = Timestamp::from_millis(1_748_764_800_000);
        Service::initialise(&data, &PROGRAMME, TEXT, linkage.id(), &key(), now).expect("a folder");
        let random = || Box::new(SeededRandom::from_number(2));
        let service = Arc::new(Service::open(&data, key(), Arc::clone(&clock) as _, random()).expect("opened"));
        let lokk = "lokk".parse().expect("a name");
        service.enrol_key(&service.operator(), &lokk, &signing().verifying_key()).expect("enrolled");
        let mut bearers = vec![String::new(), "Bearer kobling-token-1.nothing".to_owned()];
        for (id, role, organisation) in [
            ("lokk-it", Role::Partner, "lokk"),
            ("other-it", Role::Partner, "frederiksberg"),
            ("vive", Role::Evaluator, "vive"),
            ("steward", Role::Steward, "koebenhavns-politi"),
            ("auditor", Role::Auditor, "datatilsyn"),
        ] {
            let id = Principal {
                id: id.parse().expect("a name"),
                name: id.to_owned(),
                role,
                organisation: organisation.parse().expect("a name"),
                person: None,
            };
            // An organisation that has no such role here stays out.
            if let Ok(token) = service.add_principal(&id) {
                bearers.push(format!("Bearer {}", token.text("fuzz").as_str()));
            }
        }
        assert!(bearers.len() >= 5, "{}", bearers.len());
        let app = kobling::web::router(service, random());
        World { clock, app, bearers, inputs: 0, _dir: dir }
    }

    /// Sends a request; its status, headers and body. A fault of the service's own is none of a request's.
    fn send(&self, request: Request<Body>) -> (Response<()>, Bytes) {
        let about = format!("{} {}", request.method(), request.uri());
        let answer = RUNTIME.block_on(async {
            let answer = self.app.clone().oneshot(request).await.expect("infallible");
            let (head, body) = answer.into_parts();
            (Response::from_parts(head, ()), body.collect().await.expect("whole").to_bytes())
        });
        let status = answer.0.status().as_u16();
        assert!(status != 500, "{about}: {}", String::from_utf8_lossy(&answer.1));
        let kind = answer.0.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind == Some("application/problem+json") && !answer.1.is_empty() {
            let problem: serde_json::Value = serde_json::from_slice(&answer.1).expect("a problem is JSON");
            assert!(problem["code"].is_string() && problem["status"] == status, "{about}: {problem}");
        }
        answer
    }
}

fn signing() -> SigningKey {
    SigningKey::from_seed(&mut [1; 32])
}

/// The manifest of rows, as the partner's tool writes it, in blocks of a size.
fn manifest(data: &[u8], number: u64, block: usize) -> Manifest {
    let dataset = PROGRAMME.dataset(&"forloeb".parse().expect("a name")).expect("there").1;
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let mut blocks = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        // A block ends at the end of a row; the last one ends where the rows do.
        let end = rest.iter().skip(block).position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + block + 1);
        let (first, after) = rest.split_at(end);
        let header = u64::from(blocks.is_empty());
        blocks.push(Block {
            bytes: first.len() as u32,
            rows: lines(first).saturating_sub(header) as u32,
            sha256: Sha256Hex::of(first),
        });
        rest = after;
    }
    let rows = lines(data).saturating_sub(1);
    Manifest {
        name: "interventionsmodel-lokk-forloeb".to_owned(),
        created: Timestamp::from_millis(number as i64),
        resources: [Resource {
            name: "data".to_owned(),
            path: "data.csv".to_owned(),
            format: "csv".to_owned(),
            mediatype: "text/csv".to_owned(),
            encoding: "utf-8".to_owned(),
            bytes: data.len() as u64,
            hash: format!("sha256:{}", Sha256Hex::of(data)),
            schema: Schema::of(dataset),
            blocks,
        }],
        kobling: Head {
            format: FORMAT,
            programme: PROGRAMME.id.clone(),
            partner: "lokk".parse().expect("a name"),
            dataset: dataset.id.clone(),
            period: PROGRAMME.period,
            key_id: LinkageKey::from_bytes(PROGRAMME.id.clone(), &mut [7; 32]).id(),
            tool: "kobling 0.1.0".to_owned(),
            rows: RowCounts { read: rows, sent: rows, anonymous: rows, ..RowCounts::default() },
            rejected: BTreeMap::new(),
            warnings: BTreeMap::new(),
            identifiers: BTreeMap::new(),
            screened: Some(kobling::extract::screen::SCREEN),
        },
    }
}

/// What is left of the input.
struct Tape<'a>(&'a [u8]);

impl<'a> Tape<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Up to a zero byte, or `most`.
    fn text(&mut self, most: usize) -> &'a [u8] {
        let end = self.0.iter().take(most).position(|byte| *byte == 0).unwrap_or(self.0.len().min(most));
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        text
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut world = WORLD.lock().expect("one at a time");
    if world.as_ref().is_none_or(|world| world.inputs >= INPUTS) {
        *world = None;
        *world = Some(World::new());
    }
    let world = world.as_mut().expect("just made");
    world.inputs += 1;
    // What is counted by the hour starts anew.
    world.clock.set(Timestamp::from_millis(1_748_764_800_000 + i64::from(world.inputs) * 3_600_000));
    let mut tape = Tape(bytes);
    let mut uploads: Vec<Upload> = Vec::new();
    for _ in 0..24 {
        if tape.0.is_empty() {
            break;
        }
        let kind = tape.byte();
        let bearer = world.bearers[usize::from(tape.byte()) % world.bearers.len()].clone();
        let lokk = world.bearers[2].clone();
        match kind % 6 {
            0 | 1 if uploads.len() < 4 => uploads.extend(opened(world, &mut tape, &lokk)),
            2 | 3 if !uploads.is_empty() => {
                let at = usize::from(tape.byte()) % uploads.len();
                patched(world, &mut tape, &lokk, &mut uploads[at]);
            }
            4 if !uploads.is_empty() => {
                let at = usize::from(tape.byte()) % uploads.len();
                let id = &uploads[at].id;
                let (method, path) = match tape.byte() % 6 {
                    0 => ("HEAD", format!("/v1/uploads/{id}")),
                    1 => ("GET", format!("/v1/uploads/{id}/receipt")),
                    2 => ("POST", format!("/v1/packages/{id}/withdraw")),
                    3 => ("DELETE", format!("/v1/uploads/{id}")),
                    4 => ("POST", format!("/v1/uploads/unusual/{id}/approve")),
                    _ => ("GET", "/v1/packages".to_owned()),
                };
                // Of any role: what is not theirs is not there for them.
                let request = Request::builder().method(method).uri(path).header("authorization", bearer);
                if let Ok(request) = request.header("tus-resumable", "1.0.0").body(Body::empty()) {
                    let _ = world.send(request);
                }
                if matches!(method, "DELETE" | "POST") {
                    uploads.remove(at);
                }
            }
            _ => anything(world, &mut tape, &bearer),
        }
    }
});

/// Opens an upload whose manifest fits its rows, now and then in another way than our tool's.
fn opened(world: &World, tape: &mut Tape<'_>, bearer: &str) -> Option<Upload> {
    let how = tape.byte();
    let block = 1 + usize::from(tape.byte()) * 4;
    let header: &[u8] = if how % 4 == 0 { b"" } else { b"person,sag,dato,trin,rolle,kommune\n" };
    let data = [header, tape.text(2048)].concat();
    if data.is_empty() {
        return None;
    }
    let mut manifest = manifest(&data, u64::from(how), block);
    if how % 8 == 7 {
        manifest.kobling.rows.anonymous = 0;
    }
    let mut text = manifest.to_json();
    // Some other bytes at some place, signed all the same.
    if how % 16 == 6 && !text.is_empty() {
        let at = (usize::from(tape.byte()) * 16) % text.len();
        let other = tape.text(32);
        text.splice(at..(at + other.len()).min(text.len()), other.iter().copied());
    }
    let signature = signing().sign(SIGNATURE_CONTEXT, &text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let body = serde_json::json!({ "manifest": text, "signature": signature.to_string() }).to_string();
    let request = Request::post("/v1/uploads").header("authorization", bearer).header("content-type", "application/json");
    let (head, body) = world.send(request.body(Body::from(body)).ok()?);
    if !head.status().is_success() {
        return None;
    }
    let view: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(view["length"], data.len() as u64);
    let offset = view["offset"].as_u64().expect("an offset");
    assert!(offset <= data.len() as u64);
    Some(Upload { id: view["id"].as_str().expect("an id").to_owned(), data, offset })
}

/// Sends rows: those that are due, or others, from a place that is due, or another.
fn patched(world: &World, tape: &mut Tape<'_>, bearer: &str, upload: &mut Upload) {
    let how = tape.byte();
    let at = usize::try_from(upload.offset).expect("small").min(upload.data.len());
    let rest = &upload.data[at..];
    let body = match how % 4 {
        0 => tape.text(512).to_vec(),
        1 => rest[..rest.len().min(usize::from(tape.byte()) * 8)].to_vec(),
        _ => rest.to_vec(),
    };
    let offset = match how / 4 % 8 {
        7 => String::from_utf8_lossy(tape.text(24)).into_owned(),
        6 => u64::from(tape.byte()).to_string(),
        _ => upload.offset.to_string(),
    };
    let mut request = Request::patch(format!("/v1/uploads/{}", upload.id))
        .header("authorization", bearer)
        .header("tus-resumable", "1.0.0")
        .header("content-type", "application/offset+octet-stream")
        .header("upload-offset", offset.as_bytes());
    if how >= 224 {
        request = request.header("upload-checksum", tape.text(64));
    }
    let Ok(request) = request.body(Body::from(body)) else { return };
    let (head, _) = world.send(request);
    if head.status().is_success() {
        let now = head.headers().get("upload-offset").and_then(|value| value.to_str().ok());
        let now: u64 = now.and_then(|text| text.parse().ok()).expect("an offset");
        // What was acknowledged stays, and no more is than was sent.
        assert!(now >= upload.offset && now <= upload.data.len() as u64);
        upload.offset = now;
    }
}

/// A request to a route of the table, or to any address, with any body and some headers.
fn anything(world: &World, tape: &mut Tape<'_>, bearer: &str) {
    let which = tape.byte();
    let (method, path) = match ROUTES.get(usize::from(which)) {
        // These wait for a tick before they leave.
        Some(route) if matches!(route.action, Some(Action::Ask | Action::ReadReports | Action::StatePayment)) => return,
        Some(route) => (route.method.to_owned(), route.path.to_owned()),
        None if which % 2 == 0 => ("GET".to_owned(), "/{id}".to_owned()),
        None => ("POST".to_owned(), "/{id}".to_owned()),
    };
    // What stands for a name in the path, as a client would write it, or as nobody would.
    let mut uri = String::new();
    let mut parts = path.split('{');
    uri += parts.next().unwrap_or_default();
    for part in parts {
        for byte in tape.text(48) {
            if which.is_multiple_of(3) || byte.is_ascii_alphanumeric() || b"-_./?=&".contains(byte) {
                uri.push(char::from(*byte));
            } else {
                uri += &format!("%{byte:02X}");
            }
        }
        uri += part.split_once('}').map_or("", |(_, after)| after);
    }
    let mut request = Request::builder().method(method.as_str()).uri(&uri).header("authorization", bearer);
    let names = ["content-type", "tus-resumable", "upload-offset", "upload-metadata", "upload-length", "upload-checksum",
        "accept", "cookie", "if-none-match", "accept-language", "content-length", "transfer-encoding", "x-http-method-override"];
    for _ in 0..tape.byte() % 5 {
        let name = names[usize::from(tape.byte()) % names.len()];
        let value: &[u8] = match (name, tape.byte() % 4) {
            ("content-type", 0) => b"application/json",
            ("content-type", 1) => b"application/x-www-form-urlencoded",
            ("content-type", 2) => b"multipart/form-data; boundary=x",
            ("tus-resumable", 0..3) => b"1.0.0",
            _ => tape.text(200),
        };
        request = request.header(name, value);
    }
    if let Ok(request) = request.body(Body::from(tape.text(4096).to_vec())) {
        let _ = world.send(request);
    }
}
