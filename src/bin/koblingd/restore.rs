//! `koblingd restore`: a new folder from an archive; what partners' receipts say is missing in it; its release.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kobling::audit::{Receipt, ReceiptKind, SignedReceipt};
use kobling::clock::{Clock as _, SystemClock};
use kobling::key::Identities;
use kobling::name::PartnerId;
use kobling::service::{Completeness, PartnerRestored, Restoration, Service};

use crate::backup::{failed, open};
use crate::control::{Answer, On, OnFolder};
use crate::exit::Failure;
use crate::folder::{self, Folder};

/// Make a new data folder of an archive. Nothing is answered from it before partners have handed in their receipts, or the
/// steward has decided to do without.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Restore {
    #[command(subcommand)]
    then: Option<Then>,
    #[command(flatten)]
    folder: Folder,
    /// The archive.
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
    /// The identity of one of its recipients.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// What follows.
#[derive(Subcommand)]
pub(crate) enum Then {
    /// Show what is known to be missing, by partner.
    Status {
        #[command(flatten)]
        folder: Folder,
    },
    /// Take receipts that partners sent: every `.receipt.json` file in a folder. Partners can also hand them in themselves.
    Receipts {
        #[command(flatten)]
        folder: Folder,
        /// The folder; those in it are looked through too.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Let questions be asked again: what the steward has decided. What is missing still is entered in the audit chain.
    Release {
        #[command(flatten)]
        folder: Folder,
        /// Each partner whose part is not complete, as `status` shows them; none where all are.
        #[arg(long, value_name = "PARTNER", value_delimiter = ',')]
        without: Vec<PartnerId>,
    },
}

impl Restore {
    /// What a running service does itself.
    pub(crate) fn on_folder(&self) -> Option<&dyn OnFolder> {
        self.then.as_ref().map(|then| then as &dyn OnFolder)
    }

    pub(crate) fn run(self) -> Result<(), Failure> {
        let (Some(archive), Some(identity)) = (&self.archive, &self.identity) else {
            return Err(Failure::Configuration("give --archive FILE and --identity FILE".to_owned()));
        };
        let places = self.folder.places()?;
        folder::outside(&places.data, &places.service_key)?;
        let key = places.key()?;
        let identities = Identities::load(identity)?;
        let now = SystemClock.now();
        let restored =
            Service::restore(open(archive)?, &identities, &key, &places.data, now, &mut |_, _| Ok(()))
                .map_err(|error| failed(&error, None))?;
        let about = restored.about;
        println!("{}: restored as of {}", places.data.display(), about.made_at);
        println!("audit chain: whole, {} entries, head {}", restored.entries, about.chain.hash);
        println!("Compare the head with the one that you noted, or that a receipt bears.");
        println!(
            "What came in since {} is not in it. Questions, reports, payments and follow-up are refused until the steward \
             releases it: start the service, let partners hand in their receipts (POST /v1/restoration/receipts, or send them here for \
             `koblingd restore receipts`), then `koblingd restore status` and `koblingd restore release`.",
            about.made_at
        );
        Ok(())
    }
}

impl OnFolder for Then {
    fn folder(&self) -> &Folder {
        match self {
            Then::Status { folder } | Then::Receipts { folder, .. } | Then::Release { folder, .. } => folder,
        }
    }

    fn arguments(&self) -> Result<Vec<String>, Failure> {
        let Then::Receipts { dir, .. } = self else { return Ok(crate::control::own_arguments()) };
        // The service may not be able to read here: what it is given is the full path, which it says when it cannot.
        let dir = std::path::absolute(dir)
            .map_err(|error| Failure::Files(format!("{}: {error}", dir.display())))?;
        Ok(vec!["restore".to_owned(), "receipts".to_owned(), format!("--dir={}", dir.display())])
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        let service = on.service()?;
        match self {
            Then::Status { .. } => match service.restoration()? {
                None => writeln!(answer, "this folder never came out of a backup")?,
                Some(restoration) => show(&restoration, answer)?,
            },
            Then::Receipts { dir, .. } => {
                let mut by_partner: BTreeMap<PartnerId, Vec<SignedReceipt>> = BTreeMap::new();
                let mut files = 0;
                gather(dir, &mut |signed, partner| {
                    files += 1;
                    by_partner.entry(partner).or_default().push(signed);
                })?;
                writeln!(answer, "receipts found: {files}")?;
                for (partner, receipts) in by_partner {
                    let done = service.hand_in_for(&service.operator(), &partner, &receipts)?;
                    writeln!(
                        answer,
                        "{partner}: {} receipts, {} later than the backup, {} packages withdrawn again",
                        done.receipts, done.later, done.withdrawn
                    )?;
                    show_part(&done.standing, answer)?;
                }
            }
            Then::Release { without, .. } => {
                service.release_restoration(&service.operator(), without)?;
                writeln!(answer, "released: questions are answered again")?;
                if !without.is_empty() {
                    let names: Vec<String> = without.iter().map(ToString::to_string).collect();
                    writeln!(answer, "entered as incomplete: {}", names.join(", "))?;
                }
            }
        }
        Ok(())
    }
}

fn show(restoration: &Restoration, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let row = &restoration.row;
    match row.released_at {
        None => writeln!(answer, "restored on {}; held: nothing is answered", row.restored_at)?,
        Some(at) => writeln!(answer, "restored on {}; released on {at}", row.restored_at)?,
    }
    writeln!(answer, "what came in between {} and then is in no backup", row.made_at)?;
    writeln!(answer, "answers given in between are not in the release ledger: the evaluators have them")?;
    restoration.partners.iter().try_for_each(|part| show_part(part, answer))
}

fn show_part(part: &PartnerRestored, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let lost = part.lost().map(|(from, to)| format!("; entries {from} to {to} of its strand are lost"));
    let lost = lost.unwrap_or_default();
    match part.completeness() {
        Completeness::Unknown => writeln!(answer, "{}: unknown, no receipts handed in", part.partner)?,
        Completeness::Complete => writeln!(answer, "{}: complete{lost}", part.partner)?,
        Completeness::Missing => {
            writeln!(answer, "{}: missing, to be sent again{lost}", part.partner)?;
            for missing in &part.missing {
                let kind = match missing.kind {
                    ReceiptKind::Upload => "package",
                    ReceiptKind::Aliases => "aliases",
                    _ => "consents",
                };
                let what = missing.dataset.as_deref().unwrap_or("");
                let period = missing.period.as_deref().unwrap_or("");
                let text = format!("  {kind} {} of {} {what} {period}", missing.id, missing.at);
                writeln!(answer, "{}", text.trim_end())?;
            }
        }
    }
    Ok(())
}

/// Reads every receipt below a folder. What is none is passed over.
fn gather(dir: &Path, each: &mut dyn FnMut(SignedReceipt, PartnerId)) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::Files(format!("{}: {error}", dir.display()));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(fail)? {
        paths.push(entry.map_err(fail)?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            gather(&path, each)?;
            continue;
        }
        if !path.to_string_lossy().ends_with(".json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(fail)?;
        let Ok(signed) = serde_json::from_str::<SignedReceipt>(&text) else { continue };
        let Ok(receipt) = serde_json::from_str::<Receipt>(&signed.receipt) else { continue };
        each(signed, receipt.partner);
    }
    Ok(())
}
