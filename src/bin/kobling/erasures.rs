//! `kobling erasures`: what the service erases of this partner's rows, and that it has.

use std::path::PathBuf;

use clap::Args;
use kobling::client::parse;

use crate::exit::{Done, Outcome};
use crate::say::language;
use crate::send::{Service, keep};
use crate::write::Dry;

/// List erasures of your own rows. Example: kobling erasures --service https://kobling.example --token-file token
#[derive(Args)]
pub(crate) struct Erasures {
    #[command(flatten)]
    service: Service,
    /// Keep the receipt of each that is done in this folder, as ID.receipt.json.
    #[arg(long, value_name = "DIR")]
    receipts: Option<PathBuf>,
    #[command(flatten)]
    dry: Dry,
}

pub(crate) fn run(arguments: &Erasures) -> Outcome {
    let list: Vec<serde_json::Value> = parse(&arguments.service.connect()?.fetch("/v1/erasures")?)?;
    if !list.is_empty() {
        tell!(
            "id  årsag  åbnet  slettet senest  tilstand  rækker ude af pakker  færdig",
            "id  cause  opened  done by  state  rows gone from packages  done"
        );
    }
    for erasure in &list {
        let text = |field: &str| match &erasure[field] {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => String::new(),
            value => value.to_string(),
        };
        let fields = ["id", "cause", "opened_at", "erase_by", "state", "rows", "done_at"].map(text);
        let mut told = fields.clone();
        for at in [1, 4] {
            told[at] = word(&fields[at]);
        }
        out!("{}", told.join("  ").trim_end());
        // The id becomes a file's name.
        let id = &fields[0];
        let named = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if let Some(folder) = arguments.receipts.as_ref().filter(|_| named && !erasure["receipt"].is_null()) {
            let path = folder.join(format!("{id}.receipt.json"));
            if !path.exists() && arguments.dry.makes(&path)? {
                keep(&path, erasure["receipt"].to_string().as_bytes())?;
            }
        }
    }
    tell!(
        "{} sletning(er); ude af pakkerne: væk fra pakkerne og fra alle svar, og fra øjebliksbillederne senest den nævnte dag",
        "{} erasure(s); staged: gone from the packages and from every answer, and from the snapshots by the day named",
        list.len()
    );
    Ok(Done::Clean)
}

/// A word of the service in the language of this run; one that is not known here as it came.
fn word(word: &str) -> String {
    let language = language();
    match word {
        "denied" => language.choose("nej", "denied"),
        "ended" => language.choose("udløb", "ended"),
        "opened" => language.choose("åbnet", "opened"),
        "decided" => language.choose("afgjort", "decided"),
        "staged" => language.choose("ude af pakkerne", "staged"),
        "done" => language.choose("færdig", "done"),
        other => other,
    }
    .to_owned()
}
