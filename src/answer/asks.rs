//! Several questions in one file, for a report.

use serde::{Deserialize, Serialize};

use crate::clock::Period;
use crate::language::Spoken;
use crate::name::{DimensionId, PopulationId, QuestionId};

/// A list of questions: TOML with an optional `title`, an optional `period`, and an `[[ask]]` for each.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AskList {
    /// Title of the report.
    pub title: Option<String>,
    /// Quarters of every question that names none.
    period: Option<Period>,
    /// Questions, in the order of the report.
    ask: Vec<ListedAsk>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ListedAsk {
    question: QuestionId,
    #[serde(default)]
    by: Vec<DimensionId>,
    period: Option<Period>,
    population: Option<PopulationId>,
}

/// A question as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OneAsk {
    /// The question.
    #[serde(skip)]
    pub question: QuestionId,
    /// Dimensions.
    pub by: Vec<DimensionId>,
    /// Quarters.
    pub period: Period,
    /// Population.
    pub population: Option<PopulationId>,
}

/// Why a list of questions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AskListError {
    /// Not such a file; the message says where.
    #[error("not a list of questions: {0}")]
    Form(#[from] toml::de::Error),
    /// Nothing is asked.
    #[error("the list asks nothing: write an [[ask]] with `question = \"…\"`")]
    Empty,
    /// A question without quarters.
    #[error("ask {0} of the list has no period: write one there, or one for all above the first [[ask]]")]
    Period(usize),
}

/// What is wrong with the TOML itself stands in English, as its reader says it.
impl Spoken for AskListError {
    fn danish(&self) -> String {
        match self {
            AskListError::Form(error) => format!("ikke en liste af spørgsmål: {error}"),
            AskListError::Empty => {
                "listen spørger ikke om noget: skriv en [[ask]] med `question = \"…\"`".to_owned()
            }
            AskListError::Period(at) => format!(
                "[[ask]] nummer {at} i listen har ingen periode: skriv en der, eller en for alle over den første [[ask]]"
            ),
        }
    }
}

impl AskList {
    /// Reads a list.
    ///
    /// # Errors
    /// [`AskListError::Form`].
    pub fn parse(text: &str) -> Result<AskList, AskListError> {
        Ok(toml::from_str(text)?)
    }

    /// A list of questions, each with its own quarters.
    #[must_use]
    pub fn of(title: Option<String>, asks: &[OneAsk]) -> AskList {
        let listed = asks.iter().map(|ask| ListedAsk {
            question: ask.question.clone(),
            by: ask.by.clone(),
            period: Some(ask.period),
            population: ask.population.clone(),
        });
        AskList { title, period: None, ask: listed.collect() }
    }

    /// The list as [`AskList::parse`] reads it.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("texts and names have a form in TOML")
    }

    /// The questions; `period` stands in where neither the question nor the list names quarters.
    ///
    /// # Errors
    /// [`AskListError::Empty`], [`AskListError::Period`].
    pub fn asks(&self, period: Option<Period>) -> Result<Vec<OneAsk>, AskListError> {
        if self.ask.is_empty() {
            return Err(AskListError::Empty);
        }
        let one = |(at, ask): (usize, &ListedAsk)| {
            let period = ask.period.or(self.period).or(period).ok_or(AskListError::Period(at + 1))?;
            let ListedAsk { question, by, population, .. } = ask.clone();
            Ok(OneAsk { question, by, period, population })
        };
        self.ask.iter().enumerate().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_comes_back(
            title in proptest::option::of(any::<String>()),
            asks in proptest::collection::vec(("[a-z][a-z0-9-]{0,8}", proptest::collection::vec("[a-z]{1,8}", 0..3), 0u8..4, proptest::option::of("[a-z]{1,8}")), 1..6),
        ) {
            let asks: Vec<OneAsk> = asks
                .into_iter()
                .map(|(question, by, quarter, population)| OneAsk {
                    question: question.parse().expect("a name"),
                    by: by.iter().map(|id| id.parse().expect("a name")).collect(),
                    period: format!("2022-Q1..2022-Q{}", quarter + 1).parse().expect("quarters"),
                    population: population.map(|id| id.parse().expect("a name")),
                })
                .collect();
            let list = AskList::of(title.clone(), &asks);
            let read = AskList::parse(&list.to_toml()).expect("a list");
            prop_assert_eq!(&read.title, &title);
            prop_assert_eq!(read.asks(None).expect("questions"), asks);
        }
    }

    #[test]
    fn quarters_come_from_the_question_the_list_or_the_command() {
        let list = "title = \"T\"\n[[ask]]\nquestion = \"reach\"\nby = [\"role\"]\n[[ask]]\nquestion = \"funnel\"\nperiod = \"2021-Q1..2021-Q1\"\n";
        let list = AskList::parse(list).expect("a list");
        assert!(matches!(list.asks(None), Err(AskListError::Period(1))));
        let asks = list.asks("2022-Q1..2022-Q2".parse().ok()).expect("questions");
        assert_eq!(asks[0].period.to_string(), "2022-Q1..2022-Q2");
        assert_eq!(asks[1].period.to_string(), "2021-Q1..2021-Q1");
        let sent = serde_json::to_string(&asks[0]).expect("JSON");
        assert_eq!(sent, r#"{"by":["role"],"period":"2022-Q1..2022-Q2","population":null}"#);
        assert!(matches!(AskList::parse("ask = []").expect("a list").asks(None), Err(AskListError::Empty)));
        let wrong = AskList::parse("[[ask]]\nquestion = \"reach\"\nwhere = 1\n").expect_err("unknown");
        assert!(wrong.to_string().contains("where"), "{wrong}");
    }
}
