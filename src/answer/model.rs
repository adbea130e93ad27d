//! The answer as the service sends it. Members that a newer service adds are passed over.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::figure::Figure;
use crate::clock::{Day, Period};
use crate::digest::Sha256Hex;
use crate::language::Language;
use crate::programme::Text;

/// An answer whose rows and labels fit its columns, so that every form may rely on them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self")]
pub struct Answer {
    /// What was asked, as the service understood it.
    pub question: Asked,
    /// Number in the catalogue of questions.
    pub number: String,
    /// Title.
    pub title: Text,
    /// What is counted, in words.
    pub definition: Text,
    /// What a count counts.
    pub unit: Unit,
    /// What the question was narrowed to.
    pub population: Option<Narrowed>,
    /// Quarters that were asked about.
    pub period: Period,
    /// Day of the snapshot.
    pub sealed: Day,
    /// Rules of counting.
    pub notes: Vec<Text>,
    /// Titles of the key columns and of their codes, one per column of the table, in its order.
    pub labels: Vec<Label>,
    /// How the answer is drawn, when it is.
    pub chart: Option<Chart>,
    /// The table.
    pub table: Table,
    /// SHA-256 of the answer without this member ([`verify`](super::verify)).
    pub sha256: Sha256Hex,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Asked {
    /// Id of the question.
    pub question: String,
    /// Dimensions.
    #[serde(default)]
    pub by: Vec<String>,
    /// Quarters.
    pub period: Period,
    /// Id of the population.
    pub population: Option<String>,
}

/// A population.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Narrowed {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Text,
}

/// What a count counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Persons.
    Person,
    /// Pairs of one exposed and one using violence.
    Pair,
    /// Cases, families among them.
    Case,
    /// A unit that this version has no word for.
    #[serde(other)]
    Other,
}

/// The drawing that shows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chart {
    /// Bars, a step each.
    Funnel,
    /// A step line with the band of its interval.
    Survival,
    /// A bar for each intersection.
    Overlap,
    /// Two bars beside each other.
    BeforeAfter,
    /// A bar for each amount.
    Costs,
    /// A line over the quarters.
    Series,
    /// A drawing that this version does not know: it is left out.
    #[serde(other)]
    Other,
}

/// The title of a key column and of each of its codes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// The key column.
    pub column: String,
    /// Its title.
    pub title: Text,
    /// Its codes.
    pub codes: Vec<LabelCode>,
}

/// A code and its title.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LabelCode {
    /// The code.
    pub code: String,
    /// Danish.
    pub da: String,
    /// English.
    pub en: String,
}

/// A released table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Table {
    /// Key columns.
    pub columns: Vec<String>,
    /// What each row has figures of.
    pub figures: Vec<FigureColumn>,
    /// Rows in declared order.
    pub rows: Vec<Row>,
    /// Sums of shown cells, for partitions.
    pub totals: Option<Totals>,
    /// Those left out because consent forbids a source of the question.
    pub left_out: Figure,
    /// How many of those who could have answered did.
    pub response: Option<Figure>,
    /// Largest distance of a shown count from the true one.
    pub max_error: u64,
    /// Profile and version of the rules.
    pub rules: String,
    /// The snapshot that was asked.
    pub snapshot: u32,
    /// Rules that can hide or change a cell of a table of this shape.
    pub reasons: Vec<Reason>,
    /// Coarser questions.
    pub coarser: Vec<Coarser>,
}

/// A rule that can have worked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Reason {
    /// With its words.
    Words {
        /// Code.
        code: String,
        /// Danish.
        da: String,
        /// English.
        en: String,
    },
    /// By its code alone: answers that were kept before reasons had words.
    Code(String),
}

/// A question that could show more.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Coarser {
    /// What to ask, complete.
    Ask {
        /// Dimensions.
        by: Vec<String>,
        /// Population.
        population: Option<String>,
        /// Quarters.
        period: Option<Period>,
        /// What it is.
        title: Text,
    },
    /// Words alone, in English: answers that were kept before.
    Words(String),
}

impl Reason {
    /// The rule in words; a code without words that is not known here stays a code.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        match self {
            Reason::Words { da, en, .. } => language.choose(da, en).to_owned(),
            Reason::Code(code) => language.reason(code),
        }
    }
}

impl Coarser {
    /// The question in words.
    #[must_use]
    pub fn words(&self, language: Language) -> &str {
        match self {
            Coarser::Ask { title, .. } => language.of(title),
            Coarser::Words(words) => words,
        }
    }
}

/// What stands in a column of figures.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FigureColumn {
    /// Id.
    pub id: String,
    /// What kind of figure.
    pub kind: Kind,
    /// Title.
    pub title: Text,
    /// Unit, where the title does not say it.
    pub unit: Option<Text>,
    /// Decimals of a number.
    #[serde(default)]
    pub decimals: u8,
}

