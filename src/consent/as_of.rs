//! What a partner asks about its own records: what did they permit for this token at that moment?
//!
//! Both are a person's, so `Debug` shows neither token nor answer.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::event::RowWindow;
use crate::clock::Timestamp;
use crate::key::KeyId;
use crate::name::{DatasetId, OrganisationId, PurposeId};

/// Context under which such a question is signed.
pub const AS_OF_CONTEXT: &str = "kobling/v1/consents/as-of";

/// Whose knowledge is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KnownAt {
    /// What was recorded by the moment itself: what a question at that moment saw.
    Then,
    /// What has been recorded since, too.
    Now,
}

/// The question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AsOfQuestion {
    /// The linkage key that made the token.
    pub key_id: KeyId,
    /// The token in its text form.
    #[cfg_attr(feature = "service", schema(pattern = r"^(cpr|xecpr|local)\.[A-Za-z0-9_-]{43}$"))]
    pub token: String,
    /// The moment; not in the future.
    pub moment: Timestamp,
    /// Whose knowledge.
    pub known: KnownAt,
}

impl fmt::Debug for AsOfQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsOfQuestion({}, token hidden)", self.moment)
    }
}

/// The answer: a line for each dataset of the partner, purpose for which it rests on consent, and recipient of that
/// purpose, whatever was said. A token of whom nothing was said looks like one of whom a no was.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsOfAnswer {
    /// The moment asked about.
    pub moment: Timestamp,
    /// Events recorded up to this instant were known.
    pub known_at: Timestamp,
    /// The lines, in the order of the programme.
    pub permissions: Vec<AsOfLine>,
}

impl fmt::Debug for AsOfAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsOfAnswer({} lines, hidden)", self.permissions.len())
    }
}

/// One line of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsOfLine {
    /// The dataset.
    pub dataset: DatasetId,
    /// What for.
    pub purpose: PurposeId,
    /// For whom.
    pub recipient: OrganisationId,
    /// Whether use was permitted at the moment.
    pub gate: bool,
    /// The days of rows that might be used, each stretch with both days included; without `to` there is no end.
    pub rows: Vec<RowWindow>,
}
