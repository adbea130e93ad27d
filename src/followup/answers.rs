//! What a partner keeps of its look-ups, on its own machine: answers by token, until they are put beside its own rows.

use serde::{Deserialize, Serialize};

use super::request::Told;
use crate::clock::{Day, Timestamp};
use crate::digest::Sha256Hex;
use crate::key::KeyId;
use crate::name::{DatasetId, FollowupId, PartnerId, ProgrammeId};

/// Form of the file.
pub const ANSWERS_FORMAT: u32 = 1;

/// Answers as `kobling followup pull` keeps them. No `Debug`: they are persons'.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// [`ANSWERS_FORMAT`].
    pub format: u32,
    /// The programme.
    pub programme: ProgrammeId,
    /// Whose they are.
    pub partner: PartnerId,
    /// The dataset of referrals.
    pub dataset: DatasetId,
    /// What was asked.
    pub followup: FollowupId,
    /// The linkage key that made the tokens.
    pub key_id: KeyId,
    /// The case worker's own name for it.
    pub label: String,
    /// When the first of them was asked for.
    pub asked_at: Timestamp,
    /// Digest of each look-up, as it stands in the partner's strand of the audit chain.
    pub asked: Vec<Sha256Hex>,
    /// One a person.
    pub answers: Vec<Answer>,
}

/// What was told of one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The token.
    pub token: String,
    /// Day of the first referral in the extract.
    pub referred: Day,
    /// What was told.
    pub told: Told,
}
