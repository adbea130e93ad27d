//! Load, on loopback alone: 50 partners upload at once, 200 evaluators ask, the steward seals, all against the real program.
//!
//! `KOBLING_LOAD_SECONDS` (45 when not given, 3600 for the long form) says for how long; `--nocapture` prints the figures.

#![cfg(all(feature = "service", target_os = "linux"))]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kobling::audit::SignedReceipt;
use kobling::auth::{Principal, Role};
use kobling::client::{Client, upload};
use kobling::clock::{Clock as _, Day, SystemClock};
use kobling::extract::{Decimal, Declared, Job, Package, Source, Unwatched, tokenise};
use kobling::id::LeadingZero;
use kobling::key::{Example, LinkageKey, ServiceKey, SigningKey, VerifyingKey};
use kobling::programme::Programme;
use kobling::secret::{Random as _, SeededRandom, SystemRandom};
use kobling::service::Service;

const PARTNERS: usize = 50;
const EVALUATORS: usize = 200;
/// Rows of a package, of as many persons.
const ROWS: u64 = 300;

fn text() -> String {
    let ids: Vec<String> = (0..PARTNERS).map(|n| format!("\"p{n}\"")).collect();
    let mut text = "[programme]\nid = \"load\"\nversion = 1\ntitle = { da = \"t\", en = \"t\" }\n\
         period = \"2022-Q1..2023-Q4\"\n[roles]\ncustodian = \"c\"\noperator = \"o\"\nsteward = \"s\"\n\
         evaluators = [{ id = \"e\", name = \"E\" }]\n[[purpose]]\nid = \"p\"\ntitle = { da = \"t\", en = \"t\" }\n"
        .to_owned();
    for id in &ids {
        writeln!(text, "[[partner]]\nid = {id}\nname = \"n\"\nkind = \"ngo\"").expect("a text");
    }
    text + &format!(
        "[[dataset]]\nid = \"contacts\"\ntitle = {{ da = \"t\", en = \"t\" }}\npartners = [{}]\n\
         [[dataset.basis]]\npurpose = \"p\"\nkind = \"task\"\nrests_on = \"r\"\n\
         [[dataset.column]]\nid = \"person\"\nrole = \"person\"\n[[dataset.column]]\nid = \"day\"\nrole = \"date\"\n\
         [[question]]\nid = \"reach\"\nnumber = \"Q1\"\nkind = \"reach\"\npurpose = \"p\"\n\
         title = {{ da = \"t\", en = \"t\" }}\ndefinition = {{ da = \"d\", en = \"e\" }}\ndimensions = []\n\
         populations = []\ndatasets = [\"contacts\"]\n",
        ids.join(", ")
    )
}

fn principal(id: &str, role: Role, organisation: &str) -> Principal {
    Principal {
        id: id.parse().expect("a name"),
        name: id.to_owned(),
        role,
        organisation: organisation.parse().expect("a name"),
        person: None,
    }
}

fn signing(partner: usize) -> SigningKey {
    SigningKey::from_seed(&mut [u8::try_from(partner + 1).expect("few"); 32])
}

