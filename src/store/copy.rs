//! A copy of the database while it is written to, and what has to lie beside it.

use std::path::Path;
use std::sync::PoisonError;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::chain::chain_head;
use super::uploads::staged_files;
use super::{StagedName, Store, StoreError, UploadState, crypt, schema, snapshots};
use crate::audit::ChainHead;
use crate::clock::Timestamp;

/// Pages copied between two looks at the progress.
const PAGES: std::ffi::c_int = 512;

/// The state that was copied: what the copy says of itself.
#[derive(Clone, Debug)]
pub struct Copied {
    /// Head of the audit chain.
    pub head: ChainHead,
    /// When its last entry was made.
    pub last_at: Option<Timestamp>,
    /// Version of the schema.
    pub schema: u32,
    /// Staged files that it names, each with whether it must be there: an upload of which nothing has arrived has none.
    pub staged: Vec<(StagedName, bool)>,
    /// Folders of snapshots that it names.
    pub snapshots: Vec<String>,
}

impl Store {
    /// Copies the database as it stands at one moment to a new file, encrypted as it is. Others read and write meanwhile.
    /// `each` is told how many pages are copied, and of how many.
    ///
    /// # Errors
    /// [`StoreError`]; what is at `to` then is no copy.
    pub fn copy_database(
        &self,
        to: &Path,
        each: &mut dyn FnMut(u64, u64) -> std::io::Result<()>,
    ) -> Result<Copied, StoreError> {
        // Whoever rewrites the whole file waits, or would be told that it is being read.
        let _copying = self.copying.lock().unwrap_or_else(PoisonError::into_inner);
        let from = crypt::open(&self.folder.database(), &self.vault)?;
        from.busy_timeout(super::PATIENCE)?;
        // What is read from here on is of one moment, whatever is written behind it (WAL).
        let moment = from.unchecked_transaction()?;
        let copied = copied(&moment)?;
        let mut copy = crypt::open(to, &self.vault)?;
        copy.query_row("PRAGMA journal_mode = MEMORY", [], |_| Ok(()))?;
        {
            let backup = Backup::new(&moment, &mut copy)?;
            loop {
                let step = backup.step(PAGES)?;
                let progress = backup.progress();
                let pages = |n: std::ffi::c_int| u64::try_from(n).unwrap_or(0);
                let all = pages(progress.pagecount);
                let io = |source| StoreError::Io { path: to.to_owned(), doing: "copied", source };
                each(all - pages(progress.remaining).min(all), all).map_err(io)?;
                match step {
                    StepResult::Done => break,
                    StepResult::More => {}
                    _ => std::thread::sleep(std::time::Duration::from_millis(20)),
                }
            }
        }
        copy.close().map_err(|(_, error)| error)?;
        let durable = std::fs::File::open(to).and_then(|file| file.sync_all());
        durable.map_err(|source| StoreError::Io { path: to.to_owned(), doing: "made durable", source })?;
        Ok(copied)
    }
}

fn copied(db: &Connection) -> Result<Copied, StoreError> {
    let (head, last_at) = chain_head(db)?;
    let staged = staged_files(db)?.into_iter();
    Ok(Copied {
        head,
        last_at,
        schema: schema::version(db)?,
        staged: staged.map(|(name, state)| (name, state == UploadState::Complete)).collect(),
        snapshots: snapshots::all(db)?.into_iter().map(|row| row.folder).collect(),
    })
}
