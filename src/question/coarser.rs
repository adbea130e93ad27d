//! R15: coarser questions, complete, so that each can be asked in one step. From the question, the programme and the
//! calendar; no count has a part in it.

use crate::clock::Period;
use crate::disclosure::{Coarser, by_words};
use crate::name::PopulationId;
use crate::programme::{Programme, Text};

/// What `disclosure`, which knows dimensions by id alone, cannot say of the coarser questions.
#[derive(Clone, Debug)]
pub(super) struct CoarserOf {
    /// Ids and titles of the dimensions asked for, in the table's order.
    by: Vec<(String, Text)>,
    population: Option<(PopulationId, Text)>,
    period: Period,
    /// The longest period that can be asked about, where it is longer than this one and coarser.
    longer: Option<Period>,
}

impl CoarserOf {
    /// For a question by dimensions, of a population, both by position in the programme.
    pub(super) fn new(
        programme: &Programme,
        dimensions: &[usize],
        population: Option<usize>,
        (period, longer): (Period, Option<Period>),
    ) -> CoarserOf {
        let dimension = |at: &usize| {
            let dimension = &programme.dimensions[*at];
            (dimension.id.to_string(), dimension.title.clone())
        };
        let population = population.map(|at| {
            let population = &programme.populations[at];
            (population.id.clone(), population.title.clone())
        });
        CoarserOf { by: dimensions.iter().map(dimension).collect(), population, period, longer }
    }

    /// The coarser questions: those with a dimension less, as the rules name them; the same of everybody; the same over
    /// the longest period.
    pub(super) fn complete(&self, fewer: Vec<Coarser>) -> Vec<Coarser> {
        let narrowed = self.population.as_ref().map(|(id, _)| id.to_string());
        let all: Vec<String> = self.by.iter().map(|(id, _)| id.clone()).collect();
        let mut complete: Vec<Coarser> = fewer
            .into_iter()
            .map(|coarser| Coarser {
                population: narrowed.clone(),
                period: Some(self.period),
                title: self.words(&coarser.by),
                by: coarser.by,
            })
            .collect();
        if let Some((_, population)) = &self.population {
            let title = text(
                format!("{}, alle (ikke kun {})", self.words(&all).da, population.da),
                format!("{}, all (not only {})", self.words(&all).en, population.en),
            );
            complete.push(Coarser { by: all.clone(), population: None, period: Some(self.period), title });
        }
        if let Some(longer) = self.longer {
            let words = self.words(&all);
            let title = text(format!("{}, over {longer}", words.da), format!("{}, over {longer}", words.en));
            complete.push(Coarser { by: all, population: narrowed, period: Some(longer), title });
        }
        complete
    }

    fn words(&self, by: &[String]) -> Text {
        let titles = self.by.iter().filter(|(id, _)| by.contains(id));
        by_words(&titles.map(|(_, title)| (&*title.da, &*title.en)).collect::<Vec<_>>())
    }
}

fn text(da: String, en: String) -> Text {
    Text { da, en }
}
