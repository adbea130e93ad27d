//! How ids, days and instants look on the wire, for the description: one shape each, wherever they stand.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::problem::Failure;
use crate::clock::{Day, Period, Timestamp};
use crate::consent::RecordId;
use crate::key::KeyId;
use crate::name::{
    DatasetId, DimensionId, FollowupId, NoticeId, OrganisationId, PartnerId, PopulationId, PurposeId,
    QuestionId,
};
use crate::service::Reason;

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
    Period: r"^(18[5-9][0-9]|19[0-9]{2}|2[01][0-9]{2})-Q[1-4](\.\.(18[5-9][0-9]|19[0-9]{2}|2[01][0-9]{2})-Q[1-4])?$", "Whole quarters, the first and the last: `2022-Q1..2022-Q4`.";
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

/// A place in a list, which no list has beyond what a signed number holds.
pub(super) fn place(number: u64) -> Result<u64, Failure> {
    if i64::try_from(number).is_ok() { Ok(number) } else { Err(Failure::of(Reason::Query)) }
}

/// Reads a whole number as JSON has them: `5.0` is one (JSON Schema 2020-12, section 6.1.1).
pub(super) fn whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    /// Up to here every whole number has a value of its own in a number with a fraction.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = <serde_json::Number as serde::Deserialize>::deserialize(deserializer)?;
    if let Some(whole) = number.as_u64() {
        return Ok(whole);
    }
    match number.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole, not negative and below 2^53"
        )]
        Some(value) if value.fract() == 0.0 && (0.0..=EXACT).contains(&value) => Ok(value as u64),
        _ => Err(serde::de::Error::custom("not a whole number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Held {
        #[serde(deserialize_with = "whole")]
        held: u64,
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_of_nothing() {
        let read = |text: &str| serde_json::from_str::<Held>(text).ok().map(|held| held.held);
        for (text, is) in
            [("5", 5), ("5.0", 5), ("0", 0), ("8796093022209.0", 8_796_093_022_209), ("5e2", 500)]
        {
            assert_eq!(read(&format!("{{\"held\": {text}}}")), Some(is), "{text}");
        }
        for text in ["5.5", "-1", "-1.0", "1e300", "\"5\"", "null", "true", "9007199254740993.5"] {
            assert_eq!(read(&format!("{{\"held\": {text}}}")), None, "{text}");
        }
        assert!(place(u64::MAX).is_err() && place(i64::MAX as u64).is_ok());
    }
}
