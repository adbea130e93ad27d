//! The definition as TOML says it, before anything is checked. Fields that messages point at keep their place.

mod question;

use serde::Deserialize;
use toml::Spanned;

pub(in crate::programme) use question::{
    Condition, Delivered, Indicator, KindWord, Question, Series, ViewWord,
};

use super::derive::{Precision, Whose};
use super::followup::StatusMeaning;
use super::model::{BasisKind, PartnerKind, Text};
use crate::clock::Period;
use crate::key::KeyId;
use crate::name::{
    CodeId, ColumnId, DatasetId, DimensionId, FollowupId, NoticeId, OrganisationId, PartnerId, PopulationId,
    ProgrammeId, PurposeId, StageId, StatusId,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct File {
    pub programme: Head,
    pub roles: Roles,
    #[serde(default)]
    pub consent: Consent,
    #[serde(default)]
    pub disclosure: Disclosure,
    #[serde(default, rename = "partner")]
    pub partners: Vec<Partner>,
    #[serde(default, rename = "purpose")]
    pub purposes: Vec<Purpose>,
    #[serde(default, rename = "notice")]
    pub notices: Vec<Notice>,
    #[serde(default, rename = "codes")]
    pub code_lists: Vec<CodeList>,
    #[serde(default, rename = "dataset")]
    pub datasets: Vec<Dataset>,
    #[serde(default, rename = "dimension")]
    pub dimensions: Vec<Dimension>,
    #[serde(default, rename = "population")]
    pub populations: Vec<Population>,
    #[serde(default, rename = "stage")]
    pub stages: Vec<Stage>,
    #[serde(default, rename = "question")]
    pub questions: Vec<Question>,
    #[serde(default, rename = "followup")]
    pub followups: Vec<Followup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Head {
    pub id: ProgrammeId,
    pub title: Text,
    pub version: u32,
    pub period: Period,
    #[serde(default)]
    pub made_up_numbers: bool,
    pub key_id: Option<KeyId>,
    pub closing_days: Option<Spanned<u16>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Roles {
    pub custodian: Spanned<OrganisationId>,
    pub operator: Spanned<OrganisationId>,
    pub steward: Spanned<OrganisationId>,
    #[serde(default)]
    pub evaluators: Vec<Organisation>,
    #[serde(default)]
    pub payers: Vec<Organisation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Organisation {
    pub id: Spanned<OrganisationId>,
    pub name: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Consent {
    pub erasure_days: Option<Spanned<u32>>,
    pub lapsed_days: Option<Spanned<u32>>,
    pub own_consent_age: Option<Spanned<u8>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Disclosure {
    pub profile: Option<Spanned<String>>,
    pub persons: Option<Spanned<u32>>,
    pub families: Option<Spanned<u32>>,
    pub rounding: Option<Spanned<u32>>,
    pub rate_part: Option<Spanned<u32>>,
    pub values: Option<Spanned<u32>>,
    pub held: Option<Spanned<u32>>,
    pub dimensions: Option<Spanned<u32>>,
    pub crossing: Option<Spanned<u32>>,
    pub amount_units: Option<Spanned<u32>>,
    pub mean_units: Option<Spanned<u32>>,
    pub p_percent: Option<Spanned<u32>>,
    pub dominance: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Partner {
    pub id: Spanned<PartnerId>,
    pub name: String,
    pub kind: PartnerKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Purpose {
    pub id: Spanned<PurposeId>,
    pub title: Text,
    pub recipients: Option<Vec<Spanned<OrganisationId>>>,
    #[serde(default)]
    pub statistical: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Notice {
    pub id: Spanned<NoticeId>,
    pub version: u32,
    pub language: Spanned<String>,
    pub text: String,
    pub purposes: Option<Vec<Spanned<PurposeId>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct CodeList {
    pub id: Spanned<String>,
    pub codes: Vec<Code>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Code {
    pub id: Spanned<CodeId>,
    pub da: String,
    pub en: String,
    #[serde(default)]
    pub also: Vec<String>,
    pub ranges: Option<Spanned<Vec<Vec<i64>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Dataset {
    pub id: Spanned<DatasetId>,
    pub title: Text,
    pub partners: Vec<Spanned<PartnerId>>,
    pub staff_issuer: Option<Spanned<PartnerId>>,
    pub retention_days: Option<Spanned<u32>>,
    #[serde(default, rename = "basis")]
    pub bases: Vec<Basis>,
    #[serde(default, rename = "supply")]
    pub supplies: Vec<Supply>,
    #[serde(default, rename = "column")]
    pub columns: Vec<Column>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Supply {
    pub partner: Spanned<PartnerId>,
    pub population: Spanned<u32>,
    pub least_persons: Option<Spanned<u32>>,
    #[serde(default)]
    pub few_birth_dates: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Basis {
    pub purpose: Spanned<PurposeId>,
    pub kind: BasisKind,
    pub rests_on: String,
    #[serde(default)]
    pub special_categories: bool,
    #[serde(default)]
    pub offences: bool,
    pub disclosure_days: Option<Spanned<u32>>,
    pub use_days: Option<Spanned<u32>>,
    #[serde(default)]
    pub forbids: Vec<Spanned<PurposeId>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Column {
    pub id: Spanned<ColumnId>,
    pub role: Spanned<RoleWord>,
    #[serde(default)]
    pub headers: Vec<String>,
    #[serde(default = "yes")]
    pub required: bool,
    #[serde(default)]
    pub missing: Vec<String>,
    pub codes: Option<Spanned<String>>,
    pub shareable: Option<Vec<Spanned<CodeId>>>,
    pub unit: Option<String>,
    pub decimals: Option<u8>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub derive: Option<Spanned<DeriveWord>>,
    pub of: Option<Spanned<Whose>>,
    pub precision: Option<Spanned<Precision>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(in crate::programme) enum DeriveWord {
    AgeBand,
    Sex,
    BirthYear,
    Band,
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::programme) enum RoleWord {
    Person,
    RelatedPerson,
    Case,
    Staff,
    Date,
    Category,
    Measure,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Dimension {
    pub id: Spanned<DimensionId>,
    pub title: Text,
    pub kind: DimensionWord,
    #[serde(default)]
    pub columns: Vec<ColumnRef>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::programme) enum DimensionWord {
    Partner,
    Quarter,
    Column,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct ColumnRef {
    pub dataset: Spanned<DatasetId>,
    pub column: Spanned<ColumnId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Population {
    pub id: Spanned<PopulationId>,
    pub title: Text,
    pub dimension: Spanned<DimensionId>,
    pub codes: Vec<Spanned<CodeId>>,
}

/// Rows: of a dataset, with codes of one column or of several. `measure` is for what is summed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Event {
    pub dataset: Spanned<DatasetId>,
    pub column: Option<Spanned<ColumnId>>,
    pub codes: Option<Vec<Spanned<CodeId>>>,
    #[serde(default, rename = "where")]
    pub filters: Vec<Filter>,
    pub measure: Option<Spanned<ColumnId>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Filter {
    pub column: Spanned<ColumnId>,
    pub codes: Vec<Spanned<CodeId>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Stage {
    pub id: Spanned<StageId>,
    pub title: Text,
    pub events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Followup {
    pub id: Spanned<FollowupId>,
    pub title: Text,
    pub purpose: Spanned<PurposeId>,
    pub referrals: Vec<Event>,
    pub delay_days: Spanned<u16>,
    pub new_per_30_days: Spanned<u32>,
    pub lookups_per_day: Spanned<u32>,
    #[serde(default, rename = "status")]
    pub statuses: Vec<FollowupStatus>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct FollowupStatus {
    pub id: Spanned<StatusId>,
    pub title: Text,
    pub means: StatusMeaning,
    pub events: Vec<Event>,
}
