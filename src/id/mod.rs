//! National identifiers: CPR numbers and the replacement numbers used in their place.
//!
//! Reads what a file says into a canonical identifier with a kind, or says why it is none. The kind decides
//! which identifiers can ever meet (see [`crate::token::Scope`]).
//!
//! Must never: print, serialise or compare-for-debugging an identifier; reject on modulus 11 (numbers that
//! fail it have been issued since 2007); guess a century from the year alone; depend on anything of the
//! service. Callers: `extract`, the commands that take one number, the maker of made-up data.
//!
//! Sources: the CPR Office's note on the construction of the CPR number (century table, modulus 11, replacement
//! numbers with 60 added to the day) and the Danish Health Data Authority's eCPR patterns.

mod cpr;
mod made_up;
mod replacement;
mod test_number;

pub use cpr::{Modulus, Sex, remainder_of};
pub use made_up::generate_made_up_cpr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::clock::Day;
use crate::language::Spoken;

/// What kind of number an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdKind {
    /// A CPR number: national, the same person everywhere.
    Cpr,
    /// X-eCPR, a national replacement number: links across partners, counted apart.
    XeCpr,
    /// 60 added to the day: unique at its issuer only.
    LocalDayPlus60,
    /// D-eCPR, regional: unique at its issuer only, and collides.
    DeCpr,
    /// Any other ten characters with a letter: unique at its issuer only.
    Fictive,
}

impl IdKind {
    /// Whether the number means the same person at every partner.
    #[must_use]
    pub const fn is_national(self) -> bool {
        matches!(self, IdKind::Cpr | IdKind::XeCpr)
    }
}

/// Whether nine digits may be read as ten with a lost leading zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadingZero {
    /// Nine digits are refused, with that reason.
    Refuse,
    /// Nine digits get the zero back that a spreadsheet took, and are counted.
    Repair,
}

/// Why a text is no identifier. Never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum IdRejection {
    /// Nothing there.
    #[error("no identifier")]
    Missing,
    /// Nine digits: a spreadsheet dropped the leading zero.
    #[error("nine digits: a spreadsheet dropped the leading zero")]
    NineDigits,
    /// Scientific notation: a spreadsheet destroyed the number.
    #[error("scientific notation: a spreadsheet has destroyed the number")]
    Scientific,
    /// Not ten characters after hyphens and spaces are dropped.
    #[error("not ten characters")]
    Length,
    /// A character that no identifier has.
    #[error("a character that no identifier has")]
    Character,
    /// The first six digits are no date in the century that the seventh digit gives.
    #[error("no such birth date")]
    InvalidDate,
    /// The birth date lies after the day of intake.
    #[error("birth date in the future")]
    FutureDate,
}

impl Spoken for IdRejection {
    fn danish(&self) -> String {
        match self {
            IdRejection::Missing => "intet nummer",
            IdRejection::NineDigits => "ni cifre: et regneark har fjernet det foranstillede nul",
            IdRejection::Scientific => "eksponentform: et regneark har ødelagt nummeret",
            IdRejection::Length => "ikke ti tegn",
            IdRejection::Character => "et tegn, som intet nummer har",
            IdRejection::InvalidDate => "ingen sådan fødselsdato",
            IdRejection::FutureDate => "fødselsdato i fremtiden",
        }
        .to_owned()
    }
}

/// How an identifier was written, where that is worth counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// Written with a hyphen, en dash or spaces.
    pub separated: bool,
    /// A lost leading zero was put back.
    pub zero_repaired: bool,
}

/// A national identifier in canonical form: ten ASCII characters, upper case.
///
/// It has no `Debug`, no `Display` and no serde, and is wiped when dropped. The only way its characters leave is
/// [`Identifier::expose`].
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Identifier {
    text: [u8; 10],
    #[zeroize(skip)]
    kind: IdKind,
    #[zeroize(skip)]
    birth: Option<Day>,
    #[zeroize(skip)]
    modulus: Option<Modulus>,
    #[zeroize(skip)]
    writing: Writing,
}

impl Identifier {
    /// Reads an identifier as a file writes it: hyphen or not, spaces around it, any case.
    ///
    /// `today` is the day of intake: a birth date after it is refused.
    ///
    /// # Errors
    /// An [`IdRejection`], which never carries the text.
    pub fn parse(raw: &[u8], today: Day, zero: LeadingZero) -> Result<Identifier, IdRejection> {
        let mut text = [0; 10];
        let result = canonicalise(raw, &mut text, zero)
            .and_then(|writing| classify(&text, today).map(|facts| (writing, facts)));
        let parsed = result.map(|(writing, (kind, birth, modulus))| Identifier {
            text,
            kind,
            birth,
            modulus,
            writing,
        });
        text.zeroize();
        parsed
    }

