//! From a question as asked to a plan: what is read, for which purpose, and which cells the table has.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::axis::{self, Axis, Filter, Needed};
use super::coarser::CoarserOf;
use super::crossing::{Crosses, Crossings, Starts};
use super::events::Events;
use super::kernel::{Chart, Kernel};
use super::sources::Sources;
use super::{Ask, AskRefusal, activity, index, kernels};
use crate::clock::{Day, Period, Quarter};
use crate::disclosure::{Crossing, Dimensions, EndedPeriod, ReleaseContext, Released, Rules, Shown, Table};
use crate::limits;
use crate::name::{DimensionId, PurposeId, QuestionId};
use crate::programme::{DimensionSource, Programme, Question, QuestionKind, Role, Test, Text, Unit, View};

/// A question that may be asked of one snapshot, ready to be counted.
#[derive(Clone, Debug)]
pub struct Plan {
    question: QuestionId,
    key: String,
    /// One text for all tables of the question.
    family: String,
    narrowed: Option<Narrowed>,
    purpose: PurposeId,
    definition: Text,
    dimensions: Dimensions,
    ended: EndedPeriod,
    sealed: Day,
    /// Positions of the datasets read, ascending.
    datasets: Vec<usize>,
    span: RangeInclusive<Day>,
    of_consents: bool,
    coarser: CoarserOf,
    labels: Vec<Label>,
    /// Ids of the key columns of what is counted; those of the labels, but where another table is derived.
    counted_columns: Vec<String>,
    pub(super) unit: Unit,
    /// Whether each case has the rows of its persons elsewhere with it: where there is an index to follow it from.
    pub(super) with_persons: bool,
    pub(super) datasets_of_programme: usize,
    /// By dataset of the plan: the columns that the snapshot must have.
    pub(super) columns: Vec<Needed>,
    pub(super) axes: Vec<Axis>,
    pub(super) population: Option<Filter>,
    /// Where index rows can come from.
    pub(super) starts: Starts,
    pub(super) kernel: Arc<dyn Kernel>,
    pub(super) tails: Vec<Vec<String>>,
}

/// A population that is one code of a registered dimension: what it counts stands in the table by that dimension too.
#[derive(Clone, Debug)]
struct Narrowed {
    dimension: DimensionId,
    code: String,
    /// Whether it is no dimension of the question as asked.
    alone: bool,
    /// The question by that dimension.
    above: Ask,
}

/// A key column of the table, as people read it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Label {
    /// Id of the column.
    pub column: String,
    /// Title.
    pub title: Text,
    /// Its codes in the order in which they are shown.
    pub codes: Vec<CodeLabel>,
}

/// A code, as people read it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CodeLabel {
    /// The code.
    pub code: String,
    /// Its title.
    #[serde(flatten)]
    pub title: Text,
}

/// What a kernel is made from, besides its own parameters.
pub(super) struct Frame<'a> {
    pub(super) programme: &'a Programme,
    pub(super) question: &'a Question,
    /// Positions of the datasets read, ascending.
    pub(super) datasets: &'a [usize],
    pub(super) period: Period,
    /// First and last day of the period, and the day of the snapshot.
    pub(super) first: i32,
    pub(super) last: i32,
    pub(super) sealed: i32,
    /// First day of the programme's data.
    pub(super) begin: i32,
}

