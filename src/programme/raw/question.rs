//! A question as TOML says it: one flat table, of which each kind takes its own fields.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::super::model::Text;
use super::super::question::{Audience, PaymentMode, Since, Unit};
use super::{ColumnRef, Event};
use crate::name::{CodeId, ColumnId, DatasetId, DimensionId, PopulationId, PurposeId, QuestionId, StageId};

/// A question. Fields after `kind` belong to some kinds only: [`Question::given`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Question {
    pub id: Spanned<QuestionId>,
    pub number: String,
    pub title: Text,
    pub definition: Text,
    pub purpose: Spanned<PurposeId>,
    #[serde(default)]
    pub dimensions: Vec<Spanned<DimensionId>>,
    #[serde(default)]
    pub populations: Vec<Spanned<PopulationId>>,
    pub unit: Option<Spanned<Unit>>,
    pub audience: Option<Spanned<Audience>>,
    pub standing: Option<Spanned<bool>>,
    pub kind: Spanned<KindWord>,

    pub datasets: Option<Spanned<Vec<Spanned<DatasetId>>>>,
    pub completeness: Option<Vec<ColumnRef>>,
    pub stages: Option<Spanned<Vec<Spanned<StageId>>>>,
    pub within_days: Option<Spanned<u32>>,
    pub exit: Option<Spanned<StageId>>,
    pub reason: Option<Spanned<DimensionId>>,
    pub index: Option<Spanned<StageId>>,
    pub outcome: Option<Spanned<StageId>>,
    pub via: Option<Spanned<StageId>>,
    pub since: Option<Spanned<Since>>,
    pub days: Option<Spanned<Vec<u32>>>,
    pub ends: Option<Spanned<Vec<Spanned<StageId>>>>,
    pub view: Option<Spanned<ViewWord>>,
    #[serde(rename = "condition")]
    pub conditions: Option<Vec<Condition>>,
    pub completed: Option<Spanned<StageId>>,
    pub dataset: Option<Spanned<DatasetId>>,
    pub moment: Option<Spanned<ColumnId>>,
    pub moments: Option<Spanned<Vec<Spanned<CodeId>>>>,
    pub value: Option<Spanned<ColumnId>>,
    pub bands: Option<Spanned<Vec<i64>>>,
    pub least_change: Option<Spanned<i64>>,
    pub window: Option<Spanned<[i32; 2]>>,
    pub sum: Option<Vec<Event>>,
    pub price_oere: Option<Spanned<u64>>,
    pub measured_in: Option<Spanned<Text>>,
    pub by: Option<Spanned<ColumnId>>,
    #[serde(rename = "cohort")]
    pub cohorts: Option<Vec<Cohort>>,
    pub from_day: Option<Spanned<u32>>,
    pub at_index: Option<Spanned<bool>>,
    pub days_each_way: Option<Spanned<u32>>,
    pub years: Option<Spanned<u32>>,
    pub discount_basis_points: Option<Spanned<u32>>,
    pub scenarios_percent: Option<Spanned<Scenarios>>,
    #[serde(rename = "element")]
    pub elements: Option<Vec<Element>>,
    pub mode: Option<Spanned<PaymentMode>>,
    pub tranche: Option<Spanned<u32>>,
    pub cap_oere: Option<Spanned<u64>>,
    pub floor_oere: Option<Spanned<u64>>,
    #[serde(rename = "indicator")]
    pub indicators: Option<Vec<Indicator>>,
    pub series: Option<Vec<Series>>,
}

/// The words of `kind`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::programme) enum KindWord {
    Reach,
    Funnel,
    Attrition,
    TimeTo,
    Repeat,
    Criteria,
    Share,
    Fidelity,
    Change,
    Amount,
    Overlap,
    Comparison,
    Budget,
    Payment,
    Activity,
    Consents,
    Quality,
}

/// The words of `view`, of all kinds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::programme) enum ViewWord {
    Within,
    Curve,
    Rate,
    BeforeAfter,
    Status,
    Direction,
    Mean,
    Sum,
    None,
}

/// A condition: of a stage, of trained staff, of a sum, or of other conditions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Condition {
    pub id: Spanned<CodeId>,
    pub title: Text,
    pub of: Option<Spanned<StageId>>,
    pub stage: Option<Spanned<StageId>>,
    pub window: Option<Spanned<[i32; 2]>>,
    pub persons: Option<Spanned<u32>>,
    pub trained_in: Option<Spanned<DatasetId>>,
    pub delivered: Option<Delivered>,
    pub all: Option<Spanned<Vec<Spanned<CodeId>>>>,
}

