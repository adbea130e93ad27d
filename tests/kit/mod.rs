//! What tests of the whole service share: keys, packages made as a partner makes them, a service on loopback.
//! Each test binary uses its part.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use kobling::audit::{Receipt, SignedReceipt};
use kobling::auth::{Principal, Role};
use kobling::client::Client;
use kobling::clock::{Clock, Day, FixedClock, Timestamp};
use kobling::consent::ConsentRecord;
use kobling::extract::{Decimal, Declared, Job, Package, Source, Unwatched, tokenise};
use kobling::http::{Admission, AdmissionSettings};
use kobling::id::{Identifier, LeadingZero, Sex, generate_made_up_cpr};
use kobling::key::{LinkageKey, ServiceKey, SigningKey};
use kobling::name::PartnerId;
use kobling::programme::Programme;
use kobling::secret::{SeededRandom, SystemRandom};
use kobling::service::{Service, ServiceError};
use kobling::store::StoreError;
use kobling::token::Tokeniser;
use kobling::vault::{FrameReader, SealedFile, Vault};

pub const PROGRAMME: &str = include_str!("../../programmes/interventionsmodel.toml");

pub fn programme() -> &'static Programme {
    static READ: OnceLock<Programme> = OnceLock::new();
    READ.get_or_init(|| Programme::parse(PROGRAMME).unwrap_or_else(|error| panic!("{error}")))
}

pub fn linkage_key() -> LinkageKey {
    LinkageKey::from_bytes(programme().id.clone(), &mut [7; 32])
}

/// A partner's signing key, the same for the same name.
/// The service key of [`Running`] and [`Desk`](desk::Desk).
pub fn service_key() -> ServiceKey {
    ServiceKey::generate(&mut SeededRandom::from_number(11))
}

/// What they encrypt under.
pub fn vault() -> Vault {
    Vault::of(&service_key())
}

/// The database of a data folder, as whoever holds the service key reads it.
pub fn database(data: &Path, key: &ServiceKey) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(data.join("kobling.sqlite")).expect("open");
    db.pragma_update(None, "key", Vault::of(key).database_key().as_str()).expect("given");
    db
}

pub fn signing_key(partner: &str) -> SigningKey {
    let mut seed = [0x5A; 32];
    seed[..partner.len()].copy_from_slice(partner.as_bytes());
    SigningKey::from_seed(&mut seed)
}

/// The `n`-th made-up person.
pub fn cpr(n: u64) -> String {
    let born = Day::from_ymd(1970, 5, 6).expect("a day").plus(i32::try_from(n % 9000).expect("small"));
    let text = generate_made_up_cpr(born, Sex::Woman, &mut SeededRandom::from_number(n));
    String::from_utf8(text.to_vec()).expect("ASCII")
}

/// The text of a person's token at a partner.
pub fn token(partner: &str, n: u64) -> String {
    let partner: PartnerId = partner.parse().expect("a name");
    let today = Day::from_ymd(2025, 6, 1).expect("a day");
    let id = Identifier::parse(cpr(n).as_bytes(), today, LeadingZero::Refuse);
    let id = id.unwrap_or_else(|_| panic!("an identifier"));
    let mut text = Vec::new();
    Tokeniser::new(&linkage_key(), &partner, &partner).person(&id).write_to(&mut text);
    String::from_utf8(text).expect("ASCII")
}

/// A signed package of `forloeb` from persons, each with a first contact on a day of their own in 2022.
pub fn package(dir: &Path, partner: &str, persons: std::ops::Range<u64>, rows_each: u64) -> Package {
    let step = if partner == "koebenhavns-politi" { "Opsporet" } else { "Kontakt" };
    let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
    if partner == "koebenhavns-politi" {
        text = text.replace("Sagsnr", "Sagsnummer");
    }
    for n in persons {
        let cpr = cpr(n);
        for row in 0..rows_each {
            let day = Day::from_ymd(2022, 1, 1)
                .expect("a day")
                .plus(i32::try_from((n * 7 + row) % 360).expect("small"));
            let (y, m, d) = day.ymd();
            text.push_str(&format!("{cpr};S-{n};{d:02}-{m:02}-{y};{step};Voldsudsat;147\r\n"));
        }
    }
    package_of(dir, partner, &text, &linkage_key())
}

/// A signed package from the text of an extract.
pub fn package_of(dir: &Path, partner: &str, text: &str, key: &LinkageKey) -> Package {
    package_in(dir, partner, text, key, None)
}

