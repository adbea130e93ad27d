//! Words that the partner's pages share: times, names of datasets and organisations, what a package is.

use crate::clock::Timestamp;
use crate::extract::manifest::ListKind;
use crate::extract::report::{KINDS, Matter, Remark, kind_code};
use crate::language::{Language, Spoken as _};
use crate::name::OrganisationId;
use crate::programme::Programme;

/// An instant as pages write it: to the minute, in UTC, as receipts and reports do.
pub(super) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..5).unwrap_or_default())
}

/// Bytes, in thousands: kB, MB, GB.
pub(super) fn size(bytes: u64, l: Language) -> String {
    let mut unit = ("byte", bytes, 0);
    for (name, of) in [("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000)] {
        if bytes >= of {
            unit = (name, bytes / of, bytes % of * 10 / of);
        }
    }
    let (name, whole, tenth) = unit;
    let text = if tenth == 0 || whole >= 100 { whole.to_string() } else { format!("{whole}.{tenth}") };
    format!("{} {}", l.grouped(&text), if name == "byte" { l.choose("byte", "bytes") } else { name })
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

/// The name of an organisation for people; its id where the programme does not name it.
pub(super) fn organisation(programme: &Programme, id: &OrganisationId) -> String {
    let others = programme.evaluators.iter().chain(&programme.payers);
    let others = others.map(|one| (one.id.as_str(), &one.name));
    let partners = programme.partners.iter().map(|one| (one.id.as_str(), &one.name));
    let found = others.chain(partners).find(|(of, _)| *of == id.as_str());
    found.map_or_else(|| id.to_string(), |(_, name)| name.clone())
}

/// A reason or remark of a manifest, in words and with what to do; the code alone for one of another version.
pub(super) fn matter(code: &str, l: Language) -> (String, &'static str) {
    Matter::of_code(code)
        .map_or_else(|| (code.to_owned(), ""), |matter| (capital(&matter.say(l)), matter.advice(l)))
}

/// A kind of identifier in words.
pub(super) fn identifier(code: &str, l: Language) -> String {
    match KINDS.into_iter().find(|kind| kind_code(*kind) == code) {
        Some(kind) => Remark::on_kind(kind).map_or_else(
            || l.choose("CPR-nummer", "CPR number").to_owned(),
            |remark| capital(&remark.say(l)),
        ),
        None => code.to_owned(),
    }
}

/// A text with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_in_thousands() {
        for (bytes, da, en) in [
            (1, "1 byte", "1 bytes"),
            (999, "999 byte", "999 bytes"),
            (1000, "1 kB", "1 kB"),
            (1550, "1,5 kB", "1.5 kB"),
            (123_456, "123 kB", "123 kB"),
            (2_340_000_000, "2,3 GB", "2.3 GB"),
        ] {
            assert_eq!((&*size(bytes, Language::Da), &*size(bytes, Language::En)), (da, en));
        }
    }

    #[test]
    fn what_no_current_program_writes_is_shown_by_its_code() {
        assert_eq!(matter("from-the-future", Language::Da), ("from-the-future".to_owned(), ""));
        assert_eq!(matter("nine-digits", Language::En).0.get(..4), Some("Nine"));
        assert_eq!(identifier("cpr", Language::Da), "CPR-nummer");
        assert_eq!(identifier("zzz", Language::Da), "zzz");
    }

    #[test]
    fn moments_are_to_the_minute() {
        assert_eq!(moment("2025-06-01T08:09:10.123Z".parse().expect("an instant")), "2025-06-01 08:09 UTC");
    }
}