impl Frame<'_> {
    /// Stages, by position, compiled over the datasets of the plan.
    pub(super) fn events(&self, stages: &[usize]) -> Events {
        Events::new(self.programme, stages, self.datasets)
    }

    /// Id and title of a stage.
    pub(super) fn stage(&self, stage: usize) -> (String, Text) {
        let stage = &self.programme.stages[stage];
        (stage.id.to_string(), stage.title.clone())
    }

    /// Place of a dataset, by its position in the programme, among those of the plan.
    pub(super) fn set(&self, dataset: usize) -> usize {
        self.datasets.iter().position(|at| *at == dataset).expect("the question reads it")
    }

    /// Whether rows of a dataset can be events of a stage.
    pub(super) fn happens(&self, stage: usize, dataset: usize) -> bool {
        self.programme.stages[stage].events.iter().any(|event| event.dataset == dataset)
    }

    /// The partners whose rows of a unit can be events of some stages.
    pub(super) fn sources(&self, stages: &[usize]) -> Sources {
        let has = |dataset: &usize| stages.iter().any(|stage| self.happens(*stage, *dataset));
        self.sources_of(self.datasets.iter().copied().filter(has))
    }

    /// The partners whose rows of some datasets can be of a unit.
    pub(super) fn sources_of(&self, datasets: impl IntoIterator<Item = usize>) -> Sources {
        let of_units = datasets.into_iter().filter(|dataset| self.can_be_of_unit(*dataset));
        of_units.flat_map(|dataset| self.programme.datasets[dataset].partners.iter().copied()).collect()
    }

    /// Whether rows of a dataset can be of a unit, its own or followed.
    fn can_be_of_unit(&self, dataset: usize) -> bool {
        let followed = self.question.kind.index().is_some();
        self.has(dataset, &Role::Person)
            && match self.question.unit {
                Unit::Person => true,
                Unit::Pair => self.has(dataset, &Role::RelatedPerson),
                Unit::Case => followed || self.has(dataset, &Role::Case),
            }
    }

    fn has(&self, dataset: usize, role: &Role) -> bool {
        self.programme.datasets[dataset].columns.iter().any(|column| column.role == *role)
    }

    /// The ledger's name for figures of this question besides counts.
    pub(super) fn measure(&self, what: &str) -> String {
        format!("{what}/{}", self.question.id)
    }
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
    let registered = dimensions_of(programme, question);
    for asked in &ask.by {
        let found = registered.iter().find(|at| programme.dimensions[**at].id == *asked);
        dimensions.push(*found.ok_or_else(|| AskRefusal::Dimension {
            asked: asked.clone(),
            registered: registered.iter().map(|at| programme.dimensions[*at].id.clone()).collect(),
        })?);
    }
    // The table's columns stand in one order, whatever the order of asking.
    dimensions.sort_by_key(|at| &programme.dimensions[*at].id);
    let mut population = None;
    if let Some(asked) = &ask.population {
        let registered = match question.kind {
            // What persons said about consent has no row whose codes could narrow it.
            QuestionKind::Consents => &[],
            _ => &question.populations[..],
        };
        let found = registered.iter().find(|at| programme.populations[**at].id == *asked);
        population = Some(*found.ok_or_else(|| AskRefusal::Population {
            asked: asked.clone(),
            registered: registered.iter().map(|at| programme.populations[*at].id.clone()).collect(),
        })?);
    }
    let ended = askable(programme, ask.period, sealed, today)?;
    let narrowed = population.and_then(|population| narrowed(programme, ask, population, &registered));

    let datasets = programme.datasets_of(question);
    let frame = Frame {
        programme,
        question,
        datasets: &datasets,
        period: ask.period,
        first: ask.period.first_day().days(),
        last: ask.period.last_day().days(),
        sealed: sealed.days(),
        begin: programme.period.first_day().days(),
    };
    let span = span(&frame);
    kept(&frame, &span, today)?;
    let longer = longer(&frame, &dimensions, sealed, today);
    let coarser = CoarserOf::new(programme, &dimensions, population, (ask.period, longer));
    let kernel = kernels::kernel(&frame);
    // Consent is asked for by every partner that hands anything over, and read from no dataset.
    let (of_axes, of_index) = match question.kind {
        QuestionKind::Consents => {
            ((0..programme.datasets.len()).collect(), vec![true; programme.datasets.len()])
        }
        _ => (datasets.clone(), index_datasets(&frame)),
    };
    let axes: Vec<Axis> =
        dimensions.iter().map(|at| Axis::new(programme, *at, &of_axes, &of_index, ask.period)).collect();
    let cells = axes.iter().fold(kernel.count(), |cells, axis| cells.saturating_mul(axis.codes.len() as u64));
    if cells > limits::MAX_CELLS {
        return Err(AskRefusal::TooLarge { cells });
    }
    let mut labels: Vec<Label> =
        dimensions.iter().zip(&axes).map(|(at, axis)| axis::label(programme, *at, axis)).collect();
    let columns = kernel.columns();
    let counted_columns = labels.iter().map(|label| label.column.clone());
    let counted_columns =
        counted_columns.chain(columns.iter().map(|column| column.id.to_owned())).collect::<Vec<_>>();
    labels.extend(kernel.derived_columns().unwrap_or(columns).into_iter().map(|column| Label {
        column: column.id.to_owned(),
        title: column.title,
        codes: column.codes.into_iter().map(|(code, title)| CodeLabel { code, title }).collect(),
    }));
    Ok(Plan {
        question: question.id.clone(),
        key: ask.key(),
        family: ask.family(narrowed.as_ref().is_some_and(|narrowed| narrowed.alone)),
        narrowed,
        purpose: question.purpose.clone(),
        definition: question.definition.clone(),
        dimensions: by,
        ended,
        sealed,
        span,
        of_consents: question.kind == QuestionKind::Consents,
        coarser,
        labels,
        counted_columns,
        unit: question.unit,
        with_persons: question.unit == Unit::Case && question.kind.index().is_some(),
        starts: starts(&frame, &of_index),
        datasets_of_programme: programme.datasets.len(),
        columns: datasets.iter().map(|dataset| axis::columns(programme, *dataset)).collect(),
        axes,
        population: population.map(|population| Filter::new(programme, population, &datasets)),
        tails: kernel.tails(),
        kernel,
        datasets,
    })
}

