//! A list as a package.

use std::path::PathBuf;

use clap::Args;
use kobling::clock::{Clock as _, SystemClock};
use kobling::extract::{ConsentJob, Source, package_consents};
use kobling::secret::SystemRandom;

use super::Said;
use crate::exit::{Done, Outcome};
use crate::person::Who;

/// `kobling consent package LIST --out DIR …`
#[derive(Args)]
pub(crate) struct Package {
    /// The list, as `kobling consent record` takes it; - reads standard input.
    file: PathBuf,
    /// Folder to write the package to; it must not exist.
    #[arg(long, short)]
    out: PathBuf,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    said: Said,
}

pub(super) fn run(package: &Package) -> Outcome {
    let (programme, _, key, signing) = package.who.load()?;
    let form = package.said.form(&programme)?;
    let source = Source::from_argument(&package.file);
    let job = ConsentJob {
        source: &source,
        form: &form,
        programme: &programme,
        partner: package.who.partner()?,
        now: SystemClock.now(),
    };
    let made = package_consents(&job, &key, Some(&signing), &package.out, &mut SystemRandom::new())?;
    let rows = made.kobling.rows;
    out!("events   {} sent, {} repeated", rows.sent, rows.duplicates);
    eprintln!(
        "package written to {}; look at it with `kobling inspect {0}`, send it with `kobling upload {0}`",
        package.out.display()
    );
    Ok(Done::Clean)
}