/// The folder, its principals and their tokens.
struct World {
    dir: tempfile::TempDir,
    programme: Programme,
    partners: Vec<String>,
    evaluators: Vec<String>,
    steward: String,
    receipts: VerifyingKey,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().expect("a folder");
        let programme = Programme::parse(&text()).unwrap_or_else(|error| panic!("{error}"));
        let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
        let file = dir.path().join("service.key");
        key.save(&file, SystemClock.now()).expect("written");
        let again = ServiceKey::load(&file, Example::Refuse).expect("read");
        let data = dir.path().join("data");
        Service::initialise(&data, &programme, &text(), linkage(&programme).id(), &key, SystemClock.now())
            .unwrap_or_else(|error| panic!("{error}"));
        let clock = std::sync::Arc::new(SystemClock);
        let service = Service::open(&data, again, clock, Box::new(SystemRandom::new()));
        let service = service.unwrap_or_else(|error| panic!("{error}"));
        let add = |principal: &Principal| {
            let token = service.add_principal(principal).unwrap_or_else(|error| panic!("{error}"));
            token.text("test").to_string()
        };
        let partners = (0..PARTNERS).map(|n| {
            let id = format!("p{n}").parse().expect("a name");
            let enrolled = service.enrol_key(&service.operator(), &id, &signing(n).verifying_key());
            enrolled.unwrap_or_else(|error| panic!("{error}"));
            add(&principal(&format!("p{n}-it"), Role::Partner, &format!("p{n}")))
        });
        let partners = partners.collect();
        let evaluators =
            (0..EVALUATORS).map(|n| add(&principal(&format!("e{n}"), Role::Evaluator, "e"))).collect();
        let steward = add(&principal("s-1", Role::Steward, "s"));
        let receipts = service.verifying_key();
        drop(service);
        World { dir, programme, partners, evaluators, steward, receipts }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

fn linkage(programme: &Programme) -> LinkageKey {
    LinkageKey::from_bytes(programme.id.clone(), &mut [7; 32])
}

/// The program at work.
struct Served {
    child: Child,
    address: String,
    seen: String,
}

impl Served {
    fn start(world: &World) -> Served {
        let settings = "[service]\ndata = \"data\"\nservice_key = \"service.key\"\nlisten = \"127.0.0.1:0\"\n\
             [metrics]\nlisten = \"127.0.0.1:0\"\n\
             # All of them come from one address here; and more ask at once than may wait.\n\
             [admission]\nconnections_of_address = 512\nquestions_waiting = 60\n";
        std::fs::write(world.path("koblingd.toml"), settings).expect("written");
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(world.path("log")).expect("opened");
        let mut command = Command::new(env!("CARGO_BIN_EXE_koblingd"));
        command.arg("serve").arg("--config").arg(world.path("koblingd.toml")).env("KOBLING_LANG", "en");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut line = || lines.next().expect("a line").expect("text");
        let seen = line().strip_prefix("figures and health on ").expect("where").to_owned();
        let address = line().strip_prefix("listening on ").expect("where").to_owned();
        Served { child, address, seen }
    }

    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).expect("a number") * 1024
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A package of a partner, of persons that others know too.
fn package(world: &World, partner: usize, number: u64, random: &mut SeededRandom) -> Package {
    let folder = world.path(&format!("p{partner}"));
    std::fs::create_dir_all(&folder).expect("made");
    let mut text = "person;day\r\n".to_owned();
    for _ in 0..ROWS {
        let day =
            Day::from_ymd(2022, 1, 1).expect("a day").plus(i32::try_from(random.below(700)).expect("small"));
        writeln!(text, "{};{day}\r", kit::cpr(random.below(8000))).expect("a text");
    }
    let extract = folder.join(format!("{number}.csv"));
    std::fs::write(&extract, text).expect("written");
    let source = Source::File(extract.clone());
    let partner_id = format!("p{partner}").parse().expect("a name");
    let dataset = "contacts".parse().expect("a name");
    let job = Job {
        source: &source,
        declared: Declared::default(),
        mapping: None,
        programme: &world.programme,
        partner: &partner_id,
        dataset: &dataset,
        period: None,
        zero: LeadingZero::Refuse,
        decimal: Decimal::Comma,
        today: SystemClock.today(),
    };
    let out = folder.join(format!("{number}-package"));
    let key = linkage(&world.programme);
    tokenise(&job, &key, None, None, (&out, SystemClock.now()), &mut SystemRandom::new(), &mut Unwatched)
        .unwrap_or_else(|error| panic!("{error}"));
    std::fs::remove_file(extract).ok();
    let package = Package::open(&out).unwrap_or_else(|error| panic!("{error}"));
    package.sign(&signing(partner)).unwrap_or_else(|error| panic!("{error}"));
    package
}

/// What was measured, by what was done.
#[derive(Default)]
struct Times(Mutex<BTreeMap<&'static str, Vec<Duration>>>);

impl Times {
    fn took(&self, what: &'static str, time: Duration) {
        self.0.lock().expect("whole").entry(what).or_default().push(time);
    }

    fn print(&self) {
        for (what, times) in self.0.lock().expect("whole").iter_mut() {
            times.sort_unstable();
            let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)].as_secs_f64();
            say(&format!(
                "{what:<10} {:>6} times; p50 {:.3} s, p95 {:.3} s, p99 {:.3} s, most {:.3} s",
                times.len(),
                at(500),
                at(950),
                at(990),
                at(1000)
            ));
        }
    }
}

