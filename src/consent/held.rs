//! What the service holds of one person from one partner, as it tells that partner: asked for by the person (GDPR article
//! 15), or by a case worker who looks after a consent.
//!
//! Nothing in it comes from another partner, and a person whom nobody knows has the same shape.

use serde::{Deserialize, Serialize};

use super::event::ConsentEvent;
use crate::clock::{Day, Timestamp};
use crate::key::KeyId;
use crate::name::{DatasetId, FollowupId, OrganisationId, PartnerId, PurposeId};
use crate::programme::{BasisKind, Text};

/// Context under which a request for what is held is signed.
pub const HELD_CONTEXT: &str = "kobling/v1/held";

/// Whom is asked about, and why. No `Debug`: it is about a person.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HeldRequest {
    /// The linkage key that made the token.
    pub key_id: KeyId,
    /// The person's token in its text form.
    #[cfg_attr(feature = "service", schema(pattern = r"^(cpr|xecpr|local)\.[A-Za-z0-9_-]{43}$"))]
    pub token: String,
    /// The case worker's own note or label: 1 to 64 bytes, no CPR number. It stands in the audit chain.
    #[cfg_attr(feature = "service", schema(min_length = 1, max_length = 64))]
    pub note: String,
}

/// What the partner recorded of a person's consent, and what follows from it today.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsentsHeld {
    /// The moment that it is about.
    pub at: Timestamp,
    /// The partner.
    pub partner: PartnerId,
    /// Events in the order of their time.
    pub events: Vec<HeldEvent>,
    /// What is permitted at the moment: each own dataset for each purpose and recipient.
    pub permits: Vec<HeldPermit>,
}

/// An event as it was recorded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HeldEvent {
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The event.
    pub event: ConsentEvent,
}

/// Whether rows of a dataset may be used for a purpose, for a recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HeldPermit {
    /// The dataset.
    pub dataset: DatasetId,
    /// The purpose.
    pub purpose: PurposeId,
    /// For whom.
    pub recipient: OrganisationId,
    /// On what it rests; only `consent` depends on the events.
    pub basis: BasisKind,
    /// The article or section.
    pub rests_on: String,
    /// Whether use is permitted today.
    pub permitted: bool,
    /// The days of the rows that may be used; all of them where it rests on something else than consent.
    pub rows: Vec<Stretch>,
}

/// Days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// The first.
    pub from: Day,
    /// The last; open without it.
    pub to: Option<Day>,
}

/// Everything that is held of a person from a partner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Consents, and what they permit.
    pub consents: ConsentsHeld,
    /// Each own dataset.
    pub datasets: Vec<DatasetHeld>,
    /// Own proposals that two numbers are this one person's.
    pub aliases: Vec<AliasHeld>,
    /// When the partner itself asked what became of the person, for as long as that is kept.
    pub lookups: Vec<LookupHeld>,
    /// What the own datasets are used for.
    pub uses: Vec<UseHeld>,
}

/// Rows of a dataset in the partner's packages in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DatasetHeld {
    /// The dataset.
    pub id: DatasetId,
    /// Its title.
    pub title: Text,
    /// Rows about the person.
    pub rows: u64,
    /// Whether rows about the person were not kept: turned away on arrival because nothing permitted them, or erased.
    pub withheld: bool,
    /// Where rows are being erased: the day by which they are gone from everything. They are in no answer already.
    pub erased_by: Option<Day>,
    /// First day of all these.
    pub first: Option<Day>,
    /// Last day.
    pub last: Option<Day>,
}

/// A look-up of the partner's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LookupHeld {
    /// When.
    pub at: Timestamp,
    /// Which follow-up.
    pub followup: FollowupId,
    /// The case worker's own name for it.
    pub label: String,
}

/// A proposal that another number is the same person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AliasHeld {
    /// When the steward approved it.
    pub approved_at: Option<Timestamp>,
}

/// A registered question, or a follow-up, that reads own datasets: whoever is in them, this person or others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UseHeld {
    /// `question` or `follow-up`.
    pub kind: String,
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: Text,
    /// The purpose.
    pub purpose: PurposeId,
    /// What the purpose is.
    pub purpose_title: Text,
    /// Whom it is for.
    pub recipients: Vec<OrganisationId>,
    /// The own datasets that it reads; none where it counts consents alone.
    pub datasets: Vec<DatasetId>,
}
