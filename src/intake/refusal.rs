//! Why an upload is refused: a closed list, each with a code that stays and a piece of advice.

use super::UnusualPackage;
use crate::consent::ConsentRefusal;
use crate::extract::manifest::{DATA_FILE, MANIFEST_FILE, ManifestError};
use crate::limits;
use crate::name::{ColumnId, PartnerId};
use crate::token::TokenError;

/// Why an upload is refused. The message says what and where; [`IntakeRefusal::advice`] says what to do. Neither holds
/// a value, and neither depends on anything but the partner's own uploads and the programme.
#[derive(Debug, thiserror::Error)]
pub enum IntakeRefusal {
    /// More bytes than any manifest has.
    #[error("{MANIFEST_FILE} is larger than {} bytes", limits::MAX_MANIFEST_BYTES)]
    ManifestTooLarge,
    /// Nobody could have signed it.
    #[error("no signing key of the partner {0} is enrolled")]
    NoKeyEnrolled(PartnerId),
    /// Signed by another key, or changed since.
    #[error("the signature over {MANIFEST_FILE} is by none of the keys enrolled for the partner {0}")]
    Signature(PartnerId),
    /// The manifest is none, or does not fit the programme.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A package of somebody else.
    #[error("the package is one of the partner {found}, and {uploader} uploads it")]
    OtherPartner {
        /// The package's partner.
        found: PartnerId,
        /// Who uploads.
        uploader: PartnerId,
    },
    /// A block that is not the one the manifest signs for.
    #[error("block {block} of {DATA_FILE} has not the SHA-256 that the manifest states")]
    BlockDigest {
        /// Position, from 0.
        block: u32,
    },
    /// A block with more or fewer rows than stated.
    #[error("block {block} of {DATA_FILE} has {found} rows, and the manifest states {stated}")]
    BlockRows {
        /// Position, from 0.
        block: u32,
        /// Rows read.
        found: u32,
        /// Rows stated.
        stated: u32,
    },
    /// The first line is not the dataset's columns.
    #[error("line 1 of {DATA_FILE} is not the columns of the dataset in their order, with commas between")]
    Header,
    /// A row that no current `kobling tokenise` writes.
    #[error("line {line} of {DATA_FILE}{}: {problem}", .column.as_ref().map(|c| format!(", column {c}")).unwrap_or_default())]
    Row {
        /// Line of the file, from 1; the header is line 1.
        line: u64,
        /// The column, where it is known.
        column: Option<ColumnId>,
        /// What is wrong.
        problem: RowProblem,
    },
    /// More bytes than stated.
    #[error("{DATA_FILE} goes on after the {stated} bytes that the manifest states")]
    TooLong {
        /// Bytes stated.
        stated: u64,
    },
    /// Fewer bytes than stated.
    #[error("{arrived} of the {stated} bytes of {DATA_FILE} have arrived in whole blocks")]
    Incomplete {
        /// Bytes of whole blocks.
        arrived: u64,
        /// Bytes stated.
        stated: u64,
    },
    /// Counts of the manifest that the rows do not have.
    #[error("the manifest states {stated} {what}, and the rows have {found}")]
    Counts {
        /// What is counted.
        what: &'static str,
        /// Count stated.
        stated: u64,
        /// Count found.
        found: u64,
    },
    /// What lies staged is not the beginning of this package.
    #[error("what is staged for this upload is not the beginning of this package")]
    StagedDiffers,
    /// A package that is not one of the partner's clients.
    #[error(transparent)]
    Unusual(UnusualPackage),
    /// More aliases than a package may hold.
    #[error("the package holds {stated} aliases, and {most} are the most")]
    TooManyAliases {
        /// Aliases stated.
        stated: u64,
        /// The most.
        most: u64,
    },
    /// Something was refused before.
    #[error("this upload was refused before")]
    AlreadyRefused,
}

/// What is wrong with a row. Never carries any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The block ends within a line.
    #[error("the block ends within this line")]
    Unfinished,
    /// Not UTF-8.
    #[error("bytes that are not UTF-8")]
    Encoding,
    /// A NUL byte.
    #[error("a NUL byte")]
    Nul,
    /// A carriage return.
    #[error("a carriage return; lines end with a line feed alone")]
    CarriageReturn,
    /// A quotation mark.
    #[error("a quotation mark; no value of a package needs one")]
    Quote,
    /// More or fewer values than the dataset has columns.
    #[error("another number of values than the dataset has columns")]
    Columns,
    /// Something like a CPR number, where only tokens, dates, codes and numbers may stand.
    #[error("a value that looks like a CPR number")]
    LooksLikeCpr,
    /// Nothing, where something is required.
    #[error("no value, and the column requires one")]
    Missing,
    /// Not a token.
    #[error(transparent)]
    Token(TokenError),
    /// A token of a kind that the column does not hold.
    #[error("a token of a kind that this column does not hold")]
    TokenKind,
    /// Not a date.
    #[error("not a date written YYYY-MM-DD")]
    Date,
    /// A date outside the package's period.
    #[error("a date outside the period of the package")]
    OutsidePeriod,
    /// A date finer than the programme lets leave.
    #[error("a date finer than the precision that the programme declares")]
    Precision,
    /// A date after today.
    #[error("a date in the future")]
    Future,
    /// Not one of the column's codes.
    #[error("not one of the codes of this column")]
    Code,
    /// Not a number of the form that the column has.
    #[error("not a number with the decimals that this column has")]
    Number,
    /// A number outside the bounds.
    #[error("a number outside the bounds of this column")]
    Bounds,
    /// Not a value of the form that the column has.
    #[error("not a value of the form that this column has")]
    Form,
    /// An alias of a token with itself.
    #[error("the same token twice")]
    SameToken,
    /// A consent event that is none, or does not fit.
    #[error(transparent)]
    Consent(ConsentRefusal),
}

