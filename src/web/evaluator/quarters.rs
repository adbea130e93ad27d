//! Quarters, as people say them and as a form offers them.

use crate::clock::Quarter;
use crate::language::Language;
use crate::web::choice::Choice;

/// A quarter as people say it.
pub(super) fn quarter_words(quarter: Quarter, l: Language) -> String {
    let text = quarter.to_string();
    let (year, index) = text.split_once("-Q").unwrap_or((&text, ""));
    match l {
        Language::Da => format!("{index}. kvartal {year}"),
        Language::En => format!("Quarter {index}, {year}"),
    }
}

/// Quarters as a list, of which one is chosen.
pub(super) fn quarter_choices(quarters: &[Quarter], chosen: Option<Quarter>, l: Language) -> Vec<Choice> {
    let one = |quarter: &Quarter| Choice {
        id: quarter.to_string(),
        title: quarter_words(*quarter, l),
        chosen: Some(*quarter) == chosen,
    };
    quarters.iter().map(one).collect()
}
