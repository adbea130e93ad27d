//! A package of consents: made of a list, sent block by block to durable frames, and recorded in one step.
//!
//! `cargo bench --bench consents -- [EVENTS]` (1 million when not given), of half as many persons.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use kobling::auth::{Principal, Role};
use kobling::clock::{Clock as _, Day, SystemClock};
use kobling::consent::{GivenBy, LegalBasis};
use kobling::extract::consents::{Form, notice};
use kobling::extract::{ConsentJob, Package, Source, package_consents};
use kobling::id::{Sex, generate_made_up_cpr};
use kobling::key::{LinkageKey, ServiceKey, SigningKey};
use kobling::programme::Programme;
use kobling::secret::{Random as _, SeededRandom, SystemRandom};
use kobling::service::{Service, UploadRequest};

const PROGRAMME: &str = include_str!("../programmes/interventionsmodel.toml");
const PARTNER: &str = "lokk";

/// A list in which each person says yes and takes it back.
fn list(events: u64) -> String {
    let mut random = SeededRandom::from_number(1);
    let born = Day::from_ymd(1940, 1, 1).expect("a day");
    let mut text = "cpr,record,event,time,valid_to,names\n".to_owned();
    for n in 0..events / 2 {
        let day = born.plus(i32::try_from(random.below(29_000)).expect("small"));
        let number = generate_made_up_cpr(day, Sex::Woman, &mut random);
        let number = std::str::from_utf8(&number[..]).expect("ASCII");
        writeln!(text, "{number},y{n},given,2022-01-10T12:00:00Z,2026-12-31,").expect("written");
        writeln!(text, "{number},w{n},withdrawn,2023-05-05T12:00:00Z,,y{n}").expect("written");
    }
    text
}

fn main() {
    let events = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(1_000_000u64);
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name);
    let programme = Programme::parse(PROGRAMME).unwrap_or_else(|error| panic!("{error}"));
    let linkage = LinkageKey::from_bytes(programme.id.clone(), &mut [1; 32]);
    let signing = SigningKey::from_seed(&mut [2; 32]);
    std::fs::write(at("list.csv"), list(events)).expect("written");
    let partner = PARTNER.parse().expect("a name");
    let form = Form {
        purposes: vec!["evaluation".parse().expect("a name")],
        recipients: vec!["vive".parse().expect("a name")],
        datasets: Vec::new(),
        notice: notice(&programme, &"samtykke".parse().expect("a name"), "da").expect("a notice"),
        given_by: GivenBy::Person,
        recorded_by: "bench".to_owned(),
        legal_basis: LegalBasis::ExplicitConsent,
    };
    let source = Source::File(at("list.csv"));
    let now = SystemClock.now();
    let job = ConsentJob { source: &source, form: &form, programme: &programme, partner: &partner, now };
    let start = Instant::now();
    package_consents(&job, &linkage, Some(&signing), &at("package"), &mut SystemRandom::new())
        .unwrap_or_else(|error| panic!("{error}"));
    let packing = start.elapsed().as_secs_f64();
    let package = Package::open(&at("package")).unwrap_or_else(|error| panic!("{error}"));
    let sent = package.manifest.kobling.rows.sent;
    let data = std::fs::read(package.data_path()).expect("readable");

    let key = || ServiceKey::generate(&mut SeededRandom::from_number(3));
    Service::initialise(&at("data"), &programme, PROGRAMME, linkage.id(), &key(), now)
        .unwrap_or_else(|error| panic!("{error}"));
    let service = Service::open(&at("data"), key(), Arc::new(SystemClock), Box::new(SystemRandom::new()))
        .unwrap_or_else(|error| panic!("{error}"));
    let caller = Principal {
        id: "lokk-it".parse().expect("a name"),
        name: "bench".to_owned(),
        role: Role::Partner,
        organisation: PARTNER.parse().expect("a name"),
        person: None,
    };
    service
        .enrol_key(&service.operator(), &partner, &signing.verifying_key())
        .unwrap_or_else(|error| panic!("{error}"));
    let manifest = std::str::from_utf8(&package.manifest_bytes).expect("UTF-8");
    let signature = package.signature().expect("signed").to_string();
    let opened = service
        .open_upload(&caller, UploadRequest { manifest, signature: &signature })
        .unwrap_or_else(|error| panic!("{error}"));
    // All but the last block, then the last one, which records them all.
    let blocks = &package.manifest.resources[0].blocks;
    let last = data.len() - blocks.last().map_or(0, |block| block.bytes as usize);
    let feed = |from: usize, to: usize| {
        let mut pieces = data[from..to].chunks(1 << 16);
        service
            .append(&caller, &opened.id, from as u64, || pieces.next())
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let start = Instant::now();
    feed(0, last);
    let staging = start.elapsed().as_secs_f64();
    let staged: u64 = std::fs::read_dir(at("data/staged"))
        .expect("readable")
        .map(|entry| entry.and_then(|entry| entry.metadata()).map_or(0, |found| found.len()))
        .sum();
    let start = Instant::now();
    assert!(feed(last, data.len()).complete);
    let recording = start.elapsed().as_secs_f64();
    let rate = |seconds: f64| sent as f64 / seconds;
    #[expect(clippy::print_stdout, reason = "a benchmark says what it measured")]
    {
        println!("events                 {sent} ({} bytes, {staged} staged)", data.len());
        println!("packing                {:.0} events/s ({packing:.1} s)", rate(packing));
        println!("to durable frames      {:.0} events/s ({staging:.1} s)", rate(staging));
        println!("recording in one step  {:.0} events/s ({recording:.1} s)", rate(recording));
        println!("sent and recorded      {:.0} events/s", rate(staging + recording));
    }
}
