//! `koblingd audit verify`: needs no key, only the data folder.

use std::path::PathBuf;

use clap::Subcommand;
use kobling::store::Store;

use crate::exit::Failure;

/// The audit chain.
#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Verify the whole chain, every strand and every head on record.
    Verify {
        /// The data folder.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

impl Audit {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Audit::Verify { data } = self;
        let report =
            Store::open(&data)?.verify_chain()?.map_err(|error| Failure::Refused(error.to_string()))?;
        println!("the audit chain is whole: {} entries", report.head.sequence);
        println!("head: {}", report.head.hash);
        for head in &report.strands {
            println!("{}: {} entries, {}", head.strand, head.position, head.hash);
        }
        Ok(())
    }
}
