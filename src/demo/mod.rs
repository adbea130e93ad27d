//! The demo's made-up world, and what checks the service against it from outside.
//!
//! [`world`] makes families and their way through the programme; [`raw`] and [`consents`] write it down the way
//! partners' systems would; [`oracle`] counts the same questions from those files by a plain path of its own;
//! [`search`] looks for identities where none may be.
//!
//! Must never: hold a number that could be a living person's; lend the oracle any code of `extract`, `intake`,
//! `linkage`, `snapshot`, `consent` or `question`, whose work it judges. Callers: `koblingd demo` and tests. Nothing of
//! the service calls it.

pub mod consents;
mod hand;
pub mod identity;
pub mod needles;
pub mod oracle;
pub mod pen;
pub mod play;
pub mod raw;
pub mod records;
pub mod search;
pub mod way;
pub mod world;

use std::path::{Path, PathBuf};

/// Why the demo's files could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The file system said no.
    #[error("{}: cannot be {doing}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// The cause.
        source: std::io::Error,
    },
    /// The programme lacks what the made-up world is about.
    #[error("the programme has no {what}; the demo plays `programmes/interventionsmodel.toml`")]
    Programme {
        /// What is missing, for instance `partner lokk`.
        what: String,
    },
    /// A question that the programme does not register, or of another kind.
    #[error("no question, dimension or population of the programme fits what is asked: {what}")]
    Question {
        /// What does not fit.
        what: String,
    },
    /// A file that the oracle cannot make sense of as a whole.
    #[error("{}: {what}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl DemoError {
    fn io(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> DemoError {
        let path = path.to_owned();
        move |source| DemoError::Io { path, doing, source }
    }
}
