//! What the number of a cell means: a plain number, or a day, by the cell's format.

use std::io::Write as _;

use super::Written;
use crate::clock::Day;

/// The day from which a workbook counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DaySystem {
    /// 31 December 1899 is day 0, and 29 February 1900 counts as a day, which it never was.
    #[default]
    From1900,
    /// 1 January 1904 is day 0.
    From1904,
}

/// How a format shows a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shown {
    /// As a number, or as a time of day alone.
    #[default]
    Number,
    /// As a date.
    Day,
    /// As so many digits at least: `0000000000`, `000000-0000`.
    Digits(u8),
}

impl Shown {
    /// A format that every spreadsheet knows by number (ECMA-376-1, 18.8.30).
    pub fn of_built_in(id: u32) -> Shown {
        match id {
            14..=17 | 22 | 27..=31 | 34..=36 | 50..=58 => Shown::Day,
            _ => Shown::Number,
        }
    }

    /// A format as text. Its first section counts, which is the one of positive numbers.
    pub fn of_code(code: &str) -> Shown {
        let mut tokens = String::new();
        let mut letters = code.chars();
        while let Some(letter) = letters.next() {
            match letter {
                ';' => break,
                '"' => tokens.extend(letters.by_ref().take_while(|c| *c != '"').map(|c| match c {
                    '-' | ' ' => c,
                    _ => '"',
                })),
                // Colours, currencies, conditions; and elapsed time, which is no date.
                '[' => {
                    let inside = letters.by_ref().take_while(|c| *c != ']').collect::<String>();
                    let elapsed = inside.chars().all(|c| matches!(c, 'h' | 'H' | 'm' | 'M' | 's' | 'S'));
                    tokens.extend(elapsed.then_some('h'));
                }
                '\\' => tokens.extend(letters.next().filter(|c| matches!(c, '-' | ' ' | '.' | '/'))),
                '_' | '*' => drop(letters.next()),
                _ => tokens.push(letter.to_ascii_lowercase()),
            }
        }
        if tokens == "general" || tokens == "standard" {
            return Shown::Number;
        }
        let has = |letter| tokens.contains(letter);
        // `m` alone is a month; beside hours or seconds it is minutes.
        if has('d') || has('y') || has('m') && !has('h') && !has('s') {
            return Shown::Day;
        }
        let digits = tokens.bytes().filter(|byte| *byte == b'0').count();
        let plain = tokens.bytes().all(|byte| matches!(byte, b'0' | b'-' | b' '));
        match u8::try_from(digits) {
            Ok(digits @ 2..=15) if plain => Shown::Digits(digits),
            _ => Shown::Number,
        }
    }
}

/// A number as a file writes it: an optional sign, digits, a decimal point, an exponent. `None` for every other text,
/// infinities included.
pub(super) fn parse(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let known = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    let number = text.bytes().all(known).then(|| text.parse::<f64>().ok())??;
    number.is_finite().then_some(number)
}

/// Writes a cell's number in the form in which its format shows it.
pub(super) fn write(number: f64, shown: Shown, system: DaySystem, out: &mut Vec<u8>) -> Written {
    let from = out.len();
    match shown {
        Shown::Day if write_day(number, system, out) => return Written::Day,
        Shown::Digits(width) if number >= 0.0 && number.fract() == 0.0 => {
            write_plain(number, out);
            let zeros = usize::from(width).saturating_sub(out.len() - from);
            out.splice(from..from, std::iter::repeat_n(b'0', zeros));
        }
        Shown::Day | Shown::Digits(_) | Shown::Number => write_plain(number, out),
    }
    match system {
        DaySystem::From1900 => Written::Number,
        DaySystem::From1904 => Written::Number1904,
    }
}

