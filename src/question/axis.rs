//! Dimensions and populations of a plan: from an index row to a place in the table.

use super::count::CountError;
use super::index::RowAt;
use super::plan::{CodeLabel, Label};
use crate::clock::{Day, Period};
use crate::intake::staged::MISSING_CODE;
use crate::programme::{DimensionSource, Programme, Role, Text};
use crate::snapshot::Columns;

/// The code of rows that say nothing. No registered code can be written so.
pub(super) const MISSING: &str = "(missing)";

/// One dimension of a table.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// Id of the dimension.
    pub(super) id: String,
    /// Codes in the order in which the programme declares them.
    pub(super) codes: Vec<String>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Place of each partner by its position in the programme.
    Partner(Vec<Option<usize>>),
    /// First days of the quarters.
    Quarter(Vec<Day>),
    /// Column by dataset of the plan, and the place of rows that say nothing.
    Column { columns: Vec<Option<usize>>, codes: usize, missing: Option<usize> },
}

impl Axis {
    /// The axis of a dimension (by its position) over the datasets that an index row can come from; `datasets` are all
    /// those of the plan, and `index` says which of them those are.
    pub(super) fn new(
        programme: &Programme,
        dimension: usize,
        datasets: &[usize],
        index: &[bool],
        period: Period,
    ) -> Axis {
        let dimension = &programme.dimensions[dimension];
        let of_index =
            || datasets.iter().zip(index).filter(|(_, index)| **index).map(|(dataset, _)| *dataset);
        let id = dimension.id.to_string();
        let ids =
            |partners: &[u8]| names(programme, partners).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        match &dimension.source {
            DimensionSource::Partner => {
                let partners = partners(programme, of_index());
                let mut place = vec![None; programme.partners.len()];
                for (at, partner) in partners.iter().enumerate() {
                    place[usize::from(*partner)] = Some(at);
                }
                Axis { id, codes: ids(&partners), kind: Kind::Partner(place) }
            }
            DimensionSource::Quarter => Axis {
                id,
                codes: period.quarters().map(|quarter| quarter.to_string()).collect(),
                kind: Kind::Quarter(period.quarters().map(|quarter| quarter.first()).collect()),
            },
            DimensionSource::Columns { list, columns } => {
                let of = |dataset| columns.iter().find(|(d, _)| *d == dataset).map(|(_, column)| *column);
                let mut codes = programme.code_lists[*list]
                    .codes
                    .iter()
                    .map(|code| code.id.to_string())
                    .collect::<Vec<_>>();
                let number = codes.len();
                // By structure, not by what the rows hold: the table looks the same whether anybody is there or not.
                let may_miss = of_index()
                    .any(|d| of(d).is_none_or(|column| !programme.datasets[d].columns[column].required));
                if may_miss {
                    codes.push(MISSING.to_owned());
                }
                let columns = datasets.iter().map(|dataset| of(*dataset)).collect();
                let missing = may_miss.then_some(number);
                Axis { id, codes, kind: Kind::Column { columns, codes: number, missing } }
            }
        }
    }

    /// The place of a partner, on an axis of partners.
    pub(super) fn of_source(&self, source: u8) -> Option<usize> {
        match &self.kind {
            Kind::Partner(places) => places.get(usize::from(source)).copied().flatten(),
            Kind::Quarter(_) | Kind::Column { .. } => None,
        }
    }

    /// Whether an index row of a dataset of the plan and a partner can lie at a place, by structure.
    pub(super) fn admits(&self, place: usize, set: usize, source: u8) -> bool {
        match &self.kind {
            Kind::Partner(_) => self.of_source(source) == Some(place),
            Kind::Quarter(_) => true,
            // A snapshot may be older than the programme that requires the column.
            Kind::Column { columns, missing, .. } => columns[set].is_some() || *missing == Some(place),
        }
    }

    /// The place of an index row on the axis.
    #[inline]
    pub(super) fn place(&self, columns: &Columns, at: RowAt) -> Result<usize, CountError> {
        match &self.kind {
            Kind::Partner(places) => {
                let place = places.get(usize::from(columns.source[at.row])).copied().flatten();
                place.ok_or(CountError::OtherProgramme)
            }
            Kind::Quarter(starts) => {
                let day = Day::from_days(columns.day[at.row]);
                let after = starts.partition_point(|start| *start <= day);
                after.checked_sub(1).ok_or(CountError::OtherProgramme)
            }
            Kind::Column { columns: of, codes, missing } => match of[at.set] {
                None => missing.ok_or(CountError::OtherProgramme),
                Some(column) => match code(columns, column, at.row)? {
                    MISSING_CODE => missing.ok_or(CountError::OtherProgramme),
                    code if usize::from(code) < *codes => Ok(usize::from(code)),
                    _ => Err(CountError::OtherProgramme),
                },
            },
        }
    }
}

