//! Texts made safe for where they go.

use std::borrow::Cow;

pub(super) use crate::escape::{html, terminal};

/// Text for a cell or a line of Markdown: every ASCII sign that Markdown or HTML reads is escaped, a line stays one.
pub(super) fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '$' | '!' => {
                safe.push('\\');
                safe.push(c);
            }
            // What is a list or a rule at the head of a line, or a link that some readers make by themselves.
            '+' | '-' | '=' if safe.is_empty() => {
                safe.push('\\');
                safe.push(c);
            }
            ':' if safe.ends_with("http") || safe.ends_with("https") => safe.push_str("&#58;"),
            '\n' | '\r' | '\t' => safe.push(' '),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

/// Whether a spreadsheet that reads this text from CSV may take it for a formula.
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// Text for a CSV field: what could be a formula gets an apostrophe before it, and so does what begins with an
/// apostrophe. Whoever reads by program takes one leading apostrophe away and has the text again.
pub(super) fn csv(text: &str) -> Cow<'_, str> {
    if is_formula(text) || text.starts_with('\'') {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_script_in_a_label_is_text() {
        let label = r#"<script>alert("1")</script>'&"#;
        assert_eq!(html(label), "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;");
        assert_eq!(markdown("a|b\n# c"), r"a\|b \# c");
        assert_eq!(markdown("![x](https://evil.example)"), r"\!\[x\](https&#58;//evil.example)");
        assert_eq!(terminal("a\u{1b}[2Jb\r"), "a[2Jb");
    }

    proptest! {
        #[test]
        fn no_markup_leaves(text in any::<String>()) {
            let safe = html(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'', '\n', '\0']));
            prop_assert!(!markdown(&text).contains(['<', '>', '\n', '\r']));
            prop_assert!(!terminal(&text).chars().any(char::is_control));
        }

        #[test]
        fn no_pipe_ends_a_markdown_cell(text in "[a-z|\\\\]{0,12}") {
            let safe = markdown(&text);
            let mut escaped = false;
            for c in safe.chars() {
                prop_assert!(c != '|' || escaped, "{safe}");
                escaped = c == '\\' && !escaped;
            }
        }

        #[test]
        fn a_csv_text_is_never_a_formula_and_comes_back(text in "[-=+@'\t\ra-z]{0,6}") {
            let safe = csv(&text);
            prop_assert!(!is_formula(&safe));
            prop_assert_eq!(safe.strip_prefix('\'').unwrap_or(&safe), text.as_str());
        }
    }
}
