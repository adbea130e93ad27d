//! `kobling erasures`: what the service erases of this partner's rows, and that it has.

use std::path::PathBuf;

use clap::Args;
use kobling::client::parse;

use crate::exit::{Done, Outcome};
use crate::send::{Service, keep};

/// List erasures of your own rows. Example: kobling erasures --service https://kobling.example --token-file token
#[derive(Args)]
pub(crate) struct Erasures {
    #[command(flatten)]
    service: Service,
    /// Keep the receipt of each that is done in this folder, as ID.receipt.json.
    #[arg(long, value_name = "DIR")]
    receipts: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Erasures) -> Outcome {
    let list: Vec<serde_json::Value> = parse(&arguments.service.connect()?.fetch("/v1/erasures")?)?;
    if !list.is_empty() {
        out!("id  cause  opened  done by  state  rows gone from packages  done");
    }
    for erasure in &list {
        let text = |field: &str| match &erasure[field] {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => String::new(),
            value => value.to_string(),
        };
        let fields = ["id", "cause", "opened_at", "erase_by", "state", "rows", "done_at"].map(text);
        out!("{}", fields.join("  ").trim_end());
        // The id becomes a file's name.
        let id = &fields[0];
        let named = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if let Some(folder) = arguments.receipts.as_ref().filter(|_| named && !erasure["receipt"].is_null()) {
            let path = folder.join(format!("{id}.receipt.json"));
            if !path.exists() {
                keep(&path, erasure["receipt"].to_string().as_bytes())?;
            }
        }
    }
    out!(
        "{} erasure(s); staged: gone from the packages and from every answer, and from the snapshots by the day named",
        list.len()
    );
    Ok(Done::Clean)
}