/// Refuses days that a dataset no longer keeps.
fn kept(frame: &Frame<'_>, span: &RangeInclusive<Day>, today: Day) -> Result<(), AskRefusal> {
    for dataset in frame.datasets.iter().map(|at| &frame.programme.datasets[*at]) {
        if let Some(kept) = dataset.kept_from(today).filter(|kept| span.start() < kept) {
            let (dataset, reads) = (dataset.id.clone(), *span.start());
            return Err(AskRefusal::NotKept { dataset, reads, kept });
        }
    }
    Ok(())
}

/// The longest period that can be asked about, where asking about it is coarser: a table by quarter only has more cells.
fn longer(frame: &Frame<'_>, dimensions: &[usize], sealed: Day, today: Day) -> Option<Period> {
    let programme = frame.programme;
    let by_quarter = |at: &usize| programme.dimensions[*at].source == DimensionSource::Quarter;
    if dimensions.iter().any(by_quarter) || matches!(frame.question.kind, QuestionKind::Activity { .. }) {
        return None;
    }
    let open = |quarter: &Quarter| askable(programme, Period::of(*quarter), sealed, today).is_ok();
    let last = programme.period.quarters().take_while(open).last()?;
    let period = Period::new(programme.period.first(), last).ok().filter(|longer| *longer != frame.period)?;
    let (first, last) = (period.first_day().days(), period.last_day().days());
    let frame = Frame { period, first, last, ..*frame };
    kept(&frame, &span(&frame), today).ok().map(|()| period)
}

/// What a population is, where it is one code of a dimension that the question may be asked by.
fn narrowed(programme: &Programme, ask: &Ask, population: usize, registered: &[usize]) -> Option<Narrowed> {
    let population = &programme.populations[population];
    let ([code], true) = (&population.codes[..], registered.contains(&population.dimension)) else {
        return None;
    };
    let dimension = &programme.dimensions[population.dimension];
    let DimensionSource::Columns { list, .. } = &dimension.source else { return None };
    let code = programme.code_lists[*list].codes.get(usize::from(*code))?.id.to_string();
    let above = Ask { by: vec![dimension.id.clone()], population: None, ..ask.clone() };
    Some(Narrowed { dimension: dimension.id.clone(), code, alone: !ask.by.contains(&dimension.id), above })
}

