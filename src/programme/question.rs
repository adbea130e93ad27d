//! Stages and questions of a checked definition. Positions index the lists of the same
//! [`Programme`](super::Programme).

use super::model::Text;
use crate::name::{PurposeId, QuestionId, StageId};

/// Rows that count as an event: a dataset, and codes of its columns that must all stand in the row. Without any, every
/// row of the dataset counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Position of the dataset.
    pub dataset: usize,
    /// All of these.
    pub filters: Vec<Filter>,
}

/// A column that has one of some codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Position of the column in its dataset, a category column.
    pub column: usize,
    /// Positions of the codes in the column's list, ascending.
    pub codes: Vec<u8>,
}

/// A step on a person's way: a named set of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Name.
    pub id: StageId,
    /// Title.
    pub title: Text,
    /// Any of these.
    pub events: Vec<Event>,
}

/// What is counted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A person, after aliases.
    #[default]
    Person,
    /// Two persons who stand in a row together, in either order.
    Pair,
    /// A partner's case: a family, as the partner keeps it together.
    Case,
}

/// Who may ask a question, besides the evaluators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Evaluators alone.
    #[default]
    Evaluators,
    /// Evaluators and payers: monitoring.
    Payers,
}

/// A registered question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Name: what is asked for.
    pub id: QuestionId,
    /// Number in the catalogue of `docs/QUESTIONS.md`, for instance `Q1`.
    pub number: String,
    /// Title.
    pub title: Text,
    /// Definition, printed beside every answer.
    pub definition: Text,
    /// The purpose that each row's basis must permit.
    pub purpose: PurposeId,
    /// What is counted.
    pub unit: Unit,
    /// Who may ask.
    pub audience: Audience,
    /// Whether it is also answered by itself, once for each quarter.
    pub standing: bool,
    /// Positions of the dimensions that it may be broken down by.
    pub dimensions: Vec<usize>,
    /// Positions of the populations that it may be narrowed to.
    pub populations: Vec<usize>,
    /// How it is counted.
    pub kind: QuestionKind,
}

/// The closed set of questions. Positions index the programme's lists. In all of them the *index* is the first event of
/// the index stage in the period asked about, per unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuestionKind {
    /// Units with a row in the period.
    Reach {
        /// Datasets read.
        datasets: Vec<usize>,
    },
    /// How far units come along stages in order.
    Funnel {
        /// Stages in order, at least two; the first is the index.
        stages: Vec<usize>,
        /// Days from the index within which every further step must lie; without, up to the snapshot.
        within: Option<u32>,
    },
    /// How far units came when they left, and why.
    Attrition {
        /// Stages in order; the first is the index.
        stages: Vec<usize>,
        /// Leaving.
        exit: usize,
        /// Position of the column dimension that says why, read in the row of leaving.
        reason: Option<usize>,
    },
    /// What happens after an index: kinds `time_to` and `repeat`.
    FollowUp(FollowUp),
    /// Which conditions units meet: kinds `criteria`, `share` and `fidelity`.
    Criteria(Criteria),
    /// A rating or scale at several moments.
    Change(Change),
    /// Sums of a measure, or of rows, in a window around the index.
    Amount(Amount),
    /// Units known at several partners.
    Overlap {
        /// Datasets read.
        datasets: Vec<usize>,
    },
    /// The same outcome in two cohorts, and the difference.
    Comparison(Comparison),
    /// What an effect is worth, to whom and when: from released amounts alone.
    Budget(Budget),
    /// What an effect contract pays.
    Payment(Payment),
    /// Work done and waiting, quarter by quarter.
    Activity {
        /// What is counted in each quarter.
        series: Vec<Series>,
    },
    /// What persons said when asked, by purpose.
    Consents,
    /// Linkage quality per partner.
    Quality {
        /// Columns whose completeness is told: (dataset, column).
        completeness: Vec<(usize, usize)>,
    },
}

