//! What somebody asks, as it comes in.

use serde::{Deserialize, Serialize};

use crate::clock::Period;
use crate::name::{DimensionId, PopulationId, QuestionId};

/// A question as asked. Nothing but registered names and whole quarters can be said in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Which question.
    pub question: QuestionId,
    /// What to break it down by, in any order.
    #[serde(default)]
    pub by: Vec<DimensionId>,
    /// Whole quarters.
    pub period: Period,
    /// What to narrow it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<PopulationId>,
}

impl Ask {
    /// One text for all tables of one question: [`Ask::key`] without the dimensions, and without the population where
    /// `narrowed` says that it is the code of a dimension.
    pub(super) fn family(&self, narrowed: bool) -> String {
        let population = self.population.as_ref().filter(|_| !narrowed);
        let population = population.map_or("", |population| population.as_str());
        format!("{}?population={population}&period={}", self.question, self.period)
    }

    /// One text for one question, whatever the order of the dimensions: `question?by=a,b&population=p&period=…`. No
    /// name holds any of the signs between.
    #[must_use]
    pub fn key(&self) -> String {
        let mut by = self.by.iter().map(DimensionId::as_str).collect::<Vec<_>>();
        by.sort_unstable();
        let population = self.population.as_ref().map_or("", |population| population.as_str());
        format!("{}?by={}&population={population}&period={}", self.question, by.join(","), self.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(json: &str) -> Result<Ask, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn one_question_has_one_key() {
        let one = ask(r#"{"question":"reach","by":["role","partner"],"period":"2022-Q1"}"#).expect("an ask");
        let two = ask(r#"{"question":"reach","by":["partner","role"],"period":"2022-Q1..2022-Q1"}"#)
            .expect("an ask");
        assert_eq!(one.key(), two.key());
        assert_eq!(one.key(), "reach?by=partner,role&population=&period=2022-Q1..2022-Q1");
        let narrowed = Ask { population: Some("exposed".parse().expect("a name")), ..one.clone() };
        assert_ne!(narrowed.key(), one.key());
    }

    #[test]
    fn nothing_else_can_be_said() {
        for bad in [
            r#"{"question":"reach","period":"2022-Q1","where":"x"}"#,
            r#"{"question":"reach"}"#,
            r#"{"question":"reach","period":"2022-01-01"}"#,
            r#"{"question":"Reach","period":"2022-Q1"}"#,
        ] {
            assert!(ask(bad).is_err(), "{bad}");
        }
    }
}
