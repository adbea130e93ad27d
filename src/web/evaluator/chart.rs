//! The drawing of an answer, as `answer` makes it.

use crate::answer::{Answer, Report};
use crate::language::Language;

/// The figure with its caption, every text in it escaped; `None` where the answer is not drawn. `id` begins its ids.
pub(super) fn figure(answer: &Answer, l: Language, id: &str) -> Option<String> {
    let report = Report { title: String::new(), language: l, answers: vec![answer.clone()] }.to_html();
    let (_, after) = report.split_once("<figure")?;
    let (inside, _) = after.split_once("</figure>")?;
    let figure = format!("<figure{inside}</figure>");
    Some(figure.replace("\"a1-", &format!("\"{id}-")).replace(" a1-d\"", &format!(" {id}-d\"")))
}