/// Events after an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// Index stage.
    pub index: usize,
    /// Outcome stage.
    pub outcome: usize,
    /// The earliest day of the outcome, counted from the index: 0 in kind `time_to`, 1 in kind `repeat`.
    pub from_day: u32,
    /// A stage that must come between, on the index day or later and on the outcome day or earlier.
    pub via: Option<usize>,
    /// What the outcome is counted from.
    pub since: Since,
    /// Days since, ascending: one cell each in the views `within`, `curve` and `before_after`.
    pub days: Vec<u32>,
    /// Stages that end follow-up (death, moving away), besides the day of the snapshot.
    pub ends: Vec<usize>,
    /// What is shown.
    pub view: View,
}

/// What an outcome is counted from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// The index.
    #[default]
    Index,
    /// The event of the index stage before it: view `within` alone.
    Previous,
}

/// What is shown of a follow-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Share with the outcome within each number of days, among those followed so long.
    #[default]
    Within,
    /// Kaplan-Meier at each number of days.
    Curve,
    /// Events per 100 person-years, all follow-up.
    Rate,
    /// Units with an outcome in as many days before the index and after it, among those followed so long both ways.
    BeforeAfter,
}

/// Conditions that units of an index stage meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criteria {
    /// Index stage: the units looked at.
    pub index: usize,
    /// In the order in which they are shown.
    pub conditions: Vec<Condition>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Code in the answer.
    pub id: String,
    /// Title.
    pub title: Text,
    /// The stage that makes a unit one of which the condition can be told; without, every unit.
    pub of: Option<usize>,
    /// What must hold.
    pub test: Test,
}

/// What must hold of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// An event of a stage in a window of days from the index; without a window, from the first day read to the snapshot.
    Stage {
        /// The stage.
        stage: usize,
        /// First and last day, counted from the index.
        window: Option<(i32, i32)>,
        /// From at least so many persons of the unit.
        persons: u32,
    },
    /// Every event of a stage was done by staff who stand in a dataset on the same day or earlier.
    Trained {
        /// The stage; a unit without such an event does not meet it.
        stage: usize,
        /// By dataset of the stage: its staff column.
        staff: Vec<(usize, usize)>,
        /// Dataset and staff column of those trained.
        trained: (usize, usize),
    },
    /// The sum of one measure is at least a share of the sum of another, over all rows of a dataset from the index on.
    Sum {
        /// The dataset.
        dataset: usize,
        /// Column of what was done.
        done: usize,
        /// Column of what was planned.
        planned: usize,
        /// Per cent.
        percent: u32,
    },
    /// All of some conditions before it, by position.
    All(Vec<usize>),
}

/// A rating or scale at several moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Index stage: all who started.
    pub index: usize,
    /// Stage of those who completed, from the index on; shown beside all who started.
    pub completed: Option<usize>,
    /// Dataset of the assessments.
    pub dataset: usize,
    /// Column of the moment, a category.
    pub moment: usize,
    /// Codes of the moments in order of time; the first is the baseline, the last the end.
    pub moments: Vec<u8>,
    /// Column of the value: a category whose list is in ascending order, or a measure.
    pub value: usize,
    /// Measures: upper limits of the bands, ascending, in the smallest unit; the last band is open.
    pub bands: Vec<i64>,
    /// Measures: the least difference that is a change, in the smallest unit.
    pub least_change: i64,
    /// What is shown.
    pub view: ChangeView,
}

/// What is shown of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeView {
    /// Per moment: units, those assessed, and those in each code or band.
    #[default]
    Status,
    /// Units, those assessed at baseline and end, and lower, same, higher.
    Direction,
    /// Measures: mean at baseline, at end, and of the change, over those assessed at both.
    Mean,
}

/// Sums in a window around the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Index stage: the units over which a mean is taken.
    pub index: usize,
    /// What is summed.
    pub item: Item,
    /// First and last day of the window, counted from the index.
    pub window: (i32, i32),
    /// A category column of the item's dataset whose codes are cells of their own, for instance the payer.
    pub by: Option<usize>,
    /// What is shown.
    pub view: AmountView,
}

