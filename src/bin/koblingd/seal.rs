//! `koblingd seal`, while the service is not running; a running one is asked over HTTP.

use clap::Args;

use crate::exit::Failure;
use crate::folder::Folder;

/// Seal what is in force into a snapshot.
#[derive(Args)]
pub(crate) struct Seal {
    #[command(flatten)]
    folder: Folder,
}

impl Seal {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let service = self.folder.open()?;
        let outcome = service.seal(&service.operator())?;
        println!(
            "snapshot {} sealed on {}: {} packages, {} replaced",
            outcome.snapshot.id, outcome.snapshot.day, outcome.packages, outcome.replaced
        );
        Ok(())
    }
}