/// What kind of figure a column holds. Any figure may be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Rounded counts.
    Count,
    /// Whole per cent, or a bound.
    Rate,
    /// From and to.
    Range,
    /// Means, amounts.
    Number,
    /// A kind that this version does not know; its figures have known forms all the same.
    #[serde(other)]
    Other,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Row {
    /// Codes, aligned with the key columns.
    pub key: Vec<String>,
    /// Figures, aligned with the columns of figures; `None` where one does not apply.
    pub figures: Vec<Option<Figure>>,
    /// Snapshot of first release; `None` for a hidden cell.
    pub snapshot: Option<u32>,
}

/// Sums of shown cells.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Totals {
    /// Largest distance of the sum from the true sum of the same cells.
    pub max_error: u64,
    /// Sums, by the ids of the columns of figures. What else stands there is passed over.
    #[serde(flatten, deserialize_with = "figures_of")]
    pub figures: BTreeMap<String, Option<Figure>>,
}

/// The members that are figures.
fn figures_of<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, Option<Figure>>, D::Error> {
    let members = BTreeMap::<String, serde_json::Value>::deserialize(from)?;
    let figure = |(id, value)| Some((id, serde_json::from_value(value).ok()?));
    Ok(members.into_iter().filter_map(figure).collect())
}

/// Why JSON with the members of an answer is none.
#[derive(Debug, thiserror::Error)]
enum ShapeError {
    #[error("row {0} of the answer's table does not fit its columns")]
    Row(usize),
    #[error("the answer's labels are not those of its columns")]
    Labels,
}

impl Table {
    /// A figure of a row by its column's id; `None` where the table has no such column or it does not apply.
    #[must_use]
    pub fn figure(&self, row: &Row, id: &str) -> Option<Figure> {
        let at = self.figures.iter().position(|column| column.id == id)?;
        row.figures.get(at).copied().flatten()
    }
}

impl Row {
    /// Whether every figure that applies is hidden.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        let mut applying = self.figures.iter().flatten().peekable();
        applying.peek().is_some() && applying.all(|figure| figure.is_hidden())
    }
}

impl FigureColumn {
    /// A column for figures that stand alone.
    pub(super) fn plain() -> FigureColumn {
        let none = Text { da: String::new(), en: String::new() };
        FigureColumn { id: String::new(), kind: Kind::Other, title: none, unit: None, decimals: 0 }
    }

    /// Title, with the unit where it has one.
    #[must_use]
    pub fn heading(&self, language: Language) -> String {
        let title = language.of(&self.title);
        match &self.unit {
            Some(unit) => format!("{title} ({})", language.of(unit)),
            None => title.to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Answer, D::Error> {
        // The derived reading, which `remote` makes a function of the type itself.
        let answer = Answer::deserialize(deserializer)?;
        answer.check().map_err(serde::de::Error::custom)?;
        Ok(answer)
    }
}

impl Answer {
    fn check(&self) -> Result<(), ShapeError> {
        let Table { columns, figures, rows, .. } = &self.table;
        let fits = |row: &Row| row.key.len() == columns.len() && row.figures.len() == figures.len();
        if let Some(at) = rows.iter().position(|row| !fits(row)) {
            return Err(ShapeError::Row(at + 1));
        }
        let labelled = self.labels.len() == columns.len()
            && self.labels.iter().zip(columns).all(|(label, column)| label.column == *column);
        if labelled { Ok(()) } else { Err(ShapeError::Labels) }
    }

    /// The title of a code in the key column at a position; the code itself where it has none.
    #[must_use]
    pub fn label<'a>(&'a self, column: usize, code: &'a str, language: Language) -> &'a str {
        let codes = self.labels.get(column).map_or(&[][..], |label| &label.codes);
        let found = codes.iter().find(|known| known.code == code);
        found.map_or(code, |known| language.choose(&known.da, &known.en))
    }

    /// Titles of the key columns.
    pub(super) fn key_titles(&self, language: Language) -> Vec<&str> {
        self.labels.iter().map(|label| language.of(&label.title)).collect()
    }

    /// Titles of a row's codes.
    pub(super) fn key_labels<'a>(&'a self, row: &'a Row, language: Language) -> Vec<&'a str> {
        row.key.iter().enumerate().map(|(at, code)| self.label(at, code, language)).collect()
    }

    /// Number and title.
    #[must_use]
    pub fn heading(&self, language: Language) -> String {
        format!("{} {}", self.number, language.of(&self.title))
    }

    /// How many figures of the table are hidden.
    pub(super) fn hidden_figures(&self) -> usize {
        let all = self.table.rows.iter().flat_map(|row| row.figures.iter().flatten());
        all.filter(|figure| figure.is_hidden()).count()
    }
}
