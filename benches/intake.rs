//! Rate of intake on one core, from the bytes of a package to staged frames, beside the bare physical work.
//!
//! `cargo bench --bench intake [-- ROWS]`; a million rows unless told, of the dataset `politi-opsporing`: three tokens,
//! a date and three codes. No network and no disk: those are measured with the whole service. The figures to keep are
//! the ratios: they are made in one run.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kobling::clock::{Day, Timestamp};
use kobling::consent::{Arrival, Days};
use kobling::extract::manifest::{
    Block, Head, Manifest, Resource, RowCounts, SIGNATURE_CONTEXT, Schema, Sha256Hex,
};
use kobling::intake::{Receiver, Uploader, open};
use kobling::key::{LinkageKey, ServiceKey, SigningKey};
use kobling::limits;
use kobling::programme::Programme;
use kobling::secret::SeededRandom;
use kobling::token::{Linker, Token, Tokeniser};
use kobling::vault::FrameSink;

const ROWS: u64 = 1_000_000;
const TOKENS: usize = 3;
/// What an HTTP server gives at a time.
const CHUNK: usize = 64 << 10;

/// Frames that nobody keeps.
struct Nowhere;

impl FrameSink for Nowhere {
    fn put(&mut self, frame: &[u8]) -> std::io::Result<()> {
        black_box(frame);
        Ok(())
    }
}

fn main() {
    let rows = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(ROWS);
    let text = include_str!("../programmes/interventionsmodel.toml");
    let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let (blocks, data) = package(&programme, rows);
    let manifest = serde_json::to_vec(&manifest(&programme, rows, blocks, &data)).expect("JSON");
    let signing = SigningKey::from_seed(&mut [1; 32]);
    let partner = "koebenhavns-politi".parse().expect("a name");
    let uploader = Uploader { partner: &partner, keys: &[signing.verifying_key()] };
    let signature = signing.sign(SIGNATURE_CONTEXT, &manifest);
    let opened =
        Arc::new(open(&manifest, &signature, uploader, &programme, None).expect("a sound package").0);
    let key = ServiceKey::generate(&mut SeededRandom::from_number(1));
    let today = Day::from_ymd(2024, 12, 31).expect("a day");

    // Everybody permits everything: each row is asked about, and none is refused.
    let linker = Linker::new(&key, &partner, &partner);
    let mut arrival = Arrival::default();
    for word in data.split(|byte| matches!(byte, b',' | b'\n')) {
        if let Ok(token) = Token::parse(word) {
            arrival.permit(linker.link(&token), Days::of(vec![(Day::MIN, Day::MAX)]));
        }
    }
    let arrival = Some(Arc::new(arrival));

    let hash = best(|| Sha256Hex::of(&data));
    let token = tokeniser().case("1").unwrap_or_else(|error| panic!("{error}"));
    let link = best(|| {
        (0..rows * TOKENS as u64).fold(0, |sum, _| sum ^ black_box(linker.link(&token)).as_stored()[0])
    });
    let intake = best(|| {
        let mut receiver = Receiver::new(Arc::clone(&opened), &programme, &key, today, arrival.clone(), &[])
            .expect("a new upload");
        for chunk in data.chunks(CHUNK) {
            receiver.feed(chunk, &mut Nowhere).unwrap_or_else(|error| panic!("{error}"));
        }
        receiver.finish().expect("a whole package")
    });
    println!("{rows} rows, {} bytes each, {TOKENS} tokens each", data.len() as u64 / rows);
    for (what, took) in [("SHA-256 of the file", hash), ("re-keying alone", link), ("intake", intake)] {
        println!(
            "{what:20} {:>8.3} s  {:>6.2} M rows/s  {:>5.2} x re-keying and hashing",
            took.as_secs_f64(),
            rows as f64 / took.as_secs_f64() / 1e6,
            took.as_secs_f64() / (hash + link).as_secs_f64()
        );
    }
}

