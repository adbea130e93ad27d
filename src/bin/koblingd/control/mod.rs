//! Commands on a data folder: carried out in this process, or, where a service has the folder open, inside that service.
//!
//! The service listens at `DATA/control`, a socket that only its own user and root may use. A command sends its arguments
//! there, the service runs the same code on what it has open, and the answer comes back in [`frames`]: what is said, what goes
//! into the file that was asked for, and the exit status. Files are written by whoever called, never by the service: it need
//! not be able to write anywhere but in its folder. No secret is in an argument.

mod answer;
mod frames;
#[cfg(unix)]
mod listen;
mod out;
#[cfg(unix)]
mod socket;

use std::path::Path;
use std::sync::Arc;

use kobling::service::Service;
use kobling::store::{Store, StoreError};

pub(crate) use answer::Answer;
use answer::Outlet as _;
#[cfg(unix)]
pub(crate) use listen::listen;

use crate::exit::Failure;
use crate::folder::Folder;

/// What a command is run on.
#[derive(Clone, Copy)]
pub(crate) enum On<'a> {
    /// The whole service.
    Service(&'a Service),
    /// The store, where a command needs no more: it can be read where a service does not start.
    Store(&'a Arc<Store>),
}

impl<'a> On<'a> {
    /// The service.
    pub(crate) fn service(self) -> Result<&'a Service, Failure> {
        match self {
            On::Service(service) => Ok(service),
            On::Store(_) => Err(Failure::Refused("the service is not open".to_owned())),
        }
    }

    /// The store.
    pub(crate) fn store(self) -> &'a Arc<Store> {
        match self {
            On::Service(service) => service.store_shared(),
            On::Store(store) => store,
        }
    }
}

/// A command that is run on a data folder.
pub(crate) trait OnFolder {
    /// Which.
    fn folder(&self) -> &Folder;

    /// The new file that it was asked for.
    fn file(&self) -> Option<&Path> {
        None
    }

    /// Whether the store is enough.
    fn store_alone(&self) -> bool {
        false
    }

    /// Its arguments as a running service is to have them; those of this process where nothing has to be read for it first.
    fn arguments(&self) -> Result<Vec<String>, Failure> {
        Ok(own_arguments())
    }

    /// Does it.
    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure>;
}

/// The arguments of this process.
pub(crate) fn own_arguments() -> Vec<String> {
    std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// Carries a command out: in the service that has the folder open, or here.
pub(crate) fn carry_out(command: &dyn OnFolder) -> Result<(), Failure> {
    let mut here = out::Here::new(command.file())?;
    #[cfg(unix)]
    {
        let data = command.folder().data()?;
        // A service that is just starting has the folder, and listens in a moment.
        for _ in 0..socket::TRIES {
            if let Some(stream) = socket::connect(&data) {
                return frames::ask(stream, &command.arguments()?, &mut here);
            }
            match locally(command, &mut here) {
                Err(Missed::InUse(_)) => std::thread::sleep(socket::PAUSE),
                Err(Missed::Failed(failure)) => return Err(failure),
                Ok(()) => return Ok(()),
            }
        }
    }
    locally(command, &mut here).map_err(|missed| match missed {
        Missed::InUse(failure) | Missed::Failed(failure) => failure,
    })
}

/// Why a command was not carried out here.
enum Missed {
    /// Somebody else has the folder.
    InUse(Failure),
    /// It failed.
    Failed(Failure),
}

fn locally(command: &dyn OnFolder, here: &mut out::Here) -> Result<(), Missed> {
    let in_use = |failure: crate::folder::NotOpened| match failure {
        crate::folder::NotOpened::InUse(error) => Missed::InUse(StoreError::InUse(error).into()),
        crate::folder::NotOpened::Failed(failure) => Missed::Failed(failure),
    };
    if command.store_alone() {
        let store = Arc::new(command.folder().store().map_err(in_use)?);
        finish(command, On::Store(&store), here).map_err(Missed::Failed)
    } else {
        let service = command.folder().open().map_err(in_use)?;
        finish(command, On::Service(&service), here).map_err(Missed::Failed)
    }
}

fn finish(command: &dyn OnFolder, on: On<'_>, here: &mut out::Here) -> Result<(), Failure> {
    command.run_on(on, &mut Answer::to(here))?;
    here.keep().map_err(Failure::from)
}
