//! How a command ends: one status for each kind of trouble, one line for each link of its cause.

use std::error::Error;
use std::process::ExitCode;

use kobling::client::{ClientError, UploadError};
use kobling::extract::consents::ConsentListError;
use kobling::extract::{ExtractError, HeaderError, PackageError, ReadError};
use kobling::key::KeyFileError;
use kobling::programme::ProgrammeError;

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
    Rows(Box<dyn Error>),
    /// Status 2.
    Usage(Box<dyn Error>),
    /// Status 3.
    Files(Box<dyn Error>),
    /// Status 4.
    Key(Box<dyn Error>),
    /// Status 5.
    Service(Box<dyn Error>),
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
    eprintln!("kobling: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        eprintln!("  because: {inner}");
        cause = inner.source();
    }
    ExitCode::from(status)
}

/// Trouble with a file, by name.
pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Trouble {
    let path = path.display().to_string();
    move |error| Trouble::Files(format!("{path}: {error}").into())
}

impl From<KeyFileError> for Trouble {
    fn from(error: KeyFileError) -> Trouble {
        Trouble::Key(error.into())
    }
}

impl From<ProgrammeError> for Trouble {
    fn from(error: ProgrammeError) -> Trouble {
        Trouble::Usage(error.into())
    }
}

impl From<PackageError> for Trouble {
    fn from(error: PackageError) -> Trouble {
        Trouble::Files(error.into())
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Trouble {
        match error {
            ReadError::UnknownEncoding => Trouble::Usage(error.into()),
            _ => Trouble::Files(error.into()),
        }
    }
}

impl From<HeaderError> for Trouble {
    fn from(error: HeaderError) -> Trouble {
        Trouble::Files(error.into())
    }
}

impl From<ExtractError> for Trouble {
    fn from(error: ExtractError) -> Trouble {
        match error {
            ExtractError::TooManyRejected(_) | ExtractError::Unusual(..) => Trouble::Rows(error.into()),
            ExtractError::UnknownPartner(..)
            | ExtractError::UnknownDataset(..)
            | ExtractError::NotYours(..)
            | ExtractError::Period(..) => Trouble::Usage(error.into()),
            ExtractError::Read(error) => error.into(),
            ExtractError::Package(error) => error.into(),
            _ => Trouble::Files(error.into()),
        }
    }
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Trouble {
        match error {
            ClientError::Address => Trouble::Usage(error.into()),
            ClientError::File { .. } | ClientError::Certificate(_) => Trouble::Files(error.into()),
            ClientError::Token(_) => Trouble::Key(error.into()),
            _ => Trouble::Service(error.into()),
        }
    }
}

impl From<UploadError> for Trouble {
    fn from(error: UploadError) -> Trouble {
        match error {
            UploadError::Package(error) => error.into(),
            UploadError::Client(error) => error.into(),
            UploadError::Io(_) => Trouble::Files(error.into()),
        }
    }
}

impl From<ConsentListError> for Trouble {
    fn from(error: ConsentListError) -> Trouble {
        match error {
            ConsentListError::UnknownNotice(..) => Trouble::Usage(error.into()),
            ConsentListError::Sink(_) => Trouble::Service(error.into()),
            ConsentListError::UnknownPartner(_) => Trouble::Usage(error.into()),
            ConsentListError::Package(error) => error.into(),
            ConsentListError::Read(error) => error.into(),
            _ => Trouble::Files(error.into()),
        }
    }
}
