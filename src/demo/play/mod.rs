//! The demo: the whole line, played by everybody it takes, over real files and real HTTP, and judged from outside.
//!
//! One process plays the custodian, the partners, the operator, the steward, the evaluator and the payers of two
//! programmes, each through the code and the routes that they would use. Every claim that is printed is checked first; [`play`] fails when one does not
//! hold.

mod early;
mod exchange;
mod families;
mod folder;
mod followup;
mod houses;
mod judge;
mod leaks;
mod round;
mod show;
mod town;
#[cfg(any(debug_assertions, feature = "weakened"))]
mod unplayed;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::DemoError;
use crate::client::{ClientError, UploadError};
use crate::extract::ExtractError;
use crate::extract::consents::ConsentListError;
use crate::key::KeyFileError;
use crate::programme::{Programme, ProgrammeError};
use crate::service::ServiceError;
use town::Town;
#[cfg(any(debug_assertions, feature = "weakened"))]
pub use unplayed::{Unplayed, seal_unplayed};

/// Folder of the service's log.
const LOG: &str = "log";
/// Persons of the first programme for each family of the second.
const PERSONS_A_FAMILY: u32 = 10;

/// A programme that the demo plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Early intervention against partner violence, `programmes/interventionsmodel.toml`.
    Interventionsmodel,
    /// Treatment of families, paid by effect, `programmes/effektinvestering.toml`.
    Effektinvestering,
}

impl Which {
    /// The definition.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Which::Interventionsmodel => include_str!("../../../programmes/interventionsmodel.toml"),
            Which::Effektinvestering => include_str!("../../../programmes/effektinvestering.toml"),
        }
    }
}

/// How the demo is played.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Persons of the made-up world; the second programme has a family for each ten.
    pub persons: u32,
    /// Which world.
    pub seed: u64,
    /// Where the service listens: loopback, port 0 for any. The second programme's service takes any port.
    pub listen: SocketAddr,
    /// One programme alone, or both.
    pub only: Option<Which>,
}

/// Why the demo did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// Its own files.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The file system said no.
    #[error("{}: cannot be written or read", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The programme.
    #[error(transparent)]
    Programme(#[from] ProgrammeError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A partner's extract.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// A partner's list of consents.
    #[error(transparent)]
    Consents(#[from] ConsentListError),
    /// A package on its way.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The service over HTTP.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The service at the machine.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// What is printed cannot be.
    #[error("the demo's words cannot be printed")]
    Print(#[from] std::io::Error),
    /// A check that did not hold.
    #[error("CHECK FAILED: {0}")]
    Check(String),
}

impl PlayError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> PlayError {
        let path = path.to_owned();
        move |source| PlayError::Io { path, source }
    }
}

/// The demo after its last check: the service still runs, until this is dropped.
pub struct Played {
    town: Town,
    folder: folder::Folder,
}

impl Played {
    /// Where the service listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.town.address()
    }

    /// The demo's folder: keys, extracts, packages, data; gone when this is dropped.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Plays the demo and prints what a person wants to see.
///
/// # Errors
/// [`PlayError`]: the first thing that went wrong, or the first check that did not hold.
pub fn play(settings: Settings, out: &mut dyn Write) -> Result<Played, PlayError> {
    let start = Instant::now();
    let folder = folder::Folder::new()?;
    log_to(&folder.path().join(LOG))?;
    let mut stage = Stage { out, start, step: 0 };
    let early = match settings.only {
        Some(Which::Effektinvestering) => None,
        _ => Some(early::play(
            &settings,
            &folder.path().join("interventionsmodel"),
            folder.path(),
            &mut stage,
        )?),
    };
    let families = match settings.only {
        Some(Which::Interventionsmodel) => None,
        _ => {
            let settings = Settings { listen: settings.listen_anywhere(), ..settings };
            let home = folder.path().join("effektinvestering");
            Some(families::play(&settings, &home, folder.path(), &mut stage)?)
        }
    };
    let (town, other) = match (early, families) {
        (Some(early), families) => (early, families),
        (None, Some(families)) => (families, None),
        (None, None) => unreachable!("one of two programmes is played"),
    };
    drop(other);
    writeln!(stage.out, "\nDone in {:.1} s; every check held.", start.elapsed().as_secs_f64())?;
    Ok(Played { town, folder })
}

impl Played {
    /// File with the evaluator's bearer token.
    #[must_use]
    pub fn evaluator_token(&self) -> PathBuf {
        self.town.token_file(self.town.evaluator())
    }

    /// Files with the bearer tokens of those who may sign in to the pages: the steward, the evaluator, the partners.
    #[must_use]
    pub fn tokens(&self) -> Vec<PathBuf> {
        self.town.tokens()
    }
}

impl Settings {
    /// The same address with any port.
    fn listen_anywhere(&self) -> SocketAddr {
        SocketAddr::new(self.listen.ip(), 0)
    }
}

/// Lets the service log to a file, where nobody logs yet.
fn log_to(folder: &Path) -> Result<(), PlayError> {
    std::fs::create_dir_all(folder).map_err(PlayError::io(folder))?;
    let file = folder.join("service.log");
    let file = std::fs::File::create_new(&file).map_err(PlayError::io(&file))?;
    let log = tracing_subscriber::fmt().json().flatten_event(true).with_writer(std::sync::Mutex::new(file));
    // A second demo in one process goes on with the first one's log.
    let _ = log.try_init();
    Ok(())
}

/// Where the words go.
struct Stage<'a> {
    out: &'a mut dyn Write,
    start: Instant,
    step: u32,
}

impl Stage<'_> {
    fn title(&mut self, programme: &Programme) -> std::io::Result<()> {
        let (title, questions) = (&programme.title.en, programme.questions.len());
        writeln!(self.out, "\n=== {title} ({}): {questions} questions ===", programme.id)
    }

    fn step(&mut self, what: &str) -> std::io::Result<()> {
        self.step += 1;
        writeln!(self.out, "\n{}. {what}  [{:.1} s]", self.step, self.start.elapsed().as_secs_f64())
    }

    fn checked(&mut self, what: &str) -> std::io::Result<()> {
        writeln!(self.out, "   ✓ {what}")
    }
}
