//! The rows of an upload: taken block by block, durable before they are acknowledged.
//!
//! The staged file is what is true; what is kept here is only so that it need not be read again for every request.

use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::arrival::ArrivalKey;
use super::unusual::Weighed;
use super::{Reason, Service, ServiceError};
use crate::audit::{Actor, ReceiptKind, Subject};
use crate::auth::Principal;
use crate::extract::manifest::ListKind;
use crate::intake::lists::frames;
use crate::intake::staged::{Layout, open_for_append};
use crate::intake::{Arriving, ListReceiver, OpenedList, ReceiveError, Receiver};
use crate::store::{Completed, UploadRow, UploadState};
use crate::vault::FrameFile;

/// Requests that may be at one upload at a time: one works, one waits, for a client that comes back before its cut
/// connection is noticed. A request that waits holds a thread, and there are only so many for everybody.
const REQUESTS_AT_ONCE: usize = 2;
/// Uploads kept in memory between requests; beyond it, a request reads its staged file again.
const KEPT_SESSIONS: usize = 32;

/// The place of one upload: whoever holds the lock works on it.
pub(super) struct Slot(Mutex<Option<Session>>);

impl Slot {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, unless somebody is working on it.
    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, Option<Session>>> {
        match self.0.try_lock() {
            Ok(held) => Some(held),
            Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// An upload under way. Its blocks up to the receiver's offset are durable.
pub(super) struct Session {
    receiver: Receiving,
    file: FrameFile,
    /// What the receiver holds rows against, where their dataset rests on consent alone.
    arrival: Option<ArrivalKey>,
}

/// What an upload is received into.
enum Receiving {
    Rows(Box<Receiver>),
    List(Box<ListReceiver>, Arc<OpenedList>),
}

impl Receiving {
    fn is_whole(&self) -> bool {
        match self {
            Receiving::Rows(rows) => rows.is_whole(),
            Receiving::List(list, _) => list.is_whole(),
        }
    }

    const fn offset(&self) -> u64 {
        match self {
            Receiving::Rows(rows) => rows.offset(),
            Receiving::List(list, _) => list.offset(),
        }
    }

    fn feed(&mut self, bytes: &[u8], file: &mut FrameFile) -> Result<(), ReceiveError> {
        match self {
            Receiving::Rows(rows) => rows.feed(bytes, file),
            Receiving::List(list, _) => list.feed(bytes, file),
        }
    }

    fn forget_unfinished(&mut self) {
        match self {
            Receiving::Rows(rows) => rows.forget_unfinished(),
            Receiving::List(list, _) => list.forget_unfinished(),
        }
    }
}

/// How far an upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Bytes of `data.csv` that are durable.
    pub offset: u64,
    /// Bytes of `data.csv` in all.
    pub length: u64,
    /// Whether it is a package now.
    pub complete: bool,
    /// When it is dropped if nothing reaches it; `None` for a package.
    pub expires: Option<crate::clock::Timestamp>,
}

impl Service {
    pub(super) fn slot(&self, id: &str) -> Arc<Slot> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sessions.entry(id.to_owned()).or_insert_with(|| Arc::new(Slot(Mutex::new(None)))))
    }

    /// The place of an upload for a request of its partner.
    ///
    /// # Errors
    /// [`Reason::Busy`] when enough requests are at it already.
    pub(super) fn turn(&self, id: &str) -> Result<Arc<Slot>, ServiceError> {
        let slot = self.slot(id);
        // One is the list's own. Two that come at the same moment may both be refused, never both be let in too many.
        if Arc::strong_count(&slot) > 1 + REQUESTS_AT_ONCE {
            return Err(ServiceError::Refused(Reason::Busy));
        }
        Ok(slot)
    }

