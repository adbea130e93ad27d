//! What a counting kernel hands in: unprotected, so without `Debug`, `Display` or serde.

use std::collections::HashMap;
use std::sync::Arc;

use crate::programme::{Text, Unit};

/// A set of dense person numbers.
pub type PersonSet = roaring::RoaringBitmap;

/// How the cells of a tabulation lie to each other. It decides totals and rates, never what is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No unit is in two cells: reach. The total is the sum of the shown cells, shares are of that total.
    Partition,
    /// Nested steps in order, one chain for each key outside `step_column`: a funnel. Each step is a subset of the
    /// step before.
    Chain {
        /// Index into [`Tabulation::columns`] of the column that names the step.
        step_column: usize,
    },
    /// Each cell may name another one that it is a part of ([`RawCell::of`]); a rate is of that one.
    Parts,
    /// Sets that may share units in any way: overlap. Neither totals nor rates.
    Overlap,
}

/// What a count counts. Counts of different things are never held against each other (R8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Persons.
    Person,
    /// Pairs of persons.
    Pair,
    /// Cases of partners.
    Case,
    /// Members of staff.
    Staff,
}

impl Counted {
    /// The word in answers and in the ledger.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Counted::Person => "person",
            Counted::Pair => "pair",
            Counted::Case => "case",
            Counted::Staff => "staff",
        }
    }
}

impl From<Unit> for Counted {
    fn from(unit: Unit) -> Counted {
        match unit {
            Unit::Person => Counted::Person,
            Unit::Pair => Counted::Pair,
            Unit::Case => Counted::Case,
        }
    }
}

/// One unprotected cell.
pub struct RawCell {
    /// Codes, aligned with [`Tabulation::columns`].
    pub key: Vec<String>,
    /// The distinct persons behind the cell, after aliases.
    pub contributors: PersonSet,
    /// What is counted.
    pub counted: Counted,
    /// How many of it.
    pub units: u64,
    /// Distinct families of the contributors: connected components over the case and pair rows of all partners.
    pub families: u64,
    /// Whether the programme declares that nobody can be in this cell. It is then shown as 0 by structure, whatever
    /// it holds: a decision by content would tell that it is not empty.
    pub structural_zero: bool,
    /// The cell that this one is a part of, by position: [`Shape::Parts`] alone.
    pub of: Option<usize>,
    /// What is told of the cell besides its count.
    pub extra: Option<Extra>,
    /// R10: present where the cell says of units known at one partner what another one knows.
    pub crossing: Option<Crossing>,
    /// The ledger's name for the extra, where it is not that of [`ExtraHead::measure`]: figures of the same units that
    /// mean different things have different names. In a tabulation without extras it is the name of the count: of
    /// staff, because the same persons can stand behind other numbers of them; of a statement of payment, which is made
    /// once.
    pub measure: Option<String>,
}

impl RawCell {
    /// A cell that counts persons.
    #[must_use]
    pub fn persons(key: Vec<String>, contributors: PersonSet, families: u64) -> RawCell {
        RawCell {
            key,
            units: contributors.len(),
            contributors,
            counted: Counted::Person,
            families,
            structural_zero: false,
            of: None,
            extra: None,
            crossing: None,
            measure: None,
        }
    }
}

/// What R10 has to know of a cell that crosses partners.
#[derive(Clone, Default)]
pub struct Crossing {
    /// Units of the cell by position of the partner that their index row came from.
    pub supplied: Vec<u64>,
    /// Positions of the partners that index rows can come from, by structure. One that is alone always supplies all.
    pub suppliers: Vec<u8>,
    /// Cells that this one is a part of, by position, and that must hold enough others.
    pub among: Vec<usize>,
}

/// The family of each person by number, for counting the families of cells that are put together. No `Debug`.
#[derive(Clone)]
pub struct FamilyOf(Arc<[u32]>);

impl FamilyOf {
    /// Families by person number. 0, and a number that is not there, is a family of its own.
    #[must_use]
    pub const fn new(families: Arc<[u32]>) -> FamilyOf {
        FamilyOf(families)
    }

    /// Distinct families of some persons.
    #[must_use]
    pub fn distinct(&self, persons: &PersonSet) -> u64 {
        let family = |person: u32| match self.0.get(person as usize) {
            None | Some(0) => person,
            Some(family) => *family,
        };
        let mut families: Vec<u32> = persons.iter().map(family).collect();
        families.sort_unstable();
        families.dedup();
        families.len() as u64
    }
}

