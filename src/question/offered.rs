//! What of a question can be asked on a day: for forms that offer nothing else. From the programme and the calendar alone.

use super::ask::Ask;
use super::plan::{dimensions_of, plan};
use crate::clock::{Day, Period, Quarter};
use crate::disclosure::Rules;
use crate::programme::{Programme, Question, QuestionKind};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Positions of the dimensions that it may be broken down by.
    pub dimensions: Vec<usize>,
    /// How many of them at a time.
    pub most_dimensions: usize,
    /// Positions of the populations that it may be narrowed to.
    pub populations: Vec<usize>,
    /// The quarters that may be asked about, in order.
    pub quarters: Vec<Quarter>,
}

/// What of a question can be asked today of the snapshot that was sealed on `sealed`: each quarter of these is answered by
/// itself, and each dimension and population.
#[must_use]
pub fn offered(
    programme: &Programme,
    question: &Question,
    sealed: Day,
    today: Day,
    rules: &Rules,
) -> Offered {
    let can = |quarter: &Quarter| {
        let (period, question) = (Period::of(*quarter), question.id.clone());
        let ask = Ask { question, by: Vec::new(), period, population: None };
        plan(programme, &ask, sealed, today, rules).is_ok()
    };
    Offered {
        dimensions: dimensions_of(programme, question),
        most_dimensions: rules.dimensions(),
        populations: match question.kind {
            QuestionKind::Consents => Vec::new(),
            _ => question.populations.clone(),
        },
        quarters: programme.period.quarters().filter(can).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::AskRefusal;

    /// Every single thing that is offered is answered, and nothing that is not offered is.
    #[test]
    fn what_is_offered_is_what_can_be_asked() {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        let programme = Programme::parse(text).expect("a programme");
        let rules = Rules::standard();
        let day = |text: &str| text.parse::<Day>().expect("a day");
        let (sealed, today) = (day("2023-02-01"), day("2023-06-01"));
        let mut asked = 0;
        for question in &programme.questions {
            let offered = offered(&programme, question, sealed, today, &rules);
            let Some(first) = offered.quarters.first() else { continue };
            assert!(offered.quarters.iter().all(|quarter| quarter.last() < sealed), "{}", question.id);
            let ask = Ask {
                question: question.id.clone(),
                by: Vec::new(),
                period: Period::of(*first),
                population: None,
            };
            for (at, dimension) in programme.dimensions.iter().enumerate() {
                let by = Ask { by: vec![dimension.id.clone()], ..ask.clone() };
                let refused = plan(&programme, &by, sealed, today, &rules).err();
                let unknown = matches!(refused, Some(AskRefusal::Dimension { .. }));
                assert_eq!(offered.dimensions.contains(&at), !unknown, "{} {}", question.id, dimension.id);
                asked += 1;
            }
            for (at, population) in programme.populations.iter().enumerate() {
                let of = Ask { population: Some(population.id.clone()), ..ask.clone() };
                let refused = plan(&programme, &of, sealed, today, &rules).err();
                let unknown = matches!(refused, Some(AskRefusal::Population { .. }));
                assert_eq!(offered.populations.contains(&at), !unknown, "{} {}", question.id, population.id);
            }
        }
        assert!(asked > 20, "the programme has questions of this time");
    }
}