/// The same of some quarters; of the programme's own where none are said.
pub fn package_in(
    dir: &Path,
    partner: &str,
    text: &str,
    key: &LinkageKey,
    period: Option<kobling::clock::Period>,
) -> Package {
    let dataset = match partner {
        "koebenhavns-politi" => "politi-opsporing",
        "frederiksberg" => "kommune-opsporing",
        _ => "forloeb",
    };
    let number = std::fs::read_dir(dir).expect("readable").count();
    let extract = dir.join(format!("{partner}-{number}.csv"));
    std::fs::write(&extract, text).expect("written");
    let (partner_id, dataset) = (partner.parse().expect("a name"), dataset.parse().expect("a name"));
    let programme = programme();
    let source = Source::File(extract);
    let job = Job {
        source: &source,
        declared: Declared::default(),
        mapping: None,
        programme,
        partner: &partner_id,
        dataset: &dataset,
        period,
        zero: LeadingZero::Refuse,
        decimal: Decimal::Comma,
        today: Day::from_ymd(2025, 6, 1).expect("a day"),
    };
    let out = dir.join(format!("{partner}-{number}-package"));
    let now = Timestamp::from_millis(1_748_800_000_000);
    tokenise(&job, key, None, None, (&out, now), &mut SystemRandom::new(), &mut Unwatched)
        .unwrap_or_else(|error| panic!("{error}"));
    let package = Package::open(&out).unwrap_or_else(|error| panic!("{error}"));
    package.sign(&signing_key(partner)).unwrap_or_else(|error| panic!("{error}"));
    package
}

/// A consent event of a person at a partner.
pub fn consent(partner: &str, n: u64, kind: &str, at: &str) -> ConsentRecord {
    let notice = programme().notices[0].clone();
    let basis = if partner == "koebenhavns-politi" { "offences-consent" } else { "explicit-consent" };
    serde_json::from_value(serde_json::json!({
        "token": token(partner, n),
        "event": {
            "record": format!("{kind}-{n}"), "schema": 1, "kind": kind,
            "purposes": ["evaluation"], "recipients": ["vive"], "datasets": [],
            "at": at, "valid_from": "2021-01-01", "valid_to": "2029-12-31",
            "notice": { "id": notice.id, "version": notice.version.to_string(), "sha256": notice.sha256,
                        "language": notice.language },
            "method": "written", "given_by": "self", "recorded_by": "staff 17",
            "legal_basis": basis, "withdrawal_method": "digital", "retention_until": "2034-12-31"
        }
    }))
    .expect("a record")
}

