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

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use error::{ConfigError, Expected};
pub use period::{PeriodWord, PeriodWordError};
pub use template::Template;

use crate::extract::{Decimal, MaxRejected};
use crate::key::VerifyingKey;
use crate::key::private::Writers;
use crate::language::Language;
use crate::limits;
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
    /// The client certificate that is presented to the service, in PEM form.
    pub client_certificate: Option<PathBuf>,
    /// Its private key, in PEM form.
    pub client_key: Option<PathBuf>,
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

    /// Loads a file that somebody named. A group may share it; one that everybody may write to is refused.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        load(path, false)
    }

    /// Loads a file that nobody named: it lies where the command is run. Whoever may write to it, or may have put it
    /// there, says where tokens and packages go; so on Unix it must be this user's or root's, and for nobody else to write to.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load_found(path: &Path) -> Result<Config, ConfigError> {
        load(path, true)
    }
}

fn load(path: &Path, found: bool) -> Result<Config, ConfigError> {
    let unreadable = |source| ConfigError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if about.len() > limits::MAX_PROGRAMME_BYTES as u64 {
        return Err(ConfigError::Large(path.to_owned()));
    }
    let open = |by| Err(ConfigError::Open { path: path.to_owned(), by, found });
    match Writers::of(&about) {
        by @ Writers::Everybody => return open(by),
        by @ (Writers::Owner | Writers::Group) if found => return open(by),
        _ => {}
    }
    // The paths in it start where a link to it lies: whose is that?
    let link = path.symlink_metadata().map_err(unreadable)?;
    if found && link.is_symlink() && Writers::of(&link) == Writers::Owner {
        return open(Writers::Owner);
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    Config::parse(&text, path)
}

#[cfg(test)]
mod tests;
