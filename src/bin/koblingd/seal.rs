//! `koblingd seal`.

use std::io::Write as _;

use clap::Args;

use crate::control::{Answer, On, OnFolder};
use crate::exit::Failure;
use crate::folder::Folder;

/// Seal what is in force into a snapshot.
#[derive(Args)]
pub(crate) struct Seal {
    #[command(flatten)]
    folder: Folder,
}

impl OnFolder for Seal {
    fn folder(&self) -> &Folder {
        &self.folder
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        let service = on.service()?;
        let outcome = service.seal(&service.operator())?;
        writeln!(
            answer,
            "snapshot {} sealed on {}: {} packages, {} replaced",
            outcome.snapshot.id, outcome.snapshot.day, outcome.packages, outcome.replaced
        )?;
        Ok(())
    }
}
