//! R2: a count as it is shown, and the one mark for every hidden one.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// A count as it is shown. `{"count": 10}` or `{"hidden": true}`: whatever hid a cell, and whether it holds nobody or
/// seven persons, the mark is the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Rounded persons or families (R3), or a structural zero.
    Count(u64),
    /// Not shown.
    Hidden,
}

impl Shown {
    /// The count, when it is shown.
    #[must_use]
    pub const fn count(self) -> Option<u64> {
        match self {
            Shown::Count(count) => Some(count),
            Shown::Hidden => None,
        }
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Shown::Count(count) => map.serialize_entry("count", count)?,
            Shown::Hidden => map.serialize_entry("hidden", &true)?,
        }
        map.end()
    }
}

impl utoipa::PartialSchema for Shown {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        one_of_keys(
            "A rounded count, or the one mark of every hidden cell. Exactly one of the two keys is present.",
            1,
            &[("count", Type::Integer), ("hidden", Type::Boolean)],
        )
    }
}

impl utoipa::ToSchema for Shown {}

/// The schema of an object with one of some keys, or so many of them as can come together.
pub(super) fn one_of_keys(
    description: &str,
    together: usize,
    keys: &[(&str, Type)],
) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let mut object = ObjectBuilder::new()
        .description(Some(description))
        .min_properties(Some(1))
        .max_properties(Some(together));
    for (key, kind) in keys {
        object = object.property(*key, ObjectBuilder::new().schema_type(kind.clone()));
    }
    object.into()
}

/// What is shown of one measure of a cell: all its figures or none. Whole numbers, in an order that the measure decides;
/// a count is the units and their families.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// All hidden.
    Hidden,
    /// The figures.
    Shown(Vec<i64>),
}

impl Value {
    /// A count of units and families, both rounded.
    pub(super) fn counts(units: u64, families: u64) -> Value {
        let figure = |count: u64| i64::try_from(count).expect("a count of persons");
        Value::Shown(vec![figure(units), figure(families)])
    }

    /// The count at a place.
    pub(super) fn count(&self, at: usize) -> Shown {
        match self {
            Value::Hidden => Shown::Hidden,
            Value::Shown(figures) => Shown::Count(figures[at].unsigned_abs()),
        }
    }

    pub(super) const fn is_hidden(&self) -> bool {
        matches!(self, Value::Hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_forms_are_as_documented() {
        assert_eq!(serde_json::to_string(&Shown::Count(10)).expect("JSON"), r#"{"count":10}"#);
        assert_eq!(serde_json::to_string(&Shown::Hidden).expect("JSON"), r#"{"hidden":true}"#);
    }

    #[test]
    fn units_and_families_are_hidden_together() {
        assert_eq!((Value::Hidden.count(0), Value::Hidden.count(1)), (Shown::Hidden, Shown::Hidden));
        let counts = Value::counts(20, 10);
        assert_eq!((counts.count(0), counts.count(1)), (Shown::Count(20), Shown::Count(10)));
    }
}