/// What is summed: a measure, or the number of rows, times a price where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Events summed over.
    pub events: Vec<Event>,
    /// By event: the measure column; without, each row is 1.
    pub measure: Vec<Option<usize>>,
    /// Price of one whole unit of the measure, or of a row, in øre; without, no money.
    pub price: Option<u64>,
    /// Unit, for people: `kr.` where there is a price.
    pub unit: Text,
    /// Decimals of the sum: those of the measures; 2 where there is a price.
    pub decimals: u8,
}

/// What is shown of an amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountView {
    /// Sum, and mean over all units.
    #[default]
    Sum,
    /// Units without any, among all.
    None,
}

/// The same outcome in two cohorts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The programme's cohort, and the one that it is held against.
    pub cohorts: [Cohort; 2],
    /// The outcome.
    pub outcome: Outcome,
    /// Stages that end follow-up, besides the day of the snapshot.
    pub ends: Vec<usize>,
}

/// A cohort of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// Code in the answer.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Index stage. A unit of both cohorts is in the first alone.
    pub index: usize,
}

/// An outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An event of a stage within a number of days after the index, among those followed so long.
    Within {
        /// The stage.
        stage: usize,
        /// Earliest day, counted from the index.
        from_day: u32,
        /// Days.
        days: u32,
    },
    /// The index row is an event of this stage too.
    AtIndex {
        /// The stage.
        stage: usize,
    },
}

/// Net effect on budgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Index stage.
    pub index: usize,
    /// Days before the index, and after it, that are held against each other, among those followed so long both ways.
    pub days: u32,
    /// What is used less, or more.
    pub elements: Vec<BudgetElement>,
    /// Years that an effect lasts.
    pub years: u32,
    /// Discount rate, in hundredths of a per cent a year.
    pub discount: u32,
    /// Low, likely and high: the share of the effect that remains in each scenario, per cent.
    pub scenarios: [u32; 3],
}

/// A service whose use changes, and who pays it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetElement {
    /// Code in the answer.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Who pays: a code of the answer, for instance `municipality`.
    pub payer: String,
    /// What is summed. It has a price.
    pub item: Item,
}

/// An effect contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Index stage: enrolment. N is the number of units enrolled in the period.
    pub index: usize,
    /// How successes are counted.
    pub mode: PaymentMode,
    /// Successes of a tranche, at least 5.
    pub tranche: u32,
    /// What is paid for.
    pub indicators: Vec<Indicator>,
    /// Most that is paid over all indicators, in øre.
    pub cap: u64,
    /// Least that is paid, in øre.
    pub floor: u64,
}

/// How successes are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMode {
    /// As they are released: rounded, and none below the threshold.
    #[default]
    Banded,
    /// Exactly, where every unit permits purpose `payment`.
    Verified,
}

/// An outcome that is paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// Code in the statement.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Verified success: an event of this stage in the window.
    pub success: usize,
    /// First and last day, counted from the index.
    pub window: (i32, i32),
    /// What would have happened anyhow: successes per 1,000 units.
    pub baseline: u32,
    /// For one further success, in øre.
    pub tariff: u64,
    /// Most that is paid for this one, in øre.
    pub cap: u64,
}

/// A figure told for each quarter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Code in the answer.
    pub id: String,
    /// Title.
    pub title: Text,
    /// What is counted.
    pub what: SeriesKind,
}

/// What a series counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeriesKind {
    /// Units whose first event of the stage, in all the programme's period, lies in the quarter.
    New {
        /// The stage.
        stage: usize,
    },
    /// Units with an event of the stage in the quarter.
    Active {
        /// The stage.
        stage: usize,
    },
    /// Units with an event of the stage by the end of the quarter, and none of the stages that end the wait.
    Waiting {
        /// The stage that begins the wait.
        stage: usize,
        /// Those that end it.
        until: Vec<usize>,
    },
    /// Staff with a row in the quarter: (dataset, staff column).
    Staff {
        /// Columns read.
        columns: Vec<(usize, usize)>,
    },
}

