//! `koblingd doctor`: is everything as it should be?

use clap::Args;

use crate::exit::Failure;
use crate::folder::Folder;

/// Look whether everything is as it should be.
#[derive(Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    folder: Folder,
}

impl Doctor {
    pub(crate) fn run(self) -> Result<(), Failure> {
        // Opening holds the folder's lock, the service key and the clock against the folder.
        let service = self.folder.open()?;
        println!("data folder, service key and clock: fit");
        service.store().check_integrity()?;
        println!("database: sound");
        let chain = service.store().verify_chain()?.map_err(|error| Failure::Refused(error.to_string()))?;
        println!("audit chain: whole, {} entries", chain.head.sequence);
        let mut wanting = Vec::new();
        for partner in &service.programme().partners {
            let keys = service.keys(&partner.id)?;
            if keys.iter().all(|key| key.revoked_at.is_some()) {
                wanting.push(partner.id.to_string());
            }
        }
        if wanting.is_empty() {
            println!("signing keys: every partner has one in force");
        } else {
            println!("signing keys: none in force for {}", wanting.join(", "));
        }
        match service.snapshots()?.last() {
            Some(snapshot) => println!("snapshot in force: {}, sealed on {}", snapshot.id, snapshot.day),
            None => println!("snapshot in force: none; seal one"),
        }
        let open = service.open_erasures()?;
        let today = service.now().day();
        let late = open.iter().filter(|(_, by)| *by < today).count();
        match open.iter().map(|(_, by)| by).min() {
            None => println!("erasures: none open"),
            Some(by) if late == 0 => println!("erasures: {} open, the first to be done by {by}", open.len()),
            Some(_) => {
                return Err(Failure::Refused(format!(
                    "erasures: {late} late; see the log for why, then run `koblingd erase --all-now`"
                )));
            }
        }
        Ok(())
    }
}
