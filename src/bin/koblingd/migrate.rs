//! `koblingd migrate`: a data folder of an earlier version taken forward, rehearsed first.

use clap::Args;
use kobling::service::{Forward, Service};

use crate::exit::Failure;
use crate::folder::Folder;

/// Take a data folder of an earlier version forward. The service must not run. With --dry-run, do it on a copy and say what
/// would be done.
#[derive(Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    folder: Folder,
    /// Rehearse it: on a copy of the database that is gone afterwards.
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let places = self.folder.places()?;
        let key = places.key()?;
        let how = if self.dry_run { Forward::Rehearse } else { Forward::Do };
        let done = Service::migrate(&places.data, &key, how)?;
        let would = if self.dry_run { "would be " } else { "" };
        let database = done.database;
        if !done.is_needed() {
            println!("{}: of schema {} already; nothing to do", places.data.display(), database.to);
            return Ok(());
        }
        if database.from != database.to {
            println!("database: {would}taken from schema {} to {}", database.from, database.to);
        }
        if database.encrypts {
            println!("database: {would}encrypted, {} bytes", database.bytes);
        }
        if done.files > 0 {
            println!(
                "staged rows and snapshots: {} files {would}encrypted, {} bytes",
                done.files, done.bytes
            );
        }
        println!("free space needed: {} bytes; there: {}", done.needs, done.free);
        if self.dry_run {
            println!(
                "rehearsed on a copy of the database: sound, its audit chain whole; nothing was changed"
            );
            println!(
                "Before you do it: copy the folder as it is to another medium, with the service stopped."
            );
        } else {
            println!("done; start the service");
        }
        Ok(())
    }
}
