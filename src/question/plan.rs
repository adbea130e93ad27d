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
        QuestionKind::Funnel { stages, within } => {
            let steps = Steps::new(programme, (stages, *within), &datasets, ask.period.last_day());
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
        _ => unreachable!("the check lets no other kind through"),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn programme() -> Programme {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        Programme::parse(text).unwrap_or_else(|e| panic!("{e}"))
    }

    fn ask(question: &str, by: &[&str], period: &str, population: Option<&str>) -> Ask {
        Ask {
            question: question.parse().expect("a name"),
            by: by.iter().map(|name| name.parse().expect("a name")).collect(),
            period: period.parse().expect("a period"),
            population: population.map(|name| name.parse().expect("a name")),
        }
    }

    fn on(ask: &Ask, sealed: &str, today: &str) -> Result<Plan, AskRefusal> {
        let day = |text: &str| text.parse().expect("a day");
        plan(&programme(), ask, day(sealed), day(today), &Rules::standard())
    }

    fn refusal(ask: &Ask) -> AskRefusal {
        on(ask, "2023-02-01", "2023-03-01").expect_err("refused")
    }

    #[test]
    fn what_is_registered_is_planned() {
        let reach = ask("reach", &["role", "partner"], "2022-Q1..2022-Q4", Some("exposed"));
        let reach = on(&reach, "2023-02-01", "2023-03-01").expect("a plan");
        assert_eq!(reach.datasets(), [0, 1, 2]);
        assert_eq!(
            (reach.span().start().to_string(), reach.span().end().to_string()),
            ("2022-01-01".into(), "2022-12-31".into())
        );
        assert_eq!(reach.cells(), 2 * 9);
        let funnel = on(&ask("funnel", &["municipality"], "2022-Q1", None), "2023-02-01", "2023-03-01")
            .expect("a plan");
        assert_eq!(funnel.span().end().to_string(), "2023-02-01", "steps are followed up to the seal");
        assert_eq!(funnel.cells(), 5 * 7);
        let overlap = on(&ask("overlap", &[], "2022-Q1", None), "2023-02-01", "2023-03-01").expect("a plan");
        assert_eq!(overlap.cells(), 9 + 36 + 84);
        assert!(overlap.notes().iter().all(|note| !note.da.is_empty() && !note.en.is_empty()));
    }

    #[test]
    fn a_refusal_names_what_is_registered() {
        let said = refusal(&ask("cost", &[], "2022-Q1", None)).to_string();
        assert_eq!(said, "no question cost is registered; registered are: reach, funnel, overlap, quality");
        let said = refusal(&ask("funnel", &["partner"], "2022-Q1", None)).to_string();
        assert_eq!(
            said,
            "the question is not registered by partner; registered are: role, municipality, quarter"
        );
        let said = refusal(&ask("reach", &[], "2022-Q1", Some("men"))).to_string();
        assert!(said.ends_with("registered are: exposed, using"), "{said}");
        let said = refusal(&ask("overlap", &["role"], "2022-Q1", None)).to_string();
        assert!(said.ends_with("registered are: none"), "{said}");
    }

    #[test]
    fn at_most_three_dimensions_each_once() {
        let four = ["role", "partner", "municipality", "quarter"];
        assert_eq!(refusal(&ask("reach", &four, "2022-Q1", None)).code(), "too-many-dimensions");
        assert_eq!(refusal(&ask("reach", &["role", "role"], "2022-Q1", None)).code(), "dimension-twice");
        assert!(on(&ask("reach", &four[..3], "2022-Q1", None), "2023-02-01", "2023-03-01").is_ok());
    }

    /// Attack: asking about a quarter while it runs, day after day.
    #[test]
    fn only_quarters_that_had_ended_at_the_seal_and_have_ended_today() {
        let year = ask("reach", &[], "2022-Q1..2022-Q4", None);
        let code =
            |sealed, today| on(&year, sealed, today).map_or_else(|refusal| refusal.code(), |_| "planned");
        assert_eq!(code("2023-01-01", "2023-01-01"), "planned");
        assert_eq!(code("2022-12-31", "2023-01-01"), "period-not-sealed");
        assert_eq!(code("2023-01-01", "2022-12-31"), "period-not-ended");
        let early = ask("reach", &[], "2020-Q4..2021-Q1", None);
        assert_eq!(refusal(&early).code(), "period-outside-programme");
        let late = ask("reach", &[], "2025-Q1", None);
        assert_eq!(
            on(&late, "2026-01-01", "2026-01-01").expect_err("refused").code(),
            "period-outside-programme"
        );
    }

    #[test]
    fn the_order_of_dimensions_makes_no_other_plan() {
        let plan =
            |by: &[&str]| on(&ask("reach", by, "2022-Q1", None), "2023-02-01", "2023-03-01").expect("a plan");
        let (one, two) = (plan(&["role", "partner"]), plan(&["partner", "role"]));
        assert_eq!(one.key(), two.key());
        assert!(one.axes.iter().map(|axis| &axis.id).eq(two.axes.iter().map(|axis| &axis.id)));
    }

    #[test]
    fn a_table_that_nobody_could_read_is_refused_by_its_structure() {
        let mut programme = programme();
        let more = (0..60).map(|n| crate::programme::Partner {
            id: format!("p{n}").parse().expect("a name"),
            ..programme.partners[0].clone()
        });
        programme.partners.extend(more.collect::<Vec<_>>());
        let last = u8::try_from(programme.partners.len()).expect("small");
        programme.datasets[0].partners = (0..last).collect();
        let day = "2023-02-01".parse().expect("a day");
        let refused = plan(&programme, &ask("overlap", &[], "2022-Q1", None), day, day, &Rules::standard());
        assert_eq!(
            refused.expect_err("refused"),
            AskRefusal::TooLarge { cells: 69 + 69 * 34 + 69 * 68 * 67 / 6 }
        );
    }
}
