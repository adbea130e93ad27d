//! How far a seal has come, for whoever looks on: what is sealed does not depend on it, and nothing of it is kept on disk.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::{SealOutcome, Service, ServiceError};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::snapshot::SealPhase;

/// A step of a seal, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealStep {
    /// It waits for its turn, and takes rows off that are to be erased.
    Prepare,
    /// Staged rows are read, their links numbered.
    Read,
    /// New persons get their numbers.
    Number,
    /// Rows are sorted.
    Sort,
    /// Files are written.
    Write,
    /// The snapshot comes into force.
    Commit,
    /// Erasures that are due, and standing reports.
    Finish,
}

impl SealStep {
    /// All of them.
    pub const ALL: [SealStep; 7] = [
        SealStep::Prepare,
        SealStep::Read,
        SealStep::Number,
        SealStep::Sort,
        SealStep::Write,
        SealStep::Commit,
        SealStep::Finish,
    ];
}

impl From<SealPhase> for SealStep {
    fn from(phase: SealPhase) -> SealStep {
        match phase {
            SealPhase::Read => SealStep::Read,
            SealPhase::Number => SealStep::Number,
            SealPhase::Sort => SealStep::Sort,
            SealPhase::Write => SealStep::Write,
        }
    }
}

/// A seal that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealUnderWay {
    /// Who seals.
    pub by: Actor,
    /// Since when.
    pub since: Timestamp,
    /// What it does now.
    pub step: SealStep,
}

/// Why a seal was in vain, in both languages, as whoever asked for it over the API would have read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealFailure {
    /// The code.
    pub code: &'static str,
    /// What went wrong, and what to do: Danish.
    pub da: (String, String),
    /// The same in English.
    pub en: (String, String),
}

impl From<&ServiceError> for SealFailure {
    fn from(error: &ServiceError) -> SealFailure {
        let (title, advice) = error.danish();
        let en = (error.public_message(), error.advice().to_owned());
        SealFailure { code: error.code(), da: (title, advice.to_owned()), en }
    }
}

/// The last seal since the service started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealEnded {
    /// Who sealed.
    pub by: Actor,
    /// When it ended.
    pub at: Timestamp,
    /// What it did.
    pub outcome: Result<SealOutcome, SealFailure>,
}

/// Where sealing stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealing {
    /// The seal under way.
    pub now: Option<SealUnderWay>,
    /// The one that ended last since the service started.
    pub last: Option<SealEnded>,
}

/// One seal's line in [`Sealing`]. Dropped without an end, as by a panic, it ends as a fault inside.
pub(super) struct Watched<'a> {
    service: &'a Service,
    by: Actor,
    told: bool,
}

impl Watched<'_> {
    /// The seal does this now.
    pub(super) fn step(&self, step: SealStep) {
        if let Some(now) = &mut self.service.watch().now {
            now.step = step;
        }
    }

    /// The seal has ended.
    pub(super) fn end(mut self, outcome: &Result<SealOutcome, ServiceError>) {
        self.tell(match outcome {
            Ok(done) => Ok(done.clone()),
            Err(error) => Err(SealFailure::from(error)),
        });
    }

    fn tell(&mut self, outcome: Result<SealOutcome, SealFailure>) {
        self.told = true;
        let at = self.service.now();
        let mut watch = self.service.watch();
        watch.now = None;
        watch.last = Some(SealEnded { by: self.by.clone(), at, outcome });
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.tell(Err(SealFailure::from(&ServiceError::Refused(super::Reason::Internal))));
        }
    }
}

impl Service {
    fn watch(&self) -> MutexGuard<'_, Sealing> {
        self.seal_watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where sealing stands.
    #[must_use]
    pub fn sealing(&self) -> Sealing {
        self.watch().clone()
    }

    /// Enters a seal as under way; `false` when another one is.
    fn enter(&self, by: &Actor) -> bool {
        let since = self.now();
        let mut watch = self.watch();
        if watch.now.is_some() {
            return false;
        }
        watch.now = Some(SealUnderWay { by: by.clone(), since, step: SealStep::Prepare });
        true
    }

    /// The line of a seal whose turn it is.
    pub(super) fn watched(&self, by: &Actor) -> Watched<'_> {
        let since = self.now();
        self.watch().now = Some(SealUnderWay { by: by.clone(), since, step: SealStep::Prepare });
        Watched { service: self, by: by.clone(), told: false }
    }

    /// Begins to seal in a thread of its own, whether or not whoever began it stays; [`Service::sealing`] tells of it.
    /// `false`, and nothing is done, when a seal is under way.
    ///
    /// # Errors
    /// [`ServiceError::Io`] when no thread can be had.
    pub fn begin_seal(self: &Arc<Self>, actor: Actor) -> Result<bool, ServiceError> {
        if !self.enter(&actor) {
            return Ok(false);
        }
        let service = Arc::clone(self);
        let seal = move || {
            if let Err(error) = service.seal(&actor) {
                tracing::error!(code = error.code(), error = %error, "a seal failed");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("seal".to_owned()).spawn(seal) {
            self.watch().now = None;
            return Err(error.into());
        }
        Ok(true)
    }
}
