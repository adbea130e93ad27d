//! How a command ends: one status for each kind of trouble, one line for each link of its cause, in the language asked
//! for.

use std::error::Error;
use std::process::ExitCode;

use kobling::client::{ClientError, UploadError};
use kobling::extract::consents::ConsentListError;
use kobling::extract::{ExtractError, HeaderError, PackageError, ReadError};
#[cfg(feature = "age")]
use kobling::key::HandoverError;
use kobling::key::private::PrivateFileError;
use kobling::key::{KeyFileError, ShareError};
use kobling::language::{Both, Spoken};
use kobling::programme::ProgrammeError;

use crate::say::language;

/// How a command that did its work ends.
pub(crate) enum Done {
    /// Status 0.
    Clean,
    /// Status 1.
    RowsRejected,
}

/// Why a command did not do its work. The status is the variant's.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Status 1.
    Rows(Box<dyn Spoken>),
    /// Status 2.
    Usage(Box<dyn Spoken>),
    /// Status 3.
    Files(Box<dyn Spoken>),
    /// Status 4.
    Key(Box<dyn Spoken>),
    /// Status 5.
    Service(Box<dyn Spoken>),
}

pub(crate) type Outcome = Result<Done, Trouble>;

pub(crate) fn finish(outcome: Outcome) -> ExitCode {
    let (status, error) = match outcome {
        Ok(Done::Clean) => return ExitCode::SUCCESS,
        Ok(Done::RowsRejected) => return ExitCode::from(1),
        Err(Trouble::Rows(error)) => (1, error),
        Err(Trouble::Usage(error)) => (2, error),
        Err(Trouble::Files(error)) => (3, error),
        Err(Trouble::Key(error)) => (4, error),
        Err(Trouble::Service(error)) => (5, error),
    };
    let language = language();
    eprintln!("kobling: {}", error.say(language));
    let mut cause = error.because();
    while let Some(inner) = cause {
        eprintln!("  {}: {}", language.choose("fordi", "because"), inner.say(language));
        cause = inner.because();
    }
    ExitCode::from(status)
}

/// A message that has no Danish yet.
#[derive(Debug)]
struct English {
    text: String,
    because: Option<Box<English>>,
}

impl std::fmt::Display for English {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Spoken for English {
    fn danish(&self) -> String {
        self.text.clone()
    }

    fn because(&self) -> Option<&dyn Spoken> {
        self.because.as_deref().map(|inner| inner as &dyn Spoken)
    }
}

/// A message, with what it comes from, that has no Danish yet.
pub(crate) fn english(error: impl Into<Box<dyn Error>>) -> Box<dyn Spoken> {
    fn chain(error: &dyn Error) -> English {
        English { text: error.to_string(), because: error.source().map(|inner| Box::new(chain(inner))) }
    }
    Box::new(chain(&*error.into()))
}

/// A message in both languages.
pub(crate) fn both(da: impl Into<String>, en: impl Into<String>) -> Box<dyn Spoken> {
    Box::new(Both::new(da, en))
}

/// Trouble with a file, by name.
pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Trouble {
    let path = path.display().to_string();
    move |error| Trouble::Files(both(format!("{path}: {}", error.danish()), format!("{path}: {error}")))
}

impl From<KeyFileError> for Trouble {
    fn from(error: KeyFileError) -> Trouble {
        Trouble::Key(Box::new(error))
    }
}

impl From<ShareError> for Trouble {
    fn from(error: ShareError) -> Trouble {
        match error {
            ShareError::Numbers { .. } => Trouble::Usage(Box::new(error)),
            _ => Trouble::Key(Box::new(error)),
        }
    }
}

#[cfg(feature = "age")]
impl From<HandoverError> for Trouble {
    fn from(error: HandoverError) -> Trouble {
        match error {
            HandoverError::NoRecipients
            | HandoverError::ManyRecipients
            | HandoverError::Repeated { .. }
            | HandoverError::Recipient { .. } => Trouble::Usage(Box::new(error)),
            _ => Trouble::Key(Box::new(error)),
        }
    }
}

impl From<ProgrammeError> for Trouble {
    fn from(error: ProgrammeError) -> Trouble {
        Trouble::Usage(Box::new(error))
    }
}

impl From<PackageError> for Trouble {
    fn from(error: PackageError) -> Trouble {
        Trouble::Files(english(error))
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Trouble {
        match error {
            ReadError::UnknownEncoding => Trouble::Usage(english(error)),
            _ => Trouble::Files(english(error)),
        }
    }
}

impl From<HeaderError> for Trouble {
    fn from(error: HeaderError) -> Trouble {
        Trouble::Files(english(error))
    }
}

impl From<ExtractError> for Trouble {
    fn from(error: ExtractError) -> Trouble {
        match error {
            ExtractError::TooManyRejected(_) | ExtractError::Unusual(..) => Trouble::Rows(english(error)),
            ExtractError::UnknownPartner(..)
            | ExtractError::UnknownDataset(..)
            | ExtractError::NotYours(..)
            | ExtractError::Period(..) => Trouble::Usage(english(error)),
            ExtractError::Read(error) => error.into(),
            ExtractError::Package(error) => error.into(),
            _ => Trouble::Files(english(error)),
        }
    }
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Trouble {
        match error {
            ClientError::Address => Trouble::Usage(english(error)),
            ClientError::File { .. } | ClientError::Certificate(_) => Trouble::Files(english(error)),
            ClientError::Token(_) => Trouble::Key(english(error)),
            ClientError::TokenFile(error @ PrivateFileError::Io { .. }) => Trouble::Files(Box::new(error)),
            ClientError::TokenFile(error) => Trouble::Key(Box::new(error)),
            _ => Trouble::Service(english(error)),
        }
    }
}

impl From<UploadError> for Trouble {
    fn from(error: UploadError) -> Trouble {
        match error {
            UploadError::Package(error) => error.into(),
            UploadError::Client(error) => error.into(),
            UploadError::Io(_) => Trouble::Files(english(error)),
        }
    }
}

impl From<ConsentListError> for Trouble {
    fn from(error: ConsentListError) -> Trouble {
        match error {
            ConsentListError::UnknownNotice(..) => Trouble::Usage(english(error)),
            ConsentListError::Sink(_) => Trouble::Service(english(error)),
            ConsentListError::UnknownPartner(_) => Trouble::Usage(english(error)),
            ConsentListError::Package(error) => error.into(),
            ConsentListError::Read(error) => error.into(),
            _ => Trouble::Files(english(error)),
        }
    }
}
