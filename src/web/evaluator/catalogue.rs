//! The list of questions that somebody may ask.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::language::Language;
use crate::programme::{Programme, Question, QuestionKind};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page;

struct Entry {
    href: String,
    number: String,
    title: String,
    /// The definition's first sentence.
    short: String,
    /// What it may be broken down by, in words.
    by: String,
}

struct Group {
    title: &'static str,
    id: usize,
    entries: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "evaluator/questions.html")]
struct CataloguePage {
    frame: Frame,
    looked_for: String,
    groups: Vec<Group>,
    found: usize,
}

/// What a question is about, in the order of the page.
const GROUPS: [(&str, &str); 5] = [
    ("Hvem og hvor mange", "Who and how many"),
    ("Vejen gennem forløbet", "The way through the course"),
    ("Hvad sker der bagefter", "What happens afterwards"),
    ("Hvad koster det", "What it costs"),
    ("Data og samtykke", "Data and consent"),
];

const fn group(kind: &QuestionKind) -> usize {
    match kind {
        QuestionKind::Reach { .. }
        | QuestionKind::Criteria(_)
        | QuestionKind::Overlap { .. }
        | QuestionKind::Activity { .. } => 0,
        QuestionKind::Funnel { .. } | QuestionKind::Attrition { .. } => 1,
        QuestionKind::FollowUp(_) | QuestionKind::Change(_) | QuestionKind::Comparison(_) => 2,
        QuestionKind::Amount(_) | QuestionKind::Budget(_) | QuestionKind::Payment(_) => 3,
        QuestionKind::Consents | QuestionKind::Quality { .. } => 4,
    }
}

fn entry(programme: &Programme, question: &Question, l: Language) -> Entry {
    let definition = l.of(&question.definition);
    let short = first_sentence(definition).to_owned();
    let titles = question.dimensions.iter().map(|at| l.of(&programme.dimensions[*at].title));
    Entry {
        href: format!("/{}/questions/{}", l.tag(), question.id),
        number: question.number.clone(),
        title: l.of(&question.title).to_owned(),
        short,
        by: titles.collect::<Vec<_>>().join(", ").to_lowercase(),
    }
}

/// Whether a question is one that somebody looks for: every word stands somewhere in it.
fn is_looked_for(programme: &Programme, question: &Question, l: Language, words: &[String]) -> bool {
    let titles = question.dimensions.iter().map(|at| l.of(&programme.dimensions[*at].title));
    let said =
        [question.number.as_str(), question.id.as_str(), l.of(&question.title), l.of(&question.definition)];
    let text = said.into_iter().chain(titles).collect::<Vec<_>>().join("\n").to_lowercase();
    words.iter().all(|word| text.contains(word))
}

pub(super) async fn show(State(web): State<Arc<Web>>, visitor: Visitor, fields: Fields) -> Response {
    let l = visitor.visit.language;
    let programme = web.service.programme();
    let looked_for: String = fields.one("q").unwrap_or_default().chars().take(100).collect();
    let words: Vec<String> = looked_for.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut groups: Vec<Group> = GROUPS
        .iter()
        .enumerate()
        .map(|(id, (da, en))| Group { title: l.choose(da, en), id, entries: Vec::new() })
        .collect();
    for question in web.service.askable(&visitor.principal) {
        if is_looked_for(programme, question, l, &words) {
            groups[group(&question.kind)].entries.push(entry(programme, question, l));
        }
    }
    groups.retain(|group| !group.entries.is_empty());
    let found = groups.iter().map(|group| group.entries.len()).sum();
    let frame = Frame::of(&visitor.visit, l.choose("Spørgsmål", "Questions"));
    page::show(&CataloguePage { frame, looked_for, groups, found })
}

/// A text to its first full stop that ends a sentence: behind one of an abbreviation (»pr. kvartal«) nothing begins.
fn first_sentence(text: &str) -> &str {
    let ends = text.match_indices(". ").map(|(at, _)| at + 1);
    let mut ends = ends.filter(|at| text[*at..].trim_start().starts_with(char::is_uppercase));
    ends.next().map_or(text, |end| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::first_sentence;

    #[test]
    fn an_abbreviation_ends_no_sentence() {
        assert_eq!(first_sentence("Pr. kvartal: nye forløb. Resten."), "Pr. kvartal: nye forløb.");
        assert_eq!(first_sentence("I gennemsnit pr. forløb."), "I gennemsnit pr. forløb.");
        assert_eq!(first_sentence("Ét. Æblet."), "Ét.");
    }
}
