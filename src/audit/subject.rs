//! What an entry is about: ids, digests and counts under fixed names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Hex;

/// One fact about a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Item {
    /// A count.
    Count(u64),
    /// An id, a name, a period, or a digest in hexadecimal.
    Text(String),
    /// Several of these.
    List(Vec<String>),
}

/// Facts under fixed names, in the order of their names. There is no way to put a token or a link in: their types have no
/// text form, and texts are held to the characters of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(BTreeMap<String, Item>);

/// Longest text of a fact, in bytes.
const MAX_TEXT: usize = 192;

impl Subject {
    /// No facts yet.
    #[must_use]
    pub fn new() -> Subject {
        Subject::default()
    }

    /// Adds an id or a name. Characters that no id of this project has are replaced by `?`, and what is too long is
    /// cut: an entry is always made, and never a way in for free text.
    #[must_use]
    pub fn id(mut self, name: &'static str, id: impl std::fmt::Display) -> Subject {
        self.0.insert(name.to_owned(), Item::Text(plain(id)));
        self
    }

    /// Adds a list of ids or names, each held to the same characters.
    #[must_use]
    pub fn list<T: std::fmt::Display>(
        mut self,
        name: &'static str,
        ids: impl IntoIterator<Item = T>,
    ) -> Subject {
        self.0.insert(name.to_owned(), Item::List(ids.into_iter().map(plain).collect()));
        self
    }

    /// Adds a digest.
    #[must_use]
    pub fn digest(mut self, name: &'static str, digest: Sha256Hex) -> Subject {
        self.0.insert(name.to_owned(), Item::Text(digest.to_string()));
        self
    }

    /// Adds a count.
    #[must_use]
    pub fn count(mut self, name: &'static str, count: u64) -> Subject {
        self.0.insert(name.to_owned(), Item::Count(count));
        self
    }

    /// The fact of a name.
    #[must_use]
    pub fn item(&self, name: &str) -> Option<&Item> {
        self.0.get(name)
    }

    /// Names and facts in order.
    pub fn items(&self) -> impl Iterator<Item = (&str, &Item)> {
        self.0.iter().map(|(name, item)| (name.as_str(), item))
    }
}

/// A text of the characters of ids.
fn plain(id: impl std::fmt::Display) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    id.to_string().chars().take(MAX_TEXT).map(|c| if plain(c) { c } else { '?' }).collect()
}

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Item::Count(count) => write!(f, "{count}"),
            Item::Text(text) => f.write_str(text),
            Item::List(texts) => f.write_str(&texts.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_does_not_get_in() {
        let subject =
            Subject::new().id("package", "a b\u{e6}\n\"c").id("long", "x".repeat(500)).count("rows", 3);
        assert_eq!(subject.item("package"), Some(&Item::Text("a?b???c".to_owned())));
        assert!(matches!(subject.item("long"), Some(Item::Text(text)) if text.len() == MAX_TEXT));
        assert_eq!(
            serde_json::to_string(&Subject::new().count("b", 1).id("a", "x")).expect("JSON"),
            r#"{"a":"x","b":1}"#
        );
    }
}
