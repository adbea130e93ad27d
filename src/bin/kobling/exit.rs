//! How a command ends: one status for each kind of trouble, one line for each link of its cause, in the language asked
//! for.

use std::process::ExitCode;

use kobling::client::{ClientError, UploadError};
use kobling::extract::aliases::AliasListError;
use kobling::extract::consents::ConsentListError;
use kobling::extract::list::ListError;
use kobling::extract::{ExtractError, HeaderError, PackageError, ReadError};
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
    /// Another status, when all there is to say has been said.
    Told(u8),
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
        Ok(Done::Told(status)) => return ExitCode::from(status),
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

/// A message in both languages.
pub(crate) fn both(da: impl Into<String>, en: impl Into<String>) -> Box<dyn Spoken> {
    Box::new(Both::new(da, en))
}

/// Trouble with a file, by name.
pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Trouble {
    let path = path.display().to_string();
    move |error| {
        Trouble::Files(both(
            format!("{path}: {}", error.danish()),
            format!("{path}: {}", error.say(kobling::language::Language::En)),
        ))
    }
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
        Trouble::Files(Box::new(error))
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Trouble {
        match error {
            ReadError::UnknownEncoding | ReadError::ManySheets(_) | ReadError::NoSheet(_) => {
                Trouble::Usage(Box::new(error))
            }
            _ => Trouble::Files(Box::new(error)),
        }
    }
}

impl From<HeaderError> for Trouble {
    fn from(error: HeaderError) -> Trouble {
        Trouble::Files(Box::new(error))
    }
}

impl From<ExtractError> for Trouble {
    fn from(error: ExtractError) -> Trouble {
        match error {
            ExtractError::TooManyRejected(_) | ExtractError::Unusual(..) => Trouble::Rows(Box::new(error)),
            ExtractError::UnknownPartner(..)
            | ExtractError::UnknownDataset(..)
            | ExtractError::NotYours(..)
            | ExtractError::Period(..) => Trouble::Usage(Box::new(error)),
            ExtractError::Read(error) => error.into(),
            ExtractError::Header(error) => error.into(),
            ExtractError::Package(error) => error.into(),
            _ => Trouble::Files(Box::new(error)),
        }
    }
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Trouble {
        match error {
            ClientError::Address => Trouble::Usage(Box::new(error)),
            ClientError::File { .. } | ClientError::Certificate(_) => Trouble::Files(Box::new(error)),
            ClientError::Token(_) => Trouble::Key(Box::new(error)),
            ClientError::TokenFile(error @ PrivateFileError::Io { .. }) => Trouble::Files(Box::new(error)),
            ClientError::TokenFile(error) => Trouble::Key(Box::new(error)),
            _ => Trouble::Service(Box::new(error)),
        }
    }
}

impl From<UploadError> for Trouble {
    fn from(error: UploadError) -> Trouble {
        match error {
            UploadError::Package(error) => error.into(),
            UploadError::Client(error) => error.into(),
            UploadError::Io(_) => Trouble::Files(Box::new(error)),
        }
    }
}

impl From<ConsentListError> for Trouble {
    fn from(error: ConsentListError) -> Trouble {
        match error {
            ConsentListError::UnknownNotice(..) | ConsentListError::UnknownPartner(_) => {
                Trouble::Usage(Box::new(error))
            }
            // What a batch met is the client's error, in the client's words.
            ConsentListError::Sink(cause) => match cause.downcast::<ClientError>() {
                Ok(client) => Trouble::from(*client).after(Box::new(ConsentListError::Sink("".into()))),
                Err(cause) => Trouble::Service(Box::new(ConsentListError::Sink(cause))),
            },
            ConsentListError::Package(error) => error.into(),
            ConsentListError::List(ListError::Read(error)) => error.into(),
            _ => Trouble::Files(Box::new(error)),
        }
    }
}

impl From<AliasListError> for Trouble {
    fn from(error: AliasListError) -> Trouble {
        match error {
            AliasListError::UnknownPartner(_) => Trouble::Usage(Box::new(error)),
            AliasListError::Package(error) => error.into(),
            AliasListError::List(ListError::Read(error)) => error.into(),
            _ => Trouble::Files(Box::new(error)),
        }
    }
}

/// A message, and what it comes from.
#[derive(Debug)]
struct After {
    said: Box<dyn Spoken>,
    because: Box<dyn Spoken>,
}

impl std::fmt::Display for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.said.fmt(f)
    }
}

impl Spoken for After {
    fn danish(&self) -> String {
        self.said.danish()
    }

    fn because(&self) -> Option<&dyn Spoken> {
        Some(&*self.because)
    }
}

impl Trouble {
    /// The same status, with a message before what it comes from.
    pub(crate) fn after(self, said: Box<dyn Spoken>) -> Trouble {
        let join = |because| -> Box<dyn Spoken> { Box::new(After { said, because }) };
        match self {
            Trouble::Rows(because) => Trouble::Rows(join(because)),
            Trouble::Usage(because) => Trouble::Usage(join(because)),
            Trouble::Files(because) => Trouble::Files(join(because)),
            Trouble::Key(because) => Trouble::Key(join(because)),
            Trouble::Service(because) => Trouble::Service(join(because)),
        }
    }
}