    /// The ten canonical characters, for the reason given.
    #[must_use]
    pub fn expose(&self, _reason: &'static str) -> &[u8; 10] {
        &self.text
    }

    /// What kind of number it is.
    #[must_use]
    pub const fn kind(&self) -> IdKind {
        self.kind
    }

    /// Birth date, where the kind has one.
    #[must_use]
    pub const fn birth(&self) -> Option<Day> {
        self.birth
    }

    /// Sex as the last digit says: odd man, even woman. `None` for other kinds than CPR.
    #[must_use]
    pub fn sex(&self) -> Option<Sex> {
        (self.kind == IdKind::Cpr).then(|| cpr::sex(&self.text))
    }

    /// How the modulus-11 check came out; `None` for other kinds than CPR. Never a ground for refusal.
    #[must_use]
    pub const fn modulus(&self) -> Option<Modulus> {
        self.modulus
    }

    /// Whether it is a CPR number that is published for tests, and nobody's.
    #[must_use]
    pub fn is_test_number(&self) -> bool {
        test_number::is_test_number(&self.text)
    }

    /// How it was written.
    #[must_use]
    pub const fn writing(&self) -> Writing {
        self.writing
    }
}

type Facts = (IdKind, Option<Day>, Option<Modulus>);

fn classify(text: &[u8; 10], today: Day) -> Result<Facts, IdRejection> {
    if text.iter().all(u8::is_ascii_digit) {
        cpr::classify(text, today)
    } else {
        replacement::classify(text, today)
    }
}

/// Writes the canonical ten characters, or says why there are none.
fn canonicalise(raw: &[u8], text: &mut [u8; 10], zero: LeadingZero) -> Result<Writing, IdRejection> {
    if raw.len() == 10 && raw.iter().all(u8::is_ascii_digit) {
        text.copy_from_slice(raw);
        return Ok(Writing::default());
    }
    let raw = raw.trim_ascii();
    let mut length = 0;
    let mut writing = Writing::default();
    let mut digits_only = true;
    let mut strange = false;
    let mut scientific = false;
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        if let Some(skipped) = separator(rest) {
            writing.separated = true;
            rest = &rest[skipped..];
            continue;
        }
        if matches!(byte, b',' | b'.' | b'+') {
            scientific = true;
        }
        strange |= !byte.is_ascii_alphanumeric();
        digits_only &= byte.is_ascii_digit();
        if let Some(slot) = text.get_mut(length) {
            *slot = byte.to_ascii_uppercase();
        }
        length += 1;
        rest = tail;
    }
    if length == 0 {
        return Err(IdRejection::Missing);
    }
    if scientific && raw.iter().any(|b| matches!(b, b'e' | b'E')) {
        return Err(IdRejection::Scientific);
    }
    if strange {
        return Err(IdRejection::Character);
    }
    if digits_only && length == 9 {
        if zero == LeadingZero::Refuse {
            return Err(IdRejection::NineDigits);
        }
        text.copy_within(0..9, 1);
        text[0] = b'0';
        writing.zero_repaired = true;
        return Ok(writing);
    }
    if length != 10 {
        return Err(IdRejection::Length);
    }
    Ok(writing)
}

