//! `kobling packages`: what this partner has at the service, and taking it back.

use clap::{Args, Subcommand};
use kobling::client::parse;

use crate::exit::{Done, Outcome};
use crate::send::{Service, keep};

/// Commands on packages at the service.
#[derive(Subcommand)]
pub(crate) enum PackagesCommand {
    /// List your own packages. Example: kobling packages list --service https://kobling.example --token-file token
    List {
        #[command(flatten)]
        service: Service,
    },
    /// Take a package back: its rows are in no snapshot from the next seal on.
    Withdraw(Withdraw),
}

/// `kobling packages withdraw ID --service URL --token-file FILE --receipt FILE`
#[derive(Args)]
pub(crate) struct Withdraw {
    /// The package's id, as the list or its receipt gives it.
    id: String,
    #[command(flatten)]
    service: Service,
    /// File to keep the receipt in.
    #[arg(long)]
    receipt: std::path::PathBuf,
}

pub(crate) fn run(command: &PackagesCommand) -> Outcome {
    match command {
        PackagesCommand::List { service } => {
            let list: Vec<serde_json::Value> = parse(&service.connect()?.fetch("/v1/packages")?)?;
            for package in &list {
                let text = |field: &str| match &package[field] {
                    serde_json::Value::String(text) => text.clone(),
                    serde_json::Value::Null => String::new(),
                    value => value.to_string(),
                };
                let fields = ["id", "dataset", "period", "rows", "state", "completed_at"].map(text);
                out!("{}", fields.join("  ").trim_end());
            }
            out!("{} package(s)", list.len());
        }
        PackagesCommand::Withdraw(withdraw) => {
            // An id is 32 hexadecimal characters; anything else is no part of an address.
            if withdraw.id.len() != 32 || !withdraw.id.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(crate::exit::Trouble::Usage(
                    "a package's id has 32 hexadecimal characters".into(),
                ));
            }
            let path = format!("/v1/packages/{}/withdraw", withdraw.id);
            let receipt = withdraw.service.connect()?.post(&path, b"{}", None)?;
            keep(&withdraw.receipt, &receipt)?;
            out!("withdrawn; receipt  {}", withdraw.receipt.display());
        }
    }
    Ok(Done::Clean)
}
