//! The class of one field, by its form alone.

use super::DateForm;
use crate::clock::Day;
use crate::extract::columns::parse_date;
use crate::extract::read::Written;
use crate::token::looks_like_cpr;

/// Whether a text that should be somebody's word for a column or a code looks like what stands in a row: a CPR number,
/// six digits or more, an address of e-mail, a date, a bare number of two digits or more.
pub(super) fn looks_like_data(text: &str) -> bool {
    let text = text.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 6
        || text.contains('@')
        || text.split_whitespace().any(|part| looks_like_cpr(part.as_bytes()))
        || digits >= 2 && number(text.as_bytes()).is_some()
        || [DateForm::Danish, DateForm::ShortYear].into_iter().any(|form| is_date(text.as_bytes(), form))
}

/// Whether a text is a date in a form.
pub(super) fn is_date(field: &[u8], form: DateForm) -> bool {
    let day = parse_date(field, Written::Text, form);
    let plausible = |day: Day| (1850..=2100).contains(&day.ymd().0);
    day.is_ok_and(plausible)
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numeral {
    /// Whether it is one with a decimal comma.
    pub comma: bool,
    /// Whether it is one with a decimal point.
    pub point: bool,
    /// Whether it has either sign.
    pub signs: bool,
}

/// Digits, perhaps a minus, groups of three and decimals; `None` for anything else.
pub(super) fn number(field: &[u8]) -> Option<Numeral> {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    let signs = digits.iter().any(|byte| matches!(byte, b',' | b'.'));
    let numeral = Numeral { comma: reads(digits, b',', b'.'), point: reads(digits, b'.', b','), signs };
    (numeral.comma || numeral.point).then_some(numeral)
}

fn reads(digits: &[u8], mark: u8, group: u8) -> bool {
    let mut parts = digits.splitn(2, |byte| *byte == mark);
    let whole = parts.next().unwrap_or_default();
    let plain = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let grouped = whole
        .split(|byte| *byte == group)
        .enumerate()
        .all(|(at, part)| plain(part) && (at == 0 || part.len() == 3));
    let first = whole.split(|byte| *byte == group).next().unwrap_or_default();
    let short = !whole.contains(&group) || first.len() <= 3;
    grouped && short && parts.next().is_none_or(plain)
}

/// Whether a number lost its digits to a spreadsheet: `1,01E+09`.
pub(super) fn is_scientific(field: &[u8]) -> bool {
    let Some(at) = field.iter().position(|byte| matches!(byte, b'e' | b'E')) else { return false };
    let exponent = &field[at + 1..];
    let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
    number(&field[..at]).is_some()
        && (1..=3).contains(&exponent.len())
        && exponent.iter().all(u8::is_ascii_digit)
}

/// Whether a text has the form of a replacement number: ten characters, hyphen apart, digits and at least one letter,
/// the first four digits.
pub(super) fn is_replacement(field: &[u8]) -> bool {
    let hyphen = field.len() == 11 && field[6] == b'-';
    if field.len() != 10 && !hyphen {
        return false;
    }
    let characters = || field.iter().enumerate().filter(move |(at, _)| !(hyphen && *at == 6)).map(|(_, b)| b);
    characters().all(u8::is_ascii_alphanumeric)
        && characters().take(4).all(u8::is_ascii_digit)
        && characters().any(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_columns_are_told_from_data() {
        for header in
            ["CPR-nr.", "Dato", "Kommune 2", "ICD10-kode", "Alder 18+", "E-mail", "1. kontakt", "Q4 2022"]
        {
            assert!(!looks_like_data(header), "{header}");
        }
        for data in [
            "010190-0000",
            "0101900000",
            "010190 0000",
            "x@y.dk",
            "1-2-2022",
            "01.02.22",
            "12345",
            "12,5",
            "Sag 123456",
        ] {
            assert!(looks_like_data(data), "{data}");
        }
    }

    #[test]
    fn numbers_tell_by_which_sign_they_can_be_read() {
        for (text, form) in [
            ("5", Some((true, true, false))),
            ("-5", Some((true, true, false))),
            ("1.234", Some((true, true, true))),
            ("1.234,5", Some((true, false, true))),
            ("1,234.5", Some((false, true, true))),
            ("12.5", Some((false, true, true))),
            ("1234,5", Some((true, false, true))),
            ("1234.567,5", None),
            ("", None),
            ("-", None),
            ("1,", None),
            (",5", None),
            ("12a", None),
        ] {
            let read = number(text.as_bytes()).map(|form| (form.comma, form.point, form.signs));
            assert_eq!(read, form, "{text}");
        }
        assert!(
            is_scientific(b"1,01E+09")
                && is_scientific(b"1.01e9")
                && !is_scientific(b"1,01")
                && !is_scientific(b"Eva")
        );
        assert!(is_replacement(b"010190ABC1") && is_replacement(b"010190-AB12"));
        assert!(!is_replacement(b"Gennemsnit") && !is_replacement(b"0101900000"));
    }
}
