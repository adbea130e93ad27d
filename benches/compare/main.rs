//! Our side of the comparison with general engines: `benches/compare/run.sh` calls it, `docs/BENCHMARKS.md` says what is
//! measured.
//!
//! `compare data FOLDER SCALE SEED` makes the data; `compare warm FOLDER OUT` asks every question with everything
//! resident; `compare cold FOLDER QUESTION OUT` asks one from the files, in a process that has read nothing before.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod consents;
mod data;
mod memory;
mod questions;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Timed runs of a question, after one that is not timed. More than the others have, because a run is short.
const RUNS: usize = 9;

fn main() {
    // Cargo puts `--bench` among the words.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["data", folder, scale, seed] => {
            let (scale, seed) = (scale.parse().expect("a number"), seed.parse().expect("a whole number"));
            data::make(Path::new(folder), scale, seed);
        }
        ["warm", folder, out] => write(out, &warm(Path::new(folder))),
        ["cold", folder, question, out] => write(out, &cold(Path::new(folder), question)),
        _ => println!("nothing done: this bench is called by benches/compare/run.sh"),
    }
}

fn write(out: &str, value: &Value) {
    let text = serde_json::to_string_pretty(value).expect("plain data");
    std::fs::write(out, text).unwrap_or_else(|error| panic!("{out}: {error}"));
}

/// Every question over a resident snapshot and resident permits.
fn warm(folder: &Path) -> Value {
    let programme = data::programme();
    let (load, snapshot) = timed(|| data::load(folder, &programme));
    let grants = consents::read(folder);
    let resident = memory::resident();
    let mut answers = serde_json::Map::new();
    for question in questions::ALL {
        let Some(ask) = question.ask() else {
            println!("{:10} not yet asked of ours", question.name);
            continue;
        };
        let plan = questions::plan(&programme, &ask, &snapshot);
        let (compile, permits) = timed(|| consents::compile(&grants, &programme, &plan));
        let (preparing, prepared) = timed(|| questions::prepare(&plan, &snapshot, &permits));
        memory::forget_peak();
        let warm_up = questions::count(&plan, &prepared);
        let before = memory::processor_time();
        let runs: Vec<f64> =
            (0..RUNS).map(|_| timed(|| questions::count(&plan, &prepared)).0.as_secs_f64()).collect();
        let processor = (memory::processor_time() - before) / RUNS as f64;
        let peak = memory::peak();
        let least = runs.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "{:10} {least:.4} s, {processor:.4} s of processors; permits {:.4} s, prepared {:.4} s",
            question.name,
            compile.as_secs_f64(),
            preparing.as_secs_f64()
        );
        answers.insert(
            question.name.to_owned(),
            json!({
                "variants": { "kernel": runs },
                "processor_s": processor,
                "permits_compiled_s": compile.as_secs_f64(),
                "prepared_s": preparing.as_secs_f64(),
                "peak_bytes": peak,
                "answer": (question.figures)(&warm_up),
            }),
        );
    }
    json!({ "engine": "kobling", "load_s": load.as_secs_f64(), "resident_bytes": resident, "questions": answers })
}

/// One question from the files: loading, permits and counting are timed apart.
fn cold(folder: &Path, name: &str) -> Value {
    let question = questions::ALL.iter().find(|question| question.name == name).expect("a question");
    let Some(ask) = question.ask() else { return Value::Null };
    let programme = data::programme();
    let (load, snapshot) = timed(|| data::load(folder, &programme));
    let plan = questions::plan(&programme, &ask, &snapshot);
    let (permitting, permits) = timed(|| consents::compile(&consents::read(folder), &programme, &plan));
    let (counting, counted) =
        timed(|| questions::count(&plan, &questions::prepare(&plan, &snapshot, &permits)));
    json!({
        "load_s": load.as_secs_f64(),
        "permits_s": permitting.as_secs_f64(),
        "count_s": counting.as_secs_f64(),
        "total_s": (load + permitting + counting).as_secs_f64(),
        "peak_bytes": memory::peak(),
        "answer": (question.figures)(&counted),
    })
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let made = work();
    (start.elapsed(), made)
}
