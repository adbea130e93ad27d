//! Two exchanges held against each other, apart from ids, times and signatures.

use std::collections::HashMap;

use super::PlayError;

/// Bytes compared; an error when they differ.
pub(super) fn same(with: &[u8], without: &[u8]) -> Result<usize, PlayError> {
    let (with, without) = (normal(with), normal(without));
    if with == without {
        return Ok(with.len());
    }
    let at =
        with.bytes().zip(without.bytes()).position(|(a, b)| a != b).unwrap_or(with.len().min(without.len()));
    let around = |text: &str| {
        String::from_utf8_lossy(
            &text.as_bytes()[at.saturating_sub(60).min(text.len())..(at + 60).min(text.len())],
        )
        .into_owned()
    };
    Err(PlayError::Check(format!(
        "what a partner is told depends on the others: «{}» with them, «{}» without",
        around(&with),
        around(&without)
    )))
}

/// The text with each id, digest and signature named by the order in which it first came, and times taken out. Equal
/// values stay equal, so a value that should be the same and is not still shows.
fn normal(bytes: &[u8]) -> String {
    // A time is shorter when it falls on a whole second, and with it the body: the body itself is compared.
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split_inclusive('\n').filter(|line| !line.starts_with("content-length: "));
    let text = lines.collect::<String>();
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.') {
            word.push(c);
            continue;
        }
        flush(&mut word, &mut names, &mut out);
        out.push(c);
    }
    out
}

fn flush(word: &mut String, names: &mut HashMap<String, usize>, out: &mut String) {
    let taken = std::mem::take(word);
    let hex = taken.bytes().all(|b| b.is_ascii_hexdigit());
    let random =
        (hex && matches!(taken.len(), 32 | 64)) || (taken.len() == 86 && !taken.contains(['.', ':']));
    if taken.parse::<crate::clock::Timestamp>().is_ok() {
        out.push_str("<time>");
    } else if random {
        let next = names.len();
        let name = names.entry(taken).or_insert(next);
        out.push_str(&format!("<{name}>"));
    } else {
        out.push_str(&taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_do_not_matter_and_everything_else_does() {
        let text = |id: &str, time: &str, n: u32| {
            format!("{{\"id\":\"{id}\",\"at\":\"{time}\",\"rows\":{n},\"again\":\"{id}\"}}")
        };
        let one = text(&"a1".repeat(16), "2026-01-01T00:00:00Z", 3);
        let two = text(&"b2".repeat(16), "2026-01-02T00:00:00.123Z", 3);
        assert!(same(one.as_bytes(), two.as_bytes()).is_ok());
        let whole = |text: &str| format!("200 OK\ncontent-length: {}\n{text}", text.len());
        assert!(same(whole(&one).as_bytes(), whole(&two).as_bytes()).is_ok(), "a whole second is shorter");
        let three = text(&"b2".repeat(16), "2026-01-02T00:00:00Z", 4);
        assert!(same(one.as_bytes(), three.as_bytes()).is_err());
        let unlike = one.replacen(&"a1".repeat(16), &"c3".repeat(16), 1);
        assert!(same(one.as_bytes(), unlike.as_bytes()).is_err());
    }
}
