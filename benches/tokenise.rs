//! Tokenising a large extract with the real program, beside the bare speed of HMAC-SHA-256 on the same machine.
//!
//! `cargo bench --bench tokenise -- [ROWS]` (10 million when not given). Figures are ratios of one run.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kobling::clock::{Day, Timestamp};
use kobling::id::{Sex, generate_made_up_cpr};
use kobling::key::{Example, LinkageKey};
use kobling::secret::{Random as _, SeededRandom};

const PROGRAMME: &str = r#"
[programme]
id = "bench"
version = 1
title = { da = "Måling", en = "Measurement" }
period = "2021-Q1..2024-Q4"
made_up_numbers = true

[roles]
custodian = "a"
operator = "b"
steward = "c"

[[partner]]
id = "p"
name = "P"
kind = "municipality"

[[purpose]]
id = "evaluation"
title = { da = "Evaluering", en = "Evaluation" }
statistical = true

[[codes]]
id = "step"
codes = [{ id = "opsporet", da = "Opsporet", en = "Traced" }, { id = "tilbudt", da = "Tilbudt", en = "Offered" }]

[[codes]]
id = "kommune"
codes = [{ id = "frederiksberg", da = "Frederiksberg", en = "Frederiksberg", also = ["147"] }, { id = "dragoer", da = "Dragør", en = "Dragør", also = ["155", "Dragør"] }]

[[dataset]]
id = "d"
title = { da = "D", en = "D" }
partners = ["p"]
basis = [{ purpose = "evaluation", kind = "statistics", rests_on = "databeskyttelsesloven § 10" }]
column = [
    { id = "person", role = "person", headers = ["CPR-nr"] },
    { id = "dato", role = "date", headers = ["Dato"] },
    { id = "trin", role = "category", codes = "step", headers = ["Trin"] },
    { id = "kommune", role = "category", codes = "kommune", headers = ["Kommune"] },
]

[[dimension]]
id = "step"
kind = "column"
title = { da = "Trin", en = "Step" }
columns = [{ dataset = "d", column = "trin" }]

[[dimension]]
id = "kommune"
kind = "column"
title = { da = "Kommune", en = "Municipality" }
columns = [{ dataset = "d", column = "kommune" }]

[[question]]
id = "reach"
number = "Q1"
kind = "reach"
purpose = "evaluation"
title = { da = "x", en = "x" }
definition = { da = "x", en = "x" }
datasets = ["d"]
dimensions = ["step", "kommune"]
"#;

fn write_extract(path: &Path, rows: u64) {
    let mut random = SeededRandom::from_number(1);
    let born = Day::from_ymd(1940, 1, 1).expect("a day");
    let numbers = (0..1_000_000.min(rows))
        .map(|n| {
            let day = born.plus(i32::try_from(random.below(29_000)).expect("small"));
            generate_made_up_cpr(day, if n % 2 == 0 { Sex::Woman } else { Sex::Man }, &mut random)
        })
        .collect::<Vec<_>>();
    let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(path).expect("a file"));
    writeln!(out, "CPR-nr;Dato;Trin;Kommune").expect("written");
    for n in 0..rows {
        let cpr = &numbers[usize::try_from(random.below(numbers.len() as u64)).expect("small")];
        let day = Day::from_ymd(2021, 1, 1).expect("a day").plus(i32::try_from(n % 1400).expect("small"));
        let (year, month, dom) = day.ymd();
        out.write_all(cpr).expect("written");
        let (step, municipality) =
            (["Opsporet", "Tilbudt"][(n % 2) as usize], ["147", "Dragør"][(n % 3 / 2) as usize]);
        writeln!(out, ";{dom:02}-{month:02}-{year};{step};{municipality}").expect("written");
    }
    out.flush().expect("written");
}

/// HMACs a second of ten bytes on all cores at once.
fn bare_hmac(cores: usize) -> f64 {
    let key = LinkageKey::from_bytes("bench".parse().expect("a name"), &mut [1; 32]).token_key("cpr");
    let each = 3_000_000u32;
    let start = Instant::now();
    std::thread::scope(|scope| {
        for core in 0..cores {
            let key = key.clone();
            scope.spawn(move || {
                let mut text = *b"0101700000";
                let mut sum = 0u8;
                for n in 0..each {
                    text[6..].copy_from_slice(&(n + core as u32).to_le_bytes());
                    sum ^= key.mac(&[&text])[0];
                }
                std::hint::black_box(sum);
            });
        }
    });
    f64::from(each) * cores as f64 / start.elapsed().as_secs_f64()
}

/// Peak resident memory of a process in bytes, where the system tells.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn main() {
    let rows = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(10_000_000u64);
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("p.toml"), PROGRAMME).expect("written");
    LinkageKey::from_bytes("bench".parse().expect("a name"), &mut [1; 32])
        .save(&at("key"), Timestamp::from_millis(0), Example::Refuse)
        .expect("written");
    write_extract(&at("extract.csv"), rows);
    let bytes = std::fs::metadata(at("extract.csv")).expect("there").len();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let hmac = bare_hmac(cores);
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kobling"))
        .arg("tokenise")
        .arg(at("extract.csv"))
        .args(["--partner", "p", "--dataset", "d", "--programme"])
        .arg(at("p.toml"))
        .arg("--key")
        .arg(at("key"))
        .arg("--out")
        .arg(at("package"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let seconds = start.elapsed().as_secs_f64();
    assert!(status.success(), "the program failed");
    let rate = rows as f64 / seconds;
    let bare = hmac + bare_hmac(cores);
    let bare = bare / 2.0;
    #[expect(clippy::print_stdout, reason = "a benchmark says what it measured")]
    {
        println!("rows              {rows} ({bytes} bytes in)");
        println!("whole program     {:.2} M rows/s ({seconds:.2} s on {cores} cores)", rate / 1e6);
        println!("bare HMAC         {:.2} M/s on {cores} cores", bare / 1e6);
        println!("ratio             {:.2} of bare HMAC", rate / bare);
        println!("peak memory       {} MiB", memory >> 20);
    }
}
