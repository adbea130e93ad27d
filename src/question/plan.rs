//! From a question as asked to a plan: what is read, for which purpose, and which cells the table has.

use std::ops::RangeInclusive;

use super::axis::{self, Axis, Filter};
use super::funnel::Steps;
use super::overlap::Combinations;
use super::{Ask, AskRefusal, index};
use crate::clock::{Day, Period};
use crate::disclosure::{Dimensions, EndedPeriod, ReleaseContext, Rules};
use crate::limits;
use crate::name::PurposeId;
use crate::programme::{Programme, QuestionKind, Text};

/// A question that may be asked of one snapshot, ready to be counted.
#[derive(Clone, Debug)]
pub struct Plan {
    key: String,
    purpose: PurposeId,
    definition: Text,
    dimensions: Dimensions,
    ended: EndedPeriod,
    sealed: Day,
    /// Positions of the datasets read, ascending.
    datasets: Vec<usize>,
    span: RangeInclusive<Day>,
    pub(super) datasets_of_programme: usize,
    /// By dataset of the plan: the category columns that the snapshot must have.
    pub(super) categories: Vec<Vec<usize>>,
    pub(super) axes: Vec<Axis>,
    pub(super) population: Option<Filter>,
    pub(super) kind: Kind,
}

/// What is counted, and the columns of the table after the dimensions.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Reach,
    Funnel(Steps),
    Overlap(Combinations),
    /// Per dataset of the plan: its partners, with their ids.
    Quality(Vec<(String, Vec<(u8, String)>)>),
}

/// Holds a question against the programme, the calendar and the snapshot that was sealed on `sealed`.
///
/// # Errors
/// An [`AskRefusal`], which names what is registered. It depends on no row.
pub fn plan(
    programme: &Programme,
    ask: &Ask,
    sealed: Day,
    today: Day,
    rules: &Rules,
) -> Result<Plan, AskRefusal> {
    let question = programme.question(&ask.question).ok_or_else(|| AskRefusal::Question {
        asked: ask.question.clone(),
        registered: programme.questions.iter().map(|question| question.id.clone()).collect(),
    })?;
    let by = Dimensions::check(ask.by.iter().map(ToString::to_string).collect(), rules)?;
    let mut dimensions = Vec::new();
    for asked in &ask.by {
        let found = question.dimensions.iter().find(|at| programme.dimensions[**at].id == *asked);
        dimensions.push(*found.ok_or_else(|| AskRefusal::Dimension {
            asked: asked.clone(),
            registered: question.dimensions.iter().map(|at| programme.dimensions[*at].id.clone()).collect(),
        })?);
    }
    // The table's columns stand in one order, whatever the order of asking.
    dimensions.sort_by_key(|at| &programme.dimensions[*at].id);
    let mut population = None;
    if let Some(asked) = &ask.population {
        let found = question.populations.iter().find(|at| programme.populations[**at].id == *asked);
        population = Some(*found.ok_or_else(|| AskRefusal::Population {
            asked: asked.clone(),
            registered: question.populations.iter().map(|at| programme.populations[*at].id.clone()).collect(),
        })?);
    }
    let ended = askable(programme.period, ask.period, sealed, today)?;

    let datasets = programme.datasets_of(question);
    let first = ask.period.first_day();
    let (kind, index, span) = match &question.kind {
        QuestionKind::Reach { .. } => {
            (Kind::Reach, vec![true; datasets.len()], first..=ask.period.last_day())
        }
        QuestionKind::Funnel { stages } => {
            let steps = Steps::new(programme, stages, &datasets, ask.period.last_day());
            let index = datasets.iter().map(|dataset| {
                programme.stages[stages[0]].events.iter().any(|event| event.dataset == *dataset)
            });
            let index = index.collect();
            (Kind::Funnel(steps), index, first..=sealed)
        }
        QuestionKind::Overlap { .. } => {
            let partners = axis::partners(programme, datasets.iter().copied());
            let combinations = Combinations::new(&partners, &axis::ids(programme, &partners));
            (Kind::Overlap(combinations), vec![true; datasets.len()], first..=ask.period.last_day())
        }
        QuestionKind::Quality { .. } => {
            let parts = datasets.iter().map(|dataset| {
                let dataset = &programme.datasets[*dataset];
                let names = axis::ids(programme, &dataset.partners);
                (dataset.id.to_string(), dataset.partners.iter().copied().zip(names).collect())
            });
            (Kind::Quality(parts.collect()), vec![true; datasets.len()], first..=ask.period.last_day())
        }
    };
    let axes = dimensions.iter().map(|at| Axis::new(programme, *at, &datasets, &index, ask.period)).collect();
    let plan = Plan {
        key: ask.key(),
        purpose: question.purpose.clone(),
        definition: question.definition.clone(),
        dimensions: by,
        ended,
        sealed,
        span,
        datasets_of_programme: programme.datasets.len(),
        categories: datasets.iter().map(|dataset| axis::category_columns(programme, *dataset)).collect(),
        axes,
        population: population.map(|population| Filter::new(programme, population, &datasets)),
        datasets,
        kind,
    };
    match plan.cells() {
        cells if cells > limits::MAX_CELLS => Err(AskRefusal::TooLarge { cells }),
        _ => Ok(plan),
    }
}

/// R7: whole quarters of the programme that had ended when the snapshot was sealed, and have ended today.
fn askable(programme: Period, asked: Period, sealed: Day, today: Day) -> Result<EndedPeriod, AskRefusal> {
    if asked.first_day() < programme.first_day() || asked.last_day() > programme.last_day() {
        return Err(AskRefusal::OutsideProgramme { asked, programme });
    }
    let ended = EndedPeriod::check(asked, today, 0)?;
    EndedPeriod::check(asked, sealed, 0).map_err(|_| AskRefusal::NotSealed { asked, sealed })?;
    Ok(ended)
}

impl Plan {
    /// One text for one question: what the release ledger knows it by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The purpose that the basis of each dataset must permit.
    #[must_use]
    pub const fn purpose(&self) -> &PurposeId {
        &self.purpose
    }

    /// Positions of the datasets that are read, ascending. The permits given to [`count`](super::count()) stand in this
    /// order.
    #[must_use]
    pub fn datasets(&self) -> &[usize] {
        &self.datasets
    }

    /// Every day that is read: the span that permits are compiled for.
    #[must_use]
    pub fn span(&self) -> RangeInclusive<Day> {
        self.span.clone()
    }

    /// The day on which the snapshot was sealed.
    #[must_use]
    pub const fn sealed(&self) -> Day {
        self.sealed
    }

    /// What is printed beside the answer: the question's definition and the rule of the index row.
    #[must_use]
    pub fn notes(&self) -> Vec<Text> {
        vec![self.definition.clone(), index::rule()]
    }

    /// What `disclosure` needs to know of the question.
    #[must_use]
    pub fn release_context(&self, snapshot: u32) -> ReleaseContext {
        ReleaseContext {
            question_key: self.key.clone(),
            snapshot,
            dimensions: self.dimensions.clone(),
            period: self.ended,
        }
    }

    /// Cells of the table: every combination of codes.
    fn cells(&self) -> u64 {
        let tails = match &self.kind {
            Kind::Reach => 1,
            Kind::Funnel(steps) => steps.ids().len() as u64,
            Kind::Overlap(combinations) => combinations.count(),
            Kind::Quality(parts) => 2 * parts.iter().map(|(_, partners)| partners.len() as u64).sum::<u64>(),
        };
        self.axes.iter().fold(tails, |cells, axis| cells.saturating_mul(axis.codes.len() as u64))
    }
}
