//! `koblingd audit verify`.

use clap::Subcommand;

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

impl Audit {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Audit::Verify { folder } = self;
        let report = folder.store()?.verify_chain()?.map_err(|error| Failure::Refused(error.to_string()))?;
        println!("the audit chain is whole: {} entries", report.head.sequence);
        println!("head: {}", report.head.hash);
        for head in &report.strands {
            println!("{}: {} entries, {}", head.strand, head.position, head.hash);
        }
        Ok(())
    }
}