/// A population: persons whose index row has one of these codes.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    /// Column by dataset of the plan. A dataset without one has nobody in the population.
    columns: Vec<Option<usize>>,
    codes: Vec<u8>,
}

impl Filter {
    /// The filter of a population, by its position.
    pub(super) fn new(programme: &Programme, population: usize, datasets: &[usize]) -> Filter {
        let population = &programme.populations[population];
        let columns = match &programme.dimensions[population.dimension].source {
            DimensionSource::Columns { columns, .. } => columns.as_slice(),
            DimensionSource::Partner | DimensionSource::Quarter => &[],
        };
        let of = |dataset| columns.iter().find(|(d, _)| *d == dataset).map(|(_, column)| *column);
        Filter { columns: datasets.iter().map(|d| of(*d)).collect(), codes: population.codes.clone() }
    }

    /// Whether an index row of a dataset of the plan can be in the population, by structure.
    pub(super) fn reads(&self, set: usize) -> bool {
        self.columns[set].is_some()
    }

    /// Whether a person with this index row is in the population.
    pub(super) fn admits(&self, columns: &Columns, at: RowAt) -> Result<bool, CountError> {
        match self.columns[at.set] {
            None => Ok(false),
            Some(column) => Ok(self.codes.contains(&code(columns, column, at.row)?)),
        }
    }
}

fn code(columns: &Columns, column: usize, row: usize) -> Result<u8, CountError> {
    let codes = columns.categories.get(column).and_then(Option::as_ref).ok_or(CountError::OtherProgramme)?;
    Ok(codes[row])
}

/// Positions of the partners of some datasets, in the programme's order.
pub(super) fn partners(programme: &Programme, datasets: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut partners =
        datasets.flat_map(|d| programme.datasets[d].partners.iter().copied()).collect::<Vec<_>>();
    partners.sort_unstable();
    partners.dedup();
    partners
}

/// Ids and names of partners.
pub(super) fn names(programme: &Programme, partners: &[u8]) -> Vec<(String, Text)> {
    let name = |partner: &u8| {
        let partner = &programme.partners[usize::from(*partner)];
        (partner.id.to_string(), Text { da: partner.name.clone(), en: partner.name.clone() })
    };
    partners.iter().map(name).collect()
}

/// Positions of columns of a dataset, for the check that a snapshot has them.
#[derive(Clone, Debug)]
pub(super) struct Needed {
    pub(super) categories: Vec<usize>,
    pub(super) measures: Vec<usize>,
    pub(super) staff: Vec<usize>,
}

/// The columns that a snapshot must have of a dataset.
pub(super) fn columns(programme: &Programme, dataset: usize) -> Needed {
    let of = |role: fn(&Role) -> bool| {
        let columns = programme.datasets[dataset].columns.iter().enumerate();
        columns.filter(|(_, column)| role(&column.role)).map(|(at, _)| at).collect()
    };
    Needed {
        categories: of(|role| matches!(role, Role::Category { .. })),
        measures: of(|role| matches!(role, Role::Measure(_))),
        staff: of(|role| matches!(role, Role::Staff)),
    }
}

/// The axis of a dimension, by its position, as people read it.
pub(super) fn label(programme: &Programme, dimension: usize, axis: &Axis) -> Label {
    let dimension = &programme.dimensions[dimension];
    let title = |code: &String| match &dimension.source {
        DimensionSource::Partner => {
            let partner = programme.partners.iter().find(|partner| partner.id.as_str() == code);
            partner.map(|partner| Text { da: partner.name.clone(), en: partner.name.clone() })
        }
        DimensionSource::Quarter => None,
        DimensionSource::Columns { list, .. } => {
            let codes = &programme.code_lists[*list].codes;
            codes.iter().find(|known| known.id.as_str() == code).map(|known| known.title.clone())
        }
    };
    let of = |code: &String| {
        let missing = || match code.as_str() {
            MISSING => Text { da: "(mangler)".to_owned(), en: "(missing)".to_owned() },
            code => Text { da: code.to_owned(), en: code.to_owned() },
        };
        CodeLabel { code: code.clone(), title: title(code).unwrap_or_else(missing) }
    };
    Label {
        column: axis.id.clone(),
        title: dimension.title.clone(),
        codes: axis.codes.iter().map(of).collect(),
    }
}