/// What was done of what was planned.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Delivered {
    pub dataset: Spanned<DatasetId>,
    pub done: Spanned<ColumnId>,
    pub planned: Spanned<ColumnId>,
    pub percent: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Cohort {
    pub id: Spanned<CodeId>,
    pub title: Text,
    pub index: Spanned<StageId>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Scenarios {
    pub low: u32,
    pub likely: u32,
    pub high: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Element {
    pub id: Spanned<CodeId>,
    pub title: Text,
    pub payer: Spanned<CodeId>,
    #[serde(default)]
    pub sum: Vec<Event>,
    pub price_oere: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Indicator {
    pub id: Spanned<CodeId>,
    pub title: Text,
    pub success: Spanned<StageId>,
    pub window: Spanned<[i32; 2]>,
    pub baseline_per_1000: Spanned<u32>,
    pub tariff_oere: Spanned<u64>,
    pub cap_oere: Spanned<u64>,
}

/// A series: one of `new`, `active`, `waiting` with `until`, `staff`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::programme) struct Series {
    pub id: Spanned<CodeId>,
    pub title: Text,
    pub new: Option<Spanned<StageId>>,
    pub active: Option<Spanned<StageId>>,
    pub waiting: Option<Spanned<StageId>>,
    pub until: Option<Spanned<Vec<Spanned<StageId>>>>,
    pub staff: Option<Spanned<Vec<Spanned<DatasetId>>>>,
}

impl KindWord {
    /// The word.
    pub(in crate::programme) const fn word(self) -> &'static str {
        match self {
            KindWord::Reach => "reach",
            KindWord::Funnel => "funnel",
            KindWord::Attrition => "attrition",
            KindWord::TimeTo => "time_to",
            KindWord::Repeat => "repeat",
            KindWord::Criteria => "criteria",
            KindWord::Share => "share",
            KindWord::Fidelity => "fidelity",
            KindWord::Change => "change",
            KindWord::Amount => "amount",
            KindWord::Overlap => "overlap",
            KindWord::Comparison => "comparison",
            KindWord::Budget => "budget",
            KindWord::Payment => "payment",
            KindWord::Activity => "activity",
            KindWord::Consents => "consents",
            KindWord::Quality => "quality",
        }
    }

    /// The fields that a kind takes, besides those of all.
    pub(in crate::programme) const fn takes(self) -> &'static [&'static str] {
        match self {
            KindWord::Reach | KindWord::Overlap => &["datasets"],
            KindWord::Funnel => &["stages", "within_days"],
            KindWord::Attrition => &["stages", "exit", "reason"],
            KindWord::TimeTo | KindWord::Repeat => {
                &["index", "outcome", "via", "since", "days", "ends", "view"]
            }
            KindWord::Criteria | KindWord::Share | KindWord::Fidelity => &["index", "condition"],
            KindWord::Change => &[
                "index",
                "completed",
                "dataset",
                "moment",
                "moments",
                "value",
                "bands",
                "least_change",
                "view",
            ],
            KindWord::Amount => &["index", "window", "sum", "price_oere", "measured_in", "by", "view"],
            KindWord::Comparison => &["cohort", "outcome", "from_day", "within_days", "at_index", "ends"],
            KindWord::Budget => {
                &["index", "days_each_way", "years", "discount_basis_points", "scenarios_percent", "element"]
            }
            KindWord::Payment => &["index", "mode", "tranche", "cap_oere", "floor_oere", "indicator"],
            KindWord::Activity => &["series"],
            KindWord::Consents => &[],
            KindWord::Quality => &["completeness"],
        }
    }
}

impl Question {
    /// The fields given that only some kinds take, with their places.
    pub(in crate::programme) fn given(&self) -> Vec<(&'static str, Range<usize>)> {
        let mut given = Vec::new();
        macro_rules! fields {
            ($($field:ident),*) => {$(
                if let Some(value) = &self.$field {
                    given.push((stringify!($field), value.span()));
                }
            )*};
        }
        fields!(datasets, stages, within_days, exit, reason, index, outcome, via, since, days, ends, view);
        fields!(completed, dataset, moment, moments, value, bands, least_change);
        fields!(window, price_oere, measured_in, by, from_day, at_index, days_each_way, years);
        fields!(discount_basis_points, scenarios_percent, mode, tranche, cap_oere, floor_oere);
        macro_rules! tables {
            ($($field:ident $name:literal $id:ident),*) => {$(
                if let Some(list) = &self.$field {
                    given.push(($name, list.first().map_or(self.id.span(), |first| first.$id.span())));
                }
            )*};
        }
        tables!(completeness "completeness" dataset, conditions "condition" id, sum "sum" dataset, cohorts "cohort" id);
        tables!(elements "element" id, indicators "indicator" id, series "series" id);
        given
    }
}