#[expect(clippy::print_stdout, reason = "figures, for --nocapture")]
fn say(line: &str) {
    println!("{line}");
}

/// One partner uploads package after package; every receipt that came is noted.
fn upload_on(
    world: &World,
    served: &Served,
    partner: usize,
    stop: &AtomicBool,
    times: &Times,
) -> BTreeSet<String> {
    let mut random = SeededRandom::from_number(partner as u64);
    let client =
        kit::connect(world.dir.path(), &served.address, &format!("p{partner}"), &world.partners[partner]);
    let mut received = BTreeSet::new();
    for number in 0.. {
        let package = package(world, partner, number, &mut random);
        let began = Instant::now();
        let sent = upload(&client, &package, &package.signature().expect("signed"), |_| {});
        let outcome = sent.unwrap_or_else(|error| panic!("p{partner}: {error}"));
        times.took("upload", began.elapsed());
        let signed: SignedReceipt = serde_json::from_slice(&outcome.receipt).expect("a receipt");
        signed.verify(&world.receipts).unwrap_or_else(|error| panic!("{error}"));
        received.insert(outcome.id);
        std::fs::remove_dir_all(world.path(&format!("p{partner}/{number}-package"))).ok();
        if stop.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(Duration::from_millis(500 + random.below(2000)));
    }
    received
}

