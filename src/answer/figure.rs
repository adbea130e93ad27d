//! One figure: exactly one of the forms that the rules let out.

use serde::{Deserialize, Serialize};

use super::model::FigureColumn;
use crate::language::Language;

/// The mark of a hidden figure where people read.
pub const HIDDEN_MARK: &str = "··";

/// A released figure. What does not apply to a row is `None` around it.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Members", into = "Members")]
pub enum Figure {
    /// A rounded count.
    Count(u64),
    /// A rate in whole per cent, of the shown parts.
    Percent(i64),
    /// A rate of at most so many per cent.
    AtMost(i64),
    /// A rate of at least so many per cent.
    AtLeast(i64),
    /// From and to, both included.
    Range {
        /// From.
        low: f64,
        /// To.
        high: f64,
    },
    /// From, with no end: the last band of a median.
    From(f64),
    /// A mean, an amount or another number.
    Number(f64),
    /// Hidden, whatever hid it.
    Hidden,
}

/// A figure as JSON has it.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Members {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    percent: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_most: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hidden: Option<bool>,
}

/// Members that are no figure, or two.
#[derive(Debug, thiserror::Error)]
#[error(
    "a figure is one of count, percent, at_most, at_least, low with high, low alone, number, or hidden: true"
)]
struct NoFigure;

impl TryFrom<Members> for Figure {
    type Error = NoFigure;

    fn try_from(members: Members) -> Result<Figure, NoFigure> {
        let Members { count, percent, at_most, at_least, low, high, number, hidden } = members;
        match (count, percent, at_most, at_least, (low, high), number, hidden) {
            (Some(count), None, None, None, (None, None), None, None) => Ok(Figure::Count(count)),
            (None, Some(percent), None, None, (None, None), None, None) => Ok(Figure::Percent(percent)),
            (None, None, Some(percent), None, (None, None), None, None) => Ok(Figure::AtMost(percent)),
            (None, None, None, Some(percent), (None, None), None, None) => Ok(Figure::AtLeast(percent)),
            (None, None, None, None, (Some(low), Some(high)), None, None) if low <= high => {
                Ok(Figure::Range { low, high })
            }
            (None, None, None, None, (Some(low), None), None, None) => Ok(Figure::From(low)),
            (None, None, None, None, (None, None), Some(number), None) => Ok(Figure::Number(number)),
            (None, None, None, None, (None, None), None, Some(true)) => Ok(Figure::Hidden),
            _ => Err(NoFigure),
        }
    }
}

impl From<Figure> for Members {
    fn from(figure: Figure) -> Members {
        let none = Members::default();
        match figure {
            Figure::Count(count) => Members { count: Some(count), ..none },
            Figure::Percent(percent) => Members { percent: Some(percent), ..none },
            Figure::AtMost(percent) => Members { at_most: Some(percent), ..none },
            Figure::AtLeast(percent) => Members { at_least: Some(percent), ..none },
            Figure::Range { low, high } => Members { low: Some(low), high: Some(high), ..none },
            Figure::From(low) => Members { low: Some(low), ..none },
            Figure::Number(number) => Members { number: Some(number), ..none },
            Figure::Hidden => Members { hidden: Some(true), ..none },
        }
    }
}

impl Figure {
    /// As a person reads it, in the column it stands in: `1,240`, `67 %`, `≥ 76 %`, `12 to 80`, `··`.
    #[must_use]
    pub fn to_text(self, column: &FigureColumn, language: Language) -> String {
        let decimals = usize::from(column.decimals);
        let percent = |value: i64| format!("{value} %");
        match self {
            Figure::Count(count) => language.grouped(&count.to_string()),
            Figure::Percent(value) => percent(value),
            Figure::AtMost(value) => format!("≤ {}", percent(value)),
            Figure::AtLeast(value) => format!("≥ {}", percent(value)),
            Figure::Number(value) => language.grouped(&at_decimals(value, decimals)),
            Figure::Range { low, high } => {
                let side = |value| language.grouped(&at_decimals(value, decimals));
                format!("{} {} {}", side(low), language.to(), side(high))
            }
            Figure::From(low) => format!("≥ {}", language.grouped(&at_decimals(low, decimals))),
            Figure::Hidden => HIDDEN_MARK.to_owned(),
        }
    }

    /// Without a column: a sum, or the number of those left out.
    #[must_use]
    pub fn to_plain_text(self, language: Language) -> String {
        self.to_text(&FigureColumn::plain(), language)
    }

    /// Whether it is hidden.
    #[must_use]
    pub const fn is_hidden(self) -> bool {
        matches!(self, Figure::Hidden)
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.to_plain_text(Language::En))
    }
}

/// At least so many decimals, and as many more as the number has: a form shows what was released and rounds nothing.
pub(super) fn at_decimals(value: f64, decimals: usize) -> String {
    let shortest = value.to_string();
    let has = shortest.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if has >= decimals { shortest } else { format!("{value:.decimals$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_exactly_one_form() {
        let read = |text: &str| serde_json::from_str::<Option<Figure>>(text);
        for (text, figure) in [
            (r#"{"count":20}"#, Some(Figure::Count(20))),
            (r#"{"percent":67}"#, Some(Figure::Percent(67))),
            (r#"{"at_most":24}"#, Some(Figure::AtMost(24))),
            (r#"{"at_least":76}"#, Some(Figure::AtLeast(76))),
            (r#"{"low":12.0,"high":80.0}"#, Some(Figure::Range { low: 12.0, high: 80.0 })),
            (r#"{"low":731.0}"#, Some(Figure::From(731.0))),
            (r#"{"number":12.3}"#, Some(Figure::Number(12.3))),
            (r#"{"hidden":true}"#, Some(Figure::Hidden)),
            ("null", None),
        ] {
            assert_eq!(read(text).ok(), Some(figure), "{text}");
            assert_eq!(serde_json::to_string(&figure).expect("JSON"), text);
        }
        for wrong in [
            "{}",
            r#"{"count":20,"hidden":true}"#,
            r#"{"hidden":false}"#,
            r#"{"high":1}"#,
            r#"{"low":2,"high":1}"#,
            r#"{"count":-1}"#,
            r#"{"persons":3}"#,
            "20",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_keeps_its_decimals() {
        assert_eq!(at_decimals(12.0, 1), "12.0");
        assert_eq!(at_decimals(12.345, 1), "12.345");
        assert_eq!(at_decimals(1_200_000.0, 0), "1200000");
        let column = FigureColumn { decimals: 1, ..FigureColumn::plain() };
        assert_eq!(Figure::Number(-12_345.5).to_text(&column, Language::Da), "-12.345,5");
        assert_eq!(Figure::Number(-12_345.5).to_text(&column, Language::En), "-12,345.5");
    }
}
