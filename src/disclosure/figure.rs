//! A figure of a table as it is shown, and the head of its column.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use utoipa::openapi::schema::Type;

use super::rate::Rate;
use super::shown::{Shown, one_of_keys};
use crate::programme::Text;

/// A figure: `{"count": 20}`, `{"percent": 67}`, `{"at_most": 24}`, `{"at_least": 76}`, `{"low": 12.0, "high": 80.0}`,
/// `{"number": 12.5}` or `{"hidden": true}`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// A rounded count, or the mark of a hidden one.
    Count(Shown),
    /// A rate.
    Rate(Rate),
    /// From, to; both included.
    Range(f64, f64),
    /// From, with no end.
    From(f64),
    /// A number.
    Number(f64),
    /// Not shown.
    Hidden,
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Figure::Count(count) => count.serialize(serializer),
            Figure::Rate(rate) => rate.serialize(serializer),
            Figure::Range(low, high) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("low", low)?;
                map.serialize_entry("high", high)?;
                map.end()
            }
            Figure::From(low) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("low", low)?;
                map.end()
            }
            Figure::Number(number) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("number", number)?;
                map.end()
            }
            Figure::Hidden => Shown::Hidden.serialize(serializer),
        }
    }
}

impl utoipa::PartialSchema for Figure {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        one_of_keys(
            "A figure. One of the keys is present; low and high come together, and low alone is a band without an end.",
            2,
            &[
                ("count", Type::Integer),
                ("percent", Type::Integer),
                ("at_most", Type::Integer),
                ("at_least", Type::Integer),
                ("low", Type::Number),
                ("high", Type::Number),
                ("number", Type::Number),
                ("hidden", Type::Boolean),
            ],
        )
    }
}

impl utoipa::ToSchema for Figure {}

/// What kind of figure a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FigureKind {
    /// Rounded counts.
    Count,
    /// Rates in whole per cent, or bands.
    Rate,
    /// Intervals.
    Range,
    /// Numbers.
    Number,
}

/// The head of a column of figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Head {
    /// What it is known by.
    pub id: &'static str,
    /// What kind of figure.
    pub kind: FigureKind,
    /// Title, in Danish and English.
    #[schema(value_type = Object)]
    pub title: Text,
    /// Unit, in Danish and English; none for rates.
    #[schema(value_type = Option<Object>)]
    pub unit: Option<Text>,
    /// Decimals that mean something.
    pub decimals: u8,
}

/// Every column that there is, with its titles.
const HEADS: [(&str, FigureKind, &str, &str); 22] = [
    ("count", FigureKind::Count, "Antal", "Count"),
    ("families", FigureKind::Count, "Familier", "Families"),
    ("share", FigureKind::Rate, "Andel af summen", "Share of the sum"),
    ("step_rate", FigureKind::Rate, "Af trinnet før", "Of the step before"),
    ("cumulative_rate", FigureKind::Rate, "Af det første trin", "Of the first step"),
    ("rate", FigureKind::Rate, "Andel", "Share"),
    ("interval", FigureKind::Range, "95 %-interval", "95 % interval"),
    (
        "difference",
        FigureKind::Range,
        "Forskel i procentpoint, 95 %-interval",
        "Difference in percentage points, 95 % interval",
    ),
    ("sum", FigureKind::Number, "Sum", "Sum"),
    ("mean", FigureKind::Number, "Gennemsnit", "Mean"),
    ("spread", FigureKind::Number, "Standardafvigelse", "Standard deviation"),
    ("incidence", FigureKind::Rate, "Andel (Kaplan-Meier)", "Share (Kaplan-Meier)"),
    ("events", FigureKind::Count, "Hændelser", "Events"),
    ("person_years", FigureKind::Number, "Personår", "Person-years"),
    ("per_100_years", FigureKind::Number, "Pr. 100 personår", "Per 100 person-years"),
    ("median", FigureKind::Range, "Medianens interval", "Band of the median"),
    ("low", FigureKind::Number, "Lavt, pr. enhed", "Low, per unit"),
    ("likely", FigureKind::Number, "Sandsynligt, pr. enhed", "Likely, per unit"),
    ("high", FigureKind::Number, "Højt, pr. enhed", "High, per unit"),
    ("low_total", FigureKind::Number, "Lavt, i alt", "Low, in all"),
    ("likely_total", FigureKind::Number, "Sandsynligt, i alt", "Likely, in all"),
    ("high_total", FigureKind::Number, "Højt, i alt", "High, in all"),
];

impl Head {
    /// The head of a known column.
    pub(crate) fn of(id: &str) -> Head {
        let (id, kind, da, en) = *HEADS.iter().find(|head| head.0 == id).expect("a column of the list");
        Head { id, kind, title: Text { da: da.to_owned(), en: en.to_owned() }, unit: None, decimals: 0 }
    }

    /// The same in a unit, with decimals.
    pub(crate) fn in_unit(self, unit: Option<&Text>, decimals: u8) -> Head {
        Head { unit: unit.cloned(), decimals, ..self }
    }
}