/// What is told of a cell besides its count. All cells of a tabulation that have one have the same kind.
pub enum Extra {
    /// A sum (R11), and the mean over the cell's units.
    Sum(Vec<Contribution>),
    /// A mean of one value a unit, which may be negative, and the spread (R12).
    Mean(Moments),
    /// The share with an event by some day, after Kaplan and Meier (R14).
    Incidence(Incidence),
    /// Events and the time in which they could happen (R11): events, and days.
    Rate {
        /// Events by family and source.
        events: Vec<Contribution>,
        /// Days by family and source.
        days: Vec<Contribution>,
    },
    /// The band of a median (R13): units in each band, from the lowest.
    Median(Vec<u64>),
}

/// What one family has a part of, at one source. A family may stand several times; amounts are added up.
#[derive(Clone, Copy)]
pub struct Contribution {
    /// The family.
    pub family: u32,
    /// Position of the partner.
    pub source: u8,
    /// The amount, in the smallest unit.
    pub amount: i64,
}

/// One value a unit, added up.
#[derive(Clone, Copy, Default)]
pub struct Moments {
    /// Units with a value.
    pub units: u64,
    /// Sum of the values, in the smallest unit.
    pub sum: i128,
    /// Sum of their squares.
    pub squares: i128,
    /// Units with another value than the one that most have.
    pub apart: u64,
}

impl Moments {
    /// Of values, one a unit.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = i64>) -> Moments {
        let (mut moments, mut of_value) = (Moments::default(), HashMap::new());
        for value in values {
            *of_value.entry(value).or_insert(0u64) += 1;
            let value = i128::from(value);
            moments.units += 1;
            moments.sum += value;
            moments.squares += value * value;
        }
        moments.apart = moments.units - of_value.values().max().copied().unwrap_or(0);
        moments
    }
}

/// A point of a Kaplan-Meier curve.
#[derive(Clone, Copy)]
pub struct Incidence {
    /// Units at the beginning.
    pub units: u64,
    /// Units still followed and without an event on the day.
    pub at_risk: u64,
    /// Units with an event by the day.
    pub events: u64,
    /// 1 - S on the day, 0 to 1.
    pub share: f64,
}

/// What the extras of a tabulation are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraHead {
    /// The ledger's name for it: values under the same name are held against each other.
    pub measure: String,
    /// Unit, for people.
    pub unit: Option<Text>,
    /// Decimals of the values.
    pub decimals: u8,
    /// Limits of the bands of a median, ascending; one less than there are bands.
    pub bands: Vec<i64>,
}

/// The unprotected cells of one question, in the order in which the programme declares their codes (never by size).
/// Cells that nobody is in are given too: a missing row would tell them from small ones.
pub struct Tabulation {
    /// How the cells lie to each other.
    pub shape: Shape,
    /// Ids of the key columns.
    pub columns: Vec<String>,
    /// The cells. In a chain, the steps of one group stand in step order.
    pub cells: Vec<RawCell>,
    /// What their extras are, where they have some.
    pub extra: Option<ExtraHead>,
    /// Pairs of cells, by position, whose rates are held against each other: [`Shape::Parts`] alone.
    pub differences: Vec<(usize, usize)>,
    /// Cells that are put together of others, by position, each unit in one part: the whole, and its parts.
    pub complete: Vec<(usize, Vec<usize>)>,
    /// The cells whose counts make the response rate, by position: those who answered, and those who could have.
    pub response: Option<(Vec<usize>, Vec<usize>)>,
    /// Whether nobody is in two cells that differ by a dimension alone. What persons said to several partners is not so.
    pub additive: bool,
    /// The families of persons. Without it, the families of cells that are put together are added up.
    pub family_of: Option<FamilyOf>,
    /// Persons who are in no cell because their consent forbids a source that the question reads.
    pub left_out: PersonSet,
    /// Distinct families of `left_out`.
    pub left_out_families: u64,
}

impl Tabulation {
    /// A tabulation that tells nothing but counts. Nobody is left out until somebody says so.
    #[must_use]
    pub fn counts(shape: Shape, columns: Vec<String>, cells: Vec<RawCell>) -> Tabulation {
        Tabulation {
            shape,
            columns,
            cells,
            extra: None,
            differences: Vec::new(),
            complete: Vec::new(),
            response: None,
            additive: true,
            family_of: None,
            left_out: PersonSet::new(),
            left_out_families: 0,
        }
    }
}
