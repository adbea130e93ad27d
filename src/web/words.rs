//! Words that the pages of several roles share: times, names of datasets and organisations, a capital at the beginning.

use crate::clock::Timestamp;
use crate::extract::manifest::ListKind;
use crate::language::Language;
use crate::name::PartnerId;
use crate::programme::Programme;

/// An instant as pages write it: to the minute, in UTC, as receipts and reports do.
pub(super) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..5).unwrap_or_default())
}

/// A text with a capital at its beginning: refusals and remarks are written as parts of a line.
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The title of a dataset, or of a list that goes as a package; its name where the programme no longer has it.
pub(super) fn dataset(programme: &Programme, id: &str, l: Language) -> String {
    let list = ListKind::ALL.into_iter().find(|kind| kind.dataset() == id);
    match list {
        Some(ListKind::Consents) => l.choose("Samtykker", "Consents").to_owned(),
        Some(ListKind::Aliases) => l.choose("Nye numre (aliasser)", "New numbers (aliases)").to_owned(),
        None => {
            let found = programme.datasets.iter().find(|dataset| dataset.id.as_str() == id);
            found.map_or_else(|| id.to_owned(), |dataset| l.of(&dataset.title).to_owned())
        }
    }
}

/// The name of an organisation for people, a partner or one that asks; its id where the programme does not name it.
pub(super) fn organisation(programme: &Programme, id: &str) -> String {
    let others = programme.evaluators.iter().chain(&programme.payers);
    let others = others.map(|one| (one.id.as_str(), &one.name));
    let partners = programme.partners.iter().map(|one| (one.id.as_str(), &one.name));
    let found = others.chain(partners).find(|(of, _)| *of == id);
    found.map_or_else(|| id.to_owned(), |(_, name)| name.clone())
}

/// The name of a partner; its id where the programme no longer has it.
pub(super) fn partner(programme: &Programme, id: &PartnerId) -> String {
    programme.partner(id).map_or_else(|| id.to_string(), |found| found.name.clone())
}

/// A text as one field of an address: everything but letters, digits and `-._~/` by its bytes.
pub(super) fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_to_the_minute() {
        assert_eq!(moment("2025-06-01T08:09:10.123Z".parse().expect("an instant")), "2025-06-01 08:09 UTC");
    }

    #[test]
    fn only_the_beginning_has_a_capital() {
        assert_eq!(capitalised("ændret Her"), "Ændret Her");
        assert_eq!(capitalised(""), "");
    }

    #[test]
    fn a_field_of_an_address_stays_one_field() {
        assert_eq!(encoded("a b&c=d/æ~"), "a%20b%26c%3Dd/%C3%A6~");
    }
}