/// Writes digits without an exponent, rounded to the 15 that spreadsheets keep.
pub(super) fn write_plain(number: f64, out: &mut Vec<u8>) {
    const EXACT: f64 = 1e15;
    const MEMORY: &str = "writing into memory cannot fail";
    if number.fract() == 0.0 && number.abs() < EXACT {
        write!(out, "{}", number as i64).expect(MEMORY);
        return;
    }
    let scientific = format!("{:.14e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').expect("the form asked for");
    let exponent: i32 = exponent.parse().expect("the form asked for");
    let digits = mantissa.bytes().filter(|byte| *byte != b'.').collect::<Vec<_>>();
    let kept = digits.iter().rposition(|byte| *byte != b'0').map_or(1, |at| at + 1);
    let digits = &digits[..kept];
    if number < 0.0 {
        out.push(b'-');
    }
    let zeros = |count: i32| std::iter::repeat_n(b'0', usize::try_from(count).unwrap_or(0));
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(zeros(-1 - exponent));
        out.extend_from_slice(digits);
    } else {
        let whole = usize::try_from(exponent).unwrap_or(0) + 1;
        out.extend_from_slice(&digits[..whole.min(kept)]);
        out.extend(std::iter::repeat_n(b'0', whole.saturating_sub(kept)));
        if kept > whole {
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    }
}

/// Writes the day that a serial number is; false when it is none, and nothing is written.
fn write_day(serial: f64, system: DaySystem, out: &mut Vec<u8>) -> bool {
    /// The last day of year 9999, counted from 1900.
    const LAST: f64 = 2_958_465.0;
    const FAKE: i32 = 60;
    if !(0.0..=LAST).contains(&serial) {
        return false;
    }
    let days = serial as i32;
    let zero = match (system, days) {
        (DaySystem::From1904, _) => Day::from_ymd(1904, 1, 1),
        // No calendar has it: the row is rejected for its date.
        (DaySystem::From1900, FAKE) => {
            out.extend_from_slice(b"1900-02-29");
            return true;
        }
        (DaySystem::From1900, 0) => return false,
        (DaySystem::From1900, 1..FAKE) => Day::from_ymd(1899, 12, 31),
        (DaySystem::From1900, _) => Day::from_ymd(1899, 12, 30),
    };
    let day = zero.expect("a day of the calendar");
    // Beyond the calendar that is known here nothing is an event's date either.
    let days = days.min(Day::MAX.days() - day.days());
    write!(out, "{}", day.plus(days)).expect("writing into memory cannot fail");
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: f64, shown: Shown, system: DaySystem) -> (String, Written) {
        let mut out = Vec::new();
        let written = write(number, shown, system, &mut out);
        (String::from_utf8(out).expect("ASCII"), written)
    }

    #[test]
    fn numbers_are_written_plainly() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (101_010_001.0, "101010001"),
            (3_112_999_999.0, "3112999999"),
            (1.5, "1.5"),
            (-1234.25, "-1234.25"),
            (0.1 + 0.2, "0.3"),
            (1e-7, "0.0000001"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1000000000000000"),
            (1.234_567_890_123_456_7e20, "123456789012346000000"),
            (0.567_8, "0.5678"),
        ] {
            assert_eq!(written(number, Shown::Number, DaySystem::From1900), (text.into(), Written::Number));
        }
        for text in ["", "x", "inf", "NaN", "1e999", "0x10", "1,5", "--1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(" 1.01010001E8 "), Some(101_010_001.0));
    }

    #[test]
    fn days_are_counted_as_spreadsheets_count_them() {
        for (serial, system, day) in [
            (1.0, DaySystem::From1900, "1900-01-01"),
            (59.0, DaySystem::From1900, "1900-02-28"),
            (60.0, DaySystem::From1900, "1900-02-29"),
            (61.0, DaySystem::From1900, "1900-03-01"),
            (44_625.999, DaySystem::From1900, "2022-03-05"),
            (43_163.5, DaySystem::From1904, "2022-03-05"),
            (0.0, DaySystem::From1904, "1904-01-01"),
            (59.0, DaySystem::From1904, "1904-02-29"),
        ] {
            assert_eq!(written(serial, Shown::Day, system), (day.into(), Written::Day), "{serial}");
        }
        assert_eq!(written(0.5, Shown::Day, DaySystem::From1900).1, Written::Number);
        assert_eq!(written(-1.0, Shown::Day, DaySystem::From1904).1, Written::Number1904);
    }

    #[test]
    fn formats_say_what_a_number_is() {
        for (code, shown) in [
            ("General", Shown::Number),
            ("Standard", Shown::Number),
            ("0", Shown::Number),
            ("#,##0.00\\ \"kr.\"", Shown::Number),
            ("_-* #,##0.00\\ [$kr.-406]_-;\\-* #,##0.00\\ [$kr.-406]_-", Shown::Number),
            ("[Red]0.00", Shown::Number),
            ("0.00E+00", Shown::Number),
            ("h:mm:ss", Shown::Number),
            ("[h]:mm", Shown::Number),
            ("@", Shown::Number),
            ("dd\\-mm\\-yyyy", Shown::Day),
            ("[$-406]d. mmmm yyyy;@", Shown::Day),
            ("yyyy-mm-dd hh:mm", Shown::Day),
            ("mmm", Shown::Day),
            ("0000000000", Shown::Digits(10)),
            ("000000\\-0000", Shown::Digits(10)),
            ("000000-0000", Shown::Digits(10)),
            ("000000\"-\"0000", Shown::Digits(10)),
            ("0000\"dag\"", Shown::Number),
        ] {
            assert_eq!(Shown::of_code(code), shown, "{code}");
        }
        assert_eq!(written(101_010_001.0, Shown::Digits(10), DaySystem::From1900).0, "0101010001");
    }

    proptest::proptest! {
        #[test]
        fn fifteen_digits_come_back(whole in -999_999_999_999_999_i64..=999_999_999_999_999, places in 0u32..=14) {
            let number = whole as f64 / 10f64.powi(places as i32);
            let mut out = Vec::new();
            write_plain(number, &mut out);
            let text = String::from_utf8(out).expect("ASCII");
            // The oracle: whole numbers, by shifting the point.
            let (sign, digits) = (if whole < 0 { "-" } else { "" }, whole.unsigned_abs().to_string());
            let padded = format!("{digits:0>width$}", width = places as usize + 1);
            let (before, behind) = padded.split_at(padded.len() - places as usize);
            let behind = behind.trim_end_matches('0');
            let point = if behind.is_empty() { "" } else { "." };
            proptest::prop_assert_eq!(text, format!("{sign}{before}{point}{behind}"));
        }
    }
}