/// Length of a separator at the front: hyphen, space, en dash, no-break space (UTF-8 or Windows-1252).
fn separator(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'-' | b' ' | b'\t' | 0x96 | 0xA0, ..] => Some(1),
        [0xC2, 0xA0, ..] => Some(2),
        [0xE2, 0x80, 0x90..=0x94, ..] => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn today() -> Day {
        Day::from_ymd(2026, 1, 1).expect("a day")
    }

    fn parse(text: &str) -> Result<Identifier, IdRejection> {
        Identifier::parse(text.as_bytes(), today(), LeadingZero::Refuse)
    }

    fn kind(text: &str) -> Result<IdKind, IdRejection> {
        parse(text).map(|id| id.kind())
    }

    #[test]
    fn the_published_examples() {
        let born = |text: &str| parse(text).map(|id| id.birth().expect("a birth date").to_string());
        assert_eq!(born("0707614285").as_deref(), Ok("1961-07-07"));
        assert_eq!(parse("0707614285").ok().and_then(|id| id.sex()), Some(Sex::Man));
        assert_eq!(parse("0707614285").ok().and_then(|id| id.modulus()), Some(Modulus::Passes));
        assert_eq!(born("2110625629").as_deref(), Ok("1862-10-21"));
        assert_eq!(born("0610937438").as_deref(), Ok("1893-10-06"));
        assert_eq!(parse("0610937438").ok().and_then(|id| id.sex()), Some(Sex::Woman));
        assert_eq!(born("2110525629"), Err(IdRejection::FutureDate));
        assert_eq!(born("0101364999"), Err(IdRejection::FutureDate));
        assert_eq!(born("0101374000").as_deref(), Ok("1937-01-01"));
        assert_eq!(born("0101585000").as_deref(), Ok("1858-01-01"));
        assert_eq!(born("0101009000").as_deref(), Ok("2000-01-01"));
    }

    #[test]
    fn leap_days_follow_the_decoded_century() {
        assert_eq!(kind("2902000123"), Err(IdRejection::InvalidDate));
        assert_eq!(kind("2902004123"), Ok(IdKind::Cpr));
    }

    #[test]
    fn replacement_numbers_have_their_kinds() {
        assert_eq!(kind("6707614285"), Ok(IdKind::LocalDayPlus60));
        assert_eq!(kind("6002000123"), Err(IdRejection::InvalidDate));
        assert_eq!(kind("0707611AB5"), Ok(IdKind::XeCpr));
        assert_eq!(kind("070714-7ab5"), Ok(IdKind::XeCpr));
        assert_eq!(kind("3202611AB5"), Err(IdRejection::InvalidDate));
        assert_eq!(kind("0707610AB5"), Ok(IdKind::DeCpr));
        assert_eq!(kind("0707615AB5"), Ok(IdKind::DeCpr));
        assert_eq!(kind("0707612AB5"), Ok(IdKind::Fictive));
        assert_eq!(kind("070761ABCD"), Ok(IdKind::Fictive));
        assert_eq!(kind("UKENDTKVIN"), Err(IdRejection::Character));
    }

    #[test]
    fn what_spreadsheets_do() {
        assert_eq!(kind("707614285"), Err(IdRejection::NineDigits));
        let repaired =
            Identifier::parse(b"707614285", today(), LeadingZero::Repair).map(|id| *id.expose("test"));
        assert_eq!(repaired, Ok(*b"0707614285"));
        assert_eq!(kind("1,01E+09"), Err(IdRejection::Scientific));
        assert_eq!(kind("1.01e+09"), Err(IdRejection::Scientific));
        assert_eq!(kind(""), Err(IdRejection::Missing));
        assert_eq!(kind("  - "), Err(IdRejection::Missing));
        assert_eq!(kind("07076142851"), Err(IdRejection::Length));
        assert_eq!(kind("07076142\u{e9}5"), Err(IdRejection::Character));
    }

    #[test]
    fn every_way_of_writing_is_one_number() {
        let windows_1252 = b"070761\x964285".to_vec();
        for raw in [
            b"0707614285".to_vec(),
            b"070761-4285".to_vec(),
            b" 070761 4285 ".to_vec(),
            "070761\u{2013}4285".as_bytes().to_vec(),
            "070761\u{a0}4285".as_bytes().to_vec(),
            windows_1252,
        ] {
            let id = Identifier::parse(&raw, today(), LeadingZero::Refuse).map(|id| *id.expose("test"));
            assert_eq!(id, Ok(*b"0707614285"));
        }
    }

    #[test]
    fn modulus_failures_on_listed_dates_are_told_from_others() {
        // 1 January 1965 has numbers without the check digit's blessing; 7 July 1961 has not.
        let modulus = |text: &str| parse(text).ok().and_then(|id| id.modulus());
        assert_eq!(modulus("0707614286"), Some(Modulus::FailsElsewhere { remainder: 1 }));
        let listed = (0..10).filter_map(|d| modulus(&format!("010165123{d}"))).collect::<Vec<_>>();
        assert_eq!(listed.iter().filter(|m| **m == Modulus::FailsOnListedDate).count(), listed.len() - 1);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(raw in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Identifier::parse(&raw, today(), LeadingZero::Repair);
        }

        #[test]
        fn canonical_form_reads_back_as_itself(raw in "[0-9]{6}[-]?[0-9]{4}") {
            if let Ok(id) = parse(&raw) {
                let text = String::from_utf8(id.expose("test").to_vec()).expect("ASCII");
                let again = parse(&text).map(|id| (id.kind(), *id.expose("test")));
                prop_assert_eq!(again, Ok((id.kind(), *id.expose("test"))));
            }
        }
    }
}