impl IntakeRefusal {
    /// The code: stays the same over versions, so that scripts can tell refusals apart.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            IntakeRefusal::ManifestTooLarge => "manifest-too-large",
            IntakeRefusal::NoKeyEnrolled(_) => "no-signing-key",
            IntakeRefusal::Signature(_) => "signature",
            IntakeRefusal::Manifest(error) => match error {
                ManifestError::Form(_) => "manifest-form",
                ManifestError::Format { .. } => "manifest-format",
                ManifestError::Contradiction(_) => "manifest-contradiction",
                ManifestError::OtherProgramme { .. } => "other-programme",
                ManifestError::OtherKey { .. } => "other-key",
                ManifestError::UnknownPartner(_) => "unknown-partner",
                ManifestError::UnknownDataset(_) => "unknown-dataset",
                ManifestError::NotYours { .. } => "not-your-dataset",
                ManifestError::Period { .. } => "period",
                ManifestError::Columns(_) => "columns",
                ManifestError::NotScreened => "not-screened",
            },
            IntakeRefusal::OtherPartner { .. } => "other-partner",
            IntakeRefusal::BlockDigest { .. } => "block-digest",
            IntakeRefusal::BlockRows { .. } => "block-rows",
            IntakeRefusal::Header => "header",
            IntakeRefusal::Row { problem, .. } => problem.code(),
            IntakeRefusal::TooLong { .. } => "too-long",
            IntakeRefusal::Incomplete { .. } => "incomplete",
            IntakeRefusal::Counts { .. } => "counts",
            IntakeRefusal::StagedDiffers => "staged-differs",
            IntakeRefusal::Unusual(unusual) => unusual.code(),
            IntakeRefusal::TooManyAliases { .. } => "too-many-aliases",
            IntakeRefusal::AlreadyRefused => "already-refused",
        }
    }

    /// What the partner can do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            IntakeRefusal::NoKeyEnrolled(_) => {
                "let the steward enrol your signing key, after both have compared its fingerprint"
            }
            IntakeRefusal::Signature(_) => {
                "sign with the key that the steward enrolled, and upload the package as it was signed"
            }
            IntakeRefusal::Manifest(ManifestError::Format { .. }) => "update the older side",
            IntakeRefusal::Manifest(ManifestError::OtherKey { .. }) => {
                "ask the custodian for the key that the programme expects, and make the package again with it"
            }
            IntakeRefusal::Manifest(
                ManifestError::OtherProgramme { .. }
                | ManifestError::UnknownPartner(_)
                | ManifestError::UnknownDataset(_)
                | ManifestError::NotYours { .. }
                | ManifestError::Period { .. }
                | ManifestError::Columns(_),
            ) => "make the package again with the programme definition in force",
            IntakeRefusal::OtherPartner { .. } => "upload your own packages only",
            IntakeRefusal::BlockDigest { .. } | IntakeRefusal::TooLong { .. } => {
                "upload the package again as it was made; if this comes back, the file has changed since: make it again"
            }
            IntakeRefusal::Row { problem: RowProblem::LooksLikeCpr, .. } => {
                "make the package again from columns without CPR numbers, and tell the data protection officer: one may have left the house"
            }
            IntakeRefusal::Row { problem: RowProblem::Consent(refusal), .. } => refusal.advice(),
            IntakeRefusal::Row { problem: RowProblem::Precision, .. } => {
                "make the package again with the programme definition in force and a current `kobling tokenise`"
            }
            IntakeRefusal::Row { problem: RowProblem::Future, .. } => {
                "leave out rows of days to come, and check the machine's clock"
            }
            IntakeRefusal::ManifestTooLarge
            | IntakeRefusal::Manifest(
                ManifestError::Form(_) | ManifestError::Contradiction(_) | ManifestError::NotScreened,
            )
            | IntakeRefusal::BlockRows { .. }
            | IntakeRefusal::Header
            | IntakeRefusal::Row { .. }
            | IntakeRefusal::Counts { .. } => "make the package again with a current `kobling tokenise`",
            IntakeRefusal::TooManyAliases { .. } => {
                "send the list in several packages, and let the steward decide on one before you send the next"
            }
            IntakeRefusal::Incomplete { .. } => "send the rest, from the offset that the service states",
            IntakeRefusal::Unusual(unusual) => unusual.advice(),
            IntakeRefusal::StagedDiffers | IntakeRefusal::AlreadyRefused => "begin a new upload",
        }
    }
}

impl RowProblem {
    const fn code(self) -> &'static str {
        match self {
            RowProblem::Unfinished => "row-unfinished",
            RowProblem::Encoding => "row-encoding",
            RowProblem::Nul => "row-nul",
            RowProblem::CarriageReturn => "row-carriage-return",
            RowProblem::Quote => "row-quote",
            RowProblem::Columns => "row-columns",
            RowProblem::LooksLikeCpr => "row-looks-like-cpr",
            RowProblem::Missing => "row-missing",
            RowProblem::Token(_) => "row-token",
            RowProblem::TokenKind => "row-token-kind",
            RowProblem::Date => "row-date",
            RowProblem::OutsidePeriod => "row-outside-period",
            RowProblem::Precision => "row-precision",
            RowProblem::Future => "row-future",
            RowProblem::Code => "row-code",
            RowProblem::Number => "row-number",
            RowProblem::Bounds => "row-bounds",
            RowProblem::Form => "row-form",
            RowProblem::SameToken => "row-same-token",
            RowProblem::Consent(refusal) => refusal.code(),
        }
    }
}
