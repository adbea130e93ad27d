//! Texts made safe for the two places where any text can come to stand: a page and a terminal.
//!
//! Must never: let through what the place reads as anything but text. Callers: whoever writes a page or a line.

/// Text for an HTML or SVG element or a quoted attribute. Control characters, which neither may hold, are left out.
#[must_use]
pub fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(' '),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

/// Text for a terminal: without control characters, which could move the cursor or change what stands there.
#[must_use]
pub fn terminal(text: &str) -> String {
    let line = |c: char| if matches!(c, '\n' | '\t') { ' ' } else { c };
    text.chars().map(line).filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_but_text_leaves(text in any::<String>()) {
            prop_assert!(!html(&text).contains(|c: char| matches!(c, '<' | '>' | '"' | '\'') || c.is_control()));
            prop_assert!(!terminal(&text).chars().any(char::is_control));
        }
    }
}
