//! JSON read strictly: a field twice is no JSON, places are remembered, and what was not understood is found by comparing
//! with what was.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::refusal::{ExchangeError, Expected, Place};

/// Reads a document. `serde_json` alone keeps the last of two fields of one name, which would be ignoring the first.
pub(super) fn parse(json: &[u8]) -> Result<Value, ExchangeError> {
    let strict: Result<Strict, _> = serde_json::from_slice(json);
    let malformed =
        |error: serde_json::Error| ExchangeError::Malformed { line: error.line(), column: error.column() };
    strict.map(|strict| strict.0).map_err(malformed)
}

struct Strict(Value);

impl<'de> serde::Deserialize<'de> for Strict {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(Reader).map(Strict)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = fields.next_entry::<String, Strict>()? {
            if object.insert(name, value).is_some() {
                return Err(serde::de::Error::custom("a field twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// A value and where it stands.
pub(super) struct At<'v> {
    value: &'v Value,
    pub(super) place: Place,
}

impl<'v> At<'v> {
    pub(super) const fn root(value: &'v Value) -> At<'v> {
        At { value, place: Place::root() }
    }

    /// A field that must be there.
    pub(super) fn field(&self, name: &str) -> Result<At<'v>, ExchangeError> {
        self.maybe(name).ok_or_else(|| ExchangeError::Missing(self.place.field(name)))
    }

    /// A field that may be there.
    pub(super) fn maybe(&self, name: &str) -> Option<At<'v>> {
        self.value.get(name).map(|value| At { value, place: self.place.field(name) })
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<Vec<At<'v>>, ExchangeError> {
        let items = self.value.as_array().ok_or_else(|| self.wrong(Expected::List))?;
        let at = |(at, value)| At { value, place: self.place.nth(at) };
        Ok(items.iter().enumerate().map(at).collect())
    }

    /// The items of a field that may be missing: none then.
    pub(super) fn list(&self, name: &str) -> Result<Vec<At<'v>>, ExchangeError> {
        self.maybe(name).map_or_else(|| Ok(Vec::new()), |list| list.items())
    }

    /// The first item of a list that must have one.
    pub(super) fn first(&self) -> Result<At<'v>, ExchangeError> {
        let mut items = self.items()?;
        if items.is_empty() {
            Err(ExchangeError::Missing(self.place.nth(0)))
        } else {
            Ok(items.swap_remove(0))
        }
    }

    pub(super) fn text(&self) -> Result<&'v str, ExchangeError> {
        self.value.as_str().ok_or_else(|| self.wrong(Expected::Text))
    }

    pub(super) fn number(&self) -> Result<u64, ExchangeError> {
        self.value.as_u64().ok_or_else(|| self.wrong(Expected::Whole))
    }

    pub(super) fn read<T: FromStr>(&self, expected: Expected) -> Result<T, ExchangeError> {
        self.text()?.parse().map_err(|_| self.wrong(expected))
    }

    /// What stands after a prefix.
    pub(super) fn after<T: FromStr>(&self, prefix: &str, expected: Expected) -> Result<T, ExchangeError> {
        let rest = self.text()?.strip_prefix(prefix).ok_or_else(|| self.wrong(expected))?;
        rest.parse().map_err(|_| self.wrong(expected))
    }

    /// One of the words of an enum, as its wire form has them.
    pub(super) fn word<T: DeserializeOwned>(&self, expected: Expected) -> Result<T, ExchangeError> {
        word(self.text()?).ok_or_else(|| self.wrong(expected))
    }

    pub(super) fn wrong(&self, expected: Expected) -> ExchangeError {
        ExchangeError::Field(self.place.clone(), expected)
    }
}

/// The variant that a word of the wire form names.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::from(text)).ok()
}

/// Holds a document against the one that its events give.
pub(super) fn same(found: &Value, wanted: &Value, place: &Place) -> Result<(), ExchangeError> {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            if let Some(name) = wanted.keys().find(|name| !found.contains_key(*name)) {
                return Err(ExchangeError::Missing(place.field(name)));
            }
            if found.len() > wanted.len() {
                let known = wanted.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                return Err(ExchangeError::Unknown(place.clone(), known));
            }
            wanted.iter().try_for_each(|(name, wanted)| same(&found[name], wanted, &place.field(name)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            if found.len() != wanted.len() {
                return Err(ExchangeError::Items(place.clone()));
            }
            let mut pairs = found.iter().zip(wanted).enumerate();
            pairs.try_for_each(|(at, (found, wanted))| same(found, wanted, &place.nth(at)))
        }
        _ if found == wanted => Ok(()),
        _ => Err(ExchangeError::Other(place.clone())),
    }
}
