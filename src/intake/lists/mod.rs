//! A package of a list on its way in, of consents or of aliases: the same verified blocks as rows, read into what is stored.
//!
//! A block becomes a [`frames`] frame of links, and events as they will be stored; whole, the package is recorded in one
//! step and the frames go. Must never: let an event through that the JSON form would not say, or write a token to disk.

mod aliases;
mod consents;
pub mod frames;
mod receive;
#[cfg(test)]
mod tests;

pub use receive::ListReceiver;

use crate::consent::{CONSENT_COLUMNS, ConsentRefusal};
use crate::extract::manifest::{ListKind, Manifest, Sha256Hex};
use crate::key::KeyId;
use crate::limits;
use crate::name::{ColumnId, PartnerId};
use crate::programme::Programme;

use super::{IntakeRefusal, Opened, RowProblem};

/// A package of a list whose manifest is verified. Its rows are not yet.
#[derive(Clone, Debug)]
pub struct OpenedList {
    /// The manifest.
    pub manifest: Manifest,
    /// SHA-256 of the manifest's bytes.
    pub sha256: Sha256Hex,
    /// Position of the partner in the programme.
    pub source: u8,
    /// What the rows are.
    pub kind: ListKind,
}

/// What arrives under a verified manifest.
#[derive(Clone, Debug)]
pub enum Arriving {
    /// Rows of a dataset.
    Rows(Opened),
    /// A list.
    List(OpenedList),
}

impl Arriving {
    /// Reads a manifest whose signature was verified: just now, or when the upload was opened.
    ///
    /// # Errors
    /// An [`IntakeRefusal`].
    pub fn of_verified(
        manifest: &[u8],
        partner: &PartnerId,
        programme: &Programme,
        key_id: Option<KeyId>,
    ) -> Result<Arriving, IntakeRefusal> {
        let read = Manifest::parse(manifest)?;
        let Some(kind) = read.list_kind() else {
            return Opened::of_verified(manifest, partner, programme, key_id).map(Arriving::Rows);
        };
        if read.kobling.partner != *partner {
            let (found, uploader) = (read.kobling.partner, partner.clone());
            return Err(IntakeRefusal::OtherPartner { found, uploader });
        }
        let source = read.check_list(programme, key_id, kind)?;
        let most = limits::MAX_ALIASES_PER_PACKAGE;
        if kind == ListKind::Aliases && read.kobling.rows.sent > most {
            return Err(IntakeRefusal::TooManyAliases { stated: read.kobling.rows.sent, most });
        }
        let sha256 = Sha256Hex::of(manifest);
        Ok(Arriving::List(OpenedList { manifest: read, sha256, source, kind }))
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        match self {
            Arriving::Rows(opened) => &opened.manifest,
            Arriving::List(opened) => &opened.manifest,
        }
    }
}

/// The refusal of an event by its position in the package, from 0: line and, where one is at fault, column.
#[must_use]
pub fn refused(position: u64, refusal: ConsentRefusal) -> IntakeRefusal {
    // The header is line 1.
    in_line(position + 2, refusal)
}

fn in_line(line: u64, refusal: ConsentRefusal) -> IntakeRefusal {
    use ConsentRefusal as Refusal;
    let column = match refusal {
        Refusal::Schema => Some("schema"),
        Refusal::Future => Some("at"),
        Refusal::NoPurpose | Refusal::Purpose => Some("purposes"),
        Refusal::NoRecipient | Refusal::Recipient | Refusal::RecipientPurpose => Some("recipients"),
        Refusal::Dataset => Some("datasets"),
        Refusal::Validity => Some("valid-to"),
        Refusal::Window => Some("rows-to"),
        Refusal::NamesNothing | Refusal::NamesSomething | Refusal::NamesItself | Refusal::NamesUnknown => {
            Some("names")
        }
        Refusal::NoticeHash => Some("notice-sha256"),
        Refusal::Notice | Refusal::UnknownNotice | Refusal::NoticePurpose => Some("notice-id"),
        Refusal::RecordedBy => Some("recorded-by"),
        Refusal::Retention => Some("retention-until"),
        Refusal::WeakBasis => Some("legal-basis"),
        Refusal::Token => Some("token"),
        Refusal::RecordUsed => Some("record"),
        Refusal::TooMany | Refusal::LooksLikeCpr | Refusal::PersonFull => None,
    };
    let at = column.and_then(|name| CONSENT_COLUMNS.iter().position(|(known, ..)| *known == name));
    let column = at.map(|at| column_id(CONSENT_COLUMNS[at].0));
    IntakeRefusal::Row { line, column, problem: RowProblem::Consent(refusal) }
}

/// The id of a list's column.
fn column_id(name: &str) -> ColumnId {
    name.parse().expect("the columns of lists have plain names")
}
