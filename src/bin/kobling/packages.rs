//! `kobling packages`: what this partner has at the service, and taking it back.

use clap::{Args, Subcommand};
use kobling::client::parse;

use crate::exit::{Done, Outcome, Trouble};
use crate::send::{Service, keep};

/// Commands on packages at the service.
#[derive(Subcommand)]
pub(crate) enum PackagesCommand {
    /// List your own packages. Example: kobling packages list --service https://kobling.example --token-file token
    List {
        #[command(flatten)]
        service: Service,
    },
    /// For the steward: packages refused for how many persons they are about, or let in though they have grown much.
    Unusual {
        #[command(flatten)]
        service: Service,
    },
    /// For the steward: let a refused package in when its partner sends it again.
    Approve(Approve),
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

/// `kobling packages approve ID --service URL --token-file FILE`
#[derive(Args)]
pub(crate) struct Approve {
    /// The refused package's id, as `unusual` lists it.
    id: String,
    #[command(flatten)]
    service: Service,
}

/// An id is 32 hexadecimal characters; anything else is no part of an address.
fn checked(id: &str) -> Result<&str, Trouble> {
    if id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(id)
    } else {
        Err(Trouble::Usage(crate::exit::english("a package's id has 32 hexadecimal characters")))
    }
}

/// Prints a list, each entry with some of its fields.
fn list(entries: &[serde_json::Value], fields: &[&str]) {
    for entry in entries {
        let text = |field: &&str| match &entry[*field] {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => String::new(),
            value => value.to_string(),
        };
        out!("{}", fields.iter().map(text).collect::<Vec<_>>().join("  ").trim_end());
    }
    out!("{} package(s)", entries.len());
}

pub(crate) fn run(command: &PackagesCommand) -> Outcome {
    match command {
        PackagesCommand::List { service } => {
            let packages: Vec<serde_json::Value> = parse(&service.connect()?.fetch("/v1/packages")?)?;
            list(&packages, &["id", "dataset", "period", "rows", "state", "completed_at"]);
        }
        PackagesCommand::Unusual { service } => {
            let unusual: Vec<serde_json::Value> = parse(&service.connect()?.fetch("/v1/uploads/unusual")?)?;
            list(
                &unusual,
                &["id", "partner", "dataset", "period", "outcome", "reason", "persons", "at", "approved_at"],
            );
        }
        PackagesCommand::Approve(approve) => {
            let path = format!("/v1/uploads/unusual/{}/approve", checked(&approve.id)?);
            approve.service.connect()?.post(&path, b"{}", None)?;
            out!("approved: it is let in when its partner sends it again");
        }
        PackagesCommand::Withdraw(withdraw) => {
            let path = format!("/v1/packages/{}/withdraw", checked(&withdraw.id)?);
            let receipt = withdraw.service.connect()?.post(&path, b"{}", None)?;
            keep(&withdraw.receipt, &receipt)?;
            out!("withdrawn; receipt  {}", withdraw.receipt.display());
        }
    }
    Ok(Done::Clean)
}
