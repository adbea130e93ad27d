//! What a drawing is made of: texts that are measured, and shapes with titles.

use std::fmt::Write as _;

use crate::answer::escape::html as safe;
use crate::language::Language;

/// Width of every drawing, in units of its view box.
pub(super) const WIDTH: f64 = 760.0;
/// Height of a line of text.
pub(super) const LINE: f64 = 16.0;
/// From the middle of a line of text to its base.
pub(super) const BASE: f64 = 4.5;

/// A drawing that grows downwards.
pub(super) struct Canvas {
    pub(super) language: Language,
    pub(super) body: String,
    /// Where free room begins.
    pub(super) y: f64,
}

/// A coordinate: a tenth of a unit is enough.
pub(super) fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows and places")]
pub(super) const fn float(value: usize) -> f64 {
    value as f64
}

/// Width of a text in a wide sans-serif at 13 units, so that it is no wider in any usual one.
pub(super) fn width(text: &str) -> f64 {
    let sign = |c: char| match c {
        'i' | 'l' | 'j' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' | '('
        | ')' | '-' | '·' => 5.2,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' | '…' | '≥' | '≤' | '+' | '=' => 12.6,
        c if c.is_uppercase() => 9.6,
        c if c.is_ascii() || c.is_alphabetic() => 8.2,
        _ => 13.0,
    };
    text.chars().map(sign).sum()
}

/// The text, or as much of it as fits with a sign that something is left out; a number in it is there whole or not.
/// Never for a figure.
pub(super) fn fit(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if width(&kept) + width(&c.to_string()) + width("…") > room {
            break;
        }
        kept.push(c);
    }
    // A number that was cut would read as another one.
    if text[kept.len()..].starts_with(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.')) {
        kept.truncate(kept.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.')).len());
    }
    format!("{}…", kept.trim_end())
}

/// The text in lines that fit, at most so many.
pub(super) fn lines(text: &str, room: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let words: Vec<&str> = text.split(' ').collect();
    for (at, word) in words.iter().enumerate() {
        let last = lines.len().saturating_sub(1);
        if lines.last().is_some_and(|line| width(line) + width(" ") + width(word) <= room) {
            lines[last] += &format!(" {word}");
        } else if lines.len() + 1 < most {
            lines.push((*word).to_owned());
        } else {
            lines.push(words[at..].join(" "));
            break;
        }
    }
    lines.iter().map(|line| fit(line, room)).collect()
}

/// The room that a text needs in so many lines, but no more than some.
pub(super) fn room<'a>(texts: impl Iterator<Item = &'a str>, least: f64, most: f64) -> f64 {
    texts.map(width).fold(least, f64::max).min(most)
}

impl Canvas {
    pub(super) const fn new(language: Language) -> Canvas {
        Canvas { language, body: String::new(), y: 4.0 }
    }

    /// A text by the middle of its line. Classes `end` and `middle` say which point of it is `x`.
    pub(super) fn text(&mut self, class: &str, x: f64, middle: f64, text: &str) {
        self.titled_text(class, x, middle, text, "");
    }

    /// A text with a title, which says what it was before it was shortened.
    pub(super) fn titled_text(&mut self, class: &str, x: f64, middle: f64, text: &str, title: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let title = if title.is_empty() { String::new() } else { format!("<title>{}</title>", safe(title)) };
        let (x, y) = (round(x), round(middle + BASE));
        let _ = writeln!(self.body, "<text{class} x=\"{x}\" y=\"{y}\">{}{title}</text>", safe(text));
    }

    /// A text in lines around a middle.
    pub(super) fn block(&mut self, class: &str, x: f64, middle: f64, lines: &[String], title: &str) {
        let first = middle - float(lines.len().saturating_sub(1)) * LINE / 2.0;
        for (at, line) in lines.iter().enumerate() {
            let title = if lines.concat().ends_with('…') || lines.len() > 1 { title } else { "" };
            self.titled_text(class, x, first + float(at) * LINE, line, title);
        }
    }

    /// A heading over a panel, and the room that it takes.
    pub(super) fn heading(&mut self, text: &str) {
        if !text.is_empty() {
            self.y += 6.0;
            let shown = fit(text, WIDTH / 1.12);
            let title = if shown == text { "" } else { text };
            self.titled_text("head", 0.0, self.y + LINE / 2.0, &shown, title);
            self.y += LINE + 8.0;
        }
    }

