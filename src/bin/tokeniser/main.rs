//! What the tokenising page runs in the browser: `tokeniser COMMAND`, in a folder that is memory of the page. Files in,
//! files out; nothing else exists for it but a clock and random bytes.
//!
//! Must never: be given a key. Tokens are made and the manifest is signed outside, by the browser's own cryptography
//! (`src/web/tokeniser/worker.js`).
//!
//! | command | reads | writes |
//! | --- | --- | --- |
//! | `texts` | | `out.json`: what the page says in the words of this library |
//! | `programme` | `programme.toml` | `out.json`: partners, datasets and columns |
//! | `look` | `job.json`, the extract | `out.json`: headers, and what is proposed for each column |
//! | `map` | `job.json`, the extract | `mapping.toml` |
//! | `read` | `job.json`, the extract | the report, `wanted`: what tokens are to be made of; `out.json` |
//! | `write` | `job.json`, the extract, `wanted`, `tokens` | the report, `package/`; `out.json` |
//!
//! Status 0 is done; status 1 leaves what went wrong in `error.json`, in both languages.

mod job;
mod look;
mod outline;
mod run;
mod texts;
mod trouble;

use std::process::ExitCode;

use serde::Serialize;

use self::trouble::Trouble;

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let done = match command.as_str() {
        "texts" => texts::write(),
        "programme" => outline::write(),
        "look" => look::look(),
        "map" => look::map(),
        "read" => run::read(),
        "write" => run::write(),
        _ => return ExitCode::from(2),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => match save("error.json", &trouble.to_json()) {
            Ok(()) => ExitCode::from(1),
            Err(_) => ExitCode::from(2),
        },
    }
}

/// Writes a value as JSON.
fn save(path: &str, value: &impl Serialize) -> Result<(), Trouble> {
    let text = serde_json::to_vec(value).expect("plain data");
    std::fs::write(path, text).map_err(trouble::file(path))
}