/// One evaluator asks question after question, and waits as it is asked to.
fn ask_on(
    world: &World,
    served: &Served,
    number: usize,
    stop: &AtomicBool,
    (times, held): (&Times, &AtomicU64),
) {
    let mut random = SeededRandom::from_number(1000 + number as u64);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let url = format!("{}/v1/questions/reach", served.address);
    let bearer = format!("Bearer {}", world.evaluators[number]);
    let quarter = |n: u64| format!("{}-Q{}", 2022 + n / 4, n % 4 + 1);
    while !stop.load(Ordering::Relaxed) {
        let first = random.below(8);
        let last = first + random.below(8 - first);
        let body = format!("{{\"by\": [], \"period\": \"{}..{}\"}}", quarter(first), quarter(last));
        let began = Instant::now();
        let call =
            agent.post(&url).header("Authorization", &bearer).header("Content-Type", "application/json");
        let mut answer = call.send(body.as_bytes()).unwrap_or_else(|error| panic!("e{number}: {error}"));
        let status = answer.status().as_u16();
        let wait = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let text = answer.body_mut().read_to_string().expect("text");
        match (status, wait) {
            (200, _) => times.took("question", began.elapsed()),
            (429 | 503, Some(seconds)) => {
                held.fetch_add(1, Ordering::Relaxed);
                let until = Instant::now() + Duration::from_secs(seconds);
                while Instant::now() < until && !stop.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
            _ => panic!("e{number}: {status} {text}"),
        }
        std::thread::sleep(Duration::from_millis(100 + random.below(500)));
    }
}

/// Ids of a partner's packages that the service has whole.
fn complete(client: &Client) -> BTreeSet<String> {
    let body = client.fetch("/v1/packages").unwrap_or_else(|error| panic!("{error}"));
    let list: Vec<serde_json::Value> = serde_json::from_slice(&body).expect("JSON");
    // Of the same quarters the newer one takes the older one's place at a seal.
    let whole =
        list.iter().filter(|package| package["state"] == "complete" || package["state"] == "replaced");
    whole.map(|package| package["id"].as_str().expect("an id").to_owned()).collect()
}

fn seal(world: &World, served: &Served) {
    let client = kit::connect(world.dir.path(), &served.address, "s", &world.steward);
    client.post("/v1/seals", b"", None).unwrap_or_else(|error| panic!("seal: {error}"));
}

/// Flat: what the last third held is no more than what the middle one did, by a quarter and what a seal may take.
fn is_flat(samples: &[u64]) -> bool {
    let third = samples.len() / 3;
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    let (middle, last) = (most(&samples[third..2 * third]), most(&samples[2 * third..]));
    last <= middle + middle / 4 + (16 << 20)
}

#[test]
fn fifty_partners_and_two_hundred_evaluators_at_once() {
    let seconds = std::env::var("KOBLING_LOAD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(45);
    let world = World::new();
    let served = Served::start(&world);
    // Something to ask about.
    let mut random = SeededRandom::from_number(77);
    let client = kit::connect(world.dir.path(), &served.address, "first", &world.partners[0]);
    let first = package(&world, 0, 1_000_000, &mut random);
    upload(&client, &first, &first.signature().expect("signed"), |_| {}).expect("uploaded");
    seal(&world, &served);

    let (stop, held, times) = (AtomicBool::new(false), AtomicU64::new(0), Times::default());
    let mut resident = Vec::new();
    let received = std::thread::scope(|scope| {
        let (world, served, stop, held, times) = (&world, &served, &stop, &held, &times);
        let partners: Vec<_> =
            (0..PARTNERS).map(|n| scope.spawn(move || upload_on(world, served, n, stop, times))).collect();
        let evaluators: Vec<_> = (0..EVALUATORS)
            .map(|n| scope.spawn(move || ask_on(world, served, n, stop, (times, held))))
            .collect();
        let began = Instant::now();
        let mut sealed = Instant::now();
        while began.elapsed() < Duration::from_secs(seconds) {
            std::thread::sleep(Duration::from_millis(500));
            resident.push(served.resident());
            if sealed.elapsed() > Duration::from_secs(8) {
                let began = Instant::now();
                seal(world, served);
                times.took("seal", began.elapsed());
                sealed = Instant::now();
            }
        }
        stop.store(true, Ordering::Relaxed);
        evaluators.into_iter().for_each(|thread| thread.join().expect("answered"));
        partners.into_iter().map(|thread| thread.join().expect("received")).collect::<Vec<_>>()
    });
    let metrics = kit::raw(&served.seen, "GET", "/metrics", None, &[], &[]).body;
    let held = held.into_inner();
    say(&format!("{PARTNERS} partners, {EVALUATORS} evaluators, {seconds} s; asked to come again: {held}"));
    times.print();
    let mib = |bytes: u64| bytes >> 20;
    let third = resident.len() / 3;
    let most = |part: &[u64]| mib(part.iter().copied().max().unwrap_or(0));
    say(&format!(
        "memory: most {} MiB in the first third, {} in the second, {} in the last",
        most(&resident[..third]),
        most(&resident[third..2 * third]),
        most(&resident[2 * third..])
    ));
    assert!(held > 0, "more asked at once than may wait, and none was asked to come again");
    assert!(is_flat(&resident), "{resident:?}");
    let faults = metrics.lines().filter(|line| line.starts_with("kobling_faults_total{"));
    assert!(faults.clone().count() == 5 && faults.clone().all(|line| line.ends_with(" 0")), "{metrics}");
    assert!(metrics.contains("kobling_ready 1.0"), "{metrics}");
    let log = std::fs::read_to_string(world.path("log")).expect("a log");
    assert!(!log.contains("\"level\":\"ERROR\""), "a fault stands in the log");

    // Nothing acknowledged is lost, by a kill in the end either.
    drop(served);
    let served = Served::start(&world);
    for (partner, received) in received.iter().enumerate() {
        let id = format!("after-{partner}");
        let client = kit::connect(world.dir.path(), &served.address, &id, &world.partners[partner]);
        let there = complete(&client);
        assert!(received.is_subset(&there), "p{partner}: {} of {}", there.len(), received.len());
        assert!(!received.is_empty());
    }
    seal(&world, &served);
}

#[test]
fn memory_that_grows_is_no_flat_memory() {
    let flat: Vec<u64> = (0..90).map(|n| (200 << 20) + ((n % 7) << 20)).collect();
    let grows: Vec<u64> = (0..90).map(|n| (100 << 20) + ((n * 3) << 20)).collect();
    assert!(is_flat(&flat) && !is_flat(&grows));
    assert!(Path::new("/proc/self/status").exists());
}
