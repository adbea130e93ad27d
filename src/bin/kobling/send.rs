//! `kobling upload`, and how commands reach the service.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kobling::audit::{Item, Receipt, SignedReceipt};
use kobling::client::upload as send;
use kobling::extract::{Package, PackageError};

use crate::exit::{Done, Outcome, Trouble, file};
use crate::settings::GivenSigningKey;
pub(crate) use crate::settings::Service;

/// `kobling upload DIR --service URL --token-file FILE --signing-key FILE`
#[derive(Args)]
pub(crate) struct UploadArguments {
    /// The package's folder.
    package: PathBuf,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    signing: GivenSigningKey,
    /// File to keep the receipt in; DIR.receipt.json when not given.
    #[arg(long)]
    receipt: Option<PathBuf>,
    /// Take a published example key: for exercises only.
    #[arg(long)]
    allow_example_key: bool,
}

pub(crate) fn upload(arguments: &UploadArguments) -> Outcome {
    let client = arguments.service.connect()?;
    let package = Package::open(&arguments.package)?;
    let signature = match arguments.signing.load_argument(arguments.allow_example_key)? {
        Some(key) => package.sign(&key)?,
        None => match (package.signature(), arguments.signing.load_if_any(arguments.allow_example_key)) {
            (Ok(signature), _) => signature,
            (Err(PackageError::Unsigned(_)), Ok(Some(key))) => package.sign(&key)?,
            (Err(PackageError::Unsigned(_)), Err(trouble)) => return Err(trouble),
            (Err(error @ PackageError::Unsigned(_)), Ok(None)) => {
                return Err(Trouble::Usage(crate::exit::english(error)));
            }
            (Err(error), _) => return Err(error.into()),
        },
    };
    let bar = if std::io::stderr().is_terminal() {
        let style = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
        ProgressBar::new(package.manifest.resources[0].bytes)
            .with_style(ProgressStyle::with_template(style).expect("a fixed template"))
    } else {
        ProgressBar::hidden()
    };
    let outcome = send(&client, &package, &signature, |sent| bar.set_position(sent))?;
    bar.finish_and_clear();
    let default = || {
        let mut name = arguments.package.file_name().unwrap_or_default().to_owned();
        name.push(".receipt.json");
        arguments.package.with_file_name(name)
    };
    let path = arguments.receipt.clone().unwrap_or_else(default);
    keep(&path, &outcome.receipt)?;
    out!("upload   {}", outcome.id);
    if let Some((sent, kept)) = rows(&outcome.receipt) {
        out!("rows     {sent} sent, {kept} kept");
        if kept < sent {
            out!(
                "         {} had no permission on arrival and were not kept: record the consents that are missing, then tokenise again into another folder and upload that",
                sent - kept
            );
        }
    }
    out!("receipt  {}", path.display());
    Ok(Done::Clean)
}

/// The rows sent and kept, as an unverified receipt says.
fn rows(receipt: &[u8]) -> Option<(u64, u64)> {
    let signed: SignedReceipt = serde_json::from_slice(receipt).ok()?;
    let receipt: Receipt = serde_json::from_str(&signed.receipt).ok()?;
    let count = |name| match receipt.subject.item(name) {
        Some(Item::Count(count)) => Some(*count),
        _ => None,
    };
    Some((count("rows")?, count("kept")?))
}

/// Keeps a receipt; the same receipt again is no trouble, another one is never overwritten.
pub(crate) fn keep(path: &Path, receipt: &[u8]) -> Result<(), Trouble> {
    if std::fs::read(path).is_ok_and(|known| known == receipt) {
        return Ok(());
    }
    let mut target = std::fs::File::create_new(path).map_err(file(path))?;
    target.write_all(receipt).and_then(|()| target.sync_all()).map_err(file(path))
}