/// A service on loopback, in this process, on a clock that stands still.
pub struct Running {
    pub dir: tempfile::TempDir,
    pub address: String,
    pub service: Arc<Service>,
    pub clock: Arc<FixedClock>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Opens a service on a folder with the tests' service key.
///
/// A program that another test starts at this moment shares this process's lock on the folder from fork to exec, so a
/// lock that is taken is waited for, a little while.
pub fn open(data: &Path, clock: &Arc<dyn Clock>) -> Service {
    let mut waited = 0;
    loop {
        let key = service_key();
        match Service::open(data, key, Arc::clone(clock), Box::new(SystemRandom::new())) {
            Err(ServiceError::Store(StoreError::InUse(_))) if waited < 100 => {
                waited += 1;
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            opened => return opened.unwrap_or_else(|error| panic!("{error}")),
        }
    }
}

impl Running {
    /// Begins with a new data folder.
    pub fn new() -> Running {
        Running::of(PROGRAMME)
    }

    /// The same with another text of the programme.
    pub fn of(text: &str) -> Running {
        Running::by(text, AdmissionSettings::default())
    }

    /// The same, with other rules of who is let in.
    pub fn by(text: &str, rules: AdmissionSettings) -> Running {
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let dir = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(FixedClock::new("2025-06-01T08:00:00Z".parse().expect("an instant")));
        let key = service_key();
        let data = dir.path().join("data");
        Service::initialise(&data, &programme, text, linkage_key().id(), &key, clock.now())
            .unwrap_or_else(|error| panic!("{error}"));
        let service = Arc::new(open(&data, &(Arc::clone(&clock) as Arc<dyn Clock>)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let serving = Arc::clone(&service);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            let done = async {
                stopped.await.ok();
            };
            let random = Box::new(SystemRandom::new());
            let admission = Admission::new(rules, Box::new(SystemRandom::new()));
            let served = kobling::web::serve_with((serving, admission), random, None, listener, None, done);
            runtime.block_on(served).expect("served");
        });
        Running { dir, address, service, clock, stop: Some(stop), thread: Some(thread) }
    }

    /// A principal's bearer token.
    pub fn bearer(&self, id: &str, role: Role, organisation: &str) -> String {
        let principal = Principal {
            id: id.parse().expect("a name"),
            name: id.to_owned(),
            role,
            organisation: organisation.parse().expect("a name"),
            person: None,
        };
        let token = self.service.add_principal(&principal).unwrap_or_else(|error| panic!("{error}"));
        token.text("test").to_string()
    }

    /// A client of a new principal.
    pub fn client(&self, id: &str, role: Role, organisation: &str) -> Client {
        let bearer = self.bearer(id, role, organisation);
        connect(self.dir.path(), &self.address, id, &bearer)
    }

    /// A client of a partner whose signing key is enrolled.
    pub fn partner(&self, partner: &str) -> Client {
        let key = signing_key(partner).verifying_key();
        let (actor, id) = (self.service.operator(), partner.parse().expect("a name"));
        self.service.enrol_key(&actor, &id, &key).unwrap_or_else(|error| panic!("{error}"));
        self.client(&format!("{partner}-it"), Role::Partner, partner)
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A folder for packages.
    pub fn packages(&self) -> PathBuf {
        let path = self.dir.path().join("packages");
        std::fs::create_dir_all(&path).expect("made");
        path
    }

    /// Reads and verifies a receipt.
    pub fn receipt(&self, body: &[u8]) -> Receipt {
        let signed: SignedReceipt = serde_json::from_slice(body).expect("a receipt");
        signed.verify(&self.service.verifying_key()).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Writes a file for its owner alone, as a bearer token or a CPR number must lie.
pub fn write_private(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    let path = path.as_ref();
    std::fs::remove_file(path).ok();
    kobling::key::private::write_new(path, content.as_ref()).unwrap_or_else(|error| panic!("{error}"));
}

/// A client with a bearer token.
pub fn connect(dir: &Path, address: &str, id: &str, bearer: &str) -> Client {
    let file = dir.join(format!("{id}.token"));
    write_private(&file, format!("{bearer}\n"));
    Client::new(address, &file, None).unwrap_or_else(|error| panic!("{error}"))
}

/// A request without any client library's help: status, headers and body.
pub struct Raw {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Raw {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn problem(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.body);
        let problem: serde_json::Value = serde_json::from_str(&self.body).expect("a problem");
        for member in ["type", "title", "code", "advice"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
        assert_eq!(problem["status"], self.status);
        problem
    }

    pub fn code(&self) -> String {
        self.problem()["code"].as_str().expect("a code").to_owned()
    }
}

/// Sends a request and reads the whole answer.
pub fn raw(
    address: &str,
    method: &str,
    path: &str,
    bearer: Option<&str>,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Raw {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .build()
        .new_agent();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{address}{path}"));
    if let Some(bearer) = bearer {
        request = request.header("Authorization", format!("Bearer {bearer}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let with_body = !body.is_empty() || matches!(method, "POST" | "PATCH");
    let mut response = if with_body {
        agent.run(request.body(body).expect("a request"))
    } else {
        agent.run(request.body(()).expect("a request"))
    }
    .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    let text = |value: &ureq::http::HeaderValue| value.to_str().expect("ASCII").to_owned();
    Raw {
        status: response.status().as_u16(),
        headers: response.headers().iter().map(|(n, v)| (n.to_string(), text(v))).collect(),
        body: response.body_mut().read_to_string().expect("text"),
    }
}

/// Every file of a data folder of [`Running`] and [`Desk`](desk::Desk), with what it holds for who has the service key: frames and
/// sealed files opened, and the database's pages as they are, those that nothing refers to any more too. What is in clear on disk
/// stands as it is.
pub fn clear_files(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let vault = vault();
    let open = |(path, bytes): (PathBuf, Vec<u8>)| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let clear = if bytes.starts_with(b"KBF1") {
            let reader = FrameReader::open(&vault, &path, &format!("staged/{name}")).expect("opens");
            let (mut reader, mut clear) = (reader.expect("a head"), Vec::new());
            while let Some(frame) = reader.next().expect("reads") {
                clear.extend_from_slice(frame);
            }
            assert!(reader.is_at_end(), "{name}");
            clear
        } else if bytes.starts_with(b"KBV1") {
            let file = SealedFile::open(&vault, &path, &format!("snapshot/{name}")).expect("opens");
            let mut clear = vec![0; usize::try_from(file.len()).expect("small")];
            assert_eq!(file.read_at(0, &mut clear).expect("reads"), clear.len());
            clear
        } else if name == "kobling.sqlite" {
            let db = database(data, &service_key());
            let mut pages = db.prepare("SELECT data FROM sqlite_dbpage ORDER BY pgno").expect("pages");
            let pages = pages.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("pages");
            pages.flat_map(|page| page.expect("a page")).collect()
        } else {
            bytes
        };
        (path, clear)
    };
    files(data).into_iter().map(open).collect()
}

/// Every file under a folder with its bytes.
pub fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).expect("readable");
            found.push((path, bytes));
        }
    }
    found
}
