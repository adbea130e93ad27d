//! Eight words that two people compare on the telephone: a word for each byte, from one list for both languages.
//!
//! The list is `docs/vectors/words-da.txt`: 256 Danish words in order, one for each value of a byte, without æ, ø and å, no
//! two a letter or a sound apart. Words carry as much as the hexadecimal form and no more; nothing reads them back.

use std::sync::LazyLock;

const TEXT: &str = include_str!("../../docs/vectors/words-da.txt");

static LIST: LazyLock<Vec<&'static str>> = LazyLock::new(|| TEXT.lines().collect());

/// The words of some bytes, in order, with a space between.
#[must_use]
pub fn words(bytes: &[u8]) -> String {
    let list = &*LIST;
    bytes.iter().map(|byte| list[usize::from(*byte)]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Single letters that are to be changed, left out or put in to make one word the other.
    fn distance(a: &str, b: &str) -> usize {
        let b: Vec<char> = b.chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.chars().enumerate() {
            let mut next = vec![i + 1];
            for (j, y) in b.iter().enumerate() {
                let change = row[j] + usize::from(x != *y);
                next.push(change.min(row[j + 1] + 1).min(next[j] + 1));
            }
            row = next;
        }
        row[b.len()]
    }

    /// Roughly how a word sounds on a bad line: voiced and unvoiced alike, silent letters and doubles gone.
    fn sound(word: &str) -> String {
        let mut text = word.to_owned();
        for silent in ["hv", "hj"] {
            if text.starts_with(silent) {
                text.remove(0);
            }
        }
        for (written, heard) in [
            ("ch", "sj"),
            ("ph", "f"),
            ("nd", "n"),
            ("ld", "l"),
            ("c", "k"),
            ("z", "s"),
            ("q", "k"),
            ("x", "ks"),
            ("d", "t"),
            ("b", "p"),
            ("g", "k"),
            ("w", "v"),
            ("y", "i"),
        ] {
            text = text.replace(written, heard);
        }
        let mut letters: Vec<char> = text.chars().collect();
        letters.dedup();
        letters.into_iter().collect()
    }

    #[test]
    fn the_list_has_a_word_for_each_byte_in_order_short_and_plain() {
        assert_eq!(LIST.len(), 256);
        assert!(LIST.is_sorted_by(|a, b| a < b), "sorted, and none twice");
        for word in LIST.iter() {
            assert!((3..=7).contains(&word.len()), "{word}");
            assert!(word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
        }
        assert!(TEXT.ends_with('\n') && !TEXT.contains('\r'));
    }

    #[test]
    fn no_two_words_are_a_slip_apart_to_the_eye_or_the_ear() {
        assert_eq!((distance("hus", "mus"), distance("hus", "huse"), distance("", "abc")), (1, 1, 3));
        assert_eq!((sound("hjul"), sound("bakke")), ("jul".to_owned(), "pake".to_owned()));
        for (at, a) in LIST.iter().enumerate() {
            for b in &LIST[at + 1..] {
                assert!(distance(a, b) >= 2, "{a} and {b}");
                assert!(distance(&sound(a), &sound(b)) >= 2, "{a} and {b} sound alike");
                assert!(!a.starts_with(*b) && !b.starts_with(*a), "{a} and {b}");
                let start = |word: &str| word[..word.len().min(4)].to_owned();
                assert_ne!(start(a), start(b), "{a} and {b} begin alike");
            }
        }
    }

    #[test]
    fn bytes_are_words_in_their_order() {
        assert_eq!(words(&[0, 255, 0]), format!("{} {} {}", LIST[0], LIST[255], LIST[0]));
        assert_eq!(words(&[]), "");
    }
}