/// The best of three.
fn best<T>(mut work: impl FnMut() -> T) -> Duration {
    let once = |_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed()
    };
    (0..3).map(once).min().expect("three")
}

fn tokeniser() -> Tokeniser {
    let key = LinkageKey::from_bytes("interventionsmodel".parse().expect("a name"), &mut [2; 32]);
    let partner = "koebenhavns-politi".parse().expect("a name");
    Tokeniser::new(&key, &partner, &partner)
}

fn package(programme: &Programme, rows: u64) -> (Vec<Block>, Vec<u8>) {
    let tokeniser = tokeniser();
    let today = Day::from_ymd(2026, 1, 1).expect("a day");
    let person = |n: u64| {
        let birth = Day::from_ymd(1960, 2, 1).expect("a day").plus((n % 9_000) as i32);
        let sex = if n.is_multiple_of(2) { kobling::id::Sex::Man } else { kobling::id::Sex::Woman };
        let cpr = kobling::id::generate_made_up_cpr(birth, sex, &mut SeededRandom::from_number(n));
        let id = kobling::id::Identifier::parse(&cpr, today, kobling::id::LeadingZero::Refuse);
        tokeniser.person(&id.unwrap_or_else(|error| panic!("{error}")))
    };
    let names = programme.datasets[0].columns.iter().map(|column| column.id.as_str()).collect::<Vec<_>>();
    let mut block = (names.join(",") + "\n").into_bytes();
    let (mut blocks, mut data, mut in_block) = (Vec::new(), Vec::new(), 0);
    let mut close = |block: &mut Vec<u8>, rows: &mut u32| {
        blocks.push(Block { bytes: block.len() as u32, rows: *rows, sha256: Sha256Hex::of(block) });
        data.append(block);
        *rows = 0;
    };
    for n in 0..rows {
        if block.len() + 512 > limits::MAX_BLOCK_BYTES {
            close(&mut block, &mut in_block);
        }
        person(n / 5).write_to(&mut block);
        block.push(b',');
        person(n / 5 + 1).write_to(&mut block);
        block.push(b',');
        tokeniser.case(&format!("sag-{n}")).unwrap_or_else(|error| panic!("{error}")).write_to(&mut block);
        let day = Day::from_ymd(2021, 1, 1).expect("a day").plus((n % 1_400) as i32);
        let (step, role, area) = (["opsporet", "tilbudt"], ["udsat", "udover"], ["taarnby", "frederiksberg"]);
        let at = (n % 2) as usize;
        block.extend_from_slice(format!(",{day},{},{},{}\n", step[at], role[at], area[at]).as_bytes());
        in_block += 1;
    }
    close(&mut block, &mut in_block);
    (blocks, data)
}

fn manifest(programme: &Programme, rows: u64, blocks: Vec<Block>, data: &[u8]) -> Manifest {
    Manifest {
        name: "interventionsmodel-koebenhavns-politi-politi-opsporing".to_owned(),
        created: Timestamp::from_millis(0),
        resources: [Resource {
            name: "data".to_owned(),
            path: "data.csv".to_owned(),
            format: "csv".to_owned(),
            mediatype: "text/csv".to_owned(),
            encoding: "utf-8".to_owned(),
            bytes: data.len() as u64,
            hash: format!("sha256:{}", Sha256Hex::of(data)),
            schema: Schema::of(&programme.datasets[0]),
            blocks,
        }],
        kobling: Head {
            format: 1,
            programme: programme.id.clone(),
            partner: programme.partners[0].id.clone(),
            dataset: programme.datasets[0].id.clone(),
            period: programme.period,
            key_id: "0011223344556677".parse().expect("a key id"),
            tool: "bench".to_owned(),
            rows: RowCounts { read: rows, sent: rows, ..RowCounts::default() },
            rejected: BTreeMap::new(),
            warnings: BTreeMap::new(),
            identifiers: BTreeMap::from([("cpr".to_owned(), rows)]),
            screened: Some(1),
        },
    }
}
