//! Replacement numbers with letters: X-eCPR, D-eCPR and all others.

use super::{Facts, IdKind, IdRejection, cpr};
use crate::clock::Day;

/// Ten alphanumeric characters of which at least one is a letter.
///
/// A text without a single digit ("UKENDTKVIN") is a word, not a number, and would make one person of many.
pub(super) fn classify(text: &[u8; 10], today: Day) -> Result<Facts, IdRejection> {
    if !text.iter().any(u8::is_ascii_digit) {
        return Err(IdRejection::Character);
    }
    let dated = text[..6].iter().all(u8::is_ascii_digit);
    let lettered = text[7].is_ascii_uppercase() && text[8].is_ascii_uppercase() && text[9].is_ascii_digit();
    if !(dated && lettered) {
        return Ok((IdKind::Fictive, None, None));
    }
    let century = match text[6] {
        b'1' => 1900,
        b'7' => 2000,
        b'0' | b'5' | b'6' => return Ok((IdKind::DeCpr, None, None)),
        _ => return Ok((IdKind::Fictive, None, None)),
    };
    let year = century + i16::from(cpr::two(text, 4));
    let birth = Day::from_ymd(year, cpr::two(text, 2), cpr::two(text, 0)).ok_or(IdRejection::InvalidDate)?;
    if birth > today {
        return Err(IdRejection::FutureDate);
    }
    Ok((IdKind::XeCpr, Some(birth), None))
}
