//! Why a seal fails.

use std::io;

use super::record::ReadError;
use crate::linkage::SpineError;

/// How messages name a file that exists during the seal only.
pub(super) const WORK_FILE: &str = "a working file";

/// Why a seal failed. The spine is as before, and no folder is left. Files are named without their folder.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A partner or dataset that the programme does not have, or does not let go together.
    #[error(
        "the staged upload {file} belongs to no dataset of its partner: withdraw it and ask for a new one"
    )]
    Unknown {
        /// The staged file.
        file: String,
    },
    /// A staged file cannot be read.
    #[error("the staged upload {file} cannot be read")]
    Read {
        /// The staged file.
        file: String,
        /// Cause.
        source: io::Error,
    },
    /// A staged file is torn, or holds another number of rows than its manifest says.
    #[error(
        "the staged upload {file} is not whole: withdraw it and let the partner upload the package again, or restore the file from a backup"
    )]
    Incomplete {
        /// The staged file.
        file: String,
    },
    /// A staged file holds something that intake refuses.
    #[error(
        "the staged upload {file} holds {what}: withdraw it and let the partner upload the package again"
    )]
    Content {
        /// The staged file.
        file: String,
        /// What.
        what: &'static str,
    },
    /// More rows of a dataset than a column has places.
    #[error("the dataset {dataset} has more than {} rows: shorten the programme's period", u32::MAX)]
    TooManyRows {
        /// The dataset.
        dataset: crate::name::DatasetId,
    },
    /// More cases than numbers.
    #[error(
        "the uploads hold more than {} cases: shorten the programme's period",
        crate::limits::MAX_PERSONS
    )]
    TooManyCases,
    /// More staff than numbers.
    #[error(
        "the uploads hold more than {} staff: shorten the programme's period",
        crate::limits::MAX_PERSONS
    )]
    TooManyStaff,
    /// The spine refuses.
    #[error(transparent)]
    Spine(#[from] SpineError),
    /// A file of the snapshot cannot be written.
    #[error(
        "{file} of the snapshot cannot be written: see that the disk has room and the folder is not in use"
    )]
    Write {
        /// The snapshot's file, or its folder.
        file: String,
        /// Cause.
        source: io::Error,
    },
}

impl SealError {
    /// For `map_err`: a file of the snapshot that cannot be written.
    pub(super) fn write(file: &str) -> impl FnOnce(io::Error) -> SealError {
        let file = file.to_owned();
        move |source| SealError::Write { file, source }
    }

    /// What is wrong with a staged file.
    pub(super) fn read(file: String, error: ReadError) -> SealError {
        match error {
            ReadError::Io(source) => SealError::Read { file, source },
            ReadError::Incomplete => SealError::Incomplete { file },
            ReadError::Content(what) => SealError::Content { file, what },
            ReadError::Put(source) => SealError::write(WORK_FILE)(source),
        }
    }
}
