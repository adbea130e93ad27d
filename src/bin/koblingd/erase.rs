//! `koblingd erase`: what the service does every day by itself, done now.

use clap::Args;
use kobling::service::Erase as Which;

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

impl Erase {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let service = self.folder.open()?;
        let which = if self.all_now { Which::All } else { Which::Ripe };
        let done = service.look_after(&service.operator(), which)?;
        println!("erasures done: {}", done.erased.erasures);
        println!("snapshots written anew: {}", done.erased.snapshots);
        println!("consent events removed: {}", done.events);
        let left = service.open_erasures()?;
        match left.iter().map(|(_, by)| by).min() {
            None => println!("erasures open: none"),
            Some(by) => println!("erasures open: {}, the first to be done by {by}", left.len()),
        }
        Ok(())
    }
}
