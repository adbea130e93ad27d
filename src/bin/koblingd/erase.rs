//! `koblingd erase`: what the service does every day by itself, done now.

use std::io::Write as _;

use clap::Args;
use kobling::service::Erase as Which;

use crate::control::{Answer, On, OnFolder};
use crate::exit::Failure;
use crate::folder::Folder;

/// Carry erasures out, and remove what was kept for as long as it was to be kept. A running service does it every day.
#[derive(Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    folder: Folder,
    /// Carry all of them out, not only those of earlier stretches of the calendar.
    #[arg(long)]
    all_now: bool,
}

impl OnFolder for Erase {
    fn folder(&self) -> &Folder {
        &self.folder
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        let service = on.service()?;
        let which = if self.all_now { Which::All } else { Which::Ripe };
        let done = service.look_after(&service.operator(), which)?;
        writeln!(answer, "erasures done: {}", done.erased.erasures)?;
        writeln!(answer, "snapshots written anew: {}", done.erased.snapshots)?;
        writeln!(answer, "consent events removed: {}", done.events)?;
        let left = service.open_erasures()?;
        match left.iter().map(|(_, by)| by).min() {
            None => writeln!(answer, "erasures open: none")?,
            Some(by) => writeln!(answer, "erasures open: {}, the first to be done by {by}", left.len())?,
        }
        Ok(())
    }
}
