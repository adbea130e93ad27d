//! Rate and memory of the seal, beside what the same machine needs for the bare physical work.
//!
//! `cargo bench --bench seal [-- rows=20000000 memory=512 threads=2 dir=FOLDER]`: staged rows, MiB for rows, threads;
//! the environment's `SEAL_ROWS`, `SEAL_MEMORY`, `SEAL_THREADS` and `SEAL_DIR` say the same. Five rows a person, nine
//! partners, the programme of `programmes/interventionsmodel.toml`. In a folder given, the staged files stay and serve
//! again; without one everything goes. The figures to keep are the ratios: they are made in one run.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use kobling::clock::{Day, Timestamp};
use kobling::intake::staged::{Frame, Value};
use kobling::linkage::{Spine, Stated};
use kobling::programme::{Programme, Role};
use kobling::secret::{Secret, SeededRandom};
use kobling::snapshot::{SealInputs, SealLimits, SealPhase, SealReport, Snapshot, StagedInput, seal_within};
use kobling::token::Link;
use kobling::vault::{FrameFile, FrameSink as _, Vault};

const ROWS: u64 = 20_000_000;
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

/// A setting: `NAME=VALUE` among the arguments, or `SEAL_NAME` in the environment.
fn setting<T: FromStr>(name: &str) -> Option<T> {
    let said = std::env::args().find_map(|word| word.strip_prefix(&format!("{name}=")).map(str::to_owned));
    let said = said.or_else(|| std::env::var(format!("SEAL_{}", name.to_uppercase())).ok())?;
    Some(said.parse().unwrap_or_else(|_| panic!("{name}={said} is no value for it")))
}

fn main() {
    let rows = setting("rows").unwrap_or(ROWS);
    let standard = SealLimits::default();
    let limits = SealLimits {
        memory: setting("memory").map_or(standard.memory, |mib: u64| mib << 20),
        threads: setting("threads").unwrap_or(standard.threads),
        ..standard
    };
    let temporary = tempfile::Builder::new()
        .prefix("seal-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder in target/");
    let dir = setting("dir").unwrap_or_else(|| temporary.path().to_owned());
    let text = include_str!("../programmes/interventionsmodel.toml");
    let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let (staging, staged) = timed(|| stage_all(&dir, &programme, rows));
    println!("{rows} rows staged in {:.1} s", staging.as_secs_f64());
    println!("limit {} MiB for rows, {} threads", limits.memory >> 20, limits.threads);

    let sealed = dir.join("sealed");
    if sealed.exists() {
        fs::remove_dir_all(&sealed).expect("the last run's snapshots");
    }
    fs::create_dir(&sealed).expect("a folder for snapshots");
    let mut spine = Spine::default();
    let first = measure("first seal", 1, (&programme, &staged, &sealed), &limits, &mut spine);
    let again = measure("seal of known persons", 2, (&programme, &staged, &sealed), &limits, &mut spine);
    let out = sealed.join("1");
    let (load, snapshot) = timed(|| Snapshot::load(&vault(), &out, &programme, &first.report.sha256));
    let loaded: usize = snapshot.map_or(0, |s| s.datasets.iter().map(|columns| columns.len()).sum());
    assert_eq!((first.report.rows, loaded as u64), (rows, rows));
    println!(
        "load: {:.2} s, {:.2} million rows/s",
        load.as_secs_f64(),
        rows as f64 / load.as_secs_f64() / 1e6
    );

    let files: Vec<_> =
        fs::read_dir(&out).expect("sealed").map(|entry| entry.expect("entry").path()).collect();
    let bytes = |path: &Path| fs::metadata(path).expect("there").len();
    let sealed_bytes: u64 = files.iter().map(|path| bytes(path)).sum();
    let staged_bytes: u64 = staged.iter().map(|input| bytes(&input.path)).sum();
    let (reading, ()) = timed(|| staged.iter().for_each(|input| read(&input.path)));
    let (writing, ()) = timed(|| write(&temporary.path().join("bare"), sealed_bytes));
    let mut keys: Vec<u64> = (0..rows).map(|n| Numbers(n).next()).collect();
    let (sorting, ()) = timed(|| keys.sort_unstable());
    black_box(&keys);

    println!("read {} MB of staged rows: {:.2} s", staged_bytes / 1_000_000, reading.as_secs_f64());
    println!("write and sync {} MB: {:.2} s", sealed_bytes / 1_000_000, writing.as_secs_f64());
    println!("sort {rows} u64 keys, one thread: {:.2} s", sorting.as_secs_f64());
    let bare = (reading + writing + sorting).as_secs_f64();
    println!("first seal / (bytes + sort): {:.2}", first.time.as_secs_f64() / bare);
    println!("seal of known persons / (bytes + sort): {:.2}", again.time.as_secs_f64() / bare);
}

