//! A question as an address says it, and how it is asked.

use std::sync::Arc;

use crate::answer::{Answer, OneAsk};
use crate::clock::{Period, Quarter};
use crate::http::{Failure, Wanted, counted};
use crate::name::{DimensionId, PopulationId, QuestionId};
use crate::question::Ask;
use crate::service::{Reason, ServiceError};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::guard::Visitor;
use crate::web::page::Refusal;

const UNREADABLE: Refusal = Refusal::Told(
    "Adressen nævner noget, der ikke kan være navnet på en dimension eller en population. Vælg nedenfor.",
    "The address names something that cannot be the name of a dimension or a population. Choose below.",
);
const NO_PERIOD: Refusal = Refusal::Told(
    "Vælg det første og det sidste kvartal, der spørges om.",
    "Choose the first and the last quarter that you ask about.",
);
const REVERSED: Refusal = Refusal::Told(
    "Perioden slutter, før den begynder. Vælg et sidste kvartal, der ikke ligger før det første.",
    "The period ends before it begins. Choose a last quarter that does not lie before the first.",
);

/// What the fields of a request ask: `by` once or several times or with commas, `period` or `from` and `to`, `population`.
pub(super) fn ask_of(question: QuestionId, fields: &Fields) -> Result<Ask, Refusal> {
    let names = fields.all("by").flat_map(|by| by.split(',')).filter(|name| !name.is_empty());
    let by: Result<Vec<DimensionId>, _> = names.map(str::parse).collect();
    let population: Option<PopulationId> =
        fields.one("population").map(str::parse).transpose().map_err(|_| UNREADABLE)?;
    let period = period_of(fields)?;
    Ok(Ask { question, by: by.map_err(|_| UNREADABLE)?, period, population })
}

/// The quarters that the fields of a request name.
pub(super) fn period_of(fields: &Fields) -> Result<Period, Refusal> {
    let whole = match fields.one("period") {
        Some(period) => {
            let sides = period.split_once("..").unwrap_or((period, period));
            [sides.0, sides.1].map(|side| side.parse::<Quarter>().ok())
        }
        None => ["from", "to"].map(|side| fields.one(side).and_then(|side| side.parse().ok())),
    };
    let [Some(from), Some(to)] = whole else { return Err(NO_PERIOD) };
    Period::new(from, to).map_err(|_| REVERSED)
}

/// The query that asks this: `by=a,b&period=2022-Q1..2022-Q4&population=p`. No name holds a sign that would be escaped.
pub(super) fn query(ask: &Ask) -> String {
    let by: Vec<&str> = ask.by.iter().map(DimensionId::as_str).collect();
    let by = if by.is_empty() { String::new() } else { format!("by={}&", by.join(",")) };
    let population = ask.population.as_ref().map(|id| format!("&population={id}")).unwrap_or_default();
    format!("{by}period={}{population}", ask.period)
}

/// The address, after the language, of the answer.
pub(super) fn address(ask: &Ask) -> String {
    format!("/questions/{}/answer?{}", ask.question, query(ask))
}

/// The question in one word of an address: `reach:role,municipality:2022-Q1..2022-Q4:exposed`.
pub(super) fn word(ask: &Ask) -> String {
    let by: Vec<&str> = ask.by.iter().map(DimensionId::as_str).collect();
    let population = ask.population.as_ref().map_or("", |population| population.as_str());
    format!("{}:{}:{}:{population}", ask.question, by.join(","), ask.period)
}

/// The question that a word of an address says.
pub(super) fn parse_word(word: &str) -> Option<Ask> {
    let parts: Vec<&str> = word.split(':').collect();
    let [question, by, period, population] = parts[..] else { return None };
    let by = by.split(',').filter(|name| !name.is_empty()).map(str::parse).collect::<Result<_, _>>().ok()?;
    let population = if population.is_empty() { None } else { Some(population.parse().ok()?) };
    Some(Ask { question: question.parse().ok()?, by, period: period.parse().ok()?, population })
}

/// As a list of questions has it.
pub(super) fn listed(ask: &Ask) -> OneAsk {
    let Ask { question, by, period, population } = ask.clone();
    OneAsk { question, by, period, population }
}

/// An answer with the text in which it was released.
pub(super) struct Asked {
    pub(super) body: String,
    pub(super) answer: Answer,
}

impl Asked {
    /// Reads a released text.
    pub(super) fn read(body: String) -> Result<Asked, ServiceError> {
        let answer = serde_json::from_str(&body).map_err(|_| ServiceError::Refused(Reason::Internal))?;
        Ok(Asked { body, answer })
    }
}

/// Asks questions in their order, each by itself. The work is given up when whoever waits goes away.
pub(super) async fn ask_all(
    web: &Arc<Web>,
    visitor: &Visitor,
    asks: Vec<Ask>,
) -> Result<Vec<Result<Asked, ServiceError>>, Failure> {
    let wanted = Wanted::default();
    let progress = Arc::clone(&wanted.0);
    let mut answers = Vec::new();
    for ask in asks {
        let (service, caller, progress) =
            (Arc::clone(&web.service), visitor.principal.clone(), Arc::clone(&progress));
        // Each in its own turn: others' questions are answered between those of a long report.
        let answer = counted(move || service.ask_with(&caller, &ask, &progress).and_then(Asked::read)).await;
        answers.push(answer.map_err(|Failure(error)| error));
    }
    Ok(answers)
}

/// Asks one question.
pub(super) async fn ask_one(web: &Arc<Web>, visitor: &Visitor, ask: Ask) -> Result<Asked, ServiceError> {
    let asked = ask_all(web, visitor, vec![ask]).await.map_err(|Failure(error)| error)?;
    asked.into_iter().next().unwrap_or(Err(ServiceError::Refused(Reason::Internal)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_word_says_one_question(
            question in "[a-z][a-z0-9-]{0,12}",
            by in proptest::collection::vec("[a-z][a-z0-9-]{0,8}", 0..4),
            population in proptest::option::of("[a-z][a-z0-9-]{0,8}"),
            quarter in 1u8..=4,
        ) {
            let ask = Ask {
                question: question.parse().expect("a name"),
                by: by.iter().map(|id| id.parse().expect("a name")).collect(),
                period: format!("2021-Q{quarter}..2022-Q1").parse().expect("quarters"),
                population: population.map(|id| id.parse().expect("a name")),
            };
            prop_assert_eq!(parse_word(&word(&ask)), Some(ask.clone()));
            // Nothing in either has to be escaped in an address or in a page.
            let plain = |c: char| c.is_ascii_alphanumeric() || "-,.:=&?/".contains(c);
            prop_assert!(word(&ask).chars().all(plain) && address(&ask).chars().all(plain));
        }

        #[test]
        fn no_word_is_read_by_force(word in ".{0,40}") {
            let _ = parse_word(&word);
        }
    }
}
