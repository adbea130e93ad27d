//! The name under which a report shows a file: a name can hold a number of a person.

use std::path::Path;

/// What names of extracts end with; it is no part of a number.
const ENDINGS: [&str; 8] = ["csv", "txt", "tsv", "xlsx", "xlsm", "xls", "parquet", "dat"];

/// The last part of a path, unless it holds what could be a birth date or an identifier: then nothing.
///
/// Held back is a name with six digits that are a day, a month and a year, or nine and more digits, in one piece; or with
/// six digits and, behind them or behind one sign, four letters or digits. Of the letters and digits alone, whatever stands
/// between them: ten digits, or a whole date with four letters or digits behind it of which one is a digit. Months and
/// whole dates (`202403`, `2024-03-01`) pass.
pub(super) fn shown(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    (!tells(name) && !tells_apart(name)).then(|| name.to_owned())
}

/// Whether a name holds an identifier or a birth date in one piece.
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

/// Whether a name holds an identifier with anything between its signs, or a birth date in three pairs of digits.
fn tells_apart(name: &str) -> bool {
    let stem = name
        .rsplit_once('.')
        .filter(|(_, ending)| ENDINGS.iter().any(|one| one.eq_ignore_ascii_case(ending)));
    let stem = stem.map_or(name, |(stem, _)| stem);
    let signs: Vec<char> = stem.chars().filter(|c| c.is_alphanumeric()).collect();
    let four = |at: usize| signs.get(at..at + 4).is_some_and(|part| part.iter().any(|c| c.is_numeric()));
    let number = (0..signs.len()).any(|at| {
        let digits = signs[at..].iter().take_while(|c| c.is_numeric()).count();
        digits >= 10
            || (digits >= 6 && is_date(&signs[at..at + 6]) && four(at + 6))
            || (digits >= 8 && is_date_with_century(&signs[at..at + 8]) && four(at + 8))
    });
    let parts: Vec<&str> =
        stem.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let pair = |part: &&str| part.chars().count() == 2 && part.chars().all(char::is_numeric);
    number
        || parts
            .windows(3)
            .any(|three| three.iter().all(pair) && is_date(&three.concat().chars().collect::<Vec<_>>()))
}

/// Whether eight digits are a year, a month and a day, or a day, a month and a year.
fn is_date_with_century(digits: &[char]) -> bool {
    let turned: Vec<char> = digits[6..].iter().chain(&digits[4..6]).chain(&digits[2..4]).copied().collect();
    let century = |at: usize| matches!(digits[at..at + 2], ['1', '8' | '9'] | ['2', '0']);
    (century(0) && is_date(&turned)) || (century(4) && is_date(&digits[..6]))
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
            "07-07-61-4285.csv",
            "07.07.61-4285.csv",
            "07 07 61 4285.csv",
            "0707 614285.csv",
            "19610707-4285.csv",
            "1961-07-07-4285.csv",
            "07-07-1961-1AB5.csv",
            "1961-07-07-1AB5.csv",
            "07-07-61 1AB5.csv",
            "sag 0-7-0-7-6-1-4-2-8-5",
            "07.07.61.csv",
        ] {
            assert_eq!(shown(Path::new(told)), None, "{told}");
            assert_eq!(shown(&Path::new("home").join(told)), None, "{told}");
        }
        for plain in [
            "extract.csv",
            "udtræk-2024-03-01.csv",
            "20240301.csv",
            "202403.csv",
            "udtræk-2024-03-01.xlsx",
            "udtræk-2024-03-01-2.csv",
            "udtræk 01.03.2024.csv",
            "2024-03.parquet",
            "2024.csv",
            "2022-Q1..2022-Q4.csv",
            "a1.csv",
        ] {
            assert_eq!(shown(Path::new(plain)).as_deref(), Some(plain));
        }
        assert_eq!(shown(Path::new("/data/070761-4285/extract.csv")).as_deref(), Some("extract.csv"));
    }

    proptest::proptest! {
        #[test]
        fn no_separator_lets_a_number_through(
            (day, month, year) in (1u8..=31, 1u8..=12, 0u8..100),
            moved in proptest::bool::ANY,
            century in proptest::option::of(18u8..=20),
            year_first in proptest::bool::ANY,
            rest in "[0-9]{4}|[0-9][A-Z]{2}[0-9]|[A-Z]{3}[0-9]",
            between in proptest::collection::vec("[-._ +()~\u{2013}\u{a0},;#]{0,3}", 12),
            before in "[a-zæøå]{0,8}[-_ .]{0,2}",
            behind in "([-_ .][a-zæøå]{0,8})?",
            ending in proptest::sample::select(vec![".csv", ".CSV", ".xlsx", ".parquet", ""]),
        ) {
            let day = if moved { day + 60 } else { day };
            let number = match century {
                Some(century) if year_first => format!("{century}{year:02}{month:02}{day:02}{rest}"),
                Some(century) => format!("{day:02}{month:02}{century}{year:02}{rest}"),
                None => format!("{day:02}{month:02}{year:02}{rest}"),
            };
            let apart: String = number.chars().zip(&between).flat_map(|(sign, gap)| [sign.to_string(), gap.clone()]).collect();
            let name = format!("{before}{apart}{behind}{ending}");
            proptest::prop_assert_eq!(shown(Path::new(&name)), None, "{}", name);
        }

        #[test]
        fn a_date_of_an_extract_is_shown(
            (day, month, year) in (1u8..=28, 1u8..=12, 2013u16..2100),
            word in "[a-zæøå]{1,8}",
            sign in "[-_.]",
        ) {
            let name = format!("{word}-{year}{sign}{month:02}{sign}{day:02}.csv");
            proptest::prop_assert_eq!(shown(Path::new(&name)), Some(name));
        }
    }
}
