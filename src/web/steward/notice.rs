//! What a page says first, after something was done: a word of the address, read from a closed list.

use crate::language::Language;

/// A line above a page.
pub(super) struct Notice {
    /// `success`, `info` or `warning`.
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

/// Word, kind, Danish, English.
const ALL: &[(&str, &str, &str, &str)] = &[
    (
        "enrolled",
        "success",
        "Nøglen er registreret. Partneren kan nu sende.",
        "The key is enrolled. The partner can send now.",
    ),
    ("revoked", "success", "Nøglen er spærret.", "The key is revoked."),
    (
        "not-in-force",
        "info",
        "Nøglen gjaldt ikke længere, da du sendte. Du har intet ændret.",
        "The key was no longer in force when you sent. You have changed nothing.",
    ),
    (
        "sealing",
        "info",
        "En forsegling er allerede i gang. Der er ikke begyndt en til.",
        "A seal is already under way. No second one was begun.",
    ),
    (
        "sealed-since",
        "warning",
        "Der er forseglet, siden du åbnede siden. Intet er sat i gang. Se, hvad der er modtaget nu, og forsegl igen, hvis det er meningen.",
        "A seal was made since you opened the page. Nothing was begun. Look at what is received now, and seal again if you mean to.",
    ),
    ("approved", "success", "Det er godkendt.", "It is approved."),
    ("rejected", "success", "Det er afvist, og glemt.", "It is rejected, and forgotten."),
    (
        "decided",
        "warning",
        "Det venter ikke længere: en anden har afgjort det. Du har intet ændret.",
        "It no longer waits: somebody else has decided. You have changed nothing.",
    ),
    (
        "changed",
        "warning",
        "Tallet er et andet, end da du så det. Intet er godkendt. Se på det igen.",
        "The number is another one than when you looked. Nothing was approved. Look at it again.",
    ),
];

/// The notice of a word of the address.
pub(super) fn of(word: Option<&str>, l: Language) -> Option<Notice> {
    let (_, kind, da, en) = ALL.iter().find(|(known, ..)| Some(*known) == word)?;
    Some(Notice { kind, text: l.choose(da, en) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack: a link that makes a page of ours say what somebody else wrote.
    #[test]
    fn an_address_says_nothing_but_what_is_listed() {
        assert!(of(Some("<script>alert(1)</script>"), Language::Da).is_none());
        assert!(of(None, Language::En).is_none());
        assert_eq!(of(Some("revoked"), Language::En).map(|notice| notice.kind), Some("success"));
    }
}