/// The registered dimensions that fit the kind: what is counted by quarter already has no other quarter, and what
/// persons said about consent has no row, and so nothing but the partner that recorded it.
pub(super) fn dimensions_of(programme: &Programme, question: &Question) -> Vec<usize> {
    let fits = |at: &&usize| match (&question.kind, &programme.dimensions[**at].source) {
        (QuestionKind::Activity { .. }, source) => *source != DimensionSource::Quarter,
        (QuestionKind::Consents, source) => *source == DimensionSource::Partner,
        _ => true,
    };
    question.dimensions.iter().filter(fits).copied().collect()
}

/// By dataset of the plan: whether an index row can come from it.
fn index_datasets(frame: &Frame<'_>) -> Vec<bool> {
    let kind = &frame.question.kind;
    let stages: Vec<usize> = match kind {
        QuestionKind::Comparison(comparison) => {
            comparison.cohorts.iter().map(|cohort| cohort.index).collect()
        }
        QuestionKind::Activity { series } => series.iter().filter_map(activity::stage).collect(),
        kind => kind.index().into_iter().collect(),
    };
    let staff = match kind {
        QuestionKind::Activity { series } => activity::staff(series),
        _ => Vec::new(),
    };
    let all = stages.is_empty() && staff.is_empty();
    let of_staff = |dataset: usize| staff.iter().any(|(of, _)| *of == dataset);
    frame
        .datasets
        .iter()
        .map(|dataset| {
            all || of_staff(*dataset) || stages.iter().any(|stage| frame.happens(*stage, *dataset))
        })
        .collect()
}

/// Where index rows can come from, of the datasets of the plan that `of_index` says: of a case they have its number.
fn starts(frame: &Frame<'_>, of_index: &[bool]) -> Starts {
    let own = |dataset: &usize| {
        let case = frame.question.unit != Unit::Case || frame.has(*dataset, &Role::Case);
        case && frame.can_be_of_unit(*dataset)
    };
    let sets = frame.datasets.iter().enumerate().filter(|(set, dataset)| of_index[*set] && own(dataset));
    let partners = |dataset: usize| frame.programme.datasets[dataset].partners.iter().copied();
    Starts {
        rows: sets.flat_map(|(set, dataset)| partners(*dataset).map(move |source| (set, source))).collect(),
        by_stage: frame.question.kind.index().is_some(),
        partners: frame.programme.partners.len(),
    }
}

/// Every day that is read.
pub(super) fn span(frame: &Frame<'_>) -> RangeInclusive<Day> {
    let (first, last, sealed) = (frame.first, frame.last, frame.sealed);
    let (from, to) = match &frame.question.kind {
        QuestionKind::Reach { .. } | QuestionKind::Overlap { .. } | QuestionKind::Quality { .. } => {
            (first, last)
        }
        QuestionKind::Activity { .. } => (frame.begin, last),
        QuestionKind::Consents => (frame.begin, sealed),
        // Staff may have been trained long before.
        kind if reads_lists(kind) => (frame.begin, sealed),
        kind => (first.saturating_sub(days_before(kind)).max(frame.begin), sealed),
    };
    Day::from_days(from)..=Day::from_days(to)
}

/// Whether a question looks staff up in a list, of which it reads every day.
fn reads_lists(kind: &QuestionKind) -> bool {
    let QuestionKind::Criteria(criteria) = kind else { return false };
    criteria.conditions.iter().any(|condition| matches!(condition.test, Test::Trained { .. }))
}

/// Days before an index that a question reads.
fn days_before(kind: &QuestionKind) -> i32 {
    let window = |window: &(i32, i32)| window.0.min(0).saturating_neg();
    match kind {
        QuestionKind::FollowUp(follow) if follow.view == View::BeforeAfter => {
            follow.days.iter().max().map_or(0, |days| i32::try_from(*days).unwrap_or(i32::MAX))
        }
        QuestionKind::Criteria(criteria) => {
            let windows = criteria.conditions.iter().filter_map(|condition| match &condition.test {
                Test::Stage { window, .. } => window.as_ref(),
                _ => None,
            });
            windows.map(window).max().unwrap_or(0)
        }
        QuestionKind::Amount(amount) => window(&amount.window),
        QuestionKind::Budget(budget) => i32::try_from(budget.days).unwrap_or(i32::MAX),
        QuestionKind::Payment(payment) => {
            payment.indicators.iter().map(|indicator| window(&indicator.window)).max().unwrap_or(0)
        }
        _ => 0,
    }
}