/// The same vault in every run: the staged files of one may serve the next.
fn vault() -> Vault {
    Vault::new(Secret::new(&mut [9; 32]))
}

/// What a seal took.
struct Measured {
    time: Duration,
    report: SealReport,
}

/// Seals, and prints times by phase and the peak of memory.
fn measure(
    what: &str,
    id: u32,
    (programme, staged, dir): (&Programme, &[StagedInput], &Path),
    limits: &SealLimits,
    spine: &mut Spine,
) -> Measured {
    let out = dir.join(id.to_string());
    let vault = vault();
    let inputs = SealInputs {
        vault: &vault,
        programme,
        staged,
        aliases: &[],
        id,
        day: Day::from_days(20_000),
        sealed_at: Timestamp::from_millis(0),
        out: &out,
    };
    // From here on the peak is this seal's, where the system lets it be set back.
    let set_back = fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = memory("VmRSS:");
    let mut begun: Vec<(SealPhase, Instant)> = Vec::new();
    let mut progress = |phase| begun.push((phase, Instant::now()));
    let (time, report) = timed(|| {
        seal_within(&inputs, limits, spine, &mut SeededRandom::from_number(1), &mut progress)
            .unwrap_or_else(|error| panic!("{error}"))
    });
    let end = Instant::now();
    spine.settle();
    let rate = report.rows as f64 / time.as_secs_f64() / 1e6;
    println!(
        "{what}: {:.2} s, {rate:.2} million rows/s, {} person numbers, snapshot {}",
        time.as_secs_f64(),
        report.persons,
        report.sha256
    );
    let ends = begun.iter().skip(1).map(|(_, at)| *at).chain([end]);
    for ((phase, at), end) in begun.iter().zip(ends) {
        println!("  {:8} {:.2} s", format!("{phase:?}").to_lowercase(), (end - *at).as_secs_f64());
    }
    if let (true, Some(before), Some(peak), Some(after)) =
        (set_back, before, memory("VmHWM:"), memory("VmRSS:"))
    {
        println!("  memory: {before} MiB before, {peak} at most, {after} after with the spine");
    }
    Measured { time, report }
}

/// A figure of this process's memory in MiB, where the system tells.
fn memory(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib >> 10)
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

/// Stages `rows` rows: a part for each partner of each dataset, of equal size. What a run before left whole is used.
fn stage_all(dir: &Path, programme: &Programme, rows: u64) -> Vec<StagedInput> {
    let sets = programme.datasets.iter().enumerate();
    let parts: Vec<(usize, u8)> = sets.flat_map(|(at, d)| d.partners.iter().map(move |p| (at, *p))).collect();
    fs::create_dir_all(dir).expect("a folder for staged files");
    // Written last, so that it stands for all of them.
    let mark = dir.join("staged.txt");
    let done = fs::read_to_string(&mark).is_ok_and(|text| text == rows.to_string());
    let mut numbers = Numbers(42);
    let mut left = rows;
    let stage = |(at, (dataset, source)): (usize, &(usize, u8))| {
        let sent = left / (parts.len() - at) as u64;
        left -= sent;
        let (of, partner) = (&programme.datasets[*dataset], &programme.partners[usize::from(*source)]);
        let path = dir.join(format!("staged-{}-{}", of.id, partner.id));
        let stated = Stated { packages: 1, read: sent, sent, ..Stated::default() };
        let input =
            StagedInput { path: path.clone(), rows: stated.sent, source: *source, dataset: *dataset, stated };
        if done {
            return input;
        }
        let name = path.file_name().expect("a name").to_string_lossy();
        let mut file = FrameFile::create(&vault(), &path, &format!("staged/{name}")).expect("created");
        for index in 0..sent.div_ceil(FRAME_ROWS) {
            let mut frame = Frame::new(u32::try_from(index).expect("few"), &[0; 32]);
            for _ in 0..FRAME_ROWS.min(sent - index * FRAME_ROWS) {
                push(&mut frame, programme, *dataset, *source, rows, &mut numbers);
            }
            file.put(&frame.finish().0).expect("written");
        }
        file.sync_all().expect("durable");
        input
    };
    let staged = parts.iter().enumerate().map(stage).collect();
    fs::write(mark, rows.to_string()).expect("written");
    staged
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
            Role::Staff => Value::Link(Some(link(15, u64::from(source) << 6 | draw >> 32 & 63))),
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
