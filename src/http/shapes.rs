//! How ids, days and instants look on the wire, for the description: one shape each, wherever they stand.

use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::RefOr;
use utoipa::{PartialSchema, ToSchema};

use crate::clock::{Day, Period, Timestamp};
use crate::consent::RecordId;
use crate::key::KeyId;
use crate::name::{
    DatasetId, DimensionId, FollowupId, NoticeId, OrganisationId, PartnerId, PopulationId, PurposeId, QuestionId,
};

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

macro_rules! shapes {
    ($($name:ident: $pattern:literal, $says:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text($says).pattern(Some($pattern)).into()
            }
        }
        impl ToSchema for $name {}
    )*};
}

shapes! {
    DatasetId: "^[a-z0-9-]{1,32}$", "A dataset of the programme.";
    DimensionId: "^[a-z0-9-]{1,32}$", "A dimension of the programme.";
    FollowupId: "^[a-z0-9-]{1,32}$", "A follow-up of the programme.";
    NoticeId: "^[a-z0-9-]{1,32}$", "A notice of the programme.";
    OrganisationId: "^[a-z0-9-]{1,32}$", "An organisation of the programme.";
    PartnerId: "^[a-z0-9-]{1,32}$", "A partner of the programme.";
    PopulationId: "^[a-z0-9-]{1,32}$", "A population of the programme.";
    PurposeId: "^[a-z0-9-]{1,32}$", "A purpose of the programme.";
    QuestionId: "^[a-z0-9-]{1,32}$", "A question of the programme.";
    RecordId: "^[A-Za-z0-9-]{1,64}$", "The partner's own name for a record.";
    KeyId: "^[0-9a-f]{16}$", "The linkage key, by its public name.";
    Period: r"^[0-9]{4}-Q[1-4]\.\.[0-9]{4}-Q[1-4]$", "Whole quarters, the first and the last: `2022-Q1..2022-Q4`.";
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        text("A day.").format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).into()
    }
}
impl ToSchema for Day {}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        text("An instant.").format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
    }
}
impl ToSchema for Timestamp {}
