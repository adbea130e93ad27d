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

/// Timed runs of a question, after one that is not timed.
const RUNS: usize = 3;

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
        memory::forget_peak();
        let warm_up = questions::count(&plan, &snapshot, &permits);
        let runs: Vec<f64> = (0..RUNS)
            .map(|_| timed(|| questions::count(&plan, &snapshot, &permits)).0.as_secs_f64())
            .collect();
        let peak = memory::peak();
        println!("{:10} {runs:.4?} s", question.name);
        answers.insert(
            question.name.to_owned(),
            json!({
                "variants": { "kernel": runs },
                "permits_compiled_s": compile.as_secs_f64(),
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
    let (counting, counted) = timed(|| questions::count(&plan, &snapshot, &permits));
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