/// R7: whole quarters of the programme that had ended when the snapshot was sealed, and have ended today.
fn askable(programme: &Programme, asked: Period, sealed: Day, today: Day) -> Result<EndedPeriod, AskRefusal> {
    let period = programme.period;
    if asked.first_day() < period.first_day() || asked.last_day() > period.last_day() {
        return Err(AskRefusal::OutsideProgramme { asked, programme: period });
    }
    let ended = EndedPeriod::check(asked, today, programme.closing_days)?;
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

    /// Which question it is.
    #[must_use]
    pub const fn question(&self) -> &QuestionId {
        &self.question
    }

    /// What a count counts.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// What is printed beside the answer: the rules of counting.
    #[must_use]
    pub fn notes(&self) -> Vec<Text> {
        let mut notes = vec![index::rule(self.unit)];
        notes.extend(self.kernel.notes());
        notes
    }

    /// The question's definition.
    #[must_use]
    pub const fn definition(&self) -> &Text {
        &self.definition
    }

    /// The key columns of the table, as people read them.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// How the answer is best drawn.
    #[must_use]
    pub fn chart(&self) -> Option<Chart> {
        self.kernel.chart()
    }

    /// What `disclosure` needs to know of the question. `above` is the released table of [`Plan::above`], where there is
    /// such a question.
    #[must_use]
    pub fn release_context(&self, snapshot: u32, above: Option<&Table>) -> ReleaseContext {
        let context = ReleaseContext::new(self.family.clone(), snapshot, self.dimensions.clone(), self.ended);
        let Some(narrowed) = &self.narrowed else { return context };
        let rows = above.into_iter().flat_map(|table| &table.rows);
        let hidden =
            rows.filter(|row| row.key.first() == Some(&narrowed.code) && row.count() == Shown::Hidden);
        ReleaseContext {
            within: narrowed.alone.then(|| (narrowed.dimension.to_string(), narrowed.code.clone())),
            hidden_above: hidden.map(|row| row.key[1..].to_vec()).collect(),
            ..context
        }
    }

    /// Which of the cells cross partners, in the order of the table; nothing is said of units.
    #[must_use]
    pub fn crossing(&self) -> Vec<Option<Crossing>> {
        let crossings = Crossings::of(self);
        (0..self.cell_count()).map(|cell| crossings.get(cell).map(Crosses::supply)).collect()
    }

    /// The question by the dimension that this one is narrowed to one code of. It is to be released first: what it hides,
    /// this one does not show.
    #[must_use]
    pub fn above(&self) -> Option<&Ask> {
        self.narrowed.as_ref().map(|narrowed| &narrowed.above)
    }

    /// The answer as it is shown, from the released one: for most questions that itself. To be called after
    /// [`Ledger::commit`](crate::disclosure::Ledger::commit); [`Plan::labels`] and [`Plan::chart`] are of this one.
    #[must_use]
    pub fn derive(&self, released: Released<Table>) -> Released<Table> {
        released.derive(|table| {
            let mut table = self.kernel.derive(self.axes.len(), table);
            table.coarser = self.coarser.complete(std::mem::take(&mut table.coarser));
            table
        })
    }

    /// Whether it is counted from what persons said about consent, by [`count_consents`](super::count_consents), and
    /// not from rows.
    #[must_use]
    pub fn is_of_consents(&self) -> bool {
        self.of_consents
    }

    /// Ids of the key columns of what is counted.
    pub(super) fn table_columns(&self) -> Vec<String> {
        self.counted_columns.clone()
    }

    /// Cells of the table: every combination of codes.
    pub(super) fn cell_count(&self) -> usize {
        self.axes.iter().fold(self.tails.len(), |cells, axis| cells * axis.codes.len())
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
