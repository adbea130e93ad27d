//! `kobling receipt verify`: a receipt's signature, and that what the service shows today extends what it showed then.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kobling::audit::{Entry, Head, Receipt, SignedReceipt, verify_extension};
use kobling::client::{Client, parse};
use kobling::key::VerifyingKey;

use crate::exit::{Done, Outcome, Trouble, file};
use crate::settings::{GivenServicePublic, Service};

/// Commands on receipts.
#[derive(Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Verify a receipt; with a later one or with the service, that its head was extended and nothing before it changed.
    /// Example: kobling receipt verify january.json --later june.json --service-public KEY --service URL --token-file FILE
    Verify(Verify),
}

/// `kobling receipt verify FILE --service-public KEY`
#[derive(Args)]
pub(crate) struct Verify {
    /// The receipt. Of several in one file, one a line, the last is taken.
    file: PathBuf,
    #[command(flatten)]
    service_public: GivenServicePublic,
    /// A later receipt: its head must extend this one's.
    #[arg(long)]
    later: Option<PathBuf>,
    /// Entries of your own strand, saved from the service's /v1/audit/strand, to verify without the service.
    #[arg(long, conflicts_with = "service")]
    entries: Option<PathBuf>,
    /// Fetch those entries from the service that kobling.toml names; --service does the same from another.
    #[arg(long, conflicts_with = "entries")]
    online: bool,
    #[command(flatten)]
    service: Service,
}

/// A page of the partner's own strand.
#[derive(serde::Deserialize)]
struct Strand {
    head: Head,
    entries: Vec<Entry>,
}

pub(crate) fn run(command: &ReceiptCommand) -> Outcome {
    let ReceiptCommand::Verify(verify) = command;
    let receipt = load(&verify.file, verify.service_public.key()?)?;
    out!("signature  good");
    out!("partner    {}", receipt.partner);
    out!("at         {}", receipt.at);
    out!("position   {} of your strand", receipt.head.position);
    let later = match &verify.later {
        Some(path) => Some(load(path, verify.service_public.key()?)?),
        None => None,
    };
    let strand = match &verify.entries {
        Some(path) => Some(parse(&std::fs::read(path).map_err(file(path))?)?),
        None if verify.online || verify.service.is_given() => {
            Some(fetch(&verify.service.connect()?, receipt.head.position)?)
        }
        None => None,
    };
    let Some(Strand { head, entries }) = strand else {
        if later.is_some() {
            let message = "--later needs the entries between: give --service and --token-file, or --entries";
            return Err(Trouble::Usage(crate::exit::english(message)));
        }
        return Ok(Done::Clean);
    };
    let to = later.map_or(head, |later| later.head);
    let between =
        entries.into_iter().filter(|e| e.position > receipt.head.position && e.position <= to.position);
    let between = between.collect::<Vec<_>>();
    verify_extension(&receipt.head, &to, &between)
        .map_err(|error| Trouble::Service(crate::exit::english(error)))?;
    out!("extension  proved: position {} extends it by {} entries", to.position, between.len());
    Ok(Done::Clean)
}

fn load(path: &Path, key: &VerifyingKey) -> Result<Receipt, Trouble> {
    let text = std::fs::read_to_string(path).map_err(file(path))?;
    let wrong = || Trouble::Files(crate::exit::english(format!("{}: holds no receipt", path.display())));
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).ok_or_else(wrong)?;
    let signed = serde_json::from_str::<SignedReceipt>(&text).or_else(|_| serde_json::from_str(last));
    signed.map_err(|_| wrong())?.verify(key).map_err(|error| Trouble::Key(crate::exit::english(error)))
}

/// All entries after a position, page by page.
fn fetch(client: &Client, mut after: u64) -> Result<Strand, Trouble> {
    let mut all = Vec::new();
    loop {
        let page: Strand = parse(&client.fetch(&format!("/v1/audit/strand?from={after}"))?)?;
        let last = page.entries.last().map(|entry| entry.position);
        all.extend(page.entries);
        match last {
            Some(position) if position > after && position < page.head.position => after = position,
            _ => return Ok(Strand { head: page.head, entries: all }),
        }
    }
}
