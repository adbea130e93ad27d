//! Words of what a package holds and what became of its rows.

use crate::extract::report::{KINDS, Matter, Remark, kind_code};
use crate::language::{Language, Spoken as _};
use crate::web::words::capitalised;

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

/// A reason or remark of a manifest, in words and with what to do; the code alone for one of another version.
pub(super) fn matter(code: &str, l: Language) -> (String, &'static str) {
    Matter::of_code(code)
        .map_or_else(|| (code.to_owned(), ""), |matter| (capitalised(&matter.say(l)), matter.advice(l)))
}

/// A kind of identifier in words.
pub(super) fn identifier(code: &str, l: Language) -> String {
    match KINDS.into_iter().find(|kind| kind_code(*kind) == code) {
        Some(kind) => Remark::on_kind(kind).map_or_else(
            || l.choose("CPR-nummer", "CPR number").to_owned(),
            |remark| capitalised(&remark.say(l)),
        ),
        None => code.to_owned(),
    }
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
}