impl QuestionKind {
    /// Positions of every stage named.
    #[must_use]
    pub fn stages(&self) -> Vec<usize> {
        match self {
            QuestionKind::Reach { .. }
            | QuestionKind::Overlap { .. }
            | QuestionKind::Consents
            | QuestionKind::Quality { .. } => Vec::new(),
            QuestionKind::Funnel { stages, .. } => stages.clone(),
            QuestionKind::Attrition { stages, exit, .. } => [&stages[..], &[*exit]].concat(),
            QuestionKind::FollowUp(follow) => {
                let mut stages = vec![follow.index, follow.outcome];
                stages.extend(follow.via);
                stages.extend(&follow.ends);
                stages
            }
            QuestionKind::Criteria(criteria) => {
                let mut stages = vec![criteria.index];
                for condition in &criteria.conditions {
                    stages.extend(condition.of);
                    if let Test::Stage { stage, .. } | Test::Trained { stage, .. } = &condition.test {
                        stages.push(*stage);
                    }
                }
                stages
            }
            QuestionKind::Change(change) => std::iter::once(change.index).chain(change.completed).collect(),
            QuestionKind::Amount(amount) => vec![amount.index],
            QuestionKind::Comparison(comparison) => {
                let mut stages = comparison.cohorts.iter().map(|cohort| cohort.index).collect::<Vec<_>>();
                let (Outcome::Within { stage, .. } | Outcome::AtIndex { stage }) = comparison.outcome;
                stages.push(stage);
                stages.extend(&comparison.ends);
                stages
            }
            QuestionKind::Budget(budget) => vec![budget.index],
            QuestionKind::Payment(payment) => {
                let successes = payment.indicators.iter().map(|indicator| indicator.success);
                std::iter::once(payment.index).chain(successes).collect()
            }
            QuestionKind::Activity { series } => {
                let mut stages = Vec::new();
                for series in series {
                    match &series.what {
                        SeriesKind::New { stage } | SeriesKind::Active { stage } => stages.push(*stage),
                        SeriesKind::Waiting { stage, until } => {
                            stages.push(*stage);
                            stages.extend(until);
                        }
                        SeriesKind::Staff { .. } => {}
                    }
                }
                stages
            }
        }
    }

    /// Everything that is summed.
    #[must_use]
    pub fn items(&self) -> Vec<&Item> {
        match self {
            QuestionKind::Amount(amount) => vec![&amount.item],
            QuestionKind::Budget(budget) => budget.elements.iter().map(|element| &element.item).collect(),
            _ => Vec::new(),
        }
    }

    /// Position of the index stage, where there is one. A comparison has two, and its first is given.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        match self {
            QuestionKind::Reach { .. }
            | QuestionKind::Overlap { .. }
            | QuestionKind::Activity { .. }
            | QuestionKind::Consents
            | QuestionKind::Quality { .. } => None,
            QuestionKind::Funnel { stages, .. } | QuestionKind::Attrition { stages, .. } => {
                stages.first().copied()
            }
            QuestionKind::FollowUp(follow) => Some(follow.index),
            QuestionKind::Criteria(criteria) => Some(criteria.index),
            QuestionKind::Change(change) => Some(change.index),
            QuestionKind::Amount(amount) => Some(amount.index),
            QuestionKind::Comparison(comparison) => Some(comparison.cohorts[0].index),
            QuestionKind::Budget(budget) => Some(budget.index),
            QuestionKind::Payment(payment) => Some(payment.index),
        }
    }

    /// Datasets read besides those of stages and items.
    pub(super) fn further_datasets(&self) -> Vec<usize> {
        match self {
            QuestionKind::Criteria(criteria) => {
                let of = criteria.conditions.iter().filter_map(|condition| match &condition.test {
                    Test::Sum { dataset, .. } => Some(*dataset),
                    Test::Trained { trained, .. } => Some(trained.0),
                    Test::Stage { .. } | Test::All(_) => None,
                });
                of.collect()
            }
            QuestionKind::Change(change) => vec![change.dataset],
            QuestionKind::Activity { series } => {
                let columns = series.iter().filter_map(|series| match &series.what {
                    SeriesKind::Staff { columns } => Some(columns),
                    _ => None,
                });
                columns.flatten().map(|(dataset, _)| *dataset).collect()
            }
            _ => Vec::new(),
        }
    }
}