    /// Lets go of an upload's place, unless somebody works on it or waits for it: two places for one upload would
    /// let two requests write one file. Places are handed out under the same lock, so none can be taken meanwhile.
    pub(super) fn forget_slot(&self, id: &str) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.get(id).is_some_and(|slot| Arc::strong_count(slot) == 1) {
            sessions.remove(id);
        }
    }

    /// Brings an open upload's session into memory: what is whole on disk is made durable before it is acknowledged.
    fn session<'a>(
        &self,
        held: &'a mut Option<Session>,
        row: &UploadRow,
    ) -> Result<&'a mut Session, ServiceError> {
        if held.is_none() {
            let path = self.store.folder().staged_file(&row.staged);
            let (receiver, file, arrival) = match self.reopened(row)? {
                Arriving::Rows(opened) => {
                    let layout = Layout::of(&self.programme().datasets[opened.dataset]);
                    let (file, frames) = open_for_append(self.store.vault(), &path, &layout)?;
                    let today = self.clock.today();
                    let asked = self.programme().datasets[opened.dataset].rests_on_consent_alone();
                    let key = asked.then(|| self.arrival_key(opened.source, opened.dataset));
                    let arrival = key.map(|key| self.arrival(key)).transpose()?;
                    let programme = self.programme();
                    let rows =
                        Receiver::new(Arc::new(opened), programme, &self.key, today, arrival, &frames)?;
                    (Receiving::Rows(Box::new(rows)), file, key)
                }
                Arriving::List(opened) => {
                    let (file, staged) = frames::open_for_append(self.store.vault(), opened.kind, &path)?;
                    let (opened, now) = (Arc::new(opened), self.now());
                    let programme = self.programme();
                    let list = ListReceiver::new(Arc::clone(&opened), programme, &self.key, now, &staged)?;
                    (Receiving::List(Box::new(list), opened), file, None)
                }
            };
            file.sync_all()?;
            sync_folder(&self.store.folder().staged())?;
            *held = Some(Session { receiver, file, arrival });
        }
        held.as_mut().ok_or(ServiceError::Refused(Reason::Internal))
    }

    /// How far an upload has come. One whose last block arrived just before a crash becomes a package here.
    ///
    /// # Errors
    /// [`Reason::NotFound`] for somebody else's, [`Reason::Gone`] for one that ended.
    pub fn standing(&self, caller: &Principal, id: &str) -> Result<Standing, ServiceError> {
        self.own_upload(caller, id)?;
        let slot = self.turn(id)?;
        let mut held = slot.lock();
        let standing = self.standing_in(caller, id, &mut held);
        let idle = held.is_none();
        drop(held);
        drop(slot);
        // The places are everybody's: nobody fills them by looking at packages of its own.
        if idle {
            self.forget_slot(id);
        } else {
            self.forget_when_full(id);
        }
        standing
    }

    fn standing_in(
        &self,
        caller: &Principal,
        id: &str,
        held: &mut Option<Session>,
    ) -> Result<Standing, ServiceError> {
        let row = self.own_upload(caller, id)?;
        self.standing_of(&caller.actor(), &row, held)
    }

    /// The same for whoever may: its partner, or the service itself when it starts.
    pub(super) fn standing_of(
        &self,
        actor: &Actor,
        row: &UploadRow,
        held: &mut Option<Session>,
    ) -> Result<Standing, ServiceError> {
        let length = row.bytes;
        let done = Standing { offset: length, length, complete: true, expires: None };
        match row.state {
            UploadState::Complete | UploadState::Recorded | UploadState::Replaced => return Ok(done),
            UploadState::Open => {}
            _ => return Err(ServiceError::Refused(Reason::Gone)),
        }
        let offset = {
            let session = self.session(held, row)?;
            if session.receiver.is_whole() { length } else { session.receiver.offset() }
        };
        if offset == length {
            self.complete(actor, row, held)?;
            return Ok(done);
        }
        let expiry = crate::limits::UPLOAD_EXPIRY_HOURS * 3_600_000;
        let expires = Some(row.touched_at.plus_millis(expiry));
        Ok(Standing { offset, length, complete: false, expires })
    }

    /// Makes a package of an upload whose blocks are all durable.
    fn complete(
        &self,
        actor: &Actor,
        row: &UploadRow,
        held: &mut Option<Session>,
    ) -> Result<(), ServiceError> {
        let session = held.take().ok_or(ServiceError::Refused(Reason::Internal))?;
        let received = match session.receiver {
            Receiving::Rows(rows) => rows.finish()?,
            Receiving::List(list, opened) => {
                let rows = list.finish()?;
                // Nothing more is written to it, and Windows removes no file that is open.
                drop(session.file);
                return match opened.kind {
                    ListKind::Consents => self.record_package(actor, row, &opened, rows),
                    ListKind::Aliases => self.record_aliases(actor, row, &opened, rows),
                };
            }
        };
        // Nothing more is written to it, and Windows removes no file that is open.
        drop(session.file);
        let opened = self.reopened_rows(row)?;
        let one_at_a_time = self.weighing(opened.source);
        let Weighed { weight, remark } = self.weigh(actor, row, &opened)?;
        let head = &opened.manifest.kobling;
        let now = self.now();
        let subject = Subject::new()
            .id("package", &row.id)
            .id("dataset", &head.dataset)
            .id("period", head.period)
            .digest("manifest", opened.sha256)
            .count("rows", received.rows)
            .count("kept", received.stored)
            .count("bytes", opened.manifest.resources[0].bytes);
        let in_receipt = subject.clone();
        let package = Completed {
            id: &row.id,
            stored: received.stored,
            persons: weight.persons,
            brought: weight.brought,
            remark,
        };
        self.store.complete_upload(now, actor, package, subject, |head| {
            self.receipt(ReceiptKind::Upload, &row.id, now, &row.partner, in_receipt, head)
        })?;
        drop(one_at_a_time);
        Ok(())
    }

    /// Appends bytes from an offset on; `next` gives them until the request, or its connection, ends. Whole verified
    /// blocks are durable when this returns, whatever it returns; the rest is forgotten and sent again.
    ///
    /// # Errors
    /// [`Reason::Offset`] when the upload stands elsewhere; [`ServiceError::Intake`] for a block that is refused: those
    /// before it stay.
    pub fn append<B: AsRef<[u8]>>(
        &self,
        caller: &Principal,
        id: &str,
        offset: u64,
        mut next: impl FnMut() -> Option<B>,
    ) -> Result<Standing, ServiceError> {
        let row = self.own_upload(caller, id)?;
        let slot = self.turn(id)?;
        let mut held = slot.lock();
        let before = self.standing_in(caller, id, &mut held)?;
        if before.offset != offset {
            return Err(ServiceError::Refused(Reason::Offset));
        }
        if before.complete {
            return match next() {
                None => Ok(before),
                Some(_) => Err(crate::intake::IntakeRefusal::TooLong { stated: before.length }.into()),
            };
        }
        let session = self.session(&mut held, &row)?;
        let mut fed = Ok(());
        while let Some(bytes) = next() {
            let asked = self.ask_again(session);
            fed = asked.and_then(|()| Ok(session.receiver.feed(bytes.as_ref(), &mut session.file)?));
            if fed.is_err() {
                break;
            }
        }
        session.receiver.forget_unfinished();
        let synced = session.file.sync_data();
        if synced.is_err() || fed.is_err() {
            // What is on disk decides, the next time.
            *held = None;
        }
        synced?;
        fed?;
        let after = self.standing_in(caller, id, &mut held);
        if after.is_err() {
            // It may have been refused as a whole: nobody comes back to its place.
            drop(held);
            drop(slot);
            self.forget_slot(id);
            return after;
        }
        let after = after?;
        if after.offset > before.offset && !after.complete {
            self.store.touch_upload(self.now(), id)?;
        }
        drop(held);
        drop(slot);
        if after.complete {
            self.forget_slot(id);
        } else {
            self.forget_when_full(id);
        }
        Ok(after)
    }

    /// Holds rows against what has been recorded meanwhile.
    fn ask_again(&self, session: &mut Session) -> Result<(), ServiceError> {
        let Some(held) = session.arrival else { return Ok(()) };
        let now = self.arrival_key(held.source(), held.dataset());
        if now != held {
            if let Receiving::Rows(rows) = &mut session.receiver {
                rows.ask_again(self.arrival(now)?);
            }
            session.arrival = Some(now);
        }
        Ok(())
    }

    fn forget_when_full(&self, id: &str) {
        let kept = self.sessions.lock().unwrap_or_else(PoisonError::into_inner).len();
        if kept > KEPT_SESSIONS {
            self.forget_slot(id);
        }
    }
}

/// Makes the name of a new file durable. Windows has no such call, and needs none on NTFS; that is untested.
fn sync_folder(path: &std::path::Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
