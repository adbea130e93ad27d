//! `koblingd programme check`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use kobling::extract::manifest::Sha256Hex;

use crate::exit::Failure;

/// Programme definitions.
#[derive(Subcommand)]
pub(crate) enum Programme {
    /// Check a definition as a whole; every finding names line and field.
    Check {
        /// The definition.
        file: PathBuf,
    },
}

impl Programme {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Programme::Check { file } = self;
        let (_, programme) = read(&file)?;
        println!("{}: sound", file.display());
        println!("programme: {} version {}", programme.id, programme.version);
        println!("sha256: {}", Sha256Hex::from_bytes(programme.sha256));
        println!(
            "{} partners, {} datasets, {} questions",
            programme.partners.len(),
            programme.datasets.len(),
            programme.questions.len()
        );
        Ok(())
    }
}

/// Reads and checks a definition.
pub(crate) fn read(path: &Path) -> Result<(String, kobling::programme::Programme), Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Files(format!("{}: cannot be read: {error}", path.display())))?;
    let programme = kobling::programme::Programme::parse(&text)
        .map_err(|error| Failure::Configuration(format!("{}: {error}", path.display())))?;
    Ok((text, programme))
}