    /// A rectangle from one corner to another, in any order.
    pub(super) fn rect(&mut self, class: &str, from: (f64, f64), to: (f64, f64), title: &str) {
        let (x, y) = (round(from.0.min(to.0)), round(from.1.min(to.1)));
        let (width, height) = (round((to.0 - from.0).abs()), round((to.1 - from.1).abs()));
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"><title>{}</title></rect>",
            safe(title)
        );
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(round);
        let _ =
            writeln!(self.body, "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>");
    }

    pub(super) fn path(&mut self, class: &str, d: &str) {
        if !d.trim().is_empty() {
            let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{}\"/>", d.trim());
        }
    }

    /// An interval or a bound lying on a line: a rule with ends.
    pub(super) fn whisker(&mut self, from: (f64, f64), to: (f64, f64)) {
        let across = if (from.1 - to.1).abs() < 0.05 { (0.0, 4.0) } else { (4.0, 0.0) };
        let mut d = format!("M{} {} L{} {}", round(from.0), round(from.1), round(to.0), round(to.1));
        for (x, y) in [from, to] {
            let [a, b, c, e] = [x - across.0, y - across.1, x + across.0, y + across.1].map(round);
            let _ = write!(d, " M{a} {b} L{c} {e}");
        }
        // A rim keeps it visible on a bar.
        self.path("rim", &d);
        self.path("whisker", &d);
    }

    /// A mark: each group has a shape of its own, besides its colour.
    pub(super) fn marker(&mut self, shape: usize, colour: usize, (x, y): (f64, f64), title: &str) {
        let [left, right, top, low] = [x - 4.0, x + 4.0, y - 4.0, y + 4.0].map(round);
        let (x, y) = (round(x), round(y));
        let title = if title.is_empty() { String::new() } else { format!("<title>{}</title>", safe(title)) };
        let d = match shape % 6 {
            1 | 5 => format!("M{left} {top} L{right} {top} L{right} {low} L{left} {low} Z"),
            2 => format!(
                "M{x} {} L{} {low} L{} {low} Z",
                round(top - 1.0),
                round(right + 1.0),
                round(left - 1.0)
            ),
            3 => format!(
                "M{x} {} L{} {y} L{x} {} L{} {y} Z",
                round(top - 1.5),
                round(right + 1.5),
                round(low + 1.5),
                round(left - 1.5)
            ),
            _ => {
                let class = if shape.is_multiple_of(6) { "" } else { " open" };
                let _ = writeln!(
                    self.body,
                    "<circle class=\"mark c{colour}{class}\" cx=\"{x}\" cy=\"{y}\" r=\"4.2\">{title}</circle>"
                );
                return;
            }
        };
        let class = if shape % 6 == 5 { " open" } else { "" };
        let _ = writeln!(self.body, "<path class=\"mark c{colour}{class}\" d=\"{d}\">{title}</path>");
    }

    /// A dot without a title.
    pub(super) fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let (x, y) = (round(x), round(y));
        let _ = writeln!(self.body, "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>");
    }

    /// What stands where a figure is hidden.
    pub(super) fn hidden(&self) -> String {
        format!("{} {}", crate::answer::HIDDEN_MARK, self.language.choose("skjult", "hidden"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_there_whole_or_not() {
        assert_eq!(fit("Kommune 1234", 90.0), "Kommune…");
        assert_eq!(fit("1.234.567", 40.0), "…");
        assert_eq!(fit("Kommune", 80.0), "Kommune");
    }

    proptest! {
        #[test]
        fn lines_have_room_and_lose_nothing_unsaid(text in "[a-zæøåA-Z0-9., ]{0,60}", room in 20.0..300.0, most in 1_usize..4) {
            let lines = lines(&text, room, most);
            prop_assert!(lines.len() <= most);
            prop_assert!(lines.iter().all(|line| width(line) <= room.max(width("…"))), "{lines:?}");
            prop_assert!(lines.join(" ") == text || lines.iter().any(|line| line.ends_with('…')));
        }
    }
}
