//! Rate of the seal, beside what the same machine needs for the bare physical work.
//!
//! `cargo bench --bench seal [-- ROWS]`; ten million staged rows unless told. Two million persons, nine partners, the
//! programme of `programmes/interventionsmodel.toml`. The figures to keep are the ratios: they are made in one run.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use kobling::clock::{Day, Timestamp};
use kobling::intake::staged::{Frame, Value};
use kobling::linkage::{Spine, Stated};
use kobling::programme::{Programme, Role};
use kobling::secret::SeededRandom;
use kobling::snapshot::{SealInputs, SealReport, Snapshot, StagedInput, seal};
use kobling::token::Link;

const ROWS: u64 = 10_000_000;
/// Rows a person has on average.
const ROWS_PER_PERSON: u64 = 5;
/// Rows of a frame: what a block of 1 MiB of package holds.
const FRAME_ROWS: u64 = 6_000;

/// SplitMix64: pseudo-random, and fast enough not to be what is measured.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// The link of a made-up person or case.
fn link(kind: u64, number: u64) -> Link {
    let mut numbers = Numbers(kind << 60 | number);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&numbers.next().to_le_bytes());
    bytes[8..].copy_from_slice(&numbers.next().to_le_bytes());
    Link::from_stored(bytes)
}

fn main() {
    let rows = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(ROWS);
    let dir = tempfile::Builder::new()
        .prefix("seal-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder in target/");
    let text = include_str!("../programmes/interventionsmodel.toml");
    let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let staged = stage_all(dir.path(), &programme, rows);
    let staged_bytes: u64 = staged.iter().map(|input| fs::metadata(&input.path).expect("staged").len()).sum();

    let mut spine = Spine::default();
    let seal = |id: u32, spine: &mut Spine| {
        let out = dir.path().join(id.to_string());
        let inputs = SealInputs {
            programme: &programme,
            staged: &staged,
            aliases: &[],
            id,
            day: Day::from_days(20_000),
            sealed_at: Timestamp::from_millis(0),
            out: &out,
        };
        let report =
            seal(&inputs, spine, &mut SeededRandom::from_number(1)).unwrap_or_else(|e| panic!("{e}"));
        spine.settle();
        report
    };
    let (first, report) = timed(|| seal(1, &mut spine));
    let (again, _) = timed(|| seal(2, &mut spine));
    let out = dir.path().join("1");
    let (load, snapshot) = timed(|| Snapshot::load(&out, &programme, &report.sha256));
    let loaded: usize = snapshot.map_or(0, |s| s.datasets.iter().map(|columns| columns.len()).sum());
    assert_eq!((report.rows, loaded as u64), (rows, rows));

    let sealed: Vec<_> =
        fs::read_dir(&out).expect("sealed").map(|entry| entry.expect("entry").path()).collect();
    let sealed_bytes: u64 = sealed.iter().map(|path| fs::metadata(path).expect("sealed").len()).sum();
    let (physical, ()) = timed(|| {
        for input in &staged {
            read(&input.path);
        }
        write(&dir.path().join("bare"), sealed_bytes);
    });
    let mut keys: Vec<u64> = (0..rows).map(|n| Numbers(n).next()).collect();
    let (sorting, ()) = timed(|| keys.sort_unstable());
    black_box(&keys);

    print_figures(&report, &[("first seal", first), ("seal of known persons", again), ("load", load)], rows);
    println!("staged {} MB, sealed {} MB", staged_bytes / 1_000_000, sealed_bytes / 1_000_000);
    println!("read staged bytes, write and sync sealed bytes: {:.2} s", physical.as_secs_f64());
    println!("sort {rows} u64 keys, one thread: {:.2} s", sorting.as_secs_f64());
    let bare = (physical + sorting).as_secs_f64();
    println!("first seal / (bytes + sort): {:.2}", first.as_secs_f64() / bare);
    println!("seal of known persons / (bytes + sort): {:.2}", again.as_secs_f64() / bare);
}

fn print_figures(report: &SealReport, times: &[(&str, Duration)], rows: u64) {
    println!("{rows} rows, {} person numbers", report.persons);
    for (what, time) in times {
        let seconds = time.as_secs_f64();
        println!("{what}: {seconds:.2} s, {:.2} million rows/s", rows as f64 / seconds / 1e6);
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let made = work();
    (start.elapsed(), made)
}

fn read(path: &Path) {
    let (mut file, mut buffer) = (File::open(path).expect("staged"), vec![0; 1 << 20]);
    while file.read(&mut buffer).expect("read") > 0 {
        black_box(&buffer);
    }
}

fn write(path: &Path, bytes: u64) {
    let (mut file, buffer) = (File::create(path).expect("created"), vec![7; 1 << 20]);
    for _ in 0..bytes.div_ceil(1 << 20) {
        file.write_all(&buffer).expect("written");
    }
    file.sync_all().expect("durable");
}

/// Stages `rows` rows: a part for each partner of each dataset, of equal size.
fn stage_all(dir: &Path, programme: &Programme, rows: u64) -> Vec<StagedInput> {
    let sets = programme.datasets.iter().enumerate();
    let parts: Vec<(usize, u8)> = sets.flat_map(|(at, d)| d.partners.iter().map(move |p| (at, *p))).collect();
    let mut numbers = Numbers(42);
    let mut left = rows;
    let stage = |(at, (dataset, source)): (usize, &(usize, u8))| {
        let sent = left / (parts.len() - at) as u64;
        left -= sent;
        let path = dir.join(format!("staged-{at}"));
        let mut file = BufWriter::new(File::create(&path).expect("created"));
        for index in 0..sent.div_ceil(FRAME_ROWS) {
            let mut frame = Frame::new(u32::try_from(index).expect("few"), &[0; 32]);
            for _ in 0..FRAME_ROWS.min(sent - index * FRAME_ROWS) {
                push(&mut frame, programme, *dataset, *source, rows, &mut numbers);
            }
            file.write_all(&frame.finish()).expect("written");
        }
        file.into_inner().expect("written").sync_all().expect("durable");
        let stated = Stated { packages: 1, read: sent, sent, ..Stated::default() };
        StagedInput { path, source: *source, dataset: *dataset, stated }
    };
    parts.iter().enumerate().map(stage).collect()
}

/// A row of a made-up person: a family of two, a case each at each partner.
fn push(
    frame: &mut Frame,
    programme: &Programme,
    dataset: usize,
    source: u8,
    rows: u64,
    numbers: &mut Numbers,
) {
    let persons = (rows / ROWS_PER_PERSON).max(2);
    let draw = numbers.next();
    let person = draw % persons;
    for column in &programme.datasets[dataset].columns {
        frame.push(match column.role {
            // One row in 32 is an anonymous contact.
            Role::Person => Value::Link((draw >> 59 != 0).then(|| link(0, person))),
            Role::RelatedPerson => Value::Link((draw >> 40 & 1 == 0).then(|| link(0, person ^ 1))),
            Role::Case => Value::Link(Some(link(1 + u64::from(source), person >> 1))),
            Role::Staff => Value::Link(None),
            Role::Date => {
                Value::Day(Day::from_days(18_700 + i32::try_from(draw >> 45 & 1023).expect("small")))
            }
            Role::Category { list } => Value::Code(
                u8::try_from(draw >> 20 & 0xFF).expect("a byte")
                    % programme.code_lists[list].codes.len() as u8,
            ),
            Role::Measure(_) => Value::Measure(i64::try_from(draw >> 50).expect("small")),
        });
    }
    frame.end_row();
}
