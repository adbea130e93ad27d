//! `koblingd audit verify`.

use std::io::Write as _;

use clap::Subcommand;

use crate::control::{Answer, On, OnFolder};
use crate::exit::Failure;
use crate::folder::Folder;

/// The audit chain.
#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Verify the whole chain, every strand and every head on record.
    Verify {
        #[command(flatten)]
        folder: Folder,
    },
}

impl OnFolder for Audit {
    fn folder(&self) -> &Folder {
        let Audit::Verify { folder } = self;
        folder
    }

    fn store_alone(&self) -> bool {
        true
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        let report = on.store().verify_chain()?.map_err(|error| Failure::Refused(error.to_string()))?;
        writeln!(answer, "the audit chain is whole: {} entries", report.head.sequence)?;
        writeln!(answer, "head: {}", report.head.hash)?;
        for head in &report.strands {
            writeln!(answer, "{}: {} entries, {}", head.strand, head.position, head.hash)?;
        }
        Ok(())
    }
}
