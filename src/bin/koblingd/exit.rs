//! Exit statuses: a contract for scripts.

use std::process::ExitCode;

use kobling::key::KeyFileError;
use kobling::service::{Reason, ServiceError};
use kobling::store::StoreError;

/// Why a command failed, by exit status.
pub(crate) enum Failure {
    /// 1: what was checked is not as it should be.
    Found(String),
    /// 2: usage or configuration.
    Configuration(String),
    /// 3: files.
    Files(String),
    /// 4: a key.
    Key(String),
    /// 5: refused.
    Refused(String),
}

impl Failure {
    /// Says why on standard error; gives the status.
    pub(crate) fn report(self) -> ExitCode {
        let (status, message) = self.into_parts();
        eprintln!("koblingd: {message}");
        ExitCode::from(status)
    }

    /// Status and message.
    pub(crate) fn into_parts(self) -> (u8, String) {
        match self {
            Failure::Found(message) => (1, message),
            Failure::Configuration(message) => (2, message),
            Failure::Files(message) => (3, message),
            Failure::Key(message) => (4, message),
            Failure::Refused(message) => (5, message),
        }
    }

    /// What ended with a status and a message; a status that is not known is a refusal.
    pub(crate) fn of(status: u8, message: String) -> Result<(), Failure> {
        Err(match status {
            0 => return Ok(()),
            1 => Failure::Found(message),
            2 => Failure::Configuration(message),
            3 => Failure::Files(message),
            4 => Failure::Key(message),
            _ => Failure::Refused(message),
        })
    }
}

/// The answer could not be written.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Files(format!("the answer could not be written: {error}"))
    }
}

/// An error with its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Failure {
        let text = with_causes(&error);
        match &error {
            ServiceError::Refused(reason) => {
                let text = format!("{text}; {}", reason.advice());
                match reason {
                    Reason::ServiceKey => Failure::Key(text),
                    Reason::RoleOrganisation => Failure::Configuration(text),
                    _ => Failure::Refused(text),
                }
            }
            ServiceError::Store(
                StoreError::NotThere(_)
                | StoreError::AlreadyThere(_)
                | StoreError::Io { .. }
                | StoreError::Full
                | StoreError::Damaged(_)
                | StoreError::Newer
                | StoreError::Plain(_)
                | StoreError::Sqlite(_),
            )
            | ServiceError::Io(_)
            | ServiceError::Load(_)
            | ServiceError::Seal(_) => Failure::Files(text),
            ServiceError::Rules(_) => Failure::Configuration(text),
            ServiceError::Key(_) | ServiceError::Store(StoreError::OtherKey(_)) => Failure::Key(text),
            _ => Failure::Refused(text),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::from(ServiceError::from(error))
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Failure {
        Failure::Key(with_causes(&error))
    }
}
