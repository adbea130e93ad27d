//! Intake over HTTP to durable staged rows, beside the bare work of re-keying and hashing on one core, and beside the
//! disk: the real server on loopback and the client that partners use.
//!
//! `cargo bench --bench upload -- [ROWS]` (3 million when not given). Figures are ratios of one run.

use std::io::{BufWriter, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use kobling::auth::{Principal, Role};
use kobling::client::{Client, upload};
use kobling::clock::{Clock as _, Day, SystemClock};
use kobling::extract::Package;
use kobling::extract::{Decimal, Declared, Job, Source, Unwatched, tokenise};
use kobling::id::{LeadingZero, Sex, generate_made_up_cpr};
use kobling::key::{LinkageKey, ServiceKey, SigningKey};
use kobling::programme::Programme;
use kobling::secret::{Random as _, SeededRandom, SystemRandom};
use kobling::service::Service;

const PROGRAMME: &str = include_str!("../programmes/interventionsmodel.toml");
const PARTNER: &str = "lokk";

fn write_extract(path: &Path, rows: u64) {
    let mut random = SeededRandom::from_number(1);
    let born = Day::from_ymd(1940, 1, 1).expect("a day");
    let numbers = (0..500_000.min(rows))
        .map(|_| {
            let day = born.plus(i32::try_from(random.below(29_000)).expect("small"));
            generate_made_up_cpr(day, Sex::Woman, &mut random)
        })
        .collect::<Vec<_>>();
    let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(path).expect("a file"));
    writeln!(out, "CPR-nr;Dato;Trin;Rolle;Kommune").expect("written");
    for n in 0..rows {
        let cpr = &numbers[usize::try_from(random.below(numbers.len() as u64)).expect("small")];
        let (year, month, dom) =
            Day::from_ymd(2021, 1, 1).expect("a day").plus(i32::try_from(n % 1400).expect("small")).ymd();
        out.write_all(cpr).expect("written");
        writeln!(out, ";{dom:02}-{month:02}-{year};Kontakt;U;147").expect("written");
    }
    out.flush().expect("written");
}

/// Re-keying and hashing alone: tokens read, links made, blocks hashed, on one core; rows a second.
fn bare(data: &[u8], rows: u64, key: &ServiceKey) -> f64 {
    use sha2::Digest as _;
    let partner = PARTNER.parse().expect("a name");
    let linker = kobling::token::Linker::new(key, &partner, &partner);
    let start = Instant::now();
    let mut sum = 0u8;
    for block in data.chunks(1 << 20) {
        sum ^= sha2::Sha256::digest(block)[0];
    }
    for line in data.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty()) {
        let end = line.iter().position(|byte| *byte == b',').unwrap_or(0);
        if let Ok(token) = kobling::token::Token::parse(&line[..end]) {
            sum ^= linker.link(&token).as_stored()[0];
        }
    }
    std::hint::black_box(sum);
    rows as f64 / start.elapsed().as_secs_f64()
}

/// Bytes a second to a file and to the disk.
fn disk(folder: &Path, bytes: &[u8]) -> f64 {
    let start = Instant::now();
    let mut file = std::fs::File::create(folder.join("bare")).expect("a file");
    file.write_all(bytes).and_then(|()| file.sync_all()).expect("written");
    bytes.len() as f64 / start.elapsed().as_secs_f64()
}

fn main() {
    let rows = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(3_000_000u64);
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name);
    // More persons than the partner can have.
    let text = &PROGRAMME.replace("population = 60000", "population = 12000000");
    let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let linkage = LinkageKey::from_bytes(programme.id.clone(), &mut [1; 32]);
    let signing = SigningKey::from_seed(&mut [2; 32]);
    write_extract(&at("extract.csv"), rows);
    let (partner, dataset) = (PARTNER.parse().expect("a name"), "forloeb".parse().expect("a name"));
    let source = Source::File(at("extract.csv"));
    let job = Job {
        source: &source,
        declared: Declared::default(),
        mapping: None,
        programme: &programme,
        partner: &partner,
        dataset: &dataset,
        period: None,
        zero: LeadingZero::Refuse,
        decimal: Decimal::Comma,
        today: SystemClock.today(),
    };
    let out = (at("package"), SystemClock.now());
    let random = &mut SystemRandom::new();
    tokenise(&job, &linkage, Some(&signing), None, (&out.0, out.1), random, &mut Unwatched)
        .unwrap_or_else(|error| panic!("{error}"));
    let package = Package::open(&out.0).unwrap_or_else(|error| panic!("{error}"));
    let sent = package.manifest.kobling.rows.sent;

    let data = std::fs::read(package.data_path()).expect("readable");
    let key = || ServiceKey::generate(&mut SeededRandom::from_number(3));
    let bare = bare(&data, sent, &key());
    let disk = disk(dir.path(), &data);

    Service::initialise(&at("data"), &programme, text, linkage.id(), &key(), SystemClock.now())
        .unwrap_or_else(|error| panic!("{error}"));
    let service = Service::open(&at("data"), key(), Arc::new(SystemClock), Box::new(SystemRandom::new()));
    let service = Arc::new(service.unwrap_or_else(|error| panic!("{error}")));
    let principal = Principal {
        id: "lokk-it".parse().expect("a name"),
        name: "bench".to_owned(),
        role: Role::Partner,
        organisation: partner.clone().into(),
        person: None,
    };
    let token = service.add_principal(&principal).unwrap_or_else(|error| panic!("{error}"));
    std::fs::write(at("token"), token.text("a benchmark").as_str()).expect("written");
    service
        .enrol_key(&service.operator(), &partner, &signing.verifying_key())
        .unwrap_or_else(|error| panic!("{error}"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = Arc::clone(&service);
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(kobling::http::serve(served, listener, None, async {
            stopped.await.ok();
        }))
    });
    let client = Client::new(&address, &at("token"), None).unwrap_or_else(|error| panic!("{error}"));
    let signature = package.signature().unwrap_or_else(|error| panic!("{error}"));
    let start = Instant::now();
    upload(&client, &package, &signature, |_| {}).unwrap_or_else(|error| panic!("{error}"));
    let seconds = start.elapsed().as_secs_f64();
    stop.send(()).ok();
    server.join().expect("joined").expect("served");
    let rate = sent as f64 / seconds;
    #[expect(clippy::print_stdout, reason = "a benchmark says what it measured")]
    {
        println!("rows                     {sent} ({} bytes)", data.len());
        println!("over HTTP, durable       {:.2} M rows/s ({seconds:.2} s)", rate / 1e6);
        println!("re-keying and hashing    {:.2} M rows/s on one core", bare / 1e6);
        println!("ratio                    {:.2} of that", rate / bare);
        println!(
            "disk, written and synced {:.0} MB/s; the upload used {:.2} of it",
            disk / 1e6,
            data.len() as f64 / seconds / disk
        );
    }
}
