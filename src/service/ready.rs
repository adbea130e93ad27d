//! Whether the service can do its work now: looked at from inside, told to whoever watches the machine. No figure of the
//! programme's data is in it.

use std::io::Write as _;

use super::seal::Sealed;
use super::{Service, canary};
use crate::clock::Timestamp;
use crate::secret::SeededRandom;
use crate::snapshot::LazySnapshot;

/// What is looked at, and the word that is said of it when it is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name: `canary`, `store`, `disk` or `snapshot`.
    pub name: &'static str,
    /// What is wrong, and what to do; nothing of data.
    pub problem: Option<&'static str>,
}

/// The names of all checks.
pub const CHECKS: [&str; 4] = ["canary", "store", "disk", "snapshot"];

/// What the machine has for whoever watches it, beside [`Check`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When the snapshot in force was sealed.
    pub sealed_at: Option<Timestamp>,
    /// Whether an erasure is later than the programme grants.
    pub erasure_late: bool,
    /// Room on the disk of the data folder, in bytes.
    pub free: u64,
}

/// The file that is written to see whether the disk takes it.
const PROBE: &str = ".writable";

impl Service {
    /// Looks at everything. `verified` is the folder of the snapshot that was found whole before, and is the one found now.
    #[must_use]
    pub fn ready(&self, least_free: u64, verified: &mut Option<String>) -> Vec<Check> {
        let mut random = SeededRandom::fork(self.random().as_mut());
        let canary = canary::sing(&mut random).err().map(|error| {
            tracing::error!(%error, "the canary does not sing");
            "made-up persons are not linked and counted as they should be: replace the program, or the machine"
        });
        let store = match (self.store.latest_snapshot(), self.writable()) {
            (Err(_), _) => Some("the database cannot be read: run `koblingd doctor`"),
            (Ok(_), Err(_)) => {
                Some("the data folder cannot be written to: see whether its disk is full or read-only")
            }
            (Ok(_), Ok(())) => None,
        };
        let disk = (self.free() < least_free)
            .then_some("there is little room on the disk of the data folder: make some before it is full");
        let problems = [canary, store, disk, self.snapshot_problem(verified)];
        CHECKS.into_iter().zip(problems).map(|(name, problem)| Check { name, problem }).collect()
    }

    /// What there is to be told besides.
    #[must_use]
    pub fn standing_of_machine(&self) -> Standing {
        let today = self.now().day();
        let open = self.open_erasures().unwrap_or_default();
        Standing {
            sealed_at: self.store.latest_snapshot().ok().flatten().map(|row| row.sealed_at),
            erasure_late: open.iter().any(|(_, by)| *by < today),
            free: self.free(),
        }
    }

    fn free(&self) -> u64 {
        fs4::available_space(self.store.folder().root()).unwrap_or(0)
    }

    /// Writes a byte to the disk and takes it away.
    fn writable(&self) -> std::io::Result<()> {
        let path = self.store.folder().root().join(PROBE);
        let mut file = std::fs::File::create(&path)?;
        let written = file.write_all(b"\n").and_then(|()| file.sync_all());
        std::fs::remove_file(&path)?;
        written
    }

    /// The snapshot in force is opened once; a seal or an erasure gives it another folder.
    fn snapshot_problem(&self, verified: &mut Option<String>) -> Option<&'static str> {
        const DAMAGED: &str = "the snapshot in force cannot be opened: run `koblingd doctor`, then seal anew";
        // That the store cannot be read is said of the store.
        let row = self.store.latest_snapshot().ok().flatten()?;
        let dir = self.store.folder().snapshots().join(&row.folder);
        if verified.as_ref() == Some(&row.folder) {
            return (!dir.is_dir()).then_some(DAMAGED);
        }
        let opened = serde_json::from_str::<Sealed>(&row.manifest).ok().and_then(|sealed| {
            LazySnapshot::open(self.store.vault(), &dir, self.programme(), &sealed.sha256, self.memory).ok()
        });
        if opened.is_none() {
            // It may have been replaced meanwhile.
            let now = self.store.latest_snapshot().ok().flatten();
            return now.is_some_and(|now| now.folder == row.folder).then_some(DAMAGED);
        }
        *verified = Some(row.folder);
        None
    }
}
