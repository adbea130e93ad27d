//! A service of its own for the steward's pages: on a programme that a test writes, on a clock that can hold a seal.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use kobling::auth::{Principal, Role};
use kobling::clock::{Clock, FixedClock, Timestamp};
use kobling::extract::Package;
use kobling::key::ServiceKey;
use kobling::programme::Programme;
use kobling::secret::{SeededRandom, SystemRandom};
use kobling::service::{Service, ServiceError, UploadRequest};

use crate::kit::{self, linkage_key, signing_key};

/// A clock that stands still, and that lets no thread of a seal pass while it holds it.
pub struct HoldingClock {
    inner: FixedClock,
    held: Mutex<bool>,
    freed: Condvar,
}

impl HoldingClock {
    pub fn hold(&self) {
        *self.held.lock().expect("held") = true;
    }

    pub fn free(&self) {
        *self.held.lock().expect("held") = false;
        self.freed.notify_all();
    }
}

impl Clock for HoldingClock {
    fn now(&self) -> Timestamp {
        if std::thread::current().name() == Some("seal") {
            let held = self.held.lock().expect("held");
            let patience = Duration::from_secs(120);
            drop(self.freed.wait_timeout_while(held, patience, |held| *held).expect("held"));
        }
        self.inner.now()
    }
}

pub struct World {
    pub dir: tempfile::TempDir,
    pub address: String,
    pub service: Arc<Service>,
    pub clock: Arc<HoldingClock>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl World {
    pub fn new() -> World {
        World::of(kit::PROGRAMME)
    }

    pub fn of(text: &str) -> World {
        let dir = tempfile::tempdir().expect("a folder");
        let at = "2025-06-01T08:00:00Z".parse().expect("an instant");
        let clock = Arc::new(HoldingClock {
            inner: FixedClock::new(at),
            held: Mutex::new(false),
            freed: Condvar::new(),
        });
        let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
        let data = dir.path().join("data");
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        Service::initialise(&data, &programme, text, linkage_key().id(), &key, at)
            .unwrap_or_else(|error| panic!("{error}"));
        let service = Arc::new(kit::open(&data, &(Arc::clone(&clock) as Arc<dyn Clock>)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let serving = Arc::clone(&service);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let done = async {
                stopped.await.ok();
            };
            let random = Box::new(SystemRandom::new());
            let served = kobling::web::serve(serving, random, listener, None, done);
            runtime.expect("a runtime").block_on(served).expect("served");
        });
        World { dir, address, service, clock, stop: Some(stop), thread: Some(thread) }
    }

    pub fn advance(&self, minutes: i64) {
        self.clock.inner.set(self.clock.inner.now().plus_millis(minutes * 60_000));
    }

    pub fn principal(&self, id: &str, role: Role, organisation: &str) -> (Principal, String) {
        let principal = Principal {
            id: id.parse().expect("a name"),
            name: id.to_owned(),
            role,
            organisation: organisation.parse().expect("a name"),
            person: None,
        };
        let token = self.service.add_principal(&principal).unwrap_or_else(|error| panic!("{error}"));
        (principal, token.text("test").to_string())
    }

    pub fn steward(&self, id: &str) -> String {
        self.principal(id, Role::Steward, "styregruppe").1
    }

    /// A partner whose signing key is enrolled.
    pub fn partner(&self, partner: &str) -> Principal {
        let key = signing_key(partner).verifying_key();
        let (actor, id) = (self.service.operator(), partner.parse().expect("a name"));
        self.service.enrol_key(&actor, &id, &key).unwrap_or_else(|error| panic!("{error}"));
        self.principal(&format!("{partner}-it"), Role::Partner, partner).0
    }

    /// A package of so many persons, made and not sent.
    pub fn package(&self, partner: &Principal, persons: std::ops::Range<u64>) -> Package {
        let folder = self.dir.path().join("packages");
        std::fs::create_dir_all(&folder).expect("made");
        kit::package(&folder, partner.organisation.as_str(), persons, 1)
    }

    /// Sends a package.
    pub fn send(&self, partner: &Principal, package: &Package) -> Result<String, ServiceError> {
        let manifest = String::from_utf8(package.manifest_bytes.clone()).expect("UTF-8");
        let signature = package.signature().expect("signed").to_string();
        let request = UploadRequest { manifest: &manifest, signature: &signature };
        let opened = self.service.open_upload(partner, request)?;
        let mut bytes = Some(std::fs::read(package.data_path()).expect("readable"));
        self.service.append(partner, &opened.id, opened.offset, || bytes.take())?;
        Ok(opened.id)
    }

    /// A request by hand with a cookie: status, headers and body as they came.
    pub fn by_hand(&self, method: &str, path: &str, cookie: &str, body: &str) -> (u16, String) {
        use std::io::{Read as _, Write as _};
        let host = self.address.strip_prefix("http://").expect("http");
        let mut stream = std::net::TcpStream::connect(host).expect("connected");
        // What a form says of its session, a script says in a header.
        let said = body.strip_prefix("csrf=").and_then(|rest| rest.split('&').next()).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\nKobling-Csrf: {said}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut text = Vec::new();
        stream.read_to_end(&mut text).expect("read");
        let text = String::from_utf8_lossy(&text).into_owned();
        (text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), text)
    }

    /// Signs in by hand: the cookie, and what the session's forms say.
    pub fn session(&self, bearer: &str) -> (String, String) {
        let (status, text) = self.by_hand("POST", "/da/sign-in", "", &format!("token={bearer}&next=/"));
        assert_eq!(status, 303, "{text}");
        let line = text.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
        let cookie = line.split(';').next().expect("a pair").to_owned();
        let (_, page) = self.by_hand("GET", "/da/", &cookie, "");
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        (cookie, csrf.expect("a form").to_owned())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.clock.free();
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
