//! The name under which a report shows a file: a name can hold a number of a person.

use std::path::Path;

/// The last part of a path, unless it holds what could be a birth date or an identifier: then nothing.
///
/// Held back is a name with six digits that are a day, a month and a year, or nine and more digits, in one piece; or with
/// six digits and, behind them or behind one sign, four letters or digits. Months and whole dates (`202403`, `20240301`) pass.
pub(super) fn shown(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    (!tells(name)).then(|| name.to_owned())
}

fn tells(name: &str) -> bool {
    let chars: Vec<char> = name.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let digits = chars[at..].iter().take_while(|c| c.is_numeric()).count();
        let end = at + digits;
        let four = |from: usize| {
            chars.get(from..from + 4).is_some_and(|part| part.iter().all(|c| c.is_alphanumeric()))
                && !chars.get(from + 4).is_some_and(|c| c.is_alphanumeric())
        };
        let date = digits >= 6 && is_date(&chars[at..at + 6]);
        let alone = digits == 6 && (date || four(end) || four(end + 1));
        if digits >= 9 || alone || (date && four(at + 6)) {
            return true;
        }
        at = end.max(at + 1);
    }
    false
}

/// Whether six digits are a day and a month, with 60 added to the day or not; any two digits are a year.
fn is_date(digits: &[char]) -> bool {
    let two = |at: usize| {
        let digit = |at: usize| digits[at].to_digit(10);
        digit(at).zip(digit(at + 1)).map_or(0, |(tens, ones)| tens * 10 + ones)
    };
    matches!(two(0), 1..=31 | 61..=91) && matches!(two(2), 1..=12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_hold_a_number_of_a_person_is_held_back() {
        for told in [
            "070761-4285.csv",
            "forløb 0707614285.csv",
            "sag_070761_4285_ny.csv",
            "070761 4285.xlsx",
            "0707614285",
            "707614285.csv",
            "070761.csv",
            "670761-4285.csv",
            "0707611AB5.csv",
            "990761-1AB5.csv",
            "2022120707614285.csv",
        ] {
            assert_eq!(shown(Path::new(told)), None, "{told}");
            assert_eq!(shown(&Path::new("home").join(told)), None, "{told}");
        }
        for plain in [
            "extract.csv",
            "udtræk-2024-03-01.csv",
            "20240301.csv",
            "202403.csv",
            "2022-Q1..2022-Q4.csv",
            "a1.csv",
        ] {
            assert_eq!(shown(Path::new(plain)).as_deref(), Some(plain));
        }
        assert_eq!(shown(Path::new("/data/070761-4285/extract.csv")).as_deref(), Some("extract.csv"));
    }
}
