//! The index row: the one row that says in which cells a person is.

use crate::programme::{Text, Unit};
use crate::snapshot::Columns;

/// How the index row is chosen, as text in Danish and English: printed with every answer, by way of [`Plan::notes`].
///
/// Rows that are equal in all of it are in the same cells, so the order of rows in a file never matters.
///
/// [`Plan::notes`]: super::Plan::notes
pub const INDEX_RULE: [&str; 2] = [
    "En person tælles i de kategorier, som den første række i perioden har. Er der flere samme dag, er det den fra det datasæt, dernæst den organisation, dernæst med den kode, som programmet nævner først.",
    "A person is counted in the categories of the first row in the period. Of several on that day it is the one from the dataset, then the partner, then with the code that the programme names first.",
];

/// The rule in both languages, and what a unit is where it is not a person.
pub(super) fn rule(unit: Unit) -> Text {
    let of_unit = match unit {
        Unit::Person => ["", ""],
        Unit::Pair => [
            " Her er det to personer sammen, der tælles; parret udgår, hvis en af dem udgår.",
            " Two persons together are counted here; a pair leaves when one of them does.",
        ],
        Unit::Case => [
            " Her er det organisationens sag (familien), der tælles; den udgår, hvis en af dens personer udgår. Med indeks i sagen følges den også i personernes rækker hos andre organisationer og i rækker uden sagsnummer.",
            " A partner's case (the family) is counted here; it leaves when one of its persons does. With an index in the case it is followed in its persons' rows at other partners too, and in rows without a case number.",
        ],
    };
    let [da, en] = INDEX_RULE;
    Text { da: format!("{da}{}", of_unit[0]), en: format!("{en}{}", of_unit[1]) }
}

/// A row: position of the dataset in the plan, and of the row in its columns.
#[derive(Clone, Copy)]
pub(super) struct RowAt {
    pub(super) set: usize,
    pub(super) row: usize,
}

/// Looks for the index row of one person among rows given in any order.
#[derive(Default)]
pub(super) struct Earliest(Option<(i32, RowAt)>);

impl Earliest {
    /// Takes a row into account; whether one of its dataset on that day or later can still be the index row.
    #[inline]
    pub(super) fn see(&mut self, columns: &Columns, at: RowAt) -> bool {
        let day = columns.day[at.row];
        match self.0 {
            Some((best, _)) if day > best => return false,
            Some((best, known)) if day == best && !before(columns, at, known) => {}
            _ => self.0 = Some((day, at)),
        }
        true
    }

    /// The day of the index row and where it is.
    pub(super) const fn get(&self) -> Option<(i32, RowAt)> {
        self.0
    }
}

/// Whether a row comes before another one of its day.
#[cold]
fn before(columns: &Columns, at: RowAt, known: RowAt) -> bool {
    match at.set == known.set {
        true => order(columns, at.row).lt(order(columns, known.row)),
        false => at.set < known.set,
    }
}

/// What decides between rows of one dataset and day: the partner, then the codes, column by column.
pub(super) fn order(columns: &Columns, row: usize) -> impl Iterator<Item = u8> {
    let codes = columns.categories.iter().flatten().map(move |codes| codes[row]);
    std::iter::once(columns.source[row]).chain(codes)
}
