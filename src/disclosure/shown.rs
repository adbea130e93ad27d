//! R2: a count as it is shown, and the one mark for every hidden one.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// A count as it is shown. `{"count": 10}` or `{"hidden": true}`: whatever hid a cell, and whether it holds nobody or
/// seven persons, the mark is the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
            &[("count", Type::Integer), ("hidden", Type::Boolean)],
        )
    }
}

impl utoipa::ToSchema for Shown {}

/// The schema of an object with exactly one of some keys.
pub(super) fn one_of_keys(
    description: &str,
    keys: &[(&str, Type)],
) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let mut object =
        ObjectBuilder::new().description(Some(description)).min_properties(Some(1)).max_properties(Some(1));
    for (key, kind) in keys {
        object = object.property(*key, ObjectBuilder::new().schema_type(kind.clone()));
    }
    object.into()
}

/// Persons and families of one cell: both shown or both hidden.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// Both hidden.
    Hidden,
    /// Both rounded.
    Counts {
        /// Persons.
        persons: u64,
        /// Families.
        families: u64,
    },
}

impl Value {
    pub(super) const fn persons(self) -> Shown {
        match self {
            Value::Hidden => Shown::Hidden,
            Value::Counts { persons, .. } => Shown::Count(persons),
        }
    }

    pub(super) const fn families(self) -> Shown {
        match self {
            Value::Hidden => Shown::Hidden,
            Value::Counts { families, .. } => Shown::Count(families),
        }
    }

    pub(super) const fn is_hidden(self) -> bool {
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
    fn persons_and_families_are_hidden_together() {
        assert_eq!((Value::Hidden.persons(), Value::Hidden.families()), (Shown::Hidden, Shown::Hidden));
        let counts = Value::Counts { persons: 20, families: 10 };
        assert_eq!((counts.persons(), counts.families()), (Shown::Count(20), Shown::Count(10)));
    }
}
