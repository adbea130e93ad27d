//! A list as a package.

use std::path::{Path, PathBuf};

use clap::Args;
use kobling::clock::{Clock as _, SystemClock};
use kobling::extract::consents::check_consents;
use kobling::extract::{ConsentJob, Source, package_consents};
use kobling::language::Language;
use kobling::secret::SystemRandom;

use super::Said;
use crate::exit::{Done, Outcome};
use crate::person::Who;
use crate::say::language;
use crate::write::{Dry, Over};

/// Says where a package lies, and what is done with it.
pub(crate) fn say_written(folder: &Path) {
    let folder = folder.display();
    match language() {
        Language::Da => eprintln!(
            "pakken ligger i {folder}; se den med `kobling inspect {folder}`, send den med `kobling upload {folder}`"
        ),
        Language::En => eprintln!(
            "package written to {folder}; look at it with `kobling inspect {folder}`, send it with `kobling upload {folder}`"
        ),
    }
}

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
    #[command(flatten)]
    dry: Dry,
}

pub(super) fn run(package: &Package) -> Outcome {
    let (programme, source_id, key, signing) = package.who.load()?;
    let form = package.said.form(&programme)?;
    let source = Source::from_argument(&package.file);
    package.dry.may_take(&package.out, Over::Never)?;
    if package.dry.on() {
        let count = check_consents(&source, &form, SystemClock.now(), (&programme, source_id))?;
        tell!("hændelser  {count} kan sendes", "events   {count} could be sent");
        package.dry.would(&package.out);
        return Ok(Done::Clean);
    }
    let job = ConsentJob {
        source: &source,
        form: &form,
        programme: &programme,
        partner: package.who.partner()?,
        now: SystemClock.now(),
    };
    let made = package_consents(&job, &key, Some(&signing), &package.out, &mut SystemRandom::new())?;
    let rows = made.kobling.rows;
    tell!("hændelser  {} sendes, {} gentaget", "events   {} sent, {} repeated", rows.sent, rows.duplicates);
    say_written(&package.out);
    Ok(Done::Clean)
}
