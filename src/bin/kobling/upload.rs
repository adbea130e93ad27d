//! `kobling upload`, and how receipts are kept.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use kobling::audit::{Item, Receipt, SignedReceipt};
use kobling::client::upload as send;
use kobling::extract::{Package, PackageError};
use kobling::key::{Signature, SigningKey};

use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::progress::Progress;
use crate::say::language;
use crate::settings::{GivenSigningKey, Service};
use crate::write::{Dry, Over};

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
    #[command(flatten)]
    dry: Dry,
}

impl UploadArguments {
    /// The package's signature: made now where a key is given or there is none yet, but not in a dry run.
    fn sign(&self, package: &Package) -> Result<Option<Signature>, Trouble> {
        let make = |key: &SigningKey| match self.dry.on() {
            true => Ok(None),
            false => package.sign(key).map(Some).map_err(Trouble::from),
        };
        if let Some(key) = self.signing.load_argument(self.allow_example_key)? {
            return make(&key);
        }
        match package.signature() {
            Ok(signature) => Ok(Some(signature)),
            Err(PackageError::Unsigned(folder)) => {
                let Some(key) = self.signing.load_if_any(self.allow_example_key)? else {
                    let folder = folder.display();
                    return Err(Trouble::Usage(both(
                        format!(
                            "{folder}: pakken er ikke underskrevet; giv --signing-key, eller skriv signing_key i kobling.toml"
                        ),
                        format!(
                            "{folder}: the package is not signed; give --signing-key or write signing_key in kobling.toml"
                        ),
                    )));
                };
                make(&key)
            }
            Err(error) => Err(error.into()),
        }
    }
}

pub(crate) fn upload(arguments: &UploadArguments) -> Outcome {
    let client = arguments.service.connect()?;
    let package = Package::open(&arguments.package)?;
    let signature = arguments.sign(&package)?;
    let default = || {
        let mut name = arguments.package.file_name().unwrap_or_default().to_owned();
        name.push(".receipt.json");
        arguments.package.with_file_name(name)
    };
    let path = arguments.receipt.clone().unwrap_or_else(default);
    // A receipt that is there can be this package's: the same one again is no trouble.
    arguments.dry.may_take(&path, Over::Always)?;
    let (bytes, rows_sent) = (package.manifest.resources[0].bytes, package.manifest.kobling.rows.sent);
    let (language, folder) = (language(), arguments.package.display());
    let (bytes, rows_sent) = (language.count(bytes), language.count(rows_sent));
    let sends = arguments.dry.sends(
        format!("ville sende {folder}: {rows_sent} rækker, {bytes} byte"),
        format!("would send {folder}: {rows_sent} rows, {bytes} bytes"),
    );
    let (true, Some(signature)) = (sends, signature) else {
        arguments.dry.would(&path);
        return Ok(Done::Clean);
    };
    let mut progress = Progress::of(package.manifest.resources[0].bytes);
    let outcome = send(&client, &package, &signature, |sent| progress.at(sent));
    progress.finish();
    let outcome = outcome?;
    keep(&path, &outcome.receipt)?;
    tell!("overførsel {}", "upload   {}", outcome.id);
    if let Some((sent, kept)) = rows(&outcome.receipt) {
        tell!("rækker     {sent} sendt, {kept} beholdt", "rows     {sent} sent, {kept} kept");
        if kept < sent {
            tell!(
                "           {} havde ingen tilladelse ved modtagelsen og blev ikke beholdt: registrér de samtykker, der mangler, lav pakken igen i en anden mappe, og send den",
                "         {} had no permission on arrival and were not kept: record the consents that are missing, then tokenise again into another folder and upload that",
                sent - kept
            );
        }
    }
    tell!("kvittering {}", "receipt  {}", path.display());
    Ok(Done::Clean)
}

/// The rows sent and kept, as an unverified receipt says.
fn rows(receipt: &[u8]) -> Option<(u64, u64)> {
    let signed: SignedReceipt = serde_json::from_slice(receipt).ok()?;
    let receipt: Receipt = serde_json::from_str(&signed.receipt).ok()?;
    Some((count(&receipt, "rows")?, count(&receipt, "kept")?))
}

/// A count that a receipt names.
pub(crate) fn count(receipt: &Receipt, name: &str) -> Option<u64> {
    match receipt.subject.item(name) {
        Some(Item::Count(count)) => Some(*count),
        _ => None,
    }
}

/// Keeps a receipt; the same receipt again is no trouble, another one is never overwritten.
pub(crate) fn keep(path: &Path, receipt: &[u8]) -> Result<(), Trouble> {
    if std::fs::read(path).is_ok_and(|known| known == receipt) {
        return Ok(());
    }
    let mut target = std::fs::File::create_new(path).map_err(file(path))?;
    target.write_all(receipt).and_then(|()| target.sync_all()).map_err(file(path))
}
