//! `kobling.toml`: what a partner's commands need every time, written once.
//!
//! One file a partner. It names files and addresses; paths are relative to the file itself. It holds no secret: bearer
//! tokens and keys lie in files of their own, and one that was pasted in here is refused by line, never repeated.
//!
//! Must never: open a file that it names; read the clock, the environment or the current folder. Callers: the partner's
//! commands.

mod error;
mod period;
mod read;
mod template;

use std::path::{Path, PathBuf};

pub use error::{ConfigError, Expected};
pub use period::{PeriodWord, PeriodWordError};
pub use template::Template;

use crate::extract::{Decimal, MaxRejected};
use crate::key::VerifyingKey;
use crate::language::Language;
use crate::name::{DatasetId, PartnerId};

/// Name of the file that is looked for in the current folder.
pub const CONFIG_FILE: &str = "kobling.toml";
/// Folder of packages, reports and receipts where the file names none.
pub const OUTBOX: &str = "outbox";

/// What the file says. Every path stands as it is opened: made from the file's own folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file itself.
    pub path: PathBuf,
    /// Who this partner is.
    pub partner: Option<PartnerId>,
    /// The programme definition.
    pub programme: Option<PathBuf>,
    /// Address of the service.
    pub service: Option<String>,
    /// The service's public key, with which receipts are verified.
    pub service_public: Option<VerifyingKey>,
    /// Certificates that are trusted instead of the public ones, in PEM form.
    pub authority: Option<PathBuf>,
    /// File with the bearer token.
    pub token_file: Option<PathBuf>,
    /// File with the linkage key.
    pub linkage_key: Option<PathBuf>,
    /// File with the signing key.
    pub signing_key: Option<PathBuf>,
    /// Language of messages and reports.
    pub language: Option<Language>,
    /// Folder of packages, reports and receipts.
    pub outbox: PathBuf,
    /// Whether the rows of a package stay in the outbox once its receipt is there.
    pub keep_packages: bool,
    /// What is handed over.
    pub sends: Vec<SendEntry>,
}

/// One dataset that is handed over: a `[[send]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SendEntry {
    /// The dataset.
    pub dataset: DatasetId,
    /// Its extract.
    pub file: PathBuf,
    /// How the extract's columns become the dataset's.
    pub mapping: Option<PathBuf>,
    /// Quarters that it covers.
    pub period: PeriodWord,
    /// Most rows that may be rejected; beyond it nothing is sent.
    pub max_rejected: Option<MaxRejected>,
    /// Encoding of the extract, where it is not to be found out.
    pub encoding: Option<String>,
    /// Separator of the extract, where it is not to be found out.
    pub separator: Option<char>,
    /// Decimal sign of the extract.
    pub decimal: Decimal,
    /// Whether nine digits are read as ten whose leading zero a spreadsheet took.
    pub repair_leading_zero: bool,
}

impl Config {
    /// Reads the text of the file at `path`, which is not opened here.
    ///
    /// # Errors
    /// [`ConfigError`], with the line; never with a value.
    pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
        read::read(text, path)
    }

    /// Loads a file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let unreadable = |source| ConfigError::Io { path: path.to_owned(), source };
        let size = std::fs::metadata(path).map_err(unreadable)?.len();
        if size > crate::limits::MAX_PROGRAMME_BYTES as u64 {
            return Err(ConfigError::Large(path.to_owned()));
        }
        open_to_all(path).map_err(unreadable)?;
        Config::parse(&std::fs::read_to_string(path).map_err(unreadable)?, path)
    }
}

/// Refuses a file that everybody on the machine may change: it says where tokens and packages are sent.
fn open_to_all(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if std::fs::metadata(path)?.permissions().mode() & 0o002 != 0 {
            return Err(std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                "everybody may write to it; run `chmod o-w` on it",
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests;
